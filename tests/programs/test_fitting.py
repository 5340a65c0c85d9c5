"""Fitting against closed forms, against known parameters, and Pyro's own inference against both."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pyro
import pytest
import torch
from pyro.infer import MCMC, NUTS, SVI, Predictive, Trace_ELBO
from pyro.infer.autoguide import AutoDelta, AutoNormal

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs.fitting import model
from causalpp.programs.fitting.joint import mcmc
from causalpp.programs.mechanisms import (
    AdditiveNoise,
    Gamma,
    LinearGaussian,
    Logistic,
    NormalInverseGamma,
    Poisson,
    Table,
)

#: The model compiled: the same steps in less time.
FAST = {"jit_compile": True, "ignore_jit_warnings": True}

CHAIN = Dag.from_edges([("x", "y")])


def regression(n: int = 60, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    x = draw.normal(3, 2, size=n)
    return pd.DataFrame({"x": x, "y": 1 + 0.5 * x + draw.normal(0, 0.7, size=n)})


def test_regressions_are_least_squares_with_their_standard_errors() -> None:
    data = regression()
    program = cpp.compile(CHAIN, data=data)
    found = program.mechanism("y")
    assert isinstance(found, LinearGaussian)
    design = np.column_stack([np.ones(60), data.x])
    at, (rss,), *_ = np.linalg.lstsq(design, data.y, rcond=None)
    np.testing.assert_allclose([found.intercept, *found.coefficients], at)
    slopes = np.array([p.mechanism("y").coefficients[0] for p in program.posterior_draws(4000, seed=1)])
    error = np.sqrt(rss / 58 * np.linalg.inv(design.T @ design)[1, 1])
    assert slopes.mean() == pytest.approx(at[1], abs=5 * error / np.sqrt(4000))
    assert slopes.std() == pytest.approx(error * np.sqrt(58 / 56), rel=0.06)  # that of Student's t
    effect = cpp.ate(program, "x", "y", treated=2.0, control=0.0, draws=500)
    low, high = effect.interval(0.95)
    assert low < effect.value < high
    assert effect.value == pytest.approx(2 * at[1])


def test_regressions_by_group_are_separate() -> None:
    data = regression(200).assign(g=["a", "b"] * 100)
    program = cpp.compile(Dag.from_edges([("x", "y"), ("g", "y")]), data=data)
    found = program.mechanism("y")
    assert isinstance(found, LinearGaussian)
    for k, g in enumerate("ab"):
        alone = cpp.compile(CHAIN, data=data[data.g == g]).mechanism("y")
        assert isinstance(alone, LinearGaussian)
        np.testing.assert_allclose([found.intercept[k], found.scale[k]], [alone.intercept, alone.scale])


def test_a_proper_prior_is_updated() -> None:
    law = NormalInverseGamma(np.array([0.0]), np.array([[2.0]]), np.array(3.0), np.array(2.0))
    prior = LinearGaussian((), (), 0.0, 1.0, law)
    program = cpp.compile(Dag(["x"]), data=pd.DataFrame({"x": [1.5]}), priors={"x": prior})
    posterior = program.mechanism("x").posterior
    # by hand: precision 2 + 1, mean 1.5 / 3, shape 3 + 1/2, rate 2 + (1 · 1.5² · 2/3) / 2
    assert [float(v) for v in (posterior.precision[0, 0], posterior.mean[0], posterior.shape, posterior.rate)] == (
        pytest.approx([3.0, 0.5, 3.5, 2.75])
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["logistic", "poisson", "negative_binomial", "gamma", "network"])
def test_other_mechanisms_recover_their_parameters(kind: str) -> None:
    dag = Dag.from_edges([("g", "y"), ("x", "y")])
    made = {
        "logistic": Logistic(("p", "q", "r"), ("g", "x"), [[1.0, 0.4], [-0.5, 0.2]], [-1.0, 0.5], (2,)),
        "poisson": Poisson(("g", "x"), [0.5, 0.2], -0.3, (2,)),
        "negative_binomial": cpp.NegativeBinomial(("g", "x"), [0.5, 0.2], -0.3, 1.5, (2,)),
        "gamma": Gamma(("g", "x"), [0.5, 0.2], 3.0, 2.0, (2,)),
        "network": AdditiveNoise(("g", "x"), [[1.0, 1.0]], [-3.0], [5.0], 100.0, 0.5, (2,)),
    }[kind]
    roots = {"g": Table(("a", "b"), (), [0.5, 0.5]), "x": LinearGaussian((), (), 3.0, 2.0)}
    truth = cpp.compile(dag, mechanisms={**roots, "y": made})
    data = truth.simulate(4000, seed=5)
    program = cpp.compile(dag, data=data, mechanisms={"y": kind})
    assert program.fit.converged or kind == "network"
    fitted = program.mechanism("y")
    assert type(fitted) is type(made)
    draws = [p.mechanism("y") for p in program.posterior_draws(400, seed=1)]
    if kind == "network":
        at = [torch.tensor([0, 1, 0, 1]), torch.tensor([1.0, 2.0, 4.0, 5.0])]
        zero = torch.zeros(4, dtype=torch.float64)
        np.testing.assert_allclose(fitted.assign(zero, at), made.assign(zero, at), atol=0.15)
        assert float(fitted.scale) == pytest.approx(0.5, rel=0.05)
        spread = np.std([d.assign(zero, at).numpy() for d in draws], axis=0)
        assert (spread < 0.2).all()
        assert (spread > 0.003).all()
        return
    for name in made.parameters:
        found = np.array([getattr(d, name) for d in draws])
        distance = (getattr(fitted, name) - getattr(made, name)) / found.std(0)
        assert abs(distance).max() < 4, name
        assert abs(getattr(fitted, name) - found.mean(0)).max() < 6 * found.std(0).max() / 20


def test_laplace_agrees_with_the_standard_errors_of_logistic_regression() -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(100, 10, size=3000)
    y = draw.random(3000) < 1 / (1 + np.exp(-(x - 100) / 10))
    program = cpp.compile(CHAIN, data=pd.DataFrame({"x": x, "y": y}))
    fitted = program.mechanism("y")
    design = np.column_stack([np.ones(3000), x])
    p = 1 / (1 + np.exp(-(design @ np.concatenate([fitted.intercept, fitted.coefficients[0]]))))
    error = np.sqrt(np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)[1, 1])
    slopes = np.array([q.mechanism("y").coefficients[0, 0] for q in program.posterior_draws(3000)])
    assert slopes.std() == pytest.approx(error, rel=0.06)


def prior_program() -> cpp.CausalProgram:
    """Two tables and a regression with priors."""
    return cpp.compile(
        Dag.from_edges([("a", "b"), ("b", "z"), ("x", "z")]),
        priors={},
        states={"a": (0, 1), "b": (0, 1)},
        mechanisms={"x": LinearGaussian()},
    )


def small_frame(n: int = 80) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    a = draw.integers(2, size=n)
    b = np.where(draw.random(n) < 0.8, a, 1 - a)
    x = draw.normal(size=n)
    return pd.DataFrame({"a": a, "b": b, "x": x, "z": 0.5 + b - x + draw.normal(0, 0.5, size=n)})


@pytest.mark.slow
def test_nuts_on_the_model_agrees_with_the_closed_forms() -> None:
    program, data = prior_program(), small_frame()
    exact = cpp.compile(
        program.dag,
        data=data,
        priors={v: program.mechanism(v) for v in "abz"},
        mechanisms={"x": program.mechanism("x")},
    )
    with torch.random.fork_rng(devices=[]):
        pyro.set_rng_seed(0)
        run = MCMC(NUTS(model(program, data), **FAST), num_samples=150, warmup_steps=100, disable_progbar=True)
        run.run()
        draws = run.get_samples()
    assert set(draws) == {"a.probabilities", "b.probabilities", "z.scale", "z.intercept", "z.coefficients"}
    for site, found in draws.items():
        variable, name = site.split(".")
        expected = getattr(exact.mechanism(variable), name)
        error = found.std(0).numpy() / np.sqrt(50)  # a third of the draws count
        assert (abs(found.mean(0).numpy() - expected) < 5 * error + 0.005).all(), site


def test_svi_and_predictive_on_the_model() -> None:
    program, data = prior_program(), small_frame()
    rows = model(program, data)
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        pyro.set_rng_seed(0)
        guide = AutoDelta(rows)
        svi = SVI(rows, guide, pyro.optim.Adam({"lr": 0.05}), Trace_ELBO())
        losses = [svi.step() for _ in range(200)]
        assert np.mean(losses[-20:]) < losses[0]
        assert guide.median()["z.intercept"].shape == (2,)
        drawn = Predictive(model(program, n=30), guide=guide, num_samples=4)()
    assert drawn["z"].shape == (4, 30)
    assert drawn["b"].shape == (4, 30)
    assert model(program.do(b=1), n=5)()["b"].unique().tolist() == [1]
    assert model(program)()["z"].shape == ()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["svi", "nuts"])
def test_other_methods_agree_with_the_closed_form(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcmc, "NUTS", partial(NUTS, **FAST))
    data = regression(100).assign(g=["a", "b", "b", "a", "b"] * 20)
    dag = Dag.from_edges([("x", "y"), ("g", "x")])
    exact = cpp.compile(dag, data=data)
    found = cpp.compile(dag, data=data, method=method, draws=100, steps=500)
    assert found.fit.method == method
    assert found.fit.converged
    draws = np.array([float(p.mechanism("y").coefficients[0]) for p in found.posterior_draws(200, seed=0)])
    slope = exact.mechanism("y").coefficients[0]
    assert found.mechanism("y").coefficients[0] == pytest.approx(slope, abs=0.03)
    assert draws.mean() == pytest.approx(slope, abs=0.03)
    assert 0.01 < draws.std() < 0.06  # exactly 0.035; a mean-field guide is narrower
    assert found.distribution("g")["b"] == pytest.approx(0.6, abs=0.05)


def test_a_fit_that_has_not_converged_says_what_to_do() -> None:
    data = regression(50)
    with pytest.warns(errors.ImpreciseWarning, match="raise steps="):
        program = cpp.compile(CHAIN, data=data, method="svi", steps=100, draws=10)
    assert not program.fit.converged
    assert "not converged" in str(program.fit)


def test_an_interrupted_fit_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 0
    step = SVI.step

    def interrupted(self: SVI) -> float:
        nonlocal count
        count += 1
        if count == 300:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(SVI, "step", interrupted)
    with pytest.warns(errors.ImpreciseWarning, match="interrupted"):
        program = cpp.compile(CHAIN, data=regression(50), method="svi", steps=400, draws=10)
    assert program.fit.steps == 179
    assert len(program.simulate(3)) == 3


def test_model_misuse() -> None:
    program, data = prior_program(), small_frame()
    with pytest.raises(errors.InvalidParameter, match="leave out n="):
        model(program, data, n=3)
    with pytest.raises(errors.InvalidParameter, match="at least one row"):
        model(program, n=0)
    with pytest.raises(errors.InvalidData, match="no column 'z'"):
        program.model(data.drop(columns="z"))
    with pytest.raises(errors.InvalidData, match="not among"):
        program.model(data.assign(a=2))
    with pytest.raises(errors.InvalidData, match="no rows"):
        program.model(data[:0])
    with pytest.raises(errors.InvalidParameter, match="counterfactual"):
        model(program.counterfactual(observations={"a": 1}))


def test_a_guide_of_pyro_fits_the_model_with_missing_values() -> None:
    program, data = prior_program(), small_frame().astype({"a": "Int64"})
    data.loc[::4, "z"] = np.nan
    rows = model(program, data)
    trace = pyro.poutine.trace(rows).get_trace()
    assert "z_unobserved" in trace
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        pyro.set_rng_seed(0)
        svi = SVI(rows, AutoNormal(rows), pyro.optim.Adam({"lr": 0.02}), Trace_ELBO())
        losses = [svi.step() for _ in range(100)]
    assert np.isfinite(losses).all()
