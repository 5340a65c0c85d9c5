"""Speed of equivalence classes beside the libraries that do the same; run with ``pytest speed``."""

import itertools
import random

import cliquepicking
import numpy as np
import pytest

from causalpp import Causes, Dag, MarkovEquivalenceClass
from causalpp.equivalence import Cpdag, Entailment, best_interventions, edge_shares
from causalpp.graphs import erdos_renyi, to_causal_learn, to_pgmpy

N, D = 1_000, 24
COMPLETION = f"CPDAGs of {N:,} graphs of {D} variables"


@pytest.fixture(scope="module", params=[3, 8], ids=lambda degree: f"degree-{degree}")
def batch(request):
    return erdos_renyi(D, expected_degree=request.param, n=N, seed=0)


def grouped(benchmark, name, request):
    benchmark.group = f"{name}, {request.node.callspec.id}"


def test_cpdags_one_by_one(benchmark, batch, request):
    grouped(benchmark, COMPLETION, request)
    benchmark.extra_info["items"] = 200
    dags = list(batch[:200])
    benchmark.pedantic(lambda: [Cpdag.from_dag(dag) for dag in dags], rounds=3)


def test_cpdags_by_pgmpy_on_a_sample(benchmark, batch, request):
    grouped(benchmark, COMPLETION, request)
    benchmark.extra_info.update(items=40, peer=True)
    graphs = [to_pgmpy(dag) for dag in batch[:40]]
    benchmark.pedantic(lambda: [graph.to_pdag() for graph in graphs], rounds=3)


def test_cpdags_by_causal_learn_on_a_sample(benchmark, batch, request):
    from causallearn.utils.DAG2CPDAG import dag2cpdag

    grouped(benchmark, COMPLETION, request)
    benchmark.extra_info.update(items=10, peer=True)
    graphs = [to_causal_learn(dag) for dag in batch[:10]]
    benchmark.pedantic(lambda: [dag2cpdag(graph) for graph in graphs], rounds=2)


def of_cliques(*cliques):
    """The class of a graph made of cliques; the variables are numbered so that no clique is the first few of them."""
    names = sorted({name for clique in cliques for name in clique})
    edges = {pair for clique in cliques for pair in itertools.combinations(sorted(clique), 2)}
    return MarkovEquivalenceClass.from_dag(Dag(names, edges))


CLASSES = [
    of_cliques("abcd", "defg", "ghij", "jklm"),
    of_cliques("abcde", "cdefg", "hijk", "kl", "mnop"),
    of_cliques("abcd", "bcde", "dfgh", "ijkl", "mnop", "qr", "rs"),
]


@pytest.fixture(scope="module", params=CLASSES, ids=lambda mec: f"{mec.size:,}-members")
def mec(request):
    return request.param


def numbered(mec):
    return [(int(i), int(j)) for i, j in np.argwhere(mec.cpdag.matrix)]


def test_members_in_a_tensor(benchmark, mec, request):
    grouped(benchmark, "members in a tensor", request)
    out = benchmark.pedantic(mec.batch, (2_000_000,), rounds=3)
    assert len(out) == mec.size


def test_members_in_a_tensor_by_cliquepicking(benchmark, mec, request):
    grouped(benchmark, "members in a tensor", request)
    benchmark.extra_info["peer"] = True
    edges, d = numbered(mec), len(mec.nodes)

    def listed():
        pairs = np.array(cliquepicking.mec_list_dags(edges))
        out = np.zeros((len(pairs), d, d), dtype=bool)
        out[np.arange(len(pairs))[:, None], pairs[:, :, 0], pairs[:, :, 1]] = True
        return out

    assert len(benchmark.pedantic(listed, rounds=1)) == mec.size


def sparse(d, degree):
    return MarkovEquivalenceClass.from_dag(erdos_renyi(d, expected_degree=degree, n=1, seed=1)[0])


def chordal(d, width, seed=0):
    """A class in which everything is undirected: a tree of cliques."""
    rng = random.Random(seed)
    names = [f"v{i}" for i in range(d)]
    bags, edges = [[0]], []
    for v in range(1, d):
        bag = rng.choice(bags)
        near = rng.sample(bag, min(len(bag), rng.randint(1, width)))
        edges += [(names[u], names[v]) for u in near]
        bags.append([*near, v])
    return MarkovEquivalenceClass.from_dag(Dag(names, edges))


LARGE = {"sparse-100": sparse(100, 2), "chordal-30": chordal(30, 3), "chordal-100": chordal(100, 4)}


@pytest.fixture(scope="module", params=LARGE.values(), ids=LARGE)
def large(request):
    return request.param


def fresh(mec):
    """A class that has not been asked anything."""
    again = Cpdag(mec.nodes, mec.cpdag.directed, mec.cpdag.undirected)
    return (MarkovEquivalenceClass.from_cpdag(again),), {}


def test_count(benchmark, large, request):
    grouped(benchmark, "count", request)
    benchmark.pedantic(lambda mec: mec.size, setup=lambda: fresh(large), rounds=20)


def test_count_by_cliquepicking(benchmark, large, request):
    grouped(benchmark, "count", request)
    benchmark.extra_info["peer"] = True

    def count(mec):
        return cliquepicking.mec_size(numbered(mec))

    assert int(benchmark.pedantic(count, setup=lambda: fresh(large), rounds=20)) == large.size


def test_sample_of_1000(benchmark, large, request):
    grouped(benchmark, "sample of 1,000 in a tensor", request)
    benchmark.pedantic(lambda mec: mec.sample(1_000), setup=lambda: fresh(large), rounds=2)


def test_sample_of_1000_by_cliquepicking(benchmark, large, request):
    grouped(benchmark, "sample of 1,000 in a tensor", request)
    benchmark.extra_info["peer"] = True
    d = len(large.nodes)

    def draw(mec):
        sampler = cliquepicking.MecSampler(numbered(mec))
        pairs = np.array([sampler.sample_dag() for _ in range(1_000)])
        out = np.zeros((len(pairs), d, d), dtype=bool)
        out[np.arange(len(pairs))[:, None], pairs[:, :, 0], pairs[:, :, 1]] = True
        return out

    benchmark.pedantic(draw, setup=lambda: fresh(large), rounds=2)


def every_ancestor_query(entailment, nodes):
    return [entailment.decide(Causes(a, b)).kind for a, b in itertools.permutations(nodes, 2)]


@pytest.mark.benchmark(group="every ancestor query")
def test_one_ancestor_query_on_sparse_50(benchmark):
    """Seconds a query, over all of them, after encoding."""
    mec = sparse(50, 3)
    benchmark.extra_info["items"] = 50 * 49
    benchmark.pedantic(
        every_ancestor_query, setup=lambda: ((Entailment(mec.cpdag), mec.nodes), {}), rounds=2, iterations=1
    )


@pytest.mark.benchmark(group="every ancestor query")
def test_all_ancestor_queries_on_chordal_100(benchmark):
    mec = chordal(100, 4)
    benchmark.pedantic(lambda: every_ancestor_query(Entailment(mec.cpdag), mec.nodes), rounds=1)


def many_pairs(count):
    """A class of 2^count members in as many components, beside as many variables whose edges are settled."""
    pairs = [(f"a{k}", f"b{k}") for k in range(count)]
    settled = [edge for k in range(count // 2) for edge in ((f"x{k}", f"z{k}"), (f"y{k}", f"z{k}"))]
    return MarkovEquivalenceClass.from_dag(Dag.from_edges(pairs + settled))


@pytest.mark.parametrize("count", [10, 160])
def test_shares_and_experiments_by_component(benchmark, count):
    """Ten pairs are 1,024 members, which could be listed; 160 are 2^160. Linear in the open edges, or nearly."""
    benchmark.group = "shares of edges and best interventions, by component"
    benchmark.extra_info["items"] = count
    mec = many_pairs(count)
    benchmark.pedantic(lambda: (edge_shares(mec), best_interventions(mec)), rounds=3, warmup_rounds=1)


def test_shares_of_listed_members(benchmark):
    benchmark.group = "shares of edges and best interventions, by component"
    benchmark.extra_info["items"] = 10
    mec = many_pairs(10)
    benchmark.pedantic(lambda: mec.batch().adjacency.double().mean(0), rounds=3, warmup_rounds=1)
