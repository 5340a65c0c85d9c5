"""Shared errors: against blocks summed out by hand, their limits, and what they are for."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from channel_cases import COARSE, SPREAD, case
from numpy.typing import NDArray

from causalpp import Answer, Belief, Causes, Dag, DagBatch, MarkovEquivalenceClass
from causalpp.belief import Agnostic, ComponentBelief, Learned, SharedErrors, Worlds
from causalpp.errors import InvalidParameter, TooLarge

SURE = Worlds(((0.9, 0.1, 0.0, 1.0),))
PAIR = DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])])
CHAINS = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")])).batch()


def by_hand(batch: DagBatch, answers: list[Answer], channel: SharedErrors) -> NDArray[np.float64]:
    """P(answers | graph), one world, one pattern of strikes and one answer after the other; repeats independent."""
    blocks: dict[object, list[Answer]] = {}
    for n, answer in enumerate(answers):
        if answer.value is not None:
            alone = answer.question if channel.within == "question" else n
            key = answer.call if channel.within == "call" and answer.call is not None else alone
            blocks.setdefault(key, []).append(answer)
    out = []
    for dag in batch:
        total = 0.0
        for (s, f, _, p), (c, q) in itertools.product(channel.base.grid, channel.share):
            for struck in itertools.product((False, True), repeat=len(blocks)):
                chance = p * q
                for block, reversed_ in zip(blocks.values(), struck, strict=True):
                    chance *= c if reversed_ else 1 - c
                    for answer in block:
                        yes = s if answer.question.holds(dag) else f
                        chance *= yes if answer.value != reversed_ else 1 - yes
                total += chance
        out.append(total)
    return np.array(out)


@pytest.mark.parametrize("within", ["question", "call"])
def test_against_blocks_summed_out_by_hand(within: str) -> None:
    base = Worlds(((0.9, 0.1, 0.0, 0.5), (0.75, 0.3, 0.0, 0.3), (0.4, 0.4, 0.0, 0.2)))
    channel = SharedErrors(base, within, ((0.0, 0.3), (0.15, 0.5), (0.4, 0.2)))
    for seed in range(4):
        batch, answers = case(seed)
        answers = answers[:5]
        belief = Belief.uniform(batch, channel).update(answers)
        assert belief.log_likelihood.exp().numpy() == pytest.approx(by_hand(batch, answers, channel), rel=1e-9)


@pytest.mark.parametrize("within", ["question", "call"])
def test_a_factor_that_never_strikes_leaves_the_base(within: str) -> None:
    for seed in range(8):
        batch, answers = case(seed)
        answers = [Answer(a.question, a.value, call=a.call) for a in answers]
        ours, base = (
            Belief.uniform(batch, channel).update(answers)
            for channel in (SharedErrors(COARSE, within, ((0.0, 1.0),)), COARSE)
        )
        assert ours.probabilities.numpy() == pytest.approx(base.probabilities.numpy(), abs=1e-9)
        assert ours.kinds == pytest.approx(base.kinds, abs=1e-9)
        assert ours.reliability.sensitivity == pytest.approx(base.reliability.sensitivity, abs=1e-9)
        assert ours.reliability.interval() == pytest.approx(base.reliability.interval())


def test_answers_alone_only_know_the_effective_rates() -> None:
    """One answer to each question: a factor that strikes each alone is one more way to be wrong."""
    effective = Worlds(
        tuple((0.8 * s + 0.2 * (1 - s), 0.8 * f + 0.2 * (1 - f), rho, w) for s, f, rho, w in COARSE.worlds)
    )
    answers = [Answer(Causes(*pair), True) for pair in (("a", "b"), ("b", "c"), ("d", "c"))]
    for within in ("question", "call"):
        ours, plain = (
            Belief.uniform(CHAINS, channel).update(answers)
            for channel in (SharedErrors(COARSE, within, ((0.2, 1.0),)), effective)
        )
        assert ours.log_marginal_likelihood == pytest.approx(plain.log_marginal_likelihood, abs=1e-9)
        assert ours.reliability.sensitivity == pytest.approx(plain.reliability.sensitivity, abs=1e-9)


def test_models_that_err_together_are_never_surer_than_their_common_factor_allows() -> None:
    channel = SharedErrors(SURE, "question", ((0.1, 1.0),))
    many = [Answer(Causes("a", "b"), True, oracle=f"model {n}") for n in range(30)]
    assert Belief.uniform(PAIR, channel).update(many).confidence == pytest.approx(0.9, abs=1e-6)
    assert Belief.uniform(PAIR, SURE).update(many).confidence > 1 - 1e-12


def test_one_call_tells_less_than_as_many_calls() -> None:
    channel = SharedErrors(SURE, "call", ((0.2, 1.0),))
    right = [Causes("a", "b"), Causes("b", "c"), Causes("c", "d")]
    together = [Answer(q, True, call="one") for q in right]
    apart = [Answer(q, True, call=str(n)) for n, q in enumerate(right)]
    together_, apart_ = (Belief.uniform(CHAINS, channel).update(given) for given in (together, apart))
    assert together_.confidence != pytest.approx(apart_.confidence, abs=1e-3)
    assert Belief.uniform(CHAINS, channel).update(
        [Answer(q, True) for q in right]
    ).log_marginal_likelihood == pytest.approx(apart_.log_marginal_likelihood)


def test_how_often_the_factor_strikes_is_learned() -> None:
    """Calls that are wholly right or wholly wrong, and calls of which each has one error."""
    dag = Dag("abcdef", list(itertools.pairwise("abcdef")))
    pairs = [Causes(a, b) for a, b in itertools.permutations("abcdef", 2)]
    batch = DagBatch.from_dags([dag])
    grid = ((0.0, 0.5), (0.3, 0.5))
    base = Worlds(tuple((1 - e, e, 0.0, 0.25) for e in (0.02, 0.1, 0.2, 0.3)))
    wholly = [Answer(q, q.holds(dag) is (n // 5 not in (1, 3)), call=str(n // 5)) for n, q in enumerate(pairs)]
    singly = [Answer(q, q.holds(dag) is (n % 5 != 0), call=str(n // 5)) for n, q in enumerate(pairs)]
    channel = SharedErrors(base, "call", grid)
    often, seldom = (Belief.uniform(batch, channel).update(given).shares for given in (wholly, singly))
    assert sum(often.values()) == pytest.approx(1)
    assert often[0.3] > 0.95
    assert seldom[0.3] < 0.2


def test_oracles_of_their_own_reliability() -> None:
    dag = Dag("abcdef", list(itertools.pairwise("abcdef")))
    pairs = [Causes(a, b) for a, b in itertools.permutations("abcdef", 2)][:24]
    base = Worlds(tuple((1 - e, e, 0.0, 0.25) for e in (0.05, 0.2, 0.35, 0.5)))
    answers = [Answer(q, q.holds(dag), oracle="good") for q in pairs]
    answers += [Answer(q, q.holds(dag) is (n % 3 > 0), oracle="poor") for n, q in enumerate(pairs)]
    channel = SharedErrors(base, "question", ((0.0, 0.5), (0.1, 0.5)), oracles=("good", "poor"))
    belief = Belief.uniform(DagBatch.from_dags([dag]), channel).update(answers)
    good, poor = belief.reliabilities.values()
    assert good.sensitivity > 0.9
    assert 0.6 < poor.sensitivity < 0.75
    assert belief.reliability.sensitivity == pytest.approx((good.sensitivity + poor.sensitivity) / 2)
    with pytest.raises(InvalidParameter, match="name it"):
        belief.update([Answer(pairs[0], True, oracle="third")])


def test_order_of_calls_matters_only_where_repeats_are_alike() -> None:
    questions = [Causes("a", "b"), Causes("c", "d")]
    one = [Answer(q, True, call="one") for q in questions]
    two = [Answer(q, v, call="two") for q, v in zip(questions, (True, False), strict=True)]
    for base, same in ((SURE, True), (Worlds(((0.85, 0.25, 0.5, 1.0),)), False)):
        start = Belief.uniform(CHAINS, SharedErrors(base, "call", ((0.2, 1.0),)))
        forth, back = start.update(one + two), start.update(two + one)
        assert (forth.log_marginal_likelihood == pytest.approx(back.log_marginal_likelihood, abs=1e-9)) is same


def test_a_deterministic_oracle_that_is_asked_again_in_another_call_says_nothing_new() -> None:
    persistent = Worlds(((0.9, 0.1, 1 - 1e-9, 1.0),))
    start = Belief.uniform(CHAINS, SharedErrors(persistent, "call", ((0.2, 1.0),)))
    said = [(Causes("a", "b"), True), (Causes("c", "d"), False)]
    once = start.update([Answer(q, v, call="one") for q, v in said])
    again = once.update([Answer(q, v, call="two") for q, v in said])
    assert again.probabilities.numpy() == pytest.approx(once.probabilities.numpy(), abs=1e-6)


def test_what_is_refused() -> None:
    with pytest.raises(TooLarge, match="combinations"):
        SharedErrors(Agnostic(), oracles=("a", "b", "c"))
    for make in (
        lambda: SharedErrors(Learned()),  # type: ignore[arg-type]
        lambda: SharedErrors(SharedErrors()),
        lambda: SharedErrors(within="run"),
        lambda: SharedErrors(share=((0.5, 1.0),)),
        lambda: SharedErrors(share=((0.1, 0.5),)),
        lambda: SharedErrors(share=()),
        lambda: SharedErrors(SPREAD, oracles=("a", "a")),
    ):
        with pytest.raises(InvalidParameter):
            make()
    with pytest.raises(InvalidParameter, match="product over components"):
        ComponentBelief.uniform(MarkovEquivalenceClass.from_dag(Dag("ab", [("a", "b")])), SharedErrors(SPREAD))


def test_the_default_is_cautious_about_many_models() -> None:
    many = [Answer(Causes("a", "b"), True, oracle=f"model {n}") for n in range(12)]
    confidence = Belief.uniform(PAIR, SharedErrors()).update(many).confidence
    assert confidence < Belief.uniform(PAIR, Agnostic()).update(many).confidence < 0.9
    assert not math.isnan(confidence)
