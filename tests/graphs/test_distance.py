"""Distances between graphs: against their definitions, pair by pair."""

from __future__ import annotations

import json
import random
from itertools import combinations, permutations

import pytest

from causalpp import Cpdag, Dag
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidGraph
from causalpp.graphs import Mpdag, all_dags
from causalpp.programs import is_adjustment_set, optimal_adjustment_set


def joined(graph: Dag | Mpdag, a: str, b: str) -> str:
    """How two variables are joined."""
    if isinstance(graph, Dag):
        return "->" * graph.has_edge(a, b) + "<-" * graph.has_edge(b, a)
    lines = {frozenset(edge) for edge in graph.undirected}
    return "->" * ((a, b) in graph.directed) + "<-" * ((b, a) in graph.directed) + "--" * ({a, b} in lines)


def shd(guess: Dag | Mpdag, truth: Dag | Mpdag) -> int:
    return sum(joined(guess, a, b) != joined(truth, a, b) for a, b in combinations(truth.nodes, 2))


def wrong(truth: Dag, x: str, y: str, z: set[str] | frozenset[str] | None) -> bool:
    """Whether P(y | do(x)), said to be P(y) (z None) or adjusted for z, is wrong in the truth."""
    if z is None or y in z:
        return y in truth.descendants(x)
    return not is_adjustment_set(truth, x, y, z)


def sid(guess: Dag, truth: Dag) -> int:
    return sum(wrong(truth, x, y, set(guess.parents(x))) for x, y in permutations(truth.nodes, 2))


def ancestor(guess: Dag, truth: Dag) -> int:
    return sum(
        wrong(truth, x, y, guess.ancestors(x) if y in guess.descendants(x) else None)
        for x, y in permutations(truth.nodes, 2)
    )


def oset(guess: Dag, truth: Dag) -> int:
    return sum(
        wrong(truth, x, y, optimal_adjustment_set(guess, x, y) if y in guess.descendants(x) else None)
        for x, y in permutations(truth.nodes, 2)
    )


def check(guess: Dag, truth: Dag) -> None:
    found = guess.distance(truth)
    assert found.shd == shd(guess, truth)
    assert found.sid == sid(guess, truth), (guess, truth)
    assert found.parent == sid(guess, truth)
    assert found.ancestor == ancestor(guess, truth)
    assert found.oset == oset(guess, truth)
    assert found.pairs == len(truth.nodes) * (len(truth.nodes) - 1)


def test_every_two_dags_of_three_variables() -> None:
    dags = list(all_dags(["a", "b", "c"]))
    for guess in dags:
        for truth in dags:
            check(guess, truth)


def test_random_dags_in_any_order_of_variables() -> None:
    rng = random.Random(0)
    for _ in range(60):
        names = [f"v{i}" for i in range(rng.randint(4, 6))]
        graphs = []
        for _ in range(2):
            order = rng.sample(names, len(names))
            edges = [(a, b) for i, b in enumerate(order) for a in order[:i] if rng.random() < 0.4]
            graphs.append(Dag(rng.sample(names, len(names)), edges))
        check(*graphs)


def test_classes() -> None:
    rng = random.Random(1)
    for _ in range(40):
        names = [f"v{i}" for i in range(5)]
        dags = [
            Dag(rng.sample(names, 5), [(a, b) for i, b in enumerate(names) for a in names[:i] if rng.random() < 0.4])
            for _ in range(2)
        ]
        first, second = (Cpdag.from_dag(dag) for dag in dags)
        for guess, truth in ((first, second), (first, dags[1]), (dags[0], second)):
            found = guess.distance(truth)
            assert found.shd == shd(guess, truth)
            assert found.sid is None
        assert first.distance(first).to_dict() == {
            "shd": 0,
            "parent": 0,
            "ancestor": 0,
            "oset": 0,
            "sid": None,
            "pairs": 20,
        }
        # In a class without open edges all effects are those of its one member.
        if not first.undirected and not second.undirected:
            assert first.distance(second).parent == sid(dags[0], dags[1])


def test_a_distance_is_to_the_truth() -> None:
    truth = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    empty = Dag(["c", "b", "a"])
    # P(b | do(a)) and P(c | do(a)) are right without adjustment; of b and c, a confounds, or they cause nothing.
    assert empty.distance(truth).sid == 4
    assert truth.distance(empty).sid == 0  # adjusting for too much is not wrong here
    assert truth.distance(truth).to_dict() == {"shd": 0, "sid": 0, "parent": 0, "ancestor": 0, "oset": 0, "pairs": 6}


def test_small_graphs_and_plain_values() -> None:
    assert Dag([]).distance(Dag([])).shd == 0
    assert Dag(["a"]).distance(Dag(["a"])).to_dict()["pairs"] == 0
    assert Dag(["a"]).distance(Dag(["a"])).share("sid") == 0.0
    found = Dag(["a", "b"]).distance(Dag(["a", "b"], [("a", "b")]))
    assert (
        json.loads(found.to_json())
        == found.to_dict()
        == {
            "shd": 1,
            "sid": 1,
            "parent": 1,
            "ancestor": 1,
            "oset": 1,
            "pairs": 2,
        }
    )
    assert (found.share("shd"), found.share("sid")) == (1.0, 0.5)
    assert repr(found) == "GraphDistance(shd=1, sid=1, parent=1, ancestor=1, oset=1, pairs=2)"


def test_what_has_no_distance() -> None:
    dag = Dag.from_edges([("a", "b"), ("b", "c")])
    with pytest.raises(InvalidGraph, match="only one has 'c'"):
        dag.distance(Dag(["a", "b"]))
    with pytest.raises(InvalidGraph, match="are latent"):
        dag.distance(Dag(dag.nodes, dag.edges, latent="a"))
    with pytest.raises(InvalidGraph, match="the data are selected on 'a'"):
        dag.distance(Dag(dag.nodes, dag.edges, selected="a"))
    with pytest.raises(InvalidGraph, match="background knowledge"):
        dag.distance(MarkovEquivalenceClass.from_dag(dag).with_knowledge(required=[("a", "b")]).cpdag)


def test_the_result_of_a_run_has_one() -> None:
    import causalpp as cpp

    truth = Dag.from_edges([("a", "b"), ("b", "c")])
    oracle = cpp.SimulatedOracle(truth, noise=cpp.noise.Symmetric(0.01))
    found = cpp.discover(cpp.MarkovEquivalenceClass.from_dag(truth), oracle, seed=0)
    assert found.graph == truth
    assert found.distance(truth) == truth.distance(truth)
