"""What columns of data say: tests of conditional independence, and scores of a variable given its parents."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData

__all__ = ["Score", "Table", "Test", "independence_test", "local_score"]

Floats = NDArray[np.float64]
#: p-value of "x and y are independent given the columns", symmetric in x and y.
Test = Callable[[int, int, Sequence[int]], float]
#: How well a column is explained by others, higher is better; equal for equivalent graphs when summed.
Score = Callable[[int, Sequence[int]], float]

_COLLINEAR = 1e-10  # share of a column's variance that the other columns leave, below which it is their function


@dataclass(frozen=True)
class Table:
    """Columns as numbers, and which of them are codes ``0, 1, …`` of a discrete variable."""

    values: Floats
    discrete: tuple[bool, ...]
    names: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``"discrete"``, ``"continuous"`` or ``"mixed"``."""
        return "mixed" if len(set(self.discrete)) > 1 else "discrete" if self.discrete[0] else "continuous"

    @cached_property
    def blocks(self) -> list[Floats]:
        """Each column centred and scaled to variance 1; a discrete one as indicators of all its states but one."""
        out = []
        for column, discrete in zip(self.values.T, self.discrete, strict=True):
            states = np.unique(column)[1:]
            block = (column[:, None] == states).astype(float) if discrete else column[:, None]
            block = block - block.mean(0)
            out.append(block / block.std(0))
        return out

    def design(self, columns: Sequence[int]) -> Floats:
        """A constant and the blocks of some columns, side by side."""
        return np.hstack([np.ones((len(self.values), 1)), *(self.blocks[c] for c in columns)])

    def check_collinear(self) -> None:
        """Refuse continuous columns that are linear functions of each other.

        Raises:
            InvalidData: naming the first column that those before it determine.
        """
        continuous = [k for k, discrete in enumerate(self.discrete) if not discrete]
        for place, k in enumerate(continuous[1:], start=1):
            before, column = self.design(continuous[:place]), self.blocks[k][:, 0]
            rest = column - before @ np.linalg.lstsq(before, column, rcond=None)[0]
            if float(np.mean(rest**2)) < _COLLINEAR:
                raise InvalidData(
                    f"column {self.names[k]!r} is a copy or a linear function of the columns before it "
                    f"in these {len(self.values):,} rows: leave it out, or bring more rows than columns"
                )


# --- tests ----------------------------------------------------------------------------------------


def independence_test(table: Table) -> tuple[Test, str]:
    """The test for these columns and its name: ``fisherz``, ``chisq``, or ``regression`` where they are mixed."""
    if table.kind == "mixed":
        return _cached(_mixed_test(table)), "regression"
    name = "chisq" if table.kind == "discrete" else "fisherz"
    plain = _causal_learn_test(table.values, name)
    most = len(table.values) - 4  # Fisher's z has no degree of freedom left beyond

    def test(x: int, y: int, given: Sequence[int]) -> float:
        return 0.0 if name == "fisherz" and len(given) > most else plain(x, y, given)

    return _cached(test), name


def _causal_learn_test(values: Floats, name: str) -> Test:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without notebook widgets its progress bar complains when imported
        from causallearn.utils.cit import CIT

    inner: Any = CIT(values, name)

    def test(x: int, y: int, given: Sequence[int]) -> float:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return float(inner(x, y, tuple(given) or None))

    return test


def _cached(test: Test) -> Test:
    known: dict[tuple[int, int, tuple[int, ...]], float] = {}

    def wrapped(x: int, y: int, given: Sequence[int]) -> float:
        key = (min(x, y), max(x, y), tuple(sorted(given)))
        if key not in known:
            known[key] = test(*key)
        return known[key]

    return wrapped


def _mixed_test(table: Table) -> Test:
    """Likelihood-ratio tests of nested regressions (Tsagris, Borboudakis, Lagani & Tsamardinos, 2018).

    With a continuous variable among the two: does the other improve its linear regression on the rest (an
    F test; discrete regressors as indicators)?  With both discrete: does one improve the multinomial logistic
    regression of the other; where the rest is discrete too, χ² on the table.
    """
    from scipy.stats import chi2, f

    codes = np.where(np.array(table.discrete), table.values, 0.0)
    codes[0] = np.where(np.array(table.discrete), codes[0], 1.0)  # a constant column would have no states to count
    table_test = _causal_learn_test(codes, "chisq")

    def test(x: int, y: int, given: Sequence[int]) -> float:
        if table.discrete[x] and table.discrete[y] and all(table.discrete[z] for z in given):
            return table_test(x, y, given)
        if table.discrete[x] and not table.discrete[y]:
            x, y = y, x
        small, large = table.design(given), table.design([*given, y])
        if not table.discrete[x]:
            (rest, rank), (better, more) = (_residual(design, table.blocks[x]) for design in (small, large))
            free = len(large) - more
            if more == rank or free <= 0:
                return 1.0 if more == rank else 0.0
            return float(f.sf((rest - better) / (more - rank) / max(better / free, 1e-300), more - rank, free))
        target = table.values[:, x].astype(int)
        gain = 2 * (_logistic(large, target) - _logistic(small, target))
        extra = (np.linalg.matrix_rank(large) - np.linalg.matrix_rank(small)) * (len(np.unique(target)) - 1)
        return float(chi2.sf(max(gain, 0.0), extra)) if extra else 1.0

    return test


def _residual(design: Floats, target: Floats) -> tuple[float, int]:
    """The sum of squares that a regression leaves, and its rank."""
    weights, _, rank, _ = np.linalg.lstsq(design, target, rcond=None)
    return float(np.sum((target - design @ weights) ** 2)), int(rank)


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


# --- scores ---------------------------------------------------------------------------------------


def local_score(table: Table) -> tuple[Score, str]:
    """The score for these columns and its name: ``BDeu``, ``BIC``, or ``degenerate Gaussian BIC`` where mixed."""
    if table.kind == "discrete":
        score, name = _bdeu(table.values.astype(np.int64)), "BDeu"
    else:
        score, name = _gaussian(table), "BIC" if table.kind == "continuous" else "degenerate Gaussian BIC"
    known: dict[tuple[int, tuple[int, ...]], float] = {}

    def wrapped(target: int, parents: Sequence[int]) -> float:
        key = (target, tuple(sorted(parents)))
        if key not in known:
            known[key] = score(*key)
        return known[key]

    return wrapped, name


def _gaussian(table: Table) -> Score:
    """BIC of a Gaussian model in which a discrete variable is the vector of its indicators.

    Continuous columns alone: the usual BIC.  Mixed ones: the degenerate Gaussian score (Andrews, Ramsey & Cooper,
    2019).  It is a function of the family less the same function of the parents, hence equal for equivalent graphs.
    """
    rows = len(table.values)
    joint = np.hstack(table.blocks)
    covariance = joint.T @ joint / rows + (1e-8 * np.eye(joint.shape[1]) if table.kind == "mixed" else 0.0)
    ends = np.cumsum([0, *(block.shape[1] for block in table.blocks)])
    place = [list(range(ends[k], ends[k + 1])) for k in range(len(table.blocks))]
    known: dict[tuple[int, ...], float] = {(): 0.0}

    def volume(columns: tuple[int, ...]) -> float:
        if columns not in known:
            where = [row for k in columns for row in place[k]]
            sign, log = np.linalg.slogdet(covariance[np.ix_(where, where)])
            known[columns] = float(log) if sign > 0 else -1e3
        return known[columns]

    def score(target: int, parents: Sequence[int]) -> float:
        size = len(place[target])
        weights = size * sum(len(place[k]) for k in parents) + size * (size + 1) / 2
        gain = volume(tuple(sorted((*parents, target)))) - volume(tuple(sorted(parents)))
        return -rows / 2 * gain - weights / 2 * math.log(rows)

    return score


def _bdeu(codes: NDArray[np.int64]) -> Score:
    """The BDeu score (Heckerman, Geiger & Chickering, 1995) as causal-learn has it, only counted faster.

    The equivalent sample size is 1, and each parent is expected with probability 1 / (d - 1); with two columns
    that would be certain (causal-learn then answers NaN), and no graph is preferred beforehand.
    """
    from scipy.special import gammaln

    states = codes.max(0) + 1
    others = codes.shape[1] - 1

    def score(target: int, parents: Sequence[int]) -> float:
        rows = np.zeros(len(codes), dtype=np.int64)
        for parent in parents:
            rows = np.unique(rows * states[parent] + codes[:, parent], return_inverse=True)[1]
        counts = np.bincount(rows * states[target] + codes[:, target])
        counts = np.append(counts, np.zeros(-len(counts) % states[target], dtype=counts.dtype))
        counts = counts.reshape(-1, states[target])
        strata = float(np.prod(states[list(parents)], dtype=float))
        per_row, per_cell = 1 / strata, 1 / strata / states[target]
        total = float(np.sum(gammaln(per_row) - gammaln(counts.sum(1) + per_row)))
        total += float(np.sum(np.where(counts > 0, gammaln(counts + per_cell) - gammaln(per_cell), 0.0)))
        if others > 1:
            total -= len(parents) * math.log(others) - (others - len(parents)) * math.log1p(-1 / others)
        return total

    return score
