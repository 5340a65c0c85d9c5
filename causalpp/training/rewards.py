"""Rewards: what a reply is worth, by the item's own scorer, and by its form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from causalpp.errors import InvalidData, InvalidParameter
from causalpp.tasks import Item, score

__all__ = ["Reward", "rewarding", "rewards_of"]


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


def rewarding(reward: Any) -> Any:
    """The reward that was given, or the default one.

    Raises:
        InvalidParameter: it cannot be called.
    """
    if reward is None:
        return Reward()
    if not callable(reward):
        raise InvalidParameter(f"a reward takes replies and items and gives numbers; got {reward!r}")
    return reward


def rewards_of(reward: Any, replies: Sequence[str], items: Sequence[Item]) -> list[float]:
    """What replies are worth, once it is sure that it is a number each.

    Raises:
        InvalidData: it is not.
    """
    given = reward(replies, items)
    try:
        found = [float(each) for each in given]
    except (TypeError, ValueError):
        raise InvalidData(f"a reward gives one number for each reply, got {given!r:.100}") from None
    if len(found) != len(replies):
        raise InvalidData(f"a reward gives one number for each reply, got {len(found)} for {len(replies)} replies")
    for worth, reply in zip(found, replies, strict=True):
        if not math.isfinite(worth):
            raise InvalidData(f"the reward of the reply {reply[:60]!r} is no finite number: {worth}")
    return found
