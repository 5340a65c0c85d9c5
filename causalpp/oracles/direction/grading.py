"""From the answers about both directions of a pair, in several wordings, to one graded answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.oracles.answer import Answer, Request
from causalpp.propositions import Direction, Proposition

__all__ = ["contrasts", "contrasts_of", "graded"]

_EVEN = ("unsure", "neither")  # abstentions that speak for no direction
_MOST = 50.0  # an infinite log-odds counts as this


def graded(request: Request, parts: Sequence[Answer], beside: Sequence[Answer] = ()) -> Answer:
    """The answer to :class:`~causalpp.propositions.Direction` that some parts make together.

    Its ``log_odds`` are the mean over the wordings of their :func:`contrasts`, its ``value`` is their sign, an
    abstention where they are zero or there are none; then ``reason`` is that of the first part that has one, or
    ``"undecided"`` where both directions are answered alike.  Tokens,
    cost and latency are those of all parts together.

    Args:
        request: what is answered, a request of a ``Direction``.
        parts: answers to ``Causes(a, b)`` and ``Causes(b, a)``, or to ``Direction(a, b)`` and ``Direction(b, a)``, each
            in the wording whose number it carries.
        beside: answers that were had for it as well and do not count, except for what they took.

    Raises:
        InvalidParameter: another question, or a part about something else.

    Example:
        >>> from causalpp import Causes
        >>> forth = Answer(Causes("smoke", "tar"), True, log_odds=2.0)
        >>> back = Answer(Causes("tar", "smoke"), True, log_odds=0.5)
        >>> graded(Request(Direction("smoke", "tar")), [forth, back]).log_odds
        1.5
    """
    question, parts = request.question, tuple(parts)
    found = contrasts_of(question, parts)
    odds = math.fsum(found.values()) / len(found) if found else None
    reasons = [part.reason for part in parts if part.value is None and part.reason]
    told: dict[str, Any] = {
        name: sum(getattr(part, name) for part in (*parts, *beside))
        for name in ("tokens_in", "tokens_out", "cost", "latency")
    }
    times = [part.time for part in parts if part.time is not None]
    return Answer(
        question,
        None if not odds else odds > 0,
        request.replicate,
        parts[0].oracle if parts else "",
        odds,
        request.wording,
        request.negated,
        reason=(reasons[0] if reasons else "undecided") if not odds else None,
        model=parts[0].model if parts else None,
        time=max(times, default=None),
        call=request.call,
        nature=parts[0].nature if parts else "",
        parts=parts,
        beside=tuple(beside),
        **told,
    )


def contrasts(answer: Answer) -> dict[int, float]:
    """What an answer to ``Direction(a, b)`` says for a → b over b → a: wording → ℓ(a causes b) − ℓ(b causes a).

    A part without log-odds counts as 1 for yes, −1 for no and 0 for "unsure"; a wording of which one direction has no
    answer is left out.  Parts that are themselves answers to a ``Direction`` speak of both directions at once:
    one of them is enough.  Where a wording was put in both polarities, they are averaged.  An answer without parts
    speaks for itself, as one wording.

    Raises:
        InvalidParameter: an answer to another question.

    Example:
        >>> from causalpp import Causes
        >>> parts = [Answer(Causes("a", "b"), True), Answer(Causes("b", "a"), False)]
        >>> contrasts(graded(Request(Direction("a", "b")), parts))
        {0: 2.0}
    """
    return contrasts_of(answer.question, answer.parts or (answer,))


def contrasts_of(question: Proposition, parts: Sequence[Answer]) -> dict[int, float]:
    """:func:`contrasts` of the parts of an answer to a question."""
    if not isinstance(question, Direction):
        raise InvalidParameter(f"a graded answer is about a Direction, not about {question!r}")
    ahead = (question.a, question.b)
    sides: dict[tuple[int, bool], dict[bool, float]] = {}
    whole: set[tuple[int, bool]] = set()
    for part in parts:
        if set(part.question.variables) != set(ahead) or part.question.to_dict()["kind"] not in ("Causes", "Direction"):
            raise InvalidParameter(f"an answer to {part.question!r} is no part of one to {question!r}")
        said = _strength(part)
        if said is None:
            continue
        sides.setdefault((part.wording, part.negated), {})[part.question.variables == ahead] = said
        if isinstance(part.question, Direction):
            whole.add((part.wording, part.negated))
    by_wording: dict[int, list[float]] = {}
    for way, both in sides.items():
        if len(both) == 2 or way in whole:
            forth = both[True] if True in both else -both[False]
            back = both[False] if False in both else -both[True]
            by_wording.setdefault(way[0], []).append(forth - back)
    return {wording: math.fsum(found) / len(found) for wording, found in sorted(by_wording.items())}


def _strength(part: Answer) -> float | None:
    if part.log_odds is not None:
        return min(max(part.log_odds, -_MOST), _MOST)
    if part.value is not None:
        return 1.0 if part.value else -1.0
    return 0.0 if part.reason in _EVEN else None
