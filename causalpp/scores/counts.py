"""How often joint states of discrete columns occur: rows as bits where the states are few, numbers elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts"]

Bits = NDArray[np.uint64]
Numbers = NDArray[np.int64]

_CELLS = 256  # joint states up to which rows are counted as bits
_KEPT = 1 << 23  # words of bits that are kept for the next question


class Counts:
    """Counts of joint states; a row in which a column asked for is missing is not counted.

    Args:
        codes: the columns' states, shape ``(columns, rows)``, −1 where missing.
        states: how many states each column has.
    """

    def __init__(self, codes: Numbers, states: Sequence[int]) -> None:
        self.codes, self.states = codes, [int(number) for number in states]
        self.rows = codes.shape[1]
        self.gaps: NDArray[np.bool_] = np.any(codes < 0, axis=1)
        self._bits: list[Bits | None] = [None] * len(codes)
        self._cells: dict[tuple[int, ...], Bits] = {}
        self._numbered: dict[tuple[int, ...], tuple[Numbers, int]] = {}
        self._held = 0
        self._fast = hasattr(np, "bitwise_count")  # NumPy 2

    def joint(self, given: Sequence[int], *columns: int) -> Numbers:
        """The counts of some columns in every joint state of others, shape ``(joint states, states, …)``.

        Joint states that do not occur may be left out.
        """
        shape = [self.states[k] for k in columns]
        if self._few([*given, *columns]):
            last = self._of(columns[-1])
            cells = self.cells((*given, *columns[:-1]))
            return _counted(cells[:, None] & last).reshape(-1, *shape)
        group, number = self._groups(tuple(given))
        kept = None
        if self.gaps[[*given, *columns]].any():
            kept = np.flatnonzero((self.codes[[*given, *columns]] >= 0).all(0))
        cell = group if kept is None else group[kept]
        for k in columns:
            code = self.codes[k] if kept is None else self.codes[k][kept]
            cell = cell * self.states[k] + code
        return np.bincount(cell, minlength=number * int(np.prod(shape))).reshape(-1, *shape)

    def _few(self, columns: Sequence[int]) -> bool:
        return self._fast and math.prod(self.states[k] for k in columns) <= _CELLS

    def _of(self, column: int) -> Bits:
        """Each state of a column: which rows are in it, 64 to a number."""
        known = self._bits[column]
        if known is None:
            hot = self.codes[column] == np.arange(self.states[column])[:, None]
            packed = np.packbits(hot, axis=1)
            wide = np.zeros((len(packed), -(-self.rows // 64) * 8), dtype=np.uint8)
            wide[:, : packed.shape[1]] = packed
            known = self._bits[column] = wide.view(np.uint64)
        return known

    def cells(self, columns: tuple[int, ...]) -> Bits:
        """Each joint state of some columns, the last varying fastest: which rows are in it."""
        if not columns:
            return np.full((1, -(-self.rows // 64)), np.iinfo(np.uint64).max, dtype=np.uint64)
        if len(columns) == 1:
            return self._of(columns[0])
        if columns not in self._cells:
            found = (self.cells(columns[:-1])[:, None] & self._of(columns[-1])).reshape(-1, -(-self.rows // 64))
            if self._held + found.size > _KEPT:
                self._cells.clear()
                self._held = 0
            self._cells[columns] = found
            self._held += found.size
        return self._cells[columns]

    def _groups(self, columns: tuple[int, ...]) -> tuple[Numbers, int]:
        """The number of the joint state that each row is in, and how many numbers there are."""
        if columns not in self._numbered:
            if len(self._numbered) * self.rows > _KEPT:
                self._numbered.clear()
            out, number = np.zeros(self.rows, dtype=np.int64), 1
            for k in columns:
                out, number = out * self.states[k] + self.codes[k], number * self.states[k]
                if number > max(1 << 16, 4 * self.rows):  # most do not occur: number those that do
                    seen, out = np.unique(out, return_inverse=True)
                    number = len(seen)
            self._numbered[columns] = out, number
        return self._numbered[columns]


def _counted(bits: Bits) -> Numbers:
    return np.asarray(np.bitwise_count(bits).sum(-1, dtype=np.int64))
