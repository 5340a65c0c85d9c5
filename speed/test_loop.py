"""Speed of the loop over classes that are not listed; run with ``pytest speed``.

The yardstick is a uniform sample of members, which a run over particles begins with; ratios say how many such samples
eight questions take.
"""

from itertools import combinations

import pytest

from causalpp import Dag, MarkovEquivalenceClass, SimulatedOracle, discover, noise
from causalpp.belief import ComponentBelief, Fixed, ParticleBelief

CLIQUE = Dag.from_edges(combinations([f"x{i}" for i in range(25)], 2))
PAIRS = Dag.from_edges(
    [
        *((f"a{k}", f"b{k}") for k in range(100)),
        *(edge for k in range(150) for edge in ((f"x{k}", f"z{k}"), (f"y{k}", f"z{k}"))),
    ]
)
GROUP = "eight questions about a class that is not listed"


def eight(dag, error):
    mec = MarkovEquivalenceClass.from_dag(dag)
    oracle = SimulatedOracle(dag, noise.Symmetric(error), seed=1)
    return discover(mec, oracle, channel=Fixed(error), max_questions=8, seed=1)


@pytest.mark.benchmark(group=GROUP)
def test_a_clique_of_25(benchmark):
    """25! members, 1 bit an answer: the particles are drawn again every other question."""
    result = benchmark.pedantic(eight, (CLIQUE, 0.001), rounds=1)
    assert isinstance(result.belief, ParticleBelief)


@pytest.mark.benchmark(group=GROUP)
def test_a_hundred_pairs_among_650_variables(benchmark):
    result = benchmark.pedantic(eight, (PAIRS, 0.001), rounds=1)
    assert isinstance(result.belief, ComponentBelief)


@pytest.mark.benchmark(group=GROUP)
def test_a_sample_of_the_clique(benchmark):
    benchmark.extra_info["peer"] = True
    mec = MarkovEquivalenceClass.from_dag(CLIQUE)
    benchmark.pedantic(lambda: mec.sample(40_000), rounds=2)
