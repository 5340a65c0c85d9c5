"""Reading values: a number, the last JSON object in a reply, and what is said apart from what was thought."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from causalpp.language.thinking import THOUGHT_BEGINS, THOUGHT_ENDS, without_controls

__all__ = ["last_object", "read_number", "without_thoughts"]

#: Characters; longer replies are not searched.
LONGEST = 200_000

_OBJECT = re.compile(r'\{\s*["}]')  # how a JSON object begins
#: Other ways to write a number: pattern → how it is written here.
_SPELLINGS = {
    re.compile("\u2212"): "-",
    re.compile(r"\\[dt]?frac\s*\{\s*([-+\d.,]{1,99})\s*\}\s*\{\s*([\d.]{1,99})\s*\}"): r"\1/\2",
    re.compile(r"(?<=\d)\s{0,9}(?:[×x*·]|\\times|\\cdot)\s{0,9}10\s?\^\s?\{?([-+]?\d{1,4})\b\}?"): r"e\1",
    re.compile(r"(?<![\w.,])10\s?\^\s?\{?([-+]?\d{1,4})\b\}?"): r"1e\1",
    re.compile(r"(?<=\d)\s{0,9}(?:\\%|per\s?cent\b)", re.IGNORECASE): "%",
}
#: A number that is not part of a word, whose sign does not come after a word: "X1" and "3-5" have no 1 and no -5.
_NUMBER = re.compile(
    r"(?<!\w)(?<!\d[.,])(?P<top>(?:(?<![\w)])[-+])?(?:\d[\d.,]*(?<![.,])|\.\d+)(?:\.?[eE][-+]?\d{1,4})?)"
    r"(?:\s*/\s*(?P<bottom>\d+(?:\.\d+)?)|\s*(?P<percent>%))?"
)
_WRITTEN = re.compile(r"[-+]?(?:\d+|[1-9]\d{0,2}(?:,\d{3})+)?(?:\.\d*)?(?:[eE].*)?")


#: Thousands apart by spaces, "12 345.6"; a whole number and a fraction, "1 1/2"; a fraction in one character.
_SPACED = re.compile(r"(?<![\w.,/])(?<![\d.,/]\s)([1-9]\d{0,2}(?:[ \u00a0\u2009\u202f]\d{3})+)(?![\d/]|\s?%)")
_MIXED = re.compile(r"(?<![\w.,/])(?<![\d.,/]\s)(\d{1,9})\s{1,3}(\d{1,9})\s?/\s?(\d{1,9})(?![\w/]|[.,]\d)")
_VULGAR = re.compile(r"([\u00bc-\u00be\u2150-\u215e])")


def _joined(found: re.Match[str]) -> str:
    return re.sub(r"\s", "", found[1])


def _mixed(found: re.Match[str]) -> str:
    whole, top, bottom = (int(part) for part in found.groups())
    return repr(whole + top / bottom) if top < bottom else found[0]


def _vulgar(found: re.Match[str]) -> str:
    return " " + unicodedata.normalize("NFKC", found[1]).replace("\u2044", "/")


def without_thoughts(text: str) -> str:
    """What a reply says after the last thought, such as after ``</think>``; nothing where a thought has no end.

    A model that was cut off while it thought, also where it had said something before, has not said its last word.

    Example:
        >>> [without_thoughts(text) for text in ("<think>Tar is in between.</think> No.", "<think>Well,", "No")]
        ['No.', '', 'No']
        >>> without_thoughts("[THINK]Yes?[/THINK]No.</s>"), without_thoughts("◁think▷Yes.")
        ('No.', '')
    """
    end = max((found.end() for found in THOUGHT_ENDS.finditer(text)), default=0)
    return "" if THOUGHT_BEGINS.search(text, end) else without_controls(text[end:]).strip()


def read_number(text: str, key: str = "") -> tuple[float | None, str | None]:
    r"""The number that a reply gives, or None and why there is none.

    Args:
        text: the reply, whose thoughts are left out.
        key: the number stands under this key of the last JSON object that has it; by default it is the last number of
            the text.  It may be a fraction, also after a whole number, a percentage, a power of ten, or have marks or
            spaces of thousands; "0,25" is not read, as it may be one number or two, and neither is "007".

    Example:
        >>> read_number("So P = 0.25."), read_number("<think>0.9?</think> It is 1/4."), read_number("25 %")
        ((0.25, None), (0.25, None), (0.25, None))
        >>> read_number('{"N": 3}, then {"PROB": "0.3"}', key="prob"), read_number("Never.")
        ((0.3, None), (None, 'there is no number in the reply'))
        >>> read_number("1 1/2"), read_number("It is 1 000."), read_number("2½")
        ((1.5, None), (1000.0, None), (2.5, None))
    """
    said = without_thoughts(text)
    if key:
        found, why = last_object(said, key)
        if found is None:
            return None, why
        said = str(found[key])
    said = said[-LONGEST:]
    for pattern, written in _SPELLINGS.items():
        said = pattern.sub(written, said)
    said = _MIXED.sub(_mixed, _SPACED.sub(_joined, _VULGAR.sub(_vulgar, said)))
    for number in reversed(list(_NUMBER.finditer(said))):
        if not _WRITTEN.fullmatch(number["top"]) or re.match(r"[-+]?0\d", number["top"]):
            return None, f"{number['top'][:40]!r} may be one number or several"
        value = float(number["top"].replace(",", ""))
        bottom = float(number["bottom"] or 1)
        if math.isfinite(value) and bottom:
            return value / bottom / (100 if number["percent"] else 1), None
    return None, "there is no number in the reply"


def last_object(text: str, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """The last JSON object in a reply that has a key, in whatever case; None, and why, if there is none.

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
            there = {name.casefold(): name for name in value}
            if key in value:
                found = value
            elif key.casefold() in there:
                found = {**value, key: value[there[key.casefold()]]}
    except RecursionError:
        return None, "the reply is nested too deep"
    return found, None if found is not None else f"there is no JSON object with {key!r} in the reply"


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The JSON objects that stand in a text, those inside others left out."""
    decoder = json.JSONDecoder()
    end = 0
    while begin := _OBJECT.search(text, end):
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except ValueError:  # also numbers of thousands of digits
            end = begin.start() + 1
        else:
            yield value
