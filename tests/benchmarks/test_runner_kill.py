"""Ten thousand units, killed by ``kill -9`` five times, leave what an uninterrupted run leaves, to the byte."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from pathlib import Path

import pytest
import warm

from causalpp.benchmarks import Run
from causalpp.benchmarks.metrics import score
from causalpp.tasks import Corr2CauseItem

ITEMS = 5_000
COMMAND = "from causalpp.cli import main; main()"


def start(config: Path, out: Path, jobs: int) -> warm.Process:
    return warm.Process(COMMAND, "bench", config, "--out", out, "--jobs", jobs, "--json")


def kill_after(process: warm.Process, out: Path, changes: int) -> None:
    """Kill a run once its store has been seen to change so often."""
    seen: set[tuple[int, int]] = set()
    while len(seen) < changes:
        assert process.alive, "the run ended before it was killed"
        try:
            now = (out / "units.sqlite-wal").stat()
        except FileNotFoundError:
            continue
        seen.add((now.st_size, now.st_mtime_ns))
        time.sleep(0.001)
    process.kill()
    assert process.wait().code == -signal.SIGKILL


def finished(out: Path) -> int:
    connection = sqlite3.connect(out / "units.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM results").fetchone()[0])
    finally:
        connection.close()


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("run.json", "solve.parquet")}


@pytest.mark.slow
def test_five_kills_change_nothing(tmp_path: Path) -> None:
    with (tmp_path / "items.jsonl").open("w") as lines:
        for i in range(ITEMS):
            item = Corr2CauseItem(
                f"{i}",
                f"Premise {i}.",
                "A directly causes B.",
                i % 3 == 0,
                "parent",
                "A",
                "B",
                ("A", "B"),
                group=f"{i // 6}",
            )
            lines.write(json.dumps(item.to_dict()) + "\n")
    config = tmp_path / "run.json"
    part = {"study": "solve", "items": str(tmp_path / "items.jsonl"), "solvers": ["always-no", "always-yes"]}
    config.write_text(json.dumps({"name": "kills", "parts": [part]}))

    counts = []
    killed = tmp_path / "killed"
    for changes, jobs in ((8, 1), (15, 2), (22, 1), (30, 1), (38, 1)):
        kill_after(start(config, killed, jobs), killed, changes)
        counts.append(finished(killed))
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1] < 2 * ITEMS
    assert not (killed / "solve.parquet").exists()
    for folder in (killed, tmp_path / "whole"):
        done = start(config, folder, 1).wait()
        assert done.code == 0, done.err
    assert files(killed) == files(tmp_path / "whole")

    frame = Run(killed).frame("solve")
    assert len(frame) == 2 * ITEMS
    found = score(frame, draws=0).set_index("solver")["accuracy"]
    positive = len(range(0, ITEMS, 3)) / ITEMS
    assert found["always-no"] == pytest.approx(1 - positive)
    assert found["always-yes"] == pytest.approx(positive)
