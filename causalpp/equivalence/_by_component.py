"""What the members of a class have in common, component by component.

The members direct the chain components independently of each other, so a share of the members is a share of one
component's orientations, and nothing has to be as large as a list of whole graphs.  Where all directions within a
component are free, the orientations with one root are a product over smaller components (see :mod:`._sampling`), and
shares of edges follow from those of the parts; else they are listed, or drawn.  A component without triangles is a
tree, which its root directs: all is counted by the sizes of branches (see :mod:`._trees`), however long it is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from causalpp._bits import bits, masks_of
from causalpp.equivalence._sampling import Bools, Ints, Known, Numbered, count, direct
from causalpp.equivalence._trees import Tree
from causalpp.equivalence.chordal import all_orientations
from causalpp.errors import TooLarge
from causalpp.graphs import reachability
from causalpp.graphs.cpdag import Matrix, Mpdag, close_under_meek

__all__ = ["Part", "even", "exits", "oriented"]

_CELLS = 1 << 26  # of the orientations of a component that are held at a time
_PARTS = 1_000  # smaller components that are looked at for exact shares

Floats = NDArray[np.float64]


class Part:
    """One chain component.

    Args:
        graph: the graph of the class.
        rows: the component's variables.
        listed: the most orientations that are gone through.
        drawn: how many are drawn where there are more.
        seed: of that draw.
    """

    def __init__(self, graph: Mpdag, rows: tuple[int, ...], listed: int, drawn: int, seed: int) -> None:
        self.rows, self.drawn, self.seed = rows, drawn, seed
        self.local: Matrix = graph.matrix[np.ix_(rows, rows)]
        undirected, fixed = self.local | self.local.T, self.local & ~self.local.T
        self.free = not fixed.any()
        self.known: Known = {}
        self._tree = Tree(undirected) if self.free and undirected.sum() == 2 * (len(rows) - 1) else None
        self._all: Bools | None = None
        if self._tree is not None:
            self.exact = True
            return
        try:
            total = Numbered.of(masks_of(undirected), self.known).total if self.free else count(undirected, fixed)
        except TooLarge:  # too many to count under what is known
            total = listed + 1
        self.exact = total <= listed and total * self.local.size <= _CELLS
        if self.exact:
            self._all = all_orientations(undirected, fixed)

    def members(self) -> Iterator[Bools]:
        """All orientations, or some drawn uniformly, a block at a time; ``(M, k, k)``.

        Raises:
            TooLarge: background knowledge leaves too few to draw.
        """
        if self._all is not None:
            yield self._all
            return
        draw = random.Random(self.seed)
        block = max(1, _CELLS // self.local.size)
        for start in range(0, self.drawn, block):
            stack = np.repeat(self.local[None], min(block, self.drawn - start), axis=0)
            direct(stack, range(len(self.rows)), draw, self.known)
            yield stack

    def edges(self) -> tuple[Floats, bool]:
        """The share of the orientations with i → j, shape ``(k, k)``, and whether it is exact."""
        if self._tree is not None:
            return self._tree.edges(), True
        if self._all is not None:
            return self._all.mean(0), True
        if self.free:
            numbered = Numbered.of(masks_of(self.local), self.known)
            shares = _shares(numbered, self.known)
            if shares is not None:
                out = np.zeros(self.local.shape)
                out[numbered.tails, numbered.heads] = shares
                return out, True
        total = np.zeros(self.local.shape)
        for stack in self.members():
            total += stack.sum(0)
        return total / self.drawn, False

    def reached(self, exits: Bools) -> Floats:
        """The share of the orientations in which a path leads from each variable of the component.

        Args:
            exits: where one step out of the component leads to, and what follows, ``(k, d)``.

        Returns:
            Shape ``(k, k + d)``: to the component's own variables, then to all.
        """
        k = len(self.rows)
        if self._tree is not None:
            return self._tree.reached(exits)
        total, n = np.zeros((k, k + exits.shape[1])), 0
        out = torch.from_numpy(exits).to(torch.float32)
        used = exits.any(0)
        for stack in self.members():
            for some in torch.split(torch.from_numpy(stack), max(1, _CELLS // (8 * k * (k + int(used.sum()))))):
                inside = reachability.closure(some)
                at = (inside | torch.eye(k, dtype=torch.bool)).to(torch.float32)
                total[:, :k] += inside.sum(0).numpy()
                total[:, k:][:, used] += (at @ out[:, torch.from_numpy(used)] > 0).sum(0).numpy()
                n += len(some)
        return total / n

    def oriented(self) -> list[tuple[int, float]]:
        """For each variable, how many edges an intervention on it orients: at least, and on average."""
        if self._tree is not None:
            return self._tree.oriented()
        tails, heads = np.nonzero(np.triu(self.local & self.local.T))
        forward = np.concatenate([stack[:, tails, heads] for stack in self.members()])
        if self.exact:
            return oriented(forward, tails, heads, len(self.rows))
        out: list[tuple[int, float]] = []
        twins: dict[bytes, int] = {}
        for x in range(len(self.rows)):
            around = self.local[x].copy()
            around[x] = True
            first = twins.setdefault(around.tobytes(), x) if self.free else x
            if first < x:  # exchanged with a twin, the component is the same: so is what is true of both
                out.append(out[first])
                continue
            at_x = (tails == x) | (heads == x)
            ends = np.stack([tails[at_x], heads[at_x]])
            seen, counts = np.unique(forward[:, at_x], axis=0, return_counts=True)
            found = np.array([self._settled(np.where(row, ends, ends[::-1])) for row in seen])
            out.append((int(found.min()), float(found @ counts) / len(forward)))
        return out

    def _settled(self, edges: Ints) -> int:
        """How many undirected edges get a direction when some are given one, tails above heads."""
        if not self.free:
            matrix = self.local.copy()
            matrix[edges[1], edges[0]] = False
            closed = close_under_meek(matrix)
            return int((self.local & self.local.T).sum() - (closed & closed.T).sum()) // 2
        return _followed(masks_of(self.local), edges.T.tolist())


def oriented(forward: Bools, tails: Ints, heads: Ints, variables: int) -> list[tuple[int, float]]:
    """For each variable, how many edges its own edges determine among some graphs: at least, and on average.

    Args:
        forward: of each of M graphs, which are all there are, whether each edge leads from tail to head, ``(M, E)``.
        tails, heads: the E edges.
        variables: their number.
    """
    kept = forward.any(0) & ~forward.all(0)  # given statements may settle edges that the graph leaves open
    tails, heads, forward = tails[kept], heads[kept], forward[:, kept]
    out = [(0, 0.0)] * variables
    for x in np.union1d(tails, heads).tolist():
        at_x = (tails == x) | (heads == x)
        seen, group, counts = np.unique(forward[:, at_x], axis=0, return_inverse=True, return_counts=True)
        sums = np.zeros((len(seen), len(tails)), dtype=np.float32)
        np.add.at(sums, group.ravel(), forward)
        found = ((sums == 0) | (sums == counts[:, None])).sum(1)
        out[x] = int(found.min()), float(found @ counts) / len(forward)
    return out


def _followed(near: tuple[int, ...], edges: list[list[int]]) -> int:
    """The edges of a chordal graph that some directions settle, by Meek's first two rules; the others need colliders.

    Where nothing else is known, a–b is settled by the directions at one variable through these alone (Meek, UAI 1995):
    the third rule has two parents of one child that are not joined, the fourth a direction that was given before.
    """
    children, parents = [0] * len(near), [0] * len(near)
    queue = [(a, b) for a, b in edges]
    found = 0
    while queue:
        a, b = queue.pop()
        if children[a] >> b & 1:
            continue
        found += 1
        children[a] |= 1 << b
        parents[b] |= 1 << a
        open_b = near[b] & ~children[b] & ~parents[b]
        queue += [(b, c) for c in bits(open_b & ~near[a])]  # a → b – c with a, c apart
        open_a = near[a] & ~children[a] & ~parents[a]
        queue += [(a, c) for c in bits(open_a & children[b])]  # a → b → c with a – c
        queue += [(c, b) for c in bits(open_b & parents[a])]
    return found


def _shares(top: Numbered, known: Known) -> Floats | None:
    """The share of the orientations in which each edge leads from tail to head; None where that takes too long."""
    found: dict[int, Floats] = {}
    waiting = [top]
    while waiting:
        now = waiting[-1]
        if id(now) in found:
            waiting.pop()
            continue
        if now.listed is not None:
            found[id(now)] = now.listed.mean(0)
            continue
        if len(known) > _PARTS:
            return None
        missing = [part for root in now.roots for _, part in root.parts if id(part) not in found]
        if missing:
            waiting += missing
            continue
        share = np.zeros((len(now.near),) * 2)
        before = 0
        for root in now.roots:
            weight = (root.bound - before) / now.total
            before = root.bound
            share[root.tails, root.heads] += weight
            for place, part in root.parts:
                share[place[part.tails], place[part.heads]] += weight * found[id(part)]
        found[id(now)] = share[now.tails, now.heads]
    return found[id(top)]


def even(graph: Mpdag) -> bool:
    """Whether the variables of each component have the same parents outside it, as they do in every CPDAG.

    Then a path that enters a component can go straight to where it leaves it, whatever the directions within
    (Andersson, Madigan & Perlman, Ann. Statist. 25, 1997); background knowledge can break that.
    """
    directed = graph.matrix & ~graph.matrix.T
    for rows in graph.chain_components:
        outside = directed[:, list(rows)].copy()
        outside[list(rows)] = False
        if (outside != outside[:, :1]).any():
            return False
    return True


def exits(graph: Mpdag, reach: Bools) -> Bools:
    """For each variable, what a step to a child outside its component leads to: ``(d, d)``.

    Args:
        graph: an even one; see :func:`even`.
        reach: the paths of any one member.
    """
    out = graph.matrix & ~graph.matrix.T
    for rows in graph.chain_components:
        out[np.ix_(rows, rows)] = False
    onward = reach | np.eye(len(reach), dtype=bool)
    found: Bools = out.astype(np.float32) @ onward.astype(np.float32) > 0
    return found
