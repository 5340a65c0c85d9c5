"""Whether one variable causes another, against networkx on what the text says."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest

from causalpp.errors import InvalidParameter
from causalpp.tasks import Item, transitivity

SETS: dict[str, dict[str, Any]] = {
    "chains": {},
    "longer": {"variables": range(7, 16)},
    "shuffled": {"order": "shuffled"},
    "branching": {"shape": "branching", "variables": range(5, 13), "order": "shuffled"},
    "long names": {"symbols": (8, 10)},
}


def read(item: Item) -> tuple[list[tuple[str, str]], tuple[str, str]]:
    """The edges in the order in which they are told, and the pair that is asked about."""
    edges = re.findall(r"(\w+) causes (\w+)\.", item.prompt)
    (pair,) = re.findall(r"Does (\w+) cause (\w+)\?$", item.prompt)
    return edges, pair


@pytest.mark.parametrize("name", SETS)
def test_answers_are_what_follows_from_the_text(name: str) -> None:
    items = transitivity(200, seed=3, **SETS[name]).items
    for item in items:
        edges, (a, b) = read(item)
        graph = nx.DiGraph(edges)
        assert nx.is_directed_acyclic_graph(graph)
        assert item.target.value == nx.has_path(graph, a, b)
        assert len(graph) == item.about["num_variables"]
        assert item.about["direct"] == graph.has_edge(a, b)
        mentioned = [each for edge in edges for each in edge]
        assert item.about["first_mentioned_first"] == (mentioned.index(a) < mentioned.index(b))
        assert item.about["more_effects"] == (graph.out_degree(a) > graph.out_degree(b))
    assert sum(item.target.value for item in items) == 100


def test_shapes_are_what_was_asked_for() -> None:
    straight = transitivity(40, flips=0.0, variables=(5,), seed=1).items
    assert all([edge[1] for edge in edges[:-1]] == [edge[0] for edge in edges[1:]] for edges, _ in map(read, straight))
    flipped = [read(item)[0] for item in transitivity(40, seed=1, variables=(6,)).items]
    assert (
        10 <= sum(len({edge[1] for edge in edges}) < 5 for edges in flipped) <= 20
    )  # in half of the chains, nearly all
    for item in transitivity(40, shape="branching", variables=(10,), density=1.4, seed=1).items:
        assert len(read(item)[0]) == item.about["edges"] == 14
    names = [
        name for item in transitivity(40, symbols=(8, 10), seed=1).items for edge in read(item)[0] for name in edge
    ]
    assert {len(name) for name in names} == {8, 9, 10}


def test_orders_tell_the_same_graphs() -> None:
    along, back, mixed = (
        [read(item)[0] for item in transitivity(40, order=order, seed=5).items]
        for order in ("along", "reversed", "shuffled")
    )
    sizes = [len(edges) for edges in along]
    assert [len(edges) for edges in back] == sizes == [len(edges) for edges in mixed]
    for edges in back:  # neighbours in the text are neighbours in the chain, from its end
        assert all(set(one) & set(other) for one, other in pairwise(edges))


def test_a_seed_gives_the_same_items() -> None:
    one, two, other = (transitivity(20, seed=seed).items for seed in (4, 4, 5))
    assert one == two
    assert one != other


@pytest.mark.parametrize(
    "told",
    [
        {"rows": 0}, {"variables": (1,)}, {"flips": 1.5}, {"seed": -1}, {"shape": "ring"}, {"order": "up"},
        {"density": 0.0}, {"symbols": (0, 2)}, {"symbols": (1, 1), "variables": (27,)},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        transitivity(**told)
