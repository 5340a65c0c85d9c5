"""Greedy equivalence search under background knowledge."""

from __future__ import annotations

import random
from collections.abc import Iterator

from causalpp._bits import bits, masks_of, spread
from causalpp.equivalence.learning.orders import Best, Families, improved, matrix_of, starts
from causalpp.equivalence.learning.rules import Rules, causes_first
from causalpp.equivalence.learning.watch import Watch
from causalpp.graphs.cpdag import Matrix, extension
from causalpp.scores import Objective

__all__ = ["ges"]

_EPS = 1e-9
_MANY = 10  # neighbours up to which every subset is tried …
_SUBSET = 3  # … and of more, those of so many
_Change = tuple[float, int, int, int]  # the gain, x, y, and the neighbours of y that the change directs or lets go


def ges(score: Objective, rules: Rules, watch: Watch, best: Best, seed: int) -> None:
    """Greedy equivalence search (Chickering, JMLR 3, 2002), among the classes that agree with the knowledge.

    Edges are added to the class, the one that helps most first, until none helps; then edges are taken away.  With
    knowledge, the state is what it leaves of a class (an MPDAG), a change that it rules out is not made, and every gain
    is checked on the graph that results.  The theorem that no optimum is missed then no longer holds, so the result is
    improved by moves of single variables in its order, as boss makes them (from random orders too, where variables are
    few), and by adding and taking away once more, until nothing helps.
    """
    search = _Greedy(score, rules, watch, best)
    search.climb()
    if not rules:
        return
    draw = random.Random(seed)
    families = Families(score, rules)
    orders = [causes_first(best.parents), *starts(rules, draw)[1:]]
    while True:
        before = best.total
        for order in orders:
            improved(families, order, watch, best, draw, "variables moved")
            best.offer(*families.graph(order))
        if best.total <= before + 1e-6:
            return
        search.set(matrix_of(best.parents))
        search.climb()
        orders = [causes_first(best.parents)]


class _Greedy:
    """A class, as masks: parents, neighbours (undirected), and all that are joined to each column."""

    def __init__(self, score: Objective, rules: Rules, watch: Watch, best: Best) -> None:
        self.score, self.rules, self.watch, self.best = score, rules, watch, best
        self._known: list[dict[object, list[_Change]]] = [{}, {}]
        self.changes = 0
        self.set(matrix_of(best.parents))

    def set(self, dag: Matrix) -> None:
        """Stand at the class of a Dag that agrees with the knowledge."""
        self.matrix = self.rules.completed(dag)
        directed = self.matrix & ~self.matrix.T
        both = self.matrix & self.matrix.T
        self.parents, self.near, self.out = masks_of(directed.T), masks_of(both), masks_of(self.matrix)
        self.joined = masks_of(self.matrix | self.matrix.T)
        self.total = self.score.total(masks_of(dag.T))

    def climb(self) -> None:
        """Add edges as long as one helps, then take edges away, and both again while that changes the score."""
        while True:
            before = self.total
            for adding in (True, False):
                while self._step(adding):
                    pass
            if not self.rules or self.total <= before + 1e-6:
                return

    def _step(self, adding: bool) -> bool:
        """Make the best change there is; says whether there was one."""
        d = self.score.d
        found: list[_Change] = []
        for y in range(d):
            found += self._changes(y, adding)
        found.sort(key=lambda change: (-change[0], change[1:]))
        phase = "edges added" if adding else "edges taken away"
        self.watch(phase, self.changes, self.changes + min(len(found), d))
        for change in found:
            dag = self._made(change, adding)
            if dag is None:
                continue
            parents = masks_of(dag.T)
            total = self.score.total(parents)
            if total <= self.total + _EPS:
                continue  # can be under knowledge alone: the gain was that of another member
            self.set(dag)
            self.changes += 1
            self.best.offer(parents, total)
            return True
        return False

    def _changes(self, y: int, adding: bool) -> list[_Change]:
        """The changes at y that help, kept by what they depend on: parents, neighbours, and whom they know."""
        near = self.near[y]
        key = (y, self.parents[y], near, self.joined[y], tuple(self.joined[k] for k in bits(near)))
        known = self._known[adding]
        if key not in known:
            self.watch("changes scored", self.changes, self.changes + self.score.d)
            known[key] = list(self._additions(y) if adding else self._deletions(y))
        return known[key]

    def _additions(self, y: int) -> Iterator[_Change]:
        score, near = self.score, self.near[y]
        for x in bits(self.rules.allowed[y] & ~self.joined[y]):
            common = near & self.joined[x]
            if not self._clique(common):
                continue
            for extra in self._cliques(common, near & ~self.joined[x]):
                gain = float(score.gains(y, self.parents[y] | common | extra)[x])
                if gain > _EPS:
                    yield gain, x, y, extra

    def _deletions(self, y: int) -> Iterator[_Change]:
        score, near = self.score, self.near[y]
        needed = self.rules.needed[y] | self.rules.children[y]
        for x in bits((self.parents[y] | near) & ~needed):
            common = near & self.joined[x]
            for stay in self._cliques(0, common):
                rest = (self.parents[y] | stay) & ~(1 << x)
                gain = score.of(y, rest) - score.of(y, rest | 1 << x)
                if gain > _EPS:
                    yield gain, x, y, common & ~stay

    def _clique(self, mask: int) -> bool:
        return all(not mask & ~self.joined[k] & ~(1 << k) for k in bits(mask))

    def _cliques(self, base: int, more: int) -> Iterator[int]:
        """Subsets of ``more`` that are a clique together with ``base``, the empty one first."""
        most = _SUBSET if more.bit_count() > _MANY else _MANY

        def grown(chosen: int, left: int) -> Iterator[int]:
            yield chosen
            if chosen.bit_count() >= most:
                return
            for k in bits(left):
                left &= ~(1 << k)
                if not (base | chosen) & ~self.joined[k]:
                    yield from grown(chosen | 1 << k, left)

        yield from grown(0, more)

    def _made(self, change: _Change, adding: bool) -> Matrix | None:
        """A Dag of the class that a change leads to; None if it leads to none."""
        _, x, y, some = change
        out = self.matrix.copy()
        if adding:
            blocked = self.near[y] & self.joined[x] | some
            if spread(1 << y, self.out, ~blocked) >> x & 1:  # a path back, no edge of it directed backwards
                return None
            out[x, y] = True
            out[y, bits(some)] = False
        else:
            out[x, y] = out[y, x] = False
            for k in bits(some):
                out[k, y] = False
                if out[x, k]:
                    out[k, x] = False
        return extension(out)
