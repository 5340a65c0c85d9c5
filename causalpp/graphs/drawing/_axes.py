"""The matplotlib face of :mod:`causalpp.graphs.drawing`; matplotlib is loaded when this file is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.text import Text

from causalpp.graphs.drawing._layout import BOX_HEIGHT
from causalpp.graphs.drawing._palette import INK
from causalpp.graphs.drawing._scene import FONT, LABEL_FONT, Scene

if TYPE_CHECKING:
    from matplotlib.backend_bases import RendererBase

_MARGIN = 8.0
_POINTS = 0.8  # of a pixel of the layout, on a figure of our own


class _DataText(Text):
    """Text whose size is given in data units, so that it fills its box at any size of the figure."""

    def __init__(self, x: float, y: float, text: str, size: float, **options: Any) -> None:
        super().__init__(x, y, text, ha="center", va="center_baseline", parse_math=False, **options)
        self.units = size

    def draw(self, renderer: RendererBase) -> None:
        axes = self.axes
        if axes is not None and axes.figure is not None:
            (_, top), (_, bottom) = axes.transData.transform([(0.0, 0.0), (0.0, 1.0)])
            self.set_fontsize(max(0.5, self.units * abs(top - bottom) * 72 / axes.figure.dpi))
        super().draw(renderer)


def paint(scene: Scene, ax: Axes | None, title: str | None) -> Axes:
    """Draw the scene on ``ax``, or on a new pyplot figure of fitting size."""
    width, height = scene.layout.width + 2 * _MARGIN, scene.layout.height + 2 * _MARGIN
    if ax is None:
        import matplotlib.pyplot as plt

        scale = min(_POINTS, 14 * 72 / width, 12 * 72 / height)
        head = 26 if title else 0
        figure = plt.figure(figsize=(width * scale / 72, (height * scale + head) / 72))
        ax = figure.add_axes((0.0, 0.0, 1.0, height * scale / (height * scale + head)))
    else:
        box = ax.get_window_extent()
        scale = 72 / ax.figure.dpi * min(box.width / width, box.height / height)
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set_xlim(-_MARGIN, width - _MARGIN)
    ax.set_ylim(height - _MARGIN, -_MARGIN)
    thin = min(1.0, max(0.3, scale))  # line widths are in points
    for z, s in enumerate(scene.strokes):
        codes = [Path.MOVETO] + [Path.CURVE4] * (len(s.points) - 1)
        dash: Any = (0, (3.2, 2.4)) if s.dashed else "solid"
        line = {"edgecolor": s.colour, "linewidth": s.width * thin, "linestyle": dash, "alpha": s.opacity}
        order = 1 + z / (len(scene.strokes) + 1)
        ax.add_patch(PathPatch(Path(list(s.points), codes), fill=False, capstyle="butt", zorder=order, **line))
        for corners in s.heads:
            ax.add_patch(Polygon(corners, facecolor=s.colour, edgecolor="none", alpha=s.opacity, zorder=order))
    for p in scene.plates:
        b = p.box
        ax.add_patch(
            FancyBboxPatch(
                (b.x - b.width / 2, b.y - BOX_HEIGHT / 2),
                b.width,
                BOX_HEIGHT,
                boxstyle="round,pad=0,rounding_size=7",
                facecolor=p.fill,
                edgecolor=p.line,
                linewidth=p.thick * thin,
                linestyle=(0, (3.2, 2.4)) if p.dashed else "solid",
                zorder=3,
            )
        )
        _write(ax, _DataText(b.x, b.y, p.label, FONT, color=INK, zorder=4))
    for s in scene.strokes:
        if s.label:
            plate = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"}
            _write(ax, _DataText(*s.label_at, s.label, LABEL_FONT, color=INK, zorder=3.5, bbox=plate))
    if title:
        ax.set_title(title, color=INK, fontsize=11, parse_math=False)
    return ax


def _write(ax: Axes, text: Text) -> None:
    ax.add_artist(text)
    text.set_in_layout(False)
