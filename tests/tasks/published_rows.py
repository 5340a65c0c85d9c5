"""Rows as the published sets have them, with labels from going through every member of every class."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations, permutations
from typing import Any

from causalpp.equivalence.statements.premise import premise
from causalpp.graphs import Dag

SENTENCES = {
    "parent": "{a} directly causes {b}.",
    "non-parent ancestor": "{a} causes something else which causes {b}.",
    "child": "{b} directly causes {a}.",
    "non-child descendant": "{b} is a cause for {a}, but not a direct one.",
    "has_collider": "There exists at least one collider (i.e., common effect) of {a} and {b}.",
    "has_confounder": "There exists at least one confounder (i.e., common cause) of {a} and {b}.",
}


def reaches(edges: set[tuple[str, str]], a: str, b: str, avoiding: str = "") -> bool:
    """Whether a directed path leads from a to b."""
    todo, seen = [a], set()
    while todo:
        here = todo.pop()
        for x, y in edges:
            if x == here and y not in seen and y != avoiding:
                if y == b:
                    return True
                seen.add(y)
                todo.append(y)
    return False


def true_in(edges: set[tuple[str, str]], names: str, template: str, a: str, b: str) -> bool:
    """The meaning of a hypothesis in one graph, from its definition."""
    if template in ("child", "non-child descendant"):
        a, b = b, a
    if template in ("parent", "child"):
        return (a, b) in edges
    if template in ("non-parent ancestor", "non-child descendant"):
        return any((a, k) in edges and k != b and reaches(edges, k, b) for k in names)
    turned = {(y, x) for x, y in edges} if template == "has_collider" else edges
    others = [k for k in names if k not in (a, b)]
    return any(reaches(turned, k, a, b) and reaches(turned, k, b, a) for k in others)


def shape(edges: set[tuple[str, str]]) -> tuple[Any, Any]:
    """Skeleton and unshielded colliders: the same for all members of a class."""
    joined = {frozenset(edge) for edge in edges}
    colliders = {
        (frozenset((x, z)), y)
        for (x, y), (z, w) in permutations(edges, 2)
        if y == w and x != z and frozenset((x, z)) not in joined
    }
    return frozenset(joined), frozenset(colliders)


def all_dags(names: str) -> Iterator[set[tuple[str, str]]]:
    pairs = list(combinations(names, 2))
    for code in range(3 ** len(pairs)):
        edges = set()
        for a, b in pairs:
            code, way = divmod(code, 3)
            if way:
                edges.add((a, b) if way == 1 else (b, a))
        if not any(reaches(edges, name, name) for name in names):
            yield edges


def true_rows(names: str) -> list[dict[str, Any]]:
    """All rows of all labelled classes over the names, with labels from going through every member."""
    classes: dict[Any, list[set[tuple[str, str]]]] = {}
    for edges in all_dags(names):
        classes.setdefault(shape(edges), []).append(edges)
    rows = []
    for members in classes.values():
        text = premise(Dag(names, members[0]))
        for a, b in combinations(names, 2):
            for template, sentence in SENTENCES.items():
                label = all(true_in(edges, names, template, a, b) for edges in members)
                rows.append(
                    {
                        "input": f"Premise: {text}\nHypothesis: {sentence.format(a=a, b=b)}",
                        "label": int(label),
                        "num_variables": len(names),
                        "template": template,
                    }
                )
    return rows


def some_rows() -> list[dict[str, Any]]:
    """Rows about three and four variables, in random order."""
    found = true_rows("ABC") + true_rows("ABCD")
    random.Random(0).shuffle(found)
    return found[:5000]
