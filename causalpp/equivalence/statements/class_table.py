"""All classes of a few variables, and the search for those that agree with independence statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits
from causalpp.equivalence.statements.facts import EVER, Test, all_tests
from causalpp.graphs import all_dags
from causalpp.graphs.cpdag import Matrix

__all__ = ["Lookup"]


@dataclass(frozen=True)
class _Table:
    """All classes over d variables: a Dag of each, and which tests separate in it."""

    dags: NDArray[np.bool_]  # (M, d, d)
    separated: NDArray[np.bool_]  # (M, tests)
    column: dict[Test, int]


@cache
def _table(d: int) -> _Table:
    batch = all_dags(d)
    tests = [*all_tests(d), *((i, j, EVER) for i, j in combinations(range(d), 2))]
    names = batch.nodes
    answers = np.ones((len(batch), len(tests)), dtype=bool)
    for column, (i, j, given) in enumerate(tests):
        if given == EVER:
            answers[:, column] = ~(batch.adjacency[:, i, j] | batch.adjacency[:, j, i]).numpy()
            continue
        answers[:, column] = batch.d_separated(names[i], names[j], [names[k] for k in bits(given)]).numpy()
    _, first = np.unique(np.packbits(answers, axis=1), axis=0, return_index=True)
    first.sort()
    dags = batch.adjacency.numpy()[first]
    return _Table(dags, answers[first], {test: column for column, test in enumerate(tests)})


class Lookup:
    """Search among all classes listed beforehand."""

    def __init__(self, d: int) -> None:
        self._table = _table(d)

    def _agreeing(self, facts: Mapping[Test, bool]) -> NDArray[np.intp]:
        columns = [self._table.column[test] for test in facts]
        wanted = np.array(list(facts.values()), dtype=bool)
        return np.flatnonzero((self._table.separated[:, columns] == wanted).all(1))

    def core(self, facts: Mapping[Test, bool]) -> dict[Test, bool] | None:
        """None if some class agrees, else facts that exclude each other."""
        return None if len(self._agreeing(facts)) else dict(facts)

    def dags(self, facts: Mapping[Test, bool]) -> Iterator[Matrix]:
        """A Dag of every class that agrees."""
        return (self._table.dags[n] for n in self._agreeing(facts))

    def joined(self, facts: Mapping[Test, bool], i: int, j: int) -> set[bool]:
        """Whether the two are joined in some agreeing class, and whether they are not in some."""
        found = self._table.dags[self._agreeing(facts)]
        return set((found[:, i, j] | found[:, j, i]).tolist())
