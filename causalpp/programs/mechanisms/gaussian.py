"""The linear-Gaussian mechanism, with an intercept, slopes and a scale for every configuration of discrete parents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike, NDArray
from pyro.ops.indexing import Vindex
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import NORMAL, Mechanism
from causalpp.programs.mechanisms.checks import checked_parents
from causalpp.programs.mechanisms.parametric import Parametric, numeric
from causalpp.programs.mechanisms.points import NormalOrPoint, normal_or_point
from causalpp.programs.mechanisms.printing import pick

__all__ = ["LinearGaussian", "NormalInverseGamma"]


@dataclass(frozen=True, eq=False)
class NormalInverseGamma:
    """The conjugate law of a regression's coefficients and noise, one for every configuration of discrete parents.

    σ² ~ InverseGamma(shape, rate); coefficients | σ² ~ Normal(mean, σ² · inverse of precision).  The first
    coefficient is the height of the regression where every real parent is at ``centre``: the intercept, if that is
    zero.  A law that was fitted has the means of the parents there, since far from them height and slopes are so
    correlated that no precision matrix can say how.

    Attributes:
        mean: shape ``(*cards, 1 + k)``.
        precision: shape ``(*cards, 1 + k, 1 + k)``.
        shape, rate: shape ``cards``.
        centre: shape ``(*cards, k)``; left out, zero.
        root: upper triangular, shape ``(*cards, 1 + k, 1 + k)``, with precision = rootᵀ · root; left out, it is
            computed.

    Example:
        >>> law = NormalInverseGamma(np.array([5.0, 2.0]), np.eye(2), np.array(3.0), np.array(2.0), np.array([10.0]))
        >>> law.coefficients.tolist()
        [-15.0, 2.0]
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    shape: NDArray[np.float64]
    rate: NDArray[np.float64]
    centre: NDArray[np.float64] | None = None
    root: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def coefficients(self) -> NDArray[np.float64]:
        """Intercept and slopes at their means, shape ``(*cards, 1 + k)``."""
        return self._at_zero(self.mean)

    def about_zero(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and precision of the intercept, which is the height at zero, and the slopes."""
        if self.centre is None:
            return self.mean, self.precision
        turn = np.broadcast_to(np.eye(self.mean.shape[-1]), self.precision.shape).copy()
        turn[..., 0, 1:] = self.centre
        return self.coefficients, turn.swapaxes(-1, -2) @ self.precision @ turn

    def draw(self, draw: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Coefficients, intercept first, and scales drawn from it."""
        variance = self.rate / draw.standard_gamma(self.shape)
        root = self.root if self.root is not None else np.linalg.cholesky(self.precision).swapaxes(-1, -2)
        step = np.linalg.solve(root, draw.standard_normal(self.mean.shape)[..., None])[..., 0]
        return self._at_zero(self.mean + np.sqrt(variance)[..., None] * step), np.sqrt(variance)

    def _at_zero(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.centre is None:
            return coefficients
        out = coefficients.copy()
        out[..., 0] -= (coefficients[..., 1:] * self.centre).sum(-1)
        return out


@dataclass(frozen=True, eq=False, init=False)
class LinearGaussian(Parametric):
    """variable := intercept + Σ coefficient · parent + scale · noise, with standard normal noise.

    With discrete parents, all three depend on their states (the conditional linear-Gaussian model).

    Attributes:
        parents: the discrete parents first, then the ``k`` real ones.
        coefficients: slopes on the real parents, shape ``(*cards, k)`` with ``cards`` the discrete parents' sizes.
        intercept: shape ``cards``.
        scale: the standard deviation of the noise, shape ``cards``, not negative; 0 makes it deterministic.
        posterior: the law of the numbers, where they were fitted.

    Raises:
        InvalidParameter: shapes that do not fit each other, numbers that are not finite, a negative scale.

    Example:
        >>> weight = LinearGaussian(("height",), [0.9], intercept=-90.0, scale=8.0)
        >>> weight.assign(torch.tensor([0.0, 1.0]), [torch.tensor([170.0, 170.0])])
        tensor([63., 71.])
    """

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    scale: NDArray[np.float64]
    posterior: NormalInverseGamma | None = field(repr=False)
    states = None
    noise = NORMAL
    _names = ("coefficients", "intercept", "scale")

    def __init__(
        self,
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = (),
        intercept: ArrayLike = 0.0,
        scale: ArrayLike = 1.0,
        posterior: NormalInverseGamma | None = None,
    ) -> None:
        self._store(parents=checked_parents(parents), posterior=posterior)
        given = zip(self._names, (coefficients, intercept, scale), strict=True)
        numbers = {name: numeric(name, values) for name, values in given}
        slopes, cards = numbers["coefficients"], numbers["coefficients"].shape[:-1]
        if slopes.ndim == 0 or len(self.parents) != len(cards) + slopes.shape[-1]:
            raise InvalidParameter(
                f"{len(self.parents)} parents need coefficients of shape (*sizes of the discrete parents, number of "
                f"real parents), got {slopes.shape}"
            )
        for name in ("intercept", "scale"):
            if numbers[name].ndim and numbers[name].shape != cards:
                raise InvalidParameter(f"{name} needs shape {cards}, got {numbers[name].shape}")
            numbers[name] = np.broadcast_to(numbers[name], cards).copy()
        if (numbers["scale"] < 0).any():
            raise InvalidParameter("a scale is not negative")
        self._store(sizes=cards, **numbers)

    def _mean_and_scale(self, parents: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        count = len(self.discrete)
        slopes, intercept, scale = (self._tensors[name] for name in self._names)
        if count:
            rows = tuple(parents[:count])
            intercept, scale = Vindex(intercept)[rows], Vindex(scale)[rows]
            slopes = Vindex(slopes)[(*rows, slice(None))]
        mean = intercept
        for number, parent in enumerate(parents[count:]):
            mean = mean + slopes[..., number] * parent
        return mean, scale

    def _size(self, parents: Sequence[Tensor]) -> Tensor:
        """The sizes of the terms that the mean is the sum of, in whichever row they are largest."""
        size = torch.tensor(abs(self.intercept).max())
        for place, parent in enumerate(parents[len(self.discrete) :]):
            size = size + abs(self.coefficients[..., place]).max() * parent.detach().abs()
        return size

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        kind = torch.get_default_dtype()
        mean, scale = self._mean_and_scale(parents)
        if not self.scale.any():
            return dist.Delta(mean.to(kind))
        if not self.scale.all():
            return NormalOrPoint(mean.to(kind), scale.to(kind))
        return dist.Normal(mean.to(kind), scale.to(kind))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        mean, scale = self._mean_and_scale(parents)
        size = 0.0 if self.scale.all() else self._size(parents)
        return normal_or_point(value.to(torch.float64), mean.to(torch.float64), scale.to(torch.float64), size)

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        mean, scale = self._mean_and_scale(parents)
        return (mean + scale * noise).to(noise.dtype)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        mean, scale = self._mean_and_scale(parents)
        safe = torch.where(scale > 0, scale, 1)
        return torch.where(scale > 0, (value - mean) / safe, torch.special.ndtri(fresh))

    def code(self, parents: Sequence[str]) -> list[str]:
        if self.scale.any() and not self.scale.all():
            raise InvalidParameter(
                "a linear-Gaussian mechanism with noise in some rows and none in others cannot be printed as source: "
                "give the rows without noise a small scale"
            )
        rows, reals = list(parents[: len(self.discrete)]), parents[len(self.discrete) :]
        intercept, scale = (pick(table, rows) for table in (self.intercept, self.scale))
        terms = [] if intercept == "0.0" and reals else [intercept]
        for place, real in enumerate(reals):
            slope = pick(self.coefficients[..., place], rows)
            if slope.startswith("-") and terms:
                terms[-1] += f" - {slope[1:]} * {real}"
            else:
                terms.append(f"{slope} * {real}")
        mean = " + ".join(terms)
        if not np.any(self.scale):
            return ["dist.Delta", mean if reals else f"torch.tensor({mean})"]
        return ["dist.Normal", mean, scale]

    def _with(self, numbers: Mapping[str, NDArray[np.float64]]) -> LinearGaussian:
        return LinearGaussian(self.parents, numbers["coefficients"], numbers["intercept"], numbers["scale"])

    def drawn(self, draw: np.random.Generator) -> LinearGaussian:
        if self.posterior is None:
            return self
        coefficients, scale = self.posterior.draw(draw)
        return LinearGaussian(self.parents, coefficients[..., 1:], coefficients[..., 0], scale)

    def shifted(self, by: float) -> LinearGaussian:
        return _ShiftedGaussian(self, float(by))


class _ShiftedGaussian(LinearGaussian):
    """A linear-Gaussian mechanism with a number added to its value: exact like any other."""

    by: float

    def __init__(self, base: LinearGaussian, by: float) -> None:
        super().__init__(base.parents, base.coefficients, base.intercept + by, base.scale)
        object.__setattr__(self, "base", base)
        object.__setattr__(self, "by", by)

    def on(self, base: Mechanism) -> Mechanism:
        return base.shifted(self.by)
