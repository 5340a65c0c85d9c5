"""Regressions of observed rows by Gaussian processes, a line and a smooth function, with functions drawn from them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Regression", "regress"]

_FEATURES = 256  # random cosines that stand for the prior


@dataclass(frozen=True)
class Regression:
    """Functions drawn from the posterior of y given x, all with the same random cosines.

    Attributes:
        draws: S, how many functions.
        residuals: (n,) of the rows, in units of y: the noise around the functions.
    """

    draws: int
    residuals: Tensor
    _inputs: Tensor
    _shift: tuple[Tensor, Tensor, float, float]
    _scales: Tensor
    _waves: tuple[Tensor, Tensor]
    _before: Tensor  # (F + d, S): the prior's weights of cosines and slopes
    _weights: Tensor  # (n, S): of the kernel at the rows
    _sizes: tuple[float, float]

    def __call__(self, x: Tensor) -> Tensor:
        """Values of every function at points.

        Args:
            x: (n, d), the same points for all functions, or (S, n, d), points for each.

        Returns:
            (S, n).
        """
        centre, spread, mean, size = self._shift
        speeds, phases = self._waves
        at = (x - centre) / spread
        waves = torch.cat([torch.cos(at @ speeds + phases), at], dim=-1)  # (…, n, F + d)
        kernel = _kernel(at, self._inputs, self._scales, self._sizes)
        if x.ndim == 3:
            found = (waves * self._before.T.unsqueeze(1)).sum(-1) + (kernel * self._weights.T.unsqueeze(1)).sum(-1)
        else:
            found = (waves @ self._before + kernel @ self._weights).T
        return mean + size * found


def _kernel(a: Tensor, b: Tensor, scales: Tensor, sizes: tuple[float, float]) -> Tensor:
    """A smooth function and a line: (…, n, d), (m, d) → (…, n, m)."""
    near = b / scales
    smooth = torch.exp(-0.5 * torch.cdist(a / scales, near.expand(*a.shape[:-2], *near.shape)) ** 2)
    return sizes[0] * smooth + sizes[1] * a @ b.T


def regress(x: NDArray[np.float64], y: NDArray[np.float64], draws: int, seed: int) -> Regression:
    """Fit y on x (n, d) by a Gaussian process, hyperparameters by BoTorch's defaults, and draw functions.

    Draws are those of Matheron's rule: a function of the prior, made of random cosines, moved by what the rows say of
    it (Wilson et al., *Efficiently sampling functions from Gaussian process posteriors*, 2020).
    """
    generator = torch.Generator().manual_seed(seed)
    inputs, target = torch.tensor(x.copy(), dtype=torch.double), torch.tensor(y.copy(), dtype=torch.double)
    n, d = inputs.shape
    centre, spread = inputs.mean(0), inputs.std(0).clamp_min(1e-12)
    mean, size = float(target.mean()), max(float(target.std()), 1e-12)
    at, to = (inputs - centre) / spread, (target - mean) / size
    scales, sizes, noise, level = _fitted(at, to)
    speeds = torch.randn(d, _FEATURES, generator=generator, dtype=torch.double) / scales[:, None]
    phases = 2 * torch.pi * torch.rand(_FEATURES, generator=generator, dtype=torch.double)
    prior = torch.randn(_FEATURES + d, draws, generator=generator, dtype=torch.double)
    prior[:_FEATURES] *= (2 * sizes[0] / _FEATURES) ** 0.5
    prior[_FEATURES:] *= sizes[1] ** 0.5
    kernel = _kernel(at, at, scales, sizes)
    cholesky = torch.linalg.cholesky(kernel + (noise + 1e-8) * torch.eye(n, dtype=torch.double))
    before = torch.cat([torch.cos(at @ speeds + phases), at], dim=-1) @ prior
    errors = noise**0.5 * torch.randn(n, draws, generator=generator, dtype=torch.double)
    weights = torch.cholesky_solve(to[:, None] - level - before - errors, cholesky)
    fitted = level + kernel @ torch.cholesky_solve(to[:, None] - level, cholesky)
    residuals = size * (to - fitted[:, 0])
    shift = (centre, spread, mean + size * level, size)
    return Regression(draws, residuals, at, shift, scales, (speeds, phases), prior, weights, sizes)


def _fitted(x: Tensor, y: Tensor) -> tuple[Tensor, tuple[float, float], float, float]:
    """Length scales, sizes of smooth part and line, noise and level of standardised rows: the most probable ones."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.kernels import LinearKernel, RBFKernel, ScaleKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from gpytorch.priors import GammaPrior, LogNormalPrior

    d = x.shape[1]
    lengths = LogNormalPrior(loc=2**0.5 + np.log(d) / 2 - 1, scale=3**0.5)
    smooth = ScaleKernel(RBFKernel(ard_num_dims=d, lengthscale_prior=lengths), outputscale_prior=GammaPrior(2.0, 2.0))
    line = LinearKernel(variance_prior=GammaPrior(2.0, 2.0))
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        model = SingleTaskGP(x, y[:, None], covar_module=smooth + line, outcome_transform=None)
        options = {"options": {"maxiter": 100}}
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model), optimizer_kwargs=options)
    model.eval()
    return (
        smooth.base_kernel.lengthscale.detach()[0],
        (float(smooth.outputscale.detach()), float(line.variance.detach())),
        float(model.likelihood.noise.detach()),
        float(model.mean_module.constant.detach()),
    )
