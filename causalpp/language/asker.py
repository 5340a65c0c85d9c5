"""Putting prompts to a model: within limits and a budget, every reply kept in a journal before it is used."""

from __future__ import annotations

import asyncio
import hashlib
import json
import operator
import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from causalpp.errors import InvalidParameter, OracleError
from causalpp.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.language.journal import Key, Leases, ReplyJournal, fetch, fetch_async
from causalpp.language.running import (
    Budget,
    Limits,
    Pace,
    Paced,
    Unanswered,
    checked_prices,
    cost,
    in_batches,
    on_the_loop,
    run,
)

__all__ = ["Asker"]

#: A reply in the journal of one asker: the digest of its prompt and sampling, and the how-manieth it is.
_Key = tuple[str, int]


class Asker(Paced):
    """Asks a model for replies to prompts.

    Args:
        backend: the model.
        sampling: how words are drawn.
        limits: how fast prompts are put.
        budget: how much may be asked; one budget may serve several askers and oracles.
        prices: what a million tokens read, and a million tokens written, cost.
        journal: keeps every reply as it comes, and gives it back for free; a journal or the path of one.
        progress: whether to show a bar with the cost so far; by default for ten prompts and more.
        pace: what keeps to the limits a minute, where several askers share it.
        formerly: under what other names replies of the same model may stand in the journal.

    Attributes:
        fingerprint: what replies stand under in a journal, beside the prompt, the sampling and the number of the draw.

    Raises:
        InvalidParameter: a budget of money without prices.

    Example:
        >>> from causalpp.language import ScriptedBackend
        >>> asker = Asker(ScriptedBackend(lambda prompt: prompt.user.upper()))
        >>> [reply.text for reply in asker.ask([Prompt("tar"), Prompt("smoke")])]
        ['TAR', 'SMOKE']
    """

    def __init__(
        self,
        backend: Backend,
        sampling: Sampling | None = None,
        *,
        limits: Limits | None = None,
        budget: Budget | None = None,
        prices: tuple[float, float] | None = None,
        journal: ReplyJournal | str | Path | None = None,
        progress: bool | None = None,
        pace: Pace | None = None,
        formerly: Iterable[str] = (),
    ) -> None:
        self.backend = backend
        self.sampling = sampling or Sampling()
        self.limits = limits or Limits()
        self.budget, self.progress = budget, progress
        self.prices = checked_prices(prices, budget)
        self.journal = ReplyJournal(journal) if isinstance(journal, (str, Path)) else journal
        if pace is not None:  # that of another asker
            self._paces[self.limits, os.getpid()] = pace
        described = json.dumps(dict(backend.identity), sort_keys=True, default=str)
        self.fingerprint = f"language model:{hashlib.sha256(described.encode()).hexdigest()[:16]}"
        self.formerly = tuple(formerly)

    def __repr__(self) -> str:
        return f"Asker({self.backend!r}, {self.sampling})"

    def ask(
        self,
        prompts: Prompt | Iterable[Prompt],
        repeats: int | Iterable[int] = 1,
        *,
        numbers: Sequence[int] | None = None,
    ) -> list[Reply]:
        """The replies to some prompts, each put ``repeats`` times, prompt by prompt.

        The draws of a prompt are numbered from 0, and the same number gives the same draw where the model takes a seed;
        instead of how many, ``repeats`` may say which, or ``numbers`` of each prompt by itself.  With a journal, every
        reply is on the disk before any is returned, and the same draws are free the next time.  A prompt that found no
        reply has one with a :attr:`Reply.reason`, and is put again the next time.

        Raises:
            BudgetSpent: the budget does not reach; what came is in the journal, if there is one.
            OracleError: the model cannot be asked: not one of the replies came.
            InvalidParameter: something that is no prompt, or a number of draws that is none.
        """
        if not self.backend.batched:
            return on_the_loop(self.ask_async(prompts, repeats, numbers=numbers))
        asking = self._asking(prompts, repeats, numbers)
        fetch(asking.groups, asking.found, asking.together, asking.store)
        return asking.replies()

    async def ask_async(
        self,
        prompts: Prompt | Iterable[Prompt],
        repeats: int | Iterable[int] = 1,
        *,
        numbers: Sequence[int] | None = None,
    ) -> list[Reply]:
        """:meth:`ask` for use inside an event loop; a call that is cancelled keeps what has come."""
        if self.backend.batched:  # works in a thread, and not while it waits
            return await asyncio.to_thread(self.ask, prompts, repeats, numbers=numbers)
        asking = self._asking(prompts, repeats, numbers)
        await fetch_async(asking.groups, asking.found, asking.apart, asking.store)
        return asking.replies()

    def close(self) -> None:
        """Give connections back; the model can still be asked, and opens them again."""
        on_the_loop(self.backend.close())

    def _priced(self, reply: Reply) -> Reply:
        return replace(reply, cost=cost(reply.tokens_in, reply.tokens_out, self.prices))

    def _asking(
        self, prompts: Prompt | Iterable[Prompt], repeats: int | Iterable[int], numbers: Sequence[int] | None
    ) -> _Asking:
        try:
            draws = [*map(operator.index, repeats)] if isinstance(repeats, Iterable) else [*range(repeats)]
        except TypeError:
            draws = []
        if not draws or min(draws) < 0:
            raise InvalidParameter(f"a prompt is put at least once, or its draws are numbered from 0, not {repeats!r}")
        given: Any = prompts
        put: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
        for prompt in put:
            if not isinstance(prompt, Prompt):
                raise InvalidParameter(f"a model is asked prompts such as Prompt('What is tar?'), not {prompt!r}")
        if numbers is not None and (len(numbers) != len(put) or min(numbers, default=0) < 0):
            raise InvalidParameter("numbers= says of each prompt which draw it is, from 0 on")
        return _Asking(self, put, [draws] * len(put) if numbers is None else [[number] for number in numbers])


class _Asking:
    """One asking: its prompts, each by what it is known as in the journal, and the replies so far."""

    def __init__(self, asker: Asker, prompts: Sequence[Prompt], draws: Sequence[Sequence[int]]) -> None:
        self.asker = asker
        known = [(_digest(prompt, asker.sampling), prompt) for prompt in prompts]
        self.prompts = dict(known)
        self.keys: list[_Key] = [
            (digest, number) for (digest, _), numbers in zip(known, draws, strict=True) for number in numbers
        ]
        self.groups = [[key] for key in dict.fromkeys(self.keys)]
        self.found: dict[_Key, Reply] = {}
        self.store = None if asker.journal is None else self

    def replies(self) -> list[Reply]:
        return [self.found[key] for key in self.keys]

    def together(self, groups: Sequence[Sequence[_Key]]) -> Generator[tuple[_Key, Reply]]:
        """The replies of a model in this process, many prompts at a time."""

        def do(keys: Sequence[_Key]) -> list[Reply]:
            start = time.monotonic()
            prompts = [self.prompts[digest] for digest, _ in keys]
            replies = asker.backend.complete_all(prompts, asker.sampling, [number for _, number in keys])
            latency = (time.monotonic() - start) / len(keys)
            if len(replies) != len(keys):
                raise OracleError(f"{asker.backend!r} gave {len(replies)} replies to {len(keys)} prompts")
            priced = [asker._priced(_checked(reply, asker.backend)) for reply in replies]
            return [replace(reply, latency=latency, time=time.time()) for reply in priced]

        asker = self.asker
        yield from in_batches([key for (key,) in groups], do, budget=asker.budget, progress=asker.progress)

    async def apart(self, groups: Sequence[Sequence[_Key]], record: Callable[[_Key, Reply], None]) -> None:
        """The replies of a server, several prompts under way at once."""

        async def do(key: _Key) -> Reply:
            try:
                reply = await asker.backend.complete(self.prompts[key[0]], asker.sampling, key[1])
            except Unanswered:
                raise
            except OracleError as error:
                errors.append(error)
                return Reply("", reason=str(error))
            return asker._priced(_checked(reply, asker.backend))

        asker, errors = self.asker, list[OracleError]()
        replies = await run(
            [key for (key,) in groups],
            do,
            lambda _, reason: Reply("", reason=reason),
            limits=asker.limits,
            budget=asker.budget,
            pace=asker.pace,
            on_result=record,
            progress=asker.progress,
            prices=asker.prices,
        )
        if errors and all(reply.failed for reply in replies):
            raise errors[0]

    # --- the journal, as fetch() sees it --------------------------------------------------------------

    @property
    def journal(self) -> ReplyJournal:
        assert self.asker.journal is not None
        return self.asker.journal

    def get(self, keys: Sequence[_Key]) -> dict[_Key, Reply]:
        found: dict[_Key, Reply] = {}
        for fingerprint in (*self.asker.formerly, self.asker.fingerprint):
            found |= self.journal.replies(fingerprint, keys)
        return found

    def put(self, results: Sequence[tuple[_Key, Reply]]) -> Sequence[tuple[_Key, Reply]]:
        self.journal.register(self.asker.fingerprint, {"kind": "language model", **self.asker.backend.identity})
        self.journal.put_replies(self.asker.fingerprint, [pair for pair in results if not pair[1].failed])
        return results

    def row(self, key: _Key) -> Key:
        return "replies", self.asker.fingerprint, *key

    def leases(self) -> Leases:
        return self.journal.leases()


def _checked(reply: Any, backend: Backend) -> Reply:
    if not isinstance(reply, Reply):
        raise OracleError(f"{backend!r} gave {type(reply).__name__} in the place of a Reply")
    return reply


def _digest(prompt: Prompt, sampling: Sampling) -> str:
    """What determines a reply, besides the model and the number of the draw."""
    try:
        whole = json.dumps([asdict(prompt), asdict(sampling)], sort_keys=True)
    except (TypeError, ValueError) as error:
        raise InvalidParameter(f"a prompt is text, with a schema of JSON values: {error}") from None
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
