"""Units do not matter: what a program says is the same after any real column is shifted and stretched.

A program in other units is written down by rescaling the parameters of its mechanisms; conditions, counterfactuals and
effects then are those of the first one, rescaled, and the density differs by the Jacobian only.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import causalpp as cpp
from causalpp import AdditiveNoise, Dag, Function, Gamma, LinearGaussian, Logistic, Poisson, Response, Table, compile
from causalpp.programs.mechanisms import Mechanism

DAG = Dag.from_edges([("g", "x"), ("x", "y"), ("g", "y"), ("y", "z")])
Unit = tuple[float, float]  # origin and size: a value in the new unit is (old − origin) / size
UNITS: list[tuple[Unit, Unit]] = [
    ((0.0, 1e6), (0.0, 1e-6)),
    ((3.0, 1e-6), (-2.0, 1e6)),
    ((-1e6, 1.0), (1e6, 1e-3)),
    ((1e3, 1e6), (1e-3, 1e-6)),
]
GROUP = Table(("a", "b"), (), [0.4, 0.6])


def linear(x: Unit, y: Unit) -> LinearGaussian:
    slope, intercept, scale = np.array([1.5, -0.5]), np.array([0.3, 1.0]), np.array([0.8, 1.2])
    origin = intercept + slope * x[0] - y[0]
    return LinearGaussian(("g", "x"), (slope * x[1] / y[1])[:, None], origin / y[1], scale / y[1])


def network(x: Unit, y: Unit) -> AdditiveNoise:
    hidden, bias, output = np.array([[0.4, 1.0], [-0.7, -0.6]]), np.array([0.1, 0.2]), np.array([1.0, 2.0])
    at = bias + hidden[:, 1] * x[0]
    inner = hidden * [1.0, x[1]]
    return AdditiveNoise(("g", "x"), inner, at, output / y[1], -y[0] / y[1], 0.7 / y[1], sizes=(2,))


def function(x: Unit, y: Unit) -> Function:
    def forward(g: torch.Tensor, x_: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
        old = x_ * x[1] + x[0]
        return (torch.sinh(e) + g * old - y[0]) / y[1]

    def back(y_: torch.Tensor, g: torch.Tensor, x_: torch.Tensor) -> torch.Tensor:
        return torch.asinh(y_ * y[1] + y[0] - g * (x_ * x[1] + x[0]))

    return Function(forward, ("g", "x"), inverse=back)


def gamma(x: Unit, y: Unit) -> Gamma:
    """A positive number has no other origin, so its unit only changes; a slope is on a parent that may be shifted."""
    return Gamma(("g", "x"), [0.3, 0.2 * x[1]], 0.5 + 0.2 * x[0] - math.log(y[1]), 2.5, sizes=(2,))


def poisson(x: Unit, y: Unit) -> Poisson:  # counts have one unit
    return Poisson(("g", "x"), [0.3, 0.2 * x[1]], 0.5 + 0.2 * x[0], sizes=(2,))


def logistic(x: Unit, y: Unit) -> Logistic:  # states have none
    return Logistic(
        (0, 1, 2), ("g", "x"), [[0.3, 0.8 * x[1]], [-0.2, -0.5 * x[1]]], [0.8 * x[0], 0.1 - 0.5 * x[0]], (2,)
    )


KINDS = {
    "linear": linear,
    "network": network,
    "function": function,
    "gamma": gamma,
    "poisson": poisson,
    "logistic": logistic,
}
OWN = {"linear", "network", "function"}  # whose value may have any origin and unit


def made(kind: str, x: Unit, y: Unit) -> cpp.CausalProgram:
    mechanisms: dict[str, Mechanism] = {
        "g": GROUP,
        "x": LinearGaussian(
            ("g",), np.zeros((2, 0)), (np.array([0.5, 2.0]) - x[0]) / x[1], np.array([1.0, 0.5]) / x[1]
        ),
        "y": KINDS[kind](x, y),
    }
    edges = [("g", "x"), ("g", "y"), ("x", "y")]
    if kind != "logistic":
        mechanisms["z"] = LinearGaussian("y", [2.0 * y[1]], 1.0 + 2.0 * y[0], 0.6)
        edges.append(("y", "z"))
    return compile(Dag.from_edges(edges), mechanisms=mechanisms)


def units_of(kind: str, x: Unit, y: Unit) -> dict[str, Unit]:
    own = y if kind in OWN else (0.0, y[1]) if kind == "gamma" else (0.0, 1.0)
    return {"x": x, "y": own, "z": (0.0, 1.0)}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(UNITS)))
def test_units_do_not_matter(kind: str, number: int) -> None:
    plain, units = (0.0, 1.0), units_of(kind, *UNITS[number])
    first, second = made(kind, plain, plain), made(kind, units["x"], units["y"])
    row = first.simulate(1, seed=number).iloc[0]
    # Rounding in the new unit: a large origin costs the digits it takes.
    rel = 1e-7 if all(abs(origin) <= 1e3 * size for origin, size in units.values()) else 1e-4

    def new(values: dict[str, object]) -> dict[str, object]:
        return {v: (float(a) - units[v][0]) / units[v][1] if v in units and first.mechanism(v).states is None else a
                for v, a in values.items()}  # fmt: skip

    def old(v: str, value: float) -> float:
        real = first.mechanism(v).states is None
        return value * units[v][1] + units[v][0] if real and v in units else value

    names = [v for v in first.variables if v != "g"]
    samples = None if kind == "linear" else 300
    last = "y" if kind == "logistic" else "z"
    seen_sets: list[dict[str, object]] = [
        {"x": float(row["x"])},
        {last: row[last]} if kind in ("linear", "logistic") else {"x": float(row["x"]), "y": float(row["y"])},
        {"x": float(row["x"]), "y": row["y"]},
    ]
    for seen in seen_sets:
        given, there = first.condition(seen), second.condition(new(seen))
        for v in names:
            mean = old(v, there.mean(v, samples=samples, seed=1))
            assert mean == pytest.approx(given.mean(v, samples=samples, seed=1), rel=rel, abs=rel)
        found = second.distribution("g", samples=samples, seed=1)
        assert found == pytest.approx(first.distribution("g", samples=samples, seed=1), abs=rel)
        if kind == "linear":
            jacobian = sum(math.log(units[v][1]) for v in seen)
            assert there.log_likelihood - jacobian == pytest.approx(given.log_likelihood, abs=1e-4)
        do = {"g": "b", "x": 0.2}
        for v in names:
            after = first.counterfactual(seen, do).mean(v, samples=samples, seed=2)
            same = second.counterfactual(new(seen), new(do)).mean(v, samples=samples, seed=2)
            assert old(v, same) == pytest.approx(after, rel=rel, abs=rel)
    one, two = (
        {"treated": 1.0, "control": -0.5},
        {k: new({"x": v})["x"] for k, v in (("treated", 1.0), ("control", -0.5))},
    )
    effect = cpp.ate(first, "x", "y", **one, samples=samples, seed=3)  # type: ignore[arg-type]
    other = cpp.ate(second, "x", "y", **two, samples=samples, seed=3)  # type: ignore[arg-type]
    size = units["y"][1] if first.mechanism("y").states is None else 1.0
    assert other.value * size == pytest.approx(effect.value, rel=rel, abs=rel)
    assert ("exact" in str(effect)) == ("exact" in str(other)) == (kind == "linear")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(UNITS)))
def test_densities_differ_by_the_jacobian(kind: str, number: int) -> None:
    units = units_of(kind, *UNITS[number])
    first, second = (KINDS[kind](*two) for two in (((0.0, 1.0), (0.0, 1.0)), (units["x"], units["y"])))
    draw = np.random.default_rng(number)
    g, x = torch.tensor(draw.integers(2, size=20)), torch.tensor(draw.normal(size=20))
    value = first.assign(torch.tensor(draw.random(20) if first.noise == "uniform" else draw.normal(size=20)), [g, x])
    there = [g, (x - units["x"][0]) / units["x"][1]]
    real = first.states is None
    moved = (value - units["y"][0]) / units["y"][1] if real else value
    expected = first.log_prob(value, [g, x]) + (math.log(units["y"][1]) if real else 0.0)
    torch.testing.assert_close(second.log_prob(moved, there), expected, rtol=1e-5, atol=1e-5)


def test_tables_and_responses_have_no_units() -> None:
    """Their parents are states, so numbers downstream of them are all that has a unit."""
    for mechanism in (
        Table((0, 1), "g", [[0.2, 0.8], [0.6, 0.4]]),
        Response((0, 1), "g", [0.2, 0.4, 0.4], [[0, 1, 1], [0, 0, 1]]),
    ):
        found = []
        for size in (1e-6, 1.0, 1e6):
            y = LinearGaussian(("t",), np.zeros((2, 0)), np.array([3.0, 5.0]) / size, np.array([1.0, 0.5]) / size)
            edges = Dag.from_edges([("g", "t"), ("t", "y")])
            program = compile(edges, mechanisms={"g": GROUP, "t": mechanism, "y": y})
            seen = {"g": "a", "y": 4.2 / size}
            found.append(program.counterfactual(seen, {"g": "b"}).mean("y") * size)
            assert program.condition(y=4.2 / size).distribution("t")[1] == pytest.approx(
                program.condition(y=4.2 / size).distribution("t", samples=50_000)[1], abs=0.02
            )
        assert found == pytest.approx([found[1]] * 3, rel=1e-9)
