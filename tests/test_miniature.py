"""The miniature in docs/mini_acbo.py, step by step against the library, on the same seed."""

import importlib.util
from pathlib import Path

import numpy as np
import pyro
import pytest

import causalpp as cpp
from causalpp.belief import Fixed

HERE = Path(__file__).parents[1] / "docs" / "mini_acbo.py"


@pytest.fixture(scope="module")
def mini():
    spec = importlib.util.spec_from_file_location("mini_acbo", HERE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_a_hundred_lines():
    assert len(HERE.read_text(encoding="utf-8").splitlines()) <= 100


@pytest.mark.parametrize("name", ["asia", "cancer", "earthquake", "survey"])
def test_it_lists_the_same_class(mini, name):
    dag = cpp.load_network(name).dag
    found = set(mini.members(frozenset(dag.edges)))
    assert found == {frozenset(g.edges) for g in cpp.MarkovEquivalenceClass.from_dag(dag).members()}


@pytest.mark.parametrize("seed", range(4))
def test_it_asks_the_same_questions_and_believes_the_same(mini, seed):
    dag = cpp.load_network("asia").dag
    config = cpp.AcboConfig(channel=Fixed(0.1), doubt=0.0, further=(), contradiction=0.0)
    mec = cpp.MarkovEquivalenceClass.from_dag(dag)
    oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(0.2), seed=seed)
    result = cpp.discover(mec, oracle, config=config, seed=seed)

    again = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(0.2), seed=seed)
    graphs = mini.members(frozenset(dag.edges))
    graph, belief, transcript = mini.discover(
        graphs, dag.nodes, lambda a, b: again.ask(cpp.Causes(a, b))[0].value, error=0.1, seed=seed
    )
    assert transcript == [((a.question.a, a.question.b), a.value) for a in (s.answer for s in result.transcript)]
    assert graph == frozenset(result.graph.edges)
    assert belief.max() == pytest.approx(result.belief.confidence, abs=1e-9)


def test_its_program_and_effect_are_the_librarys(mini):
    network = cpp.load_network("cancer")
    frame = network.simulate(2_000, seed=0)
    names, dag = network.dag.nodes, network.dag
    states = {v: sorted(frame[v].unique()) for v in names}
    codes = {v: np.array([states[v].index(x) for x in frame[v]]) for v in names}
    pyro.set_rng_seed(0)
    found = mini.effect(mini.compile(frozenset(dag.edges), names, codes), "Smoker", "Cancer", n=200_000)
    program = cpp.compile(dag, data=frame)
    treated, control = (program.do(Smoker=states["Smoker"][k]) for k in (1, 0))
    event = states["Cancer"][1]
    exact = treated.distribution("Cancer")[event] - control.distribution("Cancer")[event]
    assert found == pytest.approx(exact, abs=4 * np.sqrt(2 * 0.25 / 200_000))
