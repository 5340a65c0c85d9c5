"""Drawing particles again by weight, and moving them: the two halves of a step of sequential Monte Carlo."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.belief.huge._reversals import Walkers, climbed, reversed_once
from causalpp.belief.huge._target import Target

__all__ = ["KEPT", "Mixing", "move", "systematic"]

_SETTLED = 0.05  # a block of steps that takes the particles less than this share further is the last one
KEPT = 8  # states of each particle that are kept when it moves; Dau & Chopin, JRSS B 84, 2022
_BLOCKS = 16  # at most, each of a third as many proposals as there are variables


@dataclass(frozen=True)
class Mixing:
    """How well the particles moved when they were last drawn again.

    Attributes:
        steps: proposals to each particle.
        accepted: the share of them that was accepted.
        moved: the mean share of variables that ended with other parents than they began with.
        settled: whether more steps would hardly have taken the particles further.
    """

    steps: int
    accepted: float
    moved: float
    settled: bool


def systematic(weights: Tensor, count: int, draw: torch.Generator) -> Tensor:
    """Systematic resampling: each number about ``count`` times its share, with one random offset for all."""
    ends = torch.cumsum(weights, 0)
    start = torch.rand(1, generator=draw, dtype=torch.float64)
    points = (torch.arange(count, dtype=torch.float64) + start) / count * ends[-1]
    return torch.searchsorted(ends, points, right=True).clamp(max=len(weights) - 1)


def move(walkers: Walkers, target: Target, draw: torch.Generator) -> tuple[Walkers, Mixing]:
    """Metropolis–Hastings steps, until more of them hardly take the particles further from their start, and then some.

    Returns:
        What the particles are at the end of each of the last few blocks of steps, and how it went.
    """
    start, log = walkers.parents, target(walkers)
    accepted, steps, moved, settled = 0.0, 0, 0.0, False
    kept: list[Walkers] = []
    clique = 1 + walkers.most_parents()  # no variable can go further up, or down, than through a largest clique
    for block in range(_BLOCKS + KEPT - 1):
        for number in range(-(-walkers.tail.shape[1] // 3)):
            log, share = _step(walkers, log, target, number, draw, clique)
            accepted, steps = accepted + share, steps + 1
        if not settled:
            further = float((walkers.parents != start).any(2).double().mean())
            settled, moved = further <= moved * (1 + _SETTLED), further
        if settled or block + 1 >= _BLOCKS:
            kept.append(walkers.copy())
        if len(kept) == KEPT:
            break
    return Walkers.joined(kept), Mixing(steps, accepted / steps, moved, settled)


def _step(
    walkers: Walkers, log: Tensor, target: Target, number: int, draw: torch.Generator, clique: int
) -> tuple[Tensor, float]:
    """One proposal to each graph, in place: the log of P(answers) after it, and the share that was accepted."""
    if number % 2:
        length = int(clique ** float(torch.rand(1, generator=draw, dtype=torch.float64)))
        new, ratio = climbed(walkers, length, draw)
    else:
        new, ratio = reversed_once(walkers, draw)
    there = target(new)
    taken = torch.rand(len(log), generator=draw, dtype=torch.float64).log() < ratio + there - log
    walkers.adopt(new, taken)
    return torch.where(taken, there, log), float(taken.double().mean())
