"""A simulated language model: graded answers whose errors are shared by questions about one variable."""

from __future__ import annotations

import math
from dataclasses import dataclass

from causalpp.errors import InvalidParameter
from causalpp.oracles.noise.base import Law, Noise, Situation, check_rate
from causalpp.oracles.noise.distance import path_length
from causalpp.propositions import Causes, Direction

__all__ = ["PositionNoise"]

_BY = ("distance", "height")


@dataclass(frozen=True)
class PositionNoise(Noise):
    """Log-odds of a causal order that is known in part: what :class:`~causalpp.belief.Potentials` assumes, drawn.

    The log-odds of *a causes b* less those of *b causes a* are

        scale · (slope · m(a, b) + √(share/2) (u(a) − u(b)) + √(1 − share) e(a, b)),

    with standard normal numbers, u of every variable and e of every pair.  Both are drawn once for an oracle: asked
    again, it says the same.  In :class:`~causalpp.SimulatedOracle` a question about the :class:`~causalpp.Direction` of
    a pair gets an answer with both log-odds as its parts.  A question of another kind is answered with no error at all.

    Attributes:
        share: of the noise that is a position of a variable; the rest is each pair's own.
        slope: how much the truth shows, in standard deviations of the noise; 0 for an oracle that knows nothing of the
            domain.
        scale: of the log-odds.
        by: what m is: 1 for a cause, −1 for an effect and 0 for neither (``"distance"``), or how much higher b stands
            than a (``"height"``): how many ancestors it has, less its descendants, over half the number of variables.
        yes: what is added to the log-odds of every question, in units of the scale.

    Raises:
        InvalidParameter: a share outside [0, 1], a scale that is not above 0, another word for ``by``.

    Example:
        >>> from causalpp import Dag, Direction, SimulatedOracle
        >>> dag = Dag.from_edges([("smoke", "tar"), ("tar", "cancer")])
        >>> (answer,) = SimulatedOracle(dag, PositionNoise(share=0.8, slope=3.0), seed=0).ask(Direction("smoke", "tar"))
        >>> answer.word, [part.question.sentence() for part in answer.parts]
        ('yes', ['smoke causes tar', 'tar causes smoke'])
    """

    share: float = 0.8
    slope: float = 1.0
    scale: float = 1.0
    by: str = "distance"
    yes: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "share", check_rate("a share", self.share))
        for name in ("slope", "scale", "yes"):
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (math.isfinite(self.slope) and math.isfinite(self.yes) and 0 < self.scale < math.inf):
            raise InvalidParameter(f"slope and yes are finite, and the scale is above 0, got {self!r}")
        if self.by not in _BY:
            raise InvalidParameter(f"what a pair shows is by {' or '.join(map(repr, _BY))}, got {self.by!r}")

    def answer(self, situation: Situation) -> bool:
        odds = self.odds(situation)
        return situation.truth if odds is None else odds > 0

    def odds(self, situation: Situation) -> float | None:
        """The log-odds of *a causes b* that come with the answer; None for a question of another kind."""
        question = situation.question
        if not isinstance(question, (Causes, Direction)):
            return None
        a, b = question.variables
        first, second = sorted((a, b))
        pair = situation.about(first, second).standard_normal() * (1 if a == first else -1)
        places = [situation.about(name).standard_normal() for name in (a, b)]
        noise = math.sqrt(self.share / 2) * (places[0] - places[1]) + math.sqrt(1 - self.share) * pair
        return self.scale * (self.yes + (self.slope * self._shown(situation) + noise) / 2)

    def law(self, situation: Situation) -> Law:
        if not isinstance(situation.question, (Causes, Direction)):
            return Law.certain(situation.truth)
        yes = 0.5 * math.erfc(-(self.slope * self._shown(situation) + 2 * self.yes) / math.sqrt(2))
        return Law(yes, 1 - yes)

    def _shown(self, situation: Situation) -> float:
        """What m is of the pair that a question is about."""
        a, b = situation.question.variables
        graph = situation.graph
        if self.by == "height":
            low, high = (len(graph.ancestors(name)) - len(graph.descendants(name)) for name in (a, b))
            return 2 * (high - low) / len(graph.nodes)
        return float(path_length(Causes(a, b), graph) is not None) - float(path_length(Causes(b, a), graph) is not None)
