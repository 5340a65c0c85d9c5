"""Text of a table as rows of cells: the separator is found, and R's row names are told from a column.

Commas, tabs, semicolons, bars and runs of blanks separate.  The one taken is the first, in this order, that cuts the
header into at least two cells and every row (of the first two hundred) into as many, or into one more: R's
``write.table`` leaves the cell above its row names out.  A first line ``sep=;``, as Excel writes it, decides.

Reference: RFC 4180, *Common Format and MIME Type for CSV Files* (2005); quoting as Python's csv module does it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from causalpp.errors import FormatError

__all__ = ["SEPARATORS", "Cells", "numbered", "read_cells"]

#: What may stand between two cells → its name.
SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", " ": "blanks"}
_SAMPLE = 200  # rows looked at to find the separator
_LONGEST = 2**20  # characters of one cell
_WORDS = re.compile(r'"((?:[^"]|"")*)"(?!\S)|([^\s"]\S*)')
_EXCEL = re.compile(r'"?sep=(.)"?[ \t]*\r?\n', re.IGNORECASE)


@dataclass(frozen=True)
class Cells:
    """The rows of a table that are not empty.

    Attributes:
        rows: the cells of each row, the header among them.
        lines: the line on which each row begins.
        separator: what stands between two cells, a key of :data:`SEPARATORS`.
        short_header: whether the header has one cell less than every other row, as R writes row names.
    """

    rows: list[list[str]]
    lines: list[int]
    separator: str
    short_header: bool = False

    @property
    def named(self) -> str:
        r"""The separator in words.

        >>> read_cells("a;b\n1;2").named
        'semicolons'
        """
        return SEPARATORS.get(self.separator, repr(self.separator))


def read_cells(text: str) -> Cells:
    r"""The cells of a table in a text.

    Where no separator fits all rows, the one that cuts the header is taken, and the caller finds the rows that do
    not fit; where none cuts the header, there is one column.

    Raises:
        FormatError: broken quoting, or a cell of more than a million characters; with the line.

    Example:
        >>> read_cells('"x" "y"\n"1" 0.5 2\n"2" 0.1 3')
        Cells(rows=[['x', 'y'], ['1', '0.5', '2'], ['2', '0.1', '3']], lines=[1, 2, 3], separator=' ',
              short_header=True)
    """
    excel = _EXCEL.match(text)
    skipped = 1 if excel else 0
    if excel:
        text = text[excel.end() :]
    separator = excel[1] if excel else _separator(text)
    found = list(_rows(text, separator, skipped))
    rows, lines = [row for _, row in found], [line for line, _ in found]
    return Cells(rows, lines, separator, len(rows) > 1 and all(len(row) == len(rows[0]) + 1 for row in rows[1:]))


def numbered(cells: Sequence[str]) -> bool:
    """Whether cells are 1, 2, 3, … (or 0, 1, 2, …), as R and pandas number rows.

    >>> numbered(["1", "2", "3"]), numbered(["0", "1"]), numbered(["1", "3"]), numbered([])
    (True, True, False, False)
    """
    wanted = range(len(cells))
    return bool(cells) and any(list(cells) == [str(i + first) for i in wanted] for first in (0, 1))


def _separator(text: str) -> str:
    shorter, halves = "", []
    for separator in SEPARATORS:
        rows, broken = [], False
        try:
            for _, row in islice(_rows(text, separator, 0), _SAMPLE):
                rows.append(row)
        except FormatError:
            broken = True
        width, lengths = len(rows[0]) if rows else 0, [len(row) for row in rows[1:]]
        if not broken and width > 1 and set(lengths) <= {width}:
            return separator
        if not broken and set(lengths) == {width + 1} and rows[0][0].strip():
            shorter = shorter or separator
        if width > 1 and (separator != " " or 2 * lengths.count(width) >= len(lengths) > 0):
            halves.append((lengths.count(width), separator))
    # The header is cut, some rows are not as long: most of them decide, and among equals the first separator.
    return shorter or (max(halves, key=lambda pair: pair[0])[1] if halves else ",")


def _rows(text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the line each begins on."""
    if separator == " ":
        yield from _words(text, skipped)
        return
    csv.field_size_limit(_LONGEST)
    # A tab or a blank between cells is no blank to be skipped.
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=separator != "\t"
    )
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FormatError(f"the table is broken: {error}", line=line + skipped) from None
        if row:
            yield line + skipped, row


def _words(text: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1 + skipped):
        row, place = [], 0
        while place < len(line):
            if line[place].isspace():
                place += 1
                continue
            found = _WORDS.match(line, place)
            if found is None:
                raise FormatError(
                    "a quotation mark is opened and not closed before a blank", line=number, column=place + 1
                )
            row.append(found[2] if found[2] is not None else found[1].replace('""', '"'))
            place = found.end()
        if row:
            yield number, row
