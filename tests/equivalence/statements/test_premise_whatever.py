"""Dependence whatever is given: short premises that determine a class, and what they say when they do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Causes, Dag, DirectlyCauses, Independent
from causalpp.equivalence import (
    Cpdag,
    consistent_classes,
    determining_statements,
    from_independencies,
    from_premise,
    parse_premise,
    premise,
)
from causalpp.errors import ContradictoryStatements, FormatError, InvalidProposition, UndeterminedClass
from causalpp.graphs import all_dags, erdos_renyi

BEGIN = "Suppose there are 3 variables, A, B and C. "
JOINED = DirectlyCauses("A", "B") | DirectlyCauses("B", "A")


@pytest.mark.parametrize(
    "sentence",
    [
        "A correlates with B whatever is given.",
        "B and A are dependent, whatever is given.",
        "A and B are related whatever else is known.",
        "A is dependent on B no matter what is given.",
        "However, A correlates with B whatsoever other variables are given.",
    ],
)
def test_wordings(sentence: str) -> None:
    assert parse_premise(BEGIN + sentence)[1] == [JOINED]


@pytest.mark.parametrize(
    "sentence", ["A is independent of B whatever is given.", "A correlates with B given C whatever is given."]
)
def test_only_dependence_of_two(sentence: str) -> None:
    with pytest.raises(FormatError, match=r"whatever is given|cannot read"):
        parse_premise(BEGIN + sentence)


@pytest.mark.slow
def test_every_class_of_four_variables() -> None:
    seen = set()
    for dag in all_dags(list("ABCD")):
        cpdag = Cpdag.from_dag(dag)
        if cpdag not in seen:
            seen.add(cpdag)
            for style in ("corr2cause", "paraphrase", "plain"):
                assert from_premise(premise(dag, style, complete=False)) == cpdag
    assert len(seen) == 185


@given(st.integers(0, 10_000), st.integers(5, 14), st.floats(0.5, 4))
@settings(max_examples=40)
def test_random_classes(seed: int, n: int, degree: float) -> None:
    dag = erdos_renyi(n, expected_degree=degree, seed=seed)[0]
    statements = determining_statements(dag, compact=True)
    assert len(statements) == n * (n - 1) // 2
    assert from_independencies(dag.nodes, statements) == Cpdag.from_dag(dag)
    assert all(p.holds(dag) for p in statements)


def test_odd_names() -> None:
    dag = Dag.from_edges([("cause of death", "age, in years"), ("B and C", "age, in years"), ("given", "is")])
    assert from_premise(premise(dag, complete=False)) == Cpdag.from_dag(dag)


@pytest.mark.parametrize("n", [4, 6])  # by the table of classes, and by the solver
def test_a_list_cut_short_leaves_classes_open(n: int) -> None:
    dag = Dag.from_edges([(f"v{i}", f"v{i + 1}") for i in range(n - 1)])
    statements = determining_statements(dag, compact=True)
    with pytest.raises(UndeterminedClass) as error:
        from_independencies(dag.nodes, statements[:-1])
    assert Cpdag.from_dag(dag) in error.value.classes
    assert len(consistent_classes(dag.nodes, statements[:-1])) == len(error.value.classes) > 1


@pytest.mark.parametrize("n", [3, 6])
def test_contradictions(n: int) -> None:
    names = [f"v{i}" for i in range(n)]
    edge = DirectlyCauses("v0", "v1") | DirectlyCauses("v1", "v0")
    apart = Independent("v0", "v1", "v2")
    with pytest.raises(ContradictoryStatements) as error:
        from_independencies(names, [edge, apart])
    assert set(error.value.conflict) == {edge, apart}
    with pytest.raises(ContradictoryStatements):
        from_independencies(names, [edge, ~edge])


def test_that_some_set_separates_can_be_said() -> None:
    """That two variables are not joined, without saying what separates them, leaves the separating set open."""
    edge = {pair: DirectlyCauses(*pair) | DirectlyCauses(*pair[::-1]) for pair in ("ab", "bc", "ac")}
    found = consistent_classes("abc", [edge["ab"], edge["bc"], ~edge["ac"]])
    assert set(map(repr, found)) == {"Cpdag('a → b, c → b')", "Cpdag('a – b, b – c')"}


def test_other_causal_statements_are_refused() -> None:
    with pytest.raises(InvalidProposition, match="neither states nor denies"):
        from_independencies("abc", [Causes("a", "b") | Causes("b", "a")])
    with pytest.raises(InvalidProposition, match="neither states nor denies"):
        from_independencies("abc", [DirectlyCauses("a", "b") | DirectlyCauses("b", "c")])
