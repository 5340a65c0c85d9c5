"""The law of the next answers, under every channel: what one more answer multiplies the evidence by."""

from __future__ import annotations

import itertools
import json
import math

import pytest
import torch
from channel_cases import COARSE, ENUMERATED, LEARNED, believed, case

from causalpp import Belief, Causes
from causalpp.belief import Abstaining, Channel, Fixed, LogOdds, Pooled, SharedErrors, Source
from causalpp.errors import InvalidParameter
from causalpp.propositions import truth_table

CHANNELS: dict[str, Channel] = {name: c for name, c in (ENUMERATED | LEARNED).items() if not isinstance(c, LogOdds)}
SOURCES = [
    Source(),
    Source(oracle="bob", wording=1, negated=True),
    Source(oracle="cleo", wording=2, call="two"),
    Source(oracle="ann", wording=9, call="new"),
]


@pytest.mark.parametrize("name", CHANNELS)
def test_the_law_of_the_next_answer_is_what_it_multiplies_the_evidence_by(name: str) -> None:
    channel = CHANNELS[name]
    for seed, source in itertools.product(range(4), SOURCES):
        if source.call is not None and name == "shared by call, pooled by oracle":
            source = source._replace(call="another")  # pooled channels look at calls of their own
        belief = believed(seed, channel)
        nodes = belief.candidates.nodes
        asked = [answer.question for answer in belief.answers]
        questions = list(dict.fromkeys([*asked, Causes(nodes[0], nodes[1]), Causes(nodes[-1], nodes[0])]))
        truth = truth_table(questions, belief.candidates)
        found = belief.predictive(questions, source, apart=False)
        if_true, if_false = found.rates
        answered = torch.ones_like(if_true)
        if found.silent is not None:
            t, f = (rate[found.groups][:, None] for rate in found.silent)
            answered = 1 - torch.where(truth, t, f)
        yes = torch.where(truth, if_true, if_false)
        for column, question in enumerate(questions):
            law = belief.joint_predictive([question], source) / answered[:, column, None]
            assert law.sum(1).numpy() == pytest.approx(1, abs=1e-9)
            assert yes[:, column].numpy() == pytest.approx(law[:, 0].numpy(), abs=1e-9), (seed, source, question)
        assert found.weights.numpy() == pytest.approx(belief.probabilities.numpy(), abs=1e-9)


@pytest.mark.parametrize("name", CHANNELS)
def test_unrelated_answers_set_apart_add_up(name: str) -> None:
    for seed in range(4):
        belief = believed(seed, CHANNELS[name])
        nodes = belief.candidates.nodes
        questions = [belief.answers[0].question, Causes(nodes[0], nodes[-1]), Causes(nodes[1], nodes[0])]
        truth = truth_table(questions, belief.candidates)
        whole, apart = (belief.predictive(questions, apart=value) for value in (False, True))
        expected = whole.weights @ torch.where(truth, *whole.rates)
        found = apart.weights @ torch.where(truth, *apart.rates)
        found = found + apart.unrelated * apart.either[apart.state]
        assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-9)
        assert float(apart.weights.sum()) + apart.unrelated == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", CHANNELS)
def test_step_by_step_or_at_once(name: str) -> None:
    for seed in range(20, 24):
        batch, answers = case(seed)
        once = Belief.uniform(batch, CHANNELS[name]).update(answers)
        steps = Belief.uniform(batch, CHANNELS[name])
        for answer in answers:
            assert steps.confidence > 0  # looked at in between, so that the next step builds on it
            steps = steps.update([answer])
        assert steps.probabilities.numpy() == pytest.approx(once.probabilities.numpy(), abs=1e-9)
        assert steps.log_marginal_likelihood == pytest.approx(once.log_marginal_likelihood, abs=1e-8)
        assert steps.kinds == pytest.approx(once.kinds, abs=1e-8)


@pytest.mark.parametrize("name", CHANNELS)
def test_interchangeable_questions_may_change_places(name: str) -> None:
    """A row of truths, with those of interchangeable questions permuted: the same evidence."""
    channel = CHANNELS[name]
    for seed in range(6):
        belief = believed(seed, channel)
        tallies, rows = belief.record.tallies, belief.record.rows
        numbers = channel.interchangeable(tallies)
        other = rows.clone()
        for number in numbers.unique():
            here = (numbers == number).nonzero().flatten()
            other[:, here] = rows[:, here.flip(0)]
        expected = channel.log_likelihood(channel.init(rows, tallies))
        assert channel.log_likelihood(channel.init(other, tallies)).numpy() == pytest.approx(expected.numpy(), abs=1e-9)


@pytest.mark.parametrize("name", CHANNELS)
def test_what_is_told_of_a_belief(name: str) -> None:
    belief = believed(5, CHANNELS[name])
    values = json.loads(belief.to_json(), parse_constant=pytest.fail)
    assert len(values["reliabilities"]) == len(belief.reliabilities)
    assert values["reliability"] == belief.reliability.to_dict()
    assert sum(belief.kinds.values()) == pytest.approx(1)
    a, b = belief.candidates[0], belief.candidates[1]
    p = belief.probabilities
    assert belief.explain(a, b).bits == pytest.approx(math.log2(p[0] / p[1]), abs=1e-6)
    none = belief.none_of_these
    assert none.probability is None or 0 <= none.probability <= 1
    nothing = Belief.uniform(belief.candidates, CHANNELS[name])
    assert nothing.log_marginal_likelihood == pytest.approx(0, abs=1e-9)
    assert nothing.none_of_these.related in (None, pytest.approx(0, abs=1e-9))
    low, high = belief.reliability.interval()
    assert 0 <= low <= high <= 1


def test_answers_of_one_call_share_their_error_and_others_do_not() -> None:
    batch, _ = case(2)
    nodes = batch.nodes
    questions = [Causes(nodes[0], nodes[1]), Causes(nodes[1], nodes[2])]
    channel = SharedErrors(COARSE, "call", ((0.3, 1.0),))
    together, apart = (
        Belief.uniform(batch, channel).joint_predictive(questions, source) for source in (Source(call="x"), None)
    )
    assert not torch.allclose(together, apart)
    assert together[:, :2].sum(1).numpy() == pytest.approx(apart[:, :2].sum(1).numpy())  # the first answer alone


def test_too_many_at_once() -> None:
    belief = Belief.uniform(case(2)[0], Fixed(0.1))
    with pytest.raises(InvalidParameter, match="at most 12"):
        belief.joint_predictive([Causes("X1", "X2")] * 13)


def test_nothing_asked_about() -> None:
    for channel in (Fixed(0.1), COARSE, Pooled(COARSE), SharedErrors(COARSE), Abstaining(COARSE)):
        batch, answers = case(3)
        for belief in (Belief.uniform(batch, channel), Belief.uniform(batch, channel).update(answers)):
            found = belief.predictive([])
            assert found.state.shape == (0,)
            assert found.rates[0].shape == (len(batch), 0)
