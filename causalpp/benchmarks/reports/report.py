"""The report of a run: tables and plots as Markdown, and as one HTML page that needs no other file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._files import write_text
from causalpp._pages import Block, Heading, Paragraph, Picture, Table, picture, to_html, to_markdown
from causalpp.benchmarks.drawing import (
    KINDS,
    accuracy_figure,
    calls_figure,
    kinds_in,
    local_error_figure,
    of_kind,
    series_name,
)
from causalpp.benchmarks.metrics import (
    METRICS,
    in_hidden_graph,
    intervals,
    is_scored,
    leaks,
    once,
    rule_name,
    score,
    series_of,
)
from causalpp.benchmarks.reports._cells import series_head, text_of, with_interval
from causalpp.benchmarks.reports._problems import problem_tables
from causalpp.benchmarks.reports.compare import Comparison
from causalpp.benchmarks.runs.results import Run
from causalpp.benchmarks.studies.local import comparison_of_oracles
from causalpp.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report", "comparison_table", "report"]

_SHOWN = {
    "accuracy": "accuracy",
    "random_member": "random member",
    "class_alone": "class alone",
    "wrong": "wrong",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "calibration_error": "calibration error",
    "brier": "Brier score",
    "abstention": "no answer",
    "questions": "questions an item",
    "cost": "cost an item",
}
_PREMISE = {
    "over_random_member": "accuracy over a random member",
    "accuracy_decided": "decided: accuracy",
    "accuracy_open": "open: accuracy",
    "random_member_open": "open: random member",
    "class_alone_open": "open: class alone",
}
_FAILURES = 20
_SLICES = (
    ("variables", "By the number of variables"),
    ("relation", "By relation"),
    ("set", "By set"),
    ("quantity", "By quantity"),
    ("asked", "By what is asked of PN and PS (none: another quantity)"),
    ("perturbation", "By perturbation"),
    ("distance", "By distance between the two variables (−1: not connected)"),
    ("wording", "By wording"),
)


@dataclass(frozen=True, repr=False)
class Report:
    """A page about a run.

    Attributes:
        title: of the page.
        blocks: what is on it, from top to bottom.
    """

    title: str
    blocks: tuple[Block, ...]

    def __repr__(self) -> str:
        return f"Report({self.title!r}, {len(self.tables)} tables, {len(self.blocks)} blocks)"

    @cached_property
    def markdown(self) -> str:
        """The page as Markdown; its pictures are files beside it, which :meth:`save` writes."""
        return to_markdown(self.blocks)

    @cached_property
    def html(self) -> str:
        """The page as HTML, with its pictures in it."""
        return to_html(self.title, self.blocks)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables of the page."""
        return tuple(block for block in self.blocks if isinstance(block, Table))

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write ``report.md`` with its pictures, and ``report.html``, into a folder; the paths, the page first.

        Raises:
            FormatError: the folder cannot be made or written to.
        """
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FormatError(f"cannot make the folder {os.fspath(folder)!r}: {error.strerror or error}") from None
        pages = {target / "report.html": self.html, target / "report.md": self.markdown}
        pages |= {target / f"{block.name}.svg": block.svg for block in self.blocks if isinstance(block, Picture)}
        for path, text in pages.items():
            write_text(path, text)
        return list(pages)


def report(run: Run, *, draws: int = 1000, seed: int = 0) -> Report:
    """The report of a run.

    Each part of its configuration has a section.  Answers to items with labels are scored; runs of a method are summed
    up; and where the results have what they need, accuracy and local errors are drawn against the number of variables,
    and questions against the bound.  Kinds of oracle are never in one table or in one panel.

    Args:
        run: a finished run.
        draws: of the bootstrap over groups.
        seed: of the draws.
    """
    blocks: list[Block] = [Heading(run.name, 1)]
    if run.about:
        blocks.append(Paragraph(run.about))
    libraries = ", ".join(f"{name} {run.versions.get(name, 'unknown')}" for name in ("causalpp", "python", "torch"))
    blocks.append(Paragraph(f"{run.units:,} units, seed {run.seed}, made with {libraries}."))
    if run.failures:
        blocks.append(Paragraph(f"{len(run.failures):,} units have no result, and are missing from everything below:"))
        rows = [(failure["unit"], failure["message"]) for failure in run.failures[:_FAILURES]]
        blocks.append(Table(("unit", "what went wrong"), rows))
    for study in run.studies:
        frame = run.frame(study)
        frame = frame.sort_values(
            series_of(frame) or ["key"], kind="stable"
        )  # by name: the keys have no order to a reader
        for name, part in frame.groupby("part", sort=False):
            blocks.append(Heading(str(name)))
            blocks += _section(part, f"{study}-{name}" if str(name) != study else study, draws, seed)
    blocks.append(Heading("How to read the tables"))
    blocks.append(Paragraph(_NOTE))
    return Report(run.name, tuple(blocks))


_NOTE = (
    "Intervals are of 95 %, by a bootstrap that draws whole groups (all items of one class, or all that belongs to "
    "one graph); where every group scores the same they have no width, and with G groups an error rate of up to 3/G "
    "would not be a surprise. An item without answer is answered neither rightly nor wrongly: accuracy counts it as "
    "not right. The calibration error is measured in ten bins of equal width. A simulated oracle knows the graph, and "
    "errs as it is told: its results say what a method makes of answers of a given quality, and nothing about "
    "language models. What a language model says of an intervention is not an experiment. *Random member* is what "
    "whoever reads the premise, draws a member of its class and answers what holds there gets right on average, on the "
    "same items; *class alone* answers what holds in all members or in none, and else the same for all items that are "
    "open. Neither asks anybody, so that what an oracle adds is what goes beyond them. *Rules that know nothing* answer"
    " questions with a direction by the names of the variables or by their order in the prompt: what is listed earlier "
    "causes what is listed later, the longer name the shorter, the earlier in the alphabet the later. Their AUC is the "
    "probability that a true statement has more of the rule's yes than a false one."
)


def _section(frame: pd.DataFrame, name: str, draws: int, seed: int) -> Iterator[Block]:
    columns = set(frame.columns)
    scored = is_scored(frame)
    for kind in kinds_in(frame):
        one = of_kind(frame, kind)
        if kind:
            title = KINDS.get(kind, kind)
            yield Heading(title[0].upper() + title[1:], 3)
        if scored:
            yield from _scores(one, draws, seed)
            if {"question", "replicate", "path"} <= columns:
                yield _reliability(one)
        else:
            yield _means(one, draws, seed)
    if "variables" in columns and frame["variables"].notna().any():
        slug = "".join(c if c.isalnum() else "-" for c in name)
        if "right" in columns and frame["right"].notna().any():
            yield picture(accuracy_figure(frame), f"{slug}-accuracy", "Accuracy against the number of variables.")
        if {"local_answers", "local_wrong"} <= columns and (frame["local_answers"].fillna(0) > 0).any():
            says = "Share of wrong answers to local questions against the number of variables."
            yield picture(local_error_figure(frame), f"{slug}-local-error", says)
        if {"questions", "bound"} <= columns and (frame["bound"].notna() & frame["questions"].notna()).any():
            says = "Questions asked against the bound: single runs (small) and means of each size (large)."
            yield picture(calls_figure(frame), f"{slug}-calls", says)


# --- tables ---------------------------------------------------------------------------------------------


def _scores(frame: pd.DataFrame, draws: int, seed: int) -> Iterator[Block]:
    """All scores of every series, and its accuracy in the slices that there are."""
    columns = series_of(frame)
    table = score(frame, columns, draws=draws, seed=seed)
    shown = [metric for metric in METRICS if metric in _SHOWN and table[metric].notna().any()]
    if "cost" in shown and not table["cost"].any():
        shown.remove("cost")
    names = series_head(frame)
    rows = []
    for _, row in table.iterrows():
        cells = [text_of(row[name]) for name in names] + [f"{row['items']:,}", f"{row['groups']:,}"]
        cells += [with_interval(row[metric], row[f"{metric}_low"], row[f"{metric}_high"]) for metric in shown]
        rows.append(cells)
    yield Table([*names, "items", "groups", *(_SHOWN[metric] for metric in shown)], rows)
    yield from _rules(frame, columns, draws, seed)
    if table["random_member"].notna().any():
        yield from _premises(frame, table, draws, seed)
    yield from problem_tables(frame, columns)
    for slice_, caption in _SLICES:
        if slice_ in frame.columns and len(frame[slice_].dropna().unique()) > 1:
            yield _sliced(frame, columns, slice_, caption, draws, seed)


def _rules(frame: pd.DataFrame, columns: Sequence[str], draws: int, seed: int) -> Iterator[Table]:
    """What rules that know nothing score on the same items: once, where it is the same for all series."""
    table = once(leaks(frame, columns, draws=draws, seed=seed), columns)
    if table.empty:
        return
    names = [name for name in series_head(frame) if name in table.columns]
    rows = [
        [*(text_of(row[name]) for name in names), rule_name(row["rule"]), f"{row['items']:,}", f"{row['groups']:,}"]
        + [with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("accuracy", "auc")]
        for _, row in table.iterrows()
    ]
    yield Table([*names, "rule", "items", "groups", "accuracy", "AUC"], rows, "Rules that know nothing, on these items")


def _premises(frame: pd.DataFrame, table: pd.DataFrame, draws: int, seed: int) -> Iterator[Table]:
    """Accuracy where the premise decides and where it does not; and, where a hidden graph is known, about that."""
    yield _by_premise(frame, table, "Where the premise decides, and where it leaves the hypothesis open")
    if "holds_in_truth" in frame.columns and frame["holds_in_truth"].notna().any():
        hidden = in_hidden_graph(frame)
        found = score(hidden, series_of(frame), draws=draws, seed=seed)
        yield _by_premise(
            hidden, found, "Does the hypothesis hold in the hidden graph? Yes where its probability is at least ½", True
        )


def _by_premise(frame: pd.DataFrame, table: pd.DataFrame, caption: str, whole: bool = False) -> Table:
    names = series_head(frame)
    first = {name: _SHOWN[name] for name in ("accuracy", "random_member", "class_alone")} if whole else {}
    shown = first | {metric: title for metric, title in _PREMISE.items() if table[metric].notna().any()}
    rows = []
    for _, row in table.iterrows():
        one = frame[(frame[names] == row[names]).all(axis=1)] if names else frame
        counts = [f"{int((one['decided'] == decided).sum()):,}" for decided in (True, False)]
        cells = [with_interval(row[metric], row[f"{metric}_low"], row[f"{metric}_high"]) for metric in shown]
        rows.append([*(text_of(row[name]) for name in names), *counts, *cells])
    return Table([*names, "decided", "open", *shown.values()], rows, caption)


def _reliability(frame: pd.DataFrame) -> Table:
    """How local answers err, a row for each oracle."""
    table = comparison_of_oracles(frame)
    names = ("sensitivity", "specificity", "abstention", "repeat_correlation", "intercept", "slope")
    shown = [name for name in names if table[name].notna().any()]
    rows = [
        [text_of(row["solver"]), f"{row['questions']:,}", f"{row['answers']:,}"]
        + [with_interval(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in shown]
        for _, row in table.iterrows()
    ]
    head = ["solver", "questions", "answers", *(name.replace("_", " ") for name in shown)]
    caption = "Reliability; intervals allow for answers to one question going together"
    if "slope" in shown:
        caption += "; log-odds ℓ: logit P(true) = intercept + slope · ℓ"
    return Table(head, rows, caption)


def _sliced(frame: pd.DataFrame, columns: Sequence[str], slice_: str, caption: str, draws: int, seed: int) -> Table:
    """The accuracy of every series in every slice: a row a series, a column a slice."""
    table = score(frame[frame[slice_].notna()], [*columns, slice_], draws=draws, seed=seed)
    values = sorted(table[slice_].unique())
    names = series_head(frame)
    rows: dict[tuple[str, ...], dict[Any, str]] = {}
    for _, row in table.iterrows():
        cell = with_interval(row["accuracy"], row["accuracy_low"], row["accuracy_high"])
        rows.setdefault(tuple(text_of(row[name]) for name in names), {})[row[slice_]] = cell
    return Table(
        [*names, *(text_of(value) or "none" for value in values)],
        [[*series, *(cells.get(value, "—") for value in values)] for series, cells in rows.items()],
        f"{caption}: accuracy",
    )


def _means(frame: pd.DataFrame, draws: int, seed: int) -> Table:
    """The means of everything that is a number or a yes or no, a row for each series."""
    import pandas as pd

    columns = series_of(frame)
    skipped = {*columns, "row", "variables", "seed", "group"}
    kept = [
        name
        for name in frame.columns
        if name not in skipped and pd.api.types.is_numeric_dtype(frame[name]) and frame[name].notna().any()
    ]
    same = [name for name in kept if len(frame) > 1 and len(frame[name].unique()) == 1]
    kept = [name for name in kept if name not in same]
    names = series_head(frame)
    rows = []
    parts = frame.groupby(columns, sort=False, dropna=False) if columns else [((), frame)]
    for values, part in parts:
        told = dict(zip(columns, values))
        groups = list(part["group"]) if "group" in part.columns else None
        cells = [text_of(told[name]) for name in names] + [f"{len(part):,}"]
        for name in kept:
            numbers = part[name].astype("Float64").to_numpy(dtype=float, na_value=math.nan)
            cells.append(with_interval(*intervals(numbers, groups, draws=draws, seed=seed)))
        rows.append(cells)
    told_once = ", ".join(f"{name.replace('_', ' ')} {text_of(_plain(frame[name].iloc[0]))}" for name in same)
    caption = "Means" + (f" (in all runs: {told_once})" if told_once else "")
    return Table([*names, "runs", *(name.replace("_", " ") for name in kept)], rows, caption)


def comparison_table(found: Sequence[Comparison]) -> Table:
    """Comparisons as a table, the kinds of oracle named on both sides."""
    head = (
        "first", "second", "items", "groups", "accuracy of the first", "accuracy of the second", "difference",
        "rules that know nothing, first", "likewise, second",
        "random member of the class", "class alone", "items left open", "first on these", "second on these",
        "random member on these", "only first right", "only second right", "no answer of the first",
        "no answer of the second", "p, items",
        "p, groups",
    )  # fmt: skip
    rows = [
        (
            _side(c.first),
            _side(c.second),
            f"{c.items:,}",
            f"{c.groups:,}",
            f"{c.accuracy_first:.3f}",
            f"{c.accuracy_second:.3f}",
            with_interval(c.difference, c.low, c.high, sign=True),
            *(
                ", ".join(f"{rule} {value:.3f}" for rule, value in of.items()) or "—"
                for of in (c.rules_first, c.rules_second)
            ),
            *(
                "—" if value is None else f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
                for value in (
                    c.random_member,
                    c.class_alone,
                    c.open_items,
                    c.open_first,
                    c.open_second,
                    c.open_random_member,
                )
            ),
            f"{c.only_first:,}",
            f"{c.only_second:,}",
            f"{c.silent_first:,}",
            f"{c.silent_second:,}",
            _p(c.p_items),
            _p(c.p_groups),
        )
        for c in found
    ]
    return Table(head, rows)


def _side(series: Any) -> str:
    rest = series_name([value for name, value in series.items() if name not in ("oracle_nature", "oracle")])
    kind, oracle = series.get("oracle_nature", ""), series.get("oracle", "")
    asked = "asks nobody" if kind == "none" else " ".join(part for part in (kind, oracle) if part)
    return f"{rest} ({asked})" if asked else rest


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _plain(value: Any) -> Any:
    return {True: "yes", False: "no"}[bool(value)] if isinstance(value, (bool, np.bool_)) else value
