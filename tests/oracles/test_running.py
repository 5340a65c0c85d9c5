"""Many questions at once: how many, how fast, for how much, and what is left when it stops."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalpp import Answer, Causes
from causalpp.errors import BudgetSpent, InvalidParameter, OracleError, UnknownVariable
from causalpp.language.running._gate import Gate
from causalpp.language.running._pace import Bucket, Pace, attempt
from causalpp.language.running._progress import Progress
from causalpp.oracles import Oracle, Request
from causalpp.oracles.running import AsyncOracle, Budget, Limits, Unanswered, run

QUESTIONS = [Causes("a", f"b{k}") for k in range(60)]
REQUESTS = [Request(question) for question in QUESTIONS]


class Slow(AsyncOracle):
    """Answers after a moment, sometimes not; counts what it is asked and how much is under way."""

    nature = "slow"

    def __init__(self, *, seconds: float = 0.001, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.seconds = seconds
        self.asked: list[Request] = []
        self.busy = self.most = 0
        self.meets: dict[int, BaseException] = {}
        self.then: Callable[[int], None] = lambda number: None

    @property
    def fingerprint(self) -> str:
        return "slow:1"

    async def _answer_async(self, request: Request) -> Answer:
        number = len(self.asked)
        self.asked.append(request)
        self.busy += 1
        self.most = max(self.busy, self.most)
        try:
            await asyncio.sleep(self.seconds * (1 + number % 3))  # later ones overtake earlier ones
            self.then(number)
            if number in self.meets:
                raise self.meets[number]
        finally:
            self.busy -= 1
        return Answer(request.question, True, request.replicate, tokens_in=8, tokens_out=2, cost=0.5)


def test_answers_are_in_order_and_few_are_under_way() -> None:
    oracle = Slow(limits=Limits(concurrency=5))
    answers = oracle.ask(QUESTIONS, repeats=2)
    assert [(a.question, a.replicate) for a in answers] == [(q, k) for q in QUESTIONS for k in range(2)]
    assert oracle.most == 5
    assert all(a.time is not None and a.latency > 0 for a in answers)
    assert oracle.ask([]) == []
    assert oracle.ask(QUESTIONS[0])[0].replicate == 2


def test_inside_a_running_loop() -> None:
    """As in a notebook: plain calls and awaited ones, in loops one after the other, with the same oracle."""
    oracle = Slow(limits=Limits(concurrency=3))

    async def cell() -> None:
        assert len(oracle.ask(QUESTIONS[:4])) == 4
        many = await asyncio.gather(*(oracle.ask_async(question, repeats=2) for question in QUESTIONS))
        assert [a.question for answers in many for a in answers[:1]] == QUESTIONS

    asyncio.run(cell())
    asyncio.run(cell())
    assert oracle.most == 3  # calls at the same time share the limits
    oracle.close()


def test_failures_of_single_questions_are_recorded(tmp_path: Path) -> None:
    oracle = Slow(journal=tmp_path / "j")
    oracle.meets = {
        1: Unanswered("the server is full", "server error: 503"),
        2: TimeoutError(),
        3: ConnectionResetError("secret"),
        4: ValueError("secret"),
    }
    assert sum(a.value is None for a in oracle.ask(QUESTIONS[:8])) == 4
    reasons = {a.reason for a in oracle.journal.failures()}  # type: ignore[union-attr]
    assert reasons == {"server error: 503", "timed out", "no connection", "failed: ValueError"}
    assert len(oracle.journal) == 4  # type: ignore[arg-type]
    again = Slow(journal=tmp_path / "j")
    assert all(a.value for a in again.ask(QUESTIONS[:8]))
    assert len(again.asked) == 4


def test_a_reason_of_ones_own_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="timed out"):
        Unanswered("no", "unsure")
    error = pickle.loads(pickle.dumps(Unanswered("no", "timed out")))
    assert error.reason == "timed out"


@pytest.mark.parametrize("error", [OracleError("the key is refused"), UnknownVariable("c", ["a"])])
def test_an_error_that_meets_all_stops_the_run(tmp_path: Path, error: Exception) -> None:
    oracle = Slow(journal=tmp_path / "j", limits=Limits(concurrency=4))
    oracle.meets = dict.fromkeys(range(10, 100), error)
    with pytest.raises(type(error)) as stopped:
        oracle.ask(QUESTIONS)
    assert len(oracle.asked) <= 14  # those under way were waited for, no more were begun
    assert len(oracle.journal) == 10  # type: ignore[arg-type]
    if isinstance(error, OracleError):
        assert len(stopped.value.answers) == 10
    oracle.meets = {}
    assert [a.replicate for a in oracle.ask(QUESTIONS)] == [0] * len(QUESTIONS)


def test_a_server_that_keeps_failing_stops_the_run(tmp_path: Path) -> None:
    oracle = Slow(journal=tmp_path / "j", limits=Limits(concurrency=4, give_up=7))
    oracle.meets = {k: Unanswered("down", "server error: 500") for k in range(3, 100)}
    with pytest.raises(OracleError, match=r"last \d+ questions .*server error: 500.*ask again"):
        oracle.ask(QUESTIONS)
    assert len(oracle.asked) <= 3 + 7 + 4
    scattered = Slow(limits=Limits(concurrency=1, give_up=2))
    scattered.meets = {k: Unanswered("down") for k in range(0, 100, 2)}
    assert sum(a.value is None for a in scattered.ask(QUESTIONS)) == 30


def test_a_request_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "longest", 0.05)
    oracle = Slow(seconds=30)
    assert [a.reason for a in oracle.ask(QUESTIONS[:3])] == ["timed out"] * 3


# --- budgets ------------------------------------------------------------------------------------------


def test_copies_share_the_limits_in_whatever_thread_they_ask() -> None:
    """Copies made before anything was asked, and copies of these, each on an event loop of its own."""
    slow = Slow(limits=Limits(concurrency=2), budget=Budget(questions=40))
    copies = [slow, copy.copy(slow), slow._copied(), copy.copy(slow)._copied()]
    busy: list[int] = []
    most, lock = [0], threading.Lock()

    async def answer(request: Request) -> Answer:
        with lock:
            busy.append(1)
            most[0] = max(most[0], len(busy))
        await asyncio.sleep(0.002)
        with lock:
            busy.pop()
        return Answer(request.question, True)

    def ask(oracle: Slow, first: int) -> None:
        oracle._answer_async = answer  # type: ignore[method-assign]
        asyncio.run(running(oracle, first))

    async def running(oracle: Slow, first: int) -> None:
        found = await asyncio.gather(*(oracle.ask_async(q) for q in QUESTIONS[first : first + 10]))
        assert all(answer.value for (answer,) in found)

    threads = [threading.Thread(target=ask, args=(one, 10 * k)) for k, one in enumerate(copies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most == [2]
    assert slow.budget is not None
    assert slow.budget.asked == 40


def test_a_turn_that_is_given_up_goes_to_the_next() -> None:
    """Of those that wait at a gate some are cancelled, at every moment there is; nobody waits for ever."""

    async def main() -> None:
        for given_up in range(8):
            gate = Gate(1)
            passed: list[int] = []

            async def through(number: int, gate: Gate = gate, passed: list[int] = passed) -> None:
                async with gate:
                    await asyncio.sleep(0)
                    passed.append(number)

            tasks = [asyncio.create_task(through(number)) for number in range(6)]
            for _ in range(given_up):
                await asyncio.sleep(0)
            for task in tasks[1:4:2]:
                task.cancel()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
            assert gate.free == 1
            assert {0, 2, 4, 5} <= set(passed)

    asyncio.run(main())


@pytest.mark.parametrize("concurrency", [1, 7])
def test_a_budget_in_questions_is_kept_to(tmp_path: Path, concurrency: int) -> None:
    budget = Budget(questions=20)
    oracle = Slow(journal=tmp_path / "j", limits=Limits(concurrency=concurrency), budget=budget)
    oracle.ask(QUESTIONS[:5])
    with pytest.raises(BudgetSpent, match="20 questions is spent, 40 requests are left") as stopped:
        oracle.ask(QUESTIONS[5:])
    assert len(oracle.asked) == budget.asked == 20
    assert stopped.value.left == 40
    assert [a.request for a in stopped.value.answers] == REQUESTS[5:20]
    with pytest.raises(BudgetSpent):
        oracle.ask(Causes("x", "y"))
    assert len(oracle.asked) == 20
    oracle.budget = Budget(questions=40)  # it goes on where it was
    assert [a.request for a in oracle.ask(QUESTIONS[5:])] == REQUESTS[5:]
    assert oracle.asked == REQUESTS


def test_what_the_journal_has_is_free(tmp_path: Path) -> None:
    Slow(journal=tmp_path / "j").ask(QUESTIONS)
    broke = Slow(journal=tmp_path / "j", budget=Budget(questions=0))
    assert len(broke.ask(QUESTIONS)) == len(QUESTIONS)
    with pytest.raises(BudgetSpent):
        broke.ask(QUESTIONS[0])


@pytest.mark.parametrize(("budget", "most"), [(Budget(tokens=200), 200), (Budget(money=10.0), 10.0)])
def test_budgets_in_tokens_and_money(budget: Budget, most: float) -> None:
    oracle = Slow(limits=Limits(concurrency=4), budget=budget)
    oracle.ask(QUESTIONS[0])  # now it is known what one costs
    with pytest.raises(BudgetSpent, match="raise it"):
        oracle.ask(QUESTIONS[1:])
    assert len(oracle.asked) == 20
    assert most == (budget.used if budget.tokens else budget.spent)


def test_failures_are_not_counted_as_questions() -> None:
    oracle = Slow(limits=Limits(concurrency=3), budget=Budget(questions=10))
    oracle.meets = {k: TimeoutError() for k in range(5)}
    with pytest.raises(BudgetSpent) as stopped:
        oracle.ask(QUESTIONS)
    assert len(oracle.asked) == 15
    assert sum(a.value is True for a in stopped.value.answers) == 10


# --- limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0}, {"requests_per_minute": 0}, {"tokens_per_minute": -1}, {"timeout": 0}, {"retries": -1},
        {"give_up": 0}, {"timeout": float("inf")}, {"requests_per_minute": float("nan")},
    ],
)  # fmt: skip
def test_limits_that_allow_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidParameter):
        Limits(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="not negative"):
        Budget(money=-1)


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    rate=st.floats(1, 1e5),
    brim=st.floats(1, 1e4),
    events=st.lists(st.tuples(st.floats(0, 30), st.floats(0, 100)), max_size=80),
)
def test_a_bucket_never_gives_more_than_flowed_in(rate: float, brim: float, events: list[tuple[float, float]]) -> None:
    clock = Clock()
    bucket = Bucket(rate, brim, clock)
    taken: list[tuple[float, float]] = []
    for pause, amount in events:
        clock.now += pause
        seconds = bucket.take(amount)
        if seconds:
            clock.now += seconds
            assert bucket.take(amount) <= 1e-6
        taken.append((clock.now, amount))
    largest = max((amount for _, amount in events), default=0)
    for i, (start, _) in enumerate(taken):
        for j in range(i, len(taken)):
            flowed = brim + (taken[j][0] - start) * rate / 60
            assert (
                sum(amount for _, amount in taken[i : j + 1]) <= (flowed + max(0, largest - brim)) * (1 + 1e-6) + 1e-3
            )


def paced(pace: Pace, clock: Clock, tokens: int, count: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When each of so many requests goes out, each done at once, on a clock that jumps ahead while waiting."""
    out: list[float] = []

    async def sleep(seconds: float) -> None:
        clock.now += max(seconds, 1e-9)

    monkeypatch.setattr("causalpp.language.running._pace.asyncio.sleep", sleep)

    async def main() -> None:
        for _ in range(count):
            async with pace.turn() as settle:
                out.append(clock.now)
                settle(tokens)

    asyncio.run(main())
    return out


def test_requests_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    out = paced(Pace(4, 120, None, clock), clock, 0, 400, monkeypatch)
    in_a_minute = max(sum(start <= other < start + 60 for other in out) for start in out)
    assert 118 <= in_a_minute <= 120


def test_tokens_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    out = paced(Pace(4, None, 6000, clock), clock, 50, 400, monkeypatch)
    in_a_minute = max(50 * sum(start <= other < start + 60 for other in out) for start in out)
    assert 0.9 * 6000 <= in_a_minute <= 1.1 * 6000 + 50
    assert 50 * (len(out) - 1) / (out[-1] - out[0]) == pytest.approx(100, rel=0.1)


def test_the_first_request_goes_alone_where_tokens_are_limited() -> None:
    oracle = Slow(seconds=0.01, limits=Limits(concurrency=8, tokens_per_minute=60_000))
    under_way: list[int] = []
    oracle.then = lambda number: under_way.append(oracle.busy)
    oracle.ask(QUESTIONS[:20])
    assert under_way[0] == 1


# --- interruptions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 1, 25])
def test_an_interrupt_keeps_what_came(tmp_path: Path, at: int) -> None:
    oracle = Slow(seconds=0.01, journal=tmp_path / "j", limits=Limits(concurrency=4))
    finished: list[int] = []

    def strike(number: int) -> None:
        finished.append(number)
        if len(finished) == at + 1:
            os.kill(os.getpid(), signal.SIGINT)

    oracle.then = strike
    with pytest.raises(KeyboardInterrupt):
        oracle.ask(QUESTIONS)
    kept = len(oracle.journal)  # type: ignore[arg-type]
    assert kept == len(finished)  # all that came, the one during which it struck included
    asked = len(oracle.asked)
    oracle.ask(QUESTIONS)
    assert len(oracle.asked) == asked + len(QUESTIONS) - kept


def test_a_call_that_is_cancelled_keeps_what_came(tmp_path: Path) -> None:
    oracle = Slow(seconds=0.005, journal=tmp_path / "j", limits=Limits(concurrency=4))
    enough = threading.Event()
    oracle.then = lambda number: enough.set() if number > 10 else None

    async def main() -> None:
        task = asyncio.create_task(oracle.ask_async(QUESTIONS))
        await asyncio.to_thread(enough.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    kept = len(oracle.journal)  # type: ignore[arg-type]
    assert 8 <= kept < len(QUESTIONS)
    asked = len(oracle.asked)
    assert len(oracle.ask(QUESTIONS)) == len(QUESTIONS)
    assert len(oracle.asked) == asked + len(QUESTIONS) - kept


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_an_oracle_survives_a_fork(tmp_path: Path) -> None:
    oracle = Slow(journal=tmp_path / "j", limits=Limits(concurrency=2))
    oracle.ask(QUESTIONS[:5])
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if len(oracle.ask(QUESTIONS)) == len(QUESTIONS) else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    assert len(oracle.journal) == len(QUESTIONS) + 5  # type: ignore[arg-type]  # the first five a second time


def test_oracles_are_pickled(tmp_path: Path) -> None:
    oracle = Slow(journal=tmp_path / "j", budget=Budget(questions=70))
    oracle.then = print  # type: ignore[assignment]
    oracle.ask(QUESTIONS)
    again = pickle.loads(pickle.dumps(oracle))
    assert again.budget.asked == len(QUESTIONS)
    assert again.ask(QUESTIONS[0])[0].replicate == 1


# --- run, and the bar ---------------------------------------------------------------------------------


def test_run_by_itself() -> None:
    oracle = Slow()
    came: list[Answer] = []
    answers = asyncio.run(run(REQUESTS, oracle._answer_async, limits=Limits(concurrency=6), on_answer=came.append))
    assert [a.request for a in answers] == REQUESTS
    assert sorted(came, key=lambda a: REQUESTS.index(a.request)) == answers
    assert asyncio.run(run([], oracle._answer_async)) == []


def test_there_is_no_bar_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    Slow(progress=True).ask(QUESTIONS)
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_the_cost(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes it for a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    Slow(progress=True).ask(QUESTIONS)
    out, err = capfd.readouterr()
    assert out == ""
    assert "60/60" in err
    assert "600 tokens, cost 30" in err
    Slow(progress=False).ask(QUESTIONS)
    Slow().ask(QUESTIONS[:3])
    assert capfd.readouterr() == ("", "")
    with Progress(20) as outer, Progress(20) as inner:
        for bar in (outer, inner):
            bar.add(Answer(QUESTIONS[0], None, reason="timed out"))
    assert inner.so_far == "1 without answer"


@pytest.mark.slow
def test_a_script_ends_quietly() -> None:
    script = (
        "import asyncio\n"
        "from causalpp import Answer, Causes\n"
        "from causalpp.oracles.running import AsyncOracle\n"
        "class Quick(AsyncOracle):\n"
        "    nature = fingerprint = 'quick'\n"
        "    async def _answer_async(self, request):\n"
        "        return Answer(request.question, True, request.replicate)\n"
        "print(len(Quick().ask([Causes('a', f'b{k}') for k in range(50)])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("50\n", "", 0)


def test_nobody_waits_for_a_turn_when_there_is_nothing_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten questions, eight workers: the last answer ends the run, and so does an error."""
    limits = Limits(requests_per_minute=600)
    taken: list[float] = []
    take = Bucket.take

    def counted(bucket: Bucket, amount: float) -> float:
        lacking = take(bucket, amount)
        if not lacking:
            taken.append(amount)
        return lacking

    monkeypatch.setattr(Bucket, "take", counted)
    assert len(Slow(limits=limits, progress=False).ask(QUESTIONS[:10])) == 10
    assert len(taken) == 10
    taken.clear()
    oracle = Slow(limits=limits, progress=False)
    oracle.meets[0] = OracleError("the key was refused")
    with pytest.raises(OracleError, match="key was refused"):
        oracle.ask(QUESTIONS[:10])
    assert len(taken) <= 2


def test_a_cancelled_run_that_waits_for_a_turn_ends() -> None:
    async def main() -> None:
        oracle = Slow(limits=Limits(requests_per_minute=6), progress=False)
        task = asyncio.create_task(run(REQUESTS, oracle._answer_async, limits=oracle.limits))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)
        assert len(oracle.asked) == 1

    asyncio.run(main())


def test_further_attempts_take_from_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "longest", 0.3)  # what is spent waiting for the pace does not count
    taken: list[float] = []
    take = Bucket.take

    def counted(bucket: Bucket, amount: float) -> float:
        lacking = take(bucket, amount)
        if not lacking:
            taken.append(amount)
        return lacking

    monkeypatch.setattr(Bucket, "take", counted)

    class Stubborn(Slow):
        async def _answer_async(self, request: Request) -> Answer:
            for _ in range(3):
                await attempt()
            return await super()._answer_async(request)

    limits = Limits(requests_per_minute=600)
    answers = Stubborn(limits=limits, progress=False).ask(QUESTIONS[:4])
    assert [answer.value for answer in answers] == [True] * 4
    assert len(taken) == 12


def test_a_stopped_run_makes_no_further_attempts() -> None:
    class Waits(Slow):
        async def _answer_async(self, request: Request) -> Answer:
            if request.question == QUESTIONS[0]:
                await asyncio.sleep(0.05)
                raise OracleError("the key was refused")
            await attempt()
            await attempt(500.0)
            raise AssertionError("it went on")

    with pytest.raises(OracleError, match="key was refused"):
        Waits(progress=False).ask(QUESTIONS[:5])


def test_what_a_failure_took_is_counted() -> None:
    class Costly(Slow):
        prices = (1e6, 2e6)

        async def _answer_async(self, request: Request) -> Answer:
            error = Unanswered("no", "broken reply")
            error.tokens_in, error.tokens_out = 10, 3
            raise error

    budget = Budget(tokens=1000)
    (answer,) = Costly(budget=budget, progress=False).ask(QUESTIONS[:1])
    assert (answer.tokens_in, answer.tokens_out, answer.cost) == (10, 3, 16.0)
    assert (budget.asked, budget.used, budget.spent) == (0, 13, 16.0)


@pytest.mark.parametrize("said", [True, None, "yes"])
def test_what_is_no_answer(said: Any) -> None:
    class Plain(Oracle):
        nature = "human"
        fingerprint = "plain"

        def _answer(self, request: Request) -> Answer:
            return said  # type: ignore[no-any-return]

    class Waits(Slow):
        async def _answer_async(self, request: Request) -> Answer:
            return said  # type: ignore[no-any-return]

    for oracle in (Plain(), Waits()):
        with pytest.raises(OracleError, match=r"an oracle answers with Answer\(question, value\), not with"):
            oracle.ask(QUESTIONS[0])
