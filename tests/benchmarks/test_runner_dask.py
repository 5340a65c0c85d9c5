"""A Dask cluster gives the rows that one machine gives, and loses nothing when a worker dies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from causalpp.benchmarks import Config, run
from causalpp.errors import InvalidParameter, RunIncomplete

HERE = str(Path(__file__).parent)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]  # of the cluster's start and end, which are not ours


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as made:
        with distributed.Client(made, set_as_default=False) as client:
            client.run(lambda: __import__("sys").path.insert(0, HERE))
        yield made


def config(*parts: dict[str, Any], **outer: Any) -> Config:
    return Config.from_dict({"name": "dask", **outer, "parts": list(parts)})


@pytest.mark.slow
def test_two_workers_give_identical_files(cluster: Any, tmp_path: Path) -> None:
    items = [
        {
            "id": str(i),
            "premise": "…",
            "hypothesis": "…",
            "label": i % 2 == 0,
            "variables": ["a", "b"],
            "group": str(i // 4),
        }
        for i in range(200)
    ]
    chosen = config(
        {"study": "solve", "items": items, "solvers": ["always-no", "always-yes"]},
        {"study": "discover", "variables": [4, 5], "runs": 3, "methods": ["ours", "published"]},
        {"study": "runner_tasks:WAITING", "units": 5},
        seed=2,
    )
    there = run(chosen, tmp_path / "dask", dask=cluster.scheduler_address)
    here = run(chosen, tmp_path / "here", jobs=1)
    assert there.units == here.units == 400 + 12 + 5
    for name in ("solve.parquet", "discover.parquet", "run.json"):
        assert (there.folder / name).read_bytes() == (here.folder / name).read_bytes(), name


def test_a_worker_that_dies_names_its_unit(cluster: Any, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster, set_as_default=False) as client:
        client.run(lambda: __import__("sys").path.insert(0, HERE))
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 0))
        (tmp_path / "marks").mkdir()
        part = {"study": "runner_tasks:DYING", "units": 6, "bad": [4], "marks": str(tmp_path / "marks")}
        with pytest.raises(RunIncomplete, match=r'5 units are finished, one has no result: .*"number":4'):
            run(config(part, tries=1), tmp_path / "run", dask=client)


@pytest.mark.slow
def test_no_scheduler_is_one_clear_error(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(InvalidParameter, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run(config({"study": "runner_tasks:DRAWING"}), tmp_path, dask="tcp://127.0.0.1:9")
