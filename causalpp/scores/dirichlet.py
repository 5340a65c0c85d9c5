"""Scores of discrete columns with Dirichlet priors: BDeu, and the score of Cooper and Herskovits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from causalpp._bits import bits
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.scores.counts import Counts
from causalpp.scores.local import EquivalentScore, Interventions, LocalScore, Rows, common
from causalpp.scores.table import Data, Floats, Table

__all__ = ["BDeu", "CooperHerskovits", "check_weight", "counted", "dirichlet_multinomial"]


_MOST = 1e12  # of a hyperparameter
LEAST = 1e-100  # of a weight that joint states share: what is left for each has a logarithm of its Γ


def dirichlet_multinomial(counts: ArrayLike, weight: float, cells: float | None = None) -> Floats:
    """The logarithm of the probability of draws from a law that has a symmetric Dirichlet prior.

    lnΓ(W) − lnΓ(W + n) + Σ over cells of lnΓ(w + nᵢ) − lnΓ(w), W being the sum of all weights w: what one draw after
    the other has by Pólya's urn.

    Args:
        counts: how often each cell was drawn, shape ``(…, cells)``; those that never were may be left out.
        weight: the prior weight w of a cell.
        cells: how many there are; left out, as many as counts.

    Returns:
        Shape ``(…,)``.

    Example:
        >>> bool(np.isclose(dirichlet_multinomial([2, 1], 1.0), np.log(1 / 2 * 2 / 3 * 1 / 4)))
        True
    """
    counts = np.asarray(counts)
    whole = weight * (counts.shape[-1] if cells is None else cells)
    urn = (gammaln(counts + weight) - gammaln(weight)).sum(-1)
    return np.asarray(urn + gammaln(whole) - gammaln(counts.sum(-1) + whole))


def check_weight(weight: float, name: str = "the equivalent sample size", least: float = 0.0) -> float:
    """The equivalent sample size, if it is one, or another weight.

    Raises:
        InvalidParameter: it is no number greater than zero, less than ``least``, or greater than 1e12.
    """
    if not isinstance(weight, (int, float, np.number)) or not 0 < weight < math.inf:
        raise InvalidParameter(f"{name} must be greater than zero, got {weight!r}")
    if weight > _MOST:
        raise InvalidParameter(f"{name} is at most {_MOST:g}, got {weight!r}")
    if weight < least:
        raise InvalidParameter(f"{name} is at least {least:g}, got {weight!r}")
    return float(weight)


def counted(counts: Counts, sets: Sequence[int]) -> Iterator[tuple[NDArray[np.int64], float]]:
    """For each set of columns how often each joint state occurs, if at all, and how many joint states there are.

    What the sets have in common is looked at once.
    """
    shared, others = common(sets)
    for rest in others:
        *given, last = [*bits(shared), *rest]
        found = counts.joint(given, last)
        yield found[found > 0], math.prod(float(counts.states[k]) for k in (*given, last))


def discrete_counts(table: Table, rows: Rows | None, name: str) -> Counts:
    """The counts of a table's columns in some rows.

    Raises:
        InvalidData: naming a column that has no states.
    """
    if table.kind != "discrete":
        real = table.names[table.discrete.index(False)]
        raise InvalidData(f"{name} is a score of discrete columns, and {real!r} holds numbers: use BGe or BIC")
    return table.counts if rows is None else Counts(table.codes[:, rows], table.states.tolist())


class _Dirichlet(LocalScore):
    """Discrete columns whose tables have a Dirichlet prior of some weight."""

    def __init__(self, data: Data, weight: float = 1.0, *, interventions: Interventions | None = None) -> None:
        self.weight = check_weight(weight, least=LEAST)
        super().__init__(data, interventions=interventions)

    def _prepare(self, rows: Rows | None) -> None:
        self._counts = discrete_counts(self.table, rows, self.name)


class BDeu(_Dirichlet, EquivalentScore):
    """The logarithm of the probability of discrete columns, tables integrated out under BDe priors of uniform tables.

    Heckerman, Geiger & Chickering, Machine Learning 20, 1995.  A set of columns taken together has one Dirichlet prior,
    whose weight is the equivalent sample size, spread evenly over all joint states, seen or not.

    Args:
        data, interventions: see :class:`LocalScore`.
        equivalent_sample_size: so many rows the prior is worth.

    Raises:
        InvalidParameter: the weight is not greater than zero.

    Example:
        >>> import pandas as pd
        >>> score = BDeu(pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 0, 1, 1]}))
        >>> wanted = math.log(1 / 4 * 5 / 4) * 2 - math.log(1 * 2 * 3 * 4)  # Pólya's urn, with four cells of ¼
        >>> bool(np.isclose(score.local("a") + score.local("b", "a"), wanted))
        True
        >>> bool(np.isclose(score.local("a") + score.local("b", "a"), score.local("b") + score.local("a", "b")))
        True
    """

    name = "BDeu"

    def __init__(
        self, data: Data, equivalent_sample_size: float = 1.0, *, interventions: Interventions | None = None
    ) -> None:
        super().__init__(data, equivalent_sample_size, interventions=interventions)

    def _values(self, sets: Sequence[int]) -> Iterator[float]:
        for found, cells in counted(self._counts, sets):
            yield float(dirichlet_multinomial(found, self.weight / cells, cells))


class CooperHerskovits(_Dirichlet):
    """The logarithm of the probability of discrete columns, with the same prior weight on every cell of every table.

    Cooper & Herskovits, Machine Learning 9, 1992; with weight 1 it is called K2.  It prefers some members of an
    equivalence class to others.

    Args:
        data, interventions: see :class:`LocalScore`.
        weight: of each cell.

    Raises:
        InvalidParameter: the weight is not greater than zero.
    """

    name = "Cooper–Herskovits"

    def _families(self, target: int, parents: Sequence[int]) -> Floats:
        counts = (self._counts.joint(bits(mask), target) for mask in parents)
        return np.array([dirichlet_multinomial(found, self.weight).sum() for found in counts], dtype=float)
