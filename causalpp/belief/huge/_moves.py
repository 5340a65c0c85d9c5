"""Drawing particles again by weight, and moving them: the two halves of a step of sequential Monte Carlo."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.belief.huge._reversals import Walkers
from causalpp.belief.huge._space import Space
from causalpp.belief.huge._target import Target

__all__ = ["KEPT", "Mixing", "move", "systematic"]

_SETTLED = 0.05  # a block of steps that takes the particles less than this share further is the last one
KEPT = 8  # states of each particle that are kept when it moves; Dau & Chopin, JRSS B 84, 2022
_BLOCKS = 16  # of proposals, at most


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


def move(walkers: Walkers, target: Target, space: Space, draw: torch.Generator) -> tuple[Walkers, Mixing]:
    """Metropolis–Hastings steps, until more of them hardly take the particles further from their start, and then some.

    Returns:
        What the particles are at the end of each of the last few blocks of steps, and how it went.
    """
    start, log = walkers.parents, target(walkers)
    accepted, steps, moved, settled = 0.0, 0, 0.0, False
    kept: list[Walkers] = []
    clique = 1 + walkers.most_parents()  # no variable can go further up, or down, than through a largest clique
    for block in range(_BLOCKS + KEPT - 1):
        for number in range(space.steps(walkers)):
            length = int(clique ** float(torch.rand(1, generator=draw, dtype=torch.float64))) if number % 2 else 1
            new, ratio = space.propose(walkers, number, length, draw)
            there = target(new)
            taken = torch.rand(len(log), generator=draw, dtype=torch.float64).log() < ratio + there - log
            walkers.adopt(new, taken)
            log, share = torch.where(taken, there, log), float(taken.double().mean())
            accepted, steps = accepted + share, steps + 1
        if not settled:
            further = float((walkers.parents != start).any(2).double().mean())
            settled, moved = further <= moved * (1 + _SETTLED), further
        if settled or block + 1 >= _BLOCKS:
            kept.append(walkers.copy())
        if len(kept) == KEPT:
            break
    return Walkers.joined(kept), Mixing(steps, accepted / steps, moved, settled)
