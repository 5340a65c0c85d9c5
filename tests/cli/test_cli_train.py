"""``causalpp train``, from items in a file to a model that is scored, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causalpp.cli import main
from causalpp.tasks import Item, Target, YesNo
from causalpp.training import Checkpoint


def _run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str, str]:
    code = 0
    try:
        main([str(word) for word in words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def items(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "items.jsonl"
    words = ("generate", "consequences", "--rows", "40", "--sizes", "3", "--names", "ABC", "--out")
    assert _run(capsys, *words, path)[0] == 0
    return path


@pytest.mark.slow
def test_a_new_model_is_trained_scored_and_gone_on_with(
    tmp_path: Path, items: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("trl")
    words = ("train", "sft", "--items", items, "--test", items, "--model", "new:5e4", "--out", tmp_path / "warm")
    code, out, err = _run(capsys, *words, "--steps", "30", "--learning-rate", "1e-2", "--json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert told["score"]["before"] < told["score"]["after"]
    assert told["curve"] == [dict(point) for point in Checkpoint.read(tmp_path / "warm").points]
    code, out, err = _run(
        capsys, "train", "ppo", "--items", items, "--model", tmp_path / "warm", "--out", tmp_path / "ppo",
        "--steps", "10", "--batch-size", "8", "--max-tokens", "3",
    )  # fmt: skip
    assert code == 0
    assert "reward" in out
    assert "shards" not in err


@pytest.mark.slow
def test_an_encoder_is_trained_scored_and_gone_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("accelerate")
    asked = tmp_path / "asked.jsonl"
    fruit = ["figs", "plums"] * 10
    items = [
        Item(str(k), f"There are {what}. Are there figs?", Target(what == "figs", YesNo()))
        for k, what in enumerate(fruit)
    ]
    asked.write_text("\n".join(json.dumps(item.to_dict()) for item in items))
    words = (
        "train",
        "classify",
        "--items",
        asked,
        "--test",
        asked,
        "--steps",
        "40",
        "--learning-rate",
        "1e-2",
        "--json",
    )
    code, out, err = _run(capsys, *words, "--model", "new:5e4", "--out", tmp_path / "one")
    assert (code, err) == (0, "")
    assert json.loads(out)["score"] == {"items": 20, "before": pytest.approx(0.5), "after": 1.0}
    code, out, _ = _run(capsys, *words, "--model", tmp_path / "one", "--out", tmp_path / "two")
    assert json.loads(out)["score"]["before"] == 1.0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["sft", "--model", "new:many"], "new:PARAMETERS"),
        (["sft", "--model", "new:1e6", "--clip", "0.1"], "--clip goes with ppo, grpo; this is sft"),
        (["grpo", "--model", "new:1e6", "--wrong", "near"], "--wrong goes with dpo, kto; this is grpo"),
        (["sft", "--model", "new:1e6", "--split", "train"], "no item is of the split 'train'"),
        (["ppo", "--model", "./nowhere"], "no folder './nowhere'"),
        (["classify", "--model", "new:1e6", "--max-tokens", "3"], "--max-tokens goes with dpo, kto, ppo, grpo"),
        (["classify", "--model", "new:1e6"], "an encoder learns yes or no, and the target of the item"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    words: list[str], why: str, tmp_path: Path, items: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _run(capsys, "train", *words, "--items", items, "--out", tmp_path / "out")
    assert code == 1
    assert why in err
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
