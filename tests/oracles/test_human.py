"""The person at the keyboard: keys, going back, skipping, stopping, and names that would move the cursor."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from causalpp import Causes, Changes, Dag, Direction, MarkovEquivalenceClass, all_questions, discover
from causalpp.oracles import Answer, Journal, Request, contrasts
from causalpp.oracles.human import HumanOracle

QUESTIONS = [Causes("smoke", "tar"), Causes("tar", "cancer"), Changes("smoke", "cancer", holding={"tar"})]


def typing(*lines: str) -> Callable[[str], str]:
    left = iter(lines)

    def reader(prompt: str) -> str:
        assert "y/n" in prompt or "a/b/n" in prompt or "Enter" in prompt
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return reader


def person(*lines: str, **options: object) -> tuple[HumanOracle, io.StringIO]:
    shown = io.StringIO()
    console = Console(file=shown, width=120)
    return HumanOracle(reader=typing(*lines), console=console, **options), shown  # type: ignore[arg-type]


def test_the_keys() -> None:
    oracle, shown = person("y", " No ", "?", "s", "YES")
    answers = oracle.ask([*QUESTIONS, Causes("a", "b"), Causes("b", "a")])
    assert [answer.value for answer in answers] == [True, False, None, None, True]
    assert [answer.reason for answer in answers] == [None, None, "unsure", "skipped", None]
    assert all(answer.oracle == oracle.fingerprint and answer.time and answer.latency >= 0 for answer in answers)
    assert "question 2 of 5" in shown.getvalue()
    assert QUESTIONS[2].question() in shown.getvalue()
    assert oracle.nature == "human"


def test_a_direction_is_a_choice(tmp_path: Path) -> None:
    pairs = all_questions(["smoke", "tar", "cancer"], "Direction")
    oracle, shown = person("A", "y", "b", "no", "u", "b", "Neither")
    oracle.journal = tmp_path / "j"
    answers = oracle.ask([*pairs])
    assert [answer.value for answer in answers] == [True, False, False]
    assert [contrasts(answer) for answer in answers] == [{0: 2.0}, {0: -2.0}, {0: 0.0}]
    assert all(answer.prompts == 1 and len(answer.parts) == 2 for answer in answers)
    assert "Does smoke cause tar, tar cause smoke, or neither?" in shown.getvalue()
    assert "a: smoke causes tar   b: tar causes smoke   n: neither" in shown.getvalue()
    assert list(Journal(tmp_path / "j")) == answers
    again, _ = person("?", "s")
    again.journal = oracle.journal
    assert again.ask([*pairs]) == answers  # nobody is asked
    again, _ = person("?", "n")
    assert [a.reason for a in again.ask([Direction("a", "b"), ~Direction("a", "b")])] == ["unsure", None]


def test_what_is_not_a_key_is_asked_again() -> None:
    oracle, shown = person("maybe", "", "h", "n")
    assert [answer.word for answer in oracle.ask(QUESTIONS[0])] == ["no"]
    assert shown.getvalue().count("don't know") == 3


def test_going_back() -> None:
    oracle, shown = person("u", "y", "u", "n", "y", "u", "u", "?", "y")
    answers = oracle.ask(QUESTIONS)
    # Back from the second question to the first; back from the third to the second, but no further.
    assert [answer.value for answer in answers] == [False, None, True]
    assert [answer.question for answer in answers] == QUESTIONS
    assert shown.getvalue().count("no question to go back to") == 2


def test_what_was_handed_on_is_not_taken_back() -> None:
    oracle, shown = person("y", "u", "n")
    assert [oracle.ask(question)[0].value for question in QUESTIONS[:2]] == [True, False]
    assert "what was answered before has been handed on" in shown.getvalue()


def test_confirming_the_last_answer() -> None:
    oracle, _ = person("y", "u", "n", "", "y", "", confirm=True)
    assert [oracle.ask(question)[0].value for question in QUESTIONS[:2]] == [False, True]
    # Back from the end to the last question; what is no key is asked again.
    oracle, _ = person("y", "n", "U", "y", "what", "", confirm=True)
    assert [answer.value for answer in oracle.ask(QUESTIONS[:2])] == [True, True]
    oracle, _ = person("y", "q", confirm=True)
    given = oracle._answers([Request(QUESTIONS[0])])
    assert next(given).value is True  # stopping hands on what was answered
    with pytest.raises(KeyboardInterrupt):
        next(given)


@pytest.mark.parametrize("stop", ["q", "Ctrl-C"])
def test_stopping_hands_on_what_was_answered(stop: str) -> None:
    typed = iter(["y", "n", stop])

    def reader(prompt: str) -> str:
        line = next(typed)
        if line == "Ctrl-C":
            raise KeyboardInterrupt
        return line

    oracle = HumanOracle(reader=reader, console=Console(quiet=True))
    kept: list[Answer] = []
    with pytest.raises(KeyboardInterrupt):
        kept += iter_into(kept, oracle)
    assert [(answer.question, answer.value) for answer in kept] == [(QUESTIONS[0], True), (QUESTIONS[1], False)]


def iter_into(kept: list[Answer], oracle: HumanOracle) -> list[Answer]:
    for answer in oracle._answers([Request(question) for question in QUESTIONS]):
        kept.append(answer)  # noqa: PERF402  one by one: the end is an exception
    return []


def test_the_next_run_goes_on_where_this_one_stopped(tmp_path: Path) -> None:
    for lines, found in ((("y", "n", "q"), None), (("?",), [True, False, None])):
        oracle, shown = person(*lines)
        oracle.journal = tmp_path / "answers.sqlite"
        if found is None:
            with pytest.raises(KeyboardInterrupt):
                oracle.ask(QUESTIONS)
        else:
            assert [answer.value for answer in oracle.ask(QUESTIONS)] == found
            assert "question 1 of 1" in shown.getvalue()


def test_the_end_of_the_input_stops_as_q_does(tmp_path: Path) -> None:
    for last in (["q"], []):
        oracle, shown = person("y", "n", *last)
        oracle.journal = tmp_path / f"{len(last)}.sqlite"
        with pytest.raises(KeyboardInterrupt):
            oracle.ask(QUESTIONS)
        again, _ = person("?")
        again.journal = oracle.journal
        assert [answer.value for answer in again.ask(QUESTIONS)] == [True, False, None]
        assert ("input has ended" in shown.getvalue()) is not bool(last)


def test_a_run_at_the_end_of_the_input_is_the_run_stopped_by_q() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")]))
    runs = [discover(mec, person("y", "n", *last)[0]) for last in (["q"], [])]
    assert runs[0].interrupted
    assert runs[1].interrupted
    assert [[step.answer.value for step in run.transcript] for run in runs] == [[True, False]] * 2


def test_descriptions_are_shown_with_the_questions_about_them() -> None:
    described = {"smoke": "whether the patient smokes", "xray": "the X-ray picture"}
    oracle, shown = person("y", variables=described)
    oracle.ask(QUESTIONS[0])
    assert "smoke: whether the patient smokes" in shown.getvalue()
    assert "X-ray" not in shown.getvalue()


def test_repeats_and_the_other_way_round() -> None:
    oracle, shown = person("y", "y", "n")
    oracle.ask(QUESTIONS[0], repeats=2)
    assert "asked for the 2nd time" in shown.getvalue()
    (answer,) = oracle._answers([Request(QUESTIONS[0], negated=True)])
    assert (answer.value, answer.negated) == (True, True)  # not false
    assert "Is it false that smoke causes tar?" in shown.getvalue()


def test_names_are_data() -> None:
    oracle, shown = person("y", variables={"[red]a": "\x1b[2Jgone\nforged question"})
    oracle.ask(Causes("[red]a", "b\x1b[1A"))
    assert "[red]a" in shown.getvalue()
    assert "\x1b" not in shown.getvalue()
    assert "\nforged" not in shown.getvalue()


def test_who_answers() -> None:
    one, _ = person(name="Ada")
    two, _ = person(name="Grace")
    told, _ = person(name="Ada", variables={"tar": "tar in the lungs"})
    assert len({one.fingerprint, two.fingerprint, told.fingerprint}) == 3
    assert one.fingerprint == HumanOracle(name="Ada").fingerprint
    assert "Ada" in repr(one)


def test_no_input_at_all_is_its_end(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", None)  # as after <&-, where input() complains in its own way
    with pytest.raises(KeyboardInterrupt):
        HumanOracle().ask(Causes("a", "b"))
    assert "input has ended" in capsys.readouterr().out

    def broken(prompt: str) -> str:
        raise RuntimeError(prompt)

    monkeypatch.undo()
    with pytest.raises(RuntimeError):
        HumanOracle(reader=broken).ask(Causes("a", "b"))
