"""Classes from independence statements, and the statements that determine a class.

A statement is ``Independent(a, b, given)`` or its denial; that two variables are dependent whatever is given is said
by ``DirectlyCauses(a, b) | DirectlyCauses(b, a)``, to which it comes down.  Statements are read under the Markov
condition and faithfulness: independence in the distribution is d-separation in the graph, exactly (Spirtes, Glymour
& Scheines, *Causation, Prediction, and Search*, 2000, chapter 3).  A list is then *consistent* with a class iff
every statement of it holds in the class's graphs, and what it determines is a matter of logic:

1. If the list decides the tests that the PC algorithm needs, the graph follows from them (skeleton, colliders,
   Meek's rules) and is checked against every statement.
2. Otherwise, up to five variables, the list is compared with all classes there are.
3. Otherwise the classes are searched with a SAT solver, d-separation being encoded as reachability.

All three are exact.  The last may take too long, which is an error of its own and never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations, islice

import numpy as np

from causalpp._bits import bits, subsets
from causalpp.equivalence.statements.class_search import Solver
from causalpp.equivalence.statements.class_table import Lookup
from causalpp.equivalence.statements.facts import (
    EVER,
    Facts,
    Separations,
    Test,
    all_tests,
    check_few,
    read_statements,
)
from causalpp.equivalence.statements.reconstruction import reconstruct
from causalpp.errors import ContradictoryStatements, InvalidParameter, TooLarge, UndeterminedClass
from causalpp.graphs import Dag, Edge
from causalpp.graphs.cpdag import Cpdag, Matrix, completed, extension
from causalpp.propositions import Proposition

__all__ = ["all_statements", "consistent_classes", "determining_statements", "from_independencies", "settled"]

_TABLE = 5  # variables up to which all classes are listed
_SHOWN = 100  # classes carried by an error
_LONGEST = 200_000  # statements written by determining_statements


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
        statements: propositions ``Independent(…)`` and ``~Independent(…)``, ``DirectlyCauses(a, b) |
            DirectlyCauses(b, a)`` for dependence whatever is given, conjunctions of such, or sentences that say one.
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
        >>> from causalpp import Independent
        >>> from_independencies("abc", [Independent("a", "c")], complete=True)
        Cpdag('a → b, c → b')
        >>> chain = ["a and c are independent given b", "a correlates with b", "b correlates with c"]
        >>> from_independencies("abc", chain)
        Cpdag('a – b, b – c')
    """
    facts = read_statements(variables, statements, complete)
    names, d = facts.names, len(facts.names)
    if d < 2:
        return Cpdag(names)
    stated = facts.all
    found = reconstruct(d, stated)
    if found is not None:
        return Cpdag.trusted(names, completed(found))
    search = _search(d)
    dags = list(islice(search.dags(stated), _SHOWN + 1))
    if not dags:
        raise _conflict(facts, search.core)
    classes = [Cpdag.trusted(names, completed(dag)) for dag in dags[:_SHOWN]]
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


def settled(variables: Iterable[str], statements: Iterable[Proposition | str]) -> Cpdag | None:
    """The class, if the statements decide all the tests that the PC algorithm needs, else None; always fast."""
    facts = read_statements(variables, statements, complete=False)
    if len(facts.names) < 2:
        return Cpdag(facts.names)
    found = reconstruct(len(facts.names), facts.listed)
    return None if found is None else Cpdag.trusted(facts.names, completed(found))


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
    facts = read_statements(variables, statements, complete)
    if len(facts.names) < 2:
        return [Cpdag(facts.names)]
    dags = list(islice(_search(len(facts.names)).dags(facts.all), limit + 1))
    if len(dags) > limit:
        raise TooLarge(f"more than {limit:,} classes agree with the statements: raise limit=, or add statements")
    return [Cpdag.trusted(facts.names, completed(dag)) for dag in dags]


def _search(d: int) -> Lookup | Solver:
    return Lookup(d) if d <= _TABLE else Solver(d)


def _conflict(facts: Facts, core: Callable[[Mapping[Test, bool]], dict[Test, bool] | None]) -> ContradictoryStatements:
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
    check_few(names)
    separated, facts = Separations(dag), Facts(names, {})
    return [facts.proposition(test, separated(test)) for test in all_tests(len(names))]


def determining_statements(graph: Dag | Cpdag, *, compact: bool = False) -> list[Proposition]:
    """Statements from which :func:`from_independencies` recovers the class, without assuming completeness.

    For each pair that is not joined, a separating set (which also settles the colliders between the two); for
    each pair that is, its dependence given every set of neighbours of either.  So the list is
    exponential in the number of neighbours and not in the number of variables.  In a complete graph, none of
    the statements can be spared.

    Args:
        graph: a Dag without latent variables, or a Cpdag.
        compact: say of each pair that is joined that it is dependent whatever is given, in one statement,
            ``DirectlyCauses(a, b) | DirectlyCauses(b, a)``: then there is one statement a pair.

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
    if not compact and int(sum(2.0 ** int(near[i].sum()) for i, _ in np.argwhere(near))) > 2 * _LONGEST:
        raise TooLarge(f"more than {_LONGEST:,} statements are needed: some variables have too many neighbours")
    separated, facts = Separations(dag), Facts(names, {})
    out: list[Proposition] = []
    for i, j in combinations(range(d), 2):
        if not near[i, j]:
            parents = (sum(1 << int(k) for k in np.flatnonzero(dag[:, v])) for v in (i, j))
            given = next(mask for mask in parents if separated((i, j, mask)))
            for k in bits(given):
                given = given & ~(1 << k) if separated((i, j, given & ~(1 << k))) else given
            out.append(facts.proposition((i, j, given), True))
    for i, j in combinations(range(d), 2):
        if near[i, j] and compact:
            out.append(facts.proposition((i, j, EVER), False))
        elif near[i, j]:
            masks = {
                subset
                for v, w in ((i, j), (j, i))
                for subset in subsets(sum(1 << int(k) for k in np.flatnonzero(near[v]) if k != w))
            }
            out += [facts.proposition((i, j, mask), False) for mask in sorted(masks, key=lambda m: (m.bit_count(), m))]
    return out


def _member(graph: Dag | Cpdag) -> tuple[tuple[str, ...], Matrix]:
    cpdag = Cpdag.from_dag(graph) if isinstance(graph, Dag) else graph
    dag = extension(cpdag.matrix)
    assert dag is not None  # a Cpdag has members
    return cpdag.nodes, dag
