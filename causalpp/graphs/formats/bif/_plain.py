"""The probability blocks that programs write, read at once: no quotes, comments or properties inside, all rows given.

Whatever is not of this form, or has a mistake, is left to the reader that goes through it word by word: these
functions then return None and raise nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["end_of_block", "floats", "table"]

_BLOCK = re.compile(r'\s*\([^"{};/]*\{[^"{}]*\}')
_BODY = re.compile(r'[^"{}]*\}')
_NOT_PLAIN = re.compile(r"//|/\*|property|default|[;{]\s*(?:variable|probability)\b")
_TABLE = re.compile(r"\s*table\s")
_DIGITS = re.compile(r"[-+0-9.eE,\s]*+")


def end_of_block(text: str, start: int) -> int | None:
    """Where a block ends of which the word ``probability`` ends at ``start``, if that is easily seen."""
    found = _BLOCK.match(text, start)
    return None if found is None or _NOT_PLAIN.search(text, start, found.end()) else found.end()


def table(
    text: str, start: int, parents: Sequence[Mapping[str, int]], width: int, tolerance: float
) -> tuple[NDArray[np.float64], int] | None:
    """The numbers of a block, shape ``(configurations of the parents, width)``, and where the block ends.

    Args:
        text: the whole file.
        start: where the block begins, behind its brace.
        parents: for each parent, the number of each of its states.
        width: states of the variable.
        tolerance: how far from one a row may sum.
    """
    found = _BODY.match(text, start)
    if found is None or _NOT_PLAIN.search(text, start, found.end()):
        return None
    entries = text[start : found.end() - 1].split(";")
    if entries.pop().strip():
        return None
    count = math.prod(map(len, parents))
    whole = _TABLE.match(entries[0]) if len(entries) == 1 else None
    if whole:
        values = _numbers([entries[0][whole.end() :]], count * width)
        out = None if values is None else np.ascontiguousarray(values.reshape(width, count).T)
    elif len(entries) == count:
        out = _rows(entries, parents, count, width)
    else:
        return None
    if out is None or not (out >= 0).all() or not (np.abs(out.sum(axis=-1) - 1) <= tolerance).all():
        return None
    return out, found.end()


def floats(words: Sequence[str]) -> list[float] | None:
    """Words as numbers; None if one is none."""
    try:
        return list(map(float, words))
    except ValueError:
        return None


def _rows(
    entries: Sequence[str], parents: Sequence[Mapping[str, int]], count: int, width: int
) -> NDArray[np.float64] | None:
    places, numbers = [], []
    for entry in entries:
        head, _, rest = entry.partition(")")
        head = head.lstrip()
        states = head[1:].split(",")
        if head[:1] != "(" or len(states) != len(parents) or rest.count(",") != width - 1:
            return None
        row = 0
        for state, index in zip(states, parents, strict=True):
            number = index.get(state.strip())
            if number is None:
                return None
            row = row * len(index) + number
        places.append(row)
        numbers.append(rest)
    values = _numbers(numbers, count * width)
    if values is None or len(set(places)) < count:
        return None
    out = np.empty((count, width))
    out[places] = values.reshape(count, width)
    return out


def _numbers(texts: Sequence[str], count: int) -> NDArray[np.float64] | None:
    """So many numbers with commas between them."""
    joined = ",".join(texts)
    if not _DIGITS.fullmatch(joined):
        return None
    values = floats(joined.split(","))
    return np.array(values) if values is not None and len(values) == count else None
