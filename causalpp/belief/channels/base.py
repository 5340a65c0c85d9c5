"""What a belief needs of a channel: what the answers say about the truth, P(answers | truth), and about the oracle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, cast, final

import torch
from torch import Tensor

from causalpp.belief.channels.groups import FACETS, failed_silence, split, together
from causalpp.belief.record import Label, Record, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.propositions import Proposition

__all__ = ["Channel", "Heard", "Predictive", "Profile"]


class Heard(NamedTuple):
    """What a channel has made of a record, for R rows that stand for hypotheses.

    Attributes:
        log_prior: of the rows, shape ``(R,)``.
        state: what the channel knows of the answers, one row each, ``(R, K)``; see :meth:`Channel.init`.
        record: what was answered.
    """

    log_prior: Tensor
    state: Tensor
    record: Record


class Profile(NamedTuple):
    """What kind of oracle it is, as probabilities.

    Attributes:
        informative: that its answers favour the truth.
        liar: that they favour the opposite.
        unrelated: that they have nothing to do with the truth.
        unrelated_before: the same, before any answer.
        shares: the posterior of what a channel learns beside rates: how alike groups are, how often errors are shared.
        strikes: how probable it is, on average, that an error strikes all answers of a call.
    """

    informative: float = 1.0
    liar: float = 0.0
    unrelated: float = 0.0
    unrelated_before: float = 0.0
    shares: Mapping[float, float] = {}
    strikes: float = 0.0


@dataclass(frozen=True, eq=False)
class Predictive:
    """The law of the next answer to each of P questions, given the answers so far.

    Questions in the same state (as a rule: answered alike before) share a law, and so do hypotheses of one row.  A
    channel gives the law for R rows, each a hypothesis of its own; a belief, for its M hypotheses.

    Attributes:
        weights: P(hypothesis, and the answers have to do with it), shape ``(M,)``, candidates first.
        if_true: P(yes | row, the answers have to do with it) where the proposition is true, for S states, ``(R, S)``.
        if_false: the same where it is false.
        state: of each question, shape ``(P,)``.
        unrelated: P(the answers have nothing to do with any hypothesis), where that is a case of its own.
        either: P(yes | they have not), shape ``(S,)``.
        silent: P(no answer | row) where the proposition is true and where it is false, each ``(R,)``, if silence tells
            something; the other rates are then those of yes among the answers.
        groups: the row of each hypothesis, shape ``(M,)``.
    """

    weights: Tensor
    if_true: Tensor
    if_false: Tensor
    state: Tensor
    unrelated: float = 0.0
    either: Tensor = field(default=cast(Tensor, None))
    silent: tuple[Tensor, Tensor] | None = None
    groups: Tensor = field(default=cast(Tensor, None))

    def __post_init__(self) -> None:
        if cast(Tensor | None, self.either) is None:
            object.__setattr__(self, "either", self.if_true.new_zeros(self.if_true.shape[1]))
        if cast(Tensor | None, self.groups) is None:
            object.__setattr__(self, "groups", torch.arange(len(self.weights), device=self.weights.device))

    @property
    def rates(self) -> tuple[Tensor, Tensor]:
        """P(yes | hypothesis) where the proposition is true, and where it is false, written out: ``(M, P)`` each."""
        if_true, if_false = (law[self.groups][:, self.state] for law in (self.if_true, self.if_false))
        return if_true, if_false


class Channel(ABC):
    """The noise model of an oracle: a state of what was heard, that starts, takes in answers, and is asked.

    A channel for which only four numbers count, how often yes and how often no where the truth is yes and where it is
    no, is a :class:`CountChannel`, and one with finitely many cases a :class:`Mixture`: both need less.

    Attributes:
        learns: whether the reliability is learned from the answers, or assumed.
        sees: what the channel looks at in an answer beside yes, no and log-odds: some of ``"kind"`` of question,
            ``"wording"``, ``"negated"``, ``"oracle"``, ``"call"`` and ``"silence"``.  Questions that were answered
            alike in what it sees are interchangeable, and computed once.
        reads_levels: whether it is given, in place of the truth of each question in each row, two numbers: its level,
            above 0 for yes, and the rise from its first to its second variable; see :attr:`Record.signals`.  Its
            questions are then not interchangeable.

    Example:
        An oracle whose error differs from kind to kind of question, and is known:

        >>> import torch
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch, DirectlyCauses
        >>> from causalpp.belief import Channel, Predictive, Profile, Reliability
        >>> class ByKind(Channel):
        ...     learns, sees = False, ("kind",)
        ...     def __init__(self, **errors):
        ...         self.errors = errors
        ...     def right(self, questions):
        ...         return torch.tensor([1 - self.errors[type(q).__name__] for q in questions], dtype=torch.float64)
        ...     def init(self, rows, tallies):
        ...         told = [(number, a) for number, a in tallies.answers if a.value is not None]
        ...         right = self.right(a.question for _, a in told)
        ...         agrees = torch.stack([rows[:, n] == a.value for n, a in told], 1) if told else rows[:, :0]
        ...         return torch.where(agrees, right, 1 - right).log().sum(1, keepdim=True)
        ...     def step(self, state, rows, before, after):
        ...         return self.init(rows, after)
        ...     def log_likelihood(self, state):
        ...         return state[:, 0]
        ...     def predictive(self, heard, questions, source, *, apart):
        ...         right = self.right(questions).expand(len(heard.state), -1)
        ...         return Predictive(self.posterior(heard), right, 1 - right, torch.arange(len(questions)))
        ...     def profile(self, heard):
        ...         return Profile()
        ...     def reliabilities(self, heard):
        ...         return {kind: Reliability.known(1 - e, 1 - e) for kind, e in self.errors.items()}
        >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> belief = Belief.uniform(pair, ByKind(Causes=0.1, DirectlyCauses=0.4))
        >>> belief = belief.update([Answer(Causes("a", "b"), True), Answer(DirectlyCauses("a", "b"), False)])
        >>> round(belief.confidence, 3)  # 0.9 · 0.4 against 0.1 · 0.6
        0.857
    """

    learns: ClassVar[bool] = True
    sees: ClassVar[tuple[str, ...]] = (*FACETS, "call", "silence")
    reads_levels: ClassVar[bool] = False

    @abstractmethod
    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """All that the channel needs to know of the answers, one row for each of ``rows``, ``(R, K)``.

        Args:
            rows: the true answers to the Q questions asked, booleans of shape ``(R, Q)``; or ``(R, Q, 2)``, see above.
            tallies: what was answered to them.
        """

    @abstractmethod
    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        """What :meth:`init` gives after more answers, from what it gave before, for the same rows."""

    @abstractmethod
    def log_likelihood(self, state: Tensor) -> Tensor:
        """The log of P(answers | row), what is not known of the oracle summed out, shape ``(R,)``."""

    @abstractmethod
    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """The law of the next answer to each of P questions, whatever has been answered to them, for the R rows.

        Args:
            heard: what was answered, and what it made of the rows.
            questions: P of them.
            source: where the answer will come from.
            apart: whether *the answers have nothing to do with the hypotheses* is a case of its own, if the channel
                knows that; else they are one more way to be wrong.
        """

    @abstractmethod
    def profile(self, heard: Heard) -> Profile:
        """What kind of oracle it is."""

    @abstractmethod
    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        """The posterior over sensitivity and specificity of each group of answers; of all as None, without groups."""

    @final
    def posterior(self, heard: Heard) -> Tensor:
        """The posterior probabilities of the rows, shape ``(R,)``."""
        return torch.softmax(self.log_likelihood(heard.state) + heard.log_prior, dim=0)

    @final
    def interchangeable(self, tallies: Tallies) -> Tensor:
        """Numbers of shape ``(Q,)``: questions with the same one could change places without a difference."""
        calls = [answer.call for _, answer in tallies.answers if answer.call is not None and answer.value is not None]
        if self.reads_levels:
            return torch.arange(len(tallies.yes), device=tallies.yes.device)
        if "call" in self.sees and len(set(calls)) < len(calls):  # whose answers share more than what was said
            return torch.arange(len(tallies.yes), device=tallies.yes.device)
        by = tuple(facet for facet in FACETS if facet in self.sees)
        parts = [tallies, *(split(tallies, by).values() if by else ())]
        silent = [tallies.silent - failed_silence(tallies)] if "silence" in self.sees else []
        return together([*silent, *(field for part in parts for field in part[:5])])
