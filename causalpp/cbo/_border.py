"""Minimal sets and interventional borders on bit masks: the algorithms of Lee & Bareinboim (2018), one function each.

A graph is a :class:`Mixed`: variables are numbered in topological order, sets of them are integers with one bit each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causalpp.graphs import Admg, Dag

__all__ = ["Mixed", "ancestors", "border", "borders", "minimal", "mixed"]


@dataclass(frozen=True)
class Mixed:
    """A graph with ↔.

    Attributes:
        parents: for each variable its parents, as a mask; they have lower numbers.
        joined: for each variable those it shares a latent cause with.
    """

    parents: tuple[int, ...]
    joined: tuple[int, ...]

    def do(self, names: int) -> Mixed:
        """Nothing points at these any more, and they share no latent causes."""
        cut = [names >> v & 1 for v in range(len(self.parents))]
        return Mixed(
            tuple(0 if gone else mask for mask, gone in zip(self.parents, cut)),
            tuple(0 if gone else mask & ~names for mask, gone in zip(self.joined, cut)),
        )


def mixed(graph: Admg) -> tuple[Mixed, tuple[str, ...]]:
    """The graph on masks, and the variables' names by number."""
    names = Dag(graph.nodes, graph.directed).topological_order
    place = {name: k for k, name in enumerate(names)}
    parents, joined = [0] * len(names), [0] * len(names)
    for a, b in graph.directed:
        parents[place[b]] |= 1 << place[a]
    for a, b in graph.bidirected:
        joined[place[a]] |= 1 << place[b]
        joined[place[b]] |= 1 << place[a]
    return Mixed(tuple(parents), tuple(joined)), names


def ancestors(graph: Mixed, names: int) -> int:
    """These and all from which a directed path leads to one of them."""
    for v in range(len(graph.parents) - 1, -1, -1):
        if names >> v & 1:
            names |= graph.parents[v]
    return names


def minimal(graph: Mixed, outcome: int, within: int) -> Iterator[int]:
    """Every minimal intervention set inside ``within`` (Proposition 1): each variable still reaches the outcome.

    Subsets of minimal sets are minimal, so sets are grown one variable at a time, in the order of their numbers.
    """
    stack = [(0, 0)]
    while stack:
        chosen, first = stack.pop()
        yield chosen
        for v in range(first, len(graph.parents)):
            grown = chosen | 1 << v
            if within >> v & 1 and not grown & ~ancestors(graph.do(grown), 1 << outcome):
                stack.append((grown, v + 1))


def border(graph: Mixed, outcome: int) -> tuple[int, int]:
    """The unobserved confounders' territory of the outcome, and its interventional border (Definitions 3 and 4).

    The territory is the smallest set with the outcome that is closed, among the outcome's ancestors, under descendants
    and under latent causes; the border are the parents of it outside.
    """
    inside = ancestors(graph, 1 << outcome)
    territory = 1 << outcome
    while True:
        grown = territory
        for v in range(len(graph.parents)):
            if inside >> v & 1 and (graph.parents[v] | graph.joined[v]) & grown:
                grown |= 1 << v
        for v in range(len(graph.parents)):
            if grown >> v & 1:
                grown |= graph.joined[v] & inside
        if grown == territory:
            break
        territory = grown
    around = 0
    for v in range(len(graph.parents)):
        if territory >> v & 1:
            around |= graph.parents[v]
    return territory, around & ~territory


def borders(graph: Mixed, outcome: int) -> set[int]:
    """Every possibly-optimal minimal intervention set: the borders of all mutilated graphs (Algorithm 1)."""
    found: set[int] = set()
    territory, first = border(graph, outcome)
    found.add(first)
    # (graph, variables that may still be cut, latest first; variables that were passed over on the way here)
    stack = [(graph.do(first), _latest_first(territory & ~(1 << outcome)), 0)]
    while stack:
        here, order, passed = stack.pop()
        for k, v in enumerate(order):
            inside, around = border(here.do(1 << v), outcome)
            now = passed
            for earlier in order[:k]:
                now |= 1 << earlier
            if around & now:
                continue  # found where the one passed over was cut
            found.add(around)
            left = [w for w in order[k + 1 :] if inside >> w & 1]
            if left:
                stack.append((here.do(around), left, now))
    return found


def _latest_first(names: int) -> list[int]:
    return [v for v in range(names.bit_length() - 1, -1, -1) if names >> v & 1]
