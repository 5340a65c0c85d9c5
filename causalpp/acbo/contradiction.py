"""Answers that contradict each other: whichever graph is true, too many of them are wrong for the error assumed."""

from __future__ import annotations

from causalpp.belief import AnyBelief, Belief, Fixed
from causalpp.belief.channels.base import counts_of

__all__ = ["contradiction"]


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
        >>> from causalpp import Answer, Causes, Dag, DagBatch
        >>> batch = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> answers = [Answer(Causes("a", "b"), k % 2 == 0) for k in range(8)]
        >>> print(contradiction(Belief.uniform(batch, Fixed(0.01)).update(answers), 0.001))
        the answers contradict each other: whatever graph is true, at least 4 of 8 are wrong, and an error of
        0.01 was assumed
        >>> contradiction(Belief.uniform(batch, Fixed(0.3)).update(answers), 0.001) is None
        True
    """
    if threshold <= 0 or not isinstance(belief, Belief) or not isinstance(belief.channel, Fixed):
        return None
    from scipy.special import bdtrc

    counts = counts_of(belief.evidence.rows, belief.evidence.tallies)
    answered, wrong = round(float(counts[0].sum())), round(float((counts[:, 1] + counts[:, 2]).min()))
    if not wrong or bdtrc(wrong - 1, answered, belief.channel.error) >= threshold / (answered * (answered + 1)):
        return None
    return (
        f"the answers contradict each other: whatever graph is true, at least {wrong} of {answered} are wrong, and an "
        f"error of {belief.channel.error:.3g} was assumed"
    )
