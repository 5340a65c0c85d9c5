"""The loop opened up: the questions of a brute-force loop, undo, several experts, and what goes wrong."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from session_cases import CHAIN, MOST, RUNS, TRUTH, begun, driven, every_run, everything, oracle

import causalpp as cpp
from causalpp import Answer, Causes, Session
from causalpp.acbo import AcboConfig, discover_async
from causalpp.acbo.config import Keywords, Settings
from causalpp.belief import Agnostic, Fixed, Pooled
from causalpp.design import next_answer_information
from causalpp.errors import InvalidParameter, OracleError, UnknownVariable
from causalpp.oracles import Panel
from causalpp.propositions import Proposition, all_questions

# --- the questions ------------------------------------------------------------------------------------------


def by_brute_force(answers: list[bool], error: float, seed: int) -> list[Proposition]:
    """The questions of a loop written out: Bayes' rule graph by graph, entropies of every question, ties as drawn."""
    graphs, questions = list(CHAIN.members()), list(all_questions("abcd"))
    truth = np.array([[q.holds(g) for q in questions] for g in graphs])
    yes = np.where(truth, 1 - error, error)
    draw, asked = np.random.default_rng(seed), np.zeros(len(questions))
    belief, out = np.full(len(graphs), 1 / len(graphs)), []

    def entropy(p: np.ndarray) -> np.ndarray:
        return -p * np.log2(p) - (1 - p) * np.log2(1 - p)

    for answer in answers:
        gain = entropy(belief @ yes) - belief @ entropy(yes)
        best = gain >= gain.max() - 1e-9
        best &= asked == asked[best].min()
        number = int(draw.choice(np.flatnonzero(best)))
        asked[number] += 1
        out.append(questions[number])
        belief = belief * (yes[:, number] if answer else 1 - yes[:, number])
        belief /= belief.sum()
    return out


@pytest.mark.parametrize("seed", range(6))
def test_the_questions_are_those_of_a_loop_written_out(seed: int) -> None:
    answers = [bool(v) for v in np.random.default_rng(seed + 50).integers(0, 2, 12)]
    config = AcboConfig(channel=Fixed(0.2), doubt=0.0, further=(), contradiction=0.0)
    session = Session(CHAIN, confidence=0.999999, seed=seed, config=config)
    expected = by_brute_force(answers, 0.2, seed)
    for question, answer in zip(expected, answers, strict=True):
        assert session.ask() == question
        assert session.ask() == question  # however often it is looked at
        session.tell(answer)


def test_a_tree_of_answers_gone_through_by_undo() -> None:
    """Depth first through all yes and no, four deep, against the loop written out for each pattern."""
    config = AcboConfig(channel=Fixed(0.2), doubt=0.0, further=(), contradiction=0.0)
    session = Session(CHAIN, confidence=0.999999, seed=1, config=config)

    def deeper(before: list[bool]) -> None:
        assert session.ask() == by_brute_force([*before, True], 0.2, 1)[-1]
        if len(before) < 3:
            for value in (True, False):
                session.tell(value)
                deeper([*before, value])
                assert [answer.value for answer in session.undo()] == [value]

    deeper([])
    assert session.answers == ()


@every_run
def test_discover_is_a_session_driven(name: str) -> None:
    candidates, truth, settings = RUNS[name]
    session, asked = begun(name)
    driven(session, asked)
    result = cpp.discover(candidates, oracle(truth), **{"seed": 7, "max_questions": MOST} | settings)
    assert session.result().to_dict() == result.to_dict()
    assert session.result().oracle_nature == "simulated"


def test_the_keywords_stand_once() -> None:
    assert set(Keywords.__annotations__) == set(Settings.__dataclass_fields__)
    for function, own in ((cpp.discover, 5), (discover_async, 5), (Session, 2)):
        shown = inspect.signature(function).parameters
        assert len(shown) == own + len(Settings.__dataclass_fields__)
        assert shown["confidence"].default == 0.95
        assert shown["limit"].default == 100_000
    with pytest.raises(TypeError, match="confidnce"):
        Session(CHAIN, confidnce=0.9)  # type: ignore[call-arg]


# --- undo ---------------------------------------------------------------------------------------------------


@every_run
def test_undo_leaves_no_trace(name: str) -> None:
    plain, asked = begun(name)
    driven(plain, asked)
    session, asked = begun(name)
    while (question := session.ask()) is not None:
        before = everything(session)
        answers = asked.ask(question, session.votes)
        wrong = [Answer(a.question, a.value is not True, oracle="nobody", call=a.call) for a in answers]
        session.tell(wrong)
        session.ask()
        assert session.undo() == tuple(wrong)
        assert everything(session) == before
        session.tell(answers)
    assert everything(session) == everything(plain)


@pytest.mark.parametrize("name", ["alone", "panels in batches", "components"])
def test_many_steps_back(name: str) -> None:
    session, asked = begun(name)
    moments, told = [], []
    while (question := session.ask()) is not None and len(told) < 4:
        moments.append(everything(session))
        told.append(asked.ask(question))
        session.tell(told[-1])
    for moment, answers in zip(reversed(moments), reversed(told), strict=True):
        assert list(session.undo()) == answers
        assert everything(session) == moment
    with pytest.raises(InvalidParameter, match="nothing has been told"):
        session.undo()


# --- who answers what, and when -------------------------------------------------------------------------------


def test_several_experts_answer_the_same_question() -> None:
    session = Session(CHAIN, channel=Pooled(Agnostic(), by=("oracle",)), seed=1)
    question = session.ask()
    assert isinstance(question, Proposition)
    session.tell([Answer(question, True, oracle="ann"), Answer(question, False, oracle="bob")], nature="human")
    assert set(session.result().belief.reliabilities) == {"ann", "bob"}
    waiting = session.ask()
    assert waiting != question
    session.tell(Answer(question, True), by="carla", nature="human")  # late
    assert session.ask() == waiting
    expected = cpp.Belief.uniform(CHAIN.batch(), Pooled(Agnostic(), by=("oracle",)))
    expected = expected.update(session.answers)
    assert session.result().belief.probabilities.tolist() == pytest.approx(expected.probabilities.tolist(), abs=1e-12)
    assert [step.call for step in session.result().transcript] == [1, 2, 3]


def test_natures_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(CHAIN, seed=1)
    session.tell(oracle().ask(session.ask()))  # type: ignore[arg-type]
    assert session.result().oracle_named == "a simulated oracle"
    session.ask()
    session.tell(True, by="ann", nature="human")
    session.tell(Answer(Causes("a", "d"), False, model="some", nature="language model"))
    result = session.result()
    assert result.natures == {"simulated": 1, "human": 1, "language model": 1}
    assert result.oracle_nature == "human and language model and simulated"
    assert result.oracle_named == "a human and a language model and a simulated oracle"
    assert result.to_dict()["natures"] == result.natures
    monkeypatch.setattr("causalpp.acbo.report._figure", lambda *_: "")  # nothing is drawn
    page = result.report()
    for nature in result.natures:
        assert f"{nature} oracle</span>" in page
    assert "1 human" in page
    assert Session(CHAIN).result().oracle_nature == "unknown"


def test_questions_that_were_not_asked() -> None:
    session = Session(CHAIN, channel=Fixed(0.1), seed=2)
    told = [Answer(Causes("d", "a"), False), Answer(cpp.HaveCommonCause("a", "d"), True)]
    session.tell(told)
    belief = cpp.Belief.uniform(CHAIN.batch(), Fixed(0.1)).update(told)
    assert session.result().belief.probabilities.tolist() == pytest.approx(belief.probabilities.tolist(), abs=1e-12)
    first = session.result().transcript[0]
    start = cpp.Belief.uniform(CHAIN.batch(), Fixed(0.1))
    assert first.gained == pytest.approx(start.entropy - start.update(told[:1]).entropy)
    assert first.expected == pytest.approx(float(next_answer_information(start, [told[0].question])[0]))
    before = everything(session)
    with pytest.raises(UnknownVariable):
        session.tell([Answer(Causes("a", "b"), True), Answer(Causes("a", "z"), True)])
    assert everything(session) == before  # all or none


def test_what_is_asked_can_be_written_down_and_answered_in_parts() -> None:
    session = Session(CHAIN, config=AcboConfig(panel=3, batch=2), seed=3)
    asked = session.ask()
    assert isinstance(asked, tuple)
    assert asked == session.ask()
    sent = json.loads(json.dumps([one.to_dict() for one in asked]))
    assert tuple(map(Panel.from_dict, sent)) == asked
    second = asked[1]
    assert isinstance(second, Panel)
    session.tell([Answer(question, True) for question in second.questions[:-1]], by="ann")
    assert session.result().transcript == ()  # a panel is learned from when it is answered in full
    assert session.ask() == asked
    session.tell(Answer(second.questions[-1], False), by="ann")
    assert len(session.result().transcript) == len(second)
    assert session.ask() == asked[:1]
    session.tell([True] * len(asked[0].questions), by="bob")  # type: ignore[union-attr]
    steps = session.result().transcript
    assert [step.call for step in steps] == [1] * len(second) + [2] * (len(steps) - len(second))
    assert len({step.answer.call for step in steps[len(second) :]}) == 1


def test_votes_are_waited_for() -> None:
    session = Session(CHAIN, config=AcboConfig(votes=3, channel=Fixed(0.1)), seed=3)
    question = session.ask()
    session.tell(True, by="ann")
    assert session.ask() == question
    session.tell([False, True])
    assert session.ask() != question
    assert [step.answer.replicate for step in session.result().transcript] == [0, 1, 2]
    assert [answer.value for answer in session.result().belief.answers] == [True]


def test_misuse() -> None:
    session = Session(CHAIN)
    with pytest.raises(InvalidParameter, match="ask"):
        session.tell(True)
    with pytest.raises(InvalidParameter, match="an Answer, or True"):
        session.tell("yes")  # type: ignore[arg-type]
    session.ask()
    with pytest.raises(InvalidParameter):
        session.tell([True, False])
    assert session.answers == ()
    for said in ("yes", 1, [Answer("a causes b", True)]):  # type: ignore[arg-type]
        with pytest.raises(InvalidParameter, match="an answer is"):
            session.tell(said)  # type: ignore[arg-type]
    assert session.answers == ()
    session.tell([])
    down = [Answer(Causes("a", "b"), None, reason="no connection")]
    session.tell(down)
    session.tell(down)
    with pytest.raises(OracleError, match="3 questions in a row"):
        session.tell(down)
    assert len(session.answers) == 2


def test_yes_and_no_as_numpy_says_it() -> None:
    sessions = [Session(CHAIN, config=AcboConfig(votes=2, channel=Fixed(0.1)), seed=3) for _ in range(2)]
    for session, kind in zip(sessions, (bool, np.bool_), strict=True):
        session.ask()
        session.tell(kind(True))
        session.tell(Answer(session.ask(), kind(True), 1))  # type: ignore[arg-type]
    assert everything(sessions[0]) == everything(sessions[1])
    assert sessions[1].result().belief.answers[0].value is True


def test_a_result_at_any_time() -> None:
    session = Session(CHAIN, channel=Fixed(0.01))
    assert session.result().stopped_because == "the session goes on"
    assert session.result().belief.confidence == pytest.approx(1 / CHAIN.size)
    session.stop("it is late")
    assert (session.ask(), session.result().stopped_because) == (None, "it is late")
    session = Session(CHAIN, channel=Fixed(0.01))
    while (question := session.ask()) is not None:
        session.tell(question.holds(TRUTH))  # type: ignore[union-attr]
    assert session.result().stopped_because.startswith("the most probable graph reached")
    session.undo()
    assert session.ask() is not None
