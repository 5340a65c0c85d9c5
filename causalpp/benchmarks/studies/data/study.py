"""Data alone, an oracle alone, and both in one posterior, beside the class that a search finds in the same data."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.benchmarks.runs import Config, Part, Study, register, rows_of
from causalpp.benchmarks.studies.data.units import BINS, METHODS, Unit, work
from causalpp.benchmarks.studies.data.worlds import WELL_SPECIFIED, WORLDS
from causalpp.errors import FormatError, InvalidParameter, UnknownName

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATA", "Cell", "DataSettings", "DataStudy", "EdgeBin", "data_study"]

_FORMAT = "causalpp.data-study"
_TOLERANCE = 0.03
_ENOUGH = 100  # edges, or runs, that are judged
_ERRORS = 3  # standard errors: dozens of gaps are looked at
_WHICH = ("world", "rows", "error", "method", "questions")
_LISTS = ("worlds", "rows", "errors", "questions", "methods")


@dataclass(frozen=True)
class DataSettings:
    """A section of a configuration that asks what data, an oracle and both are worth.

    Attributes:
        runs: worlds of each kind.
        worlds: kinds, some of :data:`~causalpp.benchmarks.studies.data.worlds.WORLDS`.
        variables: of each world.
        edges: of its graph on average; None: all graphs are equally probable.
        told: whether the posterior knows the number of edges to expect, or takes all graphs to be equally probable.
        rows: numbers of them.
        errors: rates of the oracle's errors, from 0 to less than one half.
        questions: after how many the beliefs are measured.
        methods: some of ``"both"``, ``"oracle"`` and ``"class"``.
        effects: whether an effect is averaged, too.

    Raises:
        InvalidParameter: a number out of range.
        UnknownName: an unknown world or method.
    """

    runs: int = 20
    worlds: tuple[str, ...] = ("gaussian", "discrete")
    variables: int = 6
    edges: float | None = 6.0
    told: bool = True
    rows: tuple[int, ...] = (50, 200, 500, 2000, 5000)
    errors: tuple[float, ...] = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4)
    questions: tuple[int, ...] = (0, 10)
    methods: tuple[str, ...] = METHODS
    effects: bool = True

    def __post_init__(self) -> None:
        for what, given, known in (("world", self.worlds, WORLDS), ("method", self.methods, METHODS)):
            for name in given:
                if name not in known:
                    raise UnknownName(what, name, known)
        for name in _LISTS:
            if not getattr(self, name):
                raise InvalidParameter(f"{name!r} is a list with at least one entry")
        if self.runs < 1 or not 2 <= self.variables <= 12:
            raise InvalidParameter("there is at least one run, and 2 to 12 variables")
        if self.edges is not None and not 0 < self.edges < self.variables * (self.variables - 1) / 2:
            raise InvalidParameter(f"no graph of {self.variables} variables has {self.edges:g} edges on average")
        if min(self.rows) < 10 or not all(0 <= error < 0.5 for error in self.errors) or min(self.questions) < 0:
            raise InvalidParameter("rows are at least 10, rates of errors from 0 to less than 0.5, questions from 0 on")


def _plan(settings: DataSettings, seed: int) -> Iterable[Mapping[str, Any]]:
    said = {name: value for name, value in asdict(settings).items() if name not in ("runs", "worlds")}
    for number in range(settings.runs):
        for name in settings.worlds:
            yield asdict(Unit(world=name, number=number, seed=seed, **said))


#: Measures what data, an oracle and both are worth.
DATA = register(Study("data", 1, DataSettings, _plan, work, count=lambda s: s.runs * len(s.worlds)))


@dataclass(frozen=True)
class Cell:
    """Worlds of one kind, so many rows, one rate of errors, one method, after so many questions.

    Every measure is a mean over runs, and has its standard error beside it in :attr:`spread`.

    Attributes:
        world, rows, error, method, questions: which; see :class:`~causalpp.benchmarks.rows.DataRow`.
        runs: how many.
        means: each measure by its name: ``log_score``, ``shd``, ``sid``, ``brier``, ``pair_claimed``, ``pair_right``,
            ``claimed``, ``right``, ``sure`` (whether 0.95 was claimed by then), ``class_right``, ``effect_error``,
            ``covered``, ``effect_claimed``, ``effect_width``; those that were measured.
        spread: their standard errors.
        until_sure: the questions until 0.95 was claimed, by the runs that claimed it; None if none did.
        gap: claimed less right, of the most probable graph; its standard error is in :attr:`spread`.
    """

    world: str
    rows: int
    error: float | None
    method: str
    questions: int
    runs: int
    means: Mapping[str, float]
    spread: Mapping[str, float]
    until_sure: float | None

    @property
    def gap(self) -> float:
        """The confidence in the most probable graph, less how often it is right."""
        return self.means["claimed"] - self.means["right"]


@dataclass(frozen=True)
class EdgeBin:
    """Edges whose probabilities lie in one bin.

    Attributes:
        low, high: of the bin; 0 and 1 for all together.
        edges: how many.
        claimed, right: their mean probability, and the share that is there in truth.
        standard_error: of the gap between both, worlds being independent and edges of one world not.
    """

    low: float
    high: float
    edges: int
    claimed: float
    right: float
    standard_error: float

    @property
    def gap(self) -> float:
        """Claimed less right."""
        return self.claimed - self.right


@dataclass(frozen=True, repr=False, eq=False)
class DataStudy:
    """What :func:`data_study` found; printed, it is tables.

    Attributes:
        runs: the rows of :class:`~causalpp.benchmarks.rows.DataRow`, as they are.
        settings: what it was done with.
    """

    runs: tuple[Mapping[str, Any], ...]
    settings: Mapping[str, Any]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """In the order of worlds, rows, errors, methods and questions."""
        groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
        for row in self.runs:
            groups.setdefault(tuple(row[name] for name in _WHICH), []).append(row)
        place = {name: k for k, name in enumerate((*WORLDS, *METHODS))} | {None: -1}
        order = sorted(groups, key=lambda key: [place.get(part, part) for part in key])
        return tuple(_cell(key, groups[key]) for key in order)

    def cell(self, world: str, rows: int, error: float | None, method: str, questions: int) -> Cell:
        """One of the :attr:`cells`; before the first question the error is None.

        Raises:
            InvalidParameter: there is none such.
        """
        wanted = (world, rows, error, method, questions)
        for cell in self.cells:
            if tuple(getattr(cell, name) for name in _WHICH) == wanted:
                return cell
        raise InvalidParameter(f"no runs: {world}, {rows} rows, error {error}, {method}, {questions} questions")

    def where_class_is_wrong(self) -> DataStudy:
        """Only the runs in which the truth is no member of the class that GES finds; of none where it was not asked."""
        return DataStudy(tuple(row for row in self.runs if row.get("class_right") is False), self.settings)

    def edge_bins(self, cell: Cell) -> tuple[EdgeBin, ...]:
        """Probabilities of edges in the runs of a cell beside their truth, bin by bin, and then all together."""
        wanted = [getattr(cell, name) for name in _WHICH]
        rows = [row for row in self.runs if [row[name] for name in _WHICH] == wanted]
        if not rows:
            return ()
        sums = np.array([json.loads(row["bins"]) for row in rows])  # (runs, how many | probabilities | true ones, bins)
        whole = np.concatenate([sums, sums.sum(2, keepdims=True)], 2)
        ends = [(k / BINS, (k + 1) / BINS) for k in range(BINS)] + [(0.0, 1.0)]
        out = []
        for k, (low, high) in enumerate(ends):
            count, claimed, right = whole[:, 0, k], whole[:, 1, k], whole[:, 2, k]
            if (total := count.sum()) > 0:
                gap = (claimed - right).sum() / total
                error = math.sqrt(((claimed - right - gap * count) ** 2).sum()) / total
                out.append(
                    EdgeBin(low, high, int(total), float(claimed.sum() / total), float(right.sum() / total), error)
                )
        return tuple(out)

    @property
    def failures(self) -> list[str]:
        """Where worlds are as the posterior takes them to be, what is claimed and what is right differ: in words.

        By more than 0.03 and three standard errors, for edges, best graphs and effects, where there are 100 at least.
        """
        if not self.settings["told"] and self.settings["edges"] is not None:
            return []
        out = []
        for cell in self.cells:
            if cell.world in WELL_SPECIFIED and cell.method == "both" and cell.runs >= _ENOUGH:
                where = f"{cell.world}, {cell.rows:,} rows, error {cell.error}, {cell.questions} questions"
                out += [f"{where}: {what}" for what in (*_gaps(cell), *_gaps_of_edges(self.edge_bins(cell)))]
        return out

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def __repr__(self) -> str:
        from causalpp._pages import to_text
        from causalpp.benchmarks.studies.data.tables import blocks

        return to_text(blocks(self)).rstrip()

    def to_frame(self) -> pd.DataFrame:
        """One row a cell."""
        import pandas as pd

        return pd.DataFrame([_flat(cell) for cell in self.cells])

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "format": _FORMAT,
            "version": 1,
            "settings": dict(self.settings),
            "cells": [_flat(cell) for cell in self.cells],
            "failures": self.failures,
            "runs": [dict(row) for row in self.runs],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> DataStudy:
        """The inverse of :meth:`to_json`.

        Raises:
            FormatError: other text.
        """
        try:
            found = json.loads(text)
            if found["format"] != _FORMAT:
                raise KeyError("format")
            return cls(tuple(found["runs"]), found["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise FormatError(f"this is not the JSON text of a study of data: {error}") from None


def data_study(
    runs: int = 20,
    *,
    seed: int = 0,
    jobs: int = 2,
    dask: Any = None,
    store: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
    **settings: Any,
) -> DataStudy:
    """Measure what data alone, an oracle alone and both are worth where the truth is known.

    Args:
        runs: worlds of each kind.
        seed: the same seed gives the same numbers.
        jobs: processes.
        dask: carry out on a Dask cluster instead; see :func:`causalpp.benchmarks.run`.
        store: a folder in which finished worlds are kept, as by :func:`causalpp.benchmarks.run`.
        progress: called with the number of worlds that are done, and of all.
        settings: the others of :class:`DataSettings`: ``worlds``, ``variables``, ``edges``, ``told``, ``rows``,
            ``errors``, ``questions``, ``methods``, ``effects``.

    Raises:
        InvalidParameter: a number out of range.
        UnknownName: an unknown world or method.

    Example:
        >>> found = data_study(2, worlds=["gaussian"], variables=3, edges=None, rows=[100], errors=[0.1], jobs=1)
        >>> [(cell.method, cell.questions, cell.runs) for cell in found.cells][:2]
        [('both', 0, 2), ('oracle', 0, 2)]
    """
    lists = {name: tuple(value) for name, value in settings.items() if name in _LISTS}
    chosen = DataSettings(runs, **{**settings, **lists})
    config = Config("data", (Part("data", chosen, "data"),), seed=seed)
    rows = rows_of(config, store, jobs=jobs, dask=dask, progress=False if progress is None else progress)
    said = {"seed": seed, **asdict(chosen)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    return DataStudy(tuple(rows), plain)


_MEASURES = (
    "log_score", "shd", "sid", "brier", "pair_claimed", "pair_right", "claimed", "right", "class_right", "effect_error",
    "covered", "effect_claimed", "effect_width",
)  # fmt: skip


def _cell(key: tuple[Any, ...], rows: Sequence[Mapping[str, Any]]) -> Cell:
    found = {name: [row[name] for row in rows if row.get(name) is not None] for name in _MEASURES}
    values = {name: np.array(some, dtype=float) for name, some in found.items() if some}
    values["sure"] = np.array([row.get("until_sure") is not None for row in rows], dtype=float)
    means = {name: float(some.mean()) for name, some in values.items()}
    for claimed, right in (("claimed", "right"), ("pair_claimed", "pair_right"), ("effect_claimed", "covered")):
        if right in values:
            values[f"{right}_gap"] = values[claimed] - values[right]
    spread = {name: _error(some) for name, some in values.items()}
    until = [row["until_sure"] for row in rows if row.get("until_sure") is not None]
    which = dict(zip(_WHICH, key, strict=True))
    sure = float(np.mean(until)) if until else None
    return Cell(**which, runs=len(rows), means=means, spread=spread, until_sure=sure)


def _error(values: Any) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.inf


def _off(gap: float, error: float) -> bool:
    return abs(gap) > _TOLERANCE and abs(gap) > _ERRORS * error


def _gaps(cell: Cell) -> Iterator[str]:
    """Which claims of a cell are off."""
    for what, claimed, right in (("graphs", "claimed", "right"), ("effects", "effect_claimed", "covered")):
        if right in cell.means and _off(cell.means[claimed] - cell.means[right], cell.spread[f"{right}_gap"]):
            yield f"{what} claimed {cell.means[claimed]:.3f}, right {cell.means[right]:.3f}"


def _gaps_of_edges(bins: Iterable[EdgeBin]) -> Iterator[str]:
    for one in bins:
        if one.edges >= _ENOUGH and _off(one.gap, one.standard_error):
            yield f"edges of {one.low:g} to {one.high:g} claimed {one.claimed:.3f}, right {one.right:.3f}"


def _flat(cell: Cell) -> dict[str, Any]:
    plain = {item.name: getattr(cell, item.name) for item in fields(cell) if item.name not in ("means", "spread")}
    return {**plain, **cell.means, **{f"{name}_se": v for name, v in cell.spread.items() if math.isfinite(v)}}
