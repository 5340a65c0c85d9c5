"""The options that stand alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Graph = Annotated[Path | None, typer.Option("--graph", help="Graph file: .json, .dot, .gv, .dagitty, .bif or .csv.")]
Network = Annotated[str | None, typer.Option("--network", help="A network that ships: asia, cancer, sachs, …")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything random; the same seed gives the same run.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Ask nothing: tell how many prompts and tokens it takes at most, at what cost."),
]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write a figure to this file (.png, .svg or .pdf).")]
Out = Annotated[Path | None, typer.Option("--out", help="Write the result as JSON to this file.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", help="A kind of question to ask (repeatable): Causes, Changes, …")
]
Treated = Annotated[str | None, typer.Option("--treated", help="The state or number compared …")]
Control = Annotated[str | None, typer.Option("--control", help="… with this one.")]
State = Annotated[str | None, typer.Option("--state", help="The outcome's state of interest.")]
