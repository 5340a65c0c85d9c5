"""``causalpp bench data``: what data alone, an oracle alone, and both are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._pages import to_text
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.commands.bench import Dask, Jobs, Store
from causalpp.cli.show import console, print_json

__all__ = ["bench_data"]


def bench_data(
    runs: Annotated[int, typer.Option("--runs", min=1, help="Worlds of each kind.")] = 20,
    world: Annotated[
        list[str] | None,
        typer.Option("--world", help="gaussian, discrete, simulated, hidden, nonlinear or heavy (repeatable)."),
    ] = None,
    variables: Annotated[int, typer.Option("--variables", help="Of each world, 2 to 12.")] = 6,
    edges: Annotated[
        float, typer.Option("--edges", help="Of the graphs on average; 0: all graphs are equally probable.")
    ] = 6.0,
    untold: Annotated[
        bool, typer.Option("--untold", help="Let the posterior take all graphs to be equally probable nevertheless.")
    ] = False,
    rows: Annotated[list[int] | None, typer.Option("--rows", help="How many rows (repeatable).")] = None,
    error: Annotated[
        list[float] | None, typer.Option("--error", help="The oracle's rate of errors (repeatable).")
    ] = None,
    questions: Annotated[
        list[int] | None, typer.Option("--questions", help="After how many to measure (repeatable); 0: before any.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", help="Only both, oracle or class (repeatable).")
    ] = None,
    bare: Annotated[bool, typer.Option("--no-effects", help="Leave effects out, which take half of the time.")] = False,
    out: options.Out = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the tables to this file, .md or .html.", show_default=False)
    ] = None,
    jobs: Jobs = 2,
    dask: Dask = None,
    store: Store = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Measure what data alone, an oracle alone, and both in one posterior are worth, where the truth is known."""
    from causalpp._pages import to_html, to_markdown
    from causalpp.benchmarks import data_study
    from causalpp.benchmarks.studies.data import blocks

    for target in (out, page):
        check_target(target)
    lists = {"worlds": world, "rows": rows, "errors": error, "questions": questions, "methods": method}
    with Progress("data", wanted=not json) as bar:
        found = data_study(
            runs, variables=variables, edges=edges or None, told=not untold, effects=not bare, seed=seed, jobs=jobs,
            dask=dask, store=store, progress=bar.reach, **{name: given for name, given in lists.items() if given},
        )  # fmt: skip
    if out is not None:
        write_text(out, found.to_json() + "\n")
    shown = blocks(found)
    if page is not None:
        title = "Data and answers"
        write_text(page, to_html(title, shown) if page.suffix == ".html" else to_markdown(shown))
    if json:
        print_json(found.to_dict())
        return
    console.print(to_text(shown, console.width).rstrip(), soft_wrap=True)
