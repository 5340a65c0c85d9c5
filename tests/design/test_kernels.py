"""The kernels of information on plain tensors, against joint tables of graph and answers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp import Belief
from causalpp.belief import Fixed
from causalpp.design import _sums, expected_information_gain, information
from causalpp.design.batches import joint_information, look_ahead, question_batch
from causalpp.design.information import question_information
from causalpp.errors import InvalidParameter
from causalpp.graphs import DagBatch

Case = tuple[Tensor, Tensor, Tensor, Tensor]


def random_case(seed: int, n: int = 12, q: int = 9) -> Case:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.full(n, 0.7))
    if_true, if_false = rng.uniform(0.5, 1, n), rng.uniform(0, 0.5, n)
    if seed % 3 == 0:  # the same for all graphs
        if_true[:], if_false[:] = if_true[0], if_false[0]
    truth = rng.random((n, q)) < rng.uniform(0.1, 0.9, q)
    return tuple(map(torch.from_numpy, (weights, if_true, if_false, truth)))


def entropy(p: NDArray[np.float64]) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def information_of(joint: NDArray[np.float64]) -> float:
    """Between rows and columns of a joint table, in bits."""
    return entropy(joint.sum(0)) + entropy(joint.sum(1)) - entropy(joint.ravel())


def joint_table(case: Case, columns: list[int], labels: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """P(label, answers), one by one."""
    weights, if_true, if_false, truth = (x.numpy() for x in case)
    labels = np.arange(len(weights)) if labels is None else labels
    table = np.zeros((labels.max() + 1, 2 ** len(columns)))
    for g in range(len(weights)):
        for a, said in enumerate(itertools.product([True, False], repeat=len(columns))):
            p = weights[g]
            for column, yes in zip(columns, said, strict=True):
                rate = if_true[g] if truth[g, column] else if_false[g]
                p *= rate if yes else 1 - rate
            table[labels[g], a] += p
    return table


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [None, 1, 2, 5, 12])
def test_one_question(seed: int, count: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(seed)
    labels = None if count is None else np.random.default_rng(seed).integers(0, count, 12)
    about = None if labels is None else torch.from_numpy(labels)
    expected = [information_of(joint_table(case, [q], labels)) for q in range(9)]
    assert question_information(*case, about=about).tolist() == pytest.approx(expected, abs=1e-12)
    monkeypatch.setattr(_sums, "_DENSE", 0)  # sums by group without a matrix product, in small blocks
    monkeypatch.setattr(_sums, "_HELD", 20)
    monkeypatch.setattr(_sums, "_ROWS", 5)
    assert question_information(*case, about=about).tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_about_a_proposition(seed: int) -> None:
    weights, if_true, if_false, truth = random_case(seed)
    goal = truth[:, 0]
    part = question_information(weights, if_true, if_false, truth, about=goal)
    whole = question_information(weights, if_true, if_false, truth)
    assert bool((part <= whole + 1e-12).all())
    labelled = question_information(weights, if_true, if_false, truth, about=torch.where(goal, 7, -3))
    assert part.tolist() == pytest.approx(labelled.tolist(), abs=1e-14)
    every = question_information(weights, if_true, if_false, truth, about=torch.arange(len(weights)))
    assert every.tolist() == pytest.approx(whole.tolist(), abs=1e-12)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_abstention_is_a_third_outcome(seed: int, grouped: bool) -> None:
    weights, if_true, if_false, truth = random_case(seed)
    silent = torch.tensor([0.3, 0.05], dtype=torch.float64)
    labels = np.random.default_rng(seed).integers(0, 3, len(weights)) if grouped else np.arange(len(weights))
    about = torch.from_numpy(labels) if grouped else None
    found = question_information(weights, if_true, if_false, truth, about=about, abstains=(0.3, 0.05))
    for q in range(truth.shape[1]):
        table = np.zeros((labels.max() + 1, 3))
        for g in range(len(weights)):
            a = float(silent[0] if truth[g, q] else silent[1])
            yes = float(if_true[g] if truth[g, q] else if_false[g])
            table[labels[g]] += float(weights[g]) * np.array([a, (1 - a) * yes, (1 - a) * (1 - yes)])
        assert float(found[q]) == pytest.approx(information_of(table), abs=1e-12)
    without = question_information(weights, if_true, if_false, truth)
    even = question_information(weights, if_true, if_false, truth, abstains=(0.4, 0.4))  # says nothing by itself
    assert even.tolist() == pytest.approx((0.6 * without).tolist(), abs=1e-12)


def test_costs() -> None:
    batch = DagBatch("abc", torch.zeros((3, 3, 3)))
    belief = Belief.uniform(batch, Fixed(0.1))
    truth = torch.tensor([[1, 1], [0, 1], [0, 0]], dtype=torch.bool)
    gain = expected_information_gain(belief, truth)
    per_unit = expected_information_gain(belief, truth, costs=torch.tensor([1.0, 4.0]))
    assert per_unit.tolist() == pytest.approx([float(gain[0]), float(gain[1]) / 4])
    for bad in (torch.tensor([1.0, 0.0]), torch.ones(3), torch.tensor([1.0, math.nan])):
        with pytest.raises(InvalidParameter, match="greater than zero"):
            expected_information_gain(belief, truth, costs=bad)


# --- precision -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_single_precision_within_its_bound(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    truth = torch.rand((20_000, 40), generator=draw) < 0.5
    columns = torch.randn((20_000, 3), generator=draw, dtype=torch.float64)
    exact = truth.to(torch.float64).T @ columns
    assert torch.allclose(_sums.weighted_sums(truth, columns, precise=True), exact, rtol=0, atol=1e-9)
    error = (_sums.weighted_sums(truth, columns, precise=False) - exact).abs().amax(0)
    size = columns.abs().sum(0)
    assert bool((error <= (_sums._SINGLE + 1) * 2.0**-24 * size).all())
    assert bool((error <= 1e-2 * (_sums._SINGLE + 1) * 2.0**-24 * size).all())


@pytest.mark.parametrize("same", [False, True])
def test_large_tables(same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Single precision is good to 1e-6 bits; where little is to be gained, everything is in double precision."""
    weights, if_true, if_false, truth = random_case(0 if same else 1, n=30_000, q=20)
    expected = question_information(weights, if_true, if_false, truth)
    monkeypatch.setattr(_sums, "_CELLS", 0)
    found = question_information(weights, if_true, if_false, truth)
    assert torch.equal(found, expected) is False
    assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-6)
    known = torch.ones_like(truth)
    known[0] = False
    weights[0] = 1e-9
    weights, if_true, if_false = weights / weights.sum(), if_true[:1].expand(30_000), if_false[:1].expand(30_000)
    faint = question_information(weights, if_true, if_false, known)
    assert float(faint.max()) < information._FAINT
    monkeypatch.undo()
    assert torch.equal(faint, question_information(weights, if_true, if_false, known))


def test_graphs_without_weight_are_left_out() -> None:
    weights, if_true, if_false, truth = random_case(1, n=20_000, q=15)
    weights[200:12_000] = 0
    weights = weights / weights.sum()
    kept = weights > 0
    expected = question_information(weights[kept], if_true[kept], if_false[kept], truth[kept])
    assert question_information(weights, if_true, if_false, truth).tolist() == pytest.approx(
        expected.tolist(), abs=1e-12
    )


# --- several questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [0, 1, 3, 5])
def test_joint_information(seed: int, k: int) -> None:
    case = random_case(seed)
    columns = np.random.default_rng(seed).choice(9, k).tolist()  # with repeats
    labels = np.random.default_rng(seed).integers(0, 3, 12)
    found = joint_information(*case[:3], case[3][:, columns])
    assert found == pytest.approx(information_of(joint_table(case, columns)), abs=1e-12)
    found = joint_information(*case[:3], case[3][:, columns], about=torch.from_numpy(labels))
    assert found == pytest.approx(information_of(joint_table(case, columns, labels)), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("grouped", [False, True])
def test_joint_information_by_drawing(seed: int, grouped: bool) -> None:
    case = random_case(seed, q=9)
    labels = np.random.default_rng(seed).integers(0, 3, 12) if grouped else None
    exact = information_of(joint_table(case, list(range(9)), labels))
    about = None if labels is None else torch.from_numpy(labels)
    draws = 20_000
    found = joint_information(*case, about=about, draws=draws, seed=seed)
    assert abs(found - exact) < 5 * 1.5 / math.sqrt(draws)  # the log ratio has a deviation below 1.5 bits here
    assert found == joint_information(*case, about=about, draws=draws, seed=seed)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grouped", [False, True])
def test_batches_are_greedy(seed: int, grouped: bool) -> None:
    case = random_case(seed)
    labels = np.random.default_rng(seed).integers(0, 3, 12) if grouped else None
    costs = torch.rand(9, generator=torch.Generator().manual_seed(seed)) + 0.5
    chosen, gains = question_batch(*case, 4, costs=costs, about=None if labels is None else torch.from_numpy(labels))
    before, slow = 0.0, []
    for gain in gains:
        bits = {q: information_of(joint_table(case, [*slow, q], labels)) - before for q in range(9) if q not in slow}
        slow.append(max(bits, key=lambda q: bits[q] / float(costs[q])))
        assert gain == pytest.approx(bits[slow[-1]], abs=1e-10)
        before += bits[slow[-1]]
    assert chosen == slow


def test_long_batches_go_on_with_a_sample() -> None:
    case = random_case(2, n=40, q=14)
    chosen, gains = question_batch(*case, 20, seed=1)
    assert sorted(chosen) == list(range(14))
    whole = joint_information(*case, draws=20_000)
    assert sum(gains) == pytest.approx(
        whole, abs=0.2
    )  # 64 patterns: a deviation of about 0.2 bits over eight steps / 8
    assert question_batch(*case, 20, seed=1) == (chosen, gains)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("priced", [False, True])
def test_two_steps(seed: int, priced: bool) -> None:
    case = random_case(seed)
    weights, if_true, if_false, truth = case
    price = torch.rand(9, generator=torch.Generator().manual_seed(seed)) + 0.5 if priced else torch.ones(9)
    numbers, values = look_ahead(*case, top=4, costs=price if priced else None)
    first = question_information(*case)
    best = sorted(range(9), key=lambda q: -float(first[q] / price[q]))[:4]
    assert sorted(numbers.tolist()) == sorted(best)
    for number, value in zip(numbers.tolist(), values.tolist(), strict=True):
        bits, spent = float(first[number]), float(price[number])
        yes = torch.where(truth[:, number], if_true, if_false)
        for law in (yes, 1 - yes):
            chance = float((weights * law).sum())
            after = question_information(weights * law / chance, if_true, if_false, truth)
            second = int((after / price).argmax())
            bits, spent = bits + chance * float(after[second]), spent + chance * float(price[second])
        assert value == pytest.approx(bits / spent if priced else bits, abs=1e-10)
    assert values.tolist() == sorted(values.tolist(), reverse=True)
    if not priced:
        about = torch.arange(12)
        assert look_ahead(*case, top=4, about=about)[1].tolist() == pytest.approx(values.tolist(), abs=1e-10)


def test_misuse() -> None:
    weights, if_true, if_false, truth = random_case(1)
    for call in (
        lambda: question_information(weights[:3], if_true, if_false, truth),
        lambda: question_information(weights, if_true[:3], if_false, truth),
        lambda: question_information(weights, if_true, if_false, truth.double()),
        lambda: question_information(weights, if_true, if_false, truth, about=torch.zeros(3)),
        lambda: joint_information(weights, if_true, if_false, truth, about=torch.zeros(3)),
        lambda: joint_information(weights, if_true, if_false, truth, draws=0),
        lambda: question_batch(weights, if_true, if_false, truth, 0),
        lambda: look_ahead(weights, if_true, if_false, truth, top=0),
    ):
        with pytest.raises(InvalidParameter):
            call()
