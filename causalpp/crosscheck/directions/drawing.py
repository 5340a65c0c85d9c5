"""The figure of a comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.crosscheck.directions.tables import key
from causalpp.graphs.drawing import ACCENT, FALSE, INK, MUTED, TRUE, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.crosscheck.directions.result import DirectionCalibration
    from causalpp.crosscheck.directions.scores import DirectionScores

__all__ = ["directions_figure"]

_COLOURS = (ACCENT, FALSE, TRUE, INK)
_MARKS = "osD^vP"
_MOST = 6  # models with a panel of their own
_NAME = 34  # characters of a model's name in a title


def directions_figure(found: DirectionCalibration) -> Figure:
    """A reliability curve for each of up to six models; below, what is right by distance, and paired differences."""
    import matplotlib.pyplot as plt

    scores = [found.of(model) for model in found.models]
    shown = scores[:_MOST]
    across = 2 if len(shown) in (2, 4) else min(len(shown), 3)
    rows = math.ceil(len(shown) / across)
    with style():
        figure = plt.figure(figsize=(max(4.1 * across, 8.2), 3.9 * (rows + 1)), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=[rows, 1], squeeze=False).flat
        panels = top.subplots(rows, across, squeeze=False)
        for place, ax in enumerate(panels.flat):
            if place < len(shown):
                _curve(shown[place], place, ax, alone=len(scores) == 1)
            else:
                ax.set_axis_off()
        left, right = bottom.subplots(1, 2)
        _distances(scores, left)
        _areas(found, scores, right)
        most = max(one.pairs for one in scores)
        figure.suptitle(
            f"Which of two variables causes the other: {most:,} pairs with a known direction in "
            f"{len(found.networks)} network{'s' * (len(found.networks) > 1)}, {found.level:.0%} intervals",
            fontsize=11,
        )
    return figure


def _titled(score: DirectionScores, place: int, *, alone: bool) -> str:
    if alone:
        return score.model
    name = score.model if len(score.model) <= _NAME else score.model[: _NAME - 1] + "…"
    return f"{key(place)}  {name}"


def _look(place: int) -> dict[str, str]:
    return {"color": _COLOURS[place % len(_COLOURS)], "marker": _MARKS[place % len(_MARKS)]}


def _curve(score: DirectionScores, place: int, ax: Axes, *, alone: bool) -> None:
    curve = score.curve
    ax.plot([0.5, 1], [0.5, 1], color=MUTED, lw=1, ls="--")
    y = np.asarray(curve["right"], dtype=float)
    ends = np.stack([y - np.asarray(curve["low"], dtype=float), np.asarray(curve["high"], dtype=float) - y])
    look: dict[str, Any] = _look(place)
    ax.errorbar(curve["probability"], y, np.maximum(ends, 0), ls="-", lw=1.2, elinewidth=1.5, ms=5, **look)
    for x, count in zip(curve["probability"], curve["pairs"], strict=True):
        ax.annotate(f"{count}", (x, 1.05), ha="center", va="center", fontsize=8, color=MUTED)
    how = "slope fitted to these very pairs" if len(curve) else "no pair was answered"
    if len(curve) and curve["left_out"].iloc[0]:
        how = f"each network left out: Brier {score.calibrated.brier:.3f}, ECE {score.calibrated.error:.3f}"
    ax.set_title(f"{_titled(score, place, alone=alone)}\n{how}", fontsize=9)
    ax.set(xlabel="probability of the direction preferred", ylabel="share right (above: pairs)")
    ax.set(xlim=(0.47, 1.03), ylim=(-0.03, 1.1), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])


def _distances(scores: list[DirectionScores], ax: Axes) -> None:
    first = max(scores, key=lambda one: one.pairs)
    groups = [(f"{name}\n({count})", pick) for name, count, pick in (
        ("1 step", first.count(1), 1), ("2 steps", first.count(2), 2), ("3 steps\nor more", first.count(3), 3),
        ("open\nedges", first.count(), None),
    ) if count]  # fmt: skip
    step = min(0.8 / len(scores), 0.22)
    for place, score in enumerate(scores):
        look: dict[str, Any] = _look(place)
        for column, (_, pick) in enumerate(groups):
            one = score.open_edges if pick is None else score.at_distance(pick)
            if math.isnan(one.value):
                continue
            x = column + (place - (len(scores) - 1) / 2) * step
            ends = [[one.value - one.low], [one.high - one.value]]
            ax.errorbar([x], [one.value], ends, ls="none", elinewidth=1.5, ms=5, **look)
            if len(scores) > 1:
                ax.annotate(
                    key(place), (x, one.low), (0, -3), textcoords="offset points", ha="center", va="top", size=8
                )
    ax.axhline(0.5, color=MUTED, lw=1, ls="--")
    ax.set_xticks(range(len(groups)), [name for name, _ in groups])
    ax.set(title="right directions", ylim=(-0.1, 1.03), xlim=(-0.6, len(groups) - 0.4))
    ax.grid(axis="x", visible=False)


def _areas(found: DirectionCalibration, scores: list[DirectionScores], ax: Axes) -> None:
    """The paired differences of right directions; of a single model, its shares of right answers."""
    if len(scores) == 1:
        one = scores[0]
        shown = [
            ("right directions", one.accuracy),
            ("AUC of directions", one.area),
            ("AUC of 'a causes b'", one.area_causes),
            ("right words", one.words),
        ]
        known = [(name, value) for name, value in shown if not math.isnan(value.value)]
        looks: list[dict[str, Any]] = [{**_look(0)}] * len(known)
        nothing, title, limits = 0.5, "all pairs", (-0.02, 1.02)
        numbers = [(name, value.value, value.low, value.high) for name, value in known]
    else:
        numbers = []
        for (one_, two), measured in list(found.differences.items())[:8]:
            a, b = (key(found.models.index(model)) for model in (one_, two))
            for name, measure in (("right", "accuracy"), ("AUC", "area")):
                gap = measured[measure]
                if not math.isnan(gap.value):
                    numbers.append((f"{a} − {b}, {name}", gap.value, gap.low, gap.high))
        looks = [{"color": INK, "marker": "o"}] * len(numbers)
        furthest = max([0.1, *(max(abs(low), abs(high)) for *_, low, high in numbers)])
        nothing, title, limits = 0.0, "paired differences", (-1.08 * furthest, 1.08 * furthest)
    for place, ((_, value, low, high), look) in enumerate(zip(numbers, looks, strict=True)):
        ax.plot([low, high], [place, place], color=look["color"], lw=2, solid_capstyle="round")
        ax.plot(value, place, ms=6, ls="none", **look)
    ax.axvline(nothing, color=MUTED, lw=1, ls="--")
    ax.set_yticks(range(len(numbers)), [name for name, *_ in numbers])
    ax.set(title=title, xlim=limits, ylim=(len(numbers) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
