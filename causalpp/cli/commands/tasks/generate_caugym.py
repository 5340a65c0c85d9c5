"""``causalpp generate caugym``: word problems about seven causal quantities, with exact answers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from causalpp._files import check_target
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.commands.tasks.generate import Format, shares_of, show, sizes_of, target_of
from causalpp.cli.show import print_json

__all__ = ["generate_caugym"]


class Layout(StrEnum):
    """A layout that trainers read."""

    prompt = "prompt"
    completion = "completion"
    preference = "preference"
    labelled = "labelled"


def generate_caugym(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .jsonl or .parquet; a card goes beside it.")],
    rows: Annotated[
        int, typer.Option("--rows", min=1, help="Problems of each set, in turn about each quantity.")
    ] = 700,
    quantity: Annotated[
        list[str] | None,
        typer.Option("--quantity", help="ATE, CDE, ETT, NDE, NIE, PN or PS (repeatable); all unless said."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="Plain, one of the five that change it (repeatable), or all; plain unless said."),
    ] = None,
    sizes: Annotated[str, typer.Option("--sizes", help="Numbers of variables, 2 to 8: 3-8, or 3,5.")] = "3-8",
    story: Annotated[
        list[str] | None, typer.Option("--story", help="A word list to tell of (repeatable); all unless said.")
    ] = None,
    twins: Annotated[
        bool, typer.Option("--twins/--no-twins", help="With each problem, the same about letters.")
    ] = True,
    splits: Annotated[
        str, typer.Option("--splits", help="Shares of train, validation and test; no program is in two.")
    ] = "0.8,0.1,0.1",
    layout: Annotated[
        list[Layout] | None,
        typer.Option("--layout", help="Write conversations for trainers, too, in this layout (repeatable)."),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Where the ending of --out does not say it.")] = None,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Generate word problems about causal quantities, with exact answers and derivations."""
    from causalpp.tasks import caugym, write_conversations  # takes a moment

    target = target_of(out, form)
    layouts = list(dict.fromkeys(layout or []))
    extra = {kind: target.with_name(f"{target.stem}-{kind.value}.jsonl") for kind in layouts}
    numbers, shares = sizes_of(sizes), shares_of(splits)
    for file in (target, *extra.values()):
        check_target(file)
    chosen = [name.lower() for name in sets or ["plain"]]
    if "all" in chosen:
        chosen = [*caugym.SETS, *(name for name in dict.fromkeys(chosen) if name not in ("all", *caugym.SETS))]
    with Progress("problems", rows * len(chosen), not json) as bar:
        made = caugym.generate(
            rows, quantities=[name.upper() for name in quantity or caugym.QUANTITIES],
            sets=chosen, sizes=numbers, stories=story or tuple(caugym.STORIES),
            twins=twins, seed=seed, shares=shares, progress=bar.reach,
        )  # fmt: skip
    files = made.save(target, command=options.command_of(context))
    files += [write_conversations(made, file, kind.value) for kind, file in extra.items()]
    if json:
        print_json({"files": [str(file) for file in files], "items": len(made), "counts": made.counts()})
    else:
        show(made, files, "programs")
