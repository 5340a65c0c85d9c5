"""Answers that contradict each other end a run whose error rate is taken for known; right ones seldom do."""

from __future__ import annotations

import math

import pytest

import causalpp as cpp
from causalpp import errors
from causalpp.belief import Fixed

CHAIN = cpp.Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f")])
CLASS = cpp.MarkovEquivalenceClass.from_dag(CHAIN)


def ended(error: float, assumed: float, seed: int, **options: object) -> str:
    config = cpp.AcboConfig(channel=Fixed(assumed), **options)  # type: ignore[arg-type]
    oracle = cpp.SimulatedOracle(CHAIN, cpp.noise.Symmetric(error), seed=seed)
    return cpp.discover(CLASS, oracle, config=config, confidence=1 - 1e-9, max_questions=60, seed=seed).stopped_because


def test_an_error_far_above_the_one_assumed_is_a_contradiction() -> None:
    runs = 20
    found = sum("contradict each other" in ended(0.4, 0.01, seed) for seed in range(runs))
    assert found > 0.5 * runs  # the others end sure of a graph before there are answers enough


@pytest.mark.slow
def test_right_assumptions_seldom_contradict() -> None:
    """At a threshold of 5 % the share of false alarms is 5 % at most, whenever one looks."""
    runs = 40
    found = sum("contradict each other" in ended(0.1, 0.1, seed, contradiction=0.05) for seed in range(runs))
    assert found <= runs * 0.05 + 3.3 * math.sqrt(runs * 0.05 * 0.95)


def test_it_can_be_switched_off_and_the_published_method_knows_none() -> None:
    assert all("contradict" not in ended(0.4, 0.01, seed, contradiction=0.0) for seed in range(5))
    assert cpp.AcboConfig.published().contradiction == 0
    with pytest.raises(errors.InvalidParameter, match="below 1"):
        cpp.AcboConfig(contradiction=1.0)


def test_a_channel_that_learns_contradicts_nothing() -> None:
    oracle = cpp.SimulatedOracle(CHAIN, cpp.noise.Symmetric(0.4), seed=1)
    assert "contradict" not in cpp.discover(CLASS, oracle, max_questions=30).stopped_because
