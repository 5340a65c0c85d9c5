"""Text as a data frame: separators, names of rows, marks of missing values, decimal commas; what was done is said.

What a column *is*, states or numbers of some kind, is decided later (:mod:`causalpp.columns`).
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import about, read_text
from causalpp._separated import Cells, numbered, read_cells
from causalpp._terminal import one_line
from causalpp.errors import FormatError, InvalidData

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["parse_frame", "read_frame"]

#: Always missing. "None" is left out on purpose: it is a state of published networks.
_MISSING = frozenset(
    ["", "NaN", "nan", "-nan", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "null", "NULL"]
)  # fmt: skip
#: Missing in a column that otherwise holds numbers …
_AMONG_NUMBERS = frozenset(["*", "?", ".", "..", "-", "--", "None", "none"])
#: … and in one that otherwise holds words or numbers as words; "-" may be the state beside "+".
_AMONG_WORDS = frozenset(["*", "?", "."])
_QUOTED_WORD = "\ue000"  # stands before a cell that was quoted where others, unquoted, mean that a value is missing

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_GROUPED_COMMA = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_GROUPED = re.compile(
    r"[-+]?[1-9]\d{0,2}"
    r"(?:(?:,\d{3})+(?:\.\d*)?|(?:\.\d{3})+,\d*|(?:\.\d{3}){2,}|(?:[ '’_\u00a0\u202f]\d{3})+(?:[.,]\d*)?)",
    re.ASCII,
)


def read_frame(path: Path) -> pd.DataFrame:
    """A data frame from a file of separated values with a header row; see :func:`parse_frame`.

    What is not plain CSV about the file is said on standard error.

    Raises:
        FormatError: the file cannot be read or its rows have different lengths.
        InvalidData: no header, no rows, a name twice, text among numbers, or thousands separators.
    """
    text = read_text(path)
    with about(path):
        frame, notes = parse_frame(text)
    for note in notes:
        print(one_line(f"{path}: {note}"), file=sys.stderr)
    return frame


def parse_frame(text: str) -> tuple[pd.DataFrame, list[str]]:
    r"""A data frame from the text of a table, and what was found about the text.

    Commas, tabs, semicolons, bars or blanks separate.  A first column without a name that numbers the rows, or names
    them, as R and pandas write it, is left out.  A column whose cells are all numbers holds numbers, also with decimal
    commas; any other the words that stand there.  Missing are empty cells, ``NA``, ``NaN`` and the like; ``*``, ``?``
    and ``.`` beside words or numbers; ``None`` and ``-`` beside numbers only.  A quoted ``"NA"`` in a table that also
    has an unquoted one is a word.

    Raises:
        FormatError: rows of different lengths, or broken quoting; with the line.
        InvalidData: no header, no rows, a name twice, text among numbers, or thousands separators; with the line.

    Example:
        >>> frame, notes = parse_frame('"";"rain";"wet"\n"1";"yes";0,5\n"2";*;1,25\n')
        >>> print(frame.to_string())
          rain   wet
        0  yes  0.50
        1  NaN  1.25
        >>> for note in notes:
        ...     print(note)
        its columns are separated by semicolons
        a first column without a name numbers the rows and is left out
        'wet' has decimal commas
        'rain' has '*' where a value is missing (1 row)
    """
    import pandas as pd

    marked = _with_quoted_words(text)
    cells = read_cells(marked)
    notes = [] if cells.separator == "," else [f"its columns are separated by {cells.named}"]
    names, rows, lines = _table(cells, notes)
    columns: dict[str, Any] = {}
    missing: list[str] = []
    for number, name in enumerate(names):
        columns[name] = _column([row[number] for row in rows], lines, name, notes, missing)
    return pd.DataFrame(columns), notes + missing


def _with_quoted_words(text: str) -> str:
    """The text with a mark at every quoted cell that would be missing if it were not quoted, as it is elsewhere."""
    for word in sorted((_MISSING | _AMONG_NUMBERS) - {""}):
        quoted = f'"{word}"'
        if quoted in text and _QUOTED_WORD not in word:
            alone = rf"(?:^|[,;|\t]) *{re.escape(word)} *(?:$|[,;|\t\r])"
            if re.search(alone, text, re.MULTILINE):
                text = text.replace(quoted, f'"{_QUOTED_WORD}{word}"')
    return text


def _table(cells: Cells, notes: list[str]) -> tuple[list[str], list[list[str]], list[int]]:
    """The names, the rows and their lines, without names of rows and without empty columns at the end."""
    names = [name.strip() for name in cells.rows[0]] if cells.rows else []
    rows, lines = cells.rows[1:], cells.lines[1:]
    if not any(names):
        raise InvalidData("the table is empty: it begins with a row of column names")
    first = [row[0].strip() for row in rows]
    if cells.short_header and (numbered(first) or (len(set(first)) == len(first) and not any(map(_is_number, first)))):
        rows = [row[1:] for row in rows]
        notes.append("a first column without a name names the rows and is left out")
    else:
        while len(names) > 1 and not names[-1] and all(len(r) == len(names) and not r[-1].strip() for r in rows):
            names, rows = names[:-1], [row[:-1] for row in rows]
        for row, line in zip(rows, lines, strict=True):
            if len(row) != len(names):
                apart = "" if cells.separator == "," else f", separated by {cells.named}"
                raise FormatError(f"{len(row)} values under {len(names)} column names{apart}", line=line)
        if not names[0] and rows and len(set(first)) == len(first):
            what = "numbers" if numbered(first) else "names"
            notes.append(f"a first column without a name {what} the rows and is left out")
            names, rows = names[1:], [row[1:] for row in rows]
    for number, name in enumerate(names, start=1):
        if not name:
            raise InvalidData(f"column {number} has no name")
        if names.count(name) > 1:
            raise InvalidData(f"the column name {name!r} is used more than once")
    if not names:
        raise InvalidData("the table has no columns besides the names of its rows")
    if not rows:
        raise InvalidData("the table has column names and no rows")
    return names, rows, lines


def _column(
    cells: Sequence[str], lines: Sequence[int], name: str, notes: list[str], missing: list[str]
) -> pd.Series[Any]:
    """A column all of numbers as numbers, any other as the words it holds; a few words among numbers are a mistake."""
    import pandas as pd

    stripped = [cell.strip() for cell in cells]
    text = pd.Series(stripped, dtype=object, name=name)
    text = text.mask(text.isin(_MISSING))
    plain = pd.to_numeric(text, errors="coerce")
    if not (plain.isna() & text.notna()).any():
        return plain
    there = [k for k, cell in enumerate(stripped) if cell not in _MISSING]
    numbers = [k for k in there if _is_number(stripped[k])]
    commas: list[int] = []
    if len(numbers) < len(there):
        commas = _commas(stripped, there, lines, name)
        numbers = sorted({*numbers, *commas})
    others = sorted({*there}.difference(numbers))
    marks = _AMONG_NUMBERS if numbers and all(stripped[k] in _AMONG_NUMBERS for k in others) else frozenset[str]()
    if not marks and any(any(map(str.isalnum, stripped[k])) for k in others):
        marks = _AMONG_WORDS
    _tell(missing, name, [stripped[k] for k in others if stripped[k] in marks])
    others = [k for k in others if stripped[k] not in marks]
    if not others:
        if commas:
            notes.append(f"{name!r} has decimal commas")
        where = pd.Index(numbers)
        return pd.to_numeric(text[where].str.replace(",", ".", regex=False)).reindex(text.index)
    if numbers:
        known = pd.Series([float(stripped[k].replace(",", ".")) for k in numbers])
        looks_continuous = bool((known % 1 != 0).any()) or known.nunique() > 20
        if looks_continuous or len(others) <= max(1, len(cells) // 100):
            k = others[0]
            raise InvalidData(f"line {lines[k]}: column {name!r} has {_word(cells[k])!r} among numbers")
    kept = {*numbers, *others}
    words = [_word(cell) if k in kept else math.nan for k, cell in enumerate(stripped)]
    return pd.Series(words, dtype=object, name=name)


def _commas(cells: Sequence[str], there: Sequence[int], lines: Sequence[int], name: str) -> list[int]:
    """Which cells are numbers with a decimal comma.

    Raises:
        InvalidData: thousands separators, or commas that may be either.
    """
    rest = [k for k in there if not _is_number(cells[k]) and cells[k] not in _AMONG_NUMBERS]
    commas = [k for k in rest if _DECIMAL_COMMA.fullmatch(cells[k])]
    # A point in other cells would be the thousands separator of a decimal comma.
    points = any("." in cells[k] for k in there if cells[k] not in _AMONG_NUMBERS)
    if len(commas) == len(rest) and not points and not all(_GROUPED_COMMA.fullmatch(cells[k]) for k in commas):
        return commas
    grouped = [k for k in rest if _GROUPED.fullmatch(cells[k])]
    if grouped and all(_GROUPED.fullmatch(cells[k]) or _DECIMAL_COMMA.fullmatch(cells[k]) for k in rest):
        k = grouped[0]
        raise InvalidData(
            f"line {lines[k]}: column {name!r} has {cells[k]!r}, with what looks like a thousands separator; "
            "write numbers without one, such as 1234.5"
        )
    return []


def _tell(missing: list[str], name: str, found: Sequence[str]) -> None:
    for mark in dict.fromkeys(found):
        count = found.count(mark)
        missing.append(f"{name!r} has {mark!r} where a value is missing ({count:,} row{'' if count == 1 else 's'})")


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(cell) is not None


def _word(cell: str) -> str:
    return cell.removeprefix(_QUOTED_WORD)
