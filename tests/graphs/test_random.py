import math
from collections import Counter
from itertools import combinations, permutations

import networkx as nx
import numpy as np
import pytest
import torch
from scipy.stats import chi2

from causalpp import Dag, DagBatch
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs.random import all_dags, complete, erdos_renyi, random_tree, scale_free

FAMILIES = {
    "erdos_renyi": lambda variables, **k: erdos_renyi(variables, expected_degree=1.5, **k),
    "scale_free": lambda variables, **k: scale_free(variables, edges_per_node=2, **k),
    "random_tree": random_tree,
    "complete": complete,
}
family = pytest.mark.parametrize("draw", FAMILIES.values(), ids=FAMILIES.keys())


def assert_fits(observed, expected):
    """Pearson's χ² at the level 10⁻⁴."""
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    assert expected.min() > 5
    assert ((observed - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(expected) - 1)


def counts(batch, outcomes):
    tally = Counter(batch)
    assert set(tally) <= set(outcomes)
    return [tally[dag] for dag in outcomes]


# --- all families -----------------------------------------------------------------------------------------


@family
def test_the_seed_decides(draw):
    one, two, three = (draw(8, n=50, seed=seed) for seed in (5, 5, 6))
    assert one.adjacency.equal(two.adjacency)
    assert not one.adjacency.equal(three.adjacency)
    assert one.adjacency.dtype == torch.bool


@family
def test_names(draw):
    assert draw(3, seed=0).nodes == ("X1", "X2", "X3")
    assert draw(("p", "q", "r"), seed=0).nodes == ("p", "q", "r")
    assert draw(3, seed=0).adjacency.equal(draw(["p", "q", "r"], seed=0).adjacency)


@family
def test_sizes(draw):
    assert len(draw(4, seed=1)) == 1
    assert len(draw(4, n=0, seed=1)) == 0
    assert isinstance(draw(4, n=7, seed=1), DagBatch)
    assert draw(np.int64(4), n=np.int64(2), seed=np.int64(0)).adjacency.shape == (2, 4, 4)


@family
def test_no_variable_is_preferred(draw):
    # Every ordered pair of variables is an edge equally often: 20 pairs, 4.5 standard errors.
    n = 20_000
    share = draw(5, n=n, seed=11).adjacency.double().mean(0).numpy()
    pairs = ~np.eye(5, dtype=bool)
    p = share[pairs].mean()
    assert np.abs(share[pairs] - p).max() < 4.5 * math.sqrt(p * (1 - p) / n)


@family
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variables": 0}, "at least one variable"),
        ({"variables": -2}, "at least one variable"),
        ({"variables": []}, "at least one variable"),
        ({"variables": "abc"}, "a number or a list of names"),
        ({"variables": True}, "a number or a list of names"),
        ({"variables": 4.0}, "a number or a list of names"),
        ({"n": -1}, "number of graphs"),
        ({"n": 2.0}, "number of graphs"),
        ({"seed": -1}, "seed"),
        ({"seed": None}, "seed"),
    ],
)
def test_arguments_out_of_range_are_refused(draw, change, message):
    arguments = {"variables": 4, "n": 1, "seed": 0} | change
    with pytest.raises(InvalidParameter, match=message):
        draw(**arguments)


@family
def test_repeated_names_are_refused(draw):
    with pytest.raises(InvalidGraph, match="twice"):
        draw(["a", "b", "a"], seed=0)


@pytest.mark.parametrize("degree", [-0.1, 3.1, math.nan])
def test_the_degree_has_limits(degree):
    with pytest.raises(InvalidParameter, match="between 0 and 3 for 4 variables"):
        erdos_renyi(4, expected_degree=degree, seed=0)


@pytest.mark.parametrize("edges", [0, 4, 1.5, True])
def test_edges_per_node_have_limits(edges):
    with pytest.raises(InvalidParameter, match="between 1 and 3 for 4 variables"):
        scale_free(4, edges_per_node=edges, seed=0)


def test_a_single_variable():
    for batch in (erdos_renyi(1, expected_degree=0, n=3, seed=0), scale_free(1, n=3, seed=0)):
        assert list(batch) == [Dag(["X1"])] * 3
    assert list(random_tree(1, n=3, seed=0)) == list(complete(1, n=3, seed=0)) == [Dag(["X1"])] * 3


# --- their laws -------------------------------------------------------------------------------------------


def test_every_order_of_a_complete_graph_is_equally_likely():
    orders = [Dag("abcd", combinations(order, 2)) for order in permutations("abcd")]
    n = 12_000
    assert_fits(counts(complete(list("abcd"), n=n, seed=0), orders), [n / 24] * 24)


@pytest.mark.parametrize("degree", [0.0, 0.7, 2.0, 4.0])
def test_erdos_renyi_joins_pairs_independently(degree):
    n, p = 20_000, degree / 4
    adjacency = erdos_renyi(5, expected_degree=degree, n=n, seed=2).adjacency
    number = adjacency.sum((1, 2)).numpy()
    assert abs(number.mean() - 10 * p) <= 4.5 * math.sqrt(10 * p * (1 - p) / n)
    if 0 < p < 1:  # the number of edges is binomial, so pairs do not depend on one another
        most = 5 if p < 0.3 else 9  # the few graphs with more edges are counted here
        law = [math.comb(10, k) * p**k * (1 - p) ** (10 - k) for k in range(most)]
        assert_fits(np.bincount(number.clip(max=most)), n * np.array([*law, 1 - sum(law)]))


def test_erdos_renyi_on_three_variables_is_its_definition():
    # p = ½: probability of a Dag = (share of orders that fit) × ½³.
    outcomes, n = list(all_dags(3)), 20_000
    law = [
        sum(all(order.index(a) < order.index(b) for a, b in dag.edges) for order in permutations(dag.nodes)) / 48
        for dag in outcomes
    ]
    assert_fits(counts(erdos_renyi(3, expected_degree=1, n=n, seed=8), outcomes), np.array(law) * n)


def rooted_trees(names):
    return [dag for dag in all_dags(names) if sorted(len(dag.parents(v)) for v in dag) == [0] + [1] * (len(dag) - 1)]


def test_rooted_trees_are_uniform():
    trees = rooted_trees(4)
    assert len(trees) == 64
    n = 12_800
    assert_fits(counts(random_tree(4, n=n, seed=4), trees), [n / 64] * 64)


def test_large_trees_are_trees():
    for dag in random_tree(30, n=20, seed=1):
        assert nx.is_arborescence(nx.DiGraph(dag.edges))


def test_attachment_with_one_edge_follows_its_law():
    # Exact probability of each of the 64 trees: every order of arrival, every choice of causes.
    law = Counter()
    for order in permutations(f"X{i}" for i in range(1, 5)):
        first, second, third, fourth = order
        for a, pa in ((first, 0.5), (second, 0.5)):
            degree = {first: 1, second: 1, third: 1}
            degree[a] += 1
            for b, weight in degree.items():
                law[Dag(order, [(first, second), (a, third), (b, fourth)])] += pa * weight / 4 / 24
    n, trees = 20_000, list(law)
    assert sum(law.values()) == pytest.approx(1)
    assert_fits(counts(scale_free(4, n=n, seed=3), trees), [law[tree] * n for tree in trees])


def test_attachment_with_two_edges_draws_without_replacement():
    # Fourth arrival: any two of three. Fifth: degrees are 3, 3, 2, 2 (chosen ones, the other, the newcomer).
    n = 20_000
    batch = scale_free(5, edges_per_node=2, n=n, seed=9)
    degree, law = [3, 3, 2, 2], Counter()
    for x, y in permutations(range(4), 2):
        law[frozenset((x, y))] += degree[x] / 10 * degree[y] / (10 - degree[x])
    both_hubs = law[frozenset((0, 1))]
    total = (batch.adjacency | batch.adjacency.transpose(1, 2)).sum(2).sort(1).values
    # The two chosen hubs reach degree 4 together iff the fifth takes both: degrees 2, 2, 2, 4, 4.
    share = (total == torch.tensor([2, 2, 2, 4, 4])).all(1).double().mean().item()
    assert abs(share - both_hubs) < 4.5 * math.sqrt(both_hubs * (1 - both_hubs) / n)


@pytest.mark.parametrize("edges", [1, 2, 3])
def test_attachment_gives_each_variable_its_causes(edges):
    batch = scale_free(20, edges_per_node=edges, n=200, seed=5)
    causes = batch.adjacency.sum(1).sort(1).values
    assert torch.equal(causes, torch.tensor([min(k, edges) for k in range(20)]).expand(200, 20))
    # Hubs: the largest number of effects exceeds by far that of a random graph with as many edges.
    plain = erdos_renyi(20, expected_degree=batch.adjacency.sum().item() / 2000, n=200, seed=5)
    largest = [b.adjacency.sum(2).max(1).values.double().mean() for b in (batch, plain)]
    assert largest[0] > 1.3 * largest[1]


# --- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "size"), [(1, 1), (2, 3), (3, 25), (4, 543), (5, 29_281)])
def test_every_dag_occurs_once(d, size):
    batch = all_dags(d)
    assert len(batch) == size == len(batch.unique()[0])
    assert not batch[0].edges


def test_listing_has_limits():
    assert all_dags(["p", "q"]).nodes == ("p", "q")
    with pytest.raises(TooLarge, match="at most 5 variables, not 6"):
        all_dags(6)
    with pytest.raises(InvalidParameter):
        all_dags(0)
