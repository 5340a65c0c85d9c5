"""How fast and how much is asked."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from causalpp.errors import InvalidParameter
from causalpp.language.running._pace import Pace

__all__ = ["Budget", "Counted", "Limits", "Paced", "checked_prices", "cost"]


_counting = threading.Lock()  # not one for each budget: budgets are pickled with their oracles


class Counted(Protocol):
    """What a run has to know of a result, such as a reply or an answer."""

    @property
    def failed(self) -> bool:
        """Whether it is none, for a reason that may pass."""

    @property
    def reason(self) -> str | None:
        """Why it is none."""

    @property
    def tokens_in(self) -> int: ...
    @property
    def tokens_out(self) -> int: ...
    @property
    def cost(self) -> float: ...


@dataclass(frozen=True)
class Limits:
    """How fast questions are put, and how long an answer is waited for.

    Attributes:
        concurrency: how many are under way at once.
        requests_per_minute, tokens_per_minute: what the server allows, if it says.
        timeout: seconds after which one attempt is given up.
        retries: further attempts at one question, after errors that may pass.
        give_up: so many failed questions in a row stop the run, since the next ones would fail as well.

    Raises:
        InvalidParameter: a limit that allows nothing.
    """

    concurrency: int = 8
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = 60.0
    retries: int = 5
    give_up: int = 100

    def __post_init__(self) -> None:
        for name, least in (("concurrency", 1), ("retries", 0), ("give_up", 1)):
            if getattr(self, name) < least:
                raise InvalidParameter(f"{name} is at least {least}, got {getattr(self, name)}")
        if not 0 < self.timeout < float("inf"):
            raise InvalidParameter(f"a timeout is a positive number of seconds, got {self.timeout}")
        self.pace()

    def pace(self) -> Pace:
        """What keeps to these limits, across as many runs as use it."""
        return Pace(self.concurrency, self.requests_per_minute, self.tokens_per_minute)

    @property
    def longest(self) -> float:
        """Seconds after which a question is given up whatever happens, the waits between attempts included."""
        return (self.timeout + 60) * (self.retries + 1)


class Paced:
    """Who keeps to the limits from one call to the next, together with all copies of it in this process.

    Attributes:
        limits: how fast.
    """

    limits: Limits

    @property
    def pace(self) -> Pace:
        """What keeps to the limits."""
        key = (self.limits, os.getpid())  # a loop of another process never wakes who waits here
        held = self._paces
        return held[key] if key in held else held.setdefault(key, self.limits.pace())

    def keeps_pace_with(self, other: Paced) -> None:
        """Share the limits of another who asks the same model."""
        self.__dict__["_held"] = other._paces

    @property
    def _paces(self) -> dict[Any, Pace]:
        """What keeps to which limits in which process, one for all copies."""
        held: dict[Any, Pace] = self.__dict__.setdefault("_held", {})
        return held

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, _held=self._paces)
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_held"}


@dataclass
class Budget:
    """How much may be asked; answers that come from a journal are free.

    The number of questions is kept to exactly.  What an answer costs is known only when it is there, so those under
    way are counted with the mean so far, and the last of them may go beyond.  One budget may serve several oracles.

    Attributes:
        questions, tokens, money: the limits; None for no limit.
        asked, used, spent: questions answered, tokens and money used so far.
        under_way: questions put and not answered yet.

    Raises:
        InvalidParameter: a negative limit.

    Example:
        >>> budget = Budget(questions=2)
        >>> [budget.take() for _ in range(3)]
        [True, True, False]
    """

    questions: int | None = None
    tokens: int | None = None
    money: float | None = None
    asked: int = field(default=0, init=False)
    used: int = field(default=0, init=False)
    spent: float = field(default=0.0, init=False)
    under_way: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        for limit in (self.questions, self.tokens, self.money):
            if limit is not None and not limit >= 0:
                raise InvalidParameter(f"a budget is not negative, got {limit}")

    def take(self) -> bool:
        """Whether one more question may be put; it then counts as under way."""
        with _counting:
            if any(foreseen >= limit for _, foreseen, limit in self._limits()):
                return False
            self.under_way += 1
            return True

    def settle(self, result: Counted | None) -> None:
        """Count a question that was under way; one without answer is not counted, only what it cost."""
        with _counting:
            self.under_way -= 1
            if result is not None:
                self.asked += not result.failed
                self.used += result.tokens_in + result.tokens_out
                self.spent += result.cost

    def _limits(self) -> Iterator[tuple[str, float, float]]:
        """For each limit: its name, what is used and foreseen, and the limit."""
        mean = self.under_way / self.asked if self.asked else 0.0
        for name, used, each, limit in (
            ("questions", self.asked, self.under_way, self.questions),
            ("tokens", self.used, self.used * mean, self.tokens),
            ("money", self.spent, self.spent * mean, self.money),
        ):
            if limit is not None:
                yield name, used + each, limit

    def verdict(self, left: int) -> str:
        """What is spent, in a sentence."""
        names = [name for name, foreseen, limit in self._limits() if foreseen >= limit]
        what = " and ".join(f"{getattr(self, name):g} {name}".replace(" money", " of money") for name in names)
        rest = "1 request is left" if left == 1 else f"{left} requests are left"
        return f"the budget of {what or 'this run'} is spent, {rest}: raise it and ask again"


#: What a million tokens read, and a million written, cost.
Prices = tuple[float, float]


def checked_prices(prices: Prices | None, budget: Budget | None) -> Prices | None:
    """The prices as they are given.

    Raises:
        InvalidParameter: they are not two, one is negative, or there are none and the budget is one of money.
    """
    try:
        good = prices is None or (len(prices) == 2 and all(0 <= price < math.inf for price in prices))
    except TypeError:
        good = False
    if not good:
        raise InvalidParameter(f"the prices are two, for a million tokens in and out, got {prices!r}")
    if budget is not None and budget.money is not None and prices is None:
        raise InvalidParameter("a budget of money needs prices=(of a million tokens in, of a million out)")
    return prices


def cost(tokens_in: int, tokens_out: int, prices: Prices | None) -> float:
    """What so many tokens cost."""
    price_in, price_out = prices or (0.0, 0.0)
    return (tokens_in * price_in + tokens_out * price_out) / 1e6
