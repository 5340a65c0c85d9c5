"""Tests of conditional independence in columns of data, each on the rows in which nothing it looks at is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence.learning.table import Floats, Table, strata

__all__ = ["IndependenceTest", "independence_test"]


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
        self._known: dict[tuple[int, int, tuple[int, ...]], float] = {}
        self.rows: dict[tuple[int, int, tuple[int, ...]], int] = {}

    def __call__(self, x: int, y: int, given: Sequence[int]) -> float:
        """The p-value."""
        key = (min(x, y), max(x, y), tuple(sorted(given)))
        if key not in self._known:
            rows = self.table.rows([x, y, *given]) if self.gaps else None
            self.rows[key] = len(self.table.values) if rows is None else len(rows)
            # No row at all says nothing, and an edge goes only where something speaks against it.
            self._known[key] = self._p(key[0], key[1], list(key[2]), rows) if self.rows[key] else 0.0
        return self._known[key]

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float:
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

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float:
        from scipy.special import erfc

        number = len(self.table.values) if rows is None else len(rows)
        free = number - len(given) - 3
        if free <= 0:
            return 0.0  # nothing can be told apart: the edge stays
        covariance = self._covariance([*given, x, y], rows)
        k = len(given)
        rest = covariance[k:, k:]
        if k:
            try:
                rest = rest - covariance[k:, :k] @ np.linalg.solve(covariance[:k, :k], covariance[:k, k:])
            except np.linalg.LinAlgError:
                return 0.0
        size = rest[0, 0] * rest[1, 1]
        r = rest[0, 1] / math.sqrt(size) if size > 0 else 1.0
        r = min(abs(float(r)), 1 - np.finfo(float).eps)
        return float(erfc(math.sqrt(free) * math.atanh(r) / math.sqrt(2)))


class ChiSquare(IndependenceTest):
    """Pearson's χ² of a contingency table in every joint state of what is given, for discrete columns.

    Rows and columns of a table in which nothing was seen take no part in it, nor in the degrees of freedom.
    """

    name = "chisq"

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float:
        from scipy.stats import chi2

        codes, states = self.table.codes, self.table.states
        a, b = int(states[x]), int(states[y])
        codes = codes if rows is None else codes[:, rows]
        cell, number = codes[x] * b + codes[y], 1
        if given:
            group, number = strata(codes[given], [int(states[k]) for k in given])
            cell = cell + group * (a * b)
        counts = np.bincount(cell, minlength=number * a * b).reshape(number, a, b).astype(float)
        row, column = counts.sum(2), counts.sum(1)
        whole = row.sum(1)
        expected = row[:, :, None] * column[:, None, :] / np.maximum(whole, 1)[:, None, None]
        statistic = float(np.sum((counts - expected) ** 2 / np.where(expected > 0, expected, 1.0)))
        free = int(np.sum(np.maximum((row > 0).sum(1) - 1, 0) * np.maximum((column > 0).sum(1) - 1, 0)))
        return float(chi2.sf(statistic, free)) if free else 1.0


class Regression(ChiSquare):
    """Likelihood-ratio tests of nested regressions (Tsagris, Borboudakis, Lagani & Tsamardinos, 2018).

    With a continuous variable among the two: does the other improve its linear regression on the rest (an
    F test; discrete regressors as indicators)?  With both discrete: does one improve the multinomial logistic
    regression of the other; where the rest is discrete too, χ² on the table.
    """

    name = "regression"

    def _p(self, x: int, y: int, given: list[int], rows: NDArray[np.intp] | None) -> float:
        from scipy.stats import chi2, f

        table = self.table
        if table.discrete[x] and table.discrete[y]:
            if all(table.discrete[z] for z in given):
                return super()._p(x, y, given, rows)
            small, large = table.design(given, rows), table.design([*given, y], rows)
            target = (table.codes[x] if rows is None else table.codes[x][rows]).astype(np.int64)
            gain = 2 * (_logistic(large, target) - _logistic(small, target))
            extra = (np.linalg.matrix_rank(large) - np.linalg.matrix_rank(small)) * (len(np.unique(target)) - 1)
            return float(chi2.sf(max(gain, 0.0), extra)) if extra else 1.0
        if table.discrete[x]:
            x, y = y, x
        number = len(table.values) if rows is None else len(rows)
        covariance = self._covariance([x, *given, y], rows)
        width = sum(len(table.places[k]) for k in given)
        (rest, rank), (better, more) = (_left(covariance, end) for end in (1 + width, len(covariance)))
        free = number - more - 1
        if more == rank or free <= 0:
            return 1.0 if more == rank else 0.0
        return float(f.sf(max(rest - better, 0.0) / (more - rank) / max(better / free, 1e-300), more - rank, free))


def _left(covariance: Floats, end: int) -> tuple[float, int]:
    """The variance of the first column that a regression on the next ones, up to ``end``, leaves; and its rank."""
    variance = float(covariance[0, 0])
    if end == 1:
        return variance, 0
    size, axes = np.linalg.eigh(covariance[1:end, 1:end])
    kept = size > 1e-12 * max(float(size[-1]), 1e-300)
    along = axes[:, kept].T @ covariance[1:end, 0]
    return max(variance - float(np.sum(along**2 / size[kept])), 0.0), int(kept.sum())


def independence_test(table: Table) -> IndependenceTest:
    """The test for these columns; its ``.name`` is fisherz, chisq, or regression where they are mixed."""
    kinds: dict[str, type[IndependenceTest]] = {"continuous": FisherZ, "discrete": ChiSquare, "mixed": Regression}
    return kinds[table.kind](table)


def _logistic(design: Floats, target: NDArray[np.int64], ridge: float = 1e-4) -> float:
    """The largest log-likelihood of a multinomial logistic regression, by Newton's method with step halving.

    The ridge, worth a hundredth of a row, keeps the weights finite where the states are separated.
    """
    states, code = np.unique(target, return_inverse=True)
    number, width = len(states) - 1, design.shape[1]
    hot = (code[:, None] == np.arange(1, number + 1)).astype(float)
    weights = np.zeros((width, number))

    def fit(w: Floats) -> tuple[float, Floats, float]:
        eta = np.hstack([np.zeros((len(design), 1)), design @ w])
        top = eta.max(1, keepdims=True)
        norm = top[:, 0] + np.log(np.exp(eta - top).sum(1))
        likelihood = float(eta[np.arange(len(eta)), code].sum() - norm.sum())
        return likelihood - ridge / 2 * float((w**2).sum()), np.exp(eta[:, 1:] - norm[:, None]), likelihood

    value, share, likelihood = fit(weights)
    for _ in range(60):
        slope = (design.T @ (hot - share) - ridge * weights).T.ravel()
        curve = np.empty((number, width, number, width))
        for a in range(number):
            for b in range(number):
                weight = share[:, a] * ((a == b) - share[:, b])
                curve[a, :, b, :] = (design * weight[:, None]).T @ design
        size = number * width
        hessian = curve.reshape(size, size) + ridge * np.eye(size)
        step = np.linalg.solve(hessian, slope)
        gain, length = float(slope @ step), 1.0
        if gain < 1e-9:
            break
        while length > 1e-6:
            trial = fit(weights + length * step.reshape(number, width).T)
            if trial[0] > value:
                break
            length /= 2
        else:
            break
        weights = weights + length * step.reshape(number, width).T
        value, share, likelihood = trial
    return likelihood
