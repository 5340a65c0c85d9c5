"""The audit finds what was planted, and nothing else, in files of every published format."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from published_rows import some_rows, true_in

from causalpp.cli import main
from causalpp.errors import InvalidParameter
from causalpp.tasks import Corr2CauseItem, audit
from causalpp.tasks.items.loaders import item_of


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return some_rows()


def items(rows: list[dict[str, Any]], split: str = "") -> list[Corr2CauseItem]:
    return [item_of(row, number, "rows", split) for number, row in enumerate(rows, 1)]


# --- labels -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_true_labels_are_all_confirmed(rows: list[dict[str, Any]]) -> None:
    found = audit(items(rows))
    assert found.checked == found.rows == 5000
    assert found.disagreements == found.failures == found.overlaps == ()
    assert found.clean
    assert found.always_no == pytest.approx(1 - np.mean([row["label"] for row in rows]))


def test_planted_errors_are_found_and_nothing_else(rows: list[dict[str, Any]]) -> None:
    planted = sorted(random.Random(1).sample(range(len(rows)), 50))
    changed = [dict(row) for row in rows]
    for k in planted:
        changed[k]["label"] = 1 - changed[k]["label"]
    found = audit(items(changed))
    assert [wrong.row - 1 for wrong in found.disagreements] == planted
    assert found.agreement == pytest.approx(0.99)
    for wrong in found.disagreements:
        assert wrong.derived == bool(rows[wrong.row - 1]["label"]) == (not wrong.label)
        if wrong.derived:
            assert wrong.refuted_by is None
            assert wrong.reason
        else:  # the refuting member is a member, and refutes
            edges = {(a, b) for a, b in wrong.refuted_by or []}
            names = "".join(
                sorted(set(rows[wrong.row - 1]["input"].split("variables, ")[1].split(".")[0]) - set("and ,"))
            )
            template = rows[wrong.row - 1]["template"]
            a, b = (word.strip(".,") for word in wrong.hypothesis.split() if word.strip(".,") in set(names))
            if template in ("child", "non-child descendant"):
                a, b = b, a
            assert not true_in(edges, names, template, a, b)
    assert not found.clean
    assert len(found.to_frame()) == 50
    assert json.loads(found.to_json())["agreement"] == pytest.approx(0.99)


def test_rows_that_cannot_be_checked_are_told_apart(rows: list[dict[str, Any]]) -> None:
    good = rows[0]
    text = "Premise: Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among "
    text += "these 3 variables are as follows: "
    bad = [
        {"input": good["input"], "label": 3},
        {"input": good["input"], "label": "maybe"},
        {"input": good["input"], "label": None},
        {"input": "Premise: nothing of the kind.\nHypothesis: A directly causes B.", "label": 0},
        {"input": good["input"].partition("Hypothesis")[0] + "Hypothesis: Q directly causes B.", "label": 0},
        {"input": text + "A correlates with B. However, A is independent of B.\nHypothesis: A causes B.", "label": 0},
        {"input": text + "However, A is independent of C given B.\nHypothesis: A directly causes C.", "label": 0},
        {"input": text + "A correlates with Z.\nHypothesis: A directly causes C.", "label": 0},
        {"input": good["input"].partition("Hypothesis")[0], "label": 1},
    ]
    found = audit(items(bad))
    kinds = [failure.kind for failure in found.failures]
    assert kinds == [
        "label", "label", "label", "premise", "hypothesis", "contradiction", "undetermined", "premise", "hypothesis",
    ]  # fmt: skip
    assert found.checked == 0
    assert found.failures[6].derived is False  # A and C are not joined in any of the classes
    assert "neither 0 nor 1" in found.failures[0].message
    assert "'Q'" in found.failures[4].message


# --- splits -------------------------------------------------------------------------------------------


def test_every_premise_shared_by_splits_is_reported(rows: list[dict[str, Any]]) -> None:
    draw = random.Random(2)
    several = [dict(row, split=draw.choice(["train", "dev", "test"])) for row in rows]
    found = audit(items(several))
    there: dict[str, set[str]] = {}
    for row in several:
        there.setdefault(row["input"].partition("\nHypothesis")[0], set()).add(row["split"])
    shared = {text for text, splits in there.items() if len(splits) > 1}
    assert len(found.overlaps) == len(shared) > 50
    assert {"Premise: " + overlap.premise for overlap in found.overlaps} == {text[:309] for text in shared}


def test_the_order_of_statements_does_not_hide_a_shared_premise() -> None:
    head = "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations are as follows: "
    one = head + "A correlates with B. B correlates with C. However, A is independent of C."
    two = head + "B correlates with C. B correlates with A. However, C is independent of A."
    pair = [
        Corr2CauseItem("1", one, "A directly causes B.", True, split="train"),
        Corr2CauseItem("2", two, "B causes A.", False, split="test"),
    ]
    found = audit(pair)
    assert [overlap.splits for overlap in found.overlaps] == [{"train": 1, "test": 1}]
    assert found.disagreements == ()


def test_repeated_rows_are_counted(rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    found = audit(items([row, row, dict(row, label=1 - row["label"])]))
    assert (found.duplicates, found.conflicts, len(found.disagreements)) == (2, 1, 1)


# --- the command --------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["audit", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_command_ends_with_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[dict[str, Any]]
) -> None:
    good = tmp_path / "good.csv"
    pd.DataFrame(rows[:40]).to_csv(good, index=False)
    assert run(capsys, str(good))[0] == 0
    changed = [dict(row) for row in rows[:40]]
    changed[6]["label"] = 1 - changed[6]["label"]
    bad = tmp_path / "bad.csv"
    pd.DataFrame(changed).to_csv(bad, index=False)
    code, out, _ = run(capsys, str(bad))
    assert code == 1
    assert "row 7:" in out
    code, out, _ = run(capsys, str(tmp_path / "bad.csv"), "--json")
    assert code == 1
    assert [wrong["row"] for wrong in json.loads(out)["disagreements"]] == [7]


@pytest.mark.parametrize("arguments", [(), ("no.csv",), ("--published", "corr2cause", "x.csv"), (".", "--out", "no/x")])
def test_the_command_has_one_line_for_bad_input(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert out == ""
    assert err.startswith("causalpp: ")
    assert err.count("\n") == 1


def test_unknown_semantics() -> None:
    with pytest.raises(InvalidParameter, match="'path' or 'direct'"):
        audit([], semantics="published")
