"""The sums over all Dags against going through all Dags."""

import numpy as np
import pytest
from scipy.stats import chi2

from causalpp.graphs import all_dags
from causalpp.posterior.best import best_first
from causalpp.posterior.draws import draw_parents
from causalpp.posterior.sums import Sums

DAGS = [1, 3, 25, 543, 29281, 3781503, 1138779265]  # Robinson 1973


def drawn(d, seed, spread=3.0, gone=0.0):
    """Weights of families at random, some of them impossible, but a variable may always be alone."""
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=(d, 1 << d)) * spread
    weights[draw.random(weights.shape) < gone] = -np.inf
    weights[:, 0] = draw.normal(size=d)
    return weights


def listed(weights):
    """All Dags as matrices and as masks of parents, the probability of each, and the logarithm of the sum."""
    d = len(weights)
    matrix = all_dags(d).adjacency.numpy()
    masks = (matrix * (1 << np.arange(d))[None, :, None]).sum(1)
    log_weight = weights[np.arange(d), masks].sum(1)
    top = log_weight.max()
    p = np.exp(log_weight - top)
    return matrix, masks, p / p.sum(), np.log(p.sum()) + top


@pytest.mark.parametrize("d", range(1, 8))
def test_equal_weights_count_the_dags(d):
    assert np.exp(Sums(np.zeros((d, 1 << d))).log_total) == pytest.approx(DAGS[d - 1], rel=1e-12)


def test_uniform_edges_of_three_variables():
    np.testing.assert_allclose(Sums(np.zeros((3, 8))).edges, (1 - np.eye(3)) * 8 / 25, atol=1e-14)


@pytest.mark.parametrize(
    ("d", "seed", "spread", "gone"),
    [(1, 0, 1, 0), (2, 1, 3, 0), (4, 2, 3, 0.4), (4, 3, 300, 0.4), (5, 4, 3, 0), (5, 5, 30, 0.4)],
)
def test_sums_equal_those_over_every_dag(d, seed, spread, gone):
    weights = drawn(d, seed, spread, gone)
    matrix, masks, p, log_total = listed(weights)
    sums = Sums(weights)
    assert sums.log_total == pytest.approx(log_total, abs=1e-9)
    families = np.zeros_like(weights)
    for v in range(d):
        np.add.at(families[v], masks[:, v], p)
    np.testing.assert_allclose(sums.families, families, atol=1e-12)
    np.testing.assert_allclose(sums.edges, (matrix * p[:, None, None]).sum(0), atol=1e-12)
    reach = np.linalg.matrix_power(np.eye(d) + matrix, d) > 0
    np.testing.assert_allclose(sums.paths, ((reach & ~np.eye(d, dtype=bool)) * p[:, None, None]).sum(0), atol=1e-12)
    others = ((~reach) * (1 << np.arange(d))).sum(2)  # row v: what does not descend from it
    law = np.zeros_like(weights)
    for v in range(d):
        np.add.at(law[v], others[:, v], p)
    np.testing.assert_allclose(sums.non_descendants, law, atol=1e-12)


def test_large_scores_do_not_overflow_and_digits_stay():
    """Scores of thousands of nats that differ by tens, as 2,000 rows have: laws of 13 variables still sum to one."""
    weights = drawn(13, 0, 40.0) - 5000 - 30 * np.bitwise_count(np.arange(1 << 13))
    sums = Sums(weights)
    np.testing.assert_allclose(sums.families.sum(1), 1, atol=1e-11)
    np.testing.assert_allclose(sums.non_descendants.sum(1), 1, atol=1e-11)


def test_no_dag_at_all():
    weights = np.full((2, 4), -np.inf)
    weights[0, 2] = weights[1, 1] = 0.0  # each needs the other as a parent
    assert Sums(weights).log_total == -np.inf


@pytest.mark.parametrize(("d", "gone"), [(3, 0.0), (4, 0.4), pytest.param(5, 0.4, marks=pytest.mark.slow)])
def test_draws_have_the_probabilities_of_all_dags(d, gone):
    weights = drawn(d, 5, 2.0, gone)
    _, masks, p, _ = listed(weights)
    number = 100_000
    place = {tuple(row): k for k, row in enumerate(masks.tolist())}
    got = np.zeros(len(p))
    np.add.at(got, [place[tuple(row)] for row in draw_parents(Sums(weights), number, 1).tolist()], 1)
    assert not got[p == 0].any()
    often = p * number >= 5
    cells = np.append(got[often], got[~often].sum()), np.append(p[often], p[~often].sum()) * number
    kept = cells[1] > 0
    statistic = ((cells[0] - cells[1])[kept] ** 2 / cells[1][kept]).sum()
    assert chi2.sf(statistic, kept.sum() - 1) > 1e-4


@pytest.mark.parametrize(
    ("d", "spread", "gone"), [(11, 3.0, 0.2), (12, 0.5, 0.0), pytest.param(16, 2.0, 0.1, marks=pytest.mark.slow)]
)
def test_edges_and_paths_of_draws_are_those_of_the_sums(d, spread, gone):
    """Every edge and path within five standard errors, and a share for rounding in the tables."""
    weights = drawn(d, 3, spread, gone) - 500 - 1.5 * np.bitwise_count(np.arange(1 << d))
    sums, number = Sums(weights), 20_000
    masks = draw_parents(sums, number, 2)
    edges = ((masks[:, None, :] >> np.arange(d)[:, None]) & 1).astype(bool)
    for got, exact in ((edges.mean(0), sums.edges), (reach(edges).mean(0), sums.paths)):
        assert (np.abs(got - exact) <= 5 * np.sqrt(exact * (1 - exact).clip(min=0) / number) + 1e-9).all()


def reach(edges):
    """Which are joined by a path, of many graphs."""
    out = edges
    for _ in range(4):
        out = out | (out.astype(np.uint8) @ out.astype(np.uint8) > 0)
    return out


def test_draws_are_the_same_for_a_seed():
    sums = Sums(drawn(6, 0))
    assert (draw_parents(sums, 50, 3) == draw_parents(sums, 50, 3)).all()
    assert (draw_parents(sums, 50, 3) != draw_parents(sums, 50, 4)).any()
    assert draw_parents(sums, 0, 0).shape == (0, 6)


@pytest.mark.parametrize(("seed", "gone"), [(0, 0.0), (1, 0.5)])
def test_the_heaviest_dags_come_first(seed, gone):
    weights = drawn(4, seed, 3.0, gone)
    _, masks, p, log_total = listed(weights)
    found = list(best_first(weights))
    np.testing.assert_allclose(np.exp([value - log_total for value, _ in found]), np.sort(p[p > 0])[::-1], atol=1e-12)
    assert {parents for _, parents in found} == {tuple(row) for row, q in zip(masks.tolist(), p) if q > 0}
