"""The search for classes that agree with independence statements by a SAT solver over graphs.

d-separation is encoded as reachability along active trails (Hyttinen, Eberhardt & Järvisalo, *Constraint-based
causal discovery: conflict resolution with answer set programming*, UAI 2014).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from causalpp._bits import bits
from causalpp.equivalence.statements.facts import EVER, Separations, Test
from causalpp.errors import TooLarge
from causalpp.graphs.cpdag import Matrix

__all__ = ["Solver"]

_EFFORT = 100_000  # conflicts of one call of the solver


class Solver:
    """Search among all graphs over d variables: Booleans for edges, an order and ancestors.

    Tests are encoded when a graph found contradicts them, each behind a literal of its own.  Ancestors need no
    levels, since their recursion follows the order; trails do.
    """

    def __init__(self, d: int) -> None:
        from pysat.solvers import Glucose4

        self._d = d
        self._solver: Any = Glucose4()
        self._top = 0
        self._edge: dict[tuple[int, int], int] = {}
        self._ancestor: dict[tuple[int, int], int] = {}
        self._adjacent: dict[tuple[int, int], int] = {}
        self._collider: dict[Test, int] = {}
        self._opened: dict[int, dict[int, int | None]] = {}
        self._literal: dict[tuple[Test, bool], int] = {}
        self._graphs()

    def _new(self) -> int:
        self._top += 1
        return self._top

    def _add(self, *clause: int) -> None:
        self._solver.add_clause(clause)

    def _graphs(self) -> None:
        rows = range(self._d)
        before: dict[tuple[int, int], int] = {}
        for i, j in combinations(rows, 2):
            before[i, j] = self._new()
            before[j, i] = -before[i, j]
        ordered = [(i, j) for i in rows for j in rows if i != j]
        for i, j in ordered:
            self._edge[i, j], self._ancestor[i, j] = self._new(), self._new()
        for i, j in ordered:
            edge, ancestor = self._edge[i, j], self._ancestor[i, j]
            self._add(-edge, ancestor)
            self._add(-ancestor, before[i, j])
            ways = [edge]
            for k in rows:
                if k in (i, j):
                    continue
                self._add(-before[i, k], -before[k, j], before[i, j])
                self._add(-self._edge[i, k], -self._ancestor[k, j], ancestor)
                ways.append(self._both(self._edge[i, k], self._ancestor[k, j]))
            self._add(-ancestor, *ways)
        for i, j in combinations(rows, 2):
            joined = self._adjacent[i, j] = self._new()
            self._add(-joined, self._edge[i, j], self._edge[j, i])
            for one in (self._edge[i, j], self._edge[j, i]):
                self._add(joined, -one)
            for k in rows:
                if k not in (i, j):
                    collider = self._collider[i, j, k] = self._new()
                    parts = (self._edge[i, k], self._edge[j, k], -joined)
                    self._add(collider, *(-part for part in parts))
                    for part in parts:
                        self._add(-collider, part)

    def _both(self, *literals: int) -> int:
        """A literal that implies the given ones."""
        out = self._new()
        for literal in literals:
            self._add(-out, literal)
        return out

    def _open(self, given: int) -> dict[int, int | None]:
        """Which variables, as colliders, let a trail through: a literal, or None for the given ones themselves."""
        if given not in self._opened:
            found: dict[int, int | None] = {}
            for v in range(self._d):
                if given >> v & 1:
                    found[v] = None
                    continue
                found[v] = literal = self._new()
                above = [self._ancestor[v, z] for z in bits(given)]
                self._add(-literal, *above)
                for one in above:
                    self._add(literal, -one)
            self._opened[given] = found
        return self._opened[given]

    def _encode(self, test: Test, independent: bool) -> int:
        key = test, independent
        if key not in self._literal and test[2] == EVER:
            edge = self._adjacent[test[:2]]
            self._literal[key] = -edge if independent else edge
        elif key not in self._literal:
            self._literal[key] = self._separated(test) if independent else self._connected(test)
        return self._literal[key]

    def _separated(self, test: Test) -> int:
        """A literal under which everything a trail reaches is marked, and the goal is not."""
        start, goal, given = test
        rows = range(self._d)
        claim, opened = self._new(), self._open(given)
        up, down = [self._new() for _ in rows], [self._new() for _ in rows]
        self._add(-claim, up[start])
        self._add(-claim, -up[goal])
        self._add(-claim, -down[goal])
        for v in rows:
            for w in rows:
                if v == w:
                    continue
                forth, back = self._edge[v, w], self._edge[w, v]
                through = opened[v]
                if through is None:
                    self._add(-down[v], -back, up[w])
                    continue
                self._add(-down[v], -through, -back, up[w])
                self._add(-down[v], -forth, down[w])
                self._add(-up[v], -forth, down[w])
                self._add(-up[v], -back, up[w])
        return claim

    def _connected(self, test: Test) -> int:
        """A literal under which a trail of at most d − 1 edges leads to the goal, step by step."""
        start, goal, given = test
        rows = range(self._d)
        claim, opened = self._new(), self._open(given)
        up: dict[int, int] = {}
        down: dict[int, int] = {}
        begin = self._new()
        up[start] = begin
        for _ in range(self._d - 1):
            ways_up: dict[int, list[int]] = {v: [up[v]] for v in up}
            ways_down: dict[int, list[int]] = {v: [down[v]] for v in down}
            for v in rows:
                here = [state[v] for state in (up, down) if v in state]
                if not here:
                    continue
                through = opened[v]
                backward = []  # states from which a trail may go on to a parent
                if through is None:
                    backward = [down[v]] if v in down else []
                else:
                    backward = [up[v]] if v in up else []
                    if v in down:
                        backward.append(self._both(down[v], through))
                for w in rows:
                    if w == v:
                        continue
                    if through is not None:
                        step = self._both(self._edge[v, w])
                        self._add(-step, *here)
                        ways_down.setdefault(w, []).append(step)
                    if backward:
                        step = self._both(self._edge[w, v])
                        self._add(-step, *backward)
                        ways_up.setdefault(w, []).append(step)
            up, down = self._supported(ways_up), self._supported(ways_down)
        self._add(-claim, *(state[goal] for state in (up, down) if goal in state))
        return claim

    def _supported(self, ways: dict[int, list[int]]) -> dict[int, int]:
        out = {}
        for v, reasons in ways.items():
            out[v] = self._new()
            self._add(-out[v], *reasons)
        return out

    def _solve(self, facts: Mapping[Test, bool], *also: int) -> Matrix | set[int]:
        """A graph in which the facts hold, or literals that exclude each other."""
        while True:
            assumed = [self._literal[item] for item in facts.items() if item in self._literal]
            self._solver.conf_budget(_EFFORT)
            answer = self._solver.solve_limited(assumptions=[*also, *assumed])
            if answer is None:
                raise TooLarge(
                    f"what these statements about {self._d} variables determine was not found in reasonable time: "
                    "add the statements that determining_statements would list, or pass complete=True"
                )
            if not answer:
                return set(self._solver.get_core() or ())
            model = set(self._solver.get_model())
            out = np.zeros((self._d, self._d), dtype=bool)
            for pair, edge in self._edge.items():
                out[pair] = edge in model
            separated = Separations(out)
            wrong = [item for item in facts.items() if separated(item[0]) != item[1]]
            if not wrong:
                return out
            wrong.sort(key=lambda item: (not item[1], item[0][2].bit_count()))
            for test, independent in wrong[:4]:
                self._encode(test, independent)

    def core(self, facts: Mapping[Test, bool]) -> dict[Test, bool] | None:
        """None if some class agrees, else facts that exclude each other."""
        found = self._solve(facts)
        if not isinstance(found, set):
            return None
        return {test: value for test, value in facts.items() if self._literal.get((test, value)) in found}

    def dags(self, facts: Mapping[Test, bool]) -> Iterator[Matrix]:
        """A Dag of every class that agrees, one after the other."""
        others = self._new()
        while not isinstance(found := self._solve(facts, others), set):
            yield found
            joined = found | found.T
            clause = [-lit if joined[i, j] else lit for (i, j), lit in self._adjacent.items()]
            for (i, j, k), lit in self._collider.items():
                if joined[i, k] and joined[j, k] and not joined[i, j]:
                    clause.append(-lit if found[i, k] and found[j, k] else lit)
            self._add(-others, *clause)

    def joined(self, facts: Mapping[Test, bool], i: int, j: int) -> set[bool]:
        """Whether the two are joined in some agreeing class, and whether they are not in some."""
        literal = self._adjacent[i, j]
        return {yes for yes in (True, False) if not isinstance(self._solve(facts, literal if yes else -literal), set)}
