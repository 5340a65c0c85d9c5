"""Generalised linear mechanisms and networks: the mode of the posterior, and a normal law around it.

Laplace's approximation (Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 4.1): good where rows are many for
each parameter.  Of a network only the output layer and the scale have a law, given the hidden layer at the best mode
found, so its intervals leave out what is not known of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.columns import Column
from causalpp.errors import InvalidData
from causalpp.programs.fitting._draws import with_law
from causalpp.programs.fitting._scaling import Scale, unscaled
from causalpp.programs.mechanisms import Mechanism
from causalpp.programs.mechanisms._laws import POSITIVE, JointNormal
from causalpp.programs.mechanisms.glm import Gamma, Poisson, _Linear
from causalpp.programs.mechanisms.network import AdditiveNoise

__all__ = ["fitted", "own_scale"]

_STARTS, _ROUNDS = 4, 40  # of networks; of the optimiser, each with up to 20 steps
_ENOUGH = 1e-7  # a round that improves the loss by a smaller share of it is the last
_HIDDEN = frozenset({"hidden", "hidden_bias"})


def fitted(
    name: str, prior: _Linear | AdditiveNoise, columns: Mapping[str, Column], standard: bool, seed: int
) -> tuple[Mechanism, bool]:
    """The mechanism at the mode with the normal law around it, and whether the optimiser got there.

    Args:
        name: the variable.
        prior: a mechanism with a law.
        columns: the data.
        standard: whether the prior is about standardised columns.
        seed: of the starts.

    Raises:
        InvalidData: a constant real parent, or values the law does not allow.
    """
    assert prior.law is not None  # the callers see to it
    reals = prior.parents[len(prior.sizes) :]
    scales = [_scale(name, v, columns[v].values) if standard else (0.0, 1.0) for v in reals]
    own = own_scale(name, prior, columns[name].values)
    own = own if standard else (0.0, 1.0)
    value = torch.tensor(columns[name].values)
    value = (value - own[0]) / own[1] if prior.states is None else value
    parents = [torch.tensor(columns[v].values) for v in prior.discrete]
    parents += [torch.as_tensor((columns[v].values - m) / s) for v, (m, s) in zip(reals, scales, strict=True)]
    law = prior.law.normals()
    shapes = {key: np.shape(mean) for key, mean in law.mean.items()}
    mean = torch.as_tensor(np.concatenate([np.ravel(law.mean[key]) for key in shapes]))
    deviation = torch.as_tensor(np.concatenate([np.ravel(law.deviation[key]) for key in shapes]))

    def loss(flat: Tensor) -> Tensor:
        density = prior.with_parameters(_split(flat, shapes)).log_prob(value, parents).sum()
        return ((flat - mean) ** 2 / deviation**2).sum() / 2 - density

    starts = [mean]
    if isinstance(prior, AdditiveNoise):
        draw = np.random.default_rng([seed, 5])
        starts = [mean + deviation * torch.as_tensor(draw.standard_normal(len(mean))) for _ in range(_STARTS)]
    mode, converged = min((_minimum(loss, start) for start in starts), key=lambda found: float(loss(found[0])))
    hessian = torch.autograd.functional.hessian(loss, mode)  # type: ignore[no-untyped-call]
    # Weights of a hidden layer move its units along curves, on which a normal law of them predicts badly.
    free = torch.as_tensor(np.repeat([k not in _HIDDEN for k in shapes], [int(np.prod(s)) for s in shapes.values()]))
    values, vectors = torch.linalg.eigh(hessian[free][:, free])
    covariance = torch.zeros_like(hessian)
    covariance[free[:, None] & free] = ((vectors / values.clamp(min=1e-6 * float(values.max()))) @ vectors.T).ravel()

    def raw(flat: NDArray[np.float64]) -> NDArray[np.float64]:
        plain = {key: part.numpy() for key, part in _split(torch.as_tensor(flat), shapes).items()}
        out = unscaled(prior, plain, scales, own)
        return np.concatenate([np.ravel(np.log(out[key]) if key in POSITIVE else out[key]) for key in shapes])

    # The change of scale is affine, so its values at zero and at the unit vectors say all of it.
    zero = raw(np.zeros(len(mode)))
    turn = np.stack([raw(unit) - zero for unit in np.eye(len(mode))], axis=1)
    centre = turn @ mode.numpy() + zero
    joint = JointNormal(centre, turn @ covariance.numpy() @ turn.T, shapes)
    point = {key: part.numpy() for key, part in _split(torch.as_tensor(centre), shapes).items()}
    return with_law(prior, point, joint), converged


def _split(flat: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The parameters, on their own scale, of a vector of numbers without bounds."""
    out, start = {}, 0
    for key, shape in shapes.items():
        size = int(np.prod(shape))
        part = flat[start : start + size].reshape(shape)
        out[key] = part.exp() if key in POSITIVE else part
        start += size
    return out


def _minimum(loss: Callable[[Tensor], Tensor], start: Tensor) -> tuple[Tensor, bool]:
    """A local minimum, and whether the slope there is as good as zero."""
    at = start.clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([at], max_iter=20, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss(at)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    before = float(loss(at.detach()))
    for _ in range(_ROUNDS):
        optimiser.step(closure)  # type: ignore[no-untyped-call]
        after = float(loss(at.detach()))
        if before - after < _ENOUGH * (1 + abs(after)):
            break
        before = after
    else:
        return at.detach(), False
    return at.detach(), bool(np.isfinite(after))


def _scale(name: str, parent: str, values: NDArray[np.float64]) -> Scale:
    spread = float(values.std())
    if not spread > 0:
        raise InvalidData(
            f"column {parent!r} is constant, so its influence on {name!r} is not known: leave out the edge, or give "
            "a prior with priors="
        )
    return float(values.mean()), spread


def own_scale(name: str, prior: Mechanism, values: NDArray[np.float64]) -> Scale:
    """The scale of a variable as an outcome, if its law allows its values; those missing are left out.

    Raises:
        InvalidData: it does not, or a real variable is constant.
    """
    if prior.states is not None:
        return 0.0, 1.0
    values = values[~np.isnan(values)]
    if isinstance(prior, Poisson) and ((values < 0) | (values % 1 != 0)).any():
        raise InvalidData(f"column {name!r} is modelled as a count and holds numbers that are not 0, 1, 2, …")
    if isinstance(prior, Gamma) and not (values > 0).all():
        raise InvalidData(f"column {name!r} has a gamma law and holds numbers that are not greater than zero")
    if isinstance(prior, Poisson):
        return 0.0, 1.0
    if not values.std() > 0:
        raise InvalidData(f"column {name!r} is constant, so there is nothing to fit: leave the variable out")
    return (0.0 if isinstance(prior, Gamma) else float(values.mean())), float(values.std())
