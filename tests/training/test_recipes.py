"""All recipes on one small task: what they learn, that they go on, what they refuse."""

from __future__ import annotations

import errno
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from causalpp import training
from causalpp.errors import InvalidData, InvalidParameter, TrainingError, TruncatedWarning
from causalpp.oracles import LanguageModelOracle
from causalpp.tasks import Exact, Item, Target

sys.path.insert(0, str(Path(__file__).parent))
import tiny

pytest.importorskip("trl")
pytestmark = pytest.mark.slow
FEW: dict[str, Any] = {"batch_size": 12, "log_every": 5, "save_every": 10, "learning_rate": 1e-2, "progress": False}
SHORT = {"dpo": {}, "kto": {}, "ppo": {"max_tokens": 3}, "grpo": {"max_tokens": 3, "group": 6}}


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return tiny.fruit()


@pytest.fixture(scope="module")
def taught(items: list[Item]) -> training.Checkpoint:
    return training.sft(tiny.model(items), items, steps=120, **FEW)


@pytest.fixture(scope="module")
def warm(items: list[Item]) -> training.Checkpoint:
    """Right in some cases: there is something to learn, and something to learn it from."""
    return training.sft(tiny.model(items), items, steps=5, **FEW)


def test_right_replies_are_learned(items: list[Item], taught: training.Checkpoint) -> None:
    assert training.accuracy(tiny.model(items), items, max_tokens=3) <= 1 / 3  # as chance has it
    assert training.accuracy(taught, items, max_tokens=3) == 1
    assert list(taught.curve["step"]) == list(range(5, 121, 5))
    assert taught.curve["loss"].iloc[-1] < 0.1 * taught.curve["loss"].iloc[0]
    assert json.loads(taught.to_json())["recipe"] == "sft"


@pytest.mark.parametrize("recipe", ["sft", *SHORT])
def test_a_training_that_was_killed_goes_on_to_the_same_curve(
    recipe: str, items: list[Item], warm: training.Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, train = warm, getattr(training, recipe)
    told: dict[str, Any] = {**FEW, "learning_rate": 2e-3, **SHORT.get(recipe, {}), "steps": 30}
    whole = train(start, items, tmp_path / "whole", **told)

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    from causalpp._progress import Progress

    real = Progress.reach
    with monkeypatch.context() as patch:
        patch.setattr(
            Progress,
            "reach",
            lambda self, done, *rest, **more: stop() if done == 24 else real(self, done, *rest, **more),
        )
        with pytest.raises(KeyboardInterrupt):
            train(start, items, tmp_path / "killed", **told)
    again = train(start, items, tmp_path / "killed", **told)
    assert [point["step"] for point in again.points] == [point["step"] for point in whole.points]
    for one, other in zip(whole.points, again.points, strict=True):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-6)
    weights = [found.load().model.state_dict() for found in (whole, again)]
    assert all(torch.allclose(weights[0][name], weights[1][name], atol=1e-5) for name in weights[0])


def test_a_finished_training_is_given_back_and_another_is_refused(items: list[Item], tmp_path: Path) -> None:
    start = tiny.model(items)
    first = training.sft(start, items, tmp_path / "a", steps=5, **FEW)
    assert training.sft(start, items, tmp_path / "a", steps=5, **FEW).points == first.points
    with pytest.raises(InvalidParameter, match="holds another training"):
        training.sft(start, items, tmp_path / "a", steps=10, **FEW)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidParameter, match="something else"):
        training.sft(start, items, tmp_path / "b", steps=5, **FEW)
    assert training.Checkpoint.read(tmp_path / "a").points == first.points
    with pytest.raises(InvalidParameter, match="no finished training"):
        training.Checkpoint.read(tmp_path / "b")


def test_the_model_in_memory_stays_as_it_was(items: list[Item]) -> None:
    model, tokenizer = tiny.model(items)
    before = {name: each.clone() for name, each in model.state_dict().items()}
    training.sft((model, tokenizer), items, steps=5, **FEW)
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())


def test_adapters_train_and_are_added_at_the_end(items: list[Item], taught: training.Checkpoint) -> None:
    turned = [
        Item(item.id, item.prompt, other.target) for item, other in zip(items, items[1:] + items[:1], strict=True)
    ]
    found = training.sft(taught, turned, steps=60, lora=8, **FEW)
    assert found.curve["loss"].iloc[-1] < 0.5 * found.curve["loss"].iloc[0]
    assert training.accuracy(found, turned, max_tokens=3) > training.accuracy(taught, turned, max_tokens=3)
    assert not any("lora" in name for name in found.load().model.state_dict())


@pytest.mark.parametrize("recipe", ["grpo", "ppo"])
def test_rewards_raise_what_is_rewarded(recipe: str, items: list[Item], warm: training.Checkpoint) -> None:
    before = training.accuracy(warm, items, max_tokens=3)
    told = {**FEW, "batch_size": 48, "learning_rate": 5e-3, **SHORT[recipe]}
    found = getattr(training, recipe)(warm, items, steps=60, **told)
    assert before < 0.9
    assert training.accuracy(found, items, max_tokens=3) > before
    assert found.curve["reward"].iloc[-1] > found.curve["reward"].iloc[0]


def test_a_loss_that_is_no_number_ends_it_and_nothing_is_lost(items: list[Item], tmp_path: Path) -> None:
    model, tokenizer = tiny.model(items)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    for recipe in ("sft", "dpo"):
        with pytest.raises(TrainingError, match="no number at step 5"):
            getattr(training, recipe)((model, tokenizer), items, tmp_path / recipe, steps=20, **FEW)


def test_a_full_disk_is_named_and_what_was_saved_goes_on(
    items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causalpp.training import _workspace

    whole = training.sft(tiny.model(items), items, tmp_path / "whole", steps=20, **FEW)
    real, saved = _workspace.save, []

    def full(model: Any, tokenizer: Any, folder: Path) -> None:
        if folder == tmp_path / "a":  # the trained model, not the one to begin with
            saved.append(folder)
            raise OSError(errno.ENOSPC, "No space left on device")
        real(model, tokenizer, folder)

    with monkeypatch.context() as patch:
        patch.setattr(_workspace, "save", full)
        with pytest.raises(TrainingError, match="disk is full"):
            training.sft(tiny.model(items), items, tmp_path / "a", steps=20, **FEW)
    again = training.sft(tiny.model(items), items, tmp_path / "a", steps=20, **FEW)
    assert saved == [tmp_path / "a"]
    assert [point["loss"] for point in again.points] == [point["loss"] for point in whole.points]


def test_words_that_the_tokenizer_lacks_are_named(items: list[Item]) -> None:
    start = tiny.model(items)
    odd = [Item("x", "Letter A ?", Target("durian", Exact()))]
    with pytest.raises(InvalidData, match="durian"):
        training.sft(start, odd, steps=5, **FEW)


def test_items_without_a_target_are_named(items: list[Item]) -> None:
    with pytest.raises(InvalidData, match="no target"):
        training.sft(tiny.model(items), [items[0].blind()], steps=5, **FEW)
    with pytest.raises(InvalidData, match="no items"):
        training.sft(tiny.model(items), [], steps=5, **FEW)


def test_prompts_that_are_too_long_lose_their_beginning_and_it_is_said(items: list[Item]) -> None:
    long = [Item("l", "Letter B ? Letter B ?\nLetter A ?", Target("apple", Exact()))]
    start = tiny.model([*items, *long])
    with pytest.warns(TruncatedWarning, match="1 of 1 prompts"):
        training.sft(start, long, steps=5, max_length=9, **FEW)
    with pytest.warns(TruncatedWarning, match="lost part of the question"):
        training.sft(start, long, steps=5, max_length=5, **FEW)


def test_a_trained_model_is_an_oracle(taught: training.Checkpoint) -> None:
    assert isinstance(taught.oracle(progress=False), LanguageModelOracle)


@pytest.mark.parametrize(
    ("recipe", "told", "why"),
    [
        ("sft", {"steps": 0}, "steps"),
        ("sft", {"learning_rate": 0.0}, "learning rate"),
        ("sft", {"save_every": 7}, "multiple"),
        ("sft", {"stepz": 7}, "no setting 'stepz'"),
        ("dpo", {"beta": 0.0}, "beta"),
        ("grpo", {"group": 5}, "whole groups"),
        ("ppo", {"clip": -1.0}, "clip"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    recipe: str, told: dict[str, Any], why: str, items: list[Item]
) -> None:
    with pytest.raises(InvalidParameter, match=why):
        getattr(training, recipe)(tiny.model(items), items, **{**FEW, "steps": 5, **told})
