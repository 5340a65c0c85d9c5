"""A channel for oracles that say how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.record import Label, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["LogOdds"]


@dataclass(frozen=True)
class LogOdds(Channel):
    """The oracle's own log-odds ℓ, calibrated: logit P(true | ℓ) = a + b ℓ where true and false are equally frequent.

    The log-odds of a question that is put again are averaged, not added: they are one model's one opinion.  An
    answer without log-odds is taken for one with a known error.

    Attributes:
        intercept: a.
        slope: b; 1 for an oracle that is calibrated, less for one that is too sure of itself.
        error: of answers without log-odds, and of those still to come, when questions are compared.

    Raises:
        InvalidParameter: parameters that are not finite, an error outside (0, 1).

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> belief = Belief.uniform(pair, LogOdds(slope=0.5))
        >>> round(belief.update([Answer(Causes("a", "b"), True, log_odds=2.0)]).confidence, 3)  # 1 / (1 + 1/e)
        0.731
    """

    intercept: float = 0.0
    slope: float = 1.0
    error: float = 0.1
    learns: ClassVar[bool] = False
    sees: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.intercept) and math.isfinite(self.slope)):
            raise InvalidParameter(f"intercept and slope are finite numbers, got {self.intercept} and {self.slope}")
        if not 0 < self.error < 1:
            raise InvalidParameter(f"a channel's error lies strictly between 0 and 1, got {self.error}")

    def log_ratio(self, tallies: Tallies) -> Tensor:
        """The log of P(answers | true) / P(answers | false) for each question, shape ``(Q,)``."""
        known = tallies.with_odds > 0
        mean = tallies.odds / tallies.with_odds.clamp(min=1)
        plain = (tallies.yes - tallies.no) * math.log((1 - self.error) / self.error)
        return torch.where(known, self.intercept + self.slope * mean, plain.to(mean.dtype))

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """One column, the log of the likelihood."""
        ratio = self.log_ratio(tallies)
        return torch.nn.functional.logsigmoid(torch.where(rows, ratio, -ratio)).sum(1, keepdim=True)

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        del state, before
        return self.init(rows, after)

    def log_likelihood(self, state: Tensor) -> Tensor:
        return state[:, 0]

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        """A question that has been answered would be answered the same: nothing more is learned from it."""
        del source, apart
        yes, no, state = heard.record.states(questions)
        again, said = (yes + no) > 0, (yes >= no).to(heard.log_prior.dtype)
        one, other = (
            torch.where(again, said, rate).expand(len(heard.state), -1) for rate in (1 - self.error, self.error)
        )
        return Predictive(self.posterior(heard), one, other, state)

    def profile(self, heard: Heard) -> Profile:
        del heard
        return Profile()

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        del heard
        return {None: Reliability.known(1 - self.error, 1 - self.error)}
