"""When a run ends, and what it says then."""

from __future__ import annotations

from causalpp.acbo.config import AcboConfig
from causalpp.belief import AnyBelief, Fixed, is_graded
from causalpp.propositions import Proposition

__all__ = [
    "AGAIN", "MISSING", "NOTHING_LEFT", "REACHED", "SETTLED", "anchors", "contradiction", "doubt", "entailed",
    "exhausted", "trusted", "verdict",
]  # fmt: skip

REACHED = "the most probable graph reached the confidence asked for"
SETTLED = "the question is settled"
MISSING = "none of the candidates fits the answers"
NOTHING_LEFT = "no question is left whose answer would tell the candidates apart"
_GIVEN_UP = 20  # answers before an oracle with a learned reliability may be given up
AGAIN = 2  # further times that a question is put which found neither yes nor no, once no other tells anything
_MOSTLY = 0.5  # a share of position noise from which on n pairs tell what n variables have to tell
_INDEPENDENT = 0.9  # how probable a smaller share must be for more than n pairs
_SHARED = 0.95  # of the graphs, by their probability given data
_TRUST = 0.95  # how probable it must be that an oracle with a learned reliability is better than chance


def verdict(
    belief: AnyBelief, asked: int, confidence: float, budget: int, config: AcboConfig, goal: Proposition | None
) -> str | None:
    """Why the run should end here, or None."""
    if belief.size == 1:
        return "there is only one candidate"
    contradictory = contradiction(belief, config.contradiction)
    if contradictory is not None:
        return contradictory
    if trusted(belief, config) and (found := concluded(belief, confidence, goal)) is not None:
        return found
    if belief.alternatives is not None and float(1 - belief.probabilities.sum()) >= config.missing:
        return MISSING
    if _chance(belief, asked, config):
        if belief.channel.reads_levels and belief.shares:
            return f"nothing speaks for the answers{doubt(belief, config)}"
        return "the oracle's answers are no better than chance"
    if asked >= budget:
        return f"the budget of {budget} questions is spent" + doubt(belief, config)
    return None


def concluded(belief: AnyBelief, confidence: float, goal: Proposition | None) -> str | None:
    """What to say where the graph, or the goal, is as probable as was asked for; None where it is not.

    Estimates are taken for what they surely are.
    """
    if goal is None:
        return REACHED if belief.confidence - belief.confidence_error >= confidence else None
    p = belief.probability(goal)
    settled = max(p, 1 - p) - belief.standard_error(goal) >= confidence
    return f"{SETTLED}: {_said(goal, p)}" if settled else None


def exhausted(belief: AnyBelief, config: AcboConfig) -> str | None:
    """Why to ask a language model no more: as many pairs as variables tell what it has to tell.

    What a language model says of n variables is for the most part n positions, and n pairs tell these.  It goes on
    where it is established (probability 0.9) that less than half of the noise is positions.
    """
    graded = [answer for answer in belief.answers if is_graded(answer)]
    if not belief.channel.reads_levels or {answer.nature for answer in graded} != {"language model"}:
        return None
    pairs = len({frozenset(answer.question.variables) for answer in graded})
    positions = sum(p for share, p in belief.shares.items() if share >= _MOSTLY)
    if pairs < len(belief.nodes) or positions < 1 - _INDEPENDENT:
        return None
    if positions >= 0.5:
        why = (
            f"the answers are probably ({positions:.2f}) for the most part one number a variable: "
            "more pairs would tell little more"
        )
    else:
        why = (
            "that the answers are more than one number a variable is not established (probability "
            f"{1 - positions:.2f}): with max_questions more pairs are asked"
        )
    return f"{pairs} pairs were asked, as many as there are variables, and {why}{doubt(belief, config)}"


def entailed(goal: Proposition, holds: bool) -> str:
    """What to say of a goal that is true in every candidate, or in none: no answer is needed."""
    return f"{SETTLED}: {(goal if holds else ~goal).sentence()}, whichever candidate is true"


def _said(goal: Proposition, p: float) -> str:
    return (goal if p >= 0.5 else ~goal).sentence()


def trusted(belief: AnyBelief, config: AcboConfig) -> bool:
    """Whether it is established that the answers say something; a reliability that is assumed is not doubted."""
    if belief.profile.unrelated_before > 0:  # that they have nothing to do with the graph is a case of its own
        return belief.profile.unrelated <= config.unrelated
    return not belief.channel.learns or belief.reliability.better_than_chance >= _TRUST


def _chance(belief: AnyBelief, asked: int, config: AcboConfig) -> bool:
    if belief.profile.unrelated_before > 0:
        return belief.profile.unrelated >= config.chance
    return belief.channel.learns and asked >= _GIVEN_UP and belief.reliability.better_than_chance < 0.5


def doubt(belief: AnyBelief, config: AcboConfig) -> str:
    """What to add to a verdict where it is not established that the answers say something."""
    if belief.channel.reads_levels and belief.shares:
        return _unknown_domain(belief, config)
    if not trusted(belief, config):
        return ", and that the oracle is better than chance is not established"
    profile = belief.profile
    if profile.unrelated_before > 0 and min(profile.informative, profile.liar) > 1 - _TRUST:
        return ", and whether the oracle says what is true or the opposite is not established"
    return ""


def anchors(belief: AnyBelief) -> int:
    """How many pairs have a direction that all candidates share: by these a model's sense of direction is checked.

    From data, in which nothing is certain: that has a probability of 0.95 before the answers.
    """
    if belief.data is not None:
        return int((belief.data.paths >= _SHARED).sum())
    return int(belief.candidates.reach.all(0).sum())


def _unknown_domain(belief: AnyBelief, config: AcboConfig) -> str:
    """The doubt where answers are graded: whether the model knows this domain at all, and by what that is known."""
    profile = belief.profile
    said = ""
    if profile.liar > max(profile.informative, 0.5):
        said = (
            f", and the answers seem to be reversed (probability {profile.liar:.2f}): what all candidates share "
            "contradicts them"
        )
    elif profile.unrelated >= max(0.5, profile.unrelated_before):  # or else the answers speak for it, if not enough
        said = (
            f", and the oracle seems not to know this domain: with probability {profile.unrelated:.2f} its answers "
            "have nothing to do with the graph"
        )
    elif not trusted(belief, config):
        said = f", and that the oracle knows this domain is not established (probability {1 - profile.unrelated:.2f})"
    if said and not anchors(belief):
        said += "; no direction is the same in all candidates, so that trust in the oracle is the prior's alone"
    return said


def contradiction(belief: AnyBelief, threshold: float) -> str | None:
    """What to say where the answers contradict each other, or None.

    With a known error rate ε, the answers that are wrong under the true graph are binomial; under the graph that fits
    best they are no more.  If even that many of n answers, or more, have a probability below threshold / (n (n + 1)),
    either ε or every graph is wrong.  Looked at after each answer, this happens with probability ``threshold`` at
    most where both are right.  A channel that learns its error rate contradicts nothing: it learns a larger one.

    Args:
        belief: the posterior; only a :class:`~causalpp.belief.Fixed` channel has a known error rate.
        threshold: the probability of saying so wrongly; zero never says so.

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> batch = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> answers = [Answer(Causes("a", "b"), k % 2 == 0) for k in range(8)]
        >>> print(contradiction(Belief.uniform(batch, Fixed(0.01)).update(answers), 0.001))
        the answers contradict each other: whatever graph is true, at least 4 of 8 are wrong, and an error of
        0.01 was assumed
        >>> contradiction(Belief.uniform(batch, Fixed(0.3)).update(answers), 0.001) is None
        True
    """
    found = belief.fewest_wrong
    if threshold <= 0 or found is None or not isinstance(belief.channel, Fixed):
        return None
    from scipy.special import bdtrc

    wrong, answered = found
    if not wrong or bdtrc(wrong - 1, answered, belief.channel.error) >= threshold / (answered * (answered + 1)):
        return None
    return (
        f"the answers contradict each other: whatever graph is true, at least {wrong} of {answered} are wrong, and an "
        f"error of {belief.channel.error:.3g} was assumed"
    )
