"""The components of a class one by one: their members, and what one learns of the oracle from the others."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp.belief._batches import LocalBatch, Shared
from causalpp.belief.channels import Channel
from causalpp.belief.mixture import Mixture
from causalpp.equivalence import MarkovEquivalenceClass, Mpdag
from causalpp.errors import TooLarge
from causalpp.graphs import DagBatch

__all__ = ["Told", "is_plain", "members_by_component"]

_CELLS = 1 << 29  # of the adjacency of all components' members


def is_plain(channel: Channel) -> bool:
    """Whether a channel is a mixture that sees of the answers what every mixture sees."""
    return isinstance(channel, Mixture) and all(
        getattr(type(channel), name) is getattr(Mixture, name)
        for name in ("gather", "extend", "evidence", "forecast", "forecast_all")
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
    names = np.array(graph.nodes, dtype=object)
    parts: list[tuple[list[int], MarkovEquivalenceClass]] = []
    for rows in graph.chain_components:
        inner = graph.matrix[np.ix_(rows, rows)]
        pairs = [
            [(names[rows[i]], names[rows[j]]) for i, j in np.argwhere(which)]
            for which in (inner & ~inner.T, np.triu(inner & inner.T))
        ]
        parts.append((list(rows), MarkovEquivalenceClass(Mpdag(names[list(rows)], pairs[0], pairs[1]))))
    largest = max((part.size for _, part in parts), default=1)
    shared = Shared.of(mec) if largest <= limit else None
    cells = sum(part.size * (len(names) if shared is None else len(inside)) ** 2 for inside, part in parts)
    if largest > limit or cells > _CELLS:
        raise TooLarge(
            f"the largest chain component has {largest:,} members, too many to list (limit {limit:,}, and all "
            "components together must fit into memory): use a ParticleBelief"
        )
    if shared is not None and parts:
        return [LocalBatch(shared, torch.tensor(inside), part.batch(limit).adjacency) for inside, part in parts]
    one = torch.as_tensor(mec.sample(1).adjacency)
    out = []
    for inside, part in parts:
        local, place = part.batch(limit).adjacency, torch.tensor(inside)
        stack = one.repeat(len(local), 1, 1)
        stack[:, place[:, None], place] = local
        out.append(DagBatch._trusted(graph.nodes, stack))
    return out or [DagBatch._trusted(graph.nodes, one)]
