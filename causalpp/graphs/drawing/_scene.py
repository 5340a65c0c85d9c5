"""What a picture of a graph shows, whoever paints it: every edge and variable with its place, colour and words."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from causalpp.errors import InvalidGraph, InvalidParameter, UnknownVariable
from causalpp.graphs.dag import Edge, Names, as_names, as_pair, check_names
from causalpp.graphs.drawing._curves import Point
from causalpp.graphs.drawing._layout import Box, Layout, Link, arrange
from causalpp.graphs.drawing._palette import ACCENT, MUTED, PALE

__all__ = ["FONT", "LABEL_FONT", "Plate", "Scene", "Stroke", "scene", "text_width"]

FONT = 13.0
LABEL_FONT = 10.5
_HEAD = 9.0  # length of an arrow head
_LONGEST_NAME = 28
_TINT = "#cfe4f4"  # fill of a highlighted box
# Widths in hundredths of the font size, a little more than in common sans-serif fonts; others count as 65,
# scripts beyond the Latin, Greek and Cyrillic ones as 105.
_WIDTHS = {
    c: width
    for width, letters in (
        (36, "'IJijl ,./:;\\|!()-[]ft"),
        (50, 'r"*_`?csz'),
        (60, "FLkvxy"),
        (84, "NU&DGHOQ#+<=>^w~→↔…"),
        (100, "MWm@%"),
    )
    for c in letters
}


@dataclass(frozen=True)
class Stroke:
    """An edge ready to be drawn: Bézier points shortened for the heads, and the heads as triangles."""

    name: str
    points: tuple[Point, ...]
    heads: tuple[tuple[Point, ...], ...]
    colour: str
    width: float
    opacity: float
    dashed: bool
    label: str
    label_at: Point


@dataclass(frozen=True)
class Plate:
    """A variable ready to be drawn."""

    name: str
    label: str
    box: Box
    fill: str
    line: str
    thick: float
    dashed: bool


@dataclass(frozen=True)
class Scene:
    """Everything in a picture, the faint edges first."""

    layout: Layout
    strokes: tuple[Stroke, ...]
    plates: tuple[Plate, ...]


_Kind = Literal["directed", "undirected", "bidirected"]
_SIGNS: dict[str, str] = {"directed": "→", "undirected": "—", "bidirected": "↔"}


def scene(
    nodes: Iterable[str],
    edges: Iterable[Edge],
    undirected: Iterable[Edge],
    bidirected: Iterable[Edge],
    latent: Names,
    highlight: Collection[str | Edge],
    edge_labels: Mapping[Edge, str] | None,
    edge_weights: Mapping[Edge, float] | None,
) -> Scene:
    names = check_names(nodes)
    known = dict.fromkeys(names)
    drawn = _pairs(edges, "directed", known) + _pairs(undirected, "undirected", known)
    drawn += _pairs(bidirected, "bidirected", known)
    keys = {pair for a, b, kind in drawn for pair in ([(a, b)] if kind == "directed" else [(a, b), (b, a)])}
    marks = [highlight] if isinstance(highlight, str) else list(highlight)
    for name in [*as_names(latent), *(m for m in marks if isinstance(m, str))]:
        if name not in known:
            raise UnknownVariable(name, names)
    labels, weights = dict(edge_labels or {}), dict(edge_weights or {})
    for pair in [*labels, *weights, *(m for m in marks if not isinstance(m, str))]:
        if pair not in keys:
            raise InvalidParameter(f"{pair!r} is not an edge of the picture")
    for pair, weight in weights.items():
        if not 0 <= weight <= 1:
            raise InvalidParameter(f"the weight of an edge lies between 0 and 1, got {weight!r} for {pair!r}")

    def of(table: Mapping[Edge, Any], a: str, b: str, kind: str) -> Any:
        return table.get((a, b), None if kind == "directed" else table.get((b, a)))

    shown = [_shorten(name) for name in names]
    boxes = [max(38.0, text_width(text, FONT) + 20) for text in shown]
    number = {name: i for i, name in enumerate(names)}
    links = []
    for a, b, kind in drawn:
        label, weight = of(labels, a, b, kind), of(weights, a, b, kind)
        room = text_width(label, LABEL_FONT) + 8 if label else 0.0
        links.append(Link(number[a], number[b], kind, 1.0 if weight is None else 0.01 + weight, room))
    layout = arrange(boxes, links)
    chosen = {m: True for m in marks if not isinstance(m, str)}
    strokes = []
    for (a, b, kind), route in zip(drawn, layout.routes):
        lit, weight = bool(of(chosen, a, b, kind)), of(weights, a, b, kind)
        width = (1.9 if lit else 1.4) if weight is None else 0.8 + 2.2 * weight
        points, heads = _with_heads(route.points, kind, _HEAD + 1.2 * (width - 1.4))
        strokes.append(
            Stroke(
                name=f"{a} {_SIGNS[kind]} {b}" + ("" if weight is None else f" ({weight:.2g})"),
                points=points,
                heads=heads,
                colour=ACCENT if lit else MUTED,
                width=width,
                opacity=1.0 if weight is None else 0.15 + 0.85 * weight,
                dashed=kind == "bidirected",
                label=_clean(of(labels, a, b, kind) or ""),
                label_at=route.label_at,
            )
        )
    hidden = set(as_names(latent))
    plates = []
    for name, label, box in zip(names, shown, layout.boxes):
        lit, unseen = name in marks, name in hidden
        fill = _TINT if lit else "#ffffff" if unseen else PALE
        line = ACCENT if lit else "#47627f"
        plates.append(Plate(_clean(name), label, box, fill, line, 2.0 if lit else 1.2, unseen))
    strokes.sort(key=lambda stroke: stroke.opacity)
    return Scene(layout, tuple(replace(s, name=_clean(s.name)) for s in strokes), tuple(plates))


def _pairs(edges: Iterable[Edge], kind: _Kind, known: Collection[str]) -> list[tuple[str, str, _Kind]]:
    out: dict[tuple[str, str], tuple[str, str, _Kind]] = {}
    for edge in edges:
        a, b = as_pair(edge)
        if a == b:
            raise InvalidGraph(f"an edge joins two variables, got {edge!r}")
        for name in (a, b):
            if name not in known:
                raise UnknownVariable(name, known, what=f" in the edge {a!r} {_SIGNS[kind]} {b!r}")
        if kind == "directed" or (b, a) not in out:
            out[a, b] = (a, b, kind)
    return list(out.values())


def _clean(text: str) -> str:
    """The text on one line, without the control characters that XML and fonts do not have."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", " ".join(text.split()))


def _shorten(name: str) -> str:
    """Long names lose their middle: names of one family often differ only at the end."""
    text = _clean(name)
    if len(text) <= _LONGEST_NAME:
        return text
    head = _LONGEST_NAME * 3 // 5
    return text[:head].rstrip() + "…" + text[head + 1 - _LONGEST_NAME :].lstrip()


def text_width(text: str, size: float) -> float:
    return size / 100 * sum(_WIDTHS.get(c, 67 if ord(c) < 0x2000 else 105) for c in text)


def _with_heads(
    points: tuple[Point, ...], kind: _Kind, length: float
) -> tuple[tuple[Point, ...], tuple[tuple[Point, ...], ...]]:
    ends = {"directed": [-1], "undirected": [], "bidirected": [-1, 0]}[kind]
    moved, heads = list(points), []
    for end in ends:
        tip, before = (points[-1], points[-2]) if end else (points[0], points[1])
        distance = math.dist(tip, before) or 1.0
        ux, uy = (tip[0] - before[0]) / distance, (tip[1] - before[1]) / distance
        base = (tip[0] - ux * length, tip[1] - uy * length)
        half = 0.42 * length
        heads.append((tip, (base[0] - uy * half, base[1] + ux * half), (base[0] + uy * half, base[1] - ux * half)))
        for k in (end, end - 1 if end else end + 1):  # both move, so that the line still points into its head
            moved[k] = (moved[k][0] - ux * length * 0.8, moved[k][1] - uy * length * 0.8)
    return tuple(moved), tuple(heads)
