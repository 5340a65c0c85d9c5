"""What prompts begin with, read once: which beginnings are worth it, and the keys and values a model keeps of them.

Prompts about one network begin with the same instructions and the same list of variables, and end in a short question.
A model whose layers keep a key and a value for every token that was read, and nothing else, can go on from there:
the numbers are those of reading the whole prompt, up to rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from causalpp.language.backends._labels import Tokens

__all__ = ["Beginnings", "croppable", "divided", "keeps_all", "part"]

#: So many tokens more are worth a reading of their own, and so many worth keeping for prompts to come.
SHORTEST, KEPT = 16, 64
_ROOM = 1 << 30  # bytes for what is kept


def divided(rows: Iterable[Tokens], known: Iterable[Tokens] = ()) -> dict[Tokens, list[Tokens]]:
    """Rows of tokens by the beginning from which each is read on; at least one token is left of each.

    Args:
        rows: what is to be read.
        known: what was read before, any beginning of which is there for free.

    Example:
        >>> head, first, second = (0,) * 20, (1,) * 30, (2,) * 30
        >>> rows = [head + first + (7,), head + first + (8,), head + second + (9,)]
        >>> sorted((len(beginning), len(group)) for beginning, group in divided(rows).items())
        [(20, 1), (50, 2)]
    """
    out: dict[Tokens, list[Tokens]] = {}
    ordered = sorted([(row, True) for row in rows] + [(row, False) for row in set(known)])
    groups: list[tuple[Sequence[tuple[Tokens, bool]], Tokens]] = [(ordered, ())]
    while groups:
        group, beginning = groups.pop()
        asked = [row for row, wanted in group if wanted]
        if not asked:
            continue
        # in sorted rows, what the first and the last share is shared by all
        shared = _shared(group[0][0], group[-1][0])
        length = min(shared, min(map(len, asked)) - 1)
        readers = len(asked) + (len(asked) < len(group))
        if readers > 1 and length - len(beginning) >= SHORTEST:
            beginning = asked[0][:length]
        for row in asked:
            if len(row) == length + 1 or len(group) == 1:
                out.setdefault(beginning, []).append(row)
        left = [entry for entry in group if len(entry[0]) > length + entry[1]] if len(group) > 1 else []
        while left:
            token = left[0][0][length]
            size = next((n for n, (row, _) in enumerate(left) if row[length] != token), len(left))
            groups.append((left[:size], beginning))
            left = left[size:]
    return out


def _shared(one: Tokens, other: Tokens) -> int:
    """How many tokens two rows begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))


def croppable(cache: Any) -> bool:
    """Whether what was read last can be taken back from a cache: not so from a window that slides, or a state."""
    return hasattr(cache, "crop") and all(
        hasattr(layer, "keys")
        and hasattr(layer, "crop")
        and getattr(layer, "is_croppable", True)
        and not getattr(layer, "is_sliding", False)
        for layer in getattr(cache, "layers", [None])
    )


def keeps_all(cache: Any) -> bool:
    """Whether a cache is a key and a value of every token in every layer: no window that slides, and no state."""
    layers = getattr(cache, "layers", None) or [None]
    return all(type(layer).__name__ == "DynamicLayer" and layer.keys.dim() == 4 for layer in layers)


def part(cache: Any, rows: Any, places: Any) -> Any:
    """A cache of some rows and some places of another; its tensors have the shape ``(rows, heads, places, width)``."""
    out = copy.copy(cache)
    out.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in out.layers:
        layer.keys, layer.values = layer.keys[rows][:, :, places], layer.values[rows][:, :, places]
    return out


class Beginnings:
    """Beginnings that a model has read, the last used ones within a gigabyte.

    Args:
        read: reads a row of tokens, on from the cache of what stands before it if there is one, and gives the cache
            of both.
    """

    def __init__(self, read: Callable[[Tokens, Tokens, Any], Any]) -> None:
        self._read = read
        self._kept: dict[Tokens, Any] = {}
        self._state: Any = None

    def groups(self, rows: Iterable[Tokens], model: Any) -> Iterator[tuple[Tokens, list[Tokens]]]:
        """Beginnings, each with the rows that go on from it; the empty one for those that share none."""
        if (state := _state(model)) != self._state:  # it has been trained in the meantime
            self.forget()
            self._state = state
        yield from divided(rows, self._kept).items()

    def cache(self, beginning: Tokens, rows: int) -> Any:
        """The cache of a beginning, for some rows that go on from it."""
        if beginning not in self._kept:
            nearest = max(self._kept, key=lambda known: _shared(known, beginning), default=())
            there = _shared(nearest, beginning)
            before = part(self._kept[nearest], slice(None), slice(there)) if there else None
            known = len(beginning) == there
            self.keep(beginning, before if known else self._read(beginning[:there], beginning[there:], before))
        found = self._kept[beginning] = self._kept.pop(beginning)  # the last used one
        return part(found, torch.zeros(rows, dtype=torch.long), slice(None))

    def keep(self, row: Tokens, cache: Any) -> None:
        """Keep the cache of a row, and let go of those that were not used for longest."""
        self._kept[row] = cache
        size = sum(2 * layer.keys.nbytes for layer in cache.layers) / len(row)
        room = _ROOM - size * sum(map(len, self._kept))
        for known in list(self._kept)[:-1]:
            if room >= 0:
                break
            room += size * len(known)
            del self._kept[known]

    def keep_rows(self, beginning: Tokens, batch: Sequence[Tokens], mask: Tensor, cache: Any) -> None:
        """Keep of rows that were read together those that had much of their own: prompts to come may share it.

        Args:
            beginning: what they had in common, and was read before.
            batch: the rows.
            mask: which places of the cache are theirs and not padding, shape ``(rows, places)``.
            cache: of all of them.
        """
        for n, row in enumerate(batch):
            if len(row) - len(beginning) >= KEPT and row not in self._kept:
                self.keep(row, part(cache, slice(n, n + 1), mask[n].nonzero()[:, 0]))

    def forget(self) -> None:
        """Let go of everything."""
        self._kept.clear()


def _state(model: Any) -> tuple[int, bytes]:
    """Something that changes when weights do: how often they were written to, and a few of them from every place."""
    weights = [value.detach() for value in model.parameters()]
    some = [value.reshape(-1)[:: max(1, value.numel() // 8)][:8].to("cpu", torch.float32) for value in weights]
    written = sum(value._version for value in model.parameters() if not value.is_inference())
    return written, torch.cat(some).numpy().tobytes()
