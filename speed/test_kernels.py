"""The tangent kernel of two hundred items under a model of two million parameters, beside the gradients alone.

What is measured is processor time.  The ratio printed is that of the gradients to the kernel: .83 is 1.2 times as long.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from causalpp import tasks, training
from causalpp.kernels import tangent
from causalpp.kernels._reader import distinct, reader_of

ITEMS = 200


@pytest.fixture(scope="module")
def model() -> tuple[Any, Any, list[str]]:
    items = tasks.generate(5, rows=ITEMS, seed=1).items
    network, tokenizer = training.small_decoder(training.word_tokenizer(training.texts_of(items)), parameters=2e6)
    return network, tokenizer, [item.prompt for item in items]


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.benchmark(timer=time.process_time)
def test_a_kernel_of_two_hundred_items(benchmark: Any, model: tuple[Any, Any, list[str]], kernel: bool) -> None:
    network, tokenizer, prompts = model
    reader = reader_of((network, tokenizer))
    weights = list(network.parameters())

    def gradients() -> None:
        for given in distinct(reader, prompts)[0]:
            torch.autograd.grad(reader.scalar(given), weights, allow_unused=True)

    benchmark.group = f"{ITEMS} items, {training.parameters_of(network):,} parameters (processor time)"
    benchmark.extra_info |= {"items": ITEMS, "peer": not kernel}
    benchmark.pedantic((lambda: tangent((network, tokenizer), prompts)) if kernel else gradients, rounds=1)
