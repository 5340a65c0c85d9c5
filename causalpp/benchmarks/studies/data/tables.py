"""The tables of what data, an oracle and both are worth."""

from __future__ import annotations

from collections.abc import Iterator

from causalpp._pages import Block, Heading, Paragraph, Table
from causalpp.benchmarks.studies.data.study import Cell, DataStudy

__all__ = ["blocks"]

_SHOWN = {
    "both": ("data alone", "data and oracle"),
    "oracle": ("neither", "oracle alone"),
    "class": ("a member of the GES class", "loop on the GES class"),
}


def blocks(study: DataStudy) -> list[Block]:
    """Headings, sentences and tables."""
    out: list[Block] = []
    worlds = dict.fromkeys(cell.world for cell in study.cells)
    for world in worlds:
        out += [Heading(_title(study, world)), *_worth(study, world), *_claims(study, world), *_edges(study, world)]
    return out


def _title(study: DataStudy, world: str) -> str:
    runs = max(cell.runs for cell in study.cells if cell.world == world)
    return f"{world}: {study.settings['variables']} variables, {runs:,} worlds"


def _of(study: DataStudy, world: str) -> Iterator[Cell]:
    """The cells of one kind of world; what no question changes is shown once."""
    for cell in study.cells:
        if cell.world == world:
            yield cell


def _who(cell: Cell) -> list[str]:
    known = _SHOWN[cell.method][cell.questions > 0]
    error = "" if cell.error is None else f"{cell.error:g}"
    return [f"{cell.rows:,}", error, known, f"{cell.questions}", f"{cell.runs}"]


def _pm(cell: Cell, name: str, digits: int = 2) -> str:
    if name not in cell.means:
        return ""
    return f"{cell.means[name]:.{digits}f} ± {cell.spread[name]:.{digits}f}"


_WHO = ("rows", "error", "known", "questions", "runs")


def _worth(study: DataStudy, world: str) -> Iterator[Block]:
    yield Paragraph("What the true graph gets: means over runs ± their standard errors.")
    yield Table(
        (*_WHO, "log score of the truth", "expected SHD", "expected SID", "effect error", "graph right", ".95 claimed"),
        [
            [
                *_who(cell), _pm(cell, "log_score"), _pm(cell, "shd"), _pm(cell, "sid"), _pm(cell, "effect_error", 3),
                _pm(cell, "right"),
                f"{cell.means['sure']:.0%}" + ("" if cell.until_sure is None else f", after {cell.until_sure:.1f}"),
            ]
            for cell in _of(study, world)
        ],
    )  # fmt: skip


def _claims(study: DataStudy, world: str) -> Iterator[Block]:
    yield Paragraph("Claimed less right ± standard error: best graph, how pairs are joined, effects (90 % intervals).")
    rows = [
        [*_who(cell), *(_gap(cell, *pair) for pair in _PAIRS), _pm(cell, "covered"), _pm(cell, "effect_width")]
        for cell in _of(study, world)
    ]
    yield Table((*_WHO, "best graph", "pairs", "effects", "covered", "width"), rows)


_PAIRS = (("claimed", "right"), ("pair_claimed", "pair_right"), ("effect_claimed", "covered"))


def _gap(cell: Cell, claimed: str, right: str) -> str:
    if right not in cell.means:
        return ""
    return f"{cell.means[claimed] - cell.means[right]:+.3f} ± {cell.spread[f'{right}_gap']:.3f}"


def _edges(study: DataStudy, world: str) -> Iterator[Block]:
    methods = [m for m in _SHOWN if any(cell.method == m and cell.world == world for cell in study.cells)]
    asked = max(study.settings["questions"])
    yield Paragraph(f"Probabilities of edges after {asked} questions: claimed less right ± standard error (edges).")
    bins = {m: {(b.low, b.high): b for b in study.edge_bins(world, m)} for m in methods}
    ends = sorted({end for found in bins.values() for end in found}, key=lambda e: (e == (0.0, 1.0), e))
    rows = []
    for low, high in ends:
        row = ["all" if (low, high) == (0.0, 1.0) else f"{low:g}–{high:g}"]
        for m in methods:
            one = bins[m].get((low, high))
            row.append("" if one is None else f"{one.gap:+.3f} ± {one.standard_error:.3f} ({one.edges:,})")
        rows.append(row)
    yield Table(("probability", *(_SHOWN[m][asked > 0] for m in methods)), rows)
