"""Mechanisms at their edges: densities with gradients, text that runs on its own, clear refusals, copies."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pyro
import pyro.distributions as dist
import pytest
import torch
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from torch import Tensor

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.graphs.random import all_dags
from causalpp.programs import Response
from causalpp.programs.bulk import compile_batch
from causalpp.programs.identification import Estimand, Probability, adjusted_effect
from causalpp.programs.interventions import Shift
from causalpp.programs.mechanisms import AdditiveNoise, Function, Gamma, LinearGaussian, Logistic, Mechanism, Table
from causalpp.programs.source import identifiers

EDGE = Dag.from_edges([("x", "y")])
_FACTOR = 2.0


def edge(x: Mechanism, y: Mechanism) -> cpp.CausalProgram:
    return cpp.compile(EDGE, mechanisms={"x": x, "y": y})


def ran(program: cpp.CausalProgram) -> Any:
    """A run of the model that the program's text defines, site by site, and what it returns."""
    scope: dict[str, Any] = {}
    exec(program.source(), scope)
    return poutine.trace(scope["model"]).get_trace()


def returned(program: cpp.CausalProgram) -> dict[str, Tensor]:
    found: dict[str, Tensor] = ran(program).nodes["_RETURN"]["value"]
    return found


# --- densities ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_function_with_an_inverse_passes_gradients_to_its_parents() -> None:
    """x ~ N(0, 1), y = x + 0.3 u seen as 2: by hand x | y has mean 2 / 1.09 and variance 0.09 / 1.09."""
    program = edge(LinearGaussian(), Function(lambda x, u: x + 0.3 * u, "x", inverse=lambda y, x: (y - x) / 0.3))
    seen = program.condition(y=2.0)
    with torch.random.fork_rng(devices=[]), pyro.get_param_store().scope():
        pyro.set_rng_seed(0)
        guide = AutoNormal(seen)
        svi = SVI(seen, guide, pyro.optim.Adam({"lr": 0.03}), Trace_ELBO(num_particles=4))
        for _ in range(400):
            svi.step()
        found = float(guide.median()["x"])
    assert found == pytest.approx(2 / 1.09, abs=0.15)


def test_the_density_of_a_function_is_that_of_the_law_it_stands_for() -> None:
    mechanism = Function(lambda x, u: x * torch.exp(u), "x", inverse=lambda y, x: torch.log(y / x))
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    value = torch.tensor(2.5)  # one value shared by three rows: a slope for each
    found = mechanism.log_prob(value, [x])
    expected = dist.LogNormal(x.log(), 1.0).log_prob(value)
    torch.testing.assert_close(found, expected)
    (mine,) = torch.autograd.grad(found.sum(), x)
    (theirs,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(mine, theirs)
    assert not mechanism.log_prob(value, [x.detach()]).requires_grad
    with torch.no_grad():
        assert not mechanism.log_prob(value, [x]).requires_grad
    positive = Function(lambda x, u: x + u, "x", noise=dist.Exponential(2.0), inverse=lambda y, x: y - x)
    below = positive.log_prob(torch.tensor([1.0, 3.0]), [torch.tensor(2.0)])
    torch.testing.assert_close(below, torch.tensor([-np.inf, np.log(2) - 2], dtype=torch.float32))
    flat = Function(lambda x, u: x + u, "x", inverse=lambda y, x: x)
    with pytest.raises(errors.InvalidParameter, match="depends on the value"):
        flat.log_prob(value, [x])


def mixed() -> cpp.CausalProgram:
    """Without noise where the group is a."""
    return cpp.compile(
        Dag.from_edges([("g", "y")]),
        mechanisms={
            "g": Table(("a", "b"), (), [0.5, 0.5]),
            "y": LinearGaussian("g", np.zeros((2, 0)), [1.0, 3.0], [0.0, 2.0]),
        },
    )


def test_linear_gaussian_with_noise_in_some_rows_only() -> None:
    program = mixed()
    drawn = program.simulate(200, seed=0)
    assert (drawn.y[drawn.g == "a"] == 1.0).all()
    assert drawn.y[drawn.g == "b"].std() > 1
    assert program.condition(y=2.5).distribution("g", samples=1000)["b"] == pytest.approx(1.0)
    with pyro.plate("rows", 50):
        values = program()
    assert (values["y"][values["g"] == 0] == 1.0).all()
    for g, y, expected in [
        (0, 1.0, 0.0),
        (0, 2.0, -np.inf),
        (1, 2.0, float(dist.Normal(3.0, 2.0).log_prob(torch.tensor(2.0)))),
    ]:
        data = {"g": torch.tensor(g), "y": torch.tensor(y)}
        trace = poutine.trace(poutine.condition(program, data=data)).get_trace()
        assert float(trace.log_prob_sum()) == pytest.approx(np.log(0.5) + expected)
    with pytest.raises(errors.InvalidParameter, match="small scale"):
        program.source()


# --- text ---------------------------------------------------------------------------------------------


def doubled(x: Tensor, noise: Tensor) -> Tensor:
    return 2 * x + noise


def alone(noise: Tensor) -> Tensor:
    return noise


def y(noise: torch.Tensor) -> torch.Tensor:
    return abs(noise)


def plain(x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    return 2 * x + noise


def scaled(x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    return _FACTOR * x + noise


def test_names_that_the_text_uses_itself() -> None:
    names = ("x", "x_noise", "x_natural", "__debug__", "abs", "y", "plain")
    dag = Dag(names, [("x", "x_noise"), ("x_noise", "plain")])
    program = cpp.compile(
        dag,
        mechanisms={
            "x": Function(y),
            "x_noise": Function(plain, "x"),
            "x_natural": LinearGaussian(),
            "__debug__": LinearGaussian(),
            "abs": LinearGaussian((), [], 5.0),
            "y": LinearGaussian((), [], 7.0, 0.0),
            "plain": LinearGaussian("x_noise", [1.0], 0.0, 0.0),
        },
    )
    trace = ran(program)
    values = {name: trace.nodes[name]["value"] for name in names}
    u, v = trace.nodes["x.noise"]["value"], trace.nodes["x_noise.noise"]["value"]
    assert values["x"] == abs(u)
    assert values["x_noise"] == 2 * values["x"] + v
    assert values["y"] == 7.0
    assert values["plain"] == values["x_noise"]
    assert len(set(identifiers(names).values())) == len(names)
    seen = cpp.compile(Dag(["x", "x_natural"]), mechanisms={v: LinearGaussian() for v in ("x", "x_natural")})
    got = returned(seen.condition(x=1.0).do(x=4.0))
    assert got["x"] == 4.0
    assert got["x_natural"] not in (1.0, 4.0)


def test_numbers_are_printed_in_full() -> None:
    program = edge(LinearGaussian((), [], 1234567.8, 0.1234567891), LinearGaussian("x", [1 / 3], -2.5, 1.5))
    text = program.source()
    assert "dist.Normal(1234567.8, 0.1234567891)" in text
    assert "dist.Normal(-2.5 + 0.3333333333333333 * x, 1.5)" in text
    assert "torch.tensor(7654321.25)" in program.do(x=7654321.25).source()
    assert "obs=torch.tensor(7654321.25)" in program.condition(x=7654321.25).source()
    third = cpp.compile(Dag("a"), mechanisms={"a": Table((0, 1), (), [1 / 3, 2 / 3])})
    assert "[0.333333, 0.666667]" in third.source()


def test_a_shift_of_what_was_seen_is_printed_with_its_noise() -> None:
    program = edge(LinearGaussian(), LinearGaussian("x", [2.0]))
    text = program.condition(x=2.0).do(x=Shift(1.5)).source()
    assert '    x = pyro.deterministic("x", x_natural + 1.5)  # do' in text
    assert returned(program.condition(x=2.0).do(x=Shift(1.5)))["x"] == 3.5
    assert returned(program.condition(x=2.0).do(x=Shift(1.5)).do(x=Shift(-2.0)))["x"] == 1.5
    for changed in (program.condition(x=2.0).do(x=lambda x: 2 * x), program.do(x=lambda x: 2 * x)):
        with pytest.raises(errors.InvalidParameter, match="cannot print") as caught:
            changed.source()
        assert "_Modified" not in str(caught.value)
    pushed = edge(Gamma(), LinearGaussian("x", [2.0])).do(x=Shift(1.0))
    with pytest.raises(errors.InvalidParameter, match="shifted by do"):
        pushed.source()
    bit = cpp.compile(Dag("b"), mechanisms={"b": Table((0, 1), (), [0.5, 0.5])})
    with pytest.raises(errors.InvalidParameter, match="keeps its noise"):
        bit.condition(b=1).do(b=lambda b: 1 - b).source()
    assert returned(bit.do(b=lambda b: 1 - b))["b"] in (0, 1)


@pytest.mark.parametrize(
    ("law", "shown"),
    [
        (dist.Bernoulli(0.3), "dist.Bernoulli(probs=0.3)"),
        (dist.Geometric(logits=torch.tensor(0.0)), "dist.Geometric(probs=0.5)"),
        (dist.Binomial(10, torch.tensor(0.25)), "dist.Binomial(total_count=10.0, probs=0.25)"),
        (dist.Gamma(2.0, 0.1), "dist.Gamma(concentration=2.0, rate=0.1)"),
        (dist.LogNormal(0.0, 0.7), "dist.LogNormal(loc=0.0, scale=0.7)"),
        (dist.Categorical(torch.tensor([0.25, 0.75])), "Categorical(torch.tensor([0.25, 0.75]))"),
    ],
)  # fmt: skip
def test_noise_is_printed_as_it_was_given(law: Any, shown: str) -> None:
    program = edge(LinearGaussian(), Function(plain, "x", noise=law))
    assert f"{shown})" in program.source()
    trace = ran(program)
    values = {name: trace.nodes[name]["value"] for name in ("x", "y", "y.noise")}
    torch.testing.assert_close(values["y"], 2 * values["x"] + values["y.noise"])


def test_what_cannot_be_printed_is_refused() -> None:
    transformed = dist.TransformedDistribution(dist.Normal(0.0, 1.0), [dist.transforms.AffineTransform(1.0, 2.0)])
    with pytest.raises(errors.InvalidParameter, match="TransformedDistribution"):
        edge(LinearGaussian(), Function(plain, "x", noise=transformed)).source()
    factor = 3.0

    def closed(x: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return factor * x + noise

    for function in (closed, scaled, doubled, lambda x, u: x + u):  # doubled has an annotation from outside
        program = edge(LinearGaussian(), Function(function, "x"))
        assert len(program.simulate(3)) == 3
        with pytest.raises(errors.InvalidParameter, match="cannot be printed"):
            program.source()


# --- refusals -----------------------------------------------------------------------------------------


class Threshold(Mechanism):
    """A law of one's own that has neither a table nor text."""

    noise, states = dist.Uniform(0.0, 1.0), ("no", "yes")

    def __init__(self, *parents: str) -> None:
        self.parents = parents

    def distribution(self, parents: Any) -> dist.TorchDistribution:
        p = torch.sigmoid(sum(parents, torch.tensor(0.0)))
        return dist.Categorical(torch.stack([1 - p, p], -1))

    def assign(self, noise: Tensor, parents: Any) -> Tensor:
        return (noise > 1 - torch.sigmoid(sum(parents, torch.tensor(0.0)))).long()


@pytest.mark.parametrize("x", [LinearGaussian(), Table((0, 1), (), [0.5, 0.5])], ids=["real", "discrete"])
def test_a_law_of_ones_own_without_a_table_is_not_printed(x: Mechanism) -> None:
    with pytest.raises(errors.InvalidParameter, match="mechanism of 'y' cannot be printed as source: it has no table"):
        edge(x, Threshold("x")).source()


def frame(n: int = 40) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    x = draw.integers(2, size=n)
    return pd.DataFrame({"x": x, "y": x + draw.normal(size=n), "b": draw.integers(2, size=n)})


_BY_HAND = Estimand(("x",), ("b",), (), Probability(("b",), ("x",)), "by hand")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Function(alone, noise=5), "distribution of Pyro"),
        (lambda: Function(alone, noise=dist.Normal(torch.zeros(2), 1.0)), "one number a row"),
        (lambda: Function(alone, noise=dist.Dirichlet(torch.ones(2))), "one number a row"),
        (lambda: Function(alone, noise=dist.Categorical(torch.ones(2, 2))), "one number a row"),
        (lambda: Function(alone, inverse=3), "inverse="),
        (lambda: Table((None, 1), (), [0.5, 0.5]), "a missing value"),
        (lambda: Table((np.nan, 1), (), [0.5, 0.5]), "a missing value"),
        (lambda: Table((pd.NA, 1), (), [0.5, 0.5]), "a missing value"),
        (lambda: Logistic((None, "yes")), "a missing value"),
        (lambda: Table((), (), []), "^a table's variable has no states"),
        (lambda: Table(("a", "a"), (), [0.5, 0.5]), "^a table's variable has a state twice: a, a"),
        (lambda: Table(3, (), [0.5, 0.5]), "needs a list of its states, got 3"),
        (lambda: Table((0, 1), 5, [0.5, 0.5]), "names of variables, got 5"),
        (lambda: Table((0, 1), (5,), [[0.5, 0.5]]), "names of variables, got 5"),
        (lambda: LinearGaussian(5, [1.0]), "names of variables"),
        (lambda: Table((0, 1), (), [0.5, 0.5], concentration="a"), "concentration holds numbers, got 'a'"),
        (lambda: Table((0, 1), (), [0.5, 0.5], concentration=[1.0, np.inf]), "positive and finite"),
        (lambda: Table.from_concentration((0, 1), (), "a"), "holds numbers"),
        (lambda: Table((0, 1), (), [1.0]), r"needs shape \(2,\), got \(1,\)"),
        (lambda: compile_batch(all_dags(["x", "b"]), frame()[["x", "b"]].to_numpy()), "data frame"),  # type: ignore[arg-type]
        (lambda: compile_batch(all_dags(["x", "b"]), frame(), prior="x"), "prior is a number"),  # type: ignore[arg-type]
        (lambda: adjusted_effect(frame(), "x", "y", method="regression", treated="a"), "treated= .* number"),
        (lambda: _BY_HAND.evaluate(frame(), None), "do= "),  # type: ignore[arg-type]
        (lambda: _BY_HAND.evaluate(frame(), {"x": 1}, given=3), "given= "),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_misuse(call: Any, message: str) -> None:
    with pytest.raises(errors.InvalidParameter, match=message):
        call()


# --- copies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mechanism",
    [
        Table((0, 1), (), [0.25, 0.75], [1.0, 3.0]),
        Response((0, 1), (), [0.25, 0.75], [1, 0]),
        LinearGaussian("x", [2.0], 1.0, 0.5),
        LinearGaussian("x", [2.0], 1.0, 0.5).shifted(1.0),
        Logistic((0, 1), "x", [2.0]),
        AdditiveNoise.random("x"),
        Function(plain, "x", noise=dist.Categorical(torch.tensor([0.25, 0.75]))),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_copies_stay_read_only(mechanism: Mechanism) -> None:
    noise = torch.tensor([0.2, 0.6], dtype=torch.float64)
    parents = [torch.zeros(2, dtype=torch.float64) for _ in mechanism.parents]
    before = mechanism.assign(noise, parents)
    for again in (pickle.loads(pickle.dumps(mechanism)), copy.deepcopy(mechanism), copy.copy(mechanism)):
        torch.testing.assert_close(again.assign(noise, parents), before)
        arrays = [value for value in vars(again).values() if isinstance(value, np.ndarray)]
        assert arrays
        assert not any(value.flags.writeable for value in arrays)
        assert (again.base is None) == (mechanism.base is None)


def test_a_copy_of_a_mechanism_with_gradients() -> None:
    slope = torch.tensor([2.0], requires_grad=True)
    parameters = {"coefficients": 2 * slope, "intercept": torch.tensor(0.0), "scale": torch.tensor(1.0)}
    again = copy.deepcopy(LinearGaussian("x", [1.0]).with_parameters(parameters))
    assert again.parameters["coefficients"].tolist() == again.coefficients.tolist() == [4.0]


def test_adjusted_effects_as_json() -> None:
    found = adjusted_effect(frame(), "x", "y", method="regression")
    read = json.loads(found.to_json())
    assert read["value"] == found.value
    assert read["under_treated"] is None
    assert "NaN" not in found.to_json()
