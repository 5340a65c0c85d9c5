"""Silence that tells something: abstention with rates of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.channels.counts import Learned, check_beta
from causalpp.belief.channels.groups import failed_silence
from causalpp.belief.record import Label, Source, Tallies, counts_of
from causalpp.belief.reliability import Reliability
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

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
        check_beta(self.if_true, self.if_false)
        object.__setattr__(self, "learns", self.base.learns)
        object.__setattr__(self, "sees", (*self.base.sees, "silence"))

    @cached_property
    def _rates(self) -> Learned:
        """Silence is counted as yes is: the false-yes rate is the rate where the proposition is false."""
        return Learned(self.if_true, (self.if_false[1], self.if_false[0]))

    # --- the answers: what the base needs to know, and four columns: silent and not, where true, and where false ---

    def init(self, rows: Tensor, tallies: Tallies) -> Tensor:
        return torch.cat([self.base.init(rows, tallies), self._counted(rows, tallies)], dim=1)

    def step(self, state: Tensor, rows: Tensor, before: Tallies, after: Tallies) -> Tensor:
        more = self.base.step(state[:, :-_COUNTS], rows, before, after)
        return torch.cat([more, self._counted(rows, after)], dim=1)

    def _counted(self, rows: Tensor, tallies: Tallies) -> Tensor:
        silent = tallies.silent - failed_silence(tallies)
        return counts_of(rows, tallies._replace(yes=silent, no=tallies.yes + tallies.no))

    def log_likelihood(self, state: Tensor) -> Tensor:
        return self.base.log_likelihood(state[:, :-_COUNTS]) + self._of_silence(state)

    def _of_silence(self, state: Tensor) -> Tensor:
        """The log of P(when it was silent | row), shape ``(R,)``."""
        return self._rates.log_likelihood(state[:, -_COUNTS:])

    def _of_words(self, heard: Heard) -> Heard:
        """What the base made of what was said; the silence counts with the prior."""
        return Heard(heard.log_prior + self._of_silence(heard.state), heard.state[:, :-_COUNTS], heard.record)

    # --- the next answer: three outcomes; and the oracle, when it says something -------------------------------

    def predictive(self, heard: Heard, questions: Sequence[Proposition], source: Source, *, apart: bool) -> Predictive:
        found = self.base.predictive(self._of_words(heard), questions, source, apart=apart)
        return replace(found, silent=self._rates.rates(heard.state[:, -_COUNTS:]))

    def profile(self, heard: Heard) -> Profile:
        return self.base.profile(self._of_words(heard))

    def reliabilities(self, heard: Heard) -> dict[Label | None, Reliability]:
        return self.base.reliabilities(self._of_words(heard))
