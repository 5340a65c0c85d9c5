"""Numbers, tables and names as Python text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["number", "numbers", "pick", "quoted"]


def number(value: float) -> str:
    """A number as Python with six digits; whole numbers of states stay whole."""
    if isinstance(value, int):
        return str(value)
    return f"{value:.1f}" if float(value).is_integer() and abs(value) < 1e6 else f"{value:.6g}"


def numbers(table: NDArray[np.float64], width: int | None = None) -> str:
    """A table as nested lists of numbers with six digits; lists longer than ``width`` are broken."""
    if table.ndim == 0:
        return number(float(table))
    if table.ndim == 1:
        return "[" + ", ".join(number(float(p)) for p in table) + "]"
    line = "[" + ", ".join(numbers(part) for part in table) + "]"
    if width is None or (len(line) <= width and table.ndim == 2 and len(table) <= 4 and table.size <= 12):
        return line
    parts = ",\n".join(numbers(part, width - 4) for part in table)
    return "[\n" + textwrap.indent(parts, "    ") + ",\n]"


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def pick(table: NDArray[np.float64], rows: Sequence[str]) -> str:
    """The entry of a table that discrete parents select; the number itself where there are none."""
    return f"pick({numbers(table)}, {', '.join(rows)})" if rows else number(float(table))
