"""Background knowledge by column number, as the searches look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalpp._bits import bits, mask_of
from causalpp.graphs import Knowledge
from causalpp.graphs.cpdag import Matrix, close_under_meek, completed

__all__ = ["Rules"]


@dataclass(frozen=True)
class Rules:
    """Background knowledge by column: ``forbidden[i, j]`` rules i → j out; required edges make no cycle."""

    required: Matrix
    forbidden: Matrix

    @classmethod
    def of(cls, knowledge: Knowledge, names: Sequence[str]) -> Rules:
        """Knowledge about variables with these names."""
        return cls(*knowledge.matrices(names))

    @classmethod
    def none(cls, d: int) -> Rules:
        """Nothing known of d variables."""
        return cls(np.zeros((d, d), dtype=bool), np.zeros((d, d), dtype=bool))

    def __bool__(self) -> bool:
        return bool(self.required.any() or self.forbidden.any())

    @cached_property
    def needed(self) -> list[int]:
        """Of each column, the mask of parents it must have."""
        return [mask_of(np.flatnonzero(column)) for column in self.required.T]

    @cached_property
    def allowed(self) -> list[int]:
        """Of each column, the mask of parents it may have."""
        d = len(self.required)
        return [mask_of(k for k in range(d) if k != v and not self.forbidden[k, v]) for v in range(d)]

    @cached_property
    def children(self) -> list[int]:
        """Of each column, the mask of children it must have."""
        return [mask_of(np.flatnonzero(row)) for row in self.required]

    def parents(self, target: int) -> list[int]:
        """The columns that may be parents of one."""
        return bits(self.allowed[target])

    def apart(self, a: int, b: int) -> bool:
        """Whether no edge may join two columns."""
        return bool(self.forbidden[a, b] and self.forbidden[b, a])

    def forced(self, skeleton: Matrix) -> Matrix:
        """The edges of a skeleton that may point one way only, that way."""
        return skeleton & self.forbidden.T & ~self.forbidden

    def completed(self, dag: Matrix) -> Matrix:
        """What all members of a Dag's class that agree with the knowledge share (Meek, UAI 1995).

        The Dag itself agrees with it.
        """
        matrix = completed(dag)
        if not self:
            return matrix
        return close_under_meek(matrix & ~self.forced(dag | dag.T).T)

    def start(self) -> list[int]:
        """An order of the columns that agrees with the required edges."""
        order: list[int] = []
        placed, left = 0, set(range(len(self.required)))
        while left:
            free = min(k for k in left if not self.needed[k] & ~placed)
            order.append(free)
            placed |= 1 << free
            left.remove(free)
        return order
