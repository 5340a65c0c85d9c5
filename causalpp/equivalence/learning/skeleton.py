"""From a skeleton to a class: background knowledge, PC's tests, and what is done where colliders disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from causalpp.equivalence.learning.rules import Rules
from causalpp.equivalence.learning.watch import Watch
from causalpp.errors import InvalidData
from causalpp.graphs.cpdag import Matrix, extension

__all__ = ["Collider", "Evidence", "Test", "colliders_of", "judged", "pc", "settle", "without_cycles"]

#: The p-value of "x and y are independent given the columns", symmetric in x and y.
Test = Callable[[int, int, Sequence[int]], float]
#: How weak the evidence is (small is strong), and ``a → c ← b`` as ``(a, c, b)``.
Collider = tuple[float, tuple[int, int, int]]


@dataclass
class Evidence:
    """What PC has seen so far; it can be stopped at any time.

    Attributes:
        skeleton: which columns are joined.
        asked: of each pair, the largest p-value, and what was given.
    """

    skeleton: Matrix
    asked: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = field(default_factory=dict)


def pc(
    test: Test,
    alpha: float,
    rules: Rules,
    max_conditioning: int | None = None,
    watch: Watch | None = None,
    evidence: Evidence | None = None,
) -> Evidence:
    """Which columns are joined, and the tests that say so.

    PC-stable (Colombo & Maathuis, JMLR 15, 2014): of the sets of one size that separate a pair, the one with
    the largest p-value is kept.  A set holds only what may come before one of the two, and may be joined to it.

    Args:
        test: of independence.
        alpha: the level above which it takes the edge away.
        rules: required edges are not tested; what they rule out is in no set.
        max_conditioning: how many columns may be given, at most; None for all.
        watch: whoever looks on.
        evidence: where to keep what is seen, for whoever stops the search.
    """
    d = len(rules.required)
    watch = Watch() if watch is None else watch
    evidence = Evidence(~np.eye(d, dtype=bool)) if evidence is None else evidence
    skeleton, asked = evidence.skeleton, evidence.asked
    apart = rules.forbidden & rules.forbidden.T
    largest = d - 2 if max_conditioning is None else min(d - 2, max_conditioning)
    size = 0
    while size <= largest and (skeleton.sum(0) > size).any():
        found = []
        near = [np.flatnonzero(skeleton[:, x] & ~apart[:, x] & ~rules.forbidden[:, x]).tolist() for x in range(d)]
        pairs = [
            (a, b)
            for a, b in combinations(range(d), 2)
            if skeleton[a, b] and not rules.required[a, b] and not rules.required[b, a]
        ]
        done, total = 0, sum(1 for a, b in pairs for _ in _sets(near, a, b, size))
        for a, b in pairs:
            for given in _sets(near, a, b, size):
                watch(f"tests given {size} other{'s' * (size != 1)}", done, total)
                done += 1
                p = test(a, b, given)
                if (a, b) not in asked or p > asked[a, b][0]:
                    asked[a, b] = p, given
            if (a, b) in asked and asked[a, b][0] > alpha:
                found.append((a, b))
        for a, b in found:
            skeleton[a, b] = skeleton[b, a] = False
        watch.edges = int(skeleton.sum()) // 2
        size += 1
    return evidence


def _sets(near: list[list[int]], a: int, b: int, size: int) -> Iterator[tuple[int, ...]]:
    """The sets of one size of what may come before a, or before b."""
    seen = set()
    for x, y in ((a, b), (b, a)):
        for given in combinations([k for k in near[x] if k != y], size):
            if given not in seen:
                seen.add(given)
                yield given


Judged = tuple[Matrix, list[Collider], list[dict[str, Any]]]


def judged(evidence: Evidence, test: Test, rules: Rules, watch: Watch | None = None, quick: bool = False) -> Judged:
    """The skeleton under the knowledge, the colliders the tests see in it, and the test that removed each edge.

    A collider a → c ← b is as strong as the dependence of a and b is once c joins their separating set; where it has to
    be ``quick``, as weak as the weaker of its edges.
    """
    watch = Watch() if watch is None else watch
    d = len(rules.required)
    skeleton, asked = evidence.skeleton.copy(), evidence.asked
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
            for c in between:
                if c not in given:
                    watch("colliders weighed", len(colliders), len(colliders) + 1)
                    edges = [asked.get((min(k, c), max(k, c)), (0.0, ()))[0] for k in (a, b)]
                    colliders.append((max(edges) if quick else test(a, b, (*given, c)), (a, c, b)))
    return skeleton, colliders, removed


def without_cycles(
    skeleton: Matrix, colliders: Sequence[Collider], evidence: Evidence, rules: Rules
) -> tuple[Matrix, list[Collider], list[tuple[int, int]]]:
    """The skeleton and its colliders without edges that the knowledge would direct in a cycle, and which those were.

    No graph with such a skeleton agrees with the knowledge, so some edge must go: of those in a cycle that are not
    required, one after the other, the one for which there is least evidence.  Required edges alone close no cycle.
    """
    skeleton, gone = skeleton.copy(), []
    while True:
        forced = rules.forced(skeleton)
        reach = forced.copy()
        for k in range(len(reach)):
            reach |= reach[:, k, None] & reach[k]
        round_trip = np.argwhere(forced & reach.T & ~rules.required).tolist()
        if not round_trip:
            break
        asked = evidence.asked
        weakest = max((asked.get((min(e), max(e)), (2.0, ()))[0], sorted(e)) for e in round_trip)[1]
        a, b = weakest
        skeleton[a, b] = skeleton[b, a] = False
        gone.append((a, b))
    left = [one for one in colliders if skeleton[one[1][0], one[1][1]] and skeleton[one[1][2], one[1][1]]]
    return skeleton, left, gone


def settle(skeleton: Matrix, colliders: Sequence[Collider], rules: Rules) -> tuple[Matrix, dict[str, list[Any]]]:
    """A Dag with a skeleton, the knowledge, and as many colliders as agree; and where it departs from them.

    First the knowledge is directed, then the colliders one by one, the strongest first, each kept unless an edge
    of it already points the other way or would close a cycle.  What is left is directed without new colliders
    if there is a way (Dor & Tarsi, 1992), and otherwise sink by sink, each time the sink that makes fewest.
    What is directed is acyclic at every step, so there always is a sink: this ends, with a Dag.

    Raises:
        InvalidData: the knowledge itself directs a cycle in this skeleton; see :func:`without_cycles`.
    """
    directed = rules.forced(skeleton)
    if extension(directed) is None:
        raise InvalidData("the background knowledge directs the edges that the data show in a cycle")
    kept, dropped = set(), []
    for _, (a, c, b) in sorted(colliders):
        trial = directed.copy()
        trial[a, c] = trial[b, c] = True
        if (trial & trial.T).any() or extension(trial) is None:
            dropped.append((a, c, b))
        else:
            directed = trial
            kept.add((a, c, b))
    dag = extension(skeleton & ~directed.T)
    if dag is None:
        dag = _extension_with_fewest_colliders(skeleton & ~directed.T)
    added = [triple for triple in colliders_of(dag) if triple not in kept]
    return dag, {"dropped": dropped, "added": added}


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
    """Every a → c ← b of a Dag whose a and b are not joined, as ``(a, c, b)``."""
    joined = dag | dag.T
    return [
        (a, c, b)
        for c in range(len(dag))
        for a, b in combinations(np.flatnonzero(dag[:, c]).tolist(), 2)
        if not joined[a, b]
    ]
