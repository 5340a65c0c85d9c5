"""A checker of labels that shares nothing with what made them: plain Python over the text of an item.

It reads the premise with patterns of its own, finds which pairs are joined and which unshielded triples are
colliders, and goes through the certificate:

- a *member* refutes: the edges must have that skeleton, those colliders and no cycle, and the relation must fail;
- a *proof* confirms: a tree whose branches assume an edge one way and the other way.  At its leaves, three
  rules (a collider of the class; no collider besides; no cycle) must give the arrows of the paths named there, or
  an edge both ways.

Two Dags are Markov equivalent iff they have the same skeleton and the same unshielded colliders (Verma & Pearl,
*Equivalence and synthesis of causal models*, UAI 1990), so both kinds of certificate can be followed by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from causalpp.errors import InvalidData
from causalpp.tasks.corr2cause.item import Corr2CauseItem

__all__ = ["Pattern", "check_certificate", "holds", "read_pattern"]

Arrow = tuple[str, str]

_SENTENCES = {
    "parent": ("{a} directly causes {b}.", "{a} directly affects {b}."),
    "ancestor": (
        "{a} causes something else which causes {b}.",
        "{a} is a cause for {b}, but not a direct one.",
        "{a} influences {b} through some mediator(s).",
    ),
    "collider": (
        "There exists at least one collider (i.e., common effect) of {a} and {b}.",
        "{a} and {b} together cause some other variable(s).",
    ),
    "confounder": (
        "There exists at least one confounder (i.e., common cause) of {a} and {b}.",
        "Some variable(s) cause(s) both {a} and {b}.",
    ),
}


@dataclass(frozen=True)
class Pattern:
    """What identifies a class: which pairs are joined, and the colliders among unshielded triples.

    Attributes:
        near: the neighbours of each variable.
        colliders: triples (first end, middle, second end), the ends in alphabetical order.
    """

    near: Mapping[str, frozenset[str]]
    colliders: frozenset[tuple[str, str, str]]

    def is_collider(self, a: str, middle: str, b: str) -> bool:
        """Whether an unshielded triple is a collider."""
        first, second = sorted((a, b))
        return (first, middle, second) in self.colliders

    def arrows(self) -> set[Arrow] | None:
        """All arrows that follow from the colliders, or None if there is a conflict."""
        return self.close(set(), [edge for a, m, b in sorted(self.colliders) for edge in ((a, m), (b, m))])

    def close(self, known: Iterable[Arrow], more: Iterable[Arrow]) -> set[Arrow] | None:
        """Arrows and all that follows from them, or None if they would make a new collider or a cycle.

        Args:
            known: arrows that are closed already.
            more: arrows to be added.
        """
        out, todo = set(known), list(more)
        while todo:
            x, y = todo.pop()
            if (y, x) in out:
                return None
            if (x, y) in out:
                continue
            out.add((x, y))
            for z in self.near[y]:
                if z == x:
                    continue
                if z not in self.near[x]:
                    todo.append((z, y) if self.is_collider(x, y, z) else (y, z))
                elif (y, z) in out:
                    todo.append((x, z))
            todo += [(z, y) for z in self.near[x] & self.near[y] if (z, x) in out]
        return out


def read_pattern(premise: str, variables: Sequence[str]) -> Pattern:
    """Skeleton and colliders, from the sentences of a premise as this room writes them.

    Raises:
        InvalidData: a sentence is of another kind, some pair is not mentioned, or the pattern is none.
    """
    name = "(?:" + "|".join(re.escape(v) for v in sorted(variables, key=len, reverse=True)) + ")"
    given = rf"(?: given ({name}(?:, {name})*(?: and {name})?))?"
    apart = re.compile(rf"({name}) (?:is independent of|and) ({name})(?: are (?:independent|unrelated))?{given}")
    together = re.compile(
        rf"({name}) (?:correlates with|and) ({name})(?: are (?:related|dependent))?(?: whatever is given)?"
    )
    separators: dict[frozenset[str], frozenset[str]] = {}
    mentioned: set[frozenset[str]] = set()
    _, _, body = premise.partition(": ")
    for sentence in filter(None, (part.strip() for part in re.split(r"\.(?:\s+|$)", body))):
        plain = sentence.removeprefix("However, ")
        found = apart.fullmatch(plain) if " independent" in plain or " unrelated" in plain else None
        if found:
            pair = frozenset(found.group(1, 2))
            separators.setdefault(pair, frozenset(re.split(r", | and ", found[3])) if found[3] else frozenset())
        else:
            found = together.fullmatch(plain)
        if not found:
            raise InvalidData(f"the sentence {sentence[:120]!r} is not one of a generated premise")
        mentioned.add(frozenset(found.group(1, 2)))
    for a, b in combinations(variables, 2):
        if frozenset((a, b)) not in mentioned:
            raise InvalidData(f"the premise does not mention the pair {a}, {b}")
    near = {v: frozenset(w for w in variables if w != v and frozenset((v, w)) not in separators) for v in variables}
    colliders = set()
    for pair, known in separators.items():
        a, b = sorted(pair)
        colliders |= {(a, m, b) for m in near[a] & near[b] if m not in known}
    return Pattern(near, frozenset(colliders))


def check_certificate(item: Corr2CauseItem) -> None:
    """Check that an item's certificate proves its label, from the item's text and fields alone.

    Raises:
        InvalidData: it does not; the message says where it fails.

    Example:
        >>> from dataclasses import replace
        >>> from causalpp.tasks import complete_set
        >>> item = next(item for item in complete_set(3) if item.label)
        >>> check_certificate(item)
        >>> check_certificate(replace(item, label=False))
        Traceback (most recent call last):
        causalpp.errors.InvalidData: item n3-000058: there is no refuting member
    """
    try:
        _check(item)
    except InvalidData as error:
        raise InvalidData(f"item {item.id}: {error}") from None


def _check(item: Corr2CauseItem) -> None:
    if item.semantics not in ("path", "direct"):
        raise InvalidData(f"labels of {item.semantics!r} semantics are counts, which nothing proves")
    if not _says(item):
        raise InvalidData(f"the hypothesis does not say that {item.relation} holds of {item.a} and {item.b}")
    pattern = read_pattern(item.premise, item.variables)
    if item.label:
        if "proof" not in item.certificate:
            raise InvalidData("there is no proof")
        known = pattern.arrows()
        if known is None:
            raise InvalidData("the premise contradicts itself")
        _follow(pattern, known, item.certificate["proof"], item)
        return
    if "member" not in item.certificate:
        raise InvalidData("there is no refuting member")
    edges = [(str(a), str(b)) for a, b in item.certificate["member"]]
    _check_member(pattern, edges)
    if holds(item.relation, item.a, item.b, set(edges), item.semantics):
        raise InvalidData(f"{item.relation} of {item.a} and {item.b} holds in the member that should refute it")


def _says(item: Corr2CauseItem) -> bool:
    """Whether the sentence of an item states its relation of its variables."""
    pairs, relation = [(item.a, item.b)], item.relation
    if relation in ("child", "descendant"):
        pairs, relation = [(item.b, item.a)], "parent" if relation == "child" else "ancestor"
    elif relation in ("collider", "confounder"):
        pairs.append((item.b, item.a))
    return any(item.hypothesis == said.format(a=a, b=b) for said in _SENTENCES.get(relation, ()) for a, b in pairs)


def _check_member(pattern: Pattern, edges: Sequence[Arrow]) -> None:
    arrows = set(edges)
    if {frozenset(edge) for edge in edges} != {frozenset((v, w)) for v, near in pattern.near.items() for w in near}:
        raise InvalidData("the member joins other pairs than the premise")
    if len(arrows) != len({frozenset(edge) for edge in arrows}) or any(
        v in _reached(arrows, v, without="") for v in pattern.near
    ):
        raise InvalidData("the member has a cycle")
    for middle, near in pattern.near.items():
        for a, b in combinations(sorted(near), 2):
            if b not in pattern.near[a]:
                meets = (a, middle) in arrows and (b, middle) in arrows
                if meets != pattern.is_collider(a, middle, b):
                    raise InvalidData(f"the member differs from the premise in the triple {a}, {middle}, {b}")


def _follow(pattern: Pattern, known: set[Arrow], proof: Mapping[str, Any], item: Corr2CauseItem) -> None:
    if "split" in proof:
        x, y = proof["split"]
        if y not in pattern.near.get(x, ()):
            raise InvalidData(f"the proof splits on {x} – {y}, which are not joined")
        for arrow, branch in (((x, y), "if"), ((y, x), "else")):
            closed = pattern.close(known, [arrow])
            if closed is not None:
                _follow(pattern, closed, proof[branch], item)
            elif proof[branch] != {"impossible": True}:
                raise InvalidData(f"the proof goes on where {arrow[0]} → {arrow[1]} is impossible")
        return
    if "because" not in proof:
        raise InvalidData("a branch of the proof ends without a reason")
    paths = [list(map(str, path)) for path in proof["because"]]
    for path in paths:
        for arrow in pairwise(path):
            if arrow not in known:
                raise InvalidData(f"{arrow[0]} → {arrow[1]} does not follow where the proof uses it")
    if not _shows(pattern, paths, item):
        raise InvalidData(f"the paths {paths} do not show that {item.relation} holds of {item.a} and {item.b}")


def _shows(pattern: Pattern, paths: Sequence[Sequence[str]], item: Corr2CauseItem) -> bool:
    """Whether directed paths are what a relation asks for."""
    a, b, relation, direct = item.a, item.b, item.relation, item.semantics == "direct"
    if relation in ("child", "descendant"):
        a, b, relation = b, a, "parent" if relation == "child" else "ancestor"
    ends = [(path[0], path[-1]) for path in paths]
    if relation == "parent":
        return ends == [(a, b)] and len(paths[0]) == 2
    if relation == "ancestor":
        apart = not direct or b not in pattern.near[a]
        return ends == [(a, b)] and apart and len(paths[0]) >= 3 and a not in paths[0][1:]
    if len(paths) != 2 or b in paths[0] or a in paths[1] or (direct and {len(path) for path in paths} != {2}):
        return False
    if relation == "collider":
        (first, k), (second, other) = ends
    else:
        (k, first), (other, second) = ends
    return (first, second) == (a, b) and k == other and k not in (a, b)


def holds(relation: str, a: str, b: str, arrows: set[Arrow], semantics: str = "path") -> bool:
    """Whether a relation holds in a graph with the given edges; see :func:`causalpp.tasks.hypothesis`.

    >>> holds("confounder", "A", "B", {("K", "A"), ("K", "M"), ("M", "B")})
    True
    >>> holds("confounder", "A", "B", {("K", "A"), ("K", "M"), ("M", "B")}, "direct")
    False
    """
    if relation == "child":
        return (b, a) in arrows
    if relation == "parent":
        return (a, b) in arrows
    if relation in ("ancestor", "descendant"):
        first, second = (a, b) if relation == "ancestor" else (b, a)
        if semantics == "direct":
            return (first, second) not in arrows and second in _reached(arrows, first, without="")
        return any(
            x == first and y != second and second in _reached(arrows, y, without=first) for x, y in sorted(arrows)
        )
    ways = arrows if relation == "collider" else {(y, x) for x, y in arrows}
    if semantics == "direct":
        return bool({y for x, y in ways if x == a} & {y for x, y in ways if x == b})
    return bool(_reached(ways, a, without=b) & _reached(ways, b, without=a))


def _reached(arrows: Iterable[Arrow], start: str, without: str) -> set[str]:
    """Where directed paths from a variable lead that do not pass another; itself only if there is a cycle."""
    following: dict[str, list[str]] = {}
    for x, y in arrows:
        if without not in (x, y):
            following.setdefault(x, []).append(y)
    out: set[str] = set()
    todo = [start]
    while todo:
        for y in following.get(todo.pop(), ()):
            if y not in out:
                out.add(y)
                todo.append(y)
    return out
