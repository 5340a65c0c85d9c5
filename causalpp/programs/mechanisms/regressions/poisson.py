"""Counts with a Poisson law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyro.distributions as dist
import scipy
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise import ranks, tails
from causalpp.programs.mechanisms.noise.counting import quantiles
from causalpp.programs.mechanisms.regressions.quantiles import Quantiles

__all__ = ["Poisson"]


@dataclass(frozen=True, eq=False, init=False)
class Poisson(Quantiles):
    """A count with Poisson law of mean exp(η).  Programs treat it as a number: 0.0, 1.0, 2.0, ….

    Attributes:
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(p,)``, as for :class:`Logistic`.
        intercept: a number.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite.

    Example:
        >>> visits = Poisson(("age",), [0.02], intercept=0.1)
        >>> visits.assign(torch.tensor([0.1, 0.5, 0.9]), [torch.tensor(50.0)])
        tensor([1., 3., 5.])
    """

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)

    def __init__(
        self,
        parents: str | Iterable[str] = (),
        coefficients: ArrayLike = 0.0,
        intercept: ArrayLike = 0.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        self._set(parents, sizes, law, (), coefficients=coefficients, intercept=intercept)

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        return dist.Poisson(self._predictor(parents).exp().to(kind))

    def _of(self, eta: Tensor) -> Any:
        return scipy.stats.poisson(eta.exp().numpy())

    def _quantiles(self, eta: Tensor, rank: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = eta.exp().numpy()
        return quantiles(lambda at: self._of(eta[at]), rank, np.exp(-mean), lambda k, at: mean[at] / (k + 1))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        (mean,) = law.args
        below = np.where(value < 0, -np.inf, tails.log_upper_gamma(np.maximum(value, 0) + 1, mean))
        return below, np.where(value < 0, 0.0, tails.log_lower_gamma(np.maximum(value, 0) + 1, mean))

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        (mean,) = law.args
        return tails.count_quantile(log_below, log_above, lambda count: self._tails(law, count), mean, np.sqrt(mean))

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        law, count = self._law(parents), value.numpy().astype(float)
        below, at = self._tails(law, count - 1), self._tails(law, count)
        low, high = ((torch.as_tensor(a), torch.as_tensor(b)) for a, b in (below, at))
        return ranks.between(low, high, fresh.to(torch.float64), torch.as_tensor(np.asarray(law.logpmf(count))))

    def code(self, parents: Sequence[str]) -> list[str]:
        return ["dist.Poisson", f"torch.exp(torch.as_tensor({self._equation(parents, ())}))"]
