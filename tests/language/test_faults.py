"""A run against a server that goes wrong, in a process that is killed: nothing paid for is lost or paid for twice.

Run as a script, this file is such a process.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fault_server import FAULTS, FINAL, PASSING, FaultServer, truth

from causalpp import Answer, Causes
from causalpp.errors import BudgetSpent, OracleError
from causalpp.oracles import LanguageModelOracle, Request
from causalpp.oracles.journal import Journal
from causalpp.oracles.running import AsyncOracle, Budget, Limits, Unanswered

KEY = "sk-sentinel-0123456789abcdef"
pytestmark = pytest.mark.server


class Plain(AsyncOracle):
    """The smallest client that could be: one HTTP request for each attempt, in a thread."""

    nature = "plain"

    def __init__(self, url: str, model: str = "fault-model", **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.url, self.model = urlsplit(url), model

    @property
    def fingerprint(self) -> str:
        return f"plain:{self.model}"

    async def _answer_async(self, request: Request) -> Answer:
        prompt = request.question.question()
        for attempt in range(self.limits.retries + 1):
            try:
                word, reason, wait = await asyncio.to_thread(self._try, prompt)
            except TimeoutError:
                word, reason, wait = None, "timed out", 0.0
            except (OSError, http.client.HTTPException):
                word, reason, wait = None, "no connection", 0.0
            except (ValueError, LookupError):
                word, reason, wait = None, "broken reply", 0.0
            if wait is None:  # an answer, such as it is
                value = {"yes": True, "no": False}.get(word)  # type: ignore[arg-type]
                why = None if value is not None else reason
                return Answer(
                    request.question, value, request.replicate, reason=why, tokens_in=20, tokens_out=1, cost=0.01
                )
            if attempt < self.limits.retries:
                await asyncio.sleep(wait)
        raise Unanswered(f"no answer after {attempt + 1} attempts", reason)

    def _try(self, prompt: str) -> tuple[str | None, str, float | None]:
        connection = http.client.HTTPConnection(self.url.netloc, timeout=self.limits.timeout)
        try:
            body = json.dumps({"model": self.model, "messages": [{"role": "user", "content": prompt}]})
            headers = {"Authorization": f"Bearer {os.environ.get('OPENAI_API_KEY', '')}"}
            connection.request("POST", f"{self.url.path}/chat/completions", body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status in (401, 404):
            raise OracleError("the key is refused" if response.status == 401 else "there is no such model")
        if response.status != 200:
            return None, f"server error: {response.status}", float(response.headers.get("Retry-After", 0))
        message = json.loads(text)["choices"][0]["message"]
        if message["refusal"]:
            return None, "refused", None
        return message["content"], "unreadable", None


def openai(url: str, model: str = "fault-model", **settings: Any) -> LanguageModelOracle:
    return LanguageModelOracle.openai(model, url, **settings)


CLIENTS: dict[str, Callable[..., AsyncOracle]] = {"plain": Plain, "openai": openai}


def prompt_of(client: str, question: Causes) -> str:
    """What the server is sent of a question."""
    return question.question() if client == "plain" else openai("http://127.0.0.1:1").prompt(question).user


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "openai":
        pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return str(request.param)


def questions(count: int) -> list[Causes]:
    return [Causes(f"x{k}", "y") for k in range(count)]


def limits(**more: float) -> Limits:
    return Limits(**({"concurrency": 16, "timeout": 0.5, "retries": 5} | more))  # type: ignore[arg-type]


def check(server: FaultServer, journal: Journal, prompts: dict[Causes, str], killed: int = 0) -> None:
    """Every question is answered or has a recorded reason, and none was answered more often than it had to be."""
    answers, failures = list(journal), list(journal.failures())
    assert {a.question for a in answers} | {a.question for a in failures} == set(prompts)
    assert len(answers) + len(failures) == len(prompts)
    assert all(a.reason for a in failures)
    for answer in answers:
        prompt = prompts[answer.question]  # type: ignore[index]
        assert server.replied[prompt] > 0
        if answer.value is None:
            assert answer.reason is not None
            assert answer.reason.partition(":")[0] in ("refused", "unreadable")
        else:
            assert server.answered[prompt] > 0
            assert answer.word == truth(prompt)
    again = sum(max(0, server.replied[prompt] - 1) for prompt in prompts.values())
    assert again <= killed  # only what was under way in a process that died can have been lost


def test_the_server_keeps_its_schedule() -> None:
    draws = []
    for _ in range(2):
        server = FaultServer(0.3, seed=4)
        draws.append([server.fault(f"prompt {k % 400}") for k in range(4000)])
    assert draws[0] == draws[1]
    assert 0.27 < sum(fault is not None for fault in draws[0]) / 4000 < 0.33
    assert set(draws[0]) == {None, *FAULTS}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone(tmp_path: Path, fault: str) -> None:
    with FaultServer(1.0, [fault], long=1_000_000) as server:
        oracle = Plain(server.url, journal=tmp_path / "j", limits=limits(retries=1, timeout=0.1))
        answers = oracle.ask(questions(3))
        assert all(a.value is None and a.reason for a in answers)
        assert len(list(oracle.journal.failures())) == (3 if fault in PASSING else 0)  # type: ignore[union-attr]
        server.rate = 0.0
        again = Plain(server.url, journal=tmp_path / "j").ask(questions(3))
        if fault in FINAL:
            assert again == answers
        else:
            assert [a.word for a in again] == [truth(a.question.question()) for a in again]


@pytest.mark.slow
@pytest.mark.parametrize("client", ["openai"], indirect=True)
def test_a_thousand_questions(tmp_path: Path, client: str) -> None:
    # a reply that comes after the timeout would have been paid for in vain
    with FaultServer(0.3, seed=1, long=1_000_000) as server:
        journal = Journal(tmp_path / "j")
        prompts = {question: prompt_of(client, question) for question in questions(1000)}
        first = CLIENTS[client](server.url, journal=journal, limits=limits(timeout=2.0))
        assert len(first.ask(questions(1000))) == 1000
        first.close()
        assert set(server.met) == set(FAULTS)
        check(server, journal, prompts)
        attempts = server.attempts.total()
        failures = len(list(journal.failures()))
        second = CLIENTS[client](server.url, journal=journal, limits=limits(timeout=2.0))
        second.ask(questions(1000))
        second.close()
        assert server.attempts.total() - attempts <= 20 * failures  # attempts after broken replies among them
        check(server, journal, prompts)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("client", ["openai"], indirect=True)
def test_killed_at_twenty_random_moments(tmp_path: Path, client: str) -> None:
    """What was in the journal when a process was killed is there at the end, and was not asked again."""
    path, kills, count = tmp_path / "answers.journal", 20, 400
    prompts = {question: prompt_of(client, question) for question in questions(count)}
    journal = Journal(path)
    draw = random.Random(3)
    recorded: dict[Request, Answer] = {}
    replied: dict[Request, int] = {}
    codes = []
    with (
        FaultServer(0.3, seed=2, long=100_000, think=0.02) as server,
        Children(client, server.url, path, count) as start,
    ):
        for _ in range(kills):
            child = start()
            while child.alive() and len(journal) <= len(recorded):
                time.sleep(0.01)  # until it has begun to get on
            time.sleep(draw.uniform(0, 0.08))
            codes.append(child.kill())
            now = {a.request: a for a in journal}
            assert {request: now.get(request) for request in recorded} == recorded  # nothing is lost or changed
            for request in recorded:
                assert server.replied[prompts[request.question]] == replied[request]  # and nothing asked again
            recorded = now
            replied = {request: server.replied[prompts[request.question]] for request in recorded}
        assert codes.count(-signal.SIGKILL) > kills / 2
        assert len(recorded) > count / 20
        assert start().wait() == 0
        assert {a.request: a for a in journal if a.request in recorded} == recorded
        check(server, journal, prompts, killed=16 * kills)


class Children:
    """A process that has imported everything and forks off the ones to be killed, which then start at once."""

    def __init__(self, client: str, url: str, path: Path, count: int) -> None:
        command = [sys.executable, __file__, client, url, str(path), str(count)]
        environment = os.environ | {"OPENAI_API_KEY": KEY, "OMP_NUM_THREADS": "1"}
        self.parent = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *error: object) -> None:
        self.parent.communicate(timeout=60)

    def __call__(self) -> Children:
        assert self.parent.stdin is not None
        self.parent.stdin.write("go\n")
        self.parent.stdin.flush()
        self.number = self.line()
        return self

    def line(self) -> int:
        assert self.parent.stdout is not None
        return int(self.parent.stdout.readline())

    def alive(self) -> bool:
        try:
            os.kill(self.number, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> int:
        with suppress(ProcessLookupError):
            os.kill(self.number, signal.SIGKILL)
        return self.line()

    def wait(self) -> int:
        return self.line()


def test_retry_after_is_waited_for() -> None:
    with FaultServer(1.0, ["429"], retry_after=0.3) as server:
        (answer,) = Plain(server.url, limits=limits(retries=2)).ask(questions(1))
        assert answer.reason == "server error: 429"
        (times,) = server.times.values()
        assert len(times) == 3
        assert all(later - earlier >= 0.3 for earlier, later in pairwise(times))


def test_concurrency_is_kept_to() -> None:
    with FaultServer(think=0.01) as server:
        Plain(server.url, limits=Limits(concurrency=5)).ask(questions(60))
        assert server.most_busy <= 5


def test_a_budget_against_a_server(tmp_path: Path) -> None:
    with FaultServer(0.3, PASSING[:3], seed=5) as server:
        oracle = Plain(server.url, journal=tmp_path / "j", limits=limits(), budget=Budget(questions=50))
        with pytest.raises(BudgetSpent) as stopped:
            oracle.ask(questions(100))
        assert server.answered.total() == 50
        assert sum(a.value is not None for a in stopped.value.answers) == 50
        oracle.budget = None
        oracle.ask(questions(100))
        assert set(server.answered.values()) == {1}


def test_a_refused_key_and_an_unknown_model_stop_the_run(tmp_path: Path, client: str) -> None:
    with FaultServer(key="another") as server:
        oracle = CLIENTS[client](server.url, limits=Limits(concurrency=2), journal=tmp_path / "j")
        with pytest.raises(OracleError, match=r"key (is|was) refused"):
            oracle.ask(questions(500))
        oracle.close()
        assert server.attempts.total() == 0
        assert len(Journal(tmp_path / "j")) == 0
        server.key = None
        oracle = CLIENTS[client](server.url, "no-such-model")
        with pytest.raises(OracleError, match=r"no such model|404"):
            oracle.ask(questions(50))
        oracle.close()


# --- keys ---------------------------------------------------------------------------------------------


def leaks(error: BaseException | None) -> bool:
    """Whether the key is in what would be printed of an error, or of one that led to it, shown or not."""
    while error is not None:
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
        if KEY in shown:
            return True
        if error.__cause__ is not None and leaks(error.__cause__):
            return True
        error = error.__context__
    return False


def test_a_key_appears_nowhere(
    tmp_path: Path, client: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[object] = []
    with FaultServer(0.5, seed=3, long=10_000) as server:
        oracle = CLIENTS[client](server.url, journal=tmp_path / "j", limits=limits(timeout=0.2, retries=1))
        shown += [
            oracle,
            getattr(oracle, "backend", None),
            oracle.journal,
            oracle.ask(questions(40)),
            oracle.identity,
            vars(oracle),
            oracle.limits,
        ]
        server.key = "another"  # the server repeats the key it refuses
        with pytest.raises(OracleError) as refused:
            oracle.ask(questions(60))
        assert not leaks(refused.value)
        assert server.keys == {KEY}  # it was used
        oracle.close()
    oracle.journal.export(tmp_path / "out.jsonl")  # type: ignore[union-attr]
    shown += [*oracle.journal, *oracle.journal.failures(), oracle.journal.frame().to_string()]  # type: ignore[union-attr, misc]
    captured = capfd.readouterr()
    assert KEY not in captured.out + captured.err + caplog.text + repr(shown)
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_what_an_unforeseen_error_says_is_not_kept(tmp_path: Path) -> None:
    class Talkative(Plain):
        async def _answer_async(self, request: Request) -> Answer:
            raise RuntimeError(f"could not send 'Authorization: Bearer {KEY}'")

    oracle = Talkative("http://127.0.0.1:1", journal=tmp_path / "j", limits=limits(give_up=20))
    answers = oracle.ask(questions(10))
    assert {a.reason for a in answers} == {"failed: RuntimeError"}
    with pytest.raises(OracleError) as stopped:
        oracle.ask(questions(100))
    assert not leaks(stopped.value)
    oracle.journal.close()  # type: ignore[union-attr]
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def ask(client: str, url: str, path: str, count: str) -> None:
    CLIENTS[client](url, journal=path, limits=limits()).ask(questions(int(count)))


def main(*arguments: str) -> None:
    """For every line that comes in, a child that asks: its number, and how it ended."""
    if arguments[0] == "openai":
        import openai.resources.chat.completions  # noqa: F401 - here once, instead of in every child
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                ask(*arguments)
                code = 0
            finally:
                os._exit(code)
        os.write(1, f"{child}\n".encode())
        ended = os.waitpid(child, 0)[1]
        os.write(1, f"{os.waitstatus_to_exitcode(ended)}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
