"""do, condition, counterfactual and worlds against enumeration written out here, against Pyro and pgmpy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
import pytest
import torch
from brute import Brute
from pyro.infer import MCMC, NUTS, Importance, Predictive

import causalpp as cpp
from causalpp import Dag, Function, LinearGaussian, Response, Shift, Table, errors
from causalpp.programs.mechanisms import Assign, Mechanism

SIGMAS = 4.5


def random_program(seed: int, variables: tuple[int, int] = (3, 8), states: int = 4, noisy: bool = True) -> Any:
    """A random discrete program, a third of them with a latent variable; tables, responses and functions."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(variables[0], variables[1] + 1))
    names = [f"v{i}" for i in range(d)]
    order = rng.permutation(d)
    density = min(1.0, 2.5 / d)
    edges = [(names[order[i]], names[order[j]]) for i in range(d) for j in range(i + 1, d) if rng.random() < density]
    latent = {names[order[0]]} if seed % 3 == 0 else set()
    dag = Dag(names, edges, latent=latent)
    cards = {name: int(rng.integers(2, states + 1)) for name in names}
    mechanisms: dict[str, Mechanism] = {}
    for name in names:
        parents = dag.parents(name)
        shape, known = tuple(cards[p] for p in parents), tuple(f"s{k}" for k in range(cards[name]))
        if noisy and rng.random() < 0.4:
            cells = int(rng.integers(2, 4))
            outcomes = rng.integers(0, cards[name], size=(*shape, cells))
            mechanisms[name] = Response(known, parents, rng.dirichlet(np.ones(cells)), outcomes)
        else:
            mechanisms[name] = Table(known, parents, rng.dirichlet(np.ones(cards[name]), size=shape))
    return cpp.compile(dag, mechanisms=mechanisms)


def brute_joint(program: cpp.CausalProgram, do: dict[str, int]) -> np.ndarray:
    """The truncated factorisation over all variables, one axis each."""
    cards = [len(program.states(v)) for v in program.variables]
    axis = {v: i for i, v in enumerate(program.variables)}
    out = np.ones(cards)
    for v in program.variables:
        mechanism = program.mechanism(v)
        table = (
            np.eye(cards[axis[v]])[do[v]]
            if v in do
            else mechanism.table(tuple(cards[axis[p]] for p in mechanism.parents))
        )
        axes = [axis[v]] if v in do else [*(axis[p] for p in mechanism.parents), axis[v]]
        moved = np.transpose(table, np.argsort(axes))
        out = out * moved.reshape([cards[i] if i in axes else 1 for i in range(len(cards))])
    return out


def brute_counterfactual(
    program: cpp.CausalProgram, seen: dict[str, int], do: dict[str, int], wanted: list[str]
) -> np.ndarray:
    """Abduction, action, prediction: every combination of noise in turn, by the numbers in the tables alone."""
    brute = Brute(program)
    fact, after = brute.world({}), brute.world(do)
    weight = brute.weights * np.prod([fact[v] == value for v, value in seen.items()], axis=0)
    out = np.zeros([brute.cards[v] for v in wanted])
    np.add.at(out, tuple(after[v] for v in wanted), weight)
    return out / out.sum()


def some_query(
    program: cpp.CausalProgram, rng: np.random.Generator
) -> tuple[dict[str, int], dict[str, int], list[str]]:
    names = [str(v) for v in rng.permutation(program.variables)]
    do = {v: int(rng.integers(len(program.states(v)))) for v in names[: int(rng.integers(0, 3))]}
    seen = {v: int(rng.integers(len(program.states(v)))) for v in names[2 : 2 + int(rng.integers(0, 3))] if v not in do}
    return do, seen, [str(v) for v in rng.choice(names, 2, replace=False)]


def named(program: cpp.CausalProgram, numbers: dict[str, int]) -> dict[str, Any]:
    return {v: program.states(v)[k] for v, k in numbers.items()}


# --- discrete programs --------------------------------------------------------------------------------


@pytest.mark.parametrize("block", range(10))
def test_do_and_condition_agree_with_enumeration(block: int) -> None:
    for seed in range(30 * block, 30 * block + 30):
        program = random_program(seed)
        rng = np.random.default_rng(seed)
        do, seen, wanted = some_query(program, rng)
        changed = program
        if do:
            changed = changed.do(named(program, do))
        if seen:
            changed = changed.condition(named(program, seen))
        joint = brute_joint(program, do)
        index = tuple(slice(seen[v], seen[v] + 1) if v in seen else slice(None) for v in program.variables)
        masked = np.zeros_like(joint)
        masked[index] = joint[index]
        if masked.sum() == 0:
            with pytest.raises(errors.ImpossibleEvidence):
                changed.probabilities(wanted)
            continue
        axes = [program.variables.index(v) for v in wanted]
        summed = masked.sum(tuple(i for i in range(joint.ndim) if i not in axes))
        expected = summed if axes[0] < axes[1] else summed.T
        np.testing.assert_allclose(changed.probabilities(wanted), expected / masked.sum(), atol=1e-9)
        assert changed.log_likelihood == pytest.approx(np.log(masked.sum()), abs=1e-9)
        if seen and do:  # in the other order it is the same world
            other = program.condition(named(program, seen)).do(named(program, do))
            np.testing.assert_allclose(other.probabilities(wanted), changed.probabilities(wanted), atol=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_pyros_do_and_condition(seed: int) -> None:
    """The log probability of every complete assignment, by the handlers and by the program's own methods."""
    program = random_program(seed, variables=(3, 5), states=3)
    rng = np.random.default_rng(seed)
    do, seen, _ = some_query(program, rng)
    mine = program
    theirs: Any = program
    if do:
        mine, theirs = mine.do(named(program, do)), pyro.do(theirs, data={v: torch.tensor(k) for v, k in do.items()})
    if seen:
        mine = mine.condition(named(program, seen))
        theirs = pyro.condition(theirs, data={v: torch.tensor(k) for v, k in seen.items()})
    for number in range(5):
        values = {
            v: torch.tensor(int(rng.integers(len(program.states(v))))) for v in program.variables if v not in seen
        }
        free = {v: value for v, value in values.items() if v not in do}
        # Pyro's do keeps the natural value as a sample site; that draw is not part of the world after do.
        trace = poutine.trace(poutine.condition(poutine.block(theirs, hide=list(do)), data=free)).get_trace()
        own = poutine.trace(poutine.condition(mine, data=free)).get_trace()
        assert float(own.log_prob_sum()) == pytest.approx(float(trace.log_prob_sum()), abs=1e-5), number


@pytest.mark.slow
def test_agrees_with_pgmpy() -> None:
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.inference import VariableElimination
    from pgmpy.models import DiscreteBayesianNetwork

    for seed in range(20):
        program = random_program(seed, variables=(3, 6), states=3)
        rng = np.random.default_rng(seed)
        do, seen, wanted = some_query(program, rng)
        wanted = [v for v in wanted if v not in do and v not in seen]
        if not wanted:
            continue
        model = DiscreteBayesianNetwork(list(program.dag.edges))
        model.add_nodes_from(program.variables)
        for v in program.variables:
            table, parents = program.table(v), program.mechanism(v).parents
            cards = [len(program.states(p)) for p in parents]
            flat = table.reshape(-1, table.shape[-1]).T
            model.add_cpds(TabularCPD(v, table.shape[-1], flat, list(parents) or None, cards or None))
        cut = model.do(list(do)) if do else model
        evidence = {**do, **seen}
        answer = VariableElimination(cut).query(wanted, evidence=evidence or None, show_progress=False)
        expected = np.transpose(answer.values, [answer.variables.index(v) for v in wanted])
        changed = program.do(named(program, do)) if do else program
        changed = changed.condition(named(program, seen)) if seen else changed
        np.testing.assert_allclose(changed.probabilities(wanted), expected, atol=1e-6)


@pytest.mark.parametrize("block", range(5))
def test_counterfactuals_agree_with_every_noise(block: int) -> None:
    for seed in range(12 * block, 12 * block + 12):
        program = random_program(seed, variables=(3, 4), states=3)
        rng = np.random.default_rng(seed)
        fact = program.draw(1, seed)
        names = [str(v) for v in rng.permutation(program.variables)]
        seen = {v: int(fact[v][0]) for v in names[:2]}
        do = {v: int(rng.integers(len(program.states(v)))) for v in names[1:2]}
        wanted = [names[0], names[2]]
        after = program.counterfactual(observations=named(program, seen), do=named(program, do))
        expected = brute_counterfactual(program, seen, do, wanted)
        np.testing.assert_allclose(after.probabilities(wanted), expected, atol=1e-9)
        n = 4000
        values, weights, size = after._weighted(wanted, n, seed)
        found = np.zeros_like(expected)
        np.add.at(found, tuple(v.numpy() for v in values), weights)
        assert 0 < size <= n * (1 + 1e-9)
        assert (abs(found - expected) <= SIGMAS * np.sqrt(expected * (1 - expected) / size) + 3 / size).all()


def test_nested_do_and_natural_values() -> None:
    program = random_program(4)
    x, y = program.variables[0], program.variables[1]
    twice = program.do({x: "s0"}).do({x: "s1"})
    np.testing.assert_allclose(twice.probabilities(y), program.do({x: "s1"}).probabilities(y))
    # The observation of a variable that is set afterwards is of its natural value: the effect on the treated.
    treated = program.condition({x: "s0"}).do({x: "s1"})
    same = program.counterfactual({x: "s0"}, {x: "s1"})
    np.testing.assert_allclose(treated.probabilities(y), same.probabilities(y), atol=1e-12)
    assert treated.observations == {x: "s0"}


def test_worlds_share_their_noise() -> None:
    asia = cpp.load_network("asia")
    worlds = asia.worlds(factual={}, treated={"smoke": "yes"}, control={"smoke": "no"})
    joint = worlds.probabilities([("treated", "dysp"), ("control", "dysp"), ("factual", "dysp")])
    np.testing.assert_allclose(joint.sum((1, 2)), asia.do(smoke="yes").probabilities("dysp"), atol=1e-12)
    np.testing.assert_allclose(joint.sum((0, 1)), asia.probabilities("dysp"), atol=1e-12)
    frame = worlds.simulate(20_000, seed=1)
    assert (frame["treated"]["asia"] == frame["control"]["asia"]).all()
    smokers = frame["factual"]["smoke"] == "yes"
    assert (frame["treated"].loc[smokers, "dysp"] == frame["factual"].loc[smokers, "dysp"]).all()
    share = ((frame["treated"]["dysp"] == "yes") & (frame["control"]["dysp"] == "no")).mean()
    exact = joint[0, 1].sum()
    assert abs(share - exact) < SIGMAS * np.sqrt(exact * (1 - exact) / len(frame))
    # In Pyro, too.
    pyro.set_rng_seed(0)
    with pyro.plate("rows", 2000):
        drawn = worlds()
    assert (drawn["treated"]["asia"] == drawn["control"]["asia"]).all()


def test_what_can_be_set() -> None:
    cancer = cpp.load_network("cancer")
    half = cancer.do(Smoker={"True": 0.5, "False": 0.5})
    sides = [cancer.do(Smoker=state).probabilities("Cancer") for state in cancer.states("Smoker")]
    np.testing.assert_allclose(half.probabilities("Cancer"), np.mean(sides, axis=0))
    # Functions see numbers of states: smoke exactly where the air is clean; flip what one would have done.
    tied = cancer.do(Smoker=lambda Pollution: Pollution)  # noqa: N803
    np.testing.assert_allclose(
        tied.probabilities(["Pollution", "Smoker"]), np.diag(cancer.probabilities("Pollution")), atol=1e-12
    )
    flipped = cancer.do(Smoker=lambda Smoker: 1 - Smoker)  # noqa: N803
    np.testing.assert_allclose(flipped.probabilities("Smoker"), cancer.probabilities("Smoker")[::-1])
    both = cancer.worlds(was={}, turned={"Smoker": lambda Smoker: 1 - Smoker})  # noqa: N803
    np.testing.assert_allclose(np.diag(both.probabilities([("was", "Smoker"), ("turned", "Smoker")])), 0)
    drawn = flipped.simulate(5000, seed=3)["Smoker"].value_counts(normalize=True)
    assert drawn["True"] == pytest.approx(cancer.distribution("Smoker")["False"], abs=0.05)


# --- real variables -----------------------------------------------------------------------------------

LINE = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])


def linear() -> cpp.CausalProgram:
    return cpp.compile(
        LINE,
        mechanisms={
            "z": LinearGaussian((), [], 1.0, 2.0),
            "x": LinearGaussian("z", [0.5], -1.0, 0.5),
            "y": LinearGaussian(("x", "z"), [2.0, -1.0], 3.0, 1.5),
        },
    )


def test_linear_gaussian_moments() -> None:
    program = linear()
    # z = 1 + 2a, x = −1/2 + a + b/2, y = 3 + 2x − z + 3c/2 = 1 + b + 3c/2 (the part of z cancels)
    mean, covariance = program.moments(["z", "x", "y"])
    np.testing.assert_allclose(mean, [1, -0.5, 1])
    np.testing.assert_allclose(covariance, [[4, 2, 0], [2, 1.25, 0.5], [0, 0.5, 3.25]], atol=1e-12)
    assert program.do(x=2).mean("y") == pytest.approx(3 + 4 - 1)
    assert program.do(x=Shift(1.0)).mean("y") == pytest.approx(3)
    assert program.do(x=LinearGaussian((), [], 1.0, 0.0)).mean("y") == pytest.approx(4)
    # regression: E[y | x] has slope cov/var
    assert program.condition(x=1.0).mean("y") == pytest.approx(1 + 0.5 / 1.25 * 1.5)
    # counterfactual: a unit's own noise
    unit = program.counterfactual({"z": 1.0, "x": 0.0, "y": 2.0}, {"x": 1.0})
    assert unit.mean("y") == pytest.approx(4.0)
    assert unit.moments("y")[1][0, 0] == pytest.approx(0, abs=1e-12)
    partly = program.counterfactual({"y": 2.0}, {"x": 1.0})
    values, weights, size = partly._weighted(["y"], 200_000, 0)
    exact, spread = partly.moments("y")
    estimate = float(weights @ values[0].numpy())
    assert abs(estimate - exact[0]) < SIGMAS * np.sqrt(spread[0, 0] / size)


def test_a_mixed_program() -> None:
    """A discrete cause of a real one: the law of total expectation by hand, and by weighted draws."""
    program = cpp.compile(
        Dag.from_edges([("group", "dose"), ("group", "y"), ("dose", "y")]),
        mechanisms={
            "group": Table(("a", "b"), (), [0.25, 0.75]),
            "dose": LinearGaussian("group", np.zeros((2, 0)), [1.0, 3.0], [1.0, 0.5]),
            "y": LinearGaussian(("group", "dose"), [[1.0], [-1.0]], [0.0, 2.0], [1.0, 1.0]),
        },
    )
    exact = 0.25 * 1.0 + 0.75 * (2 - 3)
    n = 100_000
    spread = program.simulate(n, seed=2)["y"]
    assert abs(spread.mean() - exact) < SIGMAS * spread.std() / np.sqrt(n)
    assert abs(program.mean("y", samples=n, seed=1) - exact) < SIGMAS * spread.std() / np.sqrt(n)
    densities = [
        dist.Normal(1.0, 1.0).log_prob(torch.tensor(2.0)).exp(),
        dist.Normal(3.0, 0.5).log_prob(torch.tensor(2.0)).exp(),
    ]
    posterior = 0.25 * densities[0] / (0.25 * densities[0] + 0.75 * densities[1])
    found = program.condition(dose=2.0).distribution("group", samples=n)["a"]
    assert abs(found - float(posterior)) < 0.01
    assert program.condition(group="b").mean("dose") == pytest.approx(3.0)
    assert program.mean("y") == pytest.approx(exact)
    assert program.condition(dose=2.0).distribution("group")["a"] == pytest.approx(float(posterior), rel=1e-5)


@pytest.mark.slow
def test_functions_of_noise() -> None:
    def growth(size: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return size * torch.exp(0.1 * noise)

    program = cpp.compile(
        Dag.from_edges([("size", "later")]),
        mechanisms={
            "size": LinearGaussian((), [], 10.0, 1.0),
            "later": Function(growth, "size", inverse=lambda later, size: 10 * torch.log(later / size)),
        },
    )
    assert program.mean("later", samples=50_000) == pytest.approx(10 * np.exp(0.005), abs=0.05)
    after = program.counterfactual({"size": 10.0, "later": 11.0}, {"size": 20.0})
    assert after.mean("later", samples=10) == pytest.approx(22.0)
    seen = program.condition(later=11.0)
    # By importance sampling in Pyro against likelihood weighting here: two roads to E[size | later = 11].
    pyro.set_rng_seed(0)
    mine = seen.mean("size", samples=200_000)
    importance = Importance(seen, num_samples=4000).run()
    weights = torch.softmax(torch.tensor([float(w) for w in importance.log_weights]), 0)
    sizes = torch.tensor([float(t.nodes["size"]["value"]) for t in importance.exec_traces])
    assert float(weights @ sizes) == pytest.approx(mine, abs=0.1)
    scope: dict[str, Any] = {}
    exec(program.source(), scope)
    pyro.set_rng_seed(1)
    with pyro.plate("rows", 20_000):
        drawn = scope["model"]()
    assert float(drawn["later"].mean()) == pytest.approx(10 * np.exp(0.005), abs=0.05)


@pytest.mark.slow
def test_nuts_runs_on_programs_and_on_worlds() -> None:
    program = linear().condition(y=2.0)
    exact = program.mean("x")
    pyro.set_rng_seed(3)
    kernel = MCMC(NUTS(program), num_samples=150, warmup_steps=100, disable_progbar=True)
    kernel.run()
    spread = np.sqrt(program.moments("x")[1][0, 0])
    assert abs(float(kernel.get_samples()["x"].mean()) - exact) < SIGMAS * spread / np.sqrt(30)
    after = linear().counterfactual({"y": 2.0}, {"x": 1.0})
    kernel = MCMC(NUTS(after), num_samples=150, warmup_steps=100, disable_progbar=True)
    kernel.run()
    found = Predictive(after, kernel.get_samples())()["y"]
    mean, covariance = after.moments("y")
    assert abs(float(found.mean()) - mean[0]) < SIGMAS * np.sqrt(covariance[0, 0] / 30)


# --- as a Pyro model ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [False, True])
def test_predictive(parallel: bool) -> None:
    pyro.set_rng_seed(1)
    asia = cpp.load_network("asia").do(smoke="yes")
    drawn = Predictive(asia, num_samples=4000, parallel=parallel)()
    assert drawn["dysp"].shape[0] == drawn["smoke"].shape[0] == 4000
    share = float((drawn["dysp"] == 0).double().mean())
    exact = asia.distribution("dysp")["yes"]
    assert abs(share - exact) < SIGMAS * np.sqrt(exact * (1 - exact) / 4000)


def test_scale_counts_once_and_plates_broadcast() -> None:
    program = linear()
    data = {v: torch.tensor(0.5) for v in program.variables}
    plain = poutine.trace(poutine.condition(program, data=data)).get_trace().log_prob_sum()
    scaled = poutine.trace(poutine.scale(poutine.condition(program, data=data), scale=3.0)).get_trace().log_prob_sum()
    assert float(scaled) == pytest.approx(3 * float(plain), rel=1e-5)
    with pyro.plate("rows", 7):
        values = program.do(x=1.0)()
    assert values["y"].shape == (7,)


@pytest.mark.parametrize("seed", range(100))
def test_source_gives_the_same_joint(seed: int) -> None:
    program = random_program(seed, variables=(2, 4), states=3)
    rng = np.random.default_rng(seed)
    x = str(rng.choice(program.variables))
    for version in (program, program.do({x: "s1"})):
        scope: dict[str, Any] = {}
        exec(version.source(), scope)
        for _ in range(4):
            data = {v: torch.tensor(int(rng.integers(len(program.states(v))))) for v in program.variables}
            free = {v: t for v, t in data.items() if not isinstance(version.mechanism(v), Assign)}
            found = poutine.trace(poutine.condition(scope["model"], data=free)).get_trace().log_prob_sum()
            expected = poutine.trace(poutine.condition(version, data=free)).get_trace().log_prob_sum()
            assert float(found) == pytest.approx(float(expected), abs=1e-4)
    before, after = program.source().splitlines(), program.do({x: "s1"}).source().splitlines()
    assert [line for line in after if line not in before] == [
        f'    {x} = pyro.deterministic("{x}", torch.tensor(1))  # do({x} = s1)'
    ]


def test_source_of_real_programs() -> None:
    program = linear()
    assert '    y = pyro.sample("y", dist.Normal(3.0 + 2.0 * x - 1.0 * z, 1.5))' in program.source()
    for version in (program, program.do(x=2.0), program.condition(x=2.0), program.do(x=Shift(1.0))):
        scope: dict[str, Any] = {}
        exec(version.source(), scope)
        data = {"z": torch.tensor(0.3), "y": torch.tensor(0.1)}
        found = poutine.trace(poutine.condition(scope["model"], data=data)).get_trace()
        expected = poutine.trace(poutine.condition(version, data=data)).get_trace()
        if version.observations or isinstance(version.mechanism("x"), Assign):
            assert float(found.log_prob_sum()) == pytest.approx(float(expected.log_prob_sum()), abs=1e-4)
        assert set(found.stochastic_nodes) == set(expected.stochastic_nodes)


# --- misuse -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: p.do(smok="yes"), errors.UnknownVariable, "did you mean 'smoke'"),
        (lambda p: p.condition(smok="yes"), errors.UnknownVariable, "did you mean 'smoke'"),
        (lambda p: p.condition(smoke="maybe"), errors.UnknownState, "maybe"),
        (lambda p: p.counterfactual({"smoke": "yes"}, {"lng": "no"}), errors.UnknownVariable, "did you mean 'lung'"),
        (lambda p: p.do(smoke="yes").condition(smoke="no"), errors.ImpossibleEvidence, "is set to 'yes'"),
        (lambda p: p.condition(smoke="yes").condition(smoke="no"), errors.ImpossibleEvidence, "already observed"),
        (lambda p: p.condition(either="no", lung="yes").probabilities("xray"), errors.ImpossibleEvidence, "zero"),
        (lambda p: p.do({"smoke.probabilities": 1}), errors.InvalidParameter, "parameter of the mechanism"),
        (lambda p: p.do(asia=lambda dysp: dysp), errors.CyclicGraph, "asia"),
        (lambda p: p.do(asia=lambda nobody: nobody), errors.UnknownVariable, "arguments"),
        (lambda p: p.do(smoke=Shift(1)), errors.InvalidParameter, "numbers can be shifted"),
        (lambda p: p.do(smoke=LinearGaussian()), errors.InvalidParameter, "has the states"),
        (lambda p: p.worlds(), errors.InvalidParameter, "at least one world"),
        (lambda p: p.worlds(a={}).probabilities([("b", "smoke")]), errors.UnknownVariable, "worlds"),
        (lambda p: p.worlds(a={}).probabilities(["smoke"]), errors.InvalidParameter, "pair"),
        (lambda p: p.mean("smoke"), errors.InvalidParameter, "no numbers"),
        (lambda p: p.simulate(5, seed=-1), errors.InvalidParameter, "seed"),
        (lambda p: p.counterfactual({"smoke": "yes"}, {"lung": "no"}).source(), errors.InvalidParameter, "two worlds"),
    ],
)  # fmt: skip
def test_misuse(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(cpp.load_network("asia"))


def test_nonsense_from_a_function() -> None:
    dag = Dag.from_edges([("a", "b")])
    for function, message in [
        (lambda a, noise: a.sum(), "shape"),
        (lambda a, noise: 1.0, "float"),
        (lambda a, noise: a / 0, "finite"),
    ]:
        program = cpp.compile(dag, mechanisms={"a": LinearGaussian(), "b": Function(function, "a")})
        with pytest.raises(errors.InvalidParameter, match=message):
            program.simulate(5)
    states = cpp.compile(dag, mechanisms={"a": LinearGaussian(), "b": Function(lambda a, n: a, "a", ("x", "y"))})
    with pytest.raises(errors.InvalidParameter, match="numbers of states"):
        states.simulate(5)


def test_rare_evidence_is_said() -> None:
    program = linear().condition(y=25.0, z=-8.0)
    with pytest.warns(errors.ImpreciseWarning, match="draw more"):
        cpp.compile(
            LINE,
            mechanisms={"z": LinearGaussian(), "x": Function(lambda z, n: z + n, "z"), "y": program.mechanism("y")},
        ).condition(y=40.0).mean("x", samples=500)


def test_a_shift_of_a_fitted_mechanism_is_drawn_with_it() -> None:
    """An intervention that builds on a mechanism has that mechanism's parameters in every posterior draw."""
    frame = linear().simulate(200, seed=4)
    program = cpp.compile(LINE, data=frame)
    worlds = [p.worlds(was={}, pushed={"x": Shift(1.0)}) for p in program.posterior_draws(5, seed=1)]
    gaps = [w.moments([("pushed", "x")])[0][0] - w.moments([("was", "x")])[0][0] for w in worlds]
    np.testing.assert_allclose(gaps, 1.0)
    pushed = [p.mean("y") for p in program.do(x=Shift(1.0)).posterior_draws(5, seed=1)]
    assert np.std(pushed) > 0
    before = [p.mean("y") + p.mechanism("y").coefficients[list(p.mechanism("y").parents).index("x")]  # type: ignore[attr-defined]
              for p in program.posterior_draws(5, seed=1)]  # fmt: skip
    np.testing.assert_allclose(pushed, before)
    after = program.counterfactual({"y": 1.0}, {"x": Shift(1.0)})
    assert np.std([p.mean("y") for p in after.posterior_draws(5)]) > 0


def test_source_with_one_discrete_parent() -> None:
    program = cpp.compile(
        Dag.from_edges([("group", "dose")]),
        mechanisms={
            "group": Table(("a", "b"), (), [0.25, 0.75]),
            "dose": LinearGaussian("group", np.zeros((2, 0)), [1.0, 3.0], [1.0, 0.5]),
        },
    )
    scope: dict[str, Any] = {}
    exec(program.source(), scope)
    data = {"group": torch.tensor(1), "dose": torch.tensor(2.0)}
    found = poutine.trace(poutine.condition(scope["model"], data=data)).get_trace().log_prob_sum()
    expected = poutine.trace(poutine.condition(program, data=data)).get_trace().log_prob_sum()
    assert float(found) == pytest.approx(float(expected), abs=1e-5)
