"""Askings that share a journal put no question twice, whatever becomes of the process that had it under way.

Run as a script, this file is a process that forks others, which ask.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import warm

from causalpp import Answer, Causes, Journal, Panel
from causalpp.errors import OracleError
from causalpp.language.backend import Backend, Prompt, Reply, Sampling
from causalpp.language.journal import _leases
from causalpp.oracles import LanguageModelOracle, Request, propose_graphs
from causalpp.oracles.oracle import Oracle
from causalpp.oracles.running import AsyncOracle

QUESTIONS = [Causes(f"x{k}", "y") for k in range(30)]


class Noting(Oracle):
    """Says in a file what it is asked, and by whom; what it answers is different every time it is asked."""

    nature = "noting"
    fingerprint = "noting:1"

    def __init__(self, log: Path, journal: Path | None, seconds: float = 0.01) -> None:
        self.log, self.seconds = log, seconds
        self.journal = journal  # type: ignore[assignment]

    def _answer(self, request: Request) -> Answer:
        _note(self.log, request.question.sentence())
        time.sleep(self.seconds)
        return Answer(request.question, True, request.replicate, text=os.urandom(4).hex())


class Waiting(AsyncOracle):
    nature = "waiting"
    fingerprint = "waiting:1"

    def __init__(self, log: Path, **options: Any) -> None:
        super().__init__(**options)
        self.log = log

    async def _answer_async(self, request: Request) -> Answer:
        _note(self.log, request.question.sentence())
        await asyncio.sleep(0.02)
        return Answer(request.question, True, request.replicate, text=os.urandom(4).hex())


def _note(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")


def noted(path: Path) -> Counter[str]:
    return Counter(path.read_text().splitlines() if path.exists() else [])


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


# --- in one process -------------------------------------------------------------------------------------


def in_threads(*works: Callable[[], Any]) -> list[Any]:
    found: list[Any] = [None] * len(works)

    def work(k: int) -> None:
        found[k] = works[k]()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def test_threads_with_a_journal_each_ask_nothing_twice(tmp_path: Path) -> None:
    oracles = [Noting(tmp_path / "log", tmp_path / "j", 0.001) for _ in range(3)]
    answers = in_threads(*(lambda o=o: o.ask(QUESTIONS, repeats=2) for o in oracles))
    assert answers[0] == answers[1] == answers[2]
    assert set(noted(tmp_path / "log").values()) == {2}
    assert len(noted(tmp_path / "log")) == len(QUESTIONS)


def test_questions_in_another_order_and_in_part(tmp_path: Path) -> None:
    oracles = [Noting(tmp_path / "log", tmp_path / "j", 0.002) for _ in range(3)]
    first, second, third = in_threads(
        lambda: oracles[0].ask(QUESTIONS[:20]),
        lambda: oracles[1].ask(QUESTIONS[::-1]),
        lambda: [oracles[2].ask(question)[0] for question in QUESTIONS[10:]],
    )
    assert set(noted(tmp_path / "log").values()) == {1}
    assert first == second[::-1][:20]
    assert third == second[::-1][10:]


def test_panels_are_leased_as_a_whole(tmp_path: Path) -> None:
    panel = Panel("x", list("abcd"))
    oracles = [Noting(tmp_path / "log", tmp_path / "j", 0.005) for _ in range(2)]
    first, second = in_threads(*(lambda o=o: o.ask([panel, *QUESTIONS[:3]]) for o in oracles))
    assert first == second
    assert set(noted(tmp_path / "log").values()) == {1}


def test_asking_on_an_event_loop(tmp_path: Path) -> None:
    oracles = [Waiting(tmp_path / "log", journal=tmp_path / "j", progress=False) for _ in range(3)]

    async def all_at_once() -> list[list[Answer]]:
        return await asyncio.gather(*(oracle.ask_async(QUESTIONS) for oracle in oracles))

    first, second, third = asyncio.run(all_at_once())
    assert first == second == third
    assert set(noted(tmp_path / "log").values()) == {1}


def test_who_is_stopped_leaves_the_rest_to_others(tmp_path: Path) -> None:
    class Breaking(Noting):
        def _answer(self, request: Request) -> Answer:
            if request.question == QUESTIONS[5]:
                until(lambda: waiting.is_set())
                raise OracleError("no more")
            return super()._answer(request)

    waiting = threading.Event()
    breaking, other = (kind(tmp_path / "log", tmp_path / "j") for kind in (Breaking, Noting))

    def wait() -> list[Answer]:
        until(lambda: noted(tmp_path / "log").total() >= 2)
        threading.Timer(0.1, waiting.set).start()
        return other.ask(QUESTIONS)

    def stop() -> tuple[Answer, ...]:
        with pytest.raises(OracleError, match="no more") as caught:
            breaking.ask(QUESTIONS)
        return caught.value.answers

    kept, answers = in_threads(stop, wait)
    assert list(kept) == answers[:5]
    assert set(noted(tmp_path / "log").values()) == {1}
    with Journal(tmp_path / "j").database.reading() as connection:
        assert connection.execute("SELECT * FROM leases").fetchall() == []
        assert connection.execute("SELECT * FROM owners").fetchall() == []


def test_without_a_journal_everybody_asks(tmp_path: Path) -> None:
    in_threads(*(lambda: Noting(tmp_path / "log", None, 0).ask(QUESTIONS) for _ in range(2)))
    assert set(noted(tmp_path / "log").values()) == {2}


def test_replies_to_prompts_that_are_no_questions(tmp_path: Path) -> None:
    class Slow(Backend):
        name = "slow"
        identity = {"backend": "slow"}  # noqa: RUF012

        async def complete(self, prompt: Prompt, sampling: Sampling, replicate: int = 0) -> Reply:
            _note(tmp_path / "log", f"{replicate} {prompt.user}".replace("\n", " "))
            await asyncio.sleep(0.02)
            return Reply('{"edges": [{"cause": "a", "effect": "b"}]}')

    def propose() -> Any:
        oracle = LanguageModelOracle(Slow(), journal=tmp_path / "j", progress=False)
        return propose_graphs(oracle, ["a", "b"], k=6)

    first, second = in_threads(propose, propose)
    assert len(first) == len(second) == 1
    assert len(noted(tmp_path / "log")) == 6
    assert set(noted(tmp_path / "log").values()) == {1}


def test_a_lease_whose_owner_is_elsewhere_ends_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_leases, "SILENCE", 0.3)
    monkeypatch.setattr(_leases, "BEAT", 0.05)
    journal = Journal(tmp_path / "j")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(_leases, "_place", lambda: "another machine")
        other = journal.leases()
        row = ("answers", "noting:1", json.dumps({"kind": "Causes", "a": "x0", "b": "y"}, sort_keys=True), 0, 0, 0)
        key = _leases.json.dumps(row)
        assert other.take([([row], [row])]) == [0]
    mine = journal.leases()
    time.sleep(0.5)
    assert mine.take([([row], [row])]) == []  # it gives signs of life
    other._end.set()  # type: ignore[union-attr]  # as if it had died
    time.sleep(0.1)
    assert mine.take([([row], [row])]) == []  # nobody knows yet
    until(lambda: mine.take([([row], [row])]) == [0], 5)
    with journal.database.reading() as connection:
        assert connection.execute("SELECT row FROM leases").fetchall() == [(key,)]
    other.release()
    with journal.database.reading() as connection:
        assert len(connection.execute("SELECT row FROM leases").fetchall()) == 1  # which is not the other's any more
    mine.release()


def test_a_number_that_was_given_to_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process whose number an asking had is alive, and is another one by now."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("the system does not say when a process was started")
    journal = Journal(tmp_path / "j")
    first = journal.leases()
    monkeypatch.setattr(_leases.os, "getpid", lambda: os.getppid())
    first._process = os.getppid()
    monkeypatch.setattr(_leases, "_started", lambda process: "1")
    assert first.take([([("answers", "o", "q", 0, 0, 0)], [])]) == [0]
    monkeypatch.undo()
    first._end.set()  # type: ignore[union-attr]
    assert journal.leases().take([([("answers", "o", "q", 0, 0, 0)], [])]) == [0]


# --- in several -----------------------------------------------------------------------------------------

several = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def play(scene: str, folder: Path) -> dict[str, Any]:
    done = warm.run(f"import runpy; runpy.run_path({__file__!r}, run_name='__main__')", scene, folder)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


@several
@pytest.mark.slow
def test_processes_ask_nothing_twice(tmp_path: Path) -> None:
    found = play("together", tmp_path)
    assert found["codes"] == [0, 0, 0]
    assert noted(tmp_path / "log") == Counter(question.sentence() for question in QUESTIONS)
    texts = [path.read_text() for path in sorted(tmp_path.glob("answers-*"))]
    assert len(texts) == 3
    assert len(set(texts)) == 1  # and all have the answers


@several
@pytest.mark.slow
def test_a_killed_process_leaves_what_it_had_under_way(tmp_path: Path) -> None:
    found = play("killed", tmp_path)
    assert found["codes"] == [-signal.SIGKILL, 0]
    times = noted(tmp_path / "log")
    assert len(times) == len(QUESTIONS)
    assert max(times.values()) <= 2
    kept = dict(found["recorded"])
    now = {answer.question.sentence(): answer.text for answer in Journal(tmp_path / "j")}
    assert kept
    assert {times[name] for name in kept} == {1}  # what was on the disk is not asked again
    assert {name: now[name] for name in kept} == kept  # nothing is lost or changed


@several
@pytest.mark.slow
def test_a_suspended_process_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    found = play("suspended", tmp_path)
    assert found["codes"] == [0, 0]
    assert noted(tmp_path / "log").total() <= 2 * len(QUESTIONS)
    first, second = (path.read_text() for path in sorted(tmp_path.glob("answers-*")))
    assert first == second  # whoever was first: both have what stands in the journal


class Scene:
    """Forks processes that ask; each writes its answers beside the journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[int] = []

    def start(self, seconds: float) -> int:
        name = f"answers-{len(self.children)}"
        child = os.fork()
        if child == 0:
            code = 1
            try:
                answers = Noting(self.folder / "log", self.folder / "j", seconds).ask(QUESTIONS)
                (self.folder / name).write_text(json.dumps([answer.text for answer in answers]))
                code = 0
            finally:
                os._exit(code)
        self.children.append(child)
        return child

    def stop(self, child: int) -> None:
        """Suspend a process while it is not writing: whoever is suspended with SQLite's lock holds up all others."""
        while True:
            os.kill(child, signal.SIGSTOP)
            os.waitpid(child, os.WUNTRACED)
            try:
                with closing(sqlite3.connect(self.folder / "j", timeout=0)) as connection:
                    connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                os.kill(child, signal.SIGCONT)
                time.sleep(0.01)

    def end(self) -> list[int]:
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in self.children]


def main(scene: str, folder: str) -> None:
    stage = Scene(Path(folder))
    log, found = stage.folder / "log", dict[str, Any]()
    if scene == "together":
        for _ in range(3):
            stage.start(0.01)
    else:
        if scene == "suspended":
            _leases.SILENCE, _leases.BEAT = 0.5, 0.1
        else:
            _leases.SILENCE = 3600.0  # the death is noticed, not waited for
        first = stage.start(0.05)
        until(lambda: noted(log).total() >= 5)
        stage.stop(first)  # so that the other finds it at work
        stage.start(0.001)
        if scene == "killed":
            time.sleep(0.2)
            found["recorded"] = [(answer.question.sentence(), answer.text) for answer in Journal(stage.folder / "j")]
            os.kill(first, signal.SIGKILL)
        else:
            until(lambda: (stage.folder / "answers-1").exists())
            os.kill(first, signal.SIGCONT)
        found["codes"] = stage.end()
    found["codes"] = found.get("codes") or stage.end()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
