"""``causalpp simulate``: rows drawn from a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._terminal import visible
from causalpp.cli import options
from causalpp.cli.show import console, print_json

__all__ = ["simulate"]


def simulate(
    graph: Annotated[Path | None, typer.Option("--graph", help="BIF file with tables.")] = None,
    network: options.Network = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, max=100_000_000, help="Rows to simulate.")] = 1000,
    do: Annotated[list[str] | None, typer.Option("--do", help="A variable to set (repeatable): smoke=yes.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the CSV to this file, not to the terminal.")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Rows drawn from a network or a BIF file, as CSV, with variables set if asked."""
    from causalpp.cli.inputs import read_model, read_settings

    check_target(out)
    frame = read_model(None, graph, network).simulate(rows, do=read_settings(do or []), seed=seed)
    if json:
        print_json({"columns": list(frame.columns), "rows": frame.astype(object).to_numpy().tolist()})
    elif out is not None:
        write_text(out, frame.to_csv(index=False))
        console.print(f"{rows:,} rows of {frame.shape[1]} variables in {out}")
    elif sys.stdout.isatty():
        sys.stdout.write(visible(frame.to_csv(index=False)))
    else:  # data for another program, as they are
        frame.to_csv(sys.stdout, index=False)
