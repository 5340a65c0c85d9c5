"""Experiments in a run that go wrong, cost what nobody pays, or are of no use any more."""

from __future__ import annotations

import asyncio
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.belief import Fixed
from causalpp.design import Costs
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.posterior import DagPosterior

DRAW = np.random.default_rng(1)
CAUSE = DRAW.integers(0, 2, 80)
ROWS = pd.DataFrame({"a": CAUSE, "b": np.where(DRAW.random(80) < 0.85, CAUSE, 1 - CAUSE), "c": DRAW.integers(0, 2, 80)})
TRUTH = cpp.Dag("abc", [("a", "b")])
DEAR = Costs(question=1000.0)


def lab(target: str, rows: int) -> pd.DataFrame:
    """Rows of the truth in which one variable is set at random."""
    draw = np.random.default_rng(rows)
    out = pd.DataFrame(draw.integers(0, 2, (rows, 3)), columns=list("abc"))
    if target != "b":
        out["b"] = np.where(draw.random(rows) < 0.85, out["a"], 1 - out["a"])
    return out


def run(experiments: object, costs: object = DEAR, **settings: object) -> cpp.Result:
    oracle = cpp.SimulatedOracle(TRUTH, cpp.noise.Symmetric(0.1), seed=1)
    settings = {"channel": Fixed(0.1), "max_questions": 2, "seed": 1} | settings
    return cpp.discover(DagPosterior.from_data(ROWS), oracle, experiments=experiments, costs=costs, **settings)


@pytest.mark.parametrize("who", [42, {"a": ROWS}, cpp.load_network("cancer")])
def test_who_does_no_experiments_is_refused_before_anything_is_asked(who: object) -> None:
    with pytest.raises(InvalidParameter, match="experiments are done by an ExperimentOracle") as caught:
        run(who)
    assert not hasattr(caught.value, "result")


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ({"question": 1}, "costs come as Costs"),
        (Costs(variables=dict.fromkeys("abc", math.inf)), "no variable can be set"),
        (Costs(row=math.inf), "no variable can be set"),
    ],
)
def test_costs_that_nobody_can_pay_are_refused_before_anything_is_asked(costs: object, said: str) -> None:
    with pytest.raises(InvalidParameter, match=said) as caught:
        run(lab, costs)
    assert not hasattr(caught.value, "result")


@pytest.mark.parametrize("candidates", [cpp.MarkovEquivalenceClass.from_dag(TRUTH), [TRUTH]])
def test_experiments_need_a_posterior(candidates: object) -> None:
    with pytest.raises(InvalidParameter, match="experiments are data"):
        cpp.discover(candidates, cpp.SimulatedOracle(TRUTH, cpp.noise.Symmetric(0.1)), experiments=lab)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.assign(c=np.nan), "a value is missing in each of the 30 rows, most often of 'c'"),
        (lambda rows: pd.concat([rows, rows[["a"]]], axis=1), "two columns 'a'"),
        (lambda rows: rows.rename(columns={"c": "d"}), "no column 'c'"),
        (lambda rows: rows.iloc[:0], "no rows"),
    ],
)
def test_rows_that_cannot_be_learned_are_refused_and_change_nothing(change, said: str) -> None:
    session = cpp.Session(DagPosterior.from_data(ROWS), channel=Fixed(0.1))
    session.tell_experiment(lab("a", 20), "a")
    before = session.result().belief.edges
    with pytest.raises(InvalidData, match=said):
        session.tell_experiment(change(lab("a", 30)), "a")
    assert len(session.result().experiments) == 1
    assert bool((session.result().belief.edges == before).all())


def test_rows_with_a_state_that_a_column_was_declared_not_to_have_are_refused() -> None:
    words = pd.DataFrame({name: pd.Categorical(np.where(ROWS[name], "yes", "no")) for name in ROWS})
    posterior = DagPosterior.from_data(words)
    with pytest.raises(InvalidData, match="the rows have 'c' = 'Yes', and its states are no, yes"):
        posterior.with_rows(words.assign(c="Yes"), "a")
    assert posterior.with_rows(words.astype(str), "a").rows.frame["c"].dtype == words["c"].dtype


def test_an_error_says_what_came_before_it() -> None:
    done: list[str] = []

    def broken(target: str, rows: int) -> pd.DataFrame:
        done.append(target)
        if len(done) > 1:
            raise RuntimeError("the lab is on fire")
        return lab(target, 3)

    with pytest.raises(RuntimeError, match="on fire") as caught:
        run(broken)
    assert caught.value.__notes__ == [
        "the 0 answers and 1 experiments before it are in the attribute 'result' of this error"
    ]
    assert len(caught.value.result.experiments) == 1


def test_a_goal_that_is_settled_ends_experiments_too() -> None:
    posterior = DagPosterior.from_data(pd.concat([ROWS] * 4), interventions=["a"] * 320)
    goal = cpp.Causes("a", "b")
    assert posterior.probability(goal) > 0.99
    result = cpp.discover(posterior, cpp.ExperimentOracle({"c": lab("c", 30)}), goal=goal, channel=Fixed(0.1))
    assert not result.experiments
    assert result.stopped_because == "the question is settled: a causes b"
    assert run(lab, goal=goal, confidence=0.9).stopped_because == "the question is settled: a causes b"


def test_what_was_measured_once_is_learned_once_and_who_cannot_be_set_is_not() -> None:
    frames = {"a": lab("a", 30), "b": lab("b", 30)}
    costs = Costs(question=1000.0, variables={"b": math.inf})
    result = run(cpp.ExperimentOracle(frames), costs, confidence=0.9999)
    assert [step.target for step in result.experiments] == ["a"]
    assert len(result.transcript) == 2


def test_the_run_inside_an_event_loop_experiments_as_the_other_does() -> None:
    posterior = DagPosterior.from_data(ROWS)
    oracle = cpp.ExperimentOracle({"a": lab("a", 20)})
    one = cpp.discover(posterior, oracle, seed=1)
    other = asyncio.run(cpp.discover_async(posterior, oracle, seed=1))
    assert one.experiments == other.experiments != ()
    assert not other.transcript
    asked = cpp.SimulatedOracle(TRUTH, cpp.noise.Symmetric(0.1), seed=1)
    both = asyncio.run(
        cpp.discover_async(posterior, asked, experiments=oracle, costs=DEAR, channel=Fixed(0.1), max_questions=1)
    )
    assert both.experiments
    assert len(both.transcript) == 1


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"rows": 30}, InvalidParameter, "numbers of rows to choose among"),
        ({"seed": -1}, InvalidParameter, "seed"),
        ({"costs": 3}, InvalidParameter, "costs come as"),
        ({"targets": "d"}, UnknownVariable, "'d'"),
    ],
)
def test_what_is_asked_of_a_plan(options: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        cpp.Session(DagPosterior.from_data(ROWS)).propose_experiment(**options)


def test_one_target_is_one_and_costs_of_a_variable_with_any_name_are_looked_at() -> None:
    session = cpp.Session(DagPosterior.from_data(ROWS))
    assert session.propose_experiment(targets="b", rows=[20], simulations=2).target == "b"
    with pytest.raises(InvalidParameter, match="'question'"):
        Costs(variables={"question": -3})
    with pytest.raises(InvalidParameter, match="maps a variable"):
        Costs(variables=[("a", 3)])


@pytest.mark.parametrize(
    "frame",
    [
        ROWS.assign(c=DRAW.normal(size=80)).apply(lambda column: pd.cut(column, 2)),
        ROWS.astype("Int64").mask(DRAW.random(ROWS.shape) < 0.05),
        ROWS.astype("boolean").mask(DRAW.random(ROWS.shape) < 0.05),
        pd.DataFrame(DRAW.normal(size=(40, 3)), columns=list("abc")).map(lambda value: Decimal(f"{value:.3f}")),
    ],
    ids=["cut", "Int64", "boolean", "Decimal"],
)
@pytest.mark.filterwarnings("ignore::causalpp.errors.IncompleteDataWarning")
def test_sessions_with_columns_of_any_type_are_saved_and_go_on(tmp_path, frame: pd.DataFrame) -> None:
    with cpp.Session(DagPosterior.from_data(frame), channel=Fixed(0.1)) as session:
        session.tell_experiment(frame.sample(20, random_state=1), "b")
        session.save(tmp_path / "run.json")
        edges = session.result().belief.edges
    with cpp.Session.load(tmp_path / "run.json") as again:
        assert float((again.result().belief.edges - edges).abs().max()) < 1e-12
        again.tell_experiment(frame.sample(20, random_state=2), "a")
        assert [step.target for step in again.result().experiments] == ["b", "a"]
