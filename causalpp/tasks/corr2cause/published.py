"""The labels of the published Corr2Cause as its program makes them, faults included; for comparison only.

What that program does (Jin et al., ICLR 2024, arXiv 2306.05836; found by reading it and by deriving the shipped labels
again), in the words of this library:

1. Each class is represented by its first graph in the order of :func:`~causalpp.tasks.classes`, so all edges lead
   from the earlier letter to the later one, and only pairs in that order are asked about.  A child, or a descendant,
   is therefore never entailed.
2. The relations of a graph are found once, for its representative.  A common cause of a and b counts only if it is a
   *parent* of b (a loop over the path from b's side steps the wrong way and stops after one edge).
3. For a member with other names, the relations of the representative are looked up under the renaming
   itself where its inverse is needed.
4. A hypothesis is entailed iff its count is the number of members.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import TooLarge
from causalpp.graphs import Dag
from causalpp.tasks.corr2cause.classes import canonical, decoded
from causalpp.tasks.corr2cause.item import RELATIONS
from causalpp.tasks.corr2cause.tables import relation_tables

__all__ = ["published_counts"]


def published_counts(graph: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """In how many members, as the published program counts, each relation holds.

    Args:
        graph: the adjacency of a class's representative, shape ``(n, n)``, n ≤ 6.

    Returns:
        counts of shape ``(6, n, n)``, by relation, a and b; and the number of members.

    Raises:
        TooLarge: more than six variables.

    Example:
        >>> counts, members = published_counts(np.array([[0, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=bool))
        >>> members, counts[RELATIONS.index("collider"), 0, 2].item()
        (1, 1)
    """
    n = len(graph)
    if n > 6:
        raise TooLarge(f"published labels are counted for at most 6 variables, not {n}")
    names = [str(i) for i in range(n)]
    members = MarkovEquivalenceClass.from_dag(Dag.from_adjacency(graph, names)).batch().adjacency.numpy()
    codes, orders = canonical(members)
    distinct, which = np.unique(codes, return_inverse=True)
    tables = relation_tables(decoded(distinct, n), "published")
    counts = np.zeros((len(RELATIONS), n, n), dtype=np.int64)
    for number, order in zip(which, orders):
        counts += tables[:, number][:, order[:, None], order]
    return counts, len(members)
