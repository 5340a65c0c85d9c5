"""Panels: several questions in one call, about one intervention, whose answers may share an error.

A shared error strikes a call with probability c and then turns all its answers round.  With a the answers and t the
truth, P(a | t) = (1 − c) Π P(aᵢ | tᵢ) + c Π P(1 − aᵢ | tᵢ).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.design._ahead import Ahead
from causalpp.errors import InvalidParameter

__all__ = ["PanelChoice", "panel_batch", "panel_choices", "panel_gains", "panel_information"]

_EQUAL = 1e-9  # bits
_BEFORE = 8  # patterns of answers to earlier calls that a panel is judged under


@dataclass(frozen=True)
class PanelChoice:
    """Questions to put in one call.

    Attributes:
        group: the number of the group they come from.
        numbers: of the questions, in the order in which they were chosen.
        gains: the bits that each adds to those before it.
        price: what the call costs.
    """

    group: int
    numbers: tuple[int, ...]
    gains: tuple[float, ...]
    price: float = 1.0

    @property
    def bits(self) -> float:
        """What the answers are expected to tell together."""
        return sum(self.gains)

    @property
    def rate(self) -> float:
        """Bits per unit of cost."""
        return self.bits / self.price


def panel_information(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    *,
    shared: float = 0.0,
    about: Tensor | None = None,
    seed: int = 0,
) -> float:
    """The information, in bits, that the answers of one call carry together.

    Exact for up to seven questions; for more, the patterns of answers are a sample of 64.

    Args:
        weights: P(graph), shape ``(N,)``.
        if_true: P(yes | graph) where a proposition is true and nothing strikes the call, shape ``(N,)``.
        if_false: the same where it is false.
        truth: of the questions of the call, booleans of shape ``(N, k)``.
        shared: c, the probability that an error strikes the whole call.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.
        seed: of the sample.

    Raises:
        InvalidParameter: shapes that do not fit, a probability out of range.

    Example:
        >>> truth = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
        >>> law = torch.full((4,), 0.25), torch.full((4,), 0.9), torch.full((4,), 0.1)
        >>> [round(panel_information(*law, truth, shared=c), 3) for c in (0.0, 0.1)]
        [1.062, 0.731]
    """
    law = (weights, if_true, if_false, truth)
    return sum(panel_gains(*law, [range(truth.shape[1])], shared=shared, about=about, seed=seed)[0])


def panel_gains(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    calls: Sequence[Sequence[int]],
    *,
    state: Tensor | None = None,
    shared: float = 0.0,
    about: Tensor | None = None,
    seed: int = 0,
) -> list[tuple[float, ...]]:
    """The bits that each answer adds to those before it, where several calls are put one after the other.

    The arguments are those of :func:`panel_choices`, but for the calls: the numbers of the questions in each.

    Example:
        >>> truth = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
        >>> law = torch.full((4,), 0.25), torch.full((4,), 0.9), torch.full((4,), 0.1)
        >>> [[round(bits, 3) for bits in call] for call in panel_gains(*law, truth, [[0, 0], [1]])]
        [[0.531, 0.211], [0.531]]
    """
    ahead = Ahead(weights, if_true, if_false, truth, state=state, shared=shared, about=about, seed=seed)
    found = []
    for call in calls:
        gains = []
        for number in call:
            gains.append(float(ahead.gains(torch.tensor([number], device=truth.device))[0]))
            ahead.take(number)
        ahead.next_call()
        found.append(tuple(gains))
    return found


def panel_choices(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    groups: Sequence[Sequence[int]],
    size: int | None,
    *,
    state: Tensor | None = None,
    shared: float = 0.0,
    call_cost: float = 1.0,
    outcome_cost: float = 0.0,
    about: Tensor | None = None,
    seed: int = 0,
) -> list[PanelChoice]:
    """For each group of questions, as a rule those about one intervention, the ones to put in one call.

    They are chosen one by one, each for what it adds to those before; questions that add nothing are left out, and
    where an outcome costs something, those that would lower the bits per unit of cost.  Without shared errors
    information is submodular, and the panel carries at least 1 − 1/e of what the best of its size does (Nemhauser,
    Wolsey & Fisher 1978); with them a question of known answer can tell whether the call was struck.

    Args:
        weights: P(graph), shape ``(N,)``.
        if_true: P(yes | graph) where a proposition is true and nothing strikes the call, shape ``(N,)``, or ``(N, S)``
            where questions are in S states.
        if_false: the same where it is false.
        truth: of all questions, booleans of shape ``(N, Q)``.
        groups: the numbers of the questions that fit into one call; among equals the first is taken.
        size: the most questions of a call; None puts all questions of the group into it.
        state: of each question, shape ``(Q,)``.
        shared: c, the probability that an error strikes a whole call.
        call_cost: of a call, in any unit: one, or the tokens of the prompt.
        outcome_cost: of one more question in it, such as the tokens of a line asked and a line answered.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.
        seed: of the sample of answers, where there are too many.

    Raises:
        InvalidParameter: shapes that do not fit, a size or a cost out of range, an empty group.

    Example:
        >>> from causalpp import Causes, Dag, MarkovEquivalenceClass
        >>> from causalpp.propositions import truth_table
        >>> batch = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("b", "d")])).batch()
        >>> questions = [Causes("a", "b"), Causes("a", "d"), Causes("b", "a"), Causes("b", "c"), Causes("b", "d")]
        >>> law = torch.full((4,), 0.25), torch.full((4,), 0.9), torch.full((4,), 0.1)
        >>> for choice in panel_choices(*law, truth_table(questions, batch), [[0, 1], [2, 3, 4]], 3):
        ...     print([questions[number].question() for number in choice.numbers], round(choice.bits, 2))
        ['Does a cause b?', 'Does a cause d?'] 0.6
        ['Does b cause a?', 'Does b cause c?', 'Does b cause d?'] 1.14
    """
    ahead = Ahead(weights, if_true, if_false, truth, state=state, shared=shared, about=about, seed=seed)
    return _choices(ahead, groups, size, call_cost, outcome_cost)


def panel_batch(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    groups: Sequence[Sequence[int]],
    size: int | None,
    calls: int,
    *,
    state: Tensor | None = None,
    shared: float = 0.0,
    call_cost: float = 1.0,
    outcome_cost: float = 0.0,
    about: Tensor | None = None,
    seed: int = 0,
) -> list[PanelChoice]:
    """Several calls to put at the same time: each adds most, per unit of cost, to those before it.

    The arguments are those of :func:`panel_choices`, and how many calls.  With groups of one question each these are
    single questions.  A group is put once.  Panels after the first are judged under a sample of eight patterns of
    answers to those before.

    Raises:
        InvalidParameter: as there; fewer than one call.

    Example:
        >>> truth = torch.tensor([[True, True, True], [True, True, False], [False, False, True], [False, False, False]])
        >>> sure = torch.full((4,), 0.25), torch.ones(4), torch.zeros(4)
        >>> chosen = panel_batch(*sure, truth, [[0], [1], [2]], 1, 2)
        >>> [choice.numbers for choice in chosen]  # the second question repeats the first
        [(0,), (2,)]
    """
    if calls < 1:
        raise InvalidParameter(f"a batch has at least one call, got {calls}")
    ahead = Ahead(weights, if_true, if_false, truth, state=state, shared=shared, about=about, seed=seed)
    left = list(range(len(groups)))
    chosen: list[PanelChoice] = []
    while left and len(chosen) < calls:
        found = _choices(ahead, [groups[k] for k in left], size, call_cost, outcome_cost)
        best = _first_best([choice.rate for choice in found])
        one = found[best]
        if chosen and one.bits < _EQUAL:
            break
        chosen.append(PanelChoice(left.pop(best), one.numbers, one.gains, one.price))
        for number in one.numbers:
            ahead.take(number)
        if size == 1:
            ahead.next_call()
        else:  # from here on every group is gone through under every pattern
            ahead.next_call(_BEFORE)
    return chosen


def _choices(
    ahead: Ahead, groups: Sequence[Sequence[int]], size: int | None, call_cost: float, outcome_cost: float
) -> list[PanelChoice]:
    if not groups or not all(groups):
        raise InvalidParameter("there is at least one group of questions, and one question in each")
    if size is not None and size < 1:
        raise InvalidParameter(f"a panel has at least one question, got {size}")
    if not call_cost > 0 or not outcome_cost >= 0:
        raise InvalidParameter(
            f"a call costs something, and an outcome not less than nothing: {call_cost}, {outcome_cost}"
        )
    device = ahead.truth.device
    flat = [number for group in groups for number in group]
    first = iter(ahead.gains(torch.tensor(flat, device=device)).tolist())
    found = []
    for k, group in enumerate(groups):
        numbers, gains = _greedy(ahead, list(group), [next(first) for _ in group], size)
        found.append(_priced(k, numbers, gains, call_cost, outcome_cost, whole=size is None))
    return found


def _greedy(ahead: Ahead, left: list[int], gains: list[float], size: int | None) -> tuple[list[int], list[float]]:
    """Questions of a group in the order of what each adds, with the bits; ``gains`` are those of the first step."""
    chosen: list[int] = []
    added: list[float] = []
    most = len(left) if size is None else min(size, len(left))
    ahead = ahead.copy()
    while True:
        best = _first_best(gains)
        if size is not None and chosen and gains[best] < _EQUAL:
            break
        chosen.append(left.pop(best))
        added.append(gains[best])
        if len(chosen) == most:
            break
        ahead.take(chosen[-1])
        gains = ahead.gains(torch.tensor(left, device=ahead.truth.device)).tolist()
    return chosen, added


def _priced(
    group: int, numbers: list[int], gains: list[float], call_cost: float, outcome_cost: float, *, whole: bool
) -> PanelChoice:
    """The first few of the questions that carry most bits per unit of cost; all of them if it is to be the whole."""
    prices = [call_cost + outcome_cost * (k + 1) for k in range(len(numbers))]
    most = len(numbers)
    if outcome_cost > 0 and not whole:
        most = 1 + _first_best([sum(gains[: k + 1]) / price for k, price in enumerate(prices)])
    return PanelChoice(group, tuple(numbers[:most]), tuple(gains[:most]), prices[most - 1])


def _first_best(values: Sequence[float]) -> int:
    best = max(values)
    return next(k for k, value in enumerate(values) if value >= best - _EQUAL)
