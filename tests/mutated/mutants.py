"""Files as they come broken: a text with a few places changed, drawn from a seed.

Every change is of a kind that happens: a piece lost, doubled, moved or cut off, a character or a word in the wrong
place, values out of any range, another line end, nesting without end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

#: Pieces that are put in: marks of the formats, characters that few expect, and values out of range.
MARKS = [*"{}[]()<>;:,.|=-+*&!?%@`~^#$\\/\"'_ \t\n\r0a", "->", "<->", "--", "//", "/*", "*/", "<!--", "]]>"]
ODD = list("\x00\x07\x1b\x7f\x85\x9b\u200b\u202e\u2028\ufeff\ufffd\U0001f40dé")
VALUES = [
    "NaN", "inf", "-inf", "1e999", "-1", "0", "1e-999", "99999999999999999999", "1" * 400, "0x1f", "1_000", "1e5",
    "null", "None", "true", "yes", "''", '""', "[]", "{}", "[[]]", "? [a]\n: b\n", "!!int x", "2024-02-31", "&a", "*a",
    "<<: {}", "{a: b}", ".5", "5.", "1,5", "0.3 0.7", "١", "½",
]  # fmt: skip
_WORD = re.compile(r"[\w.]+")


def mutant(text: str, draw: random.Random) -> str:
    """A text with one to four changes."""
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 4))):
        text = draw.choice(_CHANGES)(text, draw)
    return text


def mutants(texts: Sequence[str], count: int, seed: int) -> Iterator[tuple[int, str]]:
    """So many of them, each with the number of the text it is made of."""
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        chosen = draw.randrange(len(texts))
        yield chosen, mutant(texts[chosen], draw)


def _place(text: str, draw: random.Random) -> int:
    return draw.randint(0, len(text))


def _lost(text: str, draw: random.Random) -> str:
    at = _place(text, draw)
    return text[:at] + text[at + draw.choice((1, 1, 2, 5, 20)) :]


def _cut_off(text: str, draw: random.Random) -> str:
    return text[: _place(text, draw)]


def _put_in(text: str, draw: random.Random) -> str:
    at = _place(text, draw)
    piece = draw.choice(draw.choice((MARKS, MARKS, ODD, VALUES)))
    return text[:at] + piece * draw.choice((1, 1, 1, 2, 30)) + text[at:]


def _doubled(text: str, draw: random.Random) -> str:
    at = _place(text, draw)
    return text[:at] + text[at : at + draw.choice((1, 4, 20, 60))] * 2 + text[at:]


def _word_for_word(text: str, draw: random.Random) -> str:
    words = list(_WORD.finditer(text))
    if not words:
        return text
    old = draw.choice(words)
    new = draw.choice(VALUES) if draw.random() < 0.5 else draw.choice(words)[0]
    return text[: old.start()] + new + text[old.end() :]


def _lines(text: str, draw: random.Random) -> str:
    lines = text.split("\n")
    k, m = draw.randrange(len(lines)), draw.randrange(len(lines))
    change = draw.randrange(5)
    if change == 0:
        del lines[k]
    elif change == 1:
        lines.insert(m, lines[k])
    elif change == 2:
        lines[k], lines[m] = lines[m], lines[k]
    elif change == 3:
        lines[k] = " " * draw.randint(1, 9) + lines[k].lstrip()
    elif k + 1 < len(lines):
        lines[k] += lines.pop(k + 1)
    return "\n".join(lines)


def _line_ends(text: str, draw: random.Random) -> str:
    return text.replace("\n", draw.choice(("\r\n", "\r", "\n\n", " ", "\u2028")))


def _nested(text: str, draw: random.Random) -> str:
    at, (opens, closes) = _place(text, draw), draw.choice(("[]", "{}", "()", "<>"))
    depth = draw.choice((3, 50, 5_000))
    return text[:at] + opens * depth + closes * draw.choice((0, depth)) + text[at:]


def _twice(text: str, draw: random.Random) -> str:
    return text + draw.choice(("", "\n")) + text


_CHANGES = (_lost, _cut_off, _put_in, _put_in, _doubled, _word_for_word, _word_for_word, _lines, _lines, _line_ends,
            _nested, _twice)  # fmt: skip
