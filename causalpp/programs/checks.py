"""What is asked of numbers that a user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter

__all__ = ["whole"]


def whole(what: str, value: Any, least: int) -> int:
    """The value, if it is a whole number from ``least`` on.

    Raises:
        InvalidParameter: it is not.
    """
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise InvalidParameter(f"{what} is a whole number from {least} on, got {value!r}")
    return int(value)
