"""What each recipe adds to one beginning: the sums by hand, and one seed of all five."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from causalpp.benchmarks import RecipeStudy, recipe_study
from causalpp.benchmarks.studies.recipes import Trained
from causalpp.errors import InvalidParameter


def test_the_standard_error_and_the_interval_are_those_of_the_spread_between_seeds() -> None:
    rows = tuple(Trained(seed, "sft", "drawn", 0.3, 0.3 + rise, 0.01) for seed, rise in enumerate((0.1, 0.2, 0.3)))
    (gain,) = RecipeStudy(rows, 10, 20, {}).gains
    assert gain.rise == pytest.approx(0.2)
    assert gain.error == pytest.approx(0.1 / math.sqrt(3))
    assert gain.interval[1] - gain.rise == pytest.approx(4.302652729911275 * gain.error)  # of a table, 2 degrees
    (single,) = RecipeStudy(rows[:1], 10, 20, {}).gains
    assert single.error == 0.01


def test_it_is_a_table_a_picture_and_json() -> None:
    rows = tuple(
        Trained(seed, name, replies, 0.3, 0.4 + seed / 100, 0.01)
        for seed in range(2) for name in ("beginning", "kto") for replies in ("likeliest", "drawn")
    )  # fmt: skip
    found = RecipeStudy(rows, 1000, 2000, {})
    assert "2 seeds, 1,000 items" in repr(found)
    assert json.loads(found.to_json())["gains"][1]["recipe"] == "kto"
    assert len(found.frame) == 8
    assert [label.get_text() for label in found.plot().axes[0].get_yticklabels()] == ["kto"]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="at least one seed"):
        recipe_study(0)
    with pytest.raises(InvalidParameter, match=r"the recipes are sft.*got rlhf"):
        recipe_study(1, recipes=["rlhf"])
    with pytest.raises(InvalidParameter, match="others to be tested on"):
        recipe_study(1, items=[])


@pytest.mark.slow
def test_all_five_raise_the_score_of_others_and_what_has_ended_is_given_back(tmp_path: Path) -> None:
    pytest.importorskip("trl")
    found = recipe_study(1, folder=tmp_path)
    likeliest = {row.recipe: row for row in found.rows if row.replies == "likeliest"}
    first = likeliest["beginning"]
    assert first.before < 0.05
    assert 0.2 <= first.after <= 0.5
    assert likeliest["sft"].after - first.before >= 0.3
    drawn = {row.recipe: row for row in found.rows if row.replies == "drawn"}
    for recipe in ("sft", "dpo", "kto", "ppo", "grpo"):
        assert likeliest[recipe].before == first.after
        assert likeliest[recipe].rise > 0
        assert drawn[recipe].rise > 2 * drawn[recipe].error  # the items are the same before and after
    assert recipe_study(1, folder=tmp_path).rows == found.rows
