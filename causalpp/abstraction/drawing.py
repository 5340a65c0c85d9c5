"""The pictures of this room, in the library's one style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalpp.graphs.drawing import ACCENT, FALSE, MUTED, SERIES, TRUE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.abstraction.groups import Where
    from causalpp.abstraction.inducing import Trained
    from causalpp.abstraction.interchange import Interchange, Share

__all__ = ["interchange_figure", "trained_figure", "where_figure"]


def _dots(ax: Axes, rows: list[tuple[str, Share | float, str]]) -> None:
    """One share a row, with its interval, the first on top."""
    for place, (_, share, colour) in enumerate(reversed(rows)):
        if isinstance(share, float):
            ax.plot([share], [place], "o", color=colour, ms=6)
            continue
        low, high = share.interval
        ax.plot([low, high], [place, place], color=colour, lw=2)
        ax.plot([float(share)], [place], "o", color=colour, ms=6)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in reversed(rows)])
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.6, len(rows) - 0.4))
    ax.grid(axis="x", color=MUTED, alpha=0.25)


def interchange_figure(result: Interchange) -> Figure:
    """The accuracies, what could explain them away, and what should not matter."""
    import matplotlib.pyplot as plt

    rows: list[tuple[str, Share | float, str]] = [
        ("label-changing pairs", result.changing, ACCENT),
        ("label-keeping pairs", result.kept, ACCENT),
    ]
    rows += [(f"trivial: {name}", changing, MUTED) for name, (changing, _) in result.baselines.items()]
    if result.control:
        rows.append(("random weights (mean)", float(np.mean([float(c) for c in result.control])), FALSE))
    faith = result.faithfulness
    if faith is not None:
        shown = {"same value": faith.same, "complement": faith.complement, **faith.idle}
        rows += [(f"unchanged: {name}", share, TRUE) for name, share in shown.items() if share.total]
    with style():
        figure, ax = plt.subplots(figsize=(6.4, 0.9 + 0.36 * len(rows)), layout="constrained")
        _dots(ax, [row for row in rows if isinstance(row[1], float) or row[1].total])
        ax.set(xlabel="share of pairs", title=f"interchange of {', '.join(result.variables)}")
    return figure


def where_figure(result: Where) -> Figure:
    """The share of every group, and of all pairs."""
    import matplotlib.pyplot as plt

    rows: list[tuple[str, Share | float, str]] = [(str(group), group.share, ACCENT) for group in result.groups]
    rows.append(("all pairs", result.whole, MUTED))
    with style():
        figure, ax = plt.subplots(figsize=(6.4, 0.9 + 0.36 * len(rows)), layout="constrained")
        _dots(ax, rows)
        ax.set(xlabel="interchanges that succeed")
    return figure


def trained_figure(result: Trained) -> Figure:
    """The loss, and the accuracies of held-out pairs, against the steps."""
    import matplotlib.pyplot as plt

    curve = result.curve
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.2), layout="constrained")
        left.plot(curve["step"], curve["loss"], color=FALSE, lw=2)
        left.set(xlabel="step", ylabel="loss")
        named = [("interchange", "interchange, label-changing"), ("task", "task")]
        for colour, (column, name) in zip(SERIES, named, strict=False):
            right.plot(curve["step"], curve[column], color=colour, lw=2, label=name)
        right.set(xlabel="step", ylabel="accuracy, held out", ylim=(-0.03, 1.03))
        right.legend(loc="lower right")
    return figure
