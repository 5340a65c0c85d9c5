"""The law of the next answers: what a policy needs to know of a belief, whatever its channel."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from causalpp.belief.channels.base import Forecast

__all__ = ["Outlook"]


class Outlook(NamedTuple):
    """The law of the next answer to each of P questions, given the answers so far.

    Questions in the same state (as a rule: answered alike before) share a law.

    Attributes:
        weights: P(hypothesis, and the answers have to do with the graph), shape ``(M,)``, candidates first.
        forecast: the law for the R rows of the evidence and S states.
        state: of each question, shape ``(P,)``.
        groups: the row of each hypothesis, shape ``(M,)``.
    """

    weights: Tensor
    forecast: Forecast
    state: Tensor
    groups: Tensor

    @property
    def rates(self) -> tuple[Tensor, Tensor]:
        """P(yes | hypothesis) where the proposition is true, and where it is false, written out: ``(M, P)`` each."""
        if_true, if_false = (law[self.groups][:, self.state] for law in (self.forecast.if_true, self.forecast.if_false))
        return if_true, if_false
