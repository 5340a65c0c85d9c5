"""The elementary families: independent, persistent and correlated errors, and lies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.oracles.noise.base import Law, Noise, Situation, check_rate

__all__ = ["Adversarial", "Asymmetric", "AtARate", "Correlated", "Persistent", "Symmetric", "as_noise"]

_ALIKE = 1e-9  # correlations below are none: the rates differ by less than their own rounding


@dataclass(frozen=True)
class Symmetric(Noise):
    """Every answer is wrong with the same probability, independently of all others.

    Raises:
        InvalidParameter: the error is not a probability.
    """

    error: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "error", check_rate("an error rate", self.error))

    def answer(self, situation: Situation) -> bool:
        return situation.truth != (float(situation.draw.random()) < self.error)

    def law(self, situation: Situation) -> Law:
        return _erring(situation, self.error)


@dataclass(frozen=True)
class Asymmetric(Noise):
    """Answers are wrong independently, at one rate where the truth is yes and at another where it is no.

    Attributes:
        sensitivity: the probability of yes where the truth is yes.
        specificity: the probability of no where the truth is no.

    Raises:
        InvalidParameter: one of them is not a probability.
    """

    sensitivity: float
    specificity: float

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            object.__setattr__(self, name, check_rate(f"a {name}", getattr(self, name)))

    def error(self, truth: bool) -> float:
        """The error rate where this is the truth."""
        return 1 - (self.sensitivity if truth else self.specificity)

    def answer(self, situation: Situation) -> bool:
        return situation.truth != (float(situation.draw.random()) < self.error(situation.truth))

    def law(self, situation: Situation) -> Law:
        return _erring(situation, self.error(situation.truth))


def as_noise(noise: Noise | float) -> Noise:
    """A noise as it is, a plain number as symmetric errors at that rate."""
    return noise if isinstance(noise, Noise) else Symmetric(noise)


@dataclass(frozen=True)
class Persistent(Noise):
    """An answer is decided once for each question and stays, however often and in whatever words it is asked.

    Args:
        noise: how the answer is decided; a number is the share of questions that get a wrong answer.
    """

    noise: Noise | float

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", as_noise(self.noise))

    def answer(self, situation: Situation) -> bool | None:
        return as_noise(self.noise).answer(replace(situation, settled=True))

    def law(self, situation: Situation) -> Law:
        return as_noise(self.noise).law(situation)


@dataclass(frozen=True)
class Correlated(Noise):
    """Each question has its own error rate, drawn once: the errors among its askings are beta-binomial.

    The rate of a question is Beta(μν, (1 − μ)ν)-distributed with mean μ the error rate and ν = 1/ρ − 1, so that the
    errors at any two askings of one question have correlation ρ (Skellam, *A probability distribution derived from the
    binomial distribution by regarding the probability of success as variable between the sets of trials*,
    J. R. Stat. Soc. B 10, 1948).

    Attributes:
        error: the mean error rate, or an :class:`Asymmetric` for one that depends on the truth.
        correlation: ρ; 0 are independent errors, 1 persistent ones.

    Raises:
        InvalidParameter: a number does not lie between 0 and 1, or the error is some other noise.
    """

    error: float | Asymmetric
    correlation: float

    def __post_init__(self) -> None:
        if isinstance(self.error, Symmetric):
            object.__setattr__(self, "error", self.error.error)
        if not isinstance(self.error, Asymmetric):
            if isinstance(self.error, Noise):
                raise InvalidParameter(f"correlated errors have a rate, or are Asymmetric(…), not {self.error!r}")
            object.__setattr__(self, "error", check_rate("an error rate", self.error))
        object.__setattr__(self, "correlation", check_rate("a correlation", self.correlation))

    def _mean(self, truth: bool) -> float:
        return self.error.error(truth) if isinstance(self.error, Asymmetric) else self.error

    def answer(self, situation: Situation) -> bool:
        from scipy.special import betaincinv

        mean, latent = self._mean(situation.truth), float(situation.fixed.random())
        if _ALIKE < self.correlation < 1 and 0 < mean < 1:
            strength = 1 / self.correlation - 1
            rate = float(betaincinv(mean * strength, (1 - mean) * strength, latent))
        else:
            rate = float(latent < mean) if self.correlation == 1 else mean
        return situation.truth != (float(situation.draw.random()) < rate)

    def law(self, situation: Situation) -> Law:
        return _erring(situation, self._mean(situation.truth))


@dataclass(frozen=True)
class AtARate(Noise):
    """Now and then something else than another noise: what that is, subclasses say."""

    rate: float
    noise: Noise | float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", check_rate("a rate", self.rate))
        object.__setattr__(self, "noise", as_noise(self.noise))

    def _draw(self, situation: Situation) -> np.random.Generator:
        """The random numbers that say whether it is now."""
        return situation.draw

    def _then(self, situation: Situation) -> bool | None:
        """What is answered then; by default the opposite."""
        value = as_noise(self.noise).answer(situation)
        return None if value is None else not value

    def _law_then(self, situation: Situation, otherwise: Law) -> Law:  # noqa: ARG002
        """The law of what is answered then."""
        return Law(otherwise.no, otherwise.yes, otherwise.abstain)

    def answer(self, situation: Situation) -> bool | None:
        now = float(self._draw(situation).random()) < self.rate
        return self._then(situation) if now else as_noise(self.noise).answer(situation)

    def law(self, situation: Situation) -> Law:
        otherwise = as_noise(self.noise).law(situation)
        return otherwise.mixed(self._law_then(situation, otherwise), self.rate)


@dataclass(frozen=True)
class Adversarial(AtARate):
    """The opposite of what another noise answers, always or at a rate.

    Attributes:
        rate: how often the answer is turned round.
        noise: what is turned round; by default the truth.

    Raises:
        InvalidParameter: the rate is not a probability.
    """

    rate: float = 1.0


def _erring(situation: Situation, error: float) -> Law:
    return Law.certain(situation.truth).mixed(Law.certain(not situation.truth), error)
