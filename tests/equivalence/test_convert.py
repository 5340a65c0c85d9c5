"""Classes as pgmpy's PDAG and causal-learn's GeneralGraph: round trips, conventions, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import networkx as nx
import numpy as np
import pytest
from causallearn.graph.Edge import Edge
from causallearn.graph.Endpoint import Endpoint
from causallearn.graph.GeneralGraph import GeneralGraph
from causallearn.graph.GraphNode import GraphNode
from causallearn.graph.NodeType import NodeType
from pgmpy.base import DAG, PDAG

from causalpp.equivalence import Cpdag, Mpdag
from causalpp.equivalence.convert import from_general_graph, from_pgmpy_pdag, to_general_graph, to_pgmpy_pdag
from causalpp.errors import InvalidGraph
from causalpp.graphs import Dag, all_dags, erdos_renyi
from causalpp.graphs.formats import from_causal_learn, from_pgmpy, to_pgmpy

TAIL, ARROW, CIRCLE = Endpoint.TAIL, Endpoint.ARROW, Endpoint.CIRCLE
AWKWARD = ("z z", "a→b", '"', "\n x", "a,b", "ä", "0", "True", "a")
LIBRARIES = pytest.mark.parametrize(
    ("to", "back"),
    [(to_pgmpy_pdag, from_pgmpy_pdag), (to_general_graph, from_general_graph)],
    ids=["pgmpy", "causal-learn"],
)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(pair[0], pair[1]) for pair in text.split()]


@cache
def classes() -> tuple[Cpdag, ...]:
    """The classes of 4 variables, and random ones of up to 20 whose nodes are in no sorted order."""
    small = dict.fromkeys(Cpdag.from_dag(dag) for dag in all_dags(["d", "b", "a", "c"]))
    assert len(small) == 185
    rng = np.random.default_rng(0)
    random = [
        Cpdag.from_dag(dag)
        for d in (5, 8, 13, 20)
        for degree in (1, 2, 4)
        for dag in erdos_renyi([f"x{i}" for i in rng.permutation(d)], expected_degree=degree, n=5, seed=d)
    ]
    return *small, *random, Cpdag(()), Cpdag(["lone"])


@cache
def oriented() -> tuple[Mpdag, ...]:
    """Each class with one undirected edge directed, and another if one is left."""
    rng = np.random.default_rng(1)
    out: list[Mpdag] = []
    for graph in classes():
        known: Mpdag = graph
        for _ in range(2):
            if known.undirected:
                a, b = known.undirected[rng.integers(len(known.undirected))]
                known = known.orient([(a, b) if rng.random() < 0.5 else (b, a)])
                out.append(known)
    return tuple(out)


def assert_same(found: Mpdag, expected: Mpdag, kind: type) -> None:
    assert type(found) is kind
    assert found.nodes == expected.nodes
    assert all(type(name) is str for name in found.nodes)
    assert np.array_equal(found.matrix, expected.matrix)
    assert not found.matrix.flags.writeable


@LIBRARIES
def test_round_trips_of_classes(to: Callable[[Mpdag], Any], back: Callable[[Any], Mpdag]) -> None:
    for graph in classes():
        assert_same(back(to(graph)), graph, Cpdag)


@LIBRARIES
def test_round_trips_with_background_knowledge(to: Callable[[Mpdag], Any], back: Callable[[Any], Mpdag]) -> None:
    assert sum(bool(graph.undirected) for graph in oriented()) > 50
    for graph in oriented():
        assert_same(back(to(graph)), graph, Mpdag)


@LIBRARIES
def test_a_class_given_as_an_mpdag_comes_back_as_a_cpdag(
    to: Callable[[Mpdag], Any], back: Callable[[Any], Any]
) -> None:
    graph = Mpdag("cab", directed=[("a", "b"), ("c", "b")])
    assert_same(back(to(graph)), graph, Cpdag)


@LIBRARIES
def test_awkward_names(to: Callable[[Mpdag], Any], back: Callable[[Any], Mpdag]) -> None:
    dag = Dag(AWKWARD, [(AWKWARD[i], AWKWARD[j]) for i, j in [(0, 2), (1, 2), (2, 3), (4, 5), (7, 6)]])
    graph = Cpdag.from_dag(dag)
    assert graph.directed
    assert graph.undirected
    assert_same(back(to(graph)), graph, Cpdag)


def test_strings_of_numpy_become_plain() -> None:
    pdag = PDAG(undirected_ebunch=[(np.str_("a"), np.str_("b"))])
    general = GeneralGraph([GraphNode(np.str_("a")), GraphNode(np.str_("b"))])
    general.add_edge(Edge(*general.get_nodes(), TAIL, TAIL))
    for found in (from_pgmpy_pdag(pdag), from_general_graph(general)):
        assert found == Cpdag("ab", undirected=pairs("ab"))
        assert all(type(name) is str for name in found.nodes)


def test_the_pgmpy_convention() -> None:
    for graph in classes() + oriented():
        pdag = to_pgmpy_pdag(graph)
        assert type(pdag) is PDAG
        assert pdag.latents == set()
        assert list(pdag.nodes) == list(graph.nodes)
        assert pdag.directed_edges == set(graph.directed)
        assert pdag.undirected_edges == set(graph.undirected)
        assert set(pdag.edges) == {(graph.nodes[i], graph.nodes[j]) for i, j in np.argwhere(graph.matrix)}


def test_pgmpy_finds_the_same_classes() -> None:
    for dag in list(all_dags(4))[::9]:
        assert from_pgmpy_pdag(to_pgmpy(dag).to_pdag()) == Cpdag.from_dag(dag)


def test_pgmpy_undirected_edges_of_either_spelling() -> None:
    for edges in ([("a", "b")], [("b", "a")], [("a", "b"), ("b", "a")]):
        assert from_pgmpy_pdag(PDAG(undirected_ebunch=edges)) == Cpdag("ab", undirected=pairs("ab"))


def test_pgmpy_subclasses_roles_and_orientations() -> None:
    class Mine(PDAG):  # type: ignore[misc]
        pass

    pdag = Mine(undirected_ebunch=[("a", "b"), ("b", "c")], roles={"exposures": ["a"]})
    assert from_pgmpy_pdag(pdag) == Cpdag("abc", undirected=pairs("ab bc"))
    pdag.orient_undirected_edge("a", "b", inplace=True)
    with pytest.raises(InvalidGraph, match="the directed edges force 'b' → 'c', which is left undirected"):
        from_pgmpy_pdag(pdag)
    assert from_pgmpy_pdag(pdag.apply_meeks_rules()) == Mpdag("abc", directed=pairs("ab bc"))


def test_pgmpy_edges_that_do_not_agree() -> None:
    pdag = to_pgmpy_pdag(Cpdag("abc", undirected=pairs("ab")))
    pdag.add_edge("b", "c")
    with pytest.raises(InvalidGraph, match=r"\('b', 'c'\) is in the graph and not in the sets of edges: call"):
        from_pgmpy_pdag(pdag)
    pdag.remove_node("c")
    assert from_pgmpy_pdag(pdag) == Cpdag("ab", undirected=pairs("ab"))
    pdag.remove_edge("b", "a")
    with pytest.raises(InvalidGraph, match=r"\('b', 'a'\) is in the sets of edges and not in the graph: call"):
        from_pgmpy_pdag(pdag)
    pdag.calibrate_directed_undirected_edges()
    assert from_pgmpy_pdag(pdag) == Mpdag("ab", directed=pairs("ab"))


@pytest.mark.parametrize(
    ("pdag", "message"),
    [
        (nx.DiGraph([("a", "b")]), "expected a pgmpy PDAG, got DiGraph$"),
        (DAG([("a", "b")]), "expected a pgmpy PDAG, got DAG; .*from_pgmpy reads it"),
        (None, "expected a pgmpy PDAG, got NoneType"),
        (PDAG([("a", 2)]), r"must be strings, got 2 \(int\)"),
        (PDAG([("a", " ")]), "must not be empty or blank"),
        (PDAG([("a", "b")], latents=["b", "a"]), r"\['a', 'b'\] are latent"),
        (PDAG([("a", "a")]), "'a', 'a' is joined to itself or twice"),
        (PDAG([], [("a", "a")]), "'a', 'a' is joined to itself or twice"),
        (PDAG([("a", "b"), ("b", "a")]), "is joined to itself or twice"),
        (PDAG([("a", "b")], [("b", "a")]), "is joined to itself or twice"),
        (PDAG([("a", "b"), ("b", "c"), ("c", "a")]), "no acyclic member"),
        (PDAG([], pairs("ab bc cd da")), "no acyclic member"),
        (PDAG([("a", "b")], [("b", "c")]), "force 'b' → 'c', which is left undirected"),
    ],
)
def test_pgmpy_graphs_that_are_refused(pdag: Any, message: str) -> None:
    with pytest.raises(InvalidGraph, match=message):
        from_pgmpy_pdag(pdag)


def test_the_formats_agree_on_what_is_a_dag() -> None:
    graph = Mpdag("cba", directed=pairs("ab bc"))
    dag = Dag("cba", graph.directed)
    assert from_causal_learn(to_general_graph(graph)) == dag
    model = DAG()
    model.add_nodes_from(graph.nodes)
    model.add_edges_from(to_pgmpy_pdag(graph).edges)
    assert from_pgmpy(model) == dag


def test_the_causal_learn_convention() -> None:
    for graph in classes() + oriented():
        general = to_general_graph(graph)
        nodes = general.get_nodes()
        assert [node.get_name() for node in nodes] == list(graph.nodes)
        assert {node.get_node_type() for node in nodes} <= {NodeType.MEASURED}
        directed, undirected = graph.matrix & ~graph.matrix.T, graph.matrix & graph.matrix.T
        assert np.array_equal(general.graph, -1 * directed + directed.T - 1 * undirected)
    a, b, c = map(GraphNode, "abc")
    general = GeneralGraph([a, b, c])
    general.add_directed_edge(a, b)
    general.add_edge(Edge(b, c, ARROW, TAIL))
    assert from_general_graph(general) == Cpdag("abc", directed=pairs("ab cb"))


def test_causal_learn_graphs_that_grew() -> None:
    general = to_general_graph(Cpdag("ab", undirected=pairs("ab")))
    general.add_node(GraphNode("c"))  # its matrix is of floats from here on
    assert from_general_graph(general) == Cpdag("abc", undirected=pairs("ab"))


def test_what_pc_returns() -> None:
    from causallearn.search.ConstraintBased.PC import pc

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000))
    found = pc(np.column_stack([a, b, a + b + 0.5 * rng.normal(size=2000)]), show_progress=False)
    expected = Cpdag(["X1", "X2", "X3"], [("X1", "X3"), ("X2", "X3")])
    assert_same(from_general_graph(found.G), expected, Cpdag)
    with pytest.raises(InvalidGraph, match=r"got CausalGraph; pass the graph inside it, its attribute .G"):
        from_general_graph(found)
    with pytest.raises(InvalidGraph, match="expected a causal-learn GeneralGraph, got Cpdag"):
        from_general_graph(expected)


def general_graph(*edges: tuple[str, str, Endpoint, Endpoint], latent: str = "") -> GeneralGraph:
    nodes = {name: GraphNode(name) for name in "abcd"}
    for name in latent:
        nodes[name].set_node_type(NodeType.LATENT)
    graph = GeneralGraph(list(nodes.values()))
    for a, b, *ends in edges:
        graph.add_edge(Edge(nodes[a], nodes[b], *ends))
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (general_graph(("c", "a", ARROW, ARROW)), "the edge 'a' <-> 'c' is bidirected"),
        (general_graph(("a", "b", CIRCLE, ARROW)), "the edge 'a' o-> 'b' ends in a circle"),
        (general_graph(("b", "a", CIRCLE, ARROW)), "the edge 'a' <-o 'b' ends in a circle"),
        (general_graph(("a", "b", CIRCLE, CIRCLE)), "the edge 'a' o-o 'b' ends in a circle"),
        (general_graph(("a", "b", TAIL, CIRCLE)), "the edge 'a' --o 'b' ends in a circle"),
        (general_graph(("a", "b", TAIL, ARROW), ("a", "b", ARROW, ARROW)), "two edges at once, one of them bidirected"),
        (general_graph(("a", "b", TAIL, TAIL), ("a", "b", ARROW, ARROW)), "two edges at once, one of them bidirected"),
        (general_graph(("a", "b", TAIL, ARROW), latent="da"), r"\['a', 'd'\] are latent"),
        (general_graph(*((a, b, TAIL, ARROW) for a, b in pairs("ab bc ca"))), "no acyclic member"),
        (general_graph(*((a, b, TAIL, TAIL) for a, b in pairs("ab bc cd da"))), "no acyclic member"),
        (general_graph(("a", "b", TAIL, ARROW), ("b", "c", TAIL, TAIL)), "force 'b' → 'c', which is left undirected"),
        (GeneralGraph([GraphNode("a"), GraphNode("a")]), "'a' is named twice"),
        (GeneralGraph([GraphNode("")]), "must not be empty"),
        (None, "expected a causal-learn GeneralGraph, got NoneType"),
    ],
)
def test_causal_learn_graphs_that_are_refused(graph: Any, message: str) -> None:
    with pytest.raises(InvalidGraph, match=message):
        from_general_graph(graph)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({(0, 1): 1}, r"'a' <-\? 'b' has ends of unknown kinds, 1 and 0"),
        ({(0, 1): 3, (1, 0): -1}, "has ends of unknown kinds, 3 and -1"),
        ({(2, 2): -1}, "'c' is joined to itself"),
    ],
)
def test_causal_learn_matrices_that_no_edge_makes(entries: dict[tuple[int, int], int], message: str) -> None:
    graph = general_graph()
    for where, end in entries.items():
        graph.graph[where] = end
    with pytest.raises(InvalidGraph, match=message):
        from_general_graph(graph)
