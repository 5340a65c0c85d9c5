"""Channels: what an answer says about the truth, P(answer | truth).

For a graph only four counts matter: how often the answer was yes or no where the proposition is true
in it, and where it is false.  They stand in this order in arrays of shape ``(N, 4)``:
``(yes | true, no | true, yes | false, no | false)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter

__all__ = ["Channel", "Fixed", "Forecast", "Learned", "Tallies"]


class Tallies(NamedTuple):
    """What was answered to each of Q distinct questions, every field of shape ``(Q,)``.

    Attributes:
        yes: how often yes.
        no: how often no.
        silent: how often nothing.
        odds: the sum of the log-odds of the answers that have them.
        with_odds: how many have them.
    """

    yes: Tensor
    no: Tensor
    silent: Tensor
    odds: Tensor
    with_odds: Tensor


class Forecast(NamedTuple):
    """The law of the next answer to questions with S given tallies, from R rows that stand for graphs.

    Attributes:
        mass: P(row, and the answers have to do with the graph), shape ``(R,)``.
        if_true: P(yes | row, answers have to do with it) where the proposition is true, ``(R, S)``.
        if_false: the same where it is false.
        unrelated: P(the answers have nothing to do with the graph).
        either: P(yes | they have not), shape ``(S,)``.
    """

    mass: Tensor
    if_true: Tensor
    if_false: Tensor
    unrelated: float
    either: Tensor


class Channel(ABC):
    """The noise model of an oracle.

    A channel that looks at four counts a graph needs :meth:`log_evidence` and :meth:`beta`; one that looks at the
    questions one by one overrides the methods from :meth:`gather` on.

    Attributes:
        learns: whether the reliability is learned from the answers, or assumed.
    """

    learns: ClassVar[bool] = True

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
        right, wrong = counts[:, 0] + counts[:, 3], counts[:, 1] + counts[:, 2]
        rate = torch.tensor(self.error, dtype=counts.dtype)
        return right * torch.log1p(-rate) + wrong * torch.log(rate)

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

    def log_evidence(self, counts: Tensor) -> Tensor:
        return _log_beta(self.beta(counts)) - _log_beta(self._prior(counts))

    def beta(self, counts: Tensor) -> Tensor:
        return counts + self._prior(counts)


def _log_beta(parameters: Tensor) -> Tensor:
    """The sum log B(a, b) + log B(c, d) along the last axis of length four."""
    a, b, c, d = parameters.unbind(-1)
    each = torch.lgamma(torch.stack([a, b, c, d])).sum(0)
    return each - torch.lgamma(a + b) - torch.lgamma(c + d)
