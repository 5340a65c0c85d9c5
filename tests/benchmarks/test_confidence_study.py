"""The study of confidence: what is counted as what, that it can be repeated and taken up again, and a small run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from causalpp.benchmarks import Run
from causalpp.benchmarks.reports.report import report
from causalpp.benchmarks.studies._confidence_runs import EXTRA, FAMILIES, random_class, run_unit
from causalpp.benchmarks.studies.confidence import BINS, ENOUGH, ConfidenceStudy, confidence_study
from causalpp.errors import FormatError, InvalidParameter


def row(family: str = "independent 0.1", part: str = "calibration", **values: Any) -> dict[str, Any]:
    usual = {
        "method": "ours", "number": 0, "claimed": 0.97, "right": True, "questions": 10, "missing": 0.01, "liar": 0.0,
        "unrelated": 0.0, "reached": True, "flagged": False,
    }  # fmt: skip
    return {"family": family, "part": part, **usual, **values}


# --- what is made of runs -------------------------------------------------------------------------------


def test_cells_are_means_over_the_runs_of_a_bin() -> None:
    rows = [row(claimed=0.96), row(claimed=0.98, right=False), row(claimed=0.5), row(claimed=1.0), row(claimed=0.499)]
    cells = {(cell.low, cell.high): cell for cell in ConfidenceStudy(tuple(rows)).cells}
    assert {bounds: cell.runs for bounds, cell in cells.items()} == {
        (0, 0.5): 1,
        (0.5, 0.8): 1,
        (0.95, 1): 3,
        (0, 1): 5,
    }
    last = cells[0.95, 1.0]
    assert last.claimed == pytest.approx(0.98)
    assert last.right == pytest.approx(2 / 3)
    assert last.gap == pytest.approx(0.98 - 2 / 3)
    assert last.standard_error == pytest.approx(math.sqrt(0.98 * 0.02 / 3))
    assert not any(cell.judged for cell in cells.values())  # too few


def test_a_gap_beyond_the_tolerance_fails_where_there_are_enough_runs() -> None:
    right = [row(right=k % 33 != 0) for k in range(ENOUGH)]
    wrong = [row("persistent 0.2", right=k % 5 != 0) for k in range(ENOUGH)]
    assert ConfidenceStudy(tuple(right + wrong[1:])).passed
    study = ConfidenceStudy(tuple(right + wrong))
    assert len(study.failures) == 2  # the bin, and all runs together
    assert (
        "persistent 0.2, confidence 0.95 to 1: claimed 0.970, right 0.800 in 50 runs (gap +0.170" in study.failures[0]
    )
    assert "+0.170 (50)!" in repr(study)
    for family, method in ((next(iter(EXTRA)), "ours"), ("persistent 0.2", "published")):  # shown, not judged
        assert ConfidenceStudy(tuple({**r, "family": family, "method": method} for r in wrong)).passed


def test_checks_of_missing_truth_and_liar() -> None:
    rows = [row(part="missing", flagged=k < 9, missing=0.95 if k < 9 else 0.5) for k in range(10)]
    rows += [row(part="present", missing=0.3 if k == 0 else 0.0) for k in range(10)]
    rows += [row(part="liar", liar=0.99, right=k > 0) for k in range(4)] + [row(part="liar", reached=False)]
    study = ConfidenceStudy(tuple(rows))
    assert study.missing is not None
    assert (study.missing.flagged, study.missing.false_alarms, study.missing.runs) == (0.9, 0.0, 10)
    curve = {threshold: rest for threshold, *rest in study.missing.curve}
    assert (curve[0.2], curve[0.4], curve[0.9]) == ([1.0, 0.1], [1.0, 0.0], [0.9, 0.0])
    assert study.missing.passed
    assert study.liar is not None
    assert (study.liar.inverted, study.liar.undecided, study.liar.wrong) == (0.6, 0.2, 0.2)
    assert study.failures == ["liar: 20% of the runs claim a wrong graph"]
    empty = ConfidenceStudy(())
    assert (empty.cells, empty.missing, empty.liar, empty.passed) == ((), None, None, True)


# --- runs -------------------------------------------------------------------------------------------------


def test_classes_and_runs_are_repeatable() -> None:
    for number in range(5):
        mec, truth = random_class(3, number)
        again = random_class(3, number)
        assert (mec.size, truth) == (again[0].size, again[1])
        assert 5 <= len(truth) <= 12
        assert 2 <= mec.size <= 200
        assert any(member == truth for member in mec.members())
    assert run_unit(unit("persistent 0.2", "ours")) == run_unit(unit("persistent 0.2", "ours"))


def unit(family: str, method: str) -> dict[str, Any]:
    return {"part": "calibration", "family": family, "method": method, "number": 1, "seed": 0}


@pytest.mark.parametrize("family", [*FAMILIES, *EXTRA])
def test_every_family_runs(family: str) -> None:
    (found,) = run_unit(unit(family, "published"))
    assert 0 < found["claimed"] <= 1
    assert found["questions"] >= found["different"] > 0


def test_a_study_is_a_run_and_is_taken_up_again(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    def study(store: Path | None, runs: int = 2, **options: Any) -> ConfidenceStudy:
        return confidence_study(runs, ["independent 0"], jobs=1, store=store, missing=1, liar=1, **options)

    study(tmp_path / "kept", 1)
    first = study(tmp_path / "kept", progress=lambda *n: calls.append(n))
    assert len(first.runs) == 7
    assert calls[0] == (5, 7)  # those that were there already
    assert calls[-1] == (7, 7)
    assert study(None).runs == first.runs
    found = Run(tmp_path / "kept")
    assert (found.units, found.studies, found.name) == (7, ("confidence",), "confidence")
    assert found.frame("confidence")["claimed"].sum() == pytest.approx(sum(row["claimed"] for row in first.runs))
    assert "confidence" in report(found, draws=10).markdown
    assert len(study(tmp_path / "kept", seed=1).runs) == 7
    (tmp_path / "old.jsonl").write_text("{}")
    with pytest.raises(FormatError, match=r"cannot make the folder .*old\.jsonl"):
        study(tmp_path / "old.jsonl")


def test_a_study_can_be_kept_and_shown() -> None:
    first = confidence_study(2, ["independent 0"], jobs=1, missing=1, liar=1)
    assert ConfidenceStudy.from_json(first.to_json()).to_dict() == first.to_dict()
    assert len(first.to_frame()) == len(first.cells)
    assert len(first.runs_frame()) == 7
    assert json.loads(first.to_json())["missing"]["runs"] == 1
    assert all(low in {*BINS} for low in first.to_frame()["low"])
    assert first.plot().get_axes()


def test_misuse() -> None:
    with pytest.raises(InvalidParameter, match="sometimes"):
        confidence_study(1, ["sometimes"])
    with pytest.raises(InvalidParameter, match="theirs"):
        confidence_study(1, methods=["theirs"])
    with pytest.raises(InvalidParameter, match="not negative"):
        confidence_study(-1)
    for text in ("{}", "[]", "no", '{"format": "another"}'):
        with pytest.raises(FormatError, match="calibration study"):
            ConfidenceStudy.from_json(text)


@pytest.mark.slow
def test_a_small_study_of_persistent_errors() -> None:
    """The published loop is sure of wrong graphs where questions are answered the same again; the default is not."""
    runs = 30
    study = confidence_study(runs, ["persistent 0.2"], jobs=1)
    cells = {cell.method: cell for cell in study.cells if (cell.low, cell.high) == (0.0, 1.0)}
    ours, published = cells["ours"], cells["published"]
    assert ours.gap <= 3 * ours.standard_error + 0.05
    assert published.gap > 2 * published.standard_error
    assert ours.right > published.right
