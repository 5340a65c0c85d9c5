"""Which variables may be parents of which, where there are too many to look at all sets of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import mask_of
from causalpp.errors import InvalidGraph
from causalpp.posterior.blocks import Graphs
from causalpp.posterior.chains import Families
from causalpp.posterior.sums import Floats, Masks
from causalpp.scores import Objective

__all__ = ["Choice"]

_MOST = 10  # candidates a variable; with all others as candidates, two more
_LOOKED_AT = 20  # families of each variable to which each outsider is added


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
        k = d - 1 if d - 1 <= _MOST + 2 else max(_MOST, int(required.sum(0).max()))
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

    def families(self, progress: Callable[[int, int], object]) -> Families:
        """With the weight of every set of candidates."""
        d, k = self.candidates.shape
        sets, size = np.arange(1 << k), np.bitwise_count(np.arange(1 << k))
        for v in range(d):
            progress(v, d)
            if v in self._tables:
                continue
            candidates = self.candidates[v]
            needed, ruled_out = (mask_of(np.flatnonzero(m[candidates, v])) for m in (self.required, self.forbidden))
            allowed = (sets & needed == needed) & (sets & ruled_out == 0) & (size <= self.most_parents)
            each = [1 << int(u) for u in candidates]
            masks = [0]
            for one in each:
                masks += [mask | one for mask in masks]
            table = np.full(1 << k, -np.inf)
            table[allowed] = self.objective.many(v, [masks[n] for n in np.flatnonzero(allowed)])
            self._tables[v] = table
        return Families.of(self.candidates, np.stack([self._tables[v] for v in range(d)]))

    def missed(self, graphs: Graphs) -> Floats:
        """P(u → v) for those u that are no candidates, as far as one more parent tells, ``(d, d)``.

        In each graph, u with no way from v would become a parent with the odds of the two families.
        """
        d = self.objective.d
        out, outside = np.zeros((d, d)), self._outside
        reach = _reach(graphs)
        for v in np.flatnonzero(outside.any(0)).tolist():
            parents = [mask_of(np.flatnonzero(column)) for column in graphs[:, :, v]]
            for mask, _ in Counter(parents).most_common(_LOOKED_AT):
                if mask.bit_count() < self.most_parents:
                    share = 1 / (1 + np.exp(-np.clip(self.objective.gains(v, mask), -700, 700)))
                    free = ~reach[[n for n, other in enumerate(parents) if other == mask], v]
                    out[:, v] += np.where(outside[:, v], share, 0.0) * free.sum(0) / len(graphs)
        return out

    def improve(self, missed: Floats, edges: Floats, worth: float) -> bool:
        """Exchange candidates for outsiders that are likelier parents; whether any was.

        Args:
            missed: see :meth:`missed`.
            edges: P(u → v) by chains with these candidates.
            worth: the least probability for which an outsider is taken.
        """
        changed = False
        for v in np.flatnonzero((missed > worth).any(0)):
            candidates = self.candidates[v]
            leaving = [k for k in np.argsort(edges[candidates, v]) if not self.required[candidates[k], v]]
            coming = [int(u) for u in np.argsort(-missed[:, v]) if missed[u, v] > worth]
            for k, u in zip(leaving, coming, strict=False):
                if missed[u, v] > edges[candidates[k], v]:
                    candidates[k] = u
                    self._tables.pop(int(v), None)
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
