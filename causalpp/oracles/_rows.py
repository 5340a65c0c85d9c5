"""The rows of a journal: answers and questions as text, and what names a row.

What comes out of a file is not taken at its word: it may be of an earlier version, or damaged.
"""

from __future__ import annotations

import json
from typing import Any

from causalpp.errors import FormatError
from causalpp.language.journal import Key
from causalpp.oracles.answer import MANY, PLAIN, VALUES, Answer, Request, checked, finite
from causalpp.propositions import Proposition, from_dict

__all__ = ["KEY", "answer_of", "lease_of", "question_of", "text_of", "value_of"]

KEY = "oracle = ? AND question = ? AND wording = ? AND negated = ? AND replicate = ?"
_IN_KEY = {"question", "replicate", "wording", "negated", "oracle", "call"}
_COUNTS = {"tokens_in", "tokens_out"}


def text_of(question: Proposition, call: str | None) -> str:
    """A question, and its call if it shares one, as the text it is kept under: ASCII, so that any name can be stored.

    What a question was answered beside others is another answer than what it is answered by itself.
    """
    return json.dumps(question.to_dict() | ({} if call is None else {"call": call}), sort_keys=True)


def question_of(text: str) -> tuple[Proposition, str | None]:
    """The inverse of :func:`text_of`."""
    try:
        values = json.loads(text)
        call = values.pop("call", None)
        return from_dict(values), call
    except (ValueError, AttributeError, RecursionError, TypeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"the journal holds something that is no question: {str(text)[:200]}") from None


def value_of(answer: Answer) -> str:
    """All of an answer that is not in its key; JSON knows no infinite numbers, which become words."""
    values = {name: value for name, value in answer.to_dict().items() if name not in _IN_KEY}
    return json.dumps(finite(values), default=lambda number: number.item())  # a number of NumPy or torch


def answer_of(request: Request, oracle: str, text: str) -> Answer:
    """The inverse of :func:`value_of`; a count that is none, by whoever wrote it, counts nothing."""
    try:
        values = json.loads(text)
        for name in _COUNTS & values.keys():
            good = isinstance(values[name], int) and not isinstance(values[name], bool) and 0 <= values[name] < 2**63
            values[name] = values[name] if good else 0
        plain = {name: checked(name, values[name]) for name in PLAIN if name in values and name not in _IN_KEY}
        place: dict[str, Any] = {"wording": request.wording, "negated": request.negated, "call": request.call}
        place |= {name: tuple(map(Answer.from_dict, values.get(name, ()))) for name in MANY}
        return Answer(request.question, VALUES[values["answer"]], request.replicate, oracle, **place, **plain)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(f"the journal holds something that is no answer ({error!r}): {str(text)[:200]}") from None


def lease_of(fingerprint: str, request: Request) -> Key:
    """The row of an answer, for its lease."""
    question = text_of(request.question, request.call)
    return "answers", fingerprint, question, request.wording, int(request.negated), request.replicate
