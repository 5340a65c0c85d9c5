"""Effects against the enumeration of all noise, against closed forms, and against each other."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from brute import all_paths, random_scm

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs import Function, LinearGaussian, Response, Table
from causalpp.programs.estimands import Effect, ate, att, cate, cde, nde, nie, path_specific
from causalpp.programs.mechanisms import NormalInverseGamma

CLOSE = 1e-9


def pick(seed: int) -> tuple[Any, ...]:
    """A random program, its rows, two states of a treatment, and a state of an outcome downstream of it."""
    program, brute = random_scm(seed)
    rng = np.random.default_rng([seed, 77])
    places = sorted(rng.choice(len(brute.order), 2, replace=False))
    x, y = (brute.order[i] for i in places)
    high, low = rng.choice(brute.cards[x], 2, replace=False).tolist()
    k = int(rng.integers(brute.cards[y]))
    named = {
        "treatment": x,
        "outcome": y,
        "treated": program.states(x)[high],
        "control": program.states(x)[low],
        "state": program.states(y)[k],
    }
    return program, brute, rng, x, y, high, low, k, named


@pytest.mark.parametrize("block", range(10))
def test_effects_agree_with_the_enumeration_of_noise(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        program, brute, rng, x, y, high, low, k, named = pick(seed)
        one, zero, natural = brute.world({x: high}), brute.world({x: low}), brute.world({})

        found = ate(program, **named)
        assert found.method == "exact"
        assert found.under_treated == pytest.approx(brute.share(one[y] == k), abs=CLOSE)
        total = brute.share(one[y] == k) - brute.share(zero[y] == k)
        assert found.value == pytest.approx(total, abs=CLOSE)

        if brute.share(natural[x] == high) > 0:
            of = natural[x] == high
            wanted = brute.share(one[y] == k, of) - brute.share(zero[y] == k, of)
            assert att(program, **named).value == pytest.approx(wanted, abs=CLOSE)

        # CATE given any other variable, before or after the treatment
        z = str(rng.choice([v for v in brute.order if v != x]))
        level = int(natural[z][int(np.argmax(brute.weights))])
        of = natural[z] == level
        given = {z: program.states(z)[level]}
        wanted = brute.share(one[y] == k, of) - brute.share(zero[y] == k, of)
        assert cate(program, **named, given=given).value == pytest.approx(wanted, abs=CLOSE)
        assert ate(program.condition(given), **named).value == pytest.approx(wanted, abs=CLOSE)
        assert ate(program.counterfactual(given), **named).value == pytest.approx(wanted, abs=CLOSE)

        others = [v for v in brute.order if v not in (x, y)]
        mediators = rng.choice(others, int(rng.integers(1, len(others) + 1)), replace=False).tolist()
        levels = {m: int(rng.integers(brute.cards[m])) for m in mediators}
        fixed = [brute.world({x: value, **levels})[y] for value in (high, low)]
        wanted = brute.share(fixed[0] == k) - brute.share(fixed[1] == k)
        fixing = {m: program.states(m)[level] for m, level in levels.items()}
        assert cde(program, **named, fixing=fixing).value == pytest.approx(wanted, abs=CLOSE)

        direct = brute.world({x: high, **{m: zero[m] for m in mediators}})[y]
        wanted = brute.share(direct == k) - brute.share(zero[y] == k)
        natural_direct = nde(program, **named, mediator=mediators)
        assert natural_direct.value == pytest.approx(wanted, abs=CLOSE)
        indirect = brute.world({x: low, **{m: one[m] for m in mediators}})[y]
        wanted = brute.share(indirect == k) - brute.share(zero[y] == k)
        assert nie(program, **named, mediator=mediators).value == pytest.approx(wanted, abs=CLOSE)
        back = nie(program, **{**named, "treated": named["control"], "control": named["treated"]}, mediator=mediators)
        assert total == pytest.approx(natural_direct.value - back.value, abs=CLOSE)


@pytest.mark.parametrize("block", range(5))
def test_path_specific_effects_agree_with_the_enumeration_of_noise(block: int) -> None:
    tried = 0
    for seed in range(40 * block, 40 * block + 40):
        program, brute, rng, x, y, high, low, k, named = pick(seed)
        paths = all_paths(program.dag, x, y)
        if not paths:
            continue
        tried += 1
        zero = brute.world({x: low})
        some = [paths[i] for i in rng.choice(len(paths), int(rng.integers(1, len(paths) + 1)), replace=False)]
        wanted = brute.share(brute.along(x, y, high, low, set(some)) == k) - brute.share(zero[y] == k)
        assert path_specific(program, **named, paths=some).value == pytest.approx(wanted, abs=CLOSE)
        whole = path_specific(program, **named, paths=paths)
        assert whole.value == pytest.approx(ate(program, **named).value, abs=CLOSE)
        assert whole.warning is None

        edges = [edge for edge in program.dag.edges if rng.random() < 0.6] or list(program.dag.edges[:1])
        active = {p for p in paths if all(pair in edges for pair in pairwise(p))}
        wanted = brute.share(brute.along(x, y, high, low, active) == k) - brute.share(zero[y] == k)
        assert path_specific(program, **named, edges=edges).value == pytest.approx(wanted, abs=CLOSE)

        others = [v for v in brute.order if v not in (x, y)]
        m = str(rng.choice(others))
        past = [p for p in paths if m not in p]
        if past:
            along = path_specific(program, **named, paths=past)
            assert along.value == pytest.approx(nde(program, **named, mediator=m).value, abs=CLOSE)
    assert tried > 10


def test_programs_that_were_intervened_on_and_observed() -> None:
    for seed in range(25):
        program, brute, rng, x, y, high, low, k, named = pick(seed)
        others = [v for v in brute.order if v not in (x, y)]
        z = str(rng.choice(others))
        setting = int(rng.integers(brute.cards[z]))
        level = int(brute.world({})[y][int(np.argmax(brute.weights))])
        # seen: y in the world as it was; then z is set, and the effect of x is asked about
        of = brute.world({})[y] == level
        one, zero = (brute.world({x: value, z: setting})[y] for value in (high, low))
        wanted = brute.share(one == k, of) - brute.share(zero == k, of)
        then = program.counterfactual({y: program.states(y)[level]}, {z: program.states(z)[setting]})
        assert ate(then, **named).value == pytest.approx(wanted, abs=CLOSE)
        # z is set first, and y is seen after that
        of = brute.world({z: setting})[y] == level
        if brute.share(of) > 0:
            wanted = brute.share(one == k, of) - brute.share(zero == k, of)
            after = program.do({z: program.states(z)[setting]}).condition({y: program.states(y)[level]})
            assert ate(after, **named).value == pytest.approx(wanted, abs=CLOSE)


# --- linear-Gaussian programs, closed forms -----------------------------------------------------------------------


def linear(draw: bool = False) -> cpp.CausalProgram:
    dag = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "m"), ("x", "y"), ("m", "y"), ("m", "w"), ("w", "y")])
    mechanisms = {
        "z": LinearGaussian((), scale=1.5),
        "x": LinearGaussian(("z",), [0.8], 0.3, 1.0),
        "m": LinearGaussian(("x",), [1.25], -1.0, 0.7),
        "w": LinearGaussian(("m",), [-0.5], 0.0, 0.4),
        "y": LinearGaussian(("z", "x", "m", "w"), [2.0, 0.6, -1.5, 3.0], 0.5, 2.0),
    }
    return cpp.compile(dag, mechanisms=mechanisms)


def test_linear_gaussian_effects_are_products_of_path_coefficients() -> None:
    program = linear()
    named: dict[str, Any] = {"treatment": "x", "outcome": "y", "treated": 2.0, "control": -1.0}
    total = 0.6 + 1.25 * (-1.5 - 0.5 * 3.0)
    close = {"abs": 1e-9}
    assert ate(program, **named).value == pytest.approx(3 * total, **close)
    assert ate(program, **named).state is None
    assert att(program, **named).value == pytest.approx(3 * total, **close)
    assert cate(program, **named, given={"z": 1.0}).value == pytest.approx(3 * total, **close)
    assert cate(program, **named, given={"z": 1.0, "y": 3.0}).value == pytest.approx(3 * total, **close)
    assert nde(program, **named, mediator="m").value == pytest.approx(3 * 0.6, **close)
    assert nie(program, **named, mediator="m").value == pytest.approx(3 * (total - 0.6), **close)
    assert nie(program, **named, mediator=("m", "w")).value == pytest.approx(3 * (total - 0.6), **close)
    assert nie(program, **named, mediator="w").value == pytest.approx(3 * 1.25 * -0.5 * 3.0, **close)
    assert cde(program, **named, fixing={"w": 0.0}).value == pytest.approx(3 * (0.6 - 1.25 * 1.5), **close)
    along = path_specific(program, **named, paths=[("x", "m", "w", "y")])
    assert along.value == pytest.approx(3 * 1.25 * -0.5 * 3.0, **close)
    assert along.method == "exact"
    assert along.warning is not None
    assert "m carries" in along.warning


def test_shared_noise_makes_linear_contrasts_free_of_noise() -> None:
    named: dict[str, Any] = {"treatment": "x", "outcome": "y", "treated": 1, "control": 0}
    for found in (ate(linear(), **named, samples=500), nie(linear(), **named, mediator="m", samples=500)):
        assert found.standard_error < 1e-9
        assert "500 rows" in found.method


# --- simulation ---------------------------------------------------------------------------------------------------


def agrees(simulated: Effect, exact: float) -> bool:
    return abs(simulated.value - exact) <= 4.5 * simulated.standard_error + 1e-12


def test_simulations_agree_within_their_standard_error() -> None:
    for seed in range(12):
        program, brute, _, x, y, *_, named = pick(seed)
        n = 4000
        m = next(v for v in brute.order if v not in (x, y))
        level = int(brute.world({})[m][int(np.argmax(brute.weights))])
        given = {m: program.states(m)[level]}
        pairs: list[tuple[Callable[..., Effect], dict[str, Any]]] = [
            (ate, {}),
            (cate, {"given": given}),
            (cde, {"fixing": given}),
            (nde, {"mediator": m}),
            (nie, {"mediator": m}),
        ]
        for function, more in pairs:
            simulated = function(program, **named, **more, samples=n, seed=seed)
            assert agrees(simulated, function(program, **named, **more).value), (seed, function)
            assert "4,000 rows" in simulated.method
            assert simulated.effective_size is not None
            assert simulated.effective_size <= n * (1 + 1e-9)


def test_evidence_that_weighs_rows_is_reported() -> None:
    asia = cpp.load_network("asia")
    exact = cate(asia, "smoke", "dysp", given={"xray": "yes"})
    found = cate(asia, "smoke", "dysp", given={"xray": "yes"}, samples=20_000)
    assert agrees(found, exact.value)
    assert found.effective_size is not None
    assert found.effective_size < 10_000
    assert "worth" in found.method
    with pytest.warns(errors.ImpreciseWarning, match="raise samples="):
        cate(asia, "smoke", "dysp", given={"xray": "yes", "tub": "yes", "lung": "yes"}, samples=150)


def test_what_is_not_exact_is_simulated_with_an_error() -> None:
    dag = Dag.from_edges([("x", "m"), ("m", "y"), ("x", "y")])
    program = cpp.compile(
        dag,
        mechanisms={
            "x": LinearGaussian(),
            "m": Function(lambda x, e: torch.sin(x) + 0.1 * e, ("x",)),
            "y": Function(lambda m, x, e: x * m + e, ("m", "x")),
        },
    )
    named: dict[str, Any] = {"treatment": "x", "outcome": "y", "treated": 2.0, "control": 1.0}
    total = ate(program, **named)
    assert "100,000 rows" in total.method
    assert agrees(total, 2 * math.sin(2) - math.sin(1))
    assert agrees(nde(program, **named, mediator="m"), math.sin(1))
    assert agrees(nie(program, **named, mediator="m"), math.sin(2) - math.sin(1))
    assert agrees(nie(program, **named, mediator="m", samples=3000), math.sin(2) - math.sin(1))


def test_a_mixed_program_by_simulation() -> None:
    dag = Dag.from_edges([("u", "x"), ("u", "y"), ("x", "y")])
    program = cpp.compile(
        dag,
        mechanisms={
            "u": Table((0, 1), (), [0.4, 0.6]),
            "x": Table((0, 1), ("u",), [[0.8, 0.2], [0.3, 0.7]]),
            "y": LinearGaussian(("u", "x"), np.zeros((2, 2, 0)), [[0.0, 1.0], [2.0, 5.0]], 1.0),
        },
    )
    total = ate(program, "x", "y")
    assert agrees(total, 0.4 * 1 + 0.6 * 3)
    weight = 0.4 * 0.2 / (0.4 * 0.2 + 0.6 * 0.7)
    assert agrees(att(program, "x", "y"), weight * 1 + (1 - weight) * 3)
    exact = cate(program, "x", "y", given={"u": 1})
    assert exact.method == "exact"
    assert exact.value == pytest.approx(3)


# --- posterior draws ----------------------------------------------------------------------------------------------


def test_posterior_draws_spread_as_the_posterior_does() -> None:
    counts = np.array([[30.0, 70.0], [60.0, 40.0]])
    dag = Dag.from_edges([("x", "y")])
    program = cpp.compile(
        dag,
        mechanisms={
            "x": Table.from_concentration((0, 1), (), np.array([50.0, 50.0])),
            "y": Table.from_concentration((0, 1), ("x",), counts),
        },
    )
    k = 2000
    found = ate(program, "x", "y", draws=k, seed=1)
    assert found.draws is not None
    assert found.draws.shape == (k,)
    a, b = 0.7, 0.4
    spread = math.sqrt(a * (1 - a) / 101 + b * (1 - b) / 101)
    assert found.value == pytest.approx(b - a)
    assert abs(found.draws.mean() - found.value) < 4.5 * spread / math.sqrt(k)
    assert found.draws.std() == pytest.approx(spread, rel=4.5 / math.sqrt(2 * k))
    low, high = found.interval(0.9)
    assert low == pytest.approx(b - a - 1.645 * spread, abs=0.15 * spread)
    assert high == pytest.approx(b - a + 1.645 * spread, abs=0.15 * spread)
    assert "90 % of 2,000 posterior draws" in repr(found)
    assert len(json.loads(found.to_json())["draws"]) == k
    assert np.array_equal(found.draws, ate(program, "x", "y", draws=k, seed=1).draws)
    simulated = ate(program, "x", "y", draws=20, samples=1000)
    assert simulated.draws is not None
    assert simulated.draws.std() > 0


def test_draws_of_a_regression_and_of_remembered_worlds() -> None:
    posterior = NormalInverseGamma(np.array([0.0, 2.0]), np.diag([100.0, 400.0]), np.array(50.0), np.array(50.0))
    program = cpp.compile(
        Dag.from_edges([("x", "y")]),
        mechanisms={"x": LinearGaussian(), "y": LinearGaussian(("x",), [2.0], 0.0, 1.0, posterior)},
    )
    named: dict[str, Any] = {"treatment": "x", "outcome": "y", "treated": 1, "control": 0, "draws": 400}
    found = ate(program, **named)
    assert found.draws is not None
    assert found.draws.std() == pytest.approx(1 / 20, rel=0.25)
    # the parameters drawn are the same in the world that was seen and in the others, so the seen unit keeps its noise
    seen = program.counterfactual({"x": 0.0, "y": 5.0})
    assert ate(seen, **named).draws == pytest.approx(found.draws)
    assert ate(seen, **named).under_control == pytest.approx(5.0)
    with pytest.raises(errors.InvalidParameter, match="no mechanism has a posterior"):
        ate(linear(), "x", "y", treated=1, control=0, draws=5)
    with pytest.raises(errors.InvalidParameter, match="from 1 on"):
        ate(program, "x", "y", treated=1, control=0, draws=0)
    with pytest.raises(errors.InvalidParameter, match="draws="):
        ate(linear(), "x", "y", treated=1, control=0).interval()
    with pytest.raises(errors.InvalidParameter, match="between 0 and 1"):
        found.interval(1.0)


# --- identification -----------------------------------------------------------------------------------------------


def binary(dag: Dag, seed: int = 0) -> cpp.CausalProgram:
    rng = np.random.default_rng(seed)
    mechanisms = {
        v: Table((0, 1), dag.parents(v), rng.dirichlet([1, 1], size=(2,) * len(dag.parents(v)))) for v in dag.nodes
    }
    return cpp.compile(dag, mechanisms=mechanisms)


def test_effects_that_data_do_not_determine_carry_a_warning() -> None:
    front = [("x", "m"), ("m", "y"), ("u", "x"), ("u", "y")]
    assert ate(binary(Dag.from_edges(front, latent={"u"})), "x", "y").warning is None
    bow = binary(Dag.from_edges([*front, ("x", "y")], latent={"u"}))
    found = ate(bow, "x", "y")
    assert found.warning is not None
    assert found.warning.startswith("not identified")
    assert found.warning in repr(found)
    assert json.loads(found.to_json())["warning"] == found.warning
    assert ate(binary(Dag.from_edges([*front, ("x", "y")])), "x", "y").warning is None  # u is observed here
    assert cate(bow, "x", "y", given={"m": 1}).warning is not None
    hidden = binary(Dag.from_edges([("u", "y")], latent={"u"}))
    assert "latent" in str(ate(hidden, "u", "y").warning)


def test_counterfactuals_rest_on_the_equations() -> None:
    chain = binary(Dag.from_edges([("z", "x"), ("x", "y"), ("z", "y")]))
    assert cate(chain, "x", "y", given={"z": 1}).warning is None
    assert att(chain, "x", "y").warning is None
    assert "equations" in str(cate(chain, "x", "y", given={"y": 1}).warning)


def test_recanting_witness_and_district() -> None:
    # Avin, Shpitser & Pearl (2005), the kite: w carries x to y directly and through z.
    kite = binary(Dag.from_edges([("x", "w"), ("w", "z"), ("w", "y"), ("z", "y"), ("x", "y")]))
    assert "w carries" in str(path_specific(kite, "x", "y", paths=[("x", "w", "z", "y")]).warning)
    assert path_specific(kite, "x", "y", paths=[("x", "y")]).warning is None
    both = [("x", "w", "z", "y"), ("x", "w", "y")]
    assert path_specific(kite, "x", "y", paths=both).warning is None
    assert "w carries" in str(nde(kite, "x", "y", mediator="z").warning)
    assert nie(kite, "x", "y", mediator="w").warning is None
    # a latent cause of mediator and outcome: the natural effects are not identified, the total one is
    shared = binary(Dag.from_edges([("x", "m"), ("m", "y"), ("x", "y"), ("u", "m"), ("u", "y")], latent={"u"}))
    assert ate(shared, "x", "y").warning is None
    assert "share a latent cause" in str(nde(shared, "x", "y", mediator="m").warning)


# --- what is said, and bad input ----------------------------------------------------------------------------------


def test_effects_say_what_they_are() -> None:
    asia = cpp.load_network("asia")
    text = repr(cde(asia, "smoke", "dysp", fixing={"bronc": "no", "lung": "no"}))
    assert text.startswith("Controlled direct effect of smoke (yes against no) on P(dysp = yes) with bronc = no, lung")
    assert "through bronc" in repr(nie(asia, "smoke", "dysp", mediator="bronc"))
    assert "along smoke → bronc → dysp" in repr(
        path_specific(asia, "smoke", "dysp", paths=[("smoke", "bronc", "dysp")])
    )
    assert "given tub = no" in repr(cate(asia, "smoke", "dysp", given={"tub": "no"}))
    found = ate(asia, "smoke", "dysp")
    assert float(found) == found.value
    assert found == ate(asia, "smoke", "dysp")
    assert set(json.loads(found.to_json())) >= {"value", "standard_error", "treated", "control", "method"}


def test_an_unaffected_outcome_has_no_effect() -> None:
    asia = cpp.load_network("asia")
    assert ate(asia, "dysp", "smoke").value == 0
    assert nie(asia, "smoke", "dysp", mediator="asia").value == pytest.approx(0)
    assert path_specific(asia, "smoke", "dysp", edges=[("asia", "tub")]).value == pytest.approx(0)


ASIA = {"treatment": "smoke", "outcome": "dysp"}


@pytest.mark.parametrize(
    ("ask", "kind", "text"),
    [
        (lambda p: ate(p, "smoke", "dysp", treated="maybe"), errors.UnknownState, "maybe"),
        (lambda p: ate(p, "smokes", "dysp"), errors.UnknownVariable, "smoke"),
        (lambda p: cate(p, **ASIA, given={}), errors.InvalidParameter, "needs a variable"),
        (lambda p: cate(p, **ASIA, given={"tub": "often"}), errors.UnknownState, "often"),
        (lambda p: cate(p, **ASIA, given={"either": "no", "tub": "yes"}), errors.ImpossibleEvidence, "zero"),
        (lambda p: att(p.do(smoke="no"), **ASIA), errors.ImpossibleEvidence, "set to"),
        (lambda p: cde(p, **ASIA, fixing={}), errors.InvalidParameter, "mediator"),
        (lambda p: cde(p, **ASIA, fixing={"dysp": "no"}), errors.InvalidParameter, "it is the outcome"),
        (lambda p: cde(p, **ASIA, fixing={"smoke": "no"}), errors.InvalidParameter, "it is the treatment"),
        (lambda p: cde(p, **ASIA, fixing={"brnc": "no"}), errors.UnknownVariable, "bronc"),
        (lambda p: nde(p, **ASIA, mediator=()), errors.InvalidParameter, "at least one"),
        (lambda p: nde(p, **ASIA, mediator="smoke"), errors.InvalidParameter, "mediator too"),
        (lambda p: nie(p, **ASIA, mediator="brnc"), errors.UnknownVariable, "bronc"),
        (lambda p: nie(p, **ASIA, mediator="bronc", samples=1), errors.InvalidParameter, "at least 2"),
        (lambda p: path_specific(p, **ASIA), errors.InvalidParameter, "either paths= or edges="),
        (lambda p: path_specific(p, **ASIA, paths=[]), errors.InvalidParameter, "no path"),
        (lambda p: path_specific(p, **ASIA, edges=[]), errors.InvalidParameter, "no path"),
        (lambda p: path_specific(p, **ASIA, paths=[("smoke", "bronc")]), errors.InvalidParameter, "leads from"),
        (lambda p: path_specific(p, **ASIA, paths=[("smoke", "dysp")]), errors.InvalidParameter, "no edge"),
        (lambda p: path_specific(p, **ASIA, paths=[("smoke", "b", "dysp")]), errors.UnknownVariable, "on the path"),
        (lambda p: path_specific(p, **ASIA, edges=[("smoke", "dysp")]), errors.InvalidParameter, "no edge"),
        (lambda p: path_specific(p, **ASIA, edges=["smoke"]), errors.InvalidParameter, "pair"),
        (lambda p: ate(linear(), "x", "y"), errors.InvalidParameter, "real number: say both"),
        (lambda p: ate(linear(), "x", "y", treated=1, control=1.0), errors.InvalidParameter, "are both"),
        (lambda p: ate(linear(), "x", "y", treated=1, control=0, state=3), errors.InvalidParameter, "no states"),
        (lambda p: ate(linear(), "x", "y", treated="a", control=0), errors.InvalidParameter, "real number"),
    ],
)
def test_bad_questions(ask: Callable[[cpp.CausalProgram], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        ask(cpp.load_network("asia"))


def test_worlds_that_read_from_others_are_checked() -> None:
    from dataclasses import replace

    pair = cpp.load_network("asia").worlds(a={"smoke": "no"}, b={"smoke": "yes"})
    nested = replace(pair, reads={("b", "dysp", "bronc"): "a"})
    frame = nested.simulate(4000, seed=2)
    mean = (frame["b", "dysp"] == "yes").mean()
    exact = float(nested.probabilities([("b", "dysp")])[0])
    assert abs(mean - exact) < 4.5 * math.sqrt(exact * (1 - exact) / 4000)
    assert nested()["b"]["dysp"].shape == ()
    with pytest.raises(errors.UnknownVariable, match="read by 'dysp'"):
        replace(pair, reads={("b", "dysp", "smoke"): "a"})
    with pytest.raises(errors.UnknownVariable, match="worlds"):
        replace(pair, reads={("b", "dysp", "bronc"): "c"})
    with pytest.raises(errors.InvalidParameter, match="listed before"):
        replace(pair, reads={("a", "dysp", "bronc"): "b"})


def test_responses_and_tables_of_one_law_differ_in_counterfactuals_only() -> None:
    flip = Response((0, 1), ("x",), [0.5, 0.5], [[0, 1], [1, 0]])
    dag = Dag.from_edges([("x", "y")])
    coin = Table((0, 1), (), [0.5, 0.5])
    same = [cpp.compile(dag, mechanisms={"x": coin, "y": m}) for m in (flip, Table((0, 1), ("x",), flip.table((2,))))]
    assert [ate(p, "x", "y").value for p in same] == [0, 0]
    assert [cate(p, "x", "y", given={"x": 0, "y": 0}).value for p in same] == [1, 0]
