"""A Gaussian process for each set of variables: the mean of the outcome, as a function of what they are set to.

What rows in which nobody interfered say is the prior (Aglietti et al. 2020, §3.2).  They give functions drawn from the
effect's posterior (:mod:`causalpp.cbo.doeffect`): their mean is the prior mean; their covariance is the prior
covariance, all of it and not only its diagonal as in the paper.  To it comes a smooth term for what the graph or the
regressions have wrong.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causalpp.cbo.doeffect import DRAWS, DoEffect

__all__ = ["Arm", "Scale", "Trials"]

_EXACT = 1e-6  # variance, in units of the outcome's, where a trial is said to be exact
_UNTRIED = 1e8  # variance that makes a row say nothing


@dataclass(frozen=True)
class Scale:
    """How the outcome is scaled: what is good is large, and of size one.

    Attributes:
        centre, size: subtracted, divided by.
        sign: −1 where the outcome is to be small.
    """

    centre: float
    size: float
    sign: float

    def scaled(self, value: Tensor) -> Tensor:
        return self.sign * (value - self.centre) / self.size

    def outcome(self, scaled: Any) -> Any:
        return self.centre + self.sign * self.size * scaled


@dataclass(frozen=True)
class Trials:
    """What was found where one set was set.

    Attributes:
        points: (n, k) in the unit cube.
        values, errors: (n,) scaled means and their standard errors; an error that is not known is NaN.
    """

    points: Tensor
    values: Tensor
    errors: Tensor


class Arm:
    """One set of variables with its bounds and, where rows tell of it, its effect.

    Args:
        names: the variables, none for leaving everything alone.
        bounds: of each.
        effect: functions drawn from what rows say; None for a flat prior.
    """

    def __init__(
        self, names: Sequence[str], bounds: Mapping[str, tuple[float, float]], effect: DoEffect | None
    ) -> None:
        self.names = tuple(names)
        self.effect = effect
        self._low = torch.tensor([bounds[name][0] for name in names], dtype=torch.double)
        self._width = torch.tensor([bounds[name][1] - bounds[name][0] for name in names], dtype=torch.double)
        self.scale = Scale(0.0, 1.0, 1.0)
        self.fitted: Any = None
        self.log_evidence = 0.0

    @property
    def width(self) -> int:
        """Coordinates of a point: one a variable, and one without meaning where there is none."""
        return max(len(self.names), 1)

    def values(self, point: Tensor) -> dict[str, float]:
        """A point (k,) of the unit cube as values."""
        found = self._low + point[: len(self.names)] * self._width
        return dict(zip(self.names, found.tolist()))

    def point(self, values: Mapping[str, float]) -> Tensor:
        """The reverse."""
        if not self.names:
            return torch.zeros(1, dtype=torch.double)
        return (torch.tensor([values[name] for name in self.names], dtype=torch.double) - self._low) / self._width

    def features(self, points: Tensor) -> Tensor:
        """Points (n, k) with, beside them, the prior mean and the S functions' deviations from it: (n, k + 1 + S)."""
        n = len(points)
        if self.effect is None:
            return points
        drawn = self.scale.scaled(self.effect(self._low + points[:, : len(self.names)] * self._width))
        mean = drawn.mean(0)
        return torch.cat([points, mean[:, None], ((drawn - mean) / (len(drawn) - 1) ** 0.5).T.expand(n, -1)], dim=1)

    def fit(self, trials: Trials, scale: Scale) -> None:
        """Take the trials over; hyperparameters at their most probable values."""
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        self.scale = scale
        points, values = trials.points, trials.values
        known = not bool(torch.isnan(trials.errors).any())
        variance = trials.errors**2 + _EXACT
        if not len(points):
            points, values = torch.full((1, self.width), 0.5, dtype=torch.double), torch.zeros(1, dtype=torch.double)
            variance, known = torch.full((1,), _UNTRIED, dtype=torch.double), True
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
            warnings.simplefilter("ignore")
            model = SingleTaskGP(
                self.features(points),
                values[:, None],
                train_Yvar=variance[:, None] if known else None,
                outcome_transform=None,
                mean_module=None if self.effect is None else _prior_mean(self),
                covar_module=None if self.effect is None else _prior_kernel(self),
            )
            mll = ExactMarginalLogLikelihood(model.likelihood, model)
            if len(trials.points):
                fit_gpytorch_mll(mll, optimizer_kwargs={"options": {"maxiter": 50}})
                model.train()
                with torch.no_grad():
                    self.log_evidence = float(mll.likelihood(model(*model.train_inputs)).log_prob(model.train_targets))
        self.fitted = model.eval()

    def posterior(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled mean and standard deviation, (n,) each, at :meth:`features` (n, ·)."""
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.fitted.posterior(features.unsqueeze(-2))
            return found.mean.reshape(-1), found.variance.clamp_min(0).sqrt().reshape(-1)

    def joint(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Scaled mean (n,) and covariance (n, n) at :meth:`features` (n, ·)."""
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self.fitted.posterior(features).mvn
            return found.mean, found.covariance_matrix


def _prior_mean(arm: Arm) -> Any:
    from gpytorch.means import Mean

    at = arm.width

    class PriorMean(Mean):  # type: ignore[misc]  # gpytorch is untyped
        def forward(self, x: Tensor) -> Tensor:
            return x[..., at]

    return PriorMean()


def _prior_kernel(arm: Arm) -> Any:
    from gpytorch.kernels import LinearKernel, RBFKernel, ScaleKernel
    from gpytorch.priors import GammaPrior, LogNormalPrior

    k = arm.width
    told = LinearKernel(active_dims=tuple(range(k + 1, k + 1 + DRAWS)))
    told.variance = 1.0
    told.raw_variance.requires_grad_(False)
    lengths = LogNormalPrior(loc=2**0.5 + np.log(k) / 2 - 1, scale=3**0.5)
    smooth = RBFKernel(ard_num_dims=k, active_dims=tuple(range(k)), lengthscale_prior=lengths)
    wrong = ScaleKernel(smooth, outputscale_prior=GammaPrior(3.0, 3.0))
    wrong.outputscale = 1.0
    smooth.lengthscale = 0.3
    return told + wrong
