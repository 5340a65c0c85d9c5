"""The bounds against numerical maximisation, the formula of the theory, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from causalpp.design import capacity, divergence, question_bound
from causalpp.errors import InvalidParameter

errors = st.floats(0, 1)
misses = st.floats(0, 1)
sizes = st.integers(1, 10**6)


def mutual_information(p: float, error: float) -> float:
    """Between a bit that is one with probability p and its image, from the joint table, in bits."""
    joint = np.array([[(1 - p) * (1 - error), (1 - p) * error], [p * error, p * (1 - error)]])
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log2(joint[seen] / product[seen])).sum())


@pytest.mark.parametrize("error", [0.0, 0.01, 0.1, 0.25, 0.4, 0.5, 0.6, 0.9, 1.0])
def test_capacity_is_the_largest_mutual_information(error: float) -> None:
    best = optimize.minimize_scalar(
        lambda p: -mutual_information(p, error), bounds=(0, 1), method="bounded", options={"xatol": 1e-9}
    )
    assert capacity(error) == pytest.approx(-best.fun, abs=1e-9)


@pytest.mark.parametrize("error", [0.01, 0.1, 0.25, 0.4, 0.5, 0.6, 0.9])
def test_divergence_is_the_largest_one_between_two_answer_laws(error: float) -> None:
    laws = [np.array([error, 1 - error]), np.array([1 - error, error])]
    largest = max(stats.entropy(p, q, base=2) for p in laws for q in laws)
    assert divergence(error) == pytest.approx(largest, abs=1e-12)


def test_noise_free_and_useless_answers() -> None:
    assert capacity(0) == capacity(1) == 1
    assert divergence(0) == divergence(1) == math.inf
    assert capacity(0.5) == divergence(0.5) == 0


@given(errors)
def test_a_known_liar_tells_as_much_as_a_truthful_oracle(error: float) -> None:
    mirrored = 1 - error
    if 1 - mirrored != error:  # rounding
        return
    assert capacity(error) == pytest.approx(capacity(mirrored), abs=1e-12)
    assert divergence(error) == pytest.approx(divergence(mirrored), rel=1e-9)
    assert 0 <= capacity(error) <= 1
    assert divergence(error) >= 0


@pytest.mark.parametrize("n", [2, 3, 6, 50, 100_000])
@pytest.mark.parametrize("error", [0.01, 0.1, 0.3, 0.45, 0.7])
@pytest.mark.parametrize("missed", [0.001, 0.05, 0.2, 0.4])
def test_against_the_formula(n: int, error: float, missed: float) -> None:
    def entropy(*p: float) -> float:
        return float(stats.entropy(p, base=2))

    fano = ((1 - missed) * math.log2(n) - entropy(missed, 1 - missed)) / (1 - entropy(error, 1 - error))
    law, rival = [1 - missed, missed], [missed / (n - 1), 1 - missed / (n - 1)]
    change = stats.entropy(law, rival, base=2) / stats.entropy([1 - error, error], [error, 1 - error], base=2)
    assert question_bound(n, error, missed) == pytest.approx(max(fano, change, 0), rel=1e-9)


def test_walds_test_attains_the_bound() -> None:
    """Wald's test for n = 2, by gambler's ruin: there is no overshoot on a lattice, so it attains the bound."""
    for error in (0.05, 0.2, 0.35):
        step = math.log((1 - error) / error)
        for k in range(1, 8):  # stop when yes leads no, or no leads yes, by k: gambler's ruin
            ratio = (error / (1 - error)) ** k
            missed = ratio / (1 + ratio)
            mean = k * (1 - 2 * missed) / (1 - 2 * error)
            bound = question_bound(2, error, missed)
            assert bound == pytest.approx(mean, rel=1e-9)
            assert k * step == pytest.approx(math.log((1 - missed) / missed))


def test_limits() -> None:
    assert question_bound(1, 0.1, 0.0) == 0
    assert question_bound(1, 0.5, 0.0) == 0  # nothing to find out
    assert question_bound(2, 0.0, 0.0) == 1
    assert question_bound(64, 0.0, 0.0) == question_bound(64, 1.0, 0.0) == 6
    assert question_bound(64, 0.1, 0.0) == math.inf  # noisy answers are never certain
    assert question_bound(64, 0.5, 0.05) == math.inf
    for error in (0.0, 0.1, 0.5, 1.0):
        assert question_bound(64, error, 1.0) == 0
        assert question_bound(64, error, 1 - 1 / 64) == 0  # as good as a guess
    assert question_bound(64, 0.5, 0.98) == math.inf
    assert question_bound(2, 0.1, 0.5) == 0
    assert question_bound(2, 0.1, 0.4999) < 1e-3  # and continuous there
    assert question_bound(64, 0.1, 1 - 1 / 64 - 1e-6) < 1e-3
    # noise-free answers: continuous in the rate of misses, also where it is absurdly small
    assert question_bound(64, 0.0, 1e-12) == pytest.approx(6)
    assert question_bound(64, 0.0, 1e-310) == 6
    assert question_bound(64, 1e-300, 1e-310) == pytest.approx(6, rel=1e-3)


@settings(max_examples=300)
@given(sizes, errors, misses)
def test_never_negative_nor_undefined(n: int, error: float, missed: float) -> None:
    assert question_bound(n, error, missed) >= 0


@settings(max_examples=300)
@given(sizes, sizes, errors, misses)
def test_more_candidates_need_no_fewer(n: int, m: int, error: float, missed: float) -> None:
    few, many = sorted((n, m))
    assert question_bound(few, error, missed) <= question_bound(many, error, missed) * (1 + 1e-9)


@settings(max_examples=300)
@given(sizes, st.floats(0, 0.5), st.floats(0, 0.5), misses)
def test_worse_answers_need_no_fewer(n: int, one: float, other: float, missed: float) -> None:
    good, bad = sorted((one, other))
    assert question_bound(n, good, missed) <= question_bound(n, bad, missed) * (1 + 1e-9)


@settings(max_examples=300)
@given(sizes, errors, misses, misses)
def test_missing_more_often_needs_no_more(n: int, error: float, one: float, other: float) -> None:
    strict, lax = sorted((one, other))
    assert question_bound(n, error, lax) <= question_bound(n, error, strict) * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_misuse(bad: float) -> None:
    for call in (capacity, divergence):
        with pytest.raises(InvalidParameter, match="between 0 and 1"):
            call(bad)
    with pytest.raises(InvalidParameter, match="between 0 and 1"):
        question_bound(4, bad, 0.1)
    with pytest.raises(InvalidParameter, match="between 0 and 1"):
        question_bound(4, 0.1, bad)
    with pytest.raises(InvalidParameter, match="at least one"):
        question_bound(0, 0.1, 0.1)
