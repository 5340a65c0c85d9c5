"""The belief: a posterior over candidate graphs and over the oracle's reliability, after some answers."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

import torch
from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief._summary import compared, plain_values
from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Heard, Profile
from causalpp.belief.channels.predictive import Predictive
from causalpp.belief.explanation import Explanation, explained
from causalpp.belief.record import NEW_QUESTION, Label, Record, Source
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch, Knowledge
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

__all__ = ["Belief"]

_TOGETHER = 12  # answers whose joint law is computed


@dataclass(frozen=True, eq=False, repr=False)
class Belief:
    """The exact posterior over candidate graphs; immutable: :meth:`update` gives a new one.

    The definition is the Pyro program in :mod:`causalpp.belief.model`; here the reliabilities are summed out
    exactly, once for all graphs that the answers do not tell apart.

    Attributes:
        candidates: the N graphs.
        channel: the noise model of the oracle.
        log_prior: log prior probabilities of the candidates among themselves, shape ``(N,)``.
        answers: the answers so far.
        alternatives: graphs beside the candidates that may be the truth instead, or None.
        doubt: the prior probability of the alternatives together, spread evenly over them.
        knowledge: what is known of the edges, which graphs that are looked for beside the candidates agree with.

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
    answers: tuple[Answer, ...] = ()
    alternatives: DagBatch | None = None
    doubt: float = 0.0
    record: Record = field(default=cast(Record, None))
    knowledge: Knowledge | None = None

    evidence = old_attribute("record")

    def __post_init__(self) -> None:
        if not self.record:
            graphs = self.candidates
            if self.alternatives is not None:
                both = torch.cat([graphs.adjacency, self.alternatives.adjacency])
                graphs = DagBatch.trusted(graphs.nodes, both, graphs.latent)
            object.__setattr__(self, "record", Record.none(graphs))

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
        n = len(candidates)
        if n == 0:
            raise InvalidGraph("a belief needs at least one candidate graph")
        given = weights if isinstance(weights, Tensor) else list(weights)
        weight = torch.as_tensor(given, dtype=torch.float64).to(candidates.device)
        if weight.shape != (n,) or not bool((weight >= 0).all() & weight.isfinite().all() & (weight.sum() > 0)):
            raise InvalidParameter(f"the prior needs {n} weights, none negative and not all zero, one a candidate")
        return cls(candidates, channel or Agnostic(), (weight / weight.sum()).log())

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

    def update(self, answers: Iterable[Answer]) -> Belief:
        """The belief after more answers. Abstentions are kept with the answers and change nothing.

        Raises:
            UnknownVariable: an answer is about a variable the candidates do not have.
        """
        new = tuple(answers)
        record = self.record.add(new)
        after = replace(self, record=record, answers=self.answers + new)
        if "_state" in self.__dict__:
            before = record.padded(self.record.tallies)
            after.__dict__["_state"] = self.channel.step(
                self._state[record.origin], record.rows, before, record.tallies
            )
        after.__dict__["_log_start"] = self._log_start
        return after

    # --- what a channel computes ------------------------------------------------------------------------

    @cached_property
    def _state(self) -> Tensor:
        return self.channel.init(self.record.rows, self.record.tallies)

    @property
    def _heard(self) -> Heard:
        return Heard(self._log_rows, self._state, self.record)

    @cached_property
    def _log_start(self) -> Tensor:
        """The log prior of all hypotheses, candidates first, shape ``(M,)``."""
        prior = torch.log_softmax(self.log_prior, dim=0)
        if self.alternatives is None:
            return prior
        rest = len(self.alternatives)
        other = torch.full((rest,), math.log(self.doubt / rest), dtype=prior.dtype, device=prior.device)
        return torch.cat([prior + math.log1p(-self.doubt), other])

    @cached_property
    def _log_rows(self) -> Tensor:
        """The log prior of the rows of the record, shape ``(R,)``."""
        mass = torch.zeros(len(self.record.rows), dtype=torch.float64, device=self._log_start.device)
        return mass.index_add_(0, self.record.groups, self._log_start.exp()).log()

    @property
    def log_likelihood(self) -> Tensor:
        """The natural logarithm of P(answers | hypothesis), reliabilities summed out, candidates first; ``(M,)``."""
        return self.channel.log_likelihood(self._state)[self.record.groups]

    @cached_property
    def _posterior(self) -> Tensor:
        """Of all hypotheses, shape ``(M,)``."""
        return torch.softmax(self._log_start + self.log_likelihood, dim=0)

    def predictive(
        self, questions: Sequence[Proposition], source: Source | None = None, *, apart: bool = True
    ) -> Predictive:
        """The law of the next answer to each question, given all that was answered, to it and to others.

        Args:
            questions: that may be asked.
            source: who will answer, to what wording, in which call; by default as with the last answer, in a call of
                its own.
            apart: whether *the answers have nothing to do with the graph* is a case of its own.

        Raises:
            InvalidParameter: the channel does not know such a source.

        Example:
            >>> from causalpp import Causes
            >>> from causalpp.belief import Correlated
            >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
            >>> belief = Belief.uniform(pair, Correlated(correlation=0.9)).update([Answer(Causes("a", "b"), True)])
            >>> if_true, if_false = belief.predictive([Causes("a", "b"), Causes("b", "a")]).rates
            >>> [round(p, 2) for p in if_false[1].tolist()]  # in the second graph: to the first question yes again
            [0.93, 0.33]
        """
        found = self.channel.predictive(self._heard, questions, source or Source(), apart=apart)
        groups = self.record.groups
        share = (self._log_start - self._log_rows[groups]).exp().nan_to_num(0.0)  # of each hypothesis in its row
        return replace(found, weights=share * found.weights[groups], groups=groups)

    outlook = old_attribute("predictive")

    def joint_predictive(self, questions: Sequence[Proposition], source: Source | None = None) -> Tensor:
        """P(answers | hypothesis) for all 2^k patterns of one yes or no to each of k questions, ``(M, 2^k)``.

        The first pattern is yes to all, the last no to all; the first question changes slowest.  With the reliabilities
        summed out the answers are not independent given the graph; if they come in one call they may share an error.

        Args:
            questions: k of them, asked together.
            source: who will answer; with a ``call``, the answers belong to that call.

        Raises:
            InvalidParameter: more than twelve questions.

        Example:
            >>> from causalpp import Causes
            >>> from causalpp.belief import Fixed
            >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
            >>> Belief.uniform(pair, Fixed(0.1)).joint_predictive([Causes("a", "b"), Causes("b", "a")])[0]
            tensor([0.0900, 0.8100, 0.0100, 0.0900], dtype=torch.float64)
        """
        if len(questions) > _TOGETHER:
            raise InvalidParameter(f"the law of at most {_TOGETHER} answers is computed, not of {len(questions)}")
        columns, source = [], source or Source()
        for values in itertools.product((True, False), repeat=len(questions)):
            said = [source.answer(q, self.record.tallies, v) for q, v in zip(questions, values, strict=True)]
            columns.append((self.update(said).log_likelihood - self.log_likelihood).exp())
        return torch.stack(columns, 1)

    law = old_attribute("joint_predictive")

    @property
    def rates(self) -> tuple[Tensor, Tensor]:
        """P(yes | candidate) for an answer to a new question, where it is true and where it is false, ``(N,)`` each."""
        found, n = self.predictive([NEW_QUESTION], apart=False), len(self.candidates)
        return found.if_true[found.groups[:n], 0], found.if_false[found.groups[:n], 0]

    @property
    def counts(self) -> Tensor:
        """Four counts a candidate: yes and no where the question is true, then where it is false, ``(N, 4)``."""
        return self.record.counts[self.record.groups[: len(self.candidates)]]

    # --- graphs ---------------------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self.candidates.nodes

    @property
    def probabilities(self) -> Tensor:
        """The posterior probability of every candidate, shape ``(N,)``; what is left to one is the alternatives'."""
        return self._posterior[: len(self.candidates)]

    @property
    def log_marginal_likelihood(self) -> float:
        """The natural logarithm of P(answers)."""
        return float(torch.logsumexp(self._log_rows + self.channel.log_likelihood(self._state), dim=0))

    log_evidence = old_attribute("log_marginal_likelihood")

    @cached_property
    def none_of_these(self) -> NoneOfThese:
        """How the candidates compare with graphs one edge away, and with answers that have nothing to do with a graph.

        A belief without alternatives looks at those of :meth:`with_alternatives`.
        """
        return compared(self)

    def explain(self, a: Dag, b: Dag) -> Explanation:
        """Which answers speak for one graph against another, and by how much.

        The bits of the answers add up to the log of the odds: each is counted after the ones before it.

        Raises:
            InvalidGraph: a graph over other variables.

        Example:
            >>> from causalpp import Causes
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
            same = (self.record.hypotheses.adjacency == adjacency).flatten(1).all(1)
            prior.append(float(self._log_start[same].exp().sum()))
        odds = math.log2(prior[0]) - math.log2(prior[1]) if min(prior) > 0 else 0.0
        return explained(Belief.uniform(pair, self.channel), self.answers, odds)

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
        p = self._posterior[self._posterior > 0]
        return max(0.0, float(-(p * p.log2()).sum()))

    def top(self, k: int = 5) -> list[tuple[Dag, float]]:
        """The ``k`` most probable graphs with their probabilities."""
        order = torch.argsort(self.probabilities, descending=True, stable=True)[:k]
        return [(self.candidates[int(n)], float(self.probabilities[n])) for n in order]

    def probability(self, proposition: Proposition) -> float:
        """The posterior probability that a proposition is true."""
        holds = proposition.holds(self.record.hypotheses).to(self._posterior.dtype)
        return min(1.0, float(self._posterior @ holds))

    @property
    def edges(self) -> Tensor:
        """The posterior probability of every directed edge, shape ``(d, d)``."""
        return self.record.hypotheses.edge_shares(self._posterior)

    # --- the oracle -----------------------------------------------------------------------------------

    @cached_property
    def _reliabilities(self) -> dict[Label | None, Reliability]:
        return self.channel.reliabilities(self._heard)

    @cached_property
    def reliability(self) -> Reliability:
        """The posterior over the oracle's sensitivity and specificity; of several groups, each with equal weight."""
        return Reliability.mean(list(self._reliabilities.values()))

    @property
    def reliabilities(self) -> dict[Label, Reliability]:
        """The same for each kind of question, wording or oracle, where the channel tells them apart; else empty."""
        return {label: found for label, found in self._reliabilities.items() if label is not None}

    @cached_property
    def profile(self) -> Profile:
        """What kind of oracle it is, and what the channel learns of it beside rates."""
        return self.channel.profile(self._heard)

    @property
    def shares(self) -> dict[float, float]:
        """The posterior of λ of :class:`Pooled`, or of c of :class:`SharedErrors`; empty for other channels."""
        return dict(self.profile.shares)

    @property
    def shared(self) -> float:
        """How probable it is, on average, that an error strikes all answers of a call; zero for most channels."""
        return self.profile.strikes

    @property
    def kinds(self) -> dict[str, float]:
        """How probable it is that the oracle is informative, a liar, or unrelated to the graph.

        A channel with a learned reliability knows no unrelated answers: *liar* is then worse than chance.
        """
        return {kind: getattr(self.profile, kind) for kind in ("informative", "liar", "unrelated")}

    # --- for people -----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return (
            f"Belief({len(self.candidates):,} candidates, {len(self.answers)} answers, "
            f"confidence {self.confidence:.3f} in {self.graph!r})"
        )

    def to_dict(self, k: int = 10) -> dict[str, Any]:
        """The leading graphs, the edges' probabilities and the reliability as plain values."""
        return plain_values(self, k)

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)
