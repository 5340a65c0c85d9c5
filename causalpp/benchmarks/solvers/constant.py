"""Solvers that always say the same: what a score is worth that does not beat them is for the reader to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causalpp.benchmarks.solvers.base import Solution, Solver
from causalpp.tasks import Item

__all__ = ["AlwaysNo", "AlwaysYes"]


@dataclass(frozen=True)
class AlwaysNo(Solver):
    """Says that nothing follows; right as often as the labels are negative.

    Example:
        >>> from causalpp.tasks import Target, YesNo
        >>> AlwaysNo().solve(Item("1", "Does smoking cause cancer?", Target(True, YesNo()))).answer
        False
    """

    name: ClassVar[str] = "always-no"

    def solve(self, item: Item) -> Solution:  # noqa: ARG002
        return Solution(False)


@dataclass(frozen=True)
class AlwaysYes(Solver):
    """Says that everything follows; right as often as the labels are positive.

    Example:
        >>> from causalpp.tasks import Target, YesNo
        >>> AlwaysYes().solve(Item("1", "Does smoking cause cancer?", Target(True, YesNo()))).answer
        True
    """

    name: ClassVar[str] = "always-yes"

    def solve(self, item: Item) -> Solution:  # noqa: ARG002
        return Solution(True)
