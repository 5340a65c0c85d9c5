"""Classes and relations by brute force: plain Python over sets of edges, sharing nothing with the library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

Edges = frozenset[tuple[str, str]]


def members(
    variables: tuple[str, ...], joined: set[frozenset[str]], colliders: set[tuple[frozenset[str], str]]
) -> list[Edges]:
    """Every acyclic way to direct the joined pairs in which exactly these unshielded triples are colliders."""
    pairs = sorted(tuple(sorted(pair)) for pair in joined)
    near = {v: {w for w in variables if frozenset((v, w)) in joined} for v in variables}

    def agrees(edges: set[tuple[str, str]], middle: str) -> bool:
        for a, b in combinations(sorted(near[middle]), 2):
            if frozenset((a, b)) in joined:
                continue
            known = [(a, middle) in edges or (middle, a) in edges, (b, middle) in edges or (middle, b) in edges]
            meets = (a, middle) in edges and (b, middle) in edges
            wanted = (frozenset((a, b)), middle) in colliders
            if meets and not wanted:
                return False
            if wanted and ((middle, a) in edges or (middle, b) in edges):
                return False
            if wanted and all(known) and not meets:
                return False
        return True

    def extend(k: int, edges: set[tuple[str, str]]) -> Iterator[Edges]:
        if k == len(pairs):
            if not cyclic(variables, edges):
                yield frozenset(edges)
            return
        a, b = pairs[k]
        for edge in ((a, b), (b, a)):
            edges.add(edge)
            if agrees(edges, edge[0]) and agrees(edges, edge[1]):
                yield from extend(k + 1, edges)
            edges.remove(edge)

    return list(extend(0, set()))


def cyclic(variables: tuple[str, ...], edges: set[tuple[str, str]]) -> bool:
    """Whether taking off variables without a cause, again and again, leaves some."""
    left = set(variables)
    while True:
        roots = {v for v in left if not any((w, v) in edges for w in left)}
        if not roots:
            return bool(left)
        left -= roots


def class_of(variables: tuple[str, ...], edges: set[tuple[str, str]]) -> list[Edges]:
    """Every graph with the skeleton and the unshielded colliders of one."""
    joined = {frozenset(edge) for edge in edges}
    colliders = {
        (frozenset((a, b)), m)
        for m in variables
        for a, b in combinations(sorted(variables), 2)
        if (a, m) in edges and (b, m) in edges and frozenset((a, b)) not in joined
    }
    return members(variables, joined, colliders)


def paths(edges: Edges, start: str, end: str, done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All directed paths of one edge or more."""
    if start == end and done:
        yield (*done, end)
        return
    for a, b in edges:
        if a == start and b not in done:
            yield from paths(edges, b, end, (*done, start))


def holds(relation: str, a: str, b: str, edges: Edges, variables: tuple[str, ...], semantics: str) -> bool:
    """A relation, word by word from its definition."""
    if relation == "parent":
        return (a, b) in edges
    if relation == "child":
        return (b, a) in edges
    if relation == "descendant":
        return holds("ancestor", b, a, edges, variables, semantics)
    if relation == "ancestor":
        found = [len(path) for path in paths(edges, a, b)]
        return bool(found) and min(found) > 2 if semantics == "direct" else any(length > 2 for length in found)
    for k in set(variables) - {a, b}:
        ends = ((a, k), (b, k)) if relation == "collider" else ((k, a), (k, b))
        if semantics == "direct":
            good = all(end in edges for end in ends)
        else:
            good = any(b not in path for path in paths(edges, *ends[0])) and any(
                a not in path for path in paths(edges, *ends[1])
            )
        if good:
            return True
    return False
