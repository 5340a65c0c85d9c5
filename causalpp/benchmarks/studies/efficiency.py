"""How few questions the loop needs, beside the least that any method needs and beside the published method.

Random classes of several sizes, a simulated oracle with independent errors, and the truth drawn from the class.  Four
ways of asking:

- *joint*: one question a call, which may join two statements (``AcboConfig(channel=Fixed(ε), joint=True)``);
- *causes*: the same with single ``Causes`` questions (``AcboConfig(channel=Fixed(ε))``);
- *default*: ``discover`` as it comes, which does not know ε, nor that errors are independent, nor that the answers have
  anything to do with the graph, and has to find out;
- *panel*: one call about one intervention and several outcomes, whose answers err independently.

The first two and the last are simulated many runs at a time, by the same law as the loop.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from causalpp.benchmarks.runs import Config, Part, Study, register, rows_of
from causalpp.benchmarks.studies._eff_units import METHODS, Unit, work
from causalpp.design import question_bound
from causalpp.errors import FormatError, InvalidParameter

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Cell", "Comparison", "Efficiency", "efficiency"]

_REQUIRED = 1.5  # times the bound, in every cell, with the error known
_SHARE = {3: 0.55, 5: 0.40}  # of the published preset's calls, by its votes


@dataclass(frozen=True)
class Cell:
    """One way of asking, one number of variables, one size of class, one error rate.

    Attributes:
        method: ``"joint"``, ``"causes"``, ``"default"`` or ``"panel"``.
        variables: of the graphs.
        members: of the classes, on average.
        error: the oracle's rate of errors.
        classes: how many.
        runs: how many.
        calls: a run, on average.
        standard_error: of the calls.
        missed: how often the graph was wrong.
        claimed: the confidence at the end, on average.
        error_realised: the share of wrong answers.
        joint: the share of questions that join two statements.
        bound: the least number of questions at the realised error, max(L1, L2), on average over the classes.
        ratio: calls over bound.
        ratio_error: its standard error, which takes in how well ``missed`` is known.
    """

    method: str
    variables: int
    members: float
    error: float
    classes: int
    runs: int
    calls: float
    standard_error: float
    missed: float
    claimed: float
    error_realised: float
    joint: float
    bound: float
    ratio: float
    ratio_error: float


@dataclass(frozen=True)
class Comparison:
    """The published preset and ours on the same 16 candidates, the truth among them.

    Attributes:
        error: the oracle's rate of errors.
        votes: of the published preset.
        method: of ours, ``"joint"`` or ``"default"``.
        published_calls: a run, on average.
        published_right: how often the preset found the graph.
        runs: of each.
        calls: of ours.
        right: how often ours found the graph.
        confidence: that ours was asked for, on average over the classes, so that it is right no less often.
        share: our calls over those of the preset.
        share_error: its standard error.
    """

    error: float
    votes: int
    method: str
    published_calls: float
    published_right: float
    runs: int
    calls: float
    right: float
    confidence: float
    share: float
    share_error: float


@dataclass(frozen=True, repr=False)
class Efficiency:
    """What :func:`efficiency` found.

    Attributes:
        cells: one for each way of asking, number of variables, size and error rate.
        comparisons: with the published preset.
        settings: what it was done with.
    """

    cells: tuple[Cell, ...]
    comparisons: tuple[Comparison, ...]
    settings: Mapping[str, Any]

    @property
    def failures(self) -> list[str]:
        """What is not as required, in words.

        Required with the error known: at most 1.5 times the bound in every cell; at most 0.55 and 0.40 of the calls of
        the published preset with 3 and 5 votes, being right no less often (within two standard errors); and panels
        below the bound for one answer a call.
        """
        out = []
        for cell in self.cells:
            where = f"{cell.variables} variables, {cell.members:.0f} members, error {cell.error}"
            if cell.method == "joint" and cell.ratio > _REQUIRED:
                out.append(f"{where}: {cell.ratio:.2f} times the bound, more than {_REQUIRED}")
            if cell.method == "panel" and cell.ratio >= 1:
                out.append(f"{where}: panels take {cell.ratio:.2f} times the bound for one answer a call")
        for c in self.comparisons:
            if c.method == "joint" and c.votes in _SHARE:
                if c.share > _SHARE[c.votes]:
                    out.append(f"error {c.error}: {c.share:.2f} of the calls of the preset with {c.votes} votes")
                both = c.right * (1 - c.right) + c.published_right * (1 - c.published_right)
                if c.right < c.published_right - 2 * math.sqrt(both / c.runs):
                    out.append(f"error {c.error}: right less often than the preset with {c.votes} votes")
        return out

    @property
    def passed(self) -> bool:
        """Whether all is as required."""
        return not self.failures

    def __repr__(self) -> str:
        lines = ["Questions to a graph beside the least any method needs: calls, and times the bound"]
        methods = [m for m in METHODS if any(cell.method == m for cell in self.cells)]
        lines.append(f"{'variables':>9} {'members':>8} {'error':>6} " + "".join(f"{m:>21}" for m in methods))
        found = {(c.variables, c.members, c.error, c.method): c for c in self.cells}
        for d, members, error in dict.fromkeys((c.variables, c.members, c.error) for c in self.cells):
            row = [found.get((d, members, error, m)) for m in methods]
            shown = [f"{c.calls:>8.1f} {c.ratio:>5.2f} ± {c.ratio_error:.2f}" if c else "" for c in row]
            lines.append(f"{d:>9} {members:>8.0f} {error:>6} " + "".join(f"{text:>21}" for text in shown))
        lines += [
            f"16 candidates, error {c.error}: the published preset with {c.votes} votes takes {c.published_calls:.1f} "
            f"calls and is right in {c.published_right:.1%}; {c.method} takes {c.calls:.1f}, {c.share:.2f} ± "
            f"{c.share_error:.2f} of them, and is right in {c.right:.1%}"
            for c in self.comparisons
        ]
        lines += ["As required."] if self.passed else ["Not as required:", *self.failures]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """The cells, one a row."""
        import pandas as pd

        return pd.DataFrame([asdict(cell) for cell in self.cells], columns=[f.name for f in fields(Cell)])

    def comparison_frame(self) -> pd.DataFrame:
        """The comparisons with the published preset, one a row."""
        import pandas as pd

        rows = [asdict(found) for found in self.comparisons]
        return pd.DataFrame(rows, columns=[f.name for f in fields(Comparison)])

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "format": "causalpp.efficiency",
            "version": 1,
            "settings": dict(self.settings),
            "cells": [asdict(cell) for cell in self.cells],
            "comparisons": [asdict(found) for found in self.comparisons],
            "failures": self.failures,
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Efficiency:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: other text.
        """
        try:
            found = json.loads(text)
            cells = tuple(Cell(**cell) for cell in found["cells"])
            return cls(cells, tuple(Comparison(**c) for c in found["comparisons"]), found["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not the JSON text of an efficiency study: {error}") from None

    def plot(self) -> Figure:
        """Calls over the bound for every size of class, one panel for each error rate."""
        from causalpp.graphs.drawing import style

        with style():
            return _figure(self)


@dataclass(frozen=True)
class EfficiencySettings:
    """A section of a configuration that counts the questions of simulated runs.

    Attributes:
        runs: of each cell and way of asking (but *default*), spread over its classes.
        variables: numbers of them.
        sizes: of the classes, met to 15 % or as nearly as classes exist; those above d!, which none has, are left out.
        errors: rates of independent errors, between 0 and one half.
        confidence: at which a run ends.
        classes: random ones in each cell.
        default_runs: of *default* in each cell; they go through :func:`causalpp.discover` one by one.
        panel_members: panels are looked at for classes up to this size.

    Raises:
        InvalidParameter: a number out of range.
    """

    runs: int = 250
    variables: tuple[int, ...] = (7, 12, 16, 24)
    sizes: tuple[int, ...] = (8, 60, 400, 3000, 20_000)
    errors: tuple[float, ...] = (0.1, 0.2)
    confidence: float = 0.95
    classes: int = 5
    default_runs: int = 5
    panel_members: int = 500

    def __post_init__(self) -> None:
        if self.runs < 2 or self.classes < 1 or self.default_runs < 0:
            raise InvalidParameter("there are at least two runs and one class, and none of the rest is negative")
        if not all(0 < error < 0.5 for error in self.errors) or not 0 < self.confidence < 1:
            raise InvalidParameter("error rates lie between 0 and one half, and the confidence between 0 and 1")
        if not self.variables or not self.sizes or not self.errors:
            raise InvalidParameter("at least one number of variables, one size and one error rate are needed")

    def cells(self) -> list[tuple[int, int]]:
        """Every number of variables with every size that its classes can have."""
        return [(d, size) for d in self.variables for size in self.sizes if 1 < size <= math.factorial(d)]


def _plan(settings: EfficiencySettings, seed: int) -> list[Mapping[str, Any]]:
    """The units, the long ones first."""
    s, classes = settings, min(settings.classes, settings.runs)
    units = [
        Unit(
            d, size, number, _share(s.runs, classes, number), _share(s.default_runs, classes, number), s.errors,
            s.confidence, s.panel_members, seed,
        )
        for d, size in settings.cells()
        for number in range(classes)
    ]  # fmt: skip
    return [asdict(unit) for unit in sorted(units, key=lambda unit: (-unit.size, -unit.variables))]


#: Counts the questions of simulated runs on classes of several sizes.
EFFICIENCY = register(
    Study("efficiency", 1, EfficiencySettings, _plan, work, count=lambda settings: len(_plan(settings, 0)))
)


def efficiency(
    runs: int = 250,
    *,
    seed: int = 0,
    jobs: int = 2,
    dask: Any = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> Efficiency:
    """Count the questions of simulated runs, and hold them against the bounds and the published preset.

    Args:
        runs: of each cell and way of asking (but *default*), spread over its classes.
        seed: the same seed gives the same numbers.
        jobs: processes.
        dask: carry out on a Dask cluster instead; see :func:`causalpp.benchmarks.run`.
        store: a folder in which finished classes are kept, as by :func:`causalpp.benchmarks.run`.
        progress: called with the number of classes that are done, and of all.
        settings: the others of :class:`EfficiencySettings`: ``variables``, ``sizes``, ``errors``, ``confidence``,
            ``classes``, ``default_runs``, ``panel_members``.

    Raises:
        InvalidParameter: a number out of range, or a size that no class was found for.

    Example:
        >>> found = efficiency(40, variables=[7], sizes=[8], errors=[0.1], classes=1, default_runs=0, jobs=1)
        >>> [cell.method for cell in found.cells]
        ['joint', 'causes', 'panel']
        >>> found.cells[0].calls < found.cells[1].calls
        True
    """
    lists = {name: tuple(value) for name, value in settings.items() if name in ("variables", "sizes", "errors")}
    chosen = EfficiencySettings(runs, **{**settings, **lists})
    config = Config("efficiency", (Part("efficiency", chosen, "efficiency"),), seed=seed)
    rows = rows_of(config, store, jobs=jobs, dask=dask, progress=False if progress is None else progress)
    said = {"runs": runs, "seed": seed, **asdict(chosen), "classes": min(chosen.classes, runs)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    return Efficiency(tuple(_cells(chosen, rows)), tuple(_comparisons(rows)), plain)


def _share(total: int, parts: int, number: int) -> int:
    return total // parts + (number < total % parts)


def _cells(settings: EfficiencySettings, rows: Sequence[Mapping[str, Any]]) -> Iterable[Cell]:
    for d, size in settings.cells():
        here = [row for row in rows if (row["variables"], row["size"]) == (d, size)]
        for error in dict.fromkeys(row["error"] for row in here):
            for method in METHODS:
                some = [row for row in here if row["method"] == method and row["error"] == error and row["runs"]]
                if some:
                    yield _cell(method, d, error, some)


def _cell(method: str, variables: int, error: float, rows: Sequence[Mapping[str, Any]]) -> Cell:
    runs = sum(row["runs"] for row in rows)
    calls, spread = _mean(rows)
    missed = sum(row["missed"] for row in rows) / runs
    answers = sum(row["answers"] for row in rows)

    def bound(rate: float) -> float:
        return float(sum(row["runs"] * question_bound(row["members"], error, rate) for row in rows) / runs)

    smoothed = missed if missed > 0 else 0.5 / (runs + 1)
    step = math.sqrt(max(smoothed * (1 - smoothed), 0.25 / runs) / runs)
    least = bound(smoothed)
    slope = (bound(min(0.5, smoothed + step)) - bound(max(smoothed / 4, smoothed - step))) / 2
    ratio = calls / least
    return Cell(
        method, variables, _mean_of(rows, "members", runs), error, len(rows), runs, calls, spread, missed,
        sum(row["claimed"] for row in rows) / runs, sum(row["wrong"] for row in rows) / answers,
        sum(row["joint"] for row in rows) / answers, least, ratio, math.hypot(spread / least, ratio * slope / least),
    )  # fmt: skip


def _mean_of(rows: Sequence[Mapping[str, Any]], name: str, runs: int) -> float:
    return float(sum(row[name] * row["runs"] for row in rows) / runs)


def _mean(strata: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """The mean number of calls over all runs, and its standard error, the classes being what they are."""
    sums = [(row["runs"], row["calls"], row["squares"]) for row in strata]
    runs, calls, squares = (sum(part) for part in zip(*sums))
    if min(n for n, _, _ in sums) < 2:
        sums = [(runs, calls, squares)]
    variance = sum((n * squared - total**2) / max(1, n - 1) for n, total, squared in sums)
    return calls / runs, math.sqrt(variance) / runs


def _comparisons(rows: Sequence[Mapping[str, Any]]) -> Iterable[Comparison]:
    preset = [row for row in rows if row["method"] == "published"]
    for error, votes in dict.fromkeys((row["error"], row["votes"]) for row in preset):
        theirs = [row for row in preset if (row["error"], row["votes"]) == (error, votes)]
        for method in ("joint", "default"):
            ours = [
                row
                for row in rows
                if row["method"] == f"{method} of 16" and (row["error"], row["votes"]) == (error, votes) and row["runs"]
            ]
            if not ours:
                continue
            runs, others = sum(row["runs"] for row in ours), sum(row["runs"] for row in theirs)
            calls, spread = _mean(ours)
            published, width = _mean(theirs)
            share = calls / published
            yield Comparison(
                error, votes, method, published, 1 - sum(row["missed"] for row in theirs) / others, runs, calls,
                1 - sum(row["missed"] for row in ours) / runs,
                sum(row["confidence"] * row["runs"] for row in ours) / runs, share,
                share * math.hypot(spread / calls, width / published),
            )  # fmt: skip


def _figure(found: Efficiency) -> Figure:
    from matplotlib.figure import Figure

    errors = list(dict.fromkeys(cell.error for cell in found.cells))
    figure = Figure(figsize=(4.2 * len(errors), 3.6))
    for number, error in enumerate(errors, 1):
        axes = figure.add_subplot(1, len(errors), number)
        for method in METHODS:
            cells = [cell for cell in found.cells if cell.method == method and cell.error == error]
            axes.errorbar(
                [cell.members for cell in cells], [cell.ratio for cell in cells],
                [2 * cell.ratio_error for cell in cells], fmt="o", markersize=4, label=method,
            )  # fmt: skip
        axes.axhline(1, color="0.3", linewidth=1)
        axes.axhline(_REQUIRED, color="0.6", linewidth=1, linestyle=":")
        axes.set(xscale="log", title=f"error {error}", xlabel="members of the class", ylabel="calls over the bound")
        axes.set_ylim(bottom=0)
    figure.axes[0].legend()
    figure.tight_layout()
    return figure
