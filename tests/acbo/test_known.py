"""A run under background knowledge asks only about the candidates that agree with it."""

from __future__ import annotations

import pytest
import torch

from causalpp import Dag, DagBatch, Knowledge, MarkovEquivalenceClass, SimulatedOracle, discover, errors, noise
from causalpp.acbo._candidates import narrowed, read_candidates

TRUTH = Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")])
MEC = MarkovEquivalenceClass.from_dag(TRUTH)
KNOWN = Knowledge(forbidden=[("b", "a")])


@pytest.mark.parametrize("form", ["class", "batch", "list"])
def test_every_form_of_candidates_is_narrowed(form: str) -> None:
    members = list(MEC.members())
    candidates = {"class": MEC, "batch": DagBatch.from_dags(members), "list": members}[form]
    batch, _ = read_candidates(narrowed(candidates, KNOWN), 1000, None, 0)
    assert set(batch) == {dag for dag in members if KNOWN.allows(dag)} == {TRUTH}
    result = discover(candidates, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), knowledge=KNOWN)
    assert result.graph == TRUTH
    assert discover(candidates, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), knowledge=Knowledge()).graph == TRUTH
    with pytest.raises(errors.InvalidGraph):
        discover(candidates, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), knowledge=Knowledge(required=[("a", "d")]))


def test_weights_are_those_of_what_is_left() -> None:
    """A class, a batch and a graph with weights: as if every member had its share, and some are struck out."""
    other = MarkovEquivalenceClass.from_dag(Dag("abcd", [("a", "b"), ("c", "b")]))
    known = Knowledge(forbidden=[("b", "c")])
    sets = [(MEC, 2.0), (DagBatch.from_dags(other.members()), 1.0), (TRUTH, 3.0)]
    batch, weights = read_candidates(narrowed(sets, known), 1000, None, 0)
    whole, before = read_candidates(sets, 1000, None, 0)
    kept = known.holds(whole)
    assert weights is not None
    assert before is not None
    expected = {dag: float(w) for dag, w in zip(whole[kept], before[kept], strict=True)}
    found = {dag: float(w) for dag, w in zip(batch, weights, strict=True)}
    scale = sum(expected.values()) / sum(found.values())
    assert {dag: pytest.approx(w) for dag, w in expected.items()} == {dag: w * scale for dag, w in found.items()}
    assert torch.all(known.holds(batch))
