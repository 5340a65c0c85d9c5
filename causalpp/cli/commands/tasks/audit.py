"""``causalpp audit``: are the labels of a benchmark right?"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causalpp._files import check_target, write_text
from causalpp._progress import Progress
from causalpp.cli import options
from causalpp.cli.show import console, print_json, table_of
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp import tasks

__all__ = ["audit"]

_SHOWN = 10  # findings of one sort that are printed


class Meaning(StrEnum):
    """What the hypotheses are taken to mean."""

    path = "path"
    direct = "direct"


def audit(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Benchmark files or folders: .json, .jsonl, .csv, .tsv or .parquet.")
    ] = None,
    published: Annotated[
        str | None,
        typer.Option("--published", help="Instead: a set on the Hugging Face hub, corr2cause, extended or a name."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="With --published: which split.")] = "test",
    revision: Annotated[str | None, typer.Option("--revision", help="With --published: which commit.")] = None,
    meaning: Annotated[
        Meaning, typer.Option("--semantics", help="Causes along any path, or common causes and effects direct ones.")
    ] = Meaning.path,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Read so many rows at most.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write all findings as JSON to this file.")] = None,
    json: options.Json = False,
) -> None:
    """Derive every label or answer of a benchmark again from its text; exit status 1 if anything is found."""
    from causalpp import tasks  # takes a moment, which other commands need not wait
    from causalpp.cli.commands.tasks.audit_caugym import show_caugym
    from causalpp.tasks import caugym
    from causalpp.tasks.items import loaders

    check_target(out)
    if bool(files) == (published is not None):
        raise InvalidParameter("name the files to audit, or a set on the hub by --published")
    if published is not None:
        items: Iterator[tasks.Item] = loaders.load_published(published, split, revision=revision)
    else:
        items = chain.from_iterable(map(loaders.read_items, files or ()))
    items = loaders.first(items, limit)
    begun = next(items, None)
    if begun is None:
        raise InvalidParameter("there are no rows to audit")
    items = chain([begun], items)
    words = isinstance(begun, (caugym.CauGymItem, caugym.PublishedItem))
    found: tasks.Audit | caugym.CauGymAudit
    with Progress("rows", wanted=not json) as bar:
        if words:
            found = caugym.audit(items, progress=bar.reach)
        else:
            found = tasks.audit(_classes(items), semantics=meaning.value, progress=bar.reach)
    if out is not None:
        write_text(out, found.to_json() + "\n")
    if json:
        print_json(found.to_dict())
    elif isinstance(found, caugym.CauGymAudit):
        show_caugym(found)
    else:
        _show(found)
    if not found.clean:
        raise typer.Exit(1)


def _classes(items: Iterator[tasks.Item]) -> Iterator[tasks.Corr2CauseItem]:
    from causalpp.tasks.corr2cause import corr2cause_item

    return map(corr2cause_item, items)


def _show(found: tasks.Audit) -> None:
    rows = [
        ("rows", f"{found.rows:,}" + _by(found.splits)),
        ("labels checked", f"{found.checked:,}"),
        ("wrong", f"{len(found.disagreements):,}" + (f" ({1 - found.agreement:.2%})" if found.checked else "")),
        ("labels that are 1", f"{found.positive:,} of {found.labelled:,}"),
        ("always no would score", f"{found.always_no:.1%}" if found.labelled else "nothing"),
        (
            "rows repeated",
            f"{found.duplicates:,}" + (f", {found.conflicts:,} with another label" * bool(found.conflicts)),
        ),
        ("premises in several splits", f"{len(found.overlaps):,}"),
    ]
    for kind, words in _FAILURES.items():
        count = len(found.failed(kind))  # type: ignore[arg-type]
        if count:
            rows.append((words, f"{count:,}"))
    console.print(table_of(rows, "", ""))
    for wrong in found.disagreements[:_SHOWN]:
        said, right = ("1", "0") if wrong.label else ("0", "1")
        console.print(
            f"{_row(wrong)}: label {said}, derived {right}. {wrong.hypothesis}\n"
            f"  in {wrong.graph}: {wrong.reason}" + _member(wrong.refuted_by)
        )
    for failure in found.failures[:_SHOWN]:
        console.print(f"{_row(failure)}: {failure.message}")
    for overlap in found.overlaps[:_SHOWN]:
        told = overlap.premise.partition("as follows:")[2] or overlap.premise
        console.print(f"shared{_by(overlap.splits)}: {told.strip()[:100]} …")
    left = max(0, len(found.disagreements) - _SHOWN) + max(0, len(found.failures) - _SHOWN)
    left += max(0, len(found.overlaps) - _SHOWN)
    if left:
        console.print(f"and {left:,} more: --out FILE or --json has them all")


_FAILURES = {
    "label": "without a label that is 0 or 1",
    "premise": "premises that cannot be read",
    "contradiction": "premises that contradict themselves",
    "undetermined": "premises that leave several classes open",
    "hypothesis": "hypotheses that cannot be read",
    "too large": "premises too large to decide",
}


def _row(found: tasks.Disagreement | tasks.Failure) -> str:
    """Where something was found: files of several splits have rows of the same number."""
    return f"row {found.row}" + (f" of {found.split}" if found.split else "")


def _by(splits: dict[str, int]) -> str:
    named = [f"{name} {count:,}" for name, count in splits.items() if name]
    return f" ({', '.join(named)})" if named else ""


def _member(edges: list[list[str]] | None) -> str:
    if edges is None:
        return ""
    return "\n  fails in the member " + (", ".join(f"{a} → {b}" for a, b in edges) or "without edges")
