"""When a run ends, and what it says then."""

from __future__ import annotations

from causalpp.acbo.config import AcboConfig
from causalpp.acbo.contradiction import contradiction
from causalpp.belief import Abstaining, AnyBelief, Belief, Channel, ParticleBelief, Pooled
from causalpp.belief.channels.mixture import Mixture
from causalpp.propositions import Proposition

__all__ = ["MISSING", "NOTHING_LEFT", "REACHED", "doubt", "entailed", "verdict"]

REACHED = "the most probable graph reached the confidence asked for"
MISSING = "none of the candidates fits the answers"
NOTHING_LEFT = "no question is left whose answer would tell the candidates apart"
_PATIENCE = 20  # answers before an oracle with a learned reliability may be given up
_TRUST = 0.95  # how probable it must be that an oracle with a learned reliability is better than chance


def verdict(
    belief: AnyBelief, asked: int, confidence: float, budget: int, config: AcboConfig, goal: Proposition | None
) -> str | None:
    """Why the run should end here, or None."""
    if isinstance(belief, Belief) and len(belief.candidates) == 1:
        return "there is only one candidate"
    contradictory = contradiction(belief, config.contradiction)
    if contradictory is not None:
        return contradictory
    if trusted(belief, config):
        sampled = belief if isinstance(belief, ParticleBelief) else None  # estimates: taken for what they surely are
        if goal is None and belief.confidence - (sampled.confidence_error if sampled else 0) >= confidence:
            return REACHED
        if goal is not None:
            p = belief.probability(goal)
            if max(p, 1 - p) - (sampled.standard_error(goal) if sampled else 0) >= confidence:
                return f"the question is settled: {_said(goal, p)}"
    if belief.alternatives is not None and float(1 - belief.probabilities.sum()) >= config.missing:
        return MISSING
    if _chance(belief, asked, config):
        return "the oracle's answers are no better than chance"
    if asked >= budget:
        return f"the budget of {budget} questions is spent" + doubt(belief, config)
    return None


def entailed(goal: Proposition, holds: bool) -> str:
    """What to say of a goal that is true in every candidate, or in none: no answer is needed."""
    return f"the question is settled: {(goal if holds else ~goal).sentence()}, whichever candidate is true"


def _said(goal: Proposition, p: float) -> str:
    return (goal if p >= 0.5 else ~goal).sentence()


def trusted(belief: AnyBelief, config: AcboConfig) -> bool:
    """Whether it is established that the answers say something; a reliability that is assumed is not doubted."""
    if _knows_unrelated(belief.channel):
        return belief.kinds["unrelated"] <= config.unrelated
    return not belief.channel.learns or belief.reliability.better_than_chance >= _TRUST


def _chance(belief: AnyBelief, asked: int, config: AcboConfig) -> bool:
    if _knows_unrelated(belief.channel):
        return belief.kinds["unrelated"] >= config.chance
    return belief.channel.learns and asked >= _PATIENCE and belief.reliability.better_than_chance < 0.5


def _knows_unrelated(channel: Channel) -> bool:
    """Whether *the answers have nothing to do with the graph* is a case of its own."""
    while isinstance(channel, (Abstaining, Pooled)):
        channel = channel.base
    return isinstance(channel, Mixture) and bool((channel.kinds == 0).any())


def doubt(belief: AnyBelief, config: AcboConfig) -> str:
    """What to add to a verdict where it is not established that the answers say something."""
    if not trusted(belief, config):
        return ", and that the oracle is better than chance is not established"
    if _knows_unrelated(belief.channel) and min(belief.kinds["informative"], belief.kinds["liar"]) > 1 - _TRUST:
        return ", and whether the oracle says what is true or the opposite is not established"
    return ""
