"""Channels of one's own: what the protocol asks for is all that a belief, a loop and other channels need."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from channel_cases import case

from causalpp import Answer, Belief, Causes, MarkovEquivalenceClass, SimulatedOracle, discover, load_network, noise
from causalpp.belief import (
    Abstaining,
    Channel,
    CountChannel,
    Fixed,
    ParticleBelief,
    Predictive,
    Profile,
    Reliability,
    Source,
)
from causalpp.belief.record import Tallies

ERRORS = {"Causes": 0.1, "DirectlyCauses": 0.35}


class ByKind(Channel):
    """The error differs from kind to kind of question, and is known."""

    learns, sees = False, ("kind",)

    def right(self, questions) -> torch.Tensor:
        return torch.tensor([1 - ERRORS[type(q).__name__] for q in questions], dtype=torch.float64)

    def init(self, rows, tallies):
        told = [(number, a) for number, a in tallies.answers if a.value is not None]
        right = self.right(a.question for _, a in told)
        agrees = torch.stack([rows[:, n] == a.value for n, a in told], 1) if told else rows[:, :0]
        return torch.where(agrees, right, 1 - right).log().sum(1, keepdim=True)

    def step(self, state, rows, before, after):
        return self.init(rows, after)

    def log_likelihood(self, state):
        return state[:, 0]

    def predictive(self, heard, questions, source, *, apart):
        right = self.right(questions).expand(len(heard.state), -1)
        return Predictive(self.posterior(heard), right, 1 - right, torch.arange(len(questions)))

    def profile(self, heard):
        return Profile()

    def reliabilities(self, heard):
        return {kind: Reliability.known(1 - error, 1 - error) for kind, error in ERRORS.items()}


class Half(CountChannel):
    """``Fixed``, by the two methods that a channel of counts needs."""

    learns = False

    def log_likelihood(self, counts):
        return counts @ torch.tensor([0.8, 0.2, 0.2, 0.8], dtype=torch.float64).log()

    def beta(self, counts):
        return torch.tensor([0.8, 0.2, 0.2, 0.8], dtype=torch.float64).expand(len(counts), 4) * 1e12


def test_every_method_of_a_channel_is_abstract_or_final() -> None:
    for kind in (Channel, CountChannel):
        for name in dir(kind):
            method = getattr(kind, name)
            if callable(method) and not name.startswith("_"):
                assert getattr(method, "__final__", False) or name in kind.__abstractmethods__, name
    assert sorted(CountChannel.__abstractmethods__) == ["beta", "log_likelihood"]
    assert len(Channel.__abstractmethods__) == 6


@pytest.mark.parametrize("seed", range(4))
def test_one_of_ones_own_is_bayes_rule(seed: int) -> None:
    batch, answers = case(seed)
    belief = Belief.uniform(batch, ByKind()).update(answers[:3]).update(answers[3:])
    joint = []
    for dag in batch:
        likelihood = 1.0
        for a in answers:
            if a.value is not None:
                error = ERRORS[type(a.question).__name__]
                likelihood *= 1 - error if a.question.holds(dag) == a.value else error
        joint.append(likelihood)
    assert belief.probabilities.numpy() == pytest.approx(np.array(joint) / sum(joint), abs=1e-12)
    questions = list(dict.fromkeys(a.question for a in answers))
    found = belief.predictive(questions)
    for column, question in enumerate(questions):
        law = belief.joint_predictive([question], Source(call="one"))
        holds = question.holds(batch)
        yes = torch.where(holds, *(rate[:, column] for rate in found.rates))
        assert yes.numpy() == pytest.approx(law[:, 0].numpy(), abs=1e-12)
    assert set(belief.reliabilities) == set(ERRORS)
    assert belief.reliability.sensitivity == pytest.approx(1 - sum(ERRORS.values()) / 2)
    assert belief.kinds == {"informative": 1.0, "liar": 0.0, "unrelated": 0.0}
    assert belief.none_of_these.related is None


def test_two_methods_are_a_channel() -> None:
    batch, answers = case(1)
    ours, theirs = (Belief.uniform(batch, channel).update(answers) for channel in (Half(), Fixed(0.2)))
    assert ours.probabilities.numpy() == pytest.approx(theirs.probabilities.numpy(), abs=1e-12)
    assert ours.reliability.sensitivity == pytest.approx(0.8)
    for mine, other in zip(ours.rates, theirs.rates, strict=True):
        assert mine.numpy() == pytest.approx(other.numpy(), abs=1e-12)


def test_silence_goes_on_top() -> None:
    batch, answers = case(2)
    ours, theirs = (Belief.uniform(batch, Abstaining(base)).update(answers) for base in (Half(), Fixed(0.2)))
    assert ours.probabilities.numpy() == pytest.approx(theirs.probabilities.numpy(), abs=1e-12)
    assert Belief.uniform(batch, Abstaining(ByKind())).update(answers).confidence > 0


@pytest.mark.parametrize("channel", [ByKind(), Half()])
def test_a_loop_runs_on_it(channel: Channel) -> None:
    asia = load_network("asia").dag
    oracle = SimulatedOracle(asia, noise.Symmetric(0.1), seed=1)
    result = discover(MarkovEquivalenceClass.from_dag(asia), oracle, seed=1, channel=channel, max_questions=30)
    assert result.graph == asia


def test_particles_move_by_it() -> None:
    batch, answers = case(3)
    mec = MarkovEquivalenceClass.from_dag(batch[0])
    exact = Belief.uniform(batch, ByKind()).update(answers[:4])
    drawn = ParticleBelief.uniform(mec, ByKind(), particles=4096).update(answers[:4])
    question = answers[0].question
    assert drawn.probability(question) == pytest.approx(exact.probability(question), abs=0.05)


def test_what_a_channel_does_not_see_makes_no_difference() -> None:
    a, b = Causes("a", "b"), Causes("b", "c")
    told = Tallies.of([(0, Answer(a, True, wording=0)), (1, Answer(b, True, wording=1))], 2)
    same = {kind.sees: bool(kind.interchangeable(told).unique().numel() == 1) for kind in (Half(), ByKind())}
    assert same == {(): True, ("kind",): True}

    class Everything(ByKind):
        sees = Channel.sees

    assert Everything().interchangeable(told).unique().numel() == 2
    assert math.isclose(Everything().right([a])[0], 0.9)
