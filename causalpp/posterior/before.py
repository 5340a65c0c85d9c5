"""What stands before the rows: of graphs a prior and knowledge, and how many rows the prior of the tables is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import mask_of
from causalpp.graphs import Knowledge
from causalpp.posterior.sums import Floats, Sums
from causalpp.scores import BDeu, StructurePrior, Table, family_scores, who_was_set

__all__ = ["WEIGHTS", "Before", "prior_weight"]

#: The equivalent sample sizes that are compared.
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0)

_BLOCK = 6  # columns whose graphs are all summed over


class Before(NamedTuple):
    """What is thought of graphs before the rows.

    Attributes:
        prior: of graphs; None if all are as probable.
        knowledge: of the edges, if any.
        max_parents: that a variable has at most; None if that is not limited.
    """

    prior: StructurePrior | None = None
    knowledge: Knowledge | None = None
    max_parents: int | None = None

    def families(self, names: Sequence[str], some: Sequence[int] | None = None) -> Floats:
        """The logarithm of each family's weight, −inf for those that cannot be: variable, and parents as a mask.

        Args:
            names: of all variables.
            some: the b that it is about, in the others' absence; left out, all of them.

        Returns:
            Shape ``(b, 2^b)``.
        """
        among = np.arange(len(names)) if some is None else np.asarray(some)
        own = np.ix_(among, among)
        each = (self.prior or StructurePrior()).matrix(names)[own]
        required, forbidden = (matrix[own] for matrix in (self.knowledge or Knowledge()).matrices(names))
        out = np.zeros((len(among), 1))
        for k in range(len(among)):
            out = np.concatenate([out, out + each[k][:, None]], axis=1)
        sets = np.arange(1 << len(among))
        allowed = (sets[None] >> np.arange(len(among))[:, None] & 1) == 0
        needed, ruled_out = (
            np.array([mask_of(np.flatnonzero(column)) for column in m.T]) for m in (required, forbidden)
        )
        allowed &= ((sets & needed[:, None]) == needed[:, None]) & ((sets & ruled_out[:, None]) == 0)
        if self.max_parents is not None:
            allowed &= np.bitwise_count(sets) <= self.max_parents
        return np.asarray(np.where(allowed, out, -np.inf))


def prior_weight(table: Table, interventions: Any = None, before: Before | None = None) -> float:
    """The equivalent sample size of BDeu, among :data:`WEIGHTS`, under which discrete rows are most probable.

    P(rows) is averaged over all graphs of up to six columns, as probable as they are before the rows; more columns are
    taken six at a time, as they stand (empirical Bayes: Good, *The Estimation of Probabilities*, 1965).  A weight that
    is given beforehand is right for rows whose tables were drawn with it.  With a smaller one than that, edges of
    middling strength are left out with confidence, and effects averaged over such graphs hold less than they claim.

    Args:
        table: discrete columns; rows in which something is missing do not count.
        interventions: for each row who was set in it; see :class:`~causalpp.scores.LocalScore`.
        before: what is thought of graphs before the rows; left out, nothing.
    """
    hit = None
    if interventions is not None:
        hit = who_was_set(interventions, table.names, len(table.values))[~table.missing.any(1)]
    table = table.complete
    blocks = [list(range(start, min(start + _BLOCK, len(table.names)))) for start in range(0, len(table.names), _BLOCK)]
    priors = [(before or Before()).families(table.names, block) for block in blocks]
    best, most = WEIGHTS[0], -np.inf
    for weight in WEIGHTS:
        found = sum(
            _evidence(table.columns(block), weight, None if hit is None else hit[:, block], prior)
            for block, prior in zip(blocks, priors, strict=True)
        )
        if found <= most:
            break
        best, most = weight, found
    return best


def _evidence(table: Table, weight: float, hit: NDArray[np.bool_] | None, prior: Floats) -> float:
    """The logarithm of P(columns), averaged over their graphs, but for what is the same for all weights."""
    names = table.names
    told = None if hit is None else [[names[k] for k in np.flatnonzero(row)] for row in hit]
    scores = family_scores(BDeu(table, weight, interventions=told))
    return Sums(np.where(prior > -np.inf, scores + prior, -np.inf)).log_total
