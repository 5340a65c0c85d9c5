"""Whether the confidence that the loop claims is true: claimed confidence against accuracy, under every kind of error.

Random classes, simulated oracles that err in all the ways of :mod:`causalpp.oracles.noise`, default settings, and
beside them the published method.  Two more questions are put to the same loop: whether it notices that the truth is not
among the candidates, and what it makes of a liar.
"""

from __future__ import annotations

import json
import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.benchmarks.runs import Config, Part, rows_of
from causalpp.benchmarks.studies._confidence_runs import EXTRA, FAMILIES, ConfidenceSettings
from causalpp.errors import FormatError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["BINS", "EXTRA", "FAMILIES", "Cell", "ConfidenceStudy", "LiarCheck", "MissingCheck", "confidence_study"]

#: The lower ends of the bins of claimed confidence; the last one ends at 1.
BINS = (0.0, 0.5, 0.8, 0.95)
#: Bins with fewer runs are shown but not judged.
ENOUGH = 50
#: How far claimed confidence and accuracy may lie apart.
TOLERANCE = 0.05
_FLAGGED, _FALSE_ALARMS, _WRONG = 0.9, 0.05, 0.05
_THRESHOLDS = tuple(round(0.02 * k, 2) for k in range(1, 46))  # a run ends as soon as it is 0.9
_SURE = 0.95


@dataclass(frozen=True)
class Cell:
    """The runs of one family and method whose claimed confidence lies in one bin.

    Attributes:
        family: of noise.
        method: ``"ours"``, ``"published"`` or ``"potentials"``.
        low, high: of the bin; 0 and 1 for all runs together.
        runs: how many.
        claimed: the mean of the claimed confidences.
        right: the share of runs whose graph is the true one.
        judged: whether the gap is held against the tolerance.
    """

    family: str
    method: str
    low: float
    high: float
    runs: int
    claimed: float
    right: float
    judged: bool

    @property
    def gap(self) -> float:
        """Claimed minus right: positive where too much is claimed."""
        return self.claimed - self.right

    @property
    def standard_error(self) -> float:
        """Of the share of right runs, if what is claimed were true."""
        return math.sqrt(max(self.claimed * (1 - self.claimed), 0.0) / self.runs)

    @property
    def passed(self) -> bool:
        """Whether the gap is within the tolerance, or too few runs to say."""
        return not self.judged or abs(self.gap) <= TOLERANCE

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            **asdict(self), "gap": self.gap, "standard_error": self.standard_error, "passed": self.passed,
        }  # fmt: skip


@dataclass(frozen=True)
class MissingCheck:
    """Whether the loop notices that the truth is not among the candidates.

    Attributes:
        runs: with the truth removed, and as many with it.
        flagged: the share of runs without the truth that end with *none of the candidates fits the answers*.
        false_alarms: the same where the truth is among them.
        curve: threshold → share flagged, share of false alarms, if runs were flagged that end with at least that
            probability of the alternatives.
    """

    runs: int
    flagged: float
    false_alarms: float
    curve: tuple[tuple[float, float, float], ...]

    @property
    def passed(self) -> bool:
        """At least 90 % flagged, at most 5 % false alarms."""
        return self.flagged >= _FLAGGED and self.false_alarms <= _FALSE_ALARMS


@dataclass(frozen=True)
class LiarCheck:
    """What the loop makes of an oracle with error 0.9.

    Attributes:
        runs: how many.
        inverted: the share that end with the confidence reached in the right graph, taking the answers for reversed.
        undecided: the share that end without the confidence reached.
        wrong: the share that end with the confidence reached, in a wrong graph.
    """

    runs: int
    inverted: float
    undecided: float
    wrong: float

    @property
    def passed(self) -> bool:
        """At most 5 % claim a wrong graph."""
        return self.wrong <= _WRONG


@dataclass(frozen=True, repr=False, eq=False)
class ConfidenceStudy:
    """The runs of the study, and what they say.

    Attributes:
        runs: one mapping of plain values a run: family, method, number, what was claimed, whether it was right, ….
        seed: of everything drawn.
    """

    runs: tuple[dict[str, Any], ...]
    seed: int = 0

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All families and methods, each bin by bin, and then all runs together (low 0, high 1)."""
        groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in self.runs:
            if row["part"] == "calibration":
                groups[row["family"], row["method"]].append(row)
        out = []
        for (family, method), rows in groups.items():
            claimed = np.array([row["claimed"] for row in rows])
            right = np.array([row["right"] for row in rows], dtype=float)
            for low, high in [*zip(BINS, (*BINS[1:], 1.0), strict=True), (0.0, 1.0)]:
                here = (claimed >= low) & ((claimed < high) | (high == 1.0))
                count = int(here.sum())
                if count:
                    judged = method in ("ours", "potentials") and count >= ENOUGH and family not in EXTRA
                    means = float(claimed[here].mean()), float(right[here].mean())
                    out.append(Cell(family, method, low, high, count, *means, judged))
        return tuple(out)

    @cached_property
    def missing(self) -> MissingCheck | None:
        """Truth removed from the candidates; None where that was not run."""
        without, present = ([r for r in self.runs if r["part"] == part] for part in ("missing", "present"))
        if not without or not present:
            return None
        ends = [np.array([row["missing"] for row in rows]) for rows in (without, present)]
        curve = tuple((t, float((ends[0] >= t).mean()), float((ends[1] >= t).mean())) for t in _THRESHOLDS)
        flagged, alarms = (float(np.mean([row["flagged"] for row in rows])) for rows in (without, present))
        return MissingCheck(len(without), flagged, alarms, curve)

    @cached_property
    def liar(self) -> LiarCheck | None:
        """The liar; None where that was not run."""
        rows = [row for row in self.runs if row["part"] == "liar"]
        if not rows:
            return None
        inverted = [row["reached"] and row["right"] and row["liar"] > _SURE for row in rows]
        return LiarCheck(
            len(rows),
            float(np.mean(inverted)),
            float(np.mean([not row["reached"] for row in rows])),
            float(np.mean([row["reached"] and not row["right"] for row in rows])),
        )

    @property
    def failures(self) -> list[str]:
        """What does not hold, in words; empty if all does."""
        out = [_failure(cell) for cell in self.cells if not cell.passed]
        if self.missing is not None and not self.missing.passed:
            out.append(
                f"none of these: {self.missing.flagged:.0%} flagged, {self.missing.false_alarms:.0%} false alarms"
            )
        if self.liar is not None and not self.liar.passed:
            out.append(f"liar: {self.liar.wrong:.0%} of the runs claim a wrong graph")
        return out

    @property
    def passed(self) -> bool:
        """Whether every family, bin and check is within its bounds."""
        return not self.failures

    def __repr__(self) -> str:
        lines = [f"ConfidenceStudy({len(self.runs):,} runs, seed {self.seed})"]
        lines.append("claimed confidence − share right (runs), by bin of claimed confidence; ! out of ±0.05, · too few")
        heads = [f"{low:g}–{high:g}" for low, high in zip(BINS, (*BINS[1:], 1.0), strict=True)] + ["all"]
        lines.append(f"{'':34}" + "".join(f"{head:>15}" for head in heads) + f"{'questions':>11}")
        asked = defaultdict(list)
        for row in self.runs:
            asked[row["family"], row["method"]].append(row["questions"])
        cells = {(c.family, c.method, c.low, c.high): c for c in self.cells}
        for family, method in dict.fromkeys((c.family, c.method) for c in self.cells):
            bins = [*zip(BINS, (*BINS[1:], 1.0), strict=True), (0.0, 1.0)]
            shown = [_shown(cells.get((family, method, *bounds))) for bounds in bins]
            lines.append(
                f"{family:22}{method:12}" + "".join(f"{text:>15}" for text in shown)
                + f"{np.mean(asked[family, method]):11.1f}"
            )  # fmt: skip
        if (m := self.missing) is not None:
            lines.append(
                f"none of these: {m.flagged:.1%} of {m.runs} runs without the truth flagged, "
                f"{m.false_alarms:.1%} false alarms with it"
            )
        if (liar := self.liar) is not None:
            lines.append(
                f"liar: {liar.runs} runs, {liar.inverted:.1%} seen through and right, {liar.undecided:.1%} undecided, "
                f"{liar.wrong:.1%} a confident wrong graph"
            )
        return "\n".join([*lines, *(f"out: {text}" for text in self.failures)])

    def to_frame(self) -> pd.DataFrame:
        """One row a cell."""
        import pandas as pd

        return pd.DataFrame([cell.to_dict() for cell in self.cells])

    def runs_frame(self) -> pd.DataFrame:
        """One row a run."""
        import pandas as pd

        return pd.DataFrame(list(self.runs))

    def to_dict(self) -> dict[str, Any]:
        """The table, the checks and the runs as plain values."""
        return {
            "format": "causalpp.calibration-study",
            "version": 1,
            "seed": self.seed,
            "passed": self.passed,
            "failures": self.failures,
            "cells": [cell.to_dict() for cell in self.cells],
            "missing": None if self.missing is None else asdict(self.missing),
            "liar": None if self.liar is None else asdict(self.liar),
            "runs": list(self.runs),
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> ConfidenceStudy:
        """The study that :meth:`to_json` wrote.

        Raises:
            FormatError: the text is something else.
        """
        try:
            read = json.loads(text)
            if read["format"] != "causalpp.calibration-study":
                raise FormatError(f"this is a file of format {read['format']!r}, not a calibration study")
            return cls(tuple(read["runs"]), read["seed"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not a calibration study: {error}") from None

    def plot(self) -> Figure:
        """Gaps by family, accuracy against claimed confidence, and the trade-off of *none of these*."""
        from causalpp.benchmarks.studies._confidence_drawing import study_figure

        return study_figure(self)


def confidence_study(
    runs: int = 500,
    families: Sequence[str] | None = None,
    *,
    seed: int = 0,
    methods: Sequence[str] = ("ours", "published"),
    missing: int | None = None,
    liar: int | None = None,
    jobs: int = 2,
    dask: Any = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> ConfidenceStudy:
    """Run the loop on random classes of 5 to 12 variables and hold what it claims against what is true.

    Args:
        runs, families, methods, missing, liar: see :class:`ConfidenceSettings`.
        seed: of classes, answers and choices among equal questions.
        jobs: processes.
        dask: carry out on a Dask cluster instead; see :func:`causalpp.benchmarks.run`.
        store: a folder in which the runs are kept, as by :func:`causalpp.benchmarks.run`; those that it has are not
            done again.
        progress: called with the number of finished runs and of all runs.

    Raises:
        InvalidParameter: an unknown family or method, a number out of range.
        FormatError: the store is something else.

    Example:
        >>> study = confidence_study(2, ["independent 0"], jobs=1, methods=["ours"])
        >>> [(cell.family, cell.runs, cell.right) for cell in study.cells if (cell.low, cell.high) == (0, 1)]
        [('independent 0', 2, 1.0)]
    """
    named = None if families is None else tuple(families)
    settings = ConfidenceSettings(runs, named, tuple(methods), missing, liar)
    config = Config("confidence", (Part("confidence", settings, "confidence"),), seed=seed)
    rows = rows_of(config, store, jobs=jobs, dask=dask, progress=False if progress is None else progress)
    return ConfidenceStudy(tuple({"part": row.pop("study_part"), **row} for row in rows), seed)


def _shown(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    mark = "" if cell.passed and cell.judged else "!" if not cell.passed else "·"
    return f"{cell.gap:+.3f} ({cell.runs}){mark or ' '}"


def _failure(cell: Cell) -> str:
    where = "all runs" if (cell.low, cell.high) == (0.0, 1.0) else f"confidence {cell.low:g} to {cell.high:g}"
    return (
        f"{cell.family}, {where}: claimed {cell.claimed:.3f}, right {cell.right:.3f} in {cell.runs} runs "
        f"(gap {cell.gap:+.3f}, standard error {cell.standard_error:.3f})"
    )
