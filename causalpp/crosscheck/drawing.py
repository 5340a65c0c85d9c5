"""The figure of a calibration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from causalpp.graphs.drawing import ACCENT, FALSE, INK, MUTED, TRUE, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.crosscheck.calibration import Calibration
    from causalpp.crosscheck.estimates import Estimate, Rate

__all__ = ["calibration_figure"]


def calibration_figure(calibration: Calibration) -> Figure:
    """Four panels: all rates, the rates by size, by path length, and the calibration curve (or by kind)."""
    import matplotlib.pyplot as plt
    import pandas as pd

    with style():
        figure = plt.figure(figsize=(11, 8), layout="constrained")
        rates, size, path, last = figure.subplots(2, 2).flat
        _rates(calibration, rates)
        table = calibration.by("variables")
        _lines(table, [str(value) for value in table.index], size, numbers=True)
        size.set(title="by size of the graph", xlabel="variables")
        table = calibration.by("path")
        _lines(table, ["no path" if pd.isna(value) else str(value) for value in table.index], path)
        path.set(title="by length of the directed path", xlabel="edges on the shortest path")
        if len(calibration.curve):
            _curve(calibration, last)
        else:
            table = calibration.by("kind")
            _lines(table, [str(value) for value in table.index], last)
            last.set(title="by kind of question")
        frame = calibration.frame
        who = f"{'an' if calibration.oracle_nature[0] in 'aeiou' else 'a'} {calibration.oracle_nature} oracle"
        figure.suptitle(
            f"{len(frame):,} answers of {who} to {calibration.questions:,} questions in "
            f"{frame['world'].nunique()} worlds, {calibration.level:.0%} intervals",
            fontsize=11,
        )
    return figure


def _rates(calibration: Calibration, ax: Axes) -> None:
    shown: list[tuple[str, Rate | Estimate, str]] = [
        ("sensitivity", calibration.sensitivity, TRUE),
        ("specificity", calibration.specificity, FALSE),
        ("abstention", calibration.abstention, MUTED),
        ("repeat correlation ρ", calibration.repeat_correlation, ACCENT),
        ("agreement, same words", calibration.agreement_same, INK),
        ("agreement, other words", calibration.agreement_across, INK),
    ]
    known = [(name, found, colour) for name, found, colour in shown if not math.isnan(found.value)]
    for place, (_, found, colour) in enumerate(known):
        ax.plot([found.low, found.high], [place, place], color=colour, lw=2.5, solid_capstyle="round")
        ax.plot(found.value, place, "o", color=colour, ms=7)
        left = found.value > 0.8
        ax.annotate(
            f"{found.value:.2f}", (found.low if left else found.high, place), (-6 if left else 6, 0),
            textcoords="offset points", va="center", ha="right" if left else "left", fontsize=9,
        )  # fmt: skip
    ax.set_yticks(range(len(known)), [name for name, _, _ in known])
    ax.set(title="all answers", xlim=(-0.02, 1.02), ylim=(len(known) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)


def _lines(table: pd.DataFrame, labels: list[str], ax: Axes, *, numbers: bool = False) -> None:
    places = [float(value) for value in table.index] if numbers else [float(i) for i in range(len(labels))]
    spread = 0.04 * (max(places) - min(places) + 1) / len(places)  # so that two intervals do not hide each other
    for name, colour, marker, side in (("sensitivity", TRUE, "o", -1), ("specificity", FALSE, "s", 1)):
        there = [i for i, value in enumerate(table[name]) if not math.isnan(value)]
        if not there:
            continue
        x = [places[i] + side * spread for i in there]
        y, low, high = (table[column].to_numpy()[there] for column in (name, f"{name}_low", f"{name}_high"))
        line = "-" if numbers else "none"
        ax.errorbar(x, y, [y - low, high - y], color=colour, fmt=marker, ls=line, lw=1.5, elinewidth=1.5, label=name)
    if not numbers:
        ax.set_xlim(-0.6, len(labels) - 0.4)
    ax.set_xticks(places, labels)
    ax.set(ylim=(-0.02, 1.02))
    ax.legend(loc="lower left")


def _curve(calibration: Calibration, ax: Axes) -> None:
    curve = calibration.curve
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", label="calibrated")
    y = curve["true"].to_numpy()
    ax.errorbar(
        curve["claimed"], y, [y - curve["low"].to_numpy(), curve["high"].to_numpy() - y],
        color=ACCENT, fmt="o", ls="-", lw=1.5, elinewidth=1.5, label="measured",
    )  # fmt: skip
    a, b = calibration.intercept.value, calibration.slope.value
    said = "" if math.isnan(b) else f": logit P(true) = {a:.2f} + {b:.2f} ℓ"
    ax.legend(loc="upper left")
    ax.set(title=f"log-odds ℓ{said}", xlabel="probability of yes that ℓ claims", ylabel="share that is true")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
