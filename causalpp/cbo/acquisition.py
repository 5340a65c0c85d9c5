"""What it is worth to try something, scored at many points at once, under weights of the graphs that may be true.

Expected improvement and Thompson's draws look at one set; :func:`gains` is the knowledge gradient over all sets: by how
much the mean at the point that would be recommended is expected to rise, which a question to an oracle has as well.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from causalpp.cbo._arms import Arms

__all__ = ["POLICIES", "gains", "log_expected_improvement", "thompson", "worth"]

#: What decides between trials.
POLICIES = ("logei", "kg", "thompson")
_OUTCOMES = 8  # of a trial that are looked at, for each variant


def log_expected_improvement(arms: Arms, k: int, weights: Tensor, best: float, points: Tensor | None = None) -> Tensor:
    """Log E[max(f − best, 0)] at points of a set, (n,) (Ament et al. 2023, by BoTorch), over what graphs say of it."""
    from botorch.acquisition.analytic import LogExpectedImprovement

    shares = arms.weights(k, weights).clamp_min(1e-300).log()
    scores = []
    for v, arm in enumerate(arms.variants[k]):
        features = arms.features(k, v) if points is None else arm.features(points)
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores.append(shares[v] + LogExpectedImprovement(arm.fitted, best_f=best)(features.unsqueeze(-2)))
    return torch.logsumexp(torch.stack(scores), 0)


def thompson(arms: Arms, k: int, graph: int, seed: int) -> Tensor:
    """One function drawn from what a graph says of a set, at its points, (n,)."""
    v = int(arms.which[graph, k])
    with torch.no_grad(), warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        drawn: Tensor = arms.variants[k][v].fitted.posterior(arms.features(k, v)).rsample()
    return drawn.reshape(-1)


def worth(arms: Arms, weights: Tensor) -> Tensor:
    """The largest mean over all sets and points, (…,), under weights (…, G) of graphs."""
    found = []
    for k in range(len(arms.variants)):
        means = torch.stack([arm.posterior(arms.features(k, v))[0] for v, arm in enumerate(arms.variants[k])])
        found.append((arms.weights(k, weights) @ means).amax(-1))
    return torch.stack(found).amax(0)


def gains(arms: Arms, weights: Tensor, errors: float) -> list[Tensor]:
    """For each set, how much a trial at each of its points is expected to raise the mean of what is recommended.

    Under each graph a trial's result is drawn at the quantiles of its law; it moves the set's models and the graphs'
    weights.

    Args:
        arms: fitted.
        weights: (G,) of graphs.
        errors: the standard error that a trial is taken to have, scaled.
    """
    now = float(worth(arms, weights))
    others = [
        torch.stack([arm.posterior(arms.features(k, v))[0] for v, arm in enumerate(variants)])
        for k, variants in enumerate(arms.variants)
    ]
    quantiles = torch.special.ndtri((torch.arange(_OUTCOMES, dtype=torch.double) + 0.5) / _OUTCOMES)
    found = []
    for k, variants in enumerate(arms.variants):
        shares = arms.weights(k, weights)
        n = len(arms.points(k))
        means, covariances = [], []
        for v, arm in enumerate(variants):
            mean, covariance = arm.joint(arms.features(k, v))
            means.append(mean)
            covariances.append(covariance)
        mean, covariance = torch.stack(means), torch.stack(covariances)  # (V, n), (V, n, n)
        spread = (covariance.diagonal(dim1=-2, dim2=-1) + errors**2).clamp_min(1e-12)  # (V, n): of a result
        total = torch.zeros(n, dtype=torch.double)
        for v in range(len(variants)):
            if shares[v] < 1e-6:
                continue
            for quantile in quantiles:
                result = mean[v] + quantile * spread[v].sqrt()  # (n,): at each point
                off = result - mean  # (V, n)
                likelihood = -0.5 * (off**2 / spread + spread.log())
                by_graph = likelihood[arms.which[:, k]] + weights.clamp_min(1e-300).log()[:, None]
                after = torch.softmax(by_graph, 0).T  # (n, G)
                moved = mean[:, :, None] + covariance * (off / spread)[:, None, :]  # (V, where, at which point)
                mine = torch.einsum("nv,vwn->nw", arms.weights(k, after), moved).amax(-1)
                for other in range(len(arms.variants)):
                    if other != k:
                        mine = torch.maximum(mine, (arms.weights(other, after) @ others[other]).amax(-1))
                total += shares[v] * mine / _OUTCOMES
        found.append((total - now).clamp_min(0))
    return found
