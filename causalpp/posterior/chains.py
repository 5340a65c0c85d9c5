"""Chains over Dags of more variables than can be summed over.

Each step draws the parents of a block of variables together, given those of all others
(:mod:`causalpp.posterior.blocks`), and the probability of an edge is the mean of those by which it was drawn.  Graphs
are drawn by their partition: the layers of a Dag (roots first, then what has parents in the layers before and one at
least in the last of these).  The sum over all Dags with given layers is a product over variables (Kuipers & Moffa,
JASA 112, 2017): with S the layers before v's and L the last of them, α_v(S) − α_v(S∖L).  So draws are of all Dags that
have the layers of one where a chain was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.posterior.blocks import Graphs, Lists, exchange, redraw
from causalpp.posterior.sums import Floats, Masks, within

__all__ = ["Families", "Layers", "layers_of", "likely_sets", "nearness", "start", "step"]

Layers = NDArray[np.int64]
_NEVER = -1e300
_DROPPED = 1e-4  # the share of a variable's families, in every order, that are not looked at
_BLOCKS = (5, 8)  # variables that get new parents at once: 3^w terms
_SETTLED = 0.2  # what a pair weighs that is joined for certain, beside one of which all is open
_ANYWHERE = 0.3  # chance, shared by all variables, of taking one that nothing says is near


@dataclass(frozen=True)
class Families:
    """The weights of the families that are looked at: of each variable, the sets of its candidate parents, each alone
    and with one outsider.

    Attributes:
        candidates: of each of d variables, the numbers of K others, shape ``(d, K)``.
        outsiders: the numbers of J more of the others, of which a family has one at most, shape ``(d, J)``.
        weights: the logarithm of the weight of each set of candidates, bit k for the k-th, without an outsider and
            with each of them, shape ``(d, 1 + J, 2^K)``.
        sums: the logarithm of the sum of the weights within each set of candidates, likewise.
    """

    candidates: Masks
    outsiders: Masks
    weights: Floats
    sums: Floats

    @classmethod
    def of(cls, candidates: Masks, outsiders: Masks, weights: Floats) -> Families:
        """With the sums over all sets."""
        return cls(candidates, outsiders, weights, np.maximum(within(weights.copy()), _NEVER))

    @property
    def d(self) -> int:
        """How many variables there are."""
        return len(self.candidates)

    @cached_property
    def lists(self) -> list[Lists]:
        """Of each variable the sets of candidates, without those that have next to no weight in any order."""
        out = []
        for candidates, outsiders, weights in zip(self.candidates, self.outsiders, self.weights, strict=True):
            sets = likely_sets(weights, _DROPPED)
            members = (sets[:, None] >> np.arange(len(candidates)) & 1).astype(float)
            out.append(Lists(candidates, outsiders, sets, members, np.ascontiguousarray(weights[:, sets])))
        return out

    @cached_property
    def alone(self) -> Floats:
        """P(u is a parent of v) if cycles were no matter, shape ``(d, d)``."""
        out = np.zeros((self.d, self.d))
        for v, (candidates, outsiders, _, members, weights) in enumerate(self.lists):
            p = np.exp(weights - np.logaddexp.reduce(weights, axis=None))
            out[outsiders, v] = p[1:].sum(1)
            out[candidates, v] = p.sum(0) @ members
        return out

    def sets(self, members: NDArray[np.bool_]) -> Masks:
        """Sets of variables as masks of each variable's candidates: ``(…, d, d) → (…, d)``; row v: v's set."""
        d, k = self.candidates.shape
        inside = np.take_along_axis(members, np.broadcast_to(self.candidates, (*members.shape[:-2], d, k)), -1)
        return np.asarray((inside.astype(np.int64) << np.arange(k)).sum(-1))

    def beside(self, members: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of each variable's outsiders are in sets of variables: ``(…, d, d) → (…, d, J)``."""
        shape = (*members.shape[:-2], *self.outsiders.shape)
        return np.asarray(np.take_along_axis(members, np.broadcast_to(self.outsiders, shape), -1))

    def places(self, graphs: Graphs) -> tuple[Masks, Masks]:
        """Where the families of graphs stand in :attr:`weights`: their outsider (0: none) and their set, ``(…, d)``.

        A family with more than one outsider has −1.
        """
        into = np.swapaxes(graphs, -1, -2)
        there = self.beside(into)
        many = there.sum(-1)
        first = there.argmax(-1) + 1 if there.shape[-1] else many
        return np.where(many > 1, -1, np.where(many == 1, first, 0)), self.sets(into)

    def shares(self, layers: Layers) -> Floats:
        """Of each variable, the logarithm of the weight of its families with each outsider, given the layers.

        ``(…, d) → (…, d, 1 + J)``; the first are those without one.
        """
        apart = layers[..., :, None] - layers[..., None, :]
        inner, outer = self.before(layers)
        first = np.arange(self.d) * self.sums.shape[-1]
        whole, part = self._by_set[first + inner], self._by_set[first + outer]
        free = np.concatenate([np.ones((*layers.shape, 1), dtype=bool), self.beside(apart > 0)], -1)
        held = np.concatenate([np.ones((*layers.shape, 1), dtype=bool), self.beside(apart > 1)], -1)
        gap = np.where(held & (layers > 0)[..., None], np.minimum(part - whole, 0.0), -np.inf)
        with np.errstate(divide="ignore"):
            out = np.where(free, whole + np.log(-np.expm1(gap)), _NEVER)
        return np.asarray(np.maximum(out, _NEVER))

    def before(self, layers: Layers) -> tuple[Masks, Masks]:
        """Of each variable the candidates in the layers before its own, and in those before the last of these."""
        apart = layers[..., :, None] - layers[..., None, :]
        return self.sets(apart > 0), self.sets(apart > 1)

    @cached_property
    def _by_set(self) -> Floats:
        """The sums with a row for each variable and set, ``(d 2^K, 1 + J)``."""
        return np.ascontiguousarray(np.swapaxes(self.sums, 1, 2)).reshape(-1, self.sums.shape[1])

    def log_weight(self, layers: Layers) -> Floats:
        """The logarithm of each variable's share in the weight of partitions, ``(…, d) → (…, d)``."""
        return np.asarray(np.logaddexp.reduce(self.shares(layers), axis=-1))


def likely_sets(weights: Floats, dropped: float) -> Masks:
    """The sets of candidates without those that have next to no weight in any order.

    In an order in which a family may be, what is within it may be too: so those left out of a variable's families
    have at most the share ``dropped`` of their weight in every order.

    Args:
        weights: of one variable, see :attr:`Families.weights`.
        dropped: the share.
    """
    best = within(weights.copy(), np.maximum)
    best = np.maximum(np.maximum(best, best[:1]), _NEVER)
    share = np.exp(weights - best, where=weights > -np.inf, out=np.zeros_like(weights)).sum(0)
    order = np.argsort(share, kind="stable")
    return np.asarray(np.sort(order[share[order].cumsum() > dropped]))


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
            candidates, _, sets, _, weights = families.lists[v]
            before = (np.isin(candidates, order) << np.arange(len(candidates))).sum()
            value = np.where(sets & ~before == 0, weights[0], -np.inf) + random.gumbel(size=len(sets))
            graph[candidates, v] = sets[value.argmax()] >> np.arange(len(candidates)) & 1
            order.append(v)
    return out


def nearness(joined: Floats) -> Floats:
    """How much pairs of variables want to be in one block, shape ``(d, d)``: as far as it is open how they are joined.

    Args:
        joined: P(u → v), roughly, shape ``(d, d)``.
    """
    either = joined + joined.T
    scale = np.maximum(either, 1.0)  # what is known alone of both may be more than one
    p, q = joined / scale, joined.T / scale
    open_ = 1 - p**2 - q**2 - (1 - p - q) ** 2
    out = open_ + _SETTLED * (p + q) + _ANYWHERE / len(joined)
    np.fill_diagonal(out, 0.0)
    return np.asarray(out)


def step(
    families: Families, near: Floats, graphs: Graphs, shares: NDArray[np.float32], random: np.random.Generator
) -> Graphs:
    """The graphs of C chains with new parents for a block of variables, the same in all chains.

    The block is drawn without regard to where the chains are, and of variables that want to be together.  Each of
    it gets a new outsider, given all else; then all of it get new sets of candidates together.

    Args:
        families: that are looked at.
        near: see :func:`nearness`.
        graphs: shape ``(C, d, d)``.
        shares: P(u → v) by the law by which v's parents were drawn last, likewise; those of the block are overwritten.
        random: for the draws.
    """
    d = families.d
    w = min(d, int(random.integers(_BLOCKS[0], _BLOCKS[1] + 1)))
    often = near.sum(0) + near.sum() / d
    block = [int(random.choice(d, p=often / often.sum()))]
    while len(block) < w:
        drawn = near[block].sum(0)
        drawn[block] = 0.0
        block.append(int(random.choice(d, p=drawn / drawn.sum())))
    outside = families.outsiders
    told = []
    for v in block if outside.size else []:
        graphs, law = exchange(families.lists[v], graphs, v, random)
        told.append(law)
    graphs, law = redraw(families.lists, graphs, np.array(block), random)
    shares[:, :, block] = law
    for v, law in zip(block, told, strict=False):
        shares[:, outside[v], v] = law
    return graphs
