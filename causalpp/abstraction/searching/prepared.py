"""Pairs made ready for a search: what the network has at a site in every base and source, read once.

The network does not change in a search, so its activations need not be computed again in every step.  What a search
does is to write other values into the site while the bases run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.hooks import read, written
from causalpp.abstraction.networks import batches, called, check_evaluating, finite, part_of
from causalpp.abstraction.pairs import Pairs
from causalpp.abstraction.sites import Site
from causalpp.errors import InvalidParameter

__all__ = ["Kinds", "Prepared", "balanced", "drawn", "kinds_of", "prepare"]

#: Interchanges of some variables at once, each with pairs of its own.
Kinds = tuple[tuple[str, ...], ...]


def kinds_of(variables: Sequence[str]) -> Kinds:
    """What a search interchanges: each variable alone, and all of them at once.

    Example:
        >>> kinds_of(["s", "t"])
        (('s',), ('t',), ('s', 't'))
    """
    alone = tuple((name,) for name in variables)
    return alone if len(alone) == 1 else (*alone, tuple(variables))


def drawn(alignment: Alignment, kinds: Kinds, n: int, seed: int) -> tuple[Pairs, ...]:
    """About ``n`` pairs in all, as many of each kind.

    Raises:
        InvalidParameter: no interchange of a kind changes the label, so that no search could find anything.
    """
    found = []
    for number, kind in enumerate(kinds):
        some = alignment.pairs(max(1, n // len(kinds)), seed + 7919 * number, variables=kind)
        if not some.changes.any():
            raise InvalidParameter(
                f"no interchange of {', '.join(kind)} changes the label {some.outcome!r} in {len(some):,} pairs, so "
                "there is nothing to find: choose other variables, or inputs= in which they matter"
            )
        found.append(some)
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Pairs of several kinds at one site.

    Attributes:
        alignment: says how the network is called and what its output means.
        site: where.
        variables: in the order of ``change``.
        inputs: the encoded bases.
        base: what the site has in the bases, ``(n, d)``.
        change: what it has in the sources minus that, 0 for variables that are not interchanged, ``(n, v, d)``.
        before, after: numbers of the labels, ``(n,)``.
        kind: numbers of the kinds, ``(n,)``.
    """

    alignment: Alignment
    site: Site
    variables: tuple[str, ...]
    inputs: object
    base: Tensor
    change: Tensor
    before: Tensor
    after: Tensor
    kind: Tensor

    def __len__(self) -> int:
        return len(self.after)

    @property
    def changes(self) -> Tensor:
        """Whether the label changes, shape ``(n,)``."""
        return self.before != self.after

    def scores(self, rows: Tensor, new: Tensor) -> Tensor:
        """The outcome's scores in some bases with new values of the site.

        Args:
            rows: numbers of pairs, ``(b,)``.
            new: the site's values, several for each of them, ``(r, b, d)``.

        Returns:
            Shape ``(r, b, states)``.
        """
        r, b, _ = new.shape
        network = self.alignment.network
        with written(network, {self.site: new.flatten(0, 1)}):
            output = called(network, part_of(self.inputs, rows.repeat(r)))
        return self.alignment.scores(output, r * b).reshape(r, b, -1)


@torch.no_grad()
def prepare(alignment: Alignment, site: Site, variables: Sequence[str], pairs: Sequence[Pairs]) -> Prepared:
    """Read the site in all bases and sources.

    Raises:
        InvalidParameter: values that are not finite; a network in training mode; values of different sizes.
    """
    import pandas as pd

    check_evaluating(alignment.network)
    # One call of encode, so that texts are padded to one length.
    frames = [one.base for one in pairs] + [frame for one in pairs for frame in one.sources.values()]
    encoded = alignment.encode(pd.concat(frames, ignore_index=True))
    ends = list(accumulate(len(frame) for frame in frames))
    n = ends[len(pairs) - 1]
    parts = [
        read(alignment.network, site, part_of(encoded, rows)).float() for rows in batches(ends[-1], alignment.batch)
    ]
    values = finite(torch.cat(parts), f"the values of {site!r}")
    change = values.new_zeros(n, len(variables), values.shape[1])
    start, source = 0, len(pairs)
    for one in pairs:
        rows = slice(start, start + len(one))
        for name in one.sources:
            change[rows, variables.index(name)] = values[ends[source - 1] : ends[source]] - values[rows]
            source += 1
        start += len(one)
    return Prepared(
        alignment,
        site,
        tuple(variables),
        part_of(encoded, slice(0, n)),
        values[:n],
        change,
        _numbers([one.before for one in pairs], values),
        _numbers([one.after for one in pairs], values),
        _numbers([np.full(len(one), number) for number, one in enumerate(pairs)], values),
    )


def _numbers(parts: Sequence[np.ndarray], like: Tensor) -> Tensor:
    return torch.from_numpy(np.concatenate(parts)).long().to(like.device)


def balanced(right: Tensor, prepared: Prepared) -> tuple[Tensor, Tensor]:
    """What searches are compared by, shape ``(r,)``, and the accuracy on label-changing pairs.

    The first is the mean of the accuracies on pairs that change the label and on those that keep it, so that turning
    every answer round is no success.

    Args:
        right: which pairs of these succeed in each of several runs, ``(r, n)``.
        prepared: the pairs.
    """
    changes = prepared.changes
    parts = [right[:, mask].double().mean(1) for mask in (changes, ~changes) if bool(mask.any())]
    return torch.stack(parts).mean(0), parts[0]
