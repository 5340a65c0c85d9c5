"""Speed of the kernels on graphs beside the obvious alternatives; run with ``pytest speed``.

networkx works on a sample; the ratios printed at the end are per graph.
"""

import networkx as nx
import pytest
import torch

from causalpp.graphs import reachability
from causalpp.graphs.drawing import graph_svg
from causalpp.graphs.random import erdos_renyi

N, D, SAMPLE = 100_000, 10, 500


@pytest.fixture(scope="module")
def batch():
    return erdos_renyi(D, expected_degree=3, n=N, seed=0)


@pytest.fixture(scope="module")
def sample(batch):
    out = []
    for dag in batch[:SAMPLE]:
        graph = nx.DiGraph(dag.edges)
        graph.add_nodes_from(dag.nodes)
        out.append(graph)
    return out


def squaring(adjacency):
    """Closure by repeated squaring of I + A in floating point."""
    reach = adjacency.float()
    reach.diagonal(dim1=1, dim2=2).fill_(1)
    for _ in range((D - 1).bit_length()):
        reach = torch.bmm(reach, reach).clamp_(max=1)
    reach = reach > 0
    reach.diagonal(dim1=1, dim2=2).fill_(False)  # acyclic: no variable reaches itself
    return reach


@pytest.mark.benchmark(group=f"closure of {N:,} graphs of {D} variables")
def test_closure_by_warshall(benchmark, batch):
    benchmark.extra_info["items"] = N
    benchmark.pedantic(reachability.closure, (batch.adjacency,), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=f"closure of {N:,} graphs of {D} variables")
def test_closure_by_squaring(benchmark, batch):
    benchmark.extra_info.update(items=N, peer=True)
    result = benchmark.pedantic(squaring, (batch.adjacency,), rounds=3, warmup_rounds=1)
    assert result.equal(batch.reach)


@pytest.mark.benchmark(group=f"closure of {N:,} graphs of {D} variables")
def test_closure_by_networkx_on_a_sample(benchmark, sample):
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    benchmark.pedantic(lambda: [nx.transitive_closure(graph) for graph in sample], rounds=3)


@pytest.mark.benchmark(group=f"d-separation in {N:,} graphs of {D} variables")
def test_d_separation_in_a_batch(benchmark, batch):
    benchmark.extra_info["items"] = N
    _ = batch.reach
    benchmark.pedantic(batch.d_separated, ("X1", "X2", ["X3", "X4"]), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group=f"d-separation in {N:,} graphs of {D} variables")
def test_d_separation_by_networkx_on_a_sample(benchmark, batch, sample):
    benchmark.extra_info.update(items=SAMPLE, peer=True)

    def ask():
        return [nx.is_d_separator(graph, {"X1"}, {"X2"}, {"X3", "X4"}) for graph in sample]

    assert benchmark.pedantic(ask, rounds=3) == batch.d_separated("X1", "X2", ["X3", "X4"])[:SAMPLE].tolist()


@pytest.mark.benchmark(group="drawing")
def test_svg_of_37_variables(benchmark):
    dag = erdos_renyi(37, expected_degree=2.5, seed=0)[0]
    benchmark.pedantic(graph_svg, (dag.nodes, dag.edges), rounds=5)


@pytest.mark.benchmark(group=f"sampling {N:,} graphs of {D} variables")
def test_sample_100_000_graphs(benchmark):
    benchmark.pedantic(lambda: erdos_renyi(D, expected_degree=3, n=N, seed=0), rounds=3)
