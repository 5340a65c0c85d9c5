"""The conditional Gaussian score: columns with states, and real ones that are normal in each of their joint states."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits, mask_of
from causalpp.scores.dirichlet import LEAST, check_weight, dirichlet_multinomial
from causalpp.scores.gaussian import NormalWishart
from causalpp.scores.local import EquivalentScore, Interventions, Rows
from causalpp.scores.table import Data, Floats, Table

__all__ = ["ConditionalGaussian"]

_KEPT = 1 << 23  # numbers that are kept for the next question
_AT_ONCE = 1 << 21  # numbers of the matrices that are looked at together


class ConditionalGaussian(EquivalentScore):
    """The logarithm of the density of columns of both kinds, parameters integrated out.

    A set of columns has the probability of the joint states, times the density of the numbers, which are normal with a
    mean and a covariance of their own in every joint state (Andrews, Ramsey & Cooper, International Journal of Data
    Science and Analytics 6, 2018); a family has that of all its columns over that of the parents, so that the members
    of an equivalence class have the same value.  Here parameters are integrated out, where the authors take a maximum
    less a penalty: the probabilities of joint states as in :class:`BDeu`, mean and precision in each of them as in
    :class:`BGe`.  With states alone it is BDeu, with numbers alone BGe.

    A joint state of few rows needs no rule: what its rows do not tell the prior does, and one without any has the
    factor 1.  Nothing is pooled.

    Two limits.  Numbers that have parents with states are mixtures when those are left out, which no set without them
    allows for: a variable with states can seem to depend on a number that is not normal for another reason.  And a
    covariance of its own in every joint state costs l(l + 3)/2 parameters each: where covariances do not differ, the
    degenerate Gaussian :class:`BIC` sees weaker edges.

    Args:
        data, interventions: see :class:`LocalScore`.
        equivalent_sample_size: so many rows the prior of the joint states is worth.
        alpha_mu: so many rows the prior of the mean is worth, in every cell; it is that of numbers that are
            standardised over all rows.
        alpha_w: degrees of freedom of the precision, greater than the number of real columns less 1; left out, that
            number + alpha_mu + 1.
        t: its scale; left out, as in :class:`BGe`.

    Raises:
        InvalidParameter: a hyperparameter is not greater than zero, or ``alpha_w`` not great enough.

    Example:
        >>> import pandas as pd
        >>> draw = np.random.default_rng(0)
        >>> site = draw.integers(0, 2, 300)
        >>> score = ConditionalGaussian(pd.DataFrame({"site": site, "dose": draw.normal(size=300) * (1 + site)}))
        >>> score.local("dose", "site") > score.local("dose") + 10
        True
        >>> one, other = (score.local(a) + score.local(b, a) for a, b in (("site", "dose"), ("dose", "site")))
        >>> bool(np.isclose(one, other))
        True
    """

    name = "conditional Gaussian"

    def __init__(
        self,
        data: Data,
        equivalent_sample_size: float = 1.0,
        *,
        alpha_mu: float = 1.0,
        alpha_w: float | None = None,
        t: float | None = None,
        interventions: Interventions | None = None,
    ) -> None:
        table = Table.of(data)
        self.weight = check_weight(equivalent_sample_size, least=LEAST)
        self.prior = NormalWishart.of(table.discrete.count(False), alpha_mu, alpha_w, t)
        super().__init__(table, interventions=interventions)

    def _prepare(self, rows: Rows | None) -> None:
        table = self.table
        kept = slice(None) if rows is None else rows
        self._codes = table.codes[:, kept]
        self._with_states = mask_of(np.flatnonzero(table.discrete))
        real = [k for k, discrete in enumerate(table.discrete) if not discrete]
        self._spot = {k: place for place, k in enumerate(real)}  # of each real column among these
        self._numbers = np.hstack([np.zeros((len(table.values), 0)), *(table.blocks[k] for k in real)])[kept]
        self._cells: dict[int, tuple[NDArray[np.int64], Floats]] = {}
        self._held = 0

    def _values(self, sets: Sequence[int]) -> Iterator[float]:
        found: dict[int, float] = {}
        by_states = sorted(set(sets), key=lambda mask: mask & self._with_states)
        for states, some in itertools.groupby(by_states, key=lambda mask: mask & self._with_states):
            rows, matrices = self._in_cells(states)
            total = math.prod(float(self.table.states[k]) for k in bits(states))
            of_states = float(dirichlet_multinomial(rows, self.weight / total, total))
            masks = sorted(some, key=int.bit_count)
            for size, alike in itertools.groupby(masks, key=lambda mask: (mask & ~states).bit_count()):
                listed = list(alike)
                for mask, value in zip(listed, self._of_numbers(rows, matrices, listed, size), strict=True):
                    found[mask] = of_states + float(value)
        return (found[mask] for mask in sets)

    def _of_numbers(self, rows: NDArray[np.int64], matrices: Floats, sets: list[int], size: int) -> Floats:
        """The log-density of the real columns of sets that have as many of them, over all cells."""
        out = np.zeros(len(sets))
        if not size:
            return out
        real = [[k for k in bits(mask) if k in self._spot] for mask in sets]
        where = np.array([[self._spot[k] for k in one] for one in real])
        step = max(1, _AT_ONCE // (len(rows) * size * size))
        for first in range(0, len(sets), step):
            some = where[first : first + step]
            log_volume = np.linalg.slogdet(matrices[:, some[:, :, None], some[:, None, :]])[1]
            out[first : first + step] = self.prior.log_density(rows[:, None], size, log_volume).sum(0)
        units = np.array([self.table.log_spread[one].sum() for one in real])
        return np.asarray(out - self.rows * units)

    def _in_cells(self, states: int) -> tuple[NDArray[np.int64], Floats]:
        """Of each joint state that occurs, how many rows it has, and the matrix R of all real columns in them."""
        if states not in self._cells:
            cell = np.zeros(self.rows, dtype=np.int64)
            for k in bits(states):
                cell = np.unique(cell * self.table.states[k] + self._codes[k], return_inverse=True)[1]
            order = np.argsort(cell, kind="stable")
            rows = np.bincount(cell, minlength=1)
            ends = np.cumsum(rows)
            values, width, prior = self._numbers[order], self._numbers.shape[1], self.prior
            matrices = np.empty((len(rows), width, width))
            for place, (start, end) in enumerate(zip(ends - rows, ends, strict=True)):
                mean = values[start:end].sum(0) / max(1, end - start)
                rest = values[start:end] - mean
                weight = (end - start) * prior.alpha_mu / (end - start + prior.alpha_mu)
                matrices[place] = rest.T @ rest + weight * np.outer(mean, mean)
            matrices += prior.t * np.eye(width)
            if self._held + matrices.size > _KEPT:
                self._cells.clear()
                self._held = 0
            self._cells[states] = rows, matrices
            self._held += matrices.size
        return self._cells[states]
