"""Where an alignment holds: groups of pairs, told apart by the program's values, in which interchanges succeed or fail.

An accuracy of 0.7 may be 1 on some inputs and 0 on others; then the alignment is right about the first ("bucketing",
2605.02234).  The groups are found on one half of the pairs and measured on the other, so that their intervals hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp._plain import check_seed, plain
from causalpp.abstraction.interchange import Interchange, Share
from causalpp.errors import InvalidParameter, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Group", "Where", "where"]

_MOST = 40  # different values of a column from which on it is cut at quantiles only


@dataclass(frozen=True)
class Group:
    """Pairs that have something in common, and how often their interchange succeeds.

    Attributes:
        conditions: what they have in common, such as ``("base c = 1", "source s ≤ 3")``.
        share: of the pairs that were held out.
    """

    conditions: tuple[str, ...]
    share: Share

    def __str__(self) -> str:
        return " and ".join(self.conditions) or "all pairs"

    def to_dict(self) -> dict[str, Any]:
        """Both as plain values."""
        return {"conditions": list(self.conditions), "share": self.share.to_dict()}


@dataclass(frozen=True, repr=False)
class Where:
    """A map of where an alignment holds; made by :func:`where`.

    Attributes:
        groups: the groups, the best first.
        whole: the share of all pairs that were held out.
    """

    groups: tuple[Group, ...]
    whole: Share

    def __repr__(self) -> str:
        width = max(len(str(group)) for group in self.groups)
        lines = [f"{group!s:<{width}}  {group.share!r}" for group in self.groups]
        return "\n".join([f"Where({len(self.groups)} groups of pairs; all: {self.whole!r})", *lines])

    @property
    def frame(self) -> pd.DataFrame:
        """One row a group: its conditions, share, interval and size."""
        import pandas as pd

        rows = [(str(g), float(g.share), *g.share.interval, g.share.total) for g in self.groups]
        return pd.DataFrame(rows, columns=["group", "share", "low", "high", "pairs"])

    def to_json(self) -> str:
        """The groups as JSON text."""
        found = {"groups": [group.to_dict() for group in self.groups], "whole": self.whole.to_dict()}
        return json.dumps(plain(found, finite=True), ensure_ascii=False)

    def plot(self) -> Figure:
        """The shares of the groups with their intervals."""
        from causalpp.abstraction.drawing import where_figure

        return where_figure(self)


def where(
    result: Interchange, *, depth: int = 2, least: int = 30, by: Sequence[str] | None = None, seed: int = 0
) -> Where:
    """A map of where an alignment holds: a shallow tree over the program's values in base and sources.

    Only label-changing pairs take part.  Half of them, drawn at random, choose the splits (the one that lowers the
    variance of success most, as in regression trees: Breiman et al. 1984), the other half measures the groups.

    Args:
        result: of :meth:`Alignment.accuracy`.
        depth: how many conditions a group may have.
        least: how many pairs a group has at least, in the half that finds them.
        by: which values may be used, such as ``["base c", "source s"]``; all if left out: of the base the inputs and
            the variables, of every source the same.
        seed: of the halves.

    Raises:
        UnknownName: ``by`` names no value that there is.
        InvalidParameter: fewer than twice ``least`` label-changing pairs, or a depth below 1.

    Example:
        >>> import numpy as np, pandas as pd
        >>> from causalpp.abstraction import Interchange, Pairs, Share
        >>> rows = pd.DataFrame({"c": np.arange(400) % 2})
        >>> zero = np.zeros(400, dtype=int)
        >>> values = {"s": np.stack([zero, zero + 1], axis=1)}
        >>> given = Pairs(("s",), "y", (0, 1), rows, {"s": rows}, zero, zero + 1, values, {"s": zero})
        >>> Interchange(given, np.asarray(rows["c"] == 1), Share(400, 400)).where(by=["base c"])
        Where(2 groups of pairs; all: 51.0 % of 200 (43.9–58.1))
        base c = 1  100.0 % of 102 (96.4–100.0)
        base c = 0  0.0 % of 98 (0.0–3.7)
    """
    check_seed(seed)
    for what, number in (("depth", depth), ("least", least)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise InvalidParameter(f"{what}= is a whole number from 1 on, got {number!r}")
    rows = np.flatnonzero(result.pairs.changes)
    if len(rows) < 2 * least:
        raise InvalidParameter(
            f"{len(rows):,} pairs change the label, too few to find groups of {least}: draw more, or lower least="
        )
    columns = _columns(result)
    for name in by or ():
        if name not in columns:
            raise UnknownName("value", name, columns)
    if by is not None:
        columns = {name: columns[name] for name in by}
    order = np.random.default_rng([seed, 6]).permutation(rows)
    finding, measuring = order[: len(order) // 2], order[len(order) // 2 :]
    leaves = _split(result.hits, columns, finding, measuring, depth, least)
    groups = [Group(conditions, Share.of(result.hits[held])) for conditions, held in leaves]
    groups = [group for group in groups if group.share.total]
    best = sorted(groups, key=lambda group: -float(group.share))
    return Where(tuple(best), Share.of(result.hits[measuring]))


def _columns(result: Interchange) -> dict[str, NDArray[Any]]:
    """What a condition may be about, by name; numbers as numbers, everything else as objects."""
    given = result.pairs
    found: dict[str, NDArray[Any]] = {}
    one = len(given.variables) == 1
    for name in given.variables:
        kind = "source" if one else f"source of {name}:"
        levels = given.levels.get(name)
        for side, values in zip((f"base {name}", f"{kind} {name}"), given.values[name].T, strict=True):
            found[side] = values if levels is None else _plain([levels[int(number)] for number in values])
        found |= {f"{kind} {column}": _plain(values.tolist()) for column, values in given.sources[name].items()}
    found |= {f"base {column}": _plain(values.tolist()) for column, values in given.base.items()}
    states = np.array(given.states, dtype=object)
    found[f"base {given.outcome}"], found[f"changed {given.outcome}"] = states[given.before], states[given.after]
    return found


def _plain(listed: list[Any]) -> NDArray[Any]:
    numbers = all(isinstance(value, (int, float)) for value in listed)
    return np.array(listed, dtype=None if numbers else object)


def _split(
    hits: NDArray[np.bool_],
    columns: dict[str, NDArray[Any]],
    finding: NDArray[np.int64],
    measuring: NDArray[np.int64],
    depth: int,
    least: int,
) -> list[tuple[tuple[str, ...], NDArray[np.int64]]]:
    """The leaves: their conditions, and the held-out pairs that fulfil them."""
    best: tuple[float, str, str, NDArray[np.bool_]] | None = None
    right = hits[finding].astype(float)
    spread = float(((right - right.mean()) ** 2).sum())
    if depth and spread > 0:
        for yes, no, mask in _questions(columns, finding):
            inside = mask[finding]
            if min(int(inside.sum()), int((~inside).sum())) < least:
                continue
            a, b = right[inside], right[~inside]
            left = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
            if left < spread * (1 - 1e-9) and (best is None or left < best[0] - 1e-9):
                best = (left, yes, no, mask)
    if best is None:
        return [((), measuring)]
    _, yes, no, mask = best
    out = []
    for said, inside in ((yes, mask), (no, ~mask)):
        below = _split(hits, columns, finding[inside[finding]], measuring[inside[measuring]], depth - 1, least)
        out += [((said, *conditions), held) for conditions, held in below]
    return out


def _questions(
    columns: dict[str, NDArray[Any]], rows: NDArray[np.int64]
) -> Sequence[tuple[str, str, NDArray[np.bool_]]]:
    """Conditions by which pairs may be told apart, their opposites, and who fulfils them."""
    out: list[tuple[str, str, NDArray[np.bool_]]] = []
    for name, values in columns.items():
        known = list(dict.fromkeys(values[rows].tolist()))
        if len(known) < 2 or (len(known) > _MOST and values.dtype == object):
            continue
        if values.dtype == object or len(known) == 2:
            for value in known if len(known) > 2 else known[:1]:
                other = f"{name} ≠ {value}" if len(known) > 2 else f"{name} = {known[1]}"
                out.append((f"{name} = {value}", other, np.asarray(values == value)))
            continue
        ordered = np.unique(values[rows])
        cuts = ordered[:-1] if len(ordered) <= _MOST else np.unique(np.quantile(values[rows], np.linspace(0.1, 0.9, 9)))
        out += [(f"{name} ≤ {cut:g}", f"{name} > {cut:g}", np.asarray(values <= cut)) for cut in cuts]
    return out
