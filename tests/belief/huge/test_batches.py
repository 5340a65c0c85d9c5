"""Members of a class that are not written out, against the same members as a plain batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from causalpp import Answer, Belief, Causes, Changes, Dag, DirectlyCauses, MarkovEquivalenceClass
from causalpp.belief import Fixed, ParticleBelief
from causalpp.belief.huge._batches import Frame, LocalBatch, PackedBatch, Shared
from causalpp.belief.huge._reversals import Walkers
from causalpp.belief.huge._space import _frame
from causalpp.belief.huge._target import Truths
from causalpp.graphs import DagBatch, erdos_renyi
from causalpp.propositions import truth_table


def classes(least: int = 2, most: int = 400) -> list[MarkovEquivalenceClass]:
    """Classes of random graphs with more than one component, paths between them, and variables outside."""
    out = []
    for seed, (d, degree) in enumerate([(7, 1.5), (8, 2.0), (9, 1.6), (12, 1.4), (10, 2.5)] * 6):
        dag = erdos_renyi(d, expected_degree=degree, seed=seed)[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        if least <= mec.size <= most:
            out.append(mec)
    assert len(out) > 10
    return out


def same(one: DagBatch, other: DagBatch, seed: int) -> None:
    nodes = other.nodes
    assert len(one) == len(other)
    weights = torch.from_numpy(np.random.default_rng(seed).dirichlet(np.ones(len(other))))
    assert torch.allclose(one.edge_shares(weights), other.edge_shares(weights), atol=1e-12)
    for a, b in itertools.permutations(nodes, 2):
        assert torch.equal(one.edge(a, b), other.adjacency[:, other.position(a), other.position(b)])
        assert torch.equal(one.path(a, b), other.reach[:, other.position(a), other.position(b)])
    assert one[len(other) - 1] == other[len(other) - 1]
    assert torch.equal(one.adjacency, other.adjacency)
    assert torch.equal(one.reach, other.reach)
    assert one[:2].nodes == nodes


def test_walkers_know_the_paths_outside_their_components() -> None:
    for seed, mec in enumerate(classes()):
        whole, frame = mec.batch(), _frame(mec)
        rows = frame.rows
        inner = whole.adjacency[:, rows[:, None], rows] & (frame.shared.home[rows, None] == frame.shared.home[rows])
        walkers = Walkers.of(inner, None)
        same(PackedBatch(frame, walkers), whole, seed)
        names = mec.nodes
        questions = [kind(a, b) for kind in (Causes, DirectlyCauses) for a, b in itertools.permutations(names, 2)]
        questions += [Changes(names[0], names[1], {names[2]})]
        assert torch.equal(Truths(questions, frame).of(walkers), truth_table(questions, whole))


def test_members_that_differ_in_one_component() -> None:
    for seed, mec in enumerate(classes()):
        shared = Shared.of(mec)
        assert shared is not None
        whole = mec.batch()
        for rows in mec.cpdag.chain_components:
            place = torch.tensor(rows)
            others = torch.ones_like(shared.adjacency)
            others[place[:, None], place] = False
            here = (whole.adjacency == shared.adjacency)[:, others].all(1)
            local = whole.adjacency[here][:, place[:, None], place]
            same(LocalBatch(Frame(shared, place), local), whole[here], seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_particles_of_components_with_paths_between_them(seed: int) -> None:
    """Ten variables of which six are open, questions about all of them: the exact posterior."""
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("p", "q"), ("q", "r"), ("c", "z"), ("p", "z"), ("z", "w"), ("v", "w")]
    mec = MarkovEquivalenceClass.from_dag(Dag([*"abcpqrzwvu"], edges))
    assert mec.size == 18
    rng = np.random.default_rng(seed)
    truth = mec.batch()[int(rng.integers(18))]
    pairs = [("a", "b"), ("b", "z"), ("q", "w"), ("r", "p"), ("c", "a"), ("r", "z"), ("v", "w"), ("b", "c")]
    said = [Answer(Causes(a, b), Causes(a, b).holds(truth) ^ bool(rng.random() < 0.15)) for a, b in pairs]
    exact = Belief.uniform(mec.batch(), Fixed(0.15)).update(said)
    found = ParticleBelief.uniform(mec, Fixed(0.15), particles=4096, seed=seed).update(said)
    assert found.candidates[0].nodes == mec.nodes
    assert torch.allclose(found.edges, exact.edges, atol=0.05)
    assert found.confidence == pytest.approx(exact.confidence, abs=0.05)
    for goal in (Causes("b", "w"), Causes("r", "w"), Causes("p", "r")):
        assert found.probability(goal) == pytest.approx(exact.probability(goal), abs=0.05)


def test_particles_do_not_grow_with_the_variables_that_are_settled() -> None:
    names = [f"k{i}" for i in range(12)]
    chain = [(f"s{i}", f"s{i + 1}") for i in range(150)] + [("t", "s1"), ("u", "s1")]
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([*itertools.combinations(names, 2), *chain]))
    belief = ParticleBelief.uniform(mec, Fixed(0.1), seed=1)
    assert belief._walkers.parents.shape[1:] == (12, 1)
    assert belief._walkers.parents.element_size() == 4
    belief = belief.update([Answer(Causes("k0", "k1"), True), Answer(Causes("s5", "s9"), True)])
    assert belief.probability(Causes("k0", "k1")) == pytest.approx(0.9, abs=0.02)
    assert belief.probability(Causes("s5", "s9")) == pytest.approx(1)
    assert belief.graph.nodes == mec.nodes
