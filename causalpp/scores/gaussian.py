"""Scores of columns that are normal together: BGe, and what it shares with BIC and the conditional Gaussian score."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from causalpp._bits import bits
from causalpp._renamed import old_keyword
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.scores.dirichlet import check_weight
from causalpp.scores.local import EquivalentScore, Interventions, Rows
from causalpp.scores.table import Data, Floats, Table

__all__ = ["BGe", "Normal", "NormalWishart", "Volumes"]

T = TypeVar("T", float, Floats)

_CELLS = 1 << 22  # of the parts that are looked at together
_NEAR = 1e-5  # share of a column's part that others leave, below which determinants are computed one by one
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


class Normal(EquivalentScore):
    """A score that knows columns by one symmetric matrix, and of a family only determinants of its parts.

    What parents leave of the matrix (its Schur complement) has all that one more variable or parent adds, so a search
    that adds parents one by one computes no determinant.
    """

    _by_volume = True  #: whether the log-determinant of the parents' part matters
    _matrix: Floats | None  #: None where the determinants have to be computed one by one

    def _know(self, matrix: Floats | None) -> None:
        """Begin with a matrix, or without one."""
        self._matrix = matrix
        self._left: dict[int, tuple[Floats, float] | None] = {}
        self._diagonal = np.ones(self.d) if matrix is None else matrix.diagonal()
        self._near = (_NEAR * self._diagonal).tolist()

    @abstractmethod
    def _of_rest(self, target: int, size: int, log_volume: T, log_rest: T) -> T:
        """The score of a column given so many parents: log-determinant of their part, logarithm of what is left."""

    def _rest(self, parents: int) -> tuple[Floats, float] | None:
        """What parents leave of the matrix, and the log-determinant of their part; None where they are collinear."""
        if parents not in self._left:
            if len(self._left) * self.d**2 > _CELLS:
                self._left.clear()
            if not parents:
                assert self._matrix is not None  # for the type checker
                found: tuple[Floats, float] | None = (self._matrix, 0.0) if self._matrix.diagonal().all() else None
            else:
                low = parents & -parents
                for k in bits(parents) if parents ^ low not in self._left else ():
                    if parents ^ 1 << k in self._left:  # one step away from what is known
                        low = 1 << k
                        break
                found = self._rest(parents ^ low)
                k = low.bit_length() - 1
                if found is not None:
                    left, volume = found
                    column = left[k]
                    pivot = float(column[k])
                    if pivot > self._near[k]:
                        found = left - column[:, None] * (column / pivot), volume + math.log(pivot)
                    else:
                        found = None
            self._left[parents] = found
        return self._left[parents]

    def _family(self, target: int, parents: int) -> float:
        found = None if self._matrix is None else self._rest(parents)
        if found is None or not found[0][target, target] > self._near[target]:
            return super()._family(target, parents)
        left, volume = found
        return float(self._of_rest(target, parents.bit_count(), volume, math.log(left[target, target])))

    def _gains_of(self, target: int, parents: int, others: Sequence[int]) -> Floats:
        found = None if self._matrix is None else self._rest(parents)
        if found is not None:
            left, volume = found
            column, share = left[target], left.diagonal() / self._diagonal
            alone = float(column[target])
            share[others] = 1.0
            each = share * self._diagonal
            rest = alone - column * column / each if share.min() > _NEAR else np.zeros(self.d)
            rest[others] = alone
            if rest.min() > self._near[target]:
                size = parents.bit_count()
                more = volume + np.log(each) if self._by_volume else each
                out = self._of_rest(target, size + 1, more, np.log(rest))
                out -= self._of_rest(target, size, volume, math.log(alone))
                out[others] = -np.inf
                return out
        return super()._gains_of(target, parents, others)


class BGe(Normal):
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
        self._know(matrix)
        self._volumes = Volumes(matrix, [[k] for k in range(self.d)])
        self._apart = [float(self.prior.log_density(self.rows, size, 0.0)) for size in range(self.d + 2)]

    def _of_rest(self, target: int, size: int, log_volume: T, log_rest: T) -> T:
        units = self.rows * self.table.log_spread[target] if self.standardise else 0.0
        after = self.prior.alpha_w - self.d + size + self.rows
        apart = self._apart[size + 1] - self._apart[size] - units
        return apart - log_volume / 2 - (after + 1) / 2 * log_rest

    def _values(self, sets: Sequence[int]) -> Floats:
        log_volume, size = self._volumes(sets)
        out = np.zeros(len(sets))
        for k in np.unique(size).astype(int):
            out[size == k] = self.prior.log_density(self.rows, int(k), log_volume[size == k])
        if self.standardise:
            out -= self.rows * np.array([self.table.log_spread[bits(mask)].sum() for mask in sets])
        return out
