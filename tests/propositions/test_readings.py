"""Wordings that are only read: the passive, terms of graphs, and sentences that combine statements."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import networkx as nx
import pytest

from causalpp import Dag, DagBatch, Independent, parse
from causalpp.errors import FormatError, InvalidProposition
from causalpp.graphs import all_dags
from causalpp.propositions import quote
from causalpp.propositions.readings import COMBINED, READ_ONLY

Meaning = Callable[[nx.DiGraph, str, str], bool]


def _children(g: nx.DiGraph, a: str) -> set[str]:
    return set(g.successors(a))


#: Sentence → what it says of a graph, from networkx.
SAID: dict[str, Meaning] = {
    "{a} is directly affected by {b}.": lambda g, a, b: g.has_edge(b, a),
    "Is {a} directly caused by {b}?": lambda g, a, b: g.has_edge(b, a),
    "{a} is not directly influenced by {b}": lambda g, a, b: not g.has_edge(b, a),
    "{a} directly influences {b}": lambda g, a, b: g.has_edge(a, b),
    "{a} is a parent of {b}": lambda g, a, b: g.has_edge(a, b),
    "{a} is a child of {b}": lambda g, a, b: g.has_edge(b, a),
    "{a} is not a child of {b}": lambda g, a, b: not g.has_edge(b, a),
    "{a} is an ancestor of {b}": lambda g, a, b: b in nx.descendants(g, a),
    "{a} is a descendant of {b}": lambda g, a, b: a in nx.descendants(g, b),
    "{a} is caused by {b}": lambda g, a, b: a in nx.descendants(g, b),
    "{a} influences {b} through some mediator(s)": lambda g, a, b: any(
        len(p) > 2 for p in nx.all_simple_paths(g, a, b)
    ),
    "{a} is influenced by {b} through some mediator(s).": lambda g, a, b: any(
        len(p) > 2 for p in nx.all_simple_paths(g, b, a)
    ),
    "{a} influences {b} through some mediator(s) but not directly.": lambda g, a, b: (
        b in nx.descendants(g, a) and not g.has_edge(a, b)
    ),
    "{a} indirectly affects {b}, but not directly": lambda g, a, b: b in nx.descendants(g, a) and not g.has_edge(a, b),
    "{a} is a non-child descendant of {b}": lambda g, a, b: a in nx.descendants(g, b) and not g.has_edge(b, a),
    "There exists at least one collider (i.e., a common child) of {a} and {b}.": lambda g, a, b: bool(
        _children(g, a) & _children(g, b)
    ),
    "{a} and {b} have no common child": lambda g, a, b: not _children(g, a) & _children(g, b),
    "there is at least one confounder (i.e., common parent) of {a} and {b}": lambda g, a, b: bool(
        set(g.predecessors(a)) & set(g.predecessors(b))
    ),
    "Do {a} and {b} have a common parent?": lambda g, a, b: bool(set(g.predecessors(a)) & set(g.predecessors(b))),
    "{a} indep {b}": lambda g, a, b: nx.is_d_separator(g, {a}, {b}, set()),
    "{a} indep {b} | C": lambda g, a, b: nx.is_d_separator(g, {a}, {b}, {"C"}),
    "{a} not indep {b} given C": lambda g, a, b: not nx.is_d_separator(g, {a}, {b}, {"C"}),
    "{a}⊥⊥{b}|C": lambda g, a, b: nx.is_d_separator(g, {a}, {b}, {"C"}),
    "{a} ⟂ {b} | C": lambda g, a, b: nx.is_d_separator(g, {a}, {b}, {"C"}),
}


@pytest.mark.parametrize("sentence", SAID)
def test_what_is_read_holds_where_networkx_says_so(sentence: str) -> None:
    batch = all_dags(list("ABCD"))
    graphs = [nx.DiGraph(dag.edges) for dag in batch]
    for graph in graphs:
        graph.add_nodes_from("ABCD")
    for a, b in permutations("ABD", 2):
        holds = parse(sentence.format(a=a, b=b), "ABCD").holds(batch).tolist()
        assert holds == [SAID[sentence](graph, a, b) for graph in graphs]


def test_every_wording_is_read_with_and_without_the_names() -> None:
    names = ("lung cancer", "is smoking", "C", "indep day")
    for kind, rows in READ_ONLY.items():
        for row in rows:
            for text, denied in ((row[0], False), (row[1], False), (row[2], True)):
                given = text.replace("[", "").replace("]", "").replace("{names}", "C")
                said = given.format(a=quote("lung cancer"), b=quote("is smoking"))
                if said:
                    p = parse(said, names)
                    assert type(p.of if denied else p) is kind  # type: ignore[attr-defined]
                    assert p == parse(said)
    for what, rows in COMBINED.items():
        for row in rows:
            for text in filter(None, row):
                assert set(parse(text.format(a="C", b=quote("indep day")), names).variables) >= {"C", "indep day"}
                if what != "mediated":
                    with pytest.raises(FormatError, match="say which there are"):
                        parse(text.format(a="C", b="D"))


def test_the_other_variables_may_be_none() -> None:
    p = parse("A and B have a common child", "AB")
    assert not p.holds(DagBatch.from_dags([Dag.from_edges([("A", "B")])])).any()
    with pytest.raises(InvalidProposition, match="named twice"):
        parse("A and A have a common child", "AB")
    assert parse("A indep B | C, D") == Independent("A", "B", ["C", "D"])
