"""Pictures of graphs, as SVG text or with matplotlib, and the one plotting style of the library.

The two pictures look alike: causes above effects, latent variables and ↔ dashed, undirected edges without heads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from causalpp.graphs.dag import Edge, Names
from causalpp.graphs.drawing._curves import Point
from causalpp.graphs.drawing._layout import BOX_HEIGHT
from causalpp.graphs.drawing._palette import ACCENT, FALSE, INK, MUTED, PALE, SERIES, TRUE, style
from causalpp.graphs.drawing._scene import FONT, LABEL_FONT, scene, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ACCENT", "FALSE", "INK", "MUTED", "PALE", "SERIES", "TRUE", "draw_graph", "graph_svg", "style"]

_MARGIN = 10.0


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
    drawn = scene(nodes, edges, undirected, bidirected, latent, highlight, edge_labels, edge_weights)
    width, height = drawn.layout.width + 2 * _MARGIN, drawn.layout.height + 2 * _MARGIN
    view = f"{-_MARGIN:g} {-_MARGIN:g} {width:.0f} {height:.0f}"
    spoken = quoteattr("Graph: " + "; ".join([*(s.name for s in drawn.strokes), *(p.name for p in drawn.plates)]))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="{view}" '
        f'role="img" aria-label={spoken} style="max-width:100%;height:auto">',
        '<g font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" text-anchor="middle">',
    ]
    for s in drawn.strokes:
        dash = ' stroke-dasharray="5 4"' if s.dashed else ""
        out.append(f'<g opacity="{s.opacity:.2f}"><title>{escape(s.name)}</title>')
        out.append(f'<path d="{_path(s.points)}" fill="none" stroke="{s.colour}" stroke-width="{s.width:.1f}"{dash}/>')
        out += [f'<path d="M{" L".join(map(_xy, head))} Z" fill="{s.colour}"/>' for head in s.heads]
        out.append("</g>")
    for p in drawn.plates:
        b, dash = p.box, ' stroke-dasharray="5 4"' if p.dashed else ""
        out.append(
            f"<g><title>{escape(p.name)}</title>"
            f'<rect x="{b.x - b.width / 2:.1f}" y="{b.y - BOX_HEIGHT / 2:.1f}" width="{b.width:.1f}" '
            f'height="{BOX_HEIGHT:g}" rx="7" fill="{p.fill}" stroke="{p.line}" stroke-width="{p.thick:g}"{dash}/>'
            f'<text x="{b.x:.1f}" y="{b.y + 0.35 * FONT:.1f}" font-size="{FONT:g}" fill="{INK}">'
            f"{escape(p.label)}</text></g>"
        )
    for s in drawn.strokes:
        if s.label:
            # The label lies on a small plate of its own, so that it can be read on pages of any colour.
            (x, y), w = s.label_at, text_width(s.label, LABEL_FONT) + 6
            out.append(
                f'<rect x="{x - w / 2:.1f}" y="{y - 8:.1f}" width="{w:.1f}" height="16" rx="4" fill="white"/>'
                f'<text x="{x:.1f}" y="{y + 0.35 * LABEL_FONT:.1f}" font-size="{LABEL_FONT:g}" fill="{INK}">'
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
    from causalpp.graphs.drawing._axes import paint

    drawn = scene(nodes, edges, undirected, bidirected, latent, highlight, edge_labels, edge_weights)
    return paint(drawn, ax, title)


def _xy(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _path(points: Sequence[Point]) -> str:
    pieces = (" ".join(map(_xy, points[i : i + 3])) for i in range(1, len(points), 3))
    return f"M{_xy(points[0])} " + " ".join(f"C{piece}" for piece in pieces)
