"""Missing values: drawn several times over given those that are there, and the mean of the scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData
from causalpp.scores.gaussian import NormalWishart
from causalpp.scores.local import EquivalentScore, Rows
from causalpp.scores.table import Floats, Table

__all__ = ["Averaged", "imputed"]

_DRAWS = 12  # tables
_BURN, _APART = 100, 20  # steps before the first, and between two
_CLASSES = 20  # of the mixture that states are drawn from
_JITTER = 1e-10


class Averaged(EquivalentScore):
    """The mean of one score over tables in which what is missing was drawn.

    The logarithm of P(what is there | graph) is at least the mean of that of P(all | graph) over draws of what is
    missing, plus the entropy of their law, which is the same for all graphs (Jensen's inequality, as in variational
    inference and in Friedman's structural EM, UAI 1998).  A mean of functions of sets of columns is one again, so
    members of a class keep one value.

    Args:
        scores: of tables with the same columns and rows.
    """

    def __init__(self, scores: Sequence[EquivalentScore]) -> None:
        first = scores[0]
        self.scores, self.table, self.names, self.d = tuple(scores), first.table, first.names, first.d
        self.name, self.rows, self._place = first.name, first.rows, first._place
        self._known = [{} for _ in range(self.d)]
        self._gains = [{} for _ in range(self.d)]
        self._sets = {0: 0.0}
        self._free = {v: Averaged([score.part(v) for score in scores]) for v in first.set_somewhere}  # type: ignore[misc]

    def _prepare(self, rows: Rows | None) -> None:
        raise NotImplementedError  # pragma: no cover – the scores are prepared

    def _values(self, sets: Sequence[int]) -> Floats:
        return np.asarray(np.mean([score.values(sets) for score in self.scores], axis=0))

    def _family(self, target: int, parents: int) -> float:
        return float(np.mean([score._family(target, parents) for score in self.scores]))

    def _gains_of(self, target: int, parents: int, others: Sequence[int]) -> Floats:
        return np.asarray(np.mean([score._gains_of(target, parents, others) for score in self.scores], axis=0))


def imputed(table: Table, targets: NDArray[np.bool_] | None = None, seed: int = 0, draws: int = _DRAWS) -> list[Table]:
    """Tables in which what is missing was drawn from its posterior given what is there, under a law without a graph.

    Real columns are normal together (data augmentation, Schafer 1997), those with states a mixture of classes in which
    they are independent (Dunson & Xing 2009).  Right if values are missing at random: whether they are depends on
    values that are there.

    Args:
        table: of one kind of columns.
        targets: which columns were set in each row; rows in which others were have a law of their own.
        seed: of the draws.
        draws: how many tables.

    Raises:
        InvalidData: columns of both kinds.
    """
    if table.kind == "mixed":
        raise InvalidData(
            "missing values are drawn where all columns are real, or all have states, and these are of both kinds: use "
            "missing='complete', or cut the real ones"
        )
    rng = np.random.default_rng(seed)
    out = [table.values.copy() for _ in range(draws)]
    groups: dict[bytes, list[int]] = {}
    for row in range(len(table.values)):
        groups.setdefault(b"" if targets is None else targets[row].tobytes(), []).append(row)
    law = _normal if table.kind == "continuous" else _classes
    for rows in groups.values():
        part = table.take(np.array(rows))
        if part.missing.any():
            for values, drawn in zip(out, law(part, rng, draws), strict=True):
                values[rows] = drawn
    return [replace(table, values=values, sizes=tuple(table.states.tolist())) for values in out]


def _steps(draws: int) -> Iterator[bool]:
    """The steps of a chain, and whether a table is taken after each."""
    for step in range(_BURN + draws * _APART):
        yield step >= _BURN and (step - _BURN) % _APART == _APART - 1


def _normal(table: Table, rng: np.random.Generator, draws: int) -> Iterator[Floats]:
    """Columns that are normal together, under BGe's prior."""
    from scipy.stats import wishart

    gaps, width = table.missing, len(table.names)
    centre, spread = np.nanmean(np.where(gaps.all(0), 0.0, table.values), 0), np.exp(table.log_spread)
    values = np.where(gaps, 0.0, (table.values - centre) / spread)
    rows, prior = len(values), NormalWishart.of(width, 1.0, None, None)
    patterns: dict[bytes, list[int]] = {}
    for row in np.flatnonzero(gaps.any(1)).tolist():
        patterns.setdefault(gaps[row].tobytes(), []).append(row)
    mean, cover = np.zeros(width), np.eye(width)
    for taken in _steps(draws):
        for key, listed in patterns.items():
            gone = np.frombuffer(key, dtype=bool)
            here, some = ~gone, np.array(listed)
            slope = np.linalg.solve(cover[np.ix_(here, here)], cover[np.ix_(here, gone)])
            rest = cover[np.ix_(gone, gone)] - cover[np.ix_(gone, here)] @ slope
            root = np.linalg.cholesky((rest + rest.T) / 2 + _JITTER * np.eye(len(rest)))
            guess = mean[gone] + (values[np.ix_(some, here)] - mean[here]) @ slope
            values[np.ix_(some, gone)] = guess + rng.normal(size=guess.shape) @ root.T
        middle = values.mean(0)
        off, weight = values - middle, rows * prior.alpha_mu / (rows + prior.alpha_mu)
        scale = prior.t * np.eye(width) + off.T @ off + weight * np.outer(middle, middle)
        precision = wishart(df=prior.alpha_w + rows, scale=np.linalg.inv(scale)).rvs(random_state=rng)
        cover = np.linalg.inv(np.reshape(precision, (width, width)))
        kept = rows + prior.alpha_mu
        mean = rows * middle / kept + np.linalg.cholesky(cover / kept) @ rng.normal(size=width)
        if taken:
            yield np.where(gaps, values * spread + centre, table.values)


def _classes(table: Table, rng: np.random.Generator, draws: int) -> Iterator[Floats]:
    """Columns with states that are independent within each of some classes, under a Dirichlet process cut short."""
    gaps, codes = table.missing.T, table.codes.copy()
    rows, states = codes.shape[1], table.states.tolist()
    for column, gone, number in zip(codes, gaps, states, strict=True):
        seen = np.bincount(column[~gone], minlength=number) + 1 / number
        column[gone] = rng.choice(number, size=gone.sum(), p=seen / seen.sum())
    share = np.full(_CLASSES, 1 / _CLASSES)
    tables = [_dirichlet(np.ones((_CLASSES, number)), rng) for number in states]
    for taken in _steps(draws):
        logs = np.log(share)[:, None] + sum(np.log(t)[:, column] for t, column in zip(tables, codes, strict=True))
        member = np.argmax(logs + rng.gumbel(size=(_CLASSES, rows)), axis=0)
        for v, number in enumerate(states):
            gone = np.flatnonzero(gaps[v])
            within = tables[v][member[gone]].cumsum(1)
            codes[v, gone] = np.minimum((rng.random((len(gone), 1)) > within).sum(1), number - 1)
            counts = np.bincount(member * number + codes[v], minlength=_CLASSES * number).reshape(_CLASSES, number)
            tables[v] = _dirichlet(counts + 1 / number, rng)
        size = np.bincount(member, minlength=_CLASSES)
        after = size[::-1].cumsum()[::-1] - size
        broken = rng.beta(1 + size, 1 + after)
        broken[-1] = 1.0
        share = np.maximum(broken * np.cumprod([1.0, *(1 - broken[:-1])]), 1e-300)
        if taken:
            yield np.where(table.missing, codes.T, table.values)


def _dirichlet(weights: Any, rng: np.random.Generator) -> NDArray[np.float64]:
    """A draw of each row's probabilities."""
    drawn = np.maximum(rng.gamma(weights), 1e-300)
    return np.asarray(drawn / drawn.sum(-1, keepdims=True))
