"""Shares and experiments, component by component, against lists of whole graphs."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
import torch

from causalpp import Causes, Dag, MarkovEquivalenceClass
from causalpp._bits import masks_of
from causalpp.equivalence import (
    _by_component,
    _sampling,
    ancestor_shares,
    best_interventions,
    edge_shares,
)
from causalpp.errors import InvalidGraph, TooLarge
from causalpp.graphs.cpdag import close_under_meek


def tree_of_cliques(seed: int, n: int, largest: int, extra: int = 0) -> Dag:
    """A Dag without colliders: each variable hangs on a clique of those before it; some children below the whole."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(n)]
    cliques: list[list[int]] = [[0]]
    edges = []
    for v in range(1, n):
        above = list(cliques[rng.integers(len(cliques))])
        rng.shuffle(above)
        kept = above[: rng.integers(1, largest)]
        edges += [(names[u], names[v]) for u in kept]
        cliques.append([*kept, v])
    below = [f"w{i}" for i in range(extra)]  # colliders, so that these edges are directed in every member
    for w in below:
        edges += [(names[u], w) for u in rng.choice(n, 2, replace=False)]
        edges.append((f"u{w}", w))
    return Dag([*names, *below, *(f"u{w}" for w in below)], edges)


def product(*dags: Dag) -> Dag:
    """Graphs side by side."""
    nodes = [f"{k}{name}" for k, dag in enumerate(dags) for name in dag.nodes]
    return Dag(nodes, [(f"{k}{a}", f"{k}{b}") for k, dag in enumerate(dags) for a, b in dag.edges])


def check(mec: MarkovEquivalenceClass) -> None:
    members = mec.batch()
    edges, ancestors = edge_shares(mec), ancestor_shares(mec)
    assert edges.exact
    assert ancestors.exact
    assert edges.members == len(members)
    assert np.allclose(edges.values, members.adjacency.double().mean(0), atol=1e-12)
    assert np.allclose(ancestors.values, members.reach.double().mean(0), atol=1e-12)
    adjacency = members.adjacency.numpy()
    varies = adjacency.any(0) & ~adjacency.all(0)
    for one in best_interventions(mec):
        x = mec.nodes.index(one.target)
        left = {}
        for graph in adjacency:
            left.setdefault((graph[x].tobytes(), graph[:, x].tobytes()), []).append(graph)
        sizes = [len(group) for group in left.values()]
        gains = [int((varies & (np.all(group, axis=0) | ~np.any(group, axis=0))).sum()) // 2 for group in left.values()]
        assert one.exact
        assert one.worst == min(gains)
        assert one.average == pytest.approx(np.average(gains, weights=sizes))


@pytest.mark.parametrize("seed", range(8))
def test_against_all_members(seed: int) -> None:
    parts = [tree_of_cliques(10 * seed + k, 3 + (seed + k) % 4, 4, extra=k) for k in range(3)]
    mec = MarkovEquivalenceClass.from_dag(product(*parts))
    if mec.size <= 5_000:
        check(mec)


@pytest.mark.parametrize("seed", range(12))
def test_under_background_knowledge(seed: int) -> None:
    """Known directions tie components to each other wherever a path enters one at some of its variables only."""
    rng = np.random.default_rng(seed)
    mec = MarkovEquivalenceClass.from_dag(product(*(tree_of_cliques(seed + k, 4, 4, extra=2) for k in range(2))))
    for a, b in rng.permutation(np.array(mec.cpdag.undirected))[:2]:
        try:
            mec = mec.with_knowledge(required=[(str(a), str(b))])
        except InvalidGraph:
            continue
    if mec.size <= 5_000:
        check(mec)


@pytest.mark.parametrize("seed", range(6))
def test_edges_are_counted_root_by_root(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same shares where the orientations of a component are never listed."""
    mec = MarkovEquivalenceClass.from_dag(tree_of_cliques(seed, 9, 5))
    listed = mec.batch().adjacency.double().mean(0)
    monkeypatch.setattr(_sampling, "_LISTED", 3)
    monkeypatch.setattr(_by_component, "_CELLS", 0)
    counted = edge_shares(mec, sample=1)
    assert counted.exact
    assert np.allclose(counted.values, listed, atol=1e-12)


def test_a_class_that_could_never_be_listed() -> None:
    """A hundred pairs can be directed freely: 2^100 members, and one half of them each way."""
    pairs = [(f"a{k}", f"b{k}") for k in range(100)]
    known = [edge for k in range(100) for edge in ((f"x{k}", f"z{k}"), (f"y{k}", f"z{k}"), (f"z{k}", f"w{k}"))]
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges(pairs + known))
    tracemalloc.start()
    edges, ancestors, best = edge_shares(mec), ancestor_shares(mec), best_interventions(mec)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert mec.size == edges.members == ancestors.members == 2**100
    for a, b in pairs:
        assert edges[a, b] == edges[b, a] == ancestors[a, b] == 0.5
    assert edges["x3", "z3"] == ancestors["x3", "w3"] == 1
    assert edges.exact
    assert not edges.standard_errors.any()
    assert [one.worst for one in best] == [1] * 200 + [0] * 400
    assert peak < 40 * len(mec.nodes) ** 2


def test_a_large_clique_beside_small_components() -> None:
    """In a clique every edge is as probable either way; the others stay exact whatever it takes."""
    names = [f"c{i}" for i in range(30)]
    clique = Dag(names, list(itertools.combinations(names, 2)))
    mec = MarkovEquivalenceClass.from_dag(product(clique, Dag.from_edges([("a", "b"), ("b", "c")])))
    shares = edge_shares(mec)
    assert shares.exact
    assert shares["0c3", "0c17"] == pytest.approx(0.5, abs=1e-12)
    assert shares["1a", "1b"] == pytest.approx(1 / 3, abs=1e-12)
    drawn = ancestor_shares(mec, sample=500)
    assert not drawn.exact
    i, j, k = (mec.nodes.index(name) for name in ("1a", "1b", "0c3"))
    assert drawn.values[i, j] == pytest.approx(1 / 3, abs=1e-12)
    assert drawn.standard_errors[i, j] == 0
    assert drawn.standard_errors[k].any()


@pytest.mark.parametrize("seed", range(10))
def test_what_follows_from_an_experiment(seed: int) -> None:
    mec = MarkovEquivalenceClass.from_dag(tree_of_cliques(seed, 14, 6))
    matrix = mec.cpdag.matrix
    near = masks_of(matrix)
    for graph in mec.sample(10, seed=seed).adjacency.numpy():
        for x in range(len(matrix)):
            known = matrix.copy()
            known[x] = graph[x]
            known[:, x] = graph[:, x]
            closed = close_under_meek(known)
            left = int((closed & closed.T).sum()) // 2
            ends = [(a, b) for a, b in np.argwhere(graph).tolist() if x in (a, b)]
            assert _by_component._followed(near, ends) == len(mec.cpdag.undirected) - left


def test_a_list_that_would_not_fit_is_refused() -> None:
    pairs = [(f"a{k}", f"b{k}") for k in range(16)]
    spare = [f"s{k}" for k in range(1_000)]
    mec = MarkovEquivalenceClass.from_dag(Dag([*(name for pair in pairs for name in pair), *spare], pairs))
    assert mec.size == 65_536
    with pytest.raises(TooLarge, match="that 1032 variables leave"):
        mec.batch()
    with pytest.raises(TooLarge):
        mec.probability(Causes("a0", "b0"))
    assert torch.equal(edge_shares(mec).values, edge_shares(mec).values.T.clone())


@pytest.mark.parametrize("seed", range(12))
def test_trees_with_children_outside_against_the_list(seed: int) -> None:
    check(MarkovEquivalenceClass.from_dag(tree_of_cliques(seed, 2 + seed, 2, extra=seed % 4)))
    check(MarkovEquivalenceClass.from_dag(product(tree_of_cliques(seed, 5, 2, extra=1), tree_of_cliques(seed, 4, 3))))


def test_a_chain_of_a_thousand_is_counted_not_listed() -> None:
    n = 1_000
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([(f"v{i}", f"v{i + 1}") for i in range(n - 1)]))
    edges, ancestors, (best, *_) = edge_shares(mec), ancestor_shares(mec), best_interventions(mec)
    assert edges.exact
    assert ancestors.exact
    i = np.arange(n)
    assert np.allclose(edges.values[i[:-1], i[1:]], (i[:-1] + 1) / n)
    expected = np.where(i[:, None] < i, i[:, None] + 1, n - i[:, None]) / n  # the root is on this side of i
    np.fill_diagonal(expected, 0)
    assert np.allclose(ancestors.values, expected)
    assert best.target in ("v499", "v500")
    assert best.worst == n // 2


def test_variables_of_a_clique_are_worth_the_same_and_looked_at_once() -> None:
    n = 25
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges(itertools.combinations([f"v{i:02}" for i in range(n)], 2)))
    found = best_interventions(mec)
    assert len({(one.worst, one.average) for one in found}) == 1
    right = n - 1 + sum(rank * (n - 1 - rank) for rank in range(n)) / n  # its own edges, and those across it
    assert found[0].worst == n - 1
    assert abs(found[0].average - right) < 5
