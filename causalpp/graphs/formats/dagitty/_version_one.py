r"""dagitty's first version: a list of variables, an empty line, then the effects of each, or a matrix.

A variable stands with letters for what it is and perhaps a position, ``kick E @0.1,0.2``: E is the exposure, O the
outcome, A adjusted for, U unobserved, 1 (a weight that means nothing) none of these.  Names are percent-encoded.

Reference: Textor, Hardt & Knüppel, "DAGitty: a graphical tool for analyzing causal diagrams", *Epidemiology* 22
(2011); what is read is what dagitty 3 still reads, https://github.com/jtextor/dagitty.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from causalpp.errors import FormatError
from causalpp.graphs.formats._sketch import Graph, Sketch
from causalpp.graphs.formats._tokens import shown

__all__ = ["from_version_one", "is_version_one"]

_MARKS = {"E": "exposure", "O": "outcome", "A": "adjusted", "U": "latent"}
_PROPERTIES = re.compile(r"[0-9.]*[EOAU]*[0-9.]*")
_POSITION = re.compile(r"@-?[0-9.eE+-]+,-?[0-9.eE+-]+")


class _Line(NamedTuple):
    number: int  # from 1
    words: list[str]


def _sections(text: str) -> tuple[list[_Line], list[_Line]]:
    """The lines before the first empty one, and those after it that are not empty."""
    first: list[_Line] = []
    rest: list[_Line] = []
    here = first
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            here.append(_Line(number, line.split()))
        elif first:
            here = rest
    return first, rest


def is_version_one(text: str, *, surely: bool = False) -> bool:
    """Whether a text without a header may be dagitty's first version; surely, if every variable has a position."""
    variables, rest = _sections(text)
    positions = bool(variables) and all(_POSITION.fullmatch(line.words[-1]) for line in variables)
    return positions or (bool(variables and rest) and not surely)


def from_version_one(text: str) -> Graph:
    r"""Read dagitty's first version.

    Raises:
        FormatError: a malformed line, a name that was not listed, a matrix that is not square; with the line.
        CyclicGraph: the edges close a directed cycle.

    Example:
        >>> from_version_one("kick E @0,1\nball O @1,1\nwind U @1,0\n\nkick ball\nwind ball @.5,.5")
        Dag('kick → ball, wind → ball', latent={'wind'}, exposure={'kick'}, outcome={'ball'})
    """
    sketch = Sketch("dagitty")
    variables, rest = _sections(text)
    for line in variables:
        name, marks = _variable(line)
        if name in sketch.marks:
            raise FormatError(f"the variable {shown(name)} is listed twice", line=line.number)
        sketch.node(name, marks)
    if rest and all(word in ("0", "1") for line in rest for word in line.words):
        _matrix(sketch, rest)
    else:
        _list(sketch, rest)
    return sketch.graph()


def _variable(line: _Line) -> tuple[str, dict[str, bool]]:
    words, letters = list(line.words), ""
    if len(words) > 1 and words[-1].startswith("@"):
        if not _POSITION.fullmatch(words[-1]):
            raise FormatError(f"a position is @x,y, got {shown(words[-1])}", line=line.number)
        words.pop()
    if len(words) > 1 and _PROPERTIES.fullmatch(words[-1]):
        letters = words.pop()
    name = unquote(" ".join(words))
    if not name.strip():
        raise FormatError("a variable name must not be empty or blank", line=line.number)
    return name, {mark: True for letter, mark in _MARKS.items() if letter in letters}


def _list(sketch: Sketch, lines: list[_Line]) -> None:
    edges: dict[tuple[str, str], int] = {}
    for number, words in lines:
        source, place = _name(sketch, words, 0, number)
        while place < len(words):
            target, place = _name(sketch, words, place, number)
            edges.setdefault((source, target), number)
            if place < len(words) and words[place].startswith("@"):
                place += 1  # where the arrow bends
    for (a, b), number in edges.items():
        # dagitty 1 has no other way to say that two variables share a cause than an arrow either way.
        sketch.edge(a, b, "<->" if (b, a) in edges and a != b else "->", {"line": number})


def _name(sketch: Sketch, words: list[str], start: int, number: int) -> tuple[str, int]:
    """The variable that begins at a word, and where the next one begins; the shortest that is known."""
    for end in range(start + 1, len(words) + 1):
        name = unquote(" ".join(words[start:end]))
        if name in sketch.marks:
            return name, end
    raise FormatError(f"{shown(words[start])} is none of the variables listed above", line=number)


def _matrix(sketch: Sketch, lines: list[_Line]) -> None:
    names = list(sketch.marks)
    if len(lines) == 1 and len(lines[0].words) == len(names) ** 2:  # all rows in one line
        number, words = lines[0]
        lines = [_Line(number, words[i : i + len(names)]) for i in range(0, len(words), len(names))]
    for line in lines:
        if len(line.words) != len(names):
            raise FormatError(
                f"a row of the matrix has one 0 or 1 for each of the {len(names)} variables, got {len(line.words)}",
                line=line.number,
            )
    if len(lines) != len(names):
        raise FormatError(
            f"the matrix has one row for each of the {len(names)} variables, got {len(lines)}", line=lines[-1].number
        )
    for a, line in zip(names, lines, strict=True):
        for b, word in zip(names, line.words, strict=True):
            if word == "1":
                sketch.edge(a, b, "->", {"line": line.number})
