"""Splits by class: no class, and no near miss of one, stands on two sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from causalpp.errors import InvalidParameter
from causalpp.tasks._random import Source
from causalpp.tasks.items.item import Item, SomeItem

__all__ = ["check_shares", "with_splits"]


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse shares that are none.

    Raises:
        InvalidParameter: none, a negative one, or ones that do not add up to one.
    """
    if not isinstance(shares, Mapping) or not shares or any(not name for name in shares) or min(shares.values()) < 0:
        raise InvalidParameter(f"shares maps names of splits to shares from 0 on, got {shares!r}")
    if not abs(sum(shares.values()) - 1) <= 1e-6:  # nor nan
        raise InvalidParameter(f"the shares of the splits add up to {sum(shares.values()):g}, not to 1")


def with_splits(items: Iterable[SomeItem], shares: Mapping[str, float], seed: int = 0) -> list[SomeItem]:
    """The items, each with a split, so that no class is on two sides and the shares come close.

    Groups are put in a random order; each goes where most is missing.  Near misses of two classes keep these together,
    unless so much hung together (there are few classes of few variables) that a split would remain empty: a near
    miss that falls to two sides is then no longer marked as one.

    Args:
        items: of any sizes; the shares hold within each size.
        shares: name → share.
        seed: of the order.

    Raises:
        InvalidParameter: see :func:`check_shares`.
    """
    check_shares(shares)
    some = list(items)
    out = list(some)
    by_size: dict[int, list[int]] = {}
    for k, item in enumerate(some):
        by_size.setdefault(item.size or 0, []).append(k)
    for n, places in sorted(by_size.items()):
        missing = {name: share * len(places) for name, share in shares.items() if share > 0}
        parts = _parts([some[k] for k in places], most=min(missing.values()))
        for k in Source(seed, n, 2).order(len(parts)):
            split = max(missing, key=lambda name: missing[name])
            missing[split] -= len(parts[k])
            for place in parts[k]:
                out[places[place]] = replace(some[places[place]], split=split)
    split_of = {item.id: item.split for item in out}
    return [item if not item.pair or split_of.get(item.pair) == item.split else _unpaired(item) for item in out]


def _parts(items: Sequence[Item], most: float) -> list[list[int]]:
    """Items that stay together, by their places: those of one class, and of paired classes up to a number of items."""
    members: dict[str, list[int]] = {}
    for k, item in enumerate(items):
        members.setdefault(item.group, []).append(k)
    part = {group: group for group in members}  # group → the part it belongs to
    group_of = {item.id: item.group for item in items}
    for item in items:
        first, second = part[item.group], part[group_of.get(item.pair, item.group)]
        if first != second and len(members[first]) + len(members[second]) <= most:
            members[first] += members.pop(second)
            part = {group: first if name == second else name for group, name in part.items()}
    return [members[name] for name in sorted(members)]


def _unpaired(item: SomeItem) -> SomeItem:
    return replace(item, pair="", about={key: value for key, value in item.about.items() if key != "near_miss"})
