"""The picture of a posterior over programs: how it came about, and how the candidates fare by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalpp.graphs.drawing import INK, MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causalpp.abstraction.candidates.verdict import ProgramPosterior

__all__ = ["posterior_figure"]


def posterior_figure(found: ProgramPosterior) -> Figure:
    """The posterior after each interchange, and the interchange accuracy of each candidate."""
    import matplotlib.pyplot as plt

    from causalpp.abstraction.candidates.verdict import NONE

    names = list(found.accuracies)
    colours = {name: SERIES[number % len(SERIES)] for number, name in enumerate(names)} | {NONE: MUTED}
    with style():
        figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.4), layout="constrained")
        steps = range(1, found.interchanges + 1)
        for name, colour in colours.items():
            after = [step[name] for step in found.steps]
            left.plot(steps, after, color=colour, lw=2, ls="--" if name == NONE else "-", label=name)
        left.axhline(found.confidence, color=INK, lw=0.8, ls=":")
        left.set(xlabel="interchanges", ylabel="posterior probability", ylim=(0, 1.02))
        left.xaxis.get_major_locator().set_params(integer=True)
        left.legend(fontsize=8)
        known = [found.accuracies[name] or 0.0 for name in names]
        right.barh(names, known, color=[colours[name] for name in names], height=0.6)
        for name, value in zip(names, known, strict=True):
            shown = "no label changes" if found.accuracies[name] is None else f"{value:.2f}"
            right.text(value + 0.01, name, shown, va="center", fontsize=8)
        right.set(xlabel="interchange accuracy", xlim=(0, 1.12))
        right.invert_yaxis()
    return figure
