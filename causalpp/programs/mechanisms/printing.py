"""Numbers, tables and names as Python text."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["number", "numbers", "pick", "probability", "quoted", "scalar"]


def number(value: float) -> str:
    """A number as Python, in as many digits as it takes to read the same number back; states stay whole.

    >>> number(2), number(2.0), number(0.1), number(1234567.8)
    ('2', '2.0', '0.1', '1234567.8')
    """
    return str(value) if isinstance(value, int) else repr(float(value))


def probability(value: float) -> str:
    """A probability as Python with six digits.

    >>> probability(1.0), probability(1 / 3)
    ('1.0', '0.333333')
    """
    return f"{value:.1f}" if float(value).is_integer() else f"{value:.6g}"


def scalar(value: Tensor) -> str:
    """The number in a tensor, in as many digits as its precision takes.

    >>> import torch
    >>> scalar(torch.tensor(0.1))
    '0.1'
    """
    return number(float(str(value.detach().cpu().numpy()[()])))


def numbers(table: NDArray[np.float64], width: int | None = None, entry: Callable[[float], str] = number) -> str:
    """A table as nested lists of numbers, each printed by ``entry``; lists longer than ``width`` are broken."""
    if table.ndim == 0:
        return entry(float(table))
    if table.ndim == 1:
        return "[" + ", ".join(entry(float(p)) for p in table) + "]"
    line = "[" + ", ".join(numbers(part, entry=entry) for part in table) + "]"
    if width is None or (len(line) <= width and table.ndim == 2 and len(table) <= 4 and table.size <= 12):
        return line
    parts = ",\n".join(numbers(part, width - 4, entry) for part in table)
    return "[\n" + textwrap.indent(parts, "    ") + ",\n]"


def quoted(text: str) -> str:
    """A string as Python writes it, letters of any alphabet as they are."""
    return json.dumps(text, ensure_ascii=False)


def pick(table: NDArray[np.float64], rows: Sequence[str]) -> str:
    """The entry of a table that discrete parents select; the number itself where there are none."""
    return f"pick({numbers(table)}, {', '.join(rows)})" if rows else number(float(table))
