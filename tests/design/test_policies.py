"""Policies: each beside a slow obvious version of itself, and how soon they find the graph."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from causalpp import Answer, Belief, Causes, MarkovEquivalenceClass
from causalpp.belief import Fixed, Learned
from causalpp.design import expected_information_gain
from causalpp.design.batches import look_ahead
from causalpp.design.policies import (
    BinarySearch,
    Information,
    MaximumDegree,
    Minimax,
    Policy,
    Published,
    Random,
    ThompsonPair,
    pick,
)
from causalpp.design.questions import Questions
from causalpp.errors import InvalidParameter
from causalpp.graphs import DagBatch, erdos_renyi
from causalpp.propositions import Proposition, all_questions, truth_table

Case = tuple[Belief, list[Proposition], Tensor, Tensor]


def random_case(seed: int, *, answers: int = 5, least: int = 4, most: int = 60) -> Case:
    """A belief after some answers, the questions, their truth, and how often each was asked."""
    rng = np.random.default_rng(seed)
    size = 0
    while not least <= size <= most:
        dag = erdos_renyi(int(rng.integers(4, 7)), expected_degree=rng.uniform(1, 3), seed=int(rng.integers(2**31)))[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        size = mec.size
    belief = Belief.uniform(mec.batch(), Learned() if seed % 2 else Fixed(0.1))
    questions = list(all_questions(belief.candidates.nodes))
    numbers = rng.integers(0, len(questions), answers)
    belief = belief.update(Answer(questions[int(k)], bool(rng.random() < 0.5)) for k in numbers)
    asked = torch.from_numpy(np.bincount(numbers, minlength=len(questions)))
    return belief, questions, truth_table(questions, belief.candidates), asked


def chosen(policy: Policy, belief: Belief, truth: Tensor, asked: Tensor, seed: int = 0) -> int | None:
    """What a policy would ask, questions given by their truth table alone."""
    questions = [Causes("a", "b")] * truth.shape[1]
    return pick(policy.score(belief, Questions(questions, truth)), asked, np.random.default_rng(seed))


def every_policy(seed: int = 0) -> list[Policy]:
    return [
        Information(seed=seed),
        Information(seed=seed, ahead=3),
        BinarySearch(seed=seed),
        Minimax(seed=seed),
        ThompsonPair(seed=seed),
        MaximumDegree(seed=seed),
        Random(seed=seed),
        Published(seed=seed),
    ]


def names(policy: Policy) -> str:
    return type(policy).__name__


def leaders(score: list[float], asked: Tensor) -> set[int]:
    """The questions of the largest score that were asked least often."""
    best = [k for k, value in enumerate(score) if value >= max(score) - 1e-7]
    least = min(int(asked[k]) for k in best)
    return {k for k in best if asked[k] == least}


@pytest.mark.parametrize("seed", range(8))
def test_information(seed: int) -> None:
    belief, questions, truth, asked = random_case(seed)
    gain = expected_information_gain(belief, truth).tolist()
    score = Information(seed=seed).score(belief, questions)
    assert score.tolist() == pytest.approx(gain, abs=1e-12)
    assert torch.equal(Information().score(belief, Questions(questions, truth)), score)  # what is known is used
    assert pick(score, asked, np.random.default_rng(seed)) in leaders(gain, asked)
    costs = torch.rand(len(gain), generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.1
    dear = Information(costs=costs).score(belief, questions).tolist()
    assert dear == pytest.approx([g / c for g, c in zip(gain, costs.tolist(), strict=True)], abs=1e-12)
    goal = truth[:, int(asked.argmax())]
    about = expected_information_gain(belief, truth, about=goal).tolist()
    assert Information(about=goal).score(belief, questions).tolist() == pytest.approx(about, abs=1e-12)
    number = chosen(Information(ahead=3), belief, truth, asked)
    laws = belief.rates
    numbers, values = look_ahead(belief.probabilities, *laws, truth, top=3)
    assert number in numbers[values >= values.max() - 1e-7].tolist()


@pytest.mark.parametrize("seed", range(8))
def test_splits(seed: int) -> None:
    """Binary search by posterior mass, minimax by the number of graphs, the published one by its entropy."""
    belief, questions, truth, asked = random_case(seed)
    p = belief.probabilities.tolist()
    half, worst, entropy = [], [], []
    for k in range(len(questions)):
        yes = [n for n in range(len(p)) if truth[n, k]]
        mass = sum(p[n] for n in yes)
        differs = 0 < len(yes) < len(p)  # after five answers no graph is ruled out yet
        half.append(-abs(mass - 0.5) if differs else -np.inf)
        worst.append(-max(len(yes), len(p) - len(yes)) if differs else -np.inf)
        mixed = 0.9 * mass + 0.1 * (1 - mass)
        entropy.append(-mixed * np.log2(mixed) - (1 - mixed) * np.log2(1 - mixed))
    assert BinarySearch().score(belief, questions).tolist() == pytest.approx(half, abs=1e-12)
    assert Minimax().score(belief, questions).tolist() == worst
    bits = Published().score(belief, questions).tolist()
    assert bits == pytest.approx([h - 0.4689955935892812 for h in entropy], abs=1e-12)
    number = pick(torch.tensor(bits), asked, np.random.default_rng(0))
    assert number in leaders([round(h, 9) for h in half], asked) or max(half) == -np.inf


@pytest.mark.parametrize("seed", range(8))
def test_maximum_degree(seed: int) -> None:
    belief, questions, truth, asked = random_case(seed)
    nodes, edges = belief.candidates.nodes, belief.edges
    degree = dict.fromkeys(nodes, 0.0)
    for (i, a), (j, b) in itertools.combinations(enumerate(nodes), 2):
        law = np.clip([float(edges[i, j]), float(edges[j, i]), 1 - float(edges[i, j] + edges[j, i])], 1e-300, 1)
        doubt = float(-(law * np.log(law)).sum())
        degree[a] += doubt
        degree[b] += doubt
    useful = [k for k in range(len(questions)) if 0 < int(truth[:, k].sum()) < len(truth)]
    top = max(degree[name] for k in useful for name in questions[k].variables)
    score = [-np.inf] * len(questions)
    for k in useful:
        values = [degree[name] for name in questions[k].variables]
        if max(values) > top - 1e-7:
            score[k] = sum(values)
    found = MaximumDegree().score(belief, questions)
    assert pick(found, asked, np.random.default_rng(0)) in leaders(score, asked)
    for k, name in enumerate(questions):  # of those that name the leading variable, the others' degrees count
        values = sorted((degree[v] for v in name.variables), reverse=True)
        assert float(found[k]) == pytest.approx(sum(values[1:]) if score[k] > -np.inf else -np.inf, abs=1e-9)


def test_thompson_pairs_follow_the_posterior() -> None:
    """Two questions, each of which splits off one graph: asked as often as a pair of draws differs there."""
    batch = DagBatch("abc", [[[0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0, 0, 1], [0] * 3, [0] * 3], [[0] * 3] * 3])
    prior = torch.tensor([0.6, 0.1, 0.3], dtype=torch.float64)
    belief = replace(Belief.uniform(batch, Fixed(0.1)), log_prior=prior.log())
    truth = torch.eye(3, dtype=torch.bool)[:, :2]
    zero = torch.zeros(2, dtype=torch.int64)
    rounds = 2000
    first = sum(chosen(ThompsonPair(seed=seed), belief, truth, zero, seed) == 0 for seed in range(rounds))
    pairs = {(0, 1): 0.06, (0, 2): 0.18, (1, 2): 0.03}  # a pair of graphs 0 and 1 is separated by either question
    expected = (pairs[0, 1] / 2 + pairs[0, 2]) / sum(pairs.values())
    assert abs(first / rounds - expected) < 4.5 * (expected * (1 - expected) / rounds) ** 0.5


def test_random_is_uniform_over_what_tells_graphs_apart() -> None:
    belief, _, truth, asked = random_case(3)
    useful = [k for k in range(truth.shape[1]) if 0 < int(truth[:, k].sum()) < len(truth)]
    rounds = 200 * len(useful)
    drawn = np.bincount([chosen(Random(seed=seed), belief, truth, asked) for seed in range(rounds)])
    assert set(np.flatnonzero(drawn)) == set(useful)
    assert np.abs(drawn[useful] - 200).max() < 5 * 200**0.5


@pytest.mark.parametrize("number", range(8))
def test_the_same_arguments_give_the_same_scores(number: int) -> None:
    for seed in range(3):
        belief, questions, truth, asked = random_case(seed)
        policy = every_policy(seed)[number]
        score = policy.score(belief, questions)
        assert score.shape == (len(questions),)
        assert torch.equal(policy.score(belief, questions), score)
        assert torch.equal(policy.score(belief, Questions(questions, truth)), score)
        kept = asked.clone()
        one = pick(score, asked, np.random.default_rng(seed))
        assert torch.equal(asked, kept)
        assert 0 < int(truth[:, one].sum()) < len(truth)


def test_ties_go_to_the_question_asked_least_often() -> None:
    batch = DagBatch("ab", [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
    belief = Belief.uniform(batch)
    one, other = all_questions("ab")
    for policy in every_policy():
        if isinstance(policy, Random):
            continue
        score = policy.score(belief, [one, other, one])
        for least in range(3):
            asked = torch.tensor([2, 2, 2])
            asked[least] = 1
            assert pick(score, asked, np.random.default_rng(0)) == least, names(policy)
    score = Information().score(belief, [one, other, one])
    assert {pick(score, torch.zeros(3), np.random.default_rng(seed)) for seed in range(30)} == {0, 1, 2}


def test_nothing_left_to_ask() -> None:
    batch = DagBatch("ab", [[[0, 1], [0, 0]], [[0, 0], [1, 0]]])
    belief = Belief.uniform(batch, Fixed(0.1))
    questions = all_questions("ab")
    constant = Questions(questions, torch.tensor([[True, False], [True, False]]))
    for policy in every_policy():
        assert float(policy.score(belief, constant).max()) < 1e-12
        assert pick(policy.score(belief, []), torch.zeros(0), np.random.default_rng(0)) is None


def test_misuse() -> None:
    belief, questions, truth, asked = random_case(1)
    for call in (
        lambda: Information(seed=-1),
        lambda: Information(ahead=-1),
        lambda: Published(error=0.5),
        lambda: Information(costs=torch.zeros(len(asked))).score(belief, questions),
        lambda: pick(Random().score(belief, questions), asked[:-1], np.random.default_rng(0)),
        lambda: Questions(questions[1:], truth),
    ):
        with pytest.raises(InvalidParameter):
            call()


def rounds_needed(policy: Policy, belief: Belief, truth: Tensor, graph: int, seed: int) -> int:
    """Questions to confidence 0.95 with independent errors of rate 0.1, at most 200."""
    rng = np.random.default_rng(seed)
    log = torch.zeros(len(truth), dtype=torch.float64)
    asked = torch.zeros(truth.shape[1], dtype=torch.int64)
    for number in range(200):
        now = replace(belief, log_prior=torch.log_softmax(log, 0))
        if now.confidence >= 0.95:
            return number
        choice = chosen(policy, now, truth, asked, seed)
        said = bool(truth[graph, choice]) ^ bool(rng.random() < 0.1)
        log = log + torch.where(truth[:, choice] == said, np.log(0.9), np.log(0.1))
        asked[choice] += 1
    return 200


@pytest.mark.slow
def test_information_needs_fewer_questions_than_chance() -> None:
    """On random classes: information is never worse than the others by more than noise, and far better than chance."""
    runs = 40
    needed: dict[str, list[int]] = {}
    for seed in range(runs):
        belief, _, truth, _ = random_case(2 * (seed % 10), answers=0, least=15)
        graph = int(np.random.default_rng(seed).integers(len(truth)))
        for policy in (Information(), BinarySearch(), Published(), ThompsonPair(), Random()):
            needed.setdefault(names(policy), []).append(rounds_needed(policy, belief, truth, graph, seed))
    best = np.array(needed["Information"])
    for name in ("Random", "ThompsonPair"):
        gap = np.array(needed[name]) - best
        assert gap.mean() > 2 * gap.std() / runs**0.5, name
    for name in ("BinarySearch", "Published"):  # the same question, for one known error rate
        gap = np.array(needed[name]) - best
        assert abs(gap.mean()) <= 4 * gap.std() / runs**0.5 + 1e-9, name
