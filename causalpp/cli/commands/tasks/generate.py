"""``causalpp generate``: Corr2Cause and its extension, with exact labels."""

from __future__ import annotations

import json as json_text
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from causalpp._files import check_target, write_text
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.show import console, print_json, table_of
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    from causalpp.tasks import Benchmark

__all__ = ["Format", "generate", "generating", "shares_of", "show", "sizes_of", "target_of"]


class Semantics(StrEnum):
    """What the labels mean."""

    path = "path"
    published = "published"
    direct = "direct"


class Premises(StrEnum):
    """What a premise states."""

    auto = "auto"
    complete = "complete"
    determining = "determining"


class Perturbation(StrEnum):
    """A change that leaves the labels as they are."""

    names = "names"
    paraphrase = "paraphrase"


class Format(StrEnum):
    """How items are written."""

    jsonl = "jsonl"
    parquet = "parquet"


def generate(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="The file to write: .jsonl or .parquet; a card goes beside it.")],
    sizes: Annotated[str, typer.Option("--sizes", help="Numbers of variables, 2 to 50: 2-6, or 7,9,12-24.")] = "2-6",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Items of each size.")] = 1000,
    complete: Annotated[
        bool, typer.Option("--complete", help="Every class, pair and relation, as Corr2Cause was drawn; 2 to 6 only.")
    ] = False,
    semantics: Annotated[Semantics, typer.Option("--semantics", help="What the labels mean.")] = Semantics.path,
    density: Annotated[
        float, typer.Option("--density", help="Above 6 variables: how many neighbours a variable has on average.")
    ] = 2.5,
    positive: Annotated[float, typer.Option("--positive", help="The share of items that are entailed.")] = 0.5,
    relation: Annotated[
        list[str] | None, typer.Option("--relation", help="A relation to ask about (repeatable); all six unless said.")
    ] = None,
    per_class: Annotated[int, typer.Option("--per-class", min=1, help="The most items about one class.")] = 12,
    near_misses: Annotated[
        float, typer.Option("--near-misses", help="The largest share of items in pairs that barely differ.")
    ] = 0.5,
    premises: Annotated[
        Premises, typer.Option("--premises", help="Everything, or one sentence a pair (auto: above 6 variables).")
    ] = Premises.auto,
    splits: Annotated[
        str, typer.Option("--splits", help="Shares of train, validation and test; no class is in two.")
    ] = "0.8,0.1,0.1",
    perturbation: Annotated[
        list[Perturbation] | None,
        typer.Option("--perturb", help="Write the items with other names, or other words, too (repeatable)."),
    ] = None,
    questions: Annotated[
        int | None,
        typer.Option("--questions", min=1, help="Write local interventional questions, too: so many of each kind."),
    ] = None,
    form: Annotated[Format | None, typer.Option("--format", help="Where the ending of --out does not say it.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes; -1 for one a core. The items are the same.")] = 1,
    seed: options.Seed = 0,
    json: options.Json = False,
) -> None:
    """Generate benchmark items with exact labels, certificates and splits by class."""
    from causalpp.tasks import RELATIONS, Benchmark, complete_set, interventional_set, perturb  # takes a moment
    from causalpp.tasks import generate as make

    target = target_of(out, form)
    numbers, shares = sizes_of(sizes), shares_of(splits)
    check_target(target)
    if complete:
        parts = [complete_set(n, semantics.value, shares=shares, seed=seed) for n in numbers]
        about = {**parts[0].about, "sizes": list(numbers)}
        made = Benchmark(tuple(item for part in parts for item in part), about)
    else:
        with Progress("items", len(numbers) * rows, not json) as bar:
            made = make(
                numbers, rows, seed=seed, semantics=semantics.value, expected_degree=density, positive=positive,
                relations=relation or RELATIONS, per_class=per_class, near_misses=near_misses,
                premises=premises.value, shares=shares, jobs=jobs, progress=bar.reach,
            )  # fmt: skip
    command = options.command_of(context, "jobs").replace(
        "generate corr2cause", "generate", 1
    )  # as cards always had it
    files = made.save(target, command=command)
    for kind in dict.fromkeys(perturbation or []):
        changed = Benchmark(tuple(perturb(made, kind.value, seed=seed)), {**made.about, "perturbation": kind.value})
        files += changed.save(target.with_stem(f"{target.stem}-{kind.value}"), command=command)
    if questions is not None:
        asked = interventional_set(made, per_kind=questions, seed=seed)
        lines = (json_text.dumps(item.to_dict(), ensure_ascii=False) + "\n" for item in asked)
        files.append(target.with_name(f"{target.stem}-questions.jsonl"))
        write_text(files[-1], "".join(lines))
    if json:
        print_json(
            {
                "files": [str(file) for file in files],
                "items": len(made),
                "counts": made.counts(),
                "short": made.about.get("short", {}),
            }
        )
    else:
        show(made, files)


class _OrCorr2Cause(TyperGroup):
    """A group in which options without a command are those of the first task."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["corr2cause", *args]
        return super().parse_args(ctx, args)


generating = typer.Typer(
    name="generate",
    cls=_OrCorr2Cause,
    help="Generate benchmark items: causalpp generate TASK; corr2cause where no task is named.",
    subcommand_metavar="[TASK] OPTIONS...",
    rich_markup_mode=None,
)
generating.command("corr2cause")(generate)


def target_of(out: Path, form: Format | None) -> Path:
    """The file to write, with the ending of its format.

    Raises:
        FormatError: its ending is that of another, or of none.
    """
    if form is None and out.suffix not in (".jsonl", ".parquet"):
        raise FormatError(f"cannot write {str(out)!r}: items are written to .jsonl or .parquet")
    if form is None or out.suffix == f".{form.value}":
        return out
    if out.suffix in (".jsonl", ".parquet"):
        raise FormatError(f"{str(out)!r} is not the name of a .{form.value} file: leave --format out, or rename it")
    return out.with_name(f"{out.name}.{form.value}")


def sizes_of(text: str) -> tuple[int, ...]:
    """Numbers of variables as in 2-6 or 7,9,12-24.

    Raises:
        InvalidParameter: the text is no such list.
    """
    out: list[int] = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part)
        if not found or int(found[1]) > int(found[2] or found[1]):
            raise InvalidParameter(f"--sizes is a list such as 2-6 or 7,9,12-24, not {text!r}")
        out += range(int(found[1]), int(found[2] or found[1]) + 1)
    return tuple(dict.fromkeys(out))


def shares_of(text: str) -> dict[str, float]:
    """Shares of train, validation and test as in 0.8,0.1,0.1.

    Raises:
        InvalidParameter: the text is no such list.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3:
        raise InvalidParameter(f"--splits is three shares such as 0.8,0.1,0.1, not {text!r}")
    return dict(zip(("train", "validation", "test"), numbers))


def show(made: Benchmark[Any], files: list[Path], groups: str = "classes") -> None:
    """Print how many items of what there are, and the files."""
    console.print(f"{len(made):,} items about {len({item.group for item in made}):,} {groups}")
    rows = [
        (name if not k else "", value or "–", f"{count:,}")
        for name, found in made.counts().items()
        for k, (value, count) in enumerate(found.items())
    ]
    console.print(table_of(rows, "", "", "items"))
    missing = sum(made.about.get("short", {}).values())
    if missing:
        console.print(f"{missing:,} items fewer than asked for: there are not enough different ones (see the card)")
    console.print("written: " + ", ".join(file.name for file in files), soft_wrap=True)
