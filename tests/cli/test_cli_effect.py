"""``causalpp effect``: numbers, latent variables, intervals, kinds of effect and formulas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.cli import main
from causalpp.graphs import write_graph

Run = Callable[..., tuple[int, str, str]]
ASIA = ("--network", "asia", "--treatment", "smoke", "--outcome", "dysp")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the command line in this process; status, standard output in one line, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["effect", *(str(argument) for argument in arguments)])
        captured = capsys.readouterr()
        out = captured.out if "--json" in arguments else " ".join(captured.out.split())
        return int(ended.value.code or 0), out, captured.err

    return call


def refused(done: tuple[int, str, str], message: str) -> None:
    code, out, err = done
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert message in err


@pytest.fixture(scope="module")
def linear(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """z → x → y and z → y, real numbers; the effect of x on y is 2 for each unit."""
    folder = tmp_path_factory.mktemp("linear")
    rng = np.random.default_rng(1)
    z = rng.normal(size=1000)
    x = z + rng.normal(size=1000)
    y = 2 * x - z + rng.normal(size=1000)
    pd.DataFrame({"z": z, "x": x, "y": y}).to_csv(folder / "d.csv", index=False)
    write_graph(cpp.Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")]), folder / "g.json")
    return ("--data", str(folder / "d.csv"), "--graph", str(folder / "g.json"), "--treatment", "x", "--outcome", "y")


@pytest.fixture(scope="module")
def front_door(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[str, ...], float]:
    """Smoking, tar and cancer with a latent genotype; what the command needs, and the true effect."""
    folder = tmp_path_factory.mktemp("front_door")
    rng = np.random.default_rng(2)
    n = 4000
    genotype = rng.random(n) < 0.5
    smoke = rng.random(n) < np.where(genotype, 0.7, 0.3)
    tar = rng.random(n) < np.where(smoke, 0.9, 0.1)
    cancer = rng.random(n) < 0.1 + 0.3 * tar + 0.4 * genotype
    frame = pd.DataFrame({"smoke": smoke, "tar": tar, "cancer": cancer}).replace({True: "yes", False: "no"})
    frame.to_csv(folder / "d.csv", index=False)
    edges = [("genotype", "smoke"), ("genotype", "cancer"), ("smoke", "tar"), ("tar", "cancer")]
    write_graph(cpp.Dag.from_edges(edges, latent={"genotype"}), folder / "g.json")
    files = ("--data", str(folder / "d.csv"), "--graph", str(folder / "g.json"))
    return (*files, "--treatment", "smoke", "--outcome", "cancer"), 0.8 * 0.3


def test_numbers(run: Run, linear: tuple[str, ...]) -> None:
    code, out, _ = run(*linear, "--treated", 2, "--control", 1)
    assert code == 0
    assert " z real " in out  # how the columns were read
    assert " Effect of x (2.0 against 1.0) on mean of y: +1.97" in out
    assert "90 % of 200 posterior draws between +1.9" in out
    found = json.loads(run(*linear, "--treated", "1.5", "--control", "-1", "--draws", 50, "--json")[1])
    low, high = found["interval"]
    assert low < 5 < high  # 2.5 units at 2 each
    assert len(found["draws"]) == 50
    assert "interval" not in json.loads(run(*linear, "--treated", 2, "--control", 1, "--draws", 0, "--json")[1])
    for bad in ("two", "nan", "inf"):
        refused(run(*linear, "--treated", bad, "--control", 1), f"'x' is a real number, so it cannot be '{bad}'")
    refused(run(*linear, "--treated", 2), "say both --treated and --control")


def test_latent_variables(run: Run, front_door: tuple[tuple[str, ...], float]) -> None:
    options, truth = front_door
    refused(run(*options), "--states genotype=a,b")
    found = json.loads(run(*options, "--states", "genotype=a,b", "--json")[1])
    low, high = found["interval"]
    assert low - (high - low) <= truth <= high + (high - low)
    refused(run(*options, "--states", "genotype=a"), "two different states")
    refused(run(*options, "--states", "genotype"), "variable=state")
    refused(run(*options, "--states", "tar=no,yes"), "'tar' is not latent")
    refused(run(*options, "--states", "gene=a,b"), "unknown variable 'gene'")
    refused(run(*ASIA, "--states", "smoke=a,b"), "--states is about fitting")
    refused(run(*ASIA, "--draws", 10), "--draws is about fitting")


def test_kinds(run: Run) -> None:
    assert run(*ASIA, "--kind", "ate") == run(*ASIA)
    for kind, mediator, start in (
        ("att", (), "Effect on the treated of smoke"),
        ("nde", ("bronc",), "Natural direct effect of smoke (yes against no) on P(dysp = yes) past bronc: +0.0401"),
        (
            "nie",
            ("bronc",),
            "Natural indirect effect of smoke (yes against no) on P(dysp = yes) through bronc: +0.207",
        ),
        ("cde", ("bronc=yes",), "Controlled direct effect of smoke"),
    ):
        code, out, _ = run(*ASIA, "--kind", kind, *(part for name in mediator for part in ("--mediator", name)))
        assert code == 0
        assert out.startswith(start)
    refused(run(*ASIA, "--kind", "nde"), "--kind nde needs --mediator, such as --mediator tar")
    refused(run(*ASIA, "--kind", "cde"), "such as --mediator tar=yes")
    refused(run(*ASIA, "--mediator", "bronc"), "--kind ate has no mediator")
    refused(run(*ASIA, "--kind", "nie", "--mediator", "bronc=yes"), "name alone")
    refused(run(*ASIA, "--kind", "cde", "--mediator", "bronc"), "variable=state")
    refused(run(*ASIA, "--kind", "cde", "--mediator", "bronk=yes"), "did you mean 'bronc'")
    assert run(*ASIA, "--kind", "late")[0] == 2


def test_formulas(run: Run, front_door: tuple[tuple[str, ...], float], tmp_path: Path) -> None:
    files = front_door[0][2:]
    code, out, _ = run(*files, "--identify")
    assert code == 0
    assert out == (
        "P(cancer | do(smoke)) = Σ_{tar} P(tar | smoke) Σ_{smoke'} P(cancer | smoke', tar) P(smoke') "
        "by front door through {tar}"
    )
    bow = tmp_path / "bow.json"
    write_graph(cpp.Dag.from_edges([("x", "y"), ("u", "x"), ("u", "y")], latent={"u"}), bow)
    code, out, _ = run("--graph", bow, "--treatment", "x", "--outcome", "y", "--identify")
    assert (code, out.startswith("P(y | do(x)) is not identified: the c-forests")) == (0, True)
    why = json.loads(run("--graph", bow, "--treatment", "x", "--outcome", "y", "--identify", "--json")[1])
    assert why["identified"] is False
    formula = json.loads(run(*ASIA, "--identify", "--json")[1])
    assert formula["formula"] == "P(dysp | do(smoke)) = P(dysp | smoke)"
    refused(run(*front_door[0], "--identify"), "leave out --data")
    refused(run("--treatment", "x", "--outcome", "y", "--identify"), "say one of")
    refused(run(*files[:-1], "cance", "--identify"), "did you mean 'cancer'")


def test_a_program_that_cannot_be_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def source(self: cpp.CausalProgram) -> str:
        raise cpp.errors.InvalidParameter("the mechanism of 'lung' cannot be printed")

    monkeypatch.setattr(cpp.CausalProgram, "source", source)
    assert run(*ASIA)[0] == 0
    code, out, err = run(*ASIA, "--source")
    assert (code, err) == (0, "")
    assert "+0.2337" in out
    assert "the program cannot be shown: the mechanism of 'lung' cannot be printed" in out
    assert json.loads(run(*ASIA, "--source", "--json")[1])["why_no_source"].endswith("cannot be printed")
