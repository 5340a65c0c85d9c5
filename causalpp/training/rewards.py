"""Rewards: what a reply is worth, by the item's own scorer, and by its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causalpp.errors import InvalidParameter
from causalpp.tasks import Item, score

__all__ = ["Reward"]


@dataclass(frozen=True)
class Reward:
    """A score between 0 and 1 for being right, and something for a reply that can be read at all.

    A reward of one's own is anything that is called as this is: replies and their items, in the same order.

    Attributes:
        readable: what a reply is worth that can be read and is wrong.

    Raises:
        InvalidParameter: a wrong reply would be worth as much as a right one, or less than none.

    Example:
        >>> from causalpp.tasks import Target, YesNo
        >>> item = Item("1", "Does smoking cause cancer?", Target(True, YesNo()))
        >>> Reward(readable=0.1)([" yes", " no", " banana"], [item] * 3)
        [1.0, 0.1, 0.0]
    """

    readable: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.readable < 1:
            raise InvalidParameter(f"readable lies between 0 and 1, what a right reply is worth; got {self.readable!r}")

    def __call__(self, replies: Sequence[str], items: Sequence[Item]) -> list[float]:
        """What each reply is worth."""
        found = [score(item, reply) for item, reply in zip(items, replies, strict=True)]
        return [
            0.0 if each.answer is None else self.readable + (1 - self.readable) * (each.value or 0.0) for each in found
        ]
