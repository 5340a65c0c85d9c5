"""The members of a class as the models of a formula, and a solver that finds them.

The members are the ways to direct the undirected edges without a new collider (one clause for two neighbours that
are not joined) and without a directed triangle (two clauses for each triangle): in a chordal graph a shortest
directed cycle is a triangle, and the chain components of a CPDAG are chordal.  Background knowledge directs edges
inside these components; such edges are constants.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from causalpp._bits import bits
from causalpp.equivalence.statements.formulas import TRUE, Formulas
from causalpp.graphs import Dag
from causalpp.graphs.cpdag import Mpdag

__all__ = ["Encoding"]


class Encoding(Formulas):
    """Finds members in which a formula holds, or says that there is none.

    Members found are kept in a pool, on which a new formula is tried before the solver is asked.

    Attributes:
        given: literals that hold in all members wanted; set before the first search.
    """

    def __init__(self, graph: Mpdag) -> None:
        from pysat.solvers import Glucose4

        super().__init__(graph)
        self.given: list[int] = []
        self._written: set[int] = set()
        self._pool: list[list[bool]] = []  # the members found so far: is edge k directed i → j?
        self._true_in = [0] * len(self.edges)  # for each edge the pool members in which it is, as a mask
        self._known: dict[int, tuple[int, int]] = {}  # the same for gates, and the size of the pool it is for
        self._dags: dict[int, Dag] = {}
        self._random = random.Random(0)
        self._solver = Glucose4()
        self._solver.append_formula(self._class_clauses())

    def _class_clauses(self) -> Iterator[list[int]]:
        yield [TRUE]
        undirected = [
            mask & sum(1 << j for j in bits(mask) if self.forward[j] >> i & 1) for i, mask in enumerate(self.forward)
        ]
        for b, around in enumerate(undirected):
            for a in bits(around):
                for c in bits(around & ~self.near[a] & ~((2 << a) - 1)):
                    yield [-self.arrow(a, b), -self.arrow(c, b)]
                if a > b:
                    for c in bits(around & undirected[a] & ~((2 << a) - 1)):
                        triangle = [self.arrow(a, b), self.arrow(b, c), self.arrow(c, a)]
                        yield triangle
                        yield [-literal for literal in triangle]

    def find(self, literal: int) -> Dag | None:
        """A member in which a literal and all that is given hold, or None."""
        hits = self._values(literal)
        if hits:
            number = (hits & -hits).bit_length() - 1
        else:
            if -TRUE in (literal, *self.given):
                return None
            self._vary()
            if not self._solver.solve(assumptions=self._assumptions([*self.given, literal])):
                return None
            number = len(self._pool)
            choice = self._choice()
            self._pool.append(choice)
            for k, forward in enumerate(choice):
                if forward:
                    self._true_in[k] |= 1 << number
        if number not in self._dags:
            self._dags[number] = self._dag(self._pool[number])
        return self._dags[number]

    def _values(self, literal: int) -> int:
        """The members of the pool in which a literal holds, as a mask."""
        size, var = len(self._pool), abs(literal)
        everyone = (1 << size) - 1
        if var == TRUE:
            out = everyone
        elif var not in self._parts:
            out = self._true_in[var - TRUE - 1]
        else:
            known_for, out = self._known.get(var, (-1, 0))
            if known_for < size:
                out = 0
                for part in self._parts[var]:
                    out |= self._values(part)
                self._known[var] = size, out
        return out if literal > 0 else out ^ everyone

    def _vary(self) -> None:
        """Let the solver begin with a random order of the variables, so that the pool becomes diverse."""
        rank = list(range(len(self.nodes)))
        self._random.shuffle(rank)
        self._solver.set_phases([v if rank[i] < rank[j] else -v for v, (i, j) in enumerate(self.edges, TRUE + 1)])

    def _choice(self) -> list[bool]:
        model = self._solver.get_model()
        return [TRUE + k < len(model) and model[TRUE + k] > 0 for k in range(len(self.edges))]

    def _dag(self, choice: list[bool]) -> Dag:
        matrix = np.zeros((len(self.nodes), len(self.nodes)), dtype=bool)
        for i, mask in enumerate(self.fixed):
            matrix[i, bits(mask)] = True
        for (i, j), forward in zip(self.edges, choice, strict=True):
            matrix[(i, j) if forward else (j, i)] = True
        return Dag.from_adjacency(matrix, self.nodes)

    def members(self) -> Iterator[Dag]:
        """The members in which all that is given holds, each once: every one found is forbidden from then on."""
        if -TRUE in self.given:
            return
        self._top += 1
        here = self._top  # forbids them in this enumeration only
        try:
            while self._solver.solve(assumptions=[here, *self._assumptions(self.given)]):
                choice = self._choice()
                self._solver.add_clause([-here, *(-v if forward else v for v, forward in enumerate(choice, TRUE + 1))])
                yield self._dag(choice)
        finally:
            self._solver.add_clause([-here])

    def conflict(self, literals: list[int]) -> list[int] | None:
        """The places of some literals that no member has together, none of which can be left out; None if one has."""

        def impossible(some: Iterable[int]) -> bool:
            return not self._solver.solve(assumptions=self._assumptions(literals[k] for k in some))

        return _needed(list(range(len(literals))), impossible) if impossible(range(len(literals))) else None

    def core(self, literal: int) -> list[int]:
        """Of what is given and what a literal means, a smallest part (none can be left out) that no member has."""
        core = self._assumptions([*self.given, literal])
        if -TRUE in core or self._solver.solve(assumptions=core):
            return core
        return _needed(list(self._solver.get_core() or []), lambda rest: not self._solver.solve(assumptions=rest))

    def _assumptions(self, literals: Iterable[int]) -> list[int]:
        """Literals for the solver: the "none of these" are taken apart, the gates left over are written down."""
        out: dict[int, None] = {}
        todo = list(literals)
        while todo:
            literal = todo.pop()
            if literal < 0 and -literal in self._parts:
                todo += [-part for part in self._parts[-literal]]
            elif literal != TRUE:
                self._write(literal)
                out[literal] = None
        return list(out)

    def _write(self, literal: int) -> None:
        var = abs(literal)
        if var in self._parts and var not in self._written:
            self._written.add(var)
            for part in self._parts[var]:
                self._write(part)
                self._solver.add_clause([-part, var])
            self._solver.add_clause([-var, *self._parts[var]])

    def parts_of(self, literal: int) -> list[int]:
        """What a literal is taken apart into when it is put to the solver."""
        return self._assumptions([literal])


def _needed(parts: list[int], impossible: Callable[[list[int]], bool]) -> list[int]:
    """Of some parts that are impossible together, some that are and none of which can be left out."""
    for part in tuple(parts):
        rest = [other for other in parts if other != part]
        if impossible(rest):
            parts = rest
    return parts
