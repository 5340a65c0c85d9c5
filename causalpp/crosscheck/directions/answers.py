"""What the answers about some directions say: in words, in log-odds, and in direction log-odds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from causalpp.oracles import Answer, consistency, contrasts
from causalpp.propositions import Causes, Direction

__all__ = ["failures", "rows"]

_MOST = 50.0  # infinite log-odds count as this


def rows(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """What was said of each pair of one network; see :attr:`DirectionCalibration.frame`, but for its contrast.

    A wording that contradicts the others (:func:`causalpp.oracles.consistency`) is left out of ``by_wording``.

    Example:
        >>> from causalpp.oracles import Request, graded
        >>> parts = Answer(Causes("a", "b"), True, log_odds=2.0), Answer(Causes("b", "a"), True, log_odds=0.5)
        >>> (found,) = rows([graded(Request(Direction("a", "b")), parts)])
        >>> found["by_wording"], found["log_odds"], found["log_odds_back"], found["yes_back"]
        ({0: 1.5}, 2.0, 0.5, 1)
        >>> rows([graded(Request(Direction("b", "a")), parts)])[0]["by_wording"]
        {0: -1.5}
    """
    believed = [wording for wording, found in consistency(answers).items() if found.weight]
    return [_row(answer, believed) for answer in answers]


def _row(answer: Answer, believed: Sequence[int]) -> dict[str, Any]:
    question = answer.question
    assert isinstance(question, Direction)
    said = {wording: value for wording, value in contrasts(answer).items() if wording in believed}
    out: dict[str, Any] = {"a": question.a, "b": question.b, "by_wording": said, "prompts": answer.prompts}
    for end, first in (("", question.a), ("_back", question.b)):
        parts = [p for p in answer.parts if isinstance(p.question, Causes) and p.question.a == first and not p.failed]
        odds = [max(-_MOST, min(_MOST, p.log_odds)) for p in parts if p.log_odds is not None]
        out[f"log_odds{end}"] = float(np.mean(odds)) if odds else math.nan
        words = Counter(part.word for part in parts)
        out |= {word + end: words[word] for word in ("yes", "no", "abstain")}
    return out


def failures(answers: Sequence[Answer]) -> Counter[str]:
    """Why something is missing, and how often."""
    every = [part for answer in answers for part in (answer.parts or (answer,))]
    return Counter(part.reason or "failed" for part in every if part.failed)
