"""Generalised linear mechanisms and networks: the mode of the posterior, and a normal law around it.

Laplace's approximation (Gelman et al., *Bayesian Data Analysis*, 3rd ed., section 4.1): good where rows are many for
each parameter.  Of a network only the output layer and the scale have a law, given the hidden layer at the best mode
found, so its intervals leave out what is not known of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.columns import Column
from causalpp.errors import InvalidData
from causalpp.programs.fitting.families.newton import Counts, Model, Normal, Positive, States, WideCounts, mode
from causalpp.programs.fitting.families.scaling import Scale, unscaled
from causalpp.programs.mechanisms import AdditiveNoise, Gamma, Logistic, Mechanism, NegativeBinomial, Poisson
from causalpp.programs.mechanisms.draws import with_law
from causalpp.programs.mechanisms.laws import POSITIVE, JointNormal, split
from causalpp.programs.mechanisms.parametric import Parametric
from causalpp.programs.mechanisms.regressions import Linear
from causalpp.programs.squares import units

__all__ = ["fitted", "own_scale"]

_STARTS, _ROUNDS, _NEWTON = 4, 15, 60  # of networks; of the optimiser, each with up to 20 steps; of Newton's method
_SLOW = 1e-6  # a round that improves the loss by a smaller share of it is the last
_THERE, _NEAR = 1e-8, 1e-2  # squared distances from the mode in posterior standard deviations
_HIDDEN = frozenset({"hidden", "hidden_bias"})
_MODELS: tuple[tuple[type[Linear], type[Model]], ...] = (
    (NegativeBinomial, WideCounts),
    (Poisson, Counts),
    (Gamma, Positive),
    (Logistic, States),
)


def fitted(
    name: str, prior: Parametric, columns: Mapping[str, Column], standard: bool, seed: int
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
    value = np.asarray(columns[name].values)
    value = (value - own[0]) / own[1] if prior.states is None else value
    discrete = [np.asarray(columns[v].values) for v in prior.discrete]
    real = [(columns[v].values - m) / s for v, (m, s) in zip(reals, scales, strict=True)]
    law = prior.law.normals()
    shapes = {key: np.shape(mean) for key, mean in law.mean.items()}
    about = Normal(*(np.concatenate([np.ravel(part[key]) for key in shapes]) for part in (law.mean, law.deviation)))
    if not about.mean.size:  # one state only: nothing to find
        return prior, True
    if isinstance(prior, AdditiveNoise):
        at, root, converged = _network(prior, value, [*discrete, *real], about, shapes, seed)
    else:
        assert isinstance(prior, Linear)
        at, root, converged = _generalised(prior, value, discrete, real, about)

    def raw(flat: NDArray[np.float64], outcome: Scale) -> NDArray[np.float64]:
        plain = {key: part.numpy() for key, part in _split(torch.as_tensor(flat), shapes).items()}
        out = unscaled(prior, plain, scales, outcome)
        return np.concatenate([np.ravel(np.log(out[key]) if key in POSITIVE else out[key]) for key in shapes])

    # The change of scale is affine, so its values at zero and at the unit vectors say all of it.  The outcome's
    # centre is only added, and left out of the differences, in which it would cost digits.
    zero = raw(np.zeros(len(at)), (0.0, own[1]))
    turn = np.stack([raw(unit, (0.0, own[1])) - zero for unit in np.eye(len(at))], axis=1)
    centre = raw(at, own)
    turned = turn @ root
    point = {key: part.numpy() for key, part in _split(torch.as_tensor(centre), shapes).items()}
    return with_law(prior, point, JointNormal(centre, turned @ turned.T, shapes, turned)), converged


def _generalised(
    prior: Linear,
    value: NDArray[Any],
    discrete: Sequence[NDArray[Any]],
    real: Sequence[NDArray[np.float64]],
    about: Normal,
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Mode, a root of the covariance, and whether the mode was reached, of a generalised linear mechanism."""
    dummies = [codes[:, None] == np.arange(1, size) for codes, size in zip(discrete, prior.sizes, strict=True)]
    design = np.column_stack([*dummies, *real, np.ones(len(value))]).astype(float)
    width = design.shape[1]
    kind = next(model for law, model in _MODELS if isinstance(prior, law))
    # The mechanism has its coefficients first and all intercepts after them; the model takes them row by row.
    count = prior.intercept.size
    place = np.arange(count * width).reshape(count, width)
    mine = np.concatenate([place[:, :-1].ravel(), place[:, -1], np.arange(count * width, len(about.mean))])
    order = np.argsort(mine)
    at, upper, converged = mode(kind(design, value), Normal(about.mean[order], about.deviation[order]))
    return at[mine], np.linalg.inv(upper)[mine], converged


def _network(
    prior: AdditiveNoise,
    value: NDArray[np.float64],
    parents: Sequence[NDArray[Any]],
    about: Normal,
    shapes: Mapping[str, tuple[int, ...]],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """The same of a network: the best of several minima, with the output layer and the scale free around it."""
    mean, deviation = torch.as_tensor(about.mean), torch.as_tensor(about.deviation)
    target, inputs = torch.as_tensor(value), [torch.as_tensor(column) for column in parents]

    def loss(flat: Tensor) -> Tensor:
        density = prior.with_parameters(_split(flat, shapes)).log_prob(target, inputs).sum()
        return ((flat - mean) ** 2 / deviation**2).sum() / 2 - density

    draw = np.random.default_rng([seed, 5])
    starts = [mean + deviation * torch.as_tensor(draw.standard_normal(len(mean))) for _ in range(_STARTS)]
    rough = min((_minimum(loss, start) for start in starts), key=lambda found: float(loss(found)))
    best, hessian, converged = _polished(loss, rough)
    # Weights of a hidden layer move its units along curves, on which a normal law of them predicts badly.
    free = np.repeat([k not in _HIDDEN for k in shapes], [int(np.prod(s)) for s in shapes.values()])
    size = about.deviation[free]
    values, vectors = np.linalg.eigh(hessian[np.ix_(free, free)] * size * size[:, None])
    root = np.zeros((len(free), len(free)))
    # In units of the prior: rows make nothing less certain than it was.
    root[np.ix_(free, free)] = size[:, None] * vectors / np.sqrt(np.maximum(values, 1.0))
    return best.numpy(), root, converged


def _split(flat: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The parameters, on their own scale, of a vector of numbers without bounds."""
    return {key: part.exp() if key in POSITIVE else part for key, part in split(flat, shapes).items()}


def _minimum(loss: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """A point near a local minimum."""
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
        if not before - after > _SLOW * (1 + abs(after)):
            break
        before = after
    return at.detach()


def _polished(loss: Callable[[Tensor], Tensor], start: Tensor) -> tuple[Tensor, NDArray[np.float64], bool]:
    """The minimum by Newton's method, the matrix of second derivatives there, and whether it was reached.

    Where the loss is not convex, steps go downhill along every eigenvector (Dauphin et al., *Identifying and attacking
    the saddle point problem*, 2014).
    """
    at, now, far = start, float(loss(start)), np.inf
    for _ in range(_NEWTON):
        point = at.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(loss(point), point)
        hessian = torch.autograd.functional.hessian(loss, at).numpy()  # type: ignore[no-untyped-call]
        values, vectors = np.linalg.eigh(hessian)
        within = vectors.T @ slope.numpy()
        curve = np.maximum(abs(values), 1e-3)
        far = float((within**2 / curve).sum())  # twice what a step can gain; also in squared standard deviations
        if far < _THERE:
            break
        step, length = torch.as_tensor(vectors @ (within / curve)), 1.0
        while not (after := float(loss(at - length * step))) < now and length > 1e-6:
            length /= 2
        if length <= 1e-6:
            break
        at, now = at - length * step, after
    return at, hessian, far < _NEAR


def _scale(name: str, parent: str, values: NDArray[np.float64]) -> Scale:
    found = units(values[:, None])
    found.check([parent])
    if found.constant:
        raise InvalidData(
            f"column {parent!r} is constant, so its influence on {name!r} is not known: leave out the edge, or give "
            "a prior with priors="
        )
    return float(found.centre[0]), float(found.spread[0])


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
    found = units(values[:, None])
    found.check([name])
    if found.constant:
        raise InvalidData(f"column {name!r} is constant, so there is nothing to fit: leave the variable out")
    return (0.0 if isinstance(prior, Gamma) else float(found.centre[0])), float(found.spread[0])
