"""Chains over Dags of more variables than can be summed over.

Each step draws the parents of a block of variables together, given those of all others
(:mod:`causalpp.posterior.blocks`).  What is told of a Dag is told of its partition: its layers (roots first, then what
has parents in the layers before and one at least in the last of these).  The sum over all Dags with given layers is a
product over variables (Kuipers & Moffa, JASA 112, 2017): with S the layers before v's and L the last of them,
α_v(S) − α_v(S∖L).  So edges are averaged over all Dags that have the layers of the one where a chain is, and graphs are
drawn among these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.posterior.blocks import Graphs, Lists, redraw
from causalpp.posterior.sums import Floats, Masks, within

__all__ = ["Families", "Layers", "layers_of", "start", "step"]

Layers = NDArray[np.int64]
_NEVER = -1e300
_DOMINATED = 20.0  # nats by which a family is worse than one within it, so that it is not looked at
_BLOCKS = (5, 8)  # variables that get new parents at once: 3^w terms
_ANYWHERE = 0.3  # chance, shared by all variables, of taking one that nothing says is near


@dataclass(frozen=True)
class Families:
    """The weights of the families that are looked at: of each variable, the sets of its candidate parents.

    Attributes:
        candidates: of each of d variables, the numbers of K others, shape ``(d, K)``.
        weights: the logarithm of the weight of each set of candidates, bit k for the k-th; ``(d, 2^K)``.
        sums: the logarithm of the sum of the weights within each set, ``(d, 2^K)``.
    """

    candidates: Masks
    weights: Floats
    sums: Floats

    @classmethod
    def of(cls, candidates: Sequence[Sequence[int]] | Masks, weights: Floats) -> Families:
        """With the sums over all sets."""
        return cls(np.asarray(candidates, dtype=np.int64), weights, np.maximum(within(weights.copy()), _NEVER))

    @property
    def d(self) -> int:
        """How many variables there are."""
        return len(self.candidates)

    @cached_property
    def lists(self) -> list[Lists]:
        """Of each variable the families that are not much worse than one within them."""
        out = []
        for candidates, weights in zip(self.candidates, self.weights, strict=True):
            best = within(weights.copy(), np.maximum)
            sets = np.flatnonzero((weights > -np.inf) & (weights >= best - _DOMINATED))
            out.append(Lists(candidates, sets, weights[sets]))
        return out

    @cached_property
    def alone(self) -> Floats:
        """P(u is a parent of v) if cycles were no matter, shape ``(d, d)``."""
        out = np.zeros((self.d, self.d))
        for v, (candidates, sets, weights) in enumerate(self.lists):
            p = np.exp(weights - np.logaddexp.reduce(weights))
            for bit, u in enumerate(candidates):
                out[u, v] = p[sets >> bit & 1 == 1].sum()
        return out

    @cached_property
    def near(self) -> Floats:
        """How likely pairs are to be joined, and a bit for all others, shape ``(d, d)``."""
        return np.maximum(self.alone, self.alone.T) + _ANYWHERE / self.d

    def sets(self, members: NDArray[np.bool_]) -> Masks:
        """Sets of variables as masks of each variable's candidates: ``(…, d, d) → (…, d)``; row v: v's set."""
        d, k = self.candidates.shape
        inside = np.take_along_axis(members, np.broadcast_to(self.candidates, (*members.shape[:-2], d, k)), -1)
        return np.asarray((inside.astype(np.int64) << np.arange(k)).sum(-1))

    def log_weight(self, layers: Layers) -> Floats:
        """The logarithm of each variable's share in the weight of partitions, ``(…, d) → (…, d)``."""
        inner, outer = self.before(layers)
        v = np.arange(self.d)
        whole, part = self.sums[v, inner], self.sums[v, outer]
        gap = np.where(layers == 0, -np.inf, part - whole)  # the first layer has no parents, and needs none
        with np.errstate(divide="ignore"):
            return np.asarray(np.maximum(whole + np.log(-np.expm1(np.minimum(gap, 0.0))), _NEVER))

    def before(self, layers: Layers) -> tuple[Masks, Masks]:
        """Of each variable the candidates in the layers before its own, and in those before the last of these."""
        apart = layers[..., :, None] - layers[..., None, :]
        return self.sets(apart > 0), self.sets(apart > 1)

    def edges(self, layers: Layers) -> Floats:
        """P(u → v | layers), shape ``(…, d, d)``: row u, column v."""
        inner, outer = self.before(layers)
        d, k = self.candidates.shape
        v = np.arange(d)
        out = np.zeros((*layers.shape, d))
        total = self.log_weight(layers)
        for bit in range(k):
            less, fewer = inner & ~(1 << bit), outer & ~(1 << bit)
            without, rest = self.sums[v, less], self.sums[v, fewer]
            with np.errstate(divide="ignore"):
                gap = np.log(-np.expm1(np.minimum(rest - without, 0.0)))
            share = -np.expm1(np.minimum(np.maximum(without + gap, _NEVER) - total, 0.0))
            there = ((inner >> bit) & 1 == 1) & (layers > 0)
            place = np.broadcast_to(self.candidates[:, bit], layers.shape)[..., None]
            old = np.take_along_axis(out, place, -1)[..., 0]
            np.put_along_axis(out, place, np.where(there, share, old)[..., None], -1)
        return np.swapaxes(out, -1, -2)


def layers_of(graphs: Graphs) -> Layers:
    """The number of each variable's layer, the longest path to it: ``(…, d, d) → (…, d)``."""
    out = np.zeros(graphs.shape[:-1], dtype=np.int64)
    while True:
        further = (graphs * (out + 1)[..., :, None]).max(-2)
        if (further == out).all():
            return out
        out = further


def start(families: Families, chains: int, required: NDArray[np.bool_], random: np.random.Generator) -> Graphs:
    """Graphs that are far apart: each variable has likely parents among those before it in an order drawn at random.

    Args:
        families: that are looked at; each variable has one at least within what is required.
        chains: how many graphs.
        required: the edges that every graph has, shape ``(d, d)``.
        random: for the draws.
    """
    d = families.d
    out = np.zeros((chains, d, d), dtype=bool)
    for graph in out:
        left, order = random.permutation(d).tolist(), list[int]()
        while left:
            v = next(v for v in left if not required[left, v].any())
            left.remove(v)
            candidates, sets, weights = families.lists[v]
            before = (np.isin(candidates, order) << np.arange(len(candidates))).sum()
            value = np.where(sets & ~before == 0, weights, -np.inf) + random.gumbel(size=len(sets))
            graph[candidates, v] = sets[value.argmax()] >> np.arange(len(candidates)) & 1
            order.append(v)
    return out


def step(families: Families, graphs: Graphs, random: np.random.Generator) -> Graphs:
    """The graphs of C chains with new parents for a block of variables, the same in all chains.

    The block is drawn without regard to where the chains are, and of variables that are likely to be joined.
    """
    d = families.d
    w = min(d, int(random.integers(_BLOCKS[0], _BLOCKS[1] + 1)))
    block = [int(random.integers(d))]
    while len(block) < w:
        near = families.near[block].sum(0)
        near[block] = 0.0
        block.append(int(random.choice(d, p=near / near.sum())))
    return redraw(families.lists, graphs, np.array(block), random)
