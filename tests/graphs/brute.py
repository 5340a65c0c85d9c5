"""Definitions taken word for word, by listing paths; slow, and sharing no code with the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise, permutations

import numpy as np

Edges = set[tuple[str, str]]


def paths(edges: Edges, a: str, b: str) -> Iterator[list[str]]:
    """All simple paths between a and b, whatever the direction of their edges."""
    near: dict[str, set[str]] = {}
    for x, y in edges:
        near.setdefault(x, set()).add(y)
        near.setdefault(y, set()).add(x)
    stack = [[a]]
    while stack:
        path = stack.pop()
        if path[-1] == b:
            yield path
        else:
            stack += [[*path, y] for y in near.get(path[-1], ()) if y not in path]


def directed_path(edges: Edges, a: str, b: str, avoid: Iterable[str] = (), within: Iterable[str] | None = None) -> bool:
    """Whether a → … → b (length ≥ 1) touches none of ``avoid`` after a, its interior in ``within`` if given."""
    closed, inside = set(avoid), None if within is None else set(within)
    for path in paths(edges, a, b):
        forward = len(path) > 1 and all(step in edges for step in pairwise(path))
        if forward and not closed & set(path[1:]) and (inside is None or inside.issuperset(path[1:-1])):
            return True
    return False


def d_separated(edges: Edges, a: Iterable[str], b: Iterable[str], given: Iterable[str]) -> bool:
    """No path from a to b with every collider in or above ``given`` and every other inner variable outside."""
    known = set(given)

    def open_at(x: str, here: str, y: str) -> bool:
        if (x, here) in edges and (y, here) in edges:
            return here in known or any(directed_path(edges, here, z) for z in known)
        return here not in known

    return not any(
        all(open_at(*path[i - 1 : i + 2]) for i in range(1, len(path) - 1))
        for x in a
        for y in b
        for path in paths(edges, x, y)
    )


def projection(nodes: Iterable[str], edges: Edges, latent: set[str]) -> tuple[Edges, set[frozenset[str]]]:
    """→ by directed paths, ↔ by paths without collider and with both ends pointed at; interior latent."""
    seen = [n for n in nodes if n not in latent]
    arrows = {(a, b) for a, b in permutations(seen, 2) if directed_path(edges, a, b, within=latent)}
    arcs = set()
    for a, b in combinations(seen, 2):
        for path in paths(edges, a, b):
            inner = range(1, len(path) - 1)
            collider = any((path[i - 1], path[i]) in edges and (path[i + 1], path[i]) in edges for i in inner)
            pointed = (path[1], a) in edges and (path[-2], b) in edges
            if len(path) > 2 and pointed and not collider and latent.issuperset(path[1:-1]):
                arcs.add(frozenset((a, b)))
    return arrows, arcs


def random_edges(names: list[str], share: float, generator: np.random.Generator) -> Edges:
    """A random acyclic graph: each pair joined with probability ``share``, along a random order."""
    order = [names[i] for i in generator.permutation(len(names))]
    return {pair for pair in combinations(order, 2) if generator.random() < share}
