"""Solvers that always say the same: what a score is worth that does not beat them is for the reader to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causalpp.benchmarks.solvers.base import Solution, Solver
from causalpp.tasks.items.item import Item

__all__ = ["AlwaysNo", "AlwaysYes"]


@dataclass(frozen=True)
class AlwaysNo(Solver):
    """Says that nothing follows; right as often as the labels are negative.

    Example:
        >>> AlwaysNo().solve(Item("1", "…", "A directly causes B.", None)).answer
        False
    """

    name: ClassVar[str] = "always-no"

    def solve(self, item: Item) -> Solution:  # noqa: ARG002
        return Solution(False)


@dataclass(frozen=True)
class AlwaysYes(Solver):
    """Says that everything follows; right as often as the labels are positive.

    Example:
        >>> AlwaysYes().solve(Item("1", "…", "A directly causes B.", None)).answer
        True
    """

    name: ClassVar[str] = "always-yes"

    def solve(self, item: Item) -> Solution:  # noqa: ARG002
        return Solution(True)
