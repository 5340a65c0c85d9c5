"""Units do not matter: a column shifted and rescaled gives the same fits and effects, told in its new unit.

Seconds since 1970, Julian dates, squared years, degrees from a satellite, a rate and a gross domestic product are all
columns of real numbers; what a fit says of the others must not depend on which of these one of them is in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import Dag, DagBatch, errors

#: How a column is told: what is added, and what it is multiplied by.
UNITS = {
    "tiny": (0.0, 1e-6),
    "huge": (0.0, 1e6),
    "seconds since 1970": (1.7e9, 60.0),
    "julian date": (2.46e6, 0.5),
    "squared year": (2023.0**2, 4000.0),
    "degrees": (51.5, 1e-6),
    "far and huge": (-1e12, 1e6),
}
DAG = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])


def frame(n: int = 300, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    z = draw.normal(size=n)
    x = z + draw.normal(size=n)
    g = draw.choice(["a", "b"], size=n)
    return pd.DataFrame({"z": z, "x": x, "g": g, "y": 0.5 * x + z + (g == "b") + draw.normal(size=n)})


def told(rows: pd.DataFrame, name: str, unit: tuple[float, float]) -> pd.DataFrame:
    return rows.assign(**{name: unit[0] + unit[1] * rows[name]})


def tolerance(unit: tuple[float, float]) -> float:
    """What the sixteen digits of the column itself leave."""
    return 1e-8 + 1e-14 * abs(unit[0] / unit[1])


def sides(name: str, unit: tuple[float, float]) -> dict[str, float]:
    """The two values of x that are compared, told in its unit."""
    shift, scale = unit if name == "x" else (0.0, 1.0)
    return {"treated": shift + scale * 2.0, "control": shift - scale * 1.0}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("name", ["z", "x", "y"])
def test_linear_fits_and_effects(name: str, unit: tuple[float, float]) -> None:
    usual = cpp.compile(DAG, data=frame())
    other = cpp.compile(DAG, data=told(frame(), name, unit))
    scale = unit[1] if name == "y" else 1.0
    first = cpp.ate(usual, "x", "y", **sides("", unit), draws=5)
    second = cpp.ate(other, "x", "y", **sides(name, unit), draws=5)
    assert second.value / scale == pytest.approx(first.value, abs=tolerance(unit))
    assert second.draws / scale == pytest.approx(first.draws, abs=10 * tolerance(unit))
    noise = other.mechanism("y").scale / scale
    assert noise == pytest.approx(usual.mechanism("y").scale, rel=tolerance(unit))


FITS: list[Any] = [
    lambda rows, kinds: cpp.compile(DAG, data=rows, kinds=kinds, check=False).drawn(1),
    lambda rows, kinds: cpp.compile_batch(DagBatch.from_dags([DAG]), rows, kinds=kinds).ate(
        "x", "y", parameter_draws=2
    ),
    lambda rows, _: cpp.adjusted_effect(rows, "x", "y", ["z"], method="regression").interval(),
]


@pytest.mark.parametrize("fit", FITS, ids=["single", "bulk", "adjusted"])
def test_nasty_columns_end_in_numbers_or_in_one_line(fit: Any) -> None:
    """Constant, copied, far, huge, tiny and few: never an error of the linear algebra, never a warning of it."""
    refused = 0
    for seed in range(120):
        draw = np.random.default_rng(seed)
        n = int(draw.choice([3, 5, 6, 8, 12, 40]))
        z = draw.normal(size=n)
        columns = {}
        for name, v in (("z", z), ("x", z + draw.normal(size=n)), ("y", draw.normal(size=n))):
            ways = [v, 2 * v, 1e300 * v, 1e-320 * v, 0 * v + 0.1, 1.7e9 + 60 * v, 1e16 + v, 3 * z, 5 + z / 1e6]
            columns[name] = ways[draw.integers(len(ways))]
        try:
            fit(pd.DataFrame(columns), dict.fromkeys("zxy", "real"))
        except errors.InvalidData:
            refused += 1
    assert 20 < refused < 110


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("name", ["z", "x", "y"])
def test_batches_agree_with_programs_in_any_unit(name: str, unit: tuple[float, float]) -> None:
    rows = frame().drop(columns="g")
    dags = DagBatch.from_dags([Dag("zxy", [("z", "x"), ("z", "y"), ("x", "y")]), Dag("zxy", [("x", "z"), ("z", "y")])])
    usual, other = (cpp.compile_batch(dags, data) for data in (rows, told(rows, name, unit)))
    shift, scale = unit if name == "y" else (0.0, 1.0)
    before, after = sides("", unit), sides(name, unit)
    effect = other.ate("x", "y", **after).value.numpy()
    assert effect / scale == pytest.approx(usual.ate("x", "y", **before).value.numpy(), rel=tolerance(unit))
    drawn = [
        batch.ate("x", "y", **x, parameter_draws=5, seed=1).value for batch, x in ((usual, before), (other, after))
    ]
    assert drawn[1].numpy() / scale == pytest.approx(drawn[0].numpy(), rel=10 * tolerance(unit))
    law, plain = other.interventional("y", {}), usual.interventional("y", {})
    assert ((law.mean - shift) / scale).numpy() == pytest.approx(plain.mean.numpy(), abs=tolerance(unit))
    assert (law.variance / scale**2).numpy() == pytest.approx(plain.variance.numpy(), rel=tolerance(unit))
    for number, dag in enumerate(dags):
        program = cpp.compile(dag, data=told(rows, name, unit))
        single = cpp.ate(program, "x", "y", **after).value
        assert effect[number] / scale == pytest.approx(single / scale, abs=tolerance(unit))
        assert law.variance[number].item() == pytest.approx(_variance(program, "y"), rel=tolerance(unit))


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        *((kind, unit) for kind in ("logistic", "states", "poisson", "wide", "gamma") for unit in UNITS.values()),
        pytest.param("network", UNITS["degrees"], marks=pytest.mark.slow),
    ],
)
def test_parents_of_other_mechanisms(kind: str, unit: tuple[float, float]) -> None:
    rows, draw = frame(), np.random.default_rng(1)
    eta = 0.5 * rows.x.to_numpy() - 0.3
    rows["y"] = {
        "logistic": lambda: np.where(draw.random(300) < 1 / (1 + np.exp(-eta)), "yes", "no"),
        "states": lambda: np.array(["a", "b", "c"])[(draw.logistic(size=300) + eta > [[-1.0], [1.0]]).sum(0)],
        "poisson": lambda: draw.poisson(np.exp(eta)).astype(float),
        "wide": lambda: draw.poisson(draw.gamma(2.0, np.exp(eta))).astype(float),
        "gamma": lambda: draw.gamma(2.0, np.exp(eta)),
        "network": lambda: np.tanh(eta) + draw.normal(0, 0.1, size=300),
    }[kind]()
    named = {"states": "logistic", "wide": "negative_binomial"}.get(kind, kind)
    dag = Dag.from_edges([("z", "y"), ("x", "y"), ("g", "y")])
    found = [cpp.compile(dag, data=data, mechanisms={"y": named}) for data in (rows, told(rows, "z", unit))]
    assert all(program.fit is not None and program.fit.converged for program in found) or kind == "network"
    laws = [[_slopes(p.mechanism("y")) for p in (program, *program.posterior_draws(5, seed=2))] for program in found]
    # A network has many minima a hair apart; the rest has one.
    close = 0.2 if kind == "network" else 10 * tolerance(unit)
    for first, second in zip(*laws, strict=True):
        assert second == pytest.approx(first, rel=close, abs=close)


def _slopes(mechanism: Any) -> list[float]:
    """What the mechanism says of g and x, which have kept their units; of a network, its noise."""
    if not hasattr(mechanism, "coefficients"):
        return [float(mechanism.scale)]
    at = [place for place, parent in enumerate(mechanism.parents) if parent != "z"]
    return [float(value) for value in np.asarray(mechanism.coefficients)[..., at].ravel()]


def _variance(program: cpp.CausalProgram, name: str) -> float:
    """The variance of a variable of a linear program, by sums over its own and its ancestors' noise."""
    reach = {name: 1.0}
    for v in reversed(program.dag.topological_order):
        mechanism: Any = program.mechanism(v)
        for parent, slope in zip(mechanism.parents, mechanism.coefficients, strict=True):
            reach[parent] = reach.get(parent, 0.0) + reach.get(v, 0.0) * float(slope)
    return float(sum((reach.get(v, 0.0) * float(program.mechanism(v).scale)) ** 2 for v in program.dag.nodes))


@pytest.mark.slow
def test_a_mechanism_of_ones_own_leaves_the_other_columns_their_scales() -> None:
    """Its law speaks of its columns in their own units; a column in seconds beside it is fitted as ever."""
    rows = frame(500).assign(t=lambda f: 1.7e9 + 60 * f["z"])
    rows["late"] = 0.5 * rows["t"] / 60 + np.random.default_rng(1).normal(size=len(rows))
    dag = Dag.from_edges([("z", "x"), ("t", "late")])
    first = cpp.compile(dag, data=rows)
    program = cpp.compile(dag, data=rows, mechanisms={"x": first.mechanism("x")}, method="svi", steps=1500, check=False)
    late = program.mechanism("late")
    assert float(late.coefficients[0]) * 60 == pytest.approx(0.5, abs=0.1)
    assert float(late.scale) == pytest.approx(float(first.mechanism("late").scale), rel=0.1)
    assert float(program.mechanism("x").coefficients[0]) == pytest.approx(1.0, abs=0.2)
