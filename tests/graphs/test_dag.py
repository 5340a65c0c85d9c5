import copy
import pickle
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Dag
from causalpp.errors import CyclicGraph, InvalidGraph, UnknownVariable
from causalpp.graphs.random import all_dags

from . import brute


def random_dag(generator, d, degree=3.0):
    names = [f"v{i}" for i in range(d)]
    return Dag(names, brute.random_edges(names, min(1.0, degree / max(1, d - 1)), generator))


def as_networkx(dag):
    graph = nx.DiGraph()
    graph.add_nodes_from(dag.nodes)
    graph.add_edges_from(dag.edges)
    return graph


def some(generator, names, most):
    return set(generator.permutation(names)[: generator.integers(0, most + 1)].tolist())


@st.composite
def dags(draw, most=7):
    d = draw(st.integers(1, most))
    names = draw(st.permutations([f"v{i}" for i in range(d)]))
    chosen = draw(st.lists(st.booleans(), min_size=d * (d - 1) // 2, max_size=d * (d - 1) // 2))
    edges = [pair for pair, keep in zip(combinations(names, 2), chosen) if keep]
    nodes = draw(st.permutations(names))
    return Dag(nodes, edges, latent=draw(st.sets(st.sampled_from(nodes))))


# --- against networkx -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_relations_agree_with_networkx(seed):
    generator = np.random.default_rng(seed)
    dag = random_dag(generator, int(generator.integers(1, 25)))
    graph = as_networkx(dag)
    moral = nx.algorithms.moral.moral_graph(graph)
    assert set(map(frozenset, dag.moral_graph().edges)) == set(map(frozenset, moral.edges))
    assert set(dag.moral_graph().nodes) == set(dag.nodes)
    place = {name: i for i, name in enumerate(dag.topological_order)}
    assert len(place) == len(dag)
    assert all(place[a] < place[b] for a, b in dag.edges)
    for name in dag:
        assert dag.ancestors(name) == nx.ancestors(graph, name)
        assert dag.descendants(name) == nx.descendants(graph, name)
        assert set(dag.parents(name)) == set(graph.predecessors(name))
        assert set(dag.children(name)) == set(graph.successors(name))
        assert dag.markov_blanket(name) == set(moral.neighbors(name))
        assert [b for b in dag if dag.has_edge(name, b)] == list(dag.children(name))
    assert np.array_equal(dag.adjacency, nx.to_numpy_array(graph, nodelist=dag.nodes, dtype=bool))
    group = some(generator, dag.nodes, 4)
    assert dag.ancestors(group) == set().union(*(nx.ancestors(graph, name) for name in group))
    assert dag.descendants(group) == set().union(*(nx.descendants(graph, name) for name in group))


@pytest.mark.parametrize("seed", range(60))
def test_d_separation_agrees_with_networkx(seed):
    generator = np.random.default_rng(seed)
    dag = random_dag(generator, int(generator.integers(2, 41)), degree=generator.uniform(1, 4))
    graph = as_networkx(dag)
    for _ in range(20):
        a, b, *rest = generator.permutation(dag.nodes).tolist()
        size = generator.integers(0, len(rest) + 1)
        known, more = set(rest[:size]), rest[size:][: generator.integers(0, 3)]
        assert dag.d_separated([a, *more], b, given=known) == nx.is_d_separator(graph, {a, *more}, {b}, known)


def test_d_separation_is_its_definition_on_every_graph_of_four_variables():
    for d in (2, 3, 4):
        for dag in all_dags(d):
            edges = set(dag.edges)
            for a, b in combinations(dag.nodes, 2):
                others = [name for name in dag.nodes if name not in (a, b)]
                for size in range(len(others) + 1):
                    for known in combinations(others, size):
                        expected = brute.d_separated(edges, {a}, {b}, known)
                        assert dag.d_separated(a, b, known) == expected, (dag, a, b, known)


def test_d_separation_of_sets_is_its_definition():
    for dag in list(all_dags(4))[::3]:
        a, b, c, d = dag.nodes
        for left, right, known in (({a, b}, {c}, {d}), ({a, b}, {c, d}, set()), ({a, c, d}, {b}, set())):
            assert dag.d_separated(left, right, known) == brute.d_separated(set(dag.edges), left, right, known)


@given(dags())
def test_every_variable_is_separated_from_its_non_descendants_by_its_parents(dag):
    for name in dag:
        others = set(dag.nodes) - {name} - dag.descendants(name) - set(dag.parents(name))
        assert not others or dag.d_separated(name, others, given=dag.parents(name))
        rest = set(dag.nodes) - {name} - dag.markov_blanket(name)
        assert not rest or dag.d_separated(rest, name, given=dag.markov_blanket(name))


# --- as a value -------------------------------------------------------------------------------------------


@given(dags(), st.randoms(use_true_random=False))
def test_equality_and_hash_ignore_every_order(dag, shuffler):
    nodes, edges = list(dag.nodes), list(dag.edges)
    shuffler.shuffle(nodes)
    shuffler.shuffle(edges)
    other = Dag(nodes, edges + edges, latent=list(dag.latent))
    assert other == dag
    assert hash(other) == hash(dag)
    assert len({dag, other}) == 1
    assert sorted(other.topological_order) == sorted(dag.topological_order)


@given(dags())
def test_a_dag_survives_pickling_and_copying(dag):
    _ = dag.adjacency, dag.topological_order, hash(dag)
    for clone in (pickle.loads(pickle.dumps(dag)), copy.copy(dag), copy.deepcopy(dag)):
        assert clone == dag
        assert (clone.nodes, clone.edges) == (dag.nodes, dag.edges)
        assert not clone.adjacency.flags.writeable


def test_different_graphs_are_not_equal():
    dag = Dag(["a", "b"], [("a", "b")])
    assert dag != Dag(["a", "b"], [("b", "a")])
    assert dag != Dag(["a", "b"])
    assert dag != Dag(["a", "b", "c"], [("a", "b")])
    assert dag != Dag(["a", "b"], [("a", "b")], latent="a")
    assert dag != "a → b"


def test_a_dag_cannot_be_changed():
    dag = Dag.from_edges([("a", "b")])
    with pytest.raises(AttributeError):
        dag.nodes = ("b", "a")
    with pytest.raises(ValueError, match="read-only"):
        dag.adjacency[0, 1] = False


def test_order_and_container_methods():
    dag = Dag(["c", "a", "b"], [("a", "b"), ("c", "b"), ("a", "c")], latent={"a"})
    assert dag.edges == (("c", "b"), ("a", "c"), ("a", "b"))
    assert (len(dag), list(dag), "a" in dag, "z" in dag) == (3, ["c", "a", "b"], True, False)
    assert dag.observed == ("c", "b")
    assert dag.topological_order == ("a", "c", "b")
    assert repr(dag) == "Dag('c → b, a → c, a → b', latent={'a'})"
    assert repr(Dag(["x"])) == "Dag('x')"


def test_the_empty_graph():
    empty = Dag([])
    assert (len(empty), empty.edges, empty.topological_order, empty.adjacency.shape) == (0, (), (), (0, 0))
    assert empty == Dag.from_adjacency(np.zeros((0, 0)), [])
    assert Dag.from_edges([]) == empty


def test_from_edges_and_from_adjacency():
    dag = Dag.from_edges([["b", "a"], ("c", "a")])
    assert dag.nodes == ("b", "a", "c")
    assert Dag.from_edges([("a", "b")], nodes=["z", "b", "a"]).nodes == ("z", "b", "a")
    assert Dag.from_adjacency(dag.adjacency, dag.nodes) == dag
    assert Dag.from_adjacency([[0.0, 1.0], [0, 0]], "ab", latent="a") == Dag("ab", [("a", "b")], latent="a")


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(30))
def test_the_message_names_a_real_cycle(seed):
    generator = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(int(generator.integers(2, 9)))]
    edges = {
        (a, b)
        for a, b in np.array(np.meshgrid(names, names)).T.reshape(-1, 2).tolist()
        if a != b and generator.random() < 0.4
    }
    if nx.is_directed_acyclic_graph(nx.DiGraph(edges)):
        assert set(Dag(names, edges).edges) == edges
        return
    with pytest.raises(CyclicGraph, match="directed cycle: ") as caught:
        Dag(names, edges)
    cycle = str(caught.value).split(": ")[1].split(" → ")
    assert cycle[0] == cycle[-1]
    assert len(set(cycle)) == len(cycle) - 1
    assert all(step in edges for step in pairwise(cycle))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Dag(["a"], [("a", "a")]), CyclicGraph, "its own cause"),
        (lambda: Dag(["a", "b", "a"]), InvalidGraph, "'a' is named twice"),
        (lambda: Dag(["a", " "]), InvalidGraph, "blank"),
        (lambda: Dag([""]), InvalidGraph, "empty"),
        (lambda: Dag(["a", 1]), InvalidGraph, r"strings, got 1 \(int\)"),
        (lambda: Dag(["a", "b", "c"], [("a", "b", "c")]), InvalidGraph, "pair"),
        (lambda: Dag(["a", "b"], ["ab"]), InvalidGraph, "pair"),
        (lambda: Dag(["a", "b"], [5]), InvalidGraph, "pair"),
        (lambda: Dag(["a", "b"], [{"a", "b"}]), InvalidGraph, "pair"),
        (lambda: Dag.from_edges([5]), InvalidGraph, "pair"),
        (lambda: Dag.from_edges(["ab"]), InvalidGraph, "pair"),
        (lambda: Dag.from_edges([("a", 1)]), InvalidGraph, "strings"),
        (lambda: Dag(["smoke"], [("smoke", "tar")]), UnknownVariable, "'tar' in the edge 'smoke' → 'tar'"),
        (lambda: Dag(["smoke"], latent={"smok"}), UnknownVariable, "latent ones; did you mean 'smoke'"),
        (lambda: Dag.from_adjacency([[0, 1]], ["a", "b"]), InvalidGraph, "2 × 2 matrix, got"),
        (lambda: Dag.from_adjacency([[0, 2], [0, 0]], ["a", "b"]), InvalidGraph, "zeros and ones"),
        (lambda: Dag.from_adjacency([[0, 1], [1, 0]], ["a", "b"]), CyclicGraph, "cycle"),
    ],
)
def test_malformed_graphs_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    "ask",
    [
        lambda dag: dag.parents("z"),
        lambda dag: dag.children("z"),
        lambda dag: dag.has_edge("a", "z"),
        lambda dag: dag.has_edge("z", "a"),
        lambda dag: dag.ancestors(["a", "z"]),
        lambda dag: dag.descendants("z"),
        lambda dag: dag.markov_blanket("z"),
        lambda dag: dag.d_separated("a", "b", given="z"),
        lambda dag: dag.do("z"),
        lambda dag: dag.subgraph(["z"]),
        lambda dag: dag.rename({"z": "y"}),
    ],
)
def test_unknown_variables_are_refused(ask):
    with pytest.raises(UnknownVariable, match="unknown variable 'z'"):
        ask(Dag.from_edges([("a", "b")]))


@pytest.mark.parametrize(("a", "b", "known"), [("a", "a", ()), ("a", "b", "a"), ((), "b", ()), ("a", (), ())])
def test_separation_needs_disjoint_and_non_empty_sides(a, b, known):
    with pytest.raises(InvalidGraph):
        Dag.from_edges([("a", "b")]).d_separated(a, b, given=known)


# --- new graphs -------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(dags(), st.data())
def test_do_subgraph_and_rename(dag, data):
    names = data.draw(st.sets(st.sampled_from(dag.nodes)))
    cut = dag.do(names)
    assert (cut.nodes, cut.latent) == (dag.nodes, dag.latent)
    assert set(cut.edges) == {(a, b) for a, b in dag.edges if b not in names}
    assert cut.do(names) == cut

    part = dag.subgraph(names)
    assert part.nodes == tuple(n for n in dag.nodes if n in names)
    assert part.edges == tuple((a, b) for a, b in dag.edges if a in names and b in names)
    assert part.latent == dag.latent & names

    new = {name: name.upper() for name in names}
    renamed = dag.rename(new)
    assert np.array_equal(renamed.adjacency, dag.adjacency)
    assert renamed.rename({v: k for k, v in new.items()}) == dag
    assert len(renamed.latent) == len(dag.latent)


def test_rename_can_swap_but_not_merge():
    dag = Dag.from_edges([("a", "b")], latent="a")
    assert dag.rename({"a": "b", "b": "a"}) == Dag.from_edges([("b", "a")], latent="b")
    with pytest.raises(InvalidGraph, match="named twice"):
        dag.rename({"a": "b"})


@given(dags())
def test_do_removes_every_effect_of_the_causes(dag):
    for name in dag:
        assert dag.do(name).ancestors(name) == frozenset()
        assert dag.do(name).descendants(name) == dag.descendants(name)
