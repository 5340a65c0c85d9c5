"""What the next answer to a question is expected to tell, after all that was answered before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from causalpp.belief import ListedBelief, Source
from causalpp.design.information import checked_costs, question_information
from causalpp.design.questions import true_answers
from causalpp.propositions import Proposition

__all__ = ["next_answer_information"]


def next_answer_information(
    belief: ListedBelief,
    questions: Sequence[Proposition],
    *,
    about: Proposition | None = None,
    source: Source | None = None,
    costs: Tensor | None = None,
) -> Tensor:
    """The bits of the next answer to each question, shape ``(Q,)``: less for one that was asked, if repeats resemble.

    :func:`expected_information_gain` is quicker and takes every answer for one to a new question; here the
    channel says how answers to one question, of one group or in one call go together.

    Args:
        belief: under any channel.
        questions: that may be asked.
        about: a proposition: the information is then about whether it is true, instead of about the graph.
        source: who will answer; see :meth:`causalpp.Belief.predictive`.
        costs: of the questions, shape ``(Q,)``; the result is then in bits per unit of cost.

    Raises:
        UnknownVariable: a question is about a variable that the candidates do not have.
        InvalidParameter: a cost that is not greater than zero.

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, MarkovEquivalenceClass
        >>> from causalpp.belief import Persistent
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> asked, other = Causes("smoke", "cancer"), Causes("tar", "cancer")
        >>> belief = Belief.uniform(chain.batch(), Persistent()).update([Answer(asked, True)])
        >>> [round(bits, 2) for bits in next_answer_information(belief, [asked, other]).tolist()]
        [0.0, 0.11]
    """
    truth = true_answers(belief, questions)
    found = belief.predictive(questions, source, apart=False)
    weights, state, groups = found.weights, found.state, found.groups
    labels = None if about is None else belief.record.truth([about])[:, 0]
    silent = None if found.silent is None else (found.silent[0][groups], found.silent[1][groups])
    gain = torch.zeros(len(questions), dtype=weights.dtype, device=weights.device)
    for number in range(found.if_true.shape[1]):
        here = state == number
        if bool(here.any()):
            rates = found.if_true[groups, number], found.if_false[groups, number]
            gain[here] = question_information(weights, *rates, truth[:, here], about=labels, abstains=silent)
    return gain if costs is None else gain / checked_costs(costs, gain)
