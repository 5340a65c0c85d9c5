"""The directed acyclic graph: one immutable value that every other room passes around."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits, spread, step
from causalpp.errors import CyclicGraph, InvalidGraph, UnknownVariable
from causalpp.graphs._exports import Exports
from causalpp.graphs._names import (
    ROLES,
    Edge,
    Names,
    as_names,
    as_pair,
    check_names,
    check_roles,
    refuse_selected,
    shown_marks,
)

if TYPE_CHECKING:
    import networkx as nx

    from causalpp.graphs.admg import Admg
    from causalpp.graphs.cpdag import Mpdag
    from causalpp.graphs.distance import GraphDistance

__all__ = [
    "ROLES",
    "Dag",
    "Edge",
    "Names",
    "as_names",
    "as_pair",
    "check_names",
    "check_roles",
    "d_connected",
    "refuse_selected",
]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Dag(Exports):
    """A directed acyclic graph over named variables, some of which may be latent.

    Immutable and hashable.  Two Dags are equal when they have the same variables, edges, latent, selected and
    adjusted variables, in whatever order these were given.

    Attributes:
        nodes: the variables, in the order given; it fixes the order of rows in ``.adjacency``.
        edges: the edges ``(cause, effect)``, sorted by that order.
        latent: the variables that are not observed.
        selected: the variables that decide who is in the data: these are always conditioned on.
        adjusted: the variables that every adjustment holds, whatever else is in it.
        exposure, outcome: what the author of the graph asks about; a note, which changes no answer.

    Args:
        nodes: distinct non-empty strings.
        edges: pairs of nodes, a repeated pair counts once.
        latent: the unobserved ones among the nodes.
        selected, adjusted, exposure, outcome: likewise.

    Raises:
        CyclicGraph: the edges close a directed cycle (the message names one) or a self-loop.
        InvalidGraph: a name is empty, not a string or given twice; an edge is not a pair; a latent variable is
            selected or adjusted.
        UnknownVariable: an edge, ``latent`` or another mark names a variable that is not in ``nodes``.

    Example:
        >>> dag = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("U", "smoke"), ("U", "cancer")], latent={"U"})
        >>> dag
        Dag('smoke → tar, tar → cancer, U → smoke, U → cancer', latent={'U'})
        >>> sorted(dag.ancestors("cancer"))
        ['U', 'smoke', 'tar']
        >>> dag.d_separated("smoke", "cancer", given={"tar", "U"})
        True
        >>> dag == Dag(["U", "cancer", "tar", "smoke"], reversed(dag.edges), latent=["U"])
        True
    """

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    latent: frozenset[str]
    selected: frozenset[str] = frozenset()
    adjusted: frozenset[str] = frozenset()
    exposure: frozenset[str] = frozenset()
    outcome: frozenset[str] = frozenset()

    def __init__(
        self,
        nodes: Iterable[str],
        edges: Iterable[Edge] = (),
        *,
        latent: Names = (),
        selected: Names = (),
        adjusted: Names = (),
        exposure: Names = (),
        outcome: Names = (),
    ) -> None:
        names = check_names(nodes)
        index = {name: i for i, name in enumerate(names)}
        pairs: set[tuple[int, int]] = set()
        for edge in edges:
            a, b = as_pair(edge)
            for name in (a, b):
                if name not in index:
                    raise UnknownVariable(name, names, what=f" in the edge {a!r} → {b!r}")
            if a == b:
                raise CyclicGraph(f"{a!r} cannot be its own cause (a self-loop)")
            pairs.add((index[a], index[b]))
        hidden = as_names(latent)
        for name in hidden:
            if name not in index:
                raise UnknownVariable(name, names, what=" among the latent ones")
        object.__setattr__(self, "nodes", names)
        object.__setattr__(self, "edges", tuple((names[i], names[j]) for i, j in sorted(pairs)))
        object.__setattr__(self, "latent", frozenset(hidden))
        if selected or adjusted or exposure or outcome:
            given = {"selected": selected, "adjusted": adjusted, "exposure": exposure, "outcome": outcome}
            for role, found in check_roles(index, self.latent, given).items():
                object.__setattr__(self, role, found)
        if len(self.topological_order) < len(names):
            raise CyclicGraph("the graph has a directed cycle: " + " → ".join(self._some_cycle()))

    @classmethod
    def from_edges(cls, edges: Iterable[Edge], nodes: Iterable[str] | None = None, latent: Names = ()) -> Dag:
        """A Dag from its edges; variables without an edge are named in ``nodes``.

        Variables stand in the order of ``nodes`` if given (then all of them must be there), otherwise in
        the order in which the edges mention them.

        >>> Dag.from_edges([("a", "b")], nodes=["a", "b", "c"]).nodes
        ('a', 'b', 'c')
        """
        pairs = [as_pair(edge) for edge in edges]
        if nodes is None:
            nodes = dict.fromkeys(name for pair in pairs for name in pair)
        return cls(nodes, pairs, latent=latent)

    @classmethod
    def from_adjacency(cls, adjacency: Any, nodes: Iterable[str], latent: Names = ()) -> Dag:
        """A Dag from a matrix of shape ``(d, d)`` of zeros and ones, where ``adjacency[i, j]`` means i → j.

        >>> Dag.from_adjacency([[0, 1], [0, 0]], ["a", "b"])
        Dag('a → b')
        """
        names = check_names(nodes)
        matrix = np.asarray(adjacency)
        if matrix.shape != (len(names), len(names)):
            raise InvalidGraph(f"{len(names)} variables need a {len(names)} × {len(names)} matrix, got {matrix.shape}")
        if matrix.size and not np.isin(matrix, (0, 1)).all():
            raise InvalidGraph("an adjacency matrix holds only zeros and ones")
        return cls(names, [(names[i], names[j]) for i, j in np.argwhere(matrix.astype(bool))], latent=latent)

    # --- as a value -----------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dag):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __getstate__(self) -> dict[str, object]:
        # Without what is cached: arrays come back writeable from a pickle.
        return {"nodes": self.nodes, "edges": self.edges, "latent": self.latent, **self.roles}

    def __len__(self) -> int:
        """The number of variables."""
        return len(self.nodes)

    def __iter__(self) -> Iterator[str]:
        return iter(self.nodes)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __repr__(self) -> str:
        parts = [f"{a} → {b}" for a, b in self.edges]
        touched = {name for edge in self.edges for name in edge}
        parts += [name for name in self.nodes if name not in touched]
        marks = {"latent": self.latent, **self.roles}
        return f"Dag({', '.join(parts)!r}{''.join(shown_marks(self.nodes, marks))})"

    @cached_property
    def _key(self) -> tuple[frozenset[str], frozenset[Edge], frozenset[str], frozenset[str], frozenset[str]]:
        return frozenset(self.nodes), frozenset(self.edges), self.latent, self.selected, self.adjusted

    @property
    def roles(self) -> dict[str, frozenset[str]]:
        """The marked variables by mark, such as ``{"exposure": {"x"}}``; marks without variables are left out."""
        return {role: found for role in ROLES if (found := getattr(self, role))}

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.nodes)}

    # Sets of variables are bit masks inside this file: bit i stands for nodes[i].

    @cached_property
    def _parents(self) -> tuple[int, ...]:
        masks = [0] * len(self.nodes)
        for a, b in self.edges:
            masks[self._index[b]] |= 1 << self._index[a]
        return tuple(masks)

    @cached_property
    def _children(self) -> tuple[int, ...]:
        masks = [0] * len(self.nodes)
        for a, b in self.edges:
            masks[self._index[a]] |= 1 << self._index[b]
        return tuple(masks)

    def _mask(self, names: Names) -> int:
        mask = 0
        for name in as_names(names):
            if name not in self._index:
                raise UnknownVariable(name, self.nodes)
            mask |= 1 << self._index[name]
        return mask

    def _names(self, mask: int) -> frozenset[str]:
        return frozenset(self.nodes[i] for i in bits(mask))

    @cached_property
    def adjacency(self) -> NDArray[np.bool_]:
        """The boolean matrix of shape ``(d, d)`` with ``adjacency[i, j]`` iff nodes[i] → nodes[j]; read-only."""
        matrix = np.zeros((len(self.nodes), len(self.nodes)), dtype=bool)
        for a, b in self.edges:
            matrix[self._index[a], self._index[b]] = True
        matrix.flags.writeable = False
        return matrix

    # --- relations ------------------------------------------------------------------------------------

    @property
    def observed(self) -> tuple[str, ...]:
        """The variables that are not latent, in order."""
        return tuple(name for name in self.nodes if name not in self.latent)

    def has_edge(self, cause: str, effect: str) -> bool:
        """Whether cause → effect is an edge."""
        return bool(self._children[self._at(cause)] >> self._at(effect) & 1)

    def parents(self, name: str) -> tuple[str, ...]:
        """The direct causes of a variable, in the order of ``nodes``."""
        return tuple(self.nodes[i] for i in bits(self._parents[self._at(name)]))

    def children(self, name: str) -> tuple[str, ...]:
        """The direct effects of a variable, in the order of ``nodes``."""
        return tuple(self.nodes[i] for i in bits(self._children[self._at(name)]))

    def ancestors(self, names: Names) -> frozenset[str]:
        """All variables with a directed path (length ≥ 1) to one of ``names``; the names themselves only if so."""
        return self._names(spread(self._mask(names), self._parents))

    def descendants(self, names: Names) -> frozenset[str]:
        """All variables with a directed path (length ≥ 1) from one of ``names``."""
        return self._names(spread(self._mask(names), self._children))

    def markov_blanket(self, name: str) -> frozenset[str]:
        """Parents, children and the children's other parents: given these, ``name`` is independent of the rest."""
        here = self._at(name)
        mask = self._parents[here] | self._children[here]
        for child in bits(self._children[here]):
            mask |= self._parents[child]
        return self._names(mask & ~(1 << here))

    @cached_property
    def topological_order(self) -> tuple[str, ...]:
        """The variables, causes before effects; among equals the order of ``nodes`` decides."""
        missing = [mask.bit_count() for mask in self._parents]
        ready = [i for i, count in enumerate(missing) if count == 0]
        order: list[int] = []
        while ready:
            here = ready.pop(0)
            order.append(here)
            for child in bits(self._children[here]):
                missing[child] -= 1
                if missing[child] == 0:
                    ready.append(child)
        return tuple(self.nodes[i] for i in order)

    def d_separated(self, a: Names, b: Names, given: Names = ()) -> bool:
        """Whether ``given`` blocks every path between ``a`` and ``b`` (single names or disjoint sets).

        Variables on which the data are selected are conditioned on as well.

        Reachability along active trails, linear in the number of edges (Koller & Friedman,
        *Probabilistic Graphical Models*, 2009, algorithm 3.1).

        Raises:
            InvalidGraph: the three sets are not disjoint, or ``a`` or ``b`` is empty.
            UnknownVariable: a name is not in the graph.

        Example:
            >>> collider = Dag.from_edges([("rain", "wet"), ("sprinkler", "wet")])
            >>> collider.d_separated("rain", "sprinkler"), collider.d_separated("rain", "sprinkler", given="wet")
            (True, False)
        """
        start, goal, known = self._mask(a), self._mask(b), self._mask(given)
        check_disjoint(start, goal, known)
        if self.selected:
            known |= self._mask(self.selected)
            if known & (start | goal):
                refuse_selected(self._names(known & (start | goal)), "nothing is independent of what does not vary")
        return not d_connected(start, known, self._parents, self._children) & goal & ~known

    def moral_graph(self) -> nx.Graph[str]:
        """The undirected graph that joins neighbours and parents of a common child, as a networkx Graph."""
        import networkx as nx

        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(self.nodes)
        for name, parents in zip(self.nodes, self._parents, strict=True):
            family = [self.nodes[i] for i in bits(parents)]
            graph.add_edges_from((name, other) for other in family)
            graph.add_edges_from((x, y) for i, x in enumerate(family) for y in family[:i])
        return graph

    def distance(self, truth: Dag | Mpdag) -> GraphDistance:
        """How far this graph is from the truth, in edges and in effects; see :class:`GraphDistance`."""
        from causalpp.graphs.distance import distance

        return distance(self, truth)

    # --- new graphs -----------------------------------------------------------------------------------

    def do(self, names: Names) -> Dag:
        """The mutilated graph: every edge into one of ``names`` is removed (Pearl, *Causality*, §3.2.1).

        >>> Dag.from_edges([("u", "x"), ("x", "y"), ("u", "y")]).do("x")
        Dag('u → y, x → y')
        """
        cut = self._names(self._mask(names))
        return Dag(self.nodes, [edge for edge in self.edges if edge[1] not in cut], latent=self.latent, **self.roles)

    def subgraph(self, names: Names) -> Dag:
        """The induced graph on ``names``, in the order of ``nodes``."""
        keep = self._names(self._mask(names))
        nodes = [n for n in self.nodes if n in keep]
        roles = {role: names & keep for role, names in self.roles.items()}
        return Dag(nodes, [e for e in self.edges if keep.issuperset(e)], latent=self.latent & keep, **roles)

    def rename(self, names: Mapping[str, str]) -> Dag:
        """The same graph with other names; variables not in the mapping keep theirs."""
        self._mask(names)
        new = {name: names.get(name, name) for name in self.nodes}
        edges = [(new[a], new[b]) for a, b in self.edges]
        roles = {role: [new[name] for name in names] for role, names in self.roles.items()}
        return Dag(new.values(), edges, latent=[new[n] for n in self.latent], **roles)

    def latent_projection(self) -> Admg:
        """The graph over the observed variables alone, with ↔ where a latent one is a common cause.

        Example:
            >>> Dag.from_edges([("U", "x"), ("U", "y"), ("x", "m"), ("m", "y")], latent={"U", "m"}).latent_projection()
            Admg('x → y, x ↔ y')
        """
        from causalpp.graphs.admg import project

        return project(self)

    # --- helpers --------------------------------------------------------------------------------------

    @property
    def _picture(self) -> dict[str, Any]:
        return {"edges": self.edges, "latent": self.latent}

    def _at(self, name: str) -> int:
        if name not in self._index:
            raise UnknownVariable(name, self.nodes)
        return self._index[name]

    def _some_cycle(self) -> list[str]:
        ordered = set(self.topological_order)
        here = next(name for name in self.nodes if name not in ordered)
        path: list[str] = []
        while here not in path:  # every variable left over has a parent left over: walk up until one repeats
            path.append(here)
            here = next(p for p in self.parents(here) if p not in ordered)
        cycle = path[path.index(here) :]
        return [here, *reversed(cycle)]


def check_disjoint(a: int, b: int, given: int) -> None:
    """Refuse the sets (bit masks) of a separation question that are empty or overlap."""
    if not a or not b:
        raise InvalidGraph("d-separation needs at least one variable on each side")
    if a & b or a & given or b & given:
        raise InvalidGraph("the two sides of a d-separation and its conditioning set must not overlap")


def d_connected(start: int, given: int, parents: Sequence[int], children: Sequence[int]) -> int:
    """What active trails lead to from some variables, all sets being bit masks (see :meth:`Dag.d_separated`)."""
    opened = given | spread(given, parents)  # colliders that let a trail through
    upward, downward = start, 0  # arrived from a child (or begun here), arrived from a parent
    seen_up = seen_down = 0
    while upward or downward:
        seen_up, seen_down = seen_up | upward, seen_down | downward
        next_down = step((upward | downward) & ~given, children)
        next_up = step((upward & ~given) | (downward & opened), parents)
        upward, downward = next_up & ~seen_up, next_down & ~seen_down
    return seen_up | seen_down
