"""What the answers about some directions say: in words, in log-odds, and in direction log-odds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from causalpp.belief.channels.directions import Directions
from causalpp.oracles import Answer
from causalpp.propositions import Causes, Direction

__all__ = ["failures", "rows"]

_MOST = 50.0  # infinite log-odds count as this


def rows(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """What was said of each pair of one network; see :attr:`DirectionCalibration.frame`.

    The direction log-odds are those that the channel :class:`~causalpp.belief.Potentials` reads, divided by their root
    mean square.

    Example:
        >>> from causalpp.oracles import Request, graded
        >>> parts = Answer(Causes("a", "b"), True, log_odds=2.0), Answer(Causes("b", "a"), True, log_odds=0.5)
        >>> (found,) = rows([graded(Request(Direction("a", "b")), parts)])
        >>> found["contrast"], found["log_odds"], found["log_odds_back"], found["yes_back"]
        (1.0, 2.0, 0.5, 1)
        >>> rows([graded(Request(Direction("b", "a")), parts)])[0]["contrast"]
        -1.0
    """
    told = Directions.read(list(enumerate(answers)))
    values = (told.contrast * told.turned).numpy()
    size = float(np.sqrt((values**2).mean())) if len(values) else 0.0
    contrast = dict(zip(told.columns.tolist(), (values / (size or 1.0)).tolist(), strict=True))
    return [_row(answer, contrast.get(number, math.nan)) for number, answer in enumerate(answers)]


def _row(answer: Answer, contrast: float) -> dict[str, Any]:
    question = answer.question
    assert isinstance(question, Direction)
    out: dict[str, Any] = {"a": question.a, "b": question.b, "contrast": contrast, "prompts": answer.prompts}
    for end, first in (("", question.a), ("_back", question.b)):
        parts = [p for p in answer.parts if isinstance(p.question, Causes) and p.question.a == first and not p.failed]
        said = [max(-_MOST, min(_MOST, p.log_odds)) for p in parts if p.log_odds is not None]
        out[f"log_odds{end}"] = float(np.mean(said)) if said else math.nan
        words = Counter(part.word for part in parts)
        out |= {word + end: words[word] for word in ("yes", "no", "abstain")}
    return out


def failures(answers: Sequence[Answer]) -> Counter[str]:
    """Why something is missing, and how often."""
    every = [part for answer in answers for part in (answer.parts or (answer,))]
    return Counter(part.reason or "failed" for part in every if part.failed)
