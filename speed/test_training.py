"""A step of each recipe that TRL carries out, beside the same step of TRL alone: processor time, without what comes
before the first steps and after the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from causalpp import tasks, training
from causalpp.tasks import Item

trl = pytest.importorskip("trl")

STEPS, UNCOUNTED = 25, 3
GROUP, TOKENS = 8, 5


class Clock:
    """Seconds of processor time in all steps so far but the first ones of a training."""

    total: float = 0.0
    begun: float | None = None

    def read(self) -> float:
        return self.total

    def callback(self) -> Any:
        from transformers import TrainerCallback

        clock = self

        class Watch(TrainerCallback):
            def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                clock.tick(state.global_step >= UNCOUNTED)

            def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                clock.tick(False)

        return Watch

    def tick(self, on: bool) -> None:
        now = time.process_time()
        if self.begun is not None:
            self.total += now - self.begun
        self.begun = now if on else None


CLOCK = Clock()


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return list(tasks.consequences(1000, variables=(3,), names="ABCDE", seed=0).items)


@pytest.fixture(scope="module")
def start(items: list[Item]) -> training.Checkpoint:
    tokenizer = training.word_tokenizer(training.texts_of(items))
    model = training.small_decoder(tokenizer, parameters=5e5)
    return training.sft(model, items, steps=100, learning_rate=3e-3, progress=False)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every trainer tells the clock of its steps."""
    import transformers.trainer

    monkeypatch.setattr(
        transformers.trainer, "DEFAULT_CALLBACKS", [CLOCK.callback(), *transformers.trainer.DEFAULT_CALLBACKS]
    )


def _bare(recipe: str, start: training.Checkpoint, items: Sequence[Item]) -> Callable[[], Any]:
    """A training as one writes it with TRL alone, of the same model, prompts and numbers."""
    from datasets import Dataset

    rows: list[dict[str, Any]] = [{"prompt": item.prompt + "\n\nAnswer:", "reply": f" {item.reply}"} for item in items]
    more: dict[str, Any] = {}
    given: dict[str, Any] = {}
    if recipe == "sft":
        rows = [{"prompt": row["prompt"], "completion": row["reply"]} for row in rows]
    elif recipe == "dpo":
        rows = [{"prompt": row["prompt"], "chosen": row["reply"], "rejected": " A C"} for row in rows]
    elif recipe == "kto":
        rows = [
            {"prompt": row["prompt"], "completion": text, "label": good}
            for row in rows
            for text, good in ((row["reply"], True), (" A C", False))
        ]
    else:
        more = {"num_generations": GROUP, "max_completion_length": TOKENS}
        given = {"reward_funcs": lambda completions, reply, **_: [float(a == b) for a, b in zip(completions, reply)]}
    if recipe != "grpo":
        more["max_length"] = None

    def train() -> None:
        loaded = start.load()
        loaded.model.train()
        trainer = getattr(trl, f"{recipe.upper()}Trainer")(
            model=loaded.model,
            args=getattr(trl, f"{recipe.upper()}Config")(
                output_dir=str(start.folder / "bare"), max_steps=STEPS, per_device_train_batch_size=32,
                gradient_accumulation_steps=1, learning_rate=1e-5, use_cpu=True, bf16=False, report_to=[],
                disable_tqdm=True, gradient_checkpointing=False, save_strategy="no", **more,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=loaded.tokenizer,
            **given,
        )  # fmt: skip
        trainer.train()

    return train


def _ours(recipe: str, start: training.Checkpoint, items: Sequence[Item]) -> Callable[[], Any]:
    drawn = {"max_tokens": TOKENS} if recipe == "grpo" else {}
    near = {"wrong": "near"} if recipe in ("dpo", "kto") else {}

    def train() -> None:
        getattr(training, recipe)(
            start, items, steps=STEPS, batch_size=32, learning_rate=1e-5, progress=False, **drawn, **near
        )

    return train


@pytest.mark.filterwarnings("ignore")  # of the libraries below
@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("peer", [False, True], ids=["ours", "trl"])
@pytest.mark.parametrize("recipe", ["sft", "dpo", "kto", "grpo"])
@pytest.mark.benchmark(timer=CLOCK.read)
def test_step(benchmark: Any, recipe: str, peer: bool, start: training.Checkpoint, items: list[Item]) -> None:
    benchmark.group = f"a step of {recipe} (processor time)"
    benchmark.extra_info |= {"items": STEPS - UNCOUNTED, "peer": peer}
    benchmark.pedantic((_bare if peer else _ours)(recipe, start, items), rounds=3)
