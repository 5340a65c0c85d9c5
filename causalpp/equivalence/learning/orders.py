"""Searches over orders of the variables: BOSS and GRaSP, under background knowledge."""

from __future__ import annotations

import random
from collections.abc import Sequence

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


class Families:
    """For each column, good parents among those that come before it in an order.

    Grow–shrink from the required parents (as in the trees of Andrews et al., NeurIPS 2023): the parent that helps most
    is added as long as one helps, then the one that is missed least is taken away, and again while that changes
    anything.  Where a column has few possible parents all sets of them are compared, as what no parent tells alone
    several may tell together.  What was found for a set of predecessors is kept.
    """

    def __init__(self, score: Objective, rules: Rules) -> None:
        self.score, self.rules = score, rules
        self._found: list[dict[int, tuple[int, float]]] = [{} for _ in range(score.d)]
        self._next: list[dict[int, list[int]]] = [{} for _ in range(score.d)]
        self._kept: list[dict[int, int]] = [{} for _ in range(score.d)]
        free = (mask & ~needed for mask, needed in zip(rules.allowed, rules.needed))
        self._few = [(1 << mask.bit_count()) * score.d <= _ALL for mask in free]

    def best(self, v: int, before: int) -> tuple[int, float]:
        """A mask of parents of v within a mask, and the score of v with them."""
        within = before & self.rules.allowed[v]
        found = self._found[v].get(within)
        if found is None and self._few[v]:
            found = self._best_of_all(v, within)
        elif found is None:
            parents = self._shrunk(v, self._grown(v, self.rules.needed[v], within))
            while True:
                again = self._shrunk(v, self._grown(v, parents, within))
                if self.score.of(v, again) <= self.score.of(v, parents) + _EPS:
                    break
                parents = again
            found = parents, self.score.of(v, parents)
            self._found[v][within] = found
        return found

    def _best_of_all(self, v: int, within: int) -> tuple[int, float]:
        """The best parents of all within a mask, which holds the needed ones or is as good as empty."""
        needed = self.rules.needed[v]
        found = within | needed, self.score.of(v, within | needed)
        for k in bits(within & ~needed):
            smaller = self.best(v, within & ~(1 << k))
            if smaller[1] >= found[1]:
                found = smaller
        self._found[v][within] = found
        return found

    def _grown(self, v: int, parents: int, within: int) -> int:
        known = self._next[v]
        while True:
            if parents not in known:
                gains = self.score.gains(v, parents)
                helpful = np.flatnonzero(gains > _EPS)
                known[parents] = helpful[np.argsort(-gains[helpful], kind="stable")].tolist()
            for k in known[parents]:
                if within >> k & 1:
                    parents |= 1 << k
                    break
            else:
                return parents

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

    def graph(self, order: Sequence[int]) -> tuple[list[int], float]:
        """Each column's mask of parents in an order, and the score of the graph."""
        out, total, before = [0] * len(order), 0.0, 0
        for v in order:
            out[v], value = self.best(v, before)
            total += value
            before |= 1 << v
        return out, total


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
    rules = families.rules
    total = families.graph(order)[1]
    while True:
        before = total
        columns = list(order)
        draw.shuffle(columns)
        for number, v in enumerate(columns):
            watch(phase, number, len(columns))
            after = _moved(families, rules, order, v, total)
            if after > total:
                total = after
                best.offer(*families.graph(order))
        if total <= before + _EPS:
            return total


def _moved(families: Families, rules: Rules, order: list[int], v: int, total: float) -> float:
    """Put v where the score is best, if that is better than where it is."""
    others = [k for k in order if k != v]
    bit = 1 << v
    low, high = 0, len(others)
    for place, k in enumerate(others):
        if rules.needed[v] >> k & 1:
            low = place + 1
        if rules.children[v] >> k & 1:
            high = min(high, place)
    own, without, behind, prefix = [], [], [], 0
    for place in range(len(others) + 1):
        own.append(families.best(v, prefix)[1] if low <= place <= high else -np.inf)
        if place < len(others):
            k = others[place]
            # What must follow v, or precede it, is never asked for on the wrong side.
            without.append(families.best(k, prefix)[1] if place < high else 0.0)
            behind.append(families.best(k, prefix | bit)[1] if place >= low else 0.0)
            prefix |= 1 << k
    value = np.array(own)
    value += np.concatenate([[0.0], np.cumsum(without)])
    value += sum(behind) - np.concatenate([[0.0], np.cumsum(behind)])
    place = int(np.argmax(value >= value.max() - _EPS))  # the first of equally good ones, whatever was rounded
    if value[place] <= total + _EPS:
        return total
    others.insert(place, v)
    order[:] = others
    return float(value[place])


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
        out[k], value = families.best(k, before)
        total += value - families.score.of(k, parents[k])
        before |= 1 << k
    return order[:start] + middle + order[end + 1 :], out, total
