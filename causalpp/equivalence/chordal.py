"""Chain components: the ways to direct a connected chordal graph without cycles and without new colliders.

The variables are put in one after the other, in an order in which the earlier neighbours of each form a clique
(maximum cardinality search, Tarjan & Yannakakis 1984).  In a graph directed so far that clique K is a
line; the new variable v takes a place in the line, the ones before it become its parents and the ones behind
its children.  A child must have no parent outside K, which v could not be joined to; so the places allowed
are those behind the last member of K with such a parent.  The end of the line is always allowed: there are no
dead ends, and each graph is reached in exactly one way.

Background knowledge fixes the direction of some edges: it narrows the places further, and then there may be none.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from causalpp.graphs.cpdag import Matrix

__all__ = ["all_orientations", "insertion_order", "orientations", "orientations_by_edge"]


def insertion_order(undirected: Matrix) -> list[int]:
    """An order in which every variable's earlier neighbours form a clique, by maximum cardinality search."""
    left = np.ones(len(undirected), dtype=bool)
    earlier = np.zeros(len(undirected), dtype=np.int64)
    order: list[int] = []
    for _ in range(len(undirected)):
        v = int(np.where(left, earlier, -1).argmax())
        order.append(v)
        left[v] = False
        earlier += undirected[v]
    return order


def orientations(undirected: Matrix, fixed: Matrix | None = None) -> Iterator[Matrix]:
    """All orientations one by one, in a fixed order; the time between two does not depend on how many there are.

    Args:
        undirected: the skeleton, symmetric, shape ``(k, k)``.
        fixed: edges of it whose direction is known; with some, there may be dead ends.
    """
    known = np.zeros_like(undirected) if fixed is None else fixed
    order = insertion_order(undirected)
    cliques = [[u for u in order[:k] if undirected[u, v]] for k, v in enumerate(order)]
    directed = np.zeros_like(undirected)

    def places(level: int) -> Iterator[None]:
        """Put the variable of a level at each of its places in turn."""
        v = order[level]
        clique = cliques[level]
        line = sorted(clique, key=lambda u: int(directed[clique, u].sum()))
        outside = directed[:, line].copy()
        outside[clique] = False
        before = np.flatnonzero(outside.any(0) | known[line, v])
        behind = np.flatnonzero(known[v, line])
        first = int(before[-1]) + 1 if len(before) else 0
        last = int(behind[0]) if len(behind) else len(line)
        for place in range(first, last + 1):
            directed[v, :] = directed[:, v] = False
            directed[line[:place], v] = True
            directed[v, line[place:]] = True
            yield
        directed[v, :] = directed[:, v] = False

    stack = [places(0)]
    while stack:
        if next(stack[-1], stack) is stack:  # this level has no place left
            stack.pop()
        elif len(stack) == len(order):
            yield directed.copy()
        else:
            stack.append(places(len(stack)))


def all_orientations(undirected: Matrix, fixed: Matrix | None = None) -> NDArray[np.bool_]:
    """All orientations at once, shape ``(M, k, k)``, in the order of :func:`orientations`."""
    tails, heads, found = orientations_by_edge(undirected, fixed)
    out = np.zeros((len(found), *undirected.shape), dtype=bool)
    out[:, tails, heads] = found
    return out


def orientations_by_edge(
    undirected: Matrix, fixed: Matrix | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The same: tails and heads, ``(2 E,)``, and of each orientation, which of these edges it has, ``(M, 2 E)``."""
    known = np.zeros_like(undirected) if fixed is None else fixed
    order = insertion_order(undirected)
    tails, heads = np.nonzero(undirected)
    at = np.zeros(undirected.shape, dtype=np.int64)  # the column of each edge; column 0 is False throughout
    at[tails, heads] = 1 + np.arange(len(tails))
    out = np.zeros((1, 1 + len(tails)), dtype=bool)
    for k, v in enumerate(order):
        clique = np.array([u for u in order[:k] if undirected[u, v]], dtype=np.int64)
        earlier = np.array(order[:k], dtype=np.int64)
        others = earlier[~undirected[earlier, v] & undirected[earlier[:, None], clique].any(1)]
        place = out[:, at[clique[:, None], clique]].sum(1, dtype=np.int64)  # (M, |K|): each one's place in the line
        before_v = out[:, at[others[:, None], clique]].any(1) | known[clique, v]
        first = np.where(before_v, place + 1, 0).max(1, initial=0)
        last = np.where(known[v, clique], place, len(clique)).min(1, initial=len(clique))
        choices = np.maximum(last + 1 - first, 0)
        member = np.repeat(np.arange(len(out)), choices)
        taken = np.arange(len(member)) - np.repeat(np.cumsum(choices) - choices, choices) + first[member]
        out, before = out[member], place[member] < taken[:, None]
        out[:, at[clique, v]] = before
        out[:, at[v, clique]] = ~before
    return tails, heads, out[:, 1:]
