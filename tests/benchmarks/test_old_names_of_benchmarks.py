"""The names that 0.1 had still work, and say what they are called now."""

from __future__ import annotations

from typing import Any

import pytest

import causalpp.benchmarks as bench
from causalpp.benchmarks import Config, Run, Solution, Solver, Unit
from causalpp.benchmarks.reports.compare import Comparison

NAMES = {
    "CalibrationStudy": bench.ConfidenceStudy,
    "Task": bench.Study,
    "Verdict": bench.Solution,
    "calibration": bench.confidence_study,
    "get_task": bench.get_study,
    "task_names": bench.study_names,
}
PART = {"items": "corr2cause-small", "solvers": ["always-no"]}


@pytest.mark.parametrize("old", NAMES)
def test_names_of_the_room(old: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"benchmarks.{old} is called"):
        assert getattr(bench, old) is NAMES[old]


def test_names_of_attributes() -> None:
    part = Config.from_dict({"name": "x", "parts": [{"study": "solve", **PART}]}).parts[0]
    with pytest.warns(DeprecationWarning, match="study"):
        assert (Unit("solve", 1, {}).task, part.task) == ("solve", "solve")  # type: ignore[attr-defined]
    for owner, old in ((Run, "tasks"), (Comparison, "task")):
        with pytest.warns(DeprecationWarning, match=r"stud(y|ies)"), pytest.raises(AttributeError):
            getattr(object.__new__(owner), old)


def test_a_configuration_names_a_study_as_a_task() -> None:
    old, new = (Config.from_dict({"name": "x", "parts": [{key: "solve", **PART}]}) for key in ("task", "study"))
    assert old == new
    assert [unit.key for _, unit in old.units()] == [unit.key for _, unit in new.units()]
    with pytest.raises(bench.runs.config.FormatError, match="'task' is the old name of 'study'"):
        Config.from_dict({"name": "x", "parts": [{"task": "solve", "study": "solve", **PART}]})


def test_a_solver_of_ones_own_written_for_01() -> None:
    with pytest.warns(DeprecationWarning, match="oracle_nature"):

        class Mine(Solver):
            name = "mine"
            oracle_kind = "simulated"

            def solve(self, item: Any) -> Solution:
                return Solution(True)

    assert Mine().oracle_nature == "simulated"
