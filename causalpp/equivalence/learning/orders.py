"""Searches over orders of the variables: BOSS and GRaSP, under background knowledge."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from causalpp._bits import bits, mask_of
from causalpp.equivalence.learning.rules import Rules, causes_first
from causalpp.equivalence.learning.watch import Watch
from causalpp.graphs.cpdag import Matrix
from causalpp.scores import Objective

__all__ = ["Best", "Families", "boss", "grasp", "improved", "matrix_of", "starts"]

_EPS = 1e-6  # a score has to rise by more
_STARTS = 8  # random orders from which a search sets out as well, where there are at most so many variables:
_FEW = 20
_VERY_FEW = 12  # up to here, thrice as many under knowledge, which makes local optima
_DEEP = 3  # tucks that grasp tries one after another before the score has to rise
_ALL = 1 << 14  # families, were all columns like this one, up to which all sets of possible parents are compared
_NODES = 20_000  # tucks that one such attempt may try


class Found(NamedTuple):
    """Good parents among predecessors, and on which of these they rest.

    Attributes:
        parents: a mask.
        score: of the column with them.
        added: what was a parent for some time while they were looked for; other predecessors could as well be missing.
        missed: what would have been one, had it been among the predecessors; any others could as well be.
    """

    parents: int
    score: float
    added: int = -1
    missed: int = -1


class Families:
    """For each column, good parents among those that come before it in an order.

    Grow–shrink from the required parents (as in the trees of Andrews et al., NeurIPS 2023): the parent that helps most
    is added as long as one helps, then the one that is missed least is taken away, and again while that changes
    anything.  Where a column has few possible parents all sets of them are compared, as what no parent tells alone
    several may tell together.  What was found for a set of predecessors is kept.
    """

    def __init__(self, score: Objective, rules: Rules) -> None:
        self.score, self.rules = score, rules
        self._found: list[dict[int, Found]] = [{} for _ in range(score.d)]
        self._next: list[dict[int, list[int]]] = [{} for _ in range(score.d)]
        self._kept: list[dict[int, int]] = [{} for _ in range(score.d)]
        free = (mask & ~needed for mask, needed in zip(rules.allowed, rules.needed))
        self._few = [(1 << mask.bit_count()) * score.d <= _ALL for mask in free]

    def best(self, v: int, before: int) -> Found:
        """The parents of v within a mask."""
        within = before & self.rules.allowed[v]
        found = self._found[v].get(within)
        if found is None and self._few[v]:
            found = self._best_of_all(v, within)
        elif found is None:
            grown, added, missed = self._grown(v, self.rules.needed[v], within)
            parents = self._shrunk(v, grown)
            while parents != grown:  # else nothing more is to be had
                grown, more, lost = self._grown(v, parents, within)
                added, missed = added | more, missed | lost
                again = self._shrunk(v, grown)
                if self.score.of(v, again) <= self.score.of(v, parents) + _EPS:
                    break
                parents = again
            found = Found(parents, self.score.of(v, parents), added, missed & self.rules.allowed[v])
            self._found[v][within] = found
        return found

    def _best_of_all(self, v: int, within: int) -> Found:
        """The best parents of all within a mask, which holds the needed ones or is as good as empty."""
        needed = self.rules.needed[v]
        found = Found(within | needed, self.score.of(v, within | needed))
        for k in bits(within & ~needed):
            smaller = self.best(v, within & ~(1 << k))
            if smaller.score >= found.score:
                found = smaller
        self._found[v][within] = found
        return found

    def _grown(self, v: int, parents: int, within: int) -> tuple[int, int, int]:
        """Parents and more, what was added, and what would have been had it been there."""
        known, added, missed = self._next[v], 0, 0
        while True:
            if parents not in known:
                gains = self.score.gains(v, parents)
                helpful = (gains > _EPS).nonzero()[0]
                known[parents] = helpful[(-gains[helpful]).argsort(kind="stable")].tolist()
            for k in known[parents]:
                if within >> k & 1:
                    parents |= 1 << k
                    added |= 1 << k
                    break
                missed |= 1 << k
            else:
                return parents, added, missed

    def _shrunk(self, v: int, parents: int) -> int:
        known = self._kept[v]
        while True:
            if parents not in known:
                best, value = parents, self.score.of(v, parents) + _EPS
                for k in bits(parents & ~self.rules.needed[v]):
                    without = self.score.of(v, parents & ~(1 << k))
                    if without > value:
                        best, value = parents & ~(1 << k), without
                known[parents] = best
            if known[parents] == parents:
                return parents
            parents = known[parents]

    def along(self, order: Sequence[int]) -> list[Found]:
        """Each column's parents in an order."""
        out, before = [_NONE] * len(order), 0
        for v in order:
            out[v] = self.best(v, before)
            before |= 1 << v
        return out

    def graph(self, order: Sequence[int]) -> tuple[list[int], float]:
        """Each column's mask of parents in an order, and the score of the graph."""
        return graph_of(self.along(order))


_NONE = Found(0, 0.0)


def graph_of(found: Sequence[Found]) -> tuple[list[int], float]:
    """Each column's mask of parents, and the score of the graph."""
    return [one.parents for one in found], sum(one.score for one in found)


class Best:
    """The best graph a search has seen, which is what remains when it is stopped."""

    def __init__(self, watch: Watch, score: Objective, rules: Rules) -> None:
        self.watch, self.score = watch, score
        self.parents = list(rules.needed)
        self.total = score.total(self.parents)
        self._tell()

    def _tell(self) -> None:
        self.watch.score, self.watch.edges = self.total, sum(mask.bit_count() for mask in self.parents)

    def offer(self, parents: Sequence[int], total: float) -> bool:
        """Keep a graph if it is better; says whether."""
        if total <= self.total + _EPS:
            return False
        self.parents, self.total = list(parents), total
        self._tell()
        return True


def matrix_of(parents: Sequence[int]) -> Matrix:
    """A graph given as masks of parents, as an adjacency matrix."""
    out = np.zeros((len(parents), len(parents)), dtype=bool)
    for v, mask in enumerate(parents):
        out[bits(mask), v] = True
    return out


def starts(rules: Rules, draw: random.Random) -> list[list[int]]:
    """The orders a search sets out from: the columns' own as far as the knowledge lets it, and random ones."""
    d = len(rules.required)
    more = 0 if d > _FEW else _STARTS if not rules or d > _VERY_FEW else 3 * _STARTS
    return [rules.start(), *(causes_first(rules.needed, draw.choice) for _ in range(more))]


def improved(families: Families, order: list[int], watch: Watch, best: Best, draw: random.Random, phase: str) -> float:
    """Move single columns to where the score is best until none moves (BOSS); ``order`` is changed in place."""
    found = families.along(order)
    total = graph_of(found)[1]
    while True:
        before = total
        columns = list(order)
        draw.shuffle(columns)
        for number, v in enumerate(columns):
            watch(phase, number, len(columns))
            if _moved(families, order, found, v, total):
                parents, total = graph_of(found)
                best.offer(parents, total)
        if total <= before + _EPS:
            return total


def _moved(families: Families, order: list[int], found: list[Found], v: int, total: float) -> bool:
    """Put v where the score is best, if that is better than where it is; says whether.

    Of every other column it is known what parents it has where v precedes it or does not, so the other way is looked up
    only where v makes a difference.
    """
    rules, bit = families.rules, 1 << v
    at = order.index(v)
    others = order[:at] + order[at + 1 :]
    low, high = 0, len(others)
    if rules:
        for place, k in enumerate(others):
            if rules.needed[v] >> k & 1:
                low = place + 1
            if rules.children[v] >> k & 1:
                high = min(high, place)
    own: list[Found] = []
    without, behind = [found[k] for k in others], [found[k] for k in others]
    prefix, last = 0, None
    for place, k in enumerate(others):
        if low <= place <= high:
            if last is None or last.missed & prefix:
                last = families.best(v, prefix)
            own.append(last)
        # What must follow v, or precede it, is never asked for on the wrong side.
        if place >= at:
            if place < high and without[place].added & bit:
                without[place] = families.best(k, prefix)
        elif place >= low and behind[place].missed & bit:
            behind[place] = families.best(k, prefix | bit)
        prefix |= 1 << k
    if high == len(others):
        own.append(families.best(v, prefix) if last is None or last.missed & prefix else last)
    value = sum(one.score for one in without[:low]) + sum(one.score for one in behind[low:])
    values = []
    for place in range(low, high + 1):
        values.append(value + own[place - low].score)
        if place < high:
            value += without[place].score - behind[place].score
    most = max(values) - _EPS
    place = next(k for k, value in enumerate(values) if value >= most)  # the first of equally good ones
    if values[place] <= total + _EPS:
        return False
    found[v] = own[place]
    place += low
    for k, one in zip(others, without[:place] + behind[place:], strict=True):
        found[k] = one
    order[:] = [*others[:place], v, *others[place:]]
    return True


def boss(score: Objective, rules: Rules, watch: Watch, best: Best, seed: int) -> None:
    """Best order score search (Andrews et al., NeurIPS 2023); the best of several starts where columns are few."""
    draw = random.Random(seed)
    families = Families(score, rules)
    orders = starts(rules, draw)
    for number, order in enumerate(orders, start=1):
        said = f"order {number} of {len(orders)}, variables moved" if len(orders) > 1 else "variables moved"
        improved(families, order, watch, best, draw, said)
        best.offer(*families.graph(order))


def grasp(score: Objective, rules: Rules, watch: Watch, best: Best, seed: int) -> None:
    """Greedy relaxation of the sparsest permutation (Lam, Andrews & Ramsey, UAI 2022); of several starts, as above.

    An edge x → y of an order's graph is tucked by moving y, with its ancestors among what stands between, before x.
    From every order a depth-first search, of up to three tucks that do not lower the score, looks for a better one;
    the first of them may be of any edge, the others of covered ones.  With knowledge, which can keep apart what the
    data would join, any pair may be tucked first, and then any edge, and any pair that may not be joined as it stands.
    """
    draw = random.Random(seed)
    families = Families(score, rules)
    orders = starts(rules, draw)
    for number, order in enumerate(orders, start=1):
        said = f"order {number} of {len(orders)}, edges tucked" if len(orders) > 1 else "edges tucked"
        tucks = _Tucks(families, watch, draw, said)
        found: _Order | None = (order, *families.graph(order))
        while found is not None:
            best.offer(*found[1:])
            found = tucks.better(*found)


_Order = tuple[list[int], list[int], float]  # an order, its graph as masks of parents, and the score of that


class _Tucks:
    """The search for a better order within a few tucks of one, depth first."""

    def __init__(self, families: Families, watch: Watch, draw: random.Random, phase: str) -> None:
        self.families, self.watch, self.draw, self.phase = families, watch, draw, phase
        self._seen: set[tuple[int, ...]] = set()
        self._left = 0

    def better(self, order: list[int], parents: list[int], total: float) -> _Order | None:
        """An order with a better score; None if none is found."""
        self._seen, self._left = {tuple(parents)}, _NODES
        return self._within(_DEEP, order, parents, total)

    def _within(self, depth: int, order: list[int], parents: list[int], total: float) -> _Order | None:
        rules, first, before, edges = self.families.rules, depth == _DEEP, 0, []
        for y in order:
            tucked = parents[y] if not rules else before if first else parents[y] | before & ~rules.allowed[y]
            edges += [(x, y) for x in bits(tucked & ~rules.needed[y])]
            before |= 1 << y
        self.draw.shuffle(edges)
        for number, (x, y) in enumerate(edges):
            if first:
                self.watch(self.phase, number, len(edges))
            elif not rules and parents[y] != parents[x] | 1 << x:
                continue
            if self._left <= 0:
                return None
            self._left -= 1
            tried = _tuck(self.families, order, parents, total, x, y)
            if tried is None:
                continue
            if tried[2] > total + _EPS:
                return tried
            if tried[2] > total - _EPS and depth > 1 and tuple(tried[1]) not in self._seen:
                self._seen.add(tuple(tried[1]))
                if not first:
                    self.watch(self.phase, 0, len(edges))
                deeper = self._within(depth - 1, *tried)
                if deeper is not None:
                    return deeper
        return None


def _tuck(families: Families, order: list[int], parents: list[int], total: float, x: int, y: int) -> _Order | None:
    """The order in which y and its ancestors stand before x; None if a required edge is against it."""
    start, end = order.index(x), order.index(y)
    moved = 1 << y
    for k in reversed(order[start + 1 : end]):
        if any(moved >> child & 1 and parents[child] >> k & 1 for child in order[start + 1 : end + 1]):
            moved |= 1 << k
    if moved & families.rules.children[x]:
        return None
    middle = order[start : end + 1]
    middle = [k for k in middle if moved >> k & 1] + [k for k in middle if not moved >> k & 1]
    out = list(parents)
    before = mask_of(order[:start])
    for k in middle:
        found = families.best(k, before)
        out[k] = found.parents
        total += found.score - families.score.of(k, parents[k])
        before |= 1 << k
    return order[:start] + middle + order[end + 1 :], out, total
