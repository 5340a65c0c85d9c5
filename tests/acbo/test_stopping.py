"""Why a run ends: the goal that needs no answer, channels whose worlds are wrapped."""

from __future__ import annotations

import pytest

from causalpp import (
    Answer,
    Causes,
    Dag,
    Direction,
    DirectlyCauses,
    MarkovEquivalenceClass,
    SimulatedOracle,
    discover,
    noise,
)
from causalpp.acbo import AcboConfig
from causalpp.acbo.stopping import doubt, trusted, verdict
from causalpp.belief import Abstaining, Agnostic, Belief, Channel, Correlated, Pooled, Potentials, PotentialsPrior
from causalpp.oracles import Oracle, Request

TRUTH = Dag.from_edges([("c", "b"), ("b", "a"), ("c", "d"), ("d", "e")])
CLASS = MarkovEquivalenceClass.from_dag(TRUTH)


class Silent(Oracle):
    """Knows nothing."""

    nature = "human"
    fingerprint = "silent"

    def _answer(self, request: Request) -> Answer:
        return Answer(request.question, None, request.replicate)


@pytest.mark.parametrize("channel", [Abstaining(Agnostic()), Pooled(Agnostic())])
def test_wrapped_worlds_are_judged_as_bare_ones(channel: Channel) -> None:
    """Half of what an agnostic channel deems possible at first is unrelated answers: no reason to give up."""
    start = Belief.uniform(CLASS.batch(), channel)
    assert start.reliability.better_than_chance < 0.5
    assert verdict(start, 20, 0.95, 50, AcboConfig(channel=Agnostic()), None) != (
        "the oracle's answers are no better than chance"
    )
    for seed in range(3):
        liar = SimulatedOracle(TRUTH, noise.Symmetric(0.95), seed=seed)
        result = discover(CLASS, liar, channel=channel, seed=seed)
        assert result.graph == TRUTH
        assert "reached" in result.stopped_because


def test_a_mixture_without_unrelated_worlds_is_to_be_better_than_chance() -> None:
    even = Correlated((1.0, 1.0), (1.0, 1.0), 0.0)  # as probably a liar as not
    belief = Belief.uniform(CLASS.batch(), even)
    assert not trusted(belief, AcboConfig(channel=even))
    said = [Answer(q, q.holds(TRUTH)) for q in (Causes(a, b) for a in "abcde" for b in "abcde" if a != b)]
    assert trusted(Belief.uniform(CLASS.batch(), Correlated()).update(said), AcboConfig(channel=Correlated()))


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        (Causes("a", "b") | Causes("b", "a"), "(a causes b) or (b causes a)"),
        (DirectlyCauses("a", "e"), "a does not directly cause e"),
        (Causes("a", "b") & ~Causes("a", "b"), "it is not the case that ((a causes b) and (a does not cause b))"),
    ],
)
def test_what_all_candidates_agree_on_needs_no_answer(goal: Causes, said: str) -> None:
    for limit in (100, 1):  # listed, and as components or particles
        result = discover(CLASS, Silent(), goal=goal, limit=limit)
        assert result.stopped_because == f"the question is settled: {said}, whichever candidate is true"
        assert not result.transcript
        assert result.bound(0.1) == 0.0


def test_particles_are_no_proof_and_the_class_is() -> None:
    names = [f"x{i}" for i in range(9)]
    whole = Dag(names, [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]])
    mec = MarkovEquivalenceClass.from_dag(whole)
    goal = DirectlyCauses("x0", "x8") | DirectlyCauses("x8", "x0")
    result = discover(mec, Silent(), goal=goal)
    assert result.stopped_because.endswith("whichever candidate is true")
    assert not result.transcript


def test_a_domain_is_not_called_unknown_by_the_prior_alone():
    """A gate that is sceptical beforehand, and answers that speak against it: not enough is known, no more."""
    chain = MarkovEquivalenceClass.from_dag(Dag("abcd", [("a", "b"), ("b", "c"), ("c", "d")]))
    belief = Belief.uniform(chain.batch(), Potentials(PotentialsPrior(unrelated=0.9, scales=(1.0,))))
    after = belief.update([Answer(Direction(a, b), True, log_odds=0.4) for a, b in ("ab", "bc", "cd", "ad")])
    assert 0.5 < after.profile.unrelated < 0.9
    assert "knows this domain is not established" in doubt(after, AcboConfig())
    unrelated = belief.update([Answer(Direction(a, b), True, log_odds=0.0) for a, b in ("ab", "bc", "cd", "ad")])
    assert unrelated.profile.unrelated > 0.9
    assert "seems not to know this domain" in doubt(unrelated, AcboConfig())
