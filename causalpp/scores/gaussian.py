"""Scores of columns that are normal together: BGe, and what it shares with BIC."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import multigammaln

from causalpp._bits import bits
from causalpp.errors import InvalidData
from causalpp.scores.dirichlet import check_weight
from causalpp.scores.local import EquivalentScore, Interventions, Rows
from causalpp.scores.table import Data, Floats

__all__ = ["BGe", "Volumes"]

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


class BGe(EquivalentScore):
    """The logarithm of the density of real columns that are normal together, parameters integrated out.

    Geiger & Heckerman, Annals of Statistics 30, 2002, corrected by Kuipers, Moffa & Heckerman, Annals of Statistics
    42, 2014.  Of n columns the precision matrix is Wishart with α_w = n + α_μ + 1 degrees of freedom and T = tI,
    t = α_μ(α_w − n − 1)/(α_μ + 1); the mean is worth α_μ rows at 0.  With N rows, mean x̄ and scatter matrix S,

        R = tI + S + (N α_μ/(N + α_μ)) x̄x̄ᵀ,

    and l of the columns have the density (f = α_w − n + l)

        π^(−lN/2) (α_μ/(N + α_μ))^(l/2) Γ_l((N + f)/2)/Γ_l(f/2) det(T)^(f/2) / det(R)^((N + f)/2).

    Args:
        data, interventions: see :class:`LocalScore`.
        equivalent_sample_size: α_μ.
        standardise: whether the prior is one of standardised columns, so that units make no difference; the density is
            that of the columns as they are, either way.

    Raises:
        InvalidParameter: the weight is not greater than zero.
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

    def __init__(
        self,
        data: Data,
        equivalent_sample_size: float = 1.0,
        *,
        standardise: bool = True,
        interventions: Interventions | None = None,
    ) -> None:
        self.weight, self.standardise = check_weight(equivalent_sample_size), standardise
        super().__init__(data, interventions=interventions)

    def _prepare(self, rows: Rows | None) -> None:
        table, weight = self.table, self.weight
        if table.kind != "continuous":
            states = table.names[table.discrete.index(True)]
            raise InvalidData(f"BGe is a score of real columns, and {states!r} has states: use BDeu or BIC")
        values = table.joint if self.standardise else table.values
        values = values if rows is None else values[rows]
        n, mean = len(values), values.mean(0) if len(values) else np.zeros(self.d)
        rest = values - mean
        matrix = (
            weight * (weight / (weight + 1)) * np.eye(self.d)
            + rest.T @ rest
            + n * weight / (n + weight) * np.outer(mean, mean)
        )
        self._volumes = Volumes(matrix, [[k] for k in range(self.d)])

    def _values(self, sets: Sequence[int]) -> Floats:
        log_volume, size = self._volumes(sets)
        rows, weight = self.rows, self.weight
        before = weight + 1 + size
        after = before + rows
        gammas = np.empty(len(sets))
        for k in np.unique(size).astype(int):
            f = weight + 1 + k
            gammas[size == k] = multigammaln((f + rows) / 2, k) - multigammaln(f / 2, k)
        units = np.array([self.table.log_spread[bits(mask)].sum() for mask in sets]) if self.standardise else 0.0
        return np.asarray(
            gammas
            + size / 2 * (math.log(weight / (weight + rows)) - rows * math.log(math.pi))
            + before * size / 2 * (2 * math.log(weight) - math.log1p(weight))
            - after / 2 * log_volume
            - rows * units
        )
