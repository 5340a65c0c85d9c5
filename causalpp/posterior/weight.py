"""How many rows the prior of the tables is worth, where nobody says: as many as make the rows most probable."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.posterior.sums import Sums
from causalpp.scores import BDeu, Table, family_scores, who_was_set

__all__ = ["WEIGHTS", "prior_weight"]

#: The equivalent sample sizes that are compared.
WEIGHTS = (1.0, 2.0, 4.0, 8.0, 16.0)

_BLOCK = 6  # columns whose graphs are all summed over


def prior_weight(table: Table, interventions: Any = None) -> float:
    """The equivalent sample size of BDeu, among :data:`WEIGHTS`, under which discrete rows are most probable.

    P(rows) is averaged over all graphs, each as probable as any other, of up to six columns; more are taken six at a
    time, as they stand (empirical Bayes: Good, *The Estimation of Probabilities*, 1965).  A weight that is given
    beforehand is right for rows whose tables were drawn with it.  With a smaller one than that, edges of middling
    strength are left out with confidence, and effects averaged over such graphs hold less than they claim.

    Args:
        table: discrete columns; rows in which something is missing do not count.
        interventions: for each row who was set in it; see :class:`~causalpp.scores.LocalScore`.
    """
    hit = None
    if interventions is not None:
        hit = who_was_set(interventions, table.names, len(table.values))[~table.missing.any(1)]
    table = table.complete
    blocks = [list(range(start, min(start + _BLOCK, len(table.names)))) for start in range(0, len(table.names), _BLOCK)]
    best, most = WEIGHTS[0], -np.inf
    for weight in WEIGHTS:
        found = sum(_evidence(table.columns(block), weight, None if hit is None else hit[:, block]) for block in blocks)
        if found <= most:
            break
        best, most = weight, found
    return best


def _evidence(table: Table, weight: float, hit: NDArray[np.bool_] | None) -> float:
    """The logarithm of P(columns) summed over all their graphs, each counting as much as any other."""
    names = table.names
    told = None if hit is None else [[names[k] for k in np.flatnonzero(row)] for row in hit]
    return Sums(family_scores(BDeu(table, weight, interventions=told))).log_total
