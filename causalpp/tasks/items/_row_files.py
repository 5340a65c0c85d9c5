"""The rows of a file, as columns and values, from JSON, JSON lines, CSV, TSV and Parquet, one after the other."""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from causalpp.errors import FormatError, MissingDependency

__all__ = ["COLUMNS", "JSON_COLUMNS", "SUFFIXES", "rows_of", "suffix_of"]

#: The columns one of which holds what is asked.
COLUMNS = ("prompt", "input", "query", "premise", "problem", "question", "messages", "conversations", "instruction")

#: Under which our own Parquet files list the columns that hold JSON text.
JSON_COLUMNS = b"causalpp.json"

SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet")

#: Those of files that do not list them, which 0.1 wrote.
_JSON_COLUMNS_OF_01 = ("about", "certificate", "target")
_BLOCK = 1 << 16  # characters read at a time
_TEXT = r'"(?:[^"\\]|\\.)*"'
_PLAIN = rf"(?:{_TEXT}\s*:\s*(?:{_TEXT}|[-\d.eE+]+|true|false|null)\s*,\s*)*"  # keys with plain values
_ROWS = rf'{_PLAIN}"(?P<key>(?:[^"\\]|\\.)*)"\s*:\s*\[\s*(?=[{{\]])'  # up to the first row of an array under a key
#: Up to the first row of the first array of a file, which may stand in an object.
_OPENING = re.compile(rf"\s*(?:\[|\{{\s*{_ROWS})")
_NEXT = re.compile(rf"\s*,\s*{_ROWS}")
#: What tells a row from an object that holds rows.
_OF_A_ROW = re.compile(rf'"(?:{"|".join(COLUMNS)})"\s*:')


def suffix_of(path: Path) -> str:
    """What the name ends in, but for ``.gz``.

    >>> suffix_of(Path("items.jsonl")), suffix_of(Path("items.CSV.gz"))
    ('.jsonl', '.csv')
    """
    name = path.name.lower()
    return Path(name.removesuffix(".gz")).suffix


def rows_of(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file whose name ends in one of :data:`SUFFIXES`, but for Parquet with or without ``.gz``.

    JSON may be an array of objects; an object with such arrays, whose keys are then taken for the names of splits; one
    object a line; or a table written by columns.  All but the last are read without holding the file in memory.

    Raises:
        FormatError: the file is of another format, or cut short.
        MissingDependency: a ``.parquet`` file, without the package pyarrow.
    """
    packed = path.suffix.lower() == ".gz"
    kind = suffix_of(path)
    if kind == ".parquet":
        if packed:
            raise FormatError("a .parquet file is packed as it is: unpack it by gunzip")
        yield from _parquet(path)
        return
    newline = "" if kind in (".csv", ".tsv") else None
    opened: Any = gzip.open if packed else open
    with opened(path, "rt", encoding="utf-8-sig", newline=newline) as file:
        if kind in (".csv", ".tsv"):
            yield from _table(file, "," if kind == ".csv" else "\t")
        elif kind == ".json":
            yield from _json(file)
        else:
            yield from _lines(file)


def _table(file: IO[str], delimiter: str) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # a premise may be long
    reader = csv.DictReader(file, delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise FormatError(f"the row has not the {len(reader.fieldnames or ())} columns of the header",
                                  line=reader.line_num)  # fmt: skip
            yield row
    except csv.Error as error:
        raise FormatError(str(error), line=reader.line_num) from None


def _lines(file: IO[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                yield _checked(json.loads(line), f"line {number}")
            except json.JSONDecodeError as error:
                raise FormatError(f"this is no JSON: {error.msg}", line=number, column=error.colno) from None


# --- JSON -----------------------------------------------------------------------------------------------


def _json(file: IO[str]) -> Iterator[Mapping[str, Any]]:
    text = file.read(_BLOCK)
    opening = _OPENING.match(text)
    if opening is None or _OF_A_ROW.search(opening[0]):
        yield from _objects(text, file)
        return
    source = _Source(text, opening.end(), file)
    number, key = 0, opening["key"]
    while True:
        while source.next() != "]":
            broken = f"this is no JSON array of rows: it is broken or cut short after row {number}"
            number += 1
            row = _checked(source.value(broken), f"row {number}")
            yield row if key is None or "split" in row else {**row, "split": key}
        following = _NEXT.match(source.ahead(), 1)
        if key is None or following is None:
            return
        source.place += following.end()
        key = following["key"]


class _Source:
    """JSON text of which little more is held than one value."""

    def __init__(self, text: str, place: int, file: IO[str]) -> None:
        self.text, self.place, self.file = text, place, file
        self._decoder = json.JSONDecoder()

    def next(self) -> str:
        """The character that comes next, past blanks and commas; "" at the end."""
        while True:
            while self.place < len(self.text) and self.text[self.place] in " \t\r\n,":
                self.place += 1
            if self.place < len(self.text) or not self._more():
                return self.text[self.place : self.place + 1]

    def ahead(self) -> str:
        """The text from here on, a block of it at least."""
        self._more()
        return self.text

    def value(self, broken: str) -> Any:
        """The next value.

        Raises:
            FormatError: there is none; the message begins as given.
        """
        self.next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise FormatError(f"{broken} ({error.msg.lower()})") from None
                continue
            last = end == len(self.text)
            if not last or isinstance(value, dict) or not self._more():  # the end of a number may be yet to come
                self.place = len(self.text) if last else end
                return value

    def _more(self) -> bool:
        """Read on, at least as much as is left; whether there was more."""
        left = self.text[self.place :]
        more = self.file.read(max(_BLOCK, len(left)))
        self.text, self.place = left + more, 0
        return bool(more)


def _objects(text: str, file: IO[str]) -> Iterator[Mapping[str, Any]]:
    """Objects one after the other, such as one a line; or a single one, which may hold a whole table."""
    source = _Source(text, 0, file)
    first = source.value("this is no JSON")
    if not source.next():
        yield from _of_one_object(first)
        return
    yield _checked(first, "row 1")
    number = 1
    while source.next():
        number += 1
        yield _checked(source.value(f"this is no JSON: it is broken or cut short at row {number}"), f"row {number}")


def _of_one_object(whole: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(whole, dict) or not whole:
        raise FormatError("this is no JSON array of rows")
    columns = [whole[name] for name in COLUMNS if name in whole]
    if not columns:
        yield from _inside(whole) or [whole]
    elif isinstance(columns[0], dict):
        for key in columns[0]:
            yield {name: column.get(key) if isinstance(column, dict) else column for name, column in whole.items()}
    elif isinstance(columns[0], list):
        lists = {name: column for name, column in whole.items() if isinstance(column, list)}
        if len({len(column) for column in lists.values()}) > 1:
            raise FormatError("the columns of this table are not equally long")
        for values in zip(*lists.values()):
            yield dict(zip(lists, values))
    else:
        yield whole


def _inside(whole: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Rows under names of their own, or in an array that stands behind something else."""
    return [
        {"split": key, **row}
        for key, value in whole.items()
        for row in (value if isinstance(value, list) else [value])
        if isinstance(row, dict) and any(name in row for name in COLUMNS)
    ]


def _checked(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{where} is no object with columns, but {str(value)[:60]!r}")
    return value


# --- Parquet --------------------------------------------------------------------------------------------


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        pq = import_module("pyarrow.parquet")
        arrow = import_module("pyarrow")
    except ImportError:
        raise MissingDependency("a .parquet file needs pyarrow: pip install pyarrow; .jsonl needs nothing") from None
    try:
        with pq.ParquetFile(path) as file:
            listed = (file.schema_arrow.metadata or {}).get(JSON_COLUMNS)
            texts = _JSON_COLUMNS_OF_01 if listed is None else json.loads(listed)
            for batch in file.iter_batches(batch_size=2048):
                yield from (_read_texts(row, texts) for row in batch.to_pylist())
    except arrow.ArrowException as error:
        raise FormatError(f"this is no Parquet file: {str(error).splitlines()[0]}") from None


def _read_texts(row: Mapping[str, Any], texts: Iterable[str]) -> Mapping[str, Any]:
    """The row with columns that hold JSON text, as our own Parquet files have them, read."""
    out = dict(row)
    for name in texts:
        if isinstance(out.get(name), str):
            with suppress(json.JSONDecodeError):  # which a column of someone else's may raise
                out[name] = json.loads(out[name] or "{}")
    return out
