"""Chains over graphs, against the sums over all of them."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.errors import FormatError, ImpreciseWarning, InvalidGraph, InvalidParameter, NotMixed
from causalpp.graphs import Knowledge
from causalpp.posterior import DagPosterior, chains
from causalpp.posterior.blocks import Lists, redraw
from causalpp.posterior.candidates import Choice
from causalpp.posterior.chains import Families, layers_of
from causalpp.posterior.sampled import Sampled
from causalpp.posterior.sums import Sums
from causalpp.scores import BGe, Objective, StructurePrior


def families(weights):
    """Those of a table of all sets, with all others as candidates."""
    d = len(weights)
    candidates = np.array([[u for u in range(d) if u != v] for v in range(d)])
    sets = (np.arange(1 << (d - 1))[None, :, None] >> np.arange(d - 1) & 1) << candidates[:, None, :]
    return Families.of(candidates, np.take_along_axis(weights, sets.sum(-1), 1))


def table(d, spread, cost, seed=0):
    random = np.random.default_rng(seed)
    return spread * random.normal(size=(d, 1 << d)) - cost * np.bitwise_count(np.arange(1 << d))


def rows(n, d, seed=0):
    random = np.random.default_rng(seed)
    pull = np.triu(random.random((d, d)) < 0.4, 1) * random.uniform(0.3, 0.8, (d, d))
    values = np.zeros((n, d))
    for k in range(d):
        values[:, k] = values @ pull[:, k] + random.normal(size=n)
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])


@pytest.mark.parametrize("block", [[2], [0, 3], [4, 1, 2], [0, 1, 2, 3, 4]])
def test_a_block_is_drawn_from_its_law_given_the_others(block):
    weights = table(5, 1.0, 1.0)
    found = families(weights)
    lists = [Lists(found.candidates[v], np.arange(16), found.weights[v]) for v in range(5)]
    graph = np.zeros((5, 5), dtype=bool)
    graph[[0, 0, 1, 3, 2], [1, 3, 2, 4, 4]] = True
    n = 20_000
    drawn = redraw(lists, np.repeat(graph[None], n, 0), np.array(block), np.random.default_rng(1))
    held = weights.copy()
    for v in set(range(5)) - set(block):
        only = np.arange(32) != (graph[:, v] << np.arange(5)).sum()
        held[v, only] = -np.inf
    exact = Sums(held).edges
    assert (np.abs(drawn.mean(0) - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / n) + 1e-12).all()
    assert (drawn.sum((1, 2)) > 0).any()


@pytest.mark.parametrize(("spread", "cost", "seed"), [(1.0, 1.0, 0), (4.0, 6.0, 1)])
def test_edges_given_the_layers_are_those_of_all_graphs_with_these_layers(spread, cost, seed):
    found = families(table(4, spread, cost, seed))
    dags = cpp.graphs.all_dags(4).adjacency.numpy()
    weight = np.exp(found.weights[np.arange(4), found.sets(np.swapaxes(dags, 1, 2))].sum(1))
    layers = layers_of(dags)
    for some in np.unique(layers, axis=0):
        same = (layers == some).all(1)
        edges = weight[same] @ dags[same].reshape(same.sum(), 16) / weight[same].sum()
        assert found.edges(some) == pytest.approx(edges.reshape(4, 4), abs=1e-9)
        assert np.exp(found.log_weight(some).sum()) == pytest.approx(weight[same].sum(), rel=1e-9)


@pytest.mark.parametrize(("d", "spread", "cost"), [(6, 2.0, 2.0), (7, 10.0, 20.0)])
def test_chains_tell_what_the_sums_tell(d, spread, cost):
    weights = table(d, spread, cost)
    sums = Sums(weights)
    none = np.zeros((d, d), dtype=bool)
    found = Sampled.begin(tuple(f"v{k}" for k in range(d)), families(weights), none, 0).go_on(1e9, most=250)
    off = np.abs(found.edges - sums.edges)
    assert (off <= 4.5 * found.standard_error + 0.003).all()
    draws = min(10_000, found.effective)
    assert (np.abs(found.paths - sums.paths) <= 4.5 * np.sqrt(sums.paths * (1 - sums.paths) / draws) + 0.01).all()


def test_everything_is_told_as_by_the_exact_posterior():
    frame = rows(150, 5)
    exact, found = (DagPosterior.from_data(frame, method=method, seed=1) for method in ("exact", "mcmc"))
    assert found.mixed
    assert exact.mixed
    a, b, c, *_ = frame.columns
    for statement in (cpp.Causes(a, c), cpp.DirectlyCauses(a, b), cpp.Causes(a, b) & cpp.Causes(a, c)):
        wrong = found.probability(statement) - exact.probability(statement)
        assert abs(wrong) <= 4.5 * (found.standard_error(statement) + exact.standard_error(statement)) + 0.005
    assert found.family(b, [a]) == pytest.approx(exact.family(b, [a]), abs=0.05)
    assert found.non_descendants(b, [a]) == pytest.approx(exact.non_descendants(b, [a]), abs=0.05)
    assert found.entropy == pytest.approx(exact.entropy, rel=0.1)
    assert found.top(1)[0][1] == pytest.approx(exact.top(1)[0][1], rel=0.1)
    assert found.classes(1)[0][1] == pytest.approx(exact.classes(1)[0][1], rel=0.1)
    assert found.consensus(0.9).nodes == exact.nodes
    assert found.to_dict()["log_marginal_likelihood"] is None
    with pytest.raises(InvalidParameter, match="exact"):
        found.log_marginal_likelihood  # noqa: B018
    assert found.further() is not None
    assert exact.further() is exact


def test_knowledge_is_respected():
    frame = rows(100, 6)
    known = Knowledge(required=[("v3", "v1")], forbidden=[("v0", "v2")], roots=["v4"])
    posterior = DagPosterior.from_data(frame, method="mcmc", knowledge=known, max_parents=3)
    drawn = posterior.sample(2000)
    assert known.holds(drawn).all()
    assert int(drawn.adjacency.sum(1).max()) <= 3
    exact = DagPosterior.from_data(frame, knowledge=known, max_parents=3)
    assert posterior.edges.numpy() == pytest.approx(exact.edges.numpy(), abs=4.5 * 0.0075)
    with pytest.raises(InvalidGraph):
        DagPosterior.from_data(frame, method="mcmc", knowledge=known, max_parents=0)


def test_seeds_repeat_and_chains_go_on_where_they_were(tmp_path):
    none = np.zeros((6, 6), dtype=bool)
    begun = Sampled.begin(tuple("abcdef"), families(table(6, 2.0, 2.0)), none, 3)
    once, again = begun.go_on(1e9, most=40), begun.go_on(1e9, most=20).go_on(1e9, most=40)
    assert (once.graphs == again.graphs).all()
    short = DagPosterior(once.nodes, begun.go_on(1e9, most=20), {"rows": 3, "score": "BGe"})
    short.save(tmp_path / "chains.npz")
    loaded = DagPosterior.load(tmp_path / "chains.npz")
    assert loaded.learned == short.learned
    assert (loaded.inference.go_on(1e9, most=40).graphs == once.graphs).all()
    other = Sampled.begin(tuple("abcdef"), begun.families, none, 4).go_on(1e9, most=40)
    assert (other.graphs != once.graphs).any()
    (tmp_path / "other").write_text("nothing")
    with pytest.raises(FormatError, match="no posterior"):
        DagPosterior.load(tmp_path / "other")
    with pytest.raises(InvalidParameter, match="exact"):
        DagPosterior.from_data(rows(50, 3)).save(tmp_path / "exact")


def test_nothing_is_claimed_before_the_chains_agree(monkeypatch):
    monkeypatch.setattr(chains, "_BLOCKS", (1, 1))  # of a certain edge, either way, neither end can change alone
    weights = np.zeros((6, 64)) - 3.0 * np.bitwise_count(np.arange(64))
    for v in range(6):
        weights[v] += np.where(np.arange(64) >> (v ^ 1) & 1, 400.0, 0.0)
    stuck = Sampled.begin(tuple(f"v{k}" for k in range(6)), families(weights), np.zeros((6, 6), dtype=bool), 0)
    posterior = DagPosterior(stuck.nodes, stuck.go_on(1e9, most=100), {"rows": 100, "score": "BDeu"})
    assert not posterior.mixed
    assert "not mixed" in repr(posterior)
    assert posterior.inference.r_hat > 1.5
    for told in (
        lambda: posterior.probability(cpp.Causes("v0", "v1")),
        lambda: posterior.consensus(),
        lambda: posterior.classes(),
        lambda: posterior.top(),
        lambda: posterior.edges,
        lambda: posterior.sample(3),
        lambda: posterior.to_json(),
    ):
        with pytest.raises(NotMixed, match="do not agree"):
            told()
    assert posterior.inference.edges.shape == (6, 6)
    with pytest.warns(ImpreciseWarning, match="further"):
        posterior.further(max_seconds=0.01)


def test_ctrl_c_keeps_what_is_there():
    def stop(since, said):
        if since >= 0:
            raise KeyboardInterrupt

    begun = Sampled.begin(tuple("abcdef"), families(table(6, 2.0, 2.0)), np.zeros((6, 6), dtype=bool), 3)
    kept = begun.go_on(1e9, stop)
    assert len(kept.graphs) == len(kept.shares) == 1
    assert not kept.mixed


def test_candidates_are_those_that_matter():
    frame = rows(400, 24, seed=2)
    required, forbidden = Knowledge(forbidden=[("v1", "v20")]).matrices(tuple(frame.columns))
    objective = Objective(BGe(frame), StructurePrior(-2.0))
    choice = Choice(objective, required, forbidden, 4)
    assert choice.candidates.shape == (24, 10)
    assert not choice.complete
    best = [int(objective.gains(v, 0).argmax()) for v in range(24)]
    assert all(u in choice.candidates[v] for v, u in enumerate(best))
    v, u = 20, next(u for u in range(24) if u not in choice.candidates[20] and u != 20)
    missed, edges = np.zeros((24, 24)), np.zeros((24, 24))
    missed[u, v] = 0.5
    assert choice.improve(missed, edges, 0.01)
    assert u in choice.candidates[v]
    assert not choice.improve(np.zeros((24, 24)), edges, 0.01)


def test_more_variables_than_can_be_summed_over():
    frame = rows(300, 22, seed=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpreciseWarning)
        posterior = DagPosterior.from_data(frame, structure_prior=StructurePrior(-3.0), max_parents=3, max_seconds=1.5)
    assert "partition MCMC" in repr(posterior)
    assert posterior.learned["candidates"] == 10


@pytest.mark.slow
@pytest.mark.parametrize(("network", "n"), [("child", 500), ("child", 5000), ("alarm", 1000)])
def test_strong_edges_do_not_hold_chains(network, n):
    frame = cpp.load_network(network).simulate(n, seed=0).iloc[:, :12]
    exact = DagPosterior.from_data(frame)
    found = DagPosterior.from_data(frame, method="mcmc", max_seconds=600)
    assert found.mixed
    off = np.abs(found.edges.numpy() - exact.edges.numpy())
    assert (off <= 4.5 * found.inference.standard_error + 0.005).all()
