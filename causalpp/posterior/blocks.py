"""Some variables of a Dag get new parents together, drawn exactly given the parents of all others.

With a block B of w variables and the parents of the others held, a family of one of the block makes it descend from
some of the block: those among its parents, and those from which its other parents descend.  Summed over its families
with the same such set, the weights are those of Dags over the block alone, and are summed and drawn from as in
:mod:`causalpp.posterior.sums` and :mod:`causalpp.posterior.draws`: 3^w terms.  The same terms tell the
probabilities of the edges, whose mean over the steps varies less than that of the edges drawn (Rao–Blackwell).  Graphs
that differ in many families, and have only improbable ones between them, are one step apart (a Gibbs sampler; with two
or three variables that of Goudie & Mukherjee, JMLR 17, 2016).  All chains step together.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from causalpp.posterior.sums import Floats, Masks, within

__all__ = ["Graphs", "Lists", "exchange", "redraw"]

Graphs = NDArray[np.bool_]
_NEVER = -1e300


class Lists(NamedTuple):
    """Of one variable, the families that are worth looking at.

    Attributes:
        candidates: K other variables, shape ``(K,)``.
        outsiders: J more, of which a family has one at most, shape ``(J,)``.
        sets: sets of the candidates, as masks, shape ``(M,)``.
        members: one where a candidate is in a set, else zero, shape ``(M, K)``.
        weights: the logarithm of the weight of each, without an outsider and with each of them, ``(1 + J, M)``.
    """

    candidates: Masks
    outsiders: Masks
    sets: Masks
    members: Floats
    weights: Floats


def redraw(lists: list[Lists], graphs: Graphs, block: Masks, random: np.random.Generator) -> tuple[Graphs, Floats]:
    """Each of C graphs with new parents of the variables of a block, given those of the others and all outsiders.

    And the law by which they are drawn: P(u → v) for v in the block, shape ``(C, d, w)``.

    Args:
        lists: the families of each variable.
        graphs: shape ``(C, d, d)``, row cause.
        block: the numbers of w variables.
        random: for the draws.
    """
    out, w = graphs.copy(), len(block)
    told = np.zeros((*graphs.shape[:2], w))
    above = _above(graphs, block)
    reached, weights = list[Masks](), list[Floats]()
    for v in block:
        outsider = _outsider(lists[v], graphs, v)
        weights.append(lists[v].weights[outsider] if outsider.any() else lists[v].weights[:1])
        reached.append(_reached(lists[v], above, outsider))
    table = np.stack([_table(*each, w) for each in zip(weights, reached, strict=True)], 1)
    table[:, np.arange(1 << w) >> np.arange(w)[:, None] & 1 == 1] = -np.inf
    inner = within(table)
    sums = _summed(inner)
    so_far, last = _layers(inner, sums, random)
    chance = _chances(inner, sums)
    row = np.arange(len(graphs))[:, None]
    for i, v in enumerate(block):
        above, outer = so_far[:, i, None], last[:, i, None]
        fits = ((reached[i] & ~above) == 0) & ((reached[i] & outer != 0) | (outer == 0))
        value = np.where(fits, weights[i], -np.inf)
        sum_ = np.exp(value - value.max(1, keepdims=True)).cumsum(1)
        chosen = lists[v].sets[_first(sum_, random)]
        candidates = lists[v].candidates
        out[:, candidates, v] = False
        out[row, candidates, v] = chosen[:, None] >> np.arange(len(candidates)) & 1
        share = np.minimum(weights[i] - np.maximum(inner[row, i, reached[i]], _NEVER), 0.0)
        p = np.exp(share) * chance[row, i, reached[i]]
        told[:, :, i] = out[:, :, v]  # of outsiders
        told[:, candidates, i] = p @ lists[v].members
    return out, told


def exchange(families: Lists, graphs: Graphs, v: int, random: np.random.Generator) -> tuple[Graphs, Floats]:
    """Each of C graphs with a new outsider as a parent of one variable, or with none, given all else.

    And the law by which it is drawn: P(u → v) for the outsiders u, shape ``(C, J)``.
    """
    candidates, outsiders, sets, _, weights = families
    below = np.zeros((len(graphs), 1, graphs.shape[1]), dtype=np.float32)
    below[:, 0, v] = 1
    edges = graphs.astype(np.float32)
    while True:
        more = np.minimum(below + below @ edges, 1)
        if (more == below).all():
            break
        below = more
    chosen = (graphs[:, candidates, v] << np.arange(len(candidates))).sum(1)
    value = weights[:, np.searchsorted(sets, chosen)].T.copy()
    value[:, 1:][below[:, 0, outsiders] > 0] = -np.inf
    p = np.exp(value - value.max(1, keepdims=True))
    new = _first(p.cumsum(1), random)
    out = graphs.copy()
    out[:, outsiders, v] = new[:, None] == np.arange(1, len(outsiders) + 1)
    return out, p[:, 1:] / p.sum(1, keepdims=True)


def _outsider(families: Lists, graphs: Graphs, v: int) -> Masks:
    """Which outsider is a parent of a variable, from 1 on; 0 if none is, ``(C,)``."""
    return np.asarray(graphs[:, families.outsiders, v] @ np.arange(1, len(families.outsiders) + 1))


def _above(graphs: Graphs, block: Masks) -> Masks:
    """Of each variable the set of the block that it is, or descends from with none of the block between, ``(C, d)``."""
    into = np.swapaxes(graphs, 1, 2).astype(np.float32)
    into[:, block] = 0
    start = np.zeros((len(graphs), graphs.shape[1], len(block)), dtype=np.float32)
    start[:, block, np.arange(len(block))] = 1
    now = start
    while True:
        more = np.minimum(start + into @ now, 1)
        if (more == now).all():
            return np.asarray((now > 0) @ (1 << np.arange(len(block))))
        now = more


def _reached(families: Lists, above: Masks, outsider: Masks) -> Masks:
    """The set of the block that each family makes a variable descend from, ``(C, M)``."""
    beside = np.concatenate([np.zeros((len(above), 1), dtype=np.int64), above[:, families.outsiders]], 1)
    out = np.take_along_axis(beside, outsider[:, None], 1)
    for each in above[:, families.candidates].T:
        out = np.concatenate([out, out | each[:, None]], 1)
    return out[:, families.sets]


def _table(weights: Floats, reached: Masks, w: int) -> Floats:
    """The logarithm of the sum of the weights with each set, ``(C, 2^w)``."""
    place = (reached + (np.arange(len(reached)) << w)[:, None]).ravel()
    every = np.broadcast_to(weights, reached.shape).ravel()
    top = np.full(len(reached) << w, -np.inf)
    np.maximum.at(top, place, every)
    sum_ = np.bincount(place, np.exp(every - np.maximum(top, _NEVER)[place]), minlength=len(top))
    return np.asarray(top + np.log(np.maximum(sum_, 1.0))).reshape(-1, 1 << w)  # the largest alone makes 1


class _Layout(NamedTuple):
    """The sets S of one size: they, what is outside, they and some of it (S ∪ T), and the signs."""

    sets: Masks
    free: Masks
    reached: Masks
    sign: Floats


@lru_cache(maxsize=16)
def _layouts(w: int) -> list[_Layout]:
    """Of the sets of w − 1, …, 0 of w variables."""
    every, out = np.arange(1 << w), []
    size = np.bitwise_count(every)
    for k in range(w - 1, -1, -1):
        sets = np.flatnonzero(size == k)
        free = np.nonzero((sets[:, None] >> np.arange(w) & 1) == 0)[1].reshape(len(sets), -1)
        reached = sets[:, None]
        for i in range(w - k):
            reached = np.concatenate([reached, reached | (1 << free[:, i])[:, None]], 1)
        sign = np.where(np.bitwise_count(np.arange(1 << (w - k))) & 1, 1.0, -1.0)
        sign[0] = 0.0
        out.append(_Layout(sets, free, reached, sign))
    return out


class _Summed(NamedTuple):
    """Of C tables, as :attr:`Sums.onwards`, ``(C, 2^w)`` each; and the terms of it by layout, with their logarithms."""

    scale: Floats
    h: Floats
    products: list[Floats]
    terms: list[Floats]


def _summed(inner: Floats) -> _Summed:
    """The sums over all ways to go on from each set, ``(C, w, 2^w)`` to ``(C, 2^w)``."""
    chains, w, _ = inner.shape
    scale, h = np.zeros((chains, 1 << w)), np.ones((chains, 1 << w))
    products, terms = list[Floats](), list[Floats]()
    for sets, free, reached, sign in _layouts(w):
        each = inner[:, free, sets[:, None]]
        best = (each + scale[:, sets[:, None] | 1 << free]).max(2)
        scale[:, sets] = np.maximum(best, _NEVER)
        product = np.zeros((chains, len(sets), 1))
        for i in range(free.shape[1]):
            product = np.concatenate([product, product + each[:, :, i, None]], 2)
        term = product + scale[:, reached]
        term -= scale[:, sets, None]
        np.exp(term, out=term)
        term *= h[:, reached]
        term *= sign
        h[:, sets] = term.sum(2)
        products.append(product)
        terms.append(term)
    return _Summed(scale, h, products, terms)


def _chances(inner: Floats, sums: _Summed) -> Floats:
    """P(what does not descend from v has all of U) weighed so that it makes P(v's families with U), ``(C, w, 2^w)``.

    A family of v that reaches U has the probability of that, times its share in the weights of those within U.
    """
    chains, w, size = inner.shape
    scale, z = np.full((chains, size), _NEVER), np.zeros((chains, size))
    scale[:, 0], z[:, 0] = 0.0, 1.0
    law = np.zeros((chains, w, size))
    layouts = _layouts(w)[::-1]
    for sets, _, _, _ in layouts:
        into = np.unique(sets[:, None] | 1 << np.arange(w))
        into = into[np.bitwise_count(into) > np.bitwise_count(sets[0])]
        last = np.nonzero(into[:, None] >> np.arange(w) & 1)[1].reshape(len(into), -1)
        rest = into[:, None] ^ 1 << last
        scale[:, into] = np.maximum((scale[:, rest] + inner[:, last, rest]).max(2), _NEVER)
    row = np.arange(chains)[:, None, None] * size
    for (sets, free, reached, sign), product, term in zip(layouts, sums.products[::-1], sums.terms[::-1], strict=True):
        part = product + scale[:, sets, None]
        part -= scale[:, reached]
        np.exp(part, out=part)
        part *= z[:, sets, None]
        part *= sign
        z += np.bincount((row + reached).ravel(), part.ravel(), minlength=chains * size).reshape(chains, size)
        share = z[:, sets] * np.exp(scale[:, sets] + sums.scale[:, sets] - sums.scale[:, :1]) / sums.h[:, :1]
        here = term
        for i in range(free.shape[1]):
            law[:, free[:, i], sets] = share * here[:, :, 1::2].sum(2)
            here = here[:, :, ::2] + here[:, :, 1::2]
    np.maximum(law, 0.0, out=law)
    for k in range(w):
        part, above = (a.reshape(chains, w, -1, 2, 1 << k) for a in (law, np.maximum(inner, _NEVER)))
        part[:, :, :, 0] += part[:, :, :, 1] * np.exp(above[:, :, :, 0] - above[:, :, :, 1])
    return law


def _layers(inner: Floats, sums: _Summed, random: np.random.Generator) -> tuple[Masks, Masks]:
    """Of each variable of the block those in the layers before its own, and in the last of these, ``(C, w)`` each."""
    chains, w, size = inner.shape
    scale, h = sums.scale, sums.h
    every, full = np.arange(size), size - 1
    so_far, last = (np.zeros(chains, dtype=np.int64) for _ in range(2))
    out = np.zeros((2, chains, w), dtype=np.int64)
    while len(row := np.flatnonzero(so_far != full)):
        s, before = so_far[row], last[row]
        whole, part = inner[row, :, s], inner[row, :, s & ~before]
        share = np.where(before[:, None] == 0, 0.0, np.exp(part - np.maximum(whole, _NEVER)))
        whole = np.where(s[:, None] >> np.arange(w) & 1, -np.inf, whole)
        term = np.zeros((len(row), 1))
        for i in range(w):
            term = np.concatenate([term, term + whole[:, i, None]], 1)
        reached = s[:, None] | every
        value = np.exp(term + scale[row[:, None], reached] - scale[row, s][:, None]) * h[row[:, None], reached]
        for i in range(w):  # each is in neither, or in the layer, or taken away for having no parent in the last
            half = value.reshape(len(row), -1, 2, 1 << i)
            half[:, :, 0] -= half[:, :, 1]
            half[:, :, 1] *= (1 - share[:, i])[:, None, None]
        value[:, 0] = 0.0
        layer = _first(value.clip(min=0.0).cumsum(1), random)
        here = layer[:, None] >> np.arange(w) & 1 == 1
        for place, now in ((0, s), (1, before)):
            out[place, row] = np.where(here, now[:, None], out[place, row])
        so_far[row], last[row] = s | layer, layer
    return out[0], out[1]


def _first(sums: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """Of each row of cumulated weights one place, drawn."""
    left = (1 - random.random(len(sums))) * sums[:, -1]  # in (0, 1]: a place without weight is never first
    return np.asarray((sums < left[:, None]).sum(1))
