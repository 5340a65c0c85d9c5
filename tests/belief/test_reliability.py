"""The posterior of an oracle's reliability against samples from the same mixture."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from causalpp import Answer, Belief, Causes, Dag, MarkovEquivalenceClass
from causalpp.belief import Fixed, Learned, Reliability
from causalpp.errors import InvalidParameter

SIGMAS = 4.5
DRAWS = 400_000
CELL = 1 / 400


def mixture(seed: int) -> Reliability:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 7))
    beta = rng.uniform(0.5, 12, (k, 4)) * rng.choice([1, 5], (k, 1))
    return Reliability(rng.dirichlet(np.ones(k)), beta)


def sampled(reliability: Reliability, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    which = rng.choice(len(reliability.weights), DRAWS, p=reliability.weights)
    a, b, c, d = reliability.beta[which].T
    return rng.beta(a, b), 1 - rng.beta(c, d)


@pytest.mark.parametrize("seed", range(6))
def test_against_samples(seed: int) -> None:
    reliability = mixture(seed)
    draws = dict(zip(("sensitivity", "specificity"), sampled(reliability, seed + 100), strict=True))
    for name, values in draws.items():
        mean = getattr(reliability, name)
        assert abs(values.mean() - mean) <= SIGMAS * values.std() / math.sqrt(DRAWS)
        for mass in (0.5, 0.9, 0.99):
            low, high = reliability.interval(name, mass)
            tail = (1 - mass) / 2
            slack = SIGMAS * math.sqrt(tail * (1 - tail) / DRAWS)
            # each end is the quantile, rounded outwards to the grid
            assert (values < low).mean() <= tail + slack <= (values < low + CELL).mean() + 2 * slack
            assert (values > high).mean() <= tail + slack <= (values > high - CELL).mean() + 2 * slack
    chance = (draws["sensitivity"] + draws["specificity"] > 1).mean()
    slack = SIGMAS * math.sqrt(max(chance * (1 - chance), 1 / DRAWS) / DRAWS) + 2e-4
    assert abs(reliability.better_than_chance - chance) <= slack
    assert reliability.error == pytest.approx(1 - (reliability.sensitivity + reliability.specificity) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_density_against_samples(seed: int) -> None:
    reliability = mixture(seed)
    grid, *densities = reliability.density()
    for values, density in zip(sampled(reliability, seed + 50), densities, strict=True):
        assert density.sum() * CELL == pytest.approx(1, abs=1e-9)
        assert (density >= 0).all()
        expected = density.reshape(20, 20).sum(1) * CELL
        counted = np.histogram(values, bins=20, range=(0, 1))[0] / DRAWS
        assert grid.reshape(20, 20).mean(1) == pytest.approx(np.arange(20) / 20 + 0.025)
        slack = SIGMAS * np.sqrt(np.maximum(expected * (1 - expected), 1 / DRAWS) / DRAWS)
        assert (abs(counted - expected) <= slack).all()


def test_better_than_chance_is_exact_in_known_cases() -> None:
    one = np.ones(1)
    assert Reliability(one, np.array([[1.0, 1, 1, 1]])).better_than_chance == pytest.approx(0.5)
    # P(s > f) of s ~ Beta(2, 1), f ~ Beta(1, 2): 1 − ∫ 2s (1−s)² ds = 5/6
    assert Reliability(one, np.array([[2.0, 1, 1, 2]])).better_than_chance == pytest.approx(5 / 6, abs=1e-4)
    assert Reliability(one, np.array([[1.0, 2, 2, 1]])).better_than_chance == pytest.approx(1 / 6, abs=1e-4)


@pytest.mark.parametrize("error", [0.001, 0.1, 0.123, 0.3, 0.5, 0.77, 0.9999])
def test_a_fixed_channel_is_a_spike(error: float) -> None:
    chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")])).batch()
    belief = Belief.uniform(chain, Fixed(error)).update([Answer(Causes("a", "c"), True)] * 3)
    reliability = belief.reliability
    for name in ("sensitivity", "specificity"):
        assert getattr(reliability, name) == pytest.approx(1 - error, abs=1e-9)
        low, high = reliability.interval(name)
        assert low - 1e-9 <= 1 - error <= high + 1e-9
        assert high - low <= 2 * CELL + 1e-9
    assert reliability.error == pytest.approx(error, abs=1e-9)
    expected = 1.0 if error < 0.5 else 0.5 if error == 0.5 else 0.0
    assert reliability.better_than_chance == pytest.approx(expected, abs=1e-6)
    grid, density, _ = reliability.density()
    assert grid[density > 1] == pytest.approx(1 - error, abs=CELL)


def test_extreme_parameters_give_no_warnings() -> None:
    """Warnings are errors here."""
    beta = np.array([[1e-3, 1e-3, 1e3, 1e-3], [1e9, 1, 1, 1e9], [0.5, 1e6, 1e6, 0.5], [1e12, 1e12, 3, 3]])
    reliability = Reliability(np.full(4, 0.25), beta)
    numbers = [
        reliability.better_than_chance,
        *reliability.interval("sensitivity"),
        *reliability.interval("specificity", 0.5),
        *(float(part.sum()) for part in reliability.density()),
    ]
    assert all(math.isfinite(number) for number in numbers)
    assert 0 <= reliability.better_than_chance <= 1
    assert reliability.interval("sensitivity", 1.0) == (0.0, 1.0)


def test_a_belief_mixes_over_what_the_graphs_make_of_the_answers() -> None:
    chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")])).batch()
    answers = [Answer(Causes("a", "c"), True), Answer(Causes("c", "a"), True), Answer(Causes("b", "a"), False)]
    belief = Belief.uniform(chain, Learned()).update(answers)
    p = belief.probabilities
    if_true, if_false = belief.rates
    assert belief.reliability.sensitivity == pytest.approx(float(p @ if_true))
    assert belief.reliability.specificity == pytest.approx(float(1 - p @ if_false))
    assert belief.reliability.weights.sum() == pytest.approx(1)
    assert len(belief.reliability.weights) == len(torch.unique(belief.counts, dim=0))


def test_the_answers_move_it_the_right_way() -> None:
    pair = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("c", "b")])).batch()  # one member
    before = Belief.uniform(pair, Learned())
    says_yes = before.update([Answer(Causes("a", "b"), True)] * 5)
    assert says_yes.reliability.sensitivity > before.reliability.sensitivity
    assert says_yes.reliability.specificity == pytest.approx(before.reliability.specificity)
    lies = before.update([Answer(Causes("b", "a"), True)] * 5)
    assert lies.reliability.specificity < before.reliability.specificity
    assert lies.reliability.sensitivity == pytest.approx(before.reliability.sensitivity)
    both = lies.update([Answer(Causes("a", "b"), False)] * 20)
    assert both.reliability.better_than_chance < 0.05 < 0.95 < before.reliability.better_than_chance


def test_as_text_and_values() -> None:
    reliability = mixture(1)
    values = reliability.to_dict()
    assert set(values) == {
        "sensitivity",
        "sensitivity_90",
        "specificity",
        "specificity_90",
        "better_than_chance",
    }
    assert values["sensitivity_90"] == list(reliability.interval("sensitivity", 0.9))
    assert f"sensitivity {reliability.sensitivity:.2f}" in repr(reliability)
    assert f"specificity {reliability.specificity:.2f}" in repr(reliability)


def test_misuse() -> None:
    with pytest.raises(InvalidParameter, match="sensitivity"):
        mixture(0).interval("accuracy")
    for mass in (0.0, 1.5, math.nan):
        with pytest.raises(InvalidParameter, match="mass"):
            mixture(0).interval("sensitivity", mass)


@pytest.mark.parametrize("seed", range(3))
def test_bars_hold_the_mass_that_is_sampled(seed: int) -> None:
    reliability = mixture(seed)
    ends, *shares = reliability.histogram(10)
    for share, values in zip(shares, sampled(reliability, seed), strict=True):
        assert share.sum() == pytest.approx(1)
        counted = np.histogram(values, ends)[0] / DRAWS
        assert np.abs(share - counted).max() < SIGMAS * math.sqrt(0.25 / DRAWS)
