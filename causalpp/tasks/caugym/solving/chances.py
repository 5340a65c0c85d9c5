"""Probabilities of binary graphs, summed over one variable after the other, in numbers or in unknowns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

__all__ = ["Parents", "Polynomial", "Tables", "ancestors", "chance", "descendants"]

#: Node → its parents, every node after its parents.
Parents = Mapping[str, tuple[str, ...]]
#: Node → P(node = 1 | parents), by the binary number that the parents' values spell, the first being the highest bit.
Tables = Mapping[str, Sequence[Any]]


class Polynomial:
    """A polynomial in unknowns, none of which stands twice in a term: such are all probabilities of a graph.

    Args:
        terms: the unknowns of each term → its coefficient.

    Example:
        >>> a, b = Polynomial({frozenset({"a"}): Fraction(1)}), Polynomial({frozenset({"b"}): Fraction(1)})
        >>> (a * b + (1 - a) * Fraction(1, 2)).at({"a": Fraction(0)})
        Fraction(1, 2)
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[frozenset[Any], Fraction]) -> None:
        self.terms = {unknowns: factor for unknowns, factor in terms.items() if factor}

    @property
    def unknowns(self) -> set[Any]:
        """Those that it depends on."""
        return {unknown for term in self.terms for unknown in term}

    @property
    def degree(self) -> int:
        """The most unknowns of a term."""
        return max(map(len, self.terms), default=0)

    def at(self, values: Mapping[Any, Fraction]) -> Polynomial | Fraction:
        """With some unknowns known; a number, if all are."""
        out: dict[frozenset[Any], Fraction] = {}
        for term, factor in self.terms.items():
            known = [values[unknown] for unknown in term if unknown in values]
            for value in known:
                factor *= value
            rest = term.difference(values) if known else term
            out[rest] = out.get(rest, Fraction(0)) + factor
        made = Polynomial(out)
        return made if made.unknowns else made.terms.get(frozenset(), Fraction(0))

    def __add__(self, other: Polynomial | Fraction | int) -> Polynomial:
        out = dict(self.terms)
        for term, factor in _terms(other):
            out[term] = out.get(term, Fraction(0)) + factor
        return Polynomial(out)

    def __mul__(self, other: Polynomial | Fraction | int) -> Polynomial:
        out: dict[frozenset[Any], Fraction] = {}
        for first, a in self.terms.items():
            for second, b in _terms(other):
                out[first | second] = out.get(first | second, Fraction(0)) + a * b
        return Polynomial(out)

    def __sub__(self, other: Polynomial | Fraction | int) -> Polynomial:
        return self + other * -1

    def __rsub__(self, other: Fraction | int) -> Polynomial:
        return self * -1 + other

    __radd__ = __add__
    __rmul__ = __mul__


def _terms(value: Polynomial | Fraction | int) -> Iterator[tuple[frozenset[Any], Fraction]]:
    if isinstance(value, Polynomial):
        yield from value.terms.items()
    else:
        yield frozenset(), Fraction(value)


def ancestors(parents: Parents, nodes: Any) -> set[str]:
    """Some nodes, and all from which a path leads to them."""
    out: set[str] = set()
    todo = list(nodes)
    while todo:
        node = todo.pop()
        if node not in out:
            out.add(node)
            todo += parents[node]
    return out


def descendants(parents: Parents, node: str) -> set[str]:
    """A node, and all to which a path leads from it."""
    out = {node}
    for child, above in parents.items():
        if not out.isdisjoint(above):
            out.add(child)
    return out


def chance(
    parents: Parents,
    tables: Tables,
    event: Mapping[str, int],
    *,
    held: Mapping[str, int] | None = None,
    seen: Mapping[str, Mapping[str, int]] | None = None,
) -> Any:
    """The probability of an event, in an experiment if one is said.

    Args:
        parents: the graph.
        tables: numbers, or polynomials where they are not known.
        event: node → value.
        held: nodes that are set, and to what.
        seen: node → parent → the value that this node takes the parent to have, whatever it has.

    Example:
        >>> parents = {"x": (), "y": ("x",)}
        >>> tables = {"x": [Fraction(1, 2)], "y": [Fraction(1, 4), Fraction(3, 4)]}
        >>> chance(parents, tables, {"y": 1}), chance(parents, tables, {"y": 1}, held={"x": 1})
        (Fraction(1, 2), Fraction(3, 4))
        >>> chance(parents, tables, {"x": 1, "y": 1}, seen={"y": {"x": 0}})
        Fraction(1, 8)
    """
    held, seen = held or {}, seen or {}
    if any(event.get(node, value) != value for node, value in held.items()):
        return Fraction(0)
    needed, todo = set[str](), list(event)
    while todo:
        node = todo.pop()
        if node not in needed:
            needed.add(node)
            if node not in held:
                todo += [parent for parent in parents[node] if parent not in seen.get(node, {})]
    order = [node for node in parents if node in needed]
    last = {parent: node for node in order if node not in held for parent in parents[node]}
    states: dict[tuple[tuple[str, int], ...], Any] = {(): Fraction(1)}
    for node in order:
        after: dict[tuple[tuple[str, int], ...], Any] = {}
        for state, weight in states.items():
            now = dict(state)
            for value, factor in _branches(node, now, parents, tables, event, held, seen):
                kept = {**now, node: value}
                key = tuple((u, kept[u]) for u in kept if last.get(u, node) != node)  # those still to be looked at
                mass = weight * factor
                after[key] = after[key] + mass if key in after else mass
        states = after
    total: Any = Fraction(0)
    for weight in states.values():
        total = weight + total
    return total


def _branches(
    node: str,
    now: Mapping[str, int],
    parents: Parents,
    tables: Tables,
    event: Mapping[str, int],
    held: Mapping[str, int],
    seen: Mapping[str, Mapping[str, int]],
) -> Iterator[tuple[int, Any]]:
    """The values that a node may take, and how probable each is."""
    if node in held:
        yield held[node], Fraction(1)
        return
    code, taken = 0, seen.get(node, {})
    for parent in parents[node]:
        code = 2 * code + (taken[parent] if parent in taken else now[parent])
    one = tables[node][code]
    for value in (0, 1):
        factor = one if value else 1 - one
        if event.get(node, value) == value and (isinstance(factor, Polynomial) or factor):
            yield value, factor
