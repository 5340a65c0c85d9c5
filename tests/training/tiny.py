"""A task and a model small enough that a training takes a second or two."""

from __future__ import annotations

from typing import Any

from causalpp import training
from causalpp.tasks import Exact, Item, Target


def fruit(rows: int = 27) -> list[Item]:
    """Which of three words follows from a letter: nothing that a few dozen steps do not teach."""
    words = {"A": "apple", "B": "banana", "C": "cherry"}
    return [Item(str(k), f"Letter {'ABC'[k % 3]} ?", Target(words["ABC"[k % 3]], Exact())) for k in range(rows)]


def model(items: list[Item], seed: int = 0) -> Any:
    """A decoder with some ten thousand parameters."""
    tokenizer = training.word_tokenizer(training.texts_of(items))
    return training.small_decoder(tokenizer, parameters=3e4, layers=1, context=64, seed=seed)
