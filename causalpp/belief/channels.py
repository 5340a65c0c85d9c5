"""Channels: what an answer says about the truth, P(answer | truth).

For a graph only four counts matter: how often the answer was yes or no where the proposition is true
in it, and where it is false.  They stand in this order in arrays of shape ``(N, 4)``:
``(yes | true, no | true, yes | false, no | false)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from causalpp.errors import InvalidParameter

__all__ = ["Channel", "Fixed", "Learned"]


class Channel(ABC):
    """The noise model of an oracle.

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
