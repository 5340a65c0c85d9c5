"""What the commands read: data, graphs, networks and settings such as ``smoke=yes``."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalpp._files import about, read_text
from causalpp.cli.frames import read_frame
from causalpp.errors import FormatError, InvalidParameter
from causalpp.graphs import Dag, read_dag, read_network
from causalpp.graphs.dag import check_names
from causalpp.programs import CausalProgram, from_network, load_network, network_names
from causalpp.propositions import Proposition, parse

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_value", "has_tables", "read_frame", "read_program", "read_settings", "read_statements", "read_truth"]


def frame_value(frame: pd.DataFrame, variable: str, text: str | None) -> Any:
    """A value from the command line as a column has it: a number where the column holds numbers."""
    import pandas as pd

    if text is None or not pd.api.types.is_numeric_dtype(frame[variable]):
        return text
    try:
        return float(text)
    except ValueError:
        raise InvalidParameter(f"{variable!r} holds numbers, so it cannot be {text!r}") from None


def read_program(path: Path) -> CausalProgram:
    """A program from a network file, structure and tables: BIF, or what its suffix says."""
    network = read_network(path)
    with about(path):
        return from_network(network)


def has_tables(path: str | Path) -> bool:
    """Whether the suffix of a file says that it holds a network with its tables."""
    name = Path(path)
    suffix = Path(name.stem if name.suffix.lower() == ".gz" else name).suffix.lower()
    return suffix in (".bif", ".xmlbif", ".bifxml", ".xdsl", ".net", ".uai")


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
