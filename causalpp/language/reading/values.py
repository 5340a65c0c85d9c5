"""Reading values: a number, the last JSON object in a reply, and what is said apart from what was thought."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["last_object", "read_number", "without_thoughts"]

#: Characters; longer replies are not searched.
LONGEST = 200_000

_NUMBER = r"[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:e[-+]?\d{1,3})?"
_VALUE = re.compile(rf"(?P<top>{_NUMBER})\s*(?:/\s*(?P<bottom>\d[\d.]*)|(?P<percent>%))?", re.IGNORECASE)
_ANSWER = re.compile(r"(?:(?:the |my )?(?:final )?answer(?: is)?\s*[:=]?|=)\s*(?P<value>.+)", re.IGNORECASE)
_MARKS = "*_`$ \t"


def without_thoughts(text: str) -> str:
    """What a reply says, without what a model thought in it before, up to ``</think>``; all of a thought without end.

    Example:
        >>> [without_thoughts(text) for text in ("<think>Tar is in between.</think> No.", "<think>Well,", "No")]
        ['No.', '', 'No']
    """
    said = text.rpartition("</think>")[2].strip()
    return "" if said.startswith("<think>") else said


def read_number(text: str, key: str = "answer") -> tuple[float | None, str | None]:
    r"""The number that a reply gives, or None and why there is none.

    Read are: a number alone; one behind "Answer:" or "The answer is" on the last line; the value of a key of the last
    JSON object that has it.  A number may be a fraction, a percentage or have marks of thousands.  Numbers in running
    text are not read, as which of them is the answer is not known.

    Example:
        >>> read_number("0.25"), read_number("I add them up.\nAnswer: **25 %**"), read_number('{"answer": "1/4"}')
        ((0.25, None), (0.25, None), (0.25, None))
        >>> read_number("It is 0.2 or 0.3.")
        (None, 'unreadable: no number by itself')
    """
    said = without_thoughts(text)
    if not said:
        return None, "empty"
    found, _ = last_object(said, key)
    if found is not None:
        value = _value(str(found[key])) if isinstance(found[key], (str, int, float)) else None
        return value, None if value is not None else f"unreadable: {key!r} is no number"
    last = said.rpartition("\n")[2].strip(_MARKS).rstrip(".")
    behind = _ANSWER.fullmatch(last)
    number = _value(behind["value"] if behind else last if last == said.strip(_MARKS).rstrip(".") else "")
    return (None, "unreadable: no number by itself") if number is None else (number, None)


def _value(text: str) -> float | None:
    """A text that is a number and nothing else."""
    found = _VALUE.fullmatch(text.strip(_MARKS)) if len(text) <= 100 else None
    try:
        top = float(found["top"].replace(",", "").replace("\u2212", "-")) if found else math.nan
        value = top / float(found["bottom"] or 1) if found else math.nan
    except (ValueError, ZeroDivisionError):
        return None
    value = value / 100 if found and found["percent"] else value
    return value if math.isfinite(value) else None


def last_object(text: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """The last JSON object in a reply that has a key, wherever it stands; None, and why, if there is none.

    Objects inside others are left out.

    Example:
        >>> last_object('First {"edges": 1}, or rather {"edges": []}.', "edges")
        ({'edges': []}, None)
        >>> last_object("none", "edges")
        (None, "there is no JSON object with 'edges' in the reply")
    """
    if len(text) > LONGEST:
        return None, f"the reply has {len(text):,} characters, more than the {LONGEST:,} that are read"
    found: dict[str, Any] | None = None
    try:
        for value in _objects(text):
            if key in value:
                found = value
    except RecursionError:
        return None, "the reply is nested too deep"
    return found, None if found is not None else f"there is no JSON object with {key!r} in the reply"


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand in a text, those inside others left out."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:  # also numbers of thousands of digits
            end = at + 1
        else:
            yield value
        at = text.find("{", end)
