"""Searches by score for the graph that data support: GES, GRaSP, BOSS and exact."""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from causalpp.equivalence._evidence import Score
from causalpp.equivalence._skeleton import Collider, Rules, colliders_of
from causalpp.equivalence.cpdag import Matrix, completed, extension

__all__ = ["boss", "exact", "ges", "grasp"]

_STARTS = 8  # random orders from which grasp sets out


def ges(score: Score, rules: Rules, rows: int) -> tuple[Matrix, list[Collider]]:
    """Greedy equivalence search (Chickering, JMLR 3, 2002): a Dag of the class, and its colliders.

    Knowledge of which pairs are joined acts during the search, as it is the same throughout a class.
    """
    d = len(rules.required)
    must = rules.required | rules.required.T

    def bonus(x: int, y: int) -> float:
        return -1e6 * (rows + 1) if rules.apart(x, y) else 1e6 * (rows + 1) if must[x, y] else 0.0

    matrix = np.zeros((d, d), dtype=bool)
    for step in (_insertions, _deletions):
        while True:
            best, change = 1e-9, None
            for x, y, gain, trial in step(matrix, score):
                total = gain + (bonus(x, y) if step is _insertions else -bonus(x, y))
                if total > best:
                    best, change = total, trial
            dag = None if change is None else extension(change())
            if dag is None:
                break
            matrix = completed(dag)
    dag = extension(matrix)
    assert dag is not None  # every step led to a class
    colliders = [
        (score(c, [a]) + score(c, [b]) - score(c, [a, b]) - score(c, []), (a, c, b)) for a, c, b in colliders_of(dag)
    ]
    return dag, colliders


_Change = tuple[int, int, float, Callable[[], Matrix]]


def _insertions(matrix: Matrix, score: Score) -> Iterator[_Change]:
    joined, both = matrix | matrix.T, matrix & matrix.T
    for x, y in np.argwhere(~joined & ~np.eye(len(matrix), dtype=bool)).tolist():
        parents = set(np.flatnonzero(matrix[:, y] & ~matrix[y]).tolist())
        common = set(np.flatnonzero(both[y] & joined[x]).tolist())
        for extra in _cliques(joined, common, np.flatnonzero(both[y] & ~joined[x]).tolist()):
            clique = common | set(extra)
            if not _reaches(matrix, y, x, clique):
                before = sorted(parents | clique)
                gain = score(y, sorted({x, *before})) - score(y, before)

                def change(x: int = x, y: int = y, extra: tuple[int, ...] = extra) -> Matrix:
                    out = matrix.copy()
                    out[x, y] = True
                    out[y, list(extra)] = False
                    return out

                yield x, y, gain, change


def _deletions(matrix: Matrix, score: Score) -> Iterator[_Change]:
    joined, both = matrix | matrix.T, matrix & matrix.T
    for x, y in np.argwhere(matrix).tolist():
        parents = set(np.flatnonzero(matrix[:, y] & ~matrix[y]).tolist()) - {x}
        common = np.flatnonzero(both[y] & joined[x]).tolist()
        for stay in _cliques(joined, set(), common):
            away = [k for k in common if k not in stay]
            before = sorted(parents | set(stay))
            gain = score(y, before) - score(y, sorted({x, *before}))

            def change(x: int = x, y: int = y, away: list[int] = away) -> Matrix:
                out = matrix.copy()
                out[x, y] = out[y, x] = False
                out[away, y] = False
                for k in away:
                    out[k, x] &= not out[x, k]
                return out

            yield x, y, gain, change


def _cliques(joined: Matrix, base: set[int], more: list[int]) -> Iterator[tuple[int, ...]]:
    """Every subset of ``more`` that is a clique together with ``base``."""
    if any(not joined[a, b] for a, b in combinations(base, 2)):
        return

    def grown(chosen: tuple[int, ...], start: int) -> Iterator[tuple[int, ...]]:
        yield chosen
        for place in range(start, len(more)):
            if all(joined[more[place], k] for k in (*base, *chosen)):
                yield from grown((*chosen, more[place]), place + 1)

    yield from grown((), 0)


def _reaches(matrix: Matrix, start: int, end: int, blocked: set[int]) -> bool:
    """Whether a path from start to end, no edge of it directed backwards, avoids what is blocked."""
    seen, frontier = {start, *blocked}, [start]
    while frontier:
        for k in np.flatnonzero(matrix[frontier.pop()]).tolist():
            if k == end:
                return True
            if k not in seen:
                seen.add(k)
                frontier.append(k)
    return False


class _Scorer:
    """A score as causal-learn's permutation searches expect it."""

    def __init__(self, score: Score, d: int) -> None:
        self.data = np.zeros((1, d))  # asked for its shape alone
        self.score_nocache = score

    def score(self, target: int, parents: Sequence[int]) -> float:
        return self.score_nocache(target, parents)


@contextlib.contextmanager
def _causal_learn(seed: int) -> Iterator[None]:
    """Quiet imports, and Python's own random numbers seeded here and left as they were."""
    state = random.getstate()
    random.seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(state)


def boss(score: Score, rules: Rules, seed: int) -> Matrix:
    """Best order score search (Andrews et al., NeurIPS 2023), by causal-learn's moves: a Dag."""
    with _causal_learn(seed):
        from causallearn.search.PermutationBased.BOSS import better_mutation

        trees, order = _trees(score, rules), rules.start()
        columns = list(order)
        improved = True
        while improved:
            random.shuffle(columns)
            improved = sum(better_mutation(v, order, trees) for v in columns) > 0  # each of them moves
        out = np.zeros((len(order), len(order)), dtype=bool)
        for place, v in enumerate(order):
            parents: list[int] = []
            trees[v].trace(order[:place], parents)
            out[parents, v] = True
    return out


def grasp(score: Score, rules: Rules, seed: int) -> Matrix:
    """Greedy relaxation of the sparsest permutation (Lam, Andrews & Ramsey, UAI 2022), by causal-learn's moves.

    The best Dag of several random starts: causal-learn's search changes the very list of parents it goes through,
    so it misses some moves and can stop too early.
    """
    d = len(rules.required)
    best, out = -np.inf, np.zeros((d, d), dtype=bool)
    with _causal_learn(seed):
        from causallearn.search.PermutationBased.GRaSP import Order, dfs

        trees = _trees(score, rules)
        for _ in range(_STARTS):
            order = Order(d, _Scorer(score, d))
            if rules.required.any():
                order.order = rules.start()
            for place, v in enumerate(order.order):
                parents = order.get_parents(v)
                order.set_local_score(v, trees[v].trace(order.order[:place], parents))
                order.bump_edges(len(parents))
            while dfs(2, set(), [], order, trees):
                pass
            total = sum(score(v, order.get_parents(v)) for v in range(d))
            if total > best + 1e-6:
                best, out = total, np.zeros((d, d), dtype=bool)
                for v in range(d):
                    out[order.get_parents(v), v] = True
    return out


def _trees(score: Score, rules: Rules) -> list[Any]:
    from causallearn.search.PermutationBased.gst import GST

    d = len(rules.required)
    trees = [GST(v, _Scorer(score, d)) for v in range(d)]
    for v, tree in enumerate(trees):
        tree.forbidden = [k for k in range(d) if k not in rules.parents(v)]
    return trees


def exact(score: Score, rules: Rules) -> Matrix:
    """The Dag of the highest score, by dynamic programming over sets (Silander & Myllymäki, UAI 2006)."""
    d = len(rules.required)
    best: list[list[tuple[float, int]]] = []  # of each column and set: the best parents within the set
    for v in range(d):
        allowed = sum(1 << k for k in rules.parents(v))
        row = [(score(v, []), 0)] * (1 << d)
        for mask in range(1, 1 << d):
            if mask & allowed != mask:
                row[mask] = row[mask & allowed]
                continue
            members = [k for k in range(d) if mask >> k & 1]
            row[mask] = max((score(v, members), mask), *(row[mask & ~(1 << k)] for k in members), key=lambda e: e[0])
        best.append(row)
    total = [0.0] * (1 << d)
    last = [0] * (1 << d)
    for mask in range(1, 1 << d):
        total[mask], last[mask] = max(
            (total[mask & ~(1 << v)] + best[v][mask & ~(1 << v)][0], v) for v in range(d) if mask >> v & 1
        )
    out = np.zeros((d, d), dtype=bool)
    mask = (1 << d) - 1
    while mask:
        v = last[mask]
        mask &= ~(1 << v)
        for k in range(d):
            out[k, v] = bool(best[v][mask][1] >> k & 1)
    return out
