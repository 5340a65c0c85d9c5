"""``causalpp generate consequences``: which variables change if one is set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target
from causalpp.cli import options
from causalpp.cli.commands.tasks.generate import Format, show, sizes_of, target_of
from causalpp.cli.show import print_json

__all__ = ["generate_consequences"]


def generate_consequences(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .jsonl or .parquet; a card goes beside it.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many items.")] = 1000,
    sizes: Annotated[str, typer.Option("--sizes", help="Numbers of variables, in turn: 4, or 3-5.")] = "4",
    edges: Annotated[float, typer.Option("--edges", help="The probability of an edge between two variables.")] = 0.5,
    names: Annotated[
        str, typer.Option("--names", help="The letters of which variables are named.")
    ] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    form: Annotated[Format | None, typer.Option("--format", help="Where the ending of --out does not say it.")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Generate small questions: a graph in words, and which variables change if one is set."""
    from causalpp.tasks import consequences  # takes a moment

    target = target_of(out, form)
    check_target(target)
    made = consequences(rows, variables=sizes_of(sizes), edges=edges, names=tuple(names), seed=seed)
    files = made.save(target, command=options.command_of(context))
    if json:
        print_json({"files": [str(file) for file in files], "items": len(made), "counts": made.counts()})
    else:
        show(made, files, "graphs")
