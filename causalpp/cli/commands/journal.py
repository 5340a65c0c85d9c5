"""The commands on journals: what is in them, what it cost, moving and removing."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import Annotated, Any

import typer

import causalpp as cpp
from causalpp._files import check_target
from causalpp.cli import options
from causalpp.cli.show import console, print_json, table_of

__all__ = ["journal"]

journal = typer.Typer(
    name="journal",
    help="Look into a journal of answers: list, cost, export, merge, prune.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="The journal.", show_default=False)]


@journal.command("list")
def list_(
    path: File,
    oracle: Annotated[str | None, typer.Option("--oracle", help="Only this fingerprint, or its beginning.")] = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="What has found no answer so far, with the reasons.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Show so many, the latest; 0 for all.")] = 20,
    json: options.Json = False,
) -> None:
    """Show the answers in a journal, the latest last."""
    with cpp.Journal(path, create=False) as found:
        known = found.oracles
        answers = [a for a in (found.failures() if failures else found) if a.oracle.startswith(oracle or "")]
        replies = 0 if failures else sum(1 for _ in found.all_replies(oracle or ""))
    shown = answers[-limit:] if limit else answers
    if json:
        described = {name: known.get(name, {}) for name in dict.fromkeys(a.oracle for a in answers)}
        counts = {"answers": len(answers), "replies": replies}
        print_json({**counts, "oracles": described, "shown": [_plain(a.to_dict()) for a in shown]})
        return
    rows = [
        (
            a.question.question(),
            str(a.replicate),
            f"{a.wording}{' negated' if a.negated else ''}",
            a.word,
            a.reason or "",
            a.model or a.oracle,
        )
        for a in shown
    ]
    if rows:
        console.print(table_of(rows, "question", "asked before", "wording", "answer", "reason", "by"))
    what = "without answer" if failures else "answers"
    more = f", the last {len(shown)} shown" if len(shown) < len(answers) else ""
    beside = f"; replies to free prompts beside them: {replies:,}" if replies else ""
    console.print(f"{len(answers):,} {what}{more}{beside}")


@journal.command()
def cost(path: File, json: options.Json = False) -> None:
    """Show what was asked of whom, and what it cost."""
    with cpp.Journal(path, create=False) as found:
        bill = found.cost()
    records: list[dict[str, Any]] = loads(bill.to_json(orient="records", force_ascii=True))  # plain numbers
    if json:
        print_json(records)
        return
    rows = [
        (
            r["oracle"],
            r["model"] or r["kind"] or "",
            *(f"{r[name]:,}" for name in ("answers", "failures", "replies", "tokens_in", "tokens_out")),
            f"{r['cost']:.4g}",
            f"{r['seconds']:,.0f} s",
        )
        for r in records
    ]
    heads = ("oracle", "model", "answers", "failures", "replies", "read", "written", "cost", "waited")
    console.print(table_of(rows, *heads))
    tokens = int(bill["tokens_in"].sum() + bill["tokens_out"].sum())
    replies = f", replies to free prompts: {int(bill['replies'].sum()):,}" if bill["replies"].any() else ""
    console.print(f"{int(bill['answers'].sum()):,} answers{replies}, {tokens:,} tokens, cost {bill['cost'].sum():.4g}")


@journal.command()
def export(
    path: File,
    out: Annotated[Path, typer.Argument(help="A file whose name ends in .jsonl or .parquet.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Write the answers, without replies to free prompts, to a file for other programs."""
    check_target(out)
    with cpp.Journal(path, create=False) as found:
        found.export(out)
        count = len(found)
    _report({"answers": count, "file": str(out)}, f"{count:,} answers in {out}", json)


@journal.command()
def merge(
    path: File,
    others: Annotated[list[Path], typer.Argument(help="Journals to take answers from.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Take over the answers of other journals; where both have one, this journal's stays."""
    with cpp.Journal(path) as into:
        added = 0
        for other in others:
            added += into.merge(other)
        count = len(into)
    _report({"added": added, "answers": count}, f"{added:,} answers added, now {count:,}", json)


@journal.command()
def prune(
    path: File,
    oracle: Annotated[str | None, typer.Option("--oracle", help="Of this fingerprint, or its beginning.")] = None,
    before: Annotated[str | None, typer.Option("--before", help="Recorded before, such as 2026-01-31.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Without yes or no for this reason.")] = None,
    failures: Annotated[bool, typer.Option("--failures", help="Only what has found no answer so far.")] = False,
    json: options.Json = False,
) -> None:
    """Remove the answers, and replies to free prompts, that fit all that is said; the next run asks them again."""
    with cpp.Journal(path, create=False) as found:
        removed = found.prune(oracle=oracle, before=before, reason=reason, failures=failures)
        count = len(found)
    _report({"removed": removed, "answers": count}, f"{removed:,} removed, {count:,} answers left", json)


def _report(values: dict[str, Any], sentence: str, json: bool) -> None:
    if json:
        print_json(values)
    else:
        console.print(sentence, soft_wrap=True)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values that JSON can hold: an infinite number becomes a word."""
    return {k: str(v) if isinstance(v, float) and v - v != 0 else v for k, v in values.items()}
