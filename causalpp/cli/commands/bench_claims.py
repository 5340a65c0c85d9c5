"""``causalpp bench axiom`` and ``bench local-questions``: two claims that small models can be taught causes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._pages import to_text
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_json, save_figure

if TYPE_CHECKING:
    from causalpp.benchmarks.studies.claims import Claim

__all__ = ["bench_axiom", "bench_local_questions"]

_Store = Annotated[Path, typer.Option("--store", help="The folder of checkpoints and answers; a study there goes on.")]
_Steps = Annotated[int, typer.Option("--steps", min=1, help="Of each training, of 64 items.")]
_Parameters = Annotated[float, typer.Option("--parameters", help="Of each model, about.")]
_Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Trainings of each learner; of controls there is one.")]


def bench_axiom(
    store: _Store,
    learner: Annotated[
        list[str] | None,
        typer.Option(
            "--learner",
            help="Only encoder, decoder, shuffled labels, random weights, first mentioned, more effects or always no "
            "(repeatable); all but decoder unless said.",
        ),
    ] = None,
    items: Annotated[int, typer.Option("--items", min=1, help="To learn from.")] = 60_000,
    steps: _Steps = 2500,
    parameters: _Parameters = 2e5,
    symbols: Annotated[int, typer.Option("--symbols", min=1, help="Of a name that is learned from, at most.")] = 1,
    per_test: Annotated[int, typer.Option("--per-test", min=4, help="Items of each test.")] = 300,
    seeds: _Seeds = 3,
    out: options.Out = None,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Teach transitivity on chains of three to six variables; ask about longer, turned and branching graphs."""
    from causalpp.benchmarks.studies.claims import axiom_study
    from causalpp.benchmarks.studies.claims.axiom import AXIOM_LEARNERS

    check_target(out)
    check_figure_path(plot)
    found = axiom_study(
        store, learner or AXIOM_LEARNERS, items=items, steps=steps, parameters=parameters, symbols=(1, symbols),
        per_test=per_test, seeds=seeds, progress=not json,
    )  # fmt: skip
    _tell(found, out, plot, json)


def bench_local_questions(
    store: _Store,
    solver: Annotated[
        list[str] | None, typer.Option("--solver", help="Only this one, such as 'local + loop' (repeatable).")
    ] = None,
    graphs: Annotated[int, typer.Option("--graphs", min=1, help="Stories to learn from, two questions each.")] = 5000,
    steps: _Steps = 1600,
    parameters: _Parameters = 2e5,
    size: Annotated[
        list[int] | None, typer.Option("--size", help="Variables of stories asked about (repeatable); 6 to 12.")
    ] = None,
    per_size: Annotated[int, typer.Option("--per-size", min=1, help="Stories of each size.")] = 15,
    seeds: _Seeds = 3,
    out: options.Out = None,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Teach one model local questions and one global ones; let the loop ask the first, and the second answer itself."""
    from causalpp.benchmarks.studies.claims import local_study
    from causalpp.benchmarks.studies.claims.local import LOCAL_SOLVERS

    check_target(out)
    check_figure_path(plot)
    found = local_study(
        store, solver or LOCAL_SOLVERS, graphs=graphs, steps=steps, parameters=parameters,
        variables=size or range(6, 13), per_size=per_size, seeds=seeds, progress=not json,
    )  # fmt: skip
    _tell(found, out, plot, json)


def _tell(found: Claim, out: Path | None, plot: Path | None, json: bool) -> None:
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print_json(found.to_dict())
        return
    console.print(to_text([found.table()], console.width, intervals=True).rstrip(), soft_wrap=True)
