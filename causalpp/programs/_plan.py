"""What has to be computed: the nodes of one or several worlds that share their noise, merged where they agree.

Worlds are programs for the same variables that differ in what was set or observed.  A variable has the same
value in two worlds if its statement is the same and its parents have the same values; then it is one node (the
merging of Shpitser & Pearl 2008, "Complete identification methods for the causal hierarchy", section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from causalpp.errors import ImpossibleEvidence
from causalpp.programs.mechanisms import Assign, Mechanism

__all__ = ["Node", "Plan", "Statement", "plan"]


@dataclass(frozen=True)
class Statement:
    """One line of a program: ``variable := mechanism(parents, noise)``.

    Attributes:
        variable: its name.
        mechanism: how it comes about.
        observed: the value it was seen to have, as programs compute with it; None if it was not seen.
        natural: the statement it had when it was seen, where ``do`` set it afterwards: the observation was of that.
        noise: the name of its noise; a stochastic intervention brings its own.
        changed: whether ``do`` put it here.
    """

    variable: str
    mechanism: Mechanism
    observed: int | float | None = None
    natural: Statement | None = None
    noise: str = ""
    changed: bool = False

    @property
    def noise_name(self) -> str:
        """The name of the noise it reads."""
        return self.noise or self.variable


@dataclass(frozen=True)
class Node:
    """A value to be computed: that of one variable in one or several worlds.

    Attributes:
        statement: how it comes about.
        parents: the numbers of the nodes it reads.
        observed: the value it is known to have, or None.
    """

    statement: Statement
    parents: tuple[int, ...]
    observed: int | float | None

    @property
    def mechanism(self) -> Mechanism:
        """Its mechanism."""
        return self.statement.mechanism


@dataclass
class Plan:
    """The nodes, each after its parents, and where each wanted variable of each world is among them."""

    nodes: list[Node] = field(default_factory=list)
    where: dict[tuple[int, str], int] = field(default_factory=dict)

    def sizes(self, node: Node) -> tuple[int, ...]:
        """How many states the parents of a node have; 0 for real numbers."""
        return tuple(len(self.nodes[p].mechanism.states or ()) for p in node.parents)

    @property
    def observed(self) -> list[int]:
        """The nodes whose values are known."""
        return [i for i, node in enumerate(self.nodes) if node.observed is not None]


def plan(
    worlds: Sequence[tuple[Statement, ...]],
    wanted: Iterable[tuple[int, str]],
    reads: Mapping[tuple[int, str, str], int] | None = None,
) -> Plan:
    """The nodes needed for some variables of some worlds, and for everything that was observed in any of them.

    Args:
        worlds: the statements of each, causes first.
        wanted: pairs (world, variable).
        reads: (world, variable, parent) → the earlier world in which that variable reads that parent, for nested
            counterfactuals such as "y under x, with m as it would have been without x".
    """
    reads = reads or {}
    asked: list[set[str]] = [set() for _ in worlds]
    for world, variable in wanted:
        asked[world].add(variable)
    for number in reversed(range(len(worlds))):
        needed = asked[number]
        for s in reversed(worlds[number]):
            if s.observed is not None or s.natural is not None or s.variable in needed:
                needed.add(s.variable)
                for parent in s.mechanism.parents:
                    asked[reads.get((number, s.variable, parent), number)].add(parent)
                if s.natural is not None:
                    needed.update(s.natural.mechanism.parents)
    out = Plan()
    known: dict[object, int] = {}
    for number, statements in enumerate(worlds):
        for s in statements:
            if s.variable in asked[number]:
                if s.natural is not None:
                    _add(out, known, s.natural, [out.where[number, p] for p in s.natural.mechanism.parents])
                read = [(reads.get((number, s.variable, p), number), p) for p in s.mechanism.parents]
                out.where[number, s.variable] = _add(out, known, s, [out.where[pair] for pair in read])
    return out


def _add(out: Plan, known: dict[object, int], s: Statement, read: Sequence[int]) -> int:
    """The number of a statement's node, which is made if no world has it yet."""
    parents = tuple(read)
    same = s.mechanism if isinstance(s.mechanism, Assign) else id(s.mechanism)
    key = (s.variable, same, s.noise_name, parents)
    if key not in known:
        known[key] = len(out.nodes)
        out.nodes.append(Node(s, parents, None))
    number = known[key]
    node = out.nodes[number]
    if s.observed is not None and node.observed != s.observed:
        if node.observed is not None:
            a, b = (s.mechanism.decode(v) for v in (node.observed, s.observed))
            raise ImpossibleEvidence(f"{s.variable!r} was observed both as {a!r} and as {b!r}")
        if isinstance(s.mechanism, Assign) and s.mechanism.number != s.observed:
            raise ImpossibleEvidence(
                f"{s.variable!r} is set to {s.mechanism.value!r} and cannot be {s.mechanism.decode(s.observed)!r}"
            )
        out.nodes[number] = replace(node, observed=s.observed)
    return number
