"""Rates, correlations and regressions from answers of which those to one question belong together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "Rate", "correlation", "logistic", "rate"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


class Estimate(NamedTuple):
    """A number with its confidence interval; NaN where the answers do not determine it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not determined"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Rate:
    """A share of answers with its interval.

    Attributes:
        value: the share; NaN if there were no answers.
        low, high: the interval.
        count: of how many answers.
        effective: how many independent answers would tell as much; fewer where answers to one question agree.
    """

    value: float
    low: float
    high: float
    count: int
    effective: float

    @property
    def beta(self) -> tuple[float, float]:
        """The parameters of the Beta distribution that says what is now known of the rate."""
        share = 0.0 if math.isnan(self.value) else self.value
        return 0.5 + share * self.effective, 0.5 + (1 - share) * self.effective

    def __str__(self) -> str:
        return str(Estimate(self.value, self.low, self.high))


def rate(hits: NDArray[np.bool_] | _Floats, clusters: _Ints, level: float, *, weights: _Floats | None = None) -> Rate:
    """A share and its interval, where hits in one cluster may be correlated in any way.

    The interval is that of Korn & Graubard (*Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data*, Survey Methodology 24, 1998): Clopper and Pearson's for a count that
    is divided by the design effect, the variance of the share between clusters against that of as many independent
    answers, and corrected for this variance being known from so few clusters, by (t with answers − 1 degrees of
    freedom / t with clusters − 1)².  The design effect is one at least.  Where hardly a cluster holds a miss it would
    be too small just when the share is too large, so for the interval a tenth of a cluster of hits and one of misses
    are added to it.  If all answers are alike, the design effect cannot be seen and each cluster counts once.

    Args:
        hits: what is counted, shape ``(n,)``; any shares between 0 and 1.
        clusters: which cluster each belongs to, numbers from 0 on.
        level: of the interval.
        weights: how many answers each entry stands for; 1 if left out.
    """
    from scipy import stats

    size = np.ones(len(hits)) if weights is None else weights
    total = float(size.sum())
    if total == 0:
        return Rate(math.nan, 0.0, 1.0, 0, 0.0)
    share = float((hits * size).sum() / total)
    _, place = np.unique(clusters, return_inverse=True)
    sizes: _Floats = np.bincount(place, weights=size).astype(np.float64)
    found: _Floats = np.bincount(place, weights=hits * size).astype(np.float64)
    found, sizes = found[sizes > 0], sizes[sizes > 0]
    number = len(sizes)
    if 0 < share < 1 and number > 1:
        effective = total / _design_effect(found, sizes, 0.0)
        seen = total / _design_effect(found, sizes, _ADDED)
        high = 0.5 + level / 2
        seen *= float(stats.t.ppf(high, max(total - 1, 1)) / stats.t.ppf(high, number - 1)) ** 2
    else:
        effective = seen = float(number)
    yes, no, tail = share * seen, (1 - share) * seen, (1 - level) / 2
    low = 0.0 if share == 0 else float(stats.beta.ppf(tail, yes, no + 1))
    high = 1.0 if share == 1 else float(stats.beta.ppf(1 - tail, yes + 1, no))
    return Rate(share, low, high, round(total), effective)


_ADDED = 0.1  # clusters of hits, and of misses, that are added where a design effect is for an interval


def _design_effect(hits: _Floats, sizes: _Floats, added: float) -> float:
    """The variance of a share between clusters against that of independent answers, one at least.

    Args:
        hits, sizes: of each cluster, shape ``(k,)``.
        added: how many clusters of average size, all hits, and how many, all misses, are added.
    """
    size = float(sizes.mean())
    total, number = float(sizes.sum()) + 2 * added * size, len(sizes) + 2 * added
    share = (float(hits.sum()) + added * size) / total
    squares = float(((hits - share * sizes) ** 2).sum()) + added * size**2 * (share**2 + (1 - share) ** 2)
    return max(1.0, number / (number - 1) * squares / total / (share * (1 - share)))


def correlation(groups: list[tuple[_Ints, _Ints]], level: float) -> Estimate:
    """ρ, the correlation of answers to one question, by maximum likelihood of beta-binomial counts.

    Each group has a mean of its own and all have the same ρ; the interval holds the ρ whose profile likelihood
    is close enough to the largest (Wilks 1938).

    Args:
        groups: ``(asked, yes)`` for each group: how often each question was answered, and with yes.
        level: of the interval.
    """
    from scipy import optimize, stats

    cells = [_counted(asked, yes) for asked, yes in groups if len(asked)]
    open_ = [(n, y, times) for n, y, times in cells if 0 < (y * times).sum() < (n * times).sum()]
    if not any((n > 1).any() for n, _, _ in open_):
        return Estimate(math.nan, 0.0, 1.0)

    def profile(rho: float) -> float:
        return sum(_best(rho, *cell) for cell in open_)

    grid = np.concatenate([[0.0], np.geomspace(1e-3, 0.1, 8), np.linspace(0.15, 0.95, 17), [0.98, 0.995, _ONE]])
    values = [profile(float(rho)) for rho in grid]
    best = int(np.argmax(values))
    around = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = optimize.minimize_scalar(lambda rho: -profile(rho), bounds=around, method="bounded")
    peak, top = float(found.x), -float(found.fun)
    if values[best] >= top:
        peak, top = float(grid[best]), values[best]
    threshold = top - stats.chi2.ppf(level, 1) / 2

    def edge(end: float) -> float:
        if profile(end) >= threshold:
            return end
        return float(optimize.brentq(lambda rho: profile(rho) - threshold, min(peak, end), max(peak, end), xtol=1e-5))

    low, high = edge(0.0), edge(_ONE)
    return Estimate(1.0 if peak >= _ONE else peak, low, 1.0 if high >= _ONE else high)


_ONE = 0.9999  # stands for a correlation of one, where the density would be two points


def _counted(asked: _Ints, yes: _Ints) -> tuple[_Floats, _Floats, _Floats]:
    pairs, times = np.unique(np.stack([asked, yes], 1), axis=0, return_counts=True)
    return pairs[:, 0].astype(float), pairs[:, 1].astype(float), times.astype(float)


def _best(rho: float, n: _Floats, y: _Floats, times: _Floats) -> float:
    """The largest log-likelihood of a group at one ρ."""
    from scipy import optimize
    from scipy.special import betaln

    def loss(mean: float) -> float:

        if rho < 1e-6:
            terms = y * math.log(mean) + (n - y) * math.log1p(-mean)
        else:
            a, b = mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1)
            terms = betaln(y + a, n - y + b) - betaln(a, b)
        return -float((terms * times).sum())

    return -float(optimize.minimize_scalar(loss, bounds=(1e-6, 1 - 1e-6), method="bounded").fun)


def logistic(said: _Floats, truth: NDArray[np.bool_], clusters: _Ints, level: float) -> tuple[Estimate, Estimate]:
    """Intercept a and slope b of logit P(true | ℓ) = a + bℓ, with intervals that allow for clusters.

    Maximum likelihood by Newton's method; the variance is the sandwich with scores summed by cluster (Liang & Zeger,
    Biometrika 73, 1986), the quantile that of t with the clusters minus two as degrees of freedom.
    Not determined where log-odds and truth leave no overlap.
    """
    from scipy import stats
    from scipy.special import expit

    nothing = Estimate(math.nan, -math.inf, math.inf)
    if len(np.unique(truth)) < 2 or np.ptp(said) == 0:
        return nothing, nothing
    if said[truth].min() > said[~truth].max() or said[truth].max() < said[~truth].min():
        return nothing, nothing
    design = np.stack([np.ones_like(said), said], 1)
    at = np.zeros(2)
    for _ in range(100):
        p = expit(design @ at)
        curvature = (design * (p * (1 - p))[:, None]).T @ design
        try:
            step = np.linalg.solve(curvature, design.T @ (truth - p))
        except np.linalg.LinAlgError:
            return nothing, nothing
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-300))
        at = at + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return nothing, nothing
    _, place = np.unique(clusters, return_inverse=True)
    number = int(place.max()) + 1
    scores = np.zeros((number, 2))
    np.add.at(scores, place, design * (truth - expit(design @ at))[:, None])
    inverse = np.linalg.inv(curvature)
    variance = inverse @ (scores.T @ scores) @ inverse * number / max(number - 1, 1)
    spread = stats.t.ppf(0.5 + level / 2, max(number - 2, 1)) * np.sqrt(np.diag(variance))
    a, b = (Estimate(float(at[i]), float(at[i] - spread[i]), float(at[i] + spread[i])) for i in range(2))
    return a, b
