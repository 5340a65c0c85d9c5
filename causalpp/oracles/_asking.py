"""Putting prompts to a model within the limits and the budget of an oracle, and keeping every reply in its journal."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Container, Sequence
from concurrent.futures import wait
from dataclasses import asdict, fields
from typing import Any

from causalpp.errors import BudgetSpent, OracleError
from causalpp.oracles._leases import Leases
from causalpp.oracles._loop import Job
from causalpp.oracles._rows import lease_of_reply
from causalpp.oracles.answer import Answer, Request
from causalpp.oracles.journal import Journal
from causalpp.oracles.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.oracles.running import Budget, Limits, Unanswered, run
from causalpp.propositions import Causes

__all__ = ["Asking"]

_CHUNK = 64  # prompts given to a model in this process at once
_STANDS_FOR = Causes("a", "b")  # a run asks questions; which one is put is in the replicate's number


class Asking:
    """Asks the model of a speaker, as the speaker's own questions are asked.

    Args:
        speaker: what has a backend; an oracle's limits, budget, prices and journal hold here too.
        backend: the model.
        sampling: how replies are drawn.
    """

    def __init__(self, speaker: Any, backend: Backend, sampling: Sampling) -> None:
        self.backend, self.sampling = backend, sampling
        self.limits: Limits = getattr(speaker, "limits", None) or Limits()
        self.pace = getattr(speaker, "pace", None)
        self.budget: Budget | None = getattr(speaker, "budget", None)
        self.prices: tuple[float, float] = getattr(speaker, "prices", None) or (0.0, 0.0)
        self.progress: bool | None = False if speaker is backend else getattr(speaker, "progress", False)
        self.journal: Journal | None = getattr(speaker, "journal", None)
        self.speaker = speaker

    def __call__(self, prompts: Sequence[Prompt], numbers: Sequence[int]) -> list[Reply | OracleError]:
        """The replies, or why there is none, in order; those that the journal has are free.

        Raises:
            BudgetSpent: the budget does not reach; what came is in the journal, if there is one.
        """
        keys = [(_digest(prompt, self.sampling), number) for prompt, number in zip(prompts, numbers)]
        found: dict[int, Reply | OracleError] = {}
        with Leases(None, lambda *_: False) if self.journal is None else self.journal.leases() as leases:
            while True:
                found |= self._kept(keys, found)
                missing = [k for k in range(len(prompts)) if k not in found]
                if not missing:
                    return [found[k] for k in range(len(prompts))]
                rows = [[lease_of_reply(self._fingerprint, keys[k])] for k in missing]
                mine = [missing[number] for number in leases.take([(row, row) for row in rows])]
                if not mine:
                    time.sleep(leases.pause())
                    continue
                self._ask(prompts, numbers, keys, mine, found)
                leases.release()

    @property
    def _fingerprint(self) -> str:
        return "" if self.journal is None else self.speaker.fingerprint

    def _ask(
        self,
        prompts: Sequence[Prompt],
        numbers: Sequence[int],
        keys: Sequence[tuple[str, int]],
        missing: Sequence[int],
        found: dict[int, Reply | OracleError],
    ) -> None:
        """Ask for some replies, and put them, or why there is none, into ``found``."""
        if self.backend.batched:
            self._together(prompts, numbers, keys, missing, found)
            return
        job = Job(self._run(prompts, numbers, keys, missing, found))
        try:
            while not job.future.done():
                wait([job.future], timeout=1.0)  # a wait without end could not be interrupted on Windows
        except BaseException:  # Ctrl-C: nothing is asked behind the user's back
            job.cancel()
            wait([job.future])
            raise
        for answer in job.future.result():
            found.setdefault(answer.replicate, OracleError(f"no reply: {answer.reason}"))

    async def _run(
        self,
        prompts: Sequence[Prompt],
        numbers: Sequence[int],
        keys: Sequence[tuple[str, int]],
        missing: Sequence[int],
        found: dict[int, Reply | OracleError],
    ) -> list[Answer]:
        async def one(request: Request) -> Answer:
            k = request.replicate
            try:
                reply = await self.backend.complete(prompts[k], self.sampling, numbers[k])
            except Unanswered as error:
                found[k] = error
                raise
            except OracleError as error:
                found[k] = error
                return Answer(_STANDS_FOR, None, k, reason="failed")
            found[k] = reply
            self._keep(keys[k], reply)
            return self._counted(k, reply)

        try:
            return await run(
                [Request(_STANDS_FOR, k) for k in missing],
                one,
                limits=self.limits,
                budget=self.budget,
                pace=self.pace,
                progress=self.progress,
                prices=self.prices,
            )
        except OracleError as error:
            error.answers = ()  # they stand for replies, which are in the journal
            raise

    def _together(
        self,
        prompts: Sequence[Prompt],
        numbers: Sequence[int],
        keys: Sequence[tuple[str, int]],
        missing: Sequence[int],
        found: dict[int, Reply | OracleError],
    ) -> None:
        """The replies of a model in this process, many prompts at a time."""
        left = list(missing)
        while left:
            chunk = left[:_CHUNK]
            if self.budget is not None:
                chunk = [k for k in chunk if self.budget.take()]
                if not chunk:
                    raise BudgetSpent(self.budget.verdict(len(left)), (), len(left))
            replies: list[Reply] = []
            try:
                replies = self.backend.complete_all(
                    [prompts[k] for k in chunk], self.sampling, [numbers[k] for k in chunk]
                )
            finally:
                for n, k in enumerate(chunk):
                    if self.budget is not None:
                        self.budget.settle(self._counted(k, replies[n]) if n < len(replies) else None)
            for k, reply in zip(chunk, replies, strict=True):
                found[k] = reply
                self._keep(keys[k], reply)
            left = left[len(chunk) :]

    def _counted(self, number: int, reply: Reply) -> Answer:
        """A reply as the budget counts it."""
        price_in, price_out = self.prices
        cost = (reply.tokens_in * price_in + reply.tokens_out * price_out) / 1e6
        return Answer(_STANDS_FOR, None, number, tokens_in=reply.tokens_in, tokens_out=reply.tokens_out, cost=cost)

    def _kept(self, keys: Sequence[tuple[str, int]], known: Container[int]) -> dict[int, Reply]:
        if self.journal is None:
            return {}
        values = self.journal.replies(self._fingerprint, [key for k, key in enumerate(keys) if k not in known])
        names = {field.name for field in fields(Reply)}
        return {
            k: Reply(**{name: value for name, value in values[key].items() if name in names})
            for k, key in enumerate(keys)
            if key in values and k not in known
        }

    def _keep(self, key: tuple[str, int], reply: Reply) -> None:
        if self.journal is not None:
            self.journal.register(self.speaker.fingerprint, self.speaker.identity)
            self.journal.put_reply(self.speaker.fingerprint, key, asdict(reply))


def _digest(prompt: Prompt, sampling: Sampling) -> str:
    """What determines a reply, besides the model and the number of the draw."""
    whole = json.dumps([asdict(prompt), asdict(sampling)], sort_keys=True)
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
