"""``causalpp discover --data … --posterior``: what the library says of the same rows, answers and experiments."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import causalpp as cpp
from causalpp.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    net, path = cpp.load_network("cancer"), tmp_path / "rows.csv"
    parts = net.simulate(200, seed=0).assign(who=None), net.do(Cancer="True").simulate(40, seed=1).assign(who="Cancer")
    pd.concat(parts, ignore_index=True).to_csv(path, index=False)
    return path


def test_a_run_from_a_posterior_is_that_of_the_library(run, rows: Path, tmp_path: Path) -> None:
    words = (
        *("discover", "--data", rows, "--posterior", "--interventions", "who", "--max-parents", 2),
        *("--roots", "Pollution", "--edge-log-odds", -1, "--score", "bdeu", "--hyperparameter"),
        *("equivalent_sample_size=4", "--truth", "cancer", "--error", 0.1, "--max-questions", 4, "--seed", 3),
        *("--treatment", "Smoker", "--outcome", "Cancer", "--state", "True", "--session", tmp_path / "run.json"),
    )
    report = tmp_path / "run.html"
    code, printed, err = run(*words, "--json", "--report", report)
    assert code == 0, err
    found = json.loads(printed)
    posterior = cpp.DagPosterior.from_data(
        pd.read_csv(rows),
        "bdeu",
        interventions="who",
        max_parents=2,
        knowledge=cpp.Knowledge(roots=["Pollution"]),
        structure_prior=cpp.scores.StructurePrior(-1.0),
        hyperparameters={"equivalent_sample_size": 4.0},
    )
    oracle = cpp.SimulatedOracle(cpp.load_network("cancer").dag, cpp.noise.Symmetric(0.1), seed=3)
    result = cpp.discover(posterior, oracle, max_questions=4, seed=3)
    assert found["given"] == result.given == "data (BDeu, 240 rows) under no hidden common causes"
    assert found["transcript"] == json.loads(result.to_json())["transcript"]
    assert found["belief"]["confidence"] == pytest.approx(result.belief.confidence)
    assert found["data_check"]["against"] == "data"
    assert "against data" in report.read_text()
    assert "<dt>Still unknown</dt>" in report.read_text()
    seen = pd.read_csv(rows)[lambda frame: frame["who"].isna()].drop(columns="who")
    effect = result.average(data=seen, treatment="Smoker", outcome="Cancer", state="True")
    assert (found["effect"]["rows"], found["effect"]["mean"]) == (200, pytest.approx(effect.mean))
    assert "no hidden common causes" in report.read_text()
    assert run(*words, "--json")[0] == 0  # goes on with the file
    assert run(*words[:-1], tmp_path / "run.json", "--missing", "impute")[0] == 0


def test_experiments_are_learned_as_data(run, rows: Path) -> None:
    code, printed, err = run(
        *("discover", "--data", rows, "--posterior", "--interventions", "who", "--truth", "cancer"),
        *("--oracle", "experiment", "--confidence", 0.02),
    )
    assert code == 0, err
    assert "stopped because      the most probable graph reached the confidence asked for" in printed
    assert "questions            0 to an experiment oracle" in printed


def test_what_does_not_go_together_is_said_in_a_line(run, rows: Path) -> None:
    for words, said in (
        (("--network", "asia", "--posterior"), "--posterior goes with --data"),
        (("--data", rows, "--max-parents", 2, "--truth", "cancer"), "--max-parents goes with --posterior"),
        (("--data", rows, "--posterior", "--interventions", "x", "--truth", "cancer"), "after --interventions"),
    ):
        code, _, err = run("discover", *words)
        assert code != 0
        assert said in err
        assert len(err.strip().splitlines()) == 1
