"""A channel for oracles that say how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.channels.base import Channel, Forecast, Tallies, counts_of
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter

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

    def gather(self, rows: Tensor, tallies: Tallies) -> Tensor:
        """Columns: the four counts, then the evidence."""
        ratio = self.log_ratio(tallies)
        signed = torch.where(rows, ratio, -ratio)
        return torch.cat([counts_of(rows, tallies), torch.nn.functional.logsigmoid(signed).sum(1, keepdim=True)], dim=1)

    def evidence(self, gathered: Tensor) -> Tensor:
        return gathered[:, 4]

    def log_evidence(self, counts: Tensor) -> Tensor:
        """For answers without log-odds, to questions of their own."""
        right, wrong = counts[:, 0] + counts[:, 3], counts[:, 1] + counts[:, 2]
        return right * math.log1p(-self.error) + wrong * math.log(self.error)

    def beta(self, counts: Tensor) -> Tensor:
        rates = torch.tensor([1 - self.error, self.error, self.error, 1 - self.error], dtype=torch.float64)
        return (rates * 1e12).to(counts.device).expand(counts.shape[0], 4)

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        yes = torch.full((len(counts),), 1 - self.error, dtype=torch.float64, device=counts.device)
        return yes, 1 - yes

    def forecast_all(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        """A question that has been answered would be answered the same: nothing more is learned from it."""
        found = super().forecast_all(log_prior, gathered, yes, no)
        again = (yes + no) > 0
        said = (yes >= no).to(found.if_true.dtype)
        same = [torch.where(again, said, law) for law in (found.if_true, found.if_false)]
        return found._replace(if_true=same[0], if_false=same[1])

    def reliability(self, log_prior: Tensor, gathered: Tensor) -> Reliability:
        del log_prior
        return Reliability(np.ones(1), self.beta(gathered[:1, :4]).cpu().numpy())
