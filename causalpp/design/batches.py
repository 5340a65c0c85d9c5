"""Several questions at once: what they tell together, greedy batches for parallel endpoints, and two steps ahead.

Given the graph (or a finer hypothesis, see :mod:`causalpp.design.information`) the answers to different questions
are taken to be independent.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from causalpp.design._ahead import Ahead
from causalpp.design._sums import distinct
from causalpp.design.information import Outcomes, binary_entropy, checked_costs, question_information
from causalpp.errors import InvalidParameter

__all__ = ["joint_information", "look_ahead", "question_batch"]

_EXACT = 8  # questions whose 2^k answers are all looked at
_HELD = 1 << 22
_NEVER = 1e-300


def joint_information(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    *,
    about: Tensor | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> float:
    """The information, in bits, that one answer to each of k questions carries together.

    H(answers) − H(answers | graph), over all 2^k answers for k ≤ 8; for more questions both entropies come from
    answers drawn from their law (the standard error falls as one over the root of ``draws``).

    Args:
        weights: P(graph), shape ``(N,)``.
        if_true: P(yes | graph) where a proposition is true, shape ``(N,)``.
        if_false: the same where it is false.
        truth: of the k questions, booleans of shape ``(N, k)``; a question that is asked twice stands there twice.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.
        draws: how many answers to draw, for k > 8.
        seed: of the draws.

    Raises:
        InvalidParameter: shapes that do not fit, fewer than one draw.

    Example:
        >>> truth = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
        >>> sure = torch.ones(4), torch.zeros(4)
        >>> joint_information(torch.full((4,), 0.25), *sure, truth)
        2.0
    """
    outcomes = Outcomes.of(weights, if_true, if_false, truth)
    k = truth.shape[1]
    if about is not None and about.shape != (len(truth),):
        raise InvalidParameter(f"'about' gives one label a graph, {len(truth)} in all, got {tuple(about.shape)}")
    if draws < 1:
        raise InvalidParameter(f"the number of draws is at least one, got {draws}")
    weights, yes = outcomes.weights, _yes(outcomes, truth)
    if k > _EXACT:
        return _sampled(weights, yes, about, draws, seed)
    labels, count = (
        (torch.zeros(len(truth), dtype=torch.int64, device=truth.device), 1) if about is None else distinct(about)
    )
    joint = torch.zeros((count, 1 << k), dtype=torch.float64, device=truth.device)
    rows = max(1, _HELD >> k)
    for start in range(0, len(truth), rows):
        part = slice(start, start + rows)
        joint.index_add_(0, labels[part], weights[part, None] * _answers(yes[part]))
    whole = _bits(joint.sum(0))
    if about is None:
        return max(0.0, whole - float(weights @ binary_entropy(yes).sum(1)))
    return max(0.0, whole + _bits(joint.sum(1)) - _bits(joint.flatten()))


def question_batch(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    size: int,
    *,
    costs: Tensor | None = None,
    about: Tensor | None = None,
    seed: int = 0,
) -> tuple[list[int], list[float]]:
    """Questions to put at the same time, chosen one by one for what they add to those chosen before.

    Each adds I(graph; its answer | answers to those before), per unit of cost.  Information about the graph is
    submodular in the set of questions, so the batch carries at least 1 − 1/e of what the best batch of its size does
    (Nemhauser, Wolsey & Fisher 1978; without costs).  Past six questions the answers so far are a sample of 64.

    Args:
        weights: P(graph), shape ``(N,)``.
        if_true: P(yes | graph) where a proposition is true, shape ``(N,)``.
        if_false: the same where it is false.
        truth: of all questions, booleans of shape ``(N, Q)``.
        size: how many questions, all different; fewer if there are not so many.
        costs: of the questions, shape ``(Q,)``.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.
        seed: of the sample.

    Returns:
        The numbers of the questions, and the bits that each adds.

    Raises:
        InvalidParameter: shapes that do not fit, a size below one, a cost that is not greater than zero.

    Example:
        >>> truth = torch.tensor([[True, True, True], [True, True, False], [False, False, True], [False, False, False]])
        >>> sure = torch.ones(4), torch.zeros(4)
        >>> question_batch(torch.full((4,), 0.25), *sure, truth, 2)  # the second repeats the first
        ([0, 2], [1.0, 1.0])
    """
    if size < 1:
        raise InvalidParameter(f"a batch has at least one question, got {size}")
    ahead = Ahead(weights, if_true, if_false, truth, about=about, seed=seed)
    every = torch.arange(truth.shape[1], device=truth.device)
    chosen: list[int] = []
    gains: list[float] = []
    for _ in range(min(size, truth.shape[1])):
        bits = ahead.gains(every)
        value = bits.clone() if costs is None else bits / checked_costs(costs, bits)
        value[chosen] = -1
        number = int(value.argmax())
        chosen.append(number)
        gains.append(float(bits[number]))
        ahead.take(number)
    return chosen, gains


def look_ahead(
    weights: Tensor,
    if_true: Tensor,
    if_false: Tensor,
    truth: Tensor,
    *,
    top: int = 8,
    costs: Tensor | None = None,
    about: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """The bits of two steps: each of the most informative questions, and after either answer the best next one.

    V(q) = I(q) + Σ_a P(a | q) max_r I(r | a); with costs, of the next question the one with the most bits per unit,
    and V is the expected bits over the expected cost of both.

    Args:
        weights: P(graph), shape ``(N,)``.
        if_true: P(yes | graph) where a proposition is true, shape ``(N,)``.
        if_false: the same where it is false.
        truth: of all questions, booleans of shape ``(N, Q)``.
        top: how many of the questions that are best by one step to look at.
        costs: of the questions, shape ``(Q,)``.
        about: booleans or labels of shape ``(N,)``: the property that the information is about.

    Returns:
        The numbers of these questions, shape ``(m,)``, and V, shape ``(m,)``, best first.

    Raises:
        InvalidParameter: shapes that do not fit, ``top`` below one, a cost that is not greater than zero.

    Example:
        >>> truth = torch.tensor([[True, True], [True, False], [False, True], [False, False]])
        >>> numbers, bits = look_ahead(torch.full((4,), 0.25), torch.ones(4), torch.zeros(4), truth)
        >>> bits.tolist()
        [2.0, 2.0]
    """
    if top < 1:
        raise InvalidParameter(f"look-ahead looks at one question at least, got {top}")
    first = question_information(weights, if_true, if_false, truth, about=about)
    price = torch.ones_like(first) if costs is None else checked_costs(costs, first)
    numbers = torch.sort(first / price, descending=True, stable=True).indices[:top]
    start, every = Ahead(weights, if_true, if_false, truth, about=about), torch.arange(len(first), device=truth.device)
    values = []
    for number in numbers.tolist():
        ahead = start.copy()
        ahead.take(number)
        after = ahead.bits(every)  # a row for yes, and one for no
        best = (after / price).argmax(1)
        bits = first[number] + ahead.chances @ after.gather(1, best[:, None])[:, 0]
        values.append(bits if costs is None else bits / (price[number] + ahead.chances @ price[best]))
    value = torch.stack(values) if values else first
    order = torch.sort(value, descending=True, stable=True).indices
    return numbers[order], value[order]


def _yes(outcomes: Outcomes, truth: Tensor) -> Tensor:
    """P(yes | graph) for every question, shape ``(N, k)``."""
    return torch.where(truth.bool(), outcomes.if_true[0][:, None], outcomes.if_false[0][:, None])


def _answers(yes: Tensor) -> Tensor:
    """P(answers | graph) for all 2^k answers, shape ``(n, 2^k)``."""
    law = torch.ones((len(yes), 1), dtype=yes.dtype, device=yes.device)
    for p in yes.T:
        law = torch.cat([law * p[:, None], law * (1 - p)[:, None]], dim=1)
    return law


def _bits(p: Tensor) -> float:
    return float(torch.special.entr(p).sum()) / math.log(2)


def _sampled(weights: Tensor, yes: Tensor, about: Tensor | None, draws: int, seed: int) -> float:
    """E log₂ P(answers | label) / P(answers), or with the graph for the label, over answers drawn from their law."""
    draw = torch.Generator(device=yes.device).manual_seed(seed)
    graphs = torch.multinomial(weights, draws, replacement=True, generator=draw)
    said = torch.rand((draws, yes.shape[1]), generator=draw, dtype=yes.dtype, device=yes.device) < yes[graphs]
    log_yes, log_no = yes.clamp(min=_NEVER).log(), (1 - yes).clamp(min=_NEVER).log()
    log_weights = weights.clamp(min=_NEVER).log()
    total = 0.0
    step = max(1, _HELD // len(weights))
    for start in range(0, draws, step):
        answers, drawn = said[start : start + step].to(yes.dtype), graphs[start : start + step]
        law = answers @ (log_yes - log_no).T + log_no.sum(1)  # log P(answers | graph), (draws, N)
        unconditional = torch.logsumexp(law + log_weights, dim=1)
        if about is None:
            given = law.gather(1, drawn[:, None])[:, 0]
        else:
            same = about[drawn][:, None] == about[None, :]
            mass = torch.where(same, weights, 0.0).sum(1)
            given = torch.logsumexp(torch.where(same, law + log_weights, -torch.inf), dim=1) - mass.log()
        total += float((given - unconditional).sum())
    return max(0.0, total / draws / math.log(2))
