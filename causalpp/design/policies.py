"""Policies: which question to ask next.

A policy scores questions under a belief, and whoever asks takes the best one.  It has no memory: the same arguments
give the same scores, so a run that is taken up again goes on as it would have.  What is done with the scores is decided
in one place, :func:`pick`: of questions that are equally good one asked least often, and of these one that is drawn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from causalpp.belief import Belief, ListedBelief
from causalpp.design._sums import weighted_sums
from causalpp.design.batches import look_ahead
from causalpp.design.information import checked_costs, question_information
from causalpp.design.questions import true_answers
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = [
    "BinarySearch",
    "Information",
    "MaximumDegree",
    "Minimax",
    "Policy",
    "Published",
    "Random",
    "ThompsonPair",
    "pick",
]

_EQUAL = 1e-7  # scores closer than this are equal
_LEFT = 1e-6  # a graph less probable than this counts as ruled out
_DRAWS = 64  # attempts at two graphs that some question tells apart


class Policy(Protocol):
    """Anything that can say how good questions are."""

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        """How good it would be to ask each question, shape ``(Q,)``; −∞ for what is not to be asked.

        Args:
            belief: over N candidates.
            questions: Q of them; in a run they are :class:`Questions`, which know their true answers.
        """


def pick(score: Tensor, asked: Tensor, draw: np.random.Generator, equal: float = _EQUAL) -> int | None:
    """The question of the largest score; of equally good ones one asked least often, and of these one that is drawn.

    Args:
        score: of the Q questions, shape ``(Q,)``; −∞ for what is not to be asked.
        asked: how often each has been asked, whole numbers of shape ``(Q,)``.
        draw: for the choice among equals.
        equal: scores closer than this to the best are as good.

    Returns:
        Its number; None where nothing is to be asked.

    Raises:
        InvalidParameter: not one score and one count for each question.

    Example:
        >>> score, asked = torch.tensor([0.2, 0.5, 0.5]), torch.tensor([0, 1, 0])
        >>> pick(score, asked, np.random.default_rng(0))
        2
    """
    if score.ndim != 1 or asked.shape != score.shape:
        raise InvalidParameter(f"'asked' counts {len(score)} questions, got shape {tuple(asked.shape)}")
    best = float(score.max()) if len(score) else -torch.inf
    if best == -torch.inf:
        return None
    among = score >= best - equal
    among &= asked == asked[among].min()
    return int(draw.choice(among.nonzero().flatten().cpu().numpy()))


@dataclass(frozen=True, kw_only=True)
class _Seeded(ABC):
    """What the policies here share.

    Attributes:
        seed: of what is drawn: in a run also of the choice among equals.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {self.seed}")

    @abstractmethod
    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        """How good it would be to ask each question, shape ``(Q,)``; −∞ for what is not to be asked."""


@dataclass(frozen=True, kw_only=True)
class Information(_Seeded):
    """The question whose answer is expected to tell most: the largest EIG, per unit of cost where there are costs.

    Attributes:
        costs: of the questions, shape ``(Q,)``.
        about: a property of the graphs, shape ``(N,)``, that the information is about instead of the graph.
        ahead: look two steps ahead from so many of the best questions; 0 for one step only.
        seed: of the choice among equals.

    Raises:
        InvalidParameter: a negative ``ahead`` or seed.

    Example:
        >>> from causalpp import Belief, Dag, MarkovEquivalenceClass
        >>> from causalpp.belief import Fixed
        >>> from causalpp.propositions import all_questions
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief, questions = Belief.uniform(chain.batch(), Fixed(0.1)), all_questions(["smoke", "tar", "cancer"])
        >>> bits = Information().score(belief, questions)
        >>> [(question.question(), round(float(b), 2)) for question, b in zip(questions[:3], bits)]
        [('Does smoke cause tar?', 0.48), ('Does smoke cause cancer?', 0.48), ('Does tar cause smoke?', 0.48)]
    """

    costs: Tensor | None = None
    about: Tensor | None = None
    ahead: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ahead < 0:
            raise InvalidParameter(f"the number of questions to look ahead from is 0 or more, got {self.ahead}")

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        law = (belief.probabilities, *belief.rates, truth)
        if not self.ahead:
            gain = question_information(*law, about=self.about)
            return gain if self.costs is None else gain / checked_costs(self.costs, gain)
        numbers, values = look_ahead(*law, top=self.ahead, costs=self.costs, about=self.about)
        score = torch.full((truth.shape[1],), -torch.inf, dtype=values.dtype, device=truth.device)
        score[numbers] = values
        return score


@dataclass(frozen=True, kw_only=True)
class BinarySearch(_Seeded):
    """Generalized binary search: the question that splits the posterior closest to half (Nowak 2011)."""

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        mass = weighted_sums(truth, belief.probabilities.to(torch.float64)[:, None])[:, 0]
        return torch.where(_apart(belief, truth), -(mass - 0.5).abs(), -torch.inf)


@dataclass(frozen=True, kw_only=True)
class Minimax(_Seeded):
    """The question that leaves the fewest graphs in the worst case, whatever their probabilities.

    A graph is left while it is at least a millionth as probable as the best one; of the two groups of graphs that
    disagree about the answer the larger one is to be as small as possible.
    """

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        left = _left(belief).to(torch.float64)
        yes = weighted_sums(truth, left[:, None])[:, 0]
        score = -torch.maximum(yes, left.sum() - yes)
        return torch.where(_apart(belief, truth), score, -torch.inf)


@dataclass(frozen=True, kw_only=True)
class ThompsonPair(_Seeded):
    """Two graphs drawn from the posterior, and a question that separates them.

    If 64 pairs all agree about everything, any question that tells graphs apart.
    """

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        p = belief.probabilities.cpu().numpy()
        draw = np.random.default_rng([self.seed, len(belief.answers), 1])
        for one, other in draw.choice(len(p), size=(_DRAWS, 2), p=p / p.sum()).tolist():
            separate = truth[one] != truth[other]
            if bool(separate.any()):
                return torch.where(separate, 0.0, -torch.inf)
        return torch.where(_apart(belief, truth), 0.0, -torch.inf)


@dataclass(frozen=True, kw_only=True)
class MaximumDegree(_Seeded):
    """A question about the variable whose edges are most in doubt.

    The doubt about a pair of variables is the entropy of {→, ←, no edge}; a variable's degree is the sum over its
    pairs.  Of the questions that name the leading variable, the one whose other variables lead.
    """

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        if not isinstance(belief, Belief):
            raise InvalidParameter("maximum degree needs a belief about graphs: candidates of a table have no edges")
        truth, edges = true_answers(belief, questions)[: len(belief.candidates)], belief.edges
        none = (1 - edges - edges.T).clamp(min=0)
        doubt = torch.special.entr(edges) + torch.special.entr(edges.T) + torch.special.entr(none)
        degree = dict(zip(belief.nodes, doubt.sum(1).tolist(), strict=True))
        ranked = [sorted((degree[name] for name in q.variables), reverse=True) for q in questions]
        apart = _apart(belief, truth).tolist()
        leading = max((d[0] for d, differs in zip(ranked, apart, strict=True) if differs), default=0.0) - _EQUAL
        named = [sum(d[1:]) if differs and d[0] >= leading else -torch.inf for d, differs in zip(ranked, apart)]
        return torch.tensor(named, dtype=torch.float64, device=truth.device)


@dataclass(frozen=True, kw_only=True)
class Random(_Seeded):
    """Any question whose answer differs between graphs that are left."""

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        apart = _apart(belief, truth).nonzero().flatten().cpu().numpy()
        score = torch.full((truth.shape[1],), -torch.inf, dtype=torch.float64, device=truth.device)
        if len(apart):
            score[int(np.random.default_rng([self.seed, len(belief.answers)]).choice(apart))] = 0.0
        return score


@dataclass(frozen=True, kw_only=True)
class Published(_Seeded):
    """The published choice (arXiv 2605.27567): the largest EIG under an error rate that is assumed, whatever is known.

    With one error rate for all questions this is the question whose prediction is most evenly split.  Votes and the
    stopping rule of the published method are the loop's.

    Attributes:
        error: the error rate assumed.
        seed: of the choice among equals.

    Raises:
        InvalidParameter: the error does not lie between 0 and one half, or a negative seed.
    """

    error: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.error < 0.5:
            raise InvalidParameter(f"the assumed error lies between 0 and one half, got {self.error}")

    def score(self, belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
        truth = true_answers(belief, questions)[: len(belief.candidates)]
        error = torch.tensor(self.error, dtype=torch.float64, device=truth.device)
        return question_information(belief.probabilities, 1 - error, error, truth)


def _left(belief: ListedBelief) -> Tensor:
    """Which graphs are not ruled out, booleans of shape ``(N,)``."""
    p = belief.probabilities
    return p >= _LEFT * p.max()


def _apart(belief: ListedBelief, truth: Tensor) -> Tensor:
    """Which questions have different answers in graphs that are left, booleans of shape ``(Q,)``."""
    left = _left(belief)
    yes = weighted_sums(truth, left.to(torch.float64)[:, None])[:, 0]  # whole numbers: exact
    return (yes > 0.5) & (yes < left.sum() - 0.5)
