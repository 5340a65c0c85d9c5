"""Worlds, natural values and noise: what intervenes, what observes, and in which order."""

import math
import warnings

import numpy as np
import pyro
import pyro.distributions as dist
import pytest
import torch

from causalpp import Dag, Function, LinearGaussian, Response, Table, compile, errors
from causalpp.programs import Shift
from causalpp.programs.estimands.actual import _Contexts
from causalpp.programs.mechanisms import Assign
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.worlds import Worlds

DAG = Dag.from_edges([("w", "x"), ("w", "y"), ("x", "y")])
X = [[0.8, 0.2], [0.3, 0.7]]
P = compile(
    DAG,
    mechanisms={
        "w": Table((0, 1), (), [0.3, 0.7]),
        "x": Table((0, 1), ("w",), X),
        "y": Table((0, 1), ("w", "x"), [[[0.9, 0.1], [0.4, 0.6]], [[0.7, 0.3], [0.2, 0.8]]]),
    },
)
CHAIN = Dag.from_edges([("x", "y")])
G = compile(CHAIN, mechanisms={"x": LinearGaussian(), "y": LinearGaussian("x", [2.0])})
R = compile(
    CHAIN,
    mechanisms={
        "x": Table((0, 1), (), [0.5, 0.5]),
        "y": Response((0, 1), ("x",), [0.5, 0.25, 0.25], [[0, 0, 1], [0, 1, 1]]),
    },
)
N = 20_000
FLIP = {0: 0.5, 1: 0.5}


def weighted(model, site, n=800, seed=0):
    """The mean of a site under importance sampling from the prior."""
    pyro.set_rng_seed(seed)
    total, mass = 0.0, 0.0
    for _ in range(n):
        trace = pyro.poutine.trace(model).get_trace()
        weight = math.exp(
            sum(
                float(node["fn"].log_prob(node["value"]).sum())
                for node in trace.nodes.values()
                if node["type"] == "sample" and node["is_observed"] and not node["infer"].get("_deterministic")
            )
        )
        total, mass = total + weight * float(trace.nodes[site]["value"]), mass + weight
    return total / mass


def value(model, site):
    """The value of a site in one run."""
    return float(pyro.poutine.trace(model).get_trace().nodes[site]["value"])


# --- noise of worlds ------------------------------------------------------------------------------------


def test_a_function_without_noise_does_not_take_the_noise_of_the_next_world():
    both = P.worlds(f={"x": lambda w: w}, nat={})
    found = both.draw(N)[0]["nat", "x"].mean()
    assert abs(found - 0.55) < 5 * math.sqrt(0.25 / N)
    assert np.array_equal(found, P.worlds(nat={}, f={"x": lambda w: w}).draw(N)[0]["nat", "x"].mean())
    with pyro.plate("rows", N):
        pyro.set_rng_seed(1)
        drawn = both()
    assert abs(float(drawn["nat"]["x"].double().mean()) - 0.55) < 5 * math.sqrt(0.25 / N)
    draws = G.worlds(f={"y": lambda x: x}, nat={}).draw(N)[0]
    assert (draws["nat", "y"] - 2 * draws["nat", "x"]).std() == pytest.approx(1, abs=5 / math.sqrt(2 * N))


def test_an_observed_function_without_noise_leaves_the_noise_alone():
    program = P.do(x=lambda w: w).condition(x=1)
    again = program.counterfactual().do(x=Table((0, 1), ("w",), X))
    assert again.distribution("w")[1] == pytest.approx(1.0)
    assert abs(again.draw(N)["x"].mean() - 0.7) < 5 * math.sqrt(0.25 / N)


def test_laws_of_one_name_do_not_mix():
    both = G.worlds(a={"x": LinearGaussian()}, b={"x": Function(lambda u: u, noise="uniform")})
    draws = both.draw(N)[0]
    assert draws["b", "x"].min() >= 0
    assert draws["b", "x"].max() <= 1
    assert abs(np.corrcoef(draws["a", "x"], draws["b", "x"])[0, 1]) < 5 / math.sqrt(N)
    assert both()["b"]["x"] >= 0
    alone = G.worlds(b={"x": Function(lambda u: u, noise="uniform")}).draw(N)[0]
    assert np.array_equal(alone["b", "x"], draws["b", "x"])
    odd = G.worlds(
        a={"x": Function(lambda u: u, noise=dist.Gamma(2.0, 1.0))}, b={"x": Function(lambda u: u, noise="normal")}
    )
    draws = odd.draw(2000)[0]
    assert draws["a", "x"].min() > 0
    assert draws["b", "x"].min() < 0


def test_programs_with_other_laws_for_a_variable_do_not_share_its_noise():
    other = compile(CHAIN, mechanisms={"x": Function(lambda u: u, noise="uniform"), "y": LinearGaussian("x", [2.0])})
    draws = Worlds({"a": G, "b": other}).draw(N)[0]
    assert draws["b", "x"].min() >= 0
    assert abs(np.corrcoef(draws["a", "x"], draws["b", "x"])[0, 1]) < 5 / math.sqrt(N)


def test_every_stochastic_intervention_brings_its_own_noise():
    again = P.do(x=FLIP).condition(x=1).do(x=FLIP)
    assert again.distribution("x") == pytest.approx({0: 0.5, 1: 0.5})
    assert abs(again.draw(N)["x"].mean() - 0.5) < 5 * math.sqrt(0.25 / N)
    third = again.condition(x=0).do(x=FLIP)
    assert third.distribution("x") == pytest.approx({0: 0.5, 1: 0.5})
    after = P.do(x=FLIP).condition(x=1).counterfactual().do(x=FLIP)
    assert after.distribution("x") == pytest.approx({0: 0.5, 1: 0.5})
    side_by_side = P.worlds(a={"x": FLIP}, b={"x": FLIP}).probabilities([("a", "x"), ("b", "x")])
    assert side_by_side == pytest.approx(np.eye(2) / 2)


# --- evidence -------------------------------------------------------------------------------------------


def test_evidence_on_a_known_noise_counts_in_pyro_too():
    program = R.counterfactual({"x": 0}, {"x": 1}).condition(y=1).counterfactual().do(x=0)
    exact = program.distribution("y")[1]
    assert exact == pytest.approx(0.5)
    assert weighted(program, "y") == pytest.approx(exact, abs=5 * math.sqrt(0.25 / 800))
    twice = R.condition(y=1).counterfactual().do(x=0).condition(y=0).counterfactual()
    sites = [name for name in pyro.poutine.trace(twice).get_trace().nodes if "observed" in name]
    assert len(sites) == 2


def test_real_noise_known_twice_is_refused_in_pyro_too():
    program = G.condition(y=1.0).counterfactual().do(x=0.0).condition(y=0.5).counterfactual()
    assert program.mean("y") == pytest.approx(0.5)
    for run in (lambda: program.draw(10), lambda: value(program, "y")):
        with pytest.raises(errors.InvalidParameter, match="observed twice"):
            run()


def test_noise_used_before_it_is_observed_is_refused_in_pyro_too():
    worlds = Worlds({"b": P, "a": P.do(w=1).condition(x=1)})
    for run in (lambda: worlds.draw(10), lambda: value(worlds, "a/x")):
        with pytest.raises(errors.InvalidParameter, match="list the observed world first"):
            run()


def test_what_builds_on_an_observed_value_has_its_noise_in_pyro():
    pushed = G.condition(x=2.0).do(x=Shift(1.0))
    assert pushed.mean("x") == pytest.approx(3.0)
    assert value(pushed, "x") == pytest.approx(3.0)
    turned = P.condition(x=1).do(x=lambda x: 1 - x)
    trace = pyro.poutine.trace(turned).get_trace()
    assert int(trace.nodes["x"]["value"]) == 0
    assert weighted(turned, "w") == pytest.approx(turned.mean("w"), abs=5 * math.sqrt(0.25 / 250))
    with pytest.raises(errors.InvalidParameter, match="cannot print"):
        turned.source()


def test_a_natural_value_under_a_random_one_that_is_changed():
    program = P.condition(x=1).do(x={0: 0.25, 1: 0.75}).do(x=lambda x: 1 - x)
    assert program.distribution("x")[0] == pytest.approx(0.75)
    trace = pyro.poutine.trace(program).get_trace()
    assert int(trace.nodes["x"]["value"]) == 1 - int(trace.nodes["x.before"]["value"])


def test_a_variable_that_is_observed_set_and_observed_again_keeps_all_evidence():
    program = P.condition(x=1).do(x=0).condition(x=0).do(x=1)
    expected = {0: 0.06 / 0.55, 1: 0.49 / 0.55}
    assert program.distribution("w") == pytest.approx(expected)
    assert program.observations == {"x": 1}
    twice = P.condition(x=1).do(x=Table((0, 1), ("w",), X)).condition(x=1).do(x=0)
    both = np.array([0.3 * 0.2**2, 0.7 * 0.7**2])
    expected = dict(enumerate(both / both.sum()))
    assert twice.distribution("w") == pytest.approx(expected)
    assert math.exp(twice.log_likelihood) == pytest.approx(both.sum())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert twice.mean("w", samples=N) == pytest.approx(expected[1], abs=5 * math.sqrt(0.25 / 2000))
    assert weighted(twice, "w", 600) == pytest.approx(expected[1], abs=0.1)
    assert P.worlds(a={"x": 1})["a"].distribution("w")[1] == pytest.approx(0.7)
    aside = twice.worlds(a={}, b={"x": 1}).probabilities([("b", "w")])
    assert aside == pytest.approx(list(expected.values()))
    assert "x.natural" in twice.source()  # the second observation was of what had been set, which tells nothing


def test_actual_causes_see_all_evidence():
    program = P.condition(x=1).do(x=Table((0, 1), ("w",), X)).condition(x=1).do(x=0).condition(y=0)
    contexts = _Contexts(program, {})
    assert float(contexts.weights @ contexts.actual["w"].numpy()) == pytest.approx(program.mean("w"))


def test_a_natural_statement_may_come_after_what_it_reads():
    program = P.condition(x=1).do(x=0).do(w=lambda x: x)
    # w = 0 follows from x = 0, so the natural x is seen to be 1 with w = 0, which says nothing about y's noise.
    assert program.distribution("y") == pytest.approx({0: 0.9, 1: 0.1})
    assert program.log_likelihood == pytest.approx(math.log(0.2))
    assert abs(program.draw(N)["y"].mean() - 0.1) < 5 * math.sqrt(0.25 / N)
    assert value(program, "w") == 0


def test_worlds_need_one_past_and_the_same_variables():
    seen = P.counterfactual({"x": 1})
    with pytest.raises(errors.InvalidParameter, match="do not share a past"):
        Worlds({"a": P, "b": seen})
    with pytest.raises(errors.InvalidParameter, match="different variables"):
        Worlds({"a": P, "b": G})
    with pytest.raises(errors.InvalidParameter, match="past"):
        Worlds({"past 0": P})
    assert seen.worlds(a={}, b={"x": 0}).probabilities([("a", "w")]) == pytest.approx([0.06 / 0.55, 0.49 / 0.55])


# --- mechanisms that build on others ----------------------------------------------------------------------


def test_a_shifted_function_runs_in_pyro_and_can_be_observed():
    program = compile(
        CHAIN,
        mechanisms={
            "x": Function(lambda u: 2 * u, inverse=lambda x: x / 2, noise="normal"),
            "y": LinearGaussian("x", [1.0]),
        },
    ).do(x=Shift(3.0))
    pyro.set_rng_seed(0)
    drawn = torch.stack([program()["x"] for _ in range(300)])
    assert float(drawn.mean()) == pytest.approx(3, abs=5 * 2 / math.sqrt(300))
    seen = program.condition(x=5.0)
    assert value(seen, "x") == 5.0
    trace = pyro.poutine.trace(seen).get_trace()
    expected = float(dist.Normal(3.0, 2.0).log_prob(torch.tensor(5.0)))
    assert float(trace.nodes["x.before.observed"]["fn"].log_factor) == pytest.approx(expected)
    assert seen.mean("y", samples=N) == pytest.approx(5, abs=5 / math.sqrt(N))
    with pytest.raises(errors.InvalidParameter, match="print"):
        program.source()


def test_what_is_set_can_be_shifted_and_changed():
    assert G.do(x=1.0).do(x=Shift(2.0)).mean("y") == pytest.approx(6.0)
    assert P.do(x=1).do(x=lambda x: 1 - x).distribution("x")[0] == 1.0
    assert P.worlds(a={"x": 1}, b={})["a"].do(x=lambda x: 1 - x).distribution("x")[0] == 1.0
    assert Assign((0, 1), 1).cells() == pytest.approx([1.0])
    with pytest.raises(errors.InvalidParameter, match="shifted"):
        P.do(x=1).do(x=Shift(1.0))


def test_a_function_of_the_own_value_has_the_table_of_its_cells():
    draw = np.random.default_rng(3)
    dag = Dag.from_edges([("a", "x"), ("b", "x"), ("c", "y"), ("x", "y")])
    program = compile(
        dag,
        mechanisms={
            "a": Table((0, 1), (), [0.4, 0.6]),
            "b": Table((0, 1, 2), (), [0.2, 0.3, 0.5]),
            "c": Table((0, 1), (), [0.1, 0.9]),
            "x": Table((0, 1, 2), ("a", "b"), draw.dirichlet([1.0] * 3, (2, 3))),
            "y": Table((0, 1), ("c", "x"), draw.dirichlet([1.0] * 2, (2, 3))),
        },
    )
    changed = program.do(x=lambda c, x, a: (x + c * a) % 3)
    mechanism = changed.mechanism("x")
    sizes = tuple(len(changed.states(p)) for p in mechanism.parents)
    expected = ranks.table(mechanism, sizes)
    assert mechanism.table(sizes) == pytest.approx(expected)
    grid = [torch.tensor(codes) for codes in np.indices(sizes)]
    assert mechanism.distribution(grid).probs.numpy() == pytest.approx(expected, abs=1e-6)
    for state in range(3):
        found = mechanism.log_prob(torch.full(sizes, state), grid).exp().numpy()
        assert found == pytest.approx(expected[..., state])
    assert "x" in repr(mechanism)
    assert "object at" not in repr(mechanism)
    real = G.do(x=lambda x: 2 * x)
    with pytest.raises(errors.InvalidParameter, match="own value"):
        real.source()


def test_tables_that_would_be_too_large_are_refused():
    names = [f"v{i}" for i in range(10)]
    mechanisms = {name: Table(tuple(range(10)), (), [0.1] * 10) for name in names}
    program = compile(Dag(names), mechanisms=mechanisms)
    code = "lambda " + ", ".join(names) + ": " + "(" + " + ".join(names) + ") % 10"
    for function in (eval(code), eval(code.replace("v0, ", "", 1).replace("v0 + ", "", 1))):
        with pytest.raises(errors.TooLarge):
            program.do(v0=function).table("v0")


# --- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: P.do(x=Table((0, 1), ("q",), X)), errors.UnknownVariable, "parents"),
        (lambda: P.do(x=Table((0, 1), ("w",), [[0.5, 0.5]] * 3)), errors.InvalidParameter, "shape"),
        (lambda: P.condition(x=1).simulate(-1), errors.InvalidParameter, "from 0 on"),
        (lambda: P.condition(x=1).simulate(2.5), errors.InvalidParameter, "whole number"),
        (lambda: P.condition(x=1).simulate(5, seed=-1), errors.InvalidParameter, "seed"),
        (lambda: P.condition(x=1).worlds(a={}).simulate(-1), errors.InvalidParameter, "from 0 on"),
        (lambda: P.condition(x=1).worlds(a={}).simulate(2.5), errors.InvalidParameter, "whole number"),
        (lambda: P.condition(x=1).worlds(a={}).simulate(5, seed=-1), errors.InvalidParameter, "seed"),
        (lambda: P.drawn(-1), errors.InvalidParameter, "seed"),
        (lambda: P.distribution("y", samples=0), errors.InvalidParameter, "from 1 on"),
        (lambda: P.mean("y", samples=-3), errors.InvalidParameter, "from 1 on"),
        (lambda: P.effective_size(0), errors.InvalidParameter, "from 1 on"),
        (lambda: P.do(5), errors.InvalidParameter, "mapping"),
        (lambda: P.do("x"), errors.InvalidParameter, "mapping"),
        (lambda: P.condition([("x", 1)]), errors.InvalidParameter, "mapping"),
        (lambda: P.worlds(a=5), errors.InvalidParameter, "mapping"),
        (lambda: P.worlds(a=0), errors.InvalidParameter, "mapping"),
        (lambda: P.do(x={0: "a"}), errors.InvalidParameter, "must be a number"),
        (lambda: Shift("a"), errors.InvalidParameter, "finite number"),
        (lambda: Shift(math.inf), errors.InvalidParameter, "finite number"),
        (lambda: G.do(x=torch.exp), errors.InvalidParameter, "lambda"),
        (lambda: G.do(x=lambda *x: x[0]), errors.InvalidParameter, "lambda"),
        (lambda: G.do(x=dist.Normal(0.0, 1.0)), errors.InvalidParameter, r"LinearGaussian\(\)"),
        (lambda: G.do(x=LinearGaussian), errors.InvalidParameter, r"LinearGaussian\(\)"),
        (lambda: compile(5, mechanisms={}), errors.InvalidParameter, "Dag"),
        (lambda: compile(DAG, mechanisms={}, states={"q": (0, 1)}), errors.UnknownVariable, "states"),
    ],
)
def test_bad_input(ask, error, message):
    with pytest.raises(error, match=message):
        ask()


def test_variables_may_be_called_like_arguments():
    program = compile(
        Dag.from_edges([("self", "values")]),
        mechanisms={"self": Table((0, 1), (), [0.5, 0.5]), "values": Table((0, 1), ("self",), X)},
    )
    assert program.do(self=1).distribution("values")[1] == pytest.approx(0.7)
    assert program.condition(values=1).distribution("self")[1] == pytest.approx(0.7 / 0.9)
    assert list(program.worlds(self={})) == ["self"]
