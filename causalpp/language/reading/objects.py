"""Objects in replies as models write them: JSON, and what only looks like it.

Quotation marks may be single, curly or missing, a comma may stand before the closing brace, and an object may stand in
a block of code, in a box of LaTeX or in another object.  A scalar is kept as its text, so that whoever reads a number
out of it loses no digit, and a key that stands twice is kept twice, so that whoever compares sees both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from causalpp.language.reading.values import LONGEST

__all__ = ["LooseObject", "LooseValue", "cut_off", "loose_objects"]

_DEEPEST = 8
#: Blanks and comments, as of JavaScript.
_SPACE = re.compile(r"\s{0,1000}(?:(?://[^\n}]{0,500}|/\*(?:[^*]|\*(?!/)){0,500}\*/)\s{0,1000}){0,20}")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.){0,50000})"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.|'(?!\s{0,20}[,:}\]])){0,1000})'", re.DOTALL),
    "`": re.compile(r"`([^`]{0,4000})`"),
    "“": re.compile(r"[“”]([^“”]{0,4000})[“”]"),
    "”": re.compile(r"[“”]([^“”]{0,4000})[“”]"),
    "‘": re.compile(r"[‘’]((?:[^‘’]|’(?!\s{0,20}[,:}\]])){0,1000})’"),
}
_NAME = re.compile(r"[A-Za-z_][\w-]{0,60}")
_BARE = re.compile(
    r"(?:\([^()\n]{1,200}\)|\\[dt]?frac\s?\{[^{}]{1,99}\}\s?\{[^{}]{1,99}\}"
    r"|[^\s,{}\[\]()\"'`][^,{}\[\]\n]{0,200}?)(?=\s*[,}\]\n]|\s+(?://|/\*))"
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|t(?!ext|frac|imes)|n|[\"'\\/])")
_MARKS = {"n": "\n", "t": "\t"}

LooseValue: TypeAlias = "str | list[LooseValue] | LooseObject | None"


@dataclass(frozen=True)
class LooseObject:
    """An object in a text.

    Attributes:
        pairs: keys with values, in order: the text of a scalar, None for null, lists and objects.
        begin, end: where it stands in the text.
    """

    pairs: tuple[tuple[str, LooseValue], ...]
    begin: int
    end: int

    def values(self, key: str) -> list[LooseValue]:
        """The values under a key, whatever the case of its letters; several if it stands there several times."""
        return [value for name, value in self.pairs if name.casefold() == key.casefold()]


def loose_objects(text: str, keys: Sequence[str]) -> list[LooseObject]:
    r"""The objects in a text that have one of the keys, in whatever case, one after the other.

    An object that has none is looked into; what stands inside one that has is not.

    Args:
        text: its last 200,000 characters are searched.
        keys: of which one must be there.

    Example:
        >>> [found.pairs for found in loose_objects("{'Prob': 3/8,} and {\"result\": {\"PROB\": \"0.4\"}}", ["prob"])]
        [(('Prob', '3/8'),), (('PROB', '0.4'),)]
        >>> loose_objects(r"\boxed{\{\"PROB\": 0.25\}}", ["prob"])[0].values("prob")
        ['0.25']
    """
    start = max(0, len(text) - LONGEST)
    found = list(_found(text, start, keys))
    if not found and "\\" in text:  # JSON in a string, or in LaTeX
        found = list(_found(re.sub(r'\\([{}"_])', r" \1", text), start, keys))  # as long as it was
    return found


def cut_off(text: str, keys: Sequence[str], after: int = 0) -> bool:
    """Whether an object with one of the keys begins in a text and never ends, or is no object.

    Example:
        >>> cut_off('{"ANSWER": "no", "PR', ["answer", "prob"]), cut_off('{"ANSWER": "no"}', ["answer"])
        (True, False)
    """
    begun = re.compile(rf"\{{\s{{0,99}}\\?[\"'`“‘]?(?:{'|'.join(map(re.escape, keys))})\b", re.IGNORECASE)
    found = begun.search(text, after)
    return found is not None and not loose_objects(text[found.start() :], keys)


def _found(text: str, begin: int, keys: Sequence[str]) -> Iterator[LooseObject]:
    wanted = {key.casefold() for key in keys}
    begin = text.find("{", begin)
    while begin >= 0:
        read = _object(text, begin, 0)
        if read is not None and any(name.casefold() in wanted for name, _ in read.pairs):
            yield read
            begin = text.find("{", read.end)
        else:
            begin = text.find("{", begin + 1)


def _object(text: str, begin: int, depth: int) -> LooseObject | None:
    place, pairs = _after(text, begin + 1), list[tuple[str, LooseValue]]()
    while text[place : place + 1] != "}":
        key = _quoted(text, place) or _named(text, place)
        if key is None:
            return None
        place = _after(text, key[1])
        if text[place : place + 1] != ":":
            return None
        value = _value(text, _after(text, place + 1), depth)
        if value is None:
            return None
        pairs.append((key[0].strip(), value[0]))
        place = _after(text, value[1])
        if text[place : place + 1] == ",":
            place = _after(text, place + 1)
        elif text[place : place + 1] != "}":
            return None
    return LooseObject(tuple(pairs), begin, place + 1)


def _value(text: str, place: int, depth: int) -> tuple[LooseValue, int] | None:
    if text[place : place + 1] == "{":
        inner = _object(text, place, depth + 1) if depth < _DEEPEST else None
        return None if inner is None else (inner, inner.end)
    if text[place : place + 1] == "[":
        return _list(text, place, depth + 1) if depth < _DEEPEST else None
    quoted = _quoted(text, place)
    if quoted is not None:
        return quoted
    bare = _BARE.match(text, place)
    if bare is None:
        return None
    said = bare[0].strip()
    return (None if said in ("null", "None") else said), bare.end()


def _list(text: str, begin: int, depth: int) -> tuple[LooseValue, int] | None:
    place, values = _after(text, begin + 1), list[LooseValue]()
    while text[place : place + 1] != "]":
        value = _value(text, place, depth)
        if value is None:
            return None
        values.append(value[0])
        place = _after(text, value[1])
        if text[place : place + 1] == ",":
            place = _after(text, place + 1)
        elif text[place : place + 1] != "]":
            return None
    return values, place + 1


def _after(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None  # it may be empty
    return found.end()


def _quoted(text: str, place: int) -> tuple[str, int] | None:
    pattern = _QUOTED.get(text[place : place + 1])
    found = pattern.match(text, place) if pattern else None
    return None if found is None else (_ESCAPE.sub(_unescaped, found[1]), found.end())


def _named(text: str, place: int) -> tuple[str, int] | None:
    found = _NAME.match(text, place)
    return None if found is None else (found[0], found.end())


def _unescaped(found: re.Match[str]) -> str:
    said = found[1]
    return chr(int(said[1:], 16)) if len(said) == 5 else _MARKS.get(said, said)
