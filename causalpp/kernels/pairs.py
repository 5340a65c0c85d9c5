"""Pairs of prompts that are to be told apart, and how much they look alike on the surface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causalpp.errors import InvalidData
from causalpp.tasks import Corr2CauseItem, Item

__all__ = ["Pair", "edit_distance", "near_misses", "shared_tokens"]


@dataclass(frozen=True)
class Pair:
    """Two prompts that a learner is to tell apart, or a control: two whose difference tells nothing.

    Attributes:
        first, second: the prompts; those of pairs that begin with the same prompt are read fastest one after the other.
        group: what the pair is an example of, such as ``"near misses"`` or ``"random"``.
        n: variables of the item; None if there are none.
        graph_distance: between what the two are about, such as edges that differ; None if that is not known.
        about: whatever else is to stand in the table, as plain values.
    """

    first: Any
    second: Any
    group: str = "pairs"
    n: float | None = None
    graph_distance: float | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def near_misses(items: Sequence[Item]) -> list[Pair]:
    """The near misses among items: those of one premise, or of premises that differ in an edge, with another answer.

    Each pair stands once, with the items' ids under ``about``.

    Raises:
        InvalidData: no item names another one of them as its near miss.

    Example:
        >>> from causalpp.tasks import generate
        >>> pairs = near_misses(generate(4, rows=60, seed=1).items)
        >>> pairs[0].group, pairs[0].n, pairs[0].first != pairs[0].second
        ('near misses', 4, True)
    """
    known = {item.id: item for item in items}
    out, seen = [], set()
    for item in items:
        other = known.get(item.pair)
        if other is None or (other.id, item.id) in seen:
            continue
        seen.add((item.id, other.id))
        about: dict[str, Any] = {"first": item.id, "second": other.id}
        if isinstance(item, Corr2CauseItem) and isinstance(other, Corr2CauseItem):
            about["same_premise"] = item.premise == other.premise
        out.append(Pair(item.prompt, other.prompt, "near misses", item.size, about=about))
    if not out:
        raise InvalidData("none of these items has its near miss among them: give items that were generated in pairs")
    return out


def shared_tokens(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """The share of tokens that two rows have in common, each counted as often as it is in both, from 0 to 1.

    Example:
        >>> shared_tokens("abbc", "bbd")
        0.5714285714285714
    """
    both = sum((Counter(first) & Counter(second)).values())
    return 2 * both / (len(first) + len(second)) if len(first) + len(second) else 1.0


def edit_distance(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """How many tokens have to be put in, taken out or replaced to make one row of the other (Levenshtein 1966).

    Example:
        >>> edit_distance("kitten", "sitting"), edit_distance("", "abc")
        (3, 3)
    """
    codes: dict[Hashable, int] = {}
    one, other = (np.array([codes.setdefault(t, len(codes)) for t in row], dtype=np.int64) for row in (first, second))
    while len(one) and len(other) and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while len(one) and len(other) and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    places = np.arange(len(other) + 1)
    row = places.copy()
    for k, token in enumerate(one, start=1):
        best = np.concatenate([[k], np.minimum(row[1:] + 1, row[:-1] + (other != token))])
        row = np.minimum.accumulate(best - places) + places  # taking out, one after the other
    return int(row[-1])
