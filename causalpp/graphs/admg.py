"""Graphs with latent common causes drawn as ↔: what is left of a Dag when only some variables are observed."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from causalpp.errors import InvalidGraph, UnknownVariable
from causalpp.graphs._exports import Exports
from causalpp.graphs._names import ROLES, Edge, as_pair, check_roles, shown_marks
from causalpp.graphs.dag import Dag

__all__ = ["Admg", "project"]


@dataclass(frozen=True, repr=False)
class Admg(Exports):
    """An acyclic directed mixed graph: directed edges, and ↔ for a latent common cause.

    Attributes:
        nodes: the observed variables, in order.
        directed: the edges a → b, sorted by that order.
        bidirected: the pairs a ↔ b, each once with the earlier variable first.
        selected, adjusted, exposure, outcome: marked variables, as in a :class:`~causalpp.graphs.Dag`.

    Raises:
        CyclicGraph: the directed edges close a cycle.
        InvalidGraph: a name is empty or given twice, or a variable is joined to itself.
        UnknownVariable: an edge or a mark names a variable that is not in ``nodes``.

    Example:
        >>> Admg(("kick", "ball"), (("kick", "ball"),), (("kick", "ball"),))
        Admg('kick → ball, kick ↔ ball')
    """

    nodes: tuple[str, ...]
    directed: tuple[Edge, ...]
    bidirected: tuple[Edge, ...]
    selected: frozenset[str] = frozenset()
    adjusted: frozenset[str] = frozenset()
    exposure: frozenset[str] = field(default=frozenset(), compare=False)
    outcome: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        dag = Dag(self.nodes, self.directed)
        place = {name: i for i, name in enumerate(dag.nodes)}
        pairs = set()
        for edge in self.bidirected:
            a, b = as_pair(edge)
            for name in (a, b):
                if name not in place:
                    raise UnknownVariable(name, dag.nodes, what=f" in the edge {a!r} ↔ {b!r}")
            if a == b:
                raise InvalidGraph(f"{a!r} ↔ {b!r}: a variable has no common cause with itself")
            pairs.add((min(place[a], place[b]), max(place[a], place[b])))
        object.__setattr__(self, "nodes", dag.nodes)
        object.__setattr__(self, "directed", dag.edges)
        object.__setattr__(self, "bidirected", tuple((dag.nodes[i], dag.nodes[j]) for i, j in sorted(pairs)))
        for role, names in check_roles(dag.nodes, frozenset(), {role: getattr(self, role) for role in ROLES}).items():
            object.__setattr__(self, role, names)

    @property
    def roles(self) -> dict[str, frozenset[str]]:
        """The marked variables by mark, such as ``{"exposure": {"x"}}``; marks without variables are left out."""
        return {role: found for role in ROLES if (found := getattr(self, role))}

    def __repr__(self) -> str:
        parts = [f"{a} → {b}" for a, b in self.directed] + [f"{a} ↔ {b}" for a, b in self.bidirected]
        touched = {name for edge in self.directed + self.bidirected for name in edge}
        parts += [name for name in self.nodes if name not in touched]
        return f"Admg({', '.join(parts)!r}{''.join(shown_marks(self.nodes, self.roles))})"

    @property
    def _picture(self) -> dict[str, Any]:
        return {"edges": self.directed, "bidirected": self.bidirected}


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
        **{role: found & set(names) for role, found in dag.roles.items()},
    )
