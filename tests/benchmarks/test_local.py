"""Local questions put to oracles by the runner: rates are those of the noise, and nothing is asked twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import causalpp as cpp
from causalpp.benchmarks.runs.config import Config
from causalpp.benchmarks.runs.runner import run
from causalpp.benchmarks.solvers.asked import Simulated
from causalpp.benchmarks.solvers.loop import AcboSolver
from causalpp.benchmarks.studies.discover import DISCOVER, DiscoverSettings
from causalpp.benchmarks.studies.local import calibrations, comparison_of_oracles
from causalpp.benchmarks.studies.solve import ItemsSettings, chosen_items
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.tasks import generate


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("pyarrow")
    items = [item.to_dict() for item in generate([5, 7], 60, seed=4)]
    config = {
        "name": "test",
        "seed": 0,
        "parts": [
            {
                "study": "local",
                "items": items,
                "per_kind": 12,
                "repeats": 2,
                "oracles": [
                    {"ask": {"noise": 0.0}, "label": "perfect"},
                    {"ask": {"noise": 0.2}},
                    {"ask": {"noise": {"family": "Persistent", "noise": 0.2}}, "label": "stubborn"},
                ],
            }
        ],
    }
    return run(Config.from_dict(config), out=tmp_path_factory.mktemp("run") / "out", jobs=1).frame("local")


def test_every_oracle_is_asked_the_same(frame: Any) -> None:
    asked = {label: set(zip(part["graph"], part["question"])) for label, part in frame.groupby("solver")}
    assert len(asked) == 3
    assert asked["perfect"] == asked["stubborn"] == asked["Symmetric(error=0.2)"]
    assert set(frame["relation"]) == {"Causes", "DirectlyCauses", "Changes"}


def test_rates_are_those_of_the_noise(frame: Any) -> None:
    table = comparison_of_oracles(frame).set_index("solver")
    assert table.loc["perfect", "accuracy"] == 1
    for label in ("Symmetric(error=0.2)", "stubborn"):
        row = table.loc[label]
        spread = 4 * (0.2 * 0.8 / row["questions"]) ** 0.5  # repeats count for nothing
        assert abs(row["accuracy"] - 0.8) < spread
        assert row["sensitivity_low"] < 0.8 < row["sensitivity_high"]
    assert table.loc["stubborn", "repeat_correlation"] > 0.95
    assert table.loc["Symmetric(error=0.2)", "repeat_correlation_low"] < 0.05


def test_rates_can_be_told_by_kind_and_size(frame: Any) -> None:
    table = comparison_of_oracles(frame, by="kind")
    assert set(table["kind"]) == {"Causes", "DirectlyCauses", "Changes"}
    assert set(comparison_of_oracles(frame, by="variables")["variables"]) == {5, 7}
    assert calibrations(frame)["perfect"].sensitivity.value == 1


def test_other_tables_are_refused(frame: Any) -> None:
    with pytest.raises(InvalidData, match="study 'local'"):
        comparison_of_oracles(frame.drop(columns="path"))
    with pytest.raises(InvalidParameter):
        comparison_of_oracles(frame, by="colour")


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"oracles": []}, "at least one oracle"),
        ({"oracles": [{"ask": {"noise": 0.1}}, {"ask": {"noise": 0.1}}]}, "label"),
        ({"oracles": [{"ask": {"noise": 0.1}}], "repeats": 0}, "from 1 on"),
    ],
)
def test_bad_settings(tmp_path: Path, part: dict[str, Any], says: str) -> None:
    config = {"name": "x", "seed": 0, "parts": [{"study": "local", "items": "corr2cause-small", **part}]}
    with pytest.raises((InvalidParameter, ValueError), match=says):
        run(Config.from_dict(config), out=tmp_path / "out")


def test_a_limit_draws_items_as_balanced_as_the_whole() -> None:
    """The items that ship stand in an order of their own, so that the first ones are of few classes."""
    items = [item.to_dict() for item in cpp.tasks.load_benchmark("corr2cause-small")]
    some = [
        list(chosen_items(ItemsSettings(items=tuple(items), limit=limit), seed)) for limit, seed in ((60, 0), (60, 1))
    ]
    order = [item["id"] for item in items]
    for drawn in some:
        ids = [item.id for item in drawn]
        assert len(set(ids)) == 60
        assert ids == sorted(ids, key=order.index)
        share = sum(bool(item["label"]) for item in items) / len(items)
        assert abs(sum(item.target.value is True for item in drawn) - 60 * share) < 1
        assert ids != order[:60]
    assert [item.id for item in some[0]] != [item.id for item in some[1]]
    again = list(chosen_items(ItemsSettings(items=tuple(items), limit=60), 0))
    assert [item.id for item in again] == [item.id for item in some[0]]
    assert len(list(chosen_items(ItemsSettings(items=tuple(items), limit=10**6), 0))) == len(items)


def test_an_abstention_is_no_wrong_answer() -> None:
    """An oracle that never answers is wrong about nothing, in local questions, in loops and in runs of the loop."""
    silent = {"family": "Abstaining", "noise": 0.0, "rate": 1.0}
    row = next(iter(DISCOVER.work({**plan_of(silent), "max_questions": 12})))
    assert (row["local_wrong"], row["local_silent"]) == (0, row["local_answers"])
    item = next(item for item in cpp.tasks.load_benchmark("corr2cause-small") if item.size == 4)
    solver = AcboSolver(Simulated(silent), goal=False, max_questions=12)
    about = solver.solve(item.blind()).about
    assert about["local_wrong"] == 0
    assert about["local_silent"] == about["local_answers"]


def plan_of(noise: dict[str, object]) -> dict[str, object]:
    return dict(next(iter(DISCOVER.plan(DiscoverSettings((4,), runs=1, noise=(noise,)), 0))))
