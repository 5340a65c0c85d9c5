"""Tests that several groups have the same distribution."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcome", "difference", "is_number", "smallest"]

_NUMBER_FROM = 10  # different values; fewer are taken as states
_LEAST_EXPECTED = 5.0  # in a cell, for the χ² distribution to be trusted
_TABLES = 999


class Outcome(NamedTuple):
    """A p-value, and of which test."""

    p: float
    name: str


def is_number(column: pd.Series[Any]) -> bool:
    """Whether a column is taken as numbers; with few different ones it is taken as states."""
    import pandas as pd

    return pd.api.types.is_numeric_dtype(column) and column.nunique() > _NUMBER_FROM


def difference(groups: Sequence[pd.Series[float]], source: np.random.Generator) -> Outcome:
    """The test of "all groups have the same distribution"; two groups or more, none empty."""
    import pandas as pd

    together = pd.concat([group.astype(object) if hasattr(group, "cat") else group for group in groups])
    if is_number(together):
        return _numbers([group.to_numpy(dtype=float) for group in groups])
    codes = pd.factorize(together)[0]
    table = np.zeros((len(groups), int(codes.max()) + 1), dtype=np.int64)
    owner = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    np.add.at(table, (owner, codes), 1)
    return _states(table, source)


def smallest(tested: Sequence[Outcome]) -> Outcome:
    """Independent tests of the same hypothesis as one: the smallest p-value, corrected for being the smallest."""
    if len(tested) == 1:
        return tested[0]
    p = min(outcome.p for outcome in tested)
    corrected = float(-np.expm1(len(tested) * np.log1p(-p))) if p < 1 else 1.0
    names = " and ".join(dict.fromkeys(outcome.name for outcome in tested))
    return Outcome(corrected, f"{names}, {len(tested)} settings of what is held")


def _numbers(groups: Sequence[NDArray[Any]]) -> Outcome:
    from scipy import stats

    found = [float(stats.ks_2samp(a, b).pvalue) for a, b in combinations(groups, 2)]
    return Outcome(min(1.0, min(found) * len(found)), "Kolmogorov–Smirnov test")


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
    drawn = stats.random_table(table.sum(1), table.sum(0)).rvs(_TABLES, random_state=source)
    as_large = int((((drawn - expected) ** 2 / expected).sum((1, 2)) >= statistic * (1 - 1e-9)).sum())
    return Outcome((1 + as_large) / (1 + _TABLES), "χ² test by random tables")
