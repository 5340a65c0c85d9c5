"""Noise families: every stated rate is the measured one, seeds fix answers, and families combine."""

from __future__ import annotations

import dataclasses
import itertools
import math
import pickle
from collections.abc import Callable

import numpy as np
import pytest
import warm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from causalpp import (
    Causes,
    Changes,
    Dag,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Proposition,
    SimulatedOracle,
    all_questions,
    noise,
)
from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.graphs import erdos_renyi
from causalpp.oracles import Request
from causalpp.oracles.noise import Law, LogOdds, Noise, Situation, path_length

SIGMAS = 4.5
BIG = erdos_renyi(101, expected_degree=2.2, seed=1)[0]
QUESTIONS = all_questions(BIG.nodes)  # 10,100 of them
SMALL = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("smoke", "cough"), ("age", "cancer")])

FAMILIES: list[tuple[Noise, float]] = [  # and how far two answers to one question are correlated at most
    (noise.Symmetric(0.1), 0),
    (noise.Asymmetric(0.8, 0.95), 0),
    (noise.ByKind({"Causes": 0.2}), 0),
    (noise.Persistent(0.2), 1),
    (noise.Persistent(noise.Asymmetric(0.7, 0.9)), 1),
    (noise.Correlated(0.2, 0.3), 0.3),
    (noise.Correlated(noise.Asymmetric(0.9, 0.7), 0.6), 0.6),
    (noise.Correlated(0.3, 0), 0),
    (noise.Correlated(0.3, 1), 1),
    (noise.BySize(lambda d: d / 500), 0),
    (noise.ByDistance(lambda length: min(0.1 * length, 0.5), no_path=0.05), 0),
    (noise.YesBias(0.3, noise.Symmetric(0.1)), 0),
    (noise.Abstaining(0.25, noise.Asymmetric(0.7, 0.9)), 0),
    (noise.Persistent(noise.Abstaining(0.25, 0.1)), 1),
    (noise.Adversarial(), 0),
    (noise.Adversarial(0.3, noise.Symmetric(0.1)), 0),
    (noise.SharedAcrossModels(noise.Persistent(0.2), noise.Symmetric(0.1), seed=3), 1),
    (noise.SharedAcrossModels(noise.Abstaining(0.1, 0.2), noise.YesBias(0.3)), 0),
]


def excess(observed: list[bool], expected: list[float], repeats: int, correlation: float) -> float:
    """By how many standard errors a count differs from its expectation."""
    rates = np.array(expected)
    variance = (rates * (1 - rates)).sum() * (1 + (repeats - 1) * correlation)
    difference = abs(sum(observed) - rates.sum())
    return float(difference / math.sqrt(variance)) if variance > 1e-9 else (0.0 if difference < 1e-9 else math.inf)


BIG_TRUTH = {question: question.b in BIG.descendants(question.a) for question in QUESTIONS}
BIG_LENGTH = {question: path_length(question, BIG) for question in QUESTIONS}


@pytest.mark.slow
@pytest.mark.parametrize(("family", "correlation"), FAMILIES, ids=lambda value: str(value).split("<function")[0][:60])
def test_measured_rates_are_the_stated_ones(family: Noise, correlation: float) -> None:
    answers = SimulatedOracle(BIG, family, seed=5).ask(QUESTIONS[::2], repeats=2)
    assert len(answers) > 10_000
    laws: dict[tuple[bool, int | None], Law] = {}  # all that any of these families looks at
    seen: dict[bool, list[tuple[bool | None, Law]]] = {True: [], False: []}
    for answer in answers:
        key = BIG_TRUTH[answer.question], BIG_LENGTH[answer.question]
        if key not in laws:
            laws[key] = family.law(Situation(answer.question, key[0], BIG))
            assert math.isclose(sum(laws[key]), 1)
        seen[key[0]].append((answer.value, laws[key]))
    for here in seen.values():  # the true and the false ones
        for place, value in enumerate((True, False, None)):
            found = [given is value for given, _ in here]
            assert excess(found, [law[place] for _, law in here], 2, correlation) <= SIGMAS
    if correlation == 1 and not isinstance(family, noise.SharedAcrossModels):
        assert all(first.value is second.value for first, second in zip(answers[::2], answers[1::2], strict=True))


def test_the_laws_in_numbers() -> None:
    """The stated law itself, worked out by hand."""
    yes = Situation(Causes("smoke", "cancer"), True, SMALL)
    no = dataclasses.replace(yes, question=Causes("cancer", "smoke"), truth=False)

    def check(family: Noise, where: Situation, *wanted: float) -> None:
        assert family.law(where) == pytest.approx(wanted)

    check(noise.Symmetric(0.1), no, 0.1, 0.9, 0)
    check(noise.Asymmetric(0.8, 0.7), yes, 0.8, 0.2, 0)
    check(noise.Asymmetric(0.8, 0.7), no, 0.3, 0.7, 0)
    check(noise.YesBias(0.5, 0.2), no, 0.5 + 0.5 * 0.2, 0.4, 0)
    check(noise.YesBias(0.5, 0.2), dataclasses.replace(no, negated=True), 0.1, 0.9, 0)
    check(noise.Abstaining(0.5, noise.YesBias(0.2)), no, 0.1, 0.4, 0.5)
    check(noise.Adversarial(0.75), yes, 0.25, 0.75, 0)
    check(noise.BySize({1: 0.0, 4: 0.3, 9: 0.5}), yes, 0.7, 0.3, 0)
    check(noise.ByDistance({1: 0.0, 2: 0.4}, no_path=0.2), yes, 0.6, 0.4, 0)
    check(noise.ByDistance({1: 0.0, 2: 0.4}, no_path=0.2), no, 0.2, 0.8, 0)
    check(noise.SharedAcrossModels(0.1, 0.2), yes, 0.9 * 0.8 + 0.1 * 0.2, 0.9 * 0.2 + 0.1 * 0.8, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("error", "correlation"), [(0.2, 0.4), (0.05, 0.1), (0.5, 0.8)])
def test_correlated_errors_are_beta_binomial(error: float, correlation: float) -> None:
    repeats = 6
    questions = QUESTIONS[:4000]
    answers = SimulatedOracle(BIG, noise.Correlated(error, correlation), seed=9).ask(questions, repeats)
    wrong = np.array([answer.value != BIG_TRUTH[answer.question] for answer in answers]).reshape(-1, repeats).sum(1)
    strength = 1 / correlation - 1
    law = stats.betabinom(repeats, error * strength, (1 - error) * strength)
    expected = law.pmf(np.arange(repeats + 1)) * len(questions)
    assert stats.chisquare(np.bincount(wrong, minlength=repeats + 1), expected).pvalue > 1e-5
    pairs = (wrong * (wrong - 1)).mean() / (repeats * (repeats - 1))
    assert (pairs - error**2) / (error * (1 - error)) == pytest.approx(correlation, abs=0.05)


def test_persistent_answers_stay_whatever_the_words() -> None:
    oracle = SimulatedOracle(BIG, noise.Persistent(0.3), seed=1)
    for question in QUESTIONS[:50]:
        ways = itertools.product((0, 7), (0, 3), (False, True))
        assert len({oracle._answer(Request(question, *way)).value for way in ways}) == 1


def test_other_words_get_answers_of_their_own() -> None:
    oracle = SimulatedOracle(BIG, noise.Symmetric(0.5), seed=1)
    ways = [(0, False), (0, True), (1, False), (1, True)]
    answers = {way: [oracle._answer(Request(q, 0, *way)).value for q in QUESTIONS[:600]] for way in ways}
    for first, second in ((a, b) for a in ways for b in ways if a < b):
        same = np.mean([a == b for a, b in zip(answers[first], answers[second], strict=True)])
        assert abs(same - 0.5) <= SIGMAS * 0.5 / math.sqrt(600)


def test_shared_errors() -> None:
    def errors(family: Noise, seed: int) -> np.ndarray:
        answers = SimulatedOracle(BIG, family, seed).ask(QUESTIONS[:5000])
        return np.array([answer.value != BIG_TRUTH[answer.question] for answer in answers])

    common, own = 0.2, 0.1
    family = noise.SharedAcrossModels(noise.Persistent(common), noise.Symmetric(own), seed=7)
    one, two = errors(family, 0), errors(family, 1)
    # Both err where the common answer is wrong and both keep it, or it is right and both turn it round.
    both = common * (1 - own) ** 2 + (1 - common) * own**2
    assert abs((one & two).mean() - both) <= SIGMAS * math.sqrt(both * (1 - both) / 5000)
    apart = errors(dataclasses.replace(family, seed=8), 1)
    rate = common * (1 - own) + (1 - common) * own
    assert abs((one & apart).mean() - rate**2) <= SIGMAS * math.sqrt(rate**2 * (1 - rate**2) / 5000)
    # The oracle's own seed may be the same number as the shared one: still not the same errors.
    twice = noise.SharedAcrossModels(noise.Symmetric(0.5), noise.Symmetric(0.5), seed=0)
    assert abs(errors(twice, 0).mean() - 0.5) <= SIGMAS * 0.5 / math.sqrt(5000)


def test_yes_bias_shows_in_the_polarity() -> None:
    oracle = SimulatedOracle(BIG, noise.YesBias(1.0), seed=0)
    assert {oracle._answer(Request(q, negated=False)).value for q in QUESTIONS[:20]} == {True}
    assert {oracle._answer(Request(q, negated=True)).value for q in QUESTIONS[:20]} == {False}


@pytest.mark.parametrize(
    ("question", "length"),
    [
        (Causes("smoke", "cancer"), 2),
        (Causes("cancer", "smoke"), None),
        (DirectlyCauses("smoke", "cancer"), 2),
        (IndirectlyCauses("smoke", "tar"), None),
        (IndirectlyCauses("smoke", "cancer"), 2),
        (Direction("smoke", "cancer"), 2),
        (Direction("cancer", "smoke"), 2),
        (Direction("age", "smoke"), None),
        (Changes("smoke", "cancer"), 2),
        (Changes("smoke", "cancer", holding={"tar"}), None),
        (HaveCommonCause("cancer", "tar"), 1),
        (HaveCommonEffect("age", "smoke"), None),
        (Independent("cancer", "smoke", given={"tar"}), 2),
        (~Causes("smoke", "tar"), 1),
        (Causes("smoke", "tar") & Causes("smoke", "cancer"), 2),
        (Causes("tar", "smoke") | Causes("cancer", "smoke"), None),
    ],
)
def test_path_lengths(question: Proposition, length: int | None) -> None:
    assert path_length(question, SMALL) == length


def test_an_indirect_path_beside_an_edge() -> None:
    dag = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    assert (path_length(Causes("a", "c"), dag), path_length(IndirectlyCauses("a", "c"), dag)) == (1, 2)
    for a, b in (("a", "x"), ("x", "a")):
        with pytest.raises(UnknownVariable):
            path_length(Causes(a, b), dag)


def test_kinds() -> None:
    family = noise.ByKind({Causes: 1.0, "DirectlyCauses": noise.Abstaining(1.0)})
    oracle = SimulatedOracle(SMALL, family)
    asked = [Causes("smoke", "tar"), ~Causes("smoke", "tar"), DirectlyCauses("smoke", "tar")]
    assert [answer.value for answer in oracle.ask(asked)] == [False, True, None]
    with pytest.raises(InvalidParameter, match="HaveCommonCause"):
        oracle.ask(HaveCommonCause("smoke", "tar"))
    more = dataclasses.replace(family, other=0.0)
    assert SimulatedOracle(SMALL, more).ask(HaveCommonCause("smoke", "tar"))[0].value is False
    with pytest.raises(InvalidParameter, match="unknown kind"):
        noise.ByKind({"Cause": 0.1})


leaves = st.one_of(
    st.floats(0, 1).map(noise.Symmetric),
    st.builds(noise.Asymmetric, st.floats(0, 1), st.floats(0, 1)),
    st.builds(noise.Correlated, st.floats(0, 1), st.floats(0, 1)),
    st.floats(0, 1),
)


def grow(inner: st.SearchStrategy[Noise | float]) -> st.SearchStrategy[Noise | float]:
    rate = st.floats(0, 1)
    return st.one_of(
        st.builds(noise.Persistent, inner),
        st.builds(noise.YesBias, rate, inner),
        st.builds(noise.Abstaining, rate, inner),
        st.builds(noise.Adversarial, rate, inner),
        st.builds(noise.SharedAcrossModels, inner, inner, st.integers(0, 5)),
        st.builds(lambda n: noise.ByKind({"Causes": n}), inner),
        st.builds(lambda n: noise.BySize(lambda d: n), inner),
        st.builds(lambda n, m: noise.ByDistance({1: n}, m), inner, inner),
    )


@settings(max_examples=25)
@given(st.recursive(leaves, grow, max_leaves=5))
def test_families_combine(family: Noise | float) -> None:
    built = noise.Persistent(family) if isinstance(family, float) else family
    questions = QUESTIONS[:150]
    oracle = SimulatedOracle(BIG, built, seed=2)
    answers = oracle.ask(questions)
    laws = [built.law(Situation(q, bool(BIG_TRUTH[q]), BIG)) for q in questions]
    for place, value in enumerate((True, False, None)):
        assert all(law[place] > 0 for law, a in zip(laws, answers, strict=True) if a.value is value)
        assert excess([a.value is value for a in answers], [law[place] for law in laws], 1, 0) <= 6
    bound = built.on(BIG)
    again = pickle.loads(pickle.dumps(bound))
    assert repr(again) == repr(bound)
    assert SimulatedOracle(BIG, again, seed=2).fingerprint == oracle.fingerprint
    assert SimulatedOracle(BIG, again, seed=2).ask(questions) == answers


def test_fingerprints_hold_the_values_of_functions_and_not_their_names() -> None:
    def make(rule: Callable[[int], float]) -> str:
        return SimulatedOracle(SMALL, noise.BySize(rule)).fingerprint

    assert make(lambda d: 0.1 * d) == make(lambda size: size * 0.1) != make(lambda d: 0.11 * d)
    near = noise.ByDistance(lambda n: 0.1 * min(n, 3), 0.1)
    table = noise.ByDistance({1: 0.1, 2: 0.2, 3: 0.1 * 3}, 0.1)
    assert SimulatedOracle(SMALL, near).fingerprint == SimulatedOracle(SMALL, table).fingerprint
    assert "0x" not in repr(SimulatedOracle(SMALL, noise.Abstaining(0.1, near)))
    assert SimulatedOracle(SMALL, noise.Symmetric(np.float64(0.1))).fingerprint == (
        SimulatedOracle(SMALL, noise.Symmetric(0.1)).fingerprint
    )


@pytest.mark.slow
def test_answers_are_the_same_in_another_process() -> None:
    code = (
        "from causalpp import *; d = Dag.from_edges([('a', 'b'), ('b', 'c')]);"
        "n = noise.ByKind({'Causes': noise.BySize(lambda d: .1 * d)}, other=noise.ByDistance(lambda d: .1, .2));"
        "o = SimulatedOracle(d, noise.SharedAcrossModels(n, .1), 4, noise.LogOdds(.5, .7));"
        "said = (o.fingerprint, [(a.value, a.log_odds) for a in o.ask(Causes('a', 'c'), 5)])"
    )
    done = warm.run(code + "; print(said)")  # a child of another interpreter, which hashes text in another way
    here: dict[str, object] = {}
    exec(code, here)
    assert done.out.strip() == str(here["said"]), done.err


def test_a_noise_that_does_not_describe_itself_is_refused() -> None:
    class Mine(Noise):
        def __init__(self, rate: object) -> None:
            self.rate = rate

        def answer(self, situation: Situation) -> bool:
            return situation.truth

    assert repr(Mine(0.1)) == "Mine(rate=0.1)"
    assert SimulatedOracle(SMALL, Mine(0.1)).fingerprint != SimulatedOracle(SMALL, Mine(0.2)).fingerprint
    with pytest.raises(InvalidParameter, match="repr"):
        _ = SimulatedOracle(SMALL, Mine(lambda: 0.1)).fingerprint
    with pytest.raises(InvalidParameter, match=r"law\(\)"):
        SimulatedOracle(SMALL, Mine(0.1), log_odds=LogOdds()).ask(Causes("smoke", "tar"))


@pytest.mark.parametrize("rate", [1.5, -0.1, math.nan, "0.1", None])
def test_rates_are_probabilities(rate: float) -> None:
    for make in (
        noise.Symmetric,
        noise.Persistent,
        noise.Adversarial,
        noise.YesBias,
        noise.Abstaining,
        noise.SharedAcrossModels,
        lambda value: noise.Asymmetric(0.5, value),
        lambda value: noise.Correlated(value, 0.5),
        lambda value: noise.Correlated(0.5, value),
        lambda value: noise.BySize({1: value}),
        lambda value: noise.ByDistance({1: value}, 0.1),
        lambda value: noise.ByDistance({1: 0.1}, value),
        lambda value: noise.ByKind({"Causes": value}),
    ):
        with pytest.raises(InvalidParameter, match="between 0 and 1"):
            make(rate)


def test_what_cannot_be_a_noise() -> None:
    for make, message in (
        (lambda: noise.Correlated(noise.YesBias(0.1), 0.1), "Asymmetric"),  # type: ignore[arg-type]
        (lambda: noise.BySize(0.1), "function"),  # type: ignore[arg-type]
        (lambda: noise.BySize({}), "whole numbers"),
        (lambda: noise.ByDistance({"one": 0.1}, 0.1), "whole numbers"),  # type: ignore[dict-item]
        (lambda: noise.BySize({9: 0.1}).on(SMALL), "begins at 9"),
        (lambda: noise.SharedAcrossModels(0.1, seed=-1), "seed"),
        (lambda: LogOdds(slope=0), "slope"),
        (lambda: LogOdds(intercept=math.inf), "intercept"),
    ):
        with pytest.raises(InvalidParameter, match=message):
            make()


# --- log-odds -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "log_odds"),
    [
        (noise.Symmetric(0.2), LogOdds()),
        (noise.Symmetric(0.2), LogOdds(slope=0.3)),
        (noise.Asymmetric(0.9, 0.7), LogOdds(intercept=-0.5, slope=2.0)),
        (noise.Abstaining(0.2, noise.Correlated(0.25, 0.3)), LogOdds(intercept=0.4)),
        (noise.Persistent(0.2), LogOdds(slope=0.5, persistent=True)),
    ],
)
def test_log_odds_are_as_calibrated_as_stated(family: Noise, log_odds: LogOdds) -> None:
    true = [question for question in QUESTIONS if BIG_TRUTH[question]]
    false = [question for question in QUESTIONS if not BIG_TRUTH[question]]
    each = min(len(true), len(false))
    answers = SimulatedOracle(BIG, family, 3, log_odds).ask([*true[:each], *false[:each]])
    for answer in answers:
        assert (answer.log_odds is None) == (answer.value is None)
        assert answer.log_odds is None or (answer.log_odds > 0) == answer.value
    said = np.array([a.log_odds for a in answers if a.value is not None])
    truth = np.array([BIG_TRUTH[a.question] for a in answers if a.value is not None])
    expected = 1 / (1 + np.exp(-(log_odds.intercept + log_odds.slope * said)))
    edges = np.quantile(said, np.linspace(0, 1, 9))
    for low, high in itertools.pairwise(edges):
        bin_ = (said >= low) & (said <= high)
        variance = (expected[bin_] * (1 - expected[bin_])).sum()
        assert abs(truth[bin_].sum() - expected[bin_].sum()) <= SIGMAS * math.sqrt(variance)


def test_log_odds_change_no_answer_and_persist_if_asked_to() -> None:
    plain = SimulatedOracle(BIG, noise.Correlated(0.3, 0.3), 1)
    said = SimulatedOracle(BIG, noise.Correlated(0.3, 0.3), 1, LogOdds())
    stays = SimulatedOracle(BIG, noise.Persistent(0.3), 1, LogOdds(persistent=True))
    questions = QUESTIONS[:100]
    assert [a.value for a in plain.ask(questions, 3)] == [a.value for a in said.ask(questions, 3)]
    assert all(len({a.log_odds for a in stays.ask(question, 4)}) == 1 for question in questions)
    assert len({plain.fingerprint, said.fingerprint, stays.fingerprint}) == 3
    assert "LogOdds(intercept=0.0, slope=1.0" in repr(said)


def test_pointing_at_another_graph() -> None:
    oracle = SimulatedOracle(BIG, noise.BySize({1: 0.1, 5: 0.3}), 1, LogOdds()).about(SMALL, seed=8)
    assert oracle.fingerprint == SimulatedOracle(SMALL, noise.Symmetric(0.3), 8, LogOdds()).fingerprint
