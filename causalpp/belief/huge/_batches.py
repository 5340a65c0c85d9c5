"""Members of one class as batches that are not written out: what they share is kept once.

Only the edges within chain components differ from member to member.  In an even class (see
:func:`causalpp.equivalence.even`) a directed path from a to b then depends on the component of a alone: it leads
through some of it, and leaves it by an edge that all members have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.huge._reversals import Walkers, one_bit_each, unpacked
from causalpp.equivalence import MarkovEquivalenceClass, even, exits
from causalpp.graphs import Dag, DagBatch, reachability

__all__ = ["Frame", "LocalBatch", "PackedBatch", "Shared", "Unwritten"]

_BLOCK = 1 << 26  # cells of graphs that are written out at a time


@dataclass(frozen=True, eq=False)
class Shared:
    """What the members of an even class have in common.

    Attributes:
        nodes: the d variables.
        adjacency: of one of the members, ``(d, d)``.
        reach: its paths.
        exits: see :func:`causalpp.equivalence.exits`.
        home: the number of each variable's component, −1 for those in none, ``(d,)``.
    """

    nodes: tuple[str, ...]
    adjacency: Tensor
    reach: Tensor
    exits: Tensor
    home: Tensor

    @classmethod
    def of(cls, mec: MarkovEquivalenceClass) -> Shared | None:
        """None where the class is not even."""
        if not even(mec.cpdag):
            return None
        one = DagBatch.from_dags(MarkovEquivalenceClass(mec.cpdag).members(1), nodes=mec.nodes)
        home = torch.full((len(mec.nodes),), -1)
        for number, rows in enumerate(mec.cpdag.chain_components):
            home[list(rows)] = number
        reach = one.reach[0]
        return cls(mec.nodes, one.adjacency[0], reach, torch.from_numpy(exits(mec.cpdag, reach.numpy())), home)

    @classmethod
    def nothing(cls, nodes: tuple[str, ...]) -> Shared:
        """Of graphs that may have nothing in common: all variables in one component."""
        none = torch.zeros((len(nodes), len(nodes)), dtype=torch.bool)
        return cls(nodes, none, none, none, torch.zeros(len(nodes), dtype=torch.int64))


class Frame:
    """Where walkers stand that walk through the components of a class only.

    Attributes:
        shared: what all members have in common.
        rows: the variables that the walkers have, ``(k,)``.
        place: variable → its number among these.
        bits: each of these variables as a set; see :class:`Walkers`.
    """

    def __init__(self, shared: Shared, rows: Tensor) -> None:
        self.shared, self.rows = shared, rows
        self.place = {int(row): number for number, row in enumerate(rows)}
        self.bits = one_bit_each(len(rows), rows.device)
        self.index = {name: i for i, name in enumerate(shared.nodes)}
        self.home: list[int] = shared.home.tolist()
        self._ways: dict[tuple[int, int], Tensor] = {}

    def inside(self, a: int, b: int) -> bool:
        """Whether two variables are in one component, so that the walkers know of the edge and the paths."""
        return a in self.place and self.home[a] == self.home[b]

    def way_out(self, a: int, b: int) -> Tensor:
        """The variables of the component of a that lead out of it and on to b, as a set, ``(W,)``."""
        key = self.home[a], b
        if key not in self._ways:
            found = self.shared.exits[self.rows, b] & (self.shared.home[self.rows] == key[0])
            self._ways[key] = (self.bits * found[:, None]).sum(0).to(self.bits.dtype)
        return self._ways[key]


class Unwritten(DagBatch):
    """A batch whose tensors are made when something asks for them."""

    def _described(self, nodes: tuple[str, ...], count: int) -> None:
        self._keep(nodes=nodes, latent=frozenset(), _count=count)

    def _keep(self, **values: Any) -> None:
        """Attributes, set once."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _like(self, adjacency: Tensor) -> DagBatch:
        return DagBatch.trusted(self.nodes, adjacency)

    def __len__(self) -> int:
        return int(self.__dict__["_count"])

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def common(self) -> Shared:
        """What the graphs have in common."""
        raise NotImplementedError

    def inner(self, numbers: Tensor) -> Tensor:
        """The edges of some graphs within the components in which they differ, ``(n, k, k)``."""
        raise NotImplementedError

    def _rows(self, numbers: Tensor) -> Tensor:
        """The adjacency of some graphs, ``(n, d, d)``."""
        raise NotImplementedError

    @cached_property
    def adjacency(self) -> Tensor:
        return self._rows(torch.arange(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if "adjacency" not in self.__dict__ and isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return Dag.from_adjacency(self._rows(torch.tensor([int(key)]))[0].numpy(), self.nodes)
        return super().__getitem__(key)


class LocalBatch(Unwritten):
    """Members of an even class that differ in some of its components only.

    Args:
        shared: what they have in common.
        rows: the variables of these components, ``(k,)``.
        local: the edges within the components, ``(N, k, k)``; none between different ones.
    """

    shared: Shared
    rows: Tensor
    local: Tensor
    place: dict[int, int]

    def __init__(self, shared: Shared, rows: Tensor, local: Tensor) -> None:
        self._described(shared.nodes, len(local))
        self._keep(shared=shared, rows=rows, local=local, place={int(row): n for n, row in enumerate(rows)})

    @cached_property
    def _within(self) -> Tensor:
        """``(N, k, k)``: the paths within the components."""
        return reachability.closure(self.local)

    @property
    def common(self) -> Shared:
        return self.shared

    def inner(self, numbers: Tensor) -> Tensor:
        return self.local[numbers]

    def _inside(self, a: int, b: int) -> bool:
        home = self.shared.home
        return a in self.place and int(home[a]) == int(home[b])

    def edge(self, a: str, b: str) -> Tensor:
        i, j = self.position(a), self.position(b)
        place, shared = self.place, self.shared
        if self._inside(i, j):
            return self.local[:, place[i], place[j]]
        return shared.adjacency[i, j].expand(len(self))

    def path(self, a: str, b: str) -> Tensor:
        i, j = self.position(a), self.position(b)
        place, shared, rows = self.place, self.shared, self.rows
        if self._inside(i, j):
            return self._within[:, place[i], place[j]]
        if i not in place:
            return shared.reach[i, j].expand(len(self))
        out = shared.exits[rows, j]
        if bool(out[place[i]]):
            return torch.ones(len(self), dtype=torch.bool)
        return (self._within[:, place[i]] & out).any(1)

    def edge_shares(self, weights: Tensor) -> Tensor:
        shared, rows, local = self.shared, self.rows, self.local
        out = shared.adjacency.to(weights.dtype).clone()
        inner = DagBatch.trusted(tuple(shared.nodes[row] for row in rows.tolist()), local).edge_shares(weights)
        same = shared.home[rows, None] == shared.home[None, rows]
        out[rows[:, None], rows] = torch.where(same, inner, out[rows[:, None], rows])
        return out

    def _rows(self, numbers: Tensor) -> Tensor:
        shared, rows, local = self.shared, self.rows, self.local
        out = shared.adjacency.repeat(len(numbers), 1, 1)
        same = shared.home[rows, None] == shared.home[None, rows]
        out[:, rows[:, None], rows] = torch.where(same, local[numbers], out[:, rows[:, None], rows])
        return out


class PackedBatch(Unwritten):
    """Members of a class as walkers; single edges and paths are read off their sets.

    Args:
        frame: where they stand.
        walkers: N of them.
    """

    frame: Frame
    walkers: Walkers

    def __init__(self, frame: Frame, walkers: Walkers) -> None:
        self._described(frame.shared.nodes, len(walkers))
        self._keep(frame=frame, walkers=walkers)

    @property
    def common(self) -> Shared:
        return self.frame.shared

    def inner(self, numbers: Tensor) -> Tensor:
        return unpacked(self.walkers.parents[numbers], self.walkers.bits).mT

    @cached_property
    def reach(self) -> Tensor:
        frame, walkers = self.frame, self.walkers
        if len(frame.rows) < len(self.nodes):
            return reachability.closure(self.adjacency)
        return unpacked(walkers.below, walkers.bits)

    def edge(self, a: str, b: str) -> Tensor:
        frame, walkers = self.frame, self.walkers
        i, j = self.position(a), self.position(b)
        if frame.inside(i, j):
            return _has(walkers.parents[:, frame.place[j]], frame.bits[frame.place[i]])
        return frame.shared.adjacency[i, j].expand(len(self))

    def path(self, a: str, b: str) -> Tensor:
        frame, walkers = self.frame, self.walkers
        i, j = self.position(a), self.position(b)
        if i not in frame.place:
            return frame.shared.reach[i, j].expand(len(self))
        below = walkers.below[:, frame.place[i]]
        if frame.inside(i, j):
            return _has(below, frame.bits[frame.place[j]])
        return _has(below | frame.bits[frame.place[i]], frame.way_out(i, j))

    def edge_shares(self, weights: Tensor) -> Tensor:
        frame, walkers = self.frame, self.walkers
        shared, rows = frame.shared, frame.rows
        inner = torch.zeros((len(rows), len(rows)), dtype=weights.dtype)
        step = max(1, _BLOCK // max(1, 8 * len(rows) ** 2))
        for start in range(0, len(self), step):
            some = slice(start, start + step)
            cells = unpacked(walkers.parents[some], walkers.bits).flatten(1)
            inner += (weights[some] @ cells.to(weights.dtype)).view(inner.shape).T
        out = shared.adjacency.to(weights.dtype).clone()
        same = shared.home[rows, None] == shared.home[None, rows]
        out[rows[:, None], rows] = torch.where(same, inner.clamp(max=1), out[rows[:, None], rows])
        return out

    def _rows(self, numbers: Tensor) -> Tensor:
        frame = self.frame
        shared, rows = frame.shared, frame.rows
        local = self.inner(numbers)
        if len(rows) == len(self.nodes):
            return local.contiguous()
        out = shared.adjacency.repeat(len(numbers), 1, 1)
        same = shared.home[rows, None] == shared.home[None, rows]
        out[:, rows[:, None], rows] = torch.where(same, local, out[:, rows[:, None], rows])
        return out


def _has(sets: Tensor, mask: Tensor) -> Tensor:
    """Which of the sets ``(N, W)`` have a member in common with another, ``(W,)``."""
    word = mask.nonzero().flatten()
    if len(word) == 1:
        return (sets[:, word[0]] & mask[word[0]]) != 0
    return ((sets & mask) != 0).any(1)
