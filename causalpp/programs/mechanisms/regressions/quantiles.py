"""Numbers that come of their noise by the inverse of their distribution function."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise.ranks import common_shape
from causalpp.programs.mechanisms.regressions.linear import Linear

__all__ = ["Quantiles", "Shaped"]

_INSIDE = 1e-300, 1 - 2.0**-53  # noise is kept off 0 and 1, where a quantile would be no value of the law
_FAR = 5.0  # log odds of noise from which on it is carried by its tails


class Quantiles(Linear):
    """A number that comes of its noise by the inverse of its distribution function, which SciPy knows."""

    states = None

    def _of(self, eta: Tensor) -> Any:
        """The law at linear predictors, as a frozen SciPy distribution."""
        raise NotImplementedError

    def _law(self, parents: Sequence[Tensor]) -> Any:
        return self._of(self._predictor(parents).detach())

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        raise NotImplementedError

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        return self._distribution(parents, torch.get_default_dtype())

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        out: Tensor = self._distribution(parents, torch.float64).log_prob(value.to(torch.float64))
        return out

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        eta = self._predictor(parents).detach()
        shape = common_shape(noise, eta)
        value = self._quantiles(eta.expand(shape).reshape(-1), noise.expand(shape).reshape(-1).numpy().clip(*_INSIDE))
        return torch.as_tensor(value).reshape(shape).to(noise.dtype)

    def _quantiles(self, eta: Tensor, rank: NDArray[np.float64]) -> NDArray[np.float64]:
        """The quantiles at ranks inside (0, 1), shape ``(n,)``, as are the linear predictors."""
        return np.asarray(self._of(eta).ppf(rank))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log P(at most a value) and log P(more than it)."""
        return np.asarray(law.logcdf(value)), np.asarray(law.logsf(value))

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        """Quantiles out in the tails, for ranks given by the logs of what lies below and above, shape ``(n,)``."""
        raise NotImplementedError

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        eta = self._predictor(parents).detach()
        shape = common_shape(log_odds, eta)
        rank, eta = log_odds.expand(shape).reshape(-1).to(torch.float64), eta.expand(shape).reshape(-1)
        out = self._quantiles(eta, torch.sigmoid(rank).numpy().clip(*_INSIDE))
        far = (rank.abs() > _FAR).numpy()
        if far.any():
            sides = (torch.nn.functional.logsigmoid(sign * rank[far]).numpy() for sign in (1, -1))
            out[far] = self._far(self._of(eta[far]), *sides)
        return torch.as_tensor(out).reshape(shape).to(log_odds.dtype)


@dataclass(frozen=True, eq=False, init=False)
class Shaped(Quantiles):
    """One with a shape, greater than zero, beside its mean."""

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    shape: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)
    _names = ("coefficients", "intercept", "shape")

    def __init__(
        self,
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = 0.0,
        intercept: ArrayLike = 0.0,
        shape: ArrayLike = 1.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        self._set(parents, sizes, law, (), coefficients=coefficients, intercept=intercept, shape=shape)
        if not self.shape > 0:
            raise InvalidParameter(f"the shape of a {self._kind} law is greater than zero, got {self.shape}")

    _kind: ClassVar[str]
