"""How far answers are differences of one number a variable, measured on pairs that are left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["foretold", "share_explained"]

_Floats = NDArray[np.float64]


def foretold(contrast: _Floats, first: Sequence[str], second: Sequence[str]) -> _Floats:
    """What the other pairs foretell of each pair, if contrast(a, b) is u(a) − u(b) and noise.

    The positions u are fitted by least squares to all pairs but one, and no truth is used.  For all pairs at once:
    the residual of a pair that is left out is its residual in the whole fit over one less its leverage.

    Args:
        contrast: one number a pair, shape ``(n,)``.
        first, second: the variables of each pair.

    Returns:
        The foretold numbers, shape ``(n,)``; nan where no other pairs join the two variables.

    Example:
        >>> foretold(np.array([1.0, 2.0, 3.0]), ["a", "b", "a"], ["b", "c", "c"]).round(6).tolist()
        [1.0, 2.0, 3.0]
    """
    if not len(contrast):
        return np.zeros(0)
    names = list(dict.fromkeys([*first, *second]))
    place = {name: k for k, name in enumerate(names)}
    incidence = np.zeros((len(contrast), len(names)))
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        incidence[row, place[a]], incidence[row, place[b]] = 1.0, -1.0
    hat = incidence @ np.linalg.pinv(incidence)
    free = 1 - np.diag(hat)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: _Floats = np.where(free > 1e-9, contrast - (contrast - hat @ contrast) / free, math.nan)
    return found


def share_explained(contrast: _Floats, said: _Floats) -> float:
    """R² about zero, as a contrast has no natural sign: 1 − Σ(c − ĉ)²/Σc², over the pairs that were foretold.

    Example:
        >>> share_explained(np.array([1.0, -1.0]), np.array([0.5, -0.5]))
        0.75
    """
    known = np.isfinite(said)
    total = float((contrast[known] ** 2).sum())
    return 1 - float(((contrast - said)[known] ** 2).sum()) / total if total > 0 else math.nan
