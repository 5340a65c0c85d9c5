"""A run: many things asked at once, within limits and a budget, that keeps what it has.

What becomes of errors:

- what fails for a reason that may pass (:class:`Unanswered`, a timeout, a broken connection, anything unforeseen) has
  a result that carries the reason, and the run goes on;
- everything that would fail for all alike, such as a refused key or an unknown model (any other error of
  :mod:`causalpp.errors`), stops the run.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar, cast

from causalpp.errors import BudgetSpent, CausalppError, InvalidParameter, OracleError
from causalpp.language.running._pace import Attempts, Pace
from causalpp.language.running._progress import Progress
from causalpp.language.running.limits import Budget, Counted, Limits, cost

__all__ = ["FAILURES", "Unanswered", "in_batches", "run"]

#: Reasons that may pass; details may follow after a colon.
FAILURES = frozenset(
    {"skipped", "timed out", "no connection", "server error", "rate limited", "broken reply", "failed"}
)

_LOOK = 0.05  # seconds between looks at a budget of which something may be left
_CHUNK = 64  # given to a model in this process at once

_log = logging.getLogger("causalpp.language")
_SECRET = re.compile(r"(?i:bearer)\s+\S+|\b(?:sk|pk|key|token)-[\w\-*.]{6,}|(?i:api.?key|token|password)\W{0,3}=\W?\S+")
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
_SHOWN = 500  # characters

T = TypeVar("T")
R = TypeVar("R", bound=Counted)


class Unanswered(OracleError):
    """One question found no answer, for a reason that may pass; the run goes on.

    Attributes:
        reason: why, in a word or two that the result will carry; one of :data:`FAILURES`.
        tokens_in, tokens_out: what the attempts took all the same.
    """

    tokens_in = tokens_out = 0

    def __init__(self, message: str, reason: str = "server error") -> None:
        if reason.partition(":")[0] not in FAILURES:
            raise InvalidParameter(f"{reason!r} is not a failure that may pass: {', '.join(sorted(FAILURES))}")
        super().__init__(message)
        self.reason = reason


def hidden(text: str) -> str:
    """A text of one line without what looks like a key, or is one in the environment.

    >>> hidden("no reply to 'Authorization: Bearer abc'")
    "no reply to 'Authorization: …"
    """
    for name, value in os.environ.items():
        if _NAMES.search(name) and len(value) >= 8:
            text = text.replace(value, "…")
    return " ".join(_SECRET.sub("…", text).split())[:_SHOWN]


async def run(
    items: Sequence[T],
    do: Callable[[T], Awaitable[R]],
    nothing: Callable[[T, str], R],
    *,
    limits: Limits | None = None,
    budget: Budget | None = None,
    pace: Pace | None = None,
    on_result: Callable[[T, R], None] | None = None,
    progress: bool | None = None,
    prices: tuple[float, float] | None = None,
) -> list[R]:
    """The results of some items, in their order, several of them under way at once.

    Args:
        items: what is asked.
        do: the result of one of them, a dataclass.
        nothing: the result of one that found none, for a reason.
        limits: how fast; by default eight at once.
        budget: how much.
        pace: keeps to the limits a minute across several runs; by default one for this run.
        on_result: called with each item and its result as it comes.
        progress: whether to show a bar with the cost so far; by default for ten items and more.  There is none
            where there is no terminal.
        prices: what a million tokens in, and a million out, cost, for items without result that took some.

    Raises:
        BudgetSpent: the budget does not reach; it carries the results there are.
        OracleError: an item failed in a way in which all would, or too many failed in a row.
    """
    limits = limits or Limits()
    works = _Run(do, nothing, limits, budget, pace or limits.pace(), on_result, prices)
    with Progress(len(items), progress) as works.bar:
        return await works.all(items)


def in_batches(
    items: Sequence[T], do: Callable[[Sequence[T]], Sequence[R]], *, budget: Budget | None, progress: bool | None
) -> Iterator[tuple[T, R]]:
    """Items with their results, done many at a time by a model in this process, as far as the budget reaches.

    Raises:
        BudgetSpent: it does not reach for all.
    """
    left = list(items)
    with Progress(len(left), progress) as bar:
        while left:
            chunk = left[:_CHUNK]
            if budget is not None:
                chunk = [item for item in chunk if budget.take()]
                if not chunk:
                    raise BudgetSpent(budget.verdict(len(left)), (), len(left))
            results: Sequence[R] = ()
            try:
                results = do(chunk)
            finally:
                if budget is not None:
                    for k in range(len(chunk)):
                        budget.settle(results[k] if k < len(results) else None)
            left = left[len(chunk) :]
            for item, result in zip(chunk, results, strict=True):
                bar.add(result)
                yield item, result


class _Run(Generic[T, R]):
    """The state that the workers of one run share."""

    bar: Progress

    def __init__(
        self,
        do: Callable[[T], Awaitable[R]],
        nothing: Callable[[T, str], R],
        limits: Limits,
        budget: Budget | None,
        pace: Pace,
        on_result: Callable[[T, R], None] | None,
        prices: tuple[float, float] | None,
    ) -> None:
        self.do, self.nothing, self.on_result = do, nothing, on_result
        self.limits, self.budget, self.pace = limits, budget, pace
        self.prices = prices
        self.stop: BaseException | None = None
        self.spent = False
        self.waiting: set[asyncio.Task[Any]] = set()  # workers that have no item yet
        self.dismissed: set[asyncio.Task[Any]] = set()
        self.failures = 0  # in a row
        self.told = set[str]()
        self.left: deque[tuple[int, T]] = deque()
        self.results: dict[int, R] = {}

    @property
    def going(self) -> bool:
        """Whether there is more to ask."""
        return bool(self.left) and self.stop is None and not self.spent

    async def all(self, items: Sequence[T]) -> list[R]:
        self.left.extend(enumerate(items))
        number = min(self.limits.concurrency, len(items))
        workers = [asyncio.create_task(self.work()) for _ in range(number)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        there = [self.results[i] for i in sorted(self.results)]
        if self.stop is not None:
            raise self.stop
        if self.spent and (missing := len(items) - len(there)):
            assert self.budget is not None
            raise BudgetSpent(self.budget.verdict(missing), there, missing)
        return there

    def dismiss(self) -> None:
        """Once there is nothing more to ask: send home who still waits for a turn."""
        if not self.going:
            self.dismissed |= self.waiting
            for worker in self.waiting:
                worker.cancel()

    async def work(self) -> None:
        """Do one item after the other until none is left or the run stops."""
        me = asyncio.current_task()
        assert me is not None
        while self.going:
            self.waiting.add(me)
            try:
                await self.next(me)
            except asyncio.CancelledError:
                if me not in self.dismissed:  # but the run is cancelled
                    raise
            finally:
                self.waiting.discard(me)

    async def next(self, me: asyncio.Task[Any]) -> None:
        """Do one item, when it is its turn."""
        async with self.pace.turn() as settle:
            self.waiting.discard(me)
            allowed = self.going and await self.allowed()
            item = self.left.popleft() if allowed and self.going else None
            found: R | None = None
            try:
                self.dismiss()
                if item is None:
                    return
                found = await self.one(item[1])
                settle(found.tokens_in + found.tokens_out)
            except Exception as error:  # would meet every item; those under way are paid for and finish
                self.stop = self.stop or error
                self.dismiss()
                return
            finally:
                if allowed and self.budget is not None:
                    self.budget.settle(found)
        self.results[item[0]] = found
        if self.on_result is not None:
            self.on_result(item[1], found)
        self.bar.add(found)
        self.failures = self.failures + 1 if found.failed else 0
        if self.failures >= self.limits.give_up and self.stop is None:
            why = f"the last {self.failures} questions found no answer (the last one: {found.reason})"
            self.stop = OracleError(f"{why}: see whether the server is up, and ask again to go on from here")
            self.dismiss()

    async def allowed(self) -> bool:
        """Whether the budget reaches for one more; those under way may turn out cheaper than foreseen."""
        if self.budget is None:
            return True
        while not self.budget.take():
            if not self.budget.under_way:
                self.spent = True
            if not self.going:
                return False
            await asyncio.sleep(_LOOK)
        return True

    def stopped(self) -> Exception | None:
        """Why no further attempt at an item under way is made, if none is."""
        return None if self.stop is None else Unanswered("the run has stopped", "skipped")

    def tell(self, error: Exception) -> None:
        """Log once what an unforeseen error says, without what may be a key: nothing else tells of it."""
        said = hidden(f"{type(error).__name__}: {error}")
        if said not in self.told:
            self.told.add(said)
            _log.warning("a question failed: %s", said)

    async def one(self, item: T) -> R:
        start = time.monotonic()
        tokens: dict[str, Any] = {}
        try:
            async with asyncio.timeout(self.limits.longest) as clock:
                Attempts(self.pace, clock, self.stopped)
                found: Any = await self.do(item)
        except Unanswered as error:
            tokens = {"tokens_in": error.tokens_in, "tokens_out": error.tokens_out}
            tokens["cost"] = cost(error.tokens_in, error.tokens_out, self.prices)
            found = self.nothing(item, error.reason)
        except CausalppError:
            raise
        except TimeoutError:
            found = self.nothing(item, "timed out")
        except OSError:
            found = self.nothing(item, "no connection")
        except Exception as error:  # its message is not kept: it may hold what was sent, and with it a key
            self.tell(error)
            found = self.nothing(item, f"failed: {type(error).__name__}")
        waited = found.latency or time.monotonic() - start
        came = time.time() if found.time is None else found.time
        return cast(R, replace(found, latency=waited, time=came, **tokens))
