"""The graphs that may be true: their weights after trials and answers, and what a question about them is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.belief import Belief
from causalpp.cbo._arms import Arms
from causalpp.cbo.acquisition import worth
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer
from causalpp.posterior import DagPosterior
from causalpp.propositions import Proposition, all_questions

__all__ = ["Graphs"]

_MOST = 16  # graphs that are taken of a posterior or a belief
_AGAIN = 3  # times that one question is asked at most


@dataclass(frozen=True)
class Graphs:
    """Graphs with weights.

    Attributes:
        graphs: G of them.
        prior: (G,) their probabilities before trials and answers; they sum to one.
    """

    graphs: tuple[Dag, ...]
    prior: Tensor

    @classmethod
    def of(cls, given: Dag | Sequence[tuple[Dag, float]] | DagPosterior | Belief) -> Graphs:
        """One graph, pairs, or the most probable ones of a posterior or a belief.

        Raises:
            InvalidParameter: none of these, no graph, or weights that are negative or all zero.
        """
        if isinstance(given, Dag):
            pairs: list[tuple[Dag, float]] = [(given, 1.0)]
        elif isinstance(given, (DagPosterior, Belief)):
            pairs = list(given.top(_MOST))
        else:
            try:
                pairs = [(dag, float(weight)) for dag, weight in given]
            except (TypeError, ValueError):
                raise InvalidParameter(
                    f"dag= is a graph, graphs with weights, a DagPosterior or a Belief, got {given!r}"
                ) from None
        weights = torch.tensor([weight for _, weight in pairs], dtype=torch.double)
        if not pairs or not torch.isfinite(weights).all() or (weights < 0).any() or float(weights.sum()) <= 0:
            raise InvalidParameter("graphs have weights from 0 on, not all of them 0")
        return cls(tuple(dag for dag, _ in pairs), weights / weights.sum())

    def belief(self, log_evidence: Tensor, answers: Sequence[Answer]) -> Belief:
        """Trials and answers as likelihoods in one posterior; how reliable the answers are is learned with it."""
        log = self.prior.clamp_min(1e-300).log() + log_evidence
        return Belief.weighted(self._batch(), torch.softmax(log, 0)).update(answers)

    def weights(self, log_evidence: Tensor, answers: Sequence[Answer]) -> Tensor:
        """(G,) probabilities after trials and answers."""
        if len(self.graphs) == 1:
            return self.prior
        found = self.belief(log_evidence, answers).probabilities.double()
        return found / found.sum()

    def best_question(
        self, arms: Arms, weights: Tensor, log_evidence: Tensor, answers: Sequence[Answer]
    ) -> tuple[Proposition, float] | None:
        """The question that is worth most, and how much.

        One answer of an oracle that nobody knows seldom changes what is recommended, so that its own knowledge gradient
        is zero where a few answers together would decide.  A question is therefore credited with its share, by
        information, of what it is worth to know the graph.

        Returns:
            None where all graphs agree on everything, or everything was asked.
        """
        if len(self.graphs) == 1:
            return None
        belief = self.belief(log_evidence, answers)
        before = belief.log_marginal_likelihood
        known = float(weights @ worth(arms, torch.eye(len(weights), dtype=torch.double))) - float(worth(arms, weights))
        open_bits = float(torch.special.entr(weights).sum())
        if known <= 0 or open_bits <= 0:
            return None
        found: tuple[Proposition, float] | None = None
        for question in all_questions(self.graphs[0].observed, ["Causes", "DirectlyCauses"]):
            truth = {bool(question.holds(dag)) for dag in self.graphs}
            asked = sum(answer.question == question for answer in answers)
            if len(truth) == 1 or asked >= _AGAIN:
                continue
            total = mass = 0.0
            for value in (True, False):
                after = belief.update([Answer(question, value, replicate=asked)])
                chance = float(torch.tensor(after.log_marginal_likelihood - before).exp())
                left = after.probabilities.double()
                total += chance * float(torch.special.entr(left / left.sum()).sum())
                mass += chance
            gain = known * max(1 - total / mass / open_bits, 0.0)
            if found is None or gain > found[1]:
                found = question, gain
        return found

    def _batch(self) -> DagBatch:
        return DagBatch.from_dags([Dag(dag.observed, dag.latent_projection().directed) for dag in self.graphs])
