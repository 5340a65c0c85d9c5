"""The loop on random classes: that it ends, how often it is right, how much it asks, and that it is repeatable."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from causalpp import (
    Answer,
    Causes,
    Dag,
    DagBatch,
    MarkovEquivalenceClass,
    Result,
    SimulatedOracle,
    discover,
    noise,
)
from causalpp.acbo import AcboConfig, Step
from causalpp.acbo._start import Candidates
from causalpp.belief import Belief, Channel, Fixed, Learned
from causalpp.design import expected_information_gain, question_bound
from causalpp.errors import InvalidGraph, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import erdos_renyi
from causalpp.oracles import Oracle, Request
from causalpp.propositions import all_questions, truth_table

SIGMAS = 4.5
RUNS = 36
REACHED = "the most probable graph reached the confidence asked for"


def random_classes(seed: int, sizes: range = range(2, 201)) -> itertools.filterfalse[MarkovEquivalenceClass]:
    """Classes of random Dags over 5 to 7 variables, without end."""
    rng = np.random.default_rng(seed)

    def draw() -> MarkovEquivalenceClass:
        variables = int(rng.integers(5, 8))
        dag = erdos_renyi(variables, expected_degree=rng.uniform(1.2, 4), seed=int(rng.integers(2**31)))[0]
        return MarkovEquivalenceClass.from_dag(dag)

    return itertools.filterfalse(lambda mec: mec.size not in sizes, iter(draw, None))


def runs(
    batch: DagBatch, errors: list[noise.Noise], *, channel: Channel | None = None, max_questions: int | None = None
) -> list[tuple[Result, Dag]]:
    """One run for each noise, each with a truth drawn uniformly."""
    draw = np.random.default_rng(len(batch))
    out = []
    for seed, error in enumerate(errors):
        truth = batch[int(draw.integers(len(batch)))]
        oracle = SimulatedOracle(truth, error, seed=seed)
        out.append((discover(batch, oracle, seed=seed, channel=channel, max_questions=max_questions), truth))
    return out


def check_calibrated(done: list[tuple[Result, Dag]], *, exactly: bool) -> None:
    claimed = np.array([result.belief.confidence for result, _ in done])
    right = np.array([result.graph == truth for result, truth in done])
    slack = SIGMAS * math.sqrt((claimed * (1 - claimed)).sum()) / len(done)
    assert right.mean() >= claimed.mean() - slack
    if exactly:
        assert right.mean() <= claimed.mean() + slack


# --- what it finds ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 5, 24, 80])
def test_random_classes(size: int) -> None:
    batch = next(random_classes(size, range(size, size + size // 3 + 1))).batch()
    n, count = len(batch), RUNS if size < 20 else RUNS // 6
    done = []
    for error in (0.0, 0.1, 0.2):
        here = runs(batch, [noise.Symmetric(error)] * count)
        done += here
        reached = [result for result, _ in here if result.stopped_because == REACHED]
        assert len(reached) >= 0.7 * count  # with many errors the questions may run out first
        assert all(result.belief.confidence >= 0.95 for result in reached)
        misses = sum(result.graph != truth for result, truth in here)
        if error == 0:
            assert misses == 0
        asked = np.array([len(result.transcript) for result, _ in here])
        # Not below the bound at the rate of misses, which is at most this with probability 0.999; the bound
        # falls as the rate of misses rises, so taking the largest plausible one is on the safe side.
        missed = stats.beta.ppf(0.999, misses + 1, count - misses)
        assert asked.mean() + SIGMAS * asked.std() / math.sqrt(count) >= question_bound(n, error, missed)
        # Nor absurdly above: that the answers speak of the graph has to be established too, which takes about
        # twenty questions, so count 10 % errors at least.
        assert asked.mean() <= 20 + 3 * question_bound(n, max(error, 0.1), 0.05)
    check_calibrated(done, exactly=False)  # errors milder than the prior expects: right more often than claimed


@pytest.mark.slow
def test_confidence_is_accuracy_for_oracles_drawn_from_the_prior() -> None:
    """Bayes is calibrated by construction wherever it stops, if the belief and the loop are right."""
    rng = np.random.default_rng(3)
    channel = Learned((8.0, 2.0), (6.0, 2.0))
    done = []
    for mec in itertools.islice(random_classes(3, range(2, 41)), 8):
        oracles = [noise.Asymmetric(rng.beta(*channel.sensitivity), rng.beta(*channel.specificity)) for _ in range(25)]
        done += runs(mec.batch(), list(oracles), channel=channel, max_questions=int(rng.integers(3, 25)))
    confidences = [result.belief.confidence for result, _ in done]
    assert min(confidences) < 0.5 < 0.95 < max(confidences)
    check_calibrated(done, exactly=True)


@pytest.mark.slow
def test_confidence_is_accuracy_for_a_known_error() -> None:
    done = []
    for mec in itertools.islice(random_classes(4, range(2, 41)), 5):
        done += runs(mec.batch(), [noise.Symmetric(0.2)] * 40, channel=Fixed(0.2))
    assert {result.stopped_because for result, _ in done} == {REACHED}
    check_calibrated(done, exactly=True)


def wrong_claims(error: float, count: int = 25) -> int:
    """How many of so many runs end with the confidence reached and a wrong graph."""
    done: list[tuple[Result, Dag]] = []
    for number, mec in enumerate(itertools.islice(random_classes(5, range(2, 25)), count)):
        batch = mec.batch()
        truth = batch[int(np.random.default_rng(number).integers(len(batch)))]
        done.append((discover(batch, SimulatedOracle(truth, noise.Symmetric(error), seed=number), seed=number), truth))
    return sum(result.stopped_because == REACHED and result.graph != truth for result, truth in done)


@pytest.mark.slow
def test_random_answers_are_not_believed() -> None:
    assert wrong_claims(0.5) <= 2


def test_a_liar_is_not_believed() -> None:
    assert wrong_claims(0.9) <= 2


# --- other questions before the same ones again -------------------------------------------------------


def test_other_kinds_of_question_come_before_repeats() -> None:
    """Errors that persist: asking again tells nothing, another question about the same thing does."""
    pair = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b")]))
    truth = Dag.from_edges([("a", "b")])
    oracle = SimulatedOracle(truth, noise.Persistent(0.0))
    result = discover(pair, oracle)
    asked = [step.answer.question for step in result.transcript]
    assert result.settings["kinds"][:2] == ["Causes", "DirectlyCauses"]
    first = [asked.index(question) for question in all_questions("ab", ["Causes", "DirectlyCauses"])]
    assert sorted(first) == [0, 1, 2, 3]  # all four before any of them again
    assert {type(question).__name__ for question in asked} <= set(result.settings["kinds"])


def test_kinds_that_are_given_are_kept_to() -> None:
    for chosen in ("Causes", ["DirectlyCauses"]):
        result = discover(CHAIN, SimulatedOracle(TRUTH, noise.Persistent(0.3), seed=1), kinds=chosen)
        assert {type(step.answer.question).__name__ for step in result.transcript} == set(result.settings["kinds"])
        assert len(result.settings["kinds"]) == 1
    none = discover(CHAIN, SimulatedOracle(TRUTH, noise.Persistent(0.3), seed=1), config=AcboConfig(further=()))
    assert none.settings["kinds"] == ["Causes"]


def test_graphs_with_the_same_ancestors_are_told_apart_by_further_questions() -> None:
    direct = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    chain = Dag("abc", [("a", "b"), ("b", "c")])
    result = discover([direct, chain], SimulatedOracle(chain, noise.Symmetric(0.0)))
    assert (result.graph, result.distinct, result.stopped_because) == (chain, 2, REACHED)
    assert "DirectlyCauses" in result.settings["kinds"]


@pytest.mark.slow
def test_persistent_errors_end_calibrated() -> None:
    """Where a loop that asks again would be sure of a wrong graph."""
    done: list[tuple[Result, Dag]] = []
    for number, mec in enumerate(itertools.islice(random_classes(11, range(2, 13)), 40)):
        batch = mec.batch()
        truth = batch[int(np.random.default_rng(number).integers(len(batch)))]
        done.append((discover(batch, SimulatedOracle(truth, noise.Persistent(0.2), seed=number), seed=number), truth))
    check_calibrated(done, exactly=False)
    assert sum(result.stopped_because == REACHED for result, _ in done) >= 30


# --- when it ends -------------------------------------------------------------------------------------

CHAIN = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
TRUTH = Dag.from_edges([("c", "b"), ("b", "a"), ("c", "d")])


class Counting(Oracle):
    """Passes questions on and keeps what came back."""

    nature = "counting"

    def __init__(self, error: float = 0.1, seed: int = 0) -> None:
        self.inner = SimulatedOracle(TRUTH, noise.Symmetric(error), seed)
        self.given: list[Answer] = []

    @property
    def fingerprint(self) -> str:
        return "counting"

    def _answer(self, request: Request) -> Answer:
        self.given += self.inner.ask(request.question)
        return self.given[-1]


class Silent(Counting):
    """Never answers."""

    def _answer(self, request: Request) -> Answer:
        self.given.append(Answer(request.question, None, len(self.given)))
        return self.given[-1]


def test_a_single_candidate_asks_nothing() -> None:
    oracle = Counting()
    result = discover([TRUTH], oracle)
    assert (result.graph, result.belief.confidence, result.transcript, oracle.given) == (TRUTH, 1.0, (), [])
    assert result.stopped_because == "there is only one candidate"
    assert result.path == [1.0]


@pytest.mark.parametrize("budget", [0, 1, 2])
def test_a_budget_is_kept(budget: int) -> None:
    oracle = Counting()
    result = discover(CHAIN, oracle, max_questions=budget)
    assert len(result.transcript) == len(oracle.given) == budget
    unknown = ", and that the oracle is better than chance is not established"
    assert result.stopped_because == f"the budget of {budget} questions is spent" + unknown
    known = discover(CHAIN, Counting(), max_questions=budget, channel=Fixed(0.1))
    assert known.stopped_because == f"the budget of {budget} questions is spent"
    assert len(result.path) == budget + 1


def test_the_confidence_may_be_reached_before_the_first_question() -> None:
    assert discover(CHAIN, Counting(), confidence=0.2, channel=Fixed(0.1)).transcript == ()
    assert discover(CHAIN, Counting(), confidence=0.2).transcript != ()  # who answers is not known yet


def test_a_higher_confidence_asks_more() -> None:
    known = Fixed(0.1)
    asked = [
        len(discover(CHAIN, Counting(0.0), confidence=c, channel=known).transcript) for c in (0.5, 0.9, 0.99, 0.999)
    ]
    assert asked == sorted(asked)
    assert len(set(asked)) == 4
    for c in (0.5, 0.99):
        result = discover(CHAIN, Counting(0.0), confidence=c, channel=known)
        assert result.path[-1] >= c > max(result.path[:-1])  # no longer than needed


def test_nothing_left_to_ask() -> None:
    """Two graphs with the same ancestors: questions of the kind ``Causes`` cannot tell them apart."""
    direct = Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")])
    chain = Dag("abc", [("a", "b"), ("b", "c")])
    oracle = SimulatedOracle(chain, noise.Symmetric(0.05))
    result = discover([direct, chain], oracle, kinds="Causes")
    assert result.transcript == ()
    assert result.stopped_because == "no question is left whose answer would tell the candidates apart"
    assert (result.belief.confidence, result.distinct) == (0.5, 1)
    more = discover([direct, chain], oracle, kinds=("Causes", "DirectlyCauses"))
    assert (more.graph, more.distinct) == (chain, 2)
    assert more.belief.confidence > 0.9  # one question alone tells them apart, and its answer may be wrong for good
    # a third candidate can be told from the two, and once it is out there is nothing left
    third = discover([direct, chain, Dag("abc", [("c", "b"), ("b", "a")])], oracle, confidence=0.99, kinds="Causes")
    assert third.graph in (direct, chain)
    assert third.stopped_because.startswith("no question is left whose answer would tell the candidates apart")
    assert third.belief.confidence == pytest.approx(third.belief.top(2)[1][1])
    assert third.belief.confidence > 0.4  # the third is the chain reversed, which is what a liar would say
    assert third.distinct == 2


def test_an_oracle_that_never_answers() -> None:
    oracle = Silent()
    result = discover(CHAIN, oracle)
    assert len(result.transcript) == 10
    assert "neither yes nor no 10 times in a row" in result.stopped_because
    assert result.belief.confidence == pytest.approx(0.96 / CHAIN.size)
    assert {step.gained for step in result.transcript} == {0.0}
    best = {answer.question for answer in oracle.given}
    counts = [sum(answer.question == question for answer in oracle.given) for question in best]
    assert max(counts) - min(counts) <= 1  # equally good questions take turns


def test_an_oracle_worse_than_chance_is_given_up() -> None:
    """Where the prior expects a liar, a liar is seen through, and its word is still not taken."""
    result = discover(CHAIN, Counting(0.9), channel=Learned((1.0, 3.0), (1.0, 3.0)))
    assert result.stopped_because == "the oracle's answers are no better than chance"
    assert len(result.transcript) == 20  # not given up before
    assert result.belief.reliability.better_than_chance < 0.5
    assert result.graph == TRUTH


def test_an_interrupt_leaves_the_result_so_far() -> None:
    seen: list[Step] = []

    def third_time(step: Step) -> None:
        seen.append(step)
        if step.number == 3:
            raise KeyboardInterrupt

    oracle = Counting()
    result = discover(CHAIN, oracle, on_step=third_time)
    assert result.stopped_because == "the run was interrupted"
    assert result.transcript == tuple(seen)
    assert [step.answer for step in result.transcript] == oracle.given == list(result.belief.answers)
    assert len(oracle.given) == 3
    full = discover(CHAIN, Counting())
    assert [step.answer for step in full.transcript[:3]] == oracle.given


def test_an_interrupt_while_asking() -> None:
    class Impatient(Counting):
        def _answer(self, request: Request) -> Answer:
            if len(self.given) == 2:
                raise KeyboardInterrupt
            return super()._answer(request)

    oracle = Impatient()
    result = discover(CHAIN, oracle)
    assert result.stopped_because == "the run was interrupted"
    assert list(result.belief.answers) == oracle.given
    assert len(result.transcript) == 2


# --- how it goes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("channel", [Learned(), Fixed(0.2)], ids=str)
def test_every_step_is_consistent(error: float, channel: Channel) -> None:
    seen: list[Step] = []
    batch = CHAIN.batch()
    oracle = Counting(error, seed=5)
    result = discover(CHAIN, oracle, on_step=seen.append, channel=channel, confidence=0.98, kinds=["Causes"])
    assert result.transcript == tuple(seen)
    assert [step.number for step in seen] == list(range(1, len(seen) + 1))
    assert [step.answer for step in seen] == oracle.given
    assert result.oracle_nature == "counting"
    assert (result.target, result.distinct) == (0.98, CHAIN.size)
    questions = all_questions(batch.nodes)
    truth = truth_table(questions, batch)
    before = discover(CHAIN, Counting(), max_questions=0, channel=channel).belief
    assert before.confidence == pytest.approx(1 / CHAIN.size)
    assert isinstance(before, Belief)
    for step in seen:
        gain = expected_information_gain(before, truth)
        assert step.expected == pytest.approx(float(gain.max()), abs=1e-12)
        assert float(gain[questions.index(step.answer.question)]) == pytest.approx(step.expected, abs=1e-8)
        after = before.update([step.answer])
        assert step.leaders == tuple(after.top())
        assert step.confidence == after.confidence
        assert step.gained == pytest.approx(before.entropy - after.entropy, abs=1e-12)
        before = after
    assert result.belief.probabilities.numpy() == pytest.approx(before.probabilities.numpy(), abs=1e-12)
    assert result.path == pytest.approx([1 / CHAIN.size, *(step.confidence for step in seen)])
    assert sum(step.gained for step in seen) == pytest.approx(math.log2(CHAIN.size) - result.belief.entropy)


@pytest.mark.slow
def test_the_expected_gain_is_gained_on_average() -> None:
    expected, gained = [], []
    for result, _ in runs(CHAIN.batch(), [noise.Symmetric(0.2)] * 300, channel=Fixed(0.2), max_questions=3):
        expected += [step.expected for step in result.transcript]
        gained += [step.gained for step in result.transcript]
    difference = np.array(gained) - np.array(expected)
    assert abs(difference.mean()) <= SIGMAS * difference.std() / math.sqrt(len(difference))


def test_the_seed_fixes_the_run() -> None:
    mec = next(random_classes(8, range(10, 30)))
    truth = next(mec.members())

    def transcript(seed: int) -> list[Answer]:
        result = discover(mec, SimulatedOracle(truth, noise.Symmetric(0.2), seed=1), seed=seed)
        return [step.answer for step in result.transcript]

    assert transcript(4) == transcript(4)
    assert len({tuple(transcript(seed)) for seed in range(6)}) > 1  # equally good questions are drawn


# --- what it takes --------------------------------------------------------------------------------------


def test_candidates_in_every_form() -> None:
    dags = list(CHAIN.members())
    forms: list[Candidates] = [
        CHAIN,
        CHAIN.batch(),
        dags,
        iter(dags),
        [*dags, *dags[:3]],
        DagBatch.from_dags([*dags, *dags[:3]]),
        [Dag("abcd", reversed(dag.edges)) for dag in dags],
    ]
    results = [discover(form, Counting()) for form in forms]
    for result in results:
        assert list(result.belief.candidates) == dags
        assert result.to_dict() | {"given": ""} == results[0].to_dict() | {"given": ""}
    reordered = discover([Dag("dcba", dag.edges) for dag in dags], Counting(0.0))
    assert reordered.graph == TRUTH


def test_latent_variables_stay_latent() -> None:
    dags = [Dag("aub", [("u", "a"), ("u", "b")], latent={"u"}), Dag("aub", [("a", "b")], latent={"u"})]
    result = discover(dags, SimulatedOracle(dags[1], noise.Symmetric(0.0)))
    assert result.graph == dags[1]
    assert result.graph.latent == {"u"}


def test_kinds_of_questions() -> None:
    result = discover(CHAIN, Counting(), kinds=[Causes, "DirectlyCauses"])
    assert {type(step.answer.question).__name__ for step in result.transcript} <= {"Causes", "DirectlyCauses"}
    only = discover(CHAIN, Counting(), kinds=["HaveCommonCause"])
    assert {type(step.answer.question).__name__ for step in only.transcript} == {"HaveCommonCause"}


def test_a_class_too_large_to_list() -> None:
    with pytest.raises(TooLarge, match="4 members, more than the limit of 3"):
        discover([(CHAIN, 1.0)], Counting(), limit=3)
    assert len(discover(CHAIN, Counting(), limit=4).belief.candidates) == 4


@pytest.mark.parametrize("confidence", [0.0, 1.0, 1.5, -1.0, math.nan])
def test_a_confidence_lies_between_zero_and_one(confidence: float) -> None:
    with pytest.raises(InvalidParameter, match="strictly between 0 and 1"):
        discover(CHAIN, Counting(), confidence=confidence)


def test_misuse() -> None:
    with pytest.raises(InvalidParameter, match=r"budget .* got -1"):
        discover(CHAIN, Counting(), max_questions=-1)
    with pytest.raises(InvalidParameter, match="Caused"):
        discover(CHAIN, Counting(), kinds=["Caused"])
    with pytest.raises(InvalidGraph):
        discover([], Counting())
    with pytest.raises(InvalidGraph):
        discover(DagBatch("ab", torch.zeros(0, 2, 2, dtype=torch.bool)), Counting())
    with pytest.raises(InvalidGraph, match="variables"):
        discover([Dag("ab", [("a", "b")]), Dag("xy", [("x", "y")])], Counting())
    with pytest.raises(InvalidGraph, match=r"\[dag\]"):
        discover(TRUTH, Counting())  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="seed"):
        discover(CHAIN, Counting(), seed=-1)
    with pytest.raises(UnknownVariable):
        discover(MarkovEquivalenceClass.from_dag(Dag.from_edges([("x", "y")])), Counting())
