"""Tests of conditional independence in columns of data, each on the rows in which nothing it looks at is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.scores.table import COLLINEAR, Data, Floats, Table

__all__ = ["Independence", "IndependenceTest", "among_random_tables", "independence", "independence_test"]

_LEAST_EXPECTED = 5.0  # in a cell, for the χ² distribution to be trusted
_FIRST, _MORE = 999, 19_999  # random tables: more of them where none of the first is as far out


@dataclass(frozen=True)
class Independence:
    """What a test says of "x and y are independent given some".

    Attributes:
        p_value: the probability of data as far from independence or farther, were they independent; 1 where the rows
            are too few to speak against it.
        test: ``"fisherz"``, ``"chisq"`` or ``"regression"``.
        rows: so many it was answered from.
    """

    p_value: float
    test: str
    rows: int


class IndependenceTest:
    """p-values of "x and y are independent given the columns", symmetric in x and y; every question is put once.

    Attributes:
        name: ``"fisherz"``, ``"chisq"`` or ``"regression"``.
        rows: of each question put so far, the number of rows it was answered from.
    """

    name = ""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.gaps = bool(table.missing.any())
        self._known: dict[tuple[int, int, tuple[int, ...]], float | None] = {}
        self.rows: dict[tuple[int, int, tuple[int, ...]], int] = {}

    def __call__(self, x: int, y: int, given: Sequence[int]) -> float:
        """The p-value; 0 where nothing can be told, so that a search leaves the edge."""
        p = self._asked(x, y, given)
        return 0.0 if p is None else p

    def _asked(self, x: int, y: int, given: Sequence[int]) -> float | None:
        """The p-value, or None where nothing can be told."""
        key = (min(x, y), max(x, y), tuple(sorted(given)))
        if key not in self._known:
            rows = self.table.rows([x, y, *given]) if self.gaps else None
            self.rows[key] = len(self.table.values) if rows is None else len(rows)
            self._known[key] = self._p(key[0], key[1], list(key[2]), rows) if self.rows[key] else None
        return self._known[key]

    def of(self, x: str, y: str, given: str | Iterable[str] = ()) -> Independence:
        """The answer by name.

        Raises:
            UnknownVariable: a name that is no column.
            InvalidParameter: a variable is named twice.
        """
        names = [x, y, *([given] if isinstance(given, str) else given)]
        for name in names:
            if name not in self.table.names:
                raise UnknownVariable(name, self.table.names)
            if names.count(name) > 1:
                raise InvalidParameter(
                    f"{name!r} is named twice in the question whether {x!r} and {y!r} are independent"
                )
        a, b, *others = map(self.table.names.index, names)
        p = self._asked(a, b, others)
        return Independence(1.0 if p is None else p, self.name, self.rows[min(a, b), max(a, b), tuple(sorted(others))])

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float | None:
        """The p-value in some rows, or all; None where they cannot tell."""
        raise NotImplementedError

    def _covariance(self, columns: list[int], rows: NDArray[np.intp] | None) -> Floats:
        """The covariance of the blocks of some columns in some rows."""
        where = [row for k in columns for row in self.table.places[k]]
        if rows is None and not self.gaps:
            return np.asarray(self.table.covariance[np.ix_(where, where)])
        part = self.table.joint[:, where] if rows is None else self.table.joint[rows[:, None], where]
        part = part - part.mean(0)
        return np.asarray(part.T @ part / len(part))


class FisherZ(IndependenceTest):
    """Fisher's z of the partial correlation, for continuous columns."""

    name = "fisherz"

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float | None:
        from scipy.special import erfc

        number = len(self.table.values) if rows is None else len(rows)
        free = number - len(given) - 3
        if free <= 0:
            return None
        covariance = self._covariance([*given, x, y], rows)
        k = len(given)
        rest = covariance[k:, k:]
        if k:
            try:
                rest = rest - covariance[k:, :k] @ np.linalg.solve(covariance[:k, :k], covariance[:k, k:])
            except np.linalg.LinAlgError:
                return None
        if (np.diagonal(rest) <= COLLINEAR * np.diagonal(covariance)[k:]).any():
            return None  # one of them is a function of what is given
        r = min(abs(float(rest[0, 1])) / math.sqrt(rest[0, 0] * rest[1, 1]), 1 - np.finfo(float).eps)
        return float(erfc(math.sqrt(free) * math.atanh(r) / math.sqrt(2)))


class ChiSquare(IndependenceTest):
    """Pearson's χ² of a contingency table in every joint state of what is given, for discrete columns.

    Rows and columns of a table in which nothing was seen take no part in it, nor in the degrees of freedom.  The law
    is χ², or where a cell expects less than five and a seed was given, that over random tables with the same margins in
    each joint state (Patefield 1981), which is exact.
    """

    name = "chisq"

    def __init__(self, table: Table, seed: int | None = None) -> None:
        super().__init__(table)
        self.seed = seed

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float | None:
        from scipy.stats import chi2

        del rows  # what is missing is not counted anyway
        counts = self.table.counts.joint(given, x, y)
        row, column = counts.sum(2), counts.sum(1)
        expected = row[:, :, None] * column[:, None, :] / np.maximum(row.sum(1), 1)[:, None, None]
        statistic = float(np.sum((counts - expected) ** 2 / np.where(expected > 0, expected, 1.0)))
        several = np.maximum((row > 0).sum(1) - 1, 0) * np.maximum((column > 0).sum(1) - 1, 0)
        if not several.any():
            return 1.0
        told = expected[several > 0]
        if self.seed is not None and told[told > 0].min() < _LEAST_EXPECTED:
            source = np.random.default_rng([self.seed, x, y, *given])  # whatever else is tested
            return among_random_tables(row[several > 0], column[several > 0], statistic, source)
        return float(chi2.sf(statistic, int(several.sum())))


class Regression(ChiSquare):
    """Likelihood-ratio tests of nested regressions (Tsagris, Borboudakis, Lagani & Tsamardinos, 2018).

    With a continuous variable among the two: does the other improve its linear regression on the rest (an
    F test; discrete regressors as indicators)?  With both discrete: does one improve the multinomial logistic
    regression of the other; where the rest is discrete too, χ² on the table.
    """

    name = "regression"

    def __init__(self, table: Table, seed: int | None = None) -> None:
        super().__init__(table, seed)
        self._fitted: dict[tuple[int, tuple[int, ...]], float] = {}

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float | None:
        from scipy.stats import chi2, f

        table = self.table
        if table.discrete[x] and table.discrete[y]:
            if all(table.discrete[z] for z in given):
                return super()._p(x, y, given, rows)
            gain = 2 * (self._likelihood(x, [*given, y], rows) - self._likelihood(x, given, rows))
            covariance = self._covariance([x, *given, y], rows)
            own, width = len(table.places[x]), sum(len(table.places[k]) for k in given)
            ranks = [_rank(covariance[own:end, own:end]) for end in (own + width, len(covariance))]
            extra = (ranks[1] - ranks[0]) * _rank(covariance[:own, :own])
            return float(chi2.sf(max(gain, 0.0), extra)) if extra else 1.0
        if table.discrete[x]:
            x, y = y, x
        number = len(table.values) if rows is None else len(rows)
        covariance = self._covariance([x, *given, y], rows)
        width = sum(len(table.places[k]) for k in given)
        (rest, rank), (better, more) = (_left(covariance, end) for end in (1 + width, len(covariance)))
        free = number - more - 1
        if more == rank or free <= 0:
            return 1.0 if more == rank else None
        return float(f.sf(max(rest - better, 0.0) / (more - rank) / max(better / free, 1e-300), more - rank, free))

    def _likelihood(self, x: int, given: list[int], rows: NDArray[np.intp] | None) -> float:
        """The largest log-likelihood of the logistic regression of x on some others."""
        key = (x, tuple(sorted(given)))
        if rows is not None:
            return _logistic(self.table.design(given, rows), self.table.codes[x][rows])
        if key not in self._fitted:
            self._fitted[key] = _logistic(self.table.design(key[1]), self.table.codes[x])
        return self._fitted[key]


def _rank(covariance: Floats) -> int:
    """How many dimensions a covariance has."""
    if not len(covariance):
        return 0
    size = np.linalg.eigvalsh(covariance)
    return int(np.sum(size > 1e-12 * max(float(size[-1]), 1e-300)))


def _left(covariance: Floats, end: int) -> tuple[float, int]:
    """The variance of the first column that a regression on the next ones, up to ``end``, leaves; and its rank."""
    variance = float(covariance[0, 0])
    if end == 1:
        return variance, 0
    size, axes = np.linalg.eigh(covariance[1:end, 1:end])
    kept = size > 1e-12 * max(float(size[-1]), 1e-300)
    along = axes[:, kept].T @ covariance[1:end, 0]
    return max(variance - float(np.sum(along**2 / size[kept])), 0.0), int(kept.sum())


def independence_test(data: Data, *, seed: int | None = None) -> IndependenceTest:
    """The test for these columns; its ``.name`` is fisherz, chisq, or regression where they are mixed.

    Args:
        data: columns, or a frame of which they are read; each question is answered from the rows in which none of its
            own columns is missing.
        seed: of random tables, where discrete columns are too rarely in some state for χ²; left out, there are none.

    Example:
        >>> import pandas as pd
        >>> draw = np.random.default_rng(0)
        >>> z = draw.integers(2, size=400)
        >>> frame = pd.DataFrame({"x": z ^ (draw.random(400) < 0.1), "y": z ^ (draw.random(400) < 0.1), "z": z})
        >>> test = independence_test(frame)
        >>> test.of("x", "y").p_value < 1e-6, test.of("x", "y", "z").p_value > 0.01
        (True, True)
    """
    table = Table.of(data)
    if table.kind == "continuous":
        return FisherZ(table)
    return ChiSquare(table, seed) if table.kind == "discrete" else Regression(table, seed)


def independence(
    data: Data, x: str, y: str, given: str | Iterable[str] = (), *, seed: int | None = None
) -> Independence:
    """Are two variables independent given others?  For many questions, make one :func:`independence_test`.

    Args:
        data, seed: see :func:`independence_test`.
        x, y: the two.
        given: the others.

    Raises:
        UnknownVariable: a name that is no column.
        InvalidParameter: a variable is named twice.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"dose": [0.0, 1.0, 2.0, 3.0, 4.5], "pain": [0.1, 1.2, 1.9, 3.3, 4.4]})
        >>> answer = independence(frame, "dose", "pain")
        >>> answer.test, answer.rows, answer.p_value < 0.01
        ('fisherz', 5, True)
    """
    return independence_test(data, seed=seed).of(x, y, given)


def among_random_tables(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    found: float,
    source: np.random.Generator,
    draws: Sequence[int] = (_FIRST, _MORE),
) -> float:
    """How probable χ² as large as was found is over random tables with these margins (Patefield 1981).

    Args:
        rows, columns: the margins in each stratum, shape ``(strata, states)``.
        found: χ², of all strata together.
        source: of the tables.
        draws: how many are drawn, and how many more where none so far is as far out.
    """
    from scipy.stats import random_table

    margins = [(row[row > 0], column[column > 0]) for row, column in zip(rows, columns, strict=True)]
    beyond, drawn = 0, 0
    for many in draws:
        total = np.zeros(many)
        for row, column in margins:
            expected = np.outer(row, column) / row.sum()
            random = random_table(row, column).rvs(many, random_state=source)
            total += ((random - expected) ** 2 / expected).sum((1, 2))
        beyond += int((total >= found * (1 - 1e-9)).sum())
        drawn += many
        if beyond:
            break
    return (1 + beyond) / (1 + drawn)


def _logistic(design: Floats, target: NDArray[np.int64], ridge: float = 1e-4) -> float:
    """The largest log-likelihood of a multinomial logistic regression, by Newton's method with step halving.

    The ridge, worth a hundredth of a row, keeps the weights finite where the states are separated.
    """
    states, code = np.unique(target, return_inverse=True)
    number, across = len(states) - 1, np.ascontiguousarray(design.T)
    width, length = across.shape
    hot = code == np.arange(1, number + 1)[:, None]
    weights = np.zeros((number, width))

    def fit(w: Floats) -> tuple[float, Floats, float]:
        eta = w @ across
        top = np.maximum(eta.max(0, initial=0.0), 0.0)
        share = np.exp(eta - top)
        norm = np.exp(-top) + share.sum(0)
        likelihood = float(eta[hot].sum() - (top + np.log(norm)).sum())
        return likelihood - ridge / 2 * float((w**2).sum()), share / norm, likelihood

    value, share, likelihood = fit(weights)
    for _ in range(60):
        slope = ((hot - share) @ design - ridge * weights).ravel()
        curve = np.empty((number, width, number, width))
        for a in range(number):
            for b in range(a, number):
                curve[a, :, b, :] = (across * (share[a] * ((a == b) - share[b]))) @ design
                curve[b, :, a, :] = curve[a, :, b, :].T
        size = number * width
        step = np.linalg.solve(curve.reshape(size, size) + ridge * np.eye(size), slope)
        gain, part = float(slope @ step), 1.0
        if gain < 1e-9 * max(1.0, length / 1000):
            break
        while part > 1e-6:
            trial = fit(weights + part * step.reshape(number, width))
            if trial[0] > value:
                break
            part /= 2
        else:
            break
        weights = weights + part * step.reshape(number, width)
        value, share, likelihood = trial
    return likelihood
