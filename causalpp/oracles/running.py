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

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from causalpp.language import running
from causalpp.language.journal import fetch_async
from causalpp.language.running import Budget, Limits, Pace, Paced, Unanswered, on_the_loop
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.journal import Journal
from causalpp.oracles.oracle import Oracle, placed_at
from causalpp.oracles.panel import Asked

__all__ = ["AsyncOracle", "Budget", "Limits", "Unanswered", "run"]


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
        on_answer: called with each answer as it comes.
        limits, budget, pace, progress, prices: see :func:`causalpp.language.running.run`.

    Raises:
        BudgetSpent: the budget does not reach; it carries the answers there are.
        OracleError: a question failed in a way in which all would, or too many failed in a row.
    """
    return await running.run(
        requests,
        answer,
        _nothing,
        limits=limits,
        budget=budget,
        pace=pace,
        on_result=None if on_answer is None else lambda _, found: on_answer(found),
        progress=progress,
        prices=prices,
    )


def _nothing(request: Request, reason: str) -> Answer:
    return placed_at(request, Answer(request.question, None, reason=reason))


class AsyncOracle(Paced, Oracle):
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
        """The answer to one request; who makes several attempts calls :func:`~causalpp.language.running.attempt` first.

        Raises:
            Unanswered: not this time.
            OracleError: not this one and no other.
        """

    async def _panel_async(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to the requests of one call; what the call took stands in the first of them.

        Raises:
            Unanswered, OracleError: as :meth:`_answer_async`.
        """
        answers = [await self._answer_async(request) for request in requests]
        nothing: dict[str, Any] = {"tokens_in": 0, "tokens_out": 0, "cost": 0.0, "latency": 0.0}
        whole = {name: sum(getattr(answer, name) for answer in answers) for name in nothing}
        return [replace(answer, **(nothing if number else whole)) for number, answer in enumerate(answers)]

    async def _close_async(self) -> None:
        """Give connections back."""

    def close(self) -> None:
        """Give connections back; the oracle can still be asked, and opens them again."""
        on_the_loop(self._close_async())

    def _answer(self, request: Request) -> Answer:
        return on_the_loop(self._answer_async(request))

    def ask(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        return on_the_loop(self.ask_async(questions, repeats))

    async def ask_async(self, questions: Asked | Sequence[Asked], repeats: int = 1) -> list[Answer]:
        """:meth:`ask` for use inside an event loop; calls that run at the same time share the limits.

        A call that is cancelled keeps what has come.
        """
        with self._asking(questions, repeats) as plan:
            await fetch_async(plan.calls, plan.answers, self._put_async, self._store)
        return plan.results()

    async def _put_async(
        self, together: Sequence[Sequence[Request]], record: Callable[[Request, Answer], None]
    ) -> None:
        """Put some requests, those of one call together: the run sees the first answer of each."""
        others: dict[Request, list[Answer]] = {}

        async def do(call: Sequence[Request]) -> Answer:
            if call[0].call is None:
                return placed_at(call[0], await self._answer_async(call[0]))
            found = [placed_at(request, one) for request, one in zip(call, await self._panel_async(call), strict=True)]
            others[call[0]] = found[1:]
            return found[0]

        def arrived(call: Sequence[Request], found: Answer) -> None:
            rest = others.pop(call[0], None) or [_nothing(request, found.reason or "") for request in call[1:]]
            for request, answer in zip(call, [found, *rest], strict=True):
                record(request, replace(answer, time=found.time))

        await running.run(
            together,
            do,
            lambda call, reason: _nothing(call[0], reason),
            limits=self.limits,
            budget=self.budget,
            pace=self.pace,
            on_result=arrived,
            progress=self.progress,
            prices=self.prices,
        )
