"""Small sets of numbers as the bits of one number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bits", "mask_of", "masks_of", "spread", "step", "subsets"]


def mask_of(numbers: Iterable[Any]) -> int:
    """A set of numbers as the bits of a number.

    >>> mask_of([0, 3])
    9
    """
    out = 0
    for k in numbers:
        out |= 1 << int(k)
    return out


def bits(mask: int) -> list[int]:
    """The numbers in a mask, in order.

    >>> bits(9)
    [0, 3]
    """
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out


def masks_of(matrix: NDArray[np.bool_]) -> tuple[int, ...]:
    """Each row of a matrix as the set of the places in it that are true.

    >>> masks_of(np.array([[True, False], [True, True]]))
    (1, 3)
    """
    return tuple(mask_of(np.flatnonzero(row)) for row in matrix)


def subsets(mask: int) -> Iterator[int]:
    """All subsets of a set, from the empty one on.

    >>> list(subsets(5))
    [0, 1, 4, 5]
    """
    part = 0
    while True:
        yield part
        if part == mask:
            return
        part = (part - mask) & mask


def step(mask: int, near: Sequence[int]) -> int:
    """What is next to a member of a set; each number's neighbours are a set.

    >>> step(0b11, (0b10, 0b100, 0))
    6
    """
    out = 0
    for k in bits(mask):
        out |= near[k]
    return out


def spread(mask: int, near: Sequence[int], within: int = -1) -> int:
    """What one or more steps lead to from a set, all of them within another.

    >>> spread(0b1, (0b10, 0b100, 0)), spread(0b1, (0b10, 0b100, 0), within=0b100)
    (6, 0)
    """
    reached, frontier = 0, mask
    while frontier:
        frontier = step(frontier, near) & within & ~reached
        reached |= frontier
    return reached
