"""What a batch of programs has in common: a variable with the same parents is fitted once, and drawn once.

Under noise that all graphs share, a variable's column of draws is a function of its ancestors' subgraph alone.
Graphs that agree on it, and the arms of a contrast that do not reach it, have the column in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fits", "Level", "Plan", "plan", "unique_fits", "unique_rows"]

_Ints = NDArray[np.int64]
_Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Fits:
    """The distinct pairs (variable, parents) of N graphs over d variables; there are F.

    They are in order of the number of parents, then of the variable, so that work of one shape lies together.

    Attributes:
        variable: ``(F,)``.
        parents: ``(F, k)``, the parents in the order of the nodes, then d in every unused place.
        many: ``(F,)``, the number of parents.
        of: ``(N, d)``, which fit a variable has in a graph.
    """

    variable: _Ints
    parents: _Ints
    many: _Ints
    of: _Ints

    def __len__(self) -> int:
        return len(self.variable)


def unique_rows(rows: NDArray[Any], bound: int) -> tuple[_Ints, _Ints]:
    """The first occurrence of each distinct row, and which of these a row is; entries are 0 … ``bound``.

    >>> first, which = unique_rows(np.array([[2, 1], [0, 1], [2, 1]]), 2)
    >>> first.tolist(), which.tolist()
    ([1, 0], [1, 0, 1])
    """
    key, used, bits = np.zeros(len(rows), dtype=np.int64), 0, max(1, int(bound).bit_length())
    for column in rows.T:
        if used + bits > 62:  # the columns so far become one number
            key = np.unique(key, return_inverse=True)[1]
            used = len(key).bit_length()
        key = (key << bits) | column
        used += bits
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return first, which


def unique_fits(adjacency: _Bools) -> Fits:
    """Every (variable, parents) that occurs in graphs of shape ``(N, d, d)``, once.

    >>> chain, fork = [[0, 1, 0], [0, 0, 1], [0, 0, 0]], [[0, 1, 1], [0, 0, 0], [0, 0, 0]]
    >>> fits = unique_fits(np.array([chain, fork], dtype=bool))
    >>> len(fits), fits.parents[fits.of[:, 2]].tolist()
    (4, [[1], [0]])
    """
    n, d = adjacency.shape[:2]
    sets = adjacency.transpose(0, 2, 1).reshape(n * d, d)
    variable = np.tile(np.arange(d), n)
    rows = np.column_stack([sets.sum(1), variable, np.packbits(sets, axis=1)])
    first, which = unique_rows(rows, max(255, d))
    chosen = sets[first]
    many = chosen.sum(1).astype(np.int64)
    most = int(many.max(initial=0))
    parents = np.argsort(~chosen, axis=1, kind="stable")[:, :most].astype(np.int64)
    parents[np.arange(most) >= many[:, None]] = d
    return Fits(variable[first], parents, many, which.reshape(n, d))


@dataclass(frozen=True)
class Level:
    """Columns whose parents are all among earlier ones.

    Attributes:
        start: the number of the first; the others follow.
        fit: ``(T,)``, the fit each is drawn from, ascending.
        parents: ``(T, k)``, the columns of the parents in the fit's order; column 0 in unused places.
    """

    start: int
    fit: _Ints
    parents: _Ints


@dataclass(frozen=True)
class Plan:
    """Which columns to draw, and where every graph finds its own.

    Attributes:
        constants: column → state, of what is set; column 0 is there to fill unused places.
        levels: the columns to draw, in this order.
        column: ``(A, G, d)``, the column of a variable in an arm and graph; −1 where it is not needed.
        size: the number of columns.
    """

    constants: dict[int, int]
    levels: tuple[Level, ...]
    column: _Ints
    size: int


def plan(
    adjacency: _Bools, fits: Fits, of: _Ints, arms: Sequence[Mapping[int, int]], outcomes: Sequence[int] | None
) -> Plan:
    """The distinct columns of G graphs, shape ``(G, d, d)``, in A arms.

    Args:
        adjacency: the graphs.
        fits: of the whole batch.
        of: ``(G, d)``, their fits.
        arms: what is set in each: variable → state.
        outcomes: the variables wanted, with what leads to them; None for all.
    """
    count, d = of.shape
    steps = np.broadcast_to(adjacency, (len(arms), count, d, d)).copy()
    column = np.full((len(arms), count, d), -1, dtype=np.int64)
    constants: dict[int, int] = {0: 0}
    known: dict[tuple[int, int], int] = {}
    for arm, values in enumerate(arms):
        for v, value in values.items():
            steps[arm, :, :, v] = False
            at = known.setdefault((v, value), len(known) + 1)
            constants[at] = value
            column[arm, :, v] = at
    steps = steps.reshape(-1, d, d)
    flat = column.reshape(-1, d)  # a view
    fit = np.broadcast_to(of, (len(arms), count, d)).reshape(-1, d)
    wanted = np.ones(flat.shape, dtype=bool) if outcomes is None else _ancestral(steps, outcomes)
    size, levels = len(constants), []
    slots = fits.parents.shape[1]
    waiting = wanted & (flat < 0)
    while waiting.any():
        blocked = (steps & waiting[:, :, None]).any(1)
        ready = waiting & ~blocked
        graph = np.nonzero(ready)[0]
        which = fit[ready]
        read = fits.parents[which]
        parents = np.where(read < d, flat[graph[:, None], np.minimum(read, d - 1)], 0)
        first, inverse = unique_rows(np.column_stack([which, parents]), max(size, len(fits)))
        flat[ready] = size + inverse
        waiting &= ~ready
        levels.append(Level(size, which[first], parents[first].reshape(len(first), slots)))
        size += len(first)
    return Plan(constants, tuple(levels), column, size)


def _ancestral(steps: _Bools, outcomes: Sequence[int]) -> _Bools:
    """``(G, d)``: the outcomes and their ancestors."""
    wanted = np.zeros(steps.shape[:2], dtype=bool)
    wanted[:, list(outcomes)] = True
    while True:
        more = wanted | (steps & wanted[:, None, :]).any(2)
        if (more == wanted).all():
            return wanted
        wanted = more
