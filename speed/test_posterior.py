"""The posterior over Dags beside that of antecedent; run with ``pytest speed``.

antecedent is no dependency: with the extra ``peers`` the ratios are printed too.  Its score is the Gaussian BIC,
so both are held against exact sums of their own, and are to be as near to them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalpp.errors import ImpreciseWarning
from causalpp.posterior import DagPosterior

NEAR = 0.02  # the largest error of an edge's probability


def rows(d, n=500, seed=0):
    random = np.random.default_rng(seed)
    pull = np.triu(random.random((d, d)) < 0.3, 1) * random.uniform(0.4, 1.0, (d, d))
    values = np.zeros((n, d))
    for k in range(d):
        values[:, k] = values @ pull[:, k] + random.normal(size=n)
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])


@pytest.fixture
def peer():
    return pytest.importorskip("antecedent.discovery", reason="antecedent is not installed")


def test_exact_marginals(benchmark):
    benchmark.group = "exact probabilities of edges, 12 variables"
    frame = rows(12)
    benchmark.pedantic(lambda: DagPosterior.from_data(frame).edges, rounds=3, warmup_rounds=1)


def test_exact_marginals_by_antecedent(benchmark, peer):
    benchmark.group = "exact probabilities of edges, 12 variables"
    benchmark.extra_info["peer"] = True
    data = {name: column.to_numpy() for name, column in rows(12).items()}
    benchmark.pedantic(lambda: peer.ExactDagPosterior().run(data), rounds=3, warmup_rounds=1)


def first_near(far, size):
    """The first size, each a quarter larger than the last, at which the median error of five seeds is small."""
    while np.median([far(size, seed) for seed in range(1, 6)]) > NEAR:
        size = round(1.25 * size)
    return size


def test_chains(benchmark):
    benchmark.group = "probabilities of edges within .02 by chains, 10 variables"
    frame = rows(10)
    exact = DagPosterior.from_data(frame).edges.numpy()

    def far(states, seed):
        with pytest.warns(ImpreciseWarning):
            begun = DagPosterior.from_data(frame, method="mcmc", max_seconds=1e-6, seed=seed)
        return np.abs(begun.inference.go_on(1e9, most=states).edges - exact).max()

    benchmark.pedantic(far, args=(first_near(far, 16), 1), rounds=3)


def test_chains_by_antecedent(benchmark, peer):
    benchmark.group = "probabilities of edges within .02 by chains, 10 variables"
    benchmark.extra_info["peer"] = True
    data = {name: column.to_numpy() for name, column in rows(10).items()}
    exact = np.array(peer.ExactDagPosterior().run(data).edge_marginal_matrix())

    def far(draws, seed):
        run = peer.StructureMcmc(n_draws=draws, n_warmup=draws // 2).run(data, seed=seed, threads=1)
        return np.abs(np.array(run.edge_marginal_matrix()) - exact).max()

    benchmark.pedantic(far, args=(first_near(far, 8000), 1), rounds=3)
