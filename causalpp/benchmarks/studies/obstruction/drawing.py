"""The figure of how alike competing hypotheses look, and of what predictors make of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from causalpp.benchmarks.studies.obstruction.pairs import CONTROLS
from causalpp.benchmarks.studies.obstruction.tables import (
    clear,
    explained,
    floor_once,
    in_sets,
    name_of,
    relative,
    separated,
)
from causalpp.graphs.drawing import ACCENT, MUTED, SERIES, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causalpp.benchmarks.studies.obstruction.study import ObstructionStudy

__all__ = ["figure"]

_SHOWN = (
    "reversed",
    "swapped",
    "mirrored",
    "relation",
    "relation-control",
    "edge",
    "edge-control",
    "reworded",
    "renamed",
    "random",
)
_LEAST = 1e-5  # what is drawn of distance 0


def figure(study: ObstructionStudy) -> Figure:
    """Distances of near misses and controls, what explains them, ridge regression along λ, gaps beside their bounds."""
    import matplotlib.pyplot as plt

    distances, gaps = study.frame("distance"), study.frame("gap")
    with style():
        fig = plt.figure(figsize=(12.5, 9.2), layout="constrained")
        axes = fig.subplots(2, 2)
        _distances(distances, axes[0, 0])
        _shares(distances, axes[0, 1])
        ridge = in_sets(study, gaps[gaps["predictor"] == "ridge"]) if len(gaps) else gaps
        ridge = ridge[ridge["kind"].isin(("edge", "reversed"))] if len(ridge) else ridge
        _path(ridge, axes[1, 0])
        _bounds(ridge, axes[1, 1])
    return fig


def _distances(frame: pd.DataFrame, ax: Axes) -> None:
    """One row a kind, one colour a model: dots are pairs, bars their means."""
    some = relative(frame[(frame["kernel"] == "tangent") & frame["kind"].isin(_SHOWN)]) if len(frame) else frame
    models = list(dict.fromkeys(some["model"])) if len(some) else []
    for number, model in enumerate(models):
        for place, kind in enumerate(_SHOWN):
            values = some.loc[(some["model"] == model) & (some["kind"] == kind), "relative"].to_numpy(float)
            y = place + 0.7 * ((number + 0.5) / len(models) - 0.5)
            shown, colour = np.maximum(values, _LEAST), SERIES[number % len(SERIES)]
            ax.scatter(shown, np.full(len(shown), y), s=7, color=colour, alpha=0.35, lw=0)
            if len(shown):
                ax.plot(
                    [max(values.mean(), _LEAST)],
                    [y],
                    "|",
                    ms=9,
                    mew=2,
                    color=colour,
                    label="_" if place else name_of(model),
                )
    for place, kind in enumerate(_SHOWN):
        if kind in CONTROLS:
            ax.axhspan(place - 0.5, place + 0.5, color=MUTED, alpha=0.09, lw=0)
    ax.set(xscale="log", title="tangent kernel: distance by length (controls shaded)", xlabel="‖φ₊ − φ₋‖ / √(‖φ₊‖‖φ₋‖)")
    ax.set_yticks(range(len(_SHOWN)), _SHOWN)
    ax.invert_yaxis()
    if models:
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)


def _shares(frame: pd.DataFrame, ax: Axes) -> None:
    """Shares of the variance within a size, a bar for each model and kernel."""
    names, parts = [], []
    frame = relative(floor_once(frame)) if len(frame) else frame
    for (model, kernel), part in frame.groupby(["model", "kernel"], sort=False) if len(frame) else ():
        if (found := explained(part)) is not None:
            names.append(str(kernel) if kernel in ("words", "3-grams") else f"{name_of(str(model))}: {kernel}")
            parts.append(found.set_index("covariate")["share"].fillna(0.0))
    left = np.zeros(len(names))
    for (covariate, label), colour in zip(
        (("tokens", "tokens shared"), ("edits", "edit distance"), ("graph", "graph distance")), SERIES, strict=False
    ):
        values = np.array([part[covariate] for part in parts])
        if len(names):
            ax.barh(range(len(names)), values, left=left, color=colour, label=label, height=0.7)
            left = left + values
    ax.set_yticks(range(len(names)), names, fontsize=7.5)
    ax.invert_yaxis()
    ax.set(title="what explains the distance", xlabel="share of the variance within a size", xlim=(0, 1))
    if names:
        ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)


def _path(frame: pd.DataFrame, ax: Axes) -> None:
    """Pairs told apart along λ, in the tangent kernel and in that of words."""
    number = 0
    for (model, kernel), part in frame.groupby(["model", "kernel"], sort=False) if len(frame) else ():
        if kernel not in ("tangent", "words") or (kernel == "words" and model != frame["model"].iloc[0]):
            continue
        colour, name = (
            SERIES[number % len(SERIES)],
            f"{name_of(str(model))}: {kernel}" if kernel != "words" else "words",
        )
        number += 1
        for which, line, label in (("learned", "-", "learned"), ("new", "--", "new")):
            some = part[part["set"] == which] if which == "learned" else part[part["set"] != "learned"]
            points = [(float(str(p)), *separated(one)) for p, one in some.groupby("penalty")]
            if points:
                x, y, low, high = np.array(points).T
                ax.plot(x, y, line, color=colour, lw=1.6, label=f"{name}, {label}")
                ax.fill_between(x, low, high, color=colour, alpha=0.08, lw=0)
        learned = part[part["set"] == "learned"]
        by_margin = [(float(str(p)), clear(one)[0]) for p, one in learned.groupby("penalty")]
        if by_margin:
            ax.plot(*np.array(by_margin).T, ":", color=colour, lw=1.6, label=f"{name}, learned, by > 1")
    ax.axhline(0.5, color=MUTED, lw=1)
    ax.set(xscale="log", ylim=(-0.02, 1.02), xlabel="λ / mean ‖φ‖²", ylabel="share of near misses told apart")
    ax.set_title("kernel ridge regression")
    if number:
        ax.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def _bounds(frame: pd.DataFrame, ax: Axes) -> None:
    """The realised gap beside what the norm allows: no dot lies above the line for the bound that holds."""
    some = frame[(frame["kernel"] == "tangent") & (frame["penalty"] == 1e-2)] if len(frame) else frame
    if len(some):
        gap = np.maximum(some["gap"].astype(float).abs(), 1e-6)
        for name, colour, marker in (("published", MUTED, "x"), ("bound", ACCENT, "o")):
            ax.scatter(some[name].astype(float), gap, s=14, color=colour, marker=marker, alpha=0.6, lw=0.8, label=name)
        ends = np.array([float(gap.min()) / 2, max(float(gap.max()), float(some["bound"].astype(float).max())) * 1.5])
        ax.plot(ends, ends, color=MUTED, lw=1)
        ax.set(xscale="log", yscale="log")
        ax.legend(fontsize=8, loc="lower right")
    ax.set(title="gap beside its bound (tangent, λ = 0.01)", xlabel="what B allows", ylabel="|f(x₊) − f(x₋)|")
