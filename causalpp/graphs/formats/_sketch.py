"""What a reader has understood, node by node and edge by edge, and the graph that it makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from causalpp.errors import FormatError, InvalidGraph
from causalpp.graphs._names import ROLES, Edge
from causalpp.graphs.admg import Admg
from causalpp.graphs.cpdag import Mpdag, partially_directed
from causalpp.graphs.dag import Dag
from causalpp.graphs.formats._marks import EdgeKind, is_unobserved
from causalpp.graphs.formats._tokens import shown

__all__ = ["Graph", "Parts", "Sketch", "only_dag", "parts"]

Graph = Dag | Admg | Mpdag
Place = Mapping[str, int | None]


class Parts(NamedTuple):
    """A graph of any kind as what a writer writes: nodes, the marks of each (latent first), and its edges."""

    nodes: tuple[str, ...]
    marks: dict[str, list[str]]
    directed: tuple[Edge, ...]
    bidirected: tuple[Edge, ...]
    undirected: tuple[Edge, ...]


def parts(graph: Graph) -> Parts:
    """What there is to write of a graph.

    Raises:
        InvalidGraph: it is no graph of this library.
    """
    if isinstance(graph, Mpdag):
        return Parts(graph.nodes, {name: [] for name in graph.nodes}, graph.directed, (), graph.undirected)
    if not isinstance(graph, (Dag, Admg)):
        raise InvalidGraph(f"a Dag, Admg, Cpdag or Mpdag can be written, got {type(graph).__name__}")
    marks: dict[str, list[str]] = {name: [] for name in graph.nodes}
    hidden = graph.latent if isinstance(graph, Dag) else frozenset()
    for mark, names in (("latent", hidden), *graph.roles.items()):
        for name in names:
            marks[name].append(mark)
    if isinstance(graph, Dag):
        return Parts(graph.nodes, marks, graph.edges, (), ())
    return Parts(graph.nodes, marks, graph.directed, graph.bidirected, ())


def only_dag(graph: Graph, what: str, instead: str = "JSON, DOT, dagitty and networkx") -> Dag:
    """The graph, if it is a Dag whose meaning needs no marks besides latent.

    Raises:
        InvalidGraph: it is another graph, or its data are selected or adjusted; the format has no way to say so.
    """
    if not isinstance(graph, Dag):
        raise InvalidGraph(f"{what} holds Dags, and this is a graph of type {type(graph).__name__}; {instead} can")
    for mark in ("selected", "adjusted"):
        names = getattr(graph, mark)
        if names:
            raise InvalidGraph(f"{what} cannot mark {sorted(names)[0]!r} as {mark}; {instead} can")
    return graph


class Sketch:
    """Nodes with their marks and edges of any kind.

    Args:
        what: the name of the format, for messages.
        is_class: whether the text announces a partially directed graph, even if all its edges are directed.
        labelled: whether a name may be what another program read as the label of a node.
    """

    def __init__(self, what: str, *, is_class: bool = False, labelled: bool = False) -> None:
        self.what, self.is_class, self.labelled = what, is_class, labelled
        self.marks: dict[str, dict[str, bool]] = {}
        self.edges: dict[tuple[str, str, EdgeKind], Place] = {}

    def node(self, name: str, marks: Mapping[str, bool] | None = None) -> None:
        """Add a variable, or what is newly known about it."""
        self.marks.setdefault(name, {}).update(marks or {})

    def edge(self, a: str, b: str, kind: EdgeKind, place: Place | None = None) -> None:
        """Add an edge; one that is drawn twice counts once."""
        if kind in ("<-", "<-o", "--o"):
            a, b, kind = b, a, {"<-": "->", "<-o": "o->", "--o": "o--"}[kind]  # type: ignore[assignment]
        self.node(a)
        self.node(b)
        if kind in ("<->", "--", "o-o") and (b, a, kind) in self.edges:
            return
        self.edges.setdefault((a, b, kind), place or {})

    def renamed(self, names: Mapping[str, str]) -> Sketch:
        """The same under other names."""
        out = Sketch(self.what, is_class=self.is_class, labelled=self.labelled)
        for name, marks in self.marks.items():
            out.node(names[name], marks)
        for (a, b, kind), place in self.edges.items():
            out.edge(names[a], names[b], kind, place)
        return out

    def graph(self) -> Graph:
        """A Dag; an Admg where there is ↔; a Cpdag or Mpdag where there are undirected edges.

        Raises:
            FormatError: edges of a PAG, or undirected and bidirected edges in one graph; with the place.
            CyclicGraph, InvalidGraph: the edges make no such graph.
        """
        for name, marks in self.marks.items():
            if self.labelled and is_unobserved(name):
                marks.setdefault("latent", True)
        for (a, b, kind), place in self.edges.items():
            if "o" in kind:
                raise FormatError(
                    f"the edge {shown(a)} {kind} {shown(b)} ends in a circle: this is a PAG, which stands for many "
                    "graphs with latent variables; direct such edges and give a graph with -> and <->",
                    **place,
                )
        directed, both, none = (self._of(kind) for kind in ("->", "<->", "--"))
        if both and (none or self.is_class):
            a, b = both[0]
            raise FormatError(
                f"the bidirected edge {shown(a)} <-> {shown(b)} stands in a graph with undirected edges: this is a MAG "
                "or PAG, which is not read; -> goes with <-> (latent common causes) or with undirected edges (a class)",
                **self.edges[(a, b, "<->")],
            )
        if none or self.is_class:
            return self._class(directed, none)
        latent = [name for name, marks in self.marks.items() if marks.get("latent")]
        roles = {role: [name for name, marks in self.marks.items() if marks.get(role)] for role in ROLES}
        if not both:
            return Dag(self.marks, directed, latent=latent, **roles)
        return _mixed(tuple(self.marks), directed, both, latent, roles)

    def _of(self, kind: EdgeKind) -> list[Edge]:
        return [(a, b) for a, b, k in self.edges if k == kind]

    def _class(self, directed: list[Edge], undirected: list[Edge]) -> Mpdag:
        for name, marks in self.marks.items():
            for mark in ("latent", "selected", "adjusted"):
                if marks.get(mark):
                    raise InvalidGraph(
                        f"{shown(name)} is {mark}, and a partially directed graph stands for a class of graphs over "
                        "observed variables: direct its edges, or take the mark away"
                    )
        return partially_directed(tuple(self.marks), directed, undirected)


def _mixed(
    nodes: tuple[str, ...],
    directed: list[Edge],
    both: list[Edge],
    latent: list[str],
    roles: Mapping[str, Iterable[str]],
) -> Admg:
    """The Admg over the observed variables: latent ones are projected out."""
    hidden = set(latent)
    for role, names in roles.items():
        for name in names:
            if name in hidden:
                raise InvalidGraph(f"{shown(name)} is latent and cannot be the {role} of a graph with <->")
    if not latent:
        return Admg(nodes, tuple(directed), tuple(both), **{role: frozenset(names) for role, names in roles.items()})
    causes = {f"{i}↔": edge for i, edge in enumerate(both)}
    while not hidden.isdisjoint(causes) or not set(nodes).isdisjoint(causes):
        causes = {name + "↔": edge for name, edge in causes.items()}
    edges = [*directed, *((name, end) for name, edge in causes.items() for end in edge)]
    return Dag((*nodes, *causes), edges, latent=[*latent, *causes], **roles).latent_projection()
