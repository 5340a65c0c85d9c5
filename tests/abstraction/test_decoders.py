"""Decoders as networks: prompts of different lengths, the last token's residual stream, and a real model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch

from causalpp import CausalProgram, Dag, Function, Table, compile
from causalpp.abstraction import Alignment, Site, prompted, read
from causalpp.errors import InvalidParameter, UnknownVariable


def drinks() -> CausalProgram:
    """Which of two drinks goes with the one who is asked after."""
    coin = Table((0, 1), (), [0.5, 0.5])
    return compile(
        Dag.from_edges([("swapped", "answer"), ("asked", "answer")]),
        mechanisms={
            "swapped": coin,
            "asked": coin,
            "answer": Function(lambda s, q: s ^ q, ("swapped", "asked"), ("tea", "milk"), noise=None),
        },
    )


def text(row: Any) -> str:
    """A prompt; its length depends on what it says."""
    one, other = ("milk", "tea") if row["swapped"] else ("tea", "milk")
    return f"apple {one}\nhouse {other}\n" * 2 + ("the house" if row["asked"] else "apple")


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    tokenizer = tiny_models.make_tokenizer(chat=False)
    torch.manual_seed(0)
    return tiny_models.make_model("llama", tokenizer, 256).eval(), tokenizer


def last(answers: tuple[str, str], model: tuple[Any, Any]) -> None:
    """The residual stream of the last token after the last layer decides the answer: the source's, whatever it is."""
    network, tokenizer = model
    encode, decode = prompted((network, tokenizer), text, answers)
    layer = f"model.layers.{len(network.model.layers) - 1}"
    alignment = Alignment(
        drinks(), network, {"asked": Site(layer, position="last")}, encode=encode, decode=decode, batch=5
    )
    given = alignment.pairs(12, seed=0, changing=0.75)
    assert (alignment.predicted(given) == alignment.answered(given.sources["asked"])).all()
    found = alignment.accuracy(given, control=1)
    assert found.changing.total == 9
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_the_last_token_after_the_last_layer_is_the_answer(tiny):
    last(("a", "b"), tiny)


@pytest.mark.slow
def test_a_real_decoder(smollm2):
    last((" tea", " milk"), (smollm2.model, smollm2.tokenizer))


def test_padding_changes_no_value(tiny):
    network, tokenizer = tiny
    encode, _ = prompted(tiny, text, ("a", "b"))
    rows = pd.DataFrame({"swapped": [0, 0], "asked": [0, 1]})
    site = Site("model.layers.0", position="last")
    with torch.no_grad():
        together = read(network, site, encode(rows))
        alone = torch.cat([read(network, site, encode(rows.iloc[[number]])) for number in range(2)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    lengths = encode(rows)["attention_mask"].sum(1)
    assert [len(tokenizer(text(row))["input_ids"]) for row in rows.to_dict("records")] == lengths.tolist()
    assert np.ptp(lengths.numpy()) > 0


def test_a_template_names_columns(tiny):
    encode, _ = prompted(tiny, "a {swapped} b {asked}", ("a", "b"))
    rows = pd.DataFrame({"swapped": [0], "asked": [1]})
    assert tiny[1].decode(encode(rows)["input_ids"][0], skip_special_tokens=True).split()[-1] == "1"
    encode, _ = prompted(tiny, "a {drink}", ("a", "b"))
    with pytest.raises(UnknownVariable, match="'drink' in the prompt"):
        encode(rows)


def test_answers_that_cannot_be_told_apart(tiny):
    with pytest.raises(InvalidParameter, match="begin with the same token"):
        prompted(tiny, text, ("a", "a"))
    with pytest.raises(InvalidParameter, match="has no tokens"):
        prompted(tiny, text, ("a", ""))
