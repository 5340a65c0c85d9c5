"""Gram matrices and ridge regression, against the features themselves and against learning again and again."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from causalpp.errors import FormatError, InvalidData, InvalidParameter
from causalpp.kernels import Gram, words

DRAW = np.random.default_rng(0)
FEATURES = DRAW.normal(size=(12, 30))
GRAM = Gram(FEATURES @ FEATURES.T, outputs=FEATURES[:, 0])


def test_lengths_distances_and_cosines_are_those_of_the_features() -> None:
    by_hand = np.linalg.norm(FEATURES[:, None] - FEATURES[None], axis=2)
    np.testing.assert_allclose(GRAM.distances(), by_hand, atol=1e-6)  # near 0 a root of what rounding leaves
    np.testing.assert_allclose(GRAM.norms(), np.linalg.norm(FEATURES, axis=1))
    unit = FEATURES / np.linalg.norm(FEATURES, axis=1, keepdims=True)
    np.testing.assert_allclose(GRAM.cosines(), unit @ unit.T, atol=1e-12)
    assert (GRAM.values == GRAM.values.T).all()


def test_alignment_is_the_cosine_of_centred_features() -> None:
    other = FEATURES[:, :5]
    mine, theirs = FEATURES - FEATURES.mean(axis=0), other - other.mean(axis=0)
    cross = np.linalg.norm(mine.T @ theirs) ** 2  # of linear CKA (Kornblith et al. 2019)
    wanted = cross / (np.linalg.norm(mine.T @ mine) * np.linalg.norm(theirs.T @ theirs))
    assert GRAM.alignment(Gram(other @ other.T)) == pytest.approx(wanted)
    shifted = 2 * FEATURES + 7.0
    assert GRAM.alignment(Gram(shifted @ shifted.T)) == pytest.approx(1.0)
    assert GRAM.change(Gram(1.25 * GRAM.values)) == pytest.approx(0.25)


def test_ridge_is_regression_on_the_features_and_left_out_is_learning_without() -> None:
    targets, train = DRAW.normal(size=8), [0, 2, 3, 5, 6, 8, 9, 11]
    found = GRAM.ridge(targets, [0.1, 10.0], train)
    x = FEATURES[train]
    for k, penalty in enumerate([0.1, 10.0]):
        w = np.linalg.solve(x.T @ x + penalty * np.eye(30), x.T @ targets)
        np.testing.assert_allclose(found.predictions[k], FEATURES @ w, atol=1e-10)
        assert found.norms[k] == pytest.approx(np.linalg.norm(w))
        for m in range(8):
            rest = [n for n in range(8) if n != m]
            w = np.linalg.solve(x[rest].T @ x[rest] + penalty * np.eye(30), x[rest].T @ targets[rest])
            assert found.left_out[k, m] == pytest.approx(x[m] @ w)
    assert list(found.to_frame()) == ["penalty", "norm", "error", "left_out"]
    assert "8 items, 2 penalties" in repr(found)
    assert json.loads(found.to_json())["train"] == train


def test_without_a_penalty_what_was_learned_is_said_again_unless_items_look_alike() -> None:
    targets = DRAW.normal(size=12)
    np.testing.assert_allclose(GRAM.ridge(targets, 0.0).predictions[0], targets, atol=1e-9)
    twice = Gram(np.ones((2, 2)))
    with pytest.raises(InvalidParameter, match="1 of 2 directions have no features"):
        twice.ridge([1.0, -1.0], 0.0)
    assert twice.ridge([1.0, -1.0], 0.5).predictions.round(12).tolist() == [[0.0, 0.0]]  # nothing tells them apart


def test_it_is_written_and_read_without_loss() -> None:
    again = Gram.from_json(GRAM.to_json())
    assert (again.values == GRAM.values).all()
    assert again.outputs is not None
    assert (again.outputs == FEATURES[:, 0]).all()
    assert len(GRAM.part([3, 1])) == 2
    assert GRAM.part([3, 1]).values[0, 1] == GRAM.values[3, 1]
    with pytest.raises(FormatError, match="no Gram matrix"):
        Gram.from_json("[1]")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((2, 3)), "square"),
        (np.ones((0, 0)), "square"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "finite"),
        (np.array([[1.0, 0.5], [0.2, 1.0]]), "symmetric"),
        (-np.eye(2), "symmetric with squared lengths"),
    ],
)
def test_what_is_no_gram_matrix(values: Any, message: str) -> None:
    with pytest.raises(InvalidData, match=message):
        Gram(values)


def test_what_cannot_be_compared_or_learned() -> None:
    with pytest.raises(InvalidData, match="12 items and the other about 2"):
        GRAM.alignment(Gram(np.eye(2)))
    with pytest.raises(InvalidData, match="same features"):
        Gram(np.ones((2, 2))).alignment(Gram(np.eye(2)))
    with pytest.raises(InvalidData, match="finite target each"):
        GRAM.ridge([1.0], 1.0)
    for penalty in (-1.0, [], np.nan):
        with pytest.raises(InvalidParameter, match="penalties are finite"):
            GRAM.ridge(np.ones(12), penalty)
    with pytest.raises(InvalidParameter, match="distinct numbers"):
        GRAM.ridge([1.0, 1.0], 1.0, [0, 0])
    with pytest.raises(InvalidParameter, match="parts are numbers"):
        GRAM.part([99])


def test_words_are_counted_and_their_order_is_not() -> None:
    found = words(["A causes B.", "B causes A.", "A A B"])
    assert found.values.tolist() == [[4.0, 4.0, 3.0], [4.0, 4.0, 3.0], [3.0, 3.0, 5.0]]
    assert words(["a b", "b a"], 2).values.tolist() == [[3.0, 2.0], [2.0, 3.0]]
    for prompts, message in (([], "no prompts"), (["a", " "], "prompt 1 has no words"), ("a b", "no prompts")):
        with pytest.raises(InvalidData, match=message):
            words(prompts)
    with pytest.raises(InvalidParameter, match="at least 1"):
        words(["a"], 0)
