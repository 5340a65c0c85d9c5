"""Uniform noise as its log odds, log u − log(1 − u), so that both of its tails have digits.

What was observed may lie far out in the tail of its law: its noise is then so near to 0 or 1 that a number in (0, 1)
cannot say how near.  Abduced noise is therefore carried as log odds, and drawn noise as itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import TooLarge

__all__ = [
    "MOST",
    "Edges",
    "Equation",
    "abduct",
    "between",
    "cell_of",
    "cells",
    "common_shape",
    "edges_of",
    "from_shares",
    "from_uniform",
    "log_odds",
    "outcomes",
    "probabilities",
    "table",
    "within_cells",
]

#: The inner ends of the cells of uniform noise: what lies below each and what lies above, shape ``(2, m)``.
Edges = NDArray[np.float64]

MOST = 100_000_000  #: entries of one array
_SAME = 1e-13  # two ends this near to each other, relative to the tail they cut off, are one


class Equation(Protocol):
    """What is asked of a mechanism here: its states, the ends of its cells of noise, and its value at a noise."""

    @property
    def states(self) -> tuple[Any, ...] | None: ...

    def edges(self) -> NDArray[np.float64]: ...

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor: ...


def common_shape(*tensors: Tensor) -> torch.Size:
    """The shape that all tensors broadcast to."""
    shape: torch.Size = torch.broadcast_shapes(*(t.shape for t in tensors))  # type: ignore[no-untyped-call]
    return shape


def from_uniform(noise: Tensor) -> Tensor:
    """The log odds of numbers in [0, 1]; others, which no noise is, count as the nearer end."""
    noise = noise.to(torch.float64).clamp(0, 1)
    return noise.log() - torch.log1p(-noise)


def from_shares(shares: NDArray[np.float64]) -> Edges:
    """The inner ends of cells with these probabilities, summed from both sides: ``(…, m)`` → ``(2, …, m − 1)``.

    >>> from_shares(np.array([0.5, 0.5 - 1e-20, 1e-20]))[1]
    array([5.e-01, 1.e-20])
    """
    below = np.cumsum(shares, axis=-1)[..., :-1]
    above = np.cumsum(shares[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    return np.stack([below, above])


def log_odds(edges: Edges) -> NDArray[np.float64]:
    """The log odds of ends, ±∞ where a tail is empty."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(edges[0]) - np.log(edges[1]))


def edges_of(ends: NDArray[np.float64]) -> Edges:
    """The inner ends of cells given by where each ends in (0, 1]."""
    return np.stack([ends[:-1], 1 - ends[:-1]])


def cell_of(rank: Tensor, edges: Tensor) -> Tensor:
    """The number of the cell that log odds fall into, out of inner ends ``(…, m)`` in log odds, increasing."""
    return (rank.unsqueeze(-1) >= edges).sum(-1)


def between(
    low: tuple[Tensor, Tensor], high: tuple[Tensor, Tensor], fresh: Tensor, log_mass: Tensor | None = None
) -> Tensor:
    """The log odds of a rank drawn between two others.

    Args:
        low, high: the logs of what lies below and above each of the two.
        fresh: uniform numbers.
        log_mass: the log of what lies between, if it is known better than by subtraction.
    """
    if log_mass is None:
        below_side = high[0] < low[1]
        large = torch.where(below_side, high[0], low[1])
        small = torch.where(below_side, low[0], high[1])
        log_mass = large + torch.log1p(-(small - large).exp())
    share = 0.5 + (fresh - 0.5) * (1 - 1e-9)  # keep off the ends, which belong to the neighbours
    return torch.logaddexp(low[0], share.log() + log_mass) - torch.logaddexp(high[1], torch.log1p(-share) + log_mass)


def within_cells(edges: Tensor, cell: Tensor, fresh: Tensor) -> Tensor:
    """The log odds of ranks drawn within cells, given by their number.

    Args:
        edges: what lies below and above each inner end, shape ``(2, …, m)``.
        cell: numbers from 0 to m, of the shape of the draws.
        fresh: uniform numbers of that shape.
    """
    below = torch.nn.functional.pad(torch.nn.functional.pad(edges[0], (1, 0)), (0, 1), value=1.0)
    above = torch.nn.functional.pad(torch.nn.functional.pad(edges[1], (1, 0), value=1.0), (0, 1))
    below, above = (side.log().expand(*cell.shape, -1) for side in (below, above))

    def at(place: Tensor) -> tuple[Tensor, Tensor]:
        place = place.unsqueeze(-1)
        return below.gather(-1, place).squeeze(-1), above.gather(-1, place).squeeze(-1)

    return between(at(cell), at(cell + 1), fresh)


def cells(mechanisms: Sequence[Equation]) -> tuple[Tensor, NDArray[np.float64]]:
    """Cells of noise in each of which all these mechanisms are functions of their parents.

    Returns:
        the log odds of a noise inside each cell, and the cells' probabilities, shape ``(m,)`` each.
    """
    edges = np.concatenate([m.edges().reshape(2, -1) for m in mechanisms], axis=1)
    edges = edges[:, (edges > 0).all(0)]
    edges = edges[:, np.argsort(log_odds(edges), kind="stable")]
    kept: list[int] = []
    for i in range(edges.shape[1]):
        side = int(edges[0, i] > edges[1, i])
        if not kept or abs(edges[side, i] - edges[side, kept[-1]]) > _SAME * edges[side, i]:
            kept.append(i)
    below = np.concatenate([[0.0], edges[0, kept], [1.0]])
    above = np.concatenate([[1.0], edges[1, kept], [0.0]])
    weights = np.where(below[1:] <= above[:-1], np.diff(below), -np.diff(above))
    odds = log_odds(edges[:, kept])
    if not kept:
        return torch.zeros(1, dtype=torch.float64), np.ones(1)
    middles = np.concatenate([[odds[0] - 1], (odds[1:] + odds[:-1]) / 2, [odds[-1] + 1]])
    return torch.tensor(middles), weights


def outcomes(mechanism: Equation, sizes: Sequence[int], ranks: Tensor) -> NDArray[np.int64]:
    """The number of the state for every configuration of discrete parents and rank of noise: ``(*sizes, m)``.

    Raises:
        TooLarge: that is more than 100 million entries.
    """
    rows, count = math.prod(sizes), len(ranks)
    if rows * count > MOST:
        raise TooLarge(
            f"{rows:,} configurations of parents and {count:,} kinds of noise are too many to enumerate: simulate "
            "with samples=… instead"
        )
    grid = np.indices(tuple(sizes)).reshape(len(sizes), rows)
    codes = [torch.tensor(column).repeat_interleave(count) for column in grid]
    return mechanism.assign_rank(ranks.repeat(rows), codes).numpy().reshape(*sizes, count)


def table(mechanism: Equation, sizes: Sequence[int]) -> NDArray[np.float64]:
    """P(state | parents) of a discrete mechanism with finite noise, shape ``(*sizes, k)``."""
    ranks, weights = cells([mechanism])
    found = outcomes(mechanism, sizes, ranks)
    out = np.zeros((*sizes, len(mechanism.states or ())))
    for cell, mass in enumerate(weights):
        out += mass * (found[..., cell, None] == np.arange(out.shape[-1]))
    return out


def _by_cell(mechanism: Equation, parents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The state for each configuration of the parents and cell of noise ``(*shape, m)``, and the cells' weights."""
    ranks, weights = cells([mechanism])
    shape = common_shape(*parents)
    wide = [p.expand(shape).unsqueeze(-1).expand(*shape, len(ranks)) for p in parents]
    return mechanism.assign_rank(ranks.expand(*shape, len(ranks)), wide), torch.tensor(weights)


def probabilities(mechanism: Equation, parents: Sequence[Tensor]) -> Tensor:
    """P(state | parents), shape ``(*shape of the parents, k)``, for a discrete mechanism with finite noise."""
    found, mass = _by_cell(mechanism, parents)
    states = torch.arange(len(mechanism.states or ()))
    return (found.unsqueeze(-1) == states).to(mass.dtype).mul(mass.unsqueeze(-1)).sum(-2)


def abduct(mechanism: Equation, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
    """The log odds of noise drawn from the cells that give this value, for a discrete mechanism with finite noise."""
    found, mass = _by_cell(mechanism, parents)
    fits = (found == value.unsqueeze(-1)).to(torch.float64).mul(mass).expand(*fresh.shape, -1)
    reach = fits.cumsum(-1)
    wanted = fresh * reach[..., -1]
    # A cell that gives another value adds nothing to the reach, so the first that exceeds what is wanted fits.
    cell = (wanted.unsqueeze(-1) >= reach).sum(-1).clamp(max=len(mass) - 1)
    before = (reach - fits).gather(-1, cell.unsqueeze(-1)).squeeze(-1)
    inside = (wanted - before) / fits.gather(-1, cell.unsqueeze(-1)).squeeze(-1)
    # The ends of the cells, from below and from above.
    edges = torch.stack([mass.cumsum(0)[:-1], mass.flip(0).cumsum(0).flip(0)[1:]])
    return within_cells(edges, cell, inside.nan_to_num(0.5).clamp(0, 1))
