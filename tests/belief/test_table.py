"""Beliefs over a truth table, without graphs: against Bayes' rule written out, and in a loop of one's own."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

from causalpp import Answer, Belief, Causes, DagBatch, DirectlyCauses
from causalpp.belief import Agnostic, BeliefLike, Channel, Fixed, Learned, ListedBelief, Pooled, SharedErrors
from causalpp.design import next_answer_information
from causalpp.errors import InvalidParameter, InvalidProposition
from causalpp.graphs import all_dags
from causalpp.propositions import all_questions, truth_table

SYMPTOMS = ("fever", "cough", "spots", "ache")


def case(seed: int, channel: Channel) -> tuple[np.ndarray, np.ndarray, ListedBelief, list[tuple[str, bool]]]:
    rng = np.random.default_rng(seed)
    table = rng.random((6, 4)) < 0.5
    weights = rng.dirichlet(np.ones(6))
    said = [(SYMPTOMS[int(rng.integers(4))], bool(rng.integers(2))) for _ in range(int(rng.integers(1, 7)))]
    belief = Belief.from_table(table, candidates="uvwxyz", questions=SYMPTOMS, weights=weights, channel=channel)
    return table, weights, belief.update(Answer(q, value) for q, value in said), said  # type: ignore[arg-type]


def by_hand(table: np.ndarray, weights: np.ndarray, said: list[tuple[str, bool]], error: float) -> np.ndarray:
    out = []
    for row, weight in zip(table, weights, strict=True):
        for question, value in said:
            weight *= 1 - error if bool(row[SYMPTOMS.index(question)]) == value else error
        out.append(weight)
    return np.array(out)


@pytest.mark.parametrize("seed", range(5))
def test_the_posterior_is_bayes_rule(seed: int) -> None:
    table, weights, belief, said = case(seed, Fixed(0.2))
    joint = by_hand(table, weights, said, 0.2)
    expected = joint / joint.sum()
    assert belief.probabilities.numpy() == pytest.approx(expected, abs=1e-12)
    assert belief.log_marginal_likelihood == pytest.approx(math.log(joint.sum()), abs=1e-12)
    assert belief.best == "uvwxyz"[int(expected.argmax())]
    assert belief.confidence == pytest.approx(expected.max())
    assert belief.prior_confidence == pytest.approx(weights.max())
    assert belief.entropy == pytest.approx(-(expected * np.log2(expected)).sum())
    for column, name in enumerate(SYMPTOMS):
        assert belief.probability(name) == pytest.approx(expected[table[:, column]].sum())  # type: ignore[arg-type]
    assert [label for label, _ in belief.top(2)] == ["uvwxyz"[k] for k in np.argsort(-expected)[:2]]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("channel", [Fixed(0.15), Learned(), Agnostic(), Pooled(), SharedErrors()], ids=repr)
def test_the_next_answers_are_what_they_multiply_the_likelihood_by(seed: int, channel: Channel) -> None:
    """And what they tell: the mutual information summed over both answers and all candidates."""
    *_, belief, _ = case(seed, channel)
    information = next_answer_information(belief, SYMPTOMS)  # type: ignore[arg-type]
    for column, name in enumerate(SYMPTOMS):
        after = [belief.update([Answer(name, value)]) for value in (True, False)]  # type: ignore[arg-type]
        p = [math.exp(one.log_marginal_likelihood - belief.log_marginal_likelihood) for one in after]
        assert sum(p) == pytest.approx(1, abs=1e-9)
        law = belief.joint_predictive([name])  # type: ignore[list-item]
        assert (belief.probabilities @ law).numpy() == pytest.approx(p, abs=1e-9)
        told = belief.entropy - sum(share * one.entropy for share, one in zip(p, after, strict=True))
        assert float(information[column]) == pytest.approx(told, abs=1e-9)


def test_a_table_of_graphs_is_a_belief_about_graphs() -> None:
    batch = DagBatch("abc", all_dags(3).adjacency)
    questions = all_questions("abc")
    said = [Answer(questions[k], k % 3 > 0) for k in (0, 3, 1, 3, 5)]
    for channel in (Agnostic(), Learned()):
        graphs = Belief.uniform(batch, channel).update(said)
        table = truth_table(questions, batch)
        rows = Belief.from_table(table, candidates=list(batch), questions=questions, channel=channel).update(said)
        assert torch.equal(rows.probabilities, graphs.probabilities)
        assert rows.best == graphs.best == graphs.graph
        assert rows.kinds == graphs.kinds
        joined = questions[0] & ~questions[3] | questions[5]
        assert rows.probability(joined) == pytest.approx(graphs.probability(joined), abs=1e-12)


def test_a_loop_of_ones_own() -> None:
    """Twenty questions about numbers below 32: five answers that are right tell which."""
    numbers = np.arange(32)
    bits = [lambda n, k=k: bool(n >> k & 1) for k in range(5)]
    tests = {"odd": bits[0], "prime": lambda n: n > 1 and all(n % m for m in range(2, n)), "small": lambda n: n < 3}
    tests |= {f"bit {k}": bits[k] for k in range(1, 5)}
    table = [[test(int(n)) for test in tests.values()] for n in numbers]
    belief = Belief.from_table(table, candidates=numbers.tolist(), questions=tests, channel=Fixed(1e-6))
    asked = 0
    while belief.confidence < 0.99:
        names = belief.candidates.questions  # type: ignore[union-attr]
        best = names[int(next_answer_information(belief, names).argmax())]
        belief = belief.update([Answer(best, tests[best](21))])
        asked += 1
    assert (belief.best, asked) == (21, 5)


def test_a_table_of_any_kind() -> None:
    cells = [[1, 0, 1], [1, 0, 0]]
    frame = pd.DataFrame(cells, index=["one", "two"], columns=list("abc"))
    arrays = [np.array(cells, dtype=kind) for kind in (bool, float)]
    for table in (frame, frame.astype(bool), *arrays, torch.tensor(cells)):
        belief = Belief.from_table(table, candidates=frame.index, questions=frame.columns, channel=Fixed(0.1))
        assert belief.update([Answer("c", True)]).best == "one"  # type: ignore[arg-type]


def test_settled() -> None:
    belief = Belief.from_table([[1, 0, 1], [1, 0, 0]], questions="abc")
    assert [belief.settled(name) for name in "abc"] == [True, False, None]  # type: ignore[arg-type]
    assert belief.candidates[1] == 1
    assert repr(belief) == "ListedBelief(2 candidates, 0 answers, confidence 0.500 in 0)"


def test_every_belief_is_like_a_belief() -> None:
    *_, belief, said = case(0, Fixed(0.1))
    found: BeliefLike = belief
    assert (found.listed, found.size, found.confidence_error, found.reliabilities) == (True, 6, 0.0, {})
    wrong = [sum(bool(row[SYMPTOMS.index(q)]) != v for q, v in said) for row in case(0, Fixed(0.1))[0]]
    assert found.fewest_wrong == (min(wrong), len(said))


@pytest.mark.parametrize(
    ("table", "names", "match"),
    [
        ([[0.5]], {}, "true or false"),
        ([True, False], {}, "one row a candidate"),
        ([[True], [True, False]], {}, "one row a candidate"),
        ([[True, None]], {}, "true or false"),
        ("yes", {}, "true or false"),
        ([[True, False]], {"questions": [["q"], "r"]}, "key of a dict"),
        ([[True], [False]], {"candidates": ["a"]}, "as many"),
        ([[True, False]], {"questions": ["q", "q"]}, "different"),
        ([[True], [False]], {"weights": [0, 0]}, "2 weights"),
    ],
)
def test_refused(table: object, names: dict[str, list[object]], match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        Belief.from_table(table, **names)  # type: ignore[arg-type]


def test_a_question_without_a_column() -> None:
    belief = Belief.from_table([[True], [False]], questions=[Causes("a", "b")])
    with pytest.raises(InvalidProposition, match="no column"):
        belief.update([Answer(DirectlyCauses("a", "b"), True)])
    for values in itertools.product((True, False), repeat=2):
        assert belief.update([Answer(Causes("a", "b"), v) for v in values]).size == 2
