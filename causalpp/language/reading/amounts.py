"""Amounts: a text that is a number, in digits or in words, or an interval; nothing is looked for inside a text."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import TypeAlias

__all__ = ["Amount", "read_amount"]

Amount: TypeAlias = "Fraction | tuple[Fraction, Fraction]"

_LONGEST = 200  # characters
#: Two ways to write one number that differ by no more than this say the same: one of them is rounded.
_ROUNDED = Fraction(5, 10_000)

_UNITS = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_CARDINALS = {**{word: k for k, word in enumerate(_UNITS)}, **{word: 10 * (k + 2) for k, word in enumerate(_TENS)}}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
    "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
    "fortieth": 40, "fiftieth": 50, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip

_SPELLINGS = {
    re.compile("[\u2010\u2212\ufe63\uff0d]"): "-",
    re.compile(r"(?:^|(?<=[=≈:(,\[])|(?<=[=≈:(,\[] ))[‒–—](?= ?[\d.])"): "-",  # elsewhere it is an interval's
    re.compile(r"\s*(?:\\times|\\cdot|×|·|x|\*)\s*10\s*(?:\^|\*\*)\s*\{?([-+]?\d{1,3})\}?"): r"e\1",
    re.compile(r"\\[dt]?frac\s*\{\s*([-+\d.]{1,40})\s*\}\s*\{\s*([\d.]{1,40})\s*\}"): r"\1/\2",
    re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)"): r"\1/\2",
    re.compile(r"\\(?:boxed|text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}"): r"\1",
    re.compile(r"\\[\[\]()]|\$|[*_`\"']"): "",
    re.compile(r"\\(?:approx|simeq)\b"): "≈",
    re.compile(r"\\%"): "%",
    re.compile(r"(?<=\d)\s*(?:per\s?cent(?:age points?)?|pct)\b"): "%",
    re.compile("\u2044"): "/",
}
#: An exponent, as in 10⁻¹; it is no digit of the number before it.
_RAISED = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_SIGN = re.compile(r"(?P<minus>minus |negative |- )(?=[\d.])|\+ (?=[\d.])")
_LARGEST = 10**300  # what is larger a float could not hold
_LEAD = re.compile(r"(?:(?:about|approximately|approx\.?|around|roughly|circa|exactly|equal to|equals|is)\b|[≈~=:])\s*")
#: What a number is said to be, before a mark of equality.
_NAMED = re.compile(
    r"(?:p|pr|prob|probability|answer|value|result|bound|[a-z]{2,3})\s*(?:\((?:[^()]|\([^()]*\)){0,80}\))?\s*[=≈:]\s*"
)
_DIGITS = re.compile(r"[-+]?(?:0|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d*)?(?:\.\d+|(?<=\d)\.)?(?:(?<=[\d.])e[-+]?\d{1,3})?")
_RANGES = (
    re.compile(r"[\[(]\s*(?P<low>[^,;]+?)\s*[,;]\s*(?P<high>[^,;]+?)\s*[\])]"),
    re.compile(r"(?:from |between )?(?P<low>.+?)(?:\s*\bto\b\s*|\s*[–—]\s*|\s+-\s+|(?<=[\d%])-(?=[\d.]))(?P<high>.+)"),
    re.compile(r"between (?P<low>.+?) and (?P<high>.+)"),
)
_SAME = re.compile(r"\s*[=≈]\s*|\s*,?\s+(?:i\.e\.|that is),?\s+|\s*\(\s*(?=[^()]*\)\s*$)")


def read_amount(text: str) -> tuple[Amount | None, str]:
    r"""The number or the interval that a text says, exactly, or None and why there is none.

    A number may be a decimal, a fraction, a percentage, a power of ten, or stand in words; it may be said twice, as in
    "3/8 = 0.375" or "0.3 (30%)", if both agree when rounded to three digits.  "0.3 to 0.4" and "[0.3, 0.4]" are
    intervals.  "0.3 or 0.4", "less than 0.3" and "0,25" are neither.

    Example:
        >>> [str(read_amount(said)[0]) for said in ("3/8", "-30 %", "one half", "zero point two five", "2.5e-1")]
        ['3/8', '-3/10', '1/2', '1/4', '1/4']
        >>> read_amount("0.3 to 0.4")[0], read_amount("0.3 or 0.4")
        ((Fraction(3, 10), Fraction(2, 5)), (None, "'0.3 or 0.4' is no number"))
        >>> read_amount("1/3 ≈ 0.333")[0], read_amount("0.3 = 0.4")
        (Fraction(1, 3), (None, "'0.3 = 0.4' says several numbers"))
    """
    shown = repr(text[:40])
    if len(text) > _LONGEST:
        return None, f"{shown} is no number"
    said = _plain(text)
    said = said[named.end() :] if (named := _NAMED.match(said)) and _spoken([named[0].rstrip(" =≈:")]) is None else said
    parts = [part for part in (_led(part.strip(" )")) for part in _SAME.split(said)) if part]
    amounts = [amount for amount in map(_held, parts) if amount is not None]
    if parts and len(amounts) == len(parts):
        agree = all(abs(amount - amounts[0]) <= _ROUNDED for amount in amounts)
        return (amounts[0], "") if agree else (None, f"{shown} says several numbers")
    for pattern in _RANGES:
        found = pattern.fullmatch(_led(said))
        if found:
            high, low = found["high"], found["low"]
            ends = _held(low + "%" if high.endswith("%") and "%" not in low else low), _held(high)
            if ends[0] is not None and ends[1] is not None and ends[0] <= ends[1]:
                return (ends[0], ends[1]), ""
    return None, f"{shown} is no number"


def _plain(text: str) -> str:
    said = "".join(c for c in text if unicodedata.category(c) != "Cf")  # invisible
    said = _RAISED.sub(r"^\g<0>", re.sub(r"(?<=\d)([\u00bc-\u00be\u2150-\u215e])", r" \1", said))
    said = " ".join(unicodedata.normalize("NFKC", said).casefold().split())
    for pattern, written in _SPELLINGS.items():
        said = pattern.sub(written, said)
    return said.strip(" ;!").removesuffix(".").strip()


def _led(text: str) -> str:
    """A text without "about", "=" and "P =" before it."""
    for _ in range(3):
        found = _LEAD.match(text)
        text = text[found.end() :] if found else text
    return text.strip()


def _held(text: str) -> Fraction | None:
    """The number that a text is, if a float can hold it."""
    number = _number(text)
    return None if number is None or abs(number) >= _LARGEST else number


def _number(text: str) -> Fraction | None:
    text = text.strip()
    if sign := _SIGN.match(text):
        text = ("-" if sign["minus"] else "+") + text[sign.end() :]
    if text.endswith("%"):
        share = _number(text[:-1])
        return None if share is None or "%" in text[:-1] else share / 100
    if not re.search(r"\d", text):
        return _worded(text)
    ratio = re.fullmatch(r"(?P<top>.+?)\s*(?:/|\bout of\b|\bin\b|\bover\b)\s*(?P<bottom>[\d.,e]+)", text)
    if ratio:
        whole, _, top = ratio["top"].rpartition(" ")
        parts = _digits(top), _digits(ratio["bottom"]), _digits(whole) if whole else Fraction(0)
        if None in parts or not parts[1]:
            return None
        part = parts[0] / parts[1]  # type: ignore[operator]
        if whole and not 0 <= part < 1:
            return None
        return parts[2] - part if whole.startswith("-") else parts[2] + part  # type: ignore[operator]
    return _digits(text)


def _digits(text: str) -> Fraction | None:
    if not re.search(r"\d", text) or not _DIGITS.fullmatch(text):
        return None
    return Fraction(text.replace(",", ""))


# --- words ----------------------------------------------------------------------------------------------


def _worded(text: str) -> Fraction | None:
    words = re.sub(r"-(?=[a-z])", " ", text).replace("percentage points", "percent").split()
    if words[-2:] == ["per", "cent"]:
        words[-2:] = ["percent"]
    sign = -1 if words[:1] in (["minus"], ["negative"]) else 1
    words = words[1:] if sign < 0 else words
    if words[-1:] == ["percent"]:
        share = _spoken(words[:-1])
        return None if share is None else sign * share / 100
    number = _spoken(words)
    return None if number is None else sign * number


def _spoken(words: list[str]) -> Fraction | None:
    """A number in words: three eighths, one and a half, two out of five, zero point two."""
    whole = _whole(words)
    if whole is not None:
        return Fraction(whole)
    for k, word in enumerate(words):
        if word == "point":
            digits = [_UNITS.index(w) if w in _UNITS[:10] else 0 if w in ("oh", "o") else None for w in words[k + 1 :]]
            before = _whole(words[:k]) if k else 0
            if before is None or not digits or None in digits:
                return None
            return before + Fraction(int("".join(map(str, digits))), 10 ** len(digits))
        if word == "over" or words[k : k + 2] == ["out", "of"] or (word == "in" and k):
            top, bottom = _whole(words[:k]), _whole(words[k + 1 + (word == "out") :])
            return None if top is None or not bottom else Fraction(top, bottom)
    bottom = _PARTS.get(words[-1], _PARTS.get(words[-1].removesuffix("s"))) if words else None
    if bottom is None:
        return None
    parts = words[:-1]
    if "and" in parts:
        cut = len(parts) - 1 - parts[::-1].index("and")
        first, top = _whole(parts[:cut]), _whole(parts[cut + 1 :])
        return None if first is None or top is None or top >= bottom else first + Fraction(top, bottom)
    top = _whole(parts) if parts else 1
    return None if top is None else Fraction(top, bottom)


def _whole(words: list[str]) -> int | None:
    if words in (["a"], ["an"]):
        return 1
    if len(words) > 1 and words[1] == "hundred" and (words[0] == "a" or words[0] in _UNITS[1:10]):
        rest = words[3:] if words[2:3] == ["and"] else words[2:]
        more = _whole(rest) if rest else 0
        hundreds = 1 if words[0] == "a" else _UNITS.index(words[0])
        return None if more is None or more > 99 else 100 * hundreds + more
    if len(words) == 1:
        return _CARDINALS.get(words[0])
    if len(words) == 2 and words[0] in _TENS and words[1] in _UNITS[1:10]:
        return _CARDINALS[words[0]] + _CARDINALS[words[1]]
    return None
