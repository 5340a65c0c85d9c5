"""Positive numbers with a gamma law."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyro.distributions as dist
import scipy
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.programs.mechanisms.noise import tails
from causalpp.programs.mechanisms.printing import number
from causalpp.programs.mechanisms.regressions.quantiles import Shaped

__all__ = ["Gamma"]


class Gamma(Shaped):
    """A positive number with gamma law of mean exp(η) and a constant coefficient of variation, 1/√shape.

    Attributes:
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(p,)``, as for :class:`Logistic`.
        intercept: a number.
        shape: the law's shape, greater than zero.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite, a shape that is not positive.

    Example:
        >>> cost = Gamma(("age",), [0.01], intercept=2.0, shape=4.0)
        >>> cost.distribution([torch.tensor(50.0)]).mean
        tensor(12.1825)
    """

    _kind = "gamma"

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        shape = self._tensors["shape"]
        return dist.Gamma(shape.to(kind), (shape * (-self._predictor(parents)).exp()).to(kind))

    def _of(self, eta: Tensor) -> Any:
        return scipy.stats.gamma(float(self.shape), scale=eta.exp().numpy() / float(self.shape))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = value / law.kwds["scale"]
        return tails.log_lower_gamma(law.args[0], x), tails.log_upper_gamma(law.args[0], x)

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(tails.gamma_quantile(law.args[0], log_below, log_above) * law.kwds["scale"])

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        below, above = self._tails(self._law(parents), value.numpy().astype(float))
        return torch.as_tensor(below - above).expand(fresh.shape)

    def code(self, parents: Sequence[str]) -> list[str]:
        shape = number(float(self.shape))
        return ["dist.Gamma", shape, f"{shape} * torch.exp(-torch.as_tensor({self._equation(parents, ())}))"]
