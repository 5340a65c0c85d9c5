"""A normal law whose scale may be zero in some rows, where it is a point."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from pyro.distributions import TorchDistribution
from torch import Tensor
from torch.distributions import constraints

__all__ = ["NormalOrPoint", "normal_or_point", "same_number"]


def same_number(value: Tensor, made: Tensor, size: Tensor | float = 0.0) -> Tensor:
    """Whether two numbers are one but for rounding, relative to themselves and to the terms they were summed from.

    Never relative to one: a difference that is nothing in one unit is a lot in another.

    Args:
        value, made: what is compared.
        size: the sum of the sizes of the terms that made one of them.

    >>> same_number(torch.tensor([3e-12, 3e-12]), torch.tensor([1e-12, 3e-12]))
    tensor([False,  True])
    """
    near, rounding = (1e-9, 1e-13) if made.dtype == torch.float64 else (1e-5, 1e-6)
    value = value.to(made.dtype)
    return (value - made).abs() <= near * torch.maximum(value.abs(), made.abs()) + rounding * size


def normal_or_point(value: Tensor, mean: Tensor, scale: Tensor, size: Tensor | float = 0.0) -> Tensor:
    """Log density of a normal law; where its scale is zero, 0 at the mean and −∞ elsewhere.

    Args:
        value, mean, scale: shapes that broadcast.
        size: of the terms that make the mean; see :func:`same_number`.

    >>> normal_or_point(torch.tensor([1.0, 1.0]), torch.tensor([1.0, 2.0]), torch.tensor(0.0))
    tensor([0., -inf])
    """
    noisy = scale > 0
    safe = torch.where(noisy, scale, 1)
    density = -0.5 * ((value - mean) / safe) ** 2 - safe.log() - 0.5 * math.log(2 * math.pi)
    if bool(noisy.all()):
        return density
    point = torch.where(same_number(value, mean, size), 0.0, -torch.inf).to(density.dtype)
    return torch.where(noisy, density, point)


class NormalOrPoint(TorchDistribution):  # type: ignore[misc]  # untyped
    """Normal(loc, scale) with scales that are not negative."""

    arg_constraints: ClassVar[dict[str, Any]] = {"loc": constraints.real, "scale": constraints.nonnegative}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Tensor, scale: Tensor, validate_args: bool | None = None) -> None:
        self.loc, self.scale = torch.broadcast_tensors(loc, scale)  # type: ignore[no-untyped-call]
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> NormalOrPoint:
        return NormalOrPoint(self.loc.expand(batch_shape), self.scale.expand(batch_shape), validate_args=False)

    def rsample(self, sample_shape: Any = torch.Size()) -> Tensor:  # noqa: B008
        shape = self._extended_shape(sample_shape)
        out: Tensor = self.loc + self.scale * torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return out

    def log_prob(self, value: Tensor) -> Tensor:
        return normal_or_point(value, self.loc, self.scale)

    @property
    def mean(self) -> Tensor:
        """Where it lies."""
        out: Tensor = self.loc
        return out

    @property
    def variance(self) -> Tensor:
        """The square of its scale."""
        out: Tensor = self.scale**2
        return out
