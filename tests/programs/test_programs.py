"""Programs against exact enumeration written out here, against Pyro and against pgmpy."""

from __future__ import annotations

import copy
import difflib
import itertools
import json
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pyro
import pyro.poutine as poutine
import pytest
import torch
from pyro.infer import TraceEnum_ELBO, config_enumerate

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs import Table, from_bif, network_names, to_bif
from causalpp.programs.source import identifiers


def random_program(seed: int, most: int = 6, states: int = 4, names: list[str] | None = None) -> cpp.CausalProgram:
    rng = np.random.default_rng(seed)
    d = len(names) if names else int(rng.integers(2, most + 1))
    names = names or [f"v{i}" for i in range(d)]
    order = rng.permutation(d)
    edges = [(names[order[i]], names[order[j]]) for i in range(d) for j in range(i + 1, d) if rng.random() < 0.5]
    dag = Dag(names, edges)
    cards = {name: int(rng.integers(2, states + 1)) for name in names}
    mechanisms = {}
    for name in names:
        parents = tuple(rng.permutation(dag.parents(name)).tolist())
        shape = tuple(cards[p] for p in parents)
        table = rng.dirichlet(np.ones(cards[name]), size=shape)
        mechanisms[name] = Table(tuple(f"s{k}" for k in range(cards[name])), parents, table)
    return cpp.compile(dag, mechanisms=mechanisms)


def joint_by_enumeration(program: cpp.CausalProgram, do: dict[str, int]) -> dict[tuple[int, ...], float]:
    """The truncated factorisation, cell by cell: P(values) = Π P(v | parents) over variables not set."""
    cards = [len(program.states(v)) for v in program.variables]
    out = {}
    for cell in itertools.product(*map(range, cards)):
        values = dict(zip(program.variables, cell, strict=True))
        p = 1.0
        for v in program.variables:
            if v in do:
                p *= values[v] == do[v]
            else:
                mechanism = program.mechanism(v)
                assert isinstance(mechanism, Table)
                p *= mechanism.probabilities[tuple(values[u] for u in mechanism.parents)][values[v]]
        out[cell] = p
    return out


def joint_of_model(model: Any, variables: tuple[str, ...], cards: list[int]) -> np.ndarray:
    """The joint of any Pyro model over categorical sites, by clamping every site."""
    out = np.zeros(cards)
    sites = poutine.trace(model).get_trace().nodes
    assigned = {v: int(sites[v]["value"]) for v in variables if sites[v]["infer"].get("_deterministic")}
    for cell in itertools.product(*map(range, cards)):
        values = dict(zip(variables, cell, strict=True))
        if any(values[v] != number for v, number in assigned.items()):
            continue
        data = {v: torch.tensor(k) for v, k in values.items() if v not in assigned}
        trace = poutine.trace(poutine.condition(model, data=data)).get_trace()
        out[cell] = float(torch.exp(torch.as_tensor(trace.log_prob_sum())))
    return out


@pytest.mark.parametrize("seed", range(40))
def test_do_agrees_with_the_truncated_factorisation(seed: int) -> None:
    program = random_program(seed)
    rng = np.random.default_rng(1000 + seed)
    targets = rng.choice(program.variables, size=int(rng.integers(0, 3)), replace=False)
    do = {str(v): int(rng.integers(len(program.states(v)))) for v in targets}
    changed = program
    for v, number in do.items():  # one after the other, the first one twice
        changed = changed.do({v: "s0"}).do({v: f"s{number}"})
    exact = joint_by_enumeration(program, do)
    got = changed.probabilities(program.variables)
    for cell, p in exact.items():
        assert got[cell] == pytest.approx(p, abs=1e-9)
    assert changed.dag == program.dag.do(do)
    for v in program.variables:
        assert sum(changed.distribution(v).values()) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(12))
def test_source_runs_alone_and_gives_the_same_joint(seed: int) -> None:
    program = random_program(seed, most=4, states=3)
    first = program.variables[0]
    for version in (program, program.do({first: "s1"})):
        scope: dict[str, Any] = {}
        exec(version.source(), scope)
        cards = [len(program.states(v)) for v in program.variables]
        joint = joint_of_model(scope["model"], program.variables, cards)
        np.testing.assert_allclose(joint, version.probabilities(program.variables), atol=1e-5)
        np.testing.assert_allclose(joint_of_model(version, program.variables, cards), joint, atol=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_do_changes_the_source_of_one_statement(seed: int) -> None:
    program = random_program(seed)
    before = program.source().splitlines()
    for v in program.variables:
        after = program.do({v: "s1"}).source().splitlines()
        changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
        assert sum(line[0] == "+" for line in changed) == 1
        plus = next(line for line in changed if line[0] == "+")
        assert f'{v} = pyro.deterministic("{v}", torch.tensor(1))  # do({v} = s1)' in plus
        statement = "".join(line[2:] for line in changed if line[0] == "-")
        assert statement.count("pyro.sample(") == 1
        assert statement.lstrip().startswith(f"{v} = ")


def test_awkward_names_in_source() -> None:
    names = ["blood pressure", "class", 'say "hi"', "naïve", "2nd", "torch", "a-b", "a_b", "back\\slash", "new\nline"]
    program = random_program(3, names=names, states=2)
    scope: dict[str, Any] = {}
    exec(program.source(), scope)
    values = scope["model"]()
    assert list(values) == [s.variable for s in program.statements]
    assert set(values) == set(names)
    assert len(set(identifiers(tuple(names)).values())) == len(names)


def test_agrees_with_pgmpy() -> None:
    """pgmpy's do, then its variable elimination, on a published network."""
    from pgmpy.inference import VariableElimination
    from pgmpy.readwrite import BIFReader

    from causalpp._files import data_path

    for name, do, outcome in [("asia", {"smoke": "yes"}, "dysp"), ("survey", {"E": "uni"}, "T")]:
        model = BIFReader(str(data_path() / "networks" / f"{name}.bif")).get_model()
        program = cpp.load_network(name)
        ((variable, state),) = do.items()
        cut = model.do([variable])
        answer = VariableElimination(cut).query([outcome], evidence={variable: state}, show_progress=False)
        expected = {s: float(answer.get_value(**{outcome: s})) for s in program.states(outcome)}
        assert program.do(do).distribution(outcome) == pytest.approx(expected, abs=1e-6)


def test_agrees_with_pyro_do_and_enumeration() -> None:
    """pyro.do on the program, dyspnoea observed: TraceEnum_ELBO sums the rest out exactly."""
    asia = cpp.load_network("asia")
    for number, state in enumerate(asia.states("smoke")):
        model = pyro.do(asia, data={"smoke": torch.tensor(number)})
        observed = pyro.condition(model, data={"dysp": torch.tensor(0)})
        pyro.clear_param_store()
        elbo = TraceEnum_ELBO(max_plate_nesting=0)
        evidence = float(torch.exp(torch.tensor(-elbo.loss(config_enumerate(observed), lambda: None))))
        assert evidence == pytest.approx(asia.do(smoke=state).distribution("dysp")["yes"], abs=1e-5)


def test_inside_a_plate() -> None:
    cancer = cpp.load_network("cancer").do(Smoker="True")
    pyro.set_rng_seed(0)
    with pyro.plate("rows", 4000):
        values = cancer()
    share = float((values["Dyspnoea"] == 0).float().mean())
    exact = cancer.distribution("Dyspnoea")["True"]
    assert abs(share - exact) < 4 * np.sqrt(exact * (1 - exact) / 4000)


def test_simulation_matches_the_exact_distribution() -> None:
    program = cpp.load_network("survey")
    n = 50_000
    for do in (None, {"E": "uni"}):
        frame = program.simulate(n, do=do, seed=4)
        assert list(frame.columns) == list(program.dag.nodes)
        exact = program.do(do) if do else program
        for v in program.variables:
            shares = frame[v].value_counts(normalize=True)
            for state, p in exact.distribution(v).items():
                assert abs(shares.get(state, 0.0) - p) <= 4.5 * np.sqrt(p * (1 - p) / n) + 1e-12


def test_simulation_shares_its_noise() -> None:
    """What is not downstream of the variable set does not change."""
    asia = cpp.load_network("asia")
    before, after = asia.simulate(500, seed=1), asia.simulate(500, do={"smoke": "yes"}, seed=1)
    below = asia.dag.descendants("smoke") | {"smoke"}
    for v in asia.variables:
        assert before[v].equals(after[v]) == (v not in below)
    assert asia.simulate(50, seed=1).equals(asia.simulate(50, seed=1))
    assert not asia.simulate(50, seed=1).equals(asia.simulate(50, seed=2))
    assert len(asia.simulate(0)) == 0


def test_fitting_recovers_the_tables() -> None:
    program = random_program(5, most=5, states=3)
    frame = program.simulate(200_000, seed=0)
    fitted = cpp.compile(program.dag, data=frame)
    np.testing.assert_allclose(
        fitted.probabilities(program.variables), program.probabilities(program.variables), atol=0.005
    )
    assert fitted.states(program.variables[0]) == program.states(program.variables[0])


def test_fitting_is_the_dirichlet_posterior_mean() -> None:
    frame = pd.DataFrame({"x": [0, 0, 0, 1], "y": [True, True, False, True]})
    program = cpp.compile(Dag.from_edges([("x", "y")]), data=frame, prior=0.5)
    mechanism = program.mechanism("y")
    assert isinstance(mechanism, Table)
    np.testing.assert_allclose(mechanism.probabilities, [[1.5 / 4, 2.5 / 4], [0.5 / 2, 1.5 / 2]])
    assert program.distribution("x") == pytest.approx({0: 3.5 / 5, 1: 1.5 / 5})
    assert program.do(x=1, y=True).distribution("y") == {False: 0.0, True: 1.0}
    assert program.do(x="1").do(x=1.0).distribution("x") == {0: 0.0, 1: 1.0}
    wider = cpp.compile(Dag(["x"]), data=frame, states={"x": [0, 1, 2]})
    assert wider.states("x") == (0, 1, 2)


def test_ate_is_exact_and_simulated() -> None:
    asia = cpp.load_network("asia")
    exact = cpp.ate(asia, treatment="smoke", outcome="dysp")
    by_hand = asia.do(smoke="yes").distribution("dysp")["yes"] - asia.do(smoke="no").distribution("dysp")["yes"]
    assert float(exact) == pytest.approx(by_hand)
    assert exact.standard_error == 0
    simulated = cpp.ate(asia, "smoke", "dysp", samples=50_000, seed=3)
    assert 0 < simulated.standard_error < 0.01
    assert abs(simulated.value - exact.value) < 4 * simulated.standard_error
    assert cpp.ate(asia, "smoke", "dysp", treated="no").value == pytest.approx(-exact.value)
    assert cpp.ate(asia, "smoke", "dysp", control="yes").value == pytest.approx(-exact.value)
    assert cpp.ate(asia, "smoke", "dysp", state="no").value == pytest.approx(-exact.value)
    assert json.loads(exact.to_json())["value"] == exact.value
    assert cpp.ate(asia, "dysp", "smoke").value == 0


def test_ate_of_numbers_is_a_difference_of_means() -> None:
    frame = pd.DataFrame({"dose": [0, 1, 2] * 40, "response": [0, 1, 4] * 40})
    program = cpp.compile(Dag.from_edges([("dose", "response")]), data=frame, prior=1e-9)
    effect = cpp.ate(program, "dose", "response", treated=2, control=1)
    assert effect.value == pytest.approx(3)
    assert effect.state is None
    assert "mean of response" in repr(effect)


@pytest.mark.parametrize("seed", range(10))
def test_programs_are_written_as_bif_and_read_back(seed: int) -> None:
    program = random_program(seed)
    program = program.do({program.variables[0]: "s1"}) if seed % 2 else program
    back = from_bif(to_bif(program))
    assert back.dag == program.dag
    np.testing.assert_allclose(back.probabilities(program.variables), program.probabilities(program.variables))


def test_values_stay_what_they_are() -> None:
    asia = cpp.load_network("asia")
    assert asia.card is not None
    with pytest.raises(TypeError):
        asia.card.variables["smoke"] = None  # type: ignore[index]
    again = pickle.loads(pickle.dumps(asia))
    assert again.card == asia.card
    assert hash(again.card) == hash(asia.card)
    mechanism = copy.deepcopy(asia.mechanism("dysp"))
    assert isinstance(mechanism, Table)
    with pytest.raises(ValueError, match="read-only"):
        mechanism.probabilities[0, 0, 0] = 1
    with pytest.raises(errors.TooLarge, match="fewer"):
        cpp.load_network("alarm").probabilities(cpp.load_network("alarm").variables)
    with pytest.raises(errors.InvalidParameter, match="seed"):
        asia.simulate(2, seed=-1)
    with pytest.raises(errors.InvalidData, match="mixes text and numbers"):
        cpp.compile(Dag(["x"]), data=pd.DataFrame({"x": [1, "a", 2]}))


def test_all_networks_load() -> None:
    for name in network_names():
        program = cpp.load_network(name)
        card = program.card
        assert card is not None
        assert card.name == name
        assert tuple(card.variables) == program.dag.nodes
        for v in program.variables:
            assert set(card.variables[v].states) == set(program.states(v))
            assert card.variables[v].label in program.description
        assert not set(card.notes) & {program.description}
        assert len(program.simulate(10)) == 10
        assert sum(program.distribution(program.dag.topological_order[-1]).values()) == pytest.approx(1)
    assert cpp.load_network("ASIA") is cpp.load_network("asia")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.do(smok="yes"), errors.UnknownVariable, "did you mean 'smoke'"),
        (lambda p: p.do(smoke="maybe"), errors.UnknownState, "unknown state 'maybe' of 'smoke'"),
        (lambda p: p.do(smoke=True), errors.UnknownState, "of 'smoke'"),
        (lambda p: p.do(), errors.InvalidParameter, "needs a variable"),
        (lambda p: p.do({"smoke": "yes"}, smoke="no"), errors.InvalidParameter, "set twice"),
        (lambda p: p.simulate(-1), errors.InvalidParameter, "number of rows is a whole number from 0 on, got -1"),
        (lambda p: p.distribution("lungs"), errors.UnknownVariable, "did you mean 'lung'"),
        (lambda p: p.states("z"), errors.UnknownVariable, "'z'"),
        (lambda p: cpp.ate(p, "smoke", "smoke"), errors.InvalidParameter, "are both"),
        (lambda p: cpp.ate(p, "smoke", "z"), errors.UnknownVariable, "'z'"),
        (lambda p: cpp.ate(p, "smoke", "dysp", treated="yes", control="yes"), errors.InvalidParameter, "are both"),
        (lambda p: cpp.ate(p, "smoke", "dysp", samples=1), errors.InvalidParameter, "at least 2"),
        (lambda p: cpp.ate(cpp.load_network("survey"), "A", "T"), errors.InvalidParameter, "which states of 'A'"),
        (lambda p: cpp.ate(cpp.load_network("survey"), "A", "T", control="old"), errors.InvalidParameter, "both"),
        (lambda p: cpp.load_network("asai"), errors.UnknownNetwork, "did you mean 'asia'"),
        (lambda p: cpp.compile(Dag("a")), errors.InvalidParameter, "either"),
        (lambda p: cpp.compile(Dag("a"), mechanisms={}), errors.InvalidParameter, "no mechanism"),
        (
            lambda p: cpp.compile(Dag("a"), mechanisms={"b": Table(("x", "y"), (), np.array([0.5, 0.5]))}),
            errors.UnknownVariable,
            "among the mechanisms",
        ),
        (lambda p: Table(("x", "y"), (), np.array([0.5, 0.6])), errors.InvalidParameter, "sums to 1.1"),
        (lambda p: Table(("x", "y"), (), np.array([0.5, np.nan])), errors.InvalidParameter, "finite"),
        (lambda p: Table(("x", "y"), (), np.array([1.5, -0.5])), errors.InvalidParameter, "not negative"),
        (lambda p: Table(("x", "y"), ("a",), np.array([0.5, 0.5])), errors.InvalidParameter, "needs shape"),
    ],
)  # fmt: skip
def test_misuse(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(cpp.load_network("asia"))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda f: f.drop(columns="y"), {}, "no column 'y'"),
        (lambda f: f[:0], {}, "no rows"),
        (lambda f: f.assign(y=[None, 1, 1, 0]), {}, "missing values"),
        (lambda f: f.assign(y=f.y * 3), {"states": {"y": [0, 1]}}, "has the value '3'"),
        (
            lambda f: pd.DataFrame({"x": [0, 1] * 100, "y": np.linspace(0, 1, 200)}),
            {"mechanisms": {"y": "table"}},
            "cut it",
        ),
        (lambda f: f[["x", "y", "y"]], {}, "more than once"),
    ],
)
def test_bad_data(change, options: dict[str, Any], message: str) -> None:
    frame = pd.DataFrame({"x": [0, 1, 1, 0], "y": [0, 1, 0, 1]})
    with pytest.raises(errors.InvalidData, match=message):
        cpp.compile(Dag.from_edges([("x", "y")]), data=change(frame), **options)
    with pytest.raises(errors.InvalidParameter, match="latent"):
        cpp.compile(Dag.from_edges([("x", "y")], latent="x"), data=frame)
    with pytest.raises(errors.InvalidParameter, match="concentration"):
        cpp.compile(Dag.from_edges([("x", "y")]), data=frame, prior=0)
