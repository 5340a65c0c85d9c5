"""Asking many questions at once: concurrency, rate limits, timeouts, a budget, and a run that keeps what it has.

An oracle that waits on a network derives from :class:`AsyncOracle` and writes one coroutine, the answer to one
request.  What becomes of that coroutine's errors:

- a question that fails for a reason that may pass (:class:`Unanswered`, a timeout, a broken connection, anything
  unforeseen) is answered with an abstention that carries the reason; a journal keeps it apart, and the next run
  asks that question again;
- everything that would fail for all questions alike, such as a refused key or an unknown model (any other error of
  :mod:`causalpp.errors`), stops the run.
"""

from __future__ import annotations

import asyncio
import os
import queue
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from causalpp.errors import BudgetSpent, CausalppError, InvalidParameter, OracleError
from causalpp.oracles._limits import Budget, Limits
from causalpp.oracles._loop import Job
from causalpp.oracles._pace import Attempts, Pace
from causalpp.oracles._progress import Progress
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.journal import FAILURES, Journal, Recorder, failed
from causalpp.oracles.oracle import Oracle, placed_at
from causalpp.oracles.panel import Asked, calls

__all__ = ["AsyncOracle", "Budget", "Limits", "Unanswered", "run"]

_LOOK = 0.05  # seconds between looks at a budget of which something may be left


class Unanswered(OracleError):
    """One question found no answer, for a reason that may pass; the run goes on.

    Attributes:
        reason: why, in a word or two that the answer will carry; one of :data:`causalpp.oracles.journal.FAILURES`.
        tokens_in, tokens_out: what the attempts took all the same.
    """

    tokens_in = tokens_out = 0

    def __init__(self, message: str, reason: str = "server error") -> None:
        if reason.partition(":")[0] not in FAILURES:
            raise InvalidParameter(f"{reason!r} is not a failure that may pass: {', '.join(sorted(FAILURES))}")
        super().__init__(message)
        self.reason = reason


async def run(
    requests: Sequence[Request],
    answer: Callable[[Request], Awaitable[Answer]],
    *,
    limits: Limits | None = None,
    budget: Budget | None = None,
    pace: Pace | None = None,
    on_answer: Callable[[Answer], None] | None = None,
    progress: bool | None = None,
    prices: tuple[float, float] | None = None,
) -> list[Answer]:
    """The answers to some requests, in their order, several of them under way at once.

    Args:
        requests: what is asked.
        answer: the answer to one of them.
        limits: how fast; by default eight at once.
        budget: how much.
        pace: keeps to the limits a minute across several runs; by default one for this run.
        on_answer: called with each answer as it comes.
        progress: whether to show a bar with the cost so far; by default for ten requests and more.  There is none
            where there is no terminal.
        prices: what a million tokens in, and a million out, cost, for questions without answer that took some.

    Raises:
        BudgetSpent: the budget does not reach; it carries the answers there are.
        OracleError: a question failed in a way in which all would, or too many failed in a row.
    """
    limits = limits or Limits()
    works = _Run(answer, limits, budget, pace or limits.pace(), on_answer, prices)
    with Progress(len(requests), progress) as works.bar:
        return await works.all(requests)


class _Run:
    """The state that the workers of one run share."""

    bar: Progress

    def __init__(
        self,
        answer: Callable[[Request], Awaitable[Answer]],
        limits: Limits,
        budget: Budget | None,
        pace: Pace,
        on_answer: Callable[[Answer], None] | None,
        prices: tuple[float, float] | None,
    ) -> None:
        self.answer, self.limits, self.budget, self.pace, self.on_answer = answer, limits, budget, pace, on_answer
        self.prices = prices or (0.0, 0.0)
        self.stop: BaseException | None = None
        self.spent = False
        self.waiting: set[asyncio.Task[Any]] = set()  # workers that have no request yet
        self.dismissed: set[asyncio.Task[Any]] = set()
        self.failures = 0  # in a row
        self.left: deque[tuple[int, Request]] = deque()

    @property
    def going(self) -> bool:
        """Whether there is more to ask."""
        return bool(self.left) and self.stop is None and not self.spent

    async def all(self, requests: Sequence[Request]) -> list[Answer]:
        answers: dict[int, Answer] = {}
        self.left.extend(enumerate(requests))
        number = min(self.limits.concurrency, len(requests))
        workers = [asyncio.create_task(self.work(answers)) for _ in range(number)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        there = [answers[i] for i in sorted(answers)]
        if self.stop is not None:
            raise self.stop
        if self.spent and (missing := len(requests) - len(there)):
            assert self.budget is not None
            raise BudgetSpent(self.budget.verdict(missing), there, missing)
        return there

    def dismiss(self) -> None:
        """Once there is nothing more to ask: send home who still waits for a turn."""
        if not self.going:
            self.dismissed |= self.waiting
            for worker in self.waiting:
                worker.cancel()

    async def work(self, answers: dict[int, Answer]) -> None:
        """Put one request after the other until none is left or the run stops."""
        me = asyncio.current_task()
        assert me is not None
        while self.going:
            self.waiting.add(me)
            try:
                await self.next(me, answers)
            except asyncio.CancelledError:
                if me not in self.dismissed:  # but the run is cancelled
                    raise
            finally:
                self.waiting.discard(me)

    async def next(self, me: asyncio.Task[Any], answers: dict[int, Answer]) -> None:
        """Put one request, when it is its turn."""
        async with self.pace.turn() as settle:
            self.waiting.discard(me)
            allowed = self.going and await self.allowed()
            item = self.left.popleft() if allowed and self.going else None
            found: Answer | None = None
            try:
                self.dismiss()
                if item is None:
                    return
                found = await self.one(item[1])
                settle(found.tokens_in + found.tokens_out)
            except Exception as error:  # would meet every question; those under way are paid for and finish
                self.stop = self.stop or error
                self.dismiss()
                return
            finally:
                if allowed and self.budget is not None:
                    self.budget.settle(found)
        answers[item[0]] = found
        if self.on_answer is not None:
            self.on_answer(found)
        self.bar.add(found, failed(found))
        self.failures = self.failures + 1 if failed(found) else 0
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
        """Why no further attempt at a question under way is made, if none is."""
        return None if self.stop is None else Unanswered("the run has stopped", "skipped")

    async def one(self, request: Request) -> Answer:
        start = time.monotonic()
        try:
            async with asyncio.timeout(self.limits.longest) as clock:
                Attempts(self.pace, clock, self.stopped)
                found = await self.answer(request)
        except Unanswered as error:
            price_in, price_out = self.prices
            found = replace(
                _nothing(request, error.reason),
                tokens_in=error.tokens_in,
                tokens_out=error.tokens_out,
                cost=(error.tokens_in * price_in + error.tokens_out * price_out) / 1e6,
            )
        except CausalppError:
            raise
        except TimeoutError:
            found = _nothing(request, "timed out")
        except OSError:
            found = _nothing(request, "no connection")
        except Exception as error:  # its message is left out: it may hold what was sent, and with it a key
            found = _nothing(request, f"failed: {type(error).__name__}")
        return replace(
            found,
            latency=found.latency or time.monotonic() - start,
            time=time.time() if found.time is None else found.time,
        )


def _nothing(request: Request, reason: str) -> Answer:
    place: dict[str, Any] = {"wording": request.wording, "negated": request.negated, "call": request.call}
    return Answer(request.question, None, request.replicate, reason=reason, **place)


class AsyncOracle(Oracle):
    """An oracle that waits on a network: it writes :meth:`_answer_async`, and has many questions under way at once.

    All requests run on one event loop in the background, whether they come from :meth:`ask` or from
    :meth:`ask_async`, in a script or in a notebook; a client opened by one call can be used by the next.

    Args:
        limits: how fast questions are put.
        budget: how much may be asked; see :class:`BudgetSpent`.
        journal: keeps every answer as it comes, and gives it back for free.
        progress: whether to show a bar with the cost so far; see :func:`run`.

    Attributes:
        prices: what a million tokens in, and a million out, cost, if anything.
    """

    prices: tuple[float, float] | None = None

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        budget: Budget | None = None,
        journal: Journal | str | Path | None = None,
        progress: bool | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.budget = budget
        self.progress = progress
        self.journal = journal

    @abstractmethod
    async def _answer_async(self, request: Request) -> Answer:
        """The answer to one request; who makes several attempts calls :func:`~causalpp.oracles._pace.attempt` first.

        Raises:
            Unanswered: not this time.
            OracleError: not this one and no other.
        """

    async def _panel_async(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to the requests of one call; what the call took stands in the first of them.

        Raises:
            Unanswered, OracleError: as :meth:`_answer_async`.
        """
        return in_one([await self._answer_async(request) for request in requests])

    async def _close_async(self) -> None:
        """Give connections back."""

    def close(self) -> None:
        """Give connections back; the oracle can still be asked, and opens them again."""
        Job(self._close_async()).future.result()

    @property
    def pace(self) -> Pace:
        """What keeps to the limits a minute, from one call to the next."""
        key = (self.limits, os.getpid())  # a loop of another process never wakes who waits here
        held: tuple[Any, Pace] | None = self.__dict__.get("_pace")
        if held is None or held[0] != key:
            held = self.__dict__["_pace"] = key, self.limits.pace()
        return held[1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_pace"}

    def _answer(self, request: Request) -> Answer:
        return next(iter(self._answers([request])))

    def _answers(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """The answers as they come, in the order in which they come."""
        came: list[Answer] = []  # nothing is taken out of it: an interrupt must not find an answer in between
        news: queue.SimpleQueue[None] = queue.SimpleQueue()

        def arrived(answer: Answer) -> None:
            came.append(answer)
            news.put(None)

        job = Job(self._run(requests, arrived))
        job.future.add_done_callback(lambda _: news.put(None))
        handed = 0
        try:
            while handed < len(came) or not job.future.done():
                if handed == len(came):
                    with suppress(queue.Empty):
                        news.get(timeout=1.0)  # a wait without end could not be interrupted on Windows
                else:
                    yield came[handed]
                    handed += 1
        finally:
            if handed < len(came) or not job.future.done():  # stopped: what has come is kept
                job.cancel()
                wait([job.future])
                self._keep(came[handed:])
        job.future.result()

    async def ask_async(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        """:meth:`ask` for use inside an event loop; calls that run at the same time share the limits.

        A call that is cancelled keeps what has come.
        """
        with self._asking(questions, repeats) as (plan, answers), self._leases() as leases:
            while missing := await asyncio.to_thread(self._missing, plan, answers):
                mine = await asyncio.to_thread(self._taken, leases, missing, answers)
                if not mine:
                    await asyncio.sleep(leases.pause())
                    continue
                await self._ask_these(mine, answers)
                await asyncio.to_thread(leases.release)
                if any(request not in answers for request in mine):
                    break  # which is complained of
        return [answers[request] for request in plan]

    async def _ask_these(self, requests: Sequence[Request], answers: dict[Request, Answer]) -> None:
        """Put some requests, and their answers into ``answers``."""
        recorder = Recorder(self.journal, answers)
        job = Job(self._run(requests, lambda answer: recorder(self._signed(answer))))
        try:
            await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.cancel()
            raise
        finally:
            await asyncio.to_thread(_finish, job, recorder)

    async def _run(self, requests: Sequence[Request], on_answer: Callable[[Answer], None]) -> list[Answer]:
        """Put the requests, those of one call together: the run sees the first request of each."""
        together = {call[0]: call for call in calls(requests)}
        others: dict[Request, list[Answer]] = {}

        async def answer(first: Request) -> Answer:
            if first.call is None:
                return await self._answer_async(first)
            found = await self._panel_async(together[first])
            placed = [placed_at(request, one) for request, one in zip(together[first], found, strict=True)]
            others[first] = placed[1:]
            return placed[0]

        def arrived(found: Answer) -> None:
            on_answer(found)
            first = found.request
            for other in others.pop(first, None) or [_nothing(r, found.reason or "") for r in together[first][1:]]:
                on_answer(replace(other, time=found.time))

        return await run(
            list(together),
            answer,
            limits=self.limits,
            budget=self.budget,
            pace=self.pace,
            on_answer=arrived,
            progress=self.progress,
            prices=self.prices,
        )


def in_one(answers: Sequence[Answer]) -> list[Answer]:
    """The answers of one call, what they took together in the first of them."""
    nothing: dict[str, Any] = {"tokens_in": 0, "tokens_out": 0, "cost": 0.0, "latency": 0.0}
    whole = {name: sum(getattr(answer, name) for answer in answers) for name in nothing}
    return [replace(answer, **(nothing if number else whole)) for number, answer in enumerate(answers)]


def _finish(job: Job[Any], recorder: Recorder) -> None:
    """Wait until some work has stopped and what it gave is kept."""
    wait([job.future])
    recorder.close()
