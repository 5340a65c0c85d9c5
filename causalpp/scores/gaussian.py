"""Scores of columns that are normal together: BGe, and what it shares with BIC and the conditional Gaussian score."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from causalpp._bits import bits
from causalpp._renamed import old_keyword
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.scores.dirichlet import check_weight
from causalpp.scores.local import EquivalentScore, Interventions, Rows
from causalpp.scores.table import Data, Floats, Table

__all__ = ["BGe", "NormalWishart", "Volumes"]

_CELLS = 1 << 22  # of the parts that are looked at together
_SINGULAR = -1e3  # the logarithm of an eigenvalue that is none


class Volumes:
    """Log-determinants of the parts of a symmetric matrix that belong to sets of variables.

    Of a part that is singular the logarithms of its other eigenvalues are added, and for each that is zero −1000.  So
    a column given others that determine each other, or are constant, has the volume it has given some of them.

    Args:
        matrix: shape ``(width, width)``.
        places: the rows that each variable has in it.
        least: an eigenvalue that is smaller is zero, and was rounded.
    """

    def __init__(
        self, matrix: Floats, places: Sequence[Sequence[int]], least: float = float(np.finfo(float).tiny)
    ) -> None:
        self.matrix, self.places, self.least = matrix, places, least

    def __call__(self, sets: Sequence[int]) -> tuple[Floats, Floats]:
        """Of each mask the log-determinant and the width, shape ``(M,)`` both."""
        listed = [[row for k in bits(mask) for row in self.places[k]] for mask in sets]
        width, out = np.array([len(rows) for rows in listed]), np.zeros(len(sets))
        for size in np.unique(width[width > 0]):
            of_size = np.flatnonzero(width == size)
            for which in np.array_split(of_size, -(-len(of_size) * int(size) ** 2 // _CELLS)):
                where = np.array([listed[k] for k in which])
                parts = self.matrix[where[:, :, None], where[:, None, :]]
                sign, out[which] = np.linalg.slogdet(parts)
                near = (sign <= 0) | (out[which] < math.log(self.least))
                if near.any():
                    roots = np.linalg.eigvalsh(parts[near])
                    logs = np.log(np.maximum(roots, self.least))
                    out[which[near]] = np.where(roots > self.least, logs, _SINGULAR).sum(1)
        return out, width.astype(float)


@dataclass(frozen=True)
class NormalWishart:
    """What is thought of the mean and the precision of normal columns beforehand, in the words of the literature.

    The precision matrix of n columns is Wishart with α_w degrees of freedom and T = tI, the mean is normal around 0
    with α_μ times that precision (Geiger & Heckerman 2002; Kuipers, Moffa & Heckerman 2014).

    Attributes:
        columns: n.
        alpha_mu: how many rows the mean is worth.
        alpha_w: degrees of freedom, more than n − 1.
        t: the scale.

    Raises:
        InvalidParameter: a number that is out of its range or not finite.
    """

    columns: int
    alpha_mu: float
    alpha_w: float
    t: float

    @classmethod
    def of(cls, columns: int, alpha_mu: float, alpha_w: float | None, t: float | None) -> NormalWishart:
        """With α_w = n + α_μ + 1 and t = α_μ(α_w − n − 1)/(α_μ + 1) where those are left out."""
        alpha_mu = check_weight(alpha_mu, "alpha_mu")
        usual = alpha_w is None
        if alpha_w is None:
            alpha_w = columns + alpha_mu + 1
        elif not columns - 1 < check_weight(alpha_w, "alpha_w"):
            raise InvalidParameter(f"alpha_w must be greater than {columns - 1}, of {columns} columns, got {alpha_w!r}")
        if t is None:
            if not usual and not alpha_w > columns + 1:
                raise InvalidParameter(
                    f"with alpha_w = {alpha_w:g} of {columns} columns t is needed: its usual value would be 0"
                )
            t = (alpha_mu if usual else alpha_w - columns - 1) * (alpha_mu / (alpha_mu + 1))
        else:
            check_weight(t, "t")
        return cls(columns, alpha_mu, float(alpha_w), float(t))

    def log_density(self, rows: ArrayLike, size: int, log_volume: ArrayLike) -> Floats:
        """Of some rows of l of the columns, given ln det R; see :class:`BGe`.

        Args:
            rows: N, shape ``(…)``.
            size: l.
            log_volume: shape ``(…)``, to be broadcast with it.
        """
        rows = np.asarray(rows, dtype=float)
        before = self.alpha_w - self.columns + size
        after = before + rows
        below = np.arange(size) / 2
        gammas = (gammaln(after[..., None] / 2 - below) - gammaln(before / 2 - below)).sum(-1)
        log_t = math.log(self.t) if self.t > 0 else 2 * math.log(self.alpha_mu) - math.log1p(self.alpha_mu)
        return np.asarray(
            gammas
            + size / 2 * (np.log(self.alpha_mu / (self.alpha_mu + rows)) - rows * math.log(math.pi))
            + before * size / 2 * log_t
            - after / 2 * np.asarray(log_volume)
        )


class BGe(EquivalentScore):
    """The logarithm of the density of real columns that are normal together, parameters integrated out.

    Geiger & Heckerman, Annals of Statistics 30, 2002, corrected by Kuipers, Moffa & Heckerman, Annals of Statistics
    42, 2014.  Of n columns the precision matrix is Wishart with α_w degrees of freedom and T = tI; the mean is worth
    α_μ rows at 0.  With N rows, mean x̄ and scatter matrix S,

        R = tI + S + (N α_μ/(N + α_μ)) x̄x̄ᵀ,

    and l of the columns have the density (f = α_w − n + l)

        π^(−lN/2) (α_μ/(N + α_μ))^(l/2) Γ_l((N + f)/2)/Γ_l(f/2) det(T)^(f/2) / det(R)^((N + f)/2).

    Args:
        data, interventions: see :class:`LocalScore`.
        alpha_mu: α_μ.
        alpha_w: α_w, greater than n − 1; left out, n + α_μ + 1.
        t: the scale; left out, α_μ(α_w − n − 1)/(α_μ + 1).
        standardise: whether the prior is one of standardised columns, so that units make no difference; the density is
            that of the columns as they are, either way.

    Raises:
        InvalidParameter: a hyperparameter is not greater than zero, or α_w not great enough.
        InvalidData: a column has states.

    Example:
        >>> import pandas as pd
        >>> draw = np.random.default_rng(0)
        >>> a = draw.normal(size=200)
        >>> score = BGe(pd.DataFrame({"a": a, "b": a + draw.normal(size=200)}))
        >>> score.local("b", "a") > score.local("b")
        True
        >>> bool(np.isclose(score.local("a") + score.local("b", "a"), score.local("b") + score.local("a", "b")))
        True
    """

    name = "BGe"

    @old_keyword(equivalent_sample_size="alpha_mu")
    def __init__(
        self,
        data: Data,
        alpha_mu: float = 1.0,
        *,
        alpha_w: float | None = None,
        t: float | None = None,
        standardise: bool = True,
        interventions: Interventions | None = None,
    ) -> None:
        table = Table.of(data)
        self.prior = NormalWishart.of(len(table.names), alpha_mu, alpha_w, t)
        self.standardise = standardise
        super().__init__(table, interventions=interventions)

    def _prepare(self, rows: Rows | None) -> None:
        table, weight = self.table, self.prior.alpha_mu
        if table.kind != "continuous":
            states = table.names[table.discrete.index(True)]
            raise InvalidData(f"BGe is a score of real columns, and {states!r} has states: use BDeu or BIC")
        values = table.joint if self.standardise else table.values
        values = values if rows is None else values[rows]
        n, mean = len(values), values.mean(0) if len(values) else np.zeros(self.d)
        rest = values - mean
        matrix = self.prior.t * np.eye(self.d) + rest.T @ rest + n * weight / (n + weight) * np.outer(mean, mean)
        self._volumes = Volumes(matrix, [[k] for k in range(self.d)])

    def _values(self, sets: Sequence[int]) -> Floats:
        log_volume, size = self._volumes(sets)
        out = np.zeros(len(sets))
        for k in np.unique(size).astype(int):
            out[size == k] = self.prior.log_density(self.rows, int(k), log_volume[size == k])
        if self.standardise:
            out -= self.rows * np.array([self.table.log_spread[bits(mask)].sum() for mask in sets])
        return out
