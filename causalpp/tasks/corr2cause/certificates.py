"""Proofs that a relation holds in every member of a class, as trees that can be checked by hand.

A proof splits on the direction of an undirected edge, lets the arrows follow, and ends where paths show the
relation or an edge would point both ways; :mod:`causalpp.tasks.corr2cause.checking` follows it.  Any relation
that is entailed has one, since directing all edges decides it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causalpp.equivalence import Cpdag
from causalpp.tasks.corr2cause.checking import Arrow, Pattern

__all__ = ["pattern_of", "prove"]

_IMPOSSIBLE = {"impossible": True}


def pattern_of(graph: Cpdag) -> Pattern:
    """Skeleton and unshielded colliders of a class."""
    near: dict[str, set[str]] = {name: set() for name in graph.nodes}
    for a, b in graph.directed + graph.undirected:
        near[a].add(b)
        near[b].add(a)
    into: dict[str, list[str]] = {}
    for a, b in graph.directed:
        into.setdefault(b, []).append(a)
    colliders = {
        (min(a, b), m, max(a, b))
        for m, causes in into.items()
        for a in causes
        for b in causes
        if a != b and b not in near[a]
    }
    return Pattern({name: frozenset(some) for name, some in near.items()}, frozenset(colliders))


def prove(pattern: Pattern, relation: str, a: str, b: str, semantics: str = "path") -> dict[str, Any] | None:
    """A proof that a relation holds in every member, as plain values; None if it does not.

    Example:
        >>> from causalpp import Dag
        >>> diamond = Cpdag.from_dag(Dag.from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]))
        >>> prove(pattern_of(diamond), "ancestor", "a", "d")
        {'split': ['a', 'b'], 'if': {'because': [['a', 'b', 'd']]}, 'else': {'because': [['a', 'c', 'd']]}}
    """
    if relation in ("child", "descendant"):
        a, b, relation = b, a, "parent" if relation == "child" else "ancestor"
    known = pattern.arrows()
    return None if known is None else _Search(pattern, relation, a, b, semantics).tree(known)


class _Search:
    """The search for one proof."""

    def __init__(self, pattern: Pattern, relation: str, a: str, b: str, semantics: str) -> None:
        self.pattern, self.relation, self.a, self.b, self.direct = pattern, relation, a, b, semantics == "direct"
        self.edges = sorted({(min(v, w), max(v, w)) for v, near in pattern.near.items() for w in near})

    def tree(self, known: set[Arrow]) -> dict[str, Any] | None:
        """The proof from these arrows on."""
        found = self.witness(known)
        if found:
            return {"because": found}
        best: tuple[int, int] | None = None
        chosen: tuple[Arrow, list[set[Arrow] | None]] | None = None
        for edge in self.edges:
            x, y = edge
            if edge in known or (y, x) in known:
                continue
            ways = [self.pattern.close(known, [arrow]) for arrow in (edge, (y, x))]
            ended = sum(way is None or self.witness(way) is not None for way in ways)
            score = ended, min(len(way) for way in ways if way is not None) if any(ways) else 0
            if best is None or score > best:
                best, chosen = score, (edge, ways)
            if ended == 2:
                break
        if chosen is None:
            return None
        branches = []
        for way in chosen[1]:
            branch = _IMPOSSIBLE if way is None else self.tree(way)
            if branch is None:
                return None
            branches.append(branch)
        return {"split": list(chosen[0]), "if": branches[0], "else": branches[1]}

    def witness(self, arrows: set[Arrow]) -> list[list[str]] | None:
        """Paths along the arrows that show the relation, or None."""
        a, b = self.a, self.b
        if self.relation == "parent":
            return [[a, b]] if (a, b) in arrows else None
        if self.relation == "ancestor":
            if self.direct and b in self.pattern.near[a]:
                return None
            ways = _ways(((x, y) for x, y in arrows if (x, y) != (a, b)), a, without="")
            return [ways[b]] if b in ways else None
        forward = self.relation == "collider"
        steps = arrows if forward else {(y, x) for x, y in arrows}
        if self.direct:
            steps = {(x, y) for x, y in steps if x in (a, b)}
        from_a, from_b = _ways(steps, a, without=b), _ways(steps, b, without=a)
        common = sorted(from_a.keys() & from_b.keys(), key=lambda k: (len(from_a[k]) + len(from_b[k]), k))
        if not common:
            return None
        paths = [from_a[common[0]], from_b[common[0]]]
        return paths if forward else [path[::-1] for path in paths]


def _ways(arrows: Iterable[Arrow], start: str, without: str) -> dict[str, list[str]]:
    """A shortest way to each variable that can be reached, other than the start, past another one."""
    following: dict[str, list[str]] = {}
    for x, y in arrows:
        if without not in (x, y):
            following.setdefault(x, []).append(y)
    out = {start: [start]}
    frontier = [start]
    while frontier:
        reached = []
        for x in frontier:
            for y in sorted(following.get(x, ())):
                if y not in out:
                    out[y] = [*out[x], y]
                    reached.append(y)
        frontier = reached
    del out[start]
    return out
