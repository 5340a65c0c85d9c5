"""What a run may be given: candidates in any form, and clear words for what is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from causalpp import Causes, Dag, DagBatch, MarkovEquivalenceClass, Session, SimulatedOracle, discover, noise
from causalpp.acbo import AcboConfig
from causalpp.acbo._start import read_candidates
from causalpp.errors import InvalidGraph, InvalidParameter

TRUTH = Dag.from_edges([("c", "b"), ("b", "a"), ("c", "d")])
CLASS = MarkovEquivalenceClass.from_dag(TRUTH)
HIDDEN, OPEN = Dag("abc", [("a", "b")], latent={"c"}), Dag("abc", [("b", "a")])


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ([], "no candidate graphs"),
        (None, "must be an equivalence class"),
        (3, "must be an equivalence class"),
        ([HIDDEN, OPEN], r"latent \[\] against"),
        ([(HIDDEN, 1), (OPEN, 1)], "latent variables"),
        ([(DagBatch.from_dags([HIDDEN]), 1), (OPEN, 1)], "latent variables"),
    ],
)
def test_candidates_that_are_none(candidates: Any, said: str) -> None:
    with pytest.raises(InvalidGraph, match=said):
        discover(candidates, SimulatedOracle(TRUTH, noise.Symmetric(0.1)))


def test_weights_of_any_number_type() -> None:
    one, two = list(CLASS.members())[:2]
    pairs: list[Any] = [(one, np.int64(1)), (two, np.float32(3))]
    _, weights = read_candidates(pairs, 10, None, 0)
    assert weights is not None
    assert weights.tolist() == [1.0, 3.0]


def test_a_sample_has_no_graphs_of_weight_zero() -> None:
    pairs = [(dag, float(k < 2)) for k, dag in enumerate(CLASS.members())]
    batch, _ = read_candidates(pairs, 10, 3, 0)
    assert list(batch) == [pairs[0][0], pairs[1][0]]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"goal": "a causes b"}, "a goal is a proposition"),
        ({"kinds": []}, "kinds of question"),
        ({"kinds": 7}, "kinds of question"),
        ({"seed": 1.5}, "whole number"),
        ({"seed": None}, "'seed' is a whole number"),
        ({"max_questions": "5"}, "'max_questions' is a whole number"),
        ({"conditioning": 1.5}, "'conditioning' is a whole number from 0 on"),
        ({"max_questions": 2.5}, "whole number"),
        ({"max_questions": float("inf")}, "whole number"),
        ({"channel": "Fixed"}, "noise model"),
    ],
)
def test_options_that_are_none(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        discover(CLASS, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), **options)


@pytest.mark.parametrize(
    "options", [{"panel": True}, {"panel": 2.5}, {"batch": 1.5}, {"votes": float("nan")}, {"votes": "3"}, {"sample": 0}]
)
def test_settings_that_are_no_whole_numbers(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter, match="whole number"):
        AcboConfig(**options)


def test_whole_numbers_in_floats_are_whole_numbers() -> None:
    def run(name: str, two: Any) -> dict[str, Any]:
        oracle = SimulatedOracle(TRUTH, noise.Symmetric(0.1), seed=1)
        return discover(CLASS, oracle, seed=two, max_questions=two, config=AcboConfig(**{name: two})).to_dict()

    for name in ("batch", "sample", "panel", "votes"):
        assert run(name, 2) == run(name, 2.0)


def test_the_bound_knows_the_prior_the_goal_and_the_liar() -> None:
    def run(candidates: Any, error: float = 0.1, **options: Any) -> Any:
        return discover(candidates, SimulatedOracle(TRUTH, noise.Symmetric(error), seed=1), **options)

    even = run(CLASS)
    assert even.prior_entropy is None
    uneven = run([(dag, 9 if dag == TRUTH else 1) for dag in CLASS.members()])
    share = np.array([0.75, 1 / 12, 1 / 12, 1 / 12])
    assert uneven.prior_entropy == pytest.approx(-(share * np.log2(share)).sum())
    assert 0 < uneven.bound(0.1) < even.bound(0.1)
    goal = run(CLASS, goal=Causes("a", "b"))
    assert 0 < goal.bound(0.1) < even.bound(0.1)
    liar = run(CLASS, error=0.95)
    assert liar.belief.reliability.error > 0.5
    assert liar.bound() < 10


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"config": 5}, "'config' is an AcboConfig"),
        ({"kinds": [3]}, "unknown kind of question 3"),
        ({"kinds": ["Causes", None]}, "unknown kind of question None"),
        ({"kinds": "Loves"}, "unknown kind of question 'Loves'"),
        ({"confidence": "high"}, "'confidence' is a number, got 'high'"),
        ({"confidence": None}, "'confidence' is a number"),
        ({"knowledge": 5}, "'knowledge' is a Knowledge"),
        ({"limit": "x"}, "'limit' is a whole number"),
    ],
)
def test_settings_that_are_none(settings: Any, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        discover(CLASS, SimulatedOracle(TRUTH, noise.Symmetric(0.1)), **settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"further": "abc"}, "'further' has pairs"),
        ({"further": [3]}, "'further' has pairs"),
        ({"further": [("Changes", "x")]}, "'further' has pairs"),
        ({"further": [("Loves", 0)]}, "unknown kind of question 'Loves'"),
        ({"joint": "x"}, "'joint' is True or False"),
        *(({name: "x"}, f"'{name}' is a number") for name in ("doubt", "unrelated", "chance", "least_gain", "missing")),
        *(({name: "x"}, f"'{name}' is a number") for name in ("outcome_cost", "contradiction")),
    ],
)
def test_further_settings_that_are_none(settings: Any, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said):
        AcboConfig(**settings)


def test_yes_and_no_as_numpy_and_torch_say_them() -> None:
    for said, value in (
        (np.True_, True),
        (np.array(False), False),
        (torch.tensor(True), True),
        (np.array([False]), False),
    ):
        session = Session(CLASS, seed=1)
        session.ask()
        session.tell(said)  # type: ignore[arg-type]
        assert session.answers[0].value is value


def test_further_kinds_in_any_sequence() -> None:
    assert AcboConfig(further=[["Changes", 1]]).further == (("Changes", 1),)  # type: ignore[arg-type]
