"""What a belief keeps of the answers, what it says beside probabilities, and graphs that are not candidates."""

from __future__ import annotations

import json
import math

import networkx as nx
import numpy as np
import pytest
import torch

from causalpp import Answer, Belief, Causes, Dag, DagBatch, MarkovEquivalenceClass
from causalpp.belief import Agnostic, Fixed, Learned, Record, one_edge_alternatives
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge
from causalpp.graphs import all_dags
from causalpp.propositions import all_questions, truth_table

CHAIN = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")])).batch()
QUESTIONS = all_questions("abcd")


def answers(seed: int, count: int, questions=QUESTIONS) -> list[Answer]:
    rng = np.random.default_rng(seed)
    values = (True, False, None)
    return [Answer(questions[int(rng.integers(len(questions)))], values[int(rng.integers(3))]) for _ in range(count)]


@pytest.mark.parametrize("seed", range(5))
def test_rows_hold_what_was_asked_and_graphs_that_differ_in_it_have_different_rows(seed: int) -> None:
    batch = DagBatch("abcd", all_dags(4).adjacency)
    given = answers(seed, 12)
    record = Record.none(batch).add(given[:5]).add(given[5:])
    asked = list(dict.fromkeys(answer.question for answer in given))
    assert list(record.numbers) == asked
    truth = truth_table(asked, batch)
    assert torch.equal(record.rows[record.groups], truth)
    assert len(record.rows) == len(torch.unique(truth, dim=0))
    for column, question in enumerate(asked):
        said = [answer.value for answer in given if answer.question == question]
        counted = [int(field[column]) for field in record.tallies[:3]]
        assert counted == [said.count(True), said.count(False), said.count(None)]
    yes, no = record.said([*asked, Causes("d", "a"), Causes("a", "d")])
    assert yes[: len(asked)].tolist() == record.tallies.yes.tolist()
    assert int((yes + no).sum()) >= sum(answer.value is not None for answer in given)


def test_log_evidence_is_the_probability_of_all_that_was_said() -> None:
    """The probabilities of each answer, given those before it, multiply to it."""
    belief = Belief.uniform(CHAIN, Agnostic())
    total = 0.0
    for answer in answers(1, 15):
        more = belief.update([answer])
        if answer.value is not None:
            other = belief.update([Answer(answer.question, not answer.value)])
            share = math.exp(more.log_marginal_likelihood) / (
                math.exp(more.log_marginal_likelihood) + math.exp(other.log_marginal_likelihood)
            )
            total += math.log(share)
        belief = more
    assert belief.log_marginal_likelihood == pytest.approx(total, abs=1e-9)
    assert Belief.uniform(CHAIN).log_marginal_likelihood == pytest.approx(0, abs=1e-12)


def test_kinds_of_oracle() -> None:
    sure = [Answer(Causes("a", "d"), True), Answer(Causes("d", "a"), False)]
    start = Belief.uniform(DagBatch.from_dags([Dag("abcd", [("a", "b"), ("b", "c"), ("c", "d")])]))
    assert start.kinds == pytest.approx({"informative": 0.4, "liar": 0.1, "unrelated": 0.5})
    graph = start.graph
    right = [Answer(question, question.holds(graph)) for question in QUESTIONS]
    wrong = [Answer(question, not question.holds(graph)) for question in QUESTIONS]
    mixed = [Answer(question, number % 3 == 0) for number, question in enumerate(QUESTIONS)]
    for given, most in ((right, "informative"), (wrong, "liar"), (mixed, "unrelated")):
        kinds = start.update(given).kinds
        assert max(kinds, key=kinds.__getitem__) == most
        assert sum(kinds.values()) == pytest.approx(1)
    assert start.update(right).reliability.better_than_chance > 0.9
    assert start.update(sure).none_of_these.related == pytest.approx(
        math.log((1 - start.update(sure).kinds["unrelated"]) / start.update(sure).kinds["unrelated"]), abs=1e-9
    )
    assert Belief.uniform(CHAIN, Fixed(0.1)).kinds == {"informative": 1.0, "liar": 0.0, "unrelated": 0.0}


def test_prior_weights() -> None:
    given = answers(3, 6)
    even, uneven = Belief.uniform(CHAIN), Belief.weighted(CHAIN, [4, 3, 2, 1])
    assert uneven.probabilities.tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    expected = even.update(given).probabilities * torch.tensor([4, 3, 2, 1])
    assert uneven.update(given).probabilities.tolist() == pytest.approx((expected / expected.sum()).tolist())
    assert Belief.weighted(CHAIN, [1, 0, 0, 0]).update(given).confidence == pytest.approx(1)
    for wrong in ([1.0], [1, 1, 1, -1], [0, 0, 0, 0], [1, 1, 1, math.nan]):
        with pytest.raises(InvalidParameter, match="4 weights"):
            Belief.weighted(CHAIN, wrong)


# --- why one graph and not another ------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Fixed(0.2), Learned(), Agnostic()], ids=lambda channel: type(channel).__name__)
def test_the_reasons_add_up_to_the_odds(channel) -> None:
    belief = Belief.weighted(CHAIN, [4, 3, 2, 1], channel).update(answers(5, 14))
    a, b = CHAIN[0], CHAIN[2]
    found = belief.explain(a, b)
    p = belief.probabilities.tolist()
    assert found.bits == pytest.approx(math.log2(p[0] / p[2]), abs=1e-9)
    assert found.prior_bits == pytest.approx(1)
    assert [r.in_a for r in found.reasons] == [answer.question.holds(a) for answer in belief.answers]
    assert [r.answer for r in found.reasons] == [answer.word for answer in belief.answers]
    assert all(r.in_a != r.in_b for r in found.separating)
    assert belief.explain(b, a).bits == pytest.approx(-found.bits)
    assert len(found.to_frame()) == 14
    assert json.loads(found.to_json(), parse_constant=pytest.fail) == found.to_dict()
    if isinstance(channel, Fixed):
        assert all(r.bits == pytest.approx(0, abs=1e-12) for r in found.reasons if r.in_a == r.in_b)
    with pytest.raises(InvalidGraph):
        belief.explain(a, Dag("xy", [("x", "y")]))


# --- none of these ----------------------------------------------------------------------------------------


def test_alternatives_are_all_that_one_edge_makes() -> None:
    found = one_edge_alternatives(CHAIN, all_questions("abcd", kinds=["DirectlyCauses"]))
    assert found is not None
    expected = set()
    for dag in CHAIN:
        edges = set(dag.edges)
        for a in "abcd":
            for b in set("abcd") - {a}:
                for changed in (edges - {(a, b)}, (edges - {(b, a)}) | {(a, b)}):
                    if nx.is_directed_acyclic_graph(nx.DiGraph(list(changed))):
                        expected.add(frozenset(changed))
    expected -= {frozenset(dag.edges) for dag in CHAIN}
    assert {frozenset(dag.edges) for dag in found} == expected
    assert len(found) == len(expected)
    ancestors = one_edge_alternatives(CHAIN)
    assert ancestors is not None
    rows = truth_table(QUESTIONS, ancestors)
    assert len(torch.unique(torch.cat([rows, truth_table(QUESTIONS, CHAIN)]), dim=0)) == len(rows) + len(CHAIN)
    assert one_edge_alternatives(CHAIN, limit=10) is None
    assert one_edge_alternatives(all_dags(3), all_questions(["X1", "X2", "X3"], kinds=["DirectlyCauses"])) is None


@pytest.mark.parametrize("channel", [Fixed(0.1), Agnostic()], ids=lambda channel: type(channel).__name__)
def test_alternatives_are_hypotheses_beside_the_candidates(channel) -> None:
    given = answers(8, 10)
    others = one_edge_alternatives(CHAIN)
    assert others is not None
    belief = Belief.uniform(CHAIN, channel).update(given).with_alternatives(others, 0.2)
    both = DagBatch("abcd", torch.cat([CHAIN.adjacency, others.adjacency]))
    weights = [0.8 / len(CHAIN)] * len(CHAIN) + [0.2 / len(others)] * len(others)
    flat = Belief.weighted(both, weights, channel).update(given)
    assert belief.probabilities.tolist() == pytest.approx(flat.probabilities[: len(CHAIN)].tolist())
    assert belief.entropy == pytest.approx(flat.entropy)
    assert belief.edges.flatten().tolist() == pytest.approx(flat.edges.flatten().tolist())
    assert belief.probability(Causes("a", "b")) == pytest.approx(flat.probability(Causes("a", "b")))
    assert belief.log_marginal_likelihood == pytest.approx(flat.log_marginal_likelihood)
    none = belief.none_of_these
    assert none.probability == pytest.approx(1 - float(belief.probabilities.sum()))
    assert none.alternatives == len(others)
    inside, outside = Belief.uniform(CHAIN, channel), Belief.uniform(others, channel)
    factor = inside.update(given).log_marginal_likelihood - outside.update(given).log_marginal_likelihood
    assert none.bayes_factor == pytest.approx(factor, abs=1e-9)
    assert Belief.uniform(CHAIN, channel).update(given).none_of_these.bayes_factor == pytest.approx(factor, abs=1e-9)
    assert belief.to_dict()["none_of_these"] == pytest.approx(none.probability)
    json.dumps(none.to_dict())


def test_answers_of_a_graph_outside_speak_against_the_candidates() -> None:
    outside = Dag("abcd", [("a", "b"), ("b", "c")])
    true = [Answer(question, question.holds(outside)) for question in QUESTIONS]
    none = Belief.uniform(CHAIN).update(true).none_of_these
    assert none.probability is not None
    assert none.bayes_factor is not None
    assert none.probability > 4 * 0.05
    assert none.bayes_factor < -1.5
    assert none.graph == outside
    inside = [Answer(question, question.holds(CHAIN[1])) for question in QUESTIONS]
    back = Belief.uniform(CHAIN).update(inside).none_of_these
    assert back.probability is not None
    assert back.probability < 0.05


def test_misuse_of_alternatives() -> None:
    belief = Belief.uniform(CHAIN)
    for doubt in (0.0, 1.0, math.nan):
        with pytest.raises(InvalidParameter, match="between 0 and 1"):
            belief.with_alternatives(doubt=doubt)
    every = Belief.uniform(all_dags(3))
    assert every.none_of_these.probability is None
    with pytest.raises(TooLarge, match="one edge away"):
        every.with_alternatives()
