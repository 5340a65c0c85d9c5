"""Modes and curvatures of generalised linear mechanisms against plain second derivatives and against counting alone."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pandas as pd
import pytest
import torch

import causalpp as cpp
from causalpp import Dag
from causalpp.programs.fitting.families.newton import Counts, Normal, Positive, States, WideCounts, mode


@pytest.mark.slow
@pytest.mark.parametrize(("common", "rare"), [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("size", [10.0, 1e5, 1e9])
def test_a_big_count_does_not_hide_what_is_not_known_of_a_rare_group(common: str, rare: str, size: float) -> None:
    """The curvature of a log rate is the count expected; that of the slope's prior, 1 / 2.5², is added."""
    draw = np.random.default_rng(0)
    counts = np.concatenate([[0, 1, 1], draw.poisson(size, size=1997)])
    data = pd.DataFrame({"g": [rare] * 3 + [common] * 1997, "y": counts.astype(float)})
    program = cpp.compile(Dag.from_edges([("g", "y")]), data=data, mechanisms={"y": "poisson"})
    assert program.fit is not None
    assert program.fit.converged
    found: Any = program.mechanism("y")
    place = {"a": found.intercept, "b": found.intercept + found.coefficients[0]}
    # The mode of both, one equation each: counts − expected ∓ the pull of the priors, 5² and 2.5².
    slope = (place["b"] - place["a"]) / 2.5**2
    few = 3 * math.exp(place[rare])
    assert 2 - few == pytest.approx(slope if rare == "b" else found.intercept / 25 - slope, abs=1e-6 + 1e-12 * size)
    many = counts[3:].sum()
    assert 1997 * math.exp(place[common]) == pytest.approx(many, rel=0.01 if size < 100 else 1e-5)
    expected = 1 / math.sqrt(few + 1 / 2.5**2 + (1 / 25 if rare == "a" else 0.0))
    drawn = [p.mechanism("y") for p in program.posterior_draws(1500, seed=1)]
    rates = np.array([m.intercept + (m.coefficients[0] if rare == "b" else 0.0) for m in drawn])
    assert rates.std() == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("kind", [Counts, States, Positive, WideCounts])
def test_modes_and_curvatures_against_automatic_derivatives(kind: Any) -> None:
    draw = np.random.default_rng(3)
    design = np.column_stack([draw.normal(size=(60, 2)), draw.random(60) < 0.3, np.ones(60)])
    eta = design @ [0.5, -0.4, 0.8, 0.2]
    size = {Counts: 4, States: 8, Positive: 5, WideCounts: 5}[kind]
    prior = Normal(draw.normal(0, 0.3, size), draw.uniform(0.5, 5, size))
    values = {
        Counts: lambda: draw.poisson(np.exp(eta)),
        States: lambda: draw.integers(3, size=60),
        Positive: lambda: draw.gamma(3.0, np.exp(eta)),
        WideCounts: lambda: draw.poisson(draw.gamma(2.0, np.exp(eta))),
    }[kind]().astype(float)
    x, y = torch.as_tensor(design), torch.as_tensor(values)

    def loss(at: torch.Tensor) -> torch.Tensor:
        if kind is Counts:
            laws: Any = torch.distributions.Poisson((x @ at).exp())
        elif kind is States:
            laws = torch.distributions.Categorical(logits=torch.nn.functional.pad(x @ at.reshape(2, 4).T, (1, 0)))
        elif kind is WideCounts:
            laws = torch.distributions.NegativeBinomial(at[-1].exp(), logits=x @ at[:-1] - at[-1])
        else:
            laws = torch.distributions.Gamma(at[-1].exp(), at[-1].exp() * (-(x @ at[:-1])).exp())
        off = (at - torch.as_tensor(prior.mean)) / torch.as_tensor(prior.deviation)
        return (off**2).sum() / 2 - laws.log_prob(y).sum()

    at, root, reached = mode(kind(design, values), prior)
    assert reached
    point = torch.as_tensor(at).requires_grad_(True)
    (slope,) = torch.autograd.grad(loss(point), point)
    np.testing.assert_allclose(slope, 0, atol=1e-7)
    hessian = torch.autograd.functional.hessian(loss, torch.as_tensor(at)).numpy()
    np.testing.assert_allclose(root.T @ root, hessian, rtol=1e-7, atol=1e-7)


def test_a_variable_with_one_state_has_nothing_to_fit() -> None:
    data = pd.DataFrame({"x": np.linspace(-1, 1, 40), "y": ["no"] * 40})
    program = cpp.compile(Dag.from_edges([("x", "y")]), data=data, check=False)
    assert program.drawn(1).simulate(3).y.tolist() == ["no"] * 3


def test_states_that_are_separated_keep_to_the_prior() -> None:
    """No data can bound the slope from above; the prior does, and the mode is found."""
    data = pd.DataFrame({"x": np.linspace(-1, 1, 40), "y": ["no"] * 20 + ["yes"] * 20})
    program = cpp.compile(Dag.from_edges([("x", "y")]), data=data)
    assert program.fit is not None
    assert program.fit.converged
    slope = float(program.mechanism("y").coefficients[0, 0]) * data.x.std(ddof=0)
    grid = np.linspace(0, 15, 3001)
    x = ((data.x - data.x.mean()) / data.x.std(ddof=0)).to_numpy()
    sign = np.where(data.y == "yes", 1, -1)
    log = -np.log1p(np.exp(-sign * x * grid[:, None])).sum(1) - grid**2 / (2 * 2.5**2)
    assert slope == pytest.approx(grid[log.argmax()], abs=0.01)


@pytest.mark.parametrize("mean", [3.0, 1e3, 1e5, 1e8])
def test_wide_counts_that_are_not_wide(mean: float) -> None:
    """Counts as narrow as Poisson ones, whose shape goes towards infinity: the fit still ends, with Poisson's level."""
    rng = np.random.default_rng(0)
    rows = np.ones((2000, 1))
    counts = rng.poisson(mean, 2000).astype(float)
    at, root, reached = mode(WideCounts(rows, counts), Normal(np.array([0.0, 1.0]), np.array([5.0, 2.0])))
    poisson, factor, _ = mode(Counts(rows, counts), Normal(np.zeros(1), np.array([5.0])))
    assert reached
    assert at[0] == pytest.approx(poisson[0], abs=0.01 / factor[0, 0])
    assert root[0, 0] == pytest.approx(factor[0, 0], rel=0.1)
    assert at[1] > np.log(mean)


@pytest.mark.parametrize("log_shape", [-2.0, 3.9, 3.92, 10.0, 30.0])
def test_wide_counts_of_any_shape(log_shape: float) -> None:
    """The log-likelihood and its derivatives by the shape, in sixty digits."""
    counts, mean = [0, 1, 7, 123, 99_000, 3], [2.0, 0.5, 9.0, 100.0, 1e5, 1e-3]

    def exact(at: mpmath.mpf) -> mpmath.mpf:
        r = mpmath.e**at
        return sum(
            mpmath.loggamma(y + r) - mpmath.loggamma(r) + r * mpmath.log(r / (r + m)) + y * mpmath.log(m / (r + m))
            for y, m in zip(counts, map(mpmath.mpf, mean), strict=True)
        )

    model = WideCounts(np.eye(len(mean)), np.array(counts, dtype=float))
    eta = np.log(mean)
    with mpmath.workdps(60):
        first, second = (float(mpmath.diff(exact, log_shape, k)) for k in (1, 2))
        value = float(exact(mpmath.mpf(log_shape)))
    found = model.parts(eta, log_shape)
    assert model.log_likelihood(np.append(eta, log_shape)) == pytest.approx(value, abs=1e-8)
    assert found.of_shape == pytest.approx(first, rel=1e-8)
    assert found.of_shape_curve == pytest.approx(-second, rel=1e-7)
