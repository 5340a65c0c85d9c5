"""Statements about the members of a class as formulas over its undirected edges.

One Boolean for each undirected edge, and gates, each the "or" of some literals.

Directed paths need no further variables.  A shortest directed path from x to y in a member has no chord; in the
CPDAG it is possibly directed, and it begins with a *critical* neighbour c of x.  Conversely x → c directs the whole
of such a path, as any later edge turned round would be a new collider.  So x has a directed path to y iff
x → c for some critical c (Fang, Liu & He, JMLR 23, 2022), and the same with avoided variables taken out.  All of
this is about the CPDAG; background knowledge makes constants of some edges and leaves the formulas right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np

from causalpp._bits import bits, masks_of, spread
from causalpp.errors import InvalidGraph, InvalidProposition, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.cpdag import Cpdag, Mpdag, completed, extension
from causalpp.propositions import (
    And,
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Not,
    Or,
    Proposition,
)

__all__ = ["TRUE", "Formulas"]

#: The literal that is always true; ``-TRUE`` is always false.
TRUE = 1


class Formulas:
    """Builds the formula of a proposition; literals are integers, negation is the minus sign.

    A variable is the constant, an undirected edge, or a gate.

    Attributes:
        edges: the undirected edges as pairs of rows (i, j), i < j; literal ``2 + k`` says that the k-th is i → j.
        near: for each row the mask of the rows joined to it.
        forward: for each row the mask of the rows it may point to in the whole Markov class.
        fixed: for each row the mask of the rows it points to in every member.
    """

    def __init__(self, graph: Mpdag) -> None:
        self.nodes = graph.nodes
        self._index = {name: i for i, name in enumerate(graph.nodes)}
        member = extension(graph.matrix)
        if member is None:
            raise InvalidGraph("this graph has no acyclic member with the same skeleton, colliders and directed edges")
        self._member = member
        whole = graph.matrix if isinstance(graph, Cpdag) else completed(member)
        self.near = masks_of(whole | whole.T)
        self.forward = masks_of(whole)
        self.fixed = masks_of(graph.matrix & ~graph.matrix.T)
        self.edges = [(int(i), int(j)) for i, j in np.argwhere(np.triu(graph.matrix & graph.matrix.T))]
        self._arrows: dict[tuple[int, int], int] = {}
        for number, (i, j) in enumerate(self.edges, start=TRUE + 1):
            self._arrows[i, j], self._arrows[j, i] = number, -number
        for i, mask in enumerate(self.fixed):
            for j in bits(mask):
                self._arrows[i, j], self._arrows[j, i] = TRUE, -TRUE
        self._top = TRUE + len(self.edges)
        self._gates: dict[frozenset[int], int] = {}
        self._parts: dict[int, frozenset[int]] = {}
        self.first_steps = lru_cache(4096)(self._first_steps)

    @cached_property
    def one_member(self) -> Dag:
        """Some member, whatever is given."""
        return Dag.from_adjacency(self._member, self.nodes)

    def at(self, name: str) -> int:
        """The row of a variable."""
        if name not in self._index:
            raise UnknownVariable(name, self.nodes)
        return self._index[name]

    def mask(self, names: Iterable[str]) -> int:
        """The rows of several variables as a mask."""
        return sum(1 << self.at(name) for name in names)

    def arrow(self, i: int, j: int) -> int:
        """The literal of i → j."""
        return self._arrows.get((i, j), -TRUE)

    def any_of(self, literals: Iterable[int]) -> int:
        """The literal of "one of these at least"."""
        parts = frozenset(literals) - {-TRUE}
        if TRUE in parts or any(-part in parts for part in parts):
            return TRUE
        if len(parts) < 2:
            return next(iter(parts), -TRUE)
        if parts not in self._gates:
            self._top += 1
            self._gates[parts] = self._top
            self._parts[self._top] = parts
        return self._gates[parts]

    def all_of(self, literals: Iterable[int]) -> int:
        """The literal of "all of these"."""
        return -self.any_of(-literal for literal in literals)

    def _first_steps(self, x: int, avoid: int) -> list[tuple[int, int]]:
        """For each neighbour c that x may point to, the ends of the chordless paths that begin with x, c."""
        out = []
        for c in bits(self.forward[x] & ~avoid):
            allowed = ~(avoid | self.near[x] | 1 << x)
            out.append((c, 1 << c | spread(1 << c, self.forward, allowed)))
        return out

    def critical(self, x: int, y: int, avoid: int = 0) -> list[int]:
        """The neighbours of x with which a chordless, possibly directed path to y begins that avoids a set."""
        return [c for c, reached in self.first_steps(x, avoid) if reached >> y & 1]

    def path(self, x: int, y: int, avoid: int = 0) -> int:
        """The literal of "a directed path leads from x to y and avoids these variables"."""
        return self.any_of(self.arrow(x, c) for c in self.critical(x, y, avoid))

    def long_path(self, x: int, y: int) -> int:
        """The literal of "a directed path of length ≥ 2 leads from x to y".

        If x and y are joined, such a path is either x → c → y, or its last edge forms a collider with x → y.
        """
        if not self.near[x] >> y & 1:
            return self.path(x, y)
        ways = [self.all_of((self.arrow(x, c), self.arrow(c, y))) for c in bits(self.near[x] & self.near[y])]
        if self.forward[x] >> y & 1 and not self.forward[y] >> x & 1:
            last = sum(1 << v for v in range(len(self.nodes)) if self.forward[v] >> y & 1) & ~self.near[x]
            ways += [self.arrow(x, c) for c, reached in self.first_steps(x, 0) if c != y and reached & last]
        return self.any_of(ways)

    def translate(self, proposition: Proposition) -> int:
        """The literal of a proposition.

        Raises:
            InvalidProposition: a kind of statement that is not known here.
            UnknownVariable: it names a variable that the graph does not have.
        """
        match proposition:
            case Not(of=part):
                return -self.translate(part)
            case And(of=parts):
                return self.all_of([self.translate(part) for part in parts])
            case Or(of=parts):
                return self.any_of([self.translate(part) for part in parts])
            case DirectlyCauses(a=a, b=b):
                return self.arrow(self.at(a), self.at(b))
            case Causes(a=a, b=b) | Direction(a=a, b=b):
                return self.path(self.at(a), self.at(b))
            case IndirectlyCauses(a=a, b=b):
                return self.long_path(self.at(a), self.at(b))
            case Changes(do=a, outcome=b, holding=held):
                return self.path(self.at(a), self.at(b), self.mask(held))
            case HaveCommonCause(a=a, b=b):
                return self.any_of(self.common(self.at(a), self.at(b), effect=False).values())
            case HaveCommonEffect(a=a, b=b):
                return self.any_of(self.common(self.at(a), self.at(b), effect=True).values())
            case Independent(a=a, b=b, given=given):  # the same in all members
                return TRUE if self.one_member.d_separated(a, b, given) else -TRUE
        raise InvalidProposition(f"{type(proposition).__name__} is not a statement whose entailment is known")

    def common(self, a: int, b: int, *, effect: bool) -> dict[int, int]:
        """For each other variable the literal of "it is a common cause (or effect) of a and b"."""
        out = {}
        for k in range(len(self.nodes)):
            if k not in (a, b):
                ends = ((a, k), (b, k)) if effect else ((k, a), (k, b))
                out[k] = self.all_of([self.path(x, y, 1 << other) for (x, y), other in zip(ends, (b, a), strict=True)])
        return out

    def leaves(self, literal: int) -> set[int]:
        """The undirected edges (numbers) that a formula speaks of."""
        out: set[int] = set()
        todo, seen = [abs(literal)], {TRUE}
        while todo:
            var = todo.pop()
            if var in seen:
                continue
            seen.add(var)
            if var in self._parts:
                todo += map(abs, self._parts[var])
            else:
                out.add(var - TRUE - 1)
        return out

    def route(self, x: int, y: int, steps: Sequence[int], avoid: int = 0, *, direct: bool = True) -> list[int] | None:
        """A shortest way from x to y along ``steps`` around a set, or None; not x, y itself unless ``direct``."""
        before = {x: x}
        frontier = [x]
        while frontier:
            following = []
            for i in frontier:
                for j in bits(steps[i] & ~avoid):
                    if j not in before and (direct or (i, j) != (x, y)):
                        before[j] = i
                        following.append(j)
            if y in before:
                way = [y]
                while way[-1] != x:
                    way.append(before[way[-1]])
                return way[::-1]
            frontier = following
        return None
