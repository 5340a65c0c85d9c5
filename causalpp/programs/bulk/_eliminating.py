"""One effect in many graphs under many draws of their tables: variables summed out, one after the other.

From the outcome backwards, f is the mean of what its states count given some variables that are still there.  The next
one to go is one of these that none of the others descends from; its own table, and only that, is multiplied in.  The
variable that is set stays, so that all its levels come out at once.  Graphs whose sums begin alike share the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits
from causalpp.errors import TooLarge
from causalpp.programs.bulk._fits import Fits, unique_rows

__all__ = ["Elimination"]

_MOST = 1 << 16  # joint states of the variables that are there at one time
_CELLS = 1 << 22  # of one such table, under all draws that are looked at together

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Elimination:
    """In which order each of N graphs over d variables is summed out; distinct orders once.

    Attributes:
        fits: of all graphs.
        cards: ``(d,)``, numbers of states.
        offset: ``(F,)``, where a fit's table begins among all cells.
        outcome: the variable whose mean is asked for.
        levels: variable → the states it is set to; what has several is compared, and there is one such at most.
        orders: the fits to be multiplied in, one after the other, of each distinct order.
        of: ``(N,)``, the order of each graph.
        widest: joint states that are there at one time, at most.
    """

    fits: Fits
    cards: _Ints
    offset: _Ints
    outcome: int
    levels: Mapping[int, tuple[int, ...]]
    orders: list[tuple[int, ...]]
    of: _Ints
    widest: float

    @classmethod
    def of_graphs(
        cls,
        adjacency: NDArray[np.bool_],
        fits: Fits,
        cards: _Ints,
        offset: _Ints,
        outcome: int,
        levels: Mapping[int, tuple[int, ...]],
    ) -> Elimination:
        """The orders for graphs of shape ``(N, d, d)``: smallest table first.

        Raises:
            TooLarge: a graph in which more than 65,536 joint states are there at one time.
        """
        steps = adjacency.copy()
        steps[:, :, list(levels)] = False
        needed = np.zeros(steps.shape[:2], dtype=bool)
        needed[:, outcome] = True
        for _ in range(steps.shape[1]):
            needed |= (steps & needed[:, None, :]).any(2)
        needed[:, list(levels)] = False
        first, which = unique_rows(np.where(needed, fits.of + 1, 0), len(fits))
        sets = [sum(1 << int(u) for u in row[:many]) for row, many in zip(fits.parents, fits.many, strict=True)]
        sizes = [len(levels[v]) if v in levels else int(card) for v, card in enumerate(cards)]
        orders: list[tuple[int, ...]] = []
        at: dict[tuple[int, ...], int] = {}
        number, widest = np.empty(len(first), dtype=np.int64), 1.0
        for k, (mine, wanted) in enumerate(zip(fits.of[first].tolist(), needed[first], strict=True)):
            order, width = _order([sets[fit] for fit in mine], np.flatnonzero(wanted).tolist(), outcome, sizes)
            widest = max(widest, width)
            key = tuple(mine[v] for v in order)
            number[k] = at.setdefault(key, len(at))
            if number[k] == len(orders):
                orders.append(key)
        if widest > _MOST:
            raise TooLarge(
                f"{widest:.2g} joint states are summed out at one time, exact answers end at {_MOST:,}: "
                "simulate instead, with samples="
            )
        return cls(fits, cards, offset, outcome, levels, orders, number[which], widest)

    def means(self, counts: _Floats, tables: _Floats) -> _Floats:
        """The mean of what the outcome's states count, at every level of what is compared, ``(N, L, K)``.

        Args:
            counts: of each state of the outcome.
            tables: ``(cells, K)``, the tables one after the other, K draws of them.
        """
        k = tables.shape[1]
        several = max((len(levels) for levels in self.levels.values()), default=1)
        found = np.empty((len(self.orders), several, k))
        part = max(1, int(_CELLS / self.widest))
        for begin in range(0, k, part):
            some = slice(begin, begin + part)
            self._fill(found[:, :, some], counts, np.ascontiguousarray(tables[:, some]))
        return np.asarray(found[self.of])

    def _fill(self, found: _Floats, counts: _Floats, tables: _Floats) -> None:
        """Go through the orders as through a tree, branch by branch."""
        begin: tuple[tuple[int, ...], _Floats] = ((self.outcome,), counts[:, None])
        done: list[tuple[int, ...] | int] = []
        path = [begin]
        for number in sorted(range(len(self.orders)), key=self.orders.__getitem__):
            order = self.orders[number]
            same = 0
            while same < len(done) and same < len(order) and done[same] == order[same]:
                same += 1
            del done[same:], path[same + 1 :]
            for fit in order[same:]:
                path.append(self._summed(*path[-1], fit, tables))
                done.append(fit)
            found[number] = path[-1][1]

    def _summed(self, scope: tuple[int, ...], f: _Floats, fit: int, tables: _Floats) -> tuple[tuple[int, ...], _Floats]:
        """The table of a fit multiplied in and its variable summed out; axes are ascending variables, then draws."""
        v, parents = int(self.fits.variable[fit]), self.fits.parents[fit, : self.fits.many[fit]].tolist()
        shape = [int(self.cards[u]) for u in (*parents, v)]
        at = int(self.offset[fit])
        law = tables[at : at + math.prod(shape)].reshape(*shape, -1)
        there = set(scope) - {v}
        kept = []
        for axis, u in reversed(list(enumerate(parents))):
            levels = self.levels.get(u)
            if levels is not None:
                law = law[(slice(None),) * axis + ((levels[0] if len(levels) == 1 else list(levels)),)]
            if levels is None or len(levels) > 1:
                kept.append(u)
        after = tuple(sorted(there | set(kept)))
        law = _spread(np.moveaxis(law, -2, 0), tuple(reversed(kept)), after)
        before = _spread(np.moveaxis(f, scope.index(v), 0), tuple(u for u in scope if u != v), after)
        out = before[0] * law[0]
        for state in range(1, len(law)):
            out += before[state] * law[state]
        return after, out


def _spread(values: _Floats, have: Sequence[int], want: Sequence[int]) -> _Floats:
    """Values with an axis for each variable that is wanted, between the first axis and the last."""
    place = dict(zip(have, values.shape[1:-1], strict=True))
    return values.reshape(len(values), *(place.get(u, 1) for u in want), values.shape[-1])


def _order(sets: Sequence[int], wanted: Sequence[int], outcome: int, sizes: Sequence[int]) -> tuple[list[int], float]:
    """The variables in the order in which they are summed out, and the joint states that are there at most.

    Args:
        sets: of each variable, the mask of its parents.
        wanted: the outcome and what leads to it, without what is set.
        outcome: the first of them.
        sizes: of each variable, how many of its states take part.
    """
    left = 0
    for v in wanted:
        left |= 1 << v
    waiting = dict.fromkeys(wanted, 0)  # for how many children that are to go before
    for v in wanted:
        for u in bits(sets[v] & left):
            waiting[u] += 1
    scope, out, widest = 1 << outcome, [], 1.0
    while ready := [v for v in bits(scope & left) if not waiting[v]]:
        v = min(ready, key=lambda u: (_joint(scope | sets[u], sizes) / sizes[u], u)) if len(ready) > 1 else ready[0]
        widest = max(widest, _joint(scope | sets[v], sizes))
        scope = (scope | sets[v]) & ~(1 << v)
        left &= ~(1 << v)
        out.append(v)
        for u in bits(sets[v] & left):
            waiting[u] -= 1
    return out, widest


def _joint(scope: int, sizes: Sequence[int]) -> float:
    return math.prod(float(sizes[v]) for v in bits(scope))
