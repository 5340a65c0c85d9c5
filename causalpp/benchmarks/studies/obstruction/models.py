"""The models that are looked at: two small ones with random weights, and what each recipe makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from causalpp import tasks, training
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.studies.obstruction.pairs import TextPair, pairs_of
from causalpp.tasks import Corr2CauseItem, LocalItem

__all__ = ["BEGINS", "SUBJECTS", "Lab", "lab"]

#: What every trained model began as; None for random weights.
BEGINS: Mapping[str, str | None] = {
    "encoder": None,
    "decoder": None,
    "classify": "encoder",
    "sft": "decoder",
    "dpo": "sft",
    "kto": "sft",
    "ppo": "sft",
    "grpo": "sft",
}
SUBJECTS = tuple(BEGINS)

_ASKED = ("parent", "child")  # one sentence, "x directly causes y", both ways round
_BATCH = 16
_RATES = {"classify": 1e-3, "sft": 1e-3, "dpo": 3e-4, "kto": 3e-4, "ppo": 3e-4, "grpo": 3e-4}
_SPREAD = 0.08  # of the decoder's weights
_LAYERS = 2
_FEW_TOKENS = 2  # of a reply: yes or no, and the end


@dataclass(frozen=True)
class Lab:
    """Items and models of one study; what it gives depends on its fields alone.

    Attributes:
        sizes: of the pairs, in variables.
        bases: classes of each size that pairs are about.
        learn_sizes: of what is learned from.
        learn: items to learn from.
        parameters: about how many a small model has.
        steps: of a training from random weights.
        tuned: of a training that goes on from ``sft``.
        seed: of everything.
        folder: where trained models and kernels are kept; "" for a temporary one.
    """

    sizes: tuple[int, ...]
    bases: int
    learn_sizes: tuple[int, ...]
    learn: int
    parameters: float
    steps: int
    tuned: int
    seed: int
    folder: str = ""

    @cached_property
    def learned(self) -> tuple[Corr2CauseItem, ...]:
        """Items about direct causes, as many to be answered yes as no, most of them near misses of another one."""
        rows = -(-self.learn // len(self.learn_sizes))
        found = tasks.generate(
            self.learn_sizes, rows=rows, relations=_ASKED, per_class=8, near_misses=0.7, premises="determining",
            seed=seed_of(self.seed, "learn"),
        )  # fmt: skip
        return found.items[: self.learn]

    @cached_property
    def learned_pairs(self) -> list[tuple[Corr2CauseItem, Corr2CauseItem]]:
        """Near misses among what is learned from, yes first."""
        known = {item.id: item for item in self.learned}
        return [(item, known[item.pair]) for item in self.learned if item.label and item.pair in known]

    @cached_property
    def local(self) -> list[LocalItem]:
        """Local questions about the same premises, which the premise decides, as many as there are items."""
        found = tasks.interventional_set(
            self.learned, kinds=("Causes",), per_kind=32, seed=seed_of(self.seed, "local")
        )  # fmt: skip
        return [item for item in found if item.decided][: self.learn]

    @cached_property
    def pairs(self) -> list[TextPair]:
        """Of all kinds, about classes that are not learned from."""
        return pairs_of(self.sizes, self.bases, seed=self.seed, without={item.group for item in self.learned})

    @cached_property
    def shared(self) -> list[str]:
        """The prompts that all models are shown, each once: of what is learned from first."""
        of_pairs = [text for pair in self.pairs for text in (pair.left, pair.right)]
        return list(dict.fromkeys([*(item.prompt for item in self.learned), *of_pairs]))

    def texts(self, subject: str) -> list[str]:
        """The prompts that a model is shown; only models with random weights are to learn local questions as well."""
        more = [item.prompt for item in self.local] if BEGINS[subject] is None else []
        return list(dict.fromkeys([*self.shared, *more]))

    @cached_property
    def place(self) -> Path:
        """The folder."""
        if self.folder:
            return Path(self.folder)
        kept = TemporaryDirectory()
        self.__dict__["_kept"] = kept  # goes with the lab
        return Path(kept.name)

    def model(self, subject: str) -> Any:
        """A model as all of the library takes it; trained if nobody has yet."""
        begins = BEGINS[subject]
        if begins is None:
            return self._new(subject)
        options = self._options(subject)
        with self._alone(subject):
            return getattr(training, subject)(
                self.model(begins), self.learned, self.place / subject, progress=False, **options
            )

    def _new(self, subject: str) -> Any:
        seen = [*training.texts_of(self.learned), *self.texts(subject)]
        tokenizer, seed = training.word_tokenizer(seen), seed_of(self.seed, "weights") % 2**31
        if subject == "encoder":
            return training.small_encoder(tokenizer, parameters=self.parameters, seed=seed)
        model, _ = training.small_decoder(tokenizer, parameters=self.parameters, layers=_LAYERS, seed=seed)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.mul_(_SPREAD / model.config.initializer_range)
        return model, tokenizer

    def _options(self, recipe: str) -> dict[str, Any]:
        steps = self.steps if BEGINS[BEGINS[recipe] or ""] is None else self.tuned
        found: dict[str, Any] = {
            "steps": steps, "batch_size": _BATCH, "learning_rate": _RATES[recipe], "max_length": 1024,
            "save_every": 50, "log_every": 10, "seed": self.seed,
        }  # fmt: skip
        if recipe in ("dpo", "kto"):
            found["wrong"] = "near"
        if recipe in ("ppo", "grpo"):
            found["max_tokens"] = _FEW_TOKENS
        return found

    @contextmanager
    def _alone(self, subject: str) -> Iterator[None]:
        """One process trains, and others wait for its model."""
        from filelock import FileLock

        self.place.mkdir(parents=True, exist_ok=True)
        with FileLock(self.place / f"{subject}.waiting"):
            yield


@lru_cache(maxsize=2)
def lab(**fields: Any) -> Lab:
    """The lab with these fields, once a process: items and pairs take seconds to make."""
    return Lab(**fields)
