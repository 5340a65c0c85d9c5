"""The palette and the one plotting style of the library.

The palette is that of Okabe & Ito (*Color universal design*, 2008), which colour-blind readers can tell apart; lines
are grey enough to be seen on white and on black pages.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

__all__ = ["ACCENT", "FALSE", "INK", "MUTED", "PALE", "SERIES", "TRUE", "style"]

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
