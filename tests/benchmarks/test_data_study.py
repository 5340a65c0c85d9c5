"""What data, an oracle and both are worth: the worlds, and what is measured in them, against other computations."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp._pages import Table
from causalpp.benchmarks import DataStudy, data_study
from causalpp.benchmarks.studies.data import WORLDS, Cell, blocks
from causalpp.benchmarks.studies.data.units import Unit
from causalpp.benchmarks.studies.data.worlds import structure, world
from causalpp.cli import main
from causalpp.errors import CausalppError
from causalpp.graphs import all_dags
from causalpp.posterior import DagPosterior


@pytest.mark.parametrize("name", WORLDS)
def test_an_effect_is_what_rows_under_intervention_show(name):
    here = world(name, 4, 3.0, seed=3)
    treatment, outcome = here.dag.edges[0]
    free = here.rows(50)
    assert free.equals(here.rows(80).head(50))
    t, o = (here.dag.nodes.index(one) for one in (treatment, outcome))
    n = 20_000
    high, low = (here._simulate(n, k, {t: value})[:, o] for k, value in ((1, 1.0), (2, 0.0)))
    spread = math.sqrt((high.var() + low.var()) / n)
    assert here.effect(treatment, outcome) == pytest.approx(high.mean() - low.mean(), abs=4 * spread)
    other = next(one for one in here.dag.nodes if one not in here.dag.descendants(treatment) and one != treatment)
    assert here.effect(treatment, other) == 0.0


def test_graphs_are_drawn_from_the_structure_prior():
    prior = structure(2.0, 3)
    drawn = [len(world("simulated", 3, 2.0, seed).dag.edges) for seed in range(400)]
    batch = all_dags(("a", "b", "c"))
    weight = np.exp([prior.edge_log_odds * len(dag.edges) for dag in batch])
    count = np.array([len(dag.edges) for dag in batch])
    mean = float(weight @ count / weight.sum())
    spread = math.sqrt(float(weight @ (count - mean) ** 2 / weight.sum()) / len(drawn))
    assert mean == pytest.approx(2.0)
    assert np.mean(drawn) == pytest.approx(mean, abs=4 * spread)


def test_before_a_question_it_is_what_the_posterior_says():
    found = data_study(2, worlds=["gaussian"], variables=4, edges=3.0, rows=[80], errors=[0.2], questions=[0], jobs=1)
    for number, row in enumerate(row for row in found.runs if row["method"] == "both"):
        unit = Unit("gaussian", number, 4, 3.0, True, (80,), (0.2,), (0,), ("both",), True, 0)
        here = world("gaussian", 4, 3.0, unit.seed_of("world", 0))
        frame = here.rows(80)
        posterior = DagPosterior.from_data(frame, here.score(frame), structure_prior=structure(3.0, 4))
        p = {dag: math.exp(x) for dag, x in zip(_all(posterior), _log_p(posterior), strict=True)}
        assert row["log_score"] == pytest.approx(math.log(p[here.dag]), abs=1e-9)
        assert row["shd"] == pytest.approx(sum(q * dag.distance(here.dag).shd for dag, q in p.items()), abs=1e-9)
        assert row["claimed"] == pytest.approx(max(p.values()), abs=1e-9)
        sid = sum(q * dag.distance(here.dag).sid for dag, q in p.items())
        assert row["sid"] == pytest.approx(sid, abs=4 * 12 / math.sqrt(40))
        count, claimed, right = np.array(json.loads(row["bins"]))
        assert (count.sum(), right.sum()) == (12, len(here.dag.edges))
        assert claimed.sum() == pytest.approx(float(posterior.edges.sum()), abs=1e-4)


def _all(posterior):
    return list(all_dags(posterior.nodes))


def _log_p(posterior):
    return posterior.inference.log_probability(all_dags(posterior.nodes))


def test_runs_resume_and_are_read_again(tmp_path):
    say = {"worlds": ["discrete"], "variables": 3, "edges": None, "rows": [60], "errors": [0.0, 0.3], "jobs": 1}
    found = data_study(2, questions=[0, 3], store=tmp_path / "kept", **say)
    again = data_study(2, questions=[0, 3], store=tmp_path / "kept", **say)
    assert again.to_json() == found.to_json() == DataStudy.from_json(found.to_json()).to_json()
    assert {(c.method, c.questions, c.error) for c in found.cells} == {
        (method, asked, error)
        for method in ("both", "oracle", "class")
        for asked, error in ((0, None), (3, 0.0), (3, 0.3))
    }
    assert all(cell.runs == 2 for cell in found.cells)
    assert {(c.method, c.runs) for c in found.where_class_is_wrong().cells} <= {
        (method, sum(row["class_right"] is False for row in found.runs) // 9) for method in ("both", "oracle", "class")
    }
    shown = {table.caption: table for table in blocks(found) if isinstance(table, Table)}
    shd = shown["Expected SHD"]
    assert shd.head == ("", "no answers", "error 0.3", "error 0")
    assert [line[0] for line in shd.rows] == ["no rows, oracle alone", "60 rows", "60 rows, GES class"]
    told = found.cell("discrete", 60, 0.3, "both", 3)
    assert shd.rows[1][2] == f"{told.means['shd']:.2f} ± {told.spread['shd']:.2f}"
    assert isinstance(found.to_frame(), pd.DataFrame)


def test_gaps_and_their_errors_are_those_of_the_rows():
    def row(number: int, claimed: float, right: bool) -> dict:
        bins = [[4, 0, 0, 0, 0, 0, 0, 0, 0, 2], [0.2, 0, 0, 0, 0, 0, 0, 0, 0, 1.9], [number, 0, 0, 0, 0, 0, 0, 0, 0, 2]]
        return {
            "world": "gaussian", "rows": 100, "error": 0.1, "method": "both", "questions": 5, "claimed": claimed,
            "right": right, "log_score": -1.0, "until_sure": 3 if right else None, "bins": json.dumps(bins),
        }  # fmt: skip

    study = DataStudy((row(0, 0.9, True), row(2, 0.7, False)), {"questions": [5], "told": True, "edges": None})
    (cell,) = study.cells
    assert isinstance(cell, Cell)
    assert cell.gap == pytest.approx(0.8 - 0.5)
    assert cell.spread["right_gap"] == pytest.approx(np.std([-0.1, 0.7], ddof=1) / math.sqrt(2))
    assert (cell.until_sure, cell.means["sure"]) == (3, 0.5)
    low, high, everything = study.edge_bins(cell)
    assert (low.edges, low.claimed, low.right) == (8, pytest.approx(0.05), pytest.approx(0.25))
    assert (high.gap, high.standard_error) == (pytest.approx(-0.05), pytest.approx(0))
    assert everything.edges == 12
    assert low.standard_error == pytest.approx(math.sqrt(2) * 1.0 / 8)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"worlds": ["flat"]}, "flat"),
        ({"methods": ["guess"]}, "guess"),
        ({"variables": 13}, "2 to 12"),
        ({"errors": [0.5]}, "less than 0.5"),
        ({"edges": 15.0}, "15 edges"),
        ({"rows": []}, "at least one"),
    ],
)
def test_bad_settings(settings, says):
    with pytest.raises(CausalppError, match=says):
        data_study(1, jobs=1, **settings)


def test_the_class_alone_leaves_a_little_to_all_graphs():
    say = {"worlds": ["simulated"], "variables": 4, "edges": 3.0, "rows": [50], "errors": [0.1], "questions": [0]}
    found = data_study(3, methods=["class"], jobs=1, **say)
    for number, row in enumerate(found.runs):
        unit = Unit("simulated", number, 4, 3.0, True, (50,), (0.1,), (0,), ("class",), True, 0)
        here = world("simulated", 4, 3.0, unit.seed_of("world", 0))
        mec = cpp.MarkovEquivalenceClass.from_data(here.rows(50), "ges")
        right = mec == cpp.MarkovEquivalenceClass.from_dag(here.dag)
        log = structure(3.0, 4).edge_log_odds * np.array([len(dag.edges) for dag in all_dags(here.dag.nodes)])
        prior = math.exp(structure(3.0, 4).edge_log_odds * len(here.dag.edges)) / np.exp(log).sum()
        assert row["class_right"] == right
        assert row["log_score"] == pytest.approx(math.log(0.95 * right / mec.size + 0.05 * prior))


def test_the_command_prints_tables_and_writes_a_page(tmp_path, capsys):
    page, out = tmp_path / "page.md", tmp_path / "found.json"
    say = "bench data --runs 2 --world discrete --variables 3 --edges 0 --rows 60 --error 0.1 --questions 2 --jobs 1"
    with pytest.raises(SystemExit) as ended:
        main([*say.split(), "--no-effects", "--method", "both", "--page", str(page), "--out", str(out)])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "discrete: 3 variables, 2 worlds" in printed
    assert "| data and oracle" in page.read_text()
    assert DataStudy.from_json(out.read_text()).cell("discrete", 60, 0.1, "both", 2).runs == 2
    with pytest.raises(SystemExit) as ended:
        main(["bench", "data", "--rows", "3"])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("causalpp: rows are at least 10")
