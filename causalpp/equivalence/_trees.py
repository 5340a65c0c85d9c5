"""Chain components that are trees: all there is to know of their orientations, from the sizes of branches.

An orientation without colliders has one root, and in a tree the root directs every edge, away from itself.  So there
are as many orientations as variables, and what holds in them is a matter of which branch the root lies in: no list of
orientations is needed, whose size would grow with the third power of the number of variables.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpp.graphs.cpdag import Matrix

__all__ = ["Tree"]


class Tree:
    """A connected graph of k variables and k - 1 edges, each as likely as the others to be the root.

    Args:
        undirected: symmetric, ``(k, k)``.
    """

    def __init__(self, undirected: Matrix) -> None:
        k = len(undirected)
        near = [np.flatnonzero(row).tolist() for row in undirected]
        self._parent = [-1] * k
        self._order = [0]
        for v in self._order:  # grows as it is gone through
            for w in near[v]:
                if w != self._parent[v]:
                    self._parent[w] = v
                    self._order.append(w)
        self._children = [[w for w in near[v] if w != self._parent[v]] for v in range(k)]
        self._size = np.ones(k, dtype=np.int64)  # of what hangs below each variable, itself included
        for v in reversed(self._order[1:]):
            self._size[self._parent[v]] += self._size[v]

    def edges(self) -> NDArray[np.float64]:
        """The share of the orientations with i → j, ``(k, k)``: those whose root is on the side of i."""
        k = len(self._size)
        out = np.zeros((k, k))
        for v in self._order[1:]:
            below = self._size[v] / k
            out[v, self._parent[v]], out[self._parent[v], v] = below, 1 - below
        return out

    def reached(self, exits: Matrix) -> NDArray[np.float64]:
        """As :meth:`causalpp.equivalence._by_component.Part.reached`: ``(k, d)`` to ``(k, k + d)``.

        A variable reaches all but the branch in which the root lies.
        """
        k = len(self._size)
        own = np.concatenate([np.eye(k, dtype=bool), exits], axis=1)
        below, beside = own.copy(), np.zeros_like(own)  # what hangs below each, and all the rest
        for v in reversed(self._order[1:]):
            below[self._parent[v]] |= below[v]
        for v in self._order:
            rest = beside[v] | own[v]
            for children in (self._children[v], self._children[v][::-1]):  # the siblings before, and those behind
                held = rest.copy()
                for w in children:
                    beside[w] |= held
                    held |= below[w]
        total = np.repeat(below[self._order[:1]].astype(np.float64), k, axis=0)  # the variable itself is the root
        for v in self._order:
            for w in self._children[v]:
                total[v] += self._size[w] * beside[w]
            total[v] += (k - self._size[v]) * below[v]
        total /= k
        total[np.arange(k), np.arange(k)] = 0.0  # nothing is its own ancestor
        return total

    def oriented(self) -> list[tuple[int, float]]:
        """For each variable, how many edges an intervention on it orients: at least, and on average.

        These are all but those within the branch in which the root lies.
        """
        k = len(self._size)
        out = []
        for v in range(k):
            branches = [int(self._size[w]) for w in self._children[v]]
            if self._parent[v] >= 0:
                branches.append(k - int(self._size[v]))
            worst = min((k - size for size in branches), default=0)
            out.append((worst, (k - 1 + sum(size * (k - size) for size in branches)) / k))
        return out
