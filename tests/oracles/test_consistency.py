"""How consistent the wordings of the direction question are, against fits done again for every pair left out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalpp import Causes, Direction
from causalpp.oracles import Answer, Request, consistency, graded
from causalpp.oracles.direction import contrasts_by_wording, measured
from causalpp.oracles.direction.consistency import position_fit

NAMES = "abcdefgh"
PAIRS = list(itertools.combinations(NAMES, 2))


def order(rng: np.random.Generator, noise: float) -> dict[tuple[str, str], float]:
    place = dict(zip(NAMES, np.linspace(2, -2, len(NAMES)), strict=True))
    return {(a, b): place[a] - place[b] + noise * rng.standard_normal() for a, b in PAIRS}


def test_the_fit_is_that_of_positions_fitted_without_the_pair() -> None:
    rng = np.random.default_rng(0)
    pairs = {pair: rng.standard_normal() for pair in PAIRS[:17]}
    left = 0.0
    for pair in pairs:
        others = [p for p in pairs if p != pair]
        rows = np.array([[(n == a) - (n == b) for n in NAMES] for a, b in others], dtype=float)
        penalty = np.vstack([rows, np.eye(len(NAMES))])  # ridge regression as least squares
        place, *_ = np.linalg.lstsq(penalty, np.array([pairs[p] for p in others] + [0.0] * len(NAMES)), rcond=None)
        a, b = (NAMES.index(name) for name in pair)
        left += (pairs[pair] - place[a] + place[b]) ** 2
    assert position_fit(pairs) == pytest.approx(1 - left / sum(v * v for v in pairs.values()))


def test_what_measures_an_order_weighs_more_than_noise_and_what_contradicts_weighs_nothing() -> None:
    rng = np.random.default_rng(1)
    good, fair = order(rng, 0.5), order(rng, 2.0)
    noise = {pair: rng.standard_normal() for pair in PAIRS}
    contrary = {pair: -3 * value for pair, value in order(rng, 0.5).items()}
    found = measured({0: good, 1: fair, 2: noise, 3: contrary})
    assert found[0].weight > found[1].weight > found[2].weight > found[3].weight == 0
    assert sum(entry.weight for entry in found.values()) == pytest.approx(1)
    assert (found[3].agreement or 0) < -0.5
    assert (found[3].fit or 0) > 0.5  # it has an order, the wrong way round
    scaled = measured({0: {pair: 7 * value for pair, value in good.items()}, 1: fair, 2: noise, 3: contrary})
    assert {k: e.weight for k, e in scaled.items()} == pytest.approx({k: e.weight for k, e in found.items()})


def test_of_two_that_contradict_each_other_none_is_put_aside() -> None:
    good = order(np.random.default_rng(2), 0.1)
    found = measured({0: good, 1: {pair: -value for pair, value in good.items()}})
    assert [entry.weight for entry in found.values()] == pytest.approx([0.5, 0.5])


def test_nothing_known_is_even() -> None:
    found = measured({0: {("a", "b"): 1.0}, 1: {("a", "b"): 5.0}, 2: {}, 3: {("a", "b"): 0.0}})
    assert [found[k].weight for k in (0, 1)] == pytest.approx([0.5, 0.5])
    assert [found[k].weight for k in (2, 3)] == [0, 0]
    silent = measured({0: {("a", "b"): 0.0}})
    assert silent[0].weight == 1
    assert measured({}) == {}


def test_answers_about_either_order_of_a_pair_say_the_same() -> None:
    rng = np.random.default_rng(3)
    answers = []
    for a, b in PAIRS:
        parts = [Answer(Causes(*side), None, log_odds=rng.normal()) for side in ((a, b), (b, a))]
        answers += [graded(Request(Direction(a, b)), parts), graded(Request(Direction(b, a)), parts)]
    half = contrasts_by_wording(answers[::2])
    assert contrasts_by_wording(answers) == half
    assert consistency(answers) == measured(half)
    assert consistency([Answer(Causes("a", "b"), True)]) == {}
