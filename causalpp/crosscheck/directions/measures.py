"""Scores of graded answers against the truth, each with the influence of every answer on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "area", "brier", "calibration_error", "slope_of"]

_Floats = NDArray[np.float64]

#: Bins of equal width, from 0 to 1, in which the calibration error is measured.
BINS = 10


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


def slope_of(oriented: _Floats) -> float:
    """The slope s of P(a causes b | c) = 1/(1 + exp(−s·c)), where a causes b or b causes a.

    Reversing a pair reverses c, so there is no intercept.  Maximum likelihood with Jeffreys' prior √I(s) (Firth,
    Biometrika 80, 1993), which is finite where every pair is right.

    Args:
        oriented: direction log-odds, each turned so that it is for the true direction, shape ``(n,)``.

    Example:
        >>> round(slope_of(np.array([1.0] * 731 + [-1.0] * 269)), 2)  # logit .731 = 1
        1.0
    """
    from scipy import optimize
    from scipy.special import expit

    if not len(oriented) or not np.any(oriented):
        return 0.0

    def loss(s: float) -> float:
        p = expit(s * oriented)
        information = float((oriented**2 * p * (1 - p)).sum())
        return float(np.logaddexp(0.0, -s * oriented).sum()) - 0.5 * math.log(max(information, 1e-300))

    scale = float(np.sqrt((oriented**2).mean()))
    found = optimize.minimize_scalar(loss, bounds=(-20 / scale, 20 / scale), method="bounded", options={"xatol": 1e-6})
    return float(found.x)
