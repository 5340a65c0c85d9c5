"""What columns are to programs: counts, ages and scores, truth values, copies, and fits that do not fit."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.cli import main
from causalpp.columns import read_columns
from causalpp.graphs.random import all_dags
from causalpp.programs.fitting.diagnostics import family_cells


def benefits(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """An age, a count, and a treatment with the effect −.4, none of which depends on another."""
    draw = np.random.default_rng(seed)
    fin = draw.integers(0, 2, n)
    return pd.DataFrame(
        {
            "age": draw.integers(17, 45, n),
            "prio": draw.poisson(3, n),
            "fin": fin,
            "y": (draw.random(n) < 0.6 - 0.4 * fin).astype(int),
        }
    )


STAR = Dag(["age", "prio", "fin", "y"], [("age", "y"), ("prio", "y"), ("fin", "y")])


def regression(frame: pd.DataFrame, treatment: str, outcome: str, others: list[str]) -> tuple[float, float]:
    """The coefficient by least squares, and its standard error."""
    x = np.column_stack([np.ones(len(frame)), frame[treatment], frame[others]]).astype(float)
    y = frame[outcome].to_numpy(dtype=float)
    inverse = np.linalg.inv(x.T @ x)
    weights = inverse @ x.T @ y
    rest = y - x @ weights
    return float(weights[1]), float(np.sqrt(rest @ rest / (len(y) - x.shape[1]) * inverse[1, 1]))


def test_ages_and_counts_do_not_shrink_an_effect() -> None:
    frame = benefits()
    expected, error = regression(frame, "fin", "y", ["age", "prio"])
    program = cpp.compile(STAR, data=frame)
    assert [type(program.mechanism(v)).__name__ for v in STAR.nodes] == [
        "LinearGaussian",
        "Poisson",
        "Table",
        "Logistic",
    ]
    assert abs(cpp.ate(program, "fin", "y", samples=20_000).value - expected) < error / 2
    assert abs(cpp.adjusted_effect(frame, "fin", "y", ["age", "prio"], method="regression").value - expected) < 1e-9
    table = program.fit.columns
    assert {c.name: c.kind for c in table.columns} == {
        "age": "real",
        "prio": "count",
        "fin": "discrete",
        "y": "discrete",
    }


def test_what_is_said_is_kept_to_and_thin_tables_are_told() -> None:
    frame = benefits()
    kinds = {"age": "discrete", "prio": "discrete"}
    with pytest.warns(errors.ImpreciseWarning, match=r"configurations of the parents of 'y' have fewer than 5 rows"):
        program = cpp.compile(STAR, data=frame, kinds=kinds)
    found = program.fit.diagnostics.cells[0]
    counted = frame.groupby(["age", "prio", "fin"]).size()
    states = [len(program.states(v)) for v in ("age", "prio", "fin")]
    assert found.configurations == np.prod(states)
    assert found.empty == found.configurations - len(counted)
    assert found.rare == found.configurations - (counted >= 5).sum()
    assert abs(cpp.ate(program, "fin", "y").value) < 0.3  # the right value is −.4
    real = cpp.compile(STAR, data=frame, kinds={"y": "real", "fin": "real", "prio": "real"})
    assert not any(real.is_discrete(v) for v in STAR.nodes)
    expected, _ = regression(frame, "fin", "y", ["age", "prio"])
    assert cpp.ate(real, "fin", "y", treated=1, control=0).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("shape", [None, 1.5])
def test_a_count_gets_the_law_its_spread_asks_for(shape: float | None) -> None:
    draw = np.random.default_rng(2)
    x = draw.normal(size=3000)
    mean = np.exp(0.8 + 0.3 * x)
    rate = mean if shape is None else mean * draw.gamma(shape, 1 / shape, 3000)
    frame = pd.DataFrame({"x": x, "visits": draw.poisson(rate)})
    program = cpp.compile(Dag.from_edges([("x", "visits")]), data=frame)
    law = program.mechanism("visits")
    assert type(law) is (cpp.Poisson if shape is None else cpp.NegativeBinomial)
    assert law.coefficients[0] == pytest.approx(0.3, abs=0.08)
    if shape is not None:
        assert law.shape == pytest.approx(shape, rel=0.2)
    drawn = program.simulate(20_000, seed=1)["visits"]
    assert drawn.var() == pytest.approx(frame.visits.var(), rel=0.15)


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "True"])
@pytest.mark.parametrize("kind", [bool, float, int, object])
def test_equal_numbers_are_equal_states_in_programs(kind: type, value: object) -> None:
    frame = pd.DataFrame({"x": [False, True] * 20, "y": [False, True, True, True] * 10})
    frame["x"] = frame["x"].astype(bool).astype(kind)
    program = cpp.compile(Dag.from_edges([("x", "y")]), data=frame)
    assert program.do(x=value).mean("y") == pytest.approx(21 / 22)
    batch = cpp.compile_batch(cpp.DagBatch.from_dags([program.dag]), frame)
    assert batch.ate("x", "y", treated=value, control=0).value.item() == pytest.approx(21 / 22 - 11 / 22)
    for method in ("plug-in", "regression"):
        assert cpp.adjusted_effect(frame, "x", "y", method=method, treated=value).value == pytest.approx(0.5)
        assert cpp.adjusted_effect(frame, "x", "y", method=method).value == pytest.approx(0.5)


def test_adjusted_effects_find_the_affirming_states() -> None:
    frame = pd.DataFrame({"x": ["no", "yes"] * 20, "y": ["no", "yes", "yes", "yes"] * 10})
    for method in ("plug-in", "regression"):
        assert cpp.adjusted_effect(frame, "x", "y", method=method).value == pytest.approx(0.5)
        found = cpp.adjusted_effect(frame, "x", "y", method=method, treated="no", state="yes")
        assert found.value == pytest.approx(-0.5)


def test_copies_of_discrete_columns_are_no_second_variable() -> None:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.integers(0, 3, 300), "y": draw.integers(0, 2, 300)})
    frame["again"] = frame["x"].map({0: "c", 1: "a", 2: "b"})
    for method in ("pc", "ges"):
        with pytest.raises(errors.InvalidData, match="'again' says the same as column 'x'"):
            cpp.MarkovEquivalenceClass.from_data(frame, method)
    with pytest.warns(errors.ImpreciseWarning, match="'x' and 'again' say the same in every row"):
        cpp.compile(Dag.from_edges([("x", "y"), ("again", "y")]), data=frame)


def test_programs_that_do_not_fit_are_told_and_others_are_not() -> None:
    asia = cpp.load_network("asia")
    for seed in range(5):  # warnings are errors
        program = cpp.compile(asia.dag, data=asia.simulate(1000, seed=seed), seed=seed)
        assert program.fit.diagnostics.warnings == ()
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"cost": np.exp(draw.normal(size=2000) * 1.5)})
    with pytest.warns(errors.ImpreciseWarning, match="the distribution of 'cost' is another one"):
        cpp.compile(Dag(["cost"]), data=frame)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert cpp.compile(Dag(["cost"]), data=frame, check=False).fit.diagnostics is None
    assert not caught


def test_all_paths_read_columns_alike() -> None:
    draw = np.random.default_rng(1)
    x = draw.integers(0, 12, 400)  # a score: real to all of them
    frame = pd.DataFrame({"x": x, "y": 0.5 * x + draw.normal(size=400)})
    graph = Dag.from_edges([("x", "y")])
    one = cpp.ate(cpp.compile(graph, data=frame), "x", "y", treated=1, control=0).value
    many = cpp.compile_batch(cpp.DagBatch.from_dags([graph]), frame).ate("x", "y", treated=1, control=0).value
    assert many.item() == pytest.approx(one, rel=1e-9)
    belief = cpp.Belief.uniform(all_dags(["x", "y"]))
    found = cpp.effects.average(belief, data=frame, treatment="x", outcome="y", treated=1, control=0)
    assert max(found.values) == pytest.approx(one, rel=1e-9)
    assert cpp.MarkovEquivalenceClass.from_data(frame, "pc").learned["test"] == "fisherz"
    said = {"x": "discrete", "y": "real"}
    assert cpp.MarkovEquivalenceClass.from_data(frame, "pc", kinds=said).learned["test"] == "regression"


def arrests(seed: int, n: int = 432) -> pd.DataFrame:
    """In the manner of a study of money for released prisoners: few rows, ages, a count of earlier convictions."""
    draw = np.random.default_rng(seed)
    age = np.clip(np.round(17 + draw.gamma(2.2, 3.4, n)), 17, 44).astype(int)
    fin, race, paro = (draw.random(n) < p for p in (0.5, 0.88, 0.62))
    wexp = draw.random(n) < 1 / (1 + np.exp(-(age - 22) / 4))
    mar = draw.random(n) < 0.05 + 0.01 * (age - 17)
    prio = draw.negative_binomial(1.3, 1.3 / 4.3, n)
    odds = -0.4 - 0.4 * fin - 0.06 * (age - 24) + 0.09 * prio - 0.2 * wexp
    arrest = draw.random(n) < 1 / (1 + np.exp(-odds))
    week = np.where(arrest, draw.integers(1, 53, n), 52)
    columns = {"week": week, "arrest": arrest, "fin": fin, "age": age, "race": race, "wexp": wexp, "mar": mar}
    return pd.DataFrame({**columns, "paro": paro, "prio": prio}).astype(int)


@pytest.mark.slow
def test_recidivism_by_the_command_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = arrests(3)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    causes = ["age", "race", "wexp", "mar", "paro", "prio"]
    edges = [*((v, "arrest") for v in ("fin", *causes)), ("age", "wexp"), ("age", "mar")]
    cpp.write_graph(Dag.from_edges(edges), tmp_path / "graph.json")
    command = ["effect", "--data", "rows.csv", "--graph", "graph.json", "--treatment", "fin", "--outcome", "arrest"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([*command, "--draws", "0", "--samples", "20000"])
    out, err = capsys.readouterr()
    assert not ended.value.code, err
    lines = out.splitlines()
    assert lines[0] == "how I read your columns (432 rows)"
    kinds = {line.split()[0]: line.split()[1] for line in lines[2:10]}
    assert kinds == dict.fromkeys(kinds, "discrete") | {"age": "real", "prio": "count"}
    expected, error = regression(frame, "fin", "arrest", causes)
    value = float(out.split("mean of arrest: ")[1].split()[0])
    assert abs(value - expected) < error / 2


@pytest.mark.parametrize("law", [cpp.Poisson, cpp.Gamma, cpp.NegativeBinomial])
def test_sizes_that_were_left_out_follow_from_the_parents(law: type[cpp.Poisson]) -> None:
    dag = Dag.from_edges([("g", "y"), ("x", "y")])
    roots = {"g": cpp.Table(("a", "b", "c"), (), [0.2, 0.3, 0.5]), "x": cpp.LinearGaussian()}
    given = cpp.compile(dag, mechanisms={**roots, "y": law(("g", "x"), [0.2, 0.5, 0.1], 1.0)})
    said = cpp.compile(dag, mechanisms={**roots, "y": law(("g", "x"), [0.2, 0.5, 0.1], 1.0, sizes=(3,))})
    pd.testing.assert_frame_equal(given.simulate(50, seed=1), said.simulate(50, seed=1))
    with pytest.raises(errors.InvalidParameter, match="'g' has 3 states, each but the first"):
        cpp.compile(dag, mechanisms={**roots, "y": law(("g", "x"), [0.2, 0.1], 1.0)})
    with pytest.raises(errors.InvalidParameter, match="say sizes="):
        law(("g", "x"), [0.2, 0.5, 0.1], 1.0).distribution([])


def test_a_constant_column_is_a_state_that_always_comes() -> None:
    frame = pd.DataFrame({"x": [0, 1, 1, 0] * 10, "n": 3})
    program = cpp.compile(Dag.from_edges([("x", "n")]), data=frame)
    assert program.do(x=1).distribution("n") == {3: 1.0}
    assert program.simulate(5, seed=0)["n"].tolist() == [3] * 5


def test_a_copy_of_the_treatment_is_told_however_many_rows_there_are() -> None:
    """Two values and their rounding, the same in every row: the errors of an orthogonal factor add up."""
    draw = np.random.default_rng(5)
    for n in (30, 1000, 1500, 3000, 20_000):
        for share in (0.1, 0.37, 0.5, 0.8):
            x = draw.random(n) < share
            frame = pd.DataFrame({"x": x, "y": x + draw.normal(size=n), "not": np.where(x, "a", "b"), "three": 3.0 * x})
            if n > 100 or x.any():
                for other in ("not", "three"):
                    with pytest.raises(errors.InvalidData, match="collinear"):
                        cpp.adjusted_effect(frame, "x", "y", other, method="regression")
                dag = Dag.from_edges([("x", "y"), ("three", "y")])
                kinds = {"x": "real", "three": "real"}
                numbers = frame.astype({"x": int})
                with pytest.raises(errors.InvalidData, match="determine one another"):
                    cpp.compile(dag, data=numbers, kinds=kinds)


def test_kinds_go_for_every_column_and_are_never_lost() -> None:
    """Sites by number: as states the effect is that of a regression with one indicator each, everywhere."""
    draw = np.random.default_rng(2)
    codes = np.array([101, 102, 205, 311, 402, 500, 777])
    site = draw.integers(0, 7, 1500)
    high = draw.normal(size=7)[site]
    t = (draw.random(1500) < 1 / (1 + np.exp(-high))).astype(int)
    frame = pd.DataFrame({"site": codes[site], "t": t, "y": 2 * t + high + draw.normal(size=1500), "note": 0.5})
    x = np.column_stack([t, site[:, None] == np.arange(7)]).astype(float)
    expected = float(np.linalg.lstsq(x, frame["y"].to_numpy(), rcond=None)[0][0])
    kinds = {"site": "discrete", "note": "real"}  # one dictionary for all that is done with the frame
    found = cpp.adjusted_effect(frame, "t", "y", "site", method="regression", kinds=kinds)
    assert found.value == pytest.approx(expected)
    dag = Dag.from_edges([("site", "t"), ("site", "y"), ("t", "y")])
    share = np.bincount(site) / 1500
    means = [[frame["y"][(site == s) & (t == k)].mean() for s in range(7)] for k in (0, 1)]
    by_table = float(share @ (np.array(means[1]) - means[0]))
    batch = cpp.DagBatch.from_dags([dag])
    belief = cpp.Belief.uniform(batch)
    # nearly: the tables of the site have a prior, of one row altogether
    assert cpp.ate(cpp.compile(dag, data=frame, kinds=kinds), "t", "y").value == pytest.approx(by_table, abs=2e-3)
    assert cpp.compile_batch(batch, frame, kinds=kinds).ate("t", "y").value[0] == pytest.approx(by_table, abs=2e-3)
    averaged = cpp.effects.average(belief, data=frame, kinds=kinds, treatment="t", outcome="y", draws=10)
    assert averaged.by_graph[0][2] == pytest.approx(by_table, abs=2e-3)
    assert cpp.adjusted_effect(frame, "t", "y", "site", kinds=kinds).value == pytest.approx(by_table)
    with pytest.raises(errors.InvalidData, match="said to be real"):
        cpp.adjusted_effect(frame, "t", "y", "site", kinds={"site": "real"})
    for method in ("plug-in", "regression"):
        with pytest.raises(errors.UnknownVariable, match="did you mean 'site'"):
            cpp.adjusted_effect(frame, "t", "y", "site", method=method, kinds={"sight": "discrete"})
    with pytest.raises(errors.UnknownVariable, match="'sight'"):
        cpp.compile(dag, data=frame, kinds={"sight": "discrete"})
    with pytest.raises(errors.UnknownVariable, match="'sight'"):
        cpp.crosscheck.check_data(dag, frame, kinds={"sight": "discrete"})


def test_texts_of_zero_and_one_affirm_as_numbers_do() -> None:
    frame = pd.DataFrame({"x": ["0.0", "1.0"] * 20, "y": [0.1, 1.0, 0.3, 1.2] * 10})
    dag = Dag.from_edges([("x", "y")])
    assert cpp.ate(cpp.compile(dag, data=frame), "x", "y").value == pytest.approx(0.9)
    assert cpp.adjusted_effect(frame, "x", "y", method="regression").value == pytest.approx(0.9)


def test_tables_of_latent_parents_have_no_cells() -> None:
    """Nobody saw how many rows a latent parent's states have."""
    rows = pd.DataFrame({"x": [0, 1] * 30, "y": [0, 1, 1] * 20})
    assert family_cells("y", ["u", "x"], read_columns(rows)) is None
    found = family_cells("y", ["x"], read_columns(rows))
    assert found is not None
    assert (found.configurations, found.empty, found.rare) == (2, 0, 0)
