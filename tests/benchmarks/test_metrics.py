"""Scores against a count by hand, item by item, and intervals that know which items belong together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.benchmarks.metrics import BINS, METRICS, intervals, score
from causalpp.errors import InvalidData, InvalidParameter

Rows = list[tuple[bool, bool | None, float | None]]


def by_hand(rows: Rows) -> dict[str, float]:
    """The scores, one item after the other."""

    def share(part: list[bool]) -> float:
        return sum(part) / len(part) if part else math.nan

    recall = share([answer is True for label, answer, _ in rows if label])
    specificity = share([answer is False for label, answer, _ in rows if not label])
    precision = share([label for label, answer, _ in rows if answer])
    stated = [(sure, answer == label) for label, answer, sure in rows if answer is not None and sure is not None]
    ece = 0.0
    for k in range(BINS):
        inside = [(s, r) for s, r in stated if k / BINS <= s < (k + 1) / BINS or (k == BINS - 1 and s == 1)]
        if inside:
            gap = abs(sum(s for s, _ in inside) / len(inside) - share([r for _, r in inside]))
            ece += len(inside) / len(stated) * gap
    if precision + recall > 0:
        f1 = 2 * precision * recall / (precision + recall)
    else:  # no yes at all, or no right one
        f1 = math.nan if not any(label or answer for label, answer, _ in rows) else 0.0
    return {
        "accuracy": share([answer == label for label, answer, _ in rows]),
        "balanced_accuracy": (recall + specificity) / 2,
        "f1": f1,
        "precision": precision,
        "recall": recall,
        "specificity": specificity,
        "calibration_error": ece if stated else math.nan,
        "brier": sum((s - r) ** 2 for s, r in stated) / len(stated) if stated else math.nan,
        "abstention": share([answer is None for _, answer, _ in rows]),
    }


def frame_of(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": pd.array([r[0] for r in rows], dtype="boolean"),
            "answer": pd.array([r[1] for r in rows], dtype="boolean"),
            "confidence": [r[2] for r in rows],
        }
    )


quarter = st.integers(0, 40).map(lambda k: (k + 0.37) / 40.5)  # between the edges of bins
items = st.tuples(st.booleans(), st.none() | st.booleans(), st.none() | quarter)


@settings(max_examples=150)
@given(st.lists(items, min_size=1, max_size=30))
def test_every_score_is_what_a_count_by_hand_gives(rows: Rows) -> None:
    found = score(frame_of(rows), draws=0).iloc[0]
    for metric, value in by_hand(rows).items():
        assert found[metric] == pytest.approx(value, nan_ok=True), metric
    assert found["items"] == len(rows)


def many(groups: int, seed: int = 0, size: int = 6) -> pd.DataFrame:
    """Items whose groups are right or wrong together."""
    draw = np.random.default_rng(seed)
    right = np.repeat(draw.random(groups) < 0.7, size)
    label = draw.random(groups * size) < 0.3
    return pd.DataFrame(
        {
            "label": label,
            "answer": np.where(right, label, ~label),
            "group": np.repeat(np.arange(groups), size).astype(str),
            "solver": "x",
        }
    )


def test_the_bootstrap_is_that_over_groups() -> None:
    frame = many(40)
    found = score(frame, draws=4000, seed=1).iloc[0]
    shares = (frame["label"] == frame["answer"]).groupby(frame["group"]).mean().to_numpy()
    draw = np.random.default_rng(9)
    slow = [np.mean(draw.choice(shares, len(shares))) for _ in range(4000)]
    low, high = np.quantile(slow, [0.025, 0.975])
    assert found["groups"] == 40
    assert found["accuracy_low"] == pytest.approx(low, abs=0.03)  # a grid of 1/40, and quantiles of 4,000 draws
    assert found["accuracy_high"] == pytest.approx(high, abs=0.03)
    alone = score(frame.drop(columns="group"), draws=1000).iloc[0]
    assert alone["accuracy_high"] - alone["accuracy_low"] < 0.6 * (found["accuracy_high"] - found["accuracy_low"])


@pytest.mark.slow
@pytest.mark.parametrize("grouped", [True, False])
def test_intervals_cover_as_often_as_they_say_where_items_are_grouped(grouped: bool) -> None:
    covered = 0
    runs = 200
    for seed in range(runs):
        frame = many(60, seed)
        found = score(frame if grouped else frame.drop(columns="group"), draws=300, seed=seed).iloc[0]
        covered += found["accuracy_low"] <= 0.7 <= found["accuracy_high"]
    if grouped:  # 0.95 less what a percentile interval of 60 groups loses, less three standard errors
        assert covered / runs > 0.88
    else:
        assert covered / runs < 0.75


def test_scores_of_series_are_apart_and_drawn_alike() -> None:
    frame = many(30)
    both = pd.concat([frame.assign(oracle_nature="simulated"), frame.assign(oracle_nature="language model").iloc[::-1]])
    found = score(both, draws=200)
    assert list(found["oracle_nature"]) == ["simulated", "language model"]
    numbers = [f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")]
    pd.testing.assert_frame_equal(found[numbers].iloc[[0]], found[numbers].iloc[[1]].set_axis([0]))


def test_costs_and_questions_are_means() -> None:
    frame = pd.DataFrame({"label": [True, False], "answer": [True, None], "cost": [0.5, 1.0], "questions": [8, None]})
    found = score(frame, draws=0).iloc[0]
    assert (found["cost"], found["questions"], found["abstention"]) == (0.75, 8.0, 0.5)


def test_rows_without_label_are_left_out() -> None:
    frame = pd.DataFrame({"label": [True, None, None], "answer": [True, False, True]})
    assert score(frame, draws=0)["items"].tolist() == [1]
    assert score(frame.iloc[1:], draws=10).iloc[0].isna()["accuracy"]


def test_one_group_has_no_interval() -> None:
    found = score(many(1), draws=50).iloc[0]
    assert not math.isnan(found["accuracy"])
    assert math.isnan(found["accuracy_low"])


def test_a_hundred_thousand_items_in_little_memory() -> None:
    found = score(many(20_000, size=5), draws=500).iloc[0]
    width = found["accuracy_high"] - found["accuracy_low"]
    assert width == pytest.approx(2 * 1.96 * math.sqrt(0.7 * 0.3 / 20_000), rel=0.15)


@pytest.mark.parametrize(
    ("columns", "options", "error", "said"),
    [
        ({"answer": [True]}, {}, InvalidData, "without the columns 'label'"),
        ({"label": ["yes"], "answer": [True]}, {}, InvalidData, "neither a number nor yes or no"),
        ({"label": [2], "answer": [True]}, {}, InvalidData, "labels and answers are yes or no"),
        ({"label": [True], "answer": [True], "confidence": [1.2]}, {}, InvalidData, "between 0 and 1"),
        ({"label": [True], "answer": [True]}, {"draws": -1}, InvalidParameter, "draws"),
        ({"label": [True], "answer": [True]}, {"by": ["model"]}, InvalidParameter, "no column 'model'"),
    ],
)
def test_what_cannot_be_scored(columns: Any, options: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        score(pd.DataFrame(columns), **options)


def test_weighted_means() -> None:
    mean, low, high = intervals([0.5, 0.0, math.nan], ["a", "b", "c"], weights=[10, 30, 5], draws=500)
    assert mean == pytest.approx(0.125)
    assert (low, high) == (0.0, 0.5)
    assert all(map(math.isnan, intervals([], [])))
    assert all(map(math.isnan, intervals([math.nan])))
