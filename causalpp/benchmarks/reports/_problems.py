"""Tables about word problems: twins, abstentions, and which rule of the scorer replies failed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from causalpp._pages import Table
from causalpp.benchmarks.metrics import abstentions, has_abstentions, has_twins, twin_gaps
from causalpp.benchmarks.metrics._groups import parts
from causalpp.benchmarks.reports._cells import series_head, text_of, with_interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["problem_tables"]

_REASONS = 8  # rows of a series


def problem_tables(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[Table]:
    """The tables that there is something to say in.

    Args:
        frame: answers of one kind of oracle.
        columns: that tell its series apart.
    """
    if has_twins(frame):
        yield _twins(frame, columns)
    if has_abstentions(frame):
        yield _abstentions(frame, columns)
        yield _reasons(frame, columns)


def _twins(frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    names = series_head(frame)
    rows = [
        [
            *(text_of(row[name]) for name in names),
            *(f"{row['pairs']:,}", f"{row['story']:.3f}", f"{row['letters']:.3f}", f"{row['gap']:+.3f}"),
            "—" if math.isnan(row["error"]) else f"{row['error']:.3f}",
        ]
        for _, row in twin_gaps(frame, columns).iterrows()
    ]
    head = [*names, "pairs", "as a story", "in letters", "gap", "standard error"]
    return Table(head, rows, "Twins: accuracy on the same problems as a story and in letters")


def _abstentions(frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    names = series_head(frame)
    shown = {
        "determined": "determined", "right": "right", "wrong": "wrong", "abstained": "abstained", "silent": "no answer",
        "open": "not determined", "open_right": "abstained, rightly", "open_wrong": "wrong", "open_silent": "no answer",
    }  # fmt: skip
    rows = []
    for _, row in abstentions(frame, columns).iterrows():
        cells = [
            f"{row[k]:,}" if k in ("determined", "open") else with_interval(row[k], math.nan, math.nan) for k in shown
        ]
        rows.append([*(text_of(row[name]) for name in names), *cells])
    return Table([*names, *shown.values()], rows, "Abstentions, where the answer is determined and where it is not")


def _reasons(frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    """How often which rule failed; numbers, such as how far off, are left out."""
    names = series_head(frame)
    rows = []
    for told, part in parts(frame[frame["reason"].notna()], columns):
        found = Counter(re.sub(r"\s*-?\d[\d.e+-]*", " …", str(reason)) for reason in part["reason"])
        rows += [
            [*(text_of(told[name]) for name in names), reason, f"{count:,}"]
            for reason, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_REASONS]
        ]
    return Table([*names, "why not right", "items"], rows, "What failed, the most frequent first")
