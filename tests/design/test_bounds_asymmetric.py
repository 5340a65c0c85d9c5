"""Channels that err differently on true and false, errors that persist, and the efficiency of a run."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from causalpp.design import capacity, divergence, question_bound
from causalpp.design.bounds import accuracy_ceiling, attainable_accuracy, efficiency
from causalpp.errors import InvalidParameter

rates = st.floats(0, 1)
GRID = [0.0, 0.01, 0.1, 0.25, 0.5, 0.7, 0.95, 1.0]


def mutual_information(p: float, s: float, f: float) -> float:
    """Between a truth that is yes with probability p and the answer, in bits, from the joint table."""
    joint = np.array([[p * s, p * (1 - s)], [(1 - p) * f, (1 - p) * (1 - f)]])
    product = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    seen = joint > 0
    return float((joint[seen] * np.log2(joint[seen] / product[seen])).sum())


def blahut_arimoto(s: float, f: float, steps: int = 5000) -> float:
    """The capacity by alternating maximisation (Blahut 1972, Arimoto 1972)."""
    law, p = np.array([[s, 1 - s], [f, 1 - f]]), np.array([0.5, 0.5])
    for _ in range(steps):
        far = np.array([stats.entropy(row, p @ law, base=2) for row in law])
        p = p * 2**far
        p /= p.sum()
    return float(far.max())


@pytest.mark.parametrize(("error", "other"), list(itertools.product(GRID, GRID)))
def test_capacity_is_the_largest_mutual_information(error: float, other: float) -> None:
    best = optimize.minimize_scalar(
        lambda p: -mutual_information(p, 1 - error, other), bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    )
    assert capacity(error, other) == pytest.approx(-best.fun, abs=1e-9)


@pytest.mark.parametrize(("error", "other"), [(0.3, 0.1), (0.05, 0.4), (0.5, 0.2)])
def test_capacity_by_blahut_and_arimoto(error: float, other: float) -> None:
    assert capacity(error, other) == pytest.approx(blahut_arimoto(1 - error, other, 400), abs=1e-6)


def test_known_channels() -> None:
    assert capacity(0.5, 0.0) == pytest.approx(math.log2(1.25))  # the Z channel
    for error in GRID:
        assert capacity(error, error) == capacity(error)
        assert divergence(error, error) == divergence(error)
        assert capacity(error, 1 - error) == pytest.approx(0, abs=1e-12)  # the same law either way
        z = (1 - error) * error ** (error / (1 - error)) if error < 1 else 0.0
        assert capacity(error, 0.0) == pytest.approx(math.log2(1 + z), abs=1e-12)


@pytest.mark.parametrize("mean", [0.5, 0.2, 0.01])
def test_capacity_is_smooth_where_the_laws_meet(mean: float) -> None:
    """On both sides of the switch to the leading term, beside a sum that does not cancel."""
    for gap in mean * (1 - mean) * np.array([0.5e-4, 0.999e-4, 1.001e-4, 2e-4]):
        s, f = mean + gap / 2, mean - gap / 2
        small = gap * gap / (8 * math.log(2) * mean * (1 - mean))
        assert capacity(1 - s, f) == pytest.approx(small, rel=1e-4)


@settings(max_examples=300)
@given(rates, rates)
def test_symmetries(error: float, other: float) -> None:
    """Renaming yes and no, and negating every question, change nothing; information is never negative."""
    c = capacity(error, other)
    assert 0 <= c <= 1
    if 1 - (1 - error) == error and 1 - (1 - other) == other:
        assert capacity(other, error) == pytest.approx(c, abs=1e-9)
        assert capacity(1 - other, 1 - error) == pytest.approx(c, abs=1e-9)
        assert divergence(other, error) == pytest.approx(divergence(error, other), rel=1e-6, abs=1e-9)


@settings(max_examples=300)
@given(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_worse_channel_tells_no_more(one: float, two: float, other: float) -> None:
    good, bad = sorted((one, two))
    assert capacity(bad, other) <= capacity(good, other) + 1e-9
    assert divergence(bad, other) <= divergence(good, other) * (1 + 1e-9) + 1e-12


def test_divergence_is_the_larger_of_two() -> None:
    for error, other in [(0.1, 0.3), (0.4, 0.02), (0.9, 0.2)]:
        laws = [np.array([1 - error, error]), np.array([other, 1 - other])]
        expected = max(stats.entropy(*laws, base=2), stats.entropy(*laws[::-1], base=2))
        assert divergence(error, other) == pytest.approx(expected, rel=1e-9)
    assert divergence(0.3, 0.0) == math.inf  # a yes is proof


# --- question_bound ------------------------------------------------------------------------------------


def best_accuracy(prior: np.ndarray, truth: np.ndarray, s: float, f: float, budget: int) -> float:
    """Of the best adaptive strategy with so many questions, by looking at every strategy and every answer."""
    if budget == 0:
        return float(prior.max())
    best = 0.0
    for column in truth.T:
        yes = np.where(column, s, f)
        best = max(best, sum(best_accuracy(prior * law, truth, s, f, budget - 1) for law in (yes, 1 - yes)))
    return best


@pytest.mark.parametrize(("error", "other"), [(0.1, 0.1), (0.3, 0.3), (0.05, 0.3), (0.4, 0.0)])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_no_strategy_beats_the_bound(n: int, error: float, other: float) -> None:
    """The optimal strategy with k questions misses at some rate; the bound at that rate is at most k."""
    truth = np.array([list(row) for row in itertools.product([True, False], repeat=n)]).T[:, 1:-1]  # every question
    truth = truth[:, : truth.shape[1] // 2] if error == other else truth
    prior = np.full(n, 1 / n)
    skew = np.array([0.7, 0.2, 0.07, 0.03])[:n]
    skew = skew / skew.sum()
    for k in range(4 if n < 4 else 3):
        missed = 1 - best_accuracy(prior, truth, 1 - error, other, k)
        assert question_bound(n, error, missed, error_if_false=other) <= k + 1e-9
        missed = 1 - best_accuracy(skew, truth, 1 - error, other, k)
        entropy = float(stats.entropy(skew, base=2))
        assert question_bound(n, error, missed, error_if_false=other, prior_entropy=entropy) <= k + 1e-9


@settings(max_examples=200)
@given(st.integers(2, 1000), st.floats(0, 0.45), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_more_certain_prior_needs_no_more(n: int, error: float, missed: float, one: float, two: float) -> None:
    low, high = (share * math.log2(n) for share in sorted((one, two)))
    few = question_bound(n, error, missed, prior_entropy=low)
    assert 0 <= few <= question_bound(n, error, missed, prior_entropy=high) + 1e-9


def test_general_prior() -> None:
    expected = (2.5 - stats.entropy([0.1, 0.9], base=2) - 0.1 * math.log2(7)) / capacity(0.2)
    assert question_bound(8, 0.2, 0.1, prior_entropy=2.5) == pytest.approx(expected)
    assert question_bound(8, 0.2, 0.1, prior_entropy=0.0) == 0
    assert question_bound(8, 0.5, 0.1, prior_entropy=2.5) == math.inf
    assert question_bound(8, 0.1, 0.05, error_if_false=0.3) > question_bound(8, 0.1, 0.05)


# --- persistent errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "other"), [(0.1, 0.1), (0.3, 0.3), (0.1, 0.4), (0.0, 0.0)])
@pytest.mark.parametrize("seed", range(4))
def test_ceiling_is_never_below_what_is_attainable(seed: int, error: float, other: float) -> None:
    rng = np.random.default_rng(seed)
    n, q = int(rng.integers(2, 9)), int(rng.integers(0, 7))
    truth = rng.random((n, q)) < 0.5
    prior = rng.dirichlet(np.ones(n))
    slow = 0.0
    for said in itertools.product([True, False], repeat=q):
        yes = np.where(truth, 1 - error, other)
        slow += (prior * np.where(np.array(said), yes, 1 - yes).prod(1)).max()
    found, spread = attainable_accuracy(
        torch.from_numpy(truth), error, error_if_false=other, prior=torch.from_numpy(prior)
    )
    assert found == pytest.approx(slow, abs=1e-12)
    assert spread == 0
    ceiling = accuracy_ceiling(n, error, q, error_if_false=other, prior_entropy=float(stats.entropy(prior, base=2)))
    assert found <= ceiling + 1e-9


def test_attainable_accuracy_by_drawing() -> None:
    truth = torch.rand((20, 12), generator=torch.Generator().manual_seed(0)) < 0.5
    exact, _ = attainable_accuracy(truth, 0.2)
    constant = torch.cat([truth, torch.ones((20, 3), dtype=torch.bool)], 1)  # questions that tell nothing
    drawn, spread = attainable_accuracy(constant, 0.2, draws=4000, seed=1)
    assert 0 < spread < 0.01
    assert abs(drawn - exact) < 4 * spread


def test_limits_of_the_ceiling() -> None:
    assert accuracy_ceiling(1, 0.3, 0) == 1
    assert accuracy_ceiling(8, 0.0, 3) == 1
    assert accuracy_ceiling(8, 0.1, 10_000) == 1
    for q in (0, 1, 1000):
        assert accuracy_ceiling(8, 0.5, q) == pytest.approx(1 / 8, abs=1e-6)
    assert accuracy_ceiling(2, 0.1, 1) == pytest.approx(0.9)  # one answer about two graphs: Fano is exact


@settings(max_examples=200)
@given(st.integers(1, 5000), st.floats(0, 0.5), st.floats(0, 0.5), st.integers(0, 60), st.integers(0, 60))
def test_ceiling_is_monotone(n: int, one: float, two: float, few: int, many: int) -> None:
    good, bad = sorted((one, two))
    few, many = sorted((few, many))
    ceiling = accuracy_ceiling(n, bad, few)
    assert 1 / n - 1e-9 <= ceiling <= 1
    assert ceiling <= accuracy_ceiling(n, bad, many) + 1e-9
    assert ceiling <= accuracy_ceiling(n, good, few) + 1e-9


# --- efficiency ----------------------------------------------------------------------------------------


def test_efficiency() -> None:
    bound = question_bound(50, 0.1, 0.05)
    assert efficiency(1.5 * bound, 50, 0.1, 0.05) == pytest.approx(1 / 1.5)
    assert efficiency(0, 1, 0.1, 0.05) == 1
    assert efficiency(3, 1, 0.1, 0.05) == 0
    with pytest.raises(InvalidParameter, match="estimate the rate of misses"):
        efficiency(20, 50, 0.1, 0.0)
    with pytest.raises(InvalidParameter, match="0 or more"):
        efficiency(-1, 50, 0.1, 0.05)


def test_walds_test_has_efficiency_one() -> None:
    """Gambler's ruin: stop when yes leads no, or no leads yes, by three."""
    error = 0.2
    ratio = (error / (1 - error)) ** 3
    missed = ratio / (1 + ratio)
    assert efficiency(3 * (1 - 2 * missed) / (1 - 2 * error), 2, error, missed) == pytest.approx(1)


def test_misuse() -> None:
    truth = torch.tensor([[True], [False]])
    for call in (
        lambda: capacity(0.1, 1.2),
        lambda: divergence(0.1, -0.2),
        lambda: question_bound(4, 0.1, 0.1, prior_entropy=2.5),
        lambda: accuracy_ceiling(0, 0.1, 3),
        lambda: accuracy_ceiling(4, 0.1, -1),
        lambda: attainable_accuracy(truth[:0], 0.1),
        lambda: attainable_accuracy(truth, 0.1, prior=torch.ones(3)),
        lambda: attainable_accuracy(truth, 0.1, draws=1),
    ):
        with pytest.raises(InvalidParameter):
            call()
