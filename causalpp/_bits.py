"""Small sets of numbers as the bits of one number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bits", "mask_of", "masks_of"]


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
