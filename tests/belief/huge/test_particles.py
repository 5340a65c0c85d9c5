"""Particles against exact beliefs, their moves against the definition of a covered edge and detailed balance."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from causalpp import (
    Answer,
    Causes,
    Changes,
    Dag,
    DagBatch,
    DirectlyCauses,
    HaveCommonCause,
    MarkovEquivalenceClass,
    SimulatedOracle,
    noise,
)
from causalpp.belief import Agnostic, Belief, Channel, Fixed, Learned, ParticleBelief
from causalpp.belief.huge._batches import Frame, PackedBatch, Shared
from causalpp.belief.huge._reversals import Walkers, climbed, reversed_once
from causalpp.belief.huge._target import Target, Truths
from causalpp.errors import InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import all_dags
from causalpp.propositions import Proposition, all_questions, truth_table


def whole(mec: MarkovEquivalenceClass) -> Frame:
    """Where walkers stand that have all variables."""
    return Frame(Shared.nothing(mec.nodes), torch.arange(len(mec.nodes)))


def chordal(variables: int, joined: float, draw: np.random.Generator) -> Dag:
    """A Dag without unshielded colliders: each variable's parents are part of a variable and its parents."""
    parents: list[list[int]] = [[]]
    for v in range(1, variables):
        u = int(draw.integers(v))
        parents.append([w for w in (u, *parents[u]) if draw.random() < joined])
    names, place = [f"x{i}" for i in range(variables)], draw.permutation(variables)
    return Dag(names, [(names[place[a]], names[place[v]]) for v in range(variables) for a in parents[v]])


def large_class(seed: int) -> MarkovEquivalenceClass:
    """A class with 10,000 to 100,000 members."""
    draw = np.random.default_rng(seed)
    while True:
        mec = MarkovEquivalenceClass.from_dag(chordal(int(draw.integers(7, 14)), draw.uniform(0.6, 0.98), draw))
        if 10_000 <= mec.size <= 100_000:
            return mec


def complete(variables: int) -> MarkovEquivalenceClass:
    names = [f"x{i}" for i in range(variables)]
    return MarkovEquivalenceClass.from_dag(Dag(names, list(itertools.combinations(names, 2))))


def asked(mec: MarkovEquivalenceClass, truth: Dag, count: int, error: float, seed: int) -> list[Answer]:
    questions = [q for q in all_questions(mec.nodes) if mec.decide(q).kind == "open"]
    chosen = np.random.default_rng(seed).choice(len(questions), min(count, len(questions)), replace=False)
    return SimulatedOracle(truth, noise.Symmetric(error), seed=seed).ask([questions[k] for k in chosen])


def small_classes(variables: int) -> list[MarkovEquivalenceClass]:
    """All classes over so many variables."""
    found = {MarkovEquivalenceClass.from_dag(dag) for dag in all_dags(variables)}
    return sorted(found, key=repr)


# --- covered edges ------------------------------------------------------------------------------------


def covered(adjacency: Tensor) -> list[tuple[int, int]]:
    """By the definition: Pa(b) = Pa(a) ∪ {a}."""
    matrix = adjacency.numpy()
    parents = [set(np.flatnonzero(matrix[:, v]).tolist()) for v in range(len(matrix))]
    return [(int(a), int(b)) for a, b in np.argwhere(matrix) if parents[b] == parents[a] | {int(a)}]


@pytest.mark.parametrize("variables", [2, 3, 4])
def test_covered_edges_of_all_small_graphs(variables: int) -> None:
    batch = all_dags(variables)
    walkers = Walkers.of(batch.adjacency, None)
    for adjacency, tails in zip(batch.adjacency, walkers.tail.tolist(), strict=True):
        assert sorted((a, b) for b, a in enumerate(tails) if a >= 0) == covered(adjacency)


@pytest.mark.parametrize("variables", [9, 70])  # one word of bits, and two
def test_walking_keeps_the_class_and_what_is_known_of_it(variables: int) -> None:
    draw, torch_draw = np.random.default_rng(variables), torch.Generator().manual_seed(variables)
    for _ in range(5):
        mec = MarkovEquivalenceClass.from_dag(chordal(variables, 0.8, draw))
        walkers = Walkers.of(mec.sample(40, seed=1).adjacency, None)
        start = walkers.parents
        for number in range(12):
            new, ratio = reversed_once(walkers, torch_draw) if number % 2 else climbed(walkers, 3, torch_draw)
            walkers.adopt(new, ratio > -torch.inf)
        fresh = Walkers.of(walkers.adjacency(), None)
        assert torch.equal(fresh.parents, walkers.parents)
        assert torch.equal(fresh.below, walkers.below)
        assert torch.equal(fresh.tail, walkers.tail)
        assert not torch.equal(start, walkers.parents)
        assert {MarkovEquivalenceClass.from_dag(dag) for dag in PackedBatch(whole(mec), walkers)[:10]} == {mec}


def test_known_directions_stay() -> None:
    mec = complete(5).with_knowledge(required=[("x0", "x1"), ("x3", "x2")])
    draw = torch.Generator().manual_seed(0)
    walkers = Walkers.of(mec.sample(200).adjacency, torch.as_tensor(mec.cpdag.matrix & mec.cpdag.matrix.T))
    for number in range(60):
        new, ratio = reversed_once(walkers, draw) if number % 2 else climbed(walkers, 2, draw)
        walkers.adopt(new, ratio > -torch.inf)
    assert walkers.adjacency()[:, 0, 1].all()
    assert walkers.adjacency()[:, 3, 2].all()


# --- the law of the moves -----------------------------------------------------------------------------


def keyed(adjacency: Tensor) -> list[bytes]:
    return [row.numpy().tobytes() for row in adjacency]


def flow(
    mec: MarkovEquivalenceClass, steps: int | None, channel: Channel, answers: list[Answer]
) -> tuple[np.ndarray, np.ndarray]:
    """π(g) q(g → h) min(1, …) for all pairs of members, with q counted from proposals; and its standard error.

    Of so many proposals out of g each adds at most π(g) / each, so the variance is at most that times the flow.
    """
    batch = mec.batch()
    index = {key: n for n, key in enumerate(keyed(batch.adjacency))}
    belief = Belief.uniform(batch, channel).update(answers)
    each = 1500
    walkers = Walkers.of(batch.adjacency.repeat_interleave(each, 0), None)
    target = Target(channel, belief.record, whole(mec))
    draw = torch.Generator().manual_seed(len(batch))
    new, ratio = reversed_once(walkers, draw) if steps is None else climbed(walkers, steps, draw)
    accepted = (ratio + target(new) - target(walkers)).clamp(max=0).exp().numpy()
    out = np.zeros((len(batch), len(batch)))
    goes = np.repeat(np.arange(len(batch)), each)
    ends = np.array([index[key] for key in keyed(new.adjacency())])
    most = belief.probabilities.numpy()[:, None] / each
    np.add.at(out, (goes, ends), most[goes, 0] * accepted)
    return out, np.sqrt(np.maximum(out, most) * most)


def exact_flow(mec: MarkovEquivalenceClass, weights: np.ndarray) -> np.ndarray:
    """The same for one reversal, from the definition, without any drawing."""
    batch = mec.batch()
    index = {key: n for n, key in enumerate(keyed(batch.adjacency))}
    out = np.zeros((len(batch), len(batch)))
    edges = [covered(adjacency) for adjacency in batch.adjacency]
    for n, adjacency in enumerate(batch.adjacency):
        for a, b in edges[n]:
            turned = adjacency.clone()
            turned[a, b], turned[b, a] = False, True
            m = index[keyed(turned[None])[0]]
            ratio = len(edges[n]) / len(edges[m]) * weights[m] / weights[n]
            out[n, m] += weights[n] / len(edges[n]) * min(1.0, ratio)
    return out


@pytest.mark.parametrize("variables", [2, 3, 4])
def test_one_reversal_is_in_detailed_balance_on_every_small_class(variables: int) -> None:
    """The kernel written out: symmetric flow of the posterior, every member reached from every other."""
    for mec in small_classes(variables):
        if mec.size == 1:
            continue
        a, b = mec.cpdag.undirected[0]
        belief = Belief.uniform(mec.batch(), Fixed(0.2)).update([Answer(Causes(a, b), True)])
        there = exact_flow(mec, belief.probabilities.numpy())
        assert np.abs(there - there.T).max() < 1e-15
        reach = np.linalg.matrix_power((there > 0) + np.eye(len(there)), len(there)) > 0
        assert reach.all()


def test_the_ratio_of_a_reversal_is_that_of_the_numbers_of_covered_edges() -> None:
    draw = torch.Generator().manual_seed(0)
    for mec in small_classes(4):
        if mec.size == 1:
            continue
        walkers = Walkers.of(mec.batch().adjacency, None)
        for _ in range(20):
            new, ratio = reversed_once(walkers, draw)
            before = [len(covered(adjacency)) for adjacency in walkers.adjacency()]
            after = [len(covered(adjacency)) for adjacency in new.adjacency()]
            assert ratio.exp().tolist() == pytest.approx([x / y for x, y in zip(before, after, strict=True)])


@pytest.mark.parametrize("steps", [2, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (None, 1, 3))])
def test_the_moves_are_in_detailed_balance(steps: int | None) -> None:
    """The flow between two members is the same both ways, within 5 standard errors."""
    for mec in small_classes(4):
        if mec.size < 4:
            continue
        a, b = mec.cpdag.undirected[0]
        there, error = flow(mec, steps, Fixed(0.2), [Answer(Causes(a, b), True)])
        assert (np.abs(there - there.T) <= 5 * np.sqrt(error**2 + error.T**2)).all()


@pytest.mark.parametrize("variables", [3, pytest.param(4, marks=pytest.mark.slow)])
def test_moves_leave_the_uniform_law_as_it_is(variables: int) -> None:
    """χ² of where uniform members end up, at a level of 10⁻⁴ shared by all the classes."""
    classes = [mec for mec in small_classes(variables) if mec.size > 1]
    each, draw = 2000, torch.Generator().manual_seed(variables)
    for mec in classes:
        batch = mec.batch()
        index = {key: n for n, key in enumerate(keyed(batch.adjacency))}
        start = torch.randint(len(batch), (each,), generator=draw)
        walkers = Walkers.of(batch.adjacency[start], None)
        for number in range(9):
            new, ratio = reversed_once(walkers, draw) if number % 2 else climbed(walkers, 1 + number % 3, draw)
            walkers.adopt(new, torch.rand(each, generator=draw, dtype=torch.float64).log() < ratio)
        ends = np.bincount([index[key] for key in keyed(walkers.adjacency())], minlength=len(batch))
        assert stats.chisquare(ends).pvalue > 1e-4 / len(classes)


# --- the target ---------------------------------------------------------------------------------------


def test_truths_of_walkers_are_those_of_the_batch() -> None:
    mec = MarkovEquivalenceClass.from_dag(chordal(70, 0.8, np.random.default_rng(0)))
    batch = mec.sample(20)
    questions: list[Proposition] = [*all_questions(mec.nodes[:9]), *all_questions(mec.nodes[62:], ["DirectlyCauses"])]
    questions += [Changes("x1", "x2", {"x3"}), HaveCommonCause("x1", "x2"), Causes("x1", "x69") & ~Causes("x4", "x5")]
    walkers = Walkers.of(batch.adjacency, None)
    assert torch.equal(Truths(questions, whole(mec)).of(walkers), truth_table(questions, batch))


@pytest.mark.parametrize("channel", [Fixed(0.1), Learned(), Agnostic()])
def test_the_target_is_the_evidence_of_the_exact_belief(channel: Channel) -> None:
    mec = complete(5)
    answers = asked(mec, mec.sample(1)[0], 12, 0.2, 1)
    answers += answers[:3] + asked(mec, mec.sample(1)[0], 4, 0.3, 2)
    belief = Belief.uniform(mec.batch(), channel).update(answers)
    walkers = Walkers.of(mec.batch().adjacency, None)
    target = Target(channel, belief.record, whole(mec))
    assert target(walkers).tolist() == pytest.approx(belief.log_likelihood.tolist(), abs=1e-10)
    assert target.known is not None
    target.known = None  # many sorts of questions: without a table
    assert target(walkers).tolist() == pytest.approx(belief.log_likelihood.tolist(), abs=1e-10)


# --- beliefs ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_edges_are_those_of_the_exact_belief(seed: int) -> None:
    mec, channel = large_class(seed), (Fixed(0.1), Agnostic())[seed % 2]
    answers = asked(mec, mec.sample(1, seed=seed + 99)[0], 30, 0.1, seed)
    exact = Belief.uniform(mec.batch(), channel)
    belief = ParticleBelief.uniform(mec, channel, seed=seed)
    for stop in (5, 10, 20, 30):
        new = answers[len(belief.answers) : stop]
        belief, exact = belief.update(new), exact.update(new)
        assert float((belief.edges - exact.edges).abs().max()) <= 0.02
        assert belief.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=0.3)
        assert belief.entropy == pytest.approx(exact.entropy, abs=0.5)
        assert belief.kinds["informative"] == pytest.approx(exact.kinds["informative"], abs=0.05)
    assert belief.effective_sample_size >= belief.particles / 4
    assert belief.mixing is not None
    assert belief.mixing.settled


@pytest.mark.slow
def test_what_the_populations_disagree_about_is_the_error() -> None:
    """The error of 16 runs, in units of the standard error claimed, is of the order of one and not of ten."""
    mec = complete(8)
    answers = asked(mec, mec.sample(1, seed=5)[0], 20, 0.1, 5)
    exact = Belief.uniform(mec.batch(), Fixed(0.1)).update(answers)
    goal = Causes("x0", "x5")
    scores = []
    for seed in range(16):
        belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=1024, seed=seed).update(answers)
        scores.append((belief.probability(goal) - exact.probability(goal)) / max(1e-3, belief.standard_error(goal)))
    assert np.median(np.abs(scores)) < 2
    assert np.mean(np.abs(scores) > 6) < 0.2


def test_much_evidence_ends_at_one_graph_with_its_true_confidence() -> None:
    mec = complete(7)
    truth = mec.sample(1, seed=4)[0]
    answers = asked(mec, truth, 42, 0.1, 4) + asked(mec, truth, 42, 0.1, 5)
    exact = Belief.uniform(mec.batch(), Fixed(0.1)).update(answers)
    belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=8192).update(answers)
    assert belief.graph == exact.graph
    assert belief.confidence == pytest.approx(exact.confidence, abs=0.03)
    assert belief.confidence_error < 0.05
    found = dict(belief.top(4))
    for dag, p in exact.top(4):
        if p > 0.01:
            assert found[dag] == pytest.approx(p, abs=0.03)


def test_before_much_is_known_the_confidence_is_small_and_not_a_particles_weight() -> None:
    mec = complete(22)
    belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=512)
    assert belief.confidence == pytest.approx(1 / math.factorial(22), rel=1e-6)
    assert belief.entropy == pytest.approx(math.log2(math.factorial(22)))
    after = belief.update([Answer(Causes("x0", "x1"), True)])
    assert after.confidence == pytest.approx(2 * 0.9 / math.factorial(22), rel=0.2)
    assert after.entropy == pytest.approx(belief.entropy - 0.531, abs=0.1)


def test_a_narrowed_class_stays_narrow() -> None:
    mec = complete(6).given(Causes("x0", "x1"), True)
    truth = mec.sample(1, seed=2)[0]
    answers = asked(complete(6), truth, 20, 0.1, 3)
    belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=4096).update(answers)
    exact = Belief.uniform(mec.batch(), Fixed(0.1)).update(answers)
    assert belief.probability(Causes("x0", "x1")) == pytest.approx(1)
    assert float((belief.edges - exact.edges).abs().max()) < 0.06
    assert belief.size is None


def test_the_same_seed_gives_the_same_belief_and_updates_leave_the_old_one_alone() -> None:
    mec = complete(6)
    answers = asked(mec, mec.sample(1)[0], 10, 0.1, 0)
    start = ParticleBelief.uniform(mec, particles=512, seed=3)
    before = start.edges.clone()
    one, two = start.update(answers), ParticleBelief.uniform(mec, particles=512, seed=3).update(answers)
    assert torch.allclose(one.edges, two.edges, rtol=0, atol=1e-12)  # reading start.edges groups the sums otherwise
    assert torch.equal(start.edges, before)
    assert start.answers == ()
    assert not torch.equal(one.edges, ParticleBelief.uniform(mec, particles=512, seed=4).update(answers).edges)


def test_silence_changes_nothing_and_strangers_are_refused() -> None:
    belief = ParticleBelief.uniform(complete(5), Fixed(0.1), particles=256)
    assert torch.equal(belief.update([Answer(Causes("x0", "x1"), None)]).edges, belief.edges)
    with pytest.raises(UnknownVariable, match="y"):
        belief.update([Answer(Causes("x0", "y"), True)])
    with pytest.raises(InvalidParameter, match="populations"):
        ParticleBelief.uniform(complete(5), particles=256, populations=1)


def test_as_text() -> None:
    mec = complete(22)
    belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=512).update([Answer(DirectlyCauses("x0", "x1"), True)])
    assert "512 particles for a class of 1,124,000,727,777,607,680,000, 1 answers" in repr(belief)
    found = json.loads(belief.to_json())
    assert found["method"] == "particles"
    assert found["candidates"] == mec.size
    assert found["effective_sample_size"] == pytest.approx(belief.effective_sample_size)
    assert {edge["cause"] for edge in found["edges"]} == set(mec.nodes)
    reasons = belief.explain(belief.candidates[0], belief.candidates[1])
    assert len(reasons.reasons) == 1


def test_thinned() -> None:
    mec = complete(7)
    answers = asked(mec, mec.sample(1)[0], 10, 0.1, 0)
    belief = ParticleBelief.uniform(mec, Fixed(0.1), particles=8192).update(answers)
    thin = belief.thinned(1000)
    assert len(thin.candidates) <= 1000
    assert isinstance(thin.candidates, DagBatch)
    assert float((thin.edges - belief.edges).abs().max()) < 5 * 0.5 / math.sqrt(1000)
    assert belief.thinned(10_000) is belief.belief


def test_particles_that_do_not_fit_into_memory_are_refused():
    names = [f"v{i}" for i in range(200)]
    edges = [(names[i - k], names[i]) for k in (1, 2) for i in range(k, 200)]
    mec = MarkovEquivalenceClass.from_dag(Dag(names, edges))
    with pytest.raises(TooLarge, match=r"65,536 particles of 200 variables .* knowledge=, or .*AcboConfig\(sample=200"):
        ParticleBelief.uniform(mec, particles=1 << 16)
