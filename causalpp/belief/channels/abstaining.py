"""Silence that tells something: abstention with rates of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Forecast, Label, Learned, Source, Tallies
from causalpp.belief.channels.groups import together
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.oracles.journal import failed
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    from causalpp.belief.evidence import Evidence

__all__ = ["Abstaining"]

_COUNTS = 4


@dataclass(frozen=True)
class Abstaining(Channel):
    """A channel whose oracle is silent at one rate where the proposition is true, and at another where it is false.

    Other channels leave abstentions out: silence is then as frequent in either case.  Here the two rates are unknown,
    a ~ Beta, b ~ Beta, independent of each other and of what is said when something is said, and summed out in closed
    form; so silence shifts the belief as far as the two turn out to differ.  Each abstention is one more observation:
    an oracle that is always silent about the same question is taken at its word every time.  Answers that are missing
    because something failed (see :class:`~causalpp.oracles.Journal`) say nothing.

    Attributes:
        base: what is said, when something is.
        if_true: Beta parameters of P(silent | true).
        if_false: Beta parameters of P(silent | false).

    Raises:
        InvalidParameter: a parameter that is not greater than zero.

    Example:
        >>> from causalpp import Answer, Belief, Causes, Dag, DagBatch
        >>> from causalpp.belief import Fixed
        >>> pair = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
        >>> belief = Belief.uniform(pair, Abstaining(Fixed(0.1), if_true=(1.0, 9.0), if_false=(4.0, 6.0)))
        >>> round(belief.update([Answer(Causes("a", "b"), None)]).probability(Causes("a", "b")), 3)  # 0.1 against 0.4
        0.2
    """

    base: Channel = field(default_factory=Agnostic)
    if_true: tuple[float, float] = (1.0, 4.0)
    if_false: tuple[float, float] = (1.0, 4.0)

    def __post_init__(self) -> None:
        if isinstance(self.base, Abstaining):
            raise InvalidParameter("silence is modelled once: the base of an abstaining channel is no such channel")
        if not all(0 < value < math.inf for value in (*self.if_true, *self.if_false)):
            raise InvalidParameter(f"Beta parameters must be greater than zero, got {self.if_true}, {self.if_false}")
        object.__setattr__(self, "learns", self.base.learns)
        object.__setattr__(self, "tallied", self.base.tallied)

    @cached_property
    def _rates(self) -> Learned:
        """Silence is counted as yes is: the false-yes rate is the rate where the proposition is false."""
        return Learned(self.if_true, (self.if_false[1], self.if_false[0]))

    # --- the answers: what the base needs to know, and four columns: silent and not, where true, and where false ---

    def gather(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return torch.cat([self.base.gather(rows, tallies), self._counted(rows, tallies)], dim=1)

    def extend(self, gathered: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        more = self.base.extend(gathered[:, :-_COUNTS], rows, before, after)
        return torch.cat([more, self._counted(rows, after)], dim=1)

    def before(self, gathered: Tensor) -> Tensor:
        return torch.nn.functional.pad(self.base.before(gathered[:, :-_COUNTS]), (0, _COUNTS))

    def interchangeable(self, tallies: Tallies) -> Tensor:
        return together([self.base.interchangeable(tallies), self._silent(tallies)])

    def _counted(self, rows: Tensor, tallies: Tallies) -> Tensor:
        said = torch.stack([self._silent(tallies), tallies.yes + tallies.no], dim=1).to(torch.float64)
        there = rows.to(torch.float64) @ said
        return torch.cat([there, said.sum(0) - there], dim=1)

    @staticmethod
    def _silent(tallies: Tallies) -> Tensor:
        """How often each question met with silence, other than because something failed; ``(Q,)``."""
        lost = torch.zeros_like(tallies.silent)
        for number, answer in tallies.answers:
            if failed(answer):
                lost[number] += 1
        return tallies.silent - lost

    def evidence(self, gathered: Tensor) -> Tensor:
        return self.base.evidence(gathered[:, :-_COUNTS]) + self._of_silence(gathered)

    def _of_silence(self, gathered: Tensor) -> Tensor:
        """The log of P(when it was silent | row), shape ``(R,)``."""
        return self._rates.log_evidence(gathered[:, -_COUNTS:])

    # --- the next answer: three outcomes -----------------------------------------------------------------------

    def outlook(
        self,
        log_prior: Tensor,
        gathered: Tensor,
        evidence: Evidence,
        questions: Sequence[Proposition],
        source: Source,
        *,
        apart: bool,
    ) -> tuple[Forecast, Tensor]:
        after = log_prior + self._of_silence(gathered)
        found, state = self.base.outlook(after, gathered[:, :-_COUNTS], evidence, questions, source, apart=apart)
        return self._with_silence(found, gathered), state

    def forecast(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        after = log_prior + self._of_silence(gathered)
        return self._with_silence(self.base.forecast(after, gathered[:, :-_COUNTS], yes, no), gathered)

    def forecast_all(self, log_prior: Tensor, gathered: Tensor, yes: Tensor, no: Tensor) -> Forecast:
        after = log_prior + self._of_silence(gathered)
        return self._with_silence(self.base.forecast_all(after, gathered[:, :-_COUNTS], yes, no), gathered)

    def _with_silence(self, found: Forecast, gathered: Tensor) -> Forecast:
        return found._replace(silent=self._rates.predictive(gathered[:, -_COUNTS:]))

    # --- the oracle --------------------------------------------------------------------------------------------

    def kind_probabilities(self, log_prior: Tensor, gathered: Tensor) -> tuple[float, float, float]:
        return self.base.kind_probabilities(log_prior + self._of_silence(gathered), gathered[:, :-_COUNTS])

    def reliability(self, log_prior: Tensor, gathered: Tensor) -> Reliability:
        """Of what is said, when something is."""
        return self.base.reliability(log_prior + self._of_silence(gathered), gathered[:, :-_COUNTS])

    def reliabilities(self, log_prior: Tensor, gathered: Tensor, tallies: Tallies) -> dict[Label, Reliability]:
        return self.base.reliabilities(log_prior + self._of_silence(gathered), gathered[:, :-_COUNTS], tallies)

    def shares(self, log_prior: Tensor, gathered: Tensor) -> dict[float, float]:
        return self.base.shares(log_prior + self._of_silence(gathered), gathered[:, :-_COUNTS])

    def log_evidence(self, counts: Tensor) -> Tensor:
        """Of what is said."""
        return self.base.log_evidence(counts)

    def predictive(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        return self.base.predictive(counts)

    def beta(self, counts: Tensor) -> Tensor:
        return self.base.beta(counts)
