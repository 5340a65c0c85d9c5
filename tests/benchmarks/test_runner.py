"""The runner: the same rows whatever way they came by, nothing lost whatever stops it, clear words for what failed."""

from __future__ import annotations

import json
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from causalpp.benchmarks import Config, Run, Study, Unit, get_study, run, seed_of
from causalpp.benchmarks.keys import canonical
from causalpp.benchmarks.runs.units import carry_out
from causalpp.errors import FormatError, InvalidParameter, RunIncomplete, UnknownName


def config(study: str, **settings: Any) -> Config:
    outer = {key: settings.pop(key) for key in ("seed", "tries", "concurrency") if key in settings}
    return Config.from_dict({"name": "test", **outer, "parts": [{"study": f"runner_tasks:{study}", **settings}]})


def files(folder: Path) -> dict[str, bytes]:
    """What has to be the same to the byte."""
    kept = [*folder.glob("*.parquet"), *folder.glob("run.json")]
    return {path.name: path.read_bytes() for path in kept if path.name != "timings.parquet"}


def rows(found: Run, study: str) -> pd.DataFrame:
    return found.frame(f"runner_tasks:{study}")


# --- units --------------------------------------------------------------------------------------------


def test_a_key_is_of_what_determines_the_result() -> None:
    base = Unit("solve", 1, {"a": 1, "b": [1, 2]})
    assert base.key == Unit("solve", 1, {"b": (1, 2), "a": 1}, waits=True).key
    others = [Unit("solve", 2, {"a": 1, "b": [1, 2]}), Unit("discover", 1, base.parameters), Unit("solve", 1, {"a": 1})]
    assert len({base.key, *(unit.key for unit in others)}) == 4
    assert len(base.key) == 64


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}, b"x"])
def test_what_is_not_plain_makes_no_unit(value: object) -> None:
    with pytest.raises(InvalidParameter, match="plain values"):
        Unit("solve", 1, {"x": value})


def test_seeds_depend_on_all_parts() -> None:
    seeds = {seed_of(*parts) for parts in [(0,), (1,), (0, 0), ("0",), (0, "a"), ([0, "a"],)]}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert canonical({"ö": 1}) == '{"ö":1}'


def test_tasks_are_found_by_name_and_by_place() -> None:
    assert get_study("runner_tasks:DRAWING").name == "runner_tasks:DRAWING"
    with pytest.raises(UnknownName, match="did you mean 'solve'"):
        get_study("solv")
    wrong = ("os:system", "no.such.module:X", "runner_tasks:NOTHING", "runner_tasks:row", ":X", ".x:Y", "os:path.x")
    for name in wrong:
        with pytest.raises(InvalidParameter):
            get_study(name)


def test_a_module_that_cannot_be_imported_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_study.py").write_text("def")
    (tmp_path / "zero_study.py").write_text("1 / 0")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name, said in (("broken_study", "SyntaxError"), ("zero_study", "ZeroDivisionError: division by zero")):
        with pytest.raises(InvalidParameter, match=f"'{name}:X' cannot be imported: {said}"):
            get_study(f"{name}:X")


def test_another_version_of_the_code_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="version 1 here and of version 2"):
        carry_out(Unit("runner_tasks:DRAWING", 2, {"number": 1}))


# --- results do not depend on how the work was done ----------------------------------------------------


@pytest.mark.slow
def test_one_process_or_two_give_the_same_bytes(tmp_path: Path) -> None:
    chosen = config("DRAWING", units=60, seed=3)
    one = run(chosen, tmp_path / "one", jobs=1)
    run(chosen, tmp_path / "two", jobs=2)
    run(chosen, tmp_path / "two", jobs=2)  # nothing to do
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert set(files(tmp_path / "one")) == {"run.json", "runner_tasks-DRAWING.parquet"}
    frame = rows(one, "DRAWING")
    assert list(frame["key"]) == sorted(frame["key"])
    assert sorted(frame["number"]) == list(range(60))
    assert frame["draw0"].nunique() == 60  # each unit draws from a generator of its own
    assert len(one.timings) == 60


def test_global_generators_and_threads_are_left_as_they_were() -> None:
    import random

    import numpy as np
    import torch

    def state() -> tuple[Any, ...]:
        arrays = np.random.get_state()[1].tolist()  # noqa: NPY002
        return random.getstate(), arrays, torch.get_rng_state().tolist(), torch.get_num_threads()

    before = state()
    unit = Unit("runner_tasks:DRAWING", 1, next(iter(get_study("runner_tasks:DRAWING").plan(config_of(1), 0))))
    assert carry_out(unit).rows == carry_out(unit).rows
    assert state() == before


def config_of(units: int) -> Any:
    return get_study("runner_tasks:DRAWING").settings(units=units)


def test_what_has_a_result_is_not_done_again(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    run(config("FAILING", units=5, marks=str(marks)), tmp_path / "run", jobs=1)
    more = run(config("FAILING", units=8, marks=str(marks)), tmp_path / "run", jobs=1)  # a longer run, the same units
    assert {path.stat().st_size for path in marks.iterdir()} == {1}
    assert sorted(rows(more, "FAILING")["number"]) == list(range(8))
    fewer = run(config("FAILING", units=3, marks=str(marks)), tmp_path / "run", jobs=1)
    assert sorted(rows(fewer, "FAILING")["number"]) == [0, 1, 2]
    fresh = run(config("FAILING", units=3, marks=str(marks)), tmp_path / "fresh", jobs=1)
    assert files(fewer.folder) == files(fresh.folder)
    with pytest.raises(InvalidParameter, match="holds 8 results"):
        run(config("FAILING", units=3), tmp_path / "run", jobs=1, resume=False)


def test_units_that_are_planned_twice_are_done_once(tmp_path: Path) -> None:
    part = {"study": "runner_tasks:DRAWING", "units": 4}
    twice = Config.from_dict({"name": "x", "parts": [part, {**part, "name": "again", "units": 6}]})
    frame = rows(run(twice, tmp_path, jobs=1), "DRAWING")
    assert sorted(frame["number"]) == list(range(6))
    assert frame["part"].value_counts().to_dict() == {"runner_tasks:DRAWING": 4, "again": 2}


def test_the_seed_makes_other_units(tmp_path: Path) -> None:
    a, b = (run(config("DRAWING", units=3, seed=s), tmp_path / str(s), jobs=1) for s in (1, 2))
    assert not set(rows(a, "DRAWING")["key"]) & set(rows(b, "DRAWING")["key"])
    assert (a.seed, b.seed) == (1, 2)


def test_metadata_says_what_was_run_with_what(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    found = run(config("DRAWING", units=2, seed=5), tmp_path, jobs=1)
    about = json.loads(pq.read_schema(tmp_path / "runner_tasks-DRAWING.parquet").metadata[b"causalpp"])
    assert about["versions"] == [found.versions]
    assert {"python", "torch", "causalpp"} <= set(found.versions)
    assert about["seed"] == found.seed == 5
    assert found.config["parts"][0]["deaths"] == 1_000_000  # defaults are spelt out


# --- what goes wrong ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_that_dies_for_good_names_its_unit(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    chosen = config("DYING", units=30, bad=[17], marks=str(marks), tries=2)
    with pytest.raises(
        RunIncomplete, match=r'29 units are finished, one has no result: runner_tasks:DYING .*"number":17'
    ) as e:
        run(chosen, tmp_path / "run", jobs=2)
    assert "died" in e.value.failures[0][1]
    assert "tried 2 times" in e.value.failures[0][1]
    found = Run(tmp_path / "run")  # all others are there
    assert sorted(rows(found, "DYING")["number"]) == [n for n in range(30) if n != 17]
    assert [failure["unit"] for failure in found.failures] == [e.value.failures[0][0]]


@pytest.mark.slow
def test_a_worker_that_dies_once_costs_nothing(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    chosen = config("DYING", units=40, bad=[5, 20], marks=str(marks), deaths=1)
    found = run(chosen, tmp_path / "run", jobs=2)
    assert sorted(rows(found, "DYING")["number"]) == list(range(40))


def test_units_that_fail_are_reported_and_tried_again_next_time(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    chosen = config("FAILING", units=12, bad=[3, 8], marks=str(marks))
    for attempt in (1, 2):
        with pytest.raises(RunIncomplete, match=r"10 units are finished.*this one cannot be done, and 1 more"):
            run(chosen, tmp_path / "run", jobs=1)
        assert [(marks / str(n)).stat().st_size for n in (3, 8, 0)] == [attempt, attempt, 1]
    assert len(Run(tmp_path / "run").failures) == 2


def test_what_may_pass_is_tried_again_at_once(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    assert run(config("STUMBLING", units=3, marks=str(marks)), tmp_path / "run", jobs=1).units == 3
    with pytest.raises(RunIncomplete, match=r"OSError: not yet .tried 2 times"):
        run(config("STUMBLING", units=1, marks=str(tmp_path / "run"), tries=2), tmp_path / "other", jobs=1)


def test_a_run_in_which_everything_fails_stops(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    with pytest.raises(RunIncomplete, match="the last 20 units all failed"):
        run(config("FAILING", units=1000, bad=list(range(1000)), marks=str(marks)), tmp_path / "run", jobs=1)
    assert len(list(marks.iterdir())) < 600


def test_an_oracle_that_cannot_be_asked_stops_the_run(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    with pytest.raises(RunIncomplete, match=r"the server is down; \d+ units are finished and kept"):
        run(config("UNREACHABLE", units=50, bad=[30], marks=str(marks)), tmp_path / "run", jobs=1)
    with pytest.raises(FormatError, match="has not finished"):
        Run(tmp_path / "run")
    done = run(config("UNREACHABLE", units=20, marks=str(marks)), tmp_path / "run", jobs=1)
    assert done.units == 20


def test_an_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    chosen = config("INTERRUPTED", units=20, bad=[13], marks=str(marks))
    with pytest.raises(KeyboardInterrupt, match=r"\d+ units are finished and kept"):
        run(chosen, tmp_path / "run", jobs=1)
    found = run(chosen, tmp_path / "run", jobs=1)
    assert sorted(rows(found, "INTERRUPTED")["number"]) == list(range(20))


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    from causalpp.benchmarks.runs.store import Store

    with Store(tmp_path), pytest.raises(InvalidParameter, match="another process works on the run"):
        run(config("DRAWING"), tmp_path, jobs=1)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match=r"cannot make the folder .* a file has that name"):
        run(config("DRAWING"), tmp_path / "file", jobs=1)
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "units.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(FormatError, match="damaged or no store"):
        run(config("DRAWING"), tmp_path / "odd", jobs=1)
    for folder in ("nothing", "odd"):
        with pytest.raises(FormatError, match="there is no run in"):
            Run(tmp_path / folder)
    with pytest.raises(InvalidParameter, match="jobs"):
        run(config("DRAWING"), tmp_path / "x", jobs=0)


def returning(value: Any) -> Any:
    return lambda parameters: [{"x": value}]


@pytest.mark.parametrize("value", [[1], {"a": 1}, object()])
def test_rows_hold_plain_values(value: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import runner_tasks

    bad = Study("runner_tasks:DRAWING", 1, runner_tasks.Settings, runner_tasks.plan, returning(value))
    monkeypatch.setattr(runner_tasks, "DRAWING", bad)
    with pytest.raises(RunIncomplete, match="column 'x' of a row holds"):
        run(config("DRAWING", units=1), tmp_path, jobs=1)


def test_columns_take_the_type_that_holds_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import numpy as np
    import runner_tasks

    def odd(p: Any) -> list[dict[str, Any]]:
        n = p["number"]
        return [
            {
                "a": n if n else 0.5,
                "b": None,
                "c": n if n else "zero",
                "d": n == 1,
                "e": 2**70 if n else 1,
                "f": np.float32(1),
            }
        ]

    study = Study("runner_tasks:DRAWING", 1, runner_tasks.Settings, runner_tasks.plan, odd)
    monkeypatch.setattr(runner_tasks, "DRAWING", study)
    frame = rows(run(config("DRAWING", units=3), tmp_path, jobs=1), "DRAWING")
    assert sorted(frame["a"]) == [0.5, 1.0, 2.0]
    assert frame["b"].isna().all()
    assert sorted(frame["c"]) == ["1", "2", "zero"]
    assert frame["d"].dtype == "boolean"
    assert sorted(frame["e"]) == [1.0, 2.0**70, 2.0**70]


# --- units that wait --------------------------------------------------------------------------------------


def test_waiting_units_are_under_way_together(tmp_path: Path) -> None:
    found = run(config("WAITING", units=24, seconds=0.02, concurrency=6), tmp_path, jobs=1)
    assert sorted(rows(found, "WAITING")["number"]) == list(range(24))
    assert found.timings["most"].max() == 6


@pytest.mark.slow
def test_waiting_and_computing_units_in_one_run(tmp_path: Path) -> None:
    parts = [{"study": f"runner_tasks:{name}", "units": 10} for name in ("WAITING", "DRAWING")]
    found = run(Config.from_dict({"name": "x", "parts": parts}), tmp_path, jobs=2)
    assert found.units == 20


def test_a_waiting_unit_that_cannot_be_asked_stops_the_run_and_loses_nothing(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    chosen = config("WAITING", units=30, bad=[20], seconds=0.01, marks=str(marks), concurrency=4)
    with pytest.raises(RunIncomplete, match="the server is down"):
        run(chosen, tmp_path / "run", jobs=1)
    before = len(list(marks.iterdir()))
    assert 20 <= before < 30
    run(config("WAITING", units=20, seconds=0.01, marks=str(marks)), tmp_path / "run", jobs=1)


# --- bounded memory -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_memory_does_not_grow_with_the_run(tmp_path: Path) -> None:
    def peak(units: int) -> int:
        tracemalloc.start()
        run(config("BULKY", units=units), tmp_path / str(units), jobs=1)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    small, large = peak(60), peak(1000)  # 2.4 MB of rows, and 40 MB
    assert large < small + 20e6, (small, large)
