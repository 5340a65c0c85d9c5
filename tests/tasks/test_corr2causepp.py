"""Corr2Cause++: its layout, its premises and the wordings of its hypotheses, against labels found by brute force."""

from __future__ import annotations

import json
import random
from itertools import combinations, permutations
from pathlib import Path

import networkx as nx
import pytest

from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.equivalence.statements.premise import from_premise, parse_premise
from causalpp.errors import FormatError
from causalpp.graphs import Dag, erdos_renyi
from causalpp.tasks import audit, read_items

SENTENCES = {
    "parent": "{a} directly affects {b}.",
    "ancestor": "{a} influences {b} through some mediator(s) but not directly.",
    "child": "{a} is directly affected by {b}.",
    "descendant": "{b} influences {a} through some mediator(s) but not directly.",
    "collider": " There exists at least one collider (i.e., a common child) of {a} and {b}.",
    "confounder": "There exists at least one confounder (i.e., a common parent) of {a} and {b}.",
}


def said(dag: Dag) -> str:
    """The premise: all independencies, found by networkx."""
    names, graph = dag.nodes, nx.DiGraph(dag.edges)
    graph.add_nodes_from(names)
    found = []
    for a, b in combinations(names, 2):
        rest = [name for name in names if name not in (a, b)]
        for size in range(len(rest) + 1):
            found += [
                f"{a} indep {b}" + (f" | {', '.join(given)}" if given else "")
                for given in combinations(rest, size)
                if nx.is_d_separator(graph, {a}, {b}, set(given))
            ]
    listed = f"{', '.join(names[:-1])}, and {names[-1]}"
    return (
        f"Premise:\nSuppose there is a closed system of {len(names)} variables, {listed}, whose causal structure forms "
        "a directed acyclic graph and satisfies faithfulness. All the conditional independence relations are: "
        f"{'; '.join(found)}."
    )


def holds(relation: str, member: Dag, a: str, b: str) -> bool:
    """A relation in one graph, by sets of edges and paths."""
    graph = nx.DiGraph(member.edges)
    graph.add_nodes_from(member.nodes)
    if relation in ("child", "descendant"):
        a, b = b, a
    if relation in ("parent", "child"):
        return graph.has_edge(a, b)
    if relation in ("ancestor", "descendant"):
        return b in nx.descendants(graph, a) and not graph.has_edge(a, b)
    near = graph.successors if relation == "collider" else graph.predecessors
    return bool(set(near(a)) & set(near(b)))


def test_labels_of_every_relation_are_agreed_with(tmp_path: Path) -> None:
    rng = random.Random(0)
    rows = []
    for dag in [
        *erdos_renyi(list("QPR"), expected_degree=1.3, n=12, seed=1),
        *erdos_renyi(list("ZYXW"), expected_degree=2, n=25, seed=2),
        *erdos_renyi(list("ABCDE"), expected_degree=2, n=20, seed=3),
    ]:
        premise = said(dag)
        members = list(MarkovEquivalenceClass.from_dag(dag).members())
        for relation, sentence in SENTENCES.items():
            pairs = rng.sample(list(permutations(dag.nodes, 2)), len(dag.nodes))
            labels = [all(holds(relation, member, a, b) for member in members) for a, b in pairs]
            for label in sorted(set(labels)):  # one of each, where there is one, as in the published set
                a, b = pairs[labels.index(label)]
                query = f"{premise}\n\nHypothesis: {sentence.format(a=a, b=b)}"
                rows.append({"label": int(label), "relation_type": relation, "forced_edges": [], "query": query})
    assert 0.05 < sum(row["label"] for row in rows) / len(rows) < 0.6
    (tmp_path / "test.json").write_text(json.dumps(rows))
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, rows)))
    for name, semantics in (("test.json", "path"), ("lines.jsonl", "direct")):
        items = list(read_items(tmp_path / name))
        assert [item.relation for item in items] == [row["relation_type"] for row in rows]
        found = audit(items, semantics=semantics)
        assert (found.checked, found.disagreements, found.failures) == (len(rows), (), ())
    # Turned round, every label is found to be wrong.
    turned = [row | {"label": 1 - row["label"]} for row in rows]
    (tmp_path / "test.json").write_text(json.dumps(turned))
    assert len(audit(read_items(tmp_path / "test.json")).disagreements) == len(rows)


OPENING = "Suppose there is a closed system of 3 variables, P, Q, and R"
LISTED = "All the conditional independence relations are: P indep R | Q."


@pytest.mark.parametrize(
    "text",
    [
        f"{OPENING}, whose causal structure forms a directed acyclic graph and satisfies faithfulness. {LISTED}",
        f"{OPENING}, whose causal graph is a DAG and satisfies the causal Markov condition and faithfulness. {LISTED}",
        f"{OPENING}. The causal structure forms a directed acyclic graph and is faithful. {LISTED}",
        f"{OPENING}. Assume faithfulness. There are no hidden confounders. {LISTED}",
        f"{OPENING}. All the conditional independencies are as follows: P and R are independent given Q.",
        f"{OPENING}. All independence statements are: P ⊥⊥ R | Q",
    ],
)
def test_a_premise_that_lists_all_independencies(text: str) -> None:
    assert from_premise(text) == Cpdag("PQR", undirected=[("P", "Q"), ("Q", "R")])
    assert parse_premise(text)[0] == ("P", "Q", "R")


def test_no_independence_at_all() -> None:
    complete = Cpdag("PQR", undirected=[("P", "Q"), ("Q", "R"), ("P", "R")])
    assert from_premise(f"{OPENING}. All the conditional independence relations are: .") == complete
    assert from_premise(f"{OPENING}. There are no conditional independence relations.") == complete
    for empty in ("None.", "none", "[]", "∅"):
        assert from_premise(f"{OPENING}. All the conditional independence relations are: {empty}") == complete
    fork = OPENING.replace("P,", "None,", 1)  # a variable of that name is none of these words
    assert from_premise(f"{fork}. All the conditional independence relations are: None indep R | Q.") == Cpdag(
        ("None", "Q", "R"), undirected=[("None", "Q"), ("Q", "R")]
    )


@pytest.mark.parametrize(
    "clause",
    [
        "whose causal structure may contain hidden confounders",
        "whose causal structure forms a directed cyclic graph",
        "whose causal structure forms a directed acyclic graph and violates faithfulness",
        "which have an unobserved common cause",
    ],
)
def test_a_clause_that_would_change_the_answer_is_refused(clause: str) -> None:
    with pytest.raises(FormatError) as error:
        from_premise(f"{OPENING}, {clause}. {LISTED}")
    assert error.value.line == 1


def test_two_is_a_contradiction(tmp_path: Path) -> None:
    rows = [
        {"input": f"Premise: {OPENING}. {LISTED}\nHypothesis: P directly affects R.", "label": n} for n in (0, 1, 2, 3)
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    assert [item.label for item in read_items(tmp_path / "rows.json")] == [False, True, False, None]
