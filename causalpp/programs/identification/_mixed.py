"""The semi-Markovian graph that the ID algorithm recurs on, and the two forms in which a graph arrives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import Admg, Dag
from causalpp.graphs.dag import Names, as_names

__all__ = ["Mixed", "as_dag", "as_mixed", "check_query", "check_set"]


@dataclass(frozen=True)
class Mixed:
    """A graph with → and ↔, in the form in which subgraphs are cheap.

    Attributes:
        nodes: the variables, causes before effects.
        parents: variable → its direct causes.
        siblings: variable → those it shares a latent cause with.
    """

    nodes: tuple[str, ...]
    parents: dict[str, frozenset[str]]
    siblings: dict[str, frozenset[str]]

    def sort(self, names: Collection[str]) -> tuple[str, ...]:
        """The names, causes first."""
        return tuple(name for name in self.nodes if name in names)

    def subgraph(self, names: Collection[str]) -> Mixed:
        """The induced subgraph."""
        keep = frozenset(names)
        return Mixed(
            self.sort(keep),
            {name: self.parents[name] & keep for name in keep},
            {name: self.siblings[name] & keep for name in keep},
        )

    def do(self, names: Collection[str]) -> Mixed:
        """The graph without the edges, of both kinds, into ``names``."""
        cut = frozenset(names)
        return Mixed(
            self.nodes,
            {name: frozenset() if name in cut else self.parents[name] for name in self.nodes},
            {name: frozenset() if name in cut else self.siblings[name] - cut for name in self.nodes},
        )

    def up(self, names: Collection[str]) -> frozenset[str]:
        """The names and their ancestors."""
        found = set(names)
        for name in reversed(self.nodes):
            if name in found:
                found |= self.parents[name]
        return frozenset(found)

    def component(self, name: str) -> frozenset[str]:
        """The c-component of a variable: what it is joined to by paths of ↔."""
        found, frontier = {name}, [name]
        while frontier:
            new = self.siblings[frontier.pop()] - found
            found |= new
            frontier += new
        return frozenset(found)

    def components(self) -> tuple[frozenset[str], ...]:
        """The c-components, which partition the variables."""
        return tuple(dict.fromkeys(self.component(name) for name in self.nodes))

    def blanket(self, name: str, before: Collection[str]) -> frozenset[str]:
        """What of the variables ``before`` a variable it depends on, given these (Tian & Pearl 2002, corollary 1)."""
        district = self.subgraph({*before, name}).component(name)
        return frozenset().union(district, *(self.parents[other] for other in district)) - {name}


def as_dag(graph: Dag | Admg) -> Dag:
    """The graph as a Dag: every ↔ becomes a latent common cause."""
    if isinstance(graph, Dag):
        return graph
    if not isinstance(graph, Admg):
        raise InvalidParameter(f"the graph must be a Dag or an Admg, got {type(graph).__name__}")
    taken, hidden = set(graph.nodes), []
    edges = list(graph.directed)
    for a, b in graph.bidirected:
        name = f"{a}↔{b}"
        while name in taken:
            name += "↔"
        taken.add(name)
        hidden.append(name)
        edges += [(name, a), (name, b)]
    return Dag((*graph.nodes, *hidden), edges, latent=hidden, **graph.roles)


def as_mixed(graph: Dag | Admg) -> Mixed:
    """The latent projection, causes first."""
    dag = as_dag(graph)
    flat = dag.latent_projection()
    parents: dict[str, set[str]] = {name: set() for name in flat.nodes}
    siblings: dict[str, set[str]] = {name: set() for name in flat.nodes}
    for a, b in flat.directed:
        parents[b].add(a)
    for a, b in flat.bidirected:
        siblings[a].add(b)
        siblings[b].add(a)
    return Mixed(
        tuple(name for name in dag.topological_order if name not in dag.latent),
        {name: frozenset(found) for name, found in parents.items()},
        {name: frozenset(found) for name, found in siblings.items()},
    )


def check_set(dag: Dag, names: Names, what: str, *, empty: bool = False) -> tuple[str, ...]:
    """The names as a tuple, if they are observed variables of the graph.

    Raises:
        UnknownVariable: no such variable.
        InvalidParameter: a latent one, or none where one is needed.
    """
    found = as_names(names)
    if not found and not empty:
        raise InvalidParameter(f"the {what} is empty: name at least one variable")
    for name in found:
        if name not in dag:
            raise UnknownVariable(name, dag.observed, what=f" as {what}")
        if name in dag.latent:
            raise InvalidParameter(f"{name!r} is latent and cannot be the {what}: name observed variables")
    return found


def check_query(dag: Dag, treatment: Names, outcome: Names, given: Names = ()) -> tuple[tuple[str, ...], ...]:
    """Treatment, outcome and given as tuples, if they are disjoint sets of observed variables.

    Raises:
        UnknownVariable: no such variable.
        InvalidParameter: no treatment or no outcome, a latent variable, or one in two of the sets.
    """
    sets = {
        "treatment": check_set(dag, treatment, "treatment"),
        "outcome": check_set(dag, outcome, "outcome"),
        "given": check_set(dag, given, "given", empty=True),
    }
    role: dict[str, str] = {}
    for what, names in sets.items():
        for name in names:
            if name in role:
                raise InvalidParameter(f"{name!r} is both {role[name]} and {what}: a variable has one part in a query")
            role[name] = what
    for name in (*sets["treatment"], *sets["outcome"]):
        if name in dag.selected | dag.adjusted:
            mark = "selected" if name in dag.selected else "adjusted"
            raise InvalidParameter(f"{name!r} is marked as {mark}, so it cannot be the {role[name]}: it is held fixed")
    return tuple(sets.values())
