"""The levels of a proposition, against shortest paths found by networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch

from causalpp import Dag, DagBatch, Direction, all_questions
from causalpp.propositions import KINDS, level_table, truth_table


def distance(dag: Dag, a: str, b: str) -> int:
    """The signed distance by definition."""
    graph = nx.DiGraph()
    graph.add_nodes_from(dag.nodes)
    graph.add_edges_from(dag.edges)
    if nx.has_path(graph, a, b):
        return min(3, nx.shortest_path_length(graph, a, b))
    return -min(3, nx.shortest_path_length(graph, b, a)) if nx.has_path(graph, b, a) else 0


@pytest.mark.parametrize("seed", range(8))
def test_levels_are_signed_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 12))
    names = [f"v{i}" for i in range(d)]
    dags = []
    for _ in range(20):
        order, p = rng.permutation(names), rng.uniform(0.05, 0.6)
        edges = [(order[i], order[j]) for i in range(d) for j in range(i + 1, d) if rng.random() < p]
        dags.append(Dag(names, edges))
    batch = DagBatch.from_dags(dags)
    questions = [Direction(a, b) for a in names for b in names if a != b]
    table = level_table(questions, batch)
    assert table.dtype is torch.int8
    assert table.tolist() == [[distance(dag, q.a, q.b) for q in questions] for dag in dags]
    assert torch.equal(table > 0, truth_table(questions, batch))
    assert all(q.levels(dags[0]) == level for q, level in zip(questions, table[0].tolist(), strict=True))


def test_the_levels_of_other_statements_are_their_truth() -> None:
    names = "abcd"
    batch = DagBatch.from_dags([Dag(names, [("a", "b"), ("b", "c")]), Dag(names, [("c", "b"), ("b", "a"), ("d", "a")])])
    questions = [q for q in all_questions(names, KINDS) if not isinstance(q, Direction)]
    questions += [~Direction("a", "b"), Direction("a", "b") | Direction("b", "a")]
    assert torch.equal(level_table(questions, batch), truth_table(questions, batch).to(torch.int8))


def test_each_pair_is_asked_about_once() -> None:
    assert all_questions("abc", "Direction") == (Direction("a", "b"), Direction("a", "c"), Direction("b", "c"))
