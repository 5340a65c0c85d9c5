"""Which variables may be parents of which, where there are too many to look at all sets of them.

Each variable has candidates, all sets of which are looked at, each alone and with any one outsider (Kuipers, Suter &
Moffa, JCGS 31, 2022).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import mask_of
from causalpp.errors import InvalidGraph
from causalpp.posterior.blocks import Graphs
from causalpp.posterior.chains import Families, likely_sets
from causalpp.posterior.sums import Floats, Masks
from causalpp.scores import Objective

__all__ = ["Choice"]

_MOST = 10  # candidates a variable; with all others as candidates, two more
_DROPPED = 1e-3  # the share of a variable's sets of candidates, in every order, to which no outsider is added


class Choice:
    """Candidates of each variable: those that a forward search finds, and those that tell most alone.

    Args:
        objective: the scores and the prior.
        required, forbidden: edges, shape ``(d, d)``, row cause.
        max_parents: no variable has more.

    Attributes:
        candidates: shape ``(d, K)``.
    """

    def __init__(
        self,
        objective: Objective,
        required: NDArray[np.bool_],
        forbidden: NDArray[np.bool_],
        max_parents: int | None,
    ) -> None:
        self.objective, self.required, self.forbidden = objective, required, forbidden
        self.most_parents = objective.d if max_parents is None else max_parents
        if (required.sum(0) > self.most_parents).any():
            raise InvalidGraph("no graph at all agrees with what is known of the edges and the limits of the prior")
        d = objective.d
        free = int((~forbidden).sum(0).max()) - 1  # a variable is no parent of its own
        k = min(d - 1, free if free <= _MOST + 2 else max(_MOST, int(required.sum(0).max())))
        self.candidates: Masks = np.array([self._chosen(v, k) for v in range(d)], dtype=np.int64).reshape(d, k)
        self._tables: dict[int, Floats] = {}

    @property
    def complete(self) -> bool:
        """Whether everything that may be a parent is a candidate."""
        return not self._outside.any()

    @property
    def _outside(self) -> NDArray[np.bool_]:
        out = ~self.forbidden & ~np.eye(self.objective.d, dtype=bool)
        for v, candidates in enumerate(self.candidates):
            out[candidates, v] = False
        return out

    def _chosen(self, v: int, k: int) -> list[int]:
        allowed = ~self.forbidden[:, v]
        allowed[v] = False
        chosen = np.flatnonzero(self.required[:, v]).tolist()
        alone = self.objective.gains(v, mask_of(chosen))
        while len(chosen) < k:
            gains = np.where(allowed, self.objective.gains(v, mask_of(chosen)), -np.inf)
            gains[chosen] = -np.inf
            best = int(gains.argmax())
            if not gains[best] > 0:
                break
            chosen.append(best)
        rest = sorted((u for u in range(len(allowed)) if u != v and u not in chosen), key=lambda u: -alone[u])
        rest.sort(key=lambda u: not allowed[u])  # what may not be a parent only fills up
        return chosen + rest[: k - len(chosen)]

    @property
    def outsiders(self) -> Masks:
        """Of each variable all others that are no candidates, ``(d, J)``; none where none may be a parent."""
        d, k = self.candidates.shape
        out = np.ones((d, d), dtype=bool)
        out[np.arange(d), np.arange(d)] = False
        out[np.arange(d)[:, None], self.candidates] = False
        many = 0 if self.complete else d - 1 - k
        return np.nonzero(out)[1].reshape(d, d - 1 - k)[:, :many]

    def families(self, progress: Callable[[int, int], object]) -> Families:
        """With the weight of every set of candidates, without an outsider and with each."""
        outsiders = self.outsiders
        for v in range(len(outsiders)):
            progress(v, len(outsiders))
            if v not in self._tables:
                self._tables[v] = self._table(v, outsiders[v])
        return Families.of(self.candidates, outsiders, np.stack([self._tables[v] for v in range(len(outsiders))]))

    def _table(self, v: int, outsiders: Masks) -> Floats:
        candidates = self.candidates[v]
        sets = np.arange(1 << len(candidates))
        size = np.bitwise_count(sets)
        needed, ruled_out = (mask_of(np.flatnonzero(m[candidates, v])) for m in (self.required, self.forbidden))
        allowed = (sets & needed == needed) & (sets & ruled_out == 0) & (size <= self.most_parents)
        masks = [0]
        for u in candidates:
            masks += [mask | 1 << int(u) for mask in masks]
        table = np.full((1 + len(outsiders), len(sets)), -np.inf)
        table[0, allowed] = self.objective.many(v, [masks[n] for n in np.flatnonzero(allowed)])
        free = ~self.forbidden[outsiders, v]
        if free.any():
            likely = likely_sets(table[:1], _DROPPED)
            for n in likely[size[likely] < self.most_parents]:
                gains = self.objective.gains(v, masks[n])[outsiders]
                table[1:, n] = np.where(free, table[0, n] + gains, -np.inf)
        return table

    def missed(self, graphs: Graphs) -> Floats:
        """P(u → v) in families that are not looked at, for want of room for another outsider, ``(d, d)``.

        In each graph in which v has an outsider as a parent, any other with no way from v would become one too, with
        the odds of the two families.
        """
        d = self.objective.d
        out, outside = np.zeros((d, d)), self._outside
        reach = _reach(graphs)
        for v in np.flatnonzero(outside.any(0)).tolist():
            parents = [mask_of(np.flatnonzero(column)) for column in graphs[:, :, v]]
            some = mask_of(np.flatnonzero(outside[:, v]))
            for mask in {mask for mask in parents if mask & some}:
                if mask.bit_count() < self.most_parents:
                    share = 1 / (1 + np.exp(-np.clip(self.objective.gains(v, mask), -700, 700)))
                    free = ~reach[[n for n, other in enumerate(parents) if other == mask], v]
                    out[:, v] += np.where(outside[:, v], share, 0.0) * free.sum(0) / len(graphs)
        return out

    def improve(self, edges: Floats, worth: float) -> bool:
        """Exchange candidates for outsiders that are likelier joined; whether any was.

        That u is a candidate of v if v is a likely parent of u lets a block turn the edge between them.

        Args:
            edges: P(u → v) with these candidates.
            worth: by how much likelier an outsider is than the candidate for which it is taken, at least.
        """
        changed, outside, joined = False, self._outside, np.maximum(edges, edges.T)
        for v in range(len(edges)):
            candidates = self.candidates[v]
            leaving = [k for k in np.argsort(joined[candidates, v]) if not self.required[candidates[k], v]]
            coming = sorted(np.flatnonzero(outside[:, v]), key=lambda u: -joined[u, v])
            for k, u in zip(leaving, coming, strict=False):
                if joined[u, v] > joined[candidates[k], v] + worth:
                    candidates[k] = u
                    self._tables.pop(v, None)
                    changed = True
        return changed


def _reach(graphs: Graphs) -> Graphs:
    """Whether there is a way from the one to the other, ``(N, d, d)``."""
    out = graphs.astype(np.float32)
    while True:
        more = np.minimum(out + out @ out, 1)
        if (more == out).all():
            return np.asarray(out > 0)
        out = more
