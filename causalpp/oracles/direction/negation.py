"""Whether a model understands "is it false that a causes b?", seen from its own answers.

Where the log-odds of "does a cause b?" go up, those of "is it false that …?" have to go down: turned back, the two
have to agree.  Small models overlook the negation and say of both the same, so that turned back they contradict
themselves, and averaging the polarities leaves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from causalpp.oracles.answer import Answer
from causalpp.oracles.direction.grading import contrasts_of
from causalpp.propositions import Causes, Direction

__all__ = ["Negation", "negation"]

_SURE = 2.0  # standard errors above zero from which on an agreement shows that negation is understood
_HARDLY = 1.0  # below so many it is not, ...
_FEW, _ENOUGH, _MANY = 4, 8, 16  # ... from so many pairs on; fewest that show it, and most that are asked in doubt


@dataclass(frozen=True)
class Negation:
    """How a model answered the same questions the other way round, in one wording.

    Attributes:
        pairs: how many pairs were asked about in both polarities.
        agreement: the correlation (about zero) of the contrasts of negated questions, turned back, with those of the
            questions as they stand; None where there is nothing to compare.
        free: how many of these pairs no other pairs foretell, if all that a model has is a position for each
            variable: the variables, less one for each set of them that pairs connect.
    """

    pairs: int
    agreement: float | None
    free: int

    @property
    def errors(self) -> float:
        """The agreement in its standard errors (Student's t); as answers share positions, only free pairs count.

        >>> round(Negation(10, 0.8, 4).errors, 3)
        2.667
        """
        r = self.agreement or 0.0
        return r * math.sqrt(self.free / max(1 - r * r, 1e-12))

    @property
    def understood(self) -> bool | None:
        """Whether the model is shown to understand negation; None while too little was asked to tell.

        >>> [Negation(10, r, 6).understood for r in (0.8, -0.9, 0.2)]
        [True, False, False]
        >>> [Negation(pairs, r, pairs).understood for pairs, r in ((3, 1.0), (9, 0.5), (16, 0.3))]
        [None, None, False]
        """
        if self.pairs >= _FEW and self.errors >= _SURE:
            return True
        return False if self.pairs >= (_ENOUGH if self.errors < _HARDLY else _MANY) else None


def negation(answers: Iterable[Answer]) -> dict[int, Negation]:
    """What answers to ``Causes`` questions in both polarities tell of each wording: its number → the evidence.

    Args:
        answers: to ``Causes`` questions, or graded ones whose parts are such; others are passed over.

    Example:
        >>> pairs = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]
        >>> said = [Answer(Causes(*pair), True, log_odds=odds) for pair, odds in zip(pairs, (3.0, 1.0, 2.0, 0.5))]
        >>> overlooked = [Answer(part.question, False, log_odds=-part.log_odds, negated=True) for part in said]
        >>> round(negation(said + overlooked)[0].agreement, 3)
        -1.0
    """
    sides: dict[tuple[str, str], list[Answer]] = {}
    for answer in (part for whole in answers for part in (whole.parts or (whole,))):
        if isinstance(answer.question, Causes):
            a, b = answer.question.a, answer.question.b
            sides.setdefault(min((a, b), (b, a)), []).append(answer)
    products: dict[int, dict[tuple[str, str], tuple[float, float]]] = {}
    for pair, said in sides.items():
        plain, turned = (
            contrasts_of(Direction(*pair), [part for part in said if part.negated is negated])
            for negated in (False, True)
        )
        for wording in plain.keys() & turned.keys():
            products.setdefault(wording, {})[pair] = plain[wording], turned[wording]
    found: dict[int, Negation] = {}
    for wording, both in sorted(products.items()):
        values = both.values()
        norm = math.sqrt(sum(x * x for x, _ in values) * sum(y * y for _, y in values))
        agreement = sum(x * y for x, y in values) / norm if norm else None
        found[wording] = Negation(len(both), agreement, _free(both))
    return found


def _free(pairs: Iterable[tuple[str, str]]) -> int:
    """The rank of the differences of positions in some pairs."""
    groups: list[set[str]] = []
    for pair in pairs:
        joined = [group for group in groups if not group.isdisjoint(pair)]
        groups = [group for group in groups if group not in joined] + [set(pair).union(*joined)]
    return sum(len(group) - 1 for group in groups)
