"""``causalpp bench training``: whether training makes a causal reasoner."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._pages import to_text
from causalpp.cli import options
from causalpp.cli.show import check_figure_path, console, print_json, save_figure

__all__ = ["bench_training"]


def bench_training(
    store: Annotated[
        Path, typer.Option("--store", help="The folder of checkpoints and answers; a study there goes on.")
    ],
    learner: Annotated[
        list[str] | None,
        typer.Option(
            "--learner",
            help="Only encoder, sft, dpo, in-context, shuffled labels, hypothesis alone or always no (repeatable).",
        ),
    ] = None,
    largest: Annotated[int, typer.Option("--largest", help="Variables learned from at most, 3 to 6.")] = 5,
    rows: Annotated[int, typer.Option("--rows", min=100, help="Items of each size to learn from.")] = 8000,
    beyond: Annotated[
        list[int] | None, typer.Option("--beyond", help="Further sizes asked about (repeatable); 6 to 24 unless said.")
    ] = None,
    per_size: Annotated[int, typer.Option("--per-size", min=1, help="Items of each of these.")] = 60,
    held: Annotated[int, typer.Option("--held", min=10, help="Items of each test set of the trained sizes.")] = 400,
    encoder: Annotated[float, typer.Option("--encoder", help="Parameters of the encoder.")] = 1.2e6,
    encoder_steps: Annotated[int, typer.Option("--encoder-steps", min=1, help="Steps of 32 items.")] = 20_000,
    control_steps: Annotated[int, typer.Option("--control-steps", min=1, help="The same of controls.")] = 2_000,
    decoder: Annotated[float, typer.Option("--decoder", help="Parameters of the decoder.")] = 1e6,
    decoder_steps: Annotated[int, typer.Option("--decoder-steps", min=1, help="Steps of 32 items.")] = 1_500,
    preference_steps: Annotated[int, typer.Option("--preference-steps", min=1, help="Steps of 32 pairs.")] = 150,
    model: Annotated[
        str, typer.Option("--model", help="A folder or name of a model that is shown examples, too.")
    ] = "",
    out: options.Out = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the tables to this file, .md or .html.", show_default=False)
    ] = None,
    plot: options.Plot = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Train learners on Corr2Cause with true labels; ask them about other classes, names, words and larger graphs."""
    from causalpp._pages import to_html, to_markdown
    from causalpp.benchmarks.studies.corr2cause import Budget, blocks, training_study

    for target in (out, page):
        check_target(target)
    check_figure_path(plot)
    found = training_study(
        store,
        learner,
        largest=largest,
        rows=rows,
        beyond=beyond or range(6, 25),
        per_size=per_size,
        held=held,
        budget=Budget(
            encoder=encoder, encoder_steps=encoder_steps, control_steps=control_steps, decoder=decoder,
            decoder_steps=decoder_steps, preference_steps=preference_steps, model=model, seed=seed,
        ),
        progress=not json,
    )  # fmt: skip
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if plot is not None:
        save_figure(found.plot(), plot)
    shown = blocks(found)
    if page is not None:
        title = "Can training help?"
        write_text(page, to_html(title, shown) if page.suffix == ".html" else to_markdown(shown))
    if json:
        print_json(found.to_dict())
        return
    console.print(to_text(shown, console.width).rstrip(), soft_wrap=True)
