"""The figure of a quantity averaged over graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causalpp.graphs.drawing import ACCENT, FALSE, INK, MUTED, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.effects.average import AveragedEffect
    from causalpp.graphs import Dag

__all__ = ["average_figure", "difference"]

_SHOWN = 12  # graphs


def average_figure(average: AveragedEffect) -> Figure:
    """Two panels: the law of the quantity, all graphs together, and the quantity in each of the leading graphs."""
    import matplotlib.pyplot as plt

    with style():
        figure = plt.figure(figsize=(11, 4.2), layout="constrained")
        law, graphs = figure.subplots(1, 2)
        _law(average, law)
        _by_graph(average, graphs)
        figure.suptitle(average.title.replace("$", r"\$"), fontsize=11, wrap=True)
    return figure


def _law(average: AveragedEffect, ax: Axes) -> None:
    draws = average.draws.ravel()
    weights = np.broadcast_to(average.weights / len(average.draws), average.draws.shape).ravel()
    moved = draws != 0
    if moved.any():
        ax.hist(
            draws[moved], bins=60, weights=weights[moved], color=ACCENT, alpha=0.75,
            label=f"an effect, {weights[moved].sum():.0%}",
        )  # fmt: skip
    if not moved.all():
        share = float(weights[~moved].sum())
        ax.plot([0, 0], [0, share], color=FALSE, lw=3, solid_capstyle="butt", label=f"none at all, {share:.0%}")
    low, high = average.interval()
    ax.axvspan(low, high, color=ACCENT, alpha=0.08, lw=0, label=f"{average.mass:.0%} interval")
    ax.axvline(average.mean, color=INK, lw=1.2, ls="--", label=f"mean {average.mean:+.3f}")
    ax.set(title="posterior, graph and parameters", xlabel="effect", ylabel="probability")
    ax.legend(fontsize=9)


def _by_graph(average: AveragedEffect, ax: Axes) -> None:
    some = average.by_graph[:_SHOWN]
    leading = some[0][0]
    tail = (1 - average.mass) / 2
    for k, (_, weight, value) in enumerate(some):
        low, high = np.quantile(average.draws[:, k], [tail, 1 - tail])
        ax.plot([low, high], [k, k], color=ACCENT, lw=2.5, alpha=0.25 + 0.75 * weight, solid_capstyle="round")
        ax.plot(value, k, "o", color=ACCENT, ms=4 + 6 * weight**0.5, alpha=0.25 + 0.75 * weight)
    names = ["most probable" if dag is leading else difference(dag, leading) for dag, _, _ in some]
    ax.set_yticks(range(len(some)), [f"{name}  {w:.1%}" for name, (_, w, _) in zip(names, some, strict=True)])
    ax.axvline(0, color=MUTED, lw=1)
    rest = len(average.by_graph) - len(some)
    title = "graph by graph" + (f", {rest:,} more not shown" if rest else "")
    ax.set(title=title, xlabel="effect", ylim=(len(some) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)


def difference(dag: Dag, leading: Dag, longest: int = 26) -> str:
    """How a graph differs from the leading one, in few words."""
    own = [f"{a} → {b}" for a, b in dag.edges if (a, b) not in leading.edges]
    gone = [f"no {a} → {b}" for a, b in leading.edges if (a, b) not in dag.edges and (b, a) not in dag.edges]
    said = ", ".join(own + gone)
    said = said.replace("$", "\\$")  # names are no mathematics
    return "with " + (said if len(said) <= longest else said[: longest - 1] + "…")
