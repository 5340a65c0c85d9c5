"""Cross-checks of results: right claims pass at the stated rate, planted wrong ones fail."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import errors
from causalpp.acbo import Result
from causalpp.belief import Fixed, LogOdds
from causalpp.crosscheck import check_answers, check_data, check_experiments, check_simulation, verify

CHAIN = cpp.Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")])
CLASS = cpp.MarkovEquivalenceClass.from_dag(CHAIN)
REVERSED = cpp.Dag(CHAIN.nodes, [(b, a) for a, b in CHAIN.edges])
LINE = cpp.compile(
    CHAIN,
    mechanisms={v: cpp.LinearGaussian(CHAIN.parents(v), [1.0] * len(CHAIN.parents(v))) for v in CHAIN.nodes},
)


def found(seed: int = 0, error: float = 0.1, **options: Any) -> Result:
    return cpp.discover(CLASS, cpp.SimulatedOracle(CHAIN, cpp.noise.Symmetric(error), seed=seed), seed=seed, **options)


def most(rate: float, runs: int) -> float:
    """A count that a rate exceeds once in a thousand times or less: the normal bound, and one to be safe."""
    return runs * rate + 3.3 * math.sqrt(runs * rate * (1 - rate)) + 1


# --- simulation ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_simulation_passes_the_graph_and_fails_its_reverse() -> None:
    right = wrong = 0
    runs = 20
    for seed in range(runs):
        result = found(seed)
        right += check_simulation(result, graph=CHAIN, samples=300, seed=seed).passed is False
        wrong += check_simulation(result, graph=REVERSED, samples=300, seed=seed).passed is False
    assert right <= most(0.05, runs)
    assert wrong > runs * 0.25  # a dozen questions are few, and a low reliability is never excluded


def test_simulation_says_what_it_found() -> None:
    result = found(1)
    check = check_simulation(result, seed=1)
    questions = {step.answer.question for step in result.transcript}
    assert check.questions == len(questions)
    assert check.agree + len(check.differ) == check.questions
    assert check.sensitivity.count + check.specificity.count == check.questions
    assert check.stated == (result.belief.reliability.sensitivity, result.belief.reliability.specificity)
    assert "questions were answered as in the program" in repr(check)
    values = json.loads(check.to_json(), parse_constant=pytest.fail)
    assert values["passed"] is check.passed is True
    assert "<li>" in check._repr_html_()
    weak = LINE.simulate(50, seed=1).astype(float) * 1.0
    weak["c"] = np.random.default_rng(0).normal(size=50)  # in these rows b does not show in c
    assert check_simulation(result, data=weak, samples=100).faint


def test_simulation_in_a_program_that_is_given() -> None:
    assert check_simulation(found(2), LINE).passed
    other = cpp.load_network("asia")
    with pytest.raises(errors.UnknownVariable, match="in the program"):
        check_simulation(found(2), other)
    with pytest.raises(errors.InvalidParameter, match="leave out"):
        check_simulation(found(2), LINE, graph=CHAIN)
    nothing = cpp.discover(CLASS, cpp.SimulatedOracle(CHAIN, 0.1), max_questions=0)
    assert check_simulation(nothing).passed is None
    assert check_simulation(nothing).conclusion == "not tested"
    with pytest.warns(DeprecationWarning, match=r"Check.verdict is called Check.conclusion since 0.2"):
        assert check_simulation(nothing).verdict == "not tested"


# --- answers ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_answers_are_foretold_by_a_right_belief_and_not_by_a_wrong_one() -> None:
    own = fresh = wrong = 0
    runs = 60
    for seed in range(runs):
        result = found(seed, channel=Fixed(0.1), confidence=0.99)
        own += check_answers(result, seed=seed).passed is False
        oracle = cpp.SimulatedOracle(CHAIN, cpp.noise.Symmetric(0.1), seed=seed + 1000)
        fresh += check_answers(result, oracle, questions=12, kinds=["DirectlyCauses"], seed=seed).passed is False
        other = cpp.SimulatedOracle(REVERSED, cpp.noise.Symmetric(0.1), seed=seed)
        wrong += check_answers(result, other, questions=12, kinds=["DirectlyCauses"], seed=seed).passed is False
    assert own <= most(0.05, runs)
    # The graph found is wrong in 1 % of the runs besides.
    assert fresh <= most(0.06, runs)
    assert wrong > runs * 0.6


@pytest.mark.slow
def test_a_reliability_that_is_claimed_too_high_fails() -> None:
    runs = 40
    failed = 0
    for seed in range(runs):
        result = found(seed, error=0.25, channel=Fixed(0.01), confidence=0.9999, max_questions=40)
        oracle = cpp.SimulatedOracle(CHAIN, cpp.noise.Symmetric(0.25), seed=seed + 500)
        failed += check_answers(result, oracle, questions=20, kinds=["DirectlyCauses"], seed=seed).passed is False
    assert failed > runs * 0.7


def test_answers_say_what_was_found() -> None:
    result = found(1, kinds="Causes", max_questions=4)
    check = check_answers(result)
    assert not check.fresh
    assert len(check.forecasts) == len(check.said) == len(result.transcript)
    assert check.forecasts[0] == pytest.approx(result.start.probability(check.questions[0]), abs=0.25)  # type: ignore[union-attr]
    assert ((check.forecasts > 0) & (check.forecasts < 1)).all()
    total = result.belief.log_marginal_likelihood - result.start.log_marginal_likelihood  # type: ignore[union-attr]
    assert check.score * len(check.said) == pytest.approx(total / math.log(2))
    values = json.loads(check.to_json(), parse_constant=pytest.fail)
    assert values["answers"] == len(check.said)
    assert "bits an answer" in repr(check)
    asked = {step.answer.question for step in result.transcript}
    later = check_answers(result, cpp.SimulatedOracle(CHAIN, 0.1, seed=5), questions=100, kinds=["Causes"])
    assert later.fresh
    assert not set(later.questions) & asked
    assert set(later.questions) | asked >= set(cpp.all_questions(CHAIN))


def test_where_all_questions_of_its_kinds_were_asked_others_are_fresh() -> None:
    result = found(1)
    assert {step.answer.question for step in result.transcript} >= set(cpp.all_questions(CHAIN))
    later = check_answers(result, cpp.SimulatedOracle(CHAIN, 0.1, seed=5), questions=5)
    assert later.questions
    assert not set(later.questions) & {step.answer.question for step in result.transcript}


def directions(seed: int, graph: cpp.Dag = CHAIN) -> cpp.SimulatedOracle:
    return cpp.SimulatedOracle(graph, cpp.noise.PositionNoise(share=0.5, slope=2.0), seed=seed)


def graded(seed: int = 0, questions: int = 5) -> Result:
    channel = cpp.belief.Potentials()
    return cpp.discover(CLASS, directions(seed), kinds="Direction", channel=channel, max_questions=questions, seed=seed)


def test_of_log_odds_the_sign_is_forecast() -> None:
    result = graded()
    before = result.start
    assert before is not None
    check = check_answers(result)
    assert len(set(check.forecasts.tolist())) > 1
    first = result.belief.answers[0]
    (part, other) = first.parts
    turned = cpp.Answer(
        first.question,
        not first.value,
        log_odds=-first.log_odds,  # type: ignore[operator]
        parts=(
            cpp.Answer(part.question, False, log_odds=-part.log_odds),  # type: ignore[operator]
            cpp.Answer(other.question, True, log_odds=-other.log_odds),  # type: ignore[operator]
        ),
    )
    one, two = (math.exp(before.update([answer]).log_marginal_likelihood) for answer in (first, turned))
    assert check.forecasts[0] == pytest.approx((one if first.value else two) / (one + two))
    fresh = check_answers(result, directions(0))
    assert {type(question) for question in fresh.questions} == {cpp.Direction}
    pairs = [frozenset(question.variables) for question in (*fresh.questions, *check.questions)]
    assert len(set(pairs)) == len(pairs) == 10
    assert check_answers(graded(questions=10), directions(0)).questions[0].to_dict()["kind"] == "Causes"
    again = replace(result, belief=result.belief.update(directions(1).ask(list(check.questions))))
    assert len(check_answers(again).said) == len(check.said)  # the same opinion
    own = cpp.discover(CLASS, cpp.SimulatedOracle(CHAIN, 0.1, log_odds=cpp.noise.LogOdds()), channel=LogOdds())
    assert max(check_answers(own).forecasts) > 0.8


@pytest.mark.slow
def test_log_odds_are_foretold_by_a_right_belief_and_not_by_a_wrong_one() -> None:
    own = fresh = wrong = 0
    runs = 20
    for seed in range(runs):
        result = graded(seed)
        own += check_answers(result, seed=seed).passed is False
        fresh += check_answers(result, directions(seed), seed=seed).passed is False
        wrong += check_answers(result, directions(seed + 100, REVERSED), seed=seed).passed is False
    assert own <= most(0.05, runs)
    assert fresh <= most(0.05, runs)
    assert wrong > runs * 0.6


def test_answers_bad_input() -> None:
    result = found(1)
    with pytest.raises(errors.InvalidParameter, match="every question"):
        check_answers(found(1, kinds="Causes", max_questions=500, confidence=1 - 1e-12), _oracle(), kinds=[])
    with pytest.raises(errors.InvalidParameter, match="at least one"):
        check_answers(result, _oracle(), questions=0)
    with pytest.raises(errors.InvalidParameter, match="level"):
        check_answers(result, level=0)

    with pytest.raises(errors.InvalidParameter, match="pass the oracle"):
        check_answers(replace(result, start=None))


def _oracle() -> cpp.SimulatedOracle:
    return cpp.SimulatedOracle(CHAIN, 0.1)


# --- data ---------------------------------------------------------------------------------------------

NET = cpp.load_network("asia")
PART = ["smoke", "lung", "bronc", "dysp"]
RIGHT = cpp.Dag(PART, [("smoke", "lung"), ("smoke", "bronc"), ("lung", "dysp"), ("bronc", "dysp")])
LACKING = cpp.Dag(PART, [("smoke", "lung"), ("smoke", "bronc"), ("bronc", "dysp")])


@pytest.mark.slow
def test_data_pass_a_right_graph_at_the_stated_rate_and_fail_a_wrong_one() -> None:
    runs, right, wrong, linear, short = 60, 0, 0, 0, 0
    for seed in range(runs):
        rows = NET.simulate(1500, seed=seed)[PART]
        right += check_data(RIGHT, rows, seed=seed).passed is False
        wrong += check_data(LACKING, rows, seed=seed).passed is False
        line = LINE.simulate(300, seed=seed)
        linear += check_data(CHAIN, line).passed is False
        short += check_data(cpp.Dag("abcde", [("a", "b"), ("b", "c"), ("d", "e")]), line).passed is False
    assert right <= most(0.05, runs)
    assert linear <= most(0.05, runs)
    assert wrong > runs * 0.9
    assert short == runs


def test_the_whole_class_passes_and_latent_variables_are_seen_through() -> None:
    rows = LINE.simulate(1000, seed=3)
    p = {check_data(dag, rows).p_value for dag in CLASS.members()}
    assert min(p) > 0.05  # type: ignore[type-var]
    front = cpp.examples.smoking_tar_cancer()
    observed = front.simulate(3000, seed=1)
    check = check_data(front.dag, observed)
    assert check.passed is None or check.passed
    assert set(check.tests["a"]) | set(check.tests["b"]) <= set(front.dag.observed)


def test_data_say_what_was_found() -> None:
    check = check_data(LACKING, NET.simulate(3000, seed=2)[PART])
    assert not check.passed
    assert any("should be independent" in sentence for sentence in check.sentences)
    assert len(check.tests) == 3
    assert len(check.edges) == 3
    assert (check.tests["corrected"] >= check.tests["p"]).all()
    values = json.loads(check.to_json(), parse_constant=pytest.fail)
    assert values["tests"][0]["given"] == list(check.tests["given"][0])
    full = cpp.Dag("ab", [("a", "b")])
    assert check_data(full, LINE.simulate(50, seed=1)).passed is None
    needless = check_data(
        cpp.Dag("ab", [("a", "b")]), pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["a", "b"])
    )
    assert len(needless.edges) == 1
    mixed = NET.simulate(500, seed=1)[["smoke", "lung"]].assign(age=np.random.default_rng(0).normal(size=500))
    assert check_data(cpp.Dag(["smoke", "lung", "age"], [("smoke", "lung")]), mixed).test == "regressions"


def test_data_bad_input() -> None:
    with pytest.raises(errors.InvalidData, match="no column 'e'"):
        check_data(CHAIN, LINE.simulate(50, seed=1).drop(columns="e"))
    with pytest.raises(errors.InvalidData, match="data frame"):
        check_data(CHAIN, [1, 2])  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidParameter, match="of a result or of a Dag"):
        check_data("a -> b", LINE.simulate(50, seed=1))  # type: ignore[arg-type]


# --- interventions ------------------------------------------------------------------------------------


def test_interventions_pass_the_graph_and_fail_its_reverse() -> None:
    runs, right = 30, 0
    for seed in range(runs):
        frames = {
            target: {v: LINE.do({target: v}).simulate(150, seed=1000 * seed + 10 * k + v) for v in (0, 2)}
            for k, target in enumerate("bd")
        }
        right += check_experiments(CHAIN, frames).passed is False
        assert check_experiments(REVERSED, frames).passed is False
    assert right <= most(0.05, runs)


def test_interventions_say_what_was_found() -> None:
    frames: dict[str | None, Any] = {"b": LINE.do(b=3.0).simulate(200, seed=1), None: LINE.simulate(200, seed=2)}
    check = check_experiments(REVERSED, frames)
    assert any("changes under do(b)" in sentence for sentence in check.sentences)
    assert any("not seen to change" in sentence for sentence in check.sentences)
    assert set(check.tests["variable"]) == set("acde")
    json.loads(check.to_json(), parse_constant=pytest.fail)
    with pytest.raises(errors.UnknownVariable):
        check_experiments(cpp.Dag("xy", [("x", "y")]), frames)


# --- all together -------------------------------------------------------------------------------------


def test_verify() -> None:
    result = found(1)
    rows = LINE.simulate(500, seed=4)
    frames = {"b": {v: LINE.do(b=v).simulate(200, seed=v) for v in (0, 2)}}
    checks = verify(result, data=rows, experiments=frames, oracle=_oracle())
    assert [check.against for check in checks] == ["simulation", "held-out answers", "data", "interventions"]
    assert checks.passed
    assert len(checks) == 4
    assert {check.level for check in checks} == {0.05 / 4}
    assert json.loads(checks.to_json())["passed"] is True
    assert repr(checks).count("passed (p = ") == 4
    assert "<h3>" in checks._repr_html_()
    assert "Checked against data" in result.report(further=[checks])


def test_verify_compares_interventions_with_the_data() -> None:
    rows, frames = LINE.simulate(500, seed=4), {"b": LINE.do(b=2).simulate(300, seed=5)}
    *_, last = verify(found(1), data=rows, experiments=frames)
    assert last.against == "interventions"
    assert last.p_value is not None
    assert last.passed


def test_verify_leaves_out_simulation_of_latent_variables() -> None:
    graphs = [cpp.Dag("abu", [("u", "a"), ("u", "b"), pair], latent={"u"}) for pair in (("a", "b"), ("b", "a"))]
    result = cpp.discover(graphs, cpp.SimulatedOracle(graphs[0], cpp.noise.Symmetric(0.1), seed=0), seed=0)
    assert [check.against for check in verify(result)] == ["held-out answers"]


def test_kinds_reach_the_check_against_data() -> None:
    """A score of five values is tested as it was said to be."""
    score = np.random.default_rng(0).integers(1, 6, (400, 5))
    rows = pd.DataFrame(score, columns=list("abcde"))
    kinds = dict.fromkeys("abcde", "real")
    for said, test in ((None, "χ²"), (kinds, "Fisher")):
        by_itself = check_data(CHAIN, rows, kinds=said)
        assert test.lower() in by_itself.test.lower()
        checks = [check for check in verify(found(), data=rows, kinds=said) if check.against == "data"]
        assert checks[0].test == by_itself.test
