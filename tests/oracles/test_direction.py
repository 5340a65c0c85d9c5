"""The question of a pair's direction: its parts, the graded answer made of them, and a journal that keeps the parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from causalpp import Causes, Dag, Direction, SimulatedOracle
from causalpp.errors import InvalidParameter
from causalpp.language import Prompt, Reply, ScriptedBackend
from causalpp.oracles import Answer, Journal, LanguageModelOracle, Request, contrasts, graded

A_B, B_A = Causes("a", "b"), Causes("b", "a")


def test_a_graded_answer_is_the_mean_over_wordings_of_the_difference() -> None:
    parts = [
        Answer(A_B, True, log_odds=2.0, tokens_in=10, cost=1.0),
        Answer(B_A, True, log_odds=3.0, tokens_in=11, cost=1.5),
        Answer(A_B, True, wording=1),
        Answer(B_A, False, wording=1),
        Answer(A_B, None, wording=2, reason="timed out"),
        Answer(B_A, False, wording=2, log_odds=-9.0),
        Answer(A_B, None, wording=3, reason="unsure"),
        Answer(B_A, False, wording=3),
    ]
    answer = graded(Request(Direction("a", "b"), 4), parts)
    assert contrasts(answer) == {0: -1.0, 1: 2.0, 3: 1.0}
    assert answer.log_odds == pytest.approx((-1 + 2 + 1) / 3)
    assert answer.value is True
    assert (answer.replicate, answer.tokens_in, answer.cost, answer.prompts) == (4, 21, 2.5, 8)
    other = graded(Request(Direction("b", "a")), parts)
    assert contrasts(other) == {0: 1.0, 1: -2.0, 3: -1.0}
    assert Answer.from_dict(answer.to_dict()) == answer


def test_nothing_heard_is_an_abstention_with_its_reason() -> None:
    parts = [Answer(A_B, None, reason="timed out"), Answer(B_A, None, reason="timed out")]
    answer = graded(Request(Direction("a", "b")), parts)
    assert answer.value is None
    assert answer.log_odds is None
    assert answer.failed


def test_an_answer_about_something_else_is_no_part() -> None:
    with pytest.raises(InvalidParameter, match="no part"):
        graded(Request(Direction("a", "b")), [Answer(Causes("a", "c"), True)])
    with pytest.raises(InvalidParameter, match="about a Direction"):
        contrasts(Answer(A_B, True))


def replies(prompt: Prompt) -> Reply:
    return Reply("Yes." if 'Does "smoke"' in prompt.user else "No.", tokens_in=7, tokens_out=1)


def test_a_model_is_asked_both_directions_in_every_wording(tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(prompt: Prompt) -> Reply:
        asked.append(prompt.user)
        return replies(prompt)

    oracle = LanguageModelOracle(ScriptedBackend(answer), wordings=["plain", "paraphrase"], journal=tmp_path / "j")
    (found,) = oracle.ask(Direction("smoke", "tar"))
    assert found.value is True
    assert found.log_odds == 2.0
    assert found.prompts == 4
    assert found.tokens_in == 28
    assert [(part.question, part.wording) for part in found.parts] == [
        (Causes(*pair), wording) for wording in (0, 1) for pair in (("smoke", "tar"), ("tar", "smoke"))
    ]
    assert len(asked) == 4
    again = LanguageModelOracle(ScriptedBackend(answer), wordings=["plain", "paraphrase"], journal=tmp_path / "j")
    assert again.ask(Direction("smoke", "tar")) == [found]
    (turned,) = again.ask(Direction("tar", "smoke"))
    assert turned.log_odds == -2.0
    # what the parts are, ordinary questions are as well
    assert [a.value for a in again.ask([Causes("smoke", "tar"), Causes("tar", "smoke")], repeats=2)] == [
        True,
        True,
        False,
        False,
    ]
    assert len(asked) == 4
    kept = list(Journal(tmp_path / "j"))
    assert {entry.question for entry in kept} == {Causes("smoke", "tar"), Causes("tar", "smoke")}


def test_others_answer_it_as_a_proposition() -> None:
    oracle = SimulatedOracle(Dag.from_edges([("a", "b")]), 0.0)
    answers = oracle.ask([Direction("a", "b"), Direction("b", "a")])
    assert [answer.value for answer in answers] == [True, False]
    assert not answers[0].parts
