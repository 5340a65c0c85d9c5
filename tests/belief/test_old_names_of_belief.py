"""The names of 0.1 still work, and say what they are called now."""

from __future__ import annotations

import pytest
import torch

from causalpp import Answer, Belief, Causes, Dag, DagBatch, belief
from causalpp.belief import Agnostic, Fixed, Predictive, Record

PAIR = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])


@pytest.mark.parametrize(("old", "new"), [("Evidence", Record), ("Forecast", Predictive), ("Outlook", Predictive)])
def test_names(old: str, new: object) -> None:
    with pytest.warns(DeprecationWarning, match="since 0.2"):
        assert getattr(belief, old) is new


def test_attributes() -> None:
    now = Belief.uniform(PAIR, Fixed(0.1)).update([Answer(Causes("a", "b"), True)])
    question = [Causes("b", "a")]
    truth, once = torch.tensor([[True], [False]]), torch.tensor([1])
    pairs = [
        (lambda: now.evidence, lambda: now.record),
        (lambda: now.evidence.graphs, lambda: now.record.hypotheses),
        (lambda: now.log_evidence, lambda: now.log_marginal_likelihood),
        (lambda: now.outlook(question).weights.tolist(), lambda: now.predictive(question).weights.tolist()),
        (lambda: now.law(question).tolist(), lambda: now.joint_predictive(question).tolist()),
        (
            lambda: Agnostic().log_evidence_of(truth, once, 1 - once).tolist(),
            lambda: Agnostic().log_likelihood_of(truth, once, 1 - once).tolist(),
        ),
    ]
    for old, new in pairs:
        with pytest.warns(DeprecationWarning, match="since 0.2"):
            found = old()
        assert found is new() or found == new()
