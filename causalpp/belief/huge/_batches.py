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
    """Members of an even class whose tensors are made when something asks for them.

    Attributes:
        frame: where they differ.
    """

    frame: Frame

    def _keep(self, frame: Frame, count: int, **values: Any) -> None:
        """Attributes, set once."""
        values |= {"nodes": frame.shared.nodes, "latent": frozenset(), "frame": frame, "_count": count}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _like(self, adjacency: Tensor) -> DagBatch:
        return DagBatch.trusted(self.nodes, adjacency)

    def __len__(self) -> int:
        return int(self.__dict__["_count"])

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    # --- what the kinds differ in: the edges and paths within the components ------------------------------------

    def inner(self, numbers: Tensor) -> Tensor:
        """The edges of some graphs within the components in which they differ, ``(n, k, k)``."""
        raise NotImplementedError

    def _inner_shares(self, weights: Tensor) -> Tensor:
        """What the graphs weigh that have each of these edges, ``(k, k)``."""
        raise NotImplementedError

    def _inner_edge(self, i: int, j: int) -> Tensor:
        """Which graphs have one of these edges, ``(N,)``."""
        raise NotImplementedError

    def _inner_path(self, i: int, j: int) -> Tensor:
        """Which graphs have a path between two variables of a component, ``(N,)``."""
        raise NotImplementedError

    def _path_out(self, a: int, b: int) -> Tensor:
        """Which graphs have a path from a variable of a component to one outside, ``(N,)``."""
        raise NotImplementedError

    # --- what they have in common -------------------------------------------------------------------------------

    def edge(self, a: str, b: str) -> Tensor:
        i, j = self.position(a), self.position(b)
        frame = self.frame
        if frame.inside(i, j):
            return self._inner_edge(frame.place[i], frame.place[j])
        return frame.shared.adjacency[i, j].expand(len(self))

    def path(self, a: str, b: str) -> Tensor:
        i, j = self.position(a), self.position(b)
        frame = self.frame
        if i not in frame.place:
            return frame.shared.reach[i, j].expand(len(self))
        return self._inner_path(frame.place[i], frame.place[j]) if frame.inside(i, j) else self._path_out(i, j)

    def edge_shares(self, weights: Tensor) -> Tensor:
        return self._placed(self.frame.shared.adjacency.to(weights.dtype).clone(), self._inner_shares(weights))

    def _placed(self, out: Tensor, inner: Tensor) -> Tensor:
        """Edges within components, ``(…, k, k)``, put where they belong, ``(…, d, d)``."""
        rows, home = self.frame.rows, self.frame.shared.home
        same = home[rows, None] == home[None, rows]
        out[..., rows[:, None], rows] = torch.where(same, inner, out[..., rows[:, None], rows])
        return out

    def _rows(self, numbers: Tensor) -> Tensor:
        """The adjacency of some graphs, ``(n, d, d)``."""
        return self._placed(self.frame.shared.adjacency.repeat(len(numbers), 1, 1), self.inner(numbers))

    @cached_property
    def adjacency(self) -> Tensor:
        return self._rows(torch.arange(len(self)))

    def __getitem__(self, key: Any) -> Any:
        if "adjacency" not in self.__dict__ and isinstance(key, (int, np.integer)) and 0 <= key < len(self):
            return Dag.from_adjacency(self._rows(torch.tensor([int(key)]))[0].numpy(), self.nodes)
        return super().__getitem__(key)


class LocalBatch(Unwritten):
    """Members by the edges within some components, ``(N, k, k)``; none between different ones."""

    local: Tensor

    def __init__(self, frame: Frame, local: Tensor) -> None:
        self._keep(frame, len(local), local=local)

    @cached_property
    def _within(self) -> Tensor:
        """``(N, k, k)``: the paths within the components."""
        return reachability.closure(self.local)

    def inner(self, numbers: Tensor) -> Tensor:
        return self.local[numbers]

    def _inner_shares(self, weights: Tensor) -> Tensor:
        return DagBatch.trusted(tuple(map(str, range(self.local.shape[1]))), self.local).edge_shares(weights)

    def _inner_edge(self, i: int, j: int) -> Tensor:
        return self.local[:, i, j]

    def _inner_path(self, i: int, j: int) -> Tensor:
        return self._within[:, i, j]

    def _path_out(self, a: int, b: int) -> Tensor:
        out, i = self.frame.shared.exits[self.frame.rows, b], self.frame.place[a]
        return torch.ones(len(self), dtype=torch.bool) if bool(out[i]) else (self._within[:, i] & out).any(1)


class PackedBatch(Unwritten):
    """Members as walkers; single edges and paths are read off their sets."""

    walkers: Walkers

    def __init__(self, frame: Frame, walkers: Walkers) -> None:
        self._keep(frame, len(walkers), walkers=walkers)

    @cached_property
    def reach(self) -> Tensor:
        if len(self.frame.rows) < len(self.nodes):
            return reachability.closure(self.adjacency)
        return unpacked(self.walkers.below, self.walkers.bits)

    def inner(self, numbers: Tensor) -> Tensor:
        return unpacked(self.walkers.parents[numbers], self.walkers.bits).mT

    def _rows(self, numbers: Tensor) -> Tensor:
        if len(self.frame.rows) < len(self.nodes):
            return super()._rows(numbers)
        return self.inner(numbers).contiguous()  # walkers through all variables have all edges

    def _inner_shares(self, weights: Tensor) -> Tensor:
        walkers, k = self.walkers, len(self.frame.rows)
        out = torch.zeros((k, k), dtype=weights.dtype)
        step = max(1, _BLOCK // max(1, 8 * k**2))
        for start in range(0, len(self), step):
            some = slice(start, start + step)
            cells = unpacked(walkers.parents[some], walkers.bits).flatten(1)
            out += (weights[some] @ cells.to(weights.dtype)).view(k, k).T
        return out.clamp(max=1)

    def _inner_edge(self, i: int, j: int) -> Tensor:
        return _has(self.walkers.parents[:, j], self.frame.bits[i])

    def _inner_path(self, i: int, j: int) -> Tensor:
        return _has(self.walkers.below[:, i], self.frame.bits[j])

    def _path_out(self, a: int, b: int) -> Tensor:
        i = self.frame.place[a]
        return _has(self.walkers.below[:, i] | self.frame.bits[i], self.frame.way_out(a, b))


def _has(sets: Tensor, mask: Tensor) -> Tensor:
    """Which of the sets ``(N, W)`` have a member in common with another, ``(W,)``."""
    word = mask.nonzero().flatten()
    if len(word) == 1:
        return (sets[:, word[0]] & mask[word[0]]) != 0
    return ((sets & mask) != 0).any(1)
