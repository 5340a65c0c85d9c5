"""Discrete mechanisms with finite noise: everything follows from the equation, tried at one noise of each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import TooLarge

if TYPE_CHECKING:
    from causalpp.programs.mechanisms.base import Mechanism

__all__ = ["MOST", "abduct", "common_shape", "middles", "outcomes", "probabilities", "table", "weights"]

MOST = 100_000_000  # entries of one array


def common_shape(*tensors: Tensor) -> torch.Size:
    """The shape that all tensors broadcast to."""
    shape: torch.Size = torch.broadcast_shapes(*(t.shape for t in tensors))  # type: ignore[no-untyped-call]
    return shape


def weights(ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each cell of uniform noise."""
    return np.diff(ends, prepend=0.0)


def middles(ends: NDArray[np.float64]) -> Tensor:
    """A noise inside each cell."""
    return torch.tensor(ends - weights(ends) / 2)


def outcomes(mechanism: Mechanism, sizes: Sequence[int], ends: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the state for every configuration of discrete parents and cell of noise: ``(*sizes, m)``.

    Raises:
        TooLarge: that is more than 100 million entries.
    """
    if math.prod(sizes) * len(ends) > MOST:
        raise TooLarge(
            f"{math.prod(sizes):,} configurations of parents and {len(ends):,} kinds of noise are too many to "
            "enumerate: simulate with samples=… instead"
        )
    grid = np.array(list(product(*map(range, sizes))), dtype=np.int64).reshape(math.prod(sizes), len(sizes))
    codes = [torch.tensor(grid[:, k]).repeat_interleave(len(ends)) for k in range(len(sizes))]
    noise = middles(ends).repeat(len(grid))
    return mechanism.assign(noise, codes).numpy().reshape(*sizes, len(ends))


def table(mechanism: Mechanism, sizes: Sequence[int]) -> NDArray[np.float64]:
    """P(state | parents) of a mechanism with cells, shape ``(*sizes, k)``."""
    ends = mechanism.cells()
    found = outcomes(mechanism, sizes, ends)
    assert mechanism.states is not None  # for the type checker
    out = np.zeros((*sizes, len(mechanism.states)))
    for cell, mass in enumerate(weights(ends)):
        out += mass * (found[..., cell, None] == np.arange(out.shape[-1]))
    return out


def _by_cell(mechanism: Mechanism, parents: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """The state for each cell and configuration ``(*shape, m)``, the cells' weights, and where they begin."""
    ends = mechanism.cells()
    shape = common_shape(*parents)
    wide = [p.expand(shape).unsqueeze(-1).expand(*shape, len(ends)) for p in parents]
    found = mechanism.assign(middles(ends).expand(*shape, len(ends)), wide)
    mass = torch.tensor(weights(ends))
    return found, mass, torch.tensor(ends) - mass


def probabilities(mechanism: Mechanism, parents: Sequence[Tensor]) -> Tensor:
    """P(state | parents), shape ``(*shape of the parents, k)``."""
    found, mass, _ = _by_cell(mechanism, parents)
    assert mechanism.states is not None  # for the type checker
    return (found.unsqueeze(-1) == torch.arange(len(mechanism.states))).to(mass.dtype).mul(mass.unsqueeze(-1)).sum(-2)


def abduct(mechanism: Mechanism, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
    """Noise drawn from the cells that give this value; see :meth:`Mechanism.abduct`."""
    found, mass, start = _by_cell(mechanism, parents)
    fits = (found == value.unsqueeze(-1)).to(mass.dtype).mul(mass).expand(*fresh.shape, -1)
    reach = fits.cumsum(-1)
    wanted = fresh * reach[..., -1]
    cell = (wanted.unsqueeze(-1) >= reach).sum(-1).clamp(max=len(mass) - 1)
    inside = (wanted - (reach - fits).gather(-1, cell.unsqueeze(-1)).squeeze(-1)) / mass[cell]
    return start[cell] + inside.clamp(0, 1 - 1e-9) * mass[cell]
