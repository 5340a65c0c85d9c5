"""The belief: a posterior over candidate graphs and over the oracle's reliability, after some answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from causalpp.belief.channels import Channel, Learned
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidGraph
from causalpp.graphs import Dag, DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

__all__ = ["Belief"]


@dataclass(frozen=True, eq=False, repr=False)
class Belief:
    """The exact posterior over candidate graphs; immutable: :meth:`update` gives a new one.

    The definition is the Pyro program in :mod:`causalpp.belief.model`; here the reliabilities are summed out in
    closed form, and only four counts a graph are kept.

    Attributes:
        candidates: the N graphs.
        channel: the noise model of the oracle.
        log_prior: log prior probabilities, shape ``(N,)``.
        counts: answers so far, shape ``(N, 4)``; see :mod:`causalpp.belief.channels`.
        answers: the answers themselves.

    Example:
        >>> from causalpp import Causes, MarkovEquivalenceClass
        >>> from causalpp.belief import Fixed
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief = Belief.uniform(chain.batch(), Fixed(0.1))
        >>> belief = belief.update([Answer(Causes("smoke", "cancer"), True)])
        >>> belief.graph, round(belief.confidence, 3)
        (Dag('smoke → tar, tar → cancer'), 0.818)
    """

    candidates: DagBatch
    channel: Channel
    log_prior: Tensor
    counts: Tensor
    answers: tuple[Answer, ...] = ()

    @classmethod
    def uniform(cls, candidates: DagBatch, channel: Channel | None = None) -> Belief:
        """Before any answer: all candidates equally probable.

        Args:
            candidates: the graphs; repeated ones count as often as they occur.
            channel: the noise model; by default the reliability is learned.

        Raises:
            InvalidGraph: no candidates.
        """
        n = len(candidates)
        if n == 0:
            raise InvalidGraph("a belief needs at least one candidate graph")
        prior = torch.full((n,), -torch.log(torch.tensor(float(n), dtype=torch.float64)).item(), dtype=torch.float64)
        counts = torch.zeros((n, 4), dtype=torch.float64)
        return cls(candidates, channel or Learned(), prior.to(candidates.device), counts.to(candidates.device))

    def update(self, answers: Iterable[Answer]) -> Belief:
        """The belief after more answers. Abstentions are kept with the answers and change nothing.

        Raises:
            UnknownVariable: an answer is about a variable the candidates do not have.
        """
        new = tuple(answers)
        counts = self.counts.clone()
        for answer in new:
            truth = answer.question.holds(self.candidates).to(counts.dtype)
            if answer.value is not None:
                counts[:, 0 if answer.value else 1] += truth
                counts[:, 2 if answer.value else 3] += 1 - truth
        return replace(self, counts=counts, answers=self.answers + new)

    # --- graphs ---------------------------------------------------------------------------------------

    @cached_property
    def probabilities(self) -> Tensor:
        """The posterior probability of every candidate, shape ``(N,)``."""
        return torch.softmax(self.log_prior + self.channel.log_evidence(self.counts), dim=0)

    @property
    def graph(self) -> Dag:
        """The most probable graph, the first one among equals."""
        return self.candidates[int(self.probabilities.argmax())]

    @property
    def confidence(self) -> float:
        """The posterior probability of :attr:`graph`."""
        return float(self.probabilities.max())

    @property
    def entropy(self) -> float:
        """What is still unknown about the graph, in bits."""
        p = self.probabilities[self.probabilities > 0]
        return max(0.0, float(-(p * p.log2()).sum()))

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """The ``k`` most probable graphs with their probabilities."""
        order = torch.argsort(self.probabilities, descending=True, stable=True)[:k]
        return [(self.candidates[int(n)], float(self.probabilities[n])) for n in order]

    def probability(self, proposition: Proposition) -> float:
        """The posterior probability that a proposition is true."""
        holds = proposition.holds(self.candidates).to(self.probabilities.dtype)
        return min(1.0, float(self.probabilities @ holds))

    @property
    def edges(self) -> Tensor:
        """The posterior probability of every directed edge, shape ``(d, d)``."""
        adjacency = self.candidates.adjacency.to(self.probabilities.dtype)
        return torch.einsum("n,nij->ij", self.probabilities, adjacency).clamp(max=1)

    # --- the oracle -----------------------------------------------------------------------------------

    @cached_property
    def reliability(self) -> Reliability:
        """The posterior over the oracle's sensitivity and specificity."""
        beta, which = torch.unique(self.channel.beta(self.counts), dim=0, return_inverse=True)
        weights = torch.zeros(len(beta), dtype=self.probabilities.dtype, device=beta.device)
        weights.index_add_(0, which, self.probabilities)
        return Reliability(weights.cpu().numpy(), beta.cpu().numpy())

    # --- for people -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return (
            f"Belief({len(self.candidates):,} candidates, {len(self.answers)} answers, "
            f"confidence {self.confidence:.3f} in {self.graph!r})"
        )

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        """The leading graphs, the edges' probabilities and the reliability as plain values."""
        nodes = self.candidates.nodes
        return {
            "candidates": len(self.candidates),
            "answers": len(self.answers),
            "confidence": self.confidence,
            "entropy_bits": self.entropy,
            "graphs": [{"edges": [list(e) for e in dag.edges], "probability": p} for dag, p in self.top(k)],
            "edges": [
                {"cause": nodes[i], "effect": nodes[j], "probability": float(p)}
                for i, row in enumerate(self.edges.tolist())
                for j, p in enumerate(row)
                if p > 0
            ],
            "reliability": self.reliability.to_dict(),
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
