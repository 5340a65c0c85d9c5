"""The figures of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.effects.drawing import difference
from causalpp.graphs.drawing import ACCENT, FALSE, INK, MUTED, SERIES, TRUE, draw_graph, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.acbo.result import Result

__all__ = ["edge_picture", "panel_figure", "result_figure"]

_FAINT = 0.03  # edges less probable than that are left out of the drawing
_MOST = 40  # edges: with more of them a drawing says nothing
_TITLE = 44  # letters in a line over a panel
_BARS = 10  # of the reliability: none narrower than the steps between the rates that channels try


def result_figure(result: Result, labels: Mapping[str, str]) -> Figure:
    """Four panels: the edges with their probabilities, the posterior, bits against the bound, reliability."""
    import matplotlib.pyplot as plt

    with style():
        figure = plt.figure(figsize=(11, 8), layout="constrained")
        graph, posterior, bits, reliability = figure.subplots(2, 2).flat
        _graph(result, labels, graph)
        _posterior(result, posterior)
        _bits(result, bits)
        _reliability(result, reliability)
        figure.suptitle(
            f"{result.asked}: {result.stopped_because}",
            fontsize=11,
            wrap=True,
        )
    return figure


def panel_figure(result: Result, panel: str) -> Figure:
    """One panel by itself: ``"posterior"``, ``"bits"`` or ``"reliability"``."""
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(6.4, 3.9), layout="constrained")
        {"posterior": _posterior, "bits": _bits, "reliability": _reliability}[panel](result, figure.subplots())
    return figure


def edge_picture(result: Result, labels: Mapping[str, str]) -> dict[str, Any]:
    """What to draw of the edges: arguments of :func:`causalpp.graphs.drawing.draw_graph` and ``graph_svg``.

    The edges of the most probable graph, and every other one that is not improbable, fainter the less probable it
    is; one that is not certain carries its probability.
    """
    belief = result.belief
    nodes, edges = belief.nodes, belief.edges.tolist()
    shown = {name: labels.get(name, name) for name in nodes}
    place = {name: i for i, name in enumerate(nodes)}
    leading = [(place[a], place[b]) for a, b in result.graph.edges]
    others = [(i, j) for i, row in enumerate(edges) for j, p in enumerate(row) if p >= _FAINT and (i, j) not in leading]
    others.sort(key=lambda edge: -edges[edge[0]][edge[1]])
    others = others[: max(0, _MOST - len(leading))]
    weights = {(shown[nodes[i]], shown[nodes[j]]): min(1.0, edges[i][j]) for i, j in (*leading, *others)}
    return {
        "nodes": [shown[name] for name in result.graph.nodes],
        "edges": list(weights),
        "latent": {shown[name] for name in result.graph.latent},
        "edge_weights": weights,
        "edge_labels": {edge: f"{p:.2f}" for edge, p in weights.items() if p < 0.995 and len(weights) <= _MOST},
    }


def _graph(result: Result, labels: Mapping[str, str], ax: Axes) -> None:
    said = f"{result.belief.confidence:.1%} given {result.given.split(' of ')[0]}; others fainter"
    title = textwrap.fill(said, _TITLE)
    draw_graph(ax=ax, title=title, **edge_picture(result, labels))


def _posterior(result: Result, ax: Axes) -> None:
    from matplotlib import ticker

    rounds = range(len(result.path))
    ax.plot(rounds, result.path, color=MUTED, lw=1, zorder=1, label="leading graph")
    followed = result._replay
    if followed is not None and len(followed.unrelated) > 1:
        steps = np.linspace(0, len(result.transcript), len(followed.unrelated))  # a vote of several is one answer
        for k, dag in enumerate(followed.graphs):
            name = "most probable at the end" if k == 0 else difference(dag, followed.graphs[0])
            ax.plot(steps, followed.probabilities[:, k], color=SERIES[k], lw=2.0 - 0.3 * k, zorder=2, label=name)
        if followed.goal is not None:
            ax.plot(steps, followed.goal, color=INK, lw=2, ls="-.", label="the question asked is true")
        if max(followed.unrelated) > 0:
            ax.plot(steps, followed.unrelated, color=MUTED, lw=1.2, ls=":", label="answers mean nothing")
    for value, colour, word in ((True, TRUE, "yes"), (False, FALSE, "no"), (None, MUTED, "nothing")):
        there = [step for step in result.transcript if step.answer.value is value]
        if there:
            ax.scatter(
                [s.number for s in there], [s.confidence for s in there], color=colour, s=20, zorder=3,
                label=f"answered {word}",
            )  # fmt: skip
    ax.axhline(result.target, color=MUTED, lw=1, ls="--")
    ax.annotate(
        f"target {result.target:.0%}", (0, result.target), (0, -11), textcoords="offset points", color=MUTED, fontsize=9
    )
    ax.set(title="posterior over rounds", xlabel="questions asked", ylabel="probability", ylim=(0, 1.08))
    if not result.transcript:  # a line through one point is not seen
        ax.plot(0, result.path[0], "o", color=MUTED, ms=5)
        ax.set_xlim(-0.5, 1.5)
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, borderaxespad=0.2)


def _bits(result: Result, ax: Axes) -> None:
    from matplotlib import ticker

    gained = [0.0, *accumulate(step.gained for step in result.transcript)]
    expected = [0.0, *accumulate(step.expected for step in result.transcript)]
    ax.plot(range(len(gained)), gained, color=ACCENT, lw=1.5, label="gained")
    ax.plot(range(len(expected)), expected, color=MUTED, lw=1.2, ls=":", label="expected")
    bound = result.bound() if result.informed else float("inf")  # of an error rate not yet known it is a number only
    if 3 * len(gained) + 10 < bound < float("inf"):
        ax.annotate(
            f"bound {bound:.1f}, beyond the picture", (0.99, 0.02), xycoords="axes fraction", ha="right", fontsize=9
        )
    elif bound < float("inf"):
        ax.axvline(bound, color=INK, lw=1, ls="--")
        ax.annotate(
            f"bound {bound:.1f}", (bound, 0.02), (4, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", fontsize=9, color=INK,
        )  # fmt: skip
    ax.legend(loc="upper left", frameon=False)
    title = "questions against the bound" if bound < float("inf") else "what the answers told"
    ax.set(title=title, xlabel="questions asked", ylabel="bits about the graph")
    if not result.transcript:
        ax.set_xlim(-0.5, max(1.5, 1.1 * bound if bound < 10 else 0))
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))


def _reliability(result: Result, ax: Axes) -> None:
    reliability = result.belief.reliability
    ends, *shares = reliability.histogram(_BARS)
    width = (ends[1] - ends[0]) / 2
    for k, (share, colour, name, mean) in enumerate(
        (
            (shares[0], TRUE, "sensitivity", reliability.sensitivity),
            (shares[1], FALSE, "specificity", reliability.specificity),
        )
    ):
        ax.bar(
            ends[:-1] + k * width,
            share,
            width * 0.9,
            align="edge",
            color=colour,
            alpha=0.8,
            label=f"{name}, mean {mean:.2f}",
        )
    title = "how reliable the oracle is" + ("" if result.informed else " (not established)")
    ax.legend(loc="upper left", frameon=False)
    ax.set(title=title, xlabel="rate of right answers", ylabel="probability", xlim=(0, 1), ylim=(0, None))
