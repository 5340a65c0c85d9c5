"""Which questions a run may ask where there are very many, and runs over classes of many variables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from causalpp import (
    Causes,
    Changes,
    Dag,
    HaveCommonCause,
    Independent,
    MarkovEquivalenceClass,
    SimulatedOracle,
    all_questions,
    discover,
    noise,
)
from causalpp.acbo import _questions
from causalpp.acbo._questions import askable, drawn_questions, further_questions, how_many
from causalpp.belief import ComponentBelief, ParticleBelief
from causalpp.graphs import erdos_renyi
from causalpp.propositions import truth_table


def wide(pairs: int, settled: int) -> Dag:
    """Pairs that may be directed freely, each the head of a settled chain, beside settled colliders."""
    edges = [(f"a{k}", f"b{k}") for k in range(pairs)]
    for k in range(settled):
        edges += [(f"x{k}", f"z{k}"), (f"y{k}", f"z{k}"), (f"z{k}", f"w{k}")]
    return Dag.from_edges(edges)


@pytest.mark.parametrize("kinds", [["Causes"], ["Changes"], ["Causes", "Independent"], [HaveCommonCause, "Changes"]])
@pytest.mark.parametrize("conditioning", [0, 1, 2])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_they_are_counted(kinds: list[str], conditioning: int, d: int) -> None:
    assert how_many(d, kinds, conditioning) == len(all_questions("abcde"[:d], kinds=kinds, conditioning=conditioning))


def test_few_are_all_asked() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c")]))
    draw = np.random.default_rng(0)
    assert askable(mec, ["Changes"], 1, None, draw) == all_questions("abc", kinds=["Changes"], conditioning=1)
    assert draw.integers(1 << 30) == np.random.default_rng(0).integers(1 << 30)  # nothing was drawn for it


@pytest.mark.parametrize("kinds", [["Causes"], ["Changes"], ["DirectlyCauses", "Independent"]])
def test_of_many_those_are_kept_that_tell_members_apart(kinds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_questions, "_MOST", 60)
    for seed in range(5):
        mec = MarkovEquivalenceClass.from_dag(erdos_renyi(12, expected_degree=1.8, seed=seed)[0])
        members = mec.batch()
        goal = Causes(mec.nodes[0], mec.nodes[-1])
        found = askable(mec, kinds, 1, goal, np.random.default_rng(seed))
        every = all_questions(mec.nodes, kinds=kinds, conditioning=1)
        assert set(found) <= set(every)
        assert len(set(found)) == len(found)
        if "Independent" not in kinds:
            apart = [len(torch.unique(truth_table(some, members), dim=0)) for some in (found, every)]
            assert apart[0] == apart[1] == len(members)


@pytest.mark.parametrize(("kind", "held"), [("Changes", 2), ("Causes", 0), ("HaveCommonCause", 0), ("Independent", 1)])
def test_drawn_ones_are_of_the_kind_and_about_open_variables(kind: str, held: int) -> None:
    names = [f"v{k}" for k in range(40)]
    found = drawn_questions(kind, held, names, ["v3", "v4"], 50, np.random.default_rng(1))
    assert len(set(found)) == len(found) == 50
    assert all({"v3", "v4"} & set(question.variables) for question in found)
    for question in found:
        fixed = question.holding if isinstance(question, Changes) else getattr(question, "given", frozenset())
        assert len(fixed) == held
        assert isinstance(question, (Causes, Changes, HaveCommonCause, Independent))


def test_further_questions_of_many_variables() -> None:
    """Two fixed among 120 variables: 80 million questions, of which a few are drawn."""
    dag = wide(2, 30)
    mec = MarkovEquivalenceClass.from_dag(dag)
    members = mec.batch()
    found, truth = further_questions("Changes", 2, members, len(members), np.random.default_rng(2))
    assert 0 < len(found) < 1_000
    assert torch.equal(truth, truth_table(found, members))
    assert len(torch.unique(truth, dim=0)) > 1


@pytest.mark.parametrize("limit", [1_000, 4])
def test_a_run_over_hundreds_of_variables(limit: int) -> None:
    """Free pairs beside 240 settled variables: a few questions about each pair, none about the others once trusted."""
    pairs = 18 if limit > 4 else 3
    truth = wide(pairs, 60)
    mec = MarkovEquivalenceClass.from_dag(truth)
    result = discover(mec, SimulatedOracle(truth, noise.Symmetric(1e-9)), limit=limit, seed=1, max_questions=400)
    assert isinstance(result.belief, ComponentBelief)
    assert result.graph == truth
    assert result.belief.confidence > 0.95


def test_a_large_clique_among_many_settled_variables() -> None:
    names = [f"k{i}" for i in range(10)]
    settled = [edge for k in range(60) for edge in ((f"x{k}", f"z{k}"), (f"y{k}", f"z{k}"))]
    truth = Dag.from_edges([*itertools.combinations(names, 2), *settled])
    mec = MarkovEquivalenceClass.from_dag(truth)
    oracle = SimulatedOracle(truth, noise.Symmetric(0.01), seed=1)
    result = discover(mec, oracle, seed=1, max_questions=6, goal=Causes("k0", "k9"), limit=1_000, confidence=0.99)
    assert isinstance(result.belief, ParticleBelief)
    assert result.belief.candidates[0].nodes == mec.nodes
    assert result.to_dict()["graph"]["nodes"] == list(mec.nodes)
    assert result.belief.probability(Causes("k0", "k9")) > 0.5
