"""Effects averaged over the posterior: the same as graph by graph, and intervals that keep what they promise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import errors
from causalpp.belief import Fixed
from causalpp.effects import AveragedEffect, average
from causalpp.graphs.random import all_dags

ASIA = cpp.load_network("asia")
CLASS = cpp.MarkovEquivalenceClass.from_dag(ASIA.dag)
ROWS = ASIA.simulate(2000, seed=1)

DIAMOND = cpp.MarkovEquivalenceClass.from_dag(cpp.Dag.from_edges([("x", "m"), ("m", "y"), ("x", "y"), ("y", "w")]))
NUMBERS: dict[str, Any] = {"treated": 1, "control": 0}


def uneven() -> cpp.Belief:
    return cpp.Belief.weighted(CLASS.batch(), [1, 2, 3, 4, 5, 6])


def linear(dag: cpp.Dag, draw: np.random.Generator) -> cpp.CausalProgram:
    return cpp.compile(
        dag,
        mechanisms={
            v: cpp.LinearGaussian(
                dag.parents(v), draw.normal(0, 1, len(dag.parents(v))).tolist(), scale=float(draw.uniform(0.5, 1.5))
            )
            for v in dag.nodes
        },
    )


def tables(dag: cpp.Dag, draw: np.random.Generator) -> cpp.CausalProgram:
    """Every row drawn from the prior that the fit has: the interval is then right on average by construction."""
    return cpp.compile(
        dag,
        mechanisms={
            v: cpp.Table((0, 1), dag.parents(v), draw.dirichlet([1, 1], size=(2,) * len(dag.parents(v))))
            for v in dag.nodes
        },
    )


def test_thin_tables_are_told_once() -> None:
    """Whatever is averaged, in bulk or graph by graph: one warning, the figures those of compile."""
    rng = np.random.default_rng(1)
    dag = cpp.Dag.from_edges([("site", "y"), ("x", "y")])
    frame = pd.DataFrame({"site": rng.integers(0, 15, 80).astype(str), "x": rng.integers(0, 2, 80)})
    frame["y"] = rng.integers(0, 2, 80)
    belief = cpp.Belief.uniform(cpp.MarkovEquivalenceClass.from_dag(dag).batch())
    with pytest.warns(errors.ImpreciseWarning) as alone:
        cpp.compile(dag, data=frame)
    for estimand in (cpp.ate, cpp.att):
        with pytest.warns(errors.ImpreciseWarning) as caught:
            average(belief, estimand, data=frame, treatment="x", outcome="y", draws=2)
        assert [str(w.message) for w in caught] == [f"in the most probable graph, {alone[0].message}"]


# --- what it says -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimand", "options"),
    [
        (cpp.ate, {}),
        (cpp.cde, {"fixing": {"bronc": "no"}}),
        (cpp.att, {}),
        (cpp.nde, {"mediator": "bronc"}),
        (cpp.pn, {}),
    ],
)
def test_every_graph_has_the_effect_that_it_has_by_itself(estimand: Callable[..., Any], options: Any) -> None:
    found = average(uneven(), estimand, data=ROWS, treatment="smoke", outcome="dysp", draws=5, **options)
    assert len(found.graphs) == 6
    for dag, _, value in found.by_graph:
        alone = estimand(cpp.compile(dag, data=ROWS), "smoke", "dysp", **options)
        assert value == pytest.approx(float(alone), abs=1e-12)
    assert found.weights.tolist() == pytest.approx([k / 21 for k in (6, 5, 4, 3, 2, 1)])
    assert found.mean == pytest.approx(sum(w * v for _, w, v in found.by_graph))
    assert (found.treated, found.control, found.state) == ("yes", "no", "yes")


@pytest.mark.parametrize(
    ("estimand", "options"),
    [
        (cpp.ate, {}),
        (cpp.att, {}),
        (cpp.cde, {"fixing": {"m": 0.3}}),
        (cpp.nde, {"mediator": "m"}),
        (cpp.nie, {"mediator": ["m"]}),
        (cpp.cate, {"given": {"w": 1.0}}),
    ],
)
def test_linear_effects_in_bulk(estimand: Callable[..., Any], options: Any) -> None:
    data = linear(next(DIAMOND.members(1)), np.random.default_rng(3)).simulate(5000, seed=1)
    belief = cpp.Belief.uniform(DIAMOND.batch())
    found = average(belief, estimand, data=data, treatment="x", outcome="y", draws=5, **NUMBERS, **options)
    for dag, _, value in found.by_graph:
        alone = estimand(cpp.compile(dag, data=data), "x", "y", **NUMBERS, **options)
        assert value == pytest.approx(float(alone), abs=1e-12)


def test_bulk_and_graph_by_graph_agree_in_law(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"data": ROWS, "treatment": "smoke", "outcome": "dysp", "draws": 150}
    bulk = average(uneven(), **options)
    monkeypatch.setattr("causalpp.effects._graphwise.Graphwise._in_bulk", lambda *_: None)
    single = average(uneven(), **options)
    assert single.values == pytest.approx(bulk.values, abs=1e-12)
    # Both standard deviations rest on 150 draws, with a relative standard error of 1/√300.
    assert single.draws.std(0) == pytest.approx(bulk.draws.std(0), rel=5 * math.sqrt(2 / 300))


def test_both_uncertainties() -> None:
    found = average(uneven(), data=ROWS, treatment="smoke", outcome="lung", draws=300)
    law = np.repeat(found.draws, np.rint(found.weights * 21).astype(int), axis=1)
    assert found.sd == pytest.approx(law.std(), rel=0.05)
    low, high = found.interval(0.8)
    assert low == 0  # more than a tenth of the mass is there: no effect at all
    assert np.mean(law > high) == pytest.approx(0.1, abs=0.01)
    assert found.graph_share + found.sampling_share == pytest.approx(1)
    sure = average(cpp.Belief.uniform(cpp.DagBatch.from_dags([ASIA.dag])), data=ROWS, treatment="smoke", outcome="lung")
    assert (sure.graph_share, sure.absent, sure.covered) == (0, 0, 1)
    effect = cpp.ate(cpp.compile(ASIA.dag, data=ROWS), "smoke", "lung", draws=400)
    assert sure.sd == pytest.approx(effect.draws.std(), rel=5 * math.sqrt(2 / 800))
    assert sure.interval(0.9) == pytest.approx(effect.interval(0.9), abs=4 * sure.sd / math.sqrt(400) * 2)


def test_where_the_treatment_does_not_cause_the_outcome() -> None:
    found = average(uneven(), data=ROWS, treatment="smoke", outcome="lung", draws=20)
    idle = [weight for dag, weight, _ in found.by_graph if not cpp.Causes("smoke", "lung").holds(dag)]
    assert found.absent == pytest.approx(sum(idle))
    assert 0 < found.absent < 1
    for number, (dag, _, value) in enumerate(found.by_graph):
        if not cpp.Causes("smoke", "lung").holds(dag):
            assert value == 0
            assert not found.draws[:, number].any()


def test_negligible_graphs_are_left_out_and_said_so() -> None:
    belief = cpp.Belief.weighted(CLASS.batch(), [0.9, 0.09, 0.006, 0.003, 0.0009, 0.0001])
    assert len(average(belief, data=ROWS, treatment="smoke", outcome="lung", draws=5).graphs) == 4
    few = average(belief, data=ROWS, treatment="smoke", outcome="lung", draws=5, negligible=0.05)
    assert len(few.graphs) == 2
    assert few.covered == pytest.approx(0.99)
    assert few.weights.sum() == pytest.approx(1)
    assert "99.0% of the posterior" in repr(few)
    doubtful = average(
        cpp.Belief.uniform(CLASS.batch()).with_alternatives(doubt=0.5),
        data=ROWS, treatment="smoke", outcome="lung", draws=5,
    )  # fmt: skip
    assert doubtful.covered == pytest.approx(0.5)
    assert "not established" in repr(doubtful)


def test_repeated_candidates_count_together() -> None:
    twice = cpp.DagBatch.from_dags([*CLASS.batch(), *CLASS.batch()])
    found = average(cpp.Belief.uniform(twice), data=ROWS, treatment="smoke", outcome="lung", draws=5)
    assert len(found.graphs) == 6
    assert found.weights == pytest.approx([1 / 6] * 6)


def test_real_and_discrete_columns_together() -> None:
    draw = np.random.default_rng(1)
    dose = draw.normal(size=400)
    cured = np.where(draw.random(400) < 1 / (1 + np.exp(-dose)), "yes", "no")
    mec = cpp.MarkovEquivalenceClass.from_dag(cpp.Dag.from_edges([("dose", "cured")]))
    data = pd.DataFrame({"dose": dose, "cured": cured})
    belief = cpp.Belief.uniform(mec.batch())
    found = average(belief, data=data, treatment="dose", outcome="cured", draws=5, **NUMBERS)
    assert found.absent == 0.5
    assert found.mean > 0.05
    again = average(belief, data=data, treatment="dose", outcome="cured", draws=5, **NUMBERS)
    assert again.draws.tolist() == found.draws.tolist()


def test_for_people_and_programs() -> None:
    found = average(uneven(), cpp.nie, data=ROWS, treatment="smoke", outcome="dysp", mediator="bronc", draws=20)
    assert repr(found).startswith("Natural indirect effect of smoke (yes against no) on P(dysp = yes) through bronc: ")
    values = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert values == found.to_dict()
    assert values["mean"] == float(found)
    assert len(values["graphs"]) == 6
    assert "<table>" in found._repr_html_()
    figure = found.plot()
    try:
        figure.canvas.draw()
        assert len(figure.axes) == 2
    finally:
        plt.close(figure)


# --- what is wrong ------------------------------------------------------------------------------------


def test_bad_input() -> None:
    belief = cpp.Belief.uniform(CLASS.batch())
    usual: dict[str, Any] = {"data": ROWS, "treatment": "smoke", "outcome": "dysp"}

    def ask(kind: type[Exception], match: str, estimand: Any = cpp.ate, **changed: Any) -> None:
        with pytest.raises(kind, match=match):
            average(belief, estimand, **{**usual, **changed})

    ask(errors.InvalidData, "no column 'asia'", data=ROWS.rename(columns={"asia": "Asia"}))
    ask(errors.InvalidParameter, "needs a data frame, got list", data=[1, 2])
    ask(errors.InvalidData, "missing values", data=ROWS.astype(object).mask(ROWS == "yes"))
    ask(errors.UnknownVariable, "did you mean 'smoke'", treatment="smok")
    ask(errors.UnknownVariable, "unknown variable 'cough'", outcome="cough")
    ask(errors.UnknownState, "unknown state 'maybe'", treated="maybe")
    ask(errors.InvalidParameter, "are both 'smoke'", outcome="smoke")
    ask(errors.InvalidParameter, "lies between 0 and 1", mass=1.0)
    ask(errors.InvalidParameter, "at least 2 posterior draws", draws=1)
    ask(errors.InvalidParameter, "negligible", negligible=1.0)
    ask(errors.TooLarge, "fewer draws", draws=1 << 27)
    ask(errors.InvalidParameter, "fixing", cpp.cde, fixing={})
    ask(errors.InvalidParameter, "without 400 posterior draws", lambda *_, **__: 1.0)
    latent = cpp.DagBatch.from_dags([cpp.Dag.from_edges([("u", "x"), ("u", "y")], latent={"u"})])
    with pytest.raises(errors.NotIdentified, match="latent variables, u"):
        average(cpp.Belief.uniform(latent), data=ROWS, treatment="x", outcome="y")


# --- intervals ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("make", [linear, tables])
def test_intervals_cover_with_the_graph_known(make: Callable[..., cpp.CausalProgram]) -> None:
    hits, runs = _covered(make, ask=False, runs=80)
    assert abs(hits / runs - 0.9) < 3.3 * math.sqrt(0.09 / runs)


@pytest.mark.slow
@pytest.mark.parametrize("make", [linear, tables])
def test_intervals_cover_with_the_graph_unknown(make: Callable[..., cpp.CausalProgram]) -> None:
    """An effect that is exactly zero in some graphs makes the interval cover more often than it must, not less."""
    hits, runs = _covered(make, ask=True, runs=80)
    assert hits / runs > 0.9 - 3.3 * math.sqrt(0.09 / runs)


def _covered(make: Callable[..., cpp.CausalProgram], *, ask: bool, runs: int) -> tuple[int, int]:
    """How often the 90 % interval holds the true effect; true graph, parameters, rows and answers are drawn anew."""
    batch = DIAMOND.batch()
    members, questions = list(batch), cpp.all_questions(batch.nodes)
    draw = np.random.default_rng(7)
    hits = done = 0
    while done < runs:
        truth = members[draw.integers(len(members))]
        if not ask and not cpp.Causes("x", "y").holds(truth):
            continue  # nothing to cover but zero
        program = make(truth, draw)
        data = program.simulate(200, seed=int(draw.integers(1 << 40)))
        if (data.nunique() < 2).any():
            continue
        belief = cpp.Belief.uniform(cpp.DagBatch.from_dags([truth]))
        if ask:
            oracle = cpp.SimulatedOracle(truth, cpp.noise.Symmetric(0.2), seed=done)
            some = [questions[k] for k in draw.choice(len(questions), 4, replace=False)]
            belief = cpp.Belief.uniform(batch, Fixed(0.2)).update(oracle.ask(some))
        found: AveragedEffect = average(
            belief, data=data, treatment="x", outcome="y", draws=100, seed=done, negligible=1e-6, **NUMBERS
        )
        low, high = found.interval(0.9)
        effect = cpp.ate(program, "x", "y", **NUMBERS).value
        hits += low - 1e-12 <= effect <= high + 1e-12
        done += 1
    return hits, done


def test_an_average_over_a_run_says_what_the_run_takes_for_granted() -> None:
    result = cpp.discover(CLASS, cpp.SimulatedOracle(ASIA.dag, 0.1, seed=1), max_questions=3)
    found = result.average(data=ROWS, treatment="smoke", outcome="lung", draws=5)
    assert found.given == result.given == found.to_dict()["given"] == "the class of 6 graphs"
    said = "of the posterior, given that the truth is in the class of 6 graphs, fitted to"
    assert said in repr(found)
    assert said in found._repr_html_()
    alone = average(result.belief, data=ROWS, treatment="smoke", outcome="lung", draws=5)
    assert "given that" not in repr(alone)
    assert alone.to_dict()["given"] is None
    assert (alone.mean, alone.sd) == (found.mean, found.sd)


# --- any weighted graphs --------------------------------------------------------------------------------


def test_any_weighted_graphs_are_averaged_over() -> None:
    """A belief, a class, a batch, graphs or pairs: the same weights, the same figures."""
    asked: dict[str, Any] = {"data": ROWS, "draws": 5, "seed": 3}
    contrast = cpp.Contrast("smoke", "dysp", treated="no", control="yes")
    members, weights = list(CLASS.batch()), [1, 2, 3, 4, 5, 6]
    uniform = average(cpp.Belief.uniform(CLASS.batch()), cpp.ate, contrast, **asked)
    for graphs in (CLASS, CLASS.batch(), members, iter(members), [(dag, 7.0) for dag in members]):
        found = average(graphs, cpp.ate, contrast, **asked)
        assert (found.values.tolist(), found.draws.tolist()) == (uniform.values.tolist(), uniform.draws.tolist())
        assert found.weights == pytest.approx(uniform.weights)
        assert (found.covered, found.drawn) == (pytest.approx(1.0), False)
        assert found.contrast == contrast.on(ASIA)
    assert "with 100.0% of the class" in repr(average(CLASS, cpp.ate, contrast, **asked))
    pairs = average(zip(members, weights, strict=True), cpp.ate, contrast, **asked)
    belief = average(uneven(), contrast=contrast, **asked)
    words = average(uneven(), cpp.ate, treatment="smoke", outcome="dysp", treated="no", **asked)
    assert pairs.mean == pytest.approx(belief.mean) == pytest.approx(words.mean)
    assert "with 100.0% of the weight" in repr(pairs)
    assert pairs.heading == "The effect, averaged over weighted graphs"
    by_hand = sum(w * cpp.ate(cpp.compile(g, data=ROWS, seed=3), contrast).value for g, w in zip(members, weights))
    assert pairs.mean == pytest.approx(by_hand / sum(weights), abs=1e-9)
    alone = average(ASIA.dag, cpp.ate, contrast, **asked)
    assert alone.graph_share == 0.0
    assert alone.mean == pytest.approx(cpp.ate(cpp.compile(ASIA.dag, data=ROWS, seed=3), contrast).value)


def test_of_a_large_class_members_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("causalpp.effects._weighted._LISTED", 4)
    found = average(CLASS, data=ROWS, treatment="smoke", outcome="lung", draws=2)
    assert found.drawn
    assert "drawn from the class" in repr(found)
    assert len(found.graphs) <= 4


def test_what_is_no_weighted_graphs_is_refused() -> None:
    dag, other = ASIA.dag, cpp.Dag.from_edges([("smoke", "dysp")])

    def ask(kind: type[Exception], match: str, graphs: Any, **said: Any) -> None:
        with pytest.raises(kind, match=match):
            average(graphs, data=ROWS, **{"treatment": "smoke", "outcome": "dysp", **said})

    for weight in (-1.0, math.nan, math.inf, "much", None):
        ask(errors.InvalidParameter, "numbers from 0 on", [(dag, 1.0), (dag, weight)])
    ask(errors.InvalidParameter, "not all of them 0", [(dag, 0.0)])
    ask(errors.InvalidParameter, "no graphs", [])
    table = cpp.Belief.from_table([[True, False], [False, True]])
    for nonsense in (["asia"], [3], [(dag, 1, 2)], [dag, None], 3, table):
        ask(errors.InvalidParameter, "give a belief, a class, a batch", nonsense)
    ask(errors.InvalidGraph, "other variables", [dag, other])
    ask(
        errors.InvalidParameter,
        "not both: treatment='smoke'",
        dag,
        contrast=cpp.Contrast("smoke", "lung"),
        outcome=None,
    )
    ask(errors.InvalidParameter, "outcome= is missing", dag, outcome=None)


@pytest.mark.parametrize("linear", [False, True])
def test_graphs_that_are_alike_in_what_an_effect_depends_on_are_one(linear: bool) -> None:
    """In every graph the number of a program of its own, whether in bulk or shared."""
    rng = np.random.default_rng(4)
    hidden = rng.normal(size=(120, 5)) @ rng.normal(size=(5, 5))
    frame = pd.DataFrame(hidden if linear else (hidden > 0).astype(int), columns=list("abcde"))
    graphs = cpp.DagBatch.from_dags(list(all_dags(list("abcde"))[::977]))
    asked: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (cpp.ate, {}), (cpp.att, {}), (cpp.cde, {"fixing": {"b": 1}}), (cpp.nde, {"mediator": "b"}),
    ]  # fmt: skip
    for estimand, options in asked:
        contrast = cpp.Contrast("a", "d", treated=1, control=0)
        found = average(graphs, estimand, contrast, data=frame, draws=2, negligible=0.0, **options)
        assert len(found.graphs) == len(graphs)
        for dag, _, value in found.by_graph:
            alone = estimand(cpp.compile(dag, data=frame, check=False), contrast, **options)
            assert value == pytest.approx(float(alone), abs=1e-10)


def test_of_more_graphs_than_can_be_computed_one_by_one_some_are_drawn_by_weight(monkeypatch) -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(size=60)
    data = pd.DataFrame(
        {"x": x, "s": np.where(x + draw.normal(size=60) > 0, "yes", "no"), "y": x + draw.normal(size=60)}
    )
    graphs = [(dag, 1 + k % 5) for k, dag in enumerate(all_dags(("x", "s", "y")))]
    options = {"data": data, "treatment": "x", "outcome": "y", "treated": 1, "control": 0, "draws": 50}
    exact = average(graphs, **options)
    assert not exact.drawn
    monkeypatch.setattr("causalpp.effects._graphwise._ONE_BY_ONE", 3)
    found = average(graphs, **options)
    assert found.drawn
    assert "drawn from the weight" in repr(found)
    assert len(found.graphs) < len(exact.graphs)
    assert found.weights.sum() == pytest.approx(1)
    assert (np.diff(found.weights) <= 0).all()
    assert found.absent == pytest.approx(exact.absent)  # graphs without a path need no computing
    assert found.mean == pytest.approx(exact.mean, abs=3 * math.sqrt(exact.sd**2 * exact.graph_share / 3))
    values = {frozenset(dag.edges): value for dag, _, value in exact.by_graph}
    assert all(values[frozenset(dag.edges)] == pytest.approx(value) for dag, _, value in found.by_graph)


def test_a_graph_that_cannot_be_fitted_says_what_to_do_in_an_average() -> None:
    draw = np.random.default_rng(3)
    data = pd.DataFrame(draw.integers(0, 2, (30, 4)), columns=list("abcd")).map(lambda value: ["no", "yes"][value])
    data["y"] = draw.normal(size=30)
    full = cpp.Dag(data.columns, [(name, "y") for name in "abcd"])
    for graphs, said in (
        ([full], "in the most probable graph, "),
        ([(cpp.Dag(full.nodes, [("a", "y")]), 3), full], "0.25"),
    ):
        with pytest.raises(errors.InvalidData, match=r"max_parents=2") as caught:
            average(
                [one if isinstance(one, tuple) else (one, 1) for one in graphs], data=data, treatment="a", outcome="y"
            )
        assert said in str(caught.value)
        assert "too few for the regression of 'y'" in str(caught.value)


def test_rows_in_which_variables_were_set_are_warned_of() -> None:
    net = cpp.load_network("cancer")
    seen, done = net.simulate(1000, seed=1), net.do(Cancer="True").simulate(50, seed=2)
    posterior = cpp.DagPosterior.from_data(seen, max_parents=1).with_rows(done, "Cancer")
    rows, contrast = pd.concat([seen, done], ignore_index=True), cpp.Contrast("Smoker", "Cancer")
    with pytest.warns(errors.ImpreciseWarning, match="in 50 of these 1,050 rows a variable was set, Cancer"):
        average(posterior, cpp.ate, contrast, data=rows, draws=5)
    with pytest.warns(errors.ImpreciseWarning, match="in 50 of these 1,050 rows"):
        cpp.Session(posterior).result().average(cpp.ate, contrast, data=rows, draws=5)
    assert average(posterior, cpp.ate, contrast, data=seen, draws=5).rows == 1000
