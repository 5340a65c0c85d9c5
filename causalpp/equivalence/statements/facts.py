"""Tests of d-separation as bit masks: what a list of statements says of them, and what a graph answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from causalpp._bits import bits, masks_of
from causalpp.errors import ContradictoryStatements, InvalidProposition, TooLarge, UnknownVariable
from causalpp.graphs.cpdag import Matrix
from causalpp.graphs.dag import check_names, d_connected
from causalpp.propositions import And, DirectlyCauses, Independent, Not, Or, Proposition, parse

__all__ = [
    "COMPLETE",
    "EVER",
    "Facts",
    "Separations",
    "Test",
    "all_tests",
    "check_few",
    "joined",
    "read_statements",
]

#: The rows of two variables, the smaller first, and the bit mask of the rows that are given.
Test = tuple[int, int, int]

#: In the place of what is given: all the tests of two variables at once. "Independent" is then that some set separates
#: the two, and "dependent" that none does, which is to say that an edge joins them.
EVER = -1

#: Variables up to which all statements are listed: 66 pairs, 1,024 sets each.
COMPLETE = 12


@dataclass(frozen=True)
class Facts:
    """Statements about rows: which tests come out independent (True) or dependent (False)."""

    names: tuple[str, ...]
    listed: dict[Test, bool]
    unlisted: dict[Test, bool] = field(default_factory=dict)

    @property
    def all(self) -> dict[Test, bool]:
        """What is listed and what is not."""
        return self.listed | self.unlisted

    def proposition(self, test: Test, independent: bool) -> Proposition:
        """A test and how it comes out, as a statement about the variables."""
        i, j, given = test
        if given == EVER:
            edge = joined(self.names[i], self.names[j])
            return ~edge if independent else edge
        out = Independent(self.names[i], self.names[j], [self.names[k] for k in bits(given)])
        return out if independent else ~out


def joined(a: str, b: str) -> Proposition:
    """That an edge joins two variables, which is what dependence given any set of others comes to."""
    first, second = sorted((a, b))
    return Or(DirectlyCauses(first, second), DirectlyCauses(second, first))


def all_tests(d: int) -> Iterator[Test]:
    """Every test of two among d variables, small conditioning sets first within each pair."""
    for i, j in combinations(range(d), 2):
        rest = [k for k in range(d) if k not in (i, j)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                yield i, j, sum(1 << k for k in given)


def read_statements(variables: Iterable[str], statements: Iterable[Proposition | str], complete: bool) -> Facts:
    """What the statements say, and with ``complete`` that every test they do not mention finds dependence."""
    names = check_names(variables)
    index = {name: i for i, name in enumerate(names)}
    if isinstance(statements, (str, Proposition)):
        statements = [statements]
    listed: dict[Test, bool] = {}
    for statement in statements:
        for atom, independent in _literals(statement, names):
            for name in atom.variables:
                if name not in index:
                    raise UnknownVariable(name, names)
            if isinstance(atom, Independent):
                i, j = sorted((index[atom.a], index[atom.b]))
                test = i, j, sum(1 << index[name] for name in atom.given)
            else:
                i, j = sorted(index[name] for name in atom.variables)
                test = i, j, EVER
            if listed.setdefault(test, independent) != independent:
                raise ContradictoryStatements([atom, ~atom])
    facts = Facts(names, listed)
    if not complete:
        return facts
    check_few(names)
    return Facts(names, listed, {test: False for test in all_tests(len(names)) if test not in listed})


def check_few(names: Sequence[str]) -> None:
    """Raise TooLarge if all statements about the variables would be too many."""
    if len(names) > COMPLETE:
        raise TooLarge(
            f"all statements about {len(names)} variables are too many: they are listed for at most {COMPLETE}; "
            "use determining_statements, or complete=False"
        )


def _literals(statement: Proposition | str, names: tuple[str, ...]) -> Iterator[tuple[Proposition, bool]]:
    """Independence, or that some set separates, and whether it is stated or denied."""
    if isinstance(statement, str):
        statement = parse(statement, names)
    match statement:
        case Independent():
            yield statement, True
        case Not(of=Independent() as atom):
            yield atom, False
        case Or(of=(DirectlyCauses(a=a, b=b), DirectlyCauses(a=c, b=d))) if (a, b) == (d, c):
            yield joined(a, b), False
        case Not(of=Or(of=(DirectlyCauses(a=a, b=b), DirectlyCauses(a=c, b=d)))) if (a, b) == (d, c):
            yield joined(a, b), True
        case And():
            for part in statement.of:
                yield from _literals(part, names)
        case _:
            raise InvalidProposition(f"{str(statement)!r} neither states nor denies an independence")


class Separations:
    """The d-separations of one graph, by row numbers; each start with each conditioning set is followed once."""

    def __init__(self, adjacency: Matrix) -> None:
        self._parents, self._children = masks_of(adjacency.T), masks_of(adjacency)
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, test: Test) -> bool:
        i, j, given = test
        if given == EVER:
            return not (self._children[i] | self._parents[i]) >> j & 1
        if (i, given) not in self._known:
            self._known[i, given] = d_connected(1 << i, given, self._parents, self._children)
        return not self._known[i, given] >> j & 1
