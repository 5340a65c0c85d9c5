"""Background knowledge as it is given to a function: one value, or its parts, or both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from causalpp.errors import InvalidGraph, InvalidParameter
from causalpp.graphs import Edge, Knowledge, Names

__all__ = ["gathered", "together"]


def gathered(
    names: Sequence[str],
    knowledge: Knowledge | Iterable[Edge] | None = None,
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Names] = (),
    roots: Names = (),
    search_space: Iterable[Edge] | None = None,
    required: Iterable[Edge] = (),
) -> Knowledge:
    """All that is known of variables with these names, checked.

    Args:
        names: the variables.  A tier or root given as a text is the variable of this name, or else one a letter.
        knowledge: what is known, or only the required edges.
        forbidden, tiers, roots, search_space, required: see :class:`causalpp.Knowledge`.

    Raises:
        InvalidGraph: it contradicts itself.
        InvalidParameter: ``knowledge`` is neither of the two.
        UnknownVariable: something is known of a variable that is not there.
    """
    if isinstance(knowledge, str):
        raise InvalidParameter(f"knowledge is a Knowledge, got the text {knowledge!r}: use Knowledge.read(file)")
    whole = knowledge if isinstance(knowledge, Knowledge) else Knowledge(() if knowledge is None else knowledge)

    def spelled(group: Names) -> Names:
        return list(group) if isinstance(group, str) and group not in names else group

    parts = Knowledge(required, forbidden, map(spelled, tiers), spelled(roots), search_space)
    out = whole | parts
    out.matrices(names)
    return out


def together(names: Sequence[str], first: Knowledge, second: Knowledge) -> Knowledge:
    """What two that some graph agrees with say together, edge by edge where their tiers differ."""
    try:
        return first | second
    except InvalidGraph:
        must, no = (a | b for a, b in zip(first.matrices(names), second.matrices(names), strict=True))
        required, forbidden = ([(names[i], names[j]) for i, j in np.argwhere(matrix)] for matrix in (must, no))
        return Knowledge(required, forbidden)
