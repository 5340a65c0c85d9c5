"""Background knowledge by column number, as the searches look at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalpp._bits import masks_of
from causalpp.graphs import Knowledge
from causalpp.graphs.cpdag import Matrix, close_under_meek, completed

__all__ = ["Rules", "causes_first"]


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
    def needed(self) -> tuple[int, ...]:
        """Of each column, the mask of parents it must have."""
        return masks_of(self.required.T)

    @cached_property
    def allowed(self) -> tuple[int, ...]:
        """Of each column, the mask of parents it may have."""
        return masks_of(~(self.forbidden | np.eye(len(self.forbidden), dtype=bool)).T)

    @cached_property
    def children(self) -> tuple[int, ...]:
        """Of each column, the mask of children it must have."""
        return masks_of(self.required)

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
        """The columns in their own order, as far as the required edges let them."""
        return causes_first(self.needed)


def causes_first(parents: Sequence[int], choose: Callable[[list[int]], int] = min) -> list[int]:
    """An order of the columns in which their parents, given as masks, come before them.

    Args:
        parents: of each column.
        choose: one of those that may come next.
    """
    order: list[int] = []
    placed, left = 0, list(range(len(parents)))
    while left:
        v = choose([k for k in left if not parents[k] & ~placed])
        order.append(v)
        placed |= 1 << v
        left.remove(v)
    return order
