"""What an oracle says of edges, as odds that they have before the data."""

from __future__ import annotations

import math
from collections.abc import Iterable

from causalpp.errors import InvalidParameter
from causalpp.oracles.answer import Answer
from causalpp.propositions import Causes, Direction, DirectlyCauses, Not
from causalpp.scores import StructurePrior

__all__ = ["edge_prior"]

_MOST = 20.0  # log-odds, beyond which nothing that an oracle says is believed


def edge_prior(
    answers: Iterable[Answer], *, weight: float = 1.0, error: float | None = None, edge_log_odds: float = 0.0
) -> StructurePrior:
    """A prior of graphs from the log-odds that an oracle states of edges and directions.

    ``DirectlyCauses(a, b)`` and ``Causes(a, b)`` with log-odds ℓ add ``weight`` · ℓ to the edge a → b (for ``Causes``
    that is an approximation: a path is no edge); ``Direction(a, b)`` with ℓ adds half of it to a → b and takes half
    of it from b → a.  Several answers to one question count as their mean, since what errs once mostly errs again.
    Answers to other questions, and those that say nothing, are left out.

    This takes the oracle at its word: that its log-odds are calibrated, its errors independent from pair to pair, and
    that the data are none of what it was told.  Answers under a channel, in a run that starts from the posterior,
    learn instead how far the oracle can be trusted; they fit a language model better.  Use one of the two: both would
    count the same answers twice.

    Args:
        answers: of one oracle, or several.
        weight: by which log-odds are multiplied: below 1 where they are too sure.
        error: of an oracle that says only yes and no; left out, such answers are not used.
        edge_log_odds: of every edge beside that, as of :class:`~causalpp.scores.StructurePrior`.

    Raises:
        InvalidParameter: a weight that is negative or no number; an error that is not between 0 and 1/2.

    Example:
        >>> told = [(DirectlyCauses("a", "b"), 2.0), (Direction("b", "c"), -1.0)]
        >>> answers = [Answer(question, odds > 0, log_odds=odds) for question, odds in told]
        >>> edge_prior(answers, weight=0.5).matrix("abc").tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, -0.25], [0.0, 0.25, 0.0]]
    """
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < math.inf:
        raise InvalidParameter(f"the weight of stated log-odds is a number from 0 on, got {weight!r}")
    if error is not None and not 0 < error < 0.5:
        raise InvalidParameter(f"the error of an oracle lies between 0 and 1/2, got {error!r}")
    said: dict[tuple[type, str, str], list[float]] = {}
    for answer in answers:
        asked, sign = answer.question, 1.0
        while isinstance(asked, Not):
            asked, sign = asked.of, -sign
        odds = answer.log_odds
        if odds is None and error is not None and answer.value is not None:
            odds = math.log((1 - error) / error) * (1 if answer.value else -1)
        if odds is None or not isinstance(asked, (Causes, DirectlyCauses, Direction)):
            continue
        said.setdefault((type(asked), asked.a, asked.b), []).append(sign * max(-_MOST, min(_MOST, odds)))
    found: dict[tuple[str, str], float] = {}
    for (kind, a, b), each in said.items():
        mean = weight * sum(each) / len(each)
        ways = [((a, b), mean / 2), ((b, a), -mean / 2)] if kind is Direction else [((a, b), mean)]
        for edge, value in ways:
            found[edge] = found.get(edge, 0.0) + value
    return StructurePrior(edge_log_odds, found)
