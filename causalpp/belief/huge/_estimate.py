"""What particles say by the exact belief over the distinct graphs among them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief.belief import Belief
from causalpp.belief.channels.base import Predictive, Profile
from causalpp.belief.huge._uncounted import Uncounted
from causalpp.belief.record import Label, Record, Source
from causalpp.belief.reliability import Reliability
from causalpp.graphs import DagBatch
from causalpp.propositions import Proposition

__all__ = ["Estimate"]


class Estimate(Uncounted, Protocol):
    """A belief that asks another one, over graphs that stand for all.

    Attributes:
        belief: that one.
    """

    belief: Belief

    @cached_property
    def candidates(self) -> DagBatch:  # type: ignore[override]  # made when it is needed
        """The distinct graphs among the particles."""
        return self.belief.candidates

    @property
    def record(self) -> Record:
        """The answers, and which of the distinct graphs they tell apart."""
        return self.belief.record

    evidence: Any = old_attribute("record")

    @property
    def probabilities(self) -> Tensor:
        """Of the distinct graphs, shape ``(D,)``."""
        return self.belief.probabilities

    @property
    def counts(self) -> Tensor:
        """Four counts a distinct graph; see :attr:`Belief.counts`."""
        return self.belief.counts

    def predictive(
        self, questions: Sequence[Proposition], source: Source | None = None, *, apart: bool = True
    ) -> Predictive:
        """The law of the next answer to each question; see :meth:`Belief.predictive`."""
        return self.belief.predictive(questions, source, apart=apart)

    outlook: Any = old_attribute("predictive")

    def joint_predictive(self, questions: Sequence[Proposition], source: Source | None = None) -> Tensor:
        """The joint law of the answers to some questions; see :meth:`Belief.joint_predictive`."""
        return self.belief.joint_predictive(questions, source)

    law: Any = old_attribute("joint_predictive")

    @property
    def rates(self) -> tuple[Tensor, Tensor]:
        """The law of an answer to a new question; see :attr:`Belief.rates`."""
        return self.belief.rates

    def probability(self, proposition: Proposition) -> float:
        """The estimated posterior probability that a statement is true; see :meth:`standard_error`."""
        return self.belief.probability(proposition)

    @property
    def edges(self) -> Tensor:
        """The estimated posterior probability of every directed edge, shape ``(d, d)``."""
        return self.belief.edges

    @property
    def log_likelihood(self) -> Tensor:
        """The natural logarithm of P(answers | graph) of the distinct graphs, shape ``(D,)``."""
        return self.belief.log_likelihood

    @property
    def reliability(self) -> Reliability:
        return self.belief.reliability

    @property
    def reliabilities(self) -> dict[Label, Reliability]:
        return self.belief.reliabilities

    @property
    def profile(self) -> Profile:
        return self.belief.profile
