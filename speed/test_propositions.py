"""Propositions on a million graphs of ten variables, beside networkx on a sample of them."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest
import torch

from causalpp import (
    Causes,
    Changes,
    DagBatch,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
)
from causalpp.graphs import erdos_renyi
from causalpp.propositions import Proposition

MILLION = 1_000_000
SAMPLE = 2_000


@pytest.fixture(scope="module")
def graphs() -> DagBatch:
    return erdos_renyi(10, expected_degree=3, n=MILLION, seed=0)


QUESTIONS = [
    DirectlyCauses("X1", "X2"),
    Causes("X1", "X2"),
    IndirectlyCauses("X1", "X2"),
    HaveCommonCause("X1", "X2"),
    HaveCommonEffect("X1", "X2"),
    Changes("X1", "X2", holding={"X3"}),
    Independent("X1", "X2", given={"X3"}),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: type(q).__name__)
def test_a_million_graphs(benchmark: Any, graphs: DagBatch, question: Proposition) -> None:
    """Nothing is remembered from one question to the next: the closure is computed anew."""
    benchmark.group = type(question).__name__
    benchmark.extra_info["items"] = MILLION
    truth = benchmark.pedantic(question.holds, setup=lambda: ((graphs[:],), {}), rounds=2)
    assert truth.shape == (MILLION,)
    assert truth.dtype == torch.bool


def _causes(graph: nx.DiGraph) -> bool:
    return bool(nx.has_path(graph, "X1", "X2"))


def _changes(graph: nx.DiGraph) -> bool:
    return bool(nx.has_path(graph.subgraph([v for v in graph if v != "X3"]), "X1", "X2"))


def _common_cause(graph: nx.DiGraph) -> bool:
    above = [
        nx.ancestors(graph.subgraph([v for v in graph if v != other]), name)
        for name, other in (("X1", "X2"), ("X2", "X1"))
    ]
    return bool(above[0] & above[1])


def _independent(graph: nx.DiGraph) -> bool:
    return bool(nx.is_d_separator(graph, {"X1"}, {"X2"}, {"X3"}))


@pytest.mark.parametrize(
    ("question", "by_networkx"),
    [(QUESTIONS[1], _causes), (QUESTIONS[3], _common_cause), (QUESTIONS[5], _changes), (QUESTIONS[6], _independent)],
    ids=["Causes", "HaveCommonCause", "Changes", "Independent"],
)
def test_networkx_on_a_sample(benchmark: Any, graphs: DagBatch, question: Proposition, by_networkx: Any) -> None:
    """The peer, graph by graph, with the graphs already built."""
    benchmark.group = type(question).__name__
    benchmark.extra_info.update(items=SAMPLE, peer=True)
    some = [nx.DiGraph(dag.edges) for dag in graphs[:SAMPLE]]
    for graph in some:
        graph.add_nodes_from(graphs.nodes)
    answers = benchmark.pedantic(lambda: [by_networkx(graph) for graph in some], rounds=3)
    assert answers == question.holds(graphs[:SAMPLE]).tolist()
