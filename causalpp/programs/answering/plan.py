"""What has to be computed: the nodes of one or several worlds that share their noise, merged where they agree.

Worlds are programs for the same variables that differ in what was set or observed.  A variable has the same
value in two worlds if its statement is the same and its parents have the same values; then it is one node (the
merging of Shpitser & Pearl 2008, "Complete identification methods for the causal hierarchy", section 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from causalpp.errors import ImpossibleEvidence
from causalpp.programs.mechanisms import Assign, Mechanism

__all__ = ["Node", "Plan", "Statement", "in_order", "plan"]


@dataclass(frozen=True)
class Statement:
    """One line of a program: ``variable := mechanism(parents, noise)``.

    Attributes:
        variable: its name.
        mechanism: how it comes about.
        observed: the value it was seen to have, as programs compute with it; None if it was not seen.
        natural: the statement it had when it was seen, where ``do`` set it afterwards: the observation was of that.
            That statement has one of its own if the variable had been seen and set before.
        noise: the name of its noise; every stochastic intervention brings its own.
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

    @property
    def naturals(self) -> tuple[Statement, ...]:
        """The statements it had when it was seen, the first one first."""
        return () if self.natural is None else (*self.natural.naturals, self.natural)

    @property
    def shares_noise(self) -> bool:
        """Whether two of the statements that it had, and has, read the same noise."""
        read = [s.noise_name for s in (*self.naturals, self) if s.mechanism.noise is not None]
        return len(set(read)) < len(read)


def in_order(statements: Iterable[Statement]) -> Iterator[tuple[Statement, bool]]:
    """Statements with the natural ones among them, each after what it reads, and whether it is a natural one.

    A natural statement comes just before the one that replaced it, unless ``do`` made its parents follow from that.
    """
    done: set[str] = set()
    waiting: list[Statement] = []
    for s in statements:
        waiting += s.naturals
        for one in [one for one in waiting if done.issuperset(one.mechanism.parents)]:
            waiting.remove(one)
            yield one, True
        yield s, False
        done.add(s.variable)
    yield from ((one, True) for one in waiting)


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

    @property
    def noise(self) -> tuple[str, str]:
        """What tells its noise from others: its name and its law."""
        return self.statement.noise_name, str(self.mechanism.noise)


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
        needed.update(p for s in worlds[number] for one in s.naturals for p in one.mechanism.parents)
        for s in reversed(worlds[number]):
            if s.observed is not None or s.natural is not None or s.variable in needed:
                needed.add(s.variable)
                for parent in s.mechanism.parents:
                    asked[reads.get((number, s.variable, parent), number)].add(parent)
    out = Plan()
    known: dict[object, int] = {}
    for number, statements in enumerate(worlds):
        for s, natural in in_order(statements):
            if natural:
                _add(out, known, s, [out.where[number, p] for p in s.mechanism.parents])
            elif s.variable in asked[number]:
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
