"""The journal: nothing recorded is lost, doubled or changed, whatever else happens to the file."""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import warm
from hypothesis import given
from hypothesis import strategies as st

from causalpp import Answer, Causes, Changes, Dag, Independent, Proposition, SimulatedOracle, all_questions, noise
from causalpp.errors import FormatError, InvalidParameter, MissingDependency, OracleError
from causalpp.graphs import erdos_renyi
from causalpp.language import Reply
from causalpp.language.journal.fetching import Recorder
from causalpp.language.running import FAILURES
from causalpp.oracles import Oracle, Request
from causalpp.oracles.journal import Journal

DAG = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("age", "cancer")])
QUESTIONS = list(all_questions(DAG.nodes))


class Paid(Oracle):
    """Counts what it is asked, and can be told to fail."""

    nature = "paid"

    def __init__(self, journal: Journal | str | Path | None = None, *, dies_at: int | None = None) -> None:
        self.calls: list[Request] = []
        self.dies_at = dies_at
        self.error: BaseException = KeyboardInterrupt()
        self.reasons: dict[Proposition, str] = {}
        self.journal = journal

    @property
    def fingerprint(self) -> str:
        return "paid:1"

    @property
    def identity(self) -> dict[str, object]:
        return {"kind": self.nature, "model": "small"}

    def _answer(self, request: Request) -> Answer:
        if len(self.calls) == self.dies_at:
            raise self.error
        self.calls.append(request)
        if request.question in self.reasons:
            return Answer(request.question, None, request.replicate, reason=self.reasons[request.question])
        yes = hash((request.question.to_json(), request.replicate)) % 2 == 0
        return Answer(request.question, yes, request.replicate, model="small", tokens_in=10, cost=0.25, latency=2.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.journal"


def test_answers_come_back_for_free(path: Path) -> None:
    first, second = Paid(path), Paid(path)
    answers = first.ask(QUESTIONS, repeats=3)
    assert len(first.calls) == len(answers) == 3 * len(QUESTIONS)
    assert second.ask(QUESTIONS, repeats=3) == answers  # wherever they were put in between
    assert second.calls == []
    assert [a.oracle for a in answers] == ["paid:1"] * len(answers)
    second.ask(QUESTIONS[0])
    assert second.calls == [Request(QUESTIONS[0], 3)]
    assert len(Journal(path)) == len(answers) + 1


def test_a_plan_in_another_order_and_in_pieces(path: Path) -> None:
    answers = {a.request: a for a in Paid(path).ask(QUESTIONS, repeats=2)}
    again = Paid(path)
    for question in reversed(QUESTIONS):
        (answer,) = again.ask(question)
        assert answer == answers[Request(question, 0)]
    assert {a.request for a in again.ask(QUESTIONS)} == {Request(question, 1) for question in QUESTIONS}
    assert again.calls == []


def test_only_what_is_missing_is_asked(path: Path) -> None:
    Paid(path).ask(QUESTIONS[::2])
    second = Paid(path)
    second.ask(QUESTIONS)
    assert {request.question for request in second.calls} == set(QUESTIONS[1::2])


def test_other_oracles_have_answers_of_their_own(path: Path) -> None:
    journal = Journal(path)
    Paid(journal).ask(QUESTIONS)
    simulated = SimulatedOracle(DAG, noise.Symmetric(0.2), seed=1)
    simulated.journal = journal
    answers = simulated.ask(QUESTIONS)
    assert answers == SimulatedOracle(DAG, noise.Symmetric(0.2), seed=1).ask(QUESTIONS)
    assert len(journal) == 2 * len(QUESTIONS)
    assert set(journal.oracles) == {"paid:1", simulated.fingerprint}
    assert journal.oracles["paid:1"] == {"kind": "paid", "model": "small"}


@pytest.mark.parametrize("dies_at", [0, 1, 2, 7])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OracleError("no more"), ZeroDivisionError()])
def test_what_stops_a_run_loses_nothing(path: Path, error: BaseException, dies_at: int) -> None:
    first = Paid(path, dies_at=dies_at)
    first.error = error
    with pytest.raises(type(error)) as stopped:
        first.ask(QUESTIONS)
    assert len(Journal(path)) == dies_at
    if isinstance(error, OracleError):
        assert [a.request for a in stopped.value.answers] == first.calls
    first.dies_at = None  # the same oracle goes on where it was
    answers = first.ask(QUESTIONS)
    assert [a.replicate for a in answers] == [0] * len(QUESTIONS)
    assert len(first.calls) == len(set(first.calls)) == len(QUESTIONS)


def test_without_a_journal_an_error_still_carries_what_there_is() -> None:
    oracle = Paid(dies_at=3)
    oracle.error = OracleError("no more")
    with pytest.raises(OracleError) as stopped:
        oracle.ask(QUESTIONS)
    assert [a.question for a in stopped.value.answers] == QUESTIONS[:3]


def test_failures_are_kept_apart_and_asked_again(path: Path) -> None:
    journal = Journal(path)
    first = Paid(journal)
    first.reasons = {QUESTIONS[0]: "server error: 503", QUESTIONS[1]: "unsure"}
    assert [a.reason for a in first.ask(QUESTIONS[:3])] == ["server error: 503", "unsure", None]
    assert [a.reason for a in journal.failures()] == ["server error: 503"]
    assert len(journal) == 2
    second = Paid(journal)
    answers = second.ask(QUESTIONS[:3])
    assert [request.question for request in second.calls] == QUESTIONS[:1]
    assert [a.reason for a in answers] == [None, "unsure", None]
    assert list(journal.failures()) == []
    assert len(journal) == 3


@pytest.mark.parametrize("reason", sorted(FAILURES))
def test_what_counts_as_a_failure(reason: str) -> None:
    question = QUESTIONS[0]
    assert Answer(question, None, reason=reason).failed
    assert Answer(question, None, reason=f"{reason}: and why").failed
    assert not Answer(question, True, reason=reason).failed
    assert not Answer(question, None).failed
    assert not Answer(question, None, reason="refused").failed


def test_the_first_answer_stays(path: Path) -> None:
    journal = Journal(path)
    yes = Answer(QUESTIONS[0], True, oracle="x", text="yes")
    assert journal.put(yes) == yes
    assert journal.put(Answer(QUESTIONS[0], False, oracle="x", text="no")) == yes
    assert journal.put(Answer(QUESTIONS[0], None, oracle="x", reason="timed out")) == yes
    assert list(journal) == [yes]
    assert list(journal.failures()) == []
    different = [
        Answer(QUESTIONS[0], False, oracle="y"),
        Answer(QUESTIONS[0], False, oracle="x", replicate=1),
        Answer(QUESTIONS[0], False, oracle="x", wording=1),
        Answer(QUESTIONS[0], False, oracle="x", negated=True),
        Answer(QUESTIONS[1], False, oracle="x"),
    ]
    assert journal.put_many(different) == different
    assert list(journal) == [yes, *different]
    with pytest.raises(InvalidParameter, match="fingerprint"):
        journal.put(Answer(QUESTIONS[0], True))


names = st.text(min_size=1, max_size=8).filter(str.strip)
numbers = st.none() | st.floats()


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    a, b, c = draw(st.lists(names, min_size=3, max_size=3, unique=True))
    question = draw(st.sampled_from([Causes(a, b), ~Causes(b, a), Changes(a, b, holding={c}), Independent(a, b, {c})]))
    return Answer(
        question,
        draw(st.sampled_from([True, False, None])),
        draw(st.integers(0, 10**6)),
        draw(names),
        draw(numbers),
        draw(st.integers(0, 50)),
        draw(st.booleans()),
        draw(numbers),
        draw(st.none() | st.text()),
        draw(st.none() | st.sampled_from(["unsure", "é"])),
        draw(st.none() | st.text()),
        draw(st.integers(0, 2**40)),
        draw(st.integers(0, 2**40)),
        draw(st.floats(0, allow_nan=False)),
        draw(st.floats(0, allow_nan=False)),
        draw(numbers),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    return Journal(tmp_path_factory.mktemp("shared") / "any.journal")


@pytest.mark.slow
@given(answers())
def test_whatever_is_put_in_comes_out(shared: Journal, answer: Answer) -> None:
    stands = shared.put(answer)
    assert stands.request == answer.request
    (found,) = shared.get_many(answer.oracle, [answer.request]).values()
    assert repr(found) == repr(stands)  # NaN is not equal to itself
    assert found.text == stands.text
    shared.prune(oracle=answer.oracle)
    assert repr(shared.put(answer)) == repr(answer)
    assert repr(shared.get_many(answer.oracle, [answer.request])[answer.request]) == repr(answer)


def test_values_are_json_and_there_is_no_pickle(path: Path) -> None:
    journal = Journal(path)
    odd = Answer(Causes("a\ud800", 'b"\x00'), True, oracle="x", log_odds=math.inf, cost=np.float32(0.5), text="\udfff")  # type: ignore[arg-type]
    journal.put(odd)
    assert list(Journal(path)) == [odd]
    rows = sqlite3.connect(path).execute("SELECT question, value FROM answers").fetchall()
    for question, value in rows:
        json.loads(question)
        assert json.loads(value)["log_odds"] == "inf"


def test_ten_thousand_answers_replay(path: Path) -> None:
    dag = erdos_renyi(8, expected_degree=2.5, seed=4)[0]
    questions = list(all_questions(dag.nodes))[:50]

    def ask() -> list[Answer]:
        oracle = SimulatedOracle(dag, noise.Symmetric(0.1), seed=1)
        oracle.journal = path
        return oracle.ask(questions, repeats=200)

    given = ask()
    assert len(given) == 10_000
    assert ask() == given
    assert len(Journal(path)) == 10_000
    oracle = Paid(path)  # and the log has every replicate
    assert oracle.journal is not None
    assert {a.request for a in oracle.journal} == {a.request for a in given}


# --- several at once ----------------------------------------------------------------------------------

WRITER = """
import signal
import sys
from causalpp import Answer, Causes
from causalpp.oracles.journal import Journal
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
journal = Journal(path)
sys.stdin.readline()
for start in range(0, count, 5):
    own = [Answer(Causes("a", "b"), True, k, f"own {name}", text=name) for k in range(start, start + 5)]
    both = [Answer(Causes("a", "b"), True, k, "both", text=name) for k in range(start, start + 5)]
    assert journal.put_many(own) == own
    stand = journal.put_many(both)
    assert [a.request for a in stand] == [a.request for a in both]
    assert journal.put_many(both) == stand
    assert list(journal.get_many("both", [a.request for a in both]).values()) == stand
"""


def write_together(path: Path, count: int) -> None:
    writers = [warm.Process(WRITER, path, name, count, stdin=True, strict=True) for name in ("one", "two")]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
    for writer in writers:
        assert writer.wait() == (0, "", "")
    journal = Journal(path)
    keys = [(a.oracle, a.request) for a in journal]
    assert len(keys) == len(set(keys)) == 3 * count
    for name in ("own one", "own two", "both"):
        assert len(journal.get_many(name, [Request(Causes("a", "b"), k) for k in range(count)])) == count
    (verdict,) = sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()
    assert verdict == "ok"


def test_two_processes_share_a_journal(path: Path) -> None:
    write_together(path, 100)


@pytest.mark.slow
def test_two_processes_share_a_journal_for_long(path: Path) -> None:
    write_together(path, 2_500)  # each writes 5,000: half of them the same as the other's


def test_threads_share_a_journal(path: Path) -> None:
    journal = Journal(path)

    def write(name: int) -> Sequence[Answer]:
        both = [Answer(QUESTIONS[0], True, k, "both", text=str(name)) for k in range(100)]
        own = [Answer(QUESTIONS[0], True, k, f"own {name}") for k in range(100)]
        for start in range(0, 100, 10):
            assert journal.put_many(own[start : start + 10]) == own[start : start + 10]
            assert len(journal) > 0
        return journal.put_many(both)

    with ThreadPoolExecutor(6) as pool:
        stand = list(pool.map(write, range(6)))
    assert all(one == stand[0] for one in stand)
    assert len(journal) == 700


def test_journals_on_the_same_new_file_at_once(path: Path) -> None:
    start = threading.Barrier(8)

    def make(k: int) -> None:
        start.wait()
        Journal(path).put(Answer(QUESTIONS[0], True, k, "x"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    assert len(Journal(path)) == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_journal_survives_a_fork(path: Path) -> None:
    journal = Journal(path)
    journal.put(Answer(QUESTIONS[0], True, 0, "x"))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            journal.put(Answer(QUESTIONS[0], True, 1, "x"))
            code = 0 if len(journal) == 2 else 2
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    journal.put(Answer(QUESTIONS[0], True, 2, "x"))
    assert [a.replicate for a in journal] == [0, 1, 2]


def test_journals_and_oracles_are_pickled_by_their_path(path: Path) -> None:
    oracle = SimulatedOracle(DAG, noise.Symmetric(0.1))
    oracle.journal = path
    oracle.ask(QUESTIONS)
    again = pickle.loads(pickle.dumps(oracle))
    assert len(again.journal) == len(QUESTIONS)
    with warm.context().Pool(1) as pool:
        assert pool.apply(len, (again.journal,)) == len(QUESTIONS)


def test_a_process_that_is_killed_between_answers_loses_none(path: Path) -> None:
    script = (
        "import sys, os, signal\n"
        "from causalpp import Answer, Causes\n"
        "from causalpp.oracles.journal import Journal\n"
        "journal = Journal(sys.argv[1])\n"
        "for k in range(57):\n"
        "    journal.put(Answer(Causes('a', 'b'), True, k, 'x'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert warm.run(script, path).code == -signal.SIGKILL
    assert [a.replicate for a in Journal(path, create=False)] == list(range(57))


# --- recorders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 3000])
def test_a_recorder_hands_on_what_is_on_the_disk(path: Path, count: int) -> None:
    journal = Journal(path)
    kept: dict[Request, Answer] = {}
    given = [Answer(QUESTIONS[0], True, k, "x") for k in range(count)]
    with Recorder(Paid(journal)._store, kept) as record:
        for answer in given:
            record(answer.request, answer)
    assert list(kept.values()) == given
    assert list(journal) == given


def test_a_recorder_that_cannot_write_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)

    def full(answers: object) -> None:
        raise FormatError("the disk is full")

    monkeypatch.setattr(journal, "put_many", full)
    oracle = Paid(journal)
    with pytest.raises(FormatError, match="full"):
        oracle.ask(QUESTIONS)

    writes = iter([[Answer(QUESTIONS[0], True)]])

    def full_later(answers: object) -> list[Answer]:
        for write in writes:
            return write
        raise FormatError("the disk is full")

    monkeypatch.setattr(journal, "put_many", full_later)
    with pytest.raises(FormatError, match="full"):
        Paid(journal).ask(QUESTIONS)


# --- files that are not as they should be -------------------------------------------------------------


def test_files_that_are_no_journals(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("dear diary, " * 1000)
    with pytest.raises(FormatError, match="not a journal"):
        Journal(text)
    assert text.read_text().startswith("dear diary")
    other = tmp_path / "other"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE answers (x)")
    connection.commit()
    connection.close()
    before = other.read_bytes()
    with pytest.raises(FormatError, match="something else"):
        Journal(other)
    assert other.read_bytes() == before
    with pytest.raises(FormatError, match="cannot use the journal"):
        Journal(tmp_path)
    with pytest.raises(FormatError, match="no folder"):
        Journal(tmp_path / "nowhere" / "j")
    with pytest.raises(FormatError, match="there is no journal"):
        Journal(tmp_path / "new", create=False)
    assert not (tmp_path / "new").exists()


def test_a_journal_of_a_later_version(path: Path) -> None:
    Journal(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(FormatError, match="update causalpp"):
        Journal(path)


def test_a_damaged_journal(path: Path) -> None:
    with Journal(path) as journal:
        journal.put_many(Answer(QUESTIONS[0], True, k, "x") for k in range(2000))
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = b"\x07" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(FormatError, match="damaged"):
        list(Journal(path))


@pytest.mark.parametrize("value", ["[]", "{}", '{"answer": "perhaps"}', "12", "{", '{"answer": "yes", "cost": "much"}'])
def test_a_row_that_is_no_answer(path: Path, value: str) -> None:
    with Journal(path) as journal:
        journal.put(Answer(QUESTIONS[0], True, 0, "x"))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE answers SET value = ?", (value,))
    connection.commit()
    connection.close()
    with pytest.raises(FormatError, match="no answer"):
        list(Journal(path))


def test_values_of_a_later_version_are_passed_over(path: Path) -> None:
    with Journal(path) as journal:
        journal.put(Answer(QUESTIONS[0], True, 0, "x"))
    connection = sqlite3.connect(path)
    connection.execute("""UPDATE answers SET value = '{"answer": "yes", "mood": "good"}'""")
    connection.commit()
    connection.close()
    assert list(Journal(path)) == [Answer(QUESTIONS[0], True, 0, "x")]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that cannot be written to")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FormatError, match="cannot use the journal"):
        Journal(tmp_path / "j")


# --- looking in, moving, removing ---------------------------------------------------------------------


@pytest.fixture
def filled(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    oracle = Paid(journal)
    oracle.reasons = {QUESTIONS[0]: "timed out", QUESTIONS[1]: "unsure"}
    oracle.ask(QUESTIONS[:6], repeats=2)
    simulated = SimulatedOracle(DAG, noise.Symmetric(0.1))
    simulated.journal = journal
    simulated.ask(QUESTIONS[:4])
    yield journal
    journal.close()


def test_numbers_that_can_be_none_do_not_stop_an_export(tmp_path: Path) -> None:
    """As a journal of an earlier version may hold them, which took a server at its word."""
    journal = Journal(tmp_path / "j")
    for number, odd in enumerate([1e30, -1, 10**30, "7", None, True, [1], math.inf]):
        plain = Answer(QUESTIONS[0], True, number, oracle="x", tokens_in=3)
        journal.put(replace(plain, tokens_out=odd))
    assert [(answer.tokens_in, answer.tokens_out) for answer in journal] == [(3, 0)] * 8
    assert journal.cost()["tokens_out"].sum() == 0
    for name in ("out.jsonl", "out.parquet"):
        if name.endswith("parquet"):
            pytest.importorskip("pyarrow")
        assert journal.export(tmp_path / name).stat().st_size > 0


def test_frame_and_cost(filled: Journal) -> None:
    frame = filled.frame()
    assert len(frame) == len(filled) == 14
    from causalpp import parse

    assert [parse(text) for text in frame["question"]] == [a.question for a in filled]
    assert list(frame["answer"]) == [a.word for a in filled]
    assert frame["cost"].sum() == 8 * 0.25
    bill = filled.cost().set_index(["oracle", "model"])
    small = bill.loc[("paid:1", "small")]
    assert (small["answers"], small["tokens_in"], small["cost"], small["seconds"]) == (8, 80, 2.0, 16.0)
    assert small["kind"] == "paid"
    assert bill["failures"].sum() == 2
    assert bill["answers"].sum() == 14
    assert (bill["yes"] + bill["no"] + bill["abstain"]).sum() == 14
    assert list(Journal(filled.path.with_name("empty")).cost().columns) == [
        "oracle",
        "kind",
        "model",
        *bill.columns[1:],
    ]


def test_replies_to_free_prompts_are_billed_and_counted(filled: Journal) -> None:
    before = filled.cost()
    given = [((f"prompt {n}", 0), Reply("yes", model="small", tokens_in=3, tokens_out=2, cost=0.5)) for n in range(4)]
    filled.put_replies("paid:1", given)
    filled.put_replies("model:2", given[:1])
    bill = filled.cost().set_index(["oracle", "model"])
    old = before.set_index(["oracle", "model"])
    assert bill.loc[("paid:1", "small"), "replies"] == 4
    assert bill.loc[("paid:1", "small"), "cost"] == old.loc[("paid:1", "small"), "cost"] + 4 * 0.5
    assert bill.loc[("paid:1", "small"), "answers"] == old.loc[("paid:1", "small"), "answers"]
    assert tuple(bill.loc[("model:2", "small"), ["answers", "replies", "tokens_in", "tokens_out"]]) == (0, 1, 3, 2)
    assert [oracle for oracle, _ in filled.all_replies()] == ["paid:1"] * 4 + ["model:2"]
    assert [reply.tokens_in for _, reply in filled.all_replies("model")] == [3]
    assert filled.prune(oracle="model") == 1


def test_export_to_lines(filled: Journal, tmp_path: Path) -> None:
    filled.put(Answer(QUESTIONS[0], True, 99, "x", log_odds=math.inf, text="ü\n\ud800"))
    written = filled.export(tmp_path / "out.jsonl")
    lines = written.read_text().splitlines()
    assert len(lines) == len(filled)
    values = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert values[-1]["log_odds"] == "inf"
    values[-1]["log_odds"] = math.inf
    assert [Answer.from_dict(value) for value in values] == list(filled)
    assert {p.name for p in tmp_path.iterdir()} >= {"out.jsonl"}
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_export_to_parquet(filled: Journal, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd

    filled.put(Answer(QUESTIONS[0], True, 99, "x", log_odds=math.inf, text="ü\n\ud800"))
    frame = pd.read_parquet(filled.export(tmp_path / "out.parquet"))
    expected = filled.frame()
    assert list(frame.columns) == list(expected.columns)
    assert list(frame["question"]) == list(expected["question"])
    assert list(frame["replicate"]) == list(expected["replicate"])
    assert frame["log_odds"].iloc[-1] == math.inf
    assert Journal(tmp_path / "none").export(tmp_path / "none.parquet").exists()


def test_exports_that_cannot_be(filled: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidParameter, match="jsonl or"):
        filled.export(tmp_path / "out.csv")
    with pytest.raises(FormatError, match="no folder"):
        filled.export(tmp_path / "nowhere" / "out.jsonl")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match="pip install pyarrow"):
        filled.export(tmp_path / "out.parquet")
    assert list(tmp_path.glob("*out*")) == []


def test_merge(filled: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other.journal")
    kept = next(a for a in filled if a.value is not None)
    contrary = Answer(kept.question, not kept.value, kept.replicate, kept.oracle)
    fresh = [Answer(QUESTIONS[0], True, k, "elsewhere") for k in range(3)]
    answered = Answer(QUESTIONS[0], False, 0, "paid:1")  # filled has only a failure for this
    other.put_many([contrary, *fresh, answered, Answer(QUESTIONS[5], None, 7, "elsewhere", reason="timed out")])
    other.register("elsewhere", {"kind": "other"})
    before = list(filled)
    assert filled.merge(other) == 4
    assert list(filled) == [*before, *fresh, answered]
    assert {(a.oracle, a.request) for a in filled.failures()} == {
        ("paid:1", Request(QUESTIONS[0], 1)),
        ("elsewhere", Request(QUESTIONS[5], 7)),
    }
    assert filled.oracles["elsewhere"] == {"kind": "other"}
    assert filled.merge(other.path) == 0
    with pytest.raises(InvalidParameter, match="itself"):
        filled.merge(filled.path)
    with pytest.raises(FormatError, match="there is no journal"):
        filled.merge(tmp_path / "missing")
    assert not (tmp_path / "missing").exists()


def test_prune(filled: Journal) -> None:
    with pytest.raises(InvalidParameter, match="say what"):
        filled.prune()
    assert filled.prune(before="2001-01-01") == 0
    assert filled.prune(failures=True, oracle="simulated") == 0
    assert filled.prune(reason="unsur_") == 0  # no pattern
    assert filled.prune(reason="unsure") == 2
    assert filled.prune(reason="timed out") == 2
    assert list(filled.failures()) == []
    assert filled.prune(oracle="simulated:") == 4
    assert {a.oracle for a in filled} == {"paid:1"}
    assert filled.prune(before=datetime.now(), oracle="paid:1") == 8
    assert len(filled) == 0
    with pytest.raises(InvalidParameter, match="written like"):
        filled.prune(before="yesterday")


def test_a_reason_that_is_pruned_is_asked_again(filled: Journal) -> None:
    filled.prune(reason="unsure")
    again = Paid(filled)
    again.ask(QUESTIONS[1:6], repeats=2)
    assert again.calls == [Request(QUESTIONS[1], k) for k in range(2)]


def test_a_journal_that_was_closed_opens_again(path: Path) -> None:
    journal = Journal(path)
    with journal:
        journal.put(Answer(QUESTIONS[0], True, 0, "x"))
    assert len(journal) == 1
    assert repr(journal) == f"Journal({str(path)!r})"


def test_rows_out_of_order_are_a_damaged_file_and_no_endless_reading(tmp_path: Path) -> None:
    with Journal(tmp_path / "j") as journal:
        journal.register("o", {"kind": "x"})
        for k in range(4):
            journal.put(Answer(Causes(f"x{k}", "y"), True, oracle="o"))
            journal.put_replies("o", [((f"prompt {k}", 0), Reply("yes"))])
        with journal.database.outside() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size = connection.execute("PRAGMA page_size").fetchone()[0]
            roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master").fetchall())
    data = bytearray((tmp_path / "j").read_bytes())
    for table in ("answers", "replies"):  # the id, behind its record's length, becomes the first one's
        page = (roots[table] - 1) * size
        cells = int.from_bytes(data[page + 3 : page + 5], "big")
        pointer = page + 8 + 2 * (cells - 1)
        at = page + int.from_bytes(data[pointer : pointer + 2], "big")
        while data[at] & 0x80:
            at += 1
        assert data[at + 1] == 4
        data[at + 1] = 1
    (tmp_path / "j").write_bytes(data)
    with Journal(tmp_path / "j", create=False) as journal:
        for read in (lambda: list(journal), journal.cost, lambda: list(journal.all_replies())):
            with pytest.raises(FormatError, match="out of order"):
                read()
