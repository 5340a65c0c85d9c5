"""Tests that several groups have the same distribution."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import read_columns
from causalpp.errors import InvalidData
from causalpp.scores.independence_tests import among_random_tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcome", "difference", "is_number", "rows_needed", "smallest"]

_NUMBER_FROM = 10  # different values; fewer are taken as states
_LEAST_EXPECTED = 5.0  # in a cell, for the χ² distribution to be trusted
_TABLES = 999
_SMALL = 60  # rows up to which groups of numbers are compared by permutations
_WAYS, _DRAWS = 20_000, 1_999  # so many permutations are all tried; else so many random ones


class Outcome(NamedTuple):
    """A p-value, of which test, how many rows each group had, and of how many tests it is the smallest."""

    p: float
    name: str
    rows: tuple[int, ...] = ()
    tests: int = 1

    @property
    def least(self) -> float:
        """The smallest p-value that so many rows can have, whatever was measured: groups that are fully apart.

        Only one of all ways to give the rows to the groups is like it, and those that swap groups of equal size.
        """
        ways = math.lgamma(sum(self.rows) + 1) - sum(math.lgamma(size + 1) for size in self.rows)
        alike = sum(math.lgamma(many + 1) for many in Counter(self.rows).values())
        if "Anderson" in self.name or "Smirnov" in self.name:  # upside down is as far apart
            alike = max(alike, math.log(2))
        one = math.exp(alike - ways)
        return -math.expm1(self.tests * math.log1p(-one)) if one < 1 - 1e-9 else 1.0

    def reaches(self, alpha: float) -> bool:
        """Whether so many rows can have a p-value below the level at all."""
        return self.least < alpha * (1 - 1e-9)

    def power(self, alpha: float) -> float:
        """About how probable it is that two groups one standard deviation apart are told apart, the two largest."""
        from scipy.stats import norm

        a, b = sorted(self.rows)[-2:]
        each = -math.expm1(math.log1p(-alpha) / self.tests)
        return float(norm.sf(norm.isf(each / 2) - 1 / math.sqrt(1 / a + 1 / b)))


def rows_needed(alpha: float, power: float, tests: int = 1) -> int:
    """So many rows a group tell two groups apart, one standard deviation from each other, with this probability.

    >>> rows_needed(0.05, 0.8)
    16
    """
    from scipy.stats import norm

    each = -math.expm1(math.log1p(-alpha) / tests)
    return max(2, math.ceil(2 * float(norm.isf(each / 2) + norm.ppf(power)) ** 2))


def is_number(column: pd.Series[Any]) -> bool:
    """Whether a column is taken as numbers; with few different ones it is taken as states."""
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and column.nunique() > _NUMBER_FROM


def difference(groups: Sequence[pd.Series[Any]], source: np.random.Generator) -> Outcome:
    """The test of "all groups have the same distribution"; two groups or more, none empty.

    What is numbers, by the one rule for columns, is compared by an ordered test however few different numbers there
    are, unless they are two; categories, text and truth values by a table.
    """
    return _difference(groups, source)._replace(rows=tuple(map(len, groups)))


def _difference(groups: Sequence[pd.Series[Any]], source: np.random.Generator) -> Outcome:
    import pandas as pd

    together = pd.concat([group.astype(object) if _unordered(group) else group for group in groups], ignore_index=True)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    values = _as_numbers(together, groups)
    if values is not None and len(np.unique(values)) > 2:
        return _numbers(values, owner, source)
    codes = pd.factorize(together if values is None else values)[0]
    table = np.zeros((len(groups), int(codes.max()) + 1), dtype=np.int64)
    np.add.at(table, (owner, codes), 1)
    return _states(table, source)


def _unordered(group: pd.Series[Any]) -> bool:
    return hasattr(group, "cat") and not group.cat.ordered


def _as_numbers(together: pd.Series[Any], groups: Sequence[pd.Series[Any]]) -> NDArray[np.float64] | None:
    """The values as numbers, ordered categories by their places; None for unordered states."""
    import pandas as pd

    if any(_unordered(group) for group in groups):
        return None
    if all(hasattr(group, "cat") for group in groups):
        order = groups[0].cat.categories
        if all(group.cat.categories.equals(order) for group in groups):
            return np.concatenate([group.cat.codes.to_numpy(dtype=float) for group in groups])
        return None
    if all(pd.api.types.is_datetime64_any_dtype(group) or group.dtype.kind == "m" for group in groups):
        return pd.factorize(together, sort=True)[0].astype(float)  # only their order is looked at
    try:
        column = read_columns(pd.DataFrame({"outcome": together}))["outcome"]
        if column.states is not None and any(isinstance(state, (str, bool)) for state in column.states):
            return None
        return column.numbers
    except InvalidData:  # such as infinite numbers: told apart all the same
        real = pd.api.types.is_numeric_dtype(together) and not pd.api.types.is_complex_dtype(together)
        return together.to_numpy(dtype=float) if real else None


def smallest(tested: Sequence[Outcome]) -> Outcome:
    """Independent tests of the same hypothesis as one: the smallest p-value, corrected for being the smallest."""
    if len(tested) == 1:
        return tested[0]
    p = min(outcome.p for outcome in tested)
    corrected = float(-np.expm1(len(tested) * np.log1p(-p))) if p < 1 else 1.0
    names = " and ".join(dict.fromkeys(outcome.name for outcome in tested))
    few = min((outcome.rows for outcome in tested), key=sum)
    return Outcome(corrected, f"{names}, {len(tested)} settings of what is held", few, len(tested))


def _numbers(values: NDArray[np.float64], owner: NDArray[np.int64], source: np.random.Generator) -> Outcome:
    """Groups of numbers: by permutations where they are small, by limit laws where they are large."""
    groups = [values[owner == k] for k in range(int(owner.max()) + 1)]
    if len(values) <= _SMALL:
        p, least, how = _permuted(values, owner, source)
        # No random permutation came near: the other test says how small the p-value may be.
        return Outcome(min(p, _smirnov(groups)) if least else p, f"Anderson–Darling test by {how} permutations")
    if len(np.unique(values)) * 2 > len(values):
        return Outcome(_smirnov(groups), "Kolmogorov–Smirnov test")
    from scipy import stats

    ranks = float(stats.kruskal(*groups).pvalue)  # many ties, for which the other test is cautious
    return Outcome(min(1.0, 2 * min(ranks, _smirnov(groups))), "rank and Kolmogorov–Smirnov tests")


def _smirnov(groups: Sequence[NDArray[np.float64]]) -> float:
    from scipy import stats

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # that it takes the limit law where the exact one is out of reach
        found = [float(stats.ks_2samp(a, b).pvalue) for a, b in combinations(groups, 2)]
    return min(1.0, min(found) * len(found))


def _permuted(
    values: NDArray[np.float64], owner: NDArray[np.int64], source: np.random.Generator
) -> tuple[float, bool, str]:
    """The p-value of the groups' difference among permutations, whether it is the least that can come out of random
    ones, and what permutations they were.
    """
    sizes = np.bincount(owner).tolist()
    ways = math.factorial(len(values))
    for size in sizes:
        ways //= math.factorial(size)
    seen = _spread_out(values, owner[None])[0]
    if ways <= _WAYS:
        found = _spread_out(values, np.array(list(_splits(len(values), sizes)), dtype=np.int64))
        return float((found >= seen * (1 - 1e-9)).mean()), False, "all"
    found = _spread_out(values, source.permuted(np.tile(owner, (_DRAWS, 1)), axis=1))
    large = int((found >= seen * (1 - 1e-9)).sum())
    return (1 + large) / (1 + _DRAWS), large == 0, "random"


def _splits(rows: int, sizes: Sequence[int]) -> Iterator[NDArray[np.int64]]:
    """Every way to give rows to groups of these sizes: whose each row is."""

    def fill(owner: NDArray[np.int64], group: int) -> Iterator[NDArray[np.int64]]:
        free = np.flatnonzero(owner < 0)
        if group == len(sizes) - 1:
            yield np.where(owner < 0, group, owner)
            return
        for chosen in combinations(free.tolist(), sizes[group]):
            more = owner.copy()
            more[list(chosen)] = group
            yield from fill(more, group + 1)

    return fill(np.full(rows, -1, dtype=np.int64), 0)


def _spread_out(values: NDArray[np.float64], owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """The Anderson–Darling statistic of k samples, with midranks, for each assignment of rows ``(P, N)`` to groups.

    A²akN of Scholz & Stephens, *K-sample Anderson–Darling tests*, JASA 82 (1987): a rank statistic that sees shifts,
    spreads and tails.
    """
    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    n, distinct = len(values), len(ties)
    below = np.cumsum(ties) - ties / 2
    weight = ties / n / (below * (n - below) - n * ties / 4)
    member = np.eye(distinct)[place.ravel()]
    out = np.zeros(len(owners))
    for group in range(int(owners.max()) + 1):
        mine = (owners == group).astype(float)
        count = mine @ member
        size = float(mine[0].sum())
        within = np.cumsum(count, axis=1) - count / 2
        out += ((n * within - size * below) ** 2 @ weight) / size
    return out * (n - 1) / n


def _states(table: NDArray[np.int64], source: np.random.Generator) -> Outcome:
    from scipy import stats

    if table.shape[1] == 1:
        return Outcome(1.0, "constant outcome")
    if table.shape == (2, 2):
        return Outcome(float(stats.fisher_exact(table).pvalue), "Fisher's exact test")
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    statistic = ((table - expected) ** 2 / expected).sum()
    if expected.min() >= _LEAST_EXPECTED:
        freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
        return Outcome(float(stats.chi2.sf(statistic, freedom)), "χ² test")
    p = among_random_tables(table.sum(1)[None], table.sum(0)[None], float(statistic), source, draws=(_TABLES,))
    return Outcome(p, "χ² test by random tables")
