"""Many runs of the loop at once: the posterior of all runs is one matrix, and a round one matrix product.

Errors are independent and the error rate that the belief assumes is known, so that a run follows the same law as
``discover`` with the channel :class:`~causalpp.belief.Fixed`.  With one error rate the information of a question is
h(ε + (1 − 2ε) m) − h(ε), m the mass of the graphs in which it is true: only masses are needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.design import binary_entropy

__all__ = ["Runs", "simulate", "telling"]

_HELD = 1 << 20  # numbers of the posteriors of the runs worked on together
_POOL = 8  # as in the loop: questions of which two are put together
_WORTH = 1.05  # as in the loop: how much more two statements in one question are to tell
_EQUAL = 1e-6  # masses in single precision closer than this are equal
_LEADS = 3  # interventions whose panels are looked at


@dataclass(frozen=True)
class Runs:
    """The outcome of R runs.

    Attributes:
        calls: put to the oracle in each run, shape ``(R,)``.
        right: whether the true graph was found, booleans of shape ``(R,)``.
        claimed: the confidence at the end, shape ``(R,)``.
        answers: heard in all runs together.
        wrong: how many of them were wrong.
        joint: how many of the questions joined two statements.
    """

    calls: Tensor
    right: Tensor
    claimed: Tensor
    answers: int
    wrong: int
    joint: int


def telling(truth: Tensor) -> Tensor:
    """The numbers of the questions that tell graphs apart, one of those with the same or opposite answers.

    >>> telling(torch.tensor([[True, False, True], [False, True, True], [True, False, True]])).tolist()
    [0]
    """
    turned = truth ^ truth[:1]
    _, which = torch.unique(turned, dim=1, return_inverse=True)
    first = torch.full((int(which.max()) + 1,), truth.shape[1], dtype=torch.int64)
    first.scatter_reduce_(0, which, torch.arange(truth.shape[1]), "amin")
    return first[turned[:, first].any(0)].sort().values


def simulate(
    truth: Tensor,
    error: float,
    runs: int,
    *,
    seed: int,
    confidence: float = 0.95,
    assumed: float | None = None,
    votes: int = 1,
    joint: bool = False,
    panel: Tensor | None = None,
    outcomes: int = 4,
) -> Runs:
    """Runs of the loop on candidates one of which, drawn at random, is the truth.

    Args:
        truth: of the questions that may be asked, booleans of shape ``(N, Q)``; all rows different.
        error: the rate of independent errors.
        runs: how many.
        seed: of everything random.
        confidence: at which a run ends.
        assumed: the error rate that the belief assumes, by default ``error``.
        votes: each question is put so often, and the majority taken for one answer.
        joint: whether two questions may be put together as one.
        panel: the intervention of each question, shape ``(Q,)``: a call then asks for several outcomes of one.
        outcomes: how many.
    """
    draw = torch.Generator().manual_seed(seed)
    table = _Table(truth, error if assumed is None else assumed, draw)
    parts = []
    block = max(1, _HELD // len(truth))
    for start in range(0, runs, block):
        count = min(block, runs - start)
        parts.append(_block(table, error, count, confidence, votes, joint, panel, outcomes))
    return Runs(
        torch.cat([part.calls for part in parts]),
        torch.cat([part.right for part in parts]),
        torch.cat([part.claimed for part in parts]),
        *(sum(getattr(part, name) for part in parts) for name in ("answers", "wrong", "joint")),
    )


class _Table:
    """A truth table in the forms that the rounds need."""

    def __init__(self, truth: Tensor, assumed: float, draw: torch.Generator) -> None:
        self.cells = truth.T.contiguous()  # (Q, N)
        self.numbers = self.cells.to(torch.float32)
        self.assumed, self.draw = assumed, draw
        self.odds = math.log((1 - assumed) / assumed)

    def bits(self, mass: Tensor) -> Tensor:
        """The information of questions by the mass of the graphs in which they are true."""
        e = self.assumed
        return binary_entropy(e + (1 - 2 * e) * mass.clamp(0, 1)) - _h(e)

    def uneven(self, mass: Tensor) -> Tensor:
        """How far from an even split, equal ones in random order."""
        return (mass - 0.5).abs() + _EQUAL * torch.rand(mass.shape, generator=self.draw)

    def best(self, posterior: Tensor, joint: bool) -> tuple[Tensor, Tensor]:
        """Where the best question of each run is true, ``(R, N)``, and whether it joins two, ``(R,)``."""
        mass = posterior @ self.numbers.T
        uneven = self.uneven(mass)
        column = self.cells[uneven.argmin(1)]
        k = min(_POOL, len(self.cells))
        if not joint or k < 2:
            return column, torch.zeros(len(mass), dtype=torch.bool)
        rows = torch.arange(len(mass))
        pool = uneven.topk(k, 1, largest=False).indices
        members = self.numbers[pool]  # (R, k, N)
        both = torch.bmm(members * posterior[:, None], members.transpose(1, 2))
        alone = mass.gather(1, pool)
        one, other = alone[:, :, None], alone[:, None]
        cases = torch.stack([both, one - both, 1 - one - other + both], 1)
        value = self.uneven(cases)
        value[:, :, torch.arange(k), torch.arange(k)] = 1.0
        chosen = value.flatten(1).argmin(1)
        case, i, j = chosen // (k * k), chosen // k % k, chosen % k
        first, second = self.cells[pool[rows, i]], self.cells[pool[rows, j]]
        together = (first ^ (case == 2)[:, None]) & (second ^ (case > 0)[:, None])
        found = self.bits(cases.flatten(1)[rows, chosen])
        better = found > _WORTH * self.bits(mass.gather(1, uneven.argmin(1, keepdim=True))[:, 0])
        return torch.where(better[:, None], together, column), better

    def panel(self, posterior: Tensor, of: Tensor, outcomes: int) -> Tensor:
        """The questions of the best panel of each run, ``(R, k)``, by greedy joint information; −1 for none."""
        gain = self.bits(posterior @ self.numbers.T)
        interventions = torch.unique(of)
        promise = torch.stack([_sum_of_best(gain[:, of == x], outcomes) for x in interventions], 1)
        leads = promise.topk(min(_LEADS, len(interventions)), 1).indices
        best = torch.full((len(posterior),), -1.0)
        chosen = torch.zeros((len(posterior), outcomes), dtype=torch.int64)
        for lead in interventions[leads].T:
            bits, numbers = self._greedy(posterior, of == lead[:, None], outcomes)
            better = bits > best
            best, chosen = torch.where(better, bits, best), torch.where(better[:, None], numbers, chosen)
        return chosen

    def _greedy(self, posterior: Tensor, allowed: Tensor, outcomes: int) -> tuple[Tensor, Tensor]:
        flips = torch.tensor([[1 - self.assumed, self.assumed], [self.assumed, 1 - self.assumed]])
        noise = torch.ones((1, 1))
        states = posterior[:, None]  # mass of the graphs by their true answers to those chosen so far
        taken: list[Tensor] = []
        bits = torch.zeros(len(posterior))
        for _ in range(outcomes):
            noise = torch.kron(noise, flips)
            yes = states @ self.numbers.T  # (R, c, Q)
            law = torch.stack([yes, states.sum(2, keepdim=True) - yes], 2).flatten(1, 2).clamp(min=0)
            heard = torch.einsum("ab,rbq->raq", noise, law)
            entropy = torch.special.entr(heard).sum(1) / math.log(2) - (len(taken) + 1) * _h(self.assumed)
            value = entropy.masked_fill(~allowed, -torch.inf) + _EQUAL * torch.rand(entropy.shape, generator=self.draw)
            number = value.argmax(1)
            more = value.gather(1, number[:, None])[:, 0]
            bits = torch.where(more.isfinite(), more, bits)
            taken.append(torch.where(more.isfinite(), number, -1))  # none is left: a smaller panel
            allowed = allowed.scatter(1, number[:, None], False)
            holds = self.numbers[number][:, None] * (taken[-1] >= 0)[:, None, None]
            states = torch.stack([states * holds, states * (1 - holds)], 2).flatten(1, 2)
        return bits, torch.stack(taken, 1)


def _block(
    table: _Table, error: float, runs: int, confidence: float, votes: int, joint: bool, panel: Tensor | None, size: int
) -> Runs:
    draw = table.draw
    graphs = table.cells.shape[1]
    truth = torch.randint(graphs, (runs,), generator=draw)
    calls, right, claimed = torch.zeros(runs), torch.zeros(runs, dtype=torch.bool), torch.zeros(runs)
    log = torch.zeros((runs, graphs))
    left = torch.arange(runs)
    answers = wrong = joined = 0
    while len(left):
        posterior = torch.softmax(log, 1)
        if panel is None:
            column, two = table.best(posterior, joint)
            columns, put = column[:, None], torch.ones((len(left), 1), dtype=torch.bool)
            joined += int(two.sum())
        else:
            chosen = table.panel(posterior, panel, size)
            columns, put = table.cells[chosen], chosen >= 0
        holds = columns[torch.arange(len(left)), :, truth[left]]
        errors = (torch.rand((*holds.shape, votes), generator=draw) < error) & put[:, :, None]
        answers, wrong = answers + int(put.sum()) * votes, wrong + int(errors.sum())
        said = holds ^ (errors.sum(2) * 2 > votes)
        log += table.odds * ((columns == said[:, :, None]) & put[:, :, None]).sum(1)
        calls[left] += votes
        log -= log.amax(1, keepdim=True)
        top = 1 / log.exp().sum(1)
        done = top >= confidence
        if bool(done.any()):
            right[left[done]] = log[done].argmax(1) == truth[left[done]]
            claimed[left[done]] = top[done]
            left, log = left[~done], log[~done]
    return Runs(calls, right, claimed, answers, wrong, joined)


def _sum_of_best(gain: Tensor, most: int) -> Tensor:
    return gain.topk(min(most, gain.shape[1]), 1).values.sum(1)


def _h(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)
