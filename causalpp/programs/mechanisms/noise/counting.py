"""Quantiles of counts, fast: the distribution function summed up from zero, and its last digits from SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["quantiles"]

_Floats = NDArray[np.float64]
_LEAST = 1e-200  # P(0) below which summing up from zero loses its digits, and takes long
_STEPS = 1000
_MOST = 1e6


def quantiles(
    law: Callable[[Any], Any], rank: _Floats, zero: _Floats, ratio: Callable[[int, NDArray[np.intp]], _Floats]
) -> _Floats:
    """The smallest count whose distribution function reaches each rank, shape ``(n,)``.

    As ``law.ppf``, which inverts one number at a time and takes some fifty times as long.

    Args:
        law: some of the places → the frozen SciPy law there.
        rank: numbers strictly between zero and one, shape ``(n,)``.
        zero: P(0) at each place, shape ``(n,)``.
        ratio: a count k and the places → P(k + 1) / P(k) there.
    """
    if len(rank) and (zero == zero[0]).all() and zero[0] > 0:  # one law for all, as of a variable without causes
        alone = law(slice(0, 1))
        most = float(np.max(alone.ppf(rank.max())))
        if most < _MOST:
            return np.searchsorted(alone.cdf(np.arange(most + 1)), rank, side="left").astype(float)
    out = np.zeros(len(rank))
    slow = zero < _LEAST
    left = np.flatnonzero(~slow & (rank > zero))
    term, total, count = zero[left], zero[left].copy(), 0
    while len(left) and count < _STEPS:
        term = np.multiply(term, ratio(count, left))
        count += 1
        total = total + term
        out[left] = count
        more = rank[left] > total
        left, term, total = left[more], term[more], total[more]
    slow[left] = True
    quick = ~slow
    if quick.any():  # sums and SciPy may differ in the last digit; observing and predicting must not
        at, found, wanted = law(quick), out[quick], rank[quick]
        found = np.where((found > 0) & (at.cdf(found - 1) >= wanted), found - 1, found)
        out[quick] = np.where(at.cdf(found) < wanted, found + 1, found)
    if slow.any():
        out[slow] = law(slow).ppf(rank[slow])
    return out
