"""The bound that holds, on every pair; and the published one, which does not."""

from __future__ import annotations

import little
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from causalpp.errors import InvalidParameter
from causalpp.kernels import Gram, bound, embedding, published_bound, tangent, words

# Down to 1e-9: of a number below 1e-154 the square vanishes, so that its length by NumPy is not its length.
VECTORS = arrays(np.float64, 3, elements=st.floats(-1e3, 1e3).map(lambda value: round(value, 9)))


def test_in_one_dimension_the_published_bound_is_false() -> None:
    plus, minus, norm = 2.0, 1.0, 5.0
    gap = abs(norm * plus - norm * minus)
    assert published_bound(1.0, norm) == 0 < gap == bound(plus, minus, 1.0, norm)


@given(VECTORS, VECTORS, VECTORS)
def test_no_predictor_differs_by_more_and_one_attains_it(plus: np.ndarray, minus: np.ndarray, w: np.ndarray) -> None:
    a, b, norm = (float(np.linalg.norm(v)) for v in (plus, minus, w))
    cosine = (plus / a) @ (minus / b) if a > 0 and b > 0 else np.nan
    found = bound(a, b, np.clip(cosine, -1, 1), norm)
    rounding = 1e-6 * norm * max(a, b)  # of a cosine near 1: the square root of 1e-15, and a little
    assert abs(w @ plus - w @ minus) <= found + rounding
    assert found == pytest.approx(norm * np.linalg.norm(plus - minus), rel=1e-6, abs=rounding)


@given(VECTORS, VECTORS)
def test_features_of_length_one_have_the_published_bound(plus: np.ndarray, minus: np.ndarray) -> None:
    a, b = np.linalg.norm(plus), np.linalg.norm(minus)
    if a > 1e-6 and b > 1e-6:
        cosine = np.clip(plus @ minus / (a * b), -1, 1)
        assert bound(1.0, 1.0, cosine, 3.0) == pytest.approx(float(published_bound(cosine, 3.0)))


@pytest.mark.parametrize("kind", ["decoder", "encoder", "embedding", "words", "linear"])
def test_it_holds_on_every_pair_of_a_real_kernel(kind: str) -> None:
    prompts = little.prompts()[:16]
    gram: Gram = {
        "decoder": lambda: tangent(little.decoder(), prompts),
        "encoder": lambda: tangent(little.encoder(), prompts),
        "embedding": lambda: embedding(little.decoder(), prompts),
        "words": lambda: words(prompts),
        "linear": lambda: Gram(np.outer(np.arange(1.0, 17), np.arange(1.0, 17)), "linear"),
    }[kind]()
    targets = np.random.default_rng(0).choice([-1.0, 1.0], len(prompts))
    scale = gram.values.diagonal().mean()
    ridge = gram.ridge(targets, (scale * np.logspace(-6, 3, 10)).tolist())
    pairs = [(i, j) for i in range(len(gram)) for j in range(i)]
    i, j = np.array(pairs).T
    norms, cosines, gaps = gram.norms(), gram.cosines(), ridge.gaps(pairs)
    most = np.array([bound(norms[i], norms[j], cosines[i, j], norm) for norm in ridge.norms])
    assert (gaps <= most + 1e-6 * ridge.norms[:, None] * norms.max()).all()
    np.testing.assert_allclose(most, ridge.norms[:, None] * gram.distances()[i, j], rtol=1e-5, atol=1e-6)
    published = np.array([published_bound(cosines[i, j], norm) for norm in ridge.norms])
    if kind == "linear":  # all features point the same way, and are told apart
        assert (gaps > published + 1e-3).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 1.0, 0.5, 1.0), "a length lies between 0 and inf"),
        ((1.0, 1.0, 1.5, 1.0), "a cosine lies between -1 and 1"),
        ((1.0, 1.0, 0.5, -2.0), "a norm lies between 0 and inf"),
    ],
)
def test_numbers_outside_their_range(arguments: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        bound(*arguments)


def test_short_features_are_no_exception() -> None:
    assert bound(1e-200, 1e-200, -1.0, 3.0) == pytest.approx(6e-200)


def test_a_feature_of_length_zero_has_no_direction() -> None:
    assert bound(0.0, 2.0, np.nan, 3.0) == 6.0
