"""How a run is done: the settings of the loop, and the published method as one of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from causalpp.belief import Agnostic, Channel, Fixed
from causalpp.design.policies import Policy
from causalpp.errors import InvalidParameter

__all__ = ["AcboConfig"]


@dataclass(frozen=True, kw_only=True)
class AcboConfig:
    """The settings of :func:`causalpp.discover` beside the confidence and the budget.

    Attributes:
        channel: the noise model of the oracle.
        policy: chooses the questions; by default the question whose answer tells most about what the graph is and
            whether the answers have to do with it at all.
        doubt: the prior probability that the truth is not among the candidates but one edge away from one of them;
            None for 0.05 with the channel :class:`~causalpp.belief.Agnostic` and none with others.
        votes: ask each question so often and take the majority for one answer.
        sample: go on with so many candidates, drawn at random.
        least_gain: bits; a question that is expected to tell less is not asked.  None for 0.001 with the channel
            :class:`~causalpp.belief.Agnostic` and 10⁻⁹ with others.
        unrelated: a graph is claimed only where *the answers have nothing to do with the graph* is at most this
            probable.
        chance: the run ends as no better than chance where that is at least this probable.
        missing: the run ends with none of the candidates where the alternatives are at least this probable.

    Raises:
        InvalidParameter: a number out of range.

    Example:
        >>> AcboConfig.published().channel
        Fixed(error=0.1)
    """

    channel: Channel = field(default_factory=Agnostic)
    policy: Policy | None = None
    doubt: float | None = None
    votes: int = 1
    sample: int | None = None
    least_gain: float | None = None
    unrelated: float = 0.05
    chance: float = 0.98
    missing: float = 0.9

    def __post_init__(self) -> None:
        for name in ("unrelated", "chance", "missing"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidParameter(f"'{name}' is a probability greater than 0, got {getattr(self, name)}")
        if self.doubt is not None and not 0 <= self.doubt < 1:
            raise InvalidParameter(f"'doubt' is a probability below 1, got {self.doubt}")
        if self.votes < 1 or (self.sample is not None and self.sample < 1):
            raise InvalidParameter(f"votes and sample are at least 1, got {self.votes} and {self.sample}")
        if self.least_gain is not None and self.least_gain < 0:
            raise InvalidParameter(f"the least gain is not negative, got {self.least_gain}")

    @property
    def alternatives(self) -> float:
        """The prior probability of the alternatives."""
        if self.doubt is None:
            return 0.05 if isinstance(self.channel, Agnostic) else 0.0
        return self.doubt

    @property
    def least(self) -> float:
        """The least gain that is worth a question, in bits."""
        if self.least_gain is None:
            return 1e-3 if isinstance(self.channel, Agnostic) else 1e-9
        return self.least_gain

    @classmethod
    def published(cls, votes: int = 3) -> AcboConfig:
        """The published method (arXiv 2605.27567): 16 candidates, a majority vote, an error of 10 % taken for granted.

        Args:
            votes: how often each question is asked.
        """
        return cls(channel=Fixed(0.1), doubt=0.0, votes=votes, sample=16)
