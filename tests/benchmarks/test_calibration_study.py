"""The calibration study: what is counted as what, that it can be repeated and taken up again, and a small run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from causalpp.benchmarks.studies._cal_runs import EXTRA, FAMILIES, Unit, random_class, run_unit
from causalpp.benchmarks.studies.calibration import BINS, ENOUGH, CalibrationStudy, calibration
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
    cells = {(cell.low, cell.high): cell for cell in CalibrationStudy(tuple(rows)).cells}
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
    assert CalibrationStudy(tuple(right + wrong[1:])).passed
    study = CalibrationStudy(tuple(right + wrong))
    assert len(study.failures) == 2  # the bin, and all runs together
    assert (
        "persistent 0.2, confidence 0.95 to 1: claimed 0.970, right 0.800 in 50 runs (gap +0.170" in study.failures[0]
    )
    assert "+0.170 (50)!" in repr(study)
    for family, method in ((next(iter(EXTRA)), "ours"), ("persistent 0.2", "published")):  # shown, not judged
        assert CalibrationStudy(tuple({**r, "family": family, "method": method} for r in wrong)).passed


def test_checks_of_missing_truth_and_liar() -> None:
    rows = [row(part="missing", flagged=k < 9, missing=0.95 if k < 9 else 0.5) for k in range(10)]
    rows += [row(part="present", missing=0.3 if k == 0 else 0.0) for k in range(10)]
    rows += [row(part="liar", liar=0.99, right=k > 0) for k in range(4)] + [row(part="liar", reached=False)]
    study = CalibrationStudy(tuple(rows))
    assert study.missing is not None
    assert (study.missing.flagged, study.missing.false_alarms, study.missing.runs) == (0.9, 0.0, 10)
    curve = {threshold: rest for threshold, *rest in study.missing.curve}
    assert (curve[0.2], curve[0.4], curve[0.9]) == ([1.0, 0.1], [1.0, 0.0], [0.9, 0.0])
    assert study.missing.passed
    assert study.liar is not None
    assert (study.liar.inverted, study.liar.undecided, study.liar.wrong) == (0.6, 0.2, 0.2)
    assert study.failures == ["liar: 20% of the runs claim a wrong graph"]
    empty = CalibrationStudy(())
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
    unit = Unit("calibration", "persistent 0.2", "ours", 1)
    assert run_unit(unit, 0) == run_unit(unit, 0)


@pytest.mark.parametrize("family", [*FAMILIES, *EXTRA])
def test_every_family_runs(family: str) -> None:
    found = run_unit(Unit("calibration", family, "published", 1), 0)
    assert 0 < found["claimed"] <= 1
    assert found["questions"] >= found["different"] > 0


def test_a_study_is_taken_up_again(tmp_path: Path) -> None:
    store = tmp_path / "runs.jsonl"
    calls: list[tuple[int, int]] = []
    first = calibration(2, ["independent 0"], jobs=1, store=store, missing=1, liar=1)
    assert len(first.runs) == 7
    lines = store.read_text().splitlines()
    assert len(lines) == 7
    store.write_text("\n".join(lines[:4]) + "\n")
    again = calibration(
        2, ["independent 0"], jobs=1, store=store, missing=1, liar=1, progress=lambda *n: calls.append(n)
    )
    assert again.runs == first.runs
    assert calls == [(5, 7), (6, 7), (7, 7)]
    assert CalibrationStudy.from_json(first.to_json()).to_dict() == first.to_dict()
    assert len(first.to_frame()) == len(first.cells)
    assert len(first.runs_frame()) == 7
    assert json.loads(first.to_json())["missing"]["runs"] == 1
    assert all(low in {*BINS} for low in first.to_frame()["low"])
    assert first.plot().get_axes()
    with pytest.raises(FormatError, match="seed 0, not 1"):
        calibration(1, ["independent 0"], jobs=1, store=store, seed=1)
    store.write_text("something else\n")
    with pytest.raises(FormatError, match="line 1"):
        calibration(1, ["independent 0"], jobs=1, store=store)


def test_misuse() -> None:
    with pytest.raises(InvalidParameter, match="sometimes"):
        calibration(1, ["sometimes"])
    with pytest.raises(InvalidParameter, match="theirs"):
        calibration(1, methods=["theirs"])
    with pytest.raises(InvalidParameter, match="not negative"):
        calibration(-1)
    for text in ("{}", "[]", "no", '{"format": "another"}'):
        with pytest.raises(FormatError, match="calibration study"):
            CalibrationStudy.from_json(text)


@pytest.mark.slow
def test_a_small_study_of_persistent_errors() -> None:
    """The published loop is sure of wrong graphs where questions are answered the same again; the default is not."""
    runs = 30
    study = calibration(runs, ["persistent 0.2"], jobs=1)
    cells = {cell.method: cell for cell in study.cells if (cell.low, cell.high) == (0.0, 1.0)}
    ours, published = cells["ours"], cells["published"]
    assert ours.gap <= 3 * ours.standard_error + 0.05
    assert published.gap > 2 * published.standard_error
    assert ours.right > published.right
