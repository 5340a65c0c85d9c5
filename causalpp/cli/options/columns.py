"""What the user says a column is, on the command line, and the table that says how all were read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp.cli.show import console
from causalpp.columns import ColumnTable, read_columns
from causalpp.errors import InvalidParameter, UnknownVariable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Count", "Discrete", "Ordinal", "Real", "columns_dict", "said_kinds", "show_columns"]

Real = Annotated[
    list[str] | None, typer.Option("--real", help="With --data: this column holds real numbers (repeatable).")
]
Discrete = Annotated[
    list[str] | None, typer.Option("--discrete", help="With --data: … states without an order, such as codes.")
]
Ordinal = Annotated[list[str] | None, typer.Option("--ordinal", help="With --data: … states in order.")]
Count = Annotated[list[str] | None, typer.Option("--count", help="With --data: … counts: 0, 1, 2, ….")]


def said_kinds(
    data: Path | None,
    frame: pd.DataFrame | None,
    real: list[str] | None,
    discrete: list[str] | None,
    ordinal: list[str] | None,
    count: list[str] | None,
) -> dict[str, str]:
    """Column → kind, as ``--real`` and the others have it; an option may hold several columns, with commas.

    Raises:
        InvalidParameter: one of them without data, or a column said to be two things.
        UnknownVariable: no such column.
    """
    out: dict[str, str] = {}
    for kind, given in (("real", real), ("discrete", discrete), ("ordinal", ordinal), ("count", count)):
        for text in given or []:
            if data is None or frame is None:
                raise InvalidParameter(f"--{kind} is about a column of data: say --data FILE")
            there = [str(name) for name in frame.columns]
            for name in [text] if text in there else [part.strip() for part in text.split(",")]:
                if name not in there:
                    raise UnknownVariable(name, there, what=f" after --{kind}")
                if out.setdefault(name, kind) != kind:
                    raise InvalidParameter(f"{name!r} is said to be {out[name]} and {kind}: say one of the two")
    return out


def show_columns(frame: pd.DataFrame, kinds: Mapping[str, str], names: list[str] | None = None) -> ColumnTable:
    """Print the table of how the columns were read, and how to have one read otherwise."""
    table = read_columns(frame, kinds, names=names).table
    for line in str(table).splitlines():
        console.print(line, soft_wrap=True)
    console.print("to have one read otherwise: --real, --discrete, --ordinal or --count COLUMN\n", soft_wrap=True)
    return table


def columns_dict(frame: pd.DataFrame | None, kinds: Mapping[str, str]) -> dict[str, Any]:
    """The same under the key ``columns``, for JSON; nothing without data."""
    return {} if frame is None else {"columns": read_columns(frame, kinds).to_dict()}
