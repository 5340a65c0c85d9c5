"""The loop from a posterior given data, against brute force over all Dags and against what it is made of."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

import causalpp as cpp
from causalpp.belief import Agnostic, Belief, Fixed, ParticleBelief, Potentials
from causalpp.errors import InvalidParameter
from causalpp.graphs import Knowledge, all_dags
from causalpp.posterior import DagPosterior
from causalpp.propositions import all_questions, truth_table
from causalpp.scores import BDeu, BGe

ERROR = 0.15


def linear(d: int, rows: int, seed: int) -> tuple[cpp.Dag, pd.DataFrame]:
    """A random Dag, and rows of a linear Gaussian program on it."""
    draw = np.random.default_rng(seed)
    names = [f"x{i}" for i in range(d)]
    order, values = draw.permutation(d), np.zeros((rows, d))
    edges = []
    for k, v in enumerate(order):
        parents = [u for u in order[:k] if draw.random() < 2 / (d - 1)]
        edges += [(names[u], names[v]) for u in parents]
        values[:, v] = sum((draw.uniform(0.4, 1) * draw.choice([-1, 1]) * values[:, u] for u in parents), 0.0)
        values[:, v] += draw.normal(size=rows)
    return cpp.Dag(names, edges), pd.DataFrame(values, columns=names)


def test_the_joint_posterior_is_scores_times_likelihood_over_all_543_dags():
    dag, frame = linear(4, 60, 3)
    result = cpp.discover(
        DagPosterior.from_data(frame),
        cpp.SimulatedOracle(dag, cpp.noise.Symmetric(ERROR), seed=1),
        channel=Fixed(ERROR),
        max_questions=8,
        confidence=0.999,
    )
    score, batch = BGe(frame), all_dags(tuple(frame.columns))
    log = np.array([sum(score.local(v, one.parents(v)) for v in one.nodes) for one in batch])
    for answer in result.belief.answers:
        right = answer.question.holds(batch).numpy() == answer.value
        log += np.where(right, math.log(1 - ERROR), math.log(ERROR))
    p = np.exp(log - log.max())
    p /= p.sum()
    wanted = {frozenset(one.edges): q for one, q in zip(batch, p, strict=True)}
    belief = result.belief
    found = {frozenset(one.edges): float(q) for one, q in zip(belief.candidates, belief.probabilities, strict=True)}
    assert len(result.transcript) == 8
    assert found.keys() == wanted.keys()
    assert max(abs(found[key] - wanted[key]) for key in wanted) < 1e-9
    assert result.given == "data (BGe, 60 rows) under no hidden common causes"
    assert "given data (BGe" in repr(result)


def test_knowledge_and_max_parents_leave_few_graphs_to_list():
    _, frame = linear(7, 40, 1)
    tiers = Knowledge(tiers=[["x0", "x1", "x2"], ["x3", "x4", "x5"], ["x6"]])
    posterior = DagPosterior.from_data(frame, knowledge=tiers, max_parents=1)
    session = cpp.Session(posterior, limit=100_000)
    belief = session.result().belief
    assert isinstance(belief, Belief)
    assert float(belief.probabilities.sum()) == pytest.approx(1)
    assert torch.allclose(belief.edges, posterior.edges, atol=1e-9)
    assert bool(tiers.holds(belief.candidates).all())


def test_what_is_known_is_said_where_the_posterior_is_made():
    _, frame = linear(3, 40, 1)
    with pytest.raises(InvalidParameter, match="where that is made"):
        cpp.Session(DagPosterior.from_data(frame), knowledge=Knowledge(forbidden=[("x0", "x1")]))


def test_particles_agree_with_all_graphs_reweighted():
    dag, frame = linear(6, 60, 2)
    first = Knowledge(tiers=[["x0", "x1", "x2"], ["x3", "x4", "x5"]])
    posterior = DagPosterior.from_data(frame, max_parents=2, knowledge=first)
    oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(ERROR), seed=5)
    draw = np.random.default_rng(0)
    questions = all_questions(frame.columns)
    answers = [oracle.ask(questions[k])[0] for k in draw.permutation(len(questions))[:14]]
    batch = posterior.inference.every(2_000_000)
    exact = Belief.weighted(batch, torch.from_numpy(posterior.inference.log_probability(batch)).exp(), Fixed(ERROR))
    exact = exact.update(answers)
    belief = ParticleBelief.given(posterior, Fixed(ERROR), seed=4).update(answers)
    assert belief.mixing is not None
    # eight states of each of an eighth as many chains: no better than so many independent draws, drawn again twice
    spread = 4 * math.sqrt(2 * 0.25 / (belief.particles / 8))
    assert float((belief.edges - exact.edges).abs().max()) < spread
    assert belief.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=3 * spread)
    assert belief.confidence == pytest.approx(exact.confidence, rel=3 * spread)
    assert belief.entropy == pytest.approx(exact.entropy, abs=10 * spread)


def test_a_loop_by_particles_asks_nothing_that_data_settled():
    dag, frame = linear(7, 2000, 4)
    posterior = DagPosterior.from_data(frame)
    oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(0.05), seed=1)
    result = cpp.discover(posterior, oracle, channel=Fixed(0.05), max_questions=25, seed=2)
    assert isinstance(result.belief, ParticleBelief)
    assert result.transcript
    for step in result.transcript:
        assert 0.001 < posterior.probability(step.answer.question) < 0.999


@pytest.mark.parametrize(("d", "channel"), [(4, Agnostic()), (4, Potentials()), (6, Agnostic())])
def test_a_session_from_data_is_saved_with_its_weights(tmp_path, d, channel):
    dag, frame = linear(d, 50, 6)
    oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(0.1), seed=2)
    with cpp.Session(DagPosterior.from_data(frame), channel=channel, seed=3) as session:
        for _ in range(3):
            session.tell(oracle.ask(session.ask()))
        session.save(tmp_path / "run.json")
        edges, following = session.result().belief.edges, session.ask()
    with cpp.Session.load(tmp_path / "run.json") as again:
        assert again.ask() == following
        assert torch.equal(again.result().belief.edges, edges)
        assert again.result().given == "data (BGe, 50 rows) under no hidden common causes"


@pytest.mark.parametrize("d", [4, 6])
def test_data_and_answers_agree_or_not_and_on_which_edges(d):
    _, frame = linear(d, 800, 9)
    posterior = DagPosterior.from_data(frame)
    best = posterior.best
    questions = all_questions(frame.columns, kinds=("DirectlyCauses",))
    truth = truth_table(questions, cpp.DagBatch.from_dags([best], nodes=posterior.nodes))[0]
    start = cpp.Session(posterior, channel=Fixed(0.2), seed=1).result().belief
    for agree in (True, False):
        answers = [cpp.Answer(q, bool(t) == agree) for q, t in zip(questions, truth, strict=True)]
        found = start.update(answers).none_of_these.data
        assert (found.bayes_factor > 1) == agree
        assert str(found).startswith("data and answers " + ("agree" if agree else "disagree"))
        for edge in found.edges:
            assert edge.data == pytest.approx(posterior.probability(cpp.DirectlyCauses(*edge[:2])), abs=1e-9)
            assert abs(edge.both - edge.data) >= 0.05


def test_effects_are_averaged_over_data_and_answers_with_the_probability_of_the_other_sign():
    dag, frame = linear(4, 120, 8)
    oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(0.1), seed=1)
    result = cpp.discover(DagPosterior.from_data(frame), oracle, channel=Fixed(0.1), max_questions=6)
    effect = result.average(
        cpp.ate, data=frame, treatment=dag.edges[0][0], outcome=dag.edges[0][1], treated=1, control=0
    )
    p = result.belief.probabilities.numpy()
    reached = cpp.Causes(*dag.edges[0]).holds(result.belief.candidates).numpy()
    assert effect.absent == pytest.approx(1 - p @ reached, abs=2e-3)
    assert effect.given == result.given
    assert "given data (BGe" in repr(effect)
    flipped = sum(
        w * float((np.sign(draws) == -np.sign(effect.mean)).mean())
        for w, draws in zip(effect.weights, effect.draws.T, strict=True)
    )
    assert effect.sign_flip == pytest.approx(flipped)
    assert f"other one with probability {flipped:.3f}" in repr(effect)
    page = result.report()
    assert "Data and answers" in page
    assert "data (BGe, 120 rows) under no hidden common causes" in page


@pytest.mark.slow
def test_the_joint_posterior_is_calibrated():
    """Simulation-based calibration (Talts et al., arXiv 1804.06788): graph and tables from the prior, 30 rows.

    Five questions follow, as the loop chooses them.  What is more probable than the truth has a mass that is uniform,
    ties broken at random.
    """
    draw = np.random.default_rng(7)
    batch, weight, ranks = all_dags(("a", "b", "c", "d")), 10.0, []
    for run in range(500):
        dag = batch[int(draw.integers(len(batch)))]
        values: dict[str, np.ndarray] = {}
        while len(values) < 4:
            for name in (one for one in dag.nodes if one not in values and set(dag.parents(one)) <= values.keys()):
                row = sum((values[one].astype(int) << k for k, one in enumerate(dag.parents(name))), np.zeros(30, int))
                cells = 2 << len(dag.parents(name))
                values[name] = draw.random(30) < draw.beta(weight / cells, weight / cells, size=cells // 2)[row]
        frame = pd.DataFrame({name: np.where(values[name], "yes", "no") for name in dag.nodes})
        posterior = DagPosterior.from_data(frame, BDeu(frame, weight))
        oracle = cpp.SimulatedOracle(dag, cpp.noise.Symmetric(ERROR), seed=run)
        belief = cpp.discover(posterior, oracle, channel=Fixed(ERROR), max_questions=5, seed=run).belief
        p = belief.probabilities.numpy()
        own = p[(belief.candidates.adjacency == cpp.DagBatch.from_dags([dag]).adjacency).flatten(1).all(1).numpy()][0]
        equal = np.isclose(p, own, rtol=1e-9, atol=0)
        ranks.append(p[(p > own) & ~equal].sum() + draw.random() * p[equal].sum())
    counts = np.histogram(ranks, bins=10, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3, counts
