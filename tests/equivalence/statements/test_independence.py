"""Classes from independence statements: recovered, left open or refused, against all classes of a few variables."""

from __future__ import annotations

import contextlib
import itertools
import random
from functools import cache

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Causes, Dag, Independent, errors
from causalpp.equivalence import Cpdag
from causalpp.equivalence.statements import class_search
from causalpp.equivalence.statements.class_search import Solver
from causalpp.equivalence.statements.class_table import Lookup
from causalpp.equivalence.statements.facts import Separations, all_tests
from causalpp.equivalence.statements.independence import (
    all_statements,
    consistent_classes,
    determining_statements,
    from_independencies,
)
from causalpp.errors import ContradictoryStatements, UndeterminedClass
from causalpp.graphs import all_dags, erdos_renyi
from causalpp.graphs.cpdag import completed
from causalpp.propositions import Proposition

Truth = dict[Proposition, bool]


@cache
def every_class(names: str) -> dict[Cpdag, Truth]:
    """Each class and what d-separation says of each test, by networkx."""
    out: dict[Cpdag, Truth] = {}
    for dag in all_dags(tuple(names)):
        cpdag = Cpdag.from_dag(dag)
        if cpdag not in out:
            graph = nx.DiGraph(dag.edges)
            graph.add_nodes_from(names)
            out[cpdag] = {
                Independent(a, b, some): nx.is_d_separator(graph, {a}, {b}, set(some))
                for a, b in itertools.combinations(names, 2)
                for size in range(len(names) - 1)
                for some in itertools.combinations(sorted({*names} - {a, b}), size)
            }
    return out


def agreeing(names: str, statements: list[Proposition]) -> set[Cpdag]:
    wanted = [(p, True) if isinstance(p, Independent) else (~p, False) for p in statements]
    return {cpdag for cpdag, truth in every_class(names).items() if all(truth[p] == value for p, value in wanted)}


def as_list(truth: Truth) -> list[Proposition]:
    return [p if value else ~p for p, value in truth.items()]


def random_dag(seed: int, largest: int) -> Dag:
    d = 2 + seed % (largest - 1)
    return erdos_renyi(d, expected_degree=min(d - 1, 1 + seed % 3), seed=seed)[0]


@pytest.mark.parametrize(("names", "classes"), [("A", 1), ("AB", 2), ("ABC", 11), ("ABCD", 185)])
def test_complete_lists_of_every_class(names: str, classes: int) -> None:
    assert len(every_class(names)) == classes
    for cpdag, truth in every_class(names).items():
        statements = as_list(truth)
        assert set(all_statements(cpdag)) == set(statements)
        assert from_independencies(names, statements) == cpdag
        assert from_independencies(names, [p for p, value in truth.items() if value], complete=True) == cpdag
        determining = determining_statements(cpdag)
        assert set(determining) <= set(statements)
        assert from_independencies(names, determining) == cpdag


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs_are_recovered(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(20):
        dag = random_dag(20 * seed + number, 8)
        expected = Cpdag.from_dag(dag)
        statements = all_statements(dag)
        rng.shuffle(statements)
        assert from_independencies(dag.nodes, statements) == expected
        independent = [p for p in statements if isinstance(p, Independent)]
        assert from_independencies(dag.nodes, independent, complete=True) == expected
        assert from_independencies(dag.nodes, determining_statements(dag)) == expected


def test_many_variables() -> None:
    dag = erdos_renyi(40, expected_degree=2, seed=1)[0]
    assert from_independencies(dag.nodes, determining_statements(dag)) == Cpdag.from_dag(dag)


def refused_with_a_minimal_conflict(names: str, statements: list[Proposition], error: ContradictoryStatements) -> None:
    assert set(error.conflict) - set(error.unlisted) <= set(statements)
    assert set(error.unlisted).isdisjoint(statements)
    assert not agreeing(names, list(error.conflict))
    for p in error.conflict:
        assert agreeing(names, [q for q in error.conflict if q != p])


@pytest.mark.parametrize("names", ["AB", "ABC", "ABCD"])
def test_one_statement_flipped(names: str) -> None:
    rng = random.Random(1)
    classes = list(every_class(names).values())
    tests = list(classes[0])
    accepted = refused = 0
    for truth in classes if len(classes) < 50 else rng.sample(classes, 60):
        for p in tests if len(tests) < 10 else rng.sample(tests, 4):
            flipped = as_list(truth | {p: not truth[p]})
            possible = agreeing(names, flipped)
            try:
                assert {from_independencies(names, flipped)} == possible
                accepted += 1
            except ContradictoryStatements as error:
                assert not possible
                refused_with_a_minimal_conflict(names, flipped, error)
                refused += 1
            unlisted = [q for q in flipped if isinstance(q, Independent)]
            try:
                assert {from_independencies(names, unlisted, complete=True)} == possible
            except ContradictoryStatements as error:
                assert not possible
                refused_with_a_minimal_conflict(names, unlisted, error)
    assert accepted or names != "AB"
    assert refused or names == "AB"


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_list_is_exact(data: st.DataObject) -> None:
    """True or not, complete or not: exactly the classes that agree."""
    names = data.draw(st.sampled_from(["ABC", "ABCD"]))
    tests = list(next(iter(every_class(names).values())))
    truth = data.draw(st.dictionaries(st.sampled_from(tests), st.booleans(), max_size=8))
    statements = as_list(truth)
    possible = agreeing(names, statements)
    assert set(consistent_classes(names, statements)) == possible
    try:
        assert {from_independencies(names, statements)} == possible
    except ContradictoryStatements as error:
        assert not possible
        refused_with_a_minimal_conflict(names, statements, error)
    except UndeterminedClass as error:
        left_open(names, possible, error)


def left_open(names: str, possible: set[Cpdag], error: UndeterminedClass) -> None:
    assert len(possible) > 1
    assert set(error.classes) <= possible
    assert error.exhaustive == (len(possible) <= 100)
    assert error.exhaustive == (set(error.classes) == possible)
    for a, b in itertools.combinations(names, 2):
        seen = {(a, b) in c.directed + c.undirected or (b, a) in c.directed + c.undirected for c in possible}
        wanted = error.open if len(seen) == 2 else error.present if True in seen else error.absent
        assert (a, b) in wanted


@pytest.mark.parametrize("d", [3, 4, 5])
def test_the_solver_finds_what_the_table_holds(d: int) -> None:
    rng = random.Random(d)
    tests, table = list(all_tests(d)), Lookup(d)
    contradictory = 0
    for number in range(25):
        separated = Separations(erdos_renyi(d, expected_degree=2, seed=number)[0].adjacency)
        facts = {test: separated(test) for test in rng.sample(tests, min(len(tests), 14))}
        for test in rng.sample(list(facts), number % 3):
            facts[test] = not facts[test]
        expected = {completed(dag).tobytes() for dag in table.dags(facts)}
        if len(expected) > 40:
            continue
        solver = Solver(d)
        found = [completed(dag).tobytes() for dag in solver.dags(facts)]
        assert len(found) == len(set(found))
        assert set(found) == expected
        assert (solver.core(facts) is None) == bool(expected)
        for i, j in itertools.combinations(range(d), 2):
            assert solver.joined(facts, i, j) == table.joined(facts, i, j)
        contradictory += not expected
    assert contradictory or d == 3


def test_more_variables_than_are_listed() -> None:
    """Six and seven variables: the solver decides, and its conflicts are minimal by its own word."""
    for d in (6, 7):
        dag = erdos_renyi(d, expected_degree=2, seed=d)[0]
        statements = all_statements(dag)
        number = next(k for k, p in enumerate(statements) if isinstance(p, Independent) and len(p.given) == 2)
        flipped = [*statements[:number], ~statements[number], *statements[number + 1 :]]
        with pytest.raises(ContradictoryStatements) as caught:
            from_independencies(dag.nodes, flipped)
        assert ~statements[number] in caught.value.conflict
        for p in caught.value.conflict:
            rest = [q for q in caught.value.conflict if q != p]
            with contextlib.suppress(UndeterminedClass):
                from_independencies(dag.nodes, rest)
        with pytest.raises(UndeterminedClass, match="more than 100 classes") as found:
            from_independencies(dag.nodes, statements[:5])
        assert not found.value.exhaustive
        # With one statement of the determining list left out, the class may be open, and is never another one.
        determining = determining_statements(dag)
        for p in determining[::9]:
            assert Cpdag.from_dag(dag) in consistent_classes(dag.nodes, [q for q in determining if q != p])
    with pytest.raises(errors.TooLarge, match="more than 50"):
        consistent_classes("abcdef", [], limit=50)


def test_what_is_accepted_as_a_statement() -> None:
    words = ["A is independent of C", "A correlates with B.", "(B ⊥ C | A) and (A correlates with C given B)"]
    assert from_independencies("ABC", words[:1], complete=True) == Cpdag("ABC", directed=[("A", "B"), ("C", "B")])
    with pytest.raises(UndeterminedClass) as caught:
        from_independencies("ABC", words[:1])
    assert caught.value.absent == (("A", "C"),)
    with pytest.raises(ContradictoryStatements):
        from_independencies("ABC", words)
    assert from_independencies("ABC", "A and B are dependent", complete=True).undirected == (
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    )
    assert from_independencies([], []).nodes == ()
    assert from_independencies("A", []) == Cpdag("A")
    assert consistent_classes("A", []) == [Cpdag("A")]


@pytest.mark.parametrize(
    ("statements", "error", "message"),
    [
        ([Causes("A", "B")], errors.InvalidProposition, "neither states nor denies"),
        ([Independent("A", "B") | Independent("A", "C")], errors.InvalidProposition, "neither"),
        ([Independent("A", "Z")], errors.UnknownVariable, "'Z'"),
        ([Independent("A", "B", "Z")], errors.UnknownVariable, "'Z'"),
        (["A hugs B"], errors.FormatError, "cannot read"),
        ([7], errors.InvalidProposition, "neither"),
        ([Independent("A", "B"), ~Independent("B", "A")], ContradictoryStatements, "A and B are dependent"),
    ],
)
def test_bad_statements(statements: list[Proposition], error: type[Exception], message: str) -> None:
    for call in (from_independencies, consistent_classes):
        with pytest.raises(error, match=message):
            call("ABC", statements)


def test_limits() -> None:
    names = [f"v{k}" for k in range(30)]
    with pytest.raises(errors.TooLarge, match="12"):
        from_independencies(names, [], complete=True)
    with pytest.raises(errors.TooLarge, match="12"):
        all_statements(Dag(names))
    with pytest.raises(errors.TooLarge, match="neighbours"):
        determining_statements(Dag(names, list(itertools.combinations(names, 2))))
    with pytest.raises(errors.InvalidParameter, match="limit"):
        consistent_classes("ab", [], limit=-1)
    with pytest.raises(errors.InvalidGraph, match="latent"):
        all_statements(Dag.from_edges([("u", "x")], latent="u"))


def test_a_solver_that_gives_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_search, "_EFFORT", 1)
    dag = erdos_renyi(7, expected_degree=3, seed=0)[0]
    statements = all_statements(dag)
    statements[0] = ~statements[0]
    with pytest.raises(errors.TooLarge, match="reasonable time"):
        from_independencies(dag.nodes, statements)


def test_unfaithful_lists_are_refused() -> None:
    """Effects that cancel: A → B → C and A → C with A, C independent is no graph's list."""
    listed = [Independent("A", "C")]
    with pytest.raises(ContradictoryStatements, match="as the list does not deny") as caught:
        from_independencies("ABCD", [*listed, Independent("B", "D", "A")], complete=True)
    assert caught.value.unlisted
