"""What the commands read: data, graphs, networks and settings such as ``smoke=yes``."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import about, read_text
from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.graphs import Dag, read_dag
from causalpp.graphs.dag import check_names
from causalpp.programs import CausalProgram, from_bif, load_network, network_names
from causalpp.propositions import Proposition, parse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_value", "read_frame", "read_program", "read_settings", "read_statements", "read_truth"]

# "None" is left out on purpose: it is a state of published networks.
_MISSING = ["", "NaN", "nan", "NA", "N/A", "<NA>", "null", "NULL", "#N/A"]


def read_frame(path: Path) -> pd.DataFrame:
    """A data frame from a CSV file with a header row.

    Raises:
        FormatError: the file cannot be read or its rows have different lengths.
        InvalidData: no header, no rows, a name twice, or text among numbers.
    """
    import pandas as pd

    text = read_text(path)
    rows: list[list[str]] = []
    lines: list[int] = []  # where each row ends in the file
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if row:  # blank lines are skipped
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        raise FormatError(f"{path}, line {reader.line_num}: not a CSV file: {error}") from None
    names = [name.strip() for name in rows[0]] if rows else []
    if not any(names):
        raise InvalidData(f"{path} is empty: a CSV file begins with a row of column names")
    for number, name in enumerate(names, start=1):
        if not name:
            raise InvalidData(f"{path}: column {number} has no name")
        if names.count(name) > 1:
            raise InvalidData(f"{path}: the column name {name!r} is used more than once")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            raise FormatError(f"{path}, line {line}: {len(row)} values under {len(names)} column names")
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise InvalidData(f"{path} has one column, {names[0]!r}: its values must be separated by commas")
    if len(rows) == 1:
        raise InvalidData(f"{path} has column names and no rows")
    text_frame = pd.DataFrame(rows[1:], columns=pd.Index(names), index=pd.Index(lines[1:]), dtype=object)
    text_frame = text_frame.mask(text_frame.isin(_MISSING))
    return pd.DataFrame({name: _numbers_or_words(text_frame[name], path) for name in names}).reset_index(drop=True)


def frame_value(frame: pd.DataFrame, variable: str, text: str | None) -> Any:
    """A value from the command line as a column has it: a number where the column holds numbers."""
    import pandas as pd

    if text is None or not pd.api.types.is_numeric_dtype(frame[variable]):
        return text
    try:
        return float(text)
    except ValueError:
        raise InvalidParameter(f"{variable!r} holds numbers, so it cannot be {text!r}") from None


def _numbers_or_words(column: pd.Series[str], path: Path) -> pd.Series[Any]:
    """A column all of numbers as numbers, any other as the words it holds; a few words among numbers are a mistake."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    words = numbers.isna() & column.notna()
    if not words.any():
        return numbers
    if not words.all():
        looks_continuous = bool((numbers.dropna() % 1 != 0).any()) or numbers.nunique() > 20
        if looks_continuous or words.sum() <= max(1, len(column) // 100):
            line = column.index[words][0]
            raise InvalidData(f"{path}, line {line}: column {column.name!r} has {column[line]!r} among numbers")
    return column


def read_program(path: Path) -> CausalProgram:
    """A program from a BIF file, structure and tables."""
    text = read_text(path)
    with about(path):
        return from_bif(text)


def read_truth(name: str) -> Dag:
    """The graph an oracle is to know: the name of a network, or a graph file."""
    if name.casefold() in network_names():
        return load_network(name).dag
    if not Path(name).exists():
        raise InvalidParameter(f"{name!r} is neither a graph file nor a network ({', '.join(network_names())})")
    return read_dag(name)


def read_statements(path: Path) -> tuple[tuple[str, ...], list[Proposition]]:
    """The variables and statements of a text file: one statement a line, ``#`` for comments.

    A first line ``variables: A, B, C`` names the variables; otherwise they are those the statements name.

    Raises:
        FormatError: a line cannot be read.
        UnknownVariable: a statement names a variable that is not listed.
    """
    lines = [(n, line.strip()) for n, line in enumerate(read_text(path).splitlines(), start=1)]
    lines = [(n, line) for n, line in lines if line and not line.startswith("#")]
    names: tuple[str, ...] | None = None
    if lines and lines[0][1].lower().startswith("variables:"):
        listed = next(csv.reader([lines.pop(0)[1].partition(":")[2]], skipinitialspace=True))
        with about(path):
            names = check_names(name.strip() for name in listed)
    statements = []
    for number, line in lines:
        with about(f"{path}, line {number}"):
            statements.append(parse(line, names))
    if not statements:
        raise FormatError(f"{path} has no statements: write one a line, such as 'A and C are independent given B'")
    return names or tuple(dict.fromkeys(v for s in statements for v in s.variables)), statements


def read_settings(items: list[str]) -> dict[str, str]:
    """Settings ``variable=state`` as a dictionary.

    Raises:
        InvalidParameter: no ``=``, an empty side, or a variable set twice.
    """
    out: dict[str, str] = {}
    for item in items:
        variable, equals, state = item.partition("=")
        if not equals or not variable.strip() or not state.strip():
            raise InvalidParameter(f"a setting is written variable=state, got {item!r}")
        if variable.strip() in out:
            raise InvalidParameter(f"{variable.strip()!r} is set twice")
        out[variable.strip()] = state.strip()
    return out
