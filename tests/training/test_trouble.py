"""What goes wrong on the way: weights and rewards that are no numbers, files that cannot be written, odd tokenizers."""

from __future__ import annotations

import itertools
import json
import math
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from causalpp import training
from causalpp.errors import InvalidData, InvalidParameter, TrainingError, TruncatedWarning
from causalpp.tasks import Exact, Item, Target

sys.path.insert(0, str(Path(__file__).parent))
import tiny

pytest.importorskip("trl")
pytestmark = pytest.mark.slow
FEW: dict[str, Any] = {
    "batch_size": 12, "log_every": 5, "save_every": 5, "learning_rate": 1e-3, "steps": 10, "progress": False,
}  # fmt: skip
SHORT: dict[str, dict[str, Any]] = {
    "sft": {}, "dpo": {}, "kto": {}, "ppo": {"max_tokens": 3}, "grpo": {"max_tokens": 3, "group": 6},
}  # fmt: skip


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return tiny.fruit()


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Writing more fails as it does on a full disk, but for the number of the error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("recipe", ["sft", "ppo"])
def test_what_torch_and_safetensors_say_of_a_failed_write_is_told_and_nothing_is_lost(
    recipe: str, items: list[Item], tmp_path: Path
) -> None:
    start, train = tiny.model(items), getattr(training, recipe)
    whole = train(start, items, None, **FEW, **SHORT[recipe])
    size = (whole.folder / "model.safetensors").stat().st_size
    for share in (
        0.5,
        1.2,
    ):  # the model to begin with does not fit; the optimiser's state, which is twice as large, does not
        with _files_of_at_most(int(share * size)), pytest.raises(TrainingError, match=r"cannot write.*is kept"):
            train(start, items, tmp_path / "a", **FEW, **SHORT[recipe])
    assert train(start, items, tmp_path / "a", **FEW, **SHORT[recipe]).points == whole.points


def test_a_state_that_was_not_written_to_its_end_is_passed_over(
    items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causalpp.training._workspace import Workspace

    start = tiny.model(items)
    whole = training.sft(start, items, tmp_path / "whole", **FEW)
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            training.sft(start, items, tmp_path / "a", **FEW)
    last = tmp_path / "a" / "training" / "states" / "checkpoint-10" / "trainer_state.json"
    last.write_text(last.read_text()[:40])
    again = training.sft(start, items, tmp_path / "a", **FEW)
    assert [point["loss"] for point in again.points] == [point["loss"] for point in whole.points]


@pytest.mark.parametrize("recipe", ["kto", "ppo", "grpo"])
def test_weights_that_are_no_numbers_end_it(recipe: str, items: list[Item]) -> None:
    model, tokenizer = tiny.model(items)
    with torch.no_grad():
        model.get_input_embeddings().weight[:] = float("nan")
    with pytest.raises(TrainingError, match="is no number at step"):
        getattr(training, recipe)((model, tokenizer), items, **FEW, **SHORT[recipe])


@pytest.mark.parametrize("recipe", ["ppo", "grpo"])
@pytest.mark.parametrize(
    ("reward", "why"),
    [
        (lambda replies, _: [1.0] * (len(replies) - 1), "11 for 12 replies"),
        (lambda replies, _: [None] * len(replies), "one number for each reply"),
        (lambda replies, _: 1.0, "one number for each reply"),
        (lambda replies, _: [math.nan] * len(replies), "no finite number"),
    ],
)
def test_rewards_that_are_no_numbers_are_named(
    recipe: str, reward: Callable[..., Any], why: str, items: list[Item]
) -> None:
    with pytest.raises(InvalidData, match=why):
        getattr(training, recipe)(tiny.model(items), items, reward=reward, **FEW, **SHORT[recipe])


@pytest.mark.parametrize("recipe", ["ppo", "grpo"])
def test_a_reward_that_cannot_be_called_is_refused(recipe: str, items: list[Item]) -> None:
    with pytest.raises(InvalidParameter, match="a reward takes replies"):
        getattr(training, recipe)(tiny.model(items), items, reward=3, **FEW, **SHORT[recipe])


def test_prompts_are_cut_to_what_the_model_can_read(items: list[Item]) -> None:
    long = [
        Item(f"long {item.id}", "Letter B ?" * 40 + item.prompt, item.target) for item in items
    ]  # a hundred tokens and more, for a model of 64
    with pytest.warns(TruncatedWarning, match="27 of 27 prompts"):
        found = training.sft(tiny.model(items), long, **FEW)
    assert all(math.isfinite(point["loss"]) for point in found.points)


def test_a_curve_has_a_point_however_short_the_training(items: list[Item]) -> None:
    told = {**FEW, "steps": 3, "log_every": 10, "save_every": 10}
    for recipe in SHORT:
        found = getattr(training, recipe)(tiny.model(items), items, **told, **SHORT[recipe])
        assert [point["step"] for point in found.points] == [3]
        assert json.loads(found.to_json())["curve"]


def test_verdicts_on_a_models_own_replies_are_right_ones_everywhere_and_wrong_ones_where_it_was_wrong() -> None:
    from causalpp.training.examples import Layout

    items = [Item(str(k), f"{k} ?", Target("ab"[k % 2], Exact())) for k in range(40)]
    tokenizer = training.word_tokenizer(["0123456789 ? a b c"])
    layout = Layout(lambda prompt: prompt.user, tokenizer, False, 64)
    rows = training.judged(items, layout, 0, [" a"] * len(items))
    assert sum(row["label"] for row in rows) == 40
    assert {(int(row["prompt"][:-2]) % 2, row["completion"]) for row in rows if not row["label"]} == {(1, " a")}
    # What stands beside a row is of another item: the estimate of the divergence takes its reply.
    beside = [one["prompt"] == other["prompt"] for one, other in itertools.pairwise(rows)]
    assert (
        sum(beside) <= 4
    )  # 1 of 60 pairs of neighbours at random is of one item: 4 is beyond three standard deviations
    assert sum(row["label"] for row in training.judged(items, layout, 0, [item.reply for item in items])) == 40
