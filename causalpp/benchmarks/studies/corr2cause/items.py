"""What learners of Corr2Cause are shown and asked: classes kept apart, names and statements drawn anew, controls."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from string import ascii_uppercase
from typing import cast

import numpy as np

from causalpp.equivalence import from_premise
from causalpp.tasks import Corr2CauseItem, Item, Target, YesNo, generate, perturb, premise_of

__all__ = ["BASE", "Sets", "bare", "make_sets", "reshown", "shuffled"]

#: The test set of the trained sizes.
BASE = "unseen classes"
_HOWEVER = "However, "


@dataclass(frozen=True)
class Sets:
    """What is learned from, and what is asked afterwards.

    Attributes:
        train: items of some classes.
        tests: name → items; of :data:`BASE` and its perturbations no class occurs in ``train``, whatever its names.
    """

    train: tuple[Corr2CauseItem, ...]
    tests: dict[str, tuple[Corr2CauseItem, ...]]


def make_sets(
    largest: int = 5, rows: int = 8000, beyond: Sequence[int] = (), per_size: int = 60, held: int = 400, seed: int = 0
) -> Sets:
    """Items of 3 to ``largest`` variables, whose classes are divided, and items of more variables.

    Args:
        largest: number of variables that is learned from, 3 to 6.
        rows: items of each size, as far as there are so many.
        beyond: further numbers of variables that are asked about.
        per_size: items of each of these.
        held: items of the test set at most.
        seed: of everything drawn.
    """
    made = generate(range(3, largest + 1), rows, seed=seed, shares={"train": 0.8, "test": 0.2}).items
    train = tuple(item for item in made if item.split == "train")
    apart = [item for item in made if item.split == "test"]
    order = np.random.default_rng(seed).permutation(len(apart))[:held]
    base = [apart[k] for k in np.sort(order)]
    seen = [reshown(train[k], -1) for k in np.random.default_rng(seed + 1).permutation(len(train))[:held]]
    tests = {
        "seen classes": tuple(cast("list[Corr2CauseItem]", seen)),
        BASE: tuple(base),
        "renamed": tuple(perturb(base, "names", seed=seed)),
        "paraphrased": tuple(perturb(base, "paraphrase", seed=seed)),
    }
    for n in beyond:
        tests[f"n = {n}"] = generate(n, per_size, seed=seed).items
    return Sets(train, tests)


def reshown(item: Item, times: int) -> Item:
    """An item with its names drawn among all letters, its statements in another order, and its premise in two forms.

    The premise states everything, as Corr2Cause does, or only what determines the class, as it does for more than six
    variables: otherwise a model that fails there may only be at a loss with the words.

    Args:
        item: of Corr2Cause.
        times: how often it was shown before; the draws depend on this and the item alone.

    Example:
        >>> item = generate(4, rows=12, seed=1).items[0]
        >>> reshown(item, 0).prompt == reshown(item, 0).prompt != reshown(item, 1).prompt
        True
    """
    assert isinstance(item, Corr2CauseItem)
    draw = random.Random(f"{item.id} {times}")
    premise = _determining(item.premise) if draw.random() < 0.5 else item.premise
    head, _, body = premise.partition(": ")
    parts = [part.rstrip(". ").split(". ") for part in body.split(_HOWEVER) if part]
    for part in parts:
        draw.shuffle(part)
    text = f"{head}: " + f" {_HOWEVER}".join(". ".join(part) + "." for part in parts)
    names = dict(zip(item.variables, draw.sample(ascii_uppercase, len(item.variables)), strict=True))
    pattern = re.compile(rf"\b({'|'.join(item.variables)})\b")

    def renamed(said: str) -> str:
        return pattern.sub(lambda found: names[found[0]], said)

    return replace(
        item,
        premise=renamed(text),
        hypothesis=renamed(item.hypothesis),
        a=names[item.a],
        b=names[item.b],
        variables=tuple(names.values()),
        certificate={},
    )


@lru_cache(maxsize=20_000)
def _determining(premise: str) -> str:
    return premise_of(from_premise(premise), "determining")


def bare(items: Sequence[Corr2CauseItem]) -> list[Item]:
    """The hypotheses without their premises: what can be known of the answer from the question alone."""
    return [
        Item(item.id, f"Hypothesis: {item.hypothesis}", Target(item.label, YesNo()), group=item.group) for item in items
    ]


def shuffled(items: Sequence[Corr2CauseItem], seed: int = 0) -> list[Corr2CauseItem]:
    """The items with their labels dealt out at random: nothing can be learned but how many there are of each."""
    order = np.random.default_rng(seed).permutation(len(items))
    return [replace(item, label=items[k].label, certificate={}) for item, k in zip(items, order, strict=True)]
