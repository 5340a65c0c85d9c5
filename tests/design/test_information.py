"""Expected information gain against the mutual information of a joint table of graphs and answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from causalpp import Answer, Belief, MarkovEquivalenceClass, all_questions
from causalpp.belief import Channel, Fixed, Learned
from causalpp.design import _sums, binary_entropy, expected_information_gain
from causalpp.graphs import DagBatch, erdos_renyi
from causalpp.propositions import truth_table

CHANNELS = [Fixed(0.1), Fixed(0.5), Fixed(0.8), Learned(), Learned((2.0, 1.0), (1.0, 3.0))]
NODES, WEIGHTS = (part / 2 for part in np.polynomial.legendre.leggauss(60))
NODES = NODES + 0.5


def random_belief(seed: int, channel: Channel) -> tuple[Belief, torch.Tensor, torch.Tensor]:
    """A belief after random answers, the truth of all questions, and that of the questions answered."""
    rng = np.random.default_rng(seed)
    size = 0
    while not 2 <= size <= 60:
        dag = erdos_renyi(int(rng.integers(4, 7)), expected_degree=rng.uniform(1.0, 3), seed=int(rng.integers(2**31)))[
            0
        ]
        mec = MarkovEquivalenceClass.from_dag(dag)
        size = mec.size
    batch = mec.batch()
    questions = all_questions(batch.nodes, kinds=("Causes", "HaveCommonCause"))
    asked = [questions[int(k)] for k in rng.choice(len(questions), int(rng.integers(0, 15)))]
    answers = [Answer(question, bool(rng.random() < 0.5)) for question in asked]
    belief = Belief.uniform(batch, channel).update(answers)
    return belief, truth_table(questions, batch), truth_table(asked, batch)


def joint_of(belief: Belief, asked: torch.Tensor, next_truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """P(graph, next answer | answers so far), by integrating both rates numerically; shape ``(N, 2)``."""
    channel = belief.channel
    if isinstance(channel, Fixed):
        s = f = np.array([[1 - channel.error]])
        weight = np.ones((1, 1))
    else:
        assert isinstance(channel, Learned)
        s, f = NODES[:, None], NODES[None, :]
        weight = np.outer(
            WEIGHTS * stats.beta.pdf(NODES, *channel.sensitivity), WEIGHTS * stats.beta.pdf(NODES, *channel.specificity)
        )
    table = np.zeros((len(belief.candidates), 2))
    for n in range(len(table)):
        density = weight
        for k, answer in enumerate(belief.answers):
            yes = s if asked[n, k] else 1 - f
            density = density * (yes if answer.value else 1 - yes)
        yes = s if next_truth[n] else 1 - f
        table[n] = (density * yes).sum(), (density * (1 - yes)).sum()
    return table / table.sum()


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_mutual_information_of_graph_and_answer(seed: int, channel: Channel) -> None:
    belief, truth, asked = random_belief(seed, channel)
    gain = expected_information_gain(belief, truth)
    assert gain.shape == (truth.shape[1],)
    for column in np.random.default_rng(seed).permutation(truth.shape[1])[:20]:
        joint = joint_of(belief, asked, truth[:, column].numpy())
        independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
        expected = stats.entropy(joint.ravel(), independent.ravel(), base=2)
        assert float(gain[column]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_it_is_the_mean_fall_of_entropy(channel: Channel) -> None:
    """What the answer is expected to do to the belief, by updating with either answer."""
    belief, _, _ = random_belief(9, channel)
    questions = all_questions(belief.candidates.nodes)
    truth = truth_table(questions, belief.candidates)
    gain = expected_information_gain(belief, truth)
    if_true, if_false = belief.rates
    for column, question in enumerate(questions):
        yes = float(belief.probabilities @ torch.where(truth[:, column], if_true, if_false))
        after = [belief.update([Answer(question, value)]).entropy for value in (True, False)]
        assert float(gain[column]) == pytest.approx(belief.entropy - yes * after[0] - (1 - yes) * after[1], abs=1e-9)


@pytest.mark.parametrize("channel", CHANNELS[:1] + CHANNELS[3:], ids=str)
def test_nothing_is_gained_where_the_truth_is_known(channel: Channel) -> None:
    belief = Belief.uniform(DagBatch("ab", [[[0, 1], [0, 0]], [[0, 0], [1, 0]], [[0, 0], [0, 0]]]), channel)
    truth = torch.tensor([[1, 0, 1], [1, 0, 0], [1, 0, 0]], dtype=torch.bool)
    gain = expected_information_gain(belief, truth)
    assert gain[:2].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert float(gain[2]) > 0.005


def test_bounds_of_one_answer() -> None:
    for seed, channel in enumerate(CHANNELS):
        belief, truth, _ = random_belief(seed + 30, channel)
        gain = expected_information_gain(belief, truth)
        assert bool((gain >= 0).all())
        assert bool((gain <= min(1, belief.entropy) + 1e-12).all())
    two = Belief.uniform(DagBatch("ab", [[[0, 1], [0, 0]], [[0, 0], [1, 0]]]), Fixed(0.1))
    best = expected_information_gain(two, torch.tensor([[True], [False]]))
    assert float(best) == pytest.approx(0.5310044064107188)  # the capacity


@pytest.mark.parametrize("rows", [1, 7, 40, 1 << 20])
def test_chunks_do_not_matter(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    belief, truth, _ = random_belief(12, Learned())
    expected = expected_information_gain(belief, truth)
    assert float(expected.max()) > 0.01
    monkeypatch.setattr(_sums, "_ROWS", rows)
    assert expected_information_gain(belief, truth).numpy() == pytest.approx(expected.numpy(), abs=1e-13)


def test_no_questions() -> None:
    belief, truth, _ = random_belief(1, Learned())
    assert expected_information_gain(belief, truth[:, :0]).shape == (0,)


def test_binary_entropy() -> None:
    p = torch.linspace(0, 1, 101, dtype=torch.float64)
    expected = [stats.entropy([x, 1 - x], base=2) for x in p.tolist()]
    assert binary_entropy(p).tolist() == pytest.approx(expected, abs=1e-12)
