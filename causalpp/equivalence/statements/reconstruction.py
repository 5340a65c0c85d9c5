"""Classes from independence statements as the PC algorithm finds them: skeleton, colliders, Meek's rules."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from causalpp._bits import bits, subsets
from causalpp.equivalence.statements.facts import EVER, Separations, Test
from causalpp.graphs.cpdag import Matrix, close_under_meek, extension

__all__ = ["reconstruct"]


def reconstruct(d: int, facts: Mapping[Test, bool]) -> Matrix | None:
    """A Dag of the only class that agrees with the facts, or None if this way does not find one.

    A pair is not joined if a test separates it.  It is joined if that is said, or if no subset of what may be next to
    one of the two separates it: the parents of one of them would.  A collider is what a separating set leaves out.
    """
    separators: dict[tuple[int, int], int] = {}
    for (i, j, given), independent in facts.items():
        if independent and given != EVER:
            separators.setdefault((i, j), given)
    near = [sum(1 << j for j in range(d) if j != i and (min(i, j), max(i, j)) not in separators) for i in range(d)]
    for i, j in combinations(range(d), 2):
        if (i, j) not in separators and facts.get((i, j, EVER), True):
            for side in {near[i] & ~(1 << j), near[j] & ~(1 << i)}:
                if any((i, j, given) not in facts for given in subsets(side)):
                    return None
    matrix = np.array([[bool(mask >> j & 1) for j in range(d)] for mask in near], dtype=bool).reshape(d, d)
    directed = matrix.copy()
    for (i, j), given in separators.items():
        for k in bits(near[i] & near[j] & ~given):
            directed[k, i] = directed[k, j] = False
    if not np.array_equal(directed | directed.T, matrix):
        return None
    dag = extension(close_under_meek(directed))
    return dag if dag is not None and _agrees(dag, facts) else None


def _agrees(adjacency: Matrix, facts: Mapping[Test, bool]) -> bool:
    separated = Separations(adjacency)
    return all(separated(test) == value for test, value in facts.items())
