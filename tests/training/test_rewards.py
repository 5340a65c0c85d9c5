"""What a reply is worth."""

from __future__ import annotations

import pytest

from causalpp.errors import InvalidParameter
from causalpp.tasks import Item, Number, Target
from causalpp.training import Reward


def test_right_readable_and_unreadable_replies_are_told_apart() -> None:
    items = [Item(str(k), "P(Y) = ?", Target(0.5, Number(tolerance=0.01))) for k in range(3)]
    assert Reward(0.2)(["It is 0.505.", "0.6", "who knows"], items) == [1.0, 0.2, 0.0]
    assert Reward(0.0)(["0.6"], items[:1]) == [0.0]


@pytest.mark.parametrize("readable", [1.0, 1.5, -0.1, float("nan")])
def test_a_wrong_reply_is_worth_less_than_a_right_one(readable: float) -> None:
    with pytest.raises(InvalidParameter, match="readable"):
        Reward(readable)
