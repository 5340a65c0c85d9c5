"""Graphs with latent common causes drawn as ↔: what is left of a Dag when only some variables are observed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causalpp.graphs.dag import Dag, Edge

__all__ = ["Admg", "project"]


@dataclass(frozen=True)
class Admg:
    """An acyclic directed mixed graph: directed edges, and ↔ for a latent common cause.

    Attributes:
        nodes: the observed variables, in order.
        directed: the edges a → b, sorted by that order.
        bidirected: the pairs a ↔ b, each once with the earlier variable first.
    """

    nodes: tuple[str, ...]
    directed: tuple[Edge, ...]
    bidirected: tuple[Edge, ...]

    def __repr__(self) -> str:
        parts = [f"{a} → {b}" for a, b in self.directed] + [f"{a} ↔ {b}" for a, b in self.bidirected]
        touched = {name for edge in self.directed + self.bidirected for name in edge}
        parts += [name for name in self.nodes if name not in touched]
        return f"Admg({', '.join(parts)!r})"

    def _repr_html_(self) -> str:
        from causalpp.graphs.drawing import graph_svg

        return graph_svg(self.nodes, self.directed, bidirected=self.bidirected)

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw with matplotlib, ↔ as a dashed arc. Returns the axes."""
        from causalpp.graphs.drawing import draw_graph

        return draw_graph(self.nodes, self.directed, bidirected=self.bidirected, ax=ax, **options)


def project(dag: Dag) -> Admg:
    """The latent projection (Verma & Pearl 1990; Evans, *Graphs for margins of Bayesian networks*, 2016).

    a → b where a directed path leads from a to b through latent variables only, and a ↔ b where some
    latent variable has such paths to both.
    """
    # reached[v]: the observed variables at the end of directed paths from v with latent interior
    reached: dict[str, set[str]] = {}
    for name in reversed(dag.topological_order):
        reached[name] = set()
        for child in dag.children(name):
            reached[name] |= reached[child] if child in dag.latent else {child}
    place = {name: i for i, name in enumerate(dag.observed)}
    directed = {(place[a], place[b]) for a in dag.observed for b in reached[a]}
    bidirected = {
        pair for hidden in dag.latent for pair in combinations(sorted(place[name] for name in reached[hidden]), 2)
    }
    names = dag.observed
    return Admg(
        names,
        tuple((names[i], names[j]) for i, j in sorted(directed)),
        tuple((names[i], names[j]) for i, j in sorted(bidirected)),
    )
