"""The tables of what data, an oracle and both are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from causalpp._pages import Block, Heading, Paragraph, Table
from causalpp.benchmarks.studies.data.study import Cell, DataStudy, EdgeBin

__all__ = ["blocks"]

_SHOWN = {
    "both": ("data alone", "data and oracle"),
    "oracle": ("neither", "oracle alone"),
    "class": ("a member of the GES class", "loop on the GES class"),
}
_PAIRS = (("claimed", "right"), ("pair_claimed", "pair_right"), ("effect_claimed", "covered"))
_WHO = ("rows", "error", "known", "questions", "runs")


def blocks(study: DataStudy) -> list[Block]:
    """Headings, sentences and tables: a table for each measure where there are several rates, else a line a cell."""
    out: list[Block] = []
    parts = (_grids,) if len(study.settings["errors"]) > 1 else (_worth, _claims, _edges)
    for world in dict.fromkeys(cell.world for cell in study.cells):
        runs = max(cell.runs for cell in study.cells if cell.world == world)
        out.append(Heading(f"{world}: {study.settings['variables']} variables, {runs:,} worlds", 3))
        out += [block for part in parts for block in part(study, world)]
    out += [Paragraph(f"More than 0.03 and three standard errors apart: {failure}.") for failure in study.failures]
    return out


# --- a line for each cell ---------------------------------------------------------------------------------------


def _who(cell: Cell) -> list[str]:
    known = _SHOWN[cell.method][cell.questions > 0]
    error = "" if cell.error is None else f"{cell.error:g}"
    return [f"{cell.rows:,}", error, known, f"{cell.questions}", f"{cell.runs}"]


def _pm(cell: Cell, name: str, digits: int = 2) -> str:
    if name not in cell.means:
        return ""
    return f"{cell.means[name]:.{digits}f} ± {cell.spread[name]:.{digits}f}"


def _gap(cell: Cell, claimed: str, right: str) -> str:
    if right not in cell.means:
        return ""
    return f"{cell.means[claimed] - cell.means[right]:+.3f} ± {cell.spread[f'{right}_gap']:.3f}"


def _of(study: DataStudy, world: str) -> list[Cell]:
    """The cells of one kind of world, by rows, questions and who tells."""
    place = list(_SHOWN)
    found = [cell for cell in study.cells if cell.world == world]
    return sorted(found, key=lambda cell: (cell.rows, cell.questions, place.index(cell.method)))


def _worth(study: DataStudy, world: str) -> Iterator[Block]:
    yield Paragraph("What the true graph gets: means over runs ± their standard errors.")
    yield Table(
        (*_WHO, "log score of the truth", "expected SHD", "expected SID", "effect error", "graph right", ".95 claimed"),
        [
            [
                *_who(cell),
                *(_pm(cell, "log_score"), _pm(cell, "shd"), _pm(cell, "sid"), _pm(cell, "effect_error", 3)),
                _pm(cell, "right"),
                f"{cell.means['sure']:.0%}" + ("" if cell.until_sure is None else f", after {cell.until_sure:.1f}"),
            ]
            for cell in _of(study, world)
        ],
    )


def _claims(study: DataStudy, world: str) -> Iterator[Block]:
    yield Paragraph("Claimed less right ± standard error: best graph, how pairs are joined, effects (90 % intervals).")
    wrong = study.where_class_is_wrong()
    for part, title in ((study, ""), (wrong, "Only runs in which the truth is not in the GES class")):
        rows = [
            [*_who(cell), *(_gap(cell, *pair) for pair in _PAIRS), _pm(cell, "covered"), _pm(cell, "effect_width")]
            for cell in _of(part, world)
        ]
        if rows:
            yield Table((*_WHO, "best graph", "pairs", "effects", "covered", "width"), rows, title)


def _edges(study: DataStudy, world: str) -> Iterator[Block]:
    asked = max(study.settings["questions"])
    cells = [cell for cell in _of(study, world) if cell.questions == asked]
    cells = [cell for cell in cells if cell.method != "oracle" or cell.rows == cells[0].rows]  # which needs no rows
    yield Paragraph(f"Probabilities of edges after {asked} questions: claimed less right ± standard error (edges).")
    bins = [{(b.low, b.high): b for b in study.edge_bins(cell)} for cell in cells]
    rows = []
    for low, high in sorted({end for found in bins for end in found}, key=lambda e: (e == (0.0, 1.0), e)):
        shown = [_binned(found.get((low, high))) for found in bins]
        rows.append(["all" if (low, high) == (0.0, 1.0) else f"{low:g}–{high:g}", *shown])
    yield Table(("probability", *(_labelled(cell) for cell in cells)), rows)


def _binned(one: EdgeBin | None) -> str:
    return "" if one is None else f"{one.gap:+.3f} ± {one.standard_error:.3f} ({one.edges:,})"


def _labelled(cell: Cell) -> str:
    known = _SHOWN[cell.method][cell.questions > 0]
    return known if cell.method == "oracle" else f"{known}, {cell.rows:,} rows"


# --- a table for each measure -----------------------------------------------------------------------------------

_MEASURES: tuple[tuple[str, str, Callable[[Cell], str]], ...] = (
    ("log_score", "Log score of the truth", lambda cell: _pm(cell, "log_score")),
    ("shd", "Expected SHD", lambda cell: _pm(cell, "shd")),
    ("sid", "Expected SID", lambda cell: _pm(cell, "sid")),
    ("effect_error", "Error of the effect", lambda cell: _pm(cell, "effect_error", 3)),
    ("covered", "Effects in their 90 % interval", lambda cell: _pm(cell, "covered")),
    ("pair_right", "How pairs are joined: claimed less right", lambda cell: _gap(cell, "pair_claimed", "pair_right")),
)


def _grids(study: DataStudy, world: str) -> Iterator[Block]:
    """More rows downwards, better answers rightwards; the first column is data alone, the first line answers alone."""
    asked, errors = max(study.settings["questions"]), sorted(study.settings["errors"], reverse=True)
    here = {(c.rows, c.error, c.method): c for c in _of(study, world) if c.questions in (0, asked)}
    sizes = sorted({rows for rows, _, _ in here})
    lines = [("no rows, oracle alone", sizes[-1], "oracle")]
    lines += [(f"{n:,} rows", n, "both") for n in sizes] + [(f"{n:,} rows, GES class", n, "class") for n in sizes]
    yield Paragraph(
        f"After {asked} questions to an oracle that errs at the rate over the column: means over runs ± their standard "
        "errors. Of effects, the parameters of the first line are fitted to the most rows."
    )
    for name, title, show in _MEASURES:
        rows = []
        for label, n, method in lines:
            cells = [here.get((n, error, method)) for error in (None, *errors)]
            if any(cell is not None and name in cell.means for cell in cells):
                rows.append([label, *("" if cell is None else show(cell) for cell in cells)])
        if rows:
            yield Table(("", "no answers", *(f"error {error:g}" for error in errors)), rows, title)
