"""The belief: a posterior over candidate graphs and over the oracle's reliability, after some answers."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.channels import Agnostic, Channel
from causalpp.belief.disagreement import Disagreement
from causalpp.belief.explanation import Explanation, Reason
from causalpp.belief.listed import ListedBelief, log_weights
from causalpp.belief.protocol import AnyBelief
from causalpp.belief.record import Record
from causalpp.belief.table import TruthTable
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, Knowledge
from causalpp.posterior import DagPosterior
from causalpp.propositions import Proposition

__all__ = ["Belief"]


@dataclass(frozen=True, eq=False, repr=False)
class Belief(ListedBelief, AnyBelief):
    """The exact posterior over candidate graphs; immutable: :meth:`update` gives a new one.

    The definition is the Pyro program in :mod:`causalpp.belief.model`; here the reliabilities are summed out
    exactly, once for all graphs that the answers do not tell apart.  What is not said here stands in
    :class:`ListedBelief`.

    Attributes:
        candidates: the N graphs.
        channel: the noise model of the oracle.
        log_prior: log prior probabilities of the candidates among themselves, shape ``(N,)``.
        answers: the answers so far.
        alternatives: graphs beside the candidates that may be the truth instead, or None.
        doubt: the prior probability of the alternatives together, spread evenly over them.
        knowledge: what is known of the edges, which graphs that are looked for beside the candidates agree with.

    Example:
        >>> from causalpp import Answer, Causes, MarkovEquivalenceClass
        >>> from causalpp.belief import Fixed
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> belief = Belief.uniform(chain.batch(), Fixed(0.1))
        >>> belief = belief.update([Answer(Causes("smoke", "cancer"), True)])
        >>> belief.graph, round(belief.confidence, 3)
        (Dag('smoke → tar, tar → cancer'), 0.818)
    """

    candidates: DagBatch
    alternatives: DagBatch | None = None
    doubt: float = 0.0
    knowledge: Knowledge | None = None
    data: DagPosterior | None = None

    @property
    def _hypotheses(self) -> DagBatch:
        graphs = self.candidates
        if self.alternatives is None:
            return graphs
        both = torch.cat([graphs.adjacency, self.alternatives.adjacency])
        return DagBatch.trusted(graphs.nodes, both, graphs.latent)

    @classmethod
    def uniform(cls, candidates: DagBatch, channel: Channel | None = None) -> Belief:
        """Before any answer: all candidates equally probable.

        Args:
            candidates: the graphs; repeated ones count as often as they occur.
            channel: the noise model; by default :class:`Agnostic`, which does not know how reliable the oracle is.

        Raises:
            InvalidGraph: no candidates.
        """
        return cls.weighted(candidates, [1.0] * len(candidates), channel)

    @classmethod
    def weighted(
        cls, candidates: DagBatch, weights: Iterable[float] | Tensor, channel: Channel | None = None
    ) -> Belief:
        """Before any answer, with prior weights: several classes, or graphs that a model proposed so and so often.

        Args:
            candidates: the graphs.
            weights: one for each, not negative, of any sum.
            channel: the noise model, by default :class:`Agnostic`.

        Raises:
            InvalidGraph: no candidates.
            InvalidParameter: weights that are negative, all zero, or not one for each candidate.

        Example:
            >>> batch = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
            >>> round(Belief.weighted(batch, [3, 1]).confidence, 6)
            0.75
        """
        if not len(candidates):
            raise InvalidGraph("a belief needs at least one candidate graph")
        return cls(candidates, channel or Agnostic(), log_weights(candidates, weights))

    @staticmethod
    def from_table(
        table: ArrayLike | Tensor,
        *,
        candidates: Iterable[Any] | None = None,
        questions: Iterable[Hashable] | None = None,
        weights: Iterable[float] | Tensor | None = None,
        channel: Channel | None = None,
    ) -> ListedBelief:
        """Before any answer, over anything at all: all that counts of a candidate is what is true of it.

        Args:
            table: which question is true of which candidate, booleans of shape ``(N, Q)``.
            candidates: their names, by default numbers from 0 on.
            questions: texts, propositions, or whatever else answers are to; by default numbers from 0 on.
            weights: of the candidates, not negative, of any sum; by default all equal.
            channel: the noise model, by default :class:`Agnostic`.

        Raises:
            InvalidParameter: a table that does not hold true and false alone, names or weights that do not fit it.

        Example:
            >>> from causalpp import Answer
            >>> from causalpp.belief import Fixed
            >>> table = [[True, True, False], [False, True, False], [True, False, True]]
            >>> illness, symptoms = ["flu", "cold", "measles"], ["fever", "cough", "spots"]
            >>> belief = Belief.from_table(table, candidates=illness, questions=symptoms, channel=Fixed(0.1))
            >>> belief = belief.update([Answer("fever", True), Answer("spots", False)])
            >>> belief.best, round(belief.probability("cough"), 3)
            ('flu', 0.909)
        """
        found = TruthTable.of(table, candidates, questions)
        return ListedBelief(found, channel or Agnostic(), log_weights(found, weights))

    def with_alternatives(
        self,
        alternatives: DagBatch | None = None,
        doubt: float = 0.05,
        *,
        questions: Sequence[Proposition] | None = None,
    ) -> Belief:
        """The same belief, but the truth may be a graph that is not among the candidates.

        Args:
            alternatives: those graphs; by default all that are one edge away from a candidate and that the questions
                can tell from every candidate and the knowledge allows; see :func:`one_edge_alternatives`.
            doubt: their prior probability together.
            questions: that may be asked, by default all of the kind ``Causes``.

        Raises:
            TooLarge: there are too many to look at.
            InvalidParameter: a ``doubt`` that does not lie strictly between 0 and 1.
        """
        if not 0 < doubt < 1:
            raise InvalidParameter(f"the prior probability of the alternatives lies between 0 and 1, got {doubt}")
        if alternatives is None:
            alternatives = one_edge_alternatives(self.candidates, questions, knowledge=self.knowledge)
            if alternatives is None:
                raise TooLarge("there are no graphs one edge away to compare with, or too many; pass some of your own")
        start = replace(self, answers=(), alternatives=alternatives, doubt=doubt, record=cast(Record, None))
        return start.update(self.answers)

    @cached_property
    def _log_start(self) -> Tensor:
        """The log prior of all hypotheses, candidates first, shape ``(M,)``."""
        prior = super()._log_start
        if self.alternatives is None:
            return prior
        rest = len(self.alternatives)
        other = torch.full((rest,), math.log(self.doubt / rest), dtype=prior.dtype, device=prior.device)
        return torch.cat([prior + math.log1p(-self.doubt), other])

    @property
    def hypotheses(self) -> DagBatch:
        """The candidates, and after them the alternatives."""
        return cast(DagBatch, self.record.hypotheses)

    # --- graphs ---------------------------------------------------------------------------------------

    @property
    def edges(self) -> Tensor:
        return self.hypotheses.edge_shares(self._posterior)

    @cached_property
    def none_of_these(self) -> NoneOfThese:
        """How the candidates compare with graphs one edge away, and with answers that have nothing to do with a graph.

        A belief without alternatives looks at those of :meth:`with_alternatives`.  One that starts from data leaves no
        graph out; whether data and answers speak of the same is looked at instead.
        """
        related = NoneOfThese.only_related(self.profile)
        if self.data is not None:
            even = Belief.uniform(self.candidates, self.channel).update(self.answers)
            factor = self.log_marginal_likelihood - even.log_marginal_likelihood
            edges = self.data.edges, even.edges, self.edges
            return replace(related, data=Disagreement.between(self.nodes, factor, *edges))
        if self.alternatives is None:
            found = one_edge_alternatives(self.candidates, knowledge=self.knowledge)
            if found is None:
                return related
            return replace(self.with_alternatives(found).none_of_these, related=related.related)
        log, n = self._log_start + self.log_likelihood, len(self.candidates)
        inside, outside = float(torch.logsumexp(log[:n], 0)), float(torch.logsumexp(log[n:], 0))
        factor = inside - outside - math.log((1 - self.doubt) / self.doubt)
        mass = self._posterior[n:]
        graph = self.alternatives[int(mass.argmax())]
        return replace(
            related,
            probability=float(mass.sum()),
            bayes_factor=factor,
            alternatives=len(self.alternatives),
            graph=graph,
        )

    def explain(self, a: Dag, b: Dag) -> Explanation:
        """Which answers speak for one graph against another, and by how much.

        The bits of the answers add up to the log of the odds: each is counted after the ones before it.

        Raises:
            InvalidGraph: a graph over other variables.

        Example:
            >>> from causalpp import Answer, Causes
            >>> chain, fork = Dag("abc", [("a", "b"), ("b", "c")]), Dag("abc", [("b", "a"), ("b", "c")])
            >>> from causalpp.belief import Fixed
            >>> belief = Belief.uniform(DagBatch.from_dags([chain, fork]), Fixed(0.2))
            >>> belief.update([Answer(Causes("a", "c"), True), Answer(Causes("b", "c"), True)]).explain(chain, fork)
            +2.00 bits for Dag('a → b, b → c') against Dag('b → a, b → c')
              +2.00  1. Does a cause c? yes
        """
        pair = DagBatch.from_dags([a, b], nodes=self.candidates.nodes)
        prior: list[float] = []
        for adjacency in pair.adjacency.to(self.candidates.device):
            same = (self.hypotheses.adjacency == adjacency).flatten(1).all(1)
            prior.append(float(self._log_start[same].exp().sum()))
        odds = math.log2(prior[0]) - math.log2(prior[1]) if min(prior) > 0 else 0.0
        first, second = pair
        reasons, before, belief = [], 0.0, Belief.uniform(pair, self.channel)
        for number, answer in enumerate(self.answers, 1):
            belief = belief.update([answer])
            log = belief.log_likelihood
            now = float(log[0] - log[1]) / math.log(2)
            reasons.append(Reason.of(number, answer, first, second, now - before))
            before = now
        return Explanation(first, second, odds, tuple(reasons))

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        left = float(self._posterior[len(self.candidates) :].sum()) if self.alternatives else None
        return {**super().to_dict(k), "none_of_these": left}
