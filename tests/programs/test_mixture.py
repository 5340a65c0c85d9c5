"""Programs with discrete and linear-Gaussian variables are exact: against closed forms, brute force and draws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import causalpp as cpp
from causalpp import Dag, LinearGaussian, Logistic, Shift, Table, compile
from causalpp.errors import ImpossibleEvidence, InvalidParameter, TooLarge

DAG = Dag.from_edges([("g", "t"), ("g", "x"), ("t", "x"), ("x", "y"), ("g", "y"), ("y", "z")])


def trial() -> cpp.CausalProgram:
    """A group, a treatment chosen by it, and three numbers that depend on both."""
    return compile(
        DAG,
        mechanisms={
            "g": Table(("a", "b", "c"), (), [0.5, 0.3, 0.2]),
            "t": Table((0, 1), "g", [[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]]),
            "x": LinearGaussian(
                ("g", "t"),
                np.zeros((3, 2, 0)),
                [[0.0, 1.0], [2.0, 2.5], [-3.0, 0.5]],
                [[1.0, 0.5], [0.7, 1.0], [2.0, 0.1]],
            ),
            "y": LinearGaussian(("g", "x"), [[1.0], [-0.5], [2.0]], [0.0, 1.0, -1.0], [0.5, 1.0, 0.3]),
            "z": LinearGaussian("y", [2.0], 1.0, 0.8),
        },
    )


def by_hand(
    program: cpp.CausalProgram, seen: dict[str, float]
) -> dict[tuple[int, int], tuple[float, np.ndarray, np.ndarray]]:
    """(g, t) → its joint density with what was seen, and mean and covariance of (x, y, z) given both."""
    x, y = program.mechanism("x"), program.mechanism("y")
    assert isinstance(x, LinearGaussian)
    assert isinstance(y, LinearGaussian)
    out = {}
    names = ["x", "y", "z"]
    for g, t in itertools.product(range(3), range(2)):
        slope = float(y.coefficients[g, 0])
        load = np.array([[x.scale[g, t], 0, 0], [slope * x.scale[g, t], y.scale[g], 0], [0, 0, 0.8]])
        load[2] += 2 * load[1]
        mean = np.array([x.intercept[g, t], slope * x.intercept[g, t] + y.intercept[g], 0.0])
        mean[2] = 2 * mean[1] + 1
        cov = load @ load.T
        mass = float(program.table("g")[g] * program.table("t")[g, t])
        rows = [names.index(v) for v in seen]
        if rows:
            values = np.array(list(seen.values()))
            inside = cov[np.ix_(rows, rows)]
            mass *= float(stats.multivariate_normal(mean[rows], inside).pdf(values))
            gain = cov[:, rows] @ np.linalg.inv(inside)
            mean, cov = mean + gain @ (values - mean[rows]), cov - gain @ cov[rows]
        out[g, t] = mass, mean, cov
    return out


@pytest.mark.parametrize("seen", [{}, {"y": 1.3}, {"x": 0.2, "z": 4.0}, {"z": -2.0}])
def test_moments_probabilities_and_density(seen: dict[str, float]) -> None:
    program = trial()
    given = program.condition(seen) if seen else program
    parts = by_hand(program, seen)
    total = sum(mass for mass, _, _ in parts.values())
    mean = sum(mass * m for mass, m, _ in parts.values()) / total
    square = sum(mass * (c + np.outer(m, m)) for mass, m, c in parts.values()) / total
    found, covariance = given.moments(["x", "y", "z"])
    np.testing.assert_allclose(found, mean, rtol=1e-9)
    np.testing.assert_allclose(covariance, square - np.outer(mean, mean), atol=1e-9)
    law = np.array([[parts[g, t][0] for t in range(2)] for g in range(3)]) / total
    np.testing.assert_allclose(given.probabilities(["g", "t"]), law, rtol=1e-9)
    np.testing.assert_allclose(given.probabilities(["t", "g"]), law.T, rtol=1e-9)
    assert given.distribution("t")[1] == pytest.approx(law[:, 1].sum())
    assert given.mean("t") == pytest.approx(law[:, 1].sum())
    if seen:
        assert given.log_likelihood == pytest.approx(math.log(total))
    both = given.condition(g="b")
    some = [parts[1, t] for t in range(2)]
    assert both.log_likelihood == pytest.approx(math.log(sum(mass for mass, _, _ in some)))
    assert both.mean("y") == pytest.approx(sum(mass * m[1] for mass, m, _ in some) / sum(mass for mass, _, _ in some))


def test_effects_are_exact_and_agree_with_draws() -> None:
    program = trial()
    exact = cpp.ate(program, "t", "z")
    assert "exact" in str(exact)
    # By the formula: Σ P(g) · 2 · slope(g) · (intercept(g, 1) − intercept(g, 0)).
    by_formula = 0.5 * 2 * 1.0 * 1.0 + 0.3 * 2 * -0.5 * 0.5 + 0.2 * 2 * 2.0 * 3.5
    assert exact.value == pytest.approx(by_formula)
    drawn = cpp.ate(program, "t", "z", samples=100_000, seed=1)
    assert drawn.value == pytest.approx(exact.value, abs=5 * drawn.standard_error + 1e-9)
    treated, some = cpp.att(program, "t", "z"), cpp.cate(program, "t", "z", given={"g": "c"})
    shares = program.condition(t=1).probabilities(["g"])
    assert treated.value == pytest.approx(float(shares @ [2.0, -0.5, 14.0]))
    assert some.value == pytest.approx(14.0)


def test_counterfactuals_are_exact() -> None:
    """Noise by hand: in each group of the unseen g, that of x, and of y given x, is what was seen minus the mean."""
    program = trial()
    seen = {"t": 0, "x": 1.5, "y": 2.0}
    after = program.counterfactual(seen, {"t": 1})
    x, y = program.mechanism("x"), program.mechanism("y")
    assert isinstance(x, LinearGaussian)
    assert isinstance(y, LinearGaussian)
    weight, value = [], []
    for g in range(3):
        fits = stats.norm(x.intercept[g, 0], x.scale[g, 0]).pdf(1.5)
        fits *= stats.norm(y.coefficients[g, 0] * 1.5 + y.intercept[g], y.scale[g]).pdf(2.0)
        weight.append(program.table("g")[g] * program.table("t")[g, 0] * fits)
        other = x.intercept[g, 1] + x.scale[g, 1] * (1.5 - x.intercept[g, 0]) / x.scale[g, 0]
        value.append(2.0 + y.coefficients[g, 0] * (other - 1.5))
    assert after.mean("y") == pytest.approx(np.dot(weight, value) / sum(weight))
    assert after.mean("y", samples=200_000, seed=2) == pytest.approx(after.mean("y"), abs=0.03)
    assert program.counterfactual(seen, {"t": 0}).mean("y") == pytest.approx(2.0)
    assert after.do(y=Shift(1.0)).mean("y") == pytest.approx(after.mean("y") + 1.0)
    worlds = program.worlds(on={"t": 1}, off={"t": 0})
    mean, covariance = worlds.moments([("on", "z"), ("off", "z")])
    drawn, _, _ = worlds.draw(200_000, seed=3, variables=[("on", "z"), ("off", "z")])
    table = np.stack([drawn["on", "z"], drawn["off", "z"]])
    np.testing.assert_allclose(mean, table.mean(1), atol=0.06)
    np.testing.assert_allclose(covariance, np.cov(table), rtol=0.03)


def test_units_and_origins_do_not_matter() -> None:
    mechanisms = {
        "g": Table((0, 1), (), [0.5, 0.5]),
        "x": LinearGaussian(("g",), np.zeros((2, 0)), [1.7e9, 1.7e9 + 2.0], [1.0, 1.0]),
    }
    program = compile(Dag.from_edges([("g", "x")]), mechanisms=mechanisms)
    mean, covariance = program.moments("x")
    assert mean[0] - 1.7e9 == pytest.approx(1.0)
    assert covariance[0, 0] == pytest.approx(2.0)
    assert program.condition(x=1.7e9 + 1.5).distribution("g")[1] == pytest.approx(1 / (1 + math.exp(-1.0)), rel=1e-6)


def test_what_stays_out_of_reach_says_so() -> None:
    chain = Dag.from_edges([("x", "d"), ("d", "y")])
    program = compile(
        chain,
        mechanisms={
            "x": LinearGaussian(),
            "d": Logistic((0, 1), "x", [1.0]),
            "y": LinearGaussian(("d",), np.zeros((2, 0)), [0.0, 1.0], [1.0, 1.0]),
        },
    )
    with pytest.raises(InvalidParameter, match="not linear-Gaussian"):
        program.mean("y")
    with pytest.raises(InvalidParameter, match="simulate"):
        program.probabilities(["d"])
    assert "simulation" in str(cpp.ate(program, "x", "y", treated=1.0, control=0.0, samples=1000))
    names = [f"d{i}" for i in range(16)]
    wide = compile(
        Dag.from_edges([(v, "y") for v in names]),
        mechanisms={
            **{v: Table((0, 1), (), [0.5, 0.5]) for v in names},
            "y": LinearGaussian(names, np.zeros((2,) * 16 + (0,)), np.zeros((2,) * 16), 1.0),
        },
    )
    with pytest.raises(TooLarge, match="samples="):
        wide.mean("y")
    assert "simulation" in str(cpp.ate(wide, "d0", "y", samples=100))
    certain = compile(
        Dag.from_edges([("d", "y")]),
        mechanisms={
            "d": Table((0, 1), (), [0.5, 0.5]),
            "y": LinearGaussian(("d",), np.zeros((2, 0)), [0.0, 1.0], [0.0, 0.0]),
        },
    )
    assert certain.condition(y=1.0).distribution("d")[1] == 1.0
    with pytest.raises(ImpossibleEvidence):
        certain.condition(y=0.5).mean("d")
    some = compile(
        Dag.from_edges([("d", "y")]),
        mechanisms={
            "d": Table((0, 1), (), [0.01, 0.99]),
            "y": LinearGaussian(("d",), np.zeros((2, 0)), [0.0, 0.0], [0.0, 1e-9]),
        },
    )
    assert some.condition(y=0.0).distribution("d")[0] == 1.0  # certain there, and of probability zero under the other
    assert some.condition(y=1e-12).distribution("d")[0] == 0.0
