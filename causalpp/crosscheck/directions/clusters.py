"""Intervals for numbers of pairs of variables: two pairs that share a variable err together.

A number such as an accuracy or an area under a curve is, up to terms of second order, a sum of one influence for each
pair.  Its variance is the sum of the products of influences over all pairs of pairs that may be correlated.  Three such
sums are formed, and the largest counts:

* every pair by itself: Σ ψ², the least that can be claimed;
* pairs that share a variable may be correlated in any way: Σ_v (Σ_{pairs of v} ψ)² − Σ ψ² (Aronow, Samii and Assenova,
  *Cluster-robust variance estimation for dyadic data*, Political Analysis 23, 2015, eq. 4);
* pairs of one network may be: Σ_networks (Σ ψ)², where the networks are worth five of equal size at least.

The influences are taken about the estimate, which makes each sum too small by the share f of all pairs of pairs that it
lets be correlated: so each is divided by 1 − f.  Its degrees of freedom are (Σ n²)²/Σ n⁴ − 1 for the numbers n of pairs
of each variable or network: where all of one err together its sum is as large as n, and so many equal ones would make
the variance as uncertain (Satterthwaite); that is also what networks are worth.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalpp.crosscheck.estimates import Estimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Difference", "Pairs"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]
_FEWEST = 5  # networks of which a variance between networks is taken
_MOST = (
    0.8  # share of correlated pairs of pairs from which on the sum says nothing, and a correction could only blow it up
)


@dataclass(frozen=True)
class Difference:
    """The difference of a number between two models that were asked the same pairs.

    Attributes:
        value: first model less second.
        low, high: the interval.
        p_value: of no difference, from the same standard error; 1 where the two agree everywhere.
        only_first, only_second: how many pairs only the first, and only the second, has right.
        mcnemar: the p-value of McNemar's exact test of these two counts, which takes pairs for independent.
    """

    value: float
    low: float
    high: float
    p_value: float
    only_first: int = 0
    only_second: int = 0
    mcnemar: float = 1.0

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not determined"
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p = {self.p_value:.2g}"


class Pairs:
    """Which pairs of variables some numbers are of, so that an interval knows what goes together.

    Args:
        networks: the network of each pair, shape ``(n,)``.
        first, second: the two variables of each pair, by name within its network.
        level: of the intervals.

    Example:
        >>> pairs = Pairs(["x", "x"], ["a", "c"], ["b", "d"], 0.95)  # no variable in common
        >>> pairs.variance(np.array([0.5, -0.5]))[0]
        1.0
    """

    def __init__(
        self, networks: Sequence[Hashable], first: Sequence[Hashable], second: Sequence[Hashable], level: float
    ) -> None:
        self.level = level
        self._network = _codes(list(networks))
        ends = _codes([*zip(networks, first, strict=True), *zip(networks, second, strict=True)])
        self._first, self._second = ends[: len(first)], ends[len(first) :]
        # both orientations of a pair are one pair
        low, high = np.minimum(self._first, self._second), np.maximum(self._first, self._second)
        self._pair = _codes(list(zip(low.tolist(), high.tolist(), strict=True)))

    def variance(self, influence: _Floats) -> tuple[float, float]:
        """The variance of a number, and its degrees of freedom.

        Args:
            influence: of each pair on the number, shape ``(n,)``; they add up to nothing.
        """
        by_pair = _summed(influence, self._pair)
        once = np.unique(self._pair, return_index=True)[1]
        ends, where = np.unique(np.concatenate([self._first[once], self._second[once]]), return_inverse=True)
        squares, number = float((by_pair**2).sum()), len(by_pair)
        of_variable = np.bincount(where, weights=np.concatenate([by_pair, by_pair]), minlength=len(ends))
        degree = np.bincount(where, minlength=len(ends)).astype(np.float64)
        shared = float(
            (degree**2).sum() - number
        )  # ordered pairs of pairs with a common variable, and each with itself
        found = [
            _corrected(squares, np.ones(number), number / number**2),
            _corrected(float((of_variable**2).sum()) - squares, degree, shared / number**2),
        ]
        by_network = _summed(influence, self._network)
        sizes = _summed(np.ones(number), self._network[once])
        if _equal(sizes) >= _FEWEST:
            found.append(_corrected(float((by_network**2).sum()), sizes, float((sizes**2).sum()) / number**2))
        return max(found, key=lambda one: one[0])

    @property
    def independent(self) -> int:
        """How many pairs there can be, of these variables, no two of which share one."""
        return max(len(np.unique(np.concatenate([self._first, self._second]))) // 2, 1)

    def share(self, value: float, influence: _Floats) -> Estimate:
        """A number between 0 and 1 with its interval, on the scale of log-odds; see :meth:`variance`.

        Of 0 or 1 the variance says nothing: the interval is then that of a share of :attr:`independent` pairs
        (Clopper and Pearson, Biometrika 26, 1934).
        """
        from scipy import stats
        from scipy.special import expit, logit

        if not len(influence) or math.isnan(value):
            return Estimate(math.nan, 0.0, 1.0)
        if not 0 < value < 1:
            end = ((1 - self.level) / 2) ** (1 / self.independent)
            return Estimate(value, 0.0 if value == 0 else end, 1.0 if value == 1 else 1 - end)
        variance, freedom = self.variance(influence)
        wide = float(stats.t.ppf(0.5 + self.level / 2, max(freedom, 1))) * math.sqrt(variance) / (value * (1 - value))
        return Estimate(value, float(expit(logit(value) - wide)), float(expit(logit(value) + wide)))

    def mean(self, values: NDArray[np.bool_] | _Floats) -> Estimate:
        """A share of the pairs, with its interval."""
        if not len(values):
            return Estimate(math.nan, 0.0, 1.0)
        share = float(np.mean(values))
        return self.share(share, (values - share) / len(values))

    def difference(self, value: float, influence: _Floats) -> Difference:
        """The difference of two numbers, from the difference of their influences."""
        from scipy import stats

        if not len(influence) or math.isnan(value):
            return Difference(math.nan, -1.0, 1.0, 1.0)
        variance, freedom = self.variance(influence)
        if variance <= 0:
            return Difference(value, value, value, 1.0 if value == 0 else 0.0)
        spread, freedom = math.sqrt(variance), max(freedom, 1)
        wide = float(stats.t.ppf(0.5 + self.level / 2, freedom)) * spread
        p_value = float(2 * stats.t.sf(abs(value) / spread, freedom))
        return Difference(value, max(value - wide, -1.0), min(value + wide, 1.0), p_value)

    @classmethod
    def of(cls, frame: pd.DataFrame, level: float) -> Pairs:
        """From the columns network, a and b of a table."""
        return cls(frame["network"].tolist(), frame["a"].tolist(), frame["b"].tolist(), level)


def _codes(values: Sequence[Hashable]) -> _Ints:
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.int64)


def _summed(values: _Floats, labels: _Ints) -> _Floats:
    _, place = np.unique(labels, return_inverse=True)
    return np.bincount(place, weights=values).astype(np.float64)


def _corrected(variance: float, sizes: _Floats, shared: float) -> tuple[float, float]:
    """A sum over clusters, less the bias of influences about their own mean, and its degrees of freedom."""
    return variance / (1 - min(shared, _MOST)), _equal(sizes) - 1


def _equal(sizes: _Floats) -> float:
    """How many equal clusters would make a variance as uncertain as these do."""
    return float((sizes**2).sum() ** 2 / (sizes**4).sum())
