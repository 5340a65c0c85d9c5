"""Counts that are spread wider than a Poisson law: the negative binomial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms._laws import Law
from causalpp.programs.mechanisms._printing import number
from causalpp.programs.mechanisms.glm import Poisson

if TYPE_CHECKING:
    import pyro.distributions as dist

__all__ = ["NegativeBinomial"]


@dataclass(frozen=True, eq=False, init=False)
class NegativeBinomial(Poisson):
    """A count of mean μ = exp(η) and variance μ + μ²/shape: a Poisson law whose mean varies by a gamma law.

    Programs treat it as a number: 0.0, 1.0, 2.0, ….  Source: Hilbe, *Negative Binomial Regression*, 2nd ed. (NB2).

    Attributes:
        parents: the discrete parents first, then the real ones.
        coefficients: shape ``(p,)``, as for :class:`Logistic`.
        intercept: a number.
        shape: greater than zero; the larger, the nearer to a Poisson law.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite, a shape that is not positive.

    Example:
        >>> visits = NegativeBinomial(("age",), [0.02], intercept=0.1, shape=2.0)
        >>> law = visits.distribution([torch.tensor(50.0)])
        >>> law.mean, law.variance
        (tensor(3.0042), tensor(7.5167))
    """

    parents: tuple[str, ...]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    shape: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)

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
            raise InvalidParameter(f"the shape of a negative binomial law is greater than zero, got {self.shape}")

    @property
    def _names(self) -> tuple[str, ...]:
        return ("coefficients", "intercept", "shape")

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        import pyro.distributions as dist

        shape = self._tensors["shape"]
        odds = self._predictor(parents) - shape.log()
        return dist.NegativeBinomial(shape.to(kind), logits=odds.to(kind), validate_args=False)

    def _law(self, parents: Sequence[Tensor]) -> Any:
        from scipy import stats

        shape, mean = float(self.shape), self._predictor(parents).exp().detach().numpy()
        return stats.nbinom(shape, shape / (shape + mean))

    def code(self, parents: Sequence[str]) -> list[str]:
        shape = number(float(self.shape))
        odds = f"torch.as_tensor({self._equation(parents, ())}) - {number(float(np.log(self.shape)))}"
        return ["dist.NegativeBinomial", shape, f"logits={odds}"]
