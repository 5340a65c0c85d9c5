"""A run under background knowledge asks only about the candidates that agree with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from causalpp import Dag, DagBatch, Knowledge, MarkovEquivalenceClass, SimulatedOracle, discover, errors, noise
from causalpp.acbo._start import narrowed, read_candidates
from causalpp.belief import one_edge_alternatives

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


def neighbours(candidates: set[Dag]) -> set[Dag]:
    """Every graph that one edge, added, removed or turned, makes of a candidate."""
    out = set()
    for dag in candidates:
        edges = set(dag.edges)
        for a in dag.nodes:
            for b in set(dag.nodes) - {a}:
                for changed in (edges - {(a, b)}, (edges - {(b, a)}) | {(a, b)}):
                    try:
                        out.add(Dag(dag.nodes, changed))
                    except errors.CyclicGraph:
                        continue
    return out - candidates


@pytest.mark.parametrize(
    "known",
    [
        KNOWN,
        Knowledge(required=[("a", "b")]),
        Knowledge(tiers=[["a", "b"], ["c", "d"]]),
        Knowledge(roots="a", forbidden=[("a", "d")]),
        Knowledge(search_space=[("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("a", "c")]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("how", ["told", "narrowed", "narrowed twice", "a batch"])
def test_what_may_be_true_instead_agrees_with_the_knowledge_too(known: Knowledge, how: str) -> None:
    class_ = MEC.with_knowledge(known)
    if how == "narrowed twice":
        class_ = MEC.with_knowledge(tiers=["a", "bcd"]).with_knowledge(known)  # with other tiers than some of known
        assert class_.size > 0
    candidates = MEC.batch() if how == "a batch" else MEC if how == "told" else class_
    said = known if how in ("told", "a batch") else None
    oracle = SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=2)
    result = discover(candidates, oracle, knowledge=said, kinds=["DirectlyCauses"], max_questions=2)
    others = result.belief.alternatives
    left = set(result.belief.candidates)
    allowed = {dag for dag in neighbours(left) if known.allows(dag)}
    if how == "narrowed twice":
        allowed = {dag for dag in allowed if not dag.parents("a")}
    if len(left) == 1:  # nothing to ask, nor to compare with
        assert others is None
    else:
        assert others is not None
        assert set(others) == allowed
    looked_at = result.belief.none_of_these
    assert looked_at.graph is None or looked_at.graph in allowed


def test_nothing_that_the_knowledge_allows_is_left_to_compare_with() -> None:
    known = Knowledge(
        required=[("b", "c"), ("c", "d")],
        forbidden=[("a", "c"), ("a", "d"), ("b", "d"), ("c", "a"), ("d", "a"), ("d", "b")],
    )
    batch = DagBatch.from_dags([dag for dag in MEC.members() if known.allows(dag)])
    assert len(batch) == 2  # a → b and b → a; beside them only the graph without that edge
    alone = one_edge_alternatives(batch, knowledge=known)
    assert alone is not None
    assert [dag.edges for dag in alone] == [(("b", "c"), ("c", "d"))]
    strict = known | Knowledge(required=[("a", "b")])
    assert one_edge_alternatives(batch[:1] if strict.allows(batch[0]) else batch[1:], knowledge=strict) is None


def test_what_a_class_is_learned_under_is_known_to_the_loop() -> None:
    rows = simulated()
    known = Knowledge(tiers=[["a", "b"], ["c", "d"]], forbidden=[("a", "d"), ("c", "d"), ("d", "c")])
    class_ = MarkovEquivalenceClass.from_data(rows, "ges", knowledge=known)
    assert class_.size > 1
    result = discover(class_, SimulatedOracle(Dag("abcd", class_.batch()[0].edges), noise.Symmetric(0.1), seed=1))
    assert result.belief.alternatives is not None
    assert all(known.allows(dag) for dag in result.belief.alternatives)


def simulated() -> pd.DataFrame:
    source = np.random.default_rng(3)
    a = source.normal(size=800)
    b = a + source.normal(size=800)
    c = b + source.normal(size=800)
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": b + source.normal(size=800)})
