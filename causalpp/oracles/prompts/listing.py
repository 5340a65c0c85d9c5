"""In which order a prompt names its variables: drawn, so that it says nothing about the graph.

Files list a network's variables with causes first, and a model that is shown them so can score by "what is listed
earlier causes what is listed later", without knowing anything.  Where the order is drawn, a run's prompts list their
variables in one of :data:`ORDERS` orders, half of them the others read backwards.  Which one depends on a seed and on
the question alone, so the same question is put in the same words again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["LISTINGS", "ORDERS", "about", "checked_listing", "drawn_order"]

#: How variables are listed: in an order drawn for each prompt, or as they are given.
LISTINGS = ("drawn", "given")

#: So many orders there are at most: prompts in the same order share a beginning, which a model may read once.
ORDERS = 8


def checked_listing(listing: str) -> str:
    """The listing itself.

    Raises:
        InvalidParameter: it is none of :data:`LISTINGS`.
    """
    if listing not in LISTINGS:
        raise InvalidParameter(f"variables are listed {' or '.join(map(repr, LISTINGS))}, not {listing!r}")
    return listing


def drawn_order(
    names: Iterable[str], about: str, *, seed: int | None = 0, turn: int = 0, swapped: bool = False
) -> tuple[str, ...]:
    """The names in the order in which one prompt lists them; the order in which they are given plays no part.

    Two prompts about the same that differ in ``swapped``, or by one in ``turn``, list in opposite orders: what the
    order does to the answers is as large for both directions of a pair, and drops out of their difference.

    Args:
        names: of the variables.
        about: what the prompt is about, the same text for both directions of a pair.
        seed: of the orders, and of the choice among them; None is 0.
        turn: how often the same was put before.
        swapped: whether it is put the other way round.

    Example:
        >>> drawn_order(["age", "smoke", "tar"], "smoke and tar")
        ('smoke', 'tar', 'age')
        >>> drawn_order(["tar", "smoke", "age"], "smoke and tar", swapped=True)
        ('age', 'tar', 'smoke')
    """
    known = tuple(sorted(set(names)))
    drawn = _number("choice", str(seed or 0), about)
    order = _orders(known, seed or 0)[((drawn >> 1) + turn // 2) % (ORDERS // 2)]
    return order[::-1] if (drawn + turn + swapped) % 2 else order


def about(question: Proposition) -> tuple[str, bool]:
    """What a question is about, the same for both directions of a pair, and whether its own is the second direction."""
    names = question.variables
    return "\0".join([type(question).__name__, *sorted(names)]), len(names) > 1 and names[0] > names[1]


@lru_cache(maxsize=64)
def _orders(names: tuple[str, ...], seed: int) -> tuple[tuple[str, ...], ...]:
    """The orders that are not the reverse of another."""
    whole = "\0".join(names)
    return tuple(
        tuple(sorted(names, key=lambda name: _number("order", str(seed), str(k), whole, name)))
        for k in range(ORDERS // 2)
    )


def _number(*parts: str) -> int:
    text = "\1".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")


def sorted_by(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Names in an order that lists them all."""
    place = {name: k for k, name in enumerate(order)}
    return sorted(names, key=place.__getitem__)
