"""Graphs of variables with two values, with a probability for each state of the parents, as exact numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

__all__ = ["Event", "Figure", "Model", "as_percentage", "code", "event_name", "exact", "states"]

#: Nodes and their values, in an order.
Event = tuple[tuple[str, int], ...]


def states(nodes: Sequence[str]) -> Iterator[dict[str, int]]:
    """Every assignment of 0 and 1 to the nodes, the last changing fastest."""
    return (dict(zip(nodes, values, strict=True)) for values in product((0, 1), repeat=len(nodes)))


def code(parents: Sequence[str], values: Mapping[str, int]) -> int:
    """The place of a state of the parents in a table: the first parent's value is the most significant digit."""
    place = 0
    for parent in parents:
        place = 2 * place + values[parent]
    return place


def exact(printed: str) -> Fraction:
    """The number that a printed figure is.

    >>> exact("0.37"), exact("37%")
    (Fraction(37, 100), Fraction(37, 100))
    """
    return Fraction(printed[:-1]) / 100 if printed.endswith("%") else Fraction(printed)


def as_percentage(decimal: str) -> str:
    """A decimal of two digits or more, below one, as a percentage.

    >>> as_percentage("0.37"), as_percentage("0.0120")
    ('37%', '1.20%')
    """
    digits = decimal[2:]
    return f"{int(digits[:2])}{'.' * (len(digits) > 2)}{digits[2:]}%"


def event_name(variables: Iterable[tuple[str, int]], given: Iterable[tuple[str, int]] = ()) -> str:
    """A probability in symbols.

    >>> event_name([("Y", 1)], [("X", 1), ("Z", 0)])
    'P(Y=1|X=1,Z=0)'
    """
    what, condition = (",".join(f"{node}={value}" for node, value in some) for some in (variables, given))
    return f"P({what}|{condition})" if condition else f"P({what})"


@dataclass(frozen=True)
class Figure:
    """A probability that a text states.

    Attributes:
        variables: of which it is the probability.
        given: on which it is conditional.
        value: as printed: a decimal, or a percentage with its sign.

    Example:
        >>> Figure((("Y", 1),), (("X", 0),), "37%").name
        'P(Y=1|X=0)'
    """

    variables: Event
    given: Event
    value: str

    @property
    def name(self) -> str:
        """In symbols."""
        return event_name(self.variables, self.given)

    @property
    def exact(self) -> Fraction:
        """The printed number."""
        return exact(self.value)

    @property
    def complement(self) -> str:
        """One less the printed decimal, with as many digits."""
        digits = len(self.value.partition(".")[2])
        return f"0.{10**digits - int(self.value[2:]):0{digits}d}"

    def to_dict(self) -> dict[str, Any]:
        """As an item holds it."""
        return {"variables": dict(self.variables), "given": dict(self.given), "value": self.value}


@dataclass(frozen=True)
class Model:
    """A graph with tables.

    Attributes:
        nodes: in a causal order.
        parents: of each node, in the order of its table.
        tables: node → P(node = 1 | state of the parents), by :func:`code`.

    Example:
        >>> model = Model(("X", "Y"), {"X": (), "Y": ("X",)}, {"X": ("0.5",), "Y": ("0.2", "0.9")})
        >>> model.descendants["X"], model.probability("Y", 0, {"X": 1})
        (frozenset({'Y'}), Fraction(1, 10))
    """

    nodes: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, tuple[str, ...]]

    @cached_property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs (cause, effect)."""
        return tuple((parent, node) for node in self.nodes for parent in self.parents[node])

    @cached_property
    def place(self) -> dict[str, int]:
        """Node → its place in the causal order."""
        return {node: k for k, node in enumerate(self.nodes)}

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """Node → what affects it, directly or not."""
        found: dict[str, frozenset[str]] = {}
        for node in self.nodes:
            found[node] = frozenset(self.parents[node]).union(*(found[parent] for parent in self.parents[node]))
        return found

    @cached_property
    def descendants(self) -> dict[str, frozenset[str]]:
        """Node → what it affects, directly or not."""
        return {node: frozenset(other for other in self.nodes if node in self.ancestors[other]) for node in self.nodes}

    def between(self, start: str, end: str) -> tuple[str, ...]:
        """The nodes on the directed paths from one node to another, without the two, in causal order."""
        return tuple(node for node in self.nodes if node in self.descendants[start] and node in self.ancestors[end])

    def confounded(self, first: str, second: str) -> bool:
        """Whether a common cause of the two affects the second by a path that does not lead through the first."""
        reached: set[str] = set()
        waiting = [second]
        while waiting:
            waiting += [p for p in self.parents[waiting.pop()] if p != first and p not in reached]
            reached.update(waiting)
        return not reached.isdisjoint(self.ancestors[first])

    def probability(self, node: str, value: int, values: Mapping[str, int]) -> Fraction:
        """P(node = value | parents as in values)."""
        p = exact(self.tables[node][code(self.parents[node], values)])
        return p if value else 1 - p

    def figures(self, node: str) -> tuple[Figure, ...]:
        """The table of a node, one figure a state of its parents."""
        each = zip(states(self.parents[node]), self.tables[node], strict=True)
        return tuple(Figure(((node, 1),), tuple(given.items()), p) for given, p in each)

    def to_dict(self) -> dict[str, Any]:
        """As an item holds it."""
        tables = {node: {"parents": list(self.parents[node]), "p": list(self.tables[node])} for node in self.nodes}
        return {"nodes": list(self.nodes), "edges": [list(edge) for edge in self.edges], "tables": tables}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Model:
        """The inverse of :meth:`to_dict`."""
        parents = {node: tuple(table["parents"]) for node, table in values["tables"].items()}
        return cls(tuple(values["nodes"]), parents, {node: tuple(t["p"]) for node, t in values["tables"].items()})
