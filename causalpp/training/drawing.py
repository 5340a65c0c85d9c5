"""The picture of a training: its curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalpp.graphs.drawing import FALSE, TRUE, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.training.checkpoint import Checkpoint

__all__ = ["curve_figure"]


def curve_figure(checkpoint: Checkpoint) -> Figure:
    """The loss against the steps, and the reward where there is one."""
    import matplotlib.pyplot as plt

    curve = checkpoint.curve
    shown = [(name, colour) for name, colour in (("loss", FALSE), ("reward", TRUE)) if name in curve]
    with style():
        figure, axes = plt.subplots(
            1, max(1, len(shown)), figsize=(4.6 * max(1, len(shown)), 3.2), layout="constrained", squeeze=False
        )
        for ax, (name, colour) in zip(axes[0], shown, strict=False):
            part = curve[["step", name]].dropna()
            ax.plot(part["step"], part[name], color=colour, lw=2, marker="o" if len(part) < 12 else "", ms=4)
            ax.set(xlabel="step", ylabel=name)
        figure.suptitle(f"{checkpoint.recipe}: {checkpoint.items:,} items", fontsize=11)
    return figure
