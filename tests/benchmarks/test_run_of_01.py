"""What version 0.1 wrote is read: ``run_of_01.json`` has a small run made with it, put together as it left it."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from causalpp.benchmarks import Config, Run, run
from causalpp.benchmarks.metrics import score
from causalpp.benchmarks.reports.compare import compare
from causalpp.benchmarks.reports.report import report
from causalpp.benchmarks.rows import AnswerRow, DiscoverRow, LocalRow, LoopRow, SolveRow
from causalpp.benchmarks.runs import _workers
from causalpp.benchmarks.studies import comparison_of_oracles

pytest.importorskip("pyarrow")
KEPT = json.loads((Path(__file__).parent / "run_of_01.json").read_text(encoding="utf-8"))
TABLES = """
CREATE TABLE results (
    key TEXT PRIMARY KEY, task TEXT NOT NULL, rows TEXT NOT NULL, seconds REAL NOT NULL, timings TEXT NOT NULL,
    finished REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (key TEXT PRIMARY KEY, unit TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan (key TEXT PRIMARY KEY, part INTEGER NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE environments (versions TEXT PRIMARY KEY, begun REAL NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run of 0.1, as it lies on the disk."""
    (tmp_path / "run.json").write_text(json.dumps({**KEPT["summary"], "config": KEPT["config"]}))
    store = sqlite3.connect(tmp_path / "units.sqlite")
    store.executescript(TABLES)
    tables: dict[str, list[dict[str, Any]]] = {}
    for found in KEPT["results"]:
        store.execute(
            "INSERT INTO results VALUES (?, ?, ?, 0.1, '{}', 1.0)",
            (found["key"], found["task"], json.dumps(found["rows"])),
        )
        for number, row in enumerate(found["rows"]):
            whole = {"key": found["key"], "part": found["task"], "row": number, **row}
            tables.setdefault(found["task"], []).append(whole)
    store.commit()
    store.close()
    for task, rows in tables.items():
        pd.DataFrame(rows).to_parquet(tmp_path / f"{task}.parquet")
    return tmp_path


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_its_tables_are_read_with_the_columns_of_today(folder: Path) -> None:
    found = Run(folder)
    solved = found.frame("solve")
    assert found.studies == ("discover", "local", "solve")
    assert set(solved["oracle_nature"]) == {"none", "simulated"}
    assert "oracle_kind" not in solved.columns
    asked = solved[solved["solver"] == "asked"]
    assert sorted(asked["outcome"]) == ["no answer", "right"]
    assert sorted(solved[solved["solver"] == "always-no"]["outcome"]) == ["right", "wrong"]
    table = score(solved, ["solver"], draws=0).set_index("solver")
    assert table.loc["asked", ["accuracy", "wrong", "abstention"]].tolist() == [0.5, 0.0, 0.5]
    assert table.loc["always-no", ["accuracy", "wrong", "abstention"]].tolist() == [0.5, 0.5, 0.0]
    assert comparison_of_oracles(found.frame("local"))["answers"].tolist() == [6]
    assert set(found.frame("discover")["oracle_nature"]) == {"simulated"}


def test_it_is_reported_and_compared(folder: Path) -> None:
    found = Run(folder)
    page = report(found, draws=20).markdown
    assert "Simulated oracles" in page
    assert "| wrong |" in page
    (same,) = compare(found, found, solvers=("asked", "asked"))
    assert (same.both, same.neither, same.silent_first, same.silent_second) == (1, 1, 1, 1)


def test_a_run_that_was_stopped_goes_on_from_the_units_it_has(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of units are those of 0.1, so that none of them is carried out again; one that is missing is."""
    done: list[str] = []
    carry_out = _workers.carry_out
    monkeypatch.setattr(_workers, "carry_out", lambda unit: done.append(unit.key) or carry_out(unit))
    before = Run(folder).frame("solve")
    assert run(Config.from_dict(KEPT["config"]), folder, jobs=1).units == len(KEPT["results"])
    assert done == []
    assert plain(Run(folder).frame("solve")[before.columns]) == plain(before)
    missing = next(found["key"] for found in KEPT["results"] if found["rows"][0].get("solver") == "symbolic")
    with sqlite3.connect(folder / "units.sqlite") as store:
        store.execute("DELETE FROM results WHERE key = ?", (missing,))
    store.close()
    after = run(Config.from_dict(KEPT["config"]), folder, jobs=1).frame("solve")
    assert done == [missing]
    assert plain(after[before.columns]) == plain(before)


def test_every_column_is_declared(folder: Path) -> None:
    """What the studies write is what :mod:`causalpp.benchmarks.rows` says, besides what a solver states itself."""
    declared = {"solve": SolveRow, "local": LocalRow, "discover": DiscoverRow}
    run(Config.from_dict({**KEPT["config"], "seed": 4}), folder / "new", jobs=1)
    for study, row in declared.items():
        written = set(Run(folder / "new").frame(study).columns) - {"key", "part", "row"}
        assert written - {"votes", "verdict"} <= set(row.__annotations__)
        said = "".join(str(kind.__doc__) for kind in (row, AnswerRow, LoopRow))
        assert all(re.search(rf"^ +(\w+, )*{name}(, \w+)*:", said, re.M) for name in row.__annotations__)
