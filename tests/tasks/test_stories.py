"""Stories: labels against lists of paths in the graph that the text tells, and the prompt against the oracle's."""

from __future__ import annotations

import re
from typing import Any

import networkx as nx
import pytest

from causalpp.errors import InvalidParameter
from causalpp.language import ScriptedBackend
from causalpp.oracles import LanguageModelOracle
from causalpp.propositions import Causes, DirectlyCauses
from causalpp.tasks import Item, StoryItem, hypotheses, stories


def read(item: StoryItem) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph(re.findall(r"(\w) (?:drives|moves|changes) (\w)\.", item.story))
    graph.add_nodes_from(item.variables)
    return graph


def reaches(graph: nx.DiGraph[str], source: str, to: str, without: str) -> bool:
    return any(without not in path for path in nx.all_simple_paths(graph, source, to))


@pytest.mark.parametrize("ask", ["link", "graph"])
def test_answers_are_what_the_story_says(ask: Any) -> None:
    items = stories(60, ask=ask, pairs=2, variables=(4, 6, 9), seed=2).items
    for item in items:
        graph = read(item)
        assert set(graph.edges) == set(item.edges)
        a, b = item.proposition.variables
        assert graph.has_edge(a, b) or graph.has_edge(b, a) if ask == "link" else not graph.has_edge(a, b)
        if isinstance(item.proposition, DirectlyCauses):
            expected = graph.has_edge(a, b)
        elif isinstance(item.proposition, Causes):
            expected = nx.has_path(graph, a, b)
        else:
            others = set(graph) - {a, b}
            expected = any(reaches(graph, c, a, b) and reaches(graph, c, b, a) for c in others)
        assert item.answer == item.target.value == expected
    assert sum(bool(item.answer) for item in items) * 2 == len(items) > 100
    assert {type(item.proposition).__name__ for item in items} == (
        {"DirectlyCauses"} if ask == "link" else {"Causes", "HaveCommonCause"}
    )


def test_both_kinds_of_question_are_about_the_same_stories() -> None:
    told = [{item.group: item.story for item in stories(30, ask=ask, seed=7).items} for ask in ("link", "graph")]
    both = told[0].keys() & told[1].keys()
    assert len(both) > 20
    assert all(told[0][group] == told[1][group] for group in both)


def test_hypotheses_are_about_pairs_that_are_not_linked() -> None:
    for item in stories(10, ask="graph", seed=3).items:
        graph = read(item)
        apart = list(nx.non_edges(nx.Graph(graph)))
        assert len(hypotheses(item.dag)) == 3 * len(apart)
        assert item.proposition in hypotheses(item.dag)


def test_an_oracle_that_is_told_the_story_asks_in_the_same_words() -> None:
    for item in stories(5, seed=1).items:
        oracle = LanguageModelOracle(
            ScriptedBackend("yes"), context=item.story, system="", labels=("yes", "no"), wordings=["intervention"]
        )
        assert oracle.prompt(item.proposition).user == item.prompt
        assert oracle.prompt(item.proposition).system is None
        assert item.prompt.endswith("Reply with one word: yes or no.")


def test_items_are_kept_and_can_be_blinded() -> None:
    item = stories(1, seed=0).items[0]
    assert Item.from_dict(item.to_dict()) == item
    blind = item.blind()
    assert (blind.answer, blind.edges, blind.prompt) == (None, (), item.prompt)


@pytest.mark.parametrize(
    "told", [{"graphs": 0}, {"pairs": 0}, {"variables": (2,)}, {"variables": (13,)}, {"ask": "all"}, {"degree": 0.0}]
)
def test_what_makes_no_sense_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        stories(**told)
