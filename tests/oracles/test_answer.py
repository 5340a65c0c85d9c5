"""What can stand in an answer: values as NumPy, torch or a table has them are Python's own, and others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from causalpp import Answer, Causes, Dag, MarkovEquivalenceClass, SimulatedOracle, discover, noise
from causalpp.errors import InvalidParameter
from causalpp.oracles import Oracle, Request

TRUTH = Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")])
ASKED = Causes("a", "b")


@pytest.mark.parametrize("kind", [np.bool_, np.array, torch.tensor, int, np.int64, bool])
@pytest.mark.parametrize("value", [True, False])
def test_any_yes_or_no_is_one(kind: Any, value: bool) -> None:
    answer = Answer(ASKED, kind(value))
    assert answer.value is value
    assert answer.word == ("yes" if value else "no")
    assert Answer.from_dict(answer.to_dict()) == answer


@pytest.mark.parametrize("value", ["yes", 0.8, float("nan"), 2, -1, [True], np.array([True, False]), np.float64(1)])
def test_what_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InvalidParameter, match="True for yes, False for no, or None"):
        Answer(ASKED, value)


@pytest.mark.parametrize("odds", [np.float32(1.5), torch.tensor(1.5), 1.5])
def test_log_odds_are_a_number(odds: Any) -> None:
    assert type(Answer(ASKED, True, log_odds=odds).log_odds) is float
    assert Answer(ASKED, True, log_odds=float("nan")).log_odds is None
    for none in ("high", [1.0, 2.0]):
        with pytest.raises(InvalidParameter, match="log-odds"):
            Answer(ASKED, True, log_odds=none)  # type: ignore[arg-type]


class Counting(Oracle):
    """Answers as a simulated oracle does, in a type of its own."""

    nature = "human"
    fingerprint = "counting"

    def __init__(self, kind: Any) -> None:
        self.kind, self.others = kind, SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=0)

    def _answer(self, request: Request) -> Answer:
        return Answer(request.question, self.kind(self.others._answer(request).value))


def test_a_run_takes_as_many_questions_whoever_says_yes() -> None:
    mec = MarkovEquivalenceClass.from_dag(TRUTH)
    first, second = (discover(mec, Counting(kind), seed=1) for kind in (bool, np.bool_))
    assert len(first.transcript) == len(second.transcript)
    assert first.graph == second.graph
