"""``causalpp bench``: runs, goes on, reports and compares, and says in one line what is wrong."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import warm

from causalpp.benchmarks import Run
from causalpp.cli import main
from causalpp.tasks import Corr2CauseItem

Bench = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["bench", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def items(number: int) -> list[dict[str, object]]:
    made = (
        Corr2CauseItem(str(i), "p", "h", i % 4 == 0, variables=("a", "b", "c"), group=str(i // 5))
        for i in range(number)
    )
    return [item.to_dict() for item in made]


def write(file: str, solvers: list[str], number: int = 40, name: str = "") -> Path:
    path = Path(f"{file}.json")
    part = {"study": "solve", "items": items(number), "solvers": solvers}
    path.write_text(json.dumps({"name": name or file, "parts": [part]}), encoding="utf-8")
    return path


SOLVER = """\
from dataclasses import dataclass

from causalpp.benchmarks import Solution, Solver


@dataclass(frozen=True)
class Guess(Solver):
    name = "guess"
    says: bool = True

    def solve(self, item):
        return Solution(self.says)
"""


def test_solvers_stand_in_files_beside_the_configuration_or_in_the_working_folder(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("deep").mkdir()
    Path("deep/guess_beside.py").write_text(SOLVER, encoding="utf-8")
    Path("guess_here.py").write_text(SOLVER, encoding="utf-8")
    path = write("deep/own", ["guess_beside:Guess", "guess_here:Guess"], 8, name="own")
    code, out, err = bench(path, "--jobs", 1, "--json")
    assert (code, err) == (0, "")
    assert [record["accuracy"] for record in json.loads(out)["results"]["solve"]] == [0.25, 0.25]


def test_a_configuration_is_run_and_reported(bench: Bench) -> None:
    path = write("small", ["always-no", "always-yes"])
    code, out, err = bench(path, "--jobs", 1)
    assert (code, err) == (0, "")
    assert "always-no" in out
    assert "0.750 [" in out
    assert "80 units in runs/small, report in runs/small/report/report.html" in out
    assert Path("runs/small/report/report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    code, out, err = bench("--out", "other", path, "--jobs", 1, "--json", "--seed", 7)
    told = json.loads(out)
    assert (code, err, told["units"], told["failures"]) == (0, "", 80, [])
    assert {r["solver"]: r["accuracy"] for r in told["results"]["solve"]} == {"always-no": 0.75, "always-yes": 0.25}
    assert Run("other").seed == 7


def test_a_report_is_written_again_elsewhere(bench: Bench) -> None:
    bench(write("small", ["always-no"]), "--jobs", 1)
    code, out, _ = bench("report", "runs/small", "--out", "page")
    assert (code, "page/report.html" in out) == (0, True)
    assert Path("page/report.md").is_file()


def test_two_runs_are_compared(bench: Bench) -> None:
    bench(write("one", ["always-no"]), "--jobs", 1)
    bench(write("two", ["always-yes"], 30), "--jobs", 1)
    code, out, err = bench("compare", "runs/one", "runs/two", "--solver", "always-no", "--solver", "always-yes")
    assert (code, err) == (0, "")
    assert "always-yes (asks nobody)" in out
    assert "10 items are only in one of the runs" in out
    code, out, _ = bench("compare", "runs/one", "runs/two", "--solver", "always-no", "--solver", "always-yes", "--json")
    (found,) = json.loads(out)
    assert (code, found["items"], found["groups"], found["only_second"]) == (0, 30, 6, 8)
    assert bench("compare", "runs/one", "runs/two", "--solver", "always-no")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quik",), "unknown configuration or command 'quik'"),
        (("calibraton",), "did you mean 'calibration'"),
        (("no-such.yaml",), "cannot read 'no-such.yaml': no such file"),
        (("report", "nowhere"), "there is no run in 'nowhere'"),
        (("compare", "a", "b"), "there is no run in 'a'"),
    ],
)
def test_errors_are_one_line(bench: Bench, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = bench(*arguments)
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_misspelt_key_names_the_right_one_and_its_line(bench: Bench) -> None:
    Path("c.yaml").write_text("name: x\nparts:\n  - study: discover\n    varables: [4]\n", encoding="utf-8")
    code, _, err = bench("c.yaml")
    assert code == 1
    assert err == "causalpp: c.yaml: line 4: parts[0]: unknown key 'varables'; did you mean 'variables'?\n"


def test_misspelt_options_are_refused(bench: Bench) -> None:
    for arguments in (("--jbos", 2, write("x", ["always-no"])), ("x.json", "--jbos", 2)):
        code, _, err = bench(*arguments)
        assert code == 2
        assert "--jbos" in err
    assert "CONFIG" in bench("--help")[1]
    assert "--dask" in bench("x.json", "--help")[1]


@pytest.mark.slow
def test_an_interrupt_leaves_a_run_that_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"study": "discover", "variables": [6], "runs": 4000}
    (tmp_path / "long.json").write_text(json.dumps({"name": "long", "parts": [part]}))
    monkeypatch.chdir(tmp_path)
    process = warm.Process("from causalpp.cli import main; main()", "bench", "long.json", "--out", "run", "--jobs", 1)
    store = tmp_path / "run" / "units.sqlite-wal"
    changes: set[int] = set()
    while len(changes) < 12:
        assert process.alive
        if store.exists():
            changes.add(store.stat().st_mtime_ns)
        time.sleep(0.01)
    process.kill(signal.SIGINT)
    code, _, err = process.wait()
    assert code == 130
    assert (
        "units are finished and kept; started again, the run goes on from there: causalpp bench long.json --out run"
        in err
    )
    assert "Traceback" not in err
    assert int(err.split("causalpp: ")[1].split()[0].replace(",", "")) > 0
