"""The product over chain components against the exact belief over the whole class, and on huge classes."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from causalpp import (
    Answer,
    Causes,
    Dag,
    DirectlyCauses,
    HaveCommonCause,
    MarkovEquivalenceClass,
    SimulatedOracle,
    noise,
)
from causalpp.belief import Agnostic, Belief, Channel, ComponentBelief, Correlated, Fixed, Learned, LogOdds
from causalpp.belief.huge._scopes import Scopes
from causalpp.errors import InvalidParameter, InvalidProposition, TooLarge, UnknownVariable
from causalpp.graphs import erdos_renyi
from causalpp.propositions import all_questions, truth_table

KINDS = [
    "Causes",
    "DirectlyCauses",
    "IndirectlyCauses",
    "HaveCommonCause",
    "HaveCommonEffect",
    "Changes",
    "Independent",
    "Direction",
]


def forest(sizes: list[int], below: int, draw: np.random.Generator) -> Dag:
    """Trees of some sizes, and variables with parents in two of them: their edges are directed in every member."""
    names = [f"x{i}" for i in draw.permutation(sum(sizes) + below)]
    edges, roots, at = [], [], 0
    for size in sizes:
        edges += [(names[at + int(draw.integers(v))], names[at + v]) for v in range(1, size)]
        roots.append(names[at])
        at += size
    for k in range(below):
        a, b = draw.choice(len(sizes), 2, replace=False)
        edges += [(roots[a], names[at + k]), (roots[b], names[at + k])]
    return Dag(sorted(names), edges)


def cliques(count: int, size: int) -> MarkovEquivalenceClass:
    names = [f"v{i}" for i in range(count * size)]
    blocks = [names[k * size : (k + 1) * size] for k in range(count)]
    return MarkovEquivalenceClass.from_dag(
        Dag(names, [(a, b) for block in blocks for i, a in enumerate(block) for b in block[i + 1 :]])
    )


def asked(mec: MarkovEquivalenceClass, truth: Dag, count: int, seed: int) -> list[Answer]:
    questions = all_questions(mec.nodes, ["Causes", "DirectlyCauses"])
    chosen = np.random.default_rng(seed).choice(len(questions), count)
    return SimulatedOracle(truth, noise.Symmetric(0.2), seed=seed).ask([questions[k] for k in chosen])


# --- which component decides --------------------------------------------------------------------------


def test_a_question_depends_on_no_other_component_than_its_scope() -> None:
    """On every class drawn, with and without background knowledge, and for every kind of question."""
    draw, tested = np.random.default_rng(0), 0
    for seed in range(120):
        dag = erdos_renyi(int(draw.integers(4, 9)), expected_degree=draw.uniform(1, 3), seed=seed)[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        if seed % 2 and mec.cpdag.undirected:
            edges = mec.cpdag.undirected
            some = edges[int(draw.integers(len(edges)))]
            mec = mec.with_knowledge(required=[some if some in dag.edges else some[::-1]])
        parts = mec.cpdag.chain_components
        if len(parts) < 2 or mec.size > 200:
            continue
        tested += 1
        scopes, batch = Scopes(mec.cpdag), mec.batch()
        adjacency = batch.adjacency.numpy()
        local = [adjacency[:, rows][:, :, rows].reshape(len(batch), -1) for rows in parts]
        labels = [np.unique(rows, axis=0, return_inverse=True)[1].ravel() for rows in local]
        questions = all_questions(mec.nodes, KINDS)
        truth = truth_table(questions, batch).numpy()
        for column, question in enumerate(questions):
            key = np.zeros(len(batch), dtype=np.int64)
            for c in scopes.of(question):
                key = key * (labels[c].max() + 1) + labels[c]
            alike = np.unique(np.column_stack([key, truth[:, column]]), axis=0)
            assert len(alike) == len(np.unique(key)), question
    assert tested > 10


def test_uneven_components_count_where_a_path_may_run_through_them() -> None:
    """z → u and not z → w can only be known beforehand: then whether z causes b depends on how u – w points."""
    names = "zuwb"
    mec = MarkovEquivalenceClass.from_dag(Dag(names, [("z", "u"), ("u", "w"), ("w", "b")]))
    scopes = Scopes(mec.cpdag)
    assert scopes.of(Causes("z", "b")) == {0}
    known = mec.with_knowledge(required=[("z", "u")])  # u → w → b follow
    assert Scopes(known.cpdag).of(Causes("z", "b")) == frozenset()


def test_all_questions_about_causes_may_be_asked_of_a_class() -> None:
    mec = cliques(3, 3)
    belief = ComponentBelief.uniform(mec)
    for kind in ("Causes", "DirectlyCauses", "Changes", "Independent"):
        questions = all_questions(mec.nodes, [kind])
        assert belief.askable(questions) == questions
    assert belief.component(Causes("v0", "v2")) == belief.component(DirectlyCauses("v1", "v2"))
    with pytest.raises(InvalidProposition, match="3 components"):
        belief.component(HaveCommonCause("v0", "v1"))
    with pytest.raises(InvalidProposition, match="sample"):
        belief.update([Answer(Causes("v0", "v1") & Causes("v3", "v4"), True)])
    with pytest.raises(UnknownVariable, match="y"):
        belief.update([Answer(Causes("v0", "y"), True)])


# --- against the whole class --------------------------------------------------------------------------


@pytest.mark.parametrize("channel", [Fixed(0.1), Agnostic(), LogOdds(), Correlated(correlation=0.3)])
@pytest.mark.parametrize("case", range(6))
def test_equal_to_the_exact_belief(channel: Channel, case: int) -> None:
    draw = np.random.default_rng(case)
    dag = forest([2, 3, 4, 3][: 2 + case % 3], case % 2, draw)
    mec = MarkovEquivalenceClass.from_dag(dag)
    if case == 5:
        mec = mec.with_knowledge(required=[next(edge for edge in dag.edges if edge not in mec.cpdag.directed)])
    answers = asked(mec, dag, 25, case)
    answers += [*answers[:4], Answer(Causes("x0", "x1"), None)]
    belief, exact = ComponentBelief.uniform(mec, channel), Belief.uniform(mec.batch(), channel)
    goals = all_questions(mec.nodes, ["Causes", "DirectlyCauses"])
    for part in (answers[:7], answers[7:8], answers[8:]):
        belief, exact = belief.update(part), exact.update(part)
        assert belief.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=1e-9)
        assert float((belief.edges - exact.edges).abs().max()) < 1e-9
        assert [belief.probability(q) for q in goals] == pytest.approx([exact.probability(q) for q in goals], abs=1e-9)
        assert belief.confidence == pytest.approx(exact.confidence, abs=1e-9)
        assert belief.kinds == pytest.approx(exact.kinds, abs=1e-9)
        assert belief.reliability.sensitivity == pytest.approx(exact.reliability.sensitivity, abs=1e-9)
        assert belief.reliability.specificity == pytest.approx(exact.reliability.specificity, abs=1e-9)
        for dag_, p in belief.top(5):
            number = exact.candidates.index(dag_)
            assert number is not None
            assert p == pytest.approx(float(exact.probabilities[number]), abs=1e-9)
        assert exact.entropy - 1e-9 <= belief.entropy <= exact.entropy + 0.1
        if not channel.learns:
            assert belief.entropy == pytest.approx(exact.entropy, abs=1e-9)
    assert belief.none_of_these.related == pytest.approx(exact.none_of_these.related)


@pytest.mark.parametrize("channel", [Fixed(0.1), Agnostic()])
def test_statements_joined_across_components(channel: Channel) -> None:
    dag = forest([3, 3, 2], 1, np.random.default_rng(2))
    mec = MarkovEquivalenceClass.from_dag(dag)
    answers = asked(mec, dag, 20, 1)
    belief = ComponentBelief.uniform(mec, channel).update(answers)
    exact = Belief.uniform(mec.batch(), channel).update(answers)
    p, q, r = (Causes(*edge) for edge in mec.cpdag.undirected[::2])
    for joined in (p & q, p | q, p & ~q & r, ~(p | ~r), ~(p & q & r)):
        assert belief.probability(joined) == pytest.approx(exact.probability(joined), abs=1e-9)


def test_draws_follow_the_posterior() -> None:
    """Shares of 4,000 draws within 5 standard errors of the exact probabilities of edges and of pairs of edges."""
    dag = forest([3, 4, 2], 1, np.random.default_rng(3))
    mec = MarkovEquivalenceClass.from_dag(dag)
    answers = asked(mec, dag, 15, 3)
    belief = ComponentBelief.uniform(mec).update(answers)
    exact = Belief.uniform(mec.batch()).update(answers)
    drawn = belief.sample(4000, seed=1)
    found = drawn.adjacency.double().flatten(1)
    pairs = found.T @ found / 4000
    every = exact.candidates.adjacency.double().flatten(1)
    wanted = every.T @ (every * exact.probabilities[:, None])
    assert bool(((pairs - wanted).abs() <= 5 * (wanted * (1 - wanted) / 4000).clamp(min=0).sqrt() + 1e-9).all())
    assert float(belief.probabilities.sum()) == pytest.approx(1)
    assert len(belief.sample(0)) == 0


# --- huge classes -------------------------------------------------------------------------------------


def test_more_than_ten_to_the_twenty_four_graphs() -> None:
    mec = cliques(12, 5)
    assert mec.size == math.factorial(5) ** 12 > 10**24
    truth = mec.sample(1, seed=3)[0]
    belief = ComponentBelief.uniform(mec, Fixed(0.1))
    assert belief.confidence == pytest.approx(1 / mec.size)
    assert belief.entropy == pytest.approx(math.log2(mec.size))
    questions = [q for q in all_questions(mec.nodes) if len(belief._scopes.of(q)) == 1 and not mec.excludes(q)]
    belief = belief.update(SimulatedOracle(truth, noise.Symmetric(0.1), seed=0).ask(questions * 6))
    assert belief.graph == truth
    assert belief.confidence > 0.9
    assert belief.size == mec.size


def test_the_claims_about_a_huge_class_are_true_as_often_as_they_say() -> None:
    """Truths drawn from the prior: of all claims about edges, the shares that hold, within 5 standard errors."""
    mec = cliques(12, 5)
    edges = [DirectlyCauses(a, b) for a, b in mec.cpdag.undirected]
    claimed, right = [], []
    for seed in range(12):
        truth = mec.sample(1, seed=seed)[0]
        chosen = np.random.default_rng(seed).choice(len(edges), 60, replace=False)
        answers = SimulatedOracle(truth, noise.Symmetric(0.1), seed=seed).ask([edges[k] for k in chosen])
        belief = ComponentBelief.uniform(mec, Fixed(0.1)).update(answers)
        p = np.array([belief.probability(edge) for edge in edges])
        claimed += np.maximum(p, 1 - p).tolist()
        right += [edge.holds(truth) == (q >= 0.5) for edge, q in zip(edges, p, strict=True)]
    sure = np.array(claimed)
    spread = 4 * math.sqrt(float((sure * (1 - sure)).sum())) / len(sure)  # a component's ten edges go together
    assert abs(sure.mean() - np.mean(right)) < 5 * spread


def test_the_product_of_chains_says_what_it_cannot_do() -> None:
    mec = cliques(1, 9)
    with pytest.raises(TooLarge, match="362,880"):
        ComponentBelief.uniform(mec)
    with pytest.raises(InvalidParameter, match=r"Correlated\(correlation=0.0\)"):
        ComponentBelief.uniform(cliques(2, 3), Learned())
    with pytest.raises(InvalidParameter, match="narrowed"):
        ComponentBelief.uniform(cliques(2, 3).given(Causes("v0", "v1"), True))


def test_a_class_of_one_and_texts() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("c", "b")]))
    belief = ComponentBelief.uniform(mec).update([Answer(Causes("a", "b"), True)])
    assert belief.confidence == pytest.approx(1)
    assert belief.graph == Dag("abc", [("a", "b"), ("c", "b")])
    assert torch.equal(belief.edges, belief.sample(1).adjacency[0].double())
    big = ComponentBelief.uniform(cliques(12, 5)).update([Answer(Causes("v0", "v1"), True)])
    assert "12 components of a class of 8,916,100,448,256,000,000,000,000, 1 answers" in repr(big)
    found = json.loads(big.to_json())
    assert (found["method"], found["candidates"], found["components"]) == ("components", 120**12, [120] * 12)
    assert len(big.explain(*(dag for dag, _ in big.top(2))).reasons) == 1


def test_members_kept_as_sets_say_the_same(monkeypatch):
    dag = forest([7, 5, 4], 3, np.random.default_rng(4))
    mec = MarkovEquivalenceClass.from_dag(dag)
    questions = all_questions(dag.nodes, kinds=["Causes", "DirectlyCauses"])
    told = SimulatedOracle(dag, 0.2, seed=1).ask(questions[::7])

    def said():
        belief = ComponentBelief.uniform(mec, Fixed(0.2)).update(told)
        numbers = [belief.probability(question) for question in questions]
        return belief, numbers, belief.edges, belief.sample(50, seed=3).adjacency, belief.top(4)

    written, numbers, edges, drawn, best = said()
    monkeypatch.setattr("causalpp.belief.huge._parts._WRITTEN", 0)
    packed, same, its_edges, its_draws, its_best = said()
    assert {type(part.candidates).__name__ for part in written.parts} == {"LocalBatch"}
    assert {type(part.candidates).__name__ for part in packed.parts} == {"PackedBatch"}
    assert same == pytest.approx(numbers)
    assert torch.allclose(its_edges, edges)
    assert its_draws.equal(drawn)
    assert [dag for dag, _ in its_best] == [dag for dag, _ in best]


def test_a_chain_of_hundreds_of_variables_is_exact():
    d = 420
    names = [f"v{i}" for i in range(d)]
    mec = MarkovEquivalenceClass.from_dag(Dag(names, list(pairwise(names))))
    belief = ComponentBelief.uniform(mec, Fixed(0.1))
    assert belief.size == d
    # the root is any of the variables, and v9 causes v400 where it is one of the first ten
    assert belief.probability(Causes("v9", "v400")) == pytest.approx(10 / d)
    assert belief.probability(DirectlyCauses("v400", "v399")) == pytest.approx(20 / d)
    after = belief.update([Answer(Causes("v9", "v400"), True)])
    assert after.probability(Causes("v9", "v400")) == pytest.approx(9 / (9 + d / 10 - 1))
    assert float(after.edges[9, 10]) == pytest.approx(9 / (9 + d / 10 - 1))
