"""The exact posterior over candidates that are listed, whatever they are."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

import torch
from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief.channels import Channel, Coming, Heard, Potentials, Predictive, Profile
from causalpp.belief.protocol import BeliefLike
from causalpp.belief.record import NEW_QUESTION, Label, Record, Source, signals_of, true_of
from causalpp.belief.reliability import Reliability
from causalpp.belief.table import TruthTable
from causalpp.errors import InvalidParameter
from causalpp.graphs import DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import Direction, Proposition

__all__ = ["ListedBelief"]

_TOGETHER = 12  # answers whose joint law is computed
Listed = TypeVar("Listed", bound="ListedBelief")


@dataclass(frozen=True, eq=False, repr=False)
class ListedBelief(BeliefLike):
    """The exact posterior over listed candidates; immutable: :meth:`update` gives a new one.

    The definition is the Pyro program in :mod:`causalpp.belief.model`; here the reliabilities are summed out
    exactly, once for all candidates that the answers do not tell apart.

    Attributes:
        candidates: N of them, graphs (see :class:`Belief`) or the rows of a table (see :meth:`Belief.from_table`).
        channel: the noise model of the oracle.
        log_prior: log prior probabilities of the candidates among themselves, shape ``(N,)``.
        answers: the answers so far.
        record: the same as tallies, and which hypotheses they tell apart.
    """

    candidates: DagBatch | TruthTable
    channel: Channel
    log_prior: Tensor
    answers: tuple[Answer, ...] = ()
    record: Record = field(default=cast(Record, None))
    listed: ClassVar[bool] = True

    evidence = old_attribute("record")

    def __post_init__(self) -> None:
        if not self.record:
            object.__setattr__(self, "record", Record.none(self._hypotheses, graded=self.channel.reads_levels))

    @property
    def _hypotheses(self) -> DagBatch | TruthTable:
        """The candidates, and what else may be the truth."""
        return self.candidates

    def update(self: Listed, answers: Iterable[Answer]) -> Listed:
        """The belief after more answers. Abstentions are kept with the answers and change nothing.

        Raises:
            UnknownVariable: an answer is about a variable the candidates do not have.
            InvalidProposition: an answer to a question that the table does not have.
        """
        new = tuple(answers)
        record = self.record.add(new)
        after = replace(self, record=record, answers=self.answers + new)
        if "_state" in self.__dict__:
            before = self.record.tallies.plus((), record.levels.shape[1])
            after.__dict__["_state"] = self.channel.step(
                self._state[record.origin], after._true, before, record.tallies
            )
        after.__dict__["_log_start"], after.__dict__["_shown"] = self._log_start, self._shown
        return after

    # --- what a channel computes ------------------------------------------------------------------------

    @cached_property
    def _state(self) -> Tensor:
        return self.channel.init(self._true, self.record.tallies)

    @property
    def _true(self) -> Tensor:
        """The true answers as the channel reads them, ``(R, Q)`` or ``(R, Q, 2)``."""
        return self.record.signals if self.channel.reads_levels else self.record.rows

    @property
    def heard(self) -> Heard:
        """What the channel has made of the record."""
        return Heard(self._log_rows, self._state, self.record)

    @cached_property
    def _log_start(self) -> Tensor:
        """The log prior of all hypotheses, candidates first, shape ``(M,)``."""
        return torch.log_softmax(self.log_prior, dim=0)

    @cached_property
    def _log_rows(self) -> Tensor:
        """The log prior of the rows of the record, shape ``(R,)``."""
        mass = torch.zeros(len(self.record.levels), dtype=torch.float64, device=self._log_start.device)
        return mass.index_add_(0, self.record.groups, self._log_start.exp()).log()

    @property
    def _shares(self) -> Tensor:
        """What each hypothesis weighs within its row, ``(M,)``."""
        return (self._log_start - self._log_rows[self.record.groups]).exp().nan_to_num(0.0)

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
            >>> from causalpp import Belief, Causes, Dag, DagBatch
            >>> from causalpp.belief import Correlated
            >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
            >>> belief = Belief.uniform(pair, Correlated(correlation=0.9)).update([Answer(Causes("a", "b"), True)])
            >>> if_true, if_false = belief.predictive([Causes("a", "b"), Causes("b", "a")]).rates
            >>> [round(p, 2) for p in if_false[1].tolist()]  # in the second graph: to the first question yes again
            [0.93, 0.33]
        """
        found = self.channel.predictive(self.heard, questions, source or Source(), apart=apart)
        groups = self.record.groups
        return replace(found, weights=self._shares * found.weights[groups], groups=groups)

    outlook = old_attribute("predictive")

    def coming(
        self,
        questions: Sequence[Direction],
        *,
        hypotheses: int = 256,
        worlds: int = 60,
    ) -> Coming:
        """The law of the next graded answer to each of P directions that nobody answered yet, seen more closely.

        Args:
            questions: P of them.
            hypotheses: where there are more, so many stand for all, drawn evenly by their weights.
            worlds: so many of the cases of what an oracle that is related to the graph may be, the most probable ones,
                stand for all.

        Raises:
            InvalidParameter: the channel reads no graded answers.
        """
        channel = self.channel
        if not isinstance(channel, Potentials):
            raise InvalidParameter(f"graded answers are read by the channel Potentials, not by {channel!r:.100}")
        record, share = self.record, self._shares
        rows = torch.arange(len(share), device=share.device)
        if len(share) > hypotheses:
            steps = (torch.arange(hypotheses, dtype=torch.float64, device=share.device) + 0.5) / hypotheses
            drawn = torch.searchsorted(self._posterior.cumsum(0), steps).clamp(max=len(share) - 1)
            rows, times = torch.unique(drawn, return_counts=True)
            share = share[rows] * times / (hypotheses * self._posterior[rows])
        some: DagBatch | TruthTable = record.hypotheses
        if isinstance(some, DagBatch) and len(rows) < len(some):
            some = some[rows]
        signals = signals_of(questions, some)
        return channel.coming(self.heard, questions, signals, rows, record.groups[rows], share, worlds)

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
            >>> from causalpp import Belief, Causes, Dag, DagBatch
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

    # --- what is believed -----------------------------------------------------------------------------

    @property
    def probabilities(self) -> Tensor:
        """The posterior probability of every candidate, shape ``(N,)``; what is left to one is the alternatives'."""
        return self._posterior[: len(self.candidates)]

    @property
    def size(self) -> int:
        return len(self.candidates)

    @property
    def log_marginal_likelihood(self) -> float:
        return float(torch.logsumexp(self._log_rows + self.channel.log_likelihood(self._state), dim=0))

    @property
    def best(self) -> Any:
        """The most probable candidate, the first one among equals."""
        return self._candidate(int(self.probabilities.argmax()))

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def prior_confidence(self) -> float:
        return float(self._log_start[: len(self.candidates)].max().exp())

    @property
    def fewest_wrong(self) -> tuple[int, int]:
        """How many answers are wrong at least, whatever is true, and how many there are beside abstentions."""
        counts = self.record.counts
        return round(float((counts[:, 1] + counts[:, 2]).min())), round(float(counts[0].sum()))

    @property
    def entropy(self) -> float:
        p = self._posterior[self._posterior > 0]
        return max(0.0, float(-(p * p.log2()).sum()))

    def top(self, k: int = 5) -> list[tuple[Any, float]]:
        """The ``k`` most probable candidates with their probabilities."""
        order = torch.argsort(self.probabilities, descending=True, stable=True)[:k]
        return [(self._candidate(int(n)), float(self.probabilities[n])) for n in order]

    @cached_property
    def _shown(self) -> dict[int, Any]:
        """Candidates that were asked for: each is made once, however often the belief is updated."""
        return {}

    def _candidate(self, number: int) -> Any:
        if number not in self._shown:
            self._shown[number] = self.candidates[number]
        return self._shown[number]

    def probability(self, proposition: Proposition) -> float:
        """The posterior probability that a statement is true."""
        holds = true_of(proposition, self.record.hypotheses).to(self._posterior.dtype)
        return min(1.0, float(self._posterior @ holds))

    def settled(self, statement: Proposition) -> bool | None:
        holds = true_of(statement, self.candidates)
        return bool(holds[0]) if bool((holds == holds[0]).all()) else None

    # --- the oracle -----------------------------------------------------------------------------------

    @cached_property
    def _reliabilities(self) -> dict[Label | None, Reliability]:
        return self.channel.reliabilities(self.heard)

    @cached_property
    def reliability(self) -> Reliability:
        """The posterior over the oracle's sensitivity and specificity; of several groups, each with equal weight."""
        return Reliability.mean(list(self._reliabilities.values()))

    @property
    def reliabilities(self) -> dict[Label, Reliability]:
        return {label: found for label, found in self._reliabilities.items() if label is not None}

    @cached_property
    def profile(self) -> Profile:
        """What kind of oracle it is, and what the channel learns of it beside rates."""
        return self.channel.profile(self.heard)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({len(self.candidates):,} candidates, {len(self.answers)} answers, "
            f"confidence {self.confidence:.3f} in {self.best!r})"
        )


def log_weights(candidates: DagBatch | TruthTable, weights: Iterable[float] | Tensor | None) -> Tensor:
    """The log prior from weights, by default all equal.

    Raises:
        InvalidParameter: weights that are negative, all zero, or not one for each candidate.
    """
    n = len(candidates)
    given = [1.0] * n if weights is None else weights if isinstance(weights, Tensor) else list(weights)
    weight = torch.as_tensor(given, dtype=torch.float64).to(candidates.device)
    if weight.shape != (n,) or not bool((weight >= 0).all() & weight.isfinite().all() & (weight.sum() > 0)):
        raise InvalidParameter(f"the prior needs {n} weights, none negative and not all zero, one a candidate")
    return (weight / weight.sum()).log()
