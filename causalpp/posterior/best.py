"""The most probable Dags, one after the other."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from causalpp.posterior.sums import Floats, Masks, within

__all__ = ["best_first"]


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
        size = np.bitwise_count(self.sets)
        self.by_size = [np.flatnonzero(size == k) for k in range(self.d + 1)]
        self.all = np.stack([self._within(v) for v in range(self.d)])

    def _within(self, v: int, gone: Iterable[int] = ()) -> Floats:
        """The largest weight of a family of v whose parents are within each set."""
        out = self.weights[v].copy()
        out[self.sets >> v & 1 == 1] = -np.inf
        out[list(gone)] = -np.inf
        return within(out, np.maximum)

    def best(self, fixed: Sequence[int], gone: Collection[int]) -> tuple[float, tuple[int, ...]] | None:
        """The logarithm of its weight, and the parents of each variable; None if there is no such Dag.

        Args:
            fixed: the parents of the first variables.
            gone: what the parents of the next variable are not.
        """
        inner, next_ = self.all.copy(), len(fixed)
        for v, parents in enumerate(fixed):
            inner[v] = np.where((parents & ~self.sets) == 0, self.weights[v, parents], -np.inf)
        if gone:
            inner[next_] = self._within(next_, gone)
        total = np.full(len(self.sets), -np.inf)
        total[0] = 0.0
        sink: Masks = np.zeros(len(self.sets), dtype=np.int64)
        for sets in self.by_size[1:]:
            for v in range(self.d):
                some = sets[sets >> v & 1 == 1]
                value = total[some ^ 1 << v] + inner[v, some ^ 1 << v]
                better = value > total[some]
                total[some[better]], sink[some[better]] = value[better], v
        if total[-1] == -np.inf:
            return None
        out, left = [*fixed] + [0] * (self.d - next_), len(self.sets) - 1
        while left:
            v = int(sink[left])
            left ^= 1 << v
            if v >= next_:
                inside = self.sets[(self.sets & ~left) == 0]
                if v == next_ and gone:
                    inside = inside[~np.isin(inside, list(gone))]
                out[v] = int(inside[self.weights[v, inside].argmax()])
        return float(total[-1]), tuple(out)
