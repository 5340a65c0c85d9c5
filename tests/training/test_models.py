"""Words and small models."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import training
from causalpp.errors import InvalidData, InvalidParameter


@settings(max_examples=50)
@given(st.text(st.sampled_from("ab Z9.?\n_'é"), min_size=1, max_size=40))
def test_a_text_of_known_words_is_read_and_written_to_the_letter(text: str) -> None:
    tokenizer = training.word_tokenizer([text])
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_numbers_are_read_digit_by_digit() -> None:
    tokenizer = training.word_tokenizer(["0.123 4567 89"])
    assert tokenizer.decode(tokenizer.encode("9.871")) == "9.871"


def test_names_that_occur_nowhere_can_be_given() -> None:
    tokenizer = training.word_tokenizer(["A causes B"], also=["Zoe"])
    assert tokenizer.decode(tokenizer.encode("Zoe causes Zoe")) == "Zoe causes Zoe"
    assert "<unk>" in tokenizer.tokenize("Ada causes B")


@pytest.mark.parametrize("wanted", [1e5, 1e6, 4e6])
def test_a_decoder_has_about_as_many_parameters_as_asked_for(wanted: float) -> None:
    tokenizer = training.word_tokenizer(
        [" ".join(f"w{chr(97 + k)}{chr(97 + j)}" for k in range(20) for j in range(20))]
    )
    model, _ = training.small_decoder(tokenizer, parameters=wanted)
    assert 0.6 * wanted < training.parameters_of(model) < 1.6 * wanted


def test_a_seed_gives_the_same_weights_and_disturbs_no_other_draw() -> None:
    tokenizer = training.word_tokenizer(["a b"])
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    one, _ = training.small_decoder(tokenizer, parameters=5e4, layers=1, seed=3)
    assert torch.equal(torch.rand(1), before)
    two, _ = training.small_decoder(tokenizer, parameters=5e4, layers=1, seed=3)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(InvalidData, match="no words"):
        training.word_tokenizer([])
    with pytest.raises(InvalidParameter, match="too few"):
        training.small_decoder(training.word_tokenizer(["a b"]), parameters=100)
