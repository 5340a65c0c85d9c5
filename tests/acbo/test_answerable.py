"""A loop asks only what the oracle says that it has an answer to."""

import pytest

from causalpp import AcboConfig, Causes, MarkovEquivalenceClass, RecordedOracle, discover, load_network

ASIA = load_network("asia")
MEC = MarkovEquivalenceClass.from_dag(ASIA.dag)
PAIRS = [("asia", "tub"), ("smoke", "lung"), ("smoke", "bronc"), ("lung", "either")]


def _oracle(both_ways=True):
    lines = [
        {"model": "m", "prompt": "p", "network": "asia", "a": a, "b": b, "log_odds": 1.0 if forth else -1.0}
        for one, other in PAIRS
        for a, b, forth in [(one, other, True), (other, one, False)][: 2 if both_ways else 1]
    ]
    return RecordedOracle(lines, dag=ASIA.dag)


@pytest.mark.parametrize("config", [AcboConfig(), AcboConfig(batch=2), AcboConfig.published(), AcboConfig(joint=True)])
def test_only_what_was_recorded_is_asked(config):
    asked = [step.answer.question for step in discover(MEC, _oracle(), config=config, kinds=("Causes",)).transcript]
    assert asked
    assert set(asked) <= {Causes(*way) for pair in PAIRS for way in (pair, pair[::-1])}


def test_components_and_particles():
    for limit in (1, 2):
        result = discover(MEC, _oracle(), kinds=("Causes",), limit=limit, max_questions=6)
        asked = [step.answer.question for step in result.transcript]
        assert set(asked) <= {Causes(*way) for pair in PAIRS for way in (pair, pair[::-1])}


def test_directions():
    result = discover(MEC, _oracle(), kinds=("Direction",))
    assert {frozenset(step.answer.question.variables) for step in result.transcript} <= set(map(frozenset, PAIRS))
    assert not discover(MEC, _oracle(both_ways=False), kinds=("Direction",)).transcript
