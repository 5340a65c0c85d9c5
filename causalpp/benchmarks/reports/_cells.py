"""The cells of tables: what tells rows apart, texts, and numbers with their intervals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from causalpp.benchmarks.metrics import series_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["series_head", "text_of", "with_interval"]


def series_head(frame: pd.DataFrame) -> list[str]:
    """What tells the rows of a table apart: the kind of oracle is its heading, and what is empty tells nothing."""
    return [name for name in series_of(frame) if name != "oracle_nature" and frame[name].fillna("").ne("").any()]


def text_of(value: Any) -> str:
    return "" if value is None or value != value else f"{value:g}" if isinstance(value, float) else str(value)


def with_interval(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """A number with its interval, to about three digits."""
    if math.isnan(value):
        return "—"
    digits = 3 if max(abs(v) for v in (value, low, high) if not math.isnan(v)) < 10 else 1
    shape = f"{'+' if sign else ''},.{digits}f"
    return f"{value:{shape}}" + ("" if math.isnan(low) else f" [{low:{shape}}, {high:{shape}}]")
