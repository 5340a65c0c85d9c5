"""Models small enough that their kernels take no time, and what they are to read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch

from causalpp import tasks, training


@lru_cache
def prompts() -> tuple[str, ...]:
    """Distinct items about three variables, with premise and hypothesis."""
    return tuple(dict.fromkeys(item.prompt for item in tasks.complete_set(3).items))


@lru_cache
def tokenizer() -> Any:
    return training.word_tokenizer([*prompts(), " yes", " no"])


def decoder(seed: int = 0, context: int = 512) -> Any:
    """A writer with some thirty thousand parameters, and its tokenizer."""
    return training.small_decoder(tokenizer(), parameters=3e4, layers=1, context=context, seed=seed)


def encoder(outputs: int = 1, context: int = 512, seed: int = 0) -> Any:
    """A classifier of the same size, in the form of BERT, and the same tokenizer."""
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=len(tokenizer()), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=context, num_labels=outputs, pad_token_id=tokenizer().pad_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return BertForSequenceClassification(config).eval(), tokenizer()


def two_layers(width: int, inputs: int, seed: int) -> torch.nn.Module:
    """f(x) = Σ aᵣ max(0, wᵣ·x) / √width with standard normal weights, in float64."""

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            draw = torch.Generator().manual_seed(seed)
            self.w = torch.nn.Parameter(torch.randn(width, inputs, generator=draw, dtype=torch.float64))
            self.a = torch.nn.Parameter(torch.randn(width, generator=draw, dtype=torch.float64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x @ self.w.T) @ self.a / width**0.5

    return Net()
