"""Policies: which question to ask next.

A policy looks at a belief, the truth table of the questions and how often each has been asked, and names one question.
It has no memory: the same arguments give the same choice, so a run that is taken up again goes on as it would have.
Among questions that are equally good it takes those asked least often, and of these one drawn by its seed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from causalpp.design._sums import weighted_sums
from causalpp.design.batches import look_ahead
from causalpp.design.information import Posterior, checked_costs, question_information
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
]

_EQUAL = 1e-7  # scores closer than this are equal
_LEFT = 1e-6  # a graph less probable than this counts as ruled out
_DRAWS = 64  # attempts at two graphs that some question tells apart


class Policy(Protocol):
    """Anything that can choose a question."""

    def choose(self, belief: Posterior, truth: Tensor, asked: Tensor) -> tuple[int, float]:
        """The number of the next question and what its answer is expected to tell about the graph, in bits.

        Args:
            belief: over N graphs.
            truth: booleans of shape ``(N, Q)``.
            asked: how often each question has been asked, whole numbers of shape ``(Q,)``.
        """


@dataclass(frozen=True, kw_only=True)
class _Scored(ABC):
    """Chooses the question of the largest score among those whose answer differs between graphs that are left.

    Attributes:
        seed: of the choice among equals.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {self.seed}")

    @abstractmethod
    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        """What the policy maximises, shape ``(Q,)``; −∞ for what is not to be asked."""

    def choose(self, belief: Posterior, truth: Tensor, asked: Tensor) -> tuple[int, float]:
        """The number of the next question, and the expected information of its answer in bits.

        The bits are 0, and the number without meaning, where no question tells graphs apart.

        Raises:
            InvalidParameter: shapes that do not fit.
        """
        return self._pick(self.score(belief, truth), belief, truth, asked)

    def _pick(self, score: Tensor, belief: Posterior, truth: Tensor, asked: Tensor) -> tuple[int, float]:
        if asked.shape != (truth.shape[1],):
            raise InvalidParameter(f"'asked' counts {truth.shape[1]} questions, got shape {tuple(asked.shape)}")
        best = float(score.max()) if truth.shape[1] else -torch.inf
        if best == -torch.inf:
            return 0, 0.0
        equal = score >= best - _EQUAL
        equal &= asked == asked[equal].min()
        number = int(self._draw(asked).choice(equal.nonzero().flatten().cpu().numpy()))
        return number, self._bits(belief, truth, number)

    def _draw(self, asked: Tensor) -> np.random.Generator:
        """Random numbers for this round: the same if the run is taken up again here."""
        return np.random.default_rng([self.seed, int(asked.sum())])

    def _bits(self, belief: Posterior, truth: Tensor, number: int) -> float:
        laws = belief.rates
        return float(question_information(belief.probabilities, *laws, truth[:, number : number + 1])[0])


@dataclass(frozen=True, kw_only=True)
class Information(_Scored):
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
        >>> from causalpp.propositions import all_questions, truth_table
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief, questions = Belief.uniform(chain.batch(), Fixed(0.1)), all_questions(["smoke", "tar", "cancer"])
        >>> truth = truth_table(questions, belief.candidates)
        >>> number, bits = Information().choose(belief, truth, torch.zeros(len(questions), dtype=torch.int64))
        >>> round(bits, 2), bool(truth[:, number].all())
        (0.48, False)
    """

    costs: Tensor | None = None
    about: Tensor | None = None
    ahead: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ahead < 0:
            raise InvalidParameter(f"the number of questions to look ahead from is 0 or more, got {self.ahead}")

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        laws = belief.rates
        if not self.ahead:
            gain = question_information(belief.probabilities, *laws, truth, about=self.about)
            return gain if self.costs is None else gain / checked_costs(self.costs, gain)
        numbers, values = look_ahead(
            belief.probabilities, *laws, truth, top=self.ahead, costs=self.costs, about=self.about
        )
        score = torch.full((truth.shape[1],), -torch.inf, dtype=values.dtype, device=truth.device)
        score[numbers] = values
        return score

    def _bits(self, belief: Posterior, truth: Tensor, number: int) -> float:
        laws = belief.rates
        column = truth[:, number : number + 1]
        return float(question_information(belief.probabilities, *laws, column, about=self.about)[0])


@dataclass(frozen=True, kw_only=True)
class BinarySearch(_Scored):
    """Generalized binary search: the question that splits the posterior closest to half (Nowak 2011)."""

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        mass = weighted_sums(truth, belief.probabilities.to(torch.float64)[:, None])[:, 0]
        return torch.where(_apart(belief, truth), -(mass - 0.5).abs(), -torch.inf)


@dataclass(frozen=True, kw_only=True)
class Minimax(_Scored):
    """The question that leaves the fewest graphs in the worst case, whatever their probabilities.

    A graph is left while it is at least a millionth as probable as the best one; of the two groups of graphs that
    disagree about the answer the larger one is to be as small as possible.
    """

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        left = _left(belief).to(torch.float64)
        yes = weighted_sums(truth, left[:, None])[:, 0]
        score = -torch.maximum(yes, left.sum() - yes)
        return torch.where(_apart(belief, truth), score, -torch.inf)


@dataclass(frozen=True, kw_only=True)
class ThompsonPair(_Scored):
    """Two graphs drawn from the posterior, and a question that separates them.

    If 64 pairs all agree about everything, any question that tells graphs apart.
    """

    def choose(self, belief: Posterior, truth: Tensor, asked: Tensor) -> tuple[int, float]:
        p = belief.probabilities.cpu().numpy()
        pairs = np.random.default_rng([self.seed, int(asked.sum()), 1]).choice(len(p), size=(_DRAWS, 2), p=p / p.sum())
        score = self.score(belief, truth)
        for one, other in pairs.tolist():
            separate = truth[one] != truth[other]
            if bool(separate.any()):
                score = torch.where(separate, 0.0, -torch.inf)
                break
        return self._pick(score, belief, truth, asked)

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        return torch.where(_apart(belief, truth), 0.0, -torch.inf)


@dataclass(frozen=True, kw_only=True)
class MaximumDegree(_Scored):
    """A question about the variable whose edges are most in doubt.

    The doubt about a pair of variables is the entropy of {→, ←, no edge}; a variable's degree is the sum over its
    pairs.  Of the questions that name the leading variable, the one whose other variables lead.

    Attributes:
        questions: those of the truth table, in its order.
        seed: of the choice among equals.
    """

    questions: Sequence[Proposition]

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        candidates, edges = getattr(belief, "candidates", None), getattr(belief, "edges", None)
        if candidates is None or edges is None:
            raise InvalidParameter("maximum degree needs a belief with candidates and probabilities of edges")
        if len(self.questions) != truth.shape[1]:
            raise InvalidParameter(f"{len(self.questions)} questions, but a truth table of {truth.shape[1]}")
        none = (1 - edges - edges.T).clamp(min=0)
        doubt = torch.special.entr(edges) + torch.special.entr(edges.T) + torch.special.entr(none)
        degree = dict(zip(candidates.nodes, doubt.sum(1).tolist(), strict=True))
        ranked = [sorted((degree[name] for name in q.variables), reverse=True) for q in self.questions]
        apart = _apart(belief, truth).tolist()
        leading = max((d[0] for d, differs in zip(ranked, apart, strict=True) if differs), default=0.0) - _EQUAL
        named = [sum(d[1:]) if differs and d[0] >= leading else -torch.inf for d, differs in zip(ranked, apart)]
        return torch.tensor(named, dtype=torch.float64, device=truth.device)


@dataclass(frozen=True, kw_only=True)
class Random(_Scored):
    """Any question whose answer differs between graphs that are left."""

    def choose(self, belief: Posterior, truth: Tensor, asked: Tensor) -> tuple[int, float]:
        apart = self.score(belief, truth) == 0
        if not bool(apart.any()):
            return 0, 0.0
        number = int(self._draw(asked).choice(apart.nonzero().flatten().cpu().numpy()))
        return number, self._bits(belief, truth, number)

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        return torch.where(_apart(belief, truth), 0.0, -torch.inf)


@dataclass(frozen=True, kw_only=True)
class Published(_Scored):
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

    def score(self, belief: Posterior, truth: Tensor) -> Tensor:
        return question_information(belief.probabilities, *self._laws(truth), truth)

    def _bits(self, belief: Posterior, truth: Tensor, number: int) -> float:
        column = truth[:, number : number + 1]
        return float(question_information(belief.probabilities, *self._laws(truth), column)[0])

    def _laws(self, truth: Tensor) -> tuple[Tensor, Tensor]:
        error = torch.tensor(self.error, dtype=torch.float64, device=truth.device)
        return 1 - error, error


def _left(belief: Posterior) -> Tensor:
    """Which graphs are not ruled out, booleans of shape ``(N,)``."""
    p = belief.probabilities
    return p >= _LEFT * p.max()


def _apart(belief: Posterior, truth: Tensor) -> Tensor:
    """Which questions have different answers in graphs that are left, booleans of shape ``(Q,)``."""
    left = _left(belief)
    yes = weighted_sums(truth, left.to(torch.float64)[:, None])[:, 0]  # whole numbers: exact
    return (yes > 0.5) & (yes < left.sum() - 0.5)
