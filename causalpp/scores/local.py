"""Scores of a variable given its parents: BDeu, the Gaussian BIC, and the degenerate Gaussian BIC."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from causalpp._bits import bits, mask_of
from causalpp.scores.table import Floats, Table

__all__ = ["LocalScore", "local_score"]

_SINGULAR = -1e3  # the log-determinant of what has none


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
        self.states, self.counts = table.states, table.counts

    def _prior(self, parents: int) -> float:
        others = self.d - 1
        if others < 2:
            return 0.0
        return -(parents * math.log(others) - (others - parents) * math.log1p(-1 / others))

    def _score(self, target: int, parents: int) -> float:
        listed = bits(parents)
        found = self.counts.joint(listed, target)
        return self._of_counts(found, float(np.prod(self.states[listed], dtype=float))) + self._prior(len(listed))

    def _all_gains(self, target: int, parents: int) -> Floats:
        before, listed = self.of(target, parents), bits(parents)
        new = [k for k in range(self.d) if k != target and not parents >> k & 1]
        configurations = float(np.prod(self.states[listed], dtype=float))
        out = np.full(self.d, -np.inf)
        for k, found in zip(new, self.counts.with_each(listed, target, new), strict=True):
            out[k] = self._of_counts(found, configurations * float(self.states[k]))
        out[new] += self._prior(len(listed) + 1) - before
        return out

    @staticmethod
    def _of_counts(counts: NDArray[np.int64], configurations: float) -> float:
        """The logarithm of the marginal likelihood, of counts whose last axis are the states of the target."""
        per_row, per_cell = 1 / configurations, 1 / configurations / counts.shape[-1]
        rows, cells = counts.sum(-1), counts[counts > 0]
        rows = rows[rows > 0]
        total = len(rows) * gammaln(per_row) - np.sum(gammaln(rows + per_row))
        return float(total + np.sum(gammaln(cells + per_cell)) - len(cells) * gammaln(per_cell))


def local_score(table: Table) -> LocalScore:
    """The score for these columns; ``.name`` is BDeu, BIC, or degenerate Gaussian BIC where they are mixed."""
    return BDeu(table) if table.kind == "discrete" else GaussianScore(table)
