"""Exact draws of Dags from the tables of their sums: layer by layer, and then the parents of each variable.

The first layer of a Dag are its roots, the next those with parents in the layers before and at least one in the last
of these, and so on: every Dag has its layers once (Kuipers & Moffa, Statistics and Computing 25, 2015; Talvitie,
Vuoksenmaa & Koivisto, UAI 2019).  Given the layers S so far, the last of them being L, the next layer R has the weight

    Π over v in R of [α_v(S) − α_v(S∖L)] · Σ (−1)^|X| H(S ∪ R ∪ X) Π over v in X of α_v(S)    over X ⊆ V∖S∖R,

the sum leaving those ways to go on in which all that comes next has a parent in R.  Whether a variable is in R is drawn
variable by variable: summed over what is undecided, each is in neither, in X or in R, with factors that multiply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from causalpp.posterior.sums import Floats, Masks, Sums, within

__all__ = ["draw_family", "draw_parents"]

_AT_ONCE = 1 << 20  # terms, or subsets times draws, that are held at once
_NEVER = -1e300


def draw_parents(sums: Sums, draws: int, seed: int) -> Masks:
    """The parents of every variable in some Dags, as masks, shape ``(draws, d)``.

    Args:
        sums: over all Dags.
        draws: how many Dags.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    d = sums.d
    out = np.zeros((draws, d), dtype=np.int64)
    so_far, last = np.zeros(draws, dtype=np.int64), np.zeros(draws, dtype=np.int64)
    before = [np.zeros((draws, d), dtype=np.int64) for _ in range(2)]  # of each variable: S and L when its turn came
    while (open_ := so_far != (1 << d) - 1).any():
        layer = np.zeros(draws, dtype=np.int64)
        layer[open_] = _next_layers(sums, so_far[open_], last[open_], random)
        for v in range(d):
            here = layer >> v & 1 == 1
            before[0][here, v], before[1][here, v] = so_far[here], last[here]
        so_far, last = so_far | layer, layer
    for v in range(d):
        weights = np.where(sums.sets >> v & 1 == 1, -np.inf, sums.weights[v])
        out[:, v] = draw_family(weights, sums.within[v], before[0][:, v], before[1][:, v], random)
    return out


def _next_layers(sums: Sums, so_far: Masks, last: Masks, random: np.random.Generator) -> Masks:
    """One more layer for each of some draws."""
    out = np.empty_like(so_far)
    states, which = np.unique(np.stack([so_far, last], 1), axis=0, return_inverse=True)
    which = which.ravel()
    size = np.bitwise_count(states[:, 0])
    mixed = random.permutation(len(which))  # or else draws would get their layers in the order of those they have
    places = np.split(mixed[np.argsort(which[mixed], kind="stable")], np.cumsum(np.bincount(which))[:-1])
    for k in np.unique(size):
        rows = np.flatnonzero(size == k)
        for some in np.array_split(rows, -(-(len(rows) << sums.d - int(k)) // _AT_ONCE)):
            counts = np.array([len(places[row]) for row in some])
            for row, layer, count in _layers(sums, states[some, 0], states[some, 1], counts, random):
                row_places = places[some[row]]
                out[row_places[:count]], places[some[row]] = layer, row_places[count:]
    return out


def _layers(
    sums: Sums, so_far: Masks, last: Masks, counts: NDArray[np.int64], random: np.random.Generator
) -> Iterator[tuple[int, int, int]]:
    """For states with as many variables so far: number of the state, its next layer, and how many draws have it."""
    free, values = sums.going_on(so_far)
    inner = sums.within[free, so_far[:, None]]
    outer = sums.within[free, (so_far & ~last)[:, None]]
    share = np.exp(outer - np.maximum(inner, -1e300))  # of the families that have no parent in the last layer
    share = np.where(last[:, None] == 0, 0.0, share)  # the first layer has no parents at all
    row = np.arange(len(so_far))
    layer = np.zeros(len(so_far), dtype=np.int64)
    for i in range(free.shape[1] - 1, -1, -1):
        out, in_ = np.split(values.reshape(len(row), 2, -1), 2, axis=1)
        out, in_ = out[:, 0], in_[:, 0]
        out = out - in_
        in_ = in_ * (1 - share[row, i])[:, None]
        weight_in, weight_out = (_folded(part, share[row, :i]).clip(min=0.0) for part in (in_, out))
        if i == 0:
            weight_out[layer == 0] = 0.0  # a layer is never empty: that has no weight but for rounding
        both = weight_in + weight_out
        chance = np.divide(weight_in, both, out=np.ones_like(both), where=both > 0)
        inside = random.binomial(counts, chance.clip(0, 1))
        a, b = np.flatnonzero(inside), np.flatnonzero(inside < counts)
        values = np.concatenate([in_[a], out[b]])
        counts = np.concatenate([inside[a], (counts - inside)[b]])
        layer = np.concatenate([layer[a] | 1 << free[row[a], i], layer[b]])
        row = np.concatenate([row[a], row[b]])
    yield from zip(row.tolist(), layer.tolist(), counts.tolist(), strict=True)


def _folded(values: Floats, share: Floats) -> Floats:
    """The sum over all sets of variables, each in one bringing a factor of minus its share: ``(R, 2^k) → (R,)``."""
    for i in range(share.shape[1]):
        values = values[:, ::2] - share[:, i, None] * values[:, 1::2]
    return values[:, 0]


def draw_family(
    weights: Floats,
    sums: Floats,
    so_far: Masks,
    last: Masks,
    random: np.random.Generator,
    met: NDArray[np.bool_] | None = None,
) -> Masks:
    """The parents of one variable in each of N draws: within what came before it, with one in the last layer at least.

    The upper half of a set is drawn first, by what is within the lower half of what came before it: 2 · 2^(K/2) terms,
    where all families would be 2^K.

    Args:
        weights: the logarithm of the weight of each set of parents, as masks, shape ``(2^K,)``.
        sums: the same of all sets within each.
        so_far, last: what came before it, and what of that is in the last layer; nothing came before a root, ``(N,)``.
        random: for the draws.
        met: draws that have a parent in the last layer beside these sets, shape ``(N,)``.
    """
    out = np.zeros(len(so_far), dtype=np.int64)
    todo = np.flatnonzero(so_far)
    met = np.zeros(len(so_far), dtype=bool) if met is None else met
    so_far, last, met = so_far[todo], last[todo], met[todo]
    low = (len(weights).bit_length() - 1) // 2
    parts = within(weights.reshape(-1, 1 << low).copy())  # summed over the lower halves within each, not the upper
    ends, inner, outer = (1 << low) - 1, so_far & (1 << low) - 1, so_far & ~last & (1 << low) - 1

    def of_upper(row: Masks, upper: Masks) -> Floats:
        known = np.maximum(sums[so_far[row], None], _NEVER)
        free = (upper & last[row, None] != 0) | met[row, None]
        gone = np.where(free, -np.inf, parts[upper >> low, outer[row, None]] - known)
        return np.asarray(np.exp(parts[upper >> low, inner[row, None]] - known) - np.exp(gone))

    upper, sure = _within_each(so_far & ~ends, of_upper, random)

    def of_lower(row: Masks, lower: Masks) -> Floats:
        whole = upper[row, None] | lower
        fits = (whole & last[row, None] != 0) | met[row, None]
        known = np.maximum(parts[upper[row] >> low, inner[row]], _NEVER)
        return np.asarray(np.where(fits, np.exp(weights[whole] - known[:, None]), 0.0))

    lower, too = _within_each(inner, of_lower, random)
    out[todo] = upper | lower
    for n in np.flatnonzero(~(sure & too)):  # rounding has left nothing of what is next to nothing: the heaviest
        sets = np.arange(len(weights))
        fits = (sets & ~so_far[n] == 0) & ((sets & last[n] != 0) | met[n])
        out[todo[n]] = np.where(fits, weights, -np.inf).argmax()
    return out


def _within_each(
    sets: Masks, weigh: Callable[[Masks, Masks], Floats], random: np.random.Generator
) -> tuple[Masks, NDArray[np.bool_]]:
    """A subset of each of N sets, by weight, and whether it has any, ``(N,)`` each.

    Args:
        sets: as masks.
        weigh: given the numbers of R of them, and all their subsets, ``(R, 2^k)``, the weights of these.
        random: for the draws.
    """
    out, sure = np.zeros_like(sets), np.zeros(len(sets), dtype=bool)
    size = np.bitwise_count(sets)
    for k in np.unique(size):
        rows = np.flatnonzero(size == k)
        for row in np.array_split(rows, -(-(len(rows) << int(k)) // _AT_ONCE)):
            subsets, left = np.zeros((len(row), 1), dtype=np.int64), sets[row]
            for _ in range(k):
                bit = left & -left
                left = left ^ bit
                subsets = np.concatenate([subsets, subsets | bit[:, None]], 1)
            weight = weigh(row, subsets).clip(min=0.0)
            up_to = weight.cumsum(1)
            place = (up_to > random.random((len(row), 1)) * up_to[:, -1:]).argmax(1)[:, None]
            out[row] = np.take_along_axis(subsets, place, 1)[:, 0]
            sure[row] = np.take_along_axis(weight, place, 1)[:, 0] > 0
    return out, sure
