"""Ancestral sampling of many discrete programs at once: each distinct column is drawn once.

A state is the number of thresholds, the cumulative probabilities of the row its parents select, that its uniform
noise reaches.  Noise and thresholds are compared by their ranks in the block of samples, which gives the same answer
in two bytes instead of eight.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.programs.bulk._fits import Fits, Plan

__all__ = ["BLOCK", "columns", "ranks"]

#: Samples drawn together; results do not depend on it other than through the noise. Ranks fit two bytes.
BLOCK = 1 << 14

# Cells worked on together: on a CPU few enough for the third-level cache, enough to make a call's cost small.
_CELLS_CPU = 1 << 18
_CELLS_GPU = 1 << 26

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


def ranks(cumulative: _Floats, owner: _Ints, d: int, n: int, seed: int, block: int) -> tuple[Tensor, Tensor]:
    """One block of noise: ``(d, n)`` ranks of each variable's, and ``(cells,)`` ranks of the thresholds among them.

    Args:
        cumulative: P(state ≤ this one | row) for each cell of all tables.
        owner: the variable a cell belongs to.
        d: the number of variables.
        n: the number of samples.
        seed: of the noise; each variable has its own stream.
        block: the number of the block.

    Example:
        >>> rank, threshold = ranks(np.array([0.0, 0.5, 1.0]), np.array([0, 0, 0]), 1, 1000, 0, 0)
        >>> int(threshold[0]), int(threshold[2]), abs(int(threshold[1]) - 500) < 80
        (-1, 999, True)
    """
    rank = np.empty((d, n), dtype=np.int16)
    threshold = np.empty(len(cumulative), dtype=np.int16)
    for v in range(d):
        noise = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, v, block))).random(n)
        order = np.argsort(noise)
        rank[v, order] = np.arange(n, dtype=np.int16)
        mine = owner == v
        # One less than the number of draws below the threshold: it is reached iff this minus the rank is negative.
        threshold[mine] = np.searchsorted(noise[order], cumulative[mine], side="left") - 1
    return torch.from_numpy(rank), torch.from_numpy(threshold)


def columns(plan: Plan, fits: Fits, cards: _Ints, offset: _Ints, rank: Tensor, threshold: Tensor) -> Tensor:
    """All columns of a plan, int8 of shape ``(plan.size, n)``: numbers of states.

    Args:
        plan: the columns.
        fits: the local fits they are drawn from.
        cards: ``(d,)``, numbers of states.
        offset: ``(F,)``, where a fit's table begins among the thresholds.
        rank, threshold: from :func:`ranks`.
    """
    n = rank.shape[1]
    out = torch.empty((plan.size, n), dtype=torch.int8, device=rank.device)
    for column, number in plan.constants.items():
        out[column] = number
    cards_read = np.append(cards, 1)[fits.parents]
    rows = cards_read.prod(1)
    step = max(1, (_CELLS_GPU if rank.is_cuda else _CELLS_CPU) // max(1, n))
    for level in plan.levels:
        variable, many = fits.variable[level.fit], fits.many[level.fit]
        breaks = np.flatnonzero(np.diff(variable) | np.diff(many)) + 1
        for group in np.split(np.arange(len(level.fit)), breaks):
            v, read = int(variable[group[0]]), int(many[group[0]])
            for begin in range(0, len(group), step):
                some = group[begin : begin + step]
                fit = level.fit[some]
                height = int(rows[fit].max())
                row = _rows(out, level.parents[some, :read], cards_read[fit, :read], height)
                at = offset[fit, None] + np.arange(height) * cards[v]
                target = out[level.start + some[0] : level.start + some[-1] + 1]
                _states(target, row, rank[v], threshold, at, int(cards[v]))
    return out


def _rows(out: Tensor, parents: _Ints, cards: _Ints, height: int) -> Tensor | None:
    """``(B, n)``: which row of its table each draw reads; None where there is but one."""
    if not parents.shape[1]:
        return None
    small = torch.int8 if height < 1 << 7 else torch.int16 if height < 1 << 15 else torch.int64
    parent = torch.as_tensor(np.ascontiguousarray(parents.T), device=out.device)
    card = torch.as_tensor(cards, device=out.device).to(small)
    row = out.index_select(0, parent[0]).to(small)
    for slot in range(1, len(parent)):
        row.mul_(card[:, slot, None]).add_(out.index_select(0, parent[slot]))
    return row.long()


def _states(out: Tensor, row: Tensor | None, rank: Tensor, threshold: Tensor, at: _Ints, width: int) -> None:
    """Into ``out``, ``(B, n)``: how many thresholds of its row each draw reaches."""
    top = len(threshold) - 1  # tables are of unequal height: what lies beyond the end is never read
    total: Tensor | None = None
    for k in range(width - 1):
        table = threshold[torch.as_tensor(np.minimum(at + k, top), device=rank.device)]
        limit = table.expand(len(out), len(rank)).clone() if row is None else table.gather(1, row)
        limit.sub_(rank).bitwise_right_shift_(15)  # the sign bit: −1 where reached
        total = limit if total is None else total.add_(limit)
    if total is None:
        out.zero_()
    else:
        out.copy_(total.neg_())
