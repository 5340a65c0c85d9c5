"""Distribution functions and quantiles far out in the tails, by their logarithms.

A number next to 1 has sixteen digits, so the probability of a tail beyond it has none: both tails are carried, each
as its logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["LEAST", "Tails", "count_quantile", "gamma_quantile", "log_both", "log_lower_gamma", "log_upper_gamma"]

_Floats = NDArray[np.float64]
#: Value → log P(at most it) and log P(more than it).
Tails = Callable[[_Floats], tuple[_Floats, _Floats]]

LEAST = 1e-280  #: where the distribution function itself runs out of range
_TERMS = 100_000
_DOUBLINGS = 200


def log_both(below: Any, above: Any) -> tuple[_Floats, _Floats]:
    """The logs of two numbers that sum to one, each by the other where it is next to one itself."""
    with np.errstate(divide="ignore"):
        return (
            np.where(below < 0.5, np.log(below), np.log1p(-above)),
            np.where(above < 0.5, np.log(above), np.log1p(-below)),
        )


def log_lower_gamma(shape: Any, x: Any) -> _Floats:
    """Log of the regularised lower incomplete gamma function P(shape, x).

    >>> float(log_lower_gamma(2.0, 1e-200))
    -921.727...
    """
    return _log_gamma(shape, x)[0]


def log_upper_gamma(shape: Any, x: Any) -> _Floats:
    """Log of the regularised upper incomplete gamma function Q(shape, x).

    >>> float(log_upper_gamma(1.0, 2000.0))
    -2000.0
    """
    return _log_gamma(shape, x)[1]


def _log_gamma(shape: Any, x: Any) -> tuple[_Floats, _Floats]:
    shape, x = np.broadcast_arrays(np.asarray(shape, dtype=float), np.asarray(x, dtype=float))
    below, above = special.gammainc(shape, x), special.gammaincc(shape, x)
    out = tuple(np.array(part) for part in log_both(below, above))
    for tail, log, there, far in (
        (below, out[0], x > 0, _lower_series),
        (above, out[1], np.isfinite(x), _upper_fraction),
    ):
        deep = (tail < LEAST) & there
        if deep.any():
            log[deep] = far(shape[deep], x[deep])
    return out[0], out[1]


def _front(shape: _Floats, x: _Floats) -> _Floats:
    """The log of x^shape e^−x / Γ(shape + 1)."""
    return np.asarray(shape * np.log(x) - x - special.gammaln(shape + 1))


def _lower_series(shape: _Floats, x: _Floats) -> _Floats:
    """P(a, x) = x^a e^−x / Γ(a + 1) · Σ xⁿ / ((a + 1) … (a + n)) (Abramowitz & Stegun 6.5.29)."""
    term, total = np.ones_like(x), np.ones_like(x)
    for n in range(1, _TERMS):
        term = term * x / (shape + n)
        total = total + term
        if (term <= 1e-17 * total).all():
            break
    return _front(shape, x) + np.log(total)


def _upper_fraction(shape: _Floats, x: _Floats) -> _Floats:
    """Q(a, x) by its continued fraction (Abramowitz & Stegun 6.5.31), as Lentz evaluates it."""
    tiny = 1e-300
    b = x + 1 - shape
    c, d = np.full_like(x, 1 / tiny), 1 / np.where(b == 0, tiny, b)
    found = d
    for n in range(1, _TERMS):
        a = -n * (n - shape)
        b = b + 2
        d = a * d + b
        d = 1 / np.where(abs(d) < tiny, tiny, d)
        c = b + a / c
        c = np.where(abs(c) < tiny, tiny, c)
        found = found * d * c
        if (abs(d * c - 1) < 1e-15).all():
            break
    return _front(shape, x) + np.log(shape) + np.log(found)


def count_quantile(log_below: _Floats, log_above: _Floats, tails: Tails, mean: _Floats, spread: _Floats) -> _Floats:
    """The smallest count whose distribution function reaches a rank.

    Args:
        log_below, log_above: the logs of the rank and of one minus it, shape ``(n,)``.
        tails: of the count's law, for one count a rank.
        mean, spread: of the law, for a first guess.
    """

    def reached(count: _Floats) -> NDArray[np.bool_]:
        below, above = tails(count)
        # Compared on the side on which the numbers are small, and so have digits.
        return np.asarray(np.where(log_below < log_above, below >= log_below, above <= log_above)) & (count >= 0)

    score = np.where(log_below < log_above, special.ndtri_exp(log_below), -special.ndtri_exp(log_above))
    score = np.nan_to_num(score, posinf=0.0, neginf=0.0)
    guess = np.maximum(np.floor(mean + score * spread + (score**2 - 1) / 6), 0.0)
    low, high, step = guess - 1, guess.copy(), 1.0
    for _ in range(_DOUBLINGS):  # low is not enough, high is
        short = ~reached(high) & np.isfinite(log_above)
        if not short.any():
            break
        low, high = np.where(short, high, low), np.where(short, high + step, high)
        step *= 2
    step = 1.0
    for _ in range(_DOUBLINGS):
        much = reached(low)
        if not much.any():
            break
        low, high = np.where(much, np.maximum(low - step, -1.0), low), np.where(much, low, high)
        step *= 2
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        enough = reached(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def gamma_quantile(shape: float, log_below: _Floats, log_above: _Floats) -> _Floats:
    """The quantile of a gamma law of scale one, for ranks given by the logs of what lies below and above.

    Where a tail is too small for a number, by halving in the logarithm.
    """
    lower = log_below < log_above
    tail = np.where(lower, log_below, log_above)
    out = np.where(lower, special.gammaincinv(shape, np.exp(tail)), special.gammainccinv(shape, np.exp(tail)))
    deep = (tail < np.log(LEAST)) & np.isfinite(tail)
    if not deep.any():
        return np.asarray(out)

    def reached(x: _Floats) -> NDArray[np.bool_]:
        found = np.where(lower[deep], log_lower_gamma(shape, np.exp(x)), log_upper_gamma(shape, np.exp(x)))
        return np.asarray(np.where(lower[deep], found >= tail[deep], found <= tail[deep]))

    # Below, P(a, x) is at most x^a / Γ(a + 1); above, Q(a, x) falls like e^−x.
    first = (tail[deep] + special.gammaln(shape + 1)) / shape
    low = np.where(lower[deep], first - 1, np.log(shape))
    high = np.where(lower[deep], np.log(shape), np.log(shape - 2 * tail[deep] + 1))
    for _ in range(_DOUBLINGS):
        short = ~reached(high)
        if not short.any():
            break
        high = np.where(short, high + 1, high)
    for _ in range(80):
        middle = (low + high) / 2
        enough = reached(middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    out[deep] = np.exp((low + high) / 2)
    return np.asarray(out)
