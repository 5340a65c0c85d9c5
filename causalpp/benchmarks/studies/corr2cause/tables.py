"""The tables of the study of training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from causalpp._pages import Block, Heading, Paragraph, Table
from causalpp.benchmarks.studies.corr2cause.items import BASE
from causalpp.benchmarks.studies.corr2cause.study import TrainingStudy

__all__ = ["blocks"]

_LARGE = (21, 24)


def blocks(study: TrainingStudy) -> list[Block]:
    """Trained sizes, one relation at a time, larger graphs, and the labels that are shipped for them."""
    frame = study.scores().to_dict("records")
    cells = {(row["solver"], row["test"], row["shown"]): row for row in frame}
    solvers = list(dict.fromkeys(row["solver"] for row in frame))
    near = [test for test in dict.fromkeys(row["test"] for row in frame) if not test.startswith("n = ")]
    far = [test for test in dict.fromkeys(row["test"] for row in frame) if test.startswith("n = ")]
    largest = study.settings["largest"]
    items, groups = (cells[solvers[0], BASE, "whole"][name] for name in ("items", "groups"))
    out: list[Block] = [Heading(f"Up to {largest} variables: F1", 3)]
    out.append(Table(["", *near], [[who, *(_cell(cells[who, t, "whole"], "f1") for t in near)] for who in solvers]))
    out.append(Heading(f"Up to {largest} variables: accuracy", 3))
    out.append(
        Table(["", *near], [[who, *(_cell(cells[who, t, "whole"], "accuracy") for t in near)] for who in solvers])
    )
    out.append(Paragraph(f"{items} items of {groups} classes; intervals of 95 % by the bootstrap over classes."))
    single = study.scores(("solver", "test", "relation", "shown"))
    single = single[(single["test"] == BASE) & (single["shown"] == "whole")]
    named = list(dict.fromkeys(single["relation"]))
    by = {(row["solver"], row["relation"]): row for row in single.to_dict("records")}
    out.append(Heading("One relation at a time: accuracy on unseen classes", 3))
    out.append(Table(["", *named], [[who, *(_cell(by[who, r], "accuracy") for r in named)] for who in solvers]))
    if not far:
        return out
    for shown, what in (("whole", "whole premises"), ("cut", f"cut to {study.settings['max_length']} tokens")):
        there = [test for test in far if (solvers[0], test, shown) in cells]
        for metric, name in (("f1", "F1"), ("accuracy", "accuracy")):
            out.append(Heading(f"More variables, {what}: {name}", 3))
            out.append(
                Table(["", *solvers], [[t, *(_cell(cells[w, t, shown], metric) for w in solvers)] for t in there])
            )
    shipped = {(row["solver"], row["test"], row["shown"]): row for row in study.shipped().to_dict("records")}
    tests = [f"n = {n}" for n in range(_LARGE[0], _LARGE[1] + 1) if f"n = {n}" in far]
    if tests:
        out.append(Heading("Accuracy by the labels that are shipped (all no), and by the true ones", 3))
        rows = []
        for test in tests:
            for shown in ("whole", "cut"):
                pairs = ((shipped[who, test, shown], cells[who, test, shown]) for who in solvers)
                rows.append([test, shown, *(f"{a['accuracy']:.2f} / {b['accuracy']:.2f}" for a, b in pairs)])
        out.append(Table(["", "premise", *solvers], rows))
    return out


def _cell(row: Mapping[Any, Any], metric: str) -> str:
    value, low, high = (row[metric + end] for end in ("", "_low", "_high"))
    if math.isnan(value):
        return "–"
    return f"{value:.2f}" if math.isnan(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"
