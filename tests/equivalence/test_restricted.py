"""Classes narrowed by statements, against filtering the list of members."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy import stats

from causalpp import Causes, Changes, Dag, DirectlyCauses, HaveCommonCause, MarkovEquivalenceClass, errors
from causalpp.equivalence import RestrictedClass, restricted
from causalpp.graphs import complete, erdos_renyi
from causalpp.propositions import Proposition, all_questions


def some_statement(mec: MarkovEquivalenceClass, rng: np.random.Generator) -> Proposition:
    questions = all_questions(mec.nodes, kinds=["Causes", "DirectlyCauses", "Changes", "HaveCommonCause"])
    p, q = (questions[k] for k in rng.choice(len(questions), 2, replace=False))
    return (p, p & ~q, p | q)[int(rng.integers(3))]


@pytest.mark.parametrize("seed", range(12))
def test_against_filtering(seed: int) -> None:
    rng = np.random.default_rng(seed)
    dag = erdos_renyi(6, expected_degree=3, seed=seed)[0]
    mec = MarkovEquivalenceClass.from_dag(dag)
    for _ in range(4):
        p = some_statement(mec, rng)
        for value in (True, False):
            left = {member for member in mec.members() if p.holds(member) == value}
            if not left:
                with pytest.raises(errors.InvalidProposition):
                    mec.given(p, value)
                continue
            narrowed = mec.given(p, value)
            assert narrowed.size == len(left)
            assert set(narrowed.members()) == set(narrowed.batch()) == left
            assert set(narrowed.sample(50, seed=1)) <= left
            q = some_statement(mec, rng)
            truths = {q.holds(member) for member in left}
            assert narrowed.entails(q) == (truths == {True})
            assert narrowed.excludes(q) == (truths == {False})
            assert narrowed.probability(q) == pytest.approx(np.mean([q.holds(member) for member in left]))
            if q.holds(next(iter(left))):
                assert set(narrowed.given(q).members()) == {member for member in left if q.holds(member)}


def test_a_class_too_large_to_go_through() -> None:
    dag = complete(12, n=1, seed=0)[0]
    narrowed = MarkovEquivalenceClass.from_dag(dag).given(~Causes("X1", "X2") & Causes("X3", "X1"))
    assert narrowed.entails(Causes("X3", "X1") & Causes("X2", "X1"))
    with pytest.raises(errors.TooLarge, match="estimate_size"):
        _ = narrowed.size
    with pytest.raises(errors.TooLarge, match="limit"):
        narrowed.batch(10)
    estimate, error = narrowed.estimate_size(4000, seed=1)
    truth = 479_001_600 / 3  # X1 comes last of the three in a third of all orders
    assert abs(estimate - truth) < 4.5 * error
    drawn = narrowed.sample(30, seed=2)
    assert len(drawn) == len(narrowed.batch(30, sample=True)) == 30
    assert bool((~Causes("X1", "X2") & Causes("X3", "X1")).holds(drawn).all())
    assert len(list(narrowed.members(5))) == 5


def test_sampling_is_uniform_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    dag = complete(5, n=1, seed=0)[0]
    condition = Causes("X1", "X2") | Causes("X3", "X2")
    for tried in (1_000_000, 119):  # listed, and (for a class of 120) drawn until they fit
        monkeypatch.setattr(restricted, "_TRIED", tried)
        narrowed = MarkovEquivalenceClass.from_dag(dag).given(condition)
        fitting = {member: k for k, member in enumerate(narrowed.members())}
        distinct, counts = narrowed.sample(600, seed=3).unique()
        seen = np.zeros(len(fitting))
        for member, count in zip(distinct, counts.tolist(), strict=True):
            seen[fitting[member]] = count
        assert seen.sum() == 600
        assert stats.chisquare(seen).pvalue > 1e-4


def test_repr_pickle_and_misuse() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")]))
    narrowed = mec.given(Causes("a", "c"), False)
    assert "given (a does not cause c)" in repr(narrowed)
    assert isinstance(narrowed, RestrictedClass)
    assert set(pickle.loads(pickle.dumps(narrowed)).members()) == set(narrowed.members())
    assert narrowed != mec
    with pytest.raises(errors.UnknownVariable):
        mec.given(Causes("a", "z"))
    with pytest.raises(errors.InvalidProposition):
        narrowed.given(DirectlyCauses("a", "b") & HaveCommonCause("a", "c"))
    with pytest.raises(errors.InvalidParameter):
        narrowed.sample(-1)
    with pytest.raises(errors.InvalidParameter):
        narrowed.estimate_size(1)
    assert mec.given(Changes("a", "c", holding="b"), False).size == 3


def test_knowledge_keeps_the_conditions() -> None:
    chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
    narrowed = chain.given(Causes("a", "d"), False).with_knowledge(forbidden=[("d", "c")])
    known = [dag for dag in chain.members() if "d" not in dag.descendants("a") and ("d", "c") not in dag.edges]
    assert set(narrowed.members()) == set(known)
    assert 0 < len(known) < chain.with_knowledge(forbidden=[("d", "c")]).size
