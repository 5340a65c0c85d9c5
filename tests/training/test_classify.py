"""Encoders: what they learn, that they go on where they were stopped, what they refuse, and who takes them."""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from causalpp import training
from causalpp.benchmarks.solvers import make_solver
from causalpp.errors import FormatError, InvalidData, InvalidParameter, OracleError, TrainingError, TruncatedWarning
from causalpp.tasks import Exact, Item, Target, YesNo, generate

sys.path.insert(0, str(Path(__file__).parent))
import tiny

pytest.importorskip("accelerate")
pytestmark = pytest.mark.slow  # the trainer takes seconds to import
FEW: dict[str, Any] = {"batch_size": 16, "log_every": 5, "save_every": 10, "learning_rate": 5e-3, "progress": False}
FRUIT = ("apples", "plums", "figs", "pears")


def baskets(rows: int, seed: int = 0) -> list[Item]:
    """Is there a plum? Yes if one of the sentences says so."""
    draw, out = random.Random(seed), []
    for k in range(rows):
        held = draw.sample(FRUIT, draw.randint(1, 3))
        lines = " ".join(f"There are {what}." for what in held)
        out.append(Item(str(k), f"{lines}\nAre there plums?", Target("plums" in held, YesNo())))
    return out


def model(items: Sequence[Item], seed: int = 0) -> Any:
    tokenizer = training.word_tokenizer(training.texts_of(items), blanks=False)
    return training.small_encoder(tokenizer, parameters=4e4, layers=1, seed=seed)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> training.Checkpoint:
    items = baskets(200)
    return training.classify(model(items), items, tmp_path_factory.mktemp("some") / "taught", steps=60, **FEW)


def test_yes_and_no_are_learned_and_probable(taught: training.Checkpoint) -> None:
    held = baskets(100, seed=1)
    assert training.accuracy(model(baskets(200)), held) < 0.8
    assert training.accuracy(taught, held) == 1
    found = training.probabilities(taught.folder, held)
    assert ((found > 0.5) == [item.target.value for item in held]).all()
    whole = training.probabilities(taught, held, batch_size=7)
    assert np.abs(whole - found).max() < 1e-5
    assert taught.curve["loss"].iloc[-1] < 0.3 * taught.curve["loss"].iloc[0]


def test_the_order_of_sentences_and_padding_make_no_difference() -> None:
    pair = model(baskets(50))
    texts = ["There are figs. There are plums.\nAre there plums?", "There are plums. There are figs.\nAre there plums?"]
    items = [Item(str(k), text, Target(True, YesNo())) for k, text in enumerate([*texts, "Are there plums?"])]
    found = training.probabilities(pair, items)
    assert found[0] == pytest.approx(found[1], abs=1e-6)
    assert found[0] == pytest.approx(training.probabilities(pair, items[:1])[0], abs=1e-6)
    assert found[0] != pytest.approx(found[2], abs=1e-4)


def test_what_was_stopped_goes_on_to_the_same_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items, shown = baskets(60), []

    def twisted(item: Item, times: int) -> Item:
        shown.append((item.id, times))
        return replace(item, prompt=item.prompt.replace("There are", "There are" if times % 2 else "Here are"))

    told: dict[str, Any] = {**FEW, "steps": 30, "vary": twisted}
    tokenizer = training.word_tokenizer(training.texts_of([*items, *(twisted(item, 0) for item in items)]))
    begin = training.small_encoder(tokenizer, parameters=4e4, layers=1)
    whole = training.classify(begin, items, tmp_path / "whole", **told)
    assert max(times for _, times in shown) == math.ceil(30 * 16 / 60) - 1

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("causalpp.training._workspace.Workspace.finish", stop)
        with pytest.raises(KeyboardInterrupt):
            training.classify(begin, items, tmp_path / "two", **told)
    assert training.classify(begin, items, tmp_path / "two", **told).points == whole.points
    with pytest.raises(InvalidParameter, match="holds another training"):
        training.classify(begin, items, tmp_path / "two", **{**told, "seed": 1})


def test_what_cannot_be_learned_is_refused(tmp_path: Path) -> None:
    items = baskets(20)
    with pytest.raises(InvalidData, match="learns yes or no"):
        training.classify(model(items), [Item("1", "Which?", Target("plums", Exact()))])
    with pytest.raises(InvalidData, match="no target"):
        training.classify(model(items), [items[0].blind()])
    with pytest.raises(InvalidParameter, match="lora"):
        training.classify(model(items), items, lora=4)
    with pytest.raises(OracleError, match="cannot load the encoder"):
        training.classify(tmp_path, items)
    with pytest.raises(InvalidParameter, match="two outputs"):
        training.load_encoder(tiny.model(tiny.fruit()))


def test_a_loss_that_is_no_number_ends_the_training() -> None:
    items = baskets(40)
    network, tokenizer = model(items)
    with torch.no_grad():
        network.verdict.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="no number"):
        training.classify((network, tokenizer), items, steps=10, **FEW)


def test_long_prompts_lose_their_beginning_and_are_counted() -> None:
    items = baskets(40)
    with pytest.warns(TruncatedWarning, match=r"of 40 prompts are longer than 9 tokens"):
        training.classify(model(items), items, steps=5, **{**FEW, "max_length": 9})
    with pytest.warns(TruncatedWarning, match="40 of them lost part of the question"):
        training.classify(model(items), items, steps=5, **{**FEW, "max_length": 3})
    pair = model(items)
    short = training.probabilities(pair, items, max_length=6)
    assert len(set(np.round(short, 6))) == 1  # all that is left is the question


def test_its_folder_is_a_solver(taught: training.Checkpoint) -> None:
    solver = make_solver({"solver": "zero-shot", "ask": {"checkpoint": str(taught.folder)}})
    for item in baskets(6, seed=2):
        found = solver.solve(item.blind())
        assert found.answer is item.target.value
        assert found.entailed == pytest.approx(training.probabilities(taught, [item])[0])
    with pytest.raises(FormatError, match="is an encoder"):
        make_solver({"solver": "few-shot", "ask": {"checkpoint": str(taught.folder)}})
    with pytest.raises(InvalidParameter, match="is an encoder"):
        make_solver({"solver": "acbo", "ask": {"checkpoint": str(taught.folder)}}).solve(  # type: ignore[attr-defined]
            generate(4, rows=12, seed=0).items[0].blind()
        )
    assert json.loads(taught.to_json())["recipe"] == "classify"


def test_a_model_that_writes_says_how_probable_yes_is() -> None:
    items = baskets(8)
    pair = training.small_decoder(
        training.word_tokenizer(training.texts_of(items)), parameters=3e4, layers=1, context=64
    )
    found = training.probabilities(pair, items)
    alone = [float(training.probabilities(pair, [item])[0]) for item in items]
    assert found == pytest.approx(alone, abs=1e-5)  # padding on the left is not read
