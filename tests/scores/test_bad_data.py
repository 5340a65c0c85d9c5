"""What is no data for a score, a search or a posterior: one clear error each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalpp import DagPosterior, Knowledge, MarkovEquivalenceClass, scores
from causalpp.cli import main
from causalpp.errors import (
    CausalppError,
    IncompleteDataWarning,
    InvalidData,
    InvalidGraph,
    InvalidParameter,
    UnknownVariable,
)


def real(rows: int = 40, columns: str = "abc") -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).normal(size=(rows, len(columns))), columns=list(columns))


def states(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(0).integers(0, 3, (rows, 3)), columns=list("abc")).astype(str)


FRAMES = {
    "constant": (real().assign(b=1.5), "'b' is constant"),
    "constant states": (states().assign(b="x"), "'b' is constant"),
    "twice": (real().assign(d=lambda f: f["a"]), "'d' is a copy or a linear function"),
    "twice, renamed states": (states().assign(d=lambda f: "s" + f["a"]), "'d' says the same as column 'a'"),
    "collinear": (real().assign(d=lambda f: f["a"] - 2 * f["b"]), "'d' is a copy or a linear function"),
    "collinear beside states": (real().assign(s=states()["a"], d=lambda f: 2 * f["a"]), "'d' is a copy"),
    "fewer rows than columns": (real(4, "abcdefgh"), "4 rows are too few for 8 real columns"),
    "one row": (real(1), "one row"),
    "one row of states": (states(1), "one row"),
    "no rows": (real(0), "no rows"),
    "one column": (real()[["a"]], "at least two columns"),
    "no name": (real().set_axis(["a", "", "c"], axis=1), "column 2 has no name"),
    "infinite": (real().assign(a=lambda f: f["a"].where(f.index > 3, math.inf)), "'a' has infinite values"),
    "too great": (real() * 1e300, "change its unit"),
    "too close": (real() * 1e-300, "change its unit"),
    "never complete": (
        real().assign(a=lambda f: f["a"].where(f.index % 2 == 0), b=lambda f: f["b"].where(f.index % 2 == 1)),
        "only 0 of 40 rows have no missing value",
    ),
    "constant where complete": (
        real().assign(a=lambda f: f["a"].where(f.index > 30), b=lambda f: f["b"].where(f.index <= 30, 2.5)),
        "'b' is constant in them",
    ),
}


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.filterwarnings("ignore::causalpp.errors.IncompleteDataWarning")
def test_no_data_for_searches_and_posteriors(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame, said = FRAMES[name]
    for score in ("auto", "cg", "bic"):
        with pytest.raises(InvalidData, match=said):
            DagPosterior.from_data(frame, score, progress=False)
        for method in ("ges", "boss", "exact"):
            with pytest.raises(InvalidData, match=said):
                MarkovEquivalenceClass.from_data(frame, method, score=score)
    if len(frame):
        frame.to_csv(tmp_path / "rows.csv", index=False)
        with pytest.raises(SystemExit) as ended:
            main(["posterior", "--data", str(tmp_path / "rows.csv"), "--score", "cg"])
        assert ended.value.code == 1
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


WORDS: dict[str, tuple[dict[str, Any], type[CausalppError], str]] = {
    "a target that is nobody": ({"interventions": ["z"] * 40}, UnknownVariable, "'z' among those that were set"),
    "a column of targets that is not there": ({"interventions": "who"}, UnknownVariable, "'who'"),
    "too few targets": ({"interventions": ["a"] * 3}, InvalidData, "40 rows"),
    "targets that are none": ({"interventions": 5}, InvalidParameter, "interventions are a list"),
    "a weight of zero": ({"hyperparameters": {"alpha_mu": 0}}, InvalidParameter, "alpha_mu must be greater than zero"),
    "a weight without bound": ({"hyperparameters": {"t": 1e300}}, InvalidParameter, "t is at most"),
    "a weight that is none": ({"hyperparameters": {"alpha_mu": "x"}}, InvalidParameter, "greater than zero"),
    "a score that is none": ({"score": "BGE"}, InvalidParameter, "unknown score 'BGE'"),
    "a score of another kind": ({"score": "bdeu"}, InvalidData, "'a' holds numbers"),
    "a prior that is none": ({"structure_prior": -2}, InvalidParameter, "is a StructurePrior"),
    "a prior of others": (
        {"structure_prior": scores.StructurePrior(0, {("a", "z"): 1.0})},
        UnknownVariable,
        "of whose edges the prior has odds",
    ),
    "a prior that excludes all graphs": (
        {"knowledge": Knowledge(required=[("a", "b"), ("c", "b")]), "max_parents": 1},
        InvalidGraph,
        "no graph at all",
    ),
    "a seed that is none": ({"seed": -1}, InvalidParameter, "seed is a whole number from 0 on"),
    "hyperparameters that are no mapping": ({"hyperparameters": "t"}, InvalidParameter, "are a mapping"),
    "no process": ({"processes": 0}, InvalidParameter, "processes are one or more"),
    "a score of other data": ({"score": scores.BIC(real(30))}, InvalidData, "is of 30 rows"),
    "a score of other columns": ({"score": scores.BIC(real(40, "xy"))}, InvalidData, "has a column 'x'"),
    "a score, and who was set": (
        {"score": scores.BIC(real()), "interventions": ["a"] * 40},
        InvalidParameter,
        "has its interventions",
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_no_words_for_a_posterior(name: str) -> None:
    given, kind, said = WORDS[name]
    with pytest.raises(kind, match=said):
        DagPosterior.from_data(real(), progress=False, **given)


def test_odds_that_no_prior_has() -> None:
    with pytest.raises(InvalidParameter, match="lies between"):
        scores.StructurePrior(-1e300)
    with pytest.raises(InvalidParameter, match=r"sum to 1\.5"):
        scores.StructurePrior.from_probabilities({("a", "b"): 0.8, ("b", "a"): 0.7})
    with pytest.raises(InvalidParameter, match="3 columns has as many masks"):
        scores.BIC(real()).total([0])
    with pytest.raises(InvalidParameter, match="takes no score"):
        MarkovEquivalenceClass.from_data(real(), "pc", score="bge")
    with pytest.raises(InvalidParameter, match="no prior of graphs"):
        MarkovEquivalenceClass.from_data(real(), "pc", structure_prior=scores.StructurePrior(-2.0))


@pytest.mark.parametrize("make", [scores.BDeu, scores.CooperHerskovits, scores.ConditionalGaussian])
def test_a_weight_of_which_joint_states_have_none(make: Any) -> None:
    with pytest.raises(InvalidParameter, match="at least 1e-100"):
        make(states(), 1e-320)
    assert math.isfinite(make(states(), 1e-100).local("a", ["b", "c"]))


@pytest.mark.parametrize("seed", [-1, 0.5, "x"])
def test_seeds_that_are_none(seed: Any) -> None:
    gaps = real().mask(real() > 1.5)
    for ask in (
        lambda: scores.local_score(gaps, "bge", missing="impute", seed=seed),
        lambda: MarkovEquivalenceClass.from_data(gaps, "boss", missing="impute", seed=seed),
        lambda: MarkovEquivalenceClass.from_data(real(), "pc", bootstrap=2, seed=seed),
        lambda: DagPosterior.from_data(gaps, missing="impute", seed=seed, progress=False),
    ):
        with pytest.raises(InvalidParameter, match="a seed is a whole number from 0 on"):
            ask()


def test_labels_that_are_missing_are_no_names() -> None:
    with pytest.raises(InvalidData, match="column 1 has no name"):
        DagPosterior.from_data(real().set_axis([None, "b", "c"], axis=1), progress=False)


@pytest.mark.parametrize("frame", [real(), real().assign(c=states()["c"])])
def test_bic_of_a_variable_that_was_hardly_ever_left_alone(frame: pd.DataFrame) -> None:
    """Its parents determine it in so few rows: what is found would be certain, of noise."""
    width = 3 if frame["c"].dtype.kind == "f" else 4
    for few in (1, width):
        with pytest.raises(InvalidData, match=f"'a' was not set in {few} of 40 rows"):
            DagPosterior.from_data(frame, "bic", interventions=["a"] * (40 - few) + [None] * few, progress=False)
    for enough in (0, width + 1):
        told = ["a"] * (40 - enough) + [None] * enough
        assert 0 < DagPosterior.from_data(frame, "bic", interventions=told, progress=False).edges[1, 0] < 1
    told = ["a"] * 39 + [None]
    assert 0.2 < DagPosterior.from_data(frame, "cg", interventions=told, progress=False).edges[1, 0] < 0.8


def test_few_complete_rows_are_told_and_used() -> None:
    frame = real().assign(a=lambda f: f["a"].where(f.index > 10))
    with pytest.warns(IncompleteDataWarning, match="29 of 40"):
        posterior = DagPosterior.from_data(frame, progress=False)
    assert posterior.learned["rows_used"] == 29
