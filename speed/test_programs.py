"""Speed of programs beside pgmpy, Pyro and a torch sampler written by hand; run with ``pytest speed``."""

import warnings

import numpy as np
import pyro
import pytest
import torch
from pyro.infer import Predictive, TraceEnum_ELBO, config_enumerate

import causalpp as cpp
from causalpp.graphs import erdos_renyi

DRAWS = 100_000


def random_program():
    dag = erdos_renyi(20, expected_degree=3, seed=5)[0]
    rng = np.random.default_rng(0)
    cards = {v: int(rng.integers(2, 4)) for v in dag.nodes}
    tables = {
        v: cpp.Table(
            range(cards[v]), dag.parents(v), rng.dirichlet(np.ones(cards[v]), size=[cards[p] for p in dag.parents(v)])
        )
        for v in dag.nodes
    }
    return cpp.compile(dag, mechanisms=tables)


def far_apart(program):
    """The treatment and the outcome with the most ancestors between them."""
    dag = program.dag
    outcome = max(dag.nodes, key=lambda v: len(dag.ancestors(v)))
    treatment = max(sorted(dag.ancestors(outcome)), key=lambda v: len(dag.descendants(v)))
    return treatment, outcome


@pytest.fixture(scope="module", params=["alarm", "random-20"])
def task(request):
    program = cpp.load_network("alarm") if request.param == "alarm" else random_program()
    treatment, outcome = far_apart(program)
    return program, treatment, outcome


def exact(request):
    return f"exact ATE, {request.node.callspec.id}"


def sampled(request):
    return f"ATE from {DRAWS:,} draws a side, {request.node.callspec.id}"


def arms(program, treatment):
    return [program.states(treatment)[k] for k in (0, 1)]


def as_pgmpy(program):
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    model = DiscreteBayesianNetwork(list(program.dag.edges))
    model.add_nodes_from(program.variables)
    for v in program.variables:
        table, parents = program.table(v), program.mechanism(v).parents
        cards = [len(program.states(p)) for p in parents]
        flat = table.reshape(-1, table.shape[-1]).T
        model.add_cpds(TabularCPD(v, table.shape[-1], flat, list(parents) or None, cards or None))
    return model


# --- exact --------------------------------------------------------------------------------------------


def exact_ate(program, treatment, outcome):
    return [program.do({treatment: state}).probabilities(outcome) for state in arms(program, treatment)]


def test_exact(benchmark, task, request):
    benchmark.group = exact(request)
    benchmark.pedantic(exact_ate, task, rounds=10, warmup_rounds=1)


def test_exact_by_pyro_enumeration(benchmark, task, request):
    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = exact(request), True

    def run():
        out = []
        for number in (0, 1):
            model = config_enumerate(pyro.do(program, data={treatment: torch.tensor(number)}))
            marginals = TraceEnum_ELBO(max_plate_nesting=0).compute_marginals(model, lambda: None)
            out.append(marginals[outcome].probs)
        return out

    found, expected = run(), exact_ate(*task)
    np.testing.assert_allclose(np.array([p.numpy() for p in found]), expected, atol=1e-4)
    benchmark.pedantic(run, rounds=3)


def test_exact_by_pyro_evidence(benchmark, task, request):
    """Only P(outcome = first state), from the evidence: Pyro's quickest exact road."""
    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = exact(request), True

    def run():
        out = []
        for number in (0, 1):
            model = pyro.do(program, data={treatment: torch.tensor(number)})
            model = config_enumerate(pyro.condition(model, data={outcome: torch.tensor(0)}))
            out.append(np.exp(-TraceEnum_ELBO(max_plate_nesting=0).loss(model, lambda: None)))
        return out

    np.testing.assert_allclose(run(), [p[0] for p in exact_ate(*task)], atol=1e-4)
    benchmark.pedantic(run, rounds=3)


def test_exact_by_pgmpy(benchmark, task, request):
    from pgmpy.inference import VariableElimination

    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = exact(request), True
    model = as_pgmpy(program)

    def run():
        cut = VariableElimination(model.do([treatment]))
        return [cut.query([outcome], evidence={treatment: k}, show_progress=False).values for k in (0, 1)]

    np.testing.assert_allclose(run(), exact_ate(*task), atol=1e-6)
    benchmark.pedantic(run, rounds=2)


# --- sampled ------------------------------------------------------------------------------------------


def sampled_ate(program, treatment, outcome):
    high, low = arms(program, treatment)
    worlds = program.worlds(treated={treatment: high}, control={treatment: low})
    values, _, _ = worlds.draw(DRAWS, 1, [("treated", outcome), ("control", outcome)])
    k = len(program.states(outcome))
    return [np.bincount(v, minlength=k) / DRAWS for v in values.values()]


def test_sampled(benchmark, task, request):
    benchmark.group = sampled(request)
    np.testing.assert_allclose(sampled_ate(*task), exact_ate(*task), atol=0.02)
    benchmark.pedantic(sampled_ate, task, rounds=10, warmup_rounds=1)


def test_sampled_by_hand_in_torch(benchmark, task, request):
    """What one writes for one graph: only the ancestors, tables prepared, one gather and one comparison a variable."""
    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = sampled(request), True
    needed = program.dag.ancestors(outcome) | {outcome}
    order = [s.variable for s in program.statements if s.variable in needed]
    cumulative = {v: torch.tensor(program.table(v)).cumsum(-1)[..., :-1].float() for v in order}

    def run():
        out = []
        for number in (0, 1):
            torch.manual_seed(1)
            values = {}
            for v in order:
                if v == treatment:
                    values[v] = torch.full((DRAWS,), number)
                    continue
                rows = cumulative[v][tuple(values[p] for p in program.mechanism(v).parents)]
                values[v] = (torch.rand(DRAWS).unsqueeze(-1) >= rows).sum(-1)
            out.append(torch.bincount(values[outcome], minlength=len(program.states(outcome))) / DRAWS)
        return out

    np.testing.assert_allclose(np.array([p.numpy() for p in run()]), exact_ate(*task), atol=0.02)
    benchmark.pedantic(run, rounds=10, warmup_rounds=1)


def test_sampled_by_pyro(benchmark, task, request):
    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = sampled(request), True

    def run():
        out = []
        for number in (0, 1):
            model = pyro.do(program, data={treatment: torch.tensor(number)})
            out.append(Predictive(model, num_samples=DRAWS, parallel=True, return_sites=[outcome])()[outcome])
        return out

    benchmark.pedantic(run, rounds=2)


def test_sampled_by_pgmpy(benchmark, task, request):
    program, treatment, outcome = task
    benchmark.group, benchmark.extra_info["peer"] = sampled(request), True
    model = as_pgmpy(program)

    def run():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [model.simulate(DRAWS, do={treatment: k}, show_progress=False)[outcome] for k in (0, 1)]

    benchmark.pedantic(run, rounds=1)
