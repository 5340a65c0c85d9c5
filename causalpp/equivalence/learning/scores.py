"""Scores of a variable given its parents: BDeu, the Gaussian BIC, and the degenerate Gaussian BIC."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence.learning.rules import bits, mask_of
from causalpp.equivalence.learning.table import Floats, Table, strata

__all__ = ["LocalScore", "local_score"]

_SINGULAR = -1e3  # the log-determinant of what has none
_WIDE = 1 << 26  # numbers in the indicators of all states that are held at once
_CELLS = 64  # joint states up to which all candidates are counted in one product


class LocalScore:
    """How well a column is explained by others: higher is better, equal for equivalent graphs when summed.

    Sets of columns are masks: bit k stands for column k.  Every family is scored once.
    """

    name = ""

    def __init__(self, table: Table) -> None:
        self.table, self.rows, self.d = table, len(table.values), len(table.names)
        self._known: list[dict[int, float]] = [{} for _ in range(self.d)]
        self._gains: list[dict[int, Floats]] = [{} for _ in range(self.d)]

    def __call__(self, target: int, parents: Sequence[int]) -> float:
        """The score of a column given some others, listed."""
        return self.of(target, mask_of(parents))

    def of(self, target: int, parents: int) -> float:
        """The score of a column given a mask of others."""
        known = self._known[target]
        if parents not in known:
            known[parents] = self._score(target, parents)
        return known[parents]

    def gains(self, target: int, parents: int) -> Floats:
        """How much the score of a column rises with each further parent, shape ``(d,)``; −inf for those it has."""
        known = self._gains[target]
        if parents not in known:
            out = self._all_gains(target, parents)
            out[[target, *bits(parents)]] = -np.inf
            known[parents] = out
        return known[parents]

    def total(self, parents: Sequence[int]) -> float:
        """The score of a graph, given as each column's mask of parents."""
        return sum(self.of(v, mask) for v, mask in enumerate(parents))

    @property
    def families(self) -> int:
        """How many families, or columns of gains, were scored so far."""
        return sum(map(len, self._known)) + sum(map(len, self._gains))

    def _score(self, target: int, parents: int) -> float:
        raise NotImplementedError

    def _all_gains(self, target: int, parents: int) -> Floats:
        raise NotImplementedError


class GaussianScore(LocalScore):
    """BIC of a Gaussian model in which a discrete variable is the vector of its indicators.

    Continuous columns alone: the usual BIC.  Mixed ones: the degenerate Gaussian score (Andrews, Ramsey & Cooper,
    2019).  It is a function of the family less the same function of the parents, hence equal for equivalent graphs.
    """

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        mixed = table.kind != "continuous"
        self.name = "degenerate Gaussian BIC" if mixed else "BIC"
        self.place = table.places
        self.size = np.array([len(place) for place in table.places])
        self.covariance = table.covariance + (1e-8 * np.eye(len(table.covariance)) if mixed else 0.0)
        self._volumes: dict[int, float] = {0: 0.0}

    def _volume(self, columns: int) -> float:
        if columns not in self._volumes:
            where = [row for k in bits(columns) for row in self.place[k]]
            sign, log = np.linalg.slogdet(self.covariance[np.ix_(where, where)])
            self._volumes[columns] = float(log) if sign > 0 else _SINGULAR
        return self._volumes[columns]

    def _penalty(self, target: int, weights: int) -> float:
        size = int(self.size[target])
        return (size * weights + size * (size + 1) / 2) / 2 * math.log(self.rows)

    def _score(self, target: int, parents: int) -> float:
        gain = self._volume(parents | 1 << target) - self._volume(parents)
        weights = sum(int(self.size[k]) for k in bits(parents))
        return -self.rows / 2 * gain - self._penalty(target, weights)

    def _all_gains(self, target: int, parents: int) -> Floats:
        base = [row for k in bits(parents) for row in self.place[k]]
        before = self._volume(parents | 1 << target) - self._volume(parents)
        out = np.full(self.d, -np.inf)
        for size in np.unique(self.size):
            new = [k for k in range(self.d) if self.size[k] == size and k != target and not parents >> k & 1]
            if not new:
                continue
            small = np.array([base + self.place[k] for k in new])
            large = np.hstack([small, np.tile(self.place[target], (len(new), 1))])
            after = self._all_volumes(large) - self._all_volumes(small)
            cost = int(self.size[target]) * int(size) / 2 * math.log(self.rows)
            out[new] = -self.rows / 2 * (after - before) - cost
        return out

    def _all_volumes(self, where: NDArray[np.int64]) -> Floats:
        sign, log = np.linalg.slogdet(self.covariance[where[:, :, None], where[:, None, :]])
        return np.asarray(np.where(sign > 0, log, _SINGULAR))


class BDeu(LocalScore):
    """The BDeu score (Heckerman, Geiger & Chickering, 1995) as causal-learn has it, only counted faster.

    The equivalent sample size is 1, and each parent is expected with probability 1 / (d - 1); with two columns
    that would be certain (causal-learn then answers NaN), and no graph is preferred beforehand.
    """

    name = "BDeu"

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.codes, self.states = table.codes, table.states
        self._strata: dict[int, tuple[NDArray[np.int64], int]] = {}
        self._hot: NDArray[np.float32] | None = None  # indicators of all states; sums of them are exact
        if self.rows < 1 << 24 and self.rows * int(self.states.sum()) <= _WIDE:
            hot = np.empty((int(self.states.sum()), self.rows), dtype=np.float32)
            row = 0
            for column, number in zip(self.codes, self.states):
                hot[row : row + number] = column == np.arange(number)[:, None]
                row += int(number)
            self._hot = hot

    def _joint(self, columns: int) -> tuple[NDArray[np.int64], int]:
        if columns not in self._strata:
            if len(self._strata) > 32:
                self._strata.clear()  # each holds a number a row
            listed = bits(columns)
            self._strata[columns] = (
                strata(self.codes[listed], [int(self.states[k]) for k in listed])
                if listed
                else (np.zeros(self.rows, dtype=np.int64), 1)
            )
        return self._strata[columns]

    def _prior(self, parents: int) -> float:
        others = self.d - 1
        if others < 2:
            return 0.0
        return -(parents * math.log(others) - (others - parents) * math.log1p(-1 / others))

    def _score(self, target: int, parents: int) -> float:
        from scipy.special import gammaln

        group, number = self._joint(parents)
        own = int(self.states[target])
        counts = np.bincount(group * own + self.codes[target], minlength=number * own).reshape(number, own)
        configurations = float(np.prod(self.states[bits(parents)], dtype=float))
        per_row, per_cell = 1 / configurations, 1 / configurations / own
        total = float(np.sum(gammaln(per_row) - gammaln(counts.sum(1) + per_row)))
        total += float(np.sum(np.where(counts > 0, gammaln(counts + per_cell) - gammaln(per_cell), 0.0)))
        return total + self._prior(parents.bit_count())

    def _all_gains(self, target: int, parents: int) -> Floats:
        before, number = self.of(target, parents), parents.bit_count()
        group, groups = self._joint(parents)
        own = int(self.states[target])
        new = [k for k in range(self.d) if k != target and not parents >> k & 1]
        if self._hot is None or groups * own > _CELLS:
            out = np.full(self.d, -np.inf)
            for k in new:
                out[k] = self._score(target, parents | 1 << k) - before
            return out
        from scipy.special import gammaln

        # Of every state of every column, how often it occurs in each cell, a joint state of the family.
        cells = np.zeros((self.rows, groups * own), dtype=np.float32)
        cells[np.arange(self.rows), group * own + self.codes[target]] = 1
        counts = (self._hot @ cells).astype(float).reshape(-1, groups, own)
        configurations = float(np.prod(self.states[bits(parents)], dtype=float)) * np.repeat(self.states, self.states)
        per_row, per_cell = 1 / configurations[:, None], 1 / configurations[:, None, None] / own
        totals = np.sum(gammaln(per_row) - gammaln(counts.sum(2) + per_row), axis=1)
        totals += np.sum(np.where(counts > 0, gammaln(counts + per_cell) - gammaln(per_cell), 0.0), axis=(1, 2))
        ends = np.cumsum([0, *self.states[:-1]])
        after = np.add.reduceat(totals, ends) + self._prior(number + 1)
        return np.asarray(after - before)


def local_score(table: Table) -> LocalScore:
    """The score for these columns; ``.name`` is BDeu, BIC, or degenerate Gaussian BIC where they are mixed."""
    return BDeu(table) if table.kind == "discrete" else GaussianScore(table)
