"""Optimisation by trials: effects against closed forms, trajectories against a loop written out, files, bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp.cbo import CallableSystem, Measured, ProgramSystem, Session, Trial, do_effect, optimize
from causalpp.cbo.worlds import WORLDS, random_world, toy
from causalpp.errors import FormatError, InvalidData, InvalidParameter, UnknownVariable

LINE = cpp.Dag.from_edges([("X", "Z"), ("Z", "Y")])


def linear(edges, noise=1.0, latent=()):
    """A linear-Gaussian program with the given slopes, and its graph."""
    dag = cpp.Dag.from_edges(list(edges), latent=latent)
    mechanisms = {
        name: cpp.LinearGaussian(dag.parents(name), [edges[p, name] for p in dag.parents(name)], scale=noise)
        for name in dag.nodes
    }
    return cpp.compile(dag, mechanisms=mechanisms)


# --- what rows say ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edges", "latent", "names", "slope", "how"),
    [
        ({("x", "y"): 1.5}, (), ["x"], [1.5], "regression on x"),
        ({("z", "x"): 1.0, ("z", "y"): 2.0, ("x", "y"): -1.0}, (), ["x"], [-1.0], "adjustment for z"),
        (
            {("u", "x"): 1.0, ("u", "y"): 2.0, ("x", "m"): 1.0, ("m", "y"): -1.0},
            ("u",),
            ["x"],
            [-1.0],
            "simulation through x, m",
        ),
        ({("x", "z"): 1.0, ("z", "y"): 0.7, ("w", "y"): 0.4}, (), ["z", "w"], [0.7, 0.4], "regression on z, w"),
        ({("y", "x"): 1.0}, (), ["x"], [0.0], "the mean of the rows"),
    ],
)  # fmt: skip
def test_linear_effects_are_found_within_their_spread(edges, latent, names, slope, how):
    program = linear(edges, latent=latent)
    rows = program.simulate(400, seed=3)[list(program.dag.observed)]
    found = do_effect(program.dag, names, "y", rows, seed=1)
    assert found.how == how
    points = torch.tensor([[-1.0] * len(names), [0.0] * len(names), [1.0] * len(names)], dtype=torch.double)
    drawn = found(points)
    rise = drawn[:, 2] - drawn[:, 0]
    # 400 rows, noise 1 (3 with the confounder): the standard error of a slope is below .15, twice that of a difference
    assert abs(float(rise.mean()) - 2 * sum(slope)) < 4 * 0.3 * 2**0.5
    assert float(rise.std()) < 0.9


def test_an_effect_that_rows_cannot_tell_has_none():
    bow = linear({("u", "x"): 1.0, ("u", "y"): 1.0, ("x", "y"): 1.0}, latent=("u",))
    assert do_effect(bow.dag, ["x"], "y", bow.simulate(50, seed=0)[["x", "y"]]) is None


# --- trajectories -----------------------------------------------------------------------------------------------------


def test_with_a_flat_prior_and_one_set_it_is_plain_bayesian_optimisation():
    """A loop written out: BoTorch's default model, log expected improvement, the best of a grid."""
    from botorch.acquisition.analytic import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.mlls import ExactMarginalLogLikelihood

    def world(values):
        return math.sin(values["Z"]) + 0.1 * values["Z"], 0.05

    session = Session(LINE, "Y", {"Z": (-3.0, 3.0)}, sets=[["Z"]], prior="flat", seed=4)
    x, y = [], []
    for number in range(1, 9):
        trial = session.ask()
        if number > 1:
            values = np.array(y)
            size = values.std(ddof=1) if len(y) > 1 else 1.0
            scaled = torch.tensor(-(values - values.mean()) / size)[:, None]
            at = torch.tensor(x, dtype=torch.double)[:, None]
            error = torch.full_like(scaled, (0.05 / size) ** 2 + 1e-6)
            model = SingleTaskGP(at, scaled, train_Yvar=error, outcome_transform=None)
            mll = ExactMarginalLogLikelihood(model.likelihood, model)
            fit_gpytorch_mll(mll, optimizer_kwargs={"options": {"maxiter": 50}})
            model.eval()
            grid = torch.linspace(0, 1, 2001, dtype=torch.double)[:, None]
            with torch.no_grad():
                best = float(model.posterior(at).mean.max())
                scores = LogExpectedImprovement(model, best)(grid[:, None])
                chosen = torch.tensor([[[(trial.values["Z"] + 3) / 6]]], dtype=torch.double)
                mine = LogExpectedImprovement(model, best)(chosen)
            # the session looks at fewer points: it must be as good as the best of the grid to .05 in the logarithm
            assert float(mine) > float(scores.max()) - 0.05, number
        found, error = world(trial.values)
        x.append((trial.values["Z"] + 3) / 6)
        y.append(found)
        session.tell(trial, found, error)


def test_the_toy_is_solved_and_its_idle_set_is_not_tried():
    world = toy()
    found = optimize(world.program, outcome="Y", interventions=world.interventions, trials=15, seed=2)
    assert set(found.trials["set"]) == {"Z"}
    true = ProgramSystem(world.program).mean(found.values, "Y")
    assert true < -2.172 + 0.1
    assert abs(found.mean - true) < 4 * found.deviation + 0.02


def test_dear_sets_are_tried_less():
    world = WORLDS["psa"]()
    rows = world.program.simulate(100, seed=1)
    session = Session(world.dag, "psa", world.interventions, data=rows, costs={"aspirin": 50.0, "statin": 1.0}, seed=0)
    system = ProgramSystem(world.program)
    for _ in range(4):
        trial = session.ask()
        assert "aspirin" not in trial.values
        session.tell(trial, system.trial(trial.values, "psa", trial.number))
    assert session.result().cost == sum(told.cost for told in session.told)


@pytest.mark.parametrize("policy", ["logei", "kg", "thompson"])
def test_what_is_large_can_be_wanted(policy):
    def world(values):
        return -((values["Z"] - 1.0) ** 2), 0.01

    found = optimize(CallableSystem(world), dag=LINE, outcome="Y", interventions={"Z": (-3, 3)}, goal="max", trials=10,
                     sets=[["Z"]], policy=policy, observations=0)  # fmt: skip
    assert abs(found.values["Z"] - 1.0) < 0.2
    assert found.mean > -0.1


# --- uncertain graphs -------------------------------------------------------------------------------------------------


def test_trials_tell_graphs_apart():
    program = linear({("x", "y"): 2.0, ("z", "x"): 1.0})
    graphs = [(program.dag, 0.3), (cpp.Dag.from_edges([("y", "x"), ("x", "z")]), 0.7)]
    rows = program.simulate(200, seed=0)
    session = Session(graphs, "y", {"x": (-2, 2), "z": (-2, 2)}, data=rows, sets=[["x"]], seed=0)
    system, before = ProgramSystem(program), float(session.weights[0])
    for x in (-2.0, 2.0, 0.0):  # y moves by 8 where x is set: the second graph foretells no change
        session.tell({"x": x}, system.trial({"x": x}, "y", 5))
    assert before == pytest.approx(0.3)
    assert float(session.weights[0]) > 0.7


def test_an_oracle_is_asked_where_graphs_disagree_on_what_is_best():
    """Whether z stands before or behind x turns the effect of x on y around: −1 or, through z, about +.5."""
    program = linear({("z", "x"): 1.0, ("z", "y"): 3.0, ("x", "y"): -1.0})
    before, behind = program.dag, cpp.Dag.from_edges([("x", "z"), ("z", "y"), ("x", "y")])
    graphs = [(before, 0.5), (behind, 0.5)]
    given = {"outcome": "y", "interventions": {"x": (-2, 2)}, "data": program.simulate(200, seed=0), "seed": 0}
    oracle = cpp.SimulatedOracle(before, noise=cpp.noise.Symmetric(0.05), seed=1)
    asked = optimize(program, dag=graphs, oracle=oracle, question_cost=0.01, trials=3, **given)
    assert asked.answers
    assert asked.cost == pytest.approx(asked.trials["cost"].sum() + 0.01 * len(asked.answers))
    assert asked.values["x"] > 1.5
    assert dict(asked.graphs)[before] > 0.8
    assert dict(optimize(program, dag=graphs, trials=1, **given).graphs)[before] < 0.95

    dear = Session(graphs, "y", {"x": (-2, 2)}, data=given["data"], question_cost=1e6, seed=0)
    assert isinstance(dear.ask(), Trial)


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_run_that_was_stopped_goes_on_with_the_same_trials(tmp_path):
    world = random_world(3, 4)
    rows = world.program.simulate(60, seed=0)
    rows = rows[list(world.dag.observed)]
    system = ProgramSystem(world.program)

    def run(trials, path):
        return optimize(
            system, outcome="y", interventions=world.interventions, data=rows, trials=trials, path=path, seed=5
        )

    whole = run(5, tmp_path / "whole.json")
    run(2, tmp_path / "parts.json")
    parts = run(5, tmp_path / "parts.json")
    pd.testing.assert_frame_equal(whole.trials, parts.trials)
    assert json.loads(whole.to_json())["trials"][0]["set"] == whole.trials["set"][0]
    with pytest.raises(FormatError, match="its seed differs"):
        optimize(
            system, outcome="y", interventions=world.interventions, data=rows, path=tmp_path / "whole.json", seed=6
        )
    (tmp_path / "none.json").write_text("{}")
    with pytest.raises(FormatError, match="no optimisation"):
        run(1, tmp_path / "none.json")


# --- bad input --------------------------------------------------------------------------------------------------------


def test_trials_that_failed_are_kept_and_not_made_again():
    session = Session(LINE, "Y", {"Z": (0.0, 1.0)}, sets=[["Z"]], seed=0)
    for found in (math.nan, None, math.inf):
        trial = session.ask()
        session.tell(trial, found)
    tried = [told.values["Z"] for told in session.told]
    assert min(abs(a - b) for i, a in enumerate(tried) for b in tried[:i]) > 0.02
    assert session.result().trials["value"].isna().all()


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"interventions": {"Z": (1, 1)}}, InvalidParameter, "empty"),
        ({"interventions": {"Z": (0, math.inf)}}, InvalidParameter, "not finite"),
        ({"interventions": {"Z": 3}}, InvalidParameter, "two numbers"),
        ({"interventions": {}}, InvalidParameter, "names the variables"),
        ({"interventions": {"Q": (0, 1)}}, UnknownVariable, "Q"),
        ({"interventions": {"Y": (0, 1)}}, InvalidParameter, "outcome"),
        ({"outcome": "X", "interventions": {"Z": (0, 1)}}, InvalidParameter, "no intervention can move it"),
        ({"costs": math.inf}, InvalidParameter, "finite and above zero"),
        ({"costs": {"Z": 0}}, InvalidParameter, "finite and above zero"),
        ({"costs": {"Q": 1}}, UnknownVariable, "Q"),
        ({"base": -1}, InvalidParameter, "from 0 on"),
        ({"goal": "best"}, InvalidParameter, "'min' or 'max'"),
        ({"policy": "ucb"}, InvalidParameter, "logei"),
        ({"prior": "none"}, InvalidParameter, "'effect' or 'flat'"),
        ({"sets": []}, InvalidParameter, "empty"),
        ({"sets": [["Y"]]}, InvalidParameter, "not among interventions"),
        ({"data": pd.DataFrame({"X": [1.0] * 20, "Z": [1.0] * 20})}, InvalidData, "no column 'Y'"),
        ({"data": pd.DataFrame({"X": [1.0] * 3, "Z": [1.0] * 3, "Y": [1.0] * 3})}, InvalidData, "too few"),
        ({"data": pd.DataFrame({"X": [math.nan] * 20, "Z": [1.0] * 20, "Y": [1.0] * 20})}, InvalidData, "'X'"),
        ({"question_cost": 0}, InvalidParameter, "above zero"),
        ({"dag": []}, InvalidParameter, "weights"),
        ({"dag": 3}, InvalidParameter, "a graph"),
    ],
)  # fmt: skip
def test_what_cannot_be_optimised_is_refused(change, error, says):
    given = {"dag": LINE, "outcome": "Y", "interventions": {"Z": (0.0, 1.0)}} | change
    with pytest.raises(error, match=says):
        Session(given.pop("dag"), given.pop("outcome"), given.pop("interventions"), **given)


def test_what_is_told_is_checked():
    session = Session(LINE, "Y", {"Z": (0.0, 1.0)}, seed=0)
    for values, error, says in [
        ({"Z": 2.0}, None, "outside"),
        ({"X": 0.0}, None, "cannot be set"),
        ({}, None, "not tried"),
        ({"Z": 0.5}, -1.0, "standard error"),
    ]:
        with pytest.raises(InvalidParameter, match=says):
            session.tell(values, 1.0, error)
    session.tell({"Z": 0.5}, Measured(1.0, 0.1))
    assert len(session.told) == 1
    assert isinstance(session.ask(), Trial)
    with pytest.raises(InvalidData, match="a trial gives"):
        CallableSystem(lambda values: "good").trial({}, "Y", 0)
    for option, says in (
        ({"trials": 2.5}, "whole number"),
        ({"budget": -1}, "above zero"),
        ({"sets": [["Z"], ["Z"]]}, "twice"),
    ):
        with pytest.raises(InvalidParameter, match=says):
            optimize(lambda values: 1.0, dag=LINE, outcome="Y", interventions={"Z": (0, 1)}, **option)
    with pytest.raises(InvalidParameter, match="say dag="):
        optimize(lambda values: 1.0, outcome="Y", interventions={"Z": (0, 1)})
    with pytest.raises(InvalidParameter, match="a system is"):
        optimize(3, outcome="Y", interventions={"Z": (0, 1)})


def test_constant_columns_and_pictures():
    rows = pd.DataFrame({"X": np.arange(20.0), "Z": np.ones(20), "Y": np.arange(20.0) % 3})
    session = Session(LINE, "Y", {"Z": (0.0, 2.0)}, data=rows, seed=0)
    session.tell(session.ask(), 1.0)
    session.tell(session.ask(), None)
    axes = session.result().plot()
    assert axes.get_ylabel() == "mean of Y"


def test_graphs_that_use_rows_differently_share_no_process():
    rng = np.random.default_rng(0)
    w = rng.normal(size=60)
    x, z = w + rng.normal(size=(2, 60))
    rows = pd.DataFrame({"W": w, "X": x, "Z": z, "Y": w + 2 * x - 3 * z})
    both = [
        cpp.Dag.from_edges([("W", "X"), ("W", "Z"), ("W", "Y"), (idle, acts), (acts, "Y")])
        for idle, acts in (("X", "Z"), ("Z", "X"))
    ]
    found = [do_effect(dag, ["X", "Z"], "Y", rows) for dag in both]
    assert found[0].how == found[1].how == "adjustment for W"
    assert found[0].formula != found[1].formula
    bounds = {"X": (-1, 1), "Z": (-1, 1)}
    session = Session([(dag, 0.5) for dag in both], "Y", bounds, data=rows, sets=[("X", "Z")])
    assert len(session.result().priors["X, Z"]) == 2


def test_a_file_is_that_of_the_same_prices_and_sets(tmp_path):
    dag, path = cpp.Dag.from_edges([("X", "Y")]), tmp_path / "a.json"

    def run(price):
        bounds = {"X": (0, 1)}
        return optimize(lambda v: v["X"], outcome="Y", interventions=bounds, dag=dag, trials=1, path=path, costs=price)

    run({"X": lambda value: 1 + value})
    assert len(run({"X": lambda value: value + 1}).trials) == 1
    with pytest.raises(FormatError, match="costs"):
        run({"X": lambda value: 9 - value})
    with pytest.raises(InvalidParameter, match="no price"):
        optimize(lambda v: v["X"], outcome="Y", interventions={"X": (0, 1)}, dag=dag, costs={"X": lambda value: "dear"})
    state = json.loads(path.read_text())
    state["told"][0]["values"] = {"Q": 3.0}
    path.write_text(json.dumps(state))
    with pytest.raises(FormatError, match="sets that are not tried"):
        run({"X": lambda value: 1 + value})
    path.write_text(json.dumps({"settings": [], "told": [], "answers": [], "order": []}))
    with pytest.raises(FormatError, match="optimisation"):
        run(1.0)


def test_a_function_may_fail():
    replies = iter([None, (math.nan, math.nan), 1.0])
    dag = cpp.Dag.from_edges([("X", "Y")])
    found = optimize(lambda _: next(replies), outcome="Y", interventions={"X": (0, 1)}, dag=dag, trials=3)
    assert found.trials["value"].isna().tolist() == [True, True, False]


def test_rows_with_one_value_tell_of_no_other():
    rows = pd.DataFrame({"X": np.ones(20), "Y": np.arange(20.0)})
    dag = cpp.Dag.from_edges([("X", "Y")])
    assert do_effect(dag, ["X"], "Y", rows) is None
    assert Session(dag, "Y", {"X": (0, 1)}, data=rows).result().priors == {"X": ("flat",)}
    assert do_effect(dag, ["X"], "Y", rows.assign(X=np.arange(20.0))[::-1]) is not None  # a view from the end
