"""networkx, pgmpy and causal-learn: their conventions, and what is refused."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from causallearn.graph.Edge import Edge
from causallearn.graph.Endpoint import Endpoint
from causallearn.graph.GeneralGraph import GeneralGraph
from causallearn.graph.GraphNode import GraphNode
from pgmpy.base import DAG, PDAG
from pgmpy.factors.discrete import TabularCPD
from pgmpy.models import DiscreteBayesianNetwork

from causalpp.errors import CyclicGraph, InvalidGraph, InvalidParameter
from causalpp.graphs import Admg, Cpdag, Dag
from causalpp.graphs.formats import (
    from_causal_learn,
    from_networkx,
    from_pgmpy,
    to_causal_learn,
    to_networkx,
    to_pgmpy,
)

DAG_ = Dag(["y", "x", "u", "lone"], [("u", "x"), ("u", "y"), ("x", "y")], latent="u")


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (nx.Graph([("a", "b")]), "expected a networkx DiGraph, got a Graph"),
        (nx.MultiGraph([("a", "b")]), "got a MultiGraph"),
        (nx.DiGraph([(1, 2)]), r"must be strings, got 1 \(int\); rename the nodes"),
        (nx.DiGraph([("a", "")]), "must not be empty"),
        ([("a", "b")], "expected a networkx DiGraph, got list"),
    ],
)
def test_networkx_graphs_that_are_refused(graph: Any, message: str) -> None:
    with pytest.raises(InvalidGraph, match=message):
        from_networkx(graph)


def test_networkx_attributes() -> None:
    graph = to_networkx(DAG_)
    assert list(graph) == list(DAG_.nodes)
    assert set(graph.edges) == set(DAG_.edges)
    assert dict(graph.nodes(data="latent")) == {"y": None, "x": None, "u": True, "lone": None}
    graph.add_edge("lone", "y", weight=3)
    graph.nodes["x"]["latent"] = False
    assert from_networkx(graph).latent == {"u"}
    graph.nodes["x"]["latent"] = "false"  # text, as files have it
    assert from_networkx(graph).latent == {"u"}
    graph.nodes["x"]["latent"] = "maybe"
    with pytest.raises(InvalidGraph, match=r"latent of 'x': latent is true or false .*, got 'maybe'"):
        from_networkx(graph)


def test_a_networkx_cycle_is_named() -> None:
    with pytest.raises(CyclicGraph, match="a → b → a"):
        from_networkx(nx.DiGraph([("a", "b"), ("b", "a")]))


def test_a_pgmpy_graph_read_as_networkx_keeps_its_latents() -> None:
    assert from_networkx(to_pgmpy(DAG_)) == DAG_


@pytest.mark.parametrize(("kind", "expected"), [("dag", DAG), ("bayesian-network", DiscreteBayesianNetwork)])
def test_pgmpy_kinds(kind: Any, expected: type) -> None:
    model = to_pgmpy(DAG_, kind=kind)
    assert type(model) is expected
    assert model.latents == {"u"}
    assert set(model.edges) == set(DAG_.edges)
    assert from_pgmpy(model) == DAG_


def test_pgmpy_knows_the_same_separations() -> None:
    model = to_pgmpy(Dag.from_edges([("a", "b"), ("b", "c"), ("d", "c")]))
    assert not model.is_dconnected("a", "c", observed=["b"])
    assert model.is_dconnected("a", "d", observed=["b", "c"]) is False
    assert model.is_dconnected("b", "d", observed=["c"])


def test_pgmpy_models_with_tables_and_subclasses() -> None:
    class Mine(DiscreteBayesianNetwork):  # type: ignore[misc]
        pass

    model = Mine([("a", "b")])
    model.add_cpds(TabularCPD("a", 2, [[0.5], [0.5]]))
    assert from_pgmpy(model) == Dag.from_edges([("a", "b")])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nx.DiGraph([("a", "b")]), "expected a pgmpy DAG or DiscreteBayesianNetwork, got DiGraph"),
        (PDAG(directed_ebunch=[("a", "b")], undirected_ebunch=[("b", "c")]), "got PDAG"),
        (DAG([(1, 2)]), "must be strings, got 1"),
    ],
)
def test_pgmpy_models_that_are_refused(model: Any, message: str) -> None:
    with pytest.raises(InvalidGraph, match=message):
        from_pgmpy(model)


def test_an_unknown_pgmpy_kind() -> None:
    wrong: Any = "network"
    with pytest.raises(InvalidParameter, match="kind is 'dag' or 'bayesian-network', got 'network'"):
        to_pgmpy(DAG_, kind=wrong)


def test_the_causal_learn_convention() -> None:
    graph = to_causal_learn(DAG_)
    by_name = {node.get_name(): node for node in graph.get_nodes()}
    for a in DAG_.nodes:
        for b in DAG_.nodes:
            assert graph.is_directed_from_to(by_name[a], by_name[b]) == DAG_.has_edge(a, b)
            assert graph.is_ancestor_of(by_name[a], by_name[b]) == (a == b or a in DAG_.ancestors(b))
    matrix = graph.graph
    i, j = DAG_.nodes.index("u"), DAG_.nodes.index("x")
    assert (matrix[j, i], matrix[i, j]) == (1, -1)
    assert from_causal_learn(graph) == DAG_
    assert from_causal_learn(graph).nodes == DAG_.nodes


@pytest.mark.parametrize(
    ("ends", "drawn"),
    [
        ((Endpoint.CIRCLE, Endpoint.ARROW), "'a' o-> 'b'"),
        ((Endpoint.CIRCLE, Endpoint.CIRCLE), "'a' o-o 'b'"),
        ((Endpoint.ARROW, Endpoint.CIRCLE), "'b' o-> 'a'"),
    ],
)
def test_causal_learn_edges_that_end_in_circles(ends: tuple[Endpoint, Endpoint], drawn: str) -> None:
    a, b, c = GraphNode("a"), GraphNode("b"), GraphNode("c")
    graph = GeneralGraph([c, a, b])
    graph.add_directed_edge(a, c)
    graph.add_edge(Edge(a, b, *ends))
    with pytest.raises(InvalidGraph, match=f"the edge {drawn} ends in a circle: this is a PAG"):
        from_causal_learn(graph)


def test_causal_learn_graphs_of_other_kinds() -> None:
    a, b, c = GraphNode("a"), GraphNode("b"), GraphNode("c")
    graph = GeneralGraph([a, b, c])
    graph.add_directed_edge(a, c)
    graph.add_edge(Edge(a, b, Endpoint.ARROW, Endpoint.ARROW))
    assert from_causal_learn(graph) == Admg(("a", "b", "c"), (("a", "c"),), (("a", "b"),))
    chain = GeneralGraph([a, b, c])
    chain.add_edge(Edge(a, b, Endpoint.TAIL, Endpoint.TAIL))
    chain.add_edge(Edge(b, c, Endpoint.TAIL, Endpoint.TAIL))
    assert from_causal_learn(chain) == Cpdag("abc", undirected=[("a", "b"), ("b", "c")])


def test_causal_learn_directed_edges_of_either_spelling() -> None:
    a, b = GraphNode("a"), GraphNode("b")
    graph = GeneralGraph([a, b])
    graph.add_edge(Edge(a, b, Endpoint.ARROW, Endpoint.TAIL))
    assert from_causal_learn(graph) == Dag(["a", "b"], [("b", "a")])


def test_what_pc_returns() -> None:
    from causallearn.search.ConstraintBased.PC import pc

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 2000))
    found = pc(np.column_stack([a, b, a + b + 0.5 * rng.normal(size=2000)]), show_progress=False)
    assert from_causal_learn(found.G) == Dag(["X1", "X2", "X3"], [("X1", "X3"), ("X2", "X3")])
    with pytest.raises(InvalidGraph, match=r"got CausalGraph; pass the graph inside it, its attribute .G"):
        from_causal_learn(found)
    with pytest.raises(InvalidGraph, match="expected a causal-learn GeneralGraph, got Dag"):
        from_causal_learn(DAG_)
