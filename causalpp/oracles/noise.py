"""Noise families: how a simulated oracle goes wrong.

Every draw is seeded by the oracle's seed, the question and the replicate number, so an answer does not
depend on what else was asked before it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["Noise", "Symmetric"]


class Noise(ABC):
    """A law of answers given the truth."""

    @abstractmethod
    def answer(self, question: Proposition, truth: bool, draw: np.random.Generator) -> bool | None:
        """An answer to a question whose true answer is ``truth``; ``draw`` is fresh for every replicate."""


@dataclass(frozen=True)
class Symmetric(Noise):
    """Every answer is wrong with the same probability, independently of all others.

    Raises:
        InvalidParameter: the error is not a probability.
    """

    error: float

    def __post_init__(self) -> None:
        if not 0 <= self.error <= 1:
            raise InvalidParameter(f"an error rate lies between 0 and 1, got {self.error}")

    def answer(self, question: Proposition, truth: bool, draw: np.random.Generator) -> bool:  # noqa: ARG002
        return truth != (float(draw.random()) < self.error)
