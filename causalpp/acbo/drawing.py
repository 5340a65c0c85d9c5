"""The figure of a run."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from causalpp.graphs.drawing import ACCENT, FALSE, INK, MUTED, TRUE, draw_graph, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.acbo.result import Result

__all__ = ["result_figure"]


def result_figure(result: Result, labels: Mapping[str, str]) -> Figure:
    """Four panels: the graph with its edges' probabilities, confidence, bits against the bound, reliability."""
    import matplotlib.pyplot as plt

    with style():
        figure = plt.figure(figsize=(11, 8), layout="constrained")
        graph, confidence, bits, reliability = figure.subplots(2, 2).flat
        _graph(result, labels, graph)
        _confidence(result, confidence)
        _bits(result, bits)
        _reliability(result, reliability)
        figure.suptitle(
            f"{len(result.transcript)} questions to {result.oracle_named}: {result.stopped_because}",
            fontsize=11,
        )
    return figure


def _graph(result: Result, labels: Mapping[str, str], ax: Axes) -> None:
    graph, edges, nodes = result.graph, result.belief.edges, result.belief.candidates.nodes
    shown = {name: labels.get(name, name) for name in nodes}
    place = {name: i for i, name in enumerate(nodes)}
    weights = {(shown[a], shown[b]): float(edges[place[a], place[b]]) for a, b in graph.edges}
    unsure = {edge: f"{p:.2f}" for edge, p in weights.items() if p < 0.995}
    draw_graph(
        [shown[name] for name in graph.nodes],
        list(weights),
        ax=ax,
        edge_weights=weights,
        edge_labels=unsure,
        title=f"most probable graph, {result.belief.confidence:.1%}",
    )


def _confidence(result: Result, ax: Axes) -> None:
    from matplotlib import ticker

    rounds = range(len(result.path))
    ax.plot(rounds, result.path, color=ACCENT, lw=1.5, zorder=1)
    for step in result.transcript:
        colour = {True: TRUE, False: FALSE, None: MUTED}[step.answer.value]
        ax.scatter(step.number, step.confidence, color=colour, s=28, zorder=2)
    ax.axhline(result.target, color=MUTED, lw=1, ls="--")
    ax.annotate(
        f"target {result.target:.0%}", (0, result.target), (0, 4), textcoords="offset points", color=MUTED, fontsize=9
    )
    for word, colour in (("yes", TRUE), ("no", FALSE)):
        ax.scatter([], [], color=colour, s=28, label=f"answered {word}")
    ax.legend(loc="lower right", frameon=False)
    ax.set(title="probability of the leading graph", xlabel="questions asked", ylim=(0, 1.08))
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))


def _bits(result: Result, ax: Axes) -> None:
    from matplotlib import ticker

    gained = [0.0, *accumulate(step.gained for step in result.transcript)]
    expected = [0.0, *accumulate(step.expected for step in result.transcript)]
    ax.plot(range(len(gained)), gained, color=ACCENT, lw=1.5, label="gained")
    ax.plot(range(len(expected)), expected, color=MUTED, lw=1.2, ls=":", label="expected")
    bound = result.bound()
    if bound < float("inf"):
        ax.axvline(bound, color=INK, lw=1, ls="--")
        ax.annotate(
            f"bound {bound:.1f}", (bound, 0.02), (4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", fontsize=9, color=INK,
        )  # fmt: skip
    ax.legend(loc="upper left", frameon=False)
    ax.set(title="bits about the graph", xlabel="questions asked")
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))


def _reliability(result: Result, ax: Axes) -> None:
    reliability = result.belief.reliability
    grid, sensitivity, specificity = reliability.density()
    for density, colour, line, name, mean in (
        (sensitivity, TRUE, "-", "sensitivity", reliability.sensitivity),
        (specificity, FALSE, "--", "specificity", reliability.specificity),
    ):
        ax.plot(grid, density, color=colour, lw=1.8, ls=line, label=f"{name}, mean {mean:.2f}")
        ax.fill_between(grid, density, color=colour, alpha=0.12, lw=0)
    ax.legend(loc="upper left", frameon=False)
    ax.set(title="how reliable the oracle is", xlabel="rate of right answers", xlim=(0, 1), ylim=(0, None), yticks=[])
