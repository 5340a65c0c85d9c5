import pickle

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Dag, DagBatch
from causalpp.errors import CyclicGraph, InvalidGraph, UnknownVariable
from causalpp.graphs import reachability
from causalpp.graphs.random import all_dags, erdos_renyi

from . import brute

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def batch():
    return erdos_renyi(NAMES, expected_degree=2, n=40, seed=3)


def random_tensor(generator, n, d, share=0.3):
    return torch.from_numpy(generator.random((n, d, d)) < share)


# --- kernels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [0, 1, 2, 5, 9])
def test_closure_and_acyclicity_agree_with_networkx_on_cyclic_graphs_too(d):
    matrices = random_tensor(np.random.default_rng(d), 30, d, share=0.2)
    closed, good = reachability.closure(matrices), reachability.acyclic(matrices)
    assert closed.shape == (30, d, d)
    for matrix, reach, fine in zip(matrices, closed, good):
        graph = nx.from_numpy_array(matrix.numpy(), create_using=nx.DiGraph)
        expected = nx.to_numpy_array(nx.transitive_closure(graph), nodelist=range(d), dtype=bool)
        assert np.array_equal(reach.numpy(), expected)
        assert bool(fine) == (d == 0 or nx.is_directed_acyclic_graph(graph))


@pytest.mark.parametrize("cyclic", [False, True])
def test_the_closure_of_large_sparse_graphs_is_the_same(cyclic):
    matrices = random_tensor(np.random.default_rng(5), 4, 200, share=0.008)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    matrices = matrices if cyclic else matrices.triu(1)[:, order][:, :, order]
    assert int(matrices.sum()) * reachability._EDGE < 4 * 200**3  # so that it goes from the sinks up
    assert reachability.closure(matrices).equal(reachability._warshall(matrices))


def test_blocks_do_not_change_results(monkeypatch):
    batch = erdos_renyi(6, expected_degree=2.5, n=101, seed=0)
    masks = [batch.mask(names) for names in ("X1", {"X2", "X3"}, "X4")]

    def everything():
        adjacency = batch.adjacency
        reach = reachability.closure(adjacency)
        start, allowed = masks[0].expand(101, 6), (~masks[2]).expand(101, 6)
        return [
            reach,
            reachability.acyclic(adjacency),
            reachability.moral(adjacency),
            reachability.spread(start, adjacency, allowed),
            reachability.separated(adjacency, reach, *masks),
        ]

    whole = everything()
    for cells in (1, 36, 36 * 10, 36 * 100):  # blocks of 1, 1, 10 and 100 graphs
        monkeypatch.setattr(reachability, "_CELLS_CPU", cells)
        assert all(torch.equal(x, y) for x, y in zip(whole, everything()))


@pytest.mark.parametrize("n", [1, 2])
def test_kernels_leave_their_input_alone(n):
    batch = erdos_renyi(6, expected_degree=3, n=n, seed=1)
    before = batch.adjacency.clone()
    _ = batch.reach, batch.moral(), batch.d_separated("X1", "X2", "X3"), batch.descendants_avoiding("X1", "X4")
    assert reachability.acyclic(batch.adjacency).all()
    assert batch.adjacency.equal(before)


def test_blocks_are_as_large_as_they_may_be(monkeypatch):
    monkeypatch.setattr(reachability, "_CELLS_CPU", 8)
    sizes = []

    def note(block):
        sizes.append(len(block))
        return block

    assert torch.equal(
        reachability.in_blocks(note, torch.arange(20).reshape(5, 2, 2)), torch.arange(20).reshape(5, 2, 2)
    )
    assert sizes == [2, 2, 1]


def test_spread_lands_only_where_allowed_and_returns_on_a_cycle():
    cycle = torch.tensor([[[0, 1, 0], [0, 0, 1], [1, 0, 0]]], dtype=torch.bool)
    start = torch.tensor([[True, False, False]])
    assert reachability.spread(start, cycle, torch.ones(1, 3, dtype=torch.bool)).tolist() == [[True, True, True]]
    assert reachability.spread(start, cycle, torch.tensor([[True, True, False]])).tolist() == [[False, True, False]]


# --- against the single graph -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_relations_agree_with_the_single_graph(seed):
    generator = np.random.default_rng(seed)
    d = int(generator.integers(2, 9))
    batch = erdos_renyi(d, expected_degree=min(d - 1, 2.5), n=20, seed=seed)
    a, b, *rest = generator.permutation(batch.nodes).tolist()
    known = rest[: generator.integers(0, len(rest) + 1)]
    separated, cut, moral = batch.d_separated(a, b, known), batch.do([a, b]), batch.moral()
    for n, dag in enumerate(batch):
        assert batch.mask(dag.ancestors(a)).equal(batch.ancestors(a)[n])
        assert batch.mask(dag.descendants(a)).equal(batch.descendants(a)[n])
        assert bool(separated[n]) == dag.d_separated(a, b, known)
        assert cut[n] == dag.do([a, b])
        expected = nx.to_numpy_array(dag.moral_graph(), nodelist=dag.nodes, dtype=bool)
        assert np.array_equal(moral[n].numpy(), expected)


@pytest.mark.parametrize("avoid", [(), "b", ("b", "c"), ("d", "e")])
def test_avoiding_is_its_definition(batch, avoid):
    down, up = batch.descendants_avoiding("a", avoid), batch.ancestors_avoiding("a", avoid)
    for n, dag in enumerate(batch):
        edges = set(dag.edges)
        for i, other in enumerate(dag.nodes):
            assert bool(down[n, i]) == brute.directed_path(edges, "a", other, avoid)
            upwards = {(y, x) for x, y in edges}
            assert bool(up[n, i]) == brute.directed_path(upwards, "a", other, avoid)


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 6))
@settings(max_examples=40)
def test_invariants(seed, d, n):
    batch = erdos_renyi(d, expected_degree=(d - 1) / 2, n=n, seed=seed)
    reach = batch.reach
    assert not (reach & reach.transpose(1, 2)).any()
    assert not (batch.adjacency & ~reach).any()
    assert reachability.closure(reach).equal(reach)
    assert batch.moral().equal(batch.moral().transpose(1, 2))
    distinct, counts = batch.unique()
    assert int(counts.sum()) == n
    assert len(set(distinct)) == len(distinct) == len(set(batch))
    assert DagBatch.from_dags(list(batch)).adjacency.equal(batch.adjacency)


def test_reach_is_kept(batch):
    assert batch.reach is batch.reach


# --- as a sequence ----------------------------------------------------------------------------------------


def test_indexing(batch):
    members = list(batch)
    assert len(members) == len(batch) == 40
    assert batch[-1] == members[39] == batch[np.int64(39)] == batch[torch.tensor(39)]
    mask = batch.adjacency[:, 0, 1]
    for key, expected in [
        (slice(3, 9, 2), members[3:9:2]),
        (slice(None, None, -1), members[::-1]),
        (slice(30, 5, -7), members[30:5:-7]),
        (slice(50, 60), []),
        ([4, -1, 4], [members[4], members[39], members[4]]),
        ([], []),
        (np.array([0, 7]), [members[0], members[7]]),
        (torch.tensor([2, 1]), [members[2], members[1]]),
        (mask, [dag for dag in members if dag.has_edge("a", "b")]),
        (mask.numpy(), [dag for dag in members if dag.has_edge("a", "b")]),
        (mask.tolist(), [dag for dag in members if dag.has_edge("a", "b")]),
    ]:
        part = batch[key]
        assert isinstance(part, DagBatch)
        assert list(part) == expected


@pytest.mark.parametrize("number", [40, -41])
def test_numbers_outside_the_batch_are_refused(batch, number):
    with pytest.raises(IndexError):
        batch[number]


def test_unique_keeps_the_order_of_first_appearance():
    chain, empty = Dag.from_edges([("a", "b"), ("b", "c")]), Dag(["a", "b", "c"])
    fork = Dag.from_edges([("b", "a"), ("b", "c")], nodes=["a", "b", "c"])
    distinct, counts = DagBatch.from_dags([fork, chain, fork, empty, chain, fork]).unique()
    assert list(distinct) == [fork, chain, empty]
    assert counts.tolist() == [3, 2, 1]


def test_unique_on_many_graphs():
    twice = all_dags(4)[list(range(543)) + list(range(543))]
    distinct, counts = twice.unique()
    assert distinct.adjacency.equal(all_dags(4).adjacency)
    assert set(counts.tolist()) == {2}


def test_index(batch):
    distinct = batch.unique()[0]
    assert [distinct.index(dag) for dag in distinct] == list(range(len(distinct)))
    assert batch.index(Dag(NAMES, [(x, y) for x in NAMES for y in NAMES if x < y])) is None
    reordered = Dag(reversed(NAMES), batch[5].edges)
    assert batch[batch.index(reordered)] == batch[5]
    assert batch.index(Dag(["a"])) is None
    assert batch.index(Dag(NAMES, batch[0].edges, latent="a")) is None
    assert batch[:0].index(batch[0]) is None


def test_from_dags_aligns_the_variables():
    one, two = Dag(["a", "b"], [("a", "b")]), Dag(["b", "a"], [("a", "b")])
    assert DagBatch.from_dags([one, two]).adjacency.tolist() == [[[False, True], [False, False]]] * 2
    assert DagBatch.from_dags([one], nodes=["b", "a"]).nodes == ("b", "a")
    latent = DagBatch.from_dags([Dag("ab", [("a", "b")], latent="a")])
    assert latent.latent == latent[0].latent == latent[:1].latent == latent.do("b").latent == {"a"}


def test_pickle(batch):
    clone = pickle.loads(pickle.dumps(batch))
    assert clone.nodes == batch.nodes
    assert clone.adjacency.equal(batch.adjacency)


def test_repr_shortens_long_lists():
    assert repr(DagBatch([f"v{i}" for i in range(9)], np.zeros((1200, 9, 9)))) == (
        "DagBatch(1,200 graphs over 9 variables: v0, v1, v2, v3, v4, v5, v6, v7, …)"
    )


# --- small cases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(0, 0), (0, 3), (4, 0), (4, 1), (1, 2)])
def test_empty_and_tiny_batches(n, d):
    names = [f"v{i}" for i in range(d)]
    batch = DagBatch(names, np.zeros((n, d, d), dtype=bool))
    assert (len(batch), batch.reach.shape, batch.moral().shape) == (n, (n, d, d), (n, d, d))
    assert list(batch) == [Dag(names)] * n
    distinct, counts = batch.unique()
    assert len(distinct) == min(n, 1)
    assert counts.tolist() == [n] * min(n, 1)
    assert len(batch.do(names)) == n
    assert batch.index(Dag(names)) == (0 if n else None)
    assert len(batch[[]]) == len(batch[:0]) == 0
    if d:
        assert batch.ancestors("v0").shape == batch.descendants_avoiding("v0", ()).shape == (n, d)
    if d > 1:
        assert batch.d_separated("v0", "v1").tolist() == [True] * n


def test_an_empty_batch_of_dags_needs_its_variables():
    assert len(DagBatch.from_dags([], nodes=["a", "b"])) == 0
    with pytest.raises(InvalidGraph, match="nodes="):
        DagBatch.from_dags([])


# --- errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "adjacency", "error", "message"),
    [
        (["a", "b"], np.zeros((2, 2)), InvalidGraph, r"shape \(N, 2, 2\), got \(2, 2\)"),
        (["a", "b"], np.zeros((1, 3, 3)), InvalidGraph, "shape"),
        (["a", "b"], np.full((1, 2, 2), 0.5), InvalidGraph, "zeros and ones"),
        (["a", "b"], np.full((1, 2, 2), np.nan), InvalidGraph, "zeros and ones"),
        (["a", "a"], np.zeros((1, 2, 2)), InvalidGraph, "twice"),
        (["a", "b"], [[[0, 1], [0, 0]], [[0, 1], [1, 0]]], CyclicGraph, "graph 1 of the batch: .* → "),
        (["a", "b"], [[[1, 0], [0, 0]]], CyclicGraph, "graph 0 of the batch: 'a' cannot be its own cause"),
    ],
)
def test_malformed_batches_are_refused(nodes, adjacency, error, message):
    with pytest.raises(error, match=message):
        DagBatch(nodes, adjacency)


def test_unknown_and_overlapping_names_are_refused(batch):
    with pytest.raises(UnknownVariable, match="latent ones"):
        DagBatch(["a"], np.zeros((1, 1, 1)), latent="b")
    with pytest.raises(UnknownVariable):
        batch.ancestors("z")
    with pytest.raises(UnknownVariable):
        batch.do("z")
    with pytest.raises(InvalidGraph, match="overlap"):
        batch.d_separated("a", "b", given="a")
    with pytest.raises(InvalidGraph, match="each side"):
        batch.d_separated("a", ())
    with pytest.raises(InvalidGraph, match="graph 1 has other variables"):
        DagBatch.from_dags([Dag(["a"]), Dag(["b"])])
    with pytest.raises(InvalidGraph, match="graph 1 has other variables"):
        DagBatch.from_dags([Dag(["a"]), Dag(["a"], latent="a")])


def test_input_types():
    expected = Dag.from_edges([("a", "b")])
    for adjacency in ([[[0, 1], [0, 0]]], np.array([[[0, 1], [0, 0]]], dtype=float), torch.tensor([[[0, 1], [0, 0]]])):
        batch = DagBatch(["a", "b"], adjacency)
        assert batch.adjacency.dtype == torch.bool
        assert list(batch) == [expected]
    assert batch.to("cpu").device == batch.device == torch.device("cpu")
