"""Probabilities of what happens in several worlds at once, by going through the values of the exogenous variables.

Every variable is 1 if its own exogenous variable, uniform on (0, 1), lies below the probability that the table has for
the parents' values.  The worlds share the exogenous variables.  One variable after the other, its interval is cut where
its value in some world changes, and the parts are gone through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from causalpp.errors import InvalidData

__all__ = ["World", "Worlds", "number"]

#: What is set in a world: node → 0 or 1, or another world, in which it has the value that it has here.
World = frozenset[tuple[str, Any]]

#: A node, the world in which it is looked at, and its value there.
Term = tuple[str, World, int]


def number(text: Any) -> Fraction:
    """A printed number: a decimal, a percentage or a fraction.

    Raises:
        InvalidData: it is none.
    """
    said = str(text).strip()
    try:
        return Fraction(said[:-1]) / 100 if said.endswith("%") else Fraction(said)
    except (ValueError, ZeroDivisionError):
        raise InvalidData(f"{said!r} is no number") from None


@dataclass(frozen=True)
class Worlds:
    """A graph of binary variables with tables.

    Attributes:
        parents: node → its parents, every node after its parents.
        tables: node → P(node = 1 | parents' values), the first parent's being the most significant digit of the place.

    Example:
        >>> worlds = Worlds({"X": (), "Y": ("X",)}, {"X": [Fraction(1, 2)], "Y": [Fraction(1, 4), Fraction(3, 4)]})
        >>> both = [("Y", frozenset({("X", 1)}), 1), ("Y", frozenset({("X", 0)}), 0)]
        >>> worlds.probability(both)
        Fraction(1, 2)
    """

    parents: Mapping[str, Sequence[str]]
    tables: Mapping[str, Sequence[Fraction]]

    @classmethod
    def of(cls, program: Mapping[str, Any]) -> Worlds:
        """The program of an item, in plain values.

        Raises:
            InvalidData: a node without a table, a table without some cell, a number that is no probability, edges that
                are not those of the tables, or a cycle.
        """
        nodes, told = list(program["nodes"]), {(a, b) for a, b in program["edges"]}
        parents: dict[str, Sequence[str]] = {}
        tables: dict[str, list[Fraction]] = {}
        left = dict.fromkeys(nodes)
        if set(program["tables"]) != set(nodes) or len(left) < len(nodes):
            raise InvalidData(f"the program has the nodes {nodes} and tables for {sorted(program['tables'])}")
        while left:
            free = [node for node in left if all(above in parents for above in program["tables"][node]["parents"])]
            if not free:
                raise InvalidData(f"the program has a cycle, or parents that are no nodes, among {', '.join(left)}")
            for node in free:
                del left[node]
                parents[node] = tuple(program["tables"][node]["parents"])
                tables[node] = [number(p) for p in program["tables"][node]["p"]]
                if len(tables[node]) != 2 ** len(parents[node]):
                    cells = f"{len(tables[node])} cells for {2 ** len(parents[node])} states of its parents"
                    raise InvalidData(f"the table of {node} has {cells}")
                if any(not 0 <= p <= 1 for p in tables[node]):
                    raise InvalidData(f"the table of {node} has a number that is no probability")
        if told != {(above, node) for node in nodes for above in parents[node]}:
            raise InvalidData("the program's edges are not those of its tables")
        return cls(parents, tables)

    def probability(self, event: Iterable[Term], given: Iterable[Term] = ()) -> Fraction:
        """P(event | given), each a row of nodes with a value in some world.

        Raises:
            InvalidData: what is given has probability zero, or a node that is not there.
        """
        given = list(given)
        whole = self._mass(given)
        if not whole:
            raise InvalidData("a probability is given something that has probability 0: it is not defined")
        return self._mass([*event, *given]) / whole

    def _mass(self, terms: Sequence[Term]) -> Fraction:
        for node, _, _ in terms:
            if node not in self.parents:
                raise InvalidData(f"the program has no node {node!r}")
        wanted = {(node, world) for node, world, _ in terms}
        needed = self._needed(wanted)
        order = [node for node in self.parents if any(other == node for other, _ in needed)]
        readers: dict[tuple[str, World], int] = {}  # the last step at which a value is looked at
        for step, node in enumerate(order):
            for world in self._worlds(needed, node):
                for pair in self._reads(node, world):
                    readers[pair] = step
        states: dict[tuple[tuple[tuple[str, World], int], ...], Fraction] = {(): Fraction(1)}
        for step, node in enumerate(order):
            after: dict[tuple[tuple[tuple[str, World], int], ...], Fraction] = {}
            worlds = self._worlds(needed, node)
            for state, mass in states.items():
                for values, share in self._parts(node, worlds, dict(state)):
                    if any(values.get((n, w), value) != value for n, w, value in terms if n == node):
                        continue
                    kept = {**dict(state), **values}
                    key = tuple((pair, value) for pair, value in kept.items() if readers.get(pair, -1) > step)
                    after[key] = after.get(key, Fraction(0)) + mass * share
            states = after
        return sum(states.values(), Fraction(0))

    @staticmethod
    def _worlds(needed: Iterable[tuple[str, World]], node: str) -> list[World]:
        """The worlds in which a node is needed, those first that others take its value from."""
        return sorted({world for other, world in needed if other == node}, key=_depth)

    def _reads(self, node: str, world: World) -> list[tuple[str, World]]:
        """The values that decide what a node is in a world."""
        held = dict(world).get(node)
        if held is not None:
            return [(node, held)] if isinstance(held, frozenset) else []
        return [(above, world) for above in self.parents[node]]

    def _needed(self, wanted: Iterable[tuple[str, World]]) -> set[tuple[str, World]]:
        out: set[tuple[str, World]] = set()
        todo = list(wanted)
        while todo:
            pair = todo.pop()
            if pair not in out:
                out.add(pair)
                todo += self._reads(*pair)
        return out

    def _parts(
        self, node: str, worlds: Sequence[World], state: Mapping[tuple[str, World], int]
    ) -> Iterable[tuple[dict[tuple[str, World], int], Fraction]]:
        """The parts of a node's interval, each with the node's values in the worlds, and how large it is."""
        fixed: dict[tuple[str, World], int] = {}
        below: dict[tuple[str, World], Fraction] = {}
        copied: dict[tuple[str, World], tuple[str, World]] = {}
        for world in worlds:
            held = dict(world).get(node)
            if isinstance(held, frozenset):
                copied[node, world] = (node, held)
            elif held is not None:
                fixed[node, world] = held
            else:
                place = 0
                for above in self.parents[node]:
                    place = 2 * place + state[above, world]
                below[node, world] = self.tables[node][place]
        cuts = sorted({Fraction(0), Fraction(1), *below.values()})
        for low, high in pairwise(cuts):
            values = {**fixed, **{pair: int(low < p) for pair, p in below.items()}}
            for pair, source in copied.items():
                values[pair] = values[source]
            yield values, high - low


def _depth(world: World) -> int:
    return 1 + max((_depth(value) for _, value in world if isinstance(value, frozenset)), default=0)
