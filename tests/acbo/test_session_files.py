"""Sessions in files: they go on as if they had not stopped; locks, and what is refused."""

from __future__ import annotations

import functools
import inspect
import itertools
import json
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from session_cases import CHAIN, RUNS, TRUTH, begun, driven, every_run, everything, oracle

import causalpp as cpp
from causalpp import Answer, Causes, Dag, MarkovEquivalenceClass, Session, SimulatedOracle, belief, noise
from causalpp.acbo import AcboConfig, drive
from causalpp.belief import Channel, Worlds
from causalpp.errors import BudgetSpent, FormatError, InvalidParameter


@every_run
def test_a_loaded_session_goes_on_as_if_it_had_not_stopped(name: str, tmp_path: Path) -> None:
    plain, asked = begun(name)
    driven(plain, asked)
    session, asked = begun(name)
    path = tmp_path / "run.json"
    driven(session, asked, 2)
    session.save(path)
    before = everything(session)
    session.close()
    with Session.load(path) as loaded:
        assert everything(loaded) == before
        drive(loaded, oracle(RUNS[name][1]))  # a new oracle, which counts what was asked before as asked
        end = everything(loaded)
        assert end == everything(plain)
    with Session.load(path) as loaded:  # saved after every answer
        assert everything(loaded) == end


def test_a_session_in_use_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    session, asked = begun("alone")
    driven(session, asked, 2)
    session.save(path)
    with pytest.raises(FormatError, match="in use by another session") as caught:
        Session.load(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(FormatError, match="in use"):
        begun("alone")[0].save(path)
    session.save()
    session.close()
    with pytest.raises(InvalidParameter, match="no file"):
        session.save()
    Session.load(path).close()
    other = tmp_path / "other.json"
    with Session.load(path) as loaded:
        loaded.save(other)  # it has the other file from now on
        Session.load(path).close()
        with pytest.raises(FormatError, match="in use"):
            Session.load(other)


def _hold(path: str, ready: Any) -> None:
    session = Session.load(path)
    ready.set()
    signal.pause()
    session.close()


@pytest.mark.slow
def test_the_lock_of_a_killed_process_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with begun("alone")[0] as session:
        session.save(path)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(str(path), ready))
    process.start()
    try:
        assert ready.wait(120)
        with pytest.raises(FormatError, match="in use"):
            Session.load(path)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        Session.load(path, wait=30).close()
    finally:
        process.kill()


KNOWN = Dag.from_edges([("Smoker", "Cancer"), ("Cancer", "Xray")])


@functools.cache
def _chains() -> cpp.DagPosterior:
    rows = cpp.load_network("cancer").simulate(200, seed=0)[list(KNOWN.nodes)]
    return cpp.DagPosterior.from_data(rows, method="mcmc", seed=3, progress=False)


def _from_chains() -> Session:
    """A run that starts from chains over graphs of data."""
    return Session(_chains(), channel=belief.Fixed(0.1), seed=7, max_questions=6)


def _asked_until(path: str, number: int, ready: Any) -> None:
    session = Session.load(path)
    driven(session, oracle(KNOWN), number)
    session.save()
    ready.set()
    signal.pause()


def test_a_run_from_chains_is_kept_and_goes_on(tmp_path: Path) -> None:
    whole = _from_chains()
    driven(whole, oracle(KNOWN))
    path = tmp_path / "run.json"
    with _from_chains() as session:
        driven(session, oracle(KNOWN), 2)
        session.save(path)
    with Session.load(path) as loaded:
        assert len(loaded.answers) == 2
        drive(loaded, oracle(KNOWN))
        assert everything(loaded) == everything(whole)


@pytest.mark.slow
def test_a_run_from_chains_that_is_killed_ends_as_one_that_is_not(tmp_path: Path) -> None:
    whole = _from_chains()
    driven(whole, oracle(KNOWN))
    path = tmp_path / "run.json"
    with _from_chains() as session:
        session.save(path)
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_asked_until, args=(str(path), 3, ready))
    process.start()
    try:
        assert ready.wait(120)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        with Session.load(path, wait=30) as loaded:
            assert len(loaded.answers) == 3
            drive(loaded, oracle(KNOWN))
            assert everything(loaded) == everything(whole)
            more = cpp.load_network("cancer").simulate(50, seed=1)[list(KNOWN.nodes)]
            loaded.tell_experiment(more, None)
            loaded.save()
            after = everything(loaded)
        with Session.load(path) as loaded:
            assert everything(loaded) == after
    finally:
        process.kill()


def test_a_posterior_that_is_too_large_for_a_file_written_after_every_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("causalpp.acbo._saved._LARGEST", 1000)
    rows = cpp.load_network("cancer").simulate(200, seed=0)
    with Session(cpp.DagPosterior.from_data(rows)) as session, pytest.raises(InvalidParameter, match="in a journal"):
        session.save(tmp_path / "run.json")


def test_damaged_files_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    session, asked = begun("panel")
    driven(session, asked, 2)
    with session:
        session.save(path)
    text = path.read_text(encoding="utf-8")
    values = json.loads(text)
    bad = {
        "cut off": text[: len(text) // 2],
        "empty": "",
        "a list": "[1, 2]",
        "another format": json.dumps(values | {"format": "causalpp.result"}),
        "another version": json.dumps(values | {"version": 2}),
        "no candidates": json.dumps({name: value for name, value in values.items() if name != "candidates"}),
        "answers of another shape": json.dumps(values | {"told": [[True, [{"answer": {"question": 3}}]]]}),
        "other settings": json.dumps(values | {"settings": {"Settings": {"confidences": 0.9}}}),
        "an unknown channel": text.replace("SharedErrors", "OwnErrors"),
        "no settings": json.dumps(values | {"settings": None}),
        "a kind that is none": text.replace('"kinds": null', '"kinds": "Cuases"'),
        "a seed that is no number": text.replace('"seed": 7', '"seed": 1e999'),
        "a variable that is none": text.replace('"a": "', '"a": "z'),
        "an answer that is none": text.replace('"answer": "yes"', '"answer": "maybe"').replace('"no"', '"maybe"'),
        "a nature that is none": text.replace('"nature": "simulated"', '"nature": 3'),
        "a reason that is none": json.dumps(values | {"stopped": [1]}),
    }
    for name, content in bad.items():
        assert content != text, name
        path.write_text(content, encoding="utf-8")
        with pytest.raises(FormatError, match=r"run\.json") as caught:
            Session.load(path)
        assert "\n" not in str(caught.value), name
    path.write_text(bad["another version"], encoding="utf-8")
    with pytest.raises(FormatError, match="another version"):
        Session.load(path)
    with pytest.raises(FormatError, match="no such file"):
        Session.load(tmp_path / "none.json")
    path.write_text(text, encoding="utf-8")
    Session.load(path).close()  # a refused file is not kept locked


KINDS = [kind for kind in map(vars(belief).get, belief.__all__) if isinstance(kind, type) and issubclass(kind, Channel)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not inspect.isabstract(kind)])
def test_every_channel_comes_back_from_a_file(kind: type[Channel], tmp_path: Path) -> None:
    worlds = ((0.9, 0.2, 0.1, 0.25), (0.7, 0.1, 0.0, 0.75))
    session = Session(CHAIN, channel=kind(worlds) if kind is Worlds else kind(), seed=1)  # type: ignore[call-arg]
    driven(session, oracle(), 2)
    before = everything(session)
    with session:
        session.save(tmp_path / "run.json")
    with Session.load(tmp_path / "run.json") as loaded:
        assert everything(loaded) == before
        assert loaded.settings == session.settings


def test_a_late_answer_after_the_end_is_learned_again_as_it_was(tmp_path: Path) -> None:
    session = Session(CHAIN, seed=1)
    session.stop("enough")
    assert session.ask() is None
    session.tell(Answer(Causes("a", "b"), True))
    assert session.undo() == (Answer(Causes("a", "b"), True),)  # it goes on
    session.tell(Answer(Causes("a", "b"), True))
    session.save(tmp_path / "run.json")
    before = everything(session)
    session.close()
    with Session.load(tmp_path / "run.json") as loaded:
        assert everything(loaded) == before


def test_no_folder_is_made(tmp_path: Path) -> None:
    for attempt in (begun("alone")[0].save, Session.load):
        with pytest.raises(FormatError, match=r"no folder .*none'"):
            attempt(tmp_path / "none" / "run.json")
    assert not list(tmp_path.iterdir())


class Purse(SimulatedOracle):
    """Has money for so many calls; of the last call, the first answer alone."""

    money = 2

    def ask(self, question: Any, votes: int = 1) -> Any:
        answers = super().ask(question, votes)
        self.money -= 1
        if self.money < 0:
            raise BudgetSpent("nothing is left", answers=tuple(answers)[:1])
        return answers


def test_what_the_last_money_bought_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    with Session(CHAIN, config=AcboConfig(batch=3), seed=7) as session:
        session.save(path)
        result = drive(session, Purse(TRUTH, noise.Symmetric(0.2), seed=4))
        told = session.answers
    assert result.stopped_because == "the oracle's budget is spent: nothing is left"
    with Session.load(path) as loaded:
        assert loaded.answers == told
        assert len(told) == 7
        assert len(loaded.ask() or ()) == 2  # the rest of the round, now that there may be money


def test_what_a_file_cannot_hold_is_refused_before_it_is_touched(tmp_path: Path) -> None:
    class Own(Channel):
        pass

    Own.__abstractmethods__ = frozenset()
    path = tmp_path / "run.json"
    path.write_text("mine", encoding="utf-8")
    session = begun("alone")[0]
    object.__setattr__(session.settings, "channel", Own())
    with pytest.raises(InvalidParameter, match="cannot be saved"):
        session.save(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_names_and_numbers_of_every_sort_survive(tmp_path: Path) -> None:
    odd = ["größe", 'say "no"', "a\nb", "\ud800"]
    mec = MarkovEquivalenceClass.from_dag(Dag(odd, itertools.pairwise(odd)))
    known = cpp.Knowledge(forbidden=[(odd[3], odd[2])])
    session = Session(mec.given(~Causes(odd[0], odd[3])), seed=1, knowledge=known)
    question = session.ask()
    session.tell(Answer(question, True, log_odds=float("inf"), text="⊥", cost=np.float64(0.5), latency=1e-9))  # type: ignore[arg-type]
    session.save(tmp_path / "run.json")
    before = everything(session)
    session.close()
    with Session.load(tmp_path / "run.json") as loaded:
        assert everything(loaded) == before
        assert loaded.answers[0].log_odds == float("inf")
