"""Rows of experiments in a run: the same as from all rows at once, undone, saved; and which experiment is the next."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp import errors
from causalpp.belief import Fixed
from causalpp.design import Costs, plan_experiments
from causalpp.graphs import all_dags
from causalpp.posterior import DagPosterior
from causalpp.propositions import Causes

NET = cpp.load_network("cancer")
ROWS = NET.simulate(300, seed=0)
SET = NET.do(Cancer="True").simulate(40, seed=1), NET.do(Smoker="False").simulate(60, seed=2)


def session(**settings) -> cpp.Session:
    return cpp.Session(DagPosterior.from_data(ROWS), channel=Fixed(0.1), seed=3, **settings)


def test_a_run_that_is_told_experiments_is_as_from_all_rows_and_answers_at_once() -> None:
    run = session()
    run.ask()
    run.tell(True)
    run.tell_experiment(SET[0], "Cancer")
    run.ask()
    run.tell(cpp.Answer(Causes("Smoker", "Cancer"), True))
    run.tell_experiment(SET[1], ["Smoker"] * 60)
    told = [None] * 300 + ["Cancer"] * 40 + ["Smoker"] * 60
    pooled = DagPosterior.from_data(pd.concat([ROWS, *SET], ignore_index=True), interventions=told)
    other = cpp.Session(pooled, channel=Fixed(0.1), seed=3)
    other.tell(run.answers)
    assert torch.allclose(run.result().belief.edges, other.result().belief.edges, atol=1e-12)
    result = run.result()
    assert [(step.target, step.rows, step.after) for step in result.experiments] == [
        ("Cancer", 40, 1),
        ("Smoker", 60, 2),
    ]
    assert result.given == "data (BDeu, 400 rows) under no hidden common causes"
    assert "and 2 experiments (interventional data, 100 rows)" in repr(result)
    assert result.to_dict()["experiments"][0]["nature"] == "interventional data"
    assert sum(result.natures.values()) == 2  # experiments are no answers
    assert "interventional data" in result.report()


def test_an_experiment_is_taken_back_and_kept_in_the_file(tmp_path) -> None:
    run = session()
    run.ask()
    run.tell(True)
    before, asked = run.result().belief.edges, run.ask()
    run.tell_experiment(SET[0], "Cancer")
    after, following = run.result().belief.edges, run.ask()
    assert run.undo() == ()
    assert torch.equal(run.result().belief.edges, before)
    assert run.ask() == asked
    run.tell_experiment(SET[0], "Cancer")
    assert run.ask() == following
    with run:
        run.save(tmp_path / "run.json")
    with cpp.Session.load(tmp_path / "run.json") as again:
        assert torch.allclose(again.result().belief.edges, after, atol=1e-12)
        assert again.ask() == following
        assert [one.target for one in again.result().experiments] == ["Cancer"]
        again.tell_experiment(SET[1], "Smoker")  # the rows are still there
        assert again.undo() == ()
        assert again.undo() == ()
        assert torch.allclose(again.result().belief.edges, before, atol=1e-12)


def test_what_cannot_be_told() -> None:
    mec = cpp.MarkovEquivalenceClass.from_dag(NET.dag)
    with pytest.raises(errors.InvalidParameter, match="starts from a posterior"):
        cpp.Session(mec).tell_experiment(SET[0], "Cancer")
    with pytest.raises(errors.UnknownVariable):
        session().tell_experiment(SET[0], ["nobody"] * 40)
    with pytest.raises(errors.InvalidParameter, match="finite cost"):
        session().propose_experiment(Costs(variables=dict.fromkeys(NET.dag.nodes, math.inf)))
    with pytest.raises(errors.InvalidParameter, match="cost"):
        Costs(question=0)


# --- which experiment ----------------------------------------------------------------------------------


def brute_force(frame: pd.DataFrame, target: int, n: int, runs: int, seed: int) -> tuple[float, float]:
    """Expected bits of an experiment over all 25 graphs of three binary variables, by counting, and its error."""
    rng = np.random.default_rng(seed)
    dags = [np.array(dag.adjacency) for dag in all_dags(3)]
    data = frame.to_numpy()

    def score(rows: np.ndarray, adjacency: np.ndarray, v: int) -> float:
        above = np.flatnonzero(adjacency[:, v])
        total = 0.0
        for states in itertools.product((0, 1), repeat=len(above)):
            some = rows[(rows[:, above] == states).all(1), v]
            each = 1 / 2 / 2 ** len(above)
            total += math.lgamma(2 * each) - math.lgamma(2 * each + len(some)) - 2 * math.lgamma(each)
            total += sum(math.lgamma(each + (some == state).sum()) for state in (0, 1))
        return total

    before = np.array([sum(score(data, dag, v) for v in range(3)) for dag in dags])
    prior = np.exp(before - before.max())
    prior /= prior.sum()
    gains = []
    for _ in range(runs):
        dag = dags[rng.choice(len(dags), p=prior)]
        new = np.zeros((n, 3), dtype=int)
        done: set[int] = set()
        while len(done) < 3:
            for v in set(range(3)) - done:
                above = np.flatnonzero(dag[:, v])
                if v == target:
                    new[:, v] = rng.integers(0, 2, n)
                elif set(above.tolist()) <= done:
                    each = 1 / 2 / 2 ** len(above)
                    for states in itertools.product((0, 1), repeat=len(above)):
                        old = data[(data[:, above] == states).all(1), v]
                        p = rng.beta(each + old.sum(), each + len(old) - old.sum())
                        here = (new[:, above] == states).all(1)
                        new[here, v] = rng.random(here.sum()) < p
                else:
                    continue
                done.add(v)
        both = np.concatenate([data, new])
        log = np.array(
            [sum(score(both, one, v) - score(data, one, v) for v in range(3) if v != target) for one in dags]
        ) + np.log(prior)
        after = np.exp(log - log.max())
        after /= after.sum()
        gains.append(-(prior @ np.log2(prior)) + (after[after > 0] @ np.log2(after[after > 0])))
    return float(np.mean(gains)), float(np.std(gains, ddof=1) / math.sqrt(runs))


def test_the_information_of_an_experiment_against_brute_force() -> None:
    rng = np.random.default_rng(5)
    a = rng.integers(0, 2, 40)
    b = np.where(rng.random(40) < 0.85, a, 1 - a)
    c = np.where(rng.random(40) < 0.75, b, 1 - b)
    frame = pd.DataFrame({"X1": a, "X2": b, "X3": c})
    posterior = DagPosterior.from_data(frame)
    exact = cpp.Session(posterior).result().belief  # all 25 graphs, with their probabilities
    found = {one.target: one for one in plan_experiments(exact, posterior, rows=[25], simulations=150, seed=1)}
    for target, name in enumerate(frame):
        bits, error = brute_force(frame, target, 25, 150, seed=2)
        one = found[name]
        assert abs(one.bits - bits) < 4 * math.hypot(error, one.standard_error)
    assert found["X2"].bits > 0.2


def test_what_data_cannot_split_is_settled_by_the_experiments_that_are_proposed() -> None:
    """A chain of three: its class has three members, equally probable whatever the number of rows observed."""
    truth = cpp.compile(
        cpp.Dag("abc", [("a", "b"), ("b", "c")]),
        mechanisms={
            "a": cpp.LinearGaussian((), [], scale=1.0),
            "b": cpp.LinearGaussian(("a",), [0.9], scale=1.0),
            "c": cpp.LinearGaussian(("b",), [0.9], scale=1.0),
        },
    )
    posterior = DagPosterior.from_data(truth.simulate(2000, seed=1))
    assert posterior.top(1)[0][1] < 0.34
    result = cpp.discover(posterior, cpp.ExperimentOracle(truth, seed=2), seed=1)
    assert result.graph == truth.dag
    assert result.belief.confidence > 0.95
    assert not result.transcript
    assert 1 <= len(result.experiments) <= 4
    assert result.stopped_because == "the most probable graph reached the confidence asked for"


def test_costs_decide_between_asking_and_experimenting() -> None:
    run = session()
    cheap = run.worth(Costs(question=100.0, experiment=1.0), rows=[50], simulations=4)
    dear = run.worth(Costs(question=1.0, experiment=1000.0), rows=[50], simulations=4)
    assert not cheap.ask
    assert dear.ask
    assert str(cheap).endswith("the experiment is worth more per cost")
    assert str(dear).endswith("the question is worth more per cost")
    oracle = cpp.SimulatedOracle(NET.dag, cpp.noise.Symmetric(0.1), seed=1)
    result = cpp.discover(
        DagPosterior.from_data(ROWS), oracle, experiments=cpp.ExperimentOracle(NET, seed=1),
        costs=Costs(question=1.0, experiment=2.0, row=0.01, variables=dict.fromkeys(NET.dag.nodes[1:], math.inf)),
        channel=Fixed(0.1), max_questions=3, seed=1,
    )  # fmt: skip
    assert result.experiments
    assert result.oracle_nature == "simulated"
    assert all(step.answer.nature == "simulated" for step in result.transcript)
