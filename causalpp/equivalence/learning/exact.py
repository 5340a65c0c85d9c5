"""The graph of the highest score there is, under background knowledge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits, subsets
from causalpp.equivalence.learning.orders import Best
from causalpp.equivalence.learning.rules import Rules
from causalpp.equivalence.learning.watch import Watch
from causalpp.scores import Objective

__all__ = ["exact"]

_AT_ONCE = 256  # families that are scored before whoever looks on is told


def exact(score: Objective, rules: Rules, watch: Watch, best: Best) -> None:
    """Dynamic programming over sets (Silander & Myllymäki, UAI 2006): best parents within a set, then best sinks."""
    d = score.d
    sets = 1 << d
    families = sum(1 << rules.allowed[v].bit_count() - rules.needed[v].bit_count() for v in range(d))
    done = 0
    values = np.full((d, sets), -np.inf)  # of each column and set: the best parents within the set
    parents: NDArray[np.int32] = np.zeros((d, sets), dtype=np.int32)
    for v in range(d):
        masks = np.array([some | rules.needed[v] for some in subsets(rules.allowed[v] & ~rules.needed[v])])
        for some in np.array_split(masks, -(-len(masks) // _AT_ONCE)):
            watch("families scored", done, families)
            values[v, some], parents[v, some] = score.many(v, some.tolist()), some
            done += len(some)
        for k in range(d):
            with_k = np.flatnonzero(np.arange(sets) >> k & 1)
            better = values[v, with_k ^ 1 << k] > values[v, with_k]
            values[v, with_k[better]] = values[v, with_k[better] ^ 1 << k]
            parents[v, with_k[better]] = parents[v, with_k[better] ^ 1 << k]
    total = np.full(sets, -np.inf)
    last = np.zeros(sets, dtype=np.int32)
    total[0] = 0.0
    for mask in range(1, sets):
        for v in bits(mask):
            rest = mask ^ 1 << v
            value = total[rest] + values[v, rest]
            if value > total[mask]:
                total[mask], last[mask] = value, v
    out, mask = [0] * d, sets - 1
    while mask:
        v = int(last[mask])
        mask ^= 1 << v
        out[v] = int(parents[v, mask])
    best.offer(out, score.total(out))
