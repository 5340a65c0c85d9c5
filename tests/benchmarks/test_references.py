"""What whoever asks nobody gets right stands beside every figure of a loop, counted by listing the members."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from causalpp import MarkovEquivalenceClass, parse
from causalpp.benchmarks import Config, Run, run
from causalpp.benchmarks.drawing import accuracy_figure
from causalpp.benchmarks.metrics import in_hidden_graph, references, score
from causalpp.benchmarks.reports.compare import compare
from causalpp.benchmarks.reports.report import comparison_table, report
from causalpp.benchmarks.rows import frame_of_today, row_of_today
from causalpp.tasks import Corr2CauseItem, generate

ITEMS = list(generate(5, 30, seed=5))
LOOP = {"solver": "acbo", "ask": {"noise": 0.1}}
PUBLISHED = {"solver": "acbo-published", "ask": {"noise": 0.2}}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    parts = [
        {"study": "solve", "items": [item.to_dict() for item in ITEMS], "solvers": ["always-no", LOOP, PUBLISHED]},
        {"study": "local", "items": [item.to_dict() for item in ITEMS[:12]], "oracles": [{"ask": {"noise": 0.2}}]},
        {"study": "discover", "variables": [5], "runs": 3, "methods": ["ours"]},
    ]
    config = Config.from_dict({"name": "references", "parts": parts})
    return run(config, tmp_path_factory.mktemp("references"), jobs=1)


def held(item: Corr2CauseItem) -> np.ndarray:
    """In which members the hypothesis holds, one graph after the other."""
    mec = MarkovEquivalenceClass.from_premise(item.premise)
    statement = parse(item.hypothesis, mec.nodes)
    return np.array([bool(statement.holds(dag)) for dag in mec.members()])


def test_both_are_counted_over_the_members_of_each_class(found: Run) -> None:
    shares = {item.id: held(item) for item in ITEMS}
    truth = {item.id: item.label for item in ITEMS}
    left = [i for i, holds in shares.items() if 0 < holds.sum() < len(holds)]
    assert len(left) > 4
    member = {i: float(np.mean(holds == truth[i])) for i, holds in shares.items()}
    table = score(found.frame("solve"), draws=0).set_index("solver")
    for name in ("always-no", "acbo", "acbo-published"):
        row = table.loc[name]
        assert row["random_member"] == pytest.approx(np.mean(list(member.values())))
        assert row["random_member_open"] == pytest.approx(np.mean([member[i] for i in left]))
        assert row["class_alone"] == row["class_alone_open"] == 1.0  # what is open does not follow
        assert row["over_random_member"] == pytest.approx(row["accuracy"] - row["random_member"])
    frame = found.frame("solve").query("solver == 'acbo-published'").set_index("item")
    right = frame["right"].astype(float)
    assert table.loc["acbo-published", "accuracy_open"] == pytest.approx(right[left].mean())
    assert table.loc["acbo-published", "accuracy_decided"] == pytest.approx(right.drop(left).mean())


def test_members_drawn_at_random_are_right_so_often() -> None:
    random = np.random.default_rng(0)
    shares = [held(item) for item in ITEMS]
    said = np.array([[random.choice(holds) for holds in shares] for _ in range(400)])
    labels = np.array([bool(item.label) for item in ITEMS])
    frame = pd.DataFrame(
        {
            "label": labels,
            "decided": [holds.all() or not holds.any() for holds in shares],
            "member_share": [holds.mean() for holds in shares],
        }
    )
    member, _ = references(frame)
    rates = (said == labels).mean(axis=1)
    assert abs(rates.mean() - member.mean()) < 4 * math.sqrt((member * (1 - member)).sum()) / len(ITEMS) / 20


def test_the_constant_is_the_better_one_where_labels_are_of_a_hidden_graph() -> None:
    frame = pd.DataFrame(
        {
            "label": [True, True, False, True, False],
            "decided": [False, False, False, True, True],
            "member_share": [0.5, 0.25, 0.9, 1.0, 0.0],
            "answer": [False, False, False, False, False],
        }
    )
    member, alone = references(frame)
    assert member.tolist() == pytest.approx([0.5, 0.25, 0.1, 1.0, 1.0])
    assert alone.tolist() == [1, 1, 0, 1, 1]
    row = score(frame, [], draws=0).iloc[0]
    assert row["class_alone_open"] == pytest.approx(2 / 3)
    assert row["accuracy_decided"] == 0.5
    assert row["over_random_member"] == pytest.approx(2 / 5 - member.mean())


def test_where_no_class_is_known_nothing_is_said() -> None:
    frame = pd.DataFrame({"label": [True, False], "answer": [True, True], "decided": None, "member_share": None})
    row = score(frame, [], draws=0).iloc[0]
    assert row["accuracy"] == 0.5
    assert row[["random_member", "class_alone", "accuracy_open"]].isna().all()
    unread = Corr2CauseItem("1", "Nothing that can be read.", "A directly causes B.", False)
    part = {"study": "solve", "items": [unread.to_dict()], "solvers": ["always-no"]}
    (_, unit), *_ = Config.from_dict({"name": "x", "parts": [part]}).units()
    from causalpp.benchmarks.runs.units import carry_out

    (said,) = carry_out(unit).rows
    assert said["decided"] is said["member_share"] is None


def test_reports_and_comparisons_name_both(found: Run) -> None:
    page = report(found, draws=50)
    heads = [table.head for table in page.tables]
    scores = [head for head in heads if "balanced accuracy" in head]
    assert scores
    assert all({"random member", "class alone"} <= set(head) for head in scores)
    captions = [table.caption for table in page.tables]
    assert sum("leaves the hypothesis open" in (caption or "") for caption in captions) == 3
    assert sum("hidden graph" in (caption or "") for caption in captions) == 1
    loops = next(table for table in page.tables if "method" in table.head)
    assert "random member" in loops.head
    (both,) = compare(found, found, solvers=("acbo", "acbo-published"), study="solve")
    table = score(found.frame("solve"), draws=0).set_index("solver")
    assert both.random_member == pytest.approx(table.loc["acbo", "random_member"])
    assert both.open_second == pytest.approx(table.loc["acbo-published", "accuracy_open"])
    assert both.class_alone == 1.0
    told = comparison_table([both])
    shown = dict(zip(told.head, told.rows[0], strict=True))
    assert shown["random member of the class"] == f"{both.random_member:.3f}"
    assert shown["items left open"] == str(both.open_items)
    lines = [line.get_label() for line in accuracy_figure(found.frame("solve")).axes[-1].lines]
    assert {"random member of the class", "class alone"} <= set(lines)


def test_a_loop_is_held_against_the_hidden_graph_as_well(found: Run) -> None:
    hidden = in_hidden_graph(found.frame("solve"))
    assert set(hidden["solver"]) == {"acbo", "acbo-published"}
    assert (hidden["label"] == hidden["holds_in_truth"]).all()
    decided = hidden[hidden["decided"].astype(bool)]
    assert (decided["label"] == (decided["member_share"] == 1)).all()
    assert (hidden["answer"] == (hidden["holds"] >= 0.5)).all()


def test_local_questions_and_runs_of_the_loop_say_what_members_are_worth(found: Run) -> None:
    local = found.frame("local")
    member, _ = references(local)
    assert not np.isnan(member).any()
    assert (member[local["decided"].to_numpy(dtype=bool)] == 1).all()
    runs = found.frame("discover")
    assert (runs["random_member"] * runs["members"] == 1).all()
    old = runs.drop(columns="random_member")
    assert frame_of_today(old)["random_member"].tolist() == runs["random_member"].tolist()
    assert row_of_today(old.iloc[0].to_dict())["random_member"] == runs["random_member"].iloc[0]
