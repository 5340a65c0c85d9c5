"""Who learns Corr2Cause: an encoder, a decoder by right replies, then by pairs, examples in the prompt; controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np

from causalpp import training
from causalpp.benchmarks.solvers.free import with_examples
from causalpp.benchmarks.studies.corr2cause.items import Sets, bare, reshown, shuffled
from causalpp.tasks import Corr2CauseItem, Item

__all__ = ["CONTROLS", "LEARNERS", "Budget", "Learner", "made"]

#: Those who are compared.
LEARNERS = ("encoder", "sft", "dpo", "in-context")
#: Those who show what can be had without reading the premise.
CONTROLS = ("shuffled labels", "hypothesis alone", "always no")

#: Items, and the tokens that they are cut to if any → the probability of yes for each.
Learner = Callable[[Sequence[Corr2CauseItem], int | None], Any]


@dataclass(frozen=True)
class Budget:
    """How large the models are and how long they learn.

    Attributes:
        encoder: parameters of the encoder.
        encoder_steps: of 32 items.
        control_steps: the same for the two encoders that are controls.
        decoder: parameters of the decoder.
        decoder_steps: of 32 items.
        preference_steps: of 32 pairs.
        shots: solved items in the prompt.
        max_length: tokens of what is learned from.
        model: a model that is given examples beside the small decoder: a folder or a name; "" for none.
        seed: of weights and draws.
    """

    encoder: float = 1.2e6
    encoder_steps: int = 20_000
    control_steps: int = 2_000
    decoder: float = 1e6
    decoder_steps: int = 1_500
    preference_steps: int = 150
    shots: int = 4
    max_length: int = 512
    model: str = ""
    seed: int = 0


def made(name: str, sets: Sets, budget: Budget, folder: Path, progress: bool | None) -> Learner:
    """A learner, trained as far as it learns; one that was trained there before is taken as it is.

    Args:
        name: one of :data:`LEARNERS` or :data:`CONTROLS`.
        sets: what it learns from.
        budget: its size and how long it learns.
        folder: for the checkpoints.
        progress: False shows no bar.
    """
    train, seed = sets.train, budget.seed
    own: Mapping[str, Any] = {"seed": seed, "progress": progress, "max_length": budget.max_length}
    if name == "always no":
        return lambda items, _: np.zeros(len(items))
    if name in ("encoder", "shuffled labels", "hypothesis alone"):
        items: list[Item] = list(bare(train) if name == "hypothesis alone" else train)
        if name == "shuffled labels":
            items = list(shuffled(train, seed))
        steps = budget.encoder_steps if name == "encoder" else budget.control_steps
        found = training.classify(
            training.small_encoder(_words(train, blanks=False), parameters=budget.encoder, seed=seed), items,
            folder / name.replace(" ", "-"), vary=None if name == "hypothesis alone" else reshown, steps=steps,
            batch_size=32, warmup=0.03, save_every=max(50, steps // 40 // 50 * 50), log_every=50, **own,
        )  # fmt: skip
        shown = bare if name == "hypothesis alone" else list[Item]
        return lambda items, most: training.probabilities(found, shown(items), max_length=most)
    begin = training.small_decoder(_words(train, blanks=True), parameters=budget.decoder, context=8192, seed=seed)
    sft = training.sft(
        begin, _drawn(train, budget.decoder_steps * 32, seed), folder / "sft", steps=budget.decoder_steps,
        batch_size=32, **own,
    )  # fmt: skip
    if name == "sft":
        return lambda items, most: training.probabilities(sft, items, max_length=most)
    if name == "dpo":
        pairs = _drawn(train, budget.preference_steps * 32, seed + 1)
        dpo = training.dpo(
            sft, pairs, folder / "dpo", steps=budget.preference_steps, batch_size=32, wrong="near", **own
        )
        return lambda items, most: training.probabilities(dpo, items, max_length=most)
    asked = budget.model if name == "named model" else sft
    return lambda items, most: training.probabilities(
        asked, [_with_shots(item, train, budget) for item in items], max_length=most, batch_size=16
    )


def _drawn(items: Sequence[Corr2CauseItem], number: int, seed: int) -> list[Item]:
    """So many items, none shown twice in the same names and order: what a decoder is shown in one pass."""
    every = np.random.default_rng(seed).integers(len(items), size=number)
    return [reshown(items[k], time) for time, k in enumerate(every)]


def _with_shots(item: Corr2CauseItem, train: Sequence[Corr2CauseItem], budget: Budget) -> Item:
    """The item behind solved ones of other classes, as many of each answer; the same ones whenever it is asked."""
    draw = np.random.default_rng([budget.seed, *item.id.encode()])
    shots: list[Item] = []
    while len(shots) < budget.shots:
        other = train[int(draw.integers(len(train)))]
        if other.label is (len(shots) % 2 == 0):
            shots.append(other)
    text = with_examples(item.prompt, [shots[k] for k in draw.permutation(len(shots))])
    return Item(item.id, text, item.target, group=item.group)


def _words(train: Sequence[Corr2CauseItem], *, blanks: bool) -> Any:
    """A tokenizer of the words of the items in both forms, and of all names."""
    forms = [replace(reshown(item, time)) for item in train[:: max(1, len(train) // 500)] for time in range(4)]
    return training.word_tokenizer(training.texts_of([*train, *forms]), also=ascii_uppercase, blanks=blanks)
