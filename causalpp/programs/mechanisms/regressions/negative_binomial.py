"""Counts that are spread wider than a Poisson law: the negative binomial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyro.distributions as dist
import scipy
import torch
from numpy.typing import NDArray
from scipy import special
from torch import Tensor

from causalpp.programs.mechanisms.noise import tails
from causalpp.programs.mechanisms.noise.counting import quantiles
from causalpp.programs.mechanisms.printing import number
from causalpp.programs.mechanisms.regressions.poisson import Poisson
from causalpp.programs.mechanisms.regressions.quantiles import Shaped

__all__ = ["NegativeBinomial"]

_TERMS = 100_000


class NegativeBinomial(Shaped, Poisson):
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

    _kind = "negative binomial"

    def _distribution(self, parents: Sequence[Tensor], kind: torch.dtype) -> dist.TorchDistribution:
        shape = self._tensors["shape"]
        odds = self._predictor(parents) - shape.log()
        return dist.NegativeBinomial(shape.to(kind), logits=odds.to(kind), validate_args=False)

    def _of(self, eta: Tensor) -> Any:
        shape, mean = float(self.shape), eta.exp().numpy()
        return scipy.stats.nbinom(shape, shape / (shape + mean))

    def _quantiles(self, eta: Tensor, rank: NDArray[np.float64]) -> NDArray[np.float64]:
        shape, mean = float(self.shape), eta.exp().numpy()
        share = mean / (shape + mean)
        zero = np.exp(-shape * np.log1p(mean / shape))
        return quantiles(lambda at: self._of(eta[at]), rank, zero, lambda k, at: share[at] * (k + shape) / (k + 1))

    def _tails(self, law: Any, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        shape, stop = law.args
        value, stop = np.broadcast_arrays(np.asarray(value, dtype=float), np.asarray(stop, dtype=float))
        at = np.maximum(value, 0)
        below, above = special.betainc(shape, at + 1, stop), special.betaincc(shape, at + 1, stop)
        log_below, log_above = tails.log_both(below, above)
        for tail, out, up in ((below, log_below, False), (above, log_above, True)):
            far = tail < tails.LEAST
            if far.any():
                out[far] = _series(shape, stop[far], at[far], up=up)
        return np.where(value < 0, -np.inf, log_below), np.where(value < 0, 0.0, log_above)

    def _far(self, law: Any, log_below: NDArray[np.float64], log_above: NDArray[np.float64]) -> NDArray[np.float64]:
        shape, stop = law.args
        mean = shape * (1 - stop) / stop
        spread = np.sqrt(mean / stop)
        return tails.count_quantile(log_below, log_above, lambda count: self._tails(law, count), mean, spread)

    def code(self, parents: Sequence[str]) -> list[str]:
        shape = number(float(self.shape))
        odds = f"torch.as_tensor({self._equation(parents, ())}) - {number(float(np.log(self.shape)))}"
        return ["dist.NegativeBinomial", shape, f"logits={odds}"]


def _series(shape: float, stop: NDArray[np.float64], count: NDArray[np.float64], *, up: bool) -> NDArray[np.float64]:
    """Log P(more than a count), or log P(at most it), term by term from the largest."""
    first = count + 1 if up else count
    log = special.gammaln(first + shape) - special.gammaln(shape) - special.gammaln(first + 1)
    log += shape * np.log(stop) + first * np.log1p(-stop)
    term, total = np.ones_like(first), np.ones_like(first)
    for n in range(_TERMS):
        k = first + n if up else first - n
        step = (1 - stop) * (k + shape) / (k + 1) if up else k / ((k - 1 + shape) * (1 - stop))
        term = np.where(up | (k > 0), term * step, 0.0)
        total = total + term
        if (term <= 1e-17 * total).all():
            break
    return np.asarray(log + np.log(total))
