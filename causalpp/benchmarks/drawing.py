"""The figures of a report: accuracy and local errors against the number of variables, and calls against the bound.

Every kind of oracle has a panel of its own: what a simulated oracle, which knows the graph, makes possible is never a
line beside what a language model does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from causalpp.benchmarks.metrics import intervals, references, series_of
from causalpp.graphs.drawing import MUTED, SERIES, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["KINDS", "accuracy_figure", "calls_figure", "kinds_in", "local_error_figure", "series_name"]

#: The kinds of oracle as reports say them, in the order of panels and tables.
KINDS = {
    "none": "no oracle",
    "simulated": "simulated oracles (they know the graph)",
    "language model": "language models",
    "experiment": "experiments",
    "human": "people",
}

_MARKERS = "osD^vP"
_LINES = ("-", "--", ":", "-.")
_Look: TypeAlias = tuple[str, str, str]
_DRAWS = 400
_DOTS = 2000  # single runs shown in a panel


def kinds_in(frame: pd.DataFrame) -> list[str]:
    """The kinds of oracle in a table of results, the known ones first; ``""`` if the table does not say."""
    if "oracle_nature" not in frame.columns:
        return [""]
    found = [str(kind) for kind in frame["oracle_nature"].dropna().unique()]
    return [kind for kind in KINDS if kind in found] + sorted(set(found) - set(KINDS))


def of_kind(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows of one kind of oracle."""
    return frame[frame["oracle_nature"] == kind] if kind else frame


def series_name(values: Sequence[object]) -> str:
    """A series in a line, from what tells it apart."""
    return ", ".join(str(value) for value in values if value is not None and value == value and str(value)) or "all"


def accuracy_figure(frame: pd.DataFrame) -> Figure:
    """Accuracy against the number of variables, with intervals of 95 % by the bootstrap over groups.

    Args:
        frame: results with the columns ``variables`` and ``right``; without an answer an item is not right.  Where
            they say what the class gives, a random member and the class alone are drawn as well.
    """
    known = frame[frame["label"].notna()] if "label" in frame.columns else frame
    looks = _looks(frame)
    member, alone = references(known)
    known = known.assign(_member=member, _alone=alone)

    def mean(part: pd.DataFrame) -> tuple[float, float, float]:
        right = part["right"].astype("boolean").fillna(False).astype(float).to_numpy()
        return intervals(right, _groups(part), draws=_DRAWS)

    curves = _curves(mean, "accuracy", (-0.02, 1.02), looks)

    def draw(part: pd.DataFrame, ax: Axes) -> None:
        curves(part, ax)
        for column, line, name in (("_member", "--", "random member of the class"), ("_alone", ":", "class alone")):
            means = part.groupby("variables")[column].mean().dropna()
            if len(means):
                x = means.index.to_numpy(dtype=float)
                ax.plot(x, means.to_numpy(), line, marker=".", color=MUTED, lw=1.2, label=name, zorder=1)

    return _panels(known, draw)


def local_error_figure(frame: pd.DataFrame) -> Figure:
    """The share of wrong answers to local questions against the number of variables.

    Args:
        frame: results with the columns ``variables``, ``local_answers`` and ``local_wrong``.
    """
    asked = frame[frame["local_answers"].fillna(0) > 0]

    def mean(part: pd.DataFrame) -> tuple[float, float, float]:
        answers, wrong = (part[name].astype(float).to_numpy() for name in ("local_answers", "local_wrong"))
        return intervals(wrong / answers, _groups(part), weights=answers, draws=_DRAWS)

    return _panels(asked, _curves(mean, "local answers that are wrong", (-0.02, None), _looks(frame)))


def calls_figure(frame: pd.DataFrame) -> Figure:
    """Questions asked against the least number that any method needs, run by run and on average by size.

    Args:
        frame: results with the columns ``questions`` and ``bound``; rows without a bound are left out.
    """
    known = frame[frame["bound"].notna() & frame["questions"].notna()]
    looks = _looks(frame)

    def draw(part: pd.DataFrame, ax: Axes) -> None:
        limit = float(max(part["bound"].max(), 1.0))
        ax.plot([0, limit], [0, limit], color=MUTED, lw=1.2, ls="--", label="the bound")
        for name, one in _each(part):
            colour, marker, _ = looks[name]
            dots = one.head(_DOTS)
            ax.scatter(
                dots["bound"].astype(float), dots["questions"].astype(float), s=9, color=colour, alpha=0.25, lw=0
            )
            means = (
                one.groupby("variables")[["bound", "questions"]].mean() if "variables" in one.columns else one.mean()
            )
            x, y = means["bound"].astype(float).to_numpy(), means["questions"].astype(float).to_numpy()
            ax.plot(x, y, marker, color=colour, ms=6.5, mec="white", mew=0.8, label=name)
        ax.set(xlabel="bound: questions that no method can do without", xlim=(0, None), ylim=(0, None))
        ax.set_ylabel("questions asked")

    return _panels(known, draw, sharey=False)


# --- panels ---------------------------------------------------------------------------------------------


def _panels(frame: pd.DataFrame, draw: Callable[[pd.DataFrame, Axes], None], *, sharey: bool = True) -> Figure:
    """A panel for each kind of oracle, and one legend below for each."""
    from matplotlib.figure import Figure

    kinds = [kind for kind in kinds_in(frame) if len(of_kind(frame, kind))]
    with style():
        figure = Figure(figsize=(max(6.4, 4.6 * len(kinds)), 4.4), layout="constrained")
        axes = figure.subplots(1, max(1, len(kinds)), squeeze=False, sharey=sharey)[0]
        for kind, ax in zip(kinds, axes):
            draw(of_kind(frame, kind), ax)
            ax.set_title(KINDS.get(kind, kind))
            handles, names = ax.get_legend_handles_labels()
            if handles:
                ax.legend(
                    handles, names, loc="upper center", bbox_to_anchor=(0.5, -0.14), fontsize=8.5,
                    ncols=1 if max(map(len, names)) > 30 else 2,
                )  # fmt: skip
    return figure


def _curves(
    mean: Callable[[pd.DataFrame], tuple[float, float, float]],
    label: str,
    limits: tuple[float, float | None],
    looks: Mapping[str, _Look],
) -> Callable[[pd.DataFrame, Axes], None]:
    """What draws a mean with its interval against the number of variables, a line for each series."""

    def draw(part: pd.DataFrame, ax: Axes) -> None:
        from matplotlib import ticker

        series = list(_each(part))
        sizes = sorted(part["variables"].dropna().unique())
        spread = 0.025 * (float(sizes[-1]) - float(sizes[0]) + 1) / max(1, len(series)) if sizes else 0.0
        for number, (name, one) in enumerate(series):
            colour, marker, line = looks[name]
            points = [(float(str(n)), *mean(rows)) for n, rows in one.groupby("variables")]
            x, y, low, high = np.array(points, dtype=float).reshape(-1, 4).T
            ends = np.nan_to_num(np.clip([y - low, high - y], 0, None))
            ax.errorbar(
                x + (number - (len(series) - 1) / 2) * spread, y, ends, color=colour, marker=marker, ls=line, lw=1.5,
                elinewidth=1.2, ms=5, label=name,
            )  # fmt: skip
        ax.set(xlabel="variables", ylim=limits)
        ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
        if ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col():  # type: ignore[union-attr]
            ax.set_ylabel(label)

    return draw


def _each(part: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The series of a panel with their names; the kind of oracle is the panel's title."""
    columns = [name for name in series_of(part) if name != "oracle_nature"]
    if not columns:
        yield "all", part
        return
    for names, one in part.groupby(columns, dropna=False):
        yield series_name(names), one


def _looks(frame: pd.DataFrame) -> dict[str, _Look]:
    """Colour, marker and line of every series of a table, the same in all its figures.

    Series are numbered within each kind of oracle; a seventh one has the colour of the first and another line.
    """
    looks: dict[str, _Look] = {}
    for kind in kinds_in(frame):
        for number, (name, _) in enumerate(_each(of_kind(frame, kind))):
            line = _LINES[number // len(SERIES) % len(_LINES)]
            looks.setdefault(name, (SERIES[number % len(SERIES)], _MARKERS[number % len(_MARKERS)], line))
    return looks


def _groups(part: pd.DataFrame) -> list[object] | None:
    return list(part["group"]) if "group" in part.columns else None
