"""Simulated oracles: how often they err, and that a seed fixes every answer."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from causalpp import Answer, Causes, Dag, HaveCommonCause, Proposition, SimulatedOracle, all_questions, noise
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import erdos_renyi
from causalpp.oracles import Journal, Oracle, Request

SIGMAS = 4.5
DAG = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("smoke", "cough"), ("age", "cancer")])


def words(oracle: Oracle, questions: list[Proposition], repeats: int = 1) -> dict[tuple[Proposition, int], str]:
    return {(answer.question, answer.replicate): answer.word for answer in oracle.ask(questions, repeats)}


@pytest.mark.slow
@pytest.mark.parametrize("error", [0.0, 0.1, 0.3, 1.0])
def test_error_rate(error: float) -> None:
    dag = erdos_renyi(8, expected_degree=2.5, seed=4)[0]
    questions = all_questions(dag.nodes)[:50]
    truth = {question: question.holds(dag) for question in questions}
    answers = SimulatedOracle(dag, noise.Symmetric(error), seed=11).ask(questions, repeats=200)
    assert len(answers) == 10_000
    for wanted in (True, False):  # the same rate for both truths
        wrong = [answer.value != wanted for answer in answers if truth[answer.question] == wanted]
        assert len(wrong) > 1_000
        assert abs(np.mean(wrong) - error) <= SIGMAS * math.sqrt(error * (1 - error) / len(wrong))


@pytest.mark.slow
@pytest.mark.parametrize("error", [0.1, 0.5])
def test_replicates_and_questions_err_independently(error: float) -> None:
    questions = all_questions(DAG.nodes)
    oracle = SimulatedOracle(DAG, noise.Symmetric(error), seed=2)
    answers = oracle.ask(questions, repeats=500)
    wrong = np.array([answer.value != answer.question.holds(DAG) for answer in answers], dtype=float)
    table = wrong.reshape(len(questions), 500)
    variance = error * (1 - error)
    for pairs in ((table[:, 1:], table[:, :-1]), (table[1:], table[:-1])):  # neighbouring replicates, questions
        products = ((pairs[0] - error) * (pairs[1] - error)).ravel()
        assert abs(products.mean()) <= SIGMAS * variance / math.sqrt(len(products))
    # the number of errors of a question varies as it should, neither more nor less
    spread = table.sum(1).var() / (500 * variance)
    assert abs(spread - 1) <= SIGMAS * math.sqrt(2 / len(questions))


def test_the_seed_fixes_the_answers() -> None:
    questions = list(all_questions(DAG.nodes))
    first, again, other = (
        [a.word for a in SimulatedOracle(DAG, noise.Symmetric(0.3), seed).ask(questions, 5)] for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_answers_do_not_depend_on_what_else_is_asked() -> None:
    questions = list(all_questions(DAG.nodes, kinds=("Causes", "HaveCommonCause")))
    fresh = [SimulatedOracle(DAG, noise.Symmetric(0.4), seed=3) for _ in range(4)]
    expected = words(fresh[0], questions, repeats=3)
    assert words(fresh[1], questions[::-1], repeats=3) == expected
    rounds = [words(fresh[2], questions) for _ in range(3)]
    assert rounds[0] | rounds[1] | rounds[2] == expected
    one = fresh[3].ask([questions[5]], repeats=3)
    assert [answer.word for answer in one] == [expected[questions[5], k] for k in range(3)]


def test_replicates_are_counted() -> None:
    oracle = SimulatedOracle(DAG, noise.Symmetric(0.5), seed=0)
    question, other = Causes("smoke", "tar"), HaveCommonCause("cough", "tar")
    assert [(a.question, a.replicate) for a in oracle.ask([question, other], repeats=2)] == [
        (question, 0),
        (question, 1),
        (other, 0),
        (other, 1),
    ]
    assert [a.replicate for a in oracle.ask(question)] == [2]
    assert [a.replicate for a in oracle.ask(HaveCommonCause("tar", "cough"))] == [2]  # the same question
    assert len({a.word for a in oracle.ask(question, repeats=60)}) == 2


def test_answers_say_where_they_come_from() -> None:
    oracle = SimulatedOracle(DAG, noise.Symmetric(0.0))
    assert oracle.nature == "simulated"
    (answer,) = oracle.ask(Causes("age", "cancer"))
    assert answer == Answer(Causes("age", "cancer"), True, 0, oracle.fingerprint)
    assert answer.to_dict() == {
        "question": {"kind": "Causes", "a": "age", "b": "cancer"},
        "answer": "yes",
        "replicate": 0,
        "oracle": oracle.fingerprint,
        "log_odds": None,
        "nature": "simulated",
    }
    assert [Answer(Causes("a", "b"), value).word for value in (True, False, None)] == ["yes", "no", "abstain"]
    assert "5 variables" in repr(oracle)
    assert "0.0" in repr(oracle)


def test_fingerprints() -> None:
    def make(dag: Dag = DAG, error: float = 0.1, seed: int = 0) -> str:
        return SimulatedOracle(dag, noise.Symmetric(error), seed).fingerprint

    reordered = Dag(sorted(DAG.nodes), reversed(DAG.edges))
    assert make() == make(reordered)
    oracle = SimulatedOracle(DAG, noise.Symmetric(0.1))
    oracle.ask(Causes("age", "cancer"))
    assert oracle.fingerprint == make()  # what was asked does not change who answers
    different = [
        make(),
        make(error=0.2),
        make(seed=1),
        make(Dag(DAG.nodes, DAG.edges[1:])),
        make(Dag([*DAG.nodes, "more"], DAG.edges)),
    ]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize("error", [1.5, -0.1, math.nan, math.inf])
def test_an_error_rate_is_a_probability(error: float) -> None:
    with pytest.raises(InvalidParameter, match="between 0 and 1"):
        noise.Symmetric(error)


@pytest.mark.parametrize("repeats", [0, -3])
def test_asking_less_than_once(repeats: int) -> None:
    with pytest.raises(InvalidParameter, match="at least once"):
        SimulatedOracle(DAG, noise.Symmetric(0.1)).ask(Causes("age", "cancer"), repeats=repeats)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="seed"):
        SimulatedOracle(DAG, noise.Symmetric(0.1), seed=-1)


def test_what_is_no_question() -> None:
    oracle = SimulatedOracle(DAG, 0.1)
    question = Causes("age", "cancer")
    for asked in ("a", "age causes cancer", [question, 3], 3, None, [question, "age causes cancer"]):
        with pytest.raises(InvalidParameter, match="an oracle is asked propositions"):
            oracle.ask(asked)  # type: ignore[arg-type]
    for repeats in (1.5, "2", None):
        with pytest.raises(InvalidParameter, match="a whole number of times"):
            oracle.ask(question, repeats=repeats)  # type: ignore[arg-type]
    assert [answer.replicate for answer in oracle.ask(question, repeats=np.int64(2))] == [0, 1]  # nothing was counted


def test_a_number_is_a_rate_of_symmetric_errors() -> None:
    one, two = SimulatedOracle(DAG, 0.3, seed=4), SimulatedOracle(DAG, noise.Symmetric(0.3), seed=4)
    assert one.noise == two.noise
    assert one.fingerprint == two.fingerprint
    with pytest.raises(InvalidParameter, match="between 0 and 1, got 'often'"):
        SimulatedOracle(DAG, "often")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="answers from a Dag"):
        SimulatedOracle("asia", 0.1)  # type: ignore[arg-type]
    for seed in ("x", 1.5, None):
        with pytest.raises(InvalidParameter, match="seed"):
            SimulatedOracle(DAG, 0.1, seed)  # type: ignore[arg-type]
        with pytest.raises(InvalidParameter, match="seed"):
            noise.SharedAcrossModels(0.1, seed=seed)  # type: ignore[arg-type]


def test_pointed_at_another_graph_it_is_itself(tmp_path: Path) -> None:
    class Own(SimulatedOracle):
        """One of one's own."""

    oracle = Own(DAG, 0.2, seed=1)
    oracle.journal = Journal(tmp_path / "answers.sqlite")
    oracle.ask(Causes("age", "cancer"))
    other = oracle.about(Dag.from_edges([("a", "b")]), seed=9)
    assert type(other) is Own
    assert other.journal is oracle.journal
    assert [a.replicate for a in other.ask(Causes("a", "b"))] == [0]
    assert other.fingerprint == SimulatedOracle(Dag.from_edges([("a", "b")]), 0.2, seed=9).fingerprint
    assert len(oracle.journal) == 2
    assert oracle.truth == DAG


def test_unknown_variables() -> None:
    oracle = SimulatedOracle(DAG, noise.Symmetric(0.1))
    with pytest.raises(UnknownVariable, match="did you mean 'smoke'"):
        oracle.ask([Causes("age", "cancer"), Causes("smok", "cancer")])
    assert oracle.ask([]) == []


def test_a_noise_family_of_ones_own() -> None:
    class Silent(noise.Noise):
        """Answers every other time it is asked."""

        def answer(self, situation: noise.Situation) -> bool | None:
            return situation.truth if situation.draw.random() < 0.5 else None

    answers = SimulatedOracle(DAG, Silent()).ask(all_questions(DAG.nodes), repeats=20)
    values = {key: {a.value for a in group} for key, group in itertools.groupby(answers, lambda a: a.question)}
    assert all(found == {None, question.holds(DAG)} for question, found in values.items())


def test_an_oracle_that_does_not_say_its_nature_is_told_so() -> None:
    class Nameless(Oracle):
        fingerprint = "nameless"

        def _answer(self, request: Request) -> Answer:
            return Answer(request.question, True)

    with pytest.raises(InvalidParameter, match="Nameless does not say its nature: give the class one"):
        Nameless().ask(Causes("a", "b"))
    Nameless.nature = "human"
    assert Nameless().ask(Causes("a", "b"))[0].nature == "human"
