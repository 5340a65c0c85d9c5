"""``causalpp posterior``: what it prints, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
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
    path = tmp_path / "rows.csv"
    cpp.load_network("cancer").simulate(400, seed=0).to_csv(path, index=False)
    return path


def test_the_numbers_are_those_of_the_library(run, rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "posterior.json"
    known = tmp_path / "known.txt"
    known.write_text("forbidden: Cancer -> Smoker\n")
    code, printed, err = run(
        *("posterior", "--data", rows, "--json", "--out", out, "--ask", "Smoker causes Xray", "--knowledge", known),
        *("--edge-log-odds", -1, "--max-parents", 2, "--top", 2, "--roots", "Pollution"),
    )
    assert (code, err) == (0, "")
    found = json.loads(printed)
    assert json.loads(out.read_text()) == found
    library = cpp.DagPosterior.from_data(
        pd.read_csv(rows),
        structure_prior=cpp.scores.StructurePrior(-1),
        knowledge=cpp.Knowledge(forbidden=[("Cancer", "Smoker")], roots=["Pollution"]),
        max_parents=2,
    )
    assert found["edges"] == pytest.approx(library.edges.numpy(), abs=1e-12)
    assert found["answers"][0]["probability"] == library.probability(cpp.Causes("Smoker", "Xray"))
    assert len(found["graphs"]) == len(found["classes"]) == 2
    assert found["assumes"] == "there are no hidden common causes"
    assert {"columns", "data_check", "consensus", "pairs", "entropy_bits"} <= set(found)


def test_people_read_it_at_80_columns(run, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    figure = tmp_path / "posterior.png"
    code, out, _ = run("posterior", "--data", rows, "--plot", figure, "--ask", "Smoker causes Cancer")
    assert code == 0
    assert figure.stat().st_size > 1000
    assert max(map(len, out.splitlines())) <= 80
    for said in ("how I read your columns", "joined", "graphs", "classes", "consensus", "bits", "no hidden common"):
        assert said in out, said


def test_a_column_says_who_was_set(run, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    a = draw.normal(size=600)
    b = a + draw.normal(size=600)
    told = np.where(np.arange(600) < 300, "", "b")
    b[300:] = draw.normal(size=300)
    path = tmp_path / "set.csv"
    pd.DataFrame({"a": a, "b": b, "told": told}).to_csv(path, index=False)
    code, out, _ = run("posterior", "--data", path, "--interventions", "told", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["nodes"] == ["a", "b"]
    assert found["edges"][0][1] > 0.99  # a → b: it is gone where b was set


def test_chains_go_on_with_what_is_in_their_file(run, rows: Path, tmp_path: Path) -> None:
    chains = tmp_path / "chains.npz"
    call = ("posterior", "--data", rows, "--method", "mcmc", "--chains", chains, "--json")
    code, out, err = run(*call, "--max-seconds", 0.001)
    assert (code, out) == (1, "")
    assert "do not agree yet" in err
    code, out, _ = run(*call, "--seed", 1)
    assert (code, out) == (1, "")  # other settings
    code, out, _ = run(*call)
    assert code == 0
    exact = cpp.DagPosterior.from_data(pd.read_csv(rows)).edges.numpy()
    assert np.abs(np.array(json.loads(out)["edges"]) - exact).max() < 0.03
    code, _, err = run("posterior", "--data", rows, "--chains", chains)
    assert (code, "other settings" in err) == (1, True)
    kept = ("posterior", "--data", rows, "--chains", tmp_path / "exact.npz", "--json")
    assert run(*kept) == run(*kept)  # an exact one is kept too
    assert cpp.DagPosterior.load(tmp_path / "exact.npz").exact


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--interventions", "nobody"], "nobody"),
        (["--max-seconds", "0"], "some seconds"),
        (["--expected-edges", "2", "--edge-log-odds", "1"], "say one of"),
        (["--expected-edges", "99"], "expected number of edges"),
        (["--ask", "Smoker causes Rain"], "Rain"),
        (["--score", "bge"], "has states"),
        (["--score", "cg", "--hyperparameter", "t"], "a name and a number"),
        (["--hyperparameter", "penalty_discount=2"], "has no hyperparameter"),
        (["--hyperparameter", "equivalent_sample_size=0"], "greater than zero"),
        (["--required", "Smoker -> Cancer", "--roots", "Cancer"], ""),
        (["--plot", "figure.txt"], ".png"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(run, rows: Path, more: list[str], said: str) -> None:
    code, out, err = run("posterior", "--data", rows, *more)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_score_its_numbers_and_what_is_missing(run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=list("abc"))
    frame.mask(rng.random(frame.shape) < 0.1).to_csv(tmp_path / "rows.csv", index=False)
    given = ["--data", tmp_path / "rows.csv", "--score", "bge", "--hyperparameter", "alpha_mu=2", "--missing", "impute"]
    code, out, _ = run("posterior", *given, "--json")
    assert (code, json.loads(out)["log_marginal_likelihood"]) == (0, None)
    assert json.loads(out)["learned"]["hyperparameters"] == {"alpha_mu": 2}
    assert json.loads(out)["learned"]["missing"] == "impute"
    code, out, _ = run("posterior", *given)
    assert code == 0
    assert "log P(rows)" not in out
