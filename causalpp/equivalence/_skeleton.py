"""From a skeleton to a class: background knowledge, PC's tests, and what is done where colliders disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from causalpp.equivalence._evidence import Score, Test
from causalpp.equivalence.cpdag import Matrix, extension
from causalpp.errors import InvalidData

__all__ = ["Collider", "Rules", "colliders_of", "pc", "settle"]

#: How weak the evidence is (small is strong), and ``a → c ← b`` as ``(a, c, b)``.
Collider = tuple[float, tuple[int, int, int]]


@dataclass(frozen=True)
class Rules:
    """Background knowledge by column: ``forbidden[i, j]`` rules i → j out; required edges make no cycle."""

    required: Matrix
    forbidden: Matrix

    def __bool__(self) -> bool:
        return bool(self.required.any() or self.forbidden.any())

    def parents(self, target: int) -> list[int]:
        """The columns that may be parents of one."""
        return [int(k) for k in np.flatnonzero(~self.forbidden[:, target]) if k != target]

    def apart(self, a: int, b: int) -> bool:
        """Whether no edge may join two columns."""
        return bool(self.forbidden[a, b] and self.forbidden[b, a])

    def forced(self, skeleton: Matrix) -> Matrix:
        """The edges of a skeleton that may point one way only, that way."""
        return skeleton & self.forbidden.T & ~self.forbidden

    def start(self) -> list[int]:
        """An order of the columns that agrees with the required edges."""
        order, left = [], set(range(len(self.required)))
        while left:
            free = min(k for k in left if not any(self.required[p, k] for p in left))
            order.append(free)
            left.remove(free)
        return order

    def enforce(self, score: Score, rows: int) -> Score:
        """A score that no graph without the required edges can win."""
        needed = [set(np.flatnonzero(column).tolist()) for column in self.required.T]

        def scored(target: int, parents: Sequence[int]) -> float:
            missing = len(needed[target].difference(parents))
            return score(target, parents) - 1e3 * (rows + 1) * missing

        return scored


def pc(test: Test, alpha: float, rules: Rules) -> tuple[Matrix, list[Collider], list[dict[str, Any]]]:
    """The skeleton, the colliders the tests see in it, and the test that removed each edge.

    PC-stable (Colombo & Maathuis, JMLR 15, 2014): of the sets of one size that separate a pair, the one with
    the largest p-value is kept.  A set holds only what may come before one of the two.  A collider a → c ← b is
    as strong as the dependence of a and b is once c joins their separating set.
    """
    d = len(rules.required)
    skeleton = ~np.eye(d, dtype=bool)
    asked: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}  # of each pair, the largest p-value
    size = 0
    while size <= d - 2 and (skeleton.sum(0) > size).any():
        found = []
        for a, b in combinations(range(d), 2):
            if not skeleton[a, b] or rules.required[a, b] or rules.required[b, a]:
                continue
            sets = {
                given
                for x, y in ((a, b), (b, a))
                for given in combinations([k for k in rules.parents(x) if skeleton[k, x] and k != y], size)
            }
            for given in sorted(sets):
                p = test(a, b, given)
                if (a, b) not in asked or p > asked[a, b][0]:
                    asked[a, b] = p, given
            if (a, b) in asked and asked[a, b][0] > alpha:
                found.append((a, b))
        for a, b in found:
            skeleton[a, b] = skeleton[b, a] = False
        size += 1
    removed = []
    for a, b in combinations(range(d), 2):
        known = skeleton[a, b] and rules.apart(a, b)
        if known:
            skeleton[a, b] = skeleton[b, a] = False
        if not skeleton[a, b] and (a, b) in asked:
            p, given = asked[a, b]
            removed.append({"pair": (a, b), "given": given, "p": p, "by": "knowledge" if known else "test"})
    colliders: list[Collider] = []
    for (a, b), (_, given) in sorted(asked.items()):
        if not skeleton[a, b]:
            between = np.flatnonzero(skeleton[a] & skeleton[b]).tolist()
            colliders += [(test(a, b, (*given, c)), (a, c, b)) for c in between if c not in given]
    return skeleton, colliders, removed


def settle(skeleton: Matrix, colliders: Sequence[Collider], rules: Rules) -> tuple[Matrix, dict[str, list[Any]]]:
    """A Dag with a skeleton, the knowledge, and as many colliders as agree; and where it departs from them.

    First the knowledge is directed, then the colliders one by one, the strongest first, each kept unless an edge
    of it already points the other way or would close a cycle.  What is left is directed without new colliders
    if there is a way (Dor & Tarsi, 1992), and otherwise sink by sink, each time the sink that makes fewest.
    What is directed is acyclic at every step, so there always is a sink: this ends, with a Dag.

    Raises:
        InvalidData: the knowledge itself directs a cycle in this skeleton.
    """
    directed = rules.forced(skeleton)
    if _cyclic(directed):
        raise InvalidData("the background knowledge directs the edges that the data show in a cycle")
    kept, dropped = set(), []
    for _, (a, c, b) in sorted(colliders):
        trial = directed.copy()
        trial[a, c] = trial[b, c] = True
        if (trial & trial.T).any() or _cyclic(trial):
            dropped.append((a, c, b))
        else:
            directed = trial
            kept.add((a, c, b))
    dag = extension(skeleton & ~directed.T)
    if dag is None:
        dag = _extension_with_fewest_colliders(skeleton & ~directed.T)
    added = [triple for triple in colliders_of(dag) if triple not in kept]
    return dag, {"dropped": dropped, "added": added}


def _cyclic(directed: Matrix) -> bool:
    left = directed.copy()
    alive = np.ones(len(left), dtype=bool)
    while alive.any():
        sinks = alive & ~left.any(1)
        if not sinks.any():
            return True
        alive &= ~sinks
        left[:, sinks] = False
    return False


def _extension_with_fewest_colliders(matrix: Matrix) -> Matrix:
    out, left = matrix.copy(), matrix.copy()
    alive = set(range(len(matrix)))
    while alive:
        joined = left | left.T

        def made(x: int, joined: Matrix = joined, left: Matrix = left) -> int:
            near, around = np.flatnonzero(left[x] & left[:, x]), np.flatnonzero(left[:, x])
            return sum(1 for y in near for z in around if y != z and not joined[y, z])

        sink = min((x for x in alive if not (left[x] & ~left[:, x]).any()), key=lambda x: (made(x), x))
        out[sink, left[sink] & left[:, sink]] = False
        left[sink, :] = left[:, sink] = False
        alive.remove(sink)
    return out


def colliders_of(dag: Matrix) -> list[tuple[int, int, int]]:
    joined = dag | dag.T
    return [
        (a, c, b)
        for c in range(len(dag))
        for a, b in combinations(np.flatnonzero(dag[:, c]).tolist(), 2)
        if not joined[a, b]
    ]
