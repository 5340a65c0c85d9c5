"""Solvers that always say the same: what a score is worth that does not beat them is for the reader to judge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causalpp.benchmarks.solvers.base import Solution, Solver
from causalpp.tasks import Item

__all__ = ["AlwaysNo", "AlwaysYes", "Constant"]


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


@dataclass(frozen=True)
class Constant(Solver):
    """Gives one and the same reply to every item, which the item's scorer reads.

    Attributes:
        reply: the text.

    Example:
        >>> from causalpp.tasks import Number, Target, score
        >>> item = Item("1", "How probable is it?", Target(0.5, Number()))
        >>> score(item, Constant("It is 1/2.").solve(item).answer).outcome
        'right'
    """

    name: ClassVar[str] = "constant"
    reply: str

    def solve(self, item: Item) -> Solution:
        return Solution(item.target.scorer.read(self.reply))
