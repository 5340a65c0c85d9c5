"""Channels against the likelihood written out answer by answer and integrated numerically."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from causalpp.belief import Channel, Fixed, Learned
from causalpp.errors import InvalidParameter

CHANNELS = [
    Fixed(0.1),
    Fixed(0.5),
    Fixed(0.85),
    Learned(),
    Learned((1.0, 1.0), (1.0, 1.0)),
    Learned((2.5, 1.5), (6.0, 0.7)),
    Learned((0.5, 0.5), (30.0, 3.0)),
]
rows = st.lists(st.integers(0, 40), min_size=4, max_size=4)


def tensor(counts: list[list[int]]) -> torch.Tensor:
    return torch.tensor(counts, dtype=torch.float64)


def integral(yes: int, no: int, a: float, b: float) -> float:
    """∫ p^yes (1−p)^no Beta(p; a, b) dp: how probable these answers are in this order."""
    value, _ = integrate.quad(
        lambda p: p**yes * (1 - p) ** no * stats.beta.pdf(p, a, b), 0, 1, epsabs=0, epsrel=1e-9, limit=200
    )
    return float(value)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (3, 0, 1, 2), (0, 5, 4, 0), (2, 2, 7, 1), (1, 0, 0, 9)])
@pytest.mark.parametrize("channel", [Learned(), Learned((2.5, 1.5), (6.0, 1.7)), Learned((1.0, 3.0), (2.0, 1.0))])
def test_learned_likelihood_is_the_integral_over_both_rates(channel: Learned, counts: tuple[int, ...]) -> None:
    yes_true, no_true, yes_false, no_false = counts
    expected = integral(yes_true, no_true, *channel.sensitivity) * integral(no_false, yes_false, *channel.specificity)
    assert channel.log_likelihood(tensor([list(counts)])).item() == pytest.approx(math.log(expected), abs=1e-7)


@given(rows, st.floats(0.001, 0.999))
def test_fixed_likelihood_is_a_product_over_the_answers(counts: list[int], error: float) -> None:
    wrong = [False, True, True, False]
    expected = sum(
        math.log(error if wrong[k] else 1 - error) for k in range(4) for _ in range(counts[k])
    )  # answer by answer
    assert Fixed(error).log_likelihood(tensor([counts])).item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(rows, st.sampled_from(CHANNELS))
def test_the_predictive_is_what_one_more_answer_multiplies_the_likelihood_by(
    counts: list[int], channel: Channel
) -> None:
    now = tensor([counts])
    before = channel.log_likelihood(now)
    if_true, if_false = channel.rates(now)
    for column, expected in enumerate((if_true, 1 - if_true, if_false, 1 - if_false)):
        more = now.clone()
        more[0, column] += 1
        ratio = (channel.log_likelihood(more) - before).exp()
        assert ratio.item() == pytest.approx(expected.item(), rel=1e-8, abs=1e-12)


@settings(deadline=None)
@given(rows, st.sampled_from(CHANNELS))
def test_the_predictive_is_the_mean_of_the_posterior(counts: list[int], channel: Channel) -> None:
    a, b, c, d = channel.beta(tensor([counts]))[0].tolist()
    if_true, if_false = channel.rates(tensor([counts]))
    assert if_true.item() == pytest.approx(stats.beta.mean(a, b), rel=1e-12)
    assert if_false.item() == pytest.approx(stats.beta.mean(c, d), rel=1e-12)


def test_no_answers_are_certain() -> None:
    for channel in CHANNELS:
        assert channel.log_likelihood(torch.zeros(3, 4, dtype=torch.float64)).tolist() == pytest.approx([0, 0, 0])
        assert channel.log_likelihood(torch.zeros(0, 4, dtype=torch.float64)).shape == (0,)


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_likelihood_of_all_possible_answers_sums_to_one(channel: Channel) -> None:
    truth = [True, True, False, True, False, False]
    table = []
    for answers in itertools.product((True, False), repeat=len(truth)):
        columns = [(0 if yes else 1) if true else (2 if yes else 3) for yes, true in zip(answers, truth, strict=True)]
        table.append(np.bincount(columns, minlength=4).tolist())
    assert channel.log_likelihood(tensor(table)).exp().sum().item() == pytest.approx(1, abs=1e-9)


def test_many_answers_do_not_overflow() -> None:
    big = tensor([[1e6, 1e5, 1e5, 1e6]])  # type: ignore[list-item]
    for channel in CHANNELS:
        assert bool(channel.log_likelihood(big).isfinite().all())


def test_the_default_prior_prefers_better_than_chance() -> None:
    if_true, if_false = Learned().rates(torch.zeros(1, 4, dtype=torch.float64))
    assert (if_true.item(), if_false.item()) == (0.8, pytest.approx(0.2))
    right, wrong = Learned().log_likelihood(tensor([[3, 0, 0, 3], [0, 3, 3, 0]])).tolist()
    assert right > wrong


def test_sensitivity_and_specificity_are_told_apart() -> None:
    """Two parameters of the answers that a swapped column would confuse."""
    channel = Learned(sensitivity=(9.0, 1.0), specificity=(3.0, 2.0))
    if_true, if_false = channel.rates(torch.zeros(1, 4, dtype=torch.float64))
    assert if_true.item() == pytest.approx(0.9)
    assert if_false.item() == pytest.approx(0.4)


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_a_fixed_error_lies_strictly_between_zero_and_one(error: float) -> None:
    with pytest.raises(InvalidParameter, match="strictly between"):
        Fixed(error)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, -1.0), (math.nan, 1.0), (1.0, math.inf)])
def test_beta_parameters_are_positive(pair: tuple[float, float]) -> None:
    with pytest.raises(InvalidParameter, match="greater than zero"):
        Learned(sensitivity=pair)
    with pytest.raises(InvalidParameter, match="greater than zero"):
        Learned(specificity=pair)


def test_many_graphs_with_few_different_counts_have_the_likelihood_of_each() -> None:
    """From a thousand rows on a table answers; also with counts that are no whole numbers, and with large ones."""
    draw = np.random.default_rng(0)
    for most, step in ((4, 1.0), (4, 0.5), (60, 1.0)):
        rows_ = torch.as_tensor(draw.integers(0, most, (5000, 4)) * step, dtype=torch.float64)
        for channel in CHANNELS:
            found = channel.log_likelihood(rows_)
            alone = torch.cat([channel.log_likelihood(row[None]) for row in rows_[:50]])
            assert found[:50].numpy() == pytest.approx(alone.numpy(), abs=1e-10)
            for whole, part in zip(channel.rates(rows_), channel.rates(rows_[:50]), strict=True):
                assert whole[:50].numpy() == pytest.approx(part.numpy(), abs=1e-12)


def test_counts_of_a_calibration_make_a_prior() -> None:
    channel = Learned.from_counts((45, 5), (4, 36))
    after = Learned((0.5, 0.5), (0.5, 0.5)).beta(tensor([[45, 5, 4, 36]]))
    assert torch.equal(channel.beta(torch.zeros(1, 4, dtype=torch.float64)), after)
    assert Learned.from_counts((0, 0), (0, 0), prior=((4, 1), (4, 1))) == Learned()
    with pytest.raises(InvalidParameter, match="not negative"):
        Learned.from_counts((1, -1), (0, 0))
