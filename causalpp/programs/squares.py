"""Least squares on centred, scaled columns, so that units do not matter.

A column of seconds since 1970 lies 10⁷ of its standard deviations from zero.  Its square and its product with a
constant then differ in the fifteenth digit, and normal equations made of them answer with noise.  Here a column is
centred and divided by its standard deviation first, and the equations are solved by an orthogonal factor of the columns
themselves, never of their products (Golub & Van Loan, *Matrix Computations*, 4th ed., section 5.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData

__all__ = ["EPSILON", "Units", "dependent", "triangle", "units"]

EPSILON = float(np.finfo(float).eps)
_FACTOR = 100  # errors of an orthogonal factor in roundings, per column: up to 21 in columns of two values, 10⁵ rows
_LARGE = 1e70  # its square and the products of two squares are numbers
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """What is subtracted from each of k columns, and what it is then divided by.

    Attributes:
        centre: ``(k,)``, the means.
        spread: ``(k,)``, the standard deviations; exactly zero where a column is constant but for rounding.
        rounding: ``(k,)``, how far a value can be off because numbers have 16 digits, in standard deviations.
    """

    centre: _Floats
    spread: _Floats
    rounding: _Floats

    @property
    def constant(self) -> list[int]:
        """The columns that are constant."""
        return [int(k) for k in np.flatnonzero(self.spread == 0)]

    @property
    def extreme(self) -> list[int]:
        """The columns whose variances, or products with others, are beyond what a number can hold."""
        far = (abs(self.centre) > _LARGE) | (self.spread > _LARGE) | ((self.spread > 0) & (self.spread < 1 / _LARGE))
        return [int(k) for k in np.flatnonzero(far)]

    def check(self, names: Sequence[str]) -> None:
        """Refuse columns of extreme size.

        Raises:
            InvalidData: naming the first.
        """
        for k in self.extreme[:1]:
            raise InvalidData(
                f"column {names[k]!r} has numbers of the size {max(abs(self.centre[k]), self.spread[k]):.0e} that are "
                f"{self.spread[k]:.0e} apart: give it another unit"
            )

    def standard(self, columns: _Floats) -> _Floats:
        """The columns, shape ``(n, k)``, in these units; a constant one becomes zeros."""
        return np.asarray((columns - self.centre) / np.where(self.spread > 0, self.spread, 1.0))


def units(columns: _Floats) -> Units:
    """The units of columns, shape ``(n, k)`` with n from 1 on.

    Example:
        >>> found = units(np.array([[51.5, 7.0], [51.5 + 2e-6, 7.0]]))
        >>> found.spread.round(9).tolist(), found.constant
        ([1e-06, 0.0], [1])
    """
    largest = abs(columns).max(0, initial=0.0)
    whole = np.where(largest > 0, largest, 1.0)
    centre = (columns / whole).mean(0) * whole  # no overflow in the sum
    rest = columns - centre
    centre = centre + rest.mean(0)  # a mean far from zero may be off by several of its digits
    rest = columns - centre
    reach = abs(rest).max(0, initial=0.0)
    safe = np.where(reach > 0, reach, 1.0)
    spread = safe * np.sqrt(((rest / safe) ** 2).mean(0))
    spread = np.where(reach <= 8 * EPSILON * largest, 0.0, spread)
    return Units(centre, spread, EPSILON * (1 + abs(centre) / np.where(spread > 0, spread, 1.0)))


def triangle(matrix: _Floats) -> _Floats:
    """The upper triangular R with RᵀR = matrixᵀ · matrix and no negative number on its diagonal, also of a stack."""
    upper = np.linalg.qr(matrix, mode="r")
    sign = np.where(np.diagonal(upper, axis1=-2, axis2=-1) < 0, -1.0, 1.0)
    return np.asarray(sign[..., None] * upper)


def dependent(matrix: _Floats, rounding: Sequence[float] | _Floats, rows: int) -> NDArray[np.bool_]:
    """Whether the columns of a matrix, or of each in a stack, determine one another as far as rounding lets us see.

    Args:
        matrix: shape ``(…, m, k)``, standardised columns or an orthogonal transform of them.
        rounding: how far their values can be off.
        rows: how many rows they have, so that a column has length √rows.
    """
    width = matrix.shape[-1]
    if not width:
        return np.zeros(matrix.shape[:-2], dtype=bool)
    if matrix.shape[-2] < width:
        return np.ones(matrix.shape[:-2], dtype=bool)
    least = np.linalg.svd(matrix, compute_uv=False)[..., -1] / np.sqrt(max(rows, 1))
    return np.asarray(least <= width * (4 * np.max(rounding, axis=-1) + _FACTOR * EPSILON))
