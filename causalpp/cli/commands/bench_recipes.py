"""``causalpp bench recipes``: what each way of training adds to one short beginning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_json, save_figure

__all__ = ["bench_recipes"]


def bench_recipes(
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many: of items, weights and draws.")] = 3,
    recipe: Annotated[
        list[str] | None, typer.Option("--recipe", help="Only sft, dpo, kto, ppo or grpo (repeatable).")
    ] = None,
    items: Annotated[
        list[Path] | None, typer.Option("--items", help="A file of items to learn from, in place of the task's own.")
    ] = None,
    test: Annotated[
        list[Path] | None, typer.Option("--test", help="A file of items to be tested on; goes with --items.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Keep the models here, and go on with what was interrupted.", show_default=False),
    ] = None,
    out: options.Out = None,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Measure what each way of training adds to a short beginning, on items that were not learned from."""
    from causalpp.benchmarks import recipe_study
    from causalpp.benchmarks.studies.recipes import TOLD
    from causalpp.tasks import read_items

    check_target(out)
    check_figure_path(plot)
    learned, held = ([one for file in files for one in read_items(file)] if files else None for files in (items, test))
    with Progress("recipes", wanted=not json) as bar:
        found = recipe_study(
            seeds, recipes=recipe or tuple(TOLD), items=learned, test=held, folder=folder, progress=bar.reach
        )
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    if json:
        print_json(found.to_dict())
    else:
        console.print(repr(found), soft_wrap=True)
