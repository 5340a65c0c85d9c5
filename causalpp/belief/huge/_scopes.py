"""Which chain components of a class decide whether a statement is true.

The members of a class direct its chain components independently of each other.  In a CPDAG all variables of a
component have the same parents outside it (Andersson, Madigan & Perlman, Ann. Statist. 25, 1997).  A path that
enters a component can therefore go straight to where it leaves it, z → u – … – w becoming z → w; only in the component
where it starts may it need undirected edges.  Background knowledge can break that symmetry: a component with different
outside parents then counts wherever a path may run through it.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from causalpp.equivalence import Mpdag
from causalpp.graphs import reachability
from causalpp.graphs.cpdag import Matrix
from causalpp.propositions import (
    And,
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    Independent,
    IndirectlyCauses,
    Not,
    Or,
    Proposition,
)

__all__ = ["Scopes"]


class Scopes:
    """The components that statements depend on.

    Args:
        graph: stands for the class.
    """

    def __init__(self, graph: Mpdag) -> None:
        self.graph = graph
        self.index = {name: i for i, name in enumerate(graph.nodes)}
        self.home = {row: c for c, rows in enumerate(graph.chain_components) for row in rows}

    def of(self, proposition: Proposition) -> frozenset[int]:
        """The numbers of the components that may decide it: never too few, for some kinds too many."""
        if isinstance(proposition, Not):
            return self.of(proposition.of)
        if isinstance(proposition, (And, Or)):
            return frozenset().union(*map(self.of, proposition.of))
        if isinstance(proposition, Independent):
            return frozenset()  # the same in all members
        if isinstance(proposition, Direction):  # a graded answer speaks of both directions
            a, b = (self.index[name] for name in proposition.variables)
            return self._of_paths(a, b, to_the_end=False) | self._of_paths(b, a, to_the_end=False)
        if isinstance(proposition, (DirectlyCauses, Causes, Changes, IndirectlyCauses)):
            start, end = proposition.variables[:2]
            if isinstance(proposition, Changes):
                start, end = proposition.do, proposition.outcome
            a, b = self.index[start], self.index[end]
            if isinstance(proposition, DirectlyCauses):
                both = self.graph.matrix[a, b] and self.graph.matrix[b, a]
                return frozenset({self.home[a]} if both else ())
            return self._of_paths(a, b, to_the_end=isinstance(proposition, IndirectlyCauses))
        return frozenset(range(len(self.graph.chain_components)))

    def _of_paths(self, a: int, b: int, *, to_the_end: bool) -> frozenset[int]:
        reach = self._reach
        if not reach[a, b]:
            return frozenset()
        ends = {self.home[row] for row in ((a, b) if to_the_end else (a,)) if row in self.home}
        between = {
            c
            for c in self._uneven
            if reach[a, list(self.graph.chain_components[c])].any()
            and reach[list(self.graph.chain_components[c]), b].any()
        }
        return frozenset(ends | between)

    @cached_property
    def _reach(self) -> Matrix:
        """Where a path may lead, of length 0 or more, undirected edges taken both ways."""
        found = reachability.closure(torch.tensor(self.graph.matrix)[None])[0].numpy()
        return found | np.eye(len(found), dtype=bool)

    @cached_property
    def _uneven(self) -> frozenset[int]:
        """The components whose variables do not all have the same parents outside."""
        directed = self.graph.matrix & ~self.graph.matrix.T
        found = set()
        for c, rows in enumerate(self.graph.chain_components):
            outside = directed[:, list(rows)].copy()
            outside[list(rows)] = False
            if (outside != outside[:, :1]).any():
                found.add(c)
        return frozenset(found)
