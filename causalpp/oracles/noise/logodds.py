"""Log-odds for a simulated oracle: informative, and as miscalibrated as one likes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from causalpp.errors import InvalidParameter
from causalpp.oracles.noise.base import Noise, Situation

__all__ = ["LogOdds"]

_LEAST = 1e-3  # of the ratio below: an oracle that never errs would be infinitely sure


@dataclass(frozen=True)
class LogOdds:
    """Log-odds ℓ with the sign of the answer, such that logit P(true | ℓ) = intercept + slope · ℓ.

    This holds exactly among questions of which half are true (elsewhere add their prior log-odds), for a noise
    whose rates depend on nothing but the truth. Intercept 0 and slope 1 are calibrated log-odds, a slope below 1 is
    an overconfident oracle. The magnitude of ℓ is exponentially distributed: with r = e^(±intercept) times the
    ratio of the probabilities of the answer given where it is wrong and where it is right, its rate is slope · r/(1
    − r) if the answer is right and slope/(1 − r) if it is wrong, which makes the likelihood ratio at ℓ what it
    should be. The noise's marginal law says how often answers are wrong; r is kept between 0.001 and 0.999, so for
    an oracle that never errs, or errs too often to be informative, all this is approximate.

    Attributes:
        intercept: the shift a in logit P(true | ℓ) = a + bℓ.
        slope: the factor b.
        persistent: whether ℓ is drawn once for each question, not once for each asking.

    Raises:
        InvalidParameter: the intercept is not finite, the slope not greater than zero.
    """

    intercept: float = 0.0
    slope: float = 1.0
    persistent: bool = False

    def __post_init__(self) -> None:
        for name in ("intercept", "slope"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not math.isfinite(self.intercept) or not 0 < self.slope < math.inf:
            raise InvalidParameter(f"the intercept is finite and the slope greater than zero, got {self!r}")

    def of(self, value: bool, noise: Noise, situation: Situation) -> float:
        """The log-odds that go with an answer."""
        right, wrong = (noise.law(replace(situation, truth=truth)) for truth in (value, not value))
        chance, error = (right.yes, wrong.yes) if value else (right.no, wrong.no)
        sign = 1 if value else -1
        ratio = math.exp(sign * self.intercept) * error / chance if chance else math.inf
        ratio = min(max(ratio, _LEAST), 1 - _LEAST)
        rate = self.slope / (1 - ratio) * (ratio if value == situation.truth else 1)
        source = situation.stream(2) if self.persistent else situation.draw
        return -sign * math.log1p(-float(source.random())) / rate
