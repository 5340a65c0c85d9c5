"""Pooled channels: their limits, what groups borrow from each other, and every sum written out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from channel_cases import COARSE, SPREAD, believed, case

from causalpp import Answer, Belief, Causes, Dag, DagBatch, DirectlyCauses, MarkovEquivalenceClass
from causalpp.belief import Agnostic, Correlated, Learned, ParticleBelief, Pooled, SharedErrors, Source
from causalpp.errors import InvalidParameter

INDEPENDENT = Correlated(correlation=0.0)
NODES = "abcdef"
CHAIN = Dag(NODES, list(itertools.pairwise(NODES)))
PAIRS = [Causes(a, b) for a, b in itertools.permutations(NODES, 2)]
ONE = DagBatch.from_dags([CHAIN])


def said(oracle: str, right: int, wrong: int) -> list[Answer]:
    """So many right and wrong answers of one oracle about the chain, spread over true and false propositions."""
    order = PAIRS[::2] + PAIRS[1::2]
    return [Answer(q, q.holds(CHAIN) is (n < right), oracle=oracle) for n, q in enumerate(order[: right + wrong])]


# --- limits ----------------------------------------------------------------------------------------------


def test_groups_that_are_surely_alike_are_one() -> None:
    for seed in range(10):
        batch, answers = case(seed)
        answers = [Answer(a.question, a.value) for a in answers]  # one wording, one oracle: groups split no question
        pooled, base = (
            Belief.uniform(batch, channel).update(answers)
            for channel in (Pooled(COARSE, by=("kind",), alike=((1.0, 1.0),)), COARSE)
        )
        assert pooled.probabilities.numpy() == pytest.approx(base.probabilities.numpy(), abs=1e-9)
        assert pooled.log_marginal_likelihood == pytest.approx(base.log_marginal_likelihood, abs=1e-9)
        for reliability in pooled.reliabilities.values():
            assert reliability.sensitivity == pytest.approx(base.reliability.sensitivity, abs=1e-9)


def test_flat_groups_are_learned_each_for_itself() -> None:
    """Dawid & Skene: given the graph, the evidence is a product over oracles."""
    for seed in range(10):
        batch, answers = case(seed)
        flat = Belief.uniform(batch, Pooled.flat(SPREAD, by=("oracle",))).update(answers)
        alone = [
            Belief.uniform(batch, SPREAD).update([a for a in answers if a.oracle == name])
            for name in ("ann", "bob", "cleo")
        ]
        expected = torch.stack([belief.log_likelihood for belief in alone]).sum(0)
        assert flat.log_likelihood.numpy() == pytest.approx(expected.numpy(), abs=1e-9)


def test_flat_groups_without_correlation_are_learned_channels() -> None:
    batch = DagBatch.from_dags([CHAIN])
    answers = said("ann", 9, 1) + said("bob", 5, 6)
    flat = Belief.uniform(batch, Pooled.flat(INDEPENDENT)).update(answers)
    for name in ("ann", "bob"):
        alone = Belief.uniform(batch, Learned()).update([a for a in answers if a.oracle == name])
        assert flat.reliabilities[name].sensitivity == pytest.approx(alone.reliability.sensitivity, abs=1e-6)
        assert flat.reliabilities[name].specificity == pytest.approx(alone.reliability.specificity, abs=1e-6)


def test_one_group_is_its_base() -> None:
    for seed in range(5):
        batch, answers = case(seed)
        answers = [Answer(a.question, a.value) for a in answers]
        pooled, base = (Belief.uniform(batch, c).update(answers) for c in (Pooled(COARSE, by=("oracle",)), COARSE))
        assert pooled.probabilities.numpy() == pytest.approx(base.probabilities.numpy(), abs=1e-9)
        assert pooled.kinds == pytest.approx(base.kinds, abs=1e-9)
        questions = [answer.question for answer in answers]
        ours, theirs = pooled.predictive(questions), base.predictive(questions)
        assert ours.unrelated == pytest.approx(theirs.unrelated, abs=1e-9)
        for mine, other in zip(ours.rates, theirs.rates, strict=True):
            assert mine.numpy() == pytest.approx(other.numpy(), abs=1e-9)


# --- what groups borrow ----------------------------------------------------------------------------------


def test_a_new_group_is_expected_to_be_like_those_before_it() -> None:
    """Five oracles that are nearly always right, and a sixth that has answered nothing."""
    answers = [a for name in "vwxyz" for a in said(name, 14, 1)]
    question = PAIRS[1]
    found = {}
    for name, channel in (("partial", Pooled(INDEPENDENT, ("oracle",))), ("flat", Pooled.flat(INDEPENDENT))):
        belief = Belief.uniform(ONE, channel).update(answers)
        found[name] = float(belief.predictive([question], Source(oracle="new"), apart=False).rates[0][0, 0])
    assert found["flat"] == pytest.approx(0.8, abs=1e-6)  # the prior
    assert found["partial"] > 0.87


def test_how_alike_groups_are_is_learned() -> None:
    alike = said("u", 18, 2) + said("v", 17, 3) + said("w", 18, 2) + said("x", 18, 2)
    apart = said("u", 20, 0) + said("v", 8, 12) + said("w", 1, 19) + said("x", 13, 7)
    channel = Pooled(Agnostic(), ("oracle",))
    near, far = (Belief.uniform(ONE, channel).update(given).shares for given in (alike, apart))
    assert list(near) == [share for share, _ in channel.alike]
    assert sum(near.values()) == pytest.approx(1)
    assert near[0.95] + near[1.0] > 0.7
    assert far[0.0] + far[0.5] > 0.9
    assert Belief.uniform(ONE, channel).shares == pytest.approx(dict(channel.alike))


def test_kinds_of_question_have_their_own_reliability() -> None:
    direct = [DirectlyCauses(a, b) for a, b in itertools.permutations(NODES, 2)]
    answers = [Answer(q, q.holds(CHAIN)) for q in PAIRS[:20]]
    answers += [Answer(q, q.holds(CHAIN) is (n % 2 == 0)) for n, q in enumerate(direct[:20])]
    belief = Belief.uniform(ONE, Pooled(Agnostic(), ("kind",))).update(answers)
    assert list(belief.reliabilities) == ["Causes", "DirectlyCauses"]
    good, poor = belief.reliabilities.values()
    assert good.better_than_chance > 0.95
    assert poor.better_than_chance < 0.5
    assert belief.kinds["informative"] > 0.95


# --- every sum written out ---------------------------------------------------------------------------------


def test_kinds_by_hand() -> None:
    """Typical world, and the worlds of two groups, each combination in turn."""
    channel = Pooled(SPREAD, by=("oracle",), alike=((0.3, 0.6), (0.9, 0.4)))
    batch, answers = case(1)
    answers = [a for a in answers if a.value is not None and a.oracle in ("ann", "bob")]
    answers += [Answer(answers[0].question, True, oracle=name) for name in ("ann", "bob")]
    belief = Belief.uniform(batch, channel).update(answers)
    names = list(dict.fromkeys(a.oracle for a in answers))
    prior = SPREAD.grid[:, 3]
    tables = []
    for name in names:
        alone = Belief.uniform(batch, SPREAD).update([a for a in answers if a.oracle == name])
        tables.append((alone._state - torch.as_tensor(prior).log()).exp().numpy()[alone.record.groups.numpy()])
    share = np.zeros((len(prior), len(prior)))
    for (likeness, weight), typical in itertools.product(channel.alike, range(len(prior))):
        own = likeness * np.eye(len(prior))[typical] + (1 - likeness) * prior
        share += weight * prior[typical] * own[:, None] * own[None, :]
    joint = np.einsum("gh,ng,nh->gh", share, *tables) if len(tables) == 2 else None
    assert joint is not None
    joint /= joint.sum()
    kinds = SPREAD.kinds
    some = (kinds[:, None] == 1) | (kinds[None, :] == 1)
    none = (kinds[:, None] == 0) & (kinds[None, :] == 0)
    assert belief.kinds["informative"] == pytest.approx(joint[some].sum(), abs=1e-9)
    assert belief.kinds["unrelated"] == pytest.approx(joint[none].sum(), abs=1e-9)
    before = share[none].sum()
    odds = math.log((1 - joint[none].sum()) / joint[none].sum()) - math.log((1 - before) / before)
    assert belief.none_of_these.related == pytest.approx(odds, abs=1e-9)


# --- what is known before -----------------------------------------------------------------------------------


def test_counts_are_answers_to_questions_with_known_answers() -> None:
    """The same answers, to anchors whose truth all candidates share, and counted before the run."""
    candidates = DagBatch.from_dags([Dag("abcd", [("a", "b"), ("c", "d")]), Dag("abcd", [("b", "a"), ("c", "d")])])
    true, false = Causes("c", "d"), Causes("d", "c")
    anchors = {"ann": ((6, 2), (1, 7)), "bob": ((3, 3), (4, 1))}
    given = [
        Answer(question, value, oracle=name)
        for name, counts in anchors.items()
        for question, (yes, no) in zip((true, false), counts, strict=True)
        for value, times in ((True, yes), (False, no))
        for _ in range(times)
    ]
    more = [Answer(Causes("a", "b"), True, oracle="ann"), Answer(Causes("b", "a"), True, oracle="eve")]
    told = Belief.uniform(candidates, Pooled(INDEPENDENT, ("oracle",))).update(given)
    known = Belief.uniform(candidates, Pooled.from_counts(anchors, INDEPENDENT, ("oracle",)))
    for _ in range(3):
        assert known.probabilities.numpy() == pytest.approx(told.probabilities.numpy(), abs=1e-9)
        for name in told.reliabilities:
            found, expected = known.reliabilities[name], told.reliabilities[name]
            assert found.sensitivity == pytest.approx(expected.sensitivity, abs=1e-9)
            assert found.better_than_chance == pytest.approx(expected.better_than_chance, abs=1e-9)
        known, told = known.update(more), told.update(more)


def test_several_facets_name_a_group_by_all_of_them() -> None:
    belief = believed(4, Pooled(COARSE, by=("kind", "wording", "negated", "oracle")))
    expected = dict.fromkeys(
        (type(a.question).__name__, a.wording, a.negated, a.oracle) for a in belief.answers if a.value is not None
    )
    assert list(belief.reliabilities) == list(expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Pooled(Learned()),  # type: ignore[arg-type]
        lambda: Pooled(by=()),
        lambda: Pooled(by=("kind", "kind")),
        lambda: Pooled(by=("mood",)),
        lambda: Pooled(alike=((1.2, 1.0),)),
        lambda: Pooled(alike=((0.5, 0.5),)),
        lambda: Pooled(alike=()),
        lambda: Pooled.from_counts({"Causes": ((1, -1), (0, 0))}),
        lambda: Pooled(known=(("a", (1, 1, 1, 1)), ("a", (1, 1, 1, 1)))),
    ],
)
def test_bad_parameters_are_refused(make) -> None:
    with pytest.raises(InvalidParameter):
        make()


@pytest.mark.parametrize(
    "channel", [Pooled(COARSE, ("oracle",)), SharedErrors(COARSE, "call")], ids=["pooled", "shared"]
)
def test_particles_sum_over_the_same_worlds(channel) -> None:
    """All orders of five variables, 120 graphs: drawn and moved as the exact belief has them."""
    mec = MarkovEquivalenceClass.from_dag(Dag("abcde", list(itertools.combinations("abcde", 2))))
    pairs = [Causes(*pair) for pair in itertools.permutations("abcde", 2)]
    draw = np.random.default_rng(1)
    answers = [
        Answer(q, bool(draw.random() < 0.5), oracle=str(draw.choice(["ann", "bob"])), call=str(n // 3))
        for n, q in enumerate(draw.permutation(pairs)[:12])
    ]
    exact = Belief.uniform(mec.batch(), channel).update(answers)
    drawn = ParticleBelief.uniform(mec, channel, particles=8192, seed=1)
    for start in range(0, 12, 3):  # call by call
        drawn = drawn.update(answers[start : start + 3])
    assert float((drawn.edges - exact.edges).abs().max()) < 0.06
    assert drawn.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=0.15)
