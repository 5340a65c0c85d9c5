"""Plain values, which JSON has: how the objects of the library are written down."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter

__all__ = ["Plain", "check_seed", "plain"]


def plain(value: Any, *, finite: bool = False) -> Any:
    """Arrays as lists, numbers of NumPy as numbers, in whatever they stand.

    Args:
        value: anything.
        finite: whether numbers that are missing or not finite become None.

    Example:
        >>> import numpy as np
        >>> plain({"a": np.arange(2), "b": (np.float64(0.5), float("nan"))}, finite=True)
        {'a': [0, 1], 'b': (0.5, None)}
    """
    if isinstance(value, Mapping):
        return {key: plain(part, finite=finite) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(part, finite=finite) for part in value)
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist(), finite=finite)
    if finite and (type(value).__name__ == "NAType" or (isinstance(value, float) and not np.isfinite(value))):
        return None  # NAType: what pandas has for a missing number
    return value


class Plain:
    """A data class that can be written down."""

    def to_dict(self) -> dict[str, Any]:
        """All attributes as plain values."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]  # see the class

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text; null for what is not a finite number."""
        return json.dumps(plain(self.to_dict(), finite=True), ensure_ascii=False)


def check_seed(value: object) -> int:
    """A seed as a plain whole number.

    Raises:
        InvalidParameter: not a whole number from 0 on.
    """
    try:
        seed = operator.index(value)  # type: ignore[arg-type]  # that is what is found out
    except TypeError:
        seed = -1
    if seed < 0:
        raise InvalidParameter(f"a seed is a whole number from 0 on, got {value!r}")
    return seed
