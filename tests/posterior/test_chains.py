"""Chains over graphs, against the sums over all of them."""

import warnings

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.errors import FormatError, ImpreciseWarning, InvalidGraph, InvalidParameter, NotMixed
from causalpp.graphs import Knowledge
from causalpp.posterior import DagPosterior, candidates, chains
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
    none = np.zeros((d, 0), dtype=int)
    return Families.of(candidates, none, np.take_along_axis(weights, sets.sum(-1), 1)[:, None])


def table(d, spread, cost, seed=0):
    random = np.random.default_rng(seed)
    return spread * random.normal(size=(d, 1 << d)) - cost * np.bitwise_count(np.arange(1 << d))


def rows(n, d, seed=0, dense=0.4):
    random = np.random.default_rng(seed)
    pull = np.triu(random.random((d, d)) < dense, 1) * random.uniform(0.3, 0.8, (d, d))
    values = np.zeros((n, d))
    for k in range(d):
        values[:, k] = values @ pull[:, k] + random.normal(size=n)
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])


def with_outsiders(weights, k):
    """The same with k of the others as candidates, and the weights without families that have two outsiders."""
    d = len(weights)
    others = np.array([np.random.default_rng(v).permutation([u for u in range(d) if u != v]) for v in range(d)])
    candidates, outsiders = others[:, :k], others[:, k:]
    sets = np.stack([(1 << candidates)[:, bit, None] * (np.arange(1 << k) >> bit & 1) for bit in range(k)]).sum(0)
    beside = np.concatenate([np.zeros((d, 1), dtype=int), 1 << outsiders], 1)
    masks = sets[:, None] + beside[:, :, None]
    held = np.full_like(weights, -np.inf)
    v = np.arange(d)[:, None, None]
    held[v, masks] = weights[v, masks]
    return Families.of(candidates, outsiders, weights[v, masks]), held


@pytest.mark.parametrize("block", [[2], [0, 3], [4, 1, 2], [0, 1, 2, 3, 4]])
def test_a_block_is_drawn_from_its_law_given_the_others(block):
    weights = table(5, 1.0, 1.0)
    found = families(weights)
    members = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(float)
    every = zip(found.candidates, found.outsiders, found.weights, strict=True)
    lists = [Lists(candidates, outsiders, np.arange(16), members, each) for candidates, outsiders, each in every]
    graph = np.zeros((5, 5), dtype=bool)
    graph[[0, 0, 1, 3, 2], [1, 3, 2, 4, 4]] = True
    n = 10_000
    drawn, told = redraw(lists, np.repeat(graph[None], n, 0), np.array(block), np.random.default_rng(1))
    held = weights.copy()
    for v in set(range(5)) - set(block):
        only = np.arange(32) != (graph[:, v] << np.arange(5)).sum()
        held[v, only] = -np.inf
    exact = Sums(held).edges
    assert (np.abs(drawn.mean(0) - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / n) + 1e-12).all()
    assert (drawn.sum((1, 2)) > 0).any()
    assert np.abs(told - exact[:, block]).max() < 1e-9


@pytest.mark.parametrize(("spread", "cost", "k"), [(1.0, 1.0, 3), (4.0, 6.0, 3), (1.0, 1.0, 1), (4.0, 6.0, 2)])
def test_layers_weigh_as_much_as_all_graphs_with_them(spread, cost, k):
    found, held = with_outsiders(table(4, spread, cost), k)
    dags = cpp.graphs.all_dags(4).adjacency.numpy()
    weight = np.exp(held[np.arange(4), (dags << np.arange(4)[:, None]).sum(1)].sum(1))
    one = found.places(dags)[0].min(1) >= 0
    assert np.exp(found.weights[np.arange(4), *found.places(dags)].sum(1))[one] == pytest.approx(weight[one])
    assert not weight[~one].any()
    layers = layers_of(dags)
    for some in np.unique(layers, axis=0):
        same = (layers == some).all(1)
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


@pytest.mark.parametrize(("spread", "cost", "k"), [(2.0, 2.0, 3), (10.0, 20.0, 2)])
def test_chains_with_outsiders_tell_what_the_sums_tell(spread, cost, k):
    found, held = with_outsiders(table(6, spread, cost, 3), k)
    sums = Sums(held)
    begun = Sampled.begin(tuple("abcdef"), found, np.zeros((6, 6), dtype=bool), 0).go_on(1e9, most=400)
    off = np.abs(begun.edges - sums.edges)
    assert (off <= 4.5 * begun.standard_error + 0.003).all()
    told = begun.sample(10_000, 1)
    share = told.adjacency.numpy().mean(0)
    draws = min(10_000, begun.effective)
    assert (np.abs(share - sums.edges) <= 4.5 * np.sqrt(sums.edges * (1 - sums.edges) / draws) + 0.01).all()
    assert (np.abs(begun.paths - sums.paths) <= 4.5 * np.sqrt(sums.paths * (1 - sums.paths) / draws) + 0.01).all()
    (best, p), *_ = begun.most_probable(1)
    masks = (best.adjacency.astype(int) << np.arange(6)[:, None]).sum(0)
    assert p == pytest.approx(np.exp(held[np.arange(6), masks].sum() - sums.log_total), rel=0.3)


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


def test_nothing_is_claimed_before_the_chains_agree(monkeypatch):
    monkeypatch.setattr(chains, "_BLOCKS", (1, 1))  # of a certain edge, either way, neither end can change alone
    weights = np.zeros((6, 64)) - 3.0 * np.bitwise_count(np.arange(64))
    for v in range(6):
        weights[v] += np.where(np.arange(64) >> (v ^ 1) & 1, 400.0, 0.0)
    stuck = Sampled.begin(tuple(f"v{k}" for k in range(6)), families(weights), np.zeros((6, 6), dtype=bool), 0)
    posterior = DagPosterior(stuck.nodes, stuck.go_on(1e9, most=100), {"rows": 100, "score": "BDeu"})
    assert not posterior.mixed
    assert "not mixed" in repr(posterior)
    assert "do not agree" in posterior._repr_html_()
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
    v, u = 19, int(choice.outsiders[19, 0])
    edges = np.zeros((24, 24))
    assert not choice.improve(edges, 0.02)
    edges[u, v] = 0.5
    assert choice.improve(edges, 0.02)
    assert u in choice.candidates[v]


def test_more_variables_than_can_be_summed_over():
    frame = rows(300, 22, seed=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImpreciseWarning)
        posterior = DagPosterior.from_data(frame, structure_prior=StructurePrior(-3.0), max_parents=3, max_seconds=1.5)
    assert "partition MCMC" in repr(posterior)
    assert posterior.learned["candidates"] == 10


def test_what_is_left_out_is_warned_of():
    posterior = DagPosterior.from_data(rows(50, 3))
    few, many = ({**posterior.learned, "candidates": 10, "left_out": left_out} for left_out in (0.02, 0.05))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DagPosterior(posterior.nodes, posterior.inference, few)._warned()
    with pytest.warns(ImpreciseWarning, match="leave out 0.05 edges.*max_parents"):
        DagPosterior(posterior.nodes, posterior.inference, many)._warned()


@pytest.mark.slow
@pytest.mark.parametrize(("network", "n"), [("child", 500), ("child", 5000), ("alarm", 1000)])
def test_strong_edges_do_not_hold_chains(network, n):
    frame = cpp.load_network(network).simulate(n, seed=0).iloc[:, :12]
    exact = DagPosterior.from_data(frame)
    found = DagPosterior.from_data(frame, method="mcmc", max_seconds=600)
    assert found.mixed
    off = np.abs(found.edges.numpy() - exact.edges.numpy())
    assert (off <= 4.5 * found.inference.standard_error + 0.005).all()


@pytest.mark.slow
def test_two_halves_that_are_not_joined_are_as_each_by_itself():
    frame = pd.concat([rows(2000, 12, 2, 0.2), rows(2000, 12, 52, 0.2).add_prefix("w")], axis=1)
    halves = [list(frame.columns[:12]), list(frame.columns[12:])]
    apart = [(u, v) for half, other in (halves, halves[::-1]) for u in half for v in other]
    found = DagPosterior.from_data(frame, knowledge=Knowledge(forbidden=apart), max_seconds=3000)
    assert found.mixed
    assert found.learned["candidates"] == 11
    for k, half in enumerate(halves):
        exact = DagPosterior.from_data(frame[half])
        some = slice(12 * k, 12 * k + 12)
        off = np.abs(found.edges.numpy()[some, some] - exact.edges.numpy())
        assert (off <= 4.5 * found.inference.standard_error[some, some] + 0.003).all()
        assert np.abs(found.paths.numpy()[some, some] - exact.paths.numpy()).max() < 0.05


@pytest.mark.slow
def test_few_candidates_are_enough(monkeypatch):
    monkeypatch.setattr(candidates, "_MOST", 5)
    frame = rows(400, 13, 1, 0.2)
    exact = DagPosterior.from_data(frame)
    with pytest.warns(ImpreciseWarning, match="leave out"):
        found = DagPosterior.from_data(frame, method="mcmc", max_seconds=3000)
    assert found.mixed
    assert found.learned["candidates"] == 5
    assert found.learned["left_out"] < 1
    off = np.abs(found.edges.numpy() - exact.edges.numpy())
    assert (off <= 4.5 * found.inference.standard_error + found.learned["left_out"] / 13).all()
