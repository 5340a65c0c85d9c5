"""An encoder as an oracle: the prompts it was taught, yes and no alone, and the loop around it."""

from __future__ import annotations

import math

import pytest

from causalpp import training
from causalpp.errors import OracleError
from causalpp.language import Prompt, Sampling
from causalpp.oracles import LanguageModelOracle
from causalpp.tasks import stories


def test_an_encoder_answers_the_prompts_that_it_was_taught() -> None:
    items = stories(4, seed=0).items
    tokenizer = training.word_tokenizer(training.texts_of(items), blanks=False)
    model = training.small_encoder(tokenizer, parameters=5e4, layers=1)
    backend = training.EncoderBackend(model)
    for item, yes in zip(items, training.probabilities(model, items), strict=True):
        oracle = LanguageModelOracle(
            backend, context=item.story, system="", labels=("yes", "no"), wordings=["intervention"]
        )
        (answer,) = oracle.ask(item.proposition)
        assert answer.log_odds == pytest.approx(math.log(yes / (1 - yes)), abs=1e-5)
        assert answer.value == (yes > 0.5)
        assert answer.nature == "language model"


def test_an_encoder_is_asked_for_yes_or_no() -> None:
    tokenizer = training.word_tokenizer(["a causes b."], blanks=False)
    backend = training.EncoderBackend(training.small_encoder(tokenizer, parameters=5e4, layers=1))
    with pytest.raises(OracleError, match="yes or no"):
        backend.complete_all([Prompt("Does a cause b?", None, ("yes", "no", "unsure"))], Sampling(), [0])


@pytest.mark.slow
def test_a_checkpoint_is_an_oracle() -> None:
    items = stories(8, seed=0).items
    tokenizer = training.word_tokenizer(training.texts_of(items), blanks=False)
    begin = training.small_encoder(tokenizer, parameters=5e4, layers=1)
    taught = training.classify(begin, items, steps=10, progress=False)
    oracle = taught.oracle(context=items[0].story, system="", wordings=["intervention"])
    (answer,) = oracle.ask(items[0].proposition)
    assert answer.value == (training.probabilities(taught, items[:1])[0] > 0.5)
