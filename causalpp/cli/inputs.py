"""What the commands read: data, graphs, networks and settings such as ``smoke=yes``."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import about, read_text
from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.graphs import Dag, read_graph
from causalpp.programs import CausalProgram, from_bif, load_network, network_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_frame", "read_program", "read_settings", "read_truth"]

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
    try:
        header = next(csv.reader(io.StringIO(text)), [])
        names = [name.strip() for name in header]
        if not any(names):
            raise InvalidData(f"{path} is empty: a CSV file begins with a row of column names")
        for number, name in enumerate(names, start=1):
            if not name:
                raise InvalidData(f"{path}: column {number} has no name")
            if names.count(name) > 1:
                raise InvalidData(f"{path}: the column name {name!r} is used more than once")
        text_frame = pd.read_csv(
            io.StringIO(text),
            dtype=str,
            keep_default_na=False,
            na_values=_MISSING,
            index_col=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        raise FormatError(
            f"{path} is not a CSV file: {str(error).strip().removeprefix('Error tokenizing data. C error: ')}"
        ) from None
    if not len(text_frame):
        raise InvalidData(f"{path} has column names and no rows")
    columns = [_numbers_or_words(text_frame.iloc[:, k].rename(name), path) for k, name in enumerate(names)]
    return pd.concat(columns, axis=1)


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
            row = int(words.to_numpy().argmax())
            raise InvalidData(f"{path}, line {row + 2}: column {column.name!r} has {column.iloc[row]!r} among numbers")
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
    return read_graph(name)


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
