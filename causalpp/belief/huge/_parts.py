"""The components of a class one by one: their members, and what one learns of the oracle from the others."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.belief.channels.base import Channel
from causalpp.belief.channels.mixture import Mixture
from causalpp.belief.huge._batches import Frame, LocalBatch, PackedBatch, Shared
from causalpp.belief.huge._reversals import Walkers
from causalpp.equivalence import MarkovEquivalenceClass, Mpdag
from causalpp.equivalence.chordal import orientations_by_edge
from causalpp.errors import TooLarge
from causalpp.graphs import DagBatch

__all__ = ["Told", "is_plain", "members_by_component"]

_CELLS = 1 << 29  # bytes that all components' members may take
_WRITTEN = 1 << 26  # cells of one component's members from which on they are kept as sets, an eighth of the memory each
_BLOCK = 1 << 25  # cells that are written out on the way there


def is_plain(channel: Channel) -> bool:
    """Whether a channel is a mixture that sees of the answers what every mixture sees."""
    return isinstance(channel, Mixture) and all(
        getattr(type(channel), name) is getattr(Mixture, name)
        for name in ("init", "step", "log_likelihood", "predictive")
    )


class Told(Mixture):
    """A mixture whose worlds are weighted by what answers about other parts of the graph say."""

    def __init__(self, channel: Mixture, weights: NDArray[np.float64]) -> None:
        self.channel, self.weights = channel, weights

    @cached_property
    def grid(self) -> NDArray[np.float64]:
        return np.column_stack([self.channel.grid[:, :3], self.weights])

    @cached_property
    def kinds(self) -> NDArray[np.int64]:
        return self.channel.kinds


def members_by_component(mec: MarkovEquivalenceClass, limit: int) -> list[DagBatch]:
    """For each component, the members that differ from one of the class in this component only."""
    graph = mec.cpdag
    parts: list[tuple[list[int], MarkovEquivalenceClass]] = []
    for rows in graph.chain_components:
        inner = Mpdag.trusted(tuple(graph.nodes[row] for row in rows), graph.matrix[np.ix_(rows, rows)])
        parts.append((list(rows), MarkovEquivalenceClass(inner)))
    largest = max((part.size for _, part in parts), default=1)
    shared = Shared.of(mec) if largest <= limit else None
    cells = [part.size * (len(graph.nodes) if shared is None else len(inside)) ** 2 for inside, part in parts]
    packed = [shared is not None and each > _WRITTEN for each in cells]
    taken = sum(each // 4 if few else each for each, few in zip(cells, packed, strict=True))  # parents, and all below
    if largest > limit or taken > _CELLS:
        raise TooLarge(
            f"the largest chain component has {largest:,} members, too many to list (limit {limit:,}, and all "
            "components together must fit into memory): use a ParticleBelief"
        )
    if shared is not None and parts:
        return [
            _as_sets(shared, inside, part) if few
            else LocalBatch(Frame(shared, torch.tensor(inside)), part.batch(limit).adjacency)
            for (inside, part), few in zip(parts, packed, strict=True)
        ]  # fmt: skip
    one = torch.as_tensor(mec.sample(1).adjacency)
    out = []
    for inside, part in parts:
        local, place = part.batch(limit).adjacency, torch.tensor(inside)
        stack = one.repeat(len(local), 1, 1)
        stack[:, place[:, None], place] = local
        out.append(DagBatch.trusted(graph.nodes, stack))
    return out or [DagBatch.trusted(graph.nodes, one)]


def _as_sets(shared: Shared, inside: list[int], part: MarkovEquivalenceClass) -> PackedBatch:
    """The members of a large component, never all written out."""
    matrix = part.cpdag.matrix
    tails, heads, found = orientations_by_edge(matrix | matrix.T, matrix & ~matrix.T)
    parts = []
    step = max(1, _BLOCK // len(inside) ** 2)
    for start in range(0, len(found), step):
        some = found[start : start + step]
        local = np.zeros((len(some), *matrix.shape), dtype=bool)
        local[:, tails, heads] = some
        parts.append(Walkers.standing(torch.from_numpy(local)))
    return PackedBatch(Frame(shared, torch.tensor(inside)), Walkers.joined(parts))
