"""Every channel against Pyro's own enumeration of the model that defines it, and the limits they share."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pyro.infer import TraceEnum_ELBO, config_enumerate

from causalpp import Answer, Belief, Causes, Dag, DagBatch, MarkovEquivalenceClass
from causalpp.belief import Agnostic, Channel, Correlated, Fixed, Learned, LogOdds, Mixture, Persistent
from causalpp.belief.model import model
from causalpp.errors import InvalidParameter
from causalpp.graphs import erdos_renyi
from causalpp.propositions import truth_table

CHANNELS: list[Channel] = [
    Agnostic(),
    Agnostic(unrelated=0, liar=0.3, repeats=((0.2, 1.0),)),
    Correlated(),
    Correlated((2.0, 1.5), (3.0, 1.0), ((0.0, 0.4), (0.8, 0.6))),
    Persistent(),
    LogOdds(0.2, 0.7),
    Fixed(0.15),
]


def case(seed: int, odds: bool = False) -> tuple[DagBatch, list[Answer]]:
    """A random class of 2 to 20 graphs and up to 16 answers to few questions, so that many are repeated."""
    rng = np.random.default_rng(seed)
    size = 0
    while not 2 <= size <= 20:
        dag = erdos_renyi(int(rng.integers(3, 6)), expected_degree=rng.uniform(1, 2), seed=int(rng.integers(2**31)))[0]
        mec = MarkovEquivalenceClass.from_dag(dag)
        size = mec.size
    pool = [Causes(*rng.permutation(dag.nodes)[:2].tolist()) for _ in range(5)]
    answers = []
    for _ in range(int(rng.integers(1, 17))):
        value = (True, False, None)[int(rng.choice(3, p=[0.5, 0.4, 0.1]))]
        said = float(rng.normal(2 if value else -2, 1)) if odds and value is not None else None
        answers.append(Answer(pool[int(rng.integers(5))], value, log_odds=said))
    return mec.batch(), answers


def enumerated(belief: Belief) -> dict[str, torch.Tensor]:
    truth = truth_table([answer.question for answer in belief.answers], belief.candidates)
    found = TraceEnum_ELBO(max_plate_nesting=0).compute_marginals(
        config_enumerate(model), lambda *_: None, belief.log_prior, truth, belief.answers, belief.channel
    )
    return {name: law.probs.detach() for name, law in found.items()}


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: type(channel).__name__)
def test_the_posterior_is_pyros_enumeration(channel: Channel) -> None:
    for seed in range(10):
        batch, answers = case(seed, odds=isinstance(channel, LogOdds))
        weights = np.random.default_rng(seed).dirichlet(np.ones(len(batch)))
        belief = Belief.weighted(batch, weights, channel).update(answers)
        found = enumerated(belief)
        assert belief.probabilities.numpy() == pytest.approx(found["graph"].numpy(), abs=1e-6)
        if isinstance(channel, Mixture):
            shares = [float(found["world"].numpy()[channel.kinds == kind].sum()) for kind in (1, -1, 0)]
            assert list(belief.kinds.values()) == pytest.approx(shares, abs=1e-6)
            sensitivity = float(found["world"] @ torch.as_tensor(channel.grid[:, 0]))
            assert belief.reliability.sensitivity == pytest.approx(sensitivity, abs=1e-5)


@pytest.mark.parametrize("channel", [channel for channel in CHANNELS if isinstance(channel, Mixture)], ids=str)
def test_a_belief_made_step_by_step_is_the_one_made_at_once(channel: Mixture) -> None:
    for seed in range(20, 25):
        batch, answers = case(seed)
        steps = Belief.uniform(batch, channel)
        for answer in answers:
            assert steps.confidence > 0  # looked at in between, so that the next step builds on it
            steps = steps.update([answer])
        once = Belief.uniform(batch, channel).update(answers)
        assert steps.probabilities.numpy() == pytest.approx(once.probabilities.numpy(), abs=1e-10)
        assert steps.log_marginal_likelihood == pytest.approx(once.log_marginal_likelihood, abs=1e-9)


def test_without_correlation_it_is_the_learned_channel() -> None:
    for seed in range(30, 36):
        batch, answers = case(seed)
        learned, summed = (
            Belief.uniform(batch, channel).update(answers) for channel in (Learned(), Correlated(correlation=0.0))
        )
        assert summed.probabilities.numpy() == pytest.approx(learned.probabilities.numpy(), abs=1e-9)
        assert summed.log_marginal_likelihood == pytest.approx(learned.log_marginal_likelihood, abs=1e-9)
        assert summed.reliability.sensitivity == pytest.approx(learned.reliability.sensitivity, abs=1e-6)


PAIR = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
YES, NO = Answer(Causes("a", "b"), True), Answer(Causes("a", "b"), False)


def test_persistent_answers_count_once() -> None:
    start = Belief.uniform(PAIR, Persistent())
    once = start.update([YES])
    assert once.confidence == pytest.approx(0.8)  # the mean of its prior
    assert once.update([YES] * 40).confidence == pytest.approx(once.confidence, abs=1e-6)


def test_the_more_alike_the_less_repeats_tell() -> None:
    channels = [*(Correlated(correlation=rho) for rho in (0.0, 0.2, 0.5, 0.9)), Persistent()]
    confidences = [Belief.uniform(PAIR, channel).update([YES] * 5).confidence for channel in channels]
    assert confidences == sorted(confidences, reverse=True)
    for channel in channels:
        assert Belief.uniform(PAIR, channel).update([YES] * 3 + [NO] * 3).probabilities.tolist() == pytest.approx(
            [0.5, 0.5], abs=1e-6
        )


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.98])
def test_many_answers_to_one_question_and_few_agree(rho: float) -> None:
    """Gamma functions take over where the product gets long; they must go on where it ends."""
    channel = Correlated(correlation=rho)
    truth = torch.tensor([[True], [False]])
    for yes, no in ((20, 12), (21, 12), (32, 0), (33, 0), (500, 100)):
        before = channel.log_likelihood_of(truth, torch.tensor([yes]), torch.tensor([no]))
        after = channel.log_likelihood_of(truth, torch.tensor([yes + 1]), torch.tensor([no]))
        joint = channel.log_joint_of(truth, torch.tensor([yes]), torch.tensor([no]))
        if_true, if_false = channel.predictive_of(joint, torch.tensor([yes]), torch.tensor([no]))
        assert (after - before).exp().tolist() == pytest.approx([float(if_true[0, 0]), float(if_false[1, 0])], rel=1e-8)


def test_log_odds_are_weighed_and_averaged() -> None:
    start = Belief.uniform(PAIR, LogOdds(0.5, 2.0, error=0.2))
    sure = Answer(Causes("a", "b"), True, log_odds=1.0)
    expected = 1 / (1 + math.exp(-2.5))
    assert start.update([sure]).confidence == pytest.approx(expected)
    assert start.update([sure] * 9).confidence == pytest.approx(expected)
    assert start.update([YES]).confidence == pytest.approx(0.8)
    assert start.update([sure]).reliability.sensitivity == pytest.approx(0.8)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Correlated((0.0, 1.0)),
        lambda: Correlated(correlation=1.0),
        lambda: Correlated(correlation=((0.1, 0.5),)),
        lambda: Correlated(correlation=()),
        lambda: Persistent((1.0, -1.0)),
        lambda: LogOdds(math.nan),
        lambda: LogOdds(error=0.0),
    ],
)
def test_bad_parameters_are_refused(make) -> None:
    with pytest.raises(InvalidParameter):
        make()


def test_counts_of_a_calibration_make_a_prior() -> None:
    for channel in (Correlated.from_counts((45, 5), (4, 36), 0.3), Persistent.from_counts((45, 5), (4, 36))):
        assert (channel.sensitivity, channel.specificity) == ((45.5, 5.5), (36.5, 4.5))
        with pytest.raises(InvalidParameter, match="not negative"):
            type(channel).from_counts((0, -2), (1, 1))
