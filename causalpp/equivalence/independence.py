"""Classes from independence statements, and the statements that determine a class.

A statement is ``Independent(a, b, given)`` or its denial.  Statements are read under the Markov condition and
faithfulness: independence in the distribution is d-separation in the graph, exactly (Spirtes, Glymour &
Scheines, *Causation, Prediction, and Search*, 2000, chapter 3).  A list is then *consistent* with a class iff
every statement of it holds in the class's graphs, and what it determines is a matter of logic:

1. If the list decides the tests that the PC algorithm needs, the graph follows from them (skeleton, colliders,
   Meek's rules) and is checked against every statement.
2. Otherwise, up to five variables, the list is compared with all classes there are.
3. Otherwise the classes are searched with a SAT solver, d-separation being encoded as reachability.

All three are exact.  The last may take too long, which is an error of its own and never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence.cpdag import Cpdag, Matrix, close_under_meek, completed, extension
from causalpp.errors import CausalppError, InvalidParameter, InvalidProposition, TooLarge, UnknownVariable
from causalpp.graphs import Dag, Edge, all_dags
from causalpp.graphs.dag import check_names
from causalpp.propositions import And, Independent, Not, Proposition, parse

__all__ = [
    "ContradictoryStatements",
    "UndeterminedClass",
    "all_statements",
    "consistent_classes",
    "determining_statements",
    "from_independencies",
]

#: The rows of two variables, the smaller first, and the bit mask of the rows that are given.
Test = tuple[int, int, int]

#: Variables up to which all statements are listed: 66 pairs, 1,024 sets each.
COMPLETE = 12
_TABLE = 5  # variables up to which all classes are listed
_SHOWN = 100  # classes carried by an error
_LONGEST = 200_000  # statements written by determining_statements
_EFFORT = 100_000  # conflicts of one call of the solver


class UndeterminedClass(CausalppError):
    """The statements are consistent and leave several classes open.

    Attributes:
        classes: classes that agree with all statements.
        exhaustive: whether ``classes`` are all of them; otherwise they are the first hundred.
        present: pairs of variables that are joined in every class that agrees with the statements.
        absent: pairs that are joined in none.
        open: pairs that are joined in some.  If there are none, only directions are open.

    Example:
        >>> try:
        ...     from_independencies("abc", ["a and c are independent given b"])
        ... except UndeterminedClass as error:
        ...     len(error.classes), error.absent, error.open
        (4, (('a', 'c'),), (('a', 'b'), ('b', 'c')))
    """

    def __init__(
        self, classes: Iterable[Cpdag], exhaustive: bool, present: Sequence[Edge], absent: Sequence[Edge]
    ) -> None:
        self.classes = tuple(classes)
        self.exhaustive = exhaustive
        self.present, self.absent = tuple(present), tuple(absent)
        decided = {*self.present, *self.absent}
        self.open = tuple(pair for pair in combinations(self.classes[0].nodes, 2) if pair not in decided)
        number = f"{len(self.classes)}" if exhaustive else f"more than {len(self.classes)}"
        listed = {"joined": self.present, "not joined": self.absent, "open": self.open}
        known = "; ".join(f"{what}: {_pairs(pairs)}" for what, pairs in listed.items() if pairs)
        super().__init__(
            f"the statements leave {number} classes open ({known}): add statements, "
            "or pass complete=True if what is not listed is dependence"
        )


def _pairs(pairs: Sequence[Edge]) -> str:
    return ", ".join(f"{a} – {b}" for a, b in pairs[:10]) + (", …" if len(pairs) > 10 else "")


class ContradictoryStatements(CausalppError):
    """No graph agrees with all statements, under the Markov condition and faithfulness.

    Attributes:
        conflict: a minimal set of statements that exclude each other: without any one of them, some graph agrees.
        unlisted: those of them that are not in the list, but are meant by its being complete.
    """

    def __init__(self, conflict: Iterable[Proposition], unlisted: Iterable[Proposition] = ()) -> None:
        self.conflict, self.unlisted = tuple(conflict), tuple(unlisted)
        silent = set(self.unlisted)
        said = "; ".join(p.sentence() + (" (as the list does not deny)" if p in silent else "") for p in self.conflict)
        super().__init__(f"no graph agrees with these statements, of which none can be spared: {said}")


# --- the statements -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Facts:
    """Statements about rows: which tests come out independent (True) or dependent (False)."""

    names: tuple[str, ...]
    listed: dict[Test, bool]
    unlisted: dict[Test, bool] = field(default_factory=dict)

    @property
    def all(self) -> dict[Test, bool]:
        return self.listed | self.unlisted

    def proposition(self, test: Test, independent: bool) -> Proposition:
        i, j, given = test
        out = Independent(self.names[i], self.names[j], [self.names[k] for k in _bits(given)])
        return out if independent else ~out


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _subsets(mask: int) -> Iterator[int]:
    """All subsets of a bit mask, from the empty one on."""
    part = 0
    while True:
        yield part
        if part == mask:
            return
        part = (part - mask) & mask


def _tests(d: int) -> Iterator[Test]:
    """Every test of two among d variables, small conditioning sets first within each pair."""
    for i, j in combinations(range(d), 2):
        rest = [k for k in range(d) if k not in (i, j)]
        for size in range(len(rest) + 1):
            for given in combinations(rest, size):
                yield i, j, sum(1 << k for k in given)


def _facts(variables: Iterable[str], statements: Iterable[Proposition | str], complete: bool) -> _Facts:
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
            i, j = sorted((index[atom.a], index[atom.b]))
            test = i, j, sum(1 << index[name] for name in atom.given)
            if listed.setdefault(test, independent) != independent:
                raise ContradictoryStatements([atom, ~atom])
    facts = _Facts(names, listed)
    if not complete:
        return facts
    _check_few(names)
    return _Facts(names, listed, {test: False for test in _tests(len(names)) if test not in listed})


def _check_few(names: Sequence[str]) -> None:
    if len(names) > COMPLETE:
        raise TooLarge(
            f"all statements about {len(names)} variables are too many: they are listed for at most {COMPLETE}; "
            "use determining_statements, or complete=False"
        )


def _literals(statement: Proposition | str, names: tuple[str, ...]) -> Iterator[tuple[Independent, bool]]:
    if isinstance(statement, str):
        statement = parse(statement, names)
    match statement:
        case Independent():
            yield statement, True
        case Not(of=Independent() as atom):
            yield atom, False
        case And():
            for part in statement.of:
                yield from _literals(part, names)
        case _:
            raise InvalidProposition(f"{str(statement)!r} neither states nor denies an independence")


# --- d-separation of one graph, on bit masks ----------------------------------------------------------


class _Separations:
    """The d-separations of one graph, by reachability along active trails (Koller & Friedman 2009, alg. 3.1)."""

    def __init__(self, adjacency: Matrix) -> None:
        self._parents = [sum(1 << int(k) for k in np.flatnonzero(column)) for column in adjacency.T]
        self._children = [sum(1 << int(k) for k in np.flatnonzero(row)) for row in adjacency]
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, test: Test) -> bool:
        i, j, given = test
        if (i, given) not in self._known:
            self._known[i, given] = self._connected(i, given)
        return not self._known[i, given] >> j & 1

    @staticmethod
    def _step(mask: int, edges: list[int]) -> int:
        out = 0
        for k in _bits(mask):
            out |= edges[k]
        return out

    def _connected(self, start: int, given: int) -> int:
        opened, new = given, given  # colliders that let a trail through
        while new:
            new = self._step(new, self._parents) & ~opened
            opened |= new
        up, down = 1 << start, 0  # arrived from a child (or begun here), arrived from a parent
        seen_up = seen_down = 0
        while up or down:
            seen_up, seen_down = seen_up | up, seen_down | down
            next_down = self._step((up | down) & ~given, self._children)
            next_up = self._step((up & ~given) | (down & opened), self._parents)
            up, down = next_up & ~seen_up, next_down & ~seen_down
        return seen_up | seen_down


def _agrees(adjacency: Matrix, facts: Mapping[Test, bool]) -> bool:
    separated = _Separations(adjacency)
    return all(separated(test) == value for test, value in facts.items())


# --- 1: as PC does it ---------------------------------------------------------------------------------


def _reconstruct(d: int, facts: Mapping[Test, bool]) -> Matrix | None:
    """A Dag of the only class that agrees with the facts, or None if this way does not find one.

    A pair is not joined if a test separates it.  It is joined if no subset of what may be next to one of the
    two separates it: the parents of one of them would.  A collider is what a separating set leaves out.
    """
    separators: dict[tuple[int, int], int] = {}
    for (i, j, given), independent in facts.items():
        if independent:
            separators.setdefault((i, j), given)
    near = [sum(1 << j for j in range(d) if j != i and (min(i, j), max(i, j)) not in separators) for i in range(d)]
    for i, j in combinations(range(d), 2):
        if (i, j) not in separators:
            for side in {near[i] & ~(1 << j), near[j] & ~(1 << i)}:
                if any((i, j, given) not in facts for given in _subsets(side)):
                    return None
    matrix = np.array([[bool(mask >> j & 1) for j in range(d)] for mask in near], dtype=bool).reshape(d, d)
    directed = matrix.copy()
    for (i, j), given in separators.items():
        for k in _bits(near[i] & near[j] & ~given):
            directed[k, i] = directed[k, j] = False
    if not np.array_equal(directed | directed.T, matrix):
        return None
    dag = extension(close_under_meek(directed))
    return dag if dag is not None and _agrees(dag, facts) else None


# --- 2: all classes of a few variables ----------------------------------------------------------------


@dataclass(frozen=True)
class _Table:
    """All classes over d variables: a Dag of each, and which tests separate in it."""

    dags: NDArray[np.bool_]  # (M, d, d)
    separated: NDArray[np.bool_]  # (M, tests)
    column: dict[Test, int]


@cache
def _table(d: int) -> _Table:
    batch = all_dags(d)
    tests = list(_tests(d))
    names = batch.nodes
    answers = np.ones((len(batch), len(tests)), dtype=bool)
    for column, (i, j, given) in enumerate(tests):
        answers[:, column] = batch.d_separated(names[i], names[j], [names[k] for k in _bits(given)]).numpy()
    _, first = np.unique(np.packbits(answers, axis=1), axis=0, return_index=True)
    first.sort()
    dags = batch.adjacency.numpy()[first]
    return _Table(dags, answers[first], {test: column for column, test in enumerate(tests)})


class _Lookup:
    """Search among all classes listed beforehand."""

    def __init__(self, d: int) -> None:
        self._table = _table(d)

    def _agreeing(self, facts: Mapping[Test, bool]) -> NDArray[np.intp]:
        columns = [self._table.column[test] for test in facts]
        wanted = np.array(list(facts.values()), dtype=bool)
        return np.flatnonzero((self._table.separated[:, columns] == wanted).all(1))

    def core(self, facts: Mapping[Test, bool]) -> dict[Test, bool] | None:
        """None if some class agrees, else facts that exclude each other."""
        return None if len(self._agreeing(facts)) else dict(facts)

    def dags(self, facts: Mapping[Test, bool]) -> Iterator[Matrix]:
        """A Dag of every class that agrees."""
        return (self._table.dags[n] for n in self._agreeing(facts))

    def joined(self, facts: Mapping[Test, bool], i: int, j: int) -> set[bool]:
        """Whether the two are joined in some agreeing class, and whether they are not in some."""
        found = self._table.dags[self._agreeing(facts)]
        return set((found[:, i, j] | found[:, j, i]).tolist())


# --- 3: a SAT solver over graphs ----------------------------------------------------------------------


class _Solver:
    """Search among all graphs over d variables: Booleans for edges, an order and ancestors.

    Tests are encoded when a graph found contradicts them, each behind a literal of its own.  Ancestors need no
    levels, since their recursion follows the order; trails do.
    """

    def __init__(self, d: int) -> None:
        from pysat.solvers import Solver

        self._d = d
        self._solver: Any = Solver("glucose4")
        self._top = 0
        self._edge: dict[tuple[int, int], int] = {}
        self._ancestor: dict[tuple[int, int], int] = {}
        self._adjacent: dict[tuple[int, int], int] = {}
        self._collider: dict[Test, int] = {}
        self._opened: dict[int, dict[int, int | None]] = {}
        self._literal: dict[tuple[Test, bool], int] = {}
        self._graphs()

    def _new(self) -> int:
        self._top += 1
        return self._top

    def _add(self, *clause: int) -> None:
        self._solver.add_clause(clause)

    def _graphs(self) -> None:
        rows = range(self._d)
        before: dict[tuple[int, int], int] = {}
        for i, j in combinations(rows, 2):
            before[i, j] = self._new()
            before[j, i] = -before[i, j]
        ordered = [(i, j) for i in rows for j in rows if i != j]
        for i, j in ordered:
            self._edge[i, j], self._ancestor[i, j] = self._new(), self._new()
        for i, j in ordered:
            edge, ancestor = self._edge[i, j], self._ancestor[i, j]
            self._add(-edge, ancestor)
            self._add(-ancestor, before[i, j])
            ways = [edge]
            for k in rows:
                if k in (i, j):
                    continue
                self._add(-before[i, k], -before[k, j], before[i, j])
                self._add(-self._edge[i, k], -self._ancestor[k, j], ancestor)
                ways.append(self._both(self._edge[i, k], self._ancestor[k, j]))
            self._add(-ancestor, *ways)
        for i, j in combinations(rows, 2):
            joined = self._adjacent[i, j] = self._new()
            self._add(-joined, self._edge[i, j], self._edge[j, i])
            for one in (self._edge[i, j], self._edge[j, i]):
                self._add(joined, -one)
            for k in rows:
                if k not in (i, j):
                    collider = self._collider[i, j, k] = self._new()
                    parts = (self._edge[i, k], self._edge[j, k], -joined)
                    self._add(collider, *(-part for part in parts))
                    for part in parts:
                        self._add(-collider, part)

    def _both(self, *literals: int) -> int:
        """A literal that implies the given ones."""
        out = self._new()
        for literal in literals:
            self._add(-out, literal)
        return out

    def _open(self, given: int) -> dict[int, int | None]:
        """Which variables, as colliders, let a trail through: a literal, or None for the given ones themselves."""
        if given not in self._opened:
            found: dict[int, int | None] = {}
            for v in range(self._d):
                if given >> v & 1:
                    found[v] = None
                    continue
                found[v] = literal = self._new()
                above = [self._ancestor[v, z] for z in _bits(given)]
                self._add(-literal, *above)
                for one in above:
                    self._add(literal, -one)
            self._opened[given] = found
        return self._opened[given]

    def _encode(self, test: Test, independent: bool) -> int:
        key = test, independent
        if key not in self._literal:
            self._literal[key] = self._separated(test) if independent else self._connected(test)
        return self._literal[key]

    def _separated(self, test: Test) -> int:
        """A literal under which everything a trail reaches is marked, and the goal is not."""
        start, goal, given = test
        rows = range(self._d)
        claim, opened = self._new(), self._open(given)
        up, down = [self._new() for _ in rows], [self._new() for _ in rows]
        self._add(-claim, up[start])
        self._add(-claim, -up[goal])
        self._add(-claim, -down[goal])
        for v in rows:
            for w in rows:
                if v == w:
                    continue
                forth, back = self._edge[v, w], self._edge[w, v]
                through = opened[v]
                if through is None:
                    self._add(-down[v], -back, up[w])
                    continue
                self._add(-down[v], -through, -back, up[w])
                self._add(-down[v], -forth, down[w])
                self._add(-up[v], -forth, down[w])
                self._add(-up[v], -back, up[w])
        return claim

    def _connected(self, test: Test) -> int:
        """A literal under which a trail of at most d − 1 edges leads to the goal, step by step."""
        start, goal, given = test
        rows = range(self._d)
        claim, opened = self._new(), self._open(given)
        up: dict[int, int] = {}
        down: dict[int, int] = {}
        begin = self._new()
        up[start] = begin
        for _ in range(self._d - 1):
            ways_up: dict[int, list[int]] = {v: [up[v]] for v in up}
            ways_down: dict[int, list[int]] = {v: [down[v]] for v in down}
            for v in rows:
                here = [state[v] for state in (up, down) if v in state]
                if not here:
                    continue
                through = opened[v]
                backward = []  # states from which a trail may go on to a parent
                if through is None:
                    backward = [down[v]] if v in down else []
                else:
                    backward = [up[v]] if v in up else []
                    if v in down:
                        backward.append(self._both(down[v], through))
                for w in rows:
                    if w == v:
                        continue
                    if through is not None:
                        step = self._both(self._edge[v, w])
                        self._add(-step, *here)
                        ways_down.setdefault(w, []).append(step)
                    if backward:
                        step = self._both(self._edge[w, v])
                        self._add(-step, *backward)
                        ways_up.setdefault(w, []).append(step)
            up, down = self._supported(ways_up), self._supported(ways_down)
        self._add(-claim, *(state[goal] for state in (up, down) if goal in state))
        return claim

    def _supported(self, ways: dict[int, list[int]]) -> dict[int, int]:
        out = {}
        for v, reasons in ways.items():
            out[v] = self._new()
            self._add(-out[v], *reasons)
        return out

    def _solve(self, facts: Mapping[Test, bool], *also: int) -> Matrix | set[int]:
        """A graph in which the facts hold, or literals that exclude each other."""
        while True:
            assumed = [self._literal[item] for item in facts.items() if item in self._literal]
            self._solver.conf_budget(_EFFORT)
            answer = self._solver.solve_limited(assumptions=[*also, *assumed])
            if answer is None:
                raise TooLarge(
                    f"what these statements about {self._d} variables determine was not found in reasonable time: "
                    "add the statements that determining_statements would list, or pass complete=True"
                )
            if not answer:
                return set(self._solver.get_core() or ())
            model = set(self._solver.get_model())
            out = np.zeros((self._d, self._d), dtype=bool)
            for pair, edge in self._edge.items():
                out[pair] = edge in model
            separated = _Separations(out)
            wrong = [item for item in facts.items() if separated(item[0]) != item[1]]
            if not wrong:
                return out
            wrong.sort(key=lambda item: (not item[1], item[0][2].bit_count()))
            for test, independent in wrong[:4]:
                self._encode(test, independent)

    def core(self, facts: Mapping[Test, bool]) -> dict[Test, bool] | None:
        """None if some class agrees, else facts that exclude each other."""
        found = self._solve(facts)
        if not isinstance(found, set):
            return None
        return {test: value for test, value in facts.items() if self._literal.get((test, value)) in found}

    def dags(self, facts: Mapping[Test, bool]) -> Iterator[Matrix]:
        """A Dag of every class that agrees, one after the other."""
        others = self._new()
        while not isinstance(found := self._solve(facts, others), set):
            yield found
            joined = found | found.T
            clause = [-lit if joined[i, j] else lit for (i, j), lit in self._adjacent.items()]
            for (i, j, k), lit in self._collider.items():
                if joined[i, k] and joined[j, k] and not joined[i, j]:
                    clause.append(-lit if found[i, k] and found[j, k] else lit)
            self._add(-others, *clause)

    def joined(self, facts: Mapping[Test, bool], i: int, j: int) -> set[bool]:
        """Whether the two are joined in some agreeing class, and whether they are not in some."""
        literal = self._adjacent[i, j]
        return {yes for yes in (True, False) if not isinstance(self._solve(facts, literal if yes else -literal), set)}


def _search(d: int) -> _Lookup | _Solver:
    return _Lookup(d) if d <= _TABLE else _Solver(d)


def _conflict(facts: _Facts, core: Callable[[Mapping[Test, bool]], dict[Test, bool] | None]) -> ContradictoryStatements:
    """The error that names a minimal conflict: statements are left out one by one while the rest still conflicts.

    What is not listed goes first, then what has large conditioning sets.
    """
    kept = core(facts.all)
    assert kept is not None
    for test in sorted(kept, key=lambda t: (t in facts.listed, -t[2].bit_count())):
        if test in kept:
            smaller = core({other: value for other, value in kept.items() if other != test})
            kept = kept if smaller is None else smaller
    order = sorted(kept, key=lambda t: (t not in facts.listed, not kept[t], t))
    said = {test: facts.proposition(test, kept[test]) for test in order}
    return ContradictoryStatements(said.values(), [p for test, p in said.items() if test in facts.unlisted])


# --- the face -----------------------------------------------------------------------------------------


def from_independencies(
    variables: Iterable[str], statements: Iterable[Proposition | str], *, complete: bool = False
) -> Cpdag:
    """The class that a list of independence statements determines, under Markov condition and faithfulness.

    What is decided is decided exactly, for any number of variables: the class is returned iff it is the only one
    that agrees with all statements.  How: see the head of this module.  Lists that settle PC's tests (every
    complete one does) take time linear in the list; others are compared with all 8,782 classes up to five
    variables, and handed to a SAT solver above, which is fast for some ten variables and may give up later.

    Args:
        variables: their names.
        statements: propositions ``Independent(…)`` and ``~Independent(…)``, conjunctions of such, or sentences
            that say one.
        complete: whether what is not listed is meant to be dependence; for at most 12 variables.

    Raises:
        UndeterminedClass: several classes agree with the statements; the error carries them, and says which
            pairs are known to be joined or not.
        ContradictoryStatements: no class does; the error names a minimal conflicting set of statements.
        InvalidProposition: a statement that is not about independence.
        UnknownVariable: a statement about other variables.
        FormatError: a sentence that cannot be read.
        TooLarge: more than 12 variables with ``complete=True``, or the solver gave up.

    References:
        Spirtes, Glymour & Scheines, *Causation, Prediction, and Search*, 2000, section 5.4 (PC);
        Hyttinen, Eberhardt & Järvisalo, *Constraint-based causal discovery: conflict resolution with answer
        set programming*, UAI 2014 (d-separation for a logic solver).

    Example:
        >>> from_independencies("abc", [Independent("a", "c")], complete=True)
        Cpdag('a → b, c → b')
        >>> chain = ["a and c are independent given b", "a correlates with b", "b correlates with c"]
        >>> from_independencies("abc", chain)
        Cpdag('a – b, b – c')
    """
    facts = _facts(variables, statements, complete)
    names, d = facts.names, len(facts.names)
    if d < 2:
        return Cpdag(names)
    stated = facts.all
    found = _reconstruct(d, stated)
    if found is not None:
        return Cpdag._trusted(names, completed(found))
    search = _search(d)
    dags = list(islice(search.dags(stated), _SHOWN + 1))
    if not dags:
        raise _conflict(facts, search.core)
    classes = [Cpdag._trusted(names, completed(dag)) for dag in dags[:_SHOWN]]
    if len(classes) == 1:
        return classes[0]
    exhaustive = len(dags) <= _SHOWN
    skeletons = np.array([dag | dag.T for dag in dags])
    decided: dict[bool, list[Edge]] = {True: [], False: []}
    for i, j in combinations(range(d), 2):
        seen = set(skeletons[:, i, j].tolist())
        if len(seen) == 1 and not exhaustive:
            seen = search.joined(stated, i, j)
        if len(seen) == 1:
            decided[seen.pop()].append((names[i], names[j]))
    raise UndeterminedClass(classes, exhaustive, decided[True], decided[False])


def consistent_classes(
    variables: Iterable[str], statements: Iterable[Proposition | str], *, complete: bool = False, limit: int = 10_000
) -> list[Cpdag]:
    """Every class that agrees with a list of independence statements; none if they contradict each other.

    Args:
        variables: their names.
        statements: as for :func:`from_independencies`.
        complete: whether what is not listed is meant to be dependence.
        limit: the most classes to list.

    Raises:
        TooLarge: more than ``limit`` classes, or as for :func:`from_independencies`.
        ContradictoryStatements: a statement and its own denial are listed.
        InvalidParameter: a negative limit.

    Example:
        >>> consistent_classes("abc", ["a and b are independent", "a correlates with c", "b correlates with c"])
        [Cpdag('a → c, b → c')]
        >>> len(consistent_classes("abcde", []))
        8782
    """
    if limit < 0:
        raise InvalidParameter(f"limit counts classes and cannot be {limit}")
    facts = _facts(variables, statements, complete)
    if len(facts.names) < 2:
        return [Cpdag(facts.names)]
    dags = list(islice(_search(len(facts.names)).dags(facts.all), limit + 1))
    if len(dags) > limit:
        raise TooLarge(f"more than {limit:,} classes agree with the statements: raise limit=, or add statements")
    return [Cpdag._trusted(facts.names, completed(dag)) for dag in dags]


def _member(graph: Dag | Cpdag) -> tuple[tuple[str, ...], Matrix]:
    cpdag = Cpdag.from_dag(graph) if isinstance(graph, Dag) else graph
    dag = extension(cpdag.matrix)
    assert dag is not None  # a Cpdag has members
    return cpdag.nodes, dag


def all_statements(graph: Dag | Cpdag) -> list[Proposition]:
    """Every independence statement about a graph, true as it stands: each pair, each conditioning set.

    Pairs stand in the order of the variables, small conditioning sets first.

    Raises:
        TooLarge: more than 12 variables.
        InvalidGraph: the Dag has latent variables.

    Example:
        >>> [p.sentence() for p in all_statements(Dag.from_edges([("a", "b"), ("c", "b")]))][2:4]
        ['a and c are independent', 'a and c are dependent given b']
    """
    names, dag = _member(graph)
    _check_few(names)
    separated, facts = _Separations(dag), _Facts(names, {})
    return [facts.proposition(test, separated(test)) for test in _tests(len(names))]


def determining_statements(graph: Dag | Cpdag) -> list[Proposition]:
    """Statements from which :func:`from_independencies` recovers the class, without assuming completeness.

    For each pair that is not joined, a separating set (which also settles the colliders between the two); for
    each pair that is, its dependence given every set of neighbours of either.  So the list is
    exponential in the number of neighbours and not in the number of variables.  In a complete graph, none of
    the statements can be spared.

    Raises:
        TooLarge: more than 200,000 statements.
        InvalidGraph: the Dag has latent variables.

    Example:
        >>> [p.sentence() for p in determining_statements(Dag.from_edges([("a", "b"), ("b", "c")]))]
        ['a and c are independent given b', 'a and b are dependent', 'a and b are dependent given c',
         'b and c are dependent', 'b and c are dependent given a']
    """
    names, dag = _member(graph)
    d, near = len(names), dag | dag.T
    if int(sum(2.0 ** int(near[i].sum()) for i, _ in np.argwhere(near))) > 2 * _LONGEST:
        raise TooLarge(f"more than {_LONGEST:,} statements are needed: some variables have too many neighbours")
    separated, facts = _Separations(dag), _Facts(names, {})
    out: list[Proposition] = []
    for i, j in combinations(range(d), 2):
        if not near[i, j]:
            parents = (sum(1 << int(k) for k in np.flatnonzero(dag[:, v])) for v in (i, j))
            given = next(mask for mask in parents if separated((i, j, mask)))
            for k in _bits(given):
                given = given & ~(1 << k) if separated((i, j, given & ~(1 << k))) else given
            out.append(facts.proposition((i, j, given), True))
    for i, j in combinations(range(d), 2):
        if near[i, j]:
            masks = {
                subset
                for v, w in ((i, j), (j, i))
                for subset in _subsets(sum(1 << int(k) for k in np.flatnonzero(near[v]) if k != w))
            }
            out += [facts.proposition((i, j, mask), False) for mask in sorted(masks, key=lambda m: (m.bit_count(), m))]
    return out
