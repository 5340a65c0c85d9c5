"""The law of the next answers: what a policy needs to know of a belief, whatever its channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor

__all__ = ["Predictive"]


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
