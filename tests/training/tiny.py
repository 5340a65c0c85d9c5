"""A task and a model small enough that a training takes a second or two."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from causalpp import training
from causalpp.language import LoadedModel, Prompt
from causalpp.language.backends.transformers import TransformersBackend
from causalpp.tasks import Exact, Item, Target


def fruit(rows: int = 27) -> list[Item]:
    """Which of three words follows from a letter: nothing that a few dozen steps do not teach."""
    words = {"A": "apple", "B": "banana", "C": "cherry"}
    return [Item(str(k), f"Letter {'ABC'[k % 3]} ?", Target(words["ABC"[k % 3]], Exact())) for k in range(rows)]


def model(items: list[Item], seed: int = 0) -> Any:
    """A decoder with some ten thousand parameters."""
    tokenizer = training.word_tokenizer(training.texts_of(items))
    return training.small_decoder(tokenizer, parameters=3e4, layers=1, context=64, seed=seed)


def first_words(loaded: LoadedModel, prompt: str) -> Tensor:
    """Log-probability of each token as the first of a reply, with its gradient."""
    return torch.log_softmax(loaded.model(input_ids=tokens(loaded, prompt)).logits[0, -1], -1)


def tokens(loaded: LoadedModel, prompt: str) -> Tensor:
    """A prompt as the model is shown it, shape ``(1, tokens)``."""
    text = TransformersBackend(loaded).render(Prompt(prompt))
    return torch.tensor([loaded.tokenizer.encode(text, add_special_tokens=False)])


def token_of(loaded: LoadedModel, word: str) -> int:
    """The token of a word that begins a reply."""
    (token,) = loaded.tokenizer.encode(f" {word}", add_special_tokens=False)
    return int(token)
