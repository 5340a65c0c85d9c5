"""Channels: what an answer says about the truth, P(answer | truth).

For a graph only four counts matter: how often the answer was yes or no where the proposition is true
in it, and where it is false.  They stand in this order in arrays of shape ``(N, 4)``:
``(yes | true, no | true, yes | false, no | false)``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

import torch
from torch import Tensor

from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    from causalpp.belief.evidence import Evidence

__all__ = ["Channel", "Fixed", "Forecast", "Label", "Learned", "Source", "Tallies", "beta_from_counts"]

Label: TypeAlias = Hashable
"""The name of a group of answers: a kind of question, a wording, an oracle, or a tuple of such."""

_TABLE = 1 << 20  # combinations of counts for which the evidence is kept in a table


class Tallies(NamedTuple):
    """What was answered to each of Q distinct questions, every tensor of shape ``(Q,)``.

    Attributes:
        yes: how often yes.
        no: how often no.
        silent: how often nothing.
        odds: the sum of the log-odds of the answers that have them.
        with_odds: how many have them.
        answers: every answer in the order they came, with the number of its question, for channels that ask who
            answered, to what wording and in which call.
    """

    yes: Tensor
    no: Tensor
    silent: Tensor
    odds: Tensor
    with_odds: Tensor
    answers: tuple[tuple[int, Answer], ...] = ()

    @classmethod
    def of(cls, answers: Sequence[tuple[int, Answer]], questions: int, device: torch.device | None = None) -> Tallies:
        """The tallies of some answers, each with the number of its question, to so many questions."""
        yes, no, silent, with_odds = ([0] * questions for _ in range(4))
        odds = [0.0] * questions
        for number, answer in answers:
            (silent if answer.value is None else yes if answer.value else no)[number] += 1
            if answer.log_odds is not None and answer.value is not None:
                odds[number] += answer.log_odds
                with_odds[number] += 1
        whole = [torch.tensor(field, dtype=torch.int64, device=device) for field in (yes, no, silent, with_odds)]
        sums = torch.tensor(odds, dtype=torch.float64, device=device)
        return cls(whole[0], whole[1], whole[2], sums, whole[3], tuple(answers))

    def plus(self, answers: Sequence[tuple[int, Answer]], questions: int) -> Tallies:
        """With more answers, and zeros for questions that are new."""
        new = questions - len(self.yes)
        yes, no, silent, odds, with_odds = (
            torch.nn.functional.pad(old, (0, new)) if new else old.clone() for old in self[:5]
        )
        for number, answer in answers:
            (silent if answer.value is None else yes if answer.value else no)[number] += 1
            if answer.log_odds is not None and answer.value is not None:
                odds[number] += answer.log_odds
                with_odds[number] += 1
        return Tallies(yes, no, silent, odds, with_odds, (*self.answers, *answers))


class Forecast(NamedTuple):
    """The law of the next answer to questions with S given tallies, from R rows that stand for graphs.

    Attributes:
        mass: P(row, and the answers have to do with the graph), shape ``(R,)``.
        if_true: P(yes | row, answers have to do with it) where the proposition is true, ``(R, S)``.
        if_false: the same where it is false.
        unrelated: P(the answers have nothing to do with the graph).
        either: P(yes | they have not), shape ``(S,)``.
        silent: P(no answer | row) where the proposition is true and where it is false, each ``(R,)``, if silence tells
            something; the other rates are then those of yes among the answers.
    """

    mass: Tensor
    if_true: Tensor
    if_false: Tensor
    unrelated: float
    either: Tensor
    silent: tuple[Tensor, Tensor] | None = None


class Source(NamedTuple):
    """Where an answer comes from, as far as a channel may care; what is None is taken from the last answer.

    Attributes:
        wording: the number of the wording.
        negated: whether the question is put the other way round.
        oracle: the fingerprint of who answers.
        call: the call that it belongs to; None for a call of its own.
    """

    wording: int | None = None
    negated: bool | None = None
    oracle: str | None = None
    call: str | None = None

    def answer(self, question: Proposition, tallies: Tallies, value: bool | None = None) -> Answer:
        """An answer that might come next from here."""
        last = tallies.answers[-1][1] if tallies.answers else Answer(question, None)
        bare = Answer(question, value, oracle=last.oracle, wording=last.wording, negated=last.negated)
        return replace(bare, **{name: given for name, given in self._asdict().items() if given is not None})


class Channel(ABC):
    """The noise model of an oracle.

    A channel that looks at four counts a graph needs :meth:`log_evidence` and :meth:`beta`; one that looks at the
    questions one by one overrides the methods from :meth:`gather` on.

    Attributes:
        learns: whether the reliability is learned from the answers, or assumed.
        tallied: whether :meth:`forecast` says all of the next answer to a question: it depends on how often the
            question was answered yes and no, and not on who answered to what wording in which call.
    """

    learns: ClassVar[bool] = True
    tallied: ClassVar[bool] = True

    @abstractmethod
    def log_evidence(self, counts: Tensor) -> Tensor:
        """The log of P(answers | graph), the reliabilities summed out: ``(N, 4)`` → ``(N,)``."""

    @abstractmethod
    def beta(self, counts: Tensor) -> Tensor:
        """The posterior of the reliabilities given the graph, as Beta parameters: ``(N, 4)`` → ``(N, 4)``.

        Columns: the two parameters of sensitivity, then those of the rate of yes where the truth is no.
        """

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        """P(next answer is yes | graph, truth) for a true and for a false proposition, each ``(N,)``."""
        a, b, c, d = self.beta(counts).unbind(-1)
        return a / (a + b), c / (c + d)

    # --- the face that a belief uses: R rows, each for the graphs with the same answers to all that was asked ----

    def gather(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """All that the channel needs to know of the answers, one row for each of ``rows``, ``(R, …)``.

        Args:
            rows: the true answers to the Q questions asked, booleans of shape ``(R, Q)``.
            tallies: what was answered to them.
        """
        return counts_of(rows, tallies)

    def extend(self, gathered: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        """What :meth:`gather` gives after more answers, from what it gave before, for the same rows."""
        del gathered, before
        return self.gather(rows, after)

    def evidence(self, gathered: Tensor) -> Tensor:
        """The log of P(answers | row), shape ``(R,)``."""
        return self.log_evidence(gathered)

    def before(self, gathered: Tensor) -> Tensor:
        """What :meth:`gather` gives before any answer, one row, of the same shape but for the number of rows."""
        nothing = torch.zeros((1, 0), dtype=torch.bool, device=gathered.device)
        return self.gather(nothing, Tallies.of((), 0, gathered.device))

    def interchangeable(self, tallies: Tallies) -> Tensor:
        """Numbers of shape ``(Q,)``: questions with the same one could change places without a difference."""
        said = torch.stack([field.to(torch.float64) for field in tallies[:5]], dim=1)
        where: Tensor = torch.unique(said, dim=0, return_inverse=True)[1]
        return where

    def outlook(
        self,
        log_prior: Tensor,
        gathered: Tensor,
        evidence: Evidence,
        questions: Sequence[Proposition],
        source: Source,
        *,
        apart: bool,
    ) -> tuple[Forecast, Tensor]:
        """The law of the next answer to each of P questions, whatever has been answered to them.

        Args:
            log_prior: of the rows, shape ``(R,)``.
            gathered: what the channel knows of the answers.
            evidence: what was answered.
            questions: P of them.
            source: where the answer will come from.
            apart: whether *the answers have nothing to do with the graph* is a case of its own.

        Returns:
            A forecast of S states, and the state of each question, shape ``(P,)``.
        """
        del source
        tally, state = torch.unique(torch.stack(evidence.said(questions)), dim=1, return_inverse=True)
        method = self.forecast if apart else self.forecast_all
        return method(log_prior, gathered, tally[0], tally[1]), state

    def forecast(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        """The law of the next answer to questions answered so often yes and no, each of shape ``(S,)``."""
        return self.forecast_all(log_prior, gathered, yes, no)

    def forecast_all(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        """:meth:`forecast` with nothing set apart: answers unrelated to the graph are one more way to be wrong."""
        del no
        mass = torch.softmax(self.evidence(gathered) + log_prior, dim=0)
        if_true, if_false = (p[:, None].expand(-1, len(yes)) for p in self.predictive(gathered))
        return Forecast(mass, if_true, if_false, 0.0, torch.zeros(len(yes), dtype=mass.dtype, device=mass.device))

    def kind_probabilities(self, log_prior: Tensor, gathered: Tensor) -> tuple[float, float, float]:
        """The posterior probabilities that the oracle is informative, a liar, or unrelated to the graph."""
        better = self.reliability(log_prior, gathered).better_than_chance if self.learns else 1.0
        return better, 1 - better, 0.0

    def reliabilities(self, log_prior: Tensor, gathered: Tensor, tallies: Tallies) -> dict[Label, Reliability]:
        """The posterior over sensitivity and specificity of each group of answers; none if there are no groups."""
        del log_prior, gathered, tallies
        return {}

    def shares(self, log_prior: Tensor, gathered: Tensor) -> dict[float, float]:
        """The posterior of what a channel learns beside rates: how alike groups are, how often errors are shared."""
        del log_prior, gathered
        return {}

    def strikes(self, log_prior: Tensor, gathered: Tensor) -> float:
        """The mean probability that an error strikes all answers of a call; zero for channels that know none."""
        del log_prior, gathered
        return 0.0

    def reliability(self, log_prior: Tensor, gathered: Tensor) -> Reliability:
        """The posterior over sensitivity and specificity."""
        beta, which = torch.unique(self.beta(gathered), dim=0, return_inverse=True)
        weights = torch.zeros(len(beta), dtype=beta.dtype, device=beta.device)
        weights.index_add_(0, which, torch.softmax(self.evidence(gathered) + log_prior, dim=0))
        return Reliability(weights.cpu().numpy(), beta.cpu().numpy())


def counts_of(rows: Tensor, tallies: Tallies) -> Tensor:
    """Four counts a row: yes and no where the proposition is true, then where it is false, ``(R, 4)``."""
    said = torch.stack([tallies.yes, tallies.no], dim=1).to(torch.float64)
    there = rows.to(torch.float64) @ said
    return torch.cat([there, said.sum(0) - there], dim=1)


@dataclass(frozen=True)
class Fixed(Channel):
    """A known error rate, the same for yes and no: the published method (arXiv 2605.27567).

    Raises:
        InvalidParameter: the error does not lie strictly between 0 and 1.
    """

    error: float = 0.1
    learns: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not 0 < self.error < 1:
            raise InvalidParameter(f"a channel's error lies strictly between 0 and 1, got {self.error}")

    def log_evidence(self, counts: Tensor) -> Tensor:
        right, wrong = math.log1p(-self.error), math.log(self.error)
        return counts @ torch.tensor([right, wrong, wrong, right], dtype=counts.dtype, device=counts.device)

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        yes = torch.tensor(1 - self.error, dtype=counts.dtype, device=counts.device)
        return yes.expand(len(counts)), (1 - yes).expand(len(counts))

    def beta(self, counts: Tensor) -> Tensor:
        certain = 1e12  # a Beta distribution this narrow is a known number
        rates = [1 - self.error, self.error, self.error, 1 - self.error]
        row = torch.tensor(rates, dtype=counts.dtype, device=counts.device) * certain
        return row.expand(counts.shape[0], 4)


@dataclass(frozen=True)
class Learned(Channel):
    """Unknown reliability, learned with the graph: s ~ Beta, f ~ Beta, independent, summed out in closed form.

    The default prior prefers better than chance: without that, a truthful oracle and a consistent liar
    could not be told apart.

    Attributes:
        sensitivity: Beta parameters of P(yes | true).
        specificity: Beta parameters of P(no | false).

    Raises:
        InvalidParameter: a parameter is not greater than zero.
    """

    sensitivity: tuple[float, float] = (4.0, 1.0)
    specificity: tuple[float, float] = (4.0, 1.0)

    def __post_init__(self) -> None:
        if not all(0 < value < float("inf") for value in (*self.sensitivity, *self.specificity)):
            raise InvalidParameter(
                f"Beta parameters must be greater than zero, got {self.sensitivity}, {self.specificity}"
            )

    def _prior(self, counts: Tensor) -> Tensor:
        return torch.tensor([*self.sensitivity, *reversed(self.specificity)], dtype=counts.dtype, device=counts.device)

    @classmethod
    def from_counts(
        cls,
        if_true: tuple[float, float],
        if_false: tuple[float, float],
        *,
        prior: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.5), (0.5, 0.5)),
    ) -> Learned:
        """The channel that starts from what was counted on questions with known answers.

        Args:
            if_true: how often yes and how often no where the true answer is yes.  Answers that go together count for
                less than their number: give the number of independent ones that would tell as much.
            if_false: how often yes and how often no where it is no.
            prior: Beta parameters before the counts, of sensitivity and of specificity; by default Jeffreys'.

        Raises:
            InvalidParameter: a count below zero.

        Example:
            >>> Learned.from_counts((45, 5), (4, 36))
            Learned(sensitivity=(45.5, 5.5), specificity=(36.5, 4.5))
        """
        return cls(*beta_from_counts(if_true, if_false, prior))

    def log_evidence(self, counts: Tensor) -> Tensor:
        """Counts are whole numbers, and few of them differ: one table for all graphs, where there are more of them."""
        prior = self._prior(counts)
        size = int(counts.max()) + 1 if len(counts) else 1
        if size**4 > min(_TABLE, len(counts)) or bool(counts.frac().any()):
            return _log_beta(counts + prior) - _log_beta(prior)
        whole = torch.arange(size, dtype=counts.dtype, device=counts.device)
        table = _log_beta(torch.cartesian_prod(whole, whole, whole, whole) + prior) - _log_beta(prior)
        place = torch.tensor([size**3, size**2, size, 1], dtype=counts.dtype, device=counts.device)
        return table.index_select(0, (counts @ place).to(torch.int64))

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        a, b, c, d = self._prior(counts).tolist()
        if_true, if_false = counts[:, 0] + a, counts[:, 2] + c
        return if_true / (if_true + counts[:, 1] + b), if_false / (if_false + counts[:, 3] + d)

    def beta(self, counts: Tensor) -> Tensor:
        return counts + self._prior(counts)


def beta_from_counts(
    if_true: tuple[float, float],
    if_false: tuple[float, float],
    prior: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.5), (0.5, 0.5)),
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Beta parameters of sensitivity and of specificity, from how often yes and no where it is true, and false."""
    if not all(0 <= count < float("inf") for count in (*if_true, *if_false)):
        raise InvalidParameter(f"counts of answers are not negative, got {if_true} and {if_false}")
    (a, b), (c, d) = prior
    return (a + if_true[0], b + if_true[1]), (c + if_false[1], d + if_false[0])


def _log_beta(parameters: Tensor) -> Tensor:
    """The sum log B(a, b) + log B(c, d) along the last axis of length four."""
    a, b, c, d = parameters.unbind(-1)
    each = torch.lgamma(torch.stack([a, b, c, d])).sum(0)
    return each - torch.lgamma(a + b) - torch.lgamma(c + d)
