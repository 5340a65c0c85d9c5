"""Silence that tells something."""

from __future__ import annotations

import math

import pytest
import torch
from channel_cases import COARSE, case
from scipy import integrate, stats

from causalpp import Answer, Belief, Causes, Dag, DagBatch
from causalpp.belief import Abstaining, Agnostic, Fixed, Learned, LogOdds, Pooled
from causalpp.design.information import question_information
from causalpp.errors import InvalidParameter

PAIR = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
TRUE, SILENT = Answer(Causes("a", "b"), True), Answer(Causes("a", "b"), None)
FAILED = Answer(Causes("a", "b"), None, reason="timed out")


def chance(silent: int, said: int, beta: tuple[float, float]) -> float:
    found, _ = integrate.quad(lambda p: p**silent * (1 - p) ** said * stats.beta.pdf(p, *beta), 0, 1)
    return float(found)


def test_silence_is_weighed_by_its_two_rates() -> None:
    channel = Abstaining(Fixed(0.1), if_true=(1.0, 9.0), if_false=(4.0, 6.0))
    for silent, said in ((1, 0), (3, 0), (2, 4)):
        belief = Belief.uniform(PAIR, channel).update([SILENT] * silent + [TRUE] * said)
        expected = [
            chance(silent, said, channel.if_true) * 0.9**said,
            chance(silent, said, channel.if_false) * 0.1**said,
        ]
        assert belief.log_likelihood.exp().tolist() == pytest.approx(expected, rel=1e-9)


def test_alike_before_and_unevenly_silent_after() -> None:
    """With the same prior for both rates, silence alone tells nothing of a first question, and something once the two
    rates are known to differ."""
    nodes = ["a", "b", "c", "d"]
    pair = DagBatch.from_dags([Dag(nodes, [("a", "b"), ("c", "d")]), Dag(nodes, [("b", "a"), ("c", "d")])])
    start = Belief.uniform(pair, Abstaining(Fixed(0.1)))
    assert start.update([SILENT]).confidence == pytest.approx(0.5)
    anchors = [Answer(Causes("c", "d"), True)] * 9 + [Answer(Causes("d", "c"), None)] * 9
    assert start.update([*anchors, SILENT]).probability(Causes("a", "b")) < 0.2


def test_failures_say_nothing() -> None:
    belief = Belief.uniform(PAIR, Abstaining(Fixed(0.1), (1.0, 9.0), (4.0, 6.0)))
    after = belief.update([FAILED] * 5)
    assert after.log_marginal_likelihood == pytest.approx(0, abs=1e-12)
    assert after.confidence == pytest.approx(0.5)


@pytest.mark.parametrize("base", [Fixed(0.2), Learned(), COARSE, Agnostic(), LogOdds(), Pooled(COARSE)], ids=str)
def test_without_silence_and_alike_it_is_the_base(base) -> None:
    for seed in range(5):
        batch, answers = case(seed)
        answers = [answer for answer in answers if answer.value is not None]
        ours, theirs = (
            Belief.uniform(batch, channel).update(answers)
            for channel in (Abstaining(base, (1e6, 1e6), (1e6, 1e6)), base)
        )
        assert ours.probabilities.numpy() == pytest.approx(theirs.probabilities.numpy(), abs=1e-4)
        assert ours.kinds == pytest.approx(theirs.kinds, abs=1e-4)
        assert ours.reliability.sensitivity == pytest.approx(theirs.reliability.sensitivity, abs=1e-4)
    assert Abstaining(base).learns is base.learns


def test_three_outcomes() -> None:
    """What the forecast promises, and what it is worth: silence that tells adds information."""
    channel = Abstaining(Fixed(0.3), if_true=(1.0, 9.0), if_false=(6.0, 4.0))
    belief = Belief.uniform(PAIR, channel)
    found = belief.predictive([Causes("a", "b")])
    assert found.silent is not None
    t, f = (rate[found.groups] for rate in found.silent)
    assert (t[0].item(), f[1].item()) == pytest.approx((0.1, 0.6))
    if_true, if_false = (rate[:, 0] for rate in found.rates)
    truth = torch.tensor([[True], [False]])
    three = question_information(found.weights, if_true, if_false, truth, abstains=(t, f))
    two = question_information(found.weights, if_true, if_false, truth)
    assert float(three) > 1.5 * float(two)
    silent = belief.update([SILENT])
    share = 0.5 * 0.1 + 0.5 * 0.6
    assert math.exp(silent.log_marginal_likelihood) == pytest.approx(share)


def test_what_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="once"):
        Abstaining(Abstaining(Fixed(0.1)))
    for pair in ((0.0, 1.0), (1.0, math.nan)):
        with pytest.raises(InvalidParameter, match="greater than zero"):
            Abstaining(Fixed(0.1), if_true=pair)
