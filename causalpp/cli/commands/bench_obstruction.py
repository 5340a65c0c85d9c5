"""``causalpp bench obstruction``: how alike competing hypotheses look to models, and what predictors make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from causalpp._files import check_target, write_text
from causalpp._pages import to_text
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.commands.bench import Jobs, Store
from causalpp.cli.show import check_figure_path, console, print_json, save_figure

__all__ = ["bench_obstruction"]


def bench_obstruction(
    small: Annotated[
        list[str] | None,
        typer.Option(
            "--small", help="Only this small model: encoder, decoder, classify, sft, dpo, kto, ppo, grpo (repeatable)."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A model besides: a file, a folder, a name, or smollm2 (repeatable)."),
    ] = None,
    pairs: Annotated[int | None, typer.Option("--pairs", help="Near misses that it is shown; 24 unless said.")] = None,
    size: Annotated[
        list[int] | None, typer.Option("--size", help="Variables of the pairs, 4 to 12 (repeatable).")
    ] = None,
    bases: Annotated[int | None, typer.Option("--bases", help="Classes of each size that pairs are about.")] = None,
    learn: Annotated[int | None, typer.Option("--learn", help="Items that are learned from.")] = None,
    parameters: Annotated[float | None, typer.Option("--parameters", help="Of a small model, about.")] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Of a training from random weights.")] = None,
    tuned: Annotated[int | None, typer.Option("--tuned", help="Steps of a training on from sft.")] = None,
    without_small: Annotated[bool, typer.Option("--no-small", help="Only the models of --model.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Seconds in place of minutes; it shows only that it runs.")
    ] = False,
    out: options.Out = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the tables to this file, .md or .html.", show_default=False)
    ] = None,
    plot: options.Plot = None,
    jobs: Jobs = 1,
    store: Store = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Measure how alike competing hypotheses look to models, and what kernel regression and training make of them."""
    from causalpp._pages import to_html, to_markdown
    from causalpp.benchmarks import obstruction_study
    from causalpp.benchmarks.studies.obstruction import QUICK

    for target in (out, page):
        check_target(target)
    check_figure_path(plot)
    given: dict[str, Any] = {
        "subjects": small, "real": model, "real_pairs": pairs, "sizes": size, "bases": bases, "learn": learn,
        "parameters": parameters, "steps": steps, "tuned": tuned,
    }  # fmt: skip
    settings = {**(QUICK if quick else {}), **{name: value for name, value in given.items() if value is not None}}
    if without_small:
        settings["subjects"] = ()
    with Progress("obstruction", wanted=not json) as bar:
        found = obstruction_study(seed=seed, jobs=jobs, store=store, progress=bar.reach, **settings)
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    shown = found.blocks()
    if page is not None:
        title = "The kernel obstruction"
        write_text(page, to_html(title, shown) if page.suffix == ".html" else to_markdown(shown))
    if json:
        print_json(found.to_dict())
        return
    console.print(to_text(shown, console.width, intervals=True).rstrip(), soft_wrap=True, markup=False, highlight=False)
