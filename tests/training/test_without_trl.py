"""What works without the extra packages, and what is said where they are needed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from causalpp import training
from causalpp.errors import InvalidParameter, MissingDependency
from causalpp.tasks import Exact, Item, Target

sys.path.insert(0, str(Path(__file__).parent))
import tiny


@pytest.mark.parametrize("recipe", ["sft", "dpo", "kto", "grpo"])
def test_a_missing_package_is_named_with_the_command(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(MissingDependency, match=r"trl: pip install 'causalpp\[train\]'"):
        getattr(training, recipe)(("no", "model"), tiny.fruit(), progress=False)


def test_wrong_replies_are_near_misses_or_what_is_right_elsewhere() -> None:
    from causalpp.training.examples import wrong_replies

    item = Item("1", "?", Target("a", Exact()), about={"near_misses": ["b", "c"]})
    other = Item("2", "?", Target("d", Exact()))
    assert wrong_replies(item, [other]) == ["b", "c"]
    assert wrong_replies(other, [item, other]) == ["a"]


def test_rejected_is_what_the_model_said_where_that_is_wrong() -> None:
    from causalpp.training.examples import Layout

    item = Item("1", "A ?", Target("a", Exact()), about={"near_misses": ["b"]})
    tokenizer = training.word_tokenizer(["A ? a b c"])
    layout = Layout(lambda prompt: prompt.user, tokenizer, False, 64)
    said = [training.preferences([item], layout, 0, [text])[0]["rejected"] for text in (" c", " a", "")]
    assert said == [" c", " b", " b"]
    assert [row["label"] for row in training.judged([item], layout)] == [True, False]


def test_an_unfinished_training_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="no finished training"):
        training.Checkpoint.read(tmp_path)
    (tmp_path / "training.json").write_text(json.dumps({"finished": False}))
    with pytest.raises(InvalidParameter, match="no finished training"):
        training.Checkpoint.read(tmp_path)
