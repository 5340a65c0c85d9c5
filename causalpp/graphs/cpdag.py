"""The graph of an equivalence class: directed edges where all members agree, undirected ones elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidGraph, UnknownVariable
from causalpp.graphs._exports import Exports
from causalpp.graphs.dag import Dag, Edge, check_names, refuse_selected

if TYPE_CHECKING:
    from causalpp.graphs.distance import GraphDistance

__all__ = [
    "Cpdag",
    "Matrix",
    "Mpdag",
    "close_under_meek",
    "completed",
    "components",
    "extension",
    "partially_directed",
    "pdag_matrix",
]

#: One boolean matrix holds a partially directed graph: ``m[i, j]`` alone is i → j, with ``m[j, i]`` it is i – j.
Matrix = NDArray[np.bool_]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Mpdag(Exports):
    """A maximally oriented partially directed graph: what background knowledge leaves of a class; immutable.

    Each directed edge points that way in every member, each undirected one both ways in some.  Equal graphs have
    the same variables and edges, in whatever order.

    Attributes:
        nodes: the variables.
        matrix: booleans of shape ``(d, d)``, read-only: i → j is ``matrix[i, j]`` alone, i – j is both.

    Args:
        nodes: distinct non-empty strings.
        directed, undirected: pairs of nodes.

    Raises:
        InvalidGraph: no acyclic member, or some undirected edge is forced by the directed ones.
        UnknownVariable: an edge names a variable that is not in ``nodes``.

    Example:
        >>> Mpdag("abc", directed=[("a", "b"), ("b", "c")])
        Mpdag('a → b, b → c')
    """

    nodes: tuple[str, ...]
    matrix: Matrix

    def __init__(self, nodes: Iterable[str], directed: Iterable[Edge] = (), undirected: Iterable[Edge] = ()) -> None:
        names = check_names(nodes)
        matrix = pdag_matrix(names, directed, undirected)
        self._check(names, matrix)
        self._set(names, matrix)

    @staticmethod
    def _check(names: tuple[str, ...], matrix: Matrix) -> None:
        if extension(matrix) is None:
            raise InvalidGraph("this graph has no acyclic member with the same skeleton, colliders and directed edges")
        closed = close_under_meek(matrix)
        if not np.array_equal(closed, matrix):
            i, j = np.argwhere(matrix & ~closed)[0]
            edge = f"{names[j]!r} → {names[i]!r}"
            raise InvalidGraph(f"the directed edges force {edge}, which is left undirected")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(state["nodes"], state["matrix"])

    def __getstate__(self) -> dict[str, Any]:
        return {"nodes": self.nodes, "matrix": self.matrix}

    def _set(self, nodes: tuple[str, ...], matrix: Matrix) -> None:
        matrix.flags.writeable = False
        object.__setattr__(self, "nodes", nodes)
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def trusted(cls, nodes: tuple[str, ...], matrix: Matrix) -> Self:
        """A graph known to be right, without checking it again."""
        out = object.__new__(cls)
        out._set(nodes, matrix)
        return out

    def orient(self, edges: Iterable[Edge]) -> Mpdag:
        """The graph with some undirected edges directed, and all that follows by Meek's rules 1–4.

        Raises:
            InvalidGraph: an edge is not there or points the other way, or the edges contradict each other.

        Example:
            >>> Cpdag.from_dag(Dag.from_edges([("a", "b"), ("b", "c")])).orient([("a", "b")])
            Mpdag('a → b, b → c')
        """
        index = {name: i for i, name in enumerate(self.nodes)}
        matrix = self.matrix.copy()
        for a, b in edges:
            for name in (a, b):
                if name not in index:
                    raise UnknownVariable(name, self.nodes)
            if not matrix[index[a], index[b]]:
                known = f"{b!r} → {a!r} is known" if matrix[index[b], index[a]] else "the two are not joined"
                raise InvalidGraph(f"{a!r} → {b!r} is not possible: {known}")
            matrix[index[b], index[a]] = False
        closed = close_under_meek(matrix)
        kept = np.array_equal(closed | closed.T, matrix | matrix.T)
        found = extension(closed) if kept else None
        if found is None or not np.array_equal(completed(found), self._class):
            raise InvalidGraph("these edges contradict each other or the class: no member has them all")
        return Mpdag.trusted(self.nodes, closed)

    @cached_property
    def _class(self) -> Matrix:
        """The CPDAG matrix of the whole class, before any background knowledge."""
        found = extension(self.matrix)
        assert found is not None  # the constructors see to that
        return completed(found)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mpdag):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[frozenset[str], frozenset[Edge], frozenset[frozenset[str]]]:
        return frozenset(self.nodes), frozenset(self.directed), frozenset(map(frozenset, self.undirected))

    @property
    def directed(self) -> tuple[Edge, ...]:
        """The edges that point the same way in every member."""
        return self._pairs(self.matrix & ~self.matrix.T)

    @property
    def undirected(self) -> tuple[Edge, ...]:
        """The edges that point one way in some members and the other way in others, each once."""
        return self._pairs(np.triu(self.matrix & self.matrix.T))

    def _pairs(self, matrix: Matrix) -> tuple[Edge, ...]:
        return tuple((self.nodes[i], self.nodes[j]) for i, j in np.argwhere(matrix))

    @cached_property
    def chain_components(self) -> tuple[tuple[int, ...], ...]:
        """The rows of each set of variables connected by undirected edges, sets of one left out."""
        return components(self.matrix & self.matrix.T)

    def distance(self, truth: Dag | Mpdag) -> GraphDistance:
        """How far this class is from the truth, in edges and in effects; see :class:`GraphDistance`."""
        from causalpp.graphs.distance import distance

        return distance(self, truth)

    def __repr__(self) -> str:
        edges = [f"{a} → {b}" for a, b in self.directed] + [f"{a} – {b}" for a, b in self.undirected]
        touched = {name for edge in self.directed + self.undirected for name in edge}
        return f"{type(self).__name__}({', '.join(edges + [name for name in self.nodes if name not in touched])!r})"

    @property
    def _picture(self) -> dict[str, Any]:
        return {"edges": self.directed, "undirected": self.undirected}


class Cpdag(Mpdag):
    """The completed partially directed graph of a Markov equivalence class; immutable.

    Raises:
        InvalidGraph: the graph is not the CPDAG of any equivalence class.

    Example:
        >>> Cpdag.from_dag(Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e"), ("f", "a")]))
        Cpdag('a → c, c → d, b → c, d → e, a – f')
    """

    @staticmethod
    def _check(names: tuple[str, ...], matrix: Matrix) -> None:  # noqa: ARG004
        found = extension(matrix)
        if found is None or not np.array_equal(completed(found), matrix):
            what = "it has no acyclic member" if found is None else "its directed edges are not those all members share"
            raise InvalidGraph(f"this is not the graph of an equivalence class: {what}")

    @classmethod
    def from_dag(cls, dag: Dag) -> Cpdag:
        """The CPDAG of a Dag's class; all its variables must be observed.

        Raises:
            InvalidGraph: the Dag has latent variables, about which a Markov equivalence class says nothing.
        """
        refuse_selected(dag.selected, "an equivalence class has no place to say so")
        if dag.latent:
            raise InvalidGraph(
                f"equivalence classes are over observed variables, and {sorted(dag.latent)} are latent: "
                "take dag.subgraph(dag.observed), or declare no variable latent"
            )
        return cls.trusted(dag.nodes, completed(dag.adjacency))


def pdag_matrix(names: tuple[str, ...], directed: Iterable[Edge], undirected: Iterable[Edge]) -> Matrix:
    """Edges as one matrix; see :class:`Mpdag`.

    Raises:
        InvalidGraph: a variable joined to itself, or a pair joined twice.
        UnknownVariable: a name that is not among ``names``.
    """
    index = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)), dtype=bool)
    for edges, both in ((directed, False), (undirected, True)):
        for a, b in edges:
            for name in (a, b):
                if name not in index:
                    raise UnknownVariable(name, names)
            if a == b or matrix[index[a], index[b]] or matrix[index[b], index[a]]:
                raise InvalidGraph(f"the pair {a!r}, {b!r} is joined to itself or twice")
            matrix[index[a], index[b]] = True
            matrix[index[b], index[a]] = both
    return matrix


def components(undirected: Matrix) -> tuple[tuple[int, ...], ...]:
    """Connected sets of two or more rows of a symmetric matrix."""
    left, out = set(range(len(undirected))), []
    while left:
        group, frontier = set(), {min(left)}
        while frontier:
            group |= frontier
            frontier = set(np.flatnonzero(undirected[sorted(frontier)].any(0)).tolist()) - group
        left -= group
        if len(group) > 1:
            out.append(tuple(sorted(group)))
    return tuple(out)


def completed(adjacency: Matrix) -> Matrix:
    """The CPDAG matrix of a Dag's adjacency: skeleton, colliders, then Meek's rules.

    Verma & Pearl, *Equivalence and synthesis of causal models*, 1990; Meek, UAI 1995.
    """
    joined = adjacency | adjacency.T
    apart = ~joined
    np.fill_diagonal(apart, val=False)
    # a → c with some b → c, b not next to a
    collider = adjacency & (apart.astype(np.float32) @ adjacency.astype(np.float32) > 0)
    return close_under_meek(joined & ~collider.T)


def close_under_meek(matrix: Matrix) -> Matrix:
    """Orient every undirected edge that Meek's rules 1–4 force, until none is left (Meek, UAI 1995)."""
    matrix = matrix.copy()
    joined = matrix | matrix.T
    apart = ~joined
    np.fill_diagonal(apart, val=False)
    apart_f = apart.astype(np.float32)  # products in floating point are many times faster
    while True:
        undirected = matrix & matrix.T
        if not undirected.any():
            return matrix
        directed = matrix & ~matrix.T
        if not directed.any():
            return matrix
        directed_f = directed.astype(np.float32)
        # 1: a → b – c with a, c apart gives b → c.   2: a → b → c with a – c gives a → c.
        forced = undirected & (directed_f.T @ apart_f + directed_f @ directed_f > 0)
        if not forced.any():  # the others only where the cheap ones are at an end
            forced = _forced_by_pairs(undirected, directed, directed_f, joined, apart)
            if not forced.any():
                return matrix
        matrix &= ~forced.T


def _forced_by_pairs(
    undirected: Matrix, directed: Matrix, directed_f: NDArray[np.float32], joined: Matrix, apart: Matrix
) -> Matrix:
    """What rules 3 and 4 force.

    3: a – c → b, a – d → b with c, d apart gives a → b.
    4: a – d → c → b with a joined to c and b, d apart gives a → b.
    """
    forced = np.zeros_like(undirected)
    undirected_f = undirected.astype(np.float32)
    steps = undirected_f @ directed_f
    third = steps > 1  # [a, b]: there are two such c
    fourth = ((steps > 0) & joined).astype(np.float32) @ directed_f > 0  # [a, b]: there are such c and d
    for a, b in np.argwhere(undirected & (third | fourth)):
        into = np.flatnonzero(undirected[a] & directed[:, b])
        if apart[np.ix_(into, into)].any():
            forced[a, b] = True
            continue
        start = np.flatnonzero(undirected[a] & apart[:, b])
        forced[a, b] = directed[np.ix_(start, np.flatnonzero(joined[a] & directed[:, b]))].any()
    return forced


def extension(matrix: Matrix) -> Matrix | None:
    """A Dag with the same skeleton, directed edges and colliders, or None if there is none.

    Dor & Tarsi, *A simple algorithm to construct a consistent extension*, 1992: a sink whose undirected
    neighbours are joined to all its other neighbours is taken off, until nothing is left.
    """
    out = matrix.copy()
    left = matrix.copy()
    joined = matrix | matrix.T
    alive = np.ones(len(matrix), dtype=bool)
    strangers = ~joined
    np.fill_diagonal(strangers, val=False)
    strangers_f = strangers.astype(np.float32)
    check = np.arange(len(matrix))  # others have the neighbours that kept them from being taken off
    while alive.any():
        there, back = left[check], left[:, check].T
        blocked = (((there & back).astype(np.float32) @ strangers_f > 0) & back).any(1)
        ready = check[~(there & ~back).any(1) & ~blocked]
        if not len(ready):
            return None
        around = left[ready].any(0) | left[:, ready].any(1)
        for x in ready:  # taking one off leaves the others ready
            out[x, left[x]] = False
            left[x, :] = left[:, x] = False
            alive[x] = False
        check = np.flatnonzero(around & alive)
    return out


def partially_directed(
    nodes: Iterable[str], directed: Iterable[Edge] = (), undirected: Iterable[Edge] = ()
) -> Mpdag | Cpdag:
    """The graph of a class as a Cpdag if it is one, and as an Mpdag if only background knowledge explains it.

    Raises:
        InvalidGraph: no acyclic member, a pair joined twice, or an undirected edge that the directed ones force.

    Example:
        >>> partially_directed("abc", undirected=[("a", "b"), ("b", "c")])
        Cpdag('a – b, b – c')
        >>> partially_directed("abc", directed=[("a", "b"), ("b", "c")])
        Mpdag('a → b, b → c')
    """
    graph = Mpdag(nodes, directed, undirected)
    return Cpdag.trusted(graph.nodes, graph.matrix) if np.array_equal(graph._class, graph.matrix) else graph
