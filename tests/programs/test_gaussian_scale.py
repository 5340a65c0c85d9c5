"""Linear-Gaussian conditioning at any scale, against the same algebra in two hundred digits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch

from causalpp import CausalProgram, Dag, Function, LinearGaussian, compile
from causalpp.errors import ImpossibleEvidence


def exactly(program: CausalProgram, seen: dict[str, float], asked: str) -> tuple[float, float, float]:
    """Mean and variance of a variable given what was seen, and the log density of that, in 200 digits."""
    with mpmath.workdps(200):
        names = list(program.variables)
        mean: dict[str, mpmath.mpf] = {}
        loading: dict[str, mpmath.matrix] = {}
        for s in program.statements:
            m = s.mechanism
            assert isinstance(m, LinearGaussian)
            row = mpmath.zeros(1, len(names))
            row[names.index(s.variable)] = mpmath.mpf(float(m.scale))
            centre = mpmath.mpf(float(m.intercept))
            for p, slope in zip(m.parents, m.coefficients, strict=True):
                row += mpmath.mpf(float(slope)) * loading[p]
                centre += mpmath.mpf(float(slope)) * mean[p]
            mean[s.variable], loading[s.variable] = centre, row
        rows = mpmath.matrix([[loading[v][i] for i in range(len(names))] for v in seen])
        apart = mpmath.matrix([mpmath.mpf(value) - mean[v] for v, value in seen.items()])
        inside = rows * rows.T
        solved = mpmath.lu_solve(inside, apart)
        across = loading[asked] * rows.T
        centre = mean[asked] + (across * solved)[0]
        variance = (loading[asked] * loading[asked].T)[0] - (across * mpmath.lu_solve(inside, across.T))[0]
        density = -(apart.T * solved)[0] / 2 - mpmath.log(mpmath.det(inside)) / 2
        density -= len(seen) * mpmath.log(2 * mpmath.pi) / 2
        return float(centre), float(variance), float(density)


def drawn(seed: int, reach: float) -> CausalProgram:
    """A random program on five variables, each in a unit of its own, up to ten to the power of ``reach`` apart."""
    draw = np.random.default_rng(seed)
    names = "abcde"
    unit = {v: 10 ** draw.uniform(-reach, reach) for v in names}
    edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if draw.random() < 0.6]
    dag = Dag(names, edges)
    made = {}
    for v in names:
        parents = dag.parents(v)
        slopes = [float(draw.normal()) * unit[v] / unit[p] for p in parents]
        made[v] = LinearGaussian(parents, slopes, draw.normal() * unit[v], draw.uniform(0.1, 2) * unit[v])
    return compile(dag, mechanisms=made)


@pytest.mark.parametrize("seed", range(12))
def test_conditioning_is_right_whatever_the_units(seed: int) -> None:
    program = drawn(seed, reach=10.0)
    row = {v: float(x) for v, x in program.simulate(1, seed=seed).iloc[0].items()}
    seen = {v: row[v] for v in np.random.default_rng(seed).permutation(list("abcde"))[: 2 + seed % 3]}
    given = program.condition(seen)
    for asked in program.variables:
        centre, variance, density = exactly(program, seen, asked)
        prior = math.sqrt(program.moments(asked)[1][0, 0])
        mean, covariance = given.moments(asked)
        assert mean[0] == pytest.approx(centre, rel=1e-9, abs=1e-9 * prior)
        assert covariance[0, 0] == pytest.approx(variance, rel=1e-6, abs=1e-12 * prior**2)
        assert given.log_likelihood == pytest.approx(density, rel=1e-9, abs=1e-9)


def test_a_rate_beside_a_gdp_is_evidence() -> None:
    dag = Dag.from_edges([("rate", "y"), ("gdp", "y")])
    program = compile(
        dag,
        mechanisms={
            "gdp": LinearGaussian((), (), 2e10, 5e9),
            "rate": LinearGaussian((), (), 0.03, 0.01),
            "y": LinearGaussian(("rate", "gdp"), [1.0, 0.0], 0.0, 1e-4),
        },
    )
    seen = program.condition(gdp=2.1e10, rate=0.05)
    assert seen.mean("y") == pytest.approx(0.05)
    by_hand = -0.02 - math.log(5e9) - 2.0 - math.log(0.01) - math.log(2 * math.pi)
    assert seen.log_likelihood == pytest.approx(by_hand)


def test_small_noise_beside_large_is_noise_and_none_is_none() -> None:
    dag = Dag.from_edges([("x", "y"), ("y", "z")])
    program = compile(
        dag,
        mechanisms={
            "x": LinearGaussian((), (), 0.0, 1e6),
            "y": LinearGaussian("x", [1.0], 0.0, 1e-6),
            "z": LinearGaussian("y", [2.0], 0.0, 0.0),
        },
    )
    seen = {"x": 262144.0, "y": 262144.0 + 2.0**-19}  # numbers that are exact in binary
    _, _, density = exactly(program, seen, "z")
    assert program.condition(seen).log_likelihood == pytest.approx(density, rel=1e-9)
    assert program.condition(seen).mean("z") == 2 * seen["y"]
    after = program.counterfactual(seen, {"x": 0.0})
    assert after.mean("y") == pytest.approx(2.0**-19, rel=1e-9)
    with pytest.raises(ImpossibleEvidence, match=r"z = 3\.0"):
        _ = program.condition(y=1.0, z=3.0).log_likelihood


@pytest.mark.parametrize("offset", [0.0, 1.7e9])
@pytest.mark.parametrize("unit", [1e-8, 1.0, 1e8])
def test_what_an_equation_without_noise_excludes_does_not_depend_on_units(unit: float, offset: float) -> None:
    dag = Dag.from_edges([("x", "s"), ("y", "s")])
    program = compile(
        dag,
        mechanisms={
            "x": LinearGaussian((), (), offset * unit, unit),
            "y": LinearGaussian((), (), 0.0, unit),
            "s": LinearGaussian(("x", "y"), [1.0, 1.0], 0.0, 0.0),
        },
    )
    x, y = (offset + 0.5) * unit, 0.25 * unit
    assert program.condition(x=x, y=y, s=x + y).log_likelihood == pytest.approx(
        -(0.5**2 + 0.25**2) / 2 - math.log(2 * math.pi) - 2 * math.log(unit), abs=1e-6
    )
    with pytest.raises(ImpossibleEvidence):
        _ = program.condition(x=x, y=y, s=x + y + 1e-3 * unit).log_likelihood


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_value_without_noise_is_compared_in_its_own_unit(unit: float) -> None:
    """By the mechanisms alone, as in simulations and in Pyro."""
    flat = LinearGaussian(("x",), [2.0], -1.0 * unit, 0.0)
    twice = Function(lambda x: 2 * x - unit, ("x",), noise=None)
    parents = [torch.tensor([0.5, 0.6, 0.7], dtype=torch.float64) * unit]
    for mechanism in (flat, twice):
        for value, fits in ((0.0, [True, False, False]), (0.2 * unit, [False, True, False])):
            found = mechanism.log_prob(torch.tensor(value, dtype=torch.float64).expand(3), parents)
            assert (found == 0).tolist() == fits
            assert torch.isinf(found[~torch.tensor(fits)]).all()
