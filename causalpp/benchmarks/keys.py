"""What names a piece of work: the one text of plain values, and seeds made of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from causalpp.errors import InvalidParameter

__all__ = ["canonical", "seed_of"]


def canonical(values: Any) -> str:
    """The one JSON text of some plain values: keys sorted, no spaces.

    Raises:
        InvalidParameter: something in them is not plain: no number, text, truth value, None, list or mapping.

    Example:
        >>> canonical({"b": (1, 2), "a": None})
        '{"a":null,"b":[1,2]}'
    """
    try:
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidParameter(f"a unit is made of plain values only: {error}") from None


def seed_of(*parts: Any) -> int:
    """A seed that depends on all the parts and on nothing else, in [0, 2³²).

    Args:
        parts: plain values, such as the seed of a run and the number of a graph.

    Example:
        >>> seed_of(0, "graph", 17) == seed_of(0, "graph", 17) != seed_of(0, "graph", 18)
        True
    """
    return int(hashlib.sha256(canonical(parts).encode()).hexdigest()[:8], 16)
