"""Pictures of graphs, as SVG text or with matplotlib, and the one plotting style of the library.

The two pictures look alike: causes above effects, latent variables and ↔ dashed, undirected edges
without heads.  The palette is that of Okabe & Ito (*Color universal design*, 2008), which colour-blind
readers can tell apart; lines are grey enough to be seen on white and on black pages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape, quoteattr

from causalpp.errors import InvalidGraph, InvalidParameter, UnknownVariable
from causalpp.graphs._curves import Point
from causalpp.graphs._layout import BOX_HEIGHT, Box, Layout, Link, arrange
from causalpp.graphs.dag import Edge, Names, as_names, as_pair, check_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ACCENT", "FALSE", "INK", "MUTED", "PALE", "SERIES", "TRUE", "draw_graph", "graph_svg", "style"]

#: Text and axes.
INK = "#1f2933"
#: The one thing to look at.
ACCENT = "#0072b2"
#: Edges, grid lines, what is only context.
MUTED = "#75869a"
#: Fills behind text.
PALE = "#edf3f9"
#: What holds, what is right.
TRUE = "#009e73"
#: What does not hold, what is wrong.
FALSE = "#d55e00"
#: Lines of one figure, in this order.
SERIES = (ACCENT, "#e69f00", TRUE, "#cc79a7", FALSE, "#56b4e9")

_RC: Any = {  # the type of its keys differs between versions of matplotlib
    "font.family": "sans-serif",
    "font.size": 10.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": f"cycler('color', {list(SERIES)})",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dde3ea",
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.0,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "figure.dpi": 100.0,
    "savefig.dpi": 200.0,
    "savefig.bbox": "tight",
}

_FONT = 13.0
_LABEL_FONT = 10.5
_HEAD = 9.0  # length of an arrow head
_MARGIN = 10.0
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


def style() -> AbstractContextManager[None]:
    """The plotting style of the library, for a ``with`` block around matplotlib calls; nothing outlives the block.

    Example:
        >>> import matplotlib
        >>> with style():
        ...     matplotlib.rcParams["axes.spines.top"]
        False
        >>> matplotlib.rcParams["axes.spines.top"]
        True
    """
    import matplotlib as mpl

    return mpl.rc_context(_RC)


def graph_svg(
    nodes: Iterable[str],
    edges: Iterable[Edge],
    *,
    undirected: Iterable[Edge] = (),
    bidirected: Iterable[Edge] = (),
    latent: Names = frozenset(),
    highlight: Collection[str | Edge] = (),
    edge_labels: Mapping[Edge, str] | None = None,
    edge_weights: Mapping[Edge, float] | None = None,
) -> str:
    """A graph as a stand-alone SVG picture, causes above effects; no drawing library is needed.

    Layered layout (Sugiyama, Tagawa & Toda, IEEE Trans. SMC 11, 1981).  The directed edges may close
    cycles, as they do in a picture of several graphs at once; those that do point upwards.

    Args:
        nodes: distinct non-empty names; long ones are shortened in the picture, and shown in full by
            the tooltip.
        edges: directed edges ``(cause, effect)``.
        undirected: pairs joined by a plain line.
        bidirected: pairs joined by a dashed ↔, for a latent common cause.
        latent: variables drawn dashed.
        highlight: names and edges drawn in the accent colour.
        edge_labels: short texts beside edges.
        edge_weights: numbers in [0, 1], such as posterior probabilities, shown as strength of the line; edges
            without one are drawn as usual.

    An edge is looked up in ``highlight``, ``edge_labels`` and ``edge_weights`` by its pair, if it is not
    directed in either order.

    Raises:
        InvalidGraph: a name is empty or given twice; an edge is not a pair of two variables.
        InvalidParameter: a weight outside [0, 1], or a weight, label or highlight for a pair without an edge.
        UnknownVariable: an edge, ``latent`` or ``highlight`` names a variable that is not in ``nodes``.

    Example:
        >>> picture = graph_svg(["smoke", "cancer"], [("smoke", "cancer")])
        >>> picture.startswith("<svg") and "smoke → cancer" in picture
        True
    """
    scene = _scene(nodes, edges, undirected, bidirected, latent, highlight, edge_labels, edge_weights)
    width, height = scene.layout.width + 2 * _MARGIN, scene.layout.height + 2 * _MARGIN
    view = f"{-_MARGIN:g} {-_MARGIN:g} {width:.0f} {height:.0f}"
    spoken = quoteattr("Graph: " + "; ".join([*(s.name for s in scene.strokes), *(p.name for p in scene.plates)]))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="{view}" '
        f'role="img" aria-label={spoken} style="max-width:100%;height:auto">',
        '<g font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" text-anchor="middle">',
    ]
    for s in scene.strokes:
        dash = ' stroke-dasharray="5 4"' if s.dashed else ""
        out.append(f'<g opacity="{s.opacity:.2f}"><title>{escape(s.name)}</title>')
        out.append(f'<path d="{_path(s.points)}" fill="none" stroke="{s.colour}" stroke-width="{s.width:.1f}"{dash}/>')
        out += [f'<path d="M{" L".join(map(_xy, head))} Z" fill="{s.colour}"/>' for head in s.heads]
        out.append("</g>")
    for p in scene.plates:
        b, dash = p.box, ' stroke-dasharray="5 4"' if p.dashed else ""
        out.append(
            f"<g><title>{escape(p.name)}</title>"
            f'<rect x="{b.x - b.width / 2:.1f}" y="{b.y - BOX_HEIGHT / 2:.1f}" width="{b.width:.1f}" '
            f'height="{BOX_HEIGHT:g}" rx="7" fill="{p.fill}" stroke="{p.line}" stroke-width="{p.thick:g}"{dash}/>'
            f'<text x="{b.x:.1f}" y="{b.y + 0.35 * _FONT:.1f}" font-size="{_FONT:g}" fill="{INK}">'
            f"{escape(p.label)}</text></g>"
        )
    for s in scene.strokes:
        if s.label:
            # The label lies on a small plate of its own, so that it can be read on pages of any colour.
            (x, y), w = s.label_at, _text_width(s.label, _LABEL_FONT) + 6
            out.append(
                f'<rect x="{x - w / 2:.1f}" y="{y - 8:.1f}" width="{w:.1f}" height="16" rx="4" fill="white"/>'
                f'<text x="{x:.1f}" y="{y + 0.35 * _LABEL_FONT:.1f}" font-size="{_LABEL_FONT:g}" fill="{INK}">'
                f"{escape(s.label)}</text>"
            )
    return "\n".join([*out, "</g>", "</svg>"])


def draw_graph(
    nodes: Iterable[str],
    edges: Iterable[Edge],
    *,
    undirected: Iterable[Edge] = (),
    bidirected: Iterable[Edge] = (),
    latent: Names = frozenset(),
    ax: Axes | None = None,
    highlight: Collection[str | Edge] = (),
    edge_labels: Mapping[Edge, str] | None = None,
    edge_weights: Mapping[Edge, float] | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a graph with matplotlib, causes above effects, in the style of :func:`graph_svg`.

    Without ``ax`` a pyplot figure of fitting size is made, which notebooks show by themselves; close it
    with ``plt.close(ax.figure)`` when many are made.  On a machine without a display matplotlib falls
    back to drawing into files.

    Args:
        nodes: as for :func:`graph_svg`, and so are all arguments up to ``edge_weights``.
        edges: directed edges ``(cause, effect)``.
        undirected: pairs joined by a plain line.
        bidirected: pairs joined by a dashed ↔.
        latent: variables drawn dashed.
        ax: where to draw; its scale is set to equal units and its frame is hidden.
        highlight: names and edges drawn in the accent colour.
        edge_labels: short texts beside edges.
        edge_weights: numbers in [0, 1] shown as strength of the line.
        title: written above the picture.

    Returns:
        The axes drawn on.

    Raises:
        InvalidGraph: a name is empty or given twice; an edge is not a pair of two variables.
        InvalidParameter: a weight outside [0, 1], or a weight, label or highlight for a pair without an edge.
        UnknownVariable: an edge, ``latent`` or ``highlight`` names a variable that is not in ``nodes``.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_graph(["x", "y"], [("x", "y")], ax=Figure().subplots(), edge_weights={("x", "y"): 0.8})
        >>> [text.get_text() for text in ax.texts]
        ['x', 'y']
    """
    from causalpp.graphs._axes import paint

    scene = _scene(nodes, edges, undirected, bidirected, latent, highlight, edge_labels, edge_weights)
    return paint(scene, ax, title)


# --- what both pictures show --------------------------------------------------------------------------


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


def _scene(
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
    boxes = [max(38.0, _text_width(text, _FONT) + 20) for text in shown]
    number = {name: i for i, name in enumerate(names)}
    links = []
    for a, b, kind in drawn:
        label, weight = of(labels, a, b, kind), of(weights, a, b, kind)
        room = _text_width(label, _LABEL_FONT) + 8 if label else 0.0
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


def _text_width(text: str, size: float) -> float:
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


def _xy(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _path(points: Sequence[Point]) -> str:
    pieces = (" ".join(map(_xy, points[i : i + 3])) for i in range(1, len(points), 3))
    return f"M{_xy(points[0])} " + " ".join(f"C{piece}" for piece in pieces)
