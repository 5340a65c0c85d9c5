"""Free prompts: replies in order, within limits and a budget, kept in a journal and found again."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from causalpp.errors import BudgetSpent, InvalidParameter, OracleError
from causalpp.language import (
    Asker,
    Backend,
    Budget,
    Limits,
    Prompt,
    Reply,
    ReplyJournal,
    Sampling,
    ScriptedBackend,
    Unanswered,
)
from causalpp.oracles import Journal

PROMPTS = [Prompt(f"prompt {k}", schema={"type": "object"} if k % 2 else None) for k in range(12)]


class Echo(Backend):
    """Says the prompt and the draw again, and counts what it is asked."""

    name = "echo"

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.meets: dict[str, Exception] = {}
        self.busy = self.most = 0

    @property
    def identity(self) -> dict[str, Any]:
        return {"backend": self.name}

    async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
        self.busy += 1
        self.most = max(self.busy, self.most)
        await asyncio.sleep(0.002 * (1 + len(self.seen) % 3))
        self.busy -= 1
        self.seen.append((prompt.user, replicate))
        if prompt.user in self.meets:
            raise self.meets[prompt.user]
        return Reply(f"{prompt.user}, {replicate}", {"yes": -0.5}, tokens_in=8, tokens_out=2)


class Together(Echo):
    """The same, many prompts at a time."""

    batched = True

    def complete_all(self, prompts: Sequence[Prompt], sampling: Sampling, replicates: Sequence[int]) -> list[Reply]:
        return [asyncio.run(self.complete(p, sampling, n)) for p, n in zip(prompts, replicates, strict=True)]


@pytest.fixture(params=[Echo, Together])
def model(request: pytest.FixtureRequest) -> Echo:
    made: Echo = request.param()
    return made


def test_replies_are_in_order(model: Echo) -> None:
    asker = Asker(model, limits=Limits(concurrency=4), prices=(1e6, 2e6))
    replies = asker.ask(PROMPTS, repeats=2)
    assert [reply.text for reply in replies] == [f"{p.user}, {k}" for p in PROMPTS for k in range(2)]
    assert all(reply.cost == 12.0 and reply.latency > 0 and reply.time and not reply.failed for reply in replies)
    assert model.most == (1 if model.batched else 4)
    assert [reply.text for reply in asyncio.run(asker.ask_async(PROMPTS[0], [5, 3]))] == ["prompt 0, 5", "prompt 0, 3"]
    model.seen.clear()
    assert len(asker.ask([PROMPTS[0]] * 3)) == 3
    assert len(model.seen) == 1  # the same prompt and draw are the same reply
    assert asker.ask([]) == []
    asker.close()


def test_what_a_journal_has_is_free(model: Echo, tmp_path: Path) -> None:
    first = Asker(model, journal=tmp_path / "j").ask(PROMPTS, repeats=2)
    other = type(model)()
    budget = Budget(questions=1)
    asker = Asker(other, journal=ReplyJournal(tmp_path / "j"), budget=budget)
    assert asker.ask(PROMPTS, repeats=2) == first
    assert asker.ask(PROMPTS[0], repeats=3)[:2] == first[:2]
    assert other.seen == [("prompt 0", 2)]
    with pytest.raises(BudgetSpent) as stopped:
        Asker(other, Sampling(0.5), journal=tmp_path / "j", budget=budget).ask(PROMPTS)  # drawn in another way
    assert (stopped.value.left, budget.asked, len(other.seen)) == (12, 1, 1)
    kept = Journal(tmp_path / "j")  # the tables of answers are added
    assert len(kept) == 0
    assert [known["backend"] for known in kept.oracles.values()] == ["echo"]


def test_a_budget_is_kept_to(model: Echo, tmp_path: Path) -> None:
    asker = Asker(model, budget=Budget(questions=5), journal=tmp_path / "j")
    with pytest.raises(BudgetSpent):
        asker.ask(PROMPTS)
    assert len(model.seen) == 5
    asker.budget = None
    assert len(asker.ask(PROMPTS)) == 12
    assert len(model.seen) == 12


def test_failures(tmp_path: Path) -> None:
    model = Echo()
    model.meets = {"prompt 1": Unanswered("full", "server error: 503"), "prompt 2": ValueError("secret")}
    model.meets["prompt 3"] = OracleError("too long")
    asker = Asker(model, journal=tmp_path / "j")
    replies = asker.ask(PROMPTS)
    assert [r.reason for r in replies[:5]] == [None, "server error: 503", "failed: ValueError", "too long", None]
    model.meets.clear()
    assert not any(reply.failed for reply in asker.ask(PROMPTS))
    assert len(model.seen) == 12 + 3
    model.meets = dict.fromkeys((p.user for p in PROMPTS), OracleError("the key is refused"))
    with pytest.raises(OracleError, match="key is refused"):
        Asker(model).ask(PROMPTS)


def test_a_budget_of_money_needs_prices() -> None:
    with pytest.raises(InvalidParameter, match="prices"):
        Asker(Echo(), budget=Budget(money=1.0))


@pytest.mark.parametrize("prompts", ["tar", ["tar"], None, [PROMPTS[0], "tar"], Prompt("a", schema={"enum": {1}})])
def test_what_is_no_prompt(model: Echo, prompts: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"a model is asked prompts|JSON values"):
        Asker(model).ask(prompts)


@pytest.mark.parametrize("repeats", [0, -1, 2.5, "2", [], [0, -1], [1.5], None])
def test_what_is_no_number_of_draws(model: Echo, repeats: Any) -> None:
    with pytest.raises(InvalidParameter, match="at least once"):
        Asker(model).ask(PROMPTS[0], repeats)


def test_what_a_backend_gives_is_looked_at() -> None:
    class Words(Echo):
        async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
            return "yes"  # type: ignore[return-value]

    class One(Together):
        def complete_all(self, prompts: Sequence[Prompt], *rest: Any) -> list[Reply]:
            return [Reply("yes")]

    with pytest.raises(OracleError, match="gave str in the place of a Reply"):
        Asker(Words()).ask(PROMPTS)
    with pytest.raises(OracleError, match="gave 1 replies to 12 prompts"):
        Asker(One()).ask(PROMPTS)
    for prices in (5, (1.0,), (1.0, float("nan")), ("a", "b")):
        with pytest.raises(InvalidParameter, match="the prices are two"):
            Asker(Echo(), prices=prices)  # type: ignore[arg-type]


def test_an_interrupt_between_batches_keeps_what_came(tmp_path: Path) -> None:
    class Interrupted(Together):
        def complete_all(self, prompts: Sequence[Prompt], *rest: Any) -> list[Reply]:
            if self.seen:
                raise KeyboardInterrupt
            return super().complete_all(prompts, *rest)

    many, budget, first, second = [Prompt(str(k)) for k in range(100)], Budget(), Interrupted(), Together()
    with pytest.raises(KeyboardInterrupt):
        Asker(first, budget=budget, journal=tmp_path / "j").ask(many)
    assert (budget.asked, budget.under_way) == (len(first.seen), 0)
    replies = Asker(second, journal=tmp_path / "j").ask(many)
    assert [reply.text for reply in replies] == [f"{k}, 0" for k in range(100)]
    assert 0 < len(first.seen) == 100 - len(second.seen)


def test_a_call_cancelled_before_it_begins_leaves_no_coroutine_behind() -> None:
    class Alone(ScriptedBackend):
        batched = False

    async def hurried() -> None:
        asker = Asker(Alone(lambda _: "x"))
        for k in range(300):
            call = asyncio.ensure_future(asker.ask_async(Prompt(f"prompt {k}")))
            await asyncio.sleep(0.00005 * (k % 60))
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await call

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(hurried())
        gc.collect()
    assert [str(each.message) for each in said] == []
