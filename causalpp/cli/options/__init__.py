"""The options that several commands share, each worded once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Method(StrEnum):
    """How a class is learned from data."""

    pc = "pc"
    ges = "ges"
    grasp = "grasp"
    boss = "boss"
    exact = "exact"


class OracleKind(StrEnum):
    """Who answers."""

    simulated = "simulated"
    openai = "openai"
    anthropic = "anthropic"
    transformers = "transformers"
    human = "human"
    experiment = "experiment"


Data = Annotated[Path | None, typer.Option("--data", help="CSV file with a header row: learn the class from it.")]
Graph = Annotated[Path | None, typer.Option("--graph", help="Graph file: .json, .dot, .gv, .dagitty, .bif or .csv.")]
Network = Annotated[str | None, typer.Option("--network", help="A network that ships: asia, cancer, sachs, …")]
Premise = Annotated[
    Path | None, typer.Option("--premise", help="Text file: a premise in English, in the manner of Corr2Cause.")
]
Statements = Annotated[
    Path | None, typer.Option("--statements", help="Text file: one statement of independence or dependence a line.")
]
Complete = Annotated[
    bool, typer.Option("--complete", help="With --statements: everything not listed is the opposite, dependence.")
]
How = Annotated[Method, typer.Option("--method", help="With --data: independence tests (pc), or a search by score.")]
Alpha = Annotated[float, typer.Option("--alpha", help="With --method pc: significance level of the tests.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of everything random; the same seed gives the same run.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Plot = Annotated[Path | None, typer.Option("--plot", help="Write a figure to this file (.png, .svg or .pdf).")]
Treated = Annotated[str | None, typer.Option("--treated", help="The state or number compared …")]
Control = Annotated[str | None, typer.Option("--control", help="… with this one.")]
State = Annotated[str | None, typer.Option("--state", help="The outcome's state of interest.")]
Truth = Annotated[
    str | None,
    typer.Option(
        "--truth", help="The graph a simulated oracle knows: a file or a network's name; for experiments, what is run."
    ),
]
