"""Scores of graded answers against the truth, each with the influence of every answer on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "area", "brier", "calibration_error", "slope_of"]

_Floats = NDArray[np.float64]

#: Bins of equal width, from 0 to 1, in which the calibration error is measured.
BINS = 10
_RIDGE = 0.02


def area(scores: _Floats, truth: NDArray[np.bool_]) -> tuple[float, _Floats]:
    """The area under the ROC curve: how often what is true has the larger score; half where the two are equal.

    The influences are those of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988).

    Args:
        scores: shape ``(n,)``.
        truth: shape ``(n,)``.

    Returns:
        The area, nan where all or nothing is true, and the influence of each score on it, shape ``(n,)``.

    Example:
        >>> area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))[0]
        0.75
    """
    from scipy.stats import rankdata

    positive, negative = scores[truth], scores[~truth]
    m, n = len(positive), len(negative)
    influence = np.zeros(len(scores))
    if not m or not n:
        return math.nan, influence
    ranks = rankdata(scores)
    below = (ranks[truth] - rankdata(positive)) / n  # the share of what is false that a true one exceeds
    above = 1 - (ranks[~truth] - rankdata(negative)) / m
    found = float(below.mean())
    influence[truth] = (below - found) / m
    influence[~truth] = (above - found) / n
    return found, influence


def brier(probability: _Floats, truth: NDArray[np.bool_]) -> float:
    """The mean square of a probability less what is true (1 or 0).

    >>> brier(np.array([0.5, 1.0]), np.array([True, True]))
    0.125
    """
    return float(((probability - truth) ** 2).mean()) if len(truth) else math.nan


def calibration_error(probability: _Floats, truth: NDArray[np.bool_]) -> float:
    """The mean distance of probability and share of truth, over :data:`BINS` bins of equal width.

    >>> round(calibration_error(np.array([0.62, 0.68, 0.9]), np.array([True, False, True])), 3)
    0.133
    """
    if not len(truth):
        return math.nan
    place = _bins(probability)
    return float(np.abs(np.bincount(place, weights=probability - truth, minlength=BINS)).sum() / len(truth))


def _bins(probability: _Floats) -> NDArray[np.int64]:
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def slope_of(oriented: _Floats, networks: Sequence[str]) -> float:
    """The slope s of P(a causes b | c) = 1/(1 + exp(−s·c)), where a causes b or b causes a.

    Reversing a pair reverses c, so there is no intercept.  It makes the sum over the networks of the mean loss
    −log P of a pair, and of .02 (s − 1)², least: every network counts alike, however many pairs it has, and the slope
    is finite where every pair is right.  It is never below 0: answers that were wrong more often than right elsewhere
    are no knowledge of causes, and say nothing.

    Args:
        oriented: direction log-odds, each turned so that it is for the true direction, shape ``(n,)``.
        networks: the network of each, shape ``(n,)``.

    Example:
        >>> round(slope_of(np.array([1.0] * 731 + [-1.0] * 269), ["x"] * 1000), 2)  # logit .731 = 1
        1.0
        >>> slope_of(np.array([-1.0, -2.0, 0.5]), ["x", "x", "y"])
        0.0
    """
    from scipy import optimize

    if not np.any(oriented):
        return 0.0
    _, place, count = np.unique(list(networks), return_inverse=True, return_counts=True)
    weight = 1 / count[place]
    if weight @ oriented / 2 + 2 * _RIDGE <= 0:  # the loss rises from 0 on
        return 0.0

    def loss(s: float) -> float:
        return float(weight @ np.logaddexp(0.0, -s * oriented)) + _RIDGE * (s - 1) ** 2

    most = 1 + math.sqrt(len(count) / (2 * _RIDGE * math.e))  # as c·σ(−s c) ≤ 1/(e s), the loss rises from there on
    found = optimize.minimize_scalar(loss, bounds=(0.0, most), method="bounded", options={"xatol": 1e-6})
    return float(found.x)
