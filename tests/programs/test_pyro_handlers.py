"""Pyro's handlers on variables whose site is computed: to condition is to observe, to do is to set."""

from __future__ import annotations

import math

import pyro
import pytest
import torch
from pyro import poutine
from pyro.infer import MCMC, NUTS, Importance, Predictive

import causalpp as cpp
from causalpp import Dag, Function, LinearGaussian, Shift, Table, compile
from causalpp.errors import ImpossibleEvidence, InvalidParameter

CHAIN = Dag.from_edges([("u", "x"), ("x", "y")])


def program(x: Function) -> cpp.CausalProgram:
    return compile(CHAIN, mechanisms={"u": LinearGaussian(), "x": x, "y": LinearGaussian("x", [1.0], 0.0, 0.5)})


OPAQUE = Function(lambda u, e: u + torch.sinh(e), ("u",))
OPEN = Function(lambda u, e: u + torch.sinh(e), ("u",), inverse=lambda x, u: torch.asinh(x - u))
UNIFORM = Function(lambda u, e: u + e, ("u",), noise="uniform")
STATES = Function(lambda u, e: (u + e > 0).long(), ("u",), (0, 1))
NONE = Function(lambda u: 2 * u, ("u",), noise=None)
VALUE = {"x": torch.tensor(1.5)}


def runs(model: object) -> list[object]:
    """What people do with a model that is conditioned."""
    return [
        lambda: poutine.trace(model).get_trace(),
        lambda: Importance(model, num_samples=10).run(),
        lambda: Predictive(model, num_samples=3)(),
        lambda: MCMC(NUTS(model), num_samples=2, warmup_steps=1, disable_progbar=True).run(),
    ]


@pytest.mark.parametrize("opaque", [OPAQUE, UNIFORM])
def test_what_has_no_density_cannot_be_conditioned_on(opaque: Function) -> None:
    made = program(opaque)
    with pytest.raises(InvalidParameter, match="inverse="):
        made.condition(x=1.5).simulate(10)
    for run in (*runs(pyro.condition(made, data=VALUE)), *runs(poutine.condition(made, data=VALUE))):
        with pytest.raises(InvalidParameter, match="inverse="):
            run()  # type: ignore[operator]
    with pytest.raises(InvalidParameter, match="inverse="):
        Predictive(made, posterior_samples={"x": torch.tensor([0.5, 1.5])})()


def test_states_made_of_real_noise_cannot_either() -> None:
    dag = Dag.from_edges([("u", "x")])
    made = compile(dag, mechanisms={"u": LinearGaussian(), "x": STATES})
    with pytest.raises(InvalidParameter, match="cannot be observed"):
        poutine.trace(pyro.condition(made, data={"x": torch.tensor(1)})).get_trace()


@pytest.mark.slow
def test_with_an_inverse_it_is_an_observation() -> None:
    made = program(OPEN)
    by_handler = Importance(pyro.condition(made, data=VALUE), num_samples=4000).run()
    weights = torch.softmax(torch.tensor(by_handler.log_weights), 0)
    values = torch.tensor([float(trace.nodes["u"]["value"]) for trace in by_handler.exec_traces])
    seen = made.condition(x=1.5)
    expected = seen.mean("u", samples=200_000)
    assert abs(expected) > 0.3  # under do it would be 0
    assert float(weights @ values) == pytest.approx(expected, abs=0.06)
    node = poutine.trace(pyro.condition(made, data=VALUE)).get_trace().nodes["x"]
    assert float(node["value"]) == 1.5


def test_without_noise_it_holds_or_it_does_not() -> None:
    made = program(NONE)
    for u, total in ((0.75, 0.0), (0.7, -math.inf)):
        data = {**VALUE, "u": torch.tensor(u), "y": torch.tensor(0.0)}
        trace = poutine.trace(pyro.condition(made, data=data)).get_trace()
        trace.compute_log_prob()
        assert float(trace.nodes["x.observed"]["log_prob"]) == total


@pytest.mark.parametrize("x", [OPAQUE, OPEN, UNIFORM, NONE])
def test_pyro_do_sets_and_traces_replay(x: Function) -> None:
    made = program(x)
    trace = poutine.trace(pyro.do(made, data=VALUE)).get_trace()
    assert float(trace.nodes["y"]["fn"].mean) == 1.5
    again = poutine.trace(poutine.replay(made, trace=poutine.trace(made).get_trace())).get_trace()
    scored = poutine.trace(poutine.condition(made, data=again)).get_trace()
    for name in made.variables:
        assert float(scored.nodes[name]["value"]) == float(again.nodes[name]["value"])


def test_what_was_set_shifted_or_changed() -> None:
    dag = Dag.from_edges([("x", "y")])
    made = compile(dag, mechanisms={"x": LinearGaussian(), "y": LinearGaussian("x", [1.0])})
    data = {"x": torch.tensor(1.0)}
    with pytest.raises(ImpossibleEvidence, match="set to 2"):
        poutine.trace(pyro.condition(made.do(x=2.0), data=data)).get_trace()
    assert poutine.trace(pyro.condition(made.do(x=1.0), data=data)).get_trace()
    pushed = poutine.trace(pyro.condition(made.do(x=Shift(3.0)), data=data)).get_trace()
    pushed.compute_log_prob()
    assert float(pushed.nodes["x"]["log_prob"]) == pytest.approx(-2.0 - math.log(2 * math.pi) / 2)
    with pytest.raises(InvalidParameter, match="no density"):
        poutine.trace(pyro.condition(made.do(x=lambda x: 2 * x), data=data)).get_trace()
    coin = compile(Dag(["c"]), mechanisms={"c": Table((0, 1), (), [0.3, 0.7])})
    turned = poutine.trace(pyro.condition(coin.do(c=lambda c: 1 - c), data={"c": torch.tensor(1)})).get_trace()
    assert float(turned.log_prob_sum().exp()) == pytest.approx(0.3)


def test_worlds_that_share_their_noise() -> None:
    dag = Dag.from_edges([("x", "y")])
    made = compile(dag, mechanisms={"x": LinearGaussian(), "y": LinearGaussian("x", [1.0])})
    after = made.counterfactual({"y": 1.0}, {"x": 0.0})
    assert poutine.trace(after).get_trace()
    for change, words in ((pyro.condition, "method condition"), (pyro.do, "method do")):
        with pytest.raises(InvalidParameter, match=words):
            poutine.trace(change(after, data={"y": torch.tensor(5.0)})).get_trace()
