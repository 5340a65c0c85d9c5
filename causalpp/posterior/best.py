"""The most probable Dags, one after the other."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from causalpp.posterior.sums import Floats, Masks, within

__all__ = ["best_first"]

_KEPT = 1 << 23  # numbers that are kept to be asked for again


def best_first(weights: Floats) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Every Dag of positive weight, the heaviest first: the logarithm of its weight, and the parents of each variable.

    The heaviest of all is found by dynamic programming over sets (Silander & Myllymäki, UAI 2006).  What is left when
    one is taken out falls into d parts: those that have the same parents as it up to a variable, and others there; the
    heaviest of each part is found in the same way (Lawler, Management Science 18, 1972).

    Args:
        weights: the logarithm of the weight of each family, shape ``(d, 2^d)``; see :class:`Sums`.

    Example:
        >>> weights = np.log([[0.5, 0.0, 0.3, 0.0], [0.6, 0.1, 0.0, 0.0]], where=[[1, 0, 1, 0], [1, 1, 0, 0]],
        ...                  out=np.full((2, 4), -np.inf))
        >>> [(round(float(np.exp(value)), 2), parents) for value, parents in best_first(weights)]
        [(0.3, (0, 0)), (0.18, (2, 0)), (0.05, (0, 1))]
    """
    search = _Search(weights)
    count = itertools.count()  # of equals, the first found
    first = search.best((), ())
    heap = [] if first is None else [(-first[0], next(count), first[1], 0, frozenset[int]())]
    while heap:
        value, _, parents, fixed, without = heapq.heappop(heap)
        yield -value, parents
        for v in range(fixed, len(weights)):
            gone = without | {parents[v]} if v == fixed else frozenset({parents[v]})
            found = search.best(parents[:v], gone)
            if found is not None:
                heapq.heappush(heap, (-found[0], next(count), found[1], v, gone))


class _Search:
    """The heaviest Dag among those whose first families are fixed, and whose next is none of some."""

    def __init__(self, weights: Floats) -> None:
        self.weights, self.d = weights, len(weights)
        self.sets = np.arange(weights.shape[1])
        self.all = np.stack([self._within(v) for v in range(self.d)])
        self.kept: dict[tuple[int, Collection[int]], Floats] = {}

    def _within(self, v: int, gone: Iterable[int] = ()) -> Floats:
        """The largest weight of a family of v whose parents are within each set."""
        out = self.weights[v].copy()
        out[self.sets >> v & 1 == 1] = -np.inf
        out[list(gone)] = -np.inf
        return within(out, np.maximum)

    def _without(self, v: int, gone: Collection[int]) -> Floats:
        """The same without some families, of which one or the other is asked for again and again."""
        if (v, gone) not in self.kept:
            while len(self.kept) * len(self.sets) >= _KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[v, gone] = self._within(v, gone)
        return self.kept[v, gone]

    def best(self, fixed: Sequence[int], gone: Collection[int]) -> tuple[float, tuple[int, ...]] | None:
        """The logarithm of its weight, and the parents of each variable; None if there is no such Dag.

        Only the variables that are not fixed are put in order: one that is stands as soon as its parents do.

        Args:
            fixed: the parents of the first variables, which are without cycles.
            gone: what the parents of the next variable are not.
        """
        next_ = len(fixed)
        free = self.d - next_
        some = self.sets[: 1 << free]  # the variables from the next on
        there = self._closed(fixed, some << next_)
        total = np.full(len(some), -np.inf)
        total[0] = sum(float(self.weights[v, parents]) for v, parents in enumerate(fixed))
        sink: Masks = np.zeros(len(some), dtype=np.int64)
        inner = [self.all[v][there] for v in range(next_, self.d)]
        if gone:
            inner[0] = self._without(next_, gone)[there]
        size = np.bitwise_count(some)
        for k in range(1, free + 1):
            sets = np.flatnonzero(size == k)
            for bit in range(free):
                here = sets[sets >> bit & 1 == 1]
                value = total[here ^ 1 << bit] + inner[bit][here ^ 1 << bit]
                better = value > total[here]
                total[here[better]], sink[here[better]] = value[better], bit
        if total[-1] == -np.inf or there[-1] != len(self.sets) - 1:
            return None
        out, left = [*fixed] + [0] * free, len(some) - 1
        while left:
            bit = int(sink[left])
            left ^= 1 << bit
            v = next_ + bit
            inside = self.sets[(self.sets & ~there[left]) == 0]
            if v == next_ and gone:
                inside = inside[~np.isin(inside, list(gone))]
            out[v] = int(inside[self.weights[v, inside].argmax()])
        return float(total[-1]), tuple(out)

    def _closed(self, fixed: Sequence[int], sets: Masks) -> Masks:
        """Sets with all variables whose parents are fixed and stand in them, one after the other."""
        out, left = sets.copy(), dict(enumerate(fixed))
        while left:
            first = next(v for v, parents in left.items() if not any(parents >> u & 1 for u in left))
            parents = left.pop(first)
            out |= np.where(parents & ~out == 0, 1 << first, 0)
        return out
