"""Panels: what the answers of one call tell together, and which questions to put into it."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from causalpp import Belief, Causes, Dag, MarkovEquivalenceClass
from causalpp.belief import SharedErrors, Source, Worlds
from causalpp.design import joint_information, panel_batch, panel_choices, panel_information, question_batch
from causalpp.errors import InvalidParameter
from causalpp.propositions import truth_table


def entropy(p: Tensor) -> float:
    return float(torch.special.entr(p).sum()) / math.log(2)


def by_hand(
    weights: Tensor, if_true: Tensor, if_false: Tensor, truth: Tensor, c: float, about: Tensor | None = None
) -> float:
    """(1 − c) Π P(aᵢ | tᵢ) + c Π P(1 − aᵢ | tᵢ), all answers written out."""
    yes = torch.where(truth, if_true[:, None], if_false[:, None])
    laws = []
    for said in itertools.product([True, False], repeat=truth.shape[1]):
        right = torch.where(torch.tensor(said), yes, 1 - yes)
        turned = torch.where(torch.tensor(said), 1 - yes, yes)
        laws.append((1 - c) * right.prod(1) + c * turned.prod(1))
    law = torch.stack(laws, dim=1)
    if about is None:
        return entropy(weights @ law) - sum(float(w) * entropy(row) for w, row in zip(weights, law, strict=True))
    inside = 0.0
    for label in set(about.tolist()):
        here = about == label
        mass = float(weights[here].sum())
        inside += mass * entropy(weights[here] @ law[here] / mass)
    return entropy(weights @ law) - inside


def drawn(seed: int, n: int = 12, k: int = 4) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    weights, true, false = torch.rand((3, n), generator=draw, dtype=torch.float64)
    return weights / weights.sum(), true, false, torch.rand((n, k), generator=draw) < 0.5


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("c", [0.0, 0.1, 0.4])
def test_the_joint_law_written_out(seed: int, c: float) -> None:
    law = drawn(seed, k=1 + seed % 5)
    about = torch.arange(12) % 3
    assert panel_information(*law, shared=c) == pytest.approx(by_hand(*law, c), abs=1e-9)
    assert panel_information(*law, shared=c, about=about) == pytest.approx(by_hand(*law, c, about), abs=1e-9)
    if c == 0:
        assert panel_information(*law) == pytest.approx(joint_information(*law), abs=1e-9)


def test_more_questions_than_patterns_are_sampled() -> None:
    law = drawn(3, n=40, k=10)
    assert panel_information(*law, shared=0.1) == pytest.approx(by_hand(*law, 0.1), abs=0.1)


def test_the_law_is_that_of_the_channel_for_shared_errors() -> None:
    batch = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("b", "d")])).batch()
    questions = [Causes("b", name) for name in "acd"]
    channel = SharedErrors(Worlds(((0.9, 0.2, 0.0, 1.0),)), "call", ((0.15, 1.0),))
    law = Belief.uniform(batch, channel).joint_predictive(questions, Source(call="one"))
    weights = torch.full((len(batch),), 1 / len(batch), dtype=torch.float64)
    exact = entropy(weights @ law) - sum(float(w) * entropy(row) for w, row in zip(weights, law, strict=True))
    rates = torch.full_like(weights, 0.9), torch.full_like(weights, 0.2)
    assert panel_information(weights, *rates, truth_table(questions, batch), shared=0.15) == pytest.approx(exact)


def test_shared_errors_tell_less() -> None:
    weights, truth = drawn(1, k=5)[0], drawn(1, k=5)[3]
    rates = torch.full_like(weights, 0.9), torch.full_like(weights, 0.1)
    bits = [panel_information(weights, *rates, truth, shared=c) for c in (0.0, 0.05, 0.2, 0.4)]
    assert bits == sorted(bits, reverse=True)


def test_an_anchor_tells_whether_the_call_was_struck() -> None:
    truth = torch.tensor([[True, True], [False, True]])
    law = torch.full((2,), 0.5), torch.ones(2), torch.zeros(2)
    assert panel_information(*law, truth[:, :1], shared=0.1) == pytest.approx(
        1 - entropy(torch.tensor([0.1, 0.9])), abs=1e-6
    )
    assert panel_information(*law, truth, shared=0.1) == pytest.approx(1)  # turned back if need be
    assert panel_choices(*law, truth, [[0, 1]], 2, shared=0.1)[0].numbers == (0, 1)
    assert panel_choices(*law, truth, [[0, 1]], 2)[0].numbers == (0,)  # without shared errors it adds nothing


@pytest.mark.parametrize("seed", range(6))
def test_greedy_panels_are_near_the_best(seed: int) -> None:
    law = drawn(seed, n=20, k=6)
    (found,) = panel_choices(*law, [range(6)], 3)
    best = max(joint_information(*law[:3], law[3][:, list(some)]) for some in itertools.combinations(range(6), 3))
    assert found.bits == pytest.approx(joint_information(*law[:3], law[3][:, list(found.numbers)]), abs=1e-9)
    assert (1 - 1 / math.e) * best <= found.bits <= best + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_batches_of_single_questions_are_those_of_question_batch(seed: int) -> None:
    law = drawn(seed, n=20, k=6)
    chosen = panel_batch(*law, [[q] for q in range(6)], 1, 4)
    numbers, gains = question_batch(*law, 4)
    assert [choice.numbers[0] for choice in chosen] == numbers
    assert [choice.bits for choice in chosen] == pytest.approx(gains)


def test_a_batch_of_panels_adds_up_to_what_they_tell_together() -> None:
    law = drawn(4, n=20, k=6)
    chosen = panel_batch(*law, [[0, 1, 2], [3, 4, 5]], 2, 2)
    assert sorted(choice.group for choice in chosen) == [0, 1]
    numbers = [number for choice in chosen for number in choice.numbers]
    together = joint_information(*law[:3], law[3][:, numbers])
    assert sum(choice.bits for choice in chosen) == pytest.approx(together, abs=1e-9)
    assert chosen[1].bits < panel_choices(*law, [[0, 1, 2], [3, 4, 5]], 2)[chosen[1].group].bits


def test_calls_are_struck_independently() -> None:
    truth = torch.tensor([[True, True], [False, False]])  # the same question twice
    law = torch.full((2,), 0.5), torch.ones(2), torch.zeros(2)
    assert panel_information(*law, truth, shared=0.1) == pytest.approx(
        panel_information(*law, truth[:, :1], shared=0.1)
    )
    twice = panel_batch(*law, truth, [[0], [1]], 1, 2, shared=0.1)
    rates = torch.full((2,), 0.9), torch.full((2,), 0.1)
    assert sum(choice.bits for choice in twice) == pytest.approx(joint_information(law[0], *rates, truth), abs=1e-6)


def test_costs_decide_how_many_outcomes_go_into_a_call() -> None:
    law = drawn(2, n=30, k=6)
    sizes = [
        len(panel_choices(*law, [range(6)], 6, call_cost=1.0, outcome_cost=cost)[0].numbers) for cost in (0.0, 0.2, 5.0)
    ]
    assert sizes[0] == 6
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] <= 2
    (whole,) = panel_choices(*law, [range(6)], None, outcome_cost=5.0)
    assert len(whole.numbers) == 6  # everything is looked at, whatever it costs
    assert whole.price == pytest.approx(31)
    assert whole.rate == pytest.approx(whole.bits / 31)


def test_states_of_questions_have_laws_of_their_own() -> None:
    weights, true, false, truth = drawn(5, k=4)
    laws = torch.stack([true, true * 0.5], 1), torch.stack([false, false * 0.5], 1)
    state = torch.tensor([0, 1, 0, 1])
    (found,) = panel_choices(weights, *laws, truth, [[1]], 1, state=state)
    assert found.bits == pytest.approx(panel_information(weights, true * 0.5, false * 0.5, truth[:, [1]]))


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({}, {"groups": []}),
        ({}, {"groups": [[]]}),
        ({}, {"size": 0}),
        ({}, {"shared": 0.5}),
        ({}, {"call_cost": 0.0}),
        ({}, {"outcome_cost": -1.0}),
        ({}, {"about": torch.zeros(3)}),
        ({"weights": torch.ones(3)}, {}),
    ],
)
def test_what_makes_no_sense(change: dict[str, Tensor], options: dict[str, object]) -> None:
    weights, true, false, truth = drawn(0)
    arguments: dict[str, object] = {"groups": [[0, 1]], "size": 2} | options
    with pytest.raises(InvalidParameter):
        panel_choices(change.get("weights", weights), true, false, truth, **arguments)  # type: ignore[arg-type]


def test_a_batch_has_a_call() -> None:
    with pytest.raises(InvalidParameter):
        panel_batch(*drawn(0), [[0]], 1, 0)
