"""The semi-Markovian graph that the ID algorithm recurs on, and the two forms in which a graph arrives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import Admg, Dag
from causalpp.graphs.dag import Names, as_names, refuse_selected
from causalpp.programs.contrast import Contrast

__all__ = ["Mixed", "as_dag", "as_mixed", "read_pair", "read_query"]


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


def read_query(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None, given: Names = ()
) -> tuple[Dag, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The graph as a Dag, and treatment, outcome and given if they are disjoint sets of observed variables.

    Raises:
        UnknownVariable: no such variable.
        InvalidParameter: no treatment or no outcome, a latent variable, one in two of the sets, or a contrast and an
            outcome besides.
    """
    dag = as_dag(graph)
    if isinstance(treatment, Contrast):
        contrast = Contrast.of(treatment, outcome=outcome)  # refused if there is one
        treatment, outcome = contrast.treatment, contrast.outcome
    x, y, z = as_names(treatment), as_names(outcome or ()), as_names(given)
    role: dict[str, str] = {}
    for what, names in (("treatment", x), ("outcome", y), ("given", z)):
        if not names and what != "given":
            raise InvalidParameter(f"the {what} is empty: name at least one variable")
        for name in names:
            if name not in dag:
                raise UnknownVariable(name, dag.observed, what=f" as {what}")
            if name in dag.latent:
                raise InvalidParameter(f"{name!r} is latent and cannot be the {what}: name observed variables")
            if role.setdefault(name, what) != what:
                raise InvalidParameter(f"{name!r} is both {role[name]} and {what}: a variable has one part in a query")
    for name in (*x, *y):
        if name in dag.selected | dag.adjusted:
            mark = "selected" if name in dag.selected else "adjusted"
            raise InvalidParameter(f"{name!r} is marked as {mark}, so it cannot be the {role[name]}: it is held fixed")
    return dag, x, y, z


def read_pair(
    graph: Dag | Admg, treatment: Names | Contrast, outcome: Names | None, about: str
) -> tuple[Dag, str, str]:
    """One treatment and one outcome, where a criterion is ``about`` these alone and about data on everybody.

    Raises:
        UnknownVariable, InvalidParameter: see :func:`read_query`; several of one.
        InvalidGraph: the data are selected.
    """
    dag, x, y, _ = read_query(graph, treatment, outcome)
    refuse_selected(dag.selected, f"{about} data on everybody")
    if len(x) > 1 or len(y) > 1:
        raise InvalidParameter(f"{about} one treatment and one outcome")
    return dag, x[0], y[0]
