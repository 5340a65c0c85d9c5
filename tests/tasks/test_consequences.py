"""Which variables change if one is set, against networkx on what the text says."""

from __future__ import annotations

import re

import networkx as nx
import pytest

from causalpp.errors import InvalidParameter
from causalpp.tasks import consequences, score


def test_answers_are_the_descendants_in_the_graph_of_the_text() -> None:
    for item in consequences(300, variables=(2, 3, 4, 6), seed=2).items:
        graph: nx.DiGraph[str] = nx.DiGraph(re.findall(r"(\w) causes (\w)\.", item.prompt))
        graph.add_nodes_from(re.findall(r"(\w) stands alone\.", item.prompt))
        treated = re.findall(r"We set (\w)\.", item.prompt)[0]
        expected = sorted(nx.descendants(graph, treated))
        assert len(graph) == item.about["num_variables"]
        assert item.target.value == (" ".join(expected) or "none")
        assert score(item, f" {item.target.value}").value == 1
        assert all(score(item, text).value == 0 for text in item.near_misses)


def test_a_seed_gives_the_same_items() -> None:
    one, two, other = (consequences(20, seed=seed).items for seed in (4, 4, 5))
    assert one == two
    assert one != other


@pytest.mark.parametrize("told", [{"rows": 0}, {"variables": (1,)}, {"names": "AB"}, {"edges": 1.5}, {"seed": -1}])
def test_what_makes_no_sense_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        consequences(**told)  # type: ignore[arg-type]
