"""Generalised linear mechanisms and networks: equation and law agree, and everything a mechanism promises."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs.mechanisms import (
    AdditiveNoise,
    Gamma,
    LinearGaussian,
    Logistic,
    Mechanism,
    NegativeBinomial,
    Poisson,
    Table,
)

_SIZES = (2, 3)
_PARENTS = ("a", "b", "x")  # two discrete ones, one real

MECHANISMS: dict[str, Mechanism] = {
    "logistic": Logistic(
        ("p", "q", "r"), _PARENTS, [[0.5, -1.0, 0.3, 0.8], [-0.4, 0.2, 1.0, -0.6]], [0.1, -0.3], _SIZES
    ),
    "logit": Logistic((0, 1), _PARENTS, [0.5, -1.0, 0.3, 0.8], 0.1, _SIZES),
    "poisson": Poisson(_PARENTS, [0.5, -0.4, 0.3, 0.4], 0.7, _SIZES),
    "negative binomial": NegativeBinomial(_PARENTS, [0.5, -0.4, 0.3, 0.4], 0.7, 1.5, _SIZES),
    "gamma": Gamma(_PARENTS, [0.5, -0.4, 0.3, 0.4], 0.7, 2.5, _SIZES),
    "network": AdditiveNoise.random(_PARENTS, sizes=_SIZES, units=4, scale=0.3, seed=1),
}


def parents(n: int, seed: int = 0) -> list[Tensor]:
    draw = np.random.default_rng(seed)
    return [torch.tensor(draw.integers(size, size=n)) for size in _SIZES] + [torch.tensor(draw.normal(size=n))]


def noise_of(mechanism: Mechanism, n: int, seed: int = 0) -> Tensor:
    draw = np.random.default_rng(seed)
    return torch.tensor(draw.random(n) if mechanism.noise == "uniform" else draw.normal(size=n))


def full(mechanism: Mechanism) -> cpp.CausalProgram:
    dag = Dag.from_edges([(p, "y") for p in _PARENTS])
    roots: dict[str, Mechanism] = {
        "a": Table(("no", "yes"), (), [0.4, 0.6]),
        "b": Table((1, 2, 3), (), [0.2, 0.3, 0.5]),
        "x": LinearGaussian(),
    }
    return cpp.compile(dag, mechanisms={**roots, "y": mechanism})


@pytest.mark.parametrize("kind", MECHANISMS)
def test_equation_and_law_agree(kind: str) -> None:
    mechanism, n = MECHANISMS[kind], 20_000
    for case in ([0, 0, -0.5], [1, 2, 1.2]):
        at = [torch.tensor(v) for v in case]
        made = mechanism.assign(noise_of(mechanism, n), at).numpy()
        law = mechanism.distribution(at)
        if kind in ("gamma", "network"):
            own: Any = stats.gamma(2.5, scale=float(law.mean) / 2.5) if kind == "gamma" else None
            own = own or stats.norm(float(law.loc), float(law.scale))
            assert stats.kstest(made, own.cdf).pvalue > 1e-4
            continue
        values = (
            torch.arange(60.0)
            if kind in ("poisson", "negative binomial")
            else torch.arange(len(mechanism.states or ()))
        )
        expected = n * law.log_prob(values).double().exp().numpy()
        seen = np.array([(made == v).sum() for v in values.numpy()])
        some = expected > 5
        seen, expected = seen[some], expected[some]
        assert seen.sum() > 0.99 * n
        assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 1e-4


@pytest.mark.parametrize("kind", MECHANISMS)
def test_abduction_inverts_the_equation(kind: str) -> None:
    mechanism, n = MECHANISMS[kind], 5_000
    given = parents(n)
    value = mechanism.assign(noise_of(mechanism, n, 1), given)
    noise = mechanism.abduct(value, given, torch.rand(n, dtype=torch.float64, generator=torch.manual_seed(0)))
    again = mechanism.assign(noise, given)
    torch.testing.assert_close(again, value, rtol=1e-6, atol=1e-8)
    law = stats.uniform if mechanism.noise == "uniform" else stats.norm
    assert stats.kstest(noise.numpy(), law.cdf).pvalue > 1e-4


@pytest.mark.parametrize("kind", MECHANISMS)
def test_log_probability_is_that_of_the_distribution(kind: str) -> None:
    mechanism, given = MECHANISMS[kind], parents(50)
    value = mechanism.assign(noise_of(mechanism, 50), given)
    expected = mechanism.distribution([given[0], given[1], given[2].float()]).log_prob(
        value if mechanism.states else value.float()
    )
    torch.testing.assert_close(mechanism.log_prob(value, given).float(), expected.float(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", MECHANISMS)
def test_gradients_flow_from_parameters(kind: str) -> None:
    mechanism, given = MECHANISMS[kind], parents(20)
    value = mechanism.assign(noise_of(mechanism, 20), given)
    free = {name: part.clone().requires_grad_(True) for name, part in mechanism.parameters.items()}
    mechanism.with_parameters(free).log_prob(value, given).sum().backward()
    assert all(part.grad is not None and part.grad.abs().sum() > 0 for part in free.values())
    law = mechanism.with_parameters({k: v.detach() + 0.1 for k, v in free.items()})
    assert not torch.allclose(law.log_prob(value, given), mechanism.log_prob(value, given))


@pytest.mark.parametrize("kind", MECHANISMS)
def test_pickling_and_repr(kind: str) -> None:
    mechanism, given = MECHANISMS[kind], parents(10)
    again = pickle.loads(pickle.dumps(mechanism))
    noise = noise_of(mechanism, 10)
    torch.testing.assert_close(again.assign(noise, given), mechanism.assign(noise, given))
    assert repr(mechanism).startswith(type(mechanism).__name__)
    assert "law" not in repr(mechanism)


@pytest.mark.parametrize("kind", MECHANISMS)
def test_source_runs_alone_with_the_same_log_probabilities(kind: str) -> None:
    import pyro
    from pyro import poutine

    program = full(MECHANISMS[kind])
    for version in (program, program.do(x=0.3), program.do(a="yes", b=2)):
        scope: dict[str, Any] = {}
        exec(version.source(), scope)
        drawn = version.draw(5, seed=2)
        for row in range(5):
            data = {
                v: torch.tensor(drawn[v][row], dtype=torch.int64 if version.is_discrete(v) else torch.float32)
                for v in version.variables
                if version.mechanism(v).noise is not None
            }
            found, expected = (
                poutine.trace(pyro.condition(m, data=data)).get_trace().log_prob_sum()
                for m in (scope["model"], version)
            )
            assert float(found) == pytest.approx(float(expected), abs=2e-3)
    scope = {}
    exec(program.source(), scope)
    with pyro.plate("rows", 7):
        assert scope["model"]()["y"].shape == (7,)
    changed = [
        a != b for a, b in zip(program.source().splitlines(), program.do(x=0.3).source().splitlines(), strict=True)
    ]
    assert sum(changed) == 1


@pytest.mark.parametrize("kind", MECHANISMS)
def test_counterfactuals_use_the_noise_of_the_unit(kind: str) -> None:
    program = full(MECHANISMS[kind])
    drawn = program.draw(1, seed=4)
    unit = {v: program.mechanism(v).decode(drawn[v][0]) for v in program.variables}
    same = program.counterfactual(observations=unit, do={"x": unit["x"]}).draw(20, seed=0)["y"]
    np.testing.assert_allclose(same, drawn["y"][0], rtol=1e-6)
    moved = program.counterfactual(observations=unit, do={"x": 2.0}).draw(20, seed=0)["y"]
    if program.mechanism("y").noise == "normal":
        assert np.ptp(moved) < 1e-6  # the noise is known exactly, so is the counterfactual


def test_logistic_of_discrete_parents_is_exact() -> None:
    mechanism = Logistic(("p", "q", "r"), ("a", "b"), [[0.5, -1.0, 0.3], [-0.4, 0.2, 1.0]], [0.1, -0.3], _SIZES)
    dag = Dag.from_edges([("a", "y"), ("b", "y")])
    roots = {"a": Table(("no", "yes"), (), [0.4, 0.6]), "b": Table((1, 2, 3), (), [0.2, 0.3, 0.5])}
    program = cpp.compile(dag, mechanisms={**roots, "y": mechanism})
    by_table = cpp.compile(dag, mechanisms={**roots, "y": Table(mechanism.states, ("a", "b"), program.table("y"))})
    assert program.distribution("y") == pytest.approx(by_table.distribution("y"))
    seen = {"a": "no", "y": "r"}
    mine, theirs = (p.counterfactual(observations=seen, do={"a": "yes"}).distribution("y") for p in (program, by_table))
    assert mine == pytest.approx(theirs)
    assert "categorical(" in program.source()


def chain(mechanism: Mechanism) -> cpp.CausalProgram:
    """A real variable, and one with this mechanism that reads it."""
    return cpp.compile(Dag.from_edges([("x", "y")]), mechanisms={"x": LinearGaussian(), "y": mechanism})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Logistic(("a", "b"), ("x",), [[1.0], [2.0]]), "shape"),
        (lambda: chain(Logistic(("a", "b"), ("x",), [1.0, 2.0])), "has 2 coefficients"),
        (lambda: Logistic(("a", "b", "c"), ("x",), [1.0]), "shape"),
        (lambda: Logistic(("a", "a"), ()), "twice"),
        (lambda: Poisson(("x",), ["one"]), "numbers"),
        (lambda: Poisson(("x",), [np.inf]), "finite"),
        (lambda: Poisson(("x",), [1.0], sizes=(2, 2)), "sizes"),
        (lambda: Gamma(("x",), [1.0], shape=0.0), "greater than zero"),
        (lambda: AdditiveNoise(("x",), [[1.0, 2.0]], [0.0], [1.0]), "hidden needs shape"),
        (lambda: AdditiveNoise(("x",), [[1.0]], [0.0], [1.0], scale=0.0), "greater than zero"),
        (lambda: AdditiveNoise(("x",), [[np.nan]], [0.0], [1.0]), "finite"),
        (lambda: AdditiveNoise.random(("x",), units=0), "at least one"),
        (lambda: full(Logistic((0, 1), ("x", "a", "b"), 0.0, sizes=_SIZES)), "come first"),
        (lambda: full(Poisson(_PARENTS, 0.0, sizes=(3, 3))), "sizes"),
        (lambda: full(AdditiveNoise.random(_PARENTS, sizes=(2,))), "sizes"),
    ],
)
def test_misuse(call: Any, message: str) -> None:
    with pytest.raises(errors.InvalidParameter, match=message):
        call()


def test_a_logistic_variable_without_parents_is_exact() -> None:
    height = np.array([0.0, 0.5, -1.0])
    shares = np.exp(height) / np.exp(height).sum()
    dag = cpp.Dag.from_edges([("a", "b")])
    below = Table(("no", "yes"), ("a",), [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    states = ("p", "q", "r")
    program, by_table = (
        cpp.compile(dag, mechanisms={"a": law, "b": below})
        for law in (Logistic(states, intercept=height[1:]), Table(states, (), shares))
    )
    assert program.table("a") == pytest.approx(shares)
    assert program.mechanism("a").cells() == pytest.approx(by_table.mechanism("a").cells())
    seen = {"b": "yes"}
    for one, other in zip(
        *((p.probabilities("b"), p.condition(seen).probabilities("a"), [p.condition(seen).log_likelihood])
          for p in (program, by_table)), strict=True
    ):  # fmt: skip
        assert one == pytest.approx(other)
