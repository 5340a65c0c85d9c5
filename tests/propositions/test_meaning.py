"""Propositions against their definitions: every directed path is written out, on all small graphs."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
import torch

from causalpp import (
    Causes,
    Changes,
    Dag,
    DagBatch,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    all_questions,
)
from causalpp.errors import InvalidProposition, UnknownVariable
from causalpp.propositions import KINDS, And, Not, Or, Proposition, truth_table


def every_dag(names: str) -> list[Dag]:
    pairs = list(itertools.combinations(names, 2))
    found = []
    for choice in itertools.product((0, 1, 2), repeat=len(pairs)):
        edges = [(a, b) if c == 1 else (b, a) for (a, b), c in zip(pairs, choice, strict=True) if c]
        if nx.is_directed_acyclic_graph(nx.DiGraph(edges)):
            found.append(Dag(names, edges))
    return found


def random_dag(rng: np.random.Generator, d: int) -> Dag:
    names = [f"v{i}" for i in range(d)]
    order = rng.permutation(d)
    p = rng.uniform(0.1, 0.6)
    edges = [(names[order[i]], names[order[j]]) for i in range(d) for j in range(i + 1, d) if rng.random() < p]
    return Dag(names, edges)


def directed_paths(dag: Dag, a: str, b: str) -> list[tuple[str, ...]]:
    """All directed paths from a to b, as tuples of variables."""
    out = []
    stack: list[tuple[str, ...]] = [(a,)]
    while stack:
        path = stack.pop()
        for x, y in dag.edges:
            if x == path[-1]:
                longer = (*path, y)
                (out if y == b else stack).append(longer)
    return out


def by_definition(p: Proposition, dag: Dag) -> bool:
    """The meaning of a statement, from design §5, by listing paths."""

    def paths(a: str, b: str, avoid: frozenset[str] = frozenset()) -> bool:
        return a not in avoid and any(not avoid.intersection(path) for path in directed_paths(dag, a, b))

    match p:
        case DirectlyCauses(a, b):
            return (a, b) in dag.edges
        case Causes(a, b) | Direction(a, b):
            return paths(a, b)
        case IndirectlyCauses(a, b):
            return any(len(path) > 2 for path in directed_paths(dag, a, b))
        case HaveCommonCause(a, b):
            return any(
                paths(k, a, frozenset({b})) and paths(k, b, frozenset({a})) for k in dag.nodes if k not in (a, b)
            )
        case HaveCommonEffect(a, b):
            return any(
                paths(a, k, frozenset({b})) and paths(b, k, frozenset({a})) for k in dag.nodes if k not in (a, b)
            )
        case Changes(do=a, outcome=b, holding=held):
            return paths(a, b, held)
        case Independent(a, b, given):
            return bool(nx.is_d_separator(as_networkx(dag), {a}, {b}, set(given)))
    raise AssertionError(p)


def as_networkx(dag: Dag) -> nx.DiGraph:
    graph = nx.DiGraph(dag.edges)
    graph.add_nodes_from(dag.nodes)
    return graph


@pytest.mark.parametrize("d", [2, 3, 4])
def test_every_statement_on_every_small_graph(d: int) -> None:
    dags = every_dag("ABCD"[:d])
    batch = DagBatch.from_dags(dags)
    questions = all_questions("ABCD"[:d], kinds=KINDS, conditioning=d)
    table = truth_table(questions, batch)
    for n, dag in enumerate(dags):
        expected = [by_definition(q, dag) for q in questions]
        assert table[n].tolist() == expected, dag


@pytest.mark.parametrize("seed", range(16))
def test_every_kind_on_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(5, 13))
    dags = [random_dag(rng, d) for _ in range(4)]
    batch = DagBatch.from_dags(dags)
    names = batch.nodes
    questions: list[Proposition] = list(
        all_questions(
            names, kinds=["DirectlyCauses", "Causes", "IndirectlyCauses", "HaveCommonCause", "HaveCommonEffect"]
        )
    )
    for _ in range(60):
        shuffled = rng.permutation(names).tolist()
        size = int(rng.integers(0, d - 2))
        questions += [kind(shuffled[0], shuffled[1], shuffled[2 : 2 + size]) for kind in (Changes, Independent)]
    table = truth_table(questions, batch)
    for n, dag in enumerate(dags):
        assert table[n].tolist() == [by_definition(q, dag) for q in questions]


def test_one_graph_answers_with_a_bool() -> None:
    dag = Dag.from_edges([("a", "b")])
    assert Causes("a", "b").holds(dag) is True
    assert Causes("b", "a").holds(dag) is False


def test_boolean_combinations() -> None:
    batch = DagBatch.from_dags(every_dag("ABC"))
    p, q, r = Causes("A", "B"), DirectlyCauses("B", "C"), Independent("A", "C")
    tp, tq, tr = (x.holds(batch) for x in (p, q, r))
    assert torch.equal((p & q | ~r).holds(batch), (tp & tq) | ~tr)
    assert ~~p == p
    assert (p & q) & r == And(p, q, r) == p & (q & r)
    assert (p | q) | r == Or(p, q, r)
    assert len({p & q, And(p, q), Not(p)}) == 2


def test_symmetric_statements_do_not_depend_on_the_order() -> None:
    for kind in (HaveCommonCause, HaveCommonEffect, Independent):
        assert kind("b", "a") == kind("a", "b")
        assert hash(kind("b", "a")) == hash(kind("a", "b"))
    assert Causes("a", "b") != Causes("b", "a")
    assert Independent("a", "b", given=["d", "c"]) == Independent("b", "a", given={"c", "d"})
    assert Changes("a", "b", holding="c") == Changes("a", "b", {"c"})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Causes("a", "a"),
        lambda: Causes("a", ""),
        lambda: Causes("a", 3),
        lambda: HaveCommonCause("a", "a"),
        lambda: Changes("a", "b", holding={"a"}),
        lambda: Independent("a", "b", given={"b"}),
        lambda: Independent("a", "b", given={""}),
        lambda: And(),
        lambda: And(Causes("a", "b"), "x"),
        lambda: bool(Causes("a", "b")),
    ],
)
def test_statements_that_say_nothing_are_refused(make) -> None:
    with pytest.raises(InvalidProposition):
        make()


def test_unknown_variable() -> None:
    with pytest.raises(UnknownVariable, match="did you mean 'smoke'"):
        Causes("smok", "lung").holds(Dag.from_edges([("smoke", "lung")]))


def test_empty_batch() -> None:
    empty = DagBatch("AB", torch.zeros((0, 2, 2), dtype=torch.bool))
    for q in all_questions("AB", kinds=KINDS):
        assert q.holds(empty).shape == (0,)


def test_ancestor_questions_know_only_the_transitive_closure() -> None:
    """Design §5: 543 graphs on 4 variables fall into 219 classes by Causes; Changes tells all apart."""
    batch = DagBatch.from_dags(every_dag("ABCD"))
    assert len(batch) == 543
    causes = truth_table(all_questions("ABCD"), batch)
    assert len(causes.unique(dim=0)) == 219
    changes = truth_table(all_questions("ABCD", kinds=["Changes"], conditioning=2), batch)
    assert len(changes.unique(dim=0)) == 543
