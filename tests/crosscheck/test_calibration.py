"""Calibration: what is measured is what was put in, and the intervals cover as often as they say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from causalpp import Belief, Causes, Dag, DagBatch, Proposition, SimulatedOracle, load_network, noise
from causalpp.belief import Correlated, Learned, Pooled
from causalpp.crosscheck import Calibration, World, calibrate
from causalpp.crosscheck.estimates import correlation, logistic, rate
from causalpp.crosscheck.worlds import chosen, decided, make_worlds, with_premises
from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter, OracleError, TooLarge, UnknownNetwork
from causalpp.language import Prompt, ScriptedBackend
from causalpp.oracles import Answer, Journal, LanguageModelOracle, Oracle, Request
from causalpp.oracles.noise import LogOdds, Noise

SIGMAS = 4.5


def simulated(family: Noise, log_odds: LogOdds | None = None) -> Callable[[World], Oracle]:
    return lambda world: SimulatedOracle(world.dag, family, world.seed, log_odds)


class Worded(SimulatedOracle):
    """A simulated oracle that is asked in two wordings and both polarities in turn."""

    def _requests(self, question: Proposition, first: int, repeats: int) -> Iterable[Request]:
        numbers = range(first, first + repeats)
        return [Request(question, n // 4, n % 4 // 2, n % 2 == 1) for n in numbers]


def test_nothing_wrong() -> None:
    found = calibrate(simulated(noise.Symmetric(0)), worlds=20, seed=1)
    assert (found.sensitivity.value, found.specificity.value, found.abstention.value) == (1, 1, 0)
    assert found.sensitivity.high == 1
    assert 0.9 < found.sensitivity.low < 1
    assert math.isnan(found.repeat_correlation.value)
    assert (found.repeat_correlation.low, found.repeat_correlation.high) == (0, 1)
    assert found.agreement_same.value == 1
    assert math.isnan(found.agreement_across.value)  # there were no other words
    assert math.isnan(found.slope.value)
    assert found.curve.empty


def test_what_is_put_in_comes_out() -> None:
    family = noise.Abstaining(0.1, noise.Correlated(noise.Asymmetric(0.8, 0.9), 0.4))
    found = calibrate(simulated(family, LogOdds(-0.3, 0.6)), worlds=150, questions=12, repeats=4, seed=2)
    for estimate, truth in (
        (found.sensitivity, 0.8),
        (found.specificity, 0.9),
        (found.abstention, 0.1),
        (found.abstention_if_true, 0.1),
        (found.abstention_if_false, 0.1),
        (found.repeat_correlation, 0.4),
        (found.agreement_same, 1 - 2 * 0.6 * (0.8 * 0.2 + 0.9 * 0.1) / 2),
        (found.intercept, -0.3),
        (found.slope, 0.6),
    ):
        slack = (estimate.high - estimate.low) / 2  # twice the interval, that is four standard errors
        assert estimate.low - slack <= truth <= estimate.high + slack
        assert estimate.high - estimate.low < 0.3
    # k answers of a question are worth k / (1 + (k − 1) ρ) of independent ones; some abstain.
    per_question = found.sensitivity.count / (found.questions / 2)
    assert found.sensitivity.effective == pytest.approx(
        found.sensitivity.count / (1 + (per_question - 1) * 0.4), rel=0.15
    )


def test_the_frame() -> None:
    found = calibrate(simulated(noise.Symmetric(0.2)), worlds=9, variables=[3, 6], questions=4, repeats=2, seed=3)
    frame = found.frame
    assert set(frame["variables"]) == {3, 6}
    assert frame["world"].nunique() == 9
    assert frame.groupby(["world", "question"])["replicate"].agg(list).map(tuple).unique().tolist() == [(0, 1)]
    assert (frame["path"].notna() == frame["truth"]).all()  # so it is for Causes
    assert found.questions == len(frame) / 2
    assert repr(found) == f"Calibration({len(frame)} answers to {found.questions} questions in 9 worlds)"
    assert "sensitivity" in str(found)
    again = calibrate(simulated(noise.Symmetric(0.2)), worlds=9, variables=[3, 6], questions=4, repeats=2, seed=3)
    assert again.frame.equals(frame)
    other = calibrate(simulated(noise.Symmetric(0.2)), worlds=9, variables=[3, 6], questions=4, repeats=2, seed=4)
    assert not other.frame.equals(frame)


def test_half_of_the_questions_are_true() -> None:
    world = World.of("asia", seed=5)
    for kind in ("Causes", "HaveCommonCause", "Changes"):
        questions = chosen(world, [kind], 20, 1)
        assert sum(truth for _, truth in questions) == min(10, len(questions) - 10)
        assert all(question.holds(world.dag) == truth for question, truth in questions)
    latent = World.of(Dag.from_edges([("u", "x"), ("u", "y"), ("x", "y")], latent={"u"}))
    assert {q for q, _ in chosen(latent, ["Causes"], 20, 0)} == {Causes("x", "y"), Causes("y", "x")}
    assert "u" not in latent.description


def test_worlds() -> None:
    asia = World.of("asia")
    assert asia.dag == load_network("asia").dag
    assert asia.description == load_network("asia").description
    assert "independent" in asia.premise
    with pytest.raises(TooLarge):
        _ = World.of("alarm").premise
    seen: list[World] = []

    def make(world: World) -> Oracle:
        seen.append(world)
        return SimulatedOracle(world.dag, noise.Symmetric(0.1), world.seed)

    given = World(Dag.from_edges([("a", "b")]), "two things", 77, "mine")
    found = calibrate(make, worlds=["asia", Dag.from_edges([("x", "y")]), given], questions=2, repeats=1)
    assert [world.name for world in seen] == ["asia", "", "mine"]
    assert seen[2] is given
    assert len({world.seed for world in seen}) == 3
    assert list(found.by("name").index) == ["", "asia", "mine"]
    with pytest.raises(UnknownNetwork, match="asia"):
        calibrate(make, worlds=["asai"])


def test_tables() -> None:
    family = noise.ByKind({"Causes": noise.ByDistance(lambda n: 0.25 * (n - 1), 0.0), "HaveCommonCause": 0.5})
    found = calibrate(simulated(family), worlds=60, variables=6, kinds=["Causes", "HaveCommonCause"], repeats=2, seed=1)
    kinds = found.by("kind")
    assert kinds.loc["Causes", "specificity"] == 1
    assert abs(kinds.loc["HaveCommonCause", "specificity"] - 0.5) < 0.15
    causes = Calibration(found.frame[found.frame["kind"] == "Causes"], 0.95, "simulated").by("path")
    assert causes["sensitivity"].iloc[0] == 1
    assert causes["sensitivity_low"].iloc[1] < 0.75 < causes["sensitivity_high"].iloc[1]
    assert math.isnan(causes["sensitivity"].iloc[-1])  # no path, never true
    assert list(found.by("variables").index) == [6]
    with pytest.raises(InvalidParameter, match="path"):
        found.by("length")


def test_wordings() -> None:
    made = calibrate(lambda world: Worded(world.dag, noise.YesBias(0.4), world.seed), worlds=60, repeats=8, seed=2)
    # "Is it false that …?" is answered yes, which means no, where "does …?" is answered yes: they disagree.
    assert made.agreement_across.high < made.agreement_same.low
    table = made.by("negated")
    assert table.loc[False, "sensitivity"] == 1
    assert table.loc[True, "specificity"] == 1
    assert abs(table.loc[True, "sensitivity"] - 0.6) < 0.06
    assert abs(table.loc[False, "specificity"] - 0.6) < 0.06
    assert list(made.by("wording").index) == [0, 1]


def test_the_prior_is_what_a_channel_takes() -> None:
    found = calibrate(simulated(noise.Asymmetric(0.7, 0.9)), worlds=40, repeats=1, seed=1)
    prior = found.prior()
    channel = Learned(**prior)
    for name, truth in (("sensitivity", 0.7), ("specificity", 0.9)):
        a, b = getattr(channel, name)
        spread = math.sqrt(a * b / (a + b + 1)) / (a + b)
        assert abs(a / (a + b) - truth) < SIGMAS * spread
        assert a + b == pytest.approx(1 + getattr(found, name).effective)


def test_persistent_answers_count_once() -> None:
    one = calibrate(simulated(noise.Persistent(0.2)), worlds=40, repeats=1, seed=1)
    ten = calibrate(simulated(noise.Persistent(0.2)), worlds=40, repeats=10, seed=1)
    assert ten.sensitivity.count == 10 * one.sensitivity.count
    assert ten.sensitivity.effective == pytest.approx(one.sensitivity.effective, rel=0.05)
    assert (ten.repeat_correlation.value, ten.repeat_correlation.high) == (1, 1)
    assert ten.repeat_correlation.low > 0.9


def test_an_oracle_that_knows_one_world() -> None:
    class Fixed(Oracle):
        kind = "test"
        fingerprint = "fixed"  # type: ignore[assignment]

        def _answer(self, request: Request) -> Answer:
            return Answer(request.question, True, request.replicate, self.fingerprint)

    assert calibrate(Fixed(), worlds=["asia"], repeats=1).specificity.value == 0
    assert calibrate(Fixed(), worlds="cancer", repeats=1).oracle_nature == "test"
    with pytest.raises(InvalidParameter, match="knows one world"):
        calibrate(Fixed())
    pointed = calibrate(SimulatedOracle(Dag(["x"]), noise.Symmetric(0.1)), worlds=4)
    assert pointed.oracle_nature == "simulated"
    assert pointed.frame["oracle"].nunique() == 4


def test_failures_are_no_abstentions() -> None:
    class Slow(SimulatedOracle):
        """Every third asking fails."""

        def _answer(self, request: Request) -> Answer:
            answer = super()._answer(request)
            return replace(answer, value=None, reason="timed out") if request.replicate == 2 else answer

    found = calibrate(Slow(Dag(["x"]), 0.1), worlds=10, repeats=3, seed=1)
    assert found.failures == {"timed out": found.questions}
    assert found.abstention.value == 0
    assert set(found.frame["replicate"]) == {0, 1}
    assert found.to_dict()["failures"] == found.failures
    assert f"failures, left out      timed out {found.questions}" in str(found)

    class Down(SimulatedOracle):
        """No asking succeeds."""

        def _answer(self, request: Request) -> Answer:
            return replace(super()._answer(request), value=None, reason="no connection")

    with pytest.raises(OracleError, match="nothing but failures came back: no connection"):
        calibrate(Down(Dag(["x"]), 0.1), worlds=2)


def test_the_journal_goes_along(tmp_path: Path) -> None:
    oracle = SimulatedOracle(Dag(["x"]), 0.1)
    oracle.journal = Journal(tmp_path / "answers.sqlite")
    found = calibrate(oracle, worlds=5, seed=1)
    assert len(oracle.journal) == len(found.frame)


def test_a_language_model_is_told_the_premise_of_a_random_world() -> None:
    prompts: list[str] = []

    def reply(prompt: Prompt) -> str:
        prompts.append(prompt.user)
        return "no"

    found = calibrate(
        LanguageModelOracle(ScriptedBackend(reply)), worlds=9, variables=range(4, 13), questions=4, repeats=1, seed=1
    )
    assert found.oracle_nature == "language model"
    assert found.skipped + found.frame["world"].nunique() <= 9  # in some nothing is decided
    assert 4 <= found.skipped <= 6  # those of eight variables and more, or nearly so
    assert all("closed system" in prompt for prompt in prompts)
    assert found.specificity.value == 1
    assert "worlds left out" in str(found)
    for world in with_premises(make_worlds(4, 5, 2.0, 3)):
        known = decided(world)
        mec = MarkovEquivalenceClass.from_dag(world.dag)
        for question, truth in chosen(world, ["Causes"], 10, 0, known):
            assert {question.holds(dag) for dag in mec.members(100)} == {truth}
    with pytest.raises(InvalidParameter, match="fits into a prompt"):
        calibrate(LanguageModelOracle(ScriptedBackend("no")), worlds=2, variables=12)
    with pytest.raises(InvalidParameter, match="anonymize=True"):
        calibrate(LanguageModelOracle(ScriptedBackend("no"), variables=["a", "b"], anonymize=True), worlds=2)


def test_an_oracle_has_the_right_article() -> None:
    class Experiment(SimulatedOracle):
        kind = "experiment"

    figure = calibrate(Experiment(Dag(["x"]), 0.1), worlds=4).plot()
    assert " of an experiment oracle to " in figure.get_suptitle()
    plt.close(figure)


@pytest.mark.parametrize(
    "options",
    [
        {"questions": 0},
        {"repeats": 0},
        {"level": 1.0},
        {"seed": -1},
        {"worlds": 0},
        {"worlds": []},
        {"variables": 1},
        {"variables": []},
        {"kinds": ["Cause"]},
        {"kinds": []},
    ],
)
def test_bad_arguments(options: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter):
        calibrate(simulated(noise.Symmetric(0.1)), **options)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="function"):
        calibrate("asia")  # type: ignore[arg-type]


@pytest.mark.parametrize("log_odds", [None, LogOdds(slope=0.5)])
def test_json_and_pictures(log_odds: LogOdds | None) -> None:
    found = calibrate(simulated(noise.Abstaining(0.1, 0.2), log_odds), worlds=12, questions=4, repeats=2, seed=1)
    values = json.loads(found.to_json())
    assert values["format"] == "causalpp.calibration"
    assert values["sensitivity"]["value"] == found.sensitivity.value
    assert values["agreement_across"]["value"] is None
    assert values["by"]["path"][-1]["path"] is None
    assert (values["curve"] == []) == (log_odds is None)
    figure = found.plot()
    assert len(figure.axes) == 4
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[3].startswith("log-odds" if log_odds else "by kind")
    figure.canvas.draw()
    plt.close(figure)


# --- coverage -----------------------------------------------------------------------------------------


def covered(intervals: list[tuple[float, float]], truth: float, level: float, *, at_least: float = 0.0) -> None:
    """Intervals cover as often as they say, within what so many of them can tell; a little more often is no fault."""
    share = np.mean([low <= truth <= high for low, high in intervals])
    error = SIGMAS * math.sqrt(level * (1 - level) / len(intervals))
    assert share >= level - error - at_least
    if at_least == 0:
        assert share <= level + error


@pytest.mark.parametrize(
    ("error", "rho"),
    [(0.2, 0.3), *(pytest.param(*rates, marks=pytest.mark.slow) for rates in ((0.1, 0.0), (0.1, 0.7), (0.3, 1.0)))],
)
def test_intervals_of_rates_and_correlations_cover(error: float, rho: float) -> None:
    rng = np.random.default_rng(4)
    level, questions, repeats, trials = 0.9, 150, 4, 100
    rates, rhos = [], []
    for _ in range(trials):
        groups = []
        for mean in (error, 1 - error):
            if 0 < rho < 1:
                latent = rng.beta(mean * (1 / rho - 1), (1 - mean) * (1 / rho - 1), size=questions)
            else:
                latent = (rng.random(questions) < mean) if rho == 1 else np.full(questions, mean)
            groups.append((np.full(questions, repeats), rng.binomial(repeats, latent)))
        yes = groups[0][1]
        hits = (np.arange(repeats) < yes[:, None]).ravel()
        found = rate(hits, np.repeat(np.arange(questions), repeats), level)
        rates.append((found.low, found.high))
        estimate = correlation(groups, level)
        assert estimate.low <= estimate.value <= estimate.high
        rhos.append((estimate.low, estimate.high))
    covered(rates, error, level)
    covered(rhos, rho, level, at_least=1e-9 if rho in (0, 1) else 0.0)  # at an end of its range it covers more often


def test_intervals_of_the_line_cover() -> None:
    rng = np.random.default_rng(5)
    level, questions, repeats, trials = 0.9, 200, 3, 200
    both: list[list[tuple[float, float]]] = [[], []]
    for _ in range(trials):
        truth = np.arange(questions) < questions // 2
        # Normal with means ±1 and a variance of 1 a question and its repeats together: logit P(true | ℓ) = 2 ℓ / var.
        said = np.where(truth, 1.0, -1.0) + rng.normal(size=questions) * 0.8
        noisy = (said[:, None] + 0.6 * rng.normal(size=(questions, repeats))).ravel()
        lines = logistic(noisy, np.repeat(truth, repeats), np.repeat(np.arange(questions), repeats), level)
        for place, estimate in enumerate(lines):
            both[place].append((estimate.low, estimate.high))
    covered(both[0], 0.0, level)
    covered(both[1], 2.0, level)


def test_log_odds_without_overlap_determine_no_line() -> None:
    said, truth = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True])
    for values, labels in ((said, truth), (said, ~truth), (said, truth | True), (said * 0, truth)):
        assert math.isnan(logistic(values, labels, np.arange(4), 0.95)[1].value)


def test_a_rate_of_nothing() -> None:
    none = rate(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), 0.95)
    assert math.isnan(none.value)
    assert (none.low, none.high, none.beta) == (0, 1, (0.5, 0.5))
    assert str(none) == "not determined"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "sensitivity", "specificity", "rho"),
    [
        (noise.Symmetric(0.15), 0.85, 0.85, 0.0),
        (noise.Asymmetric(0.7, 0.95), 0.7, 0.95, 0.0),
        (noise.Correlated(noise.Asymmetric(0.75, 0.85), 0.35), 0.75, 0.85, 0.35),
        (noise.Persistent(0.2), 0.8, 0.8, 1.0),
    ],
)
def test_calibrate_recovers_what_was_put_in(family: Noise, sensitivity: float, specificity: float, rho: float) -> None:
    level, trials = 0.9, 50
    runs = [
        calibrate(simulated(family), worlds=12, variables=[6, 8], repeats=4, level=level, seed=seed)
        for seed in range(trials)
    ]
    for name, truth in (("sensitivity", sensitivity), ("specificity", specificity), ("repeat_correlation", rho)):
        intervals = [(getattr(run, name).low, getattr(run, name).high) for run in runs]
        covered(intervals, truth, level, at_least=1e-9 if name == "repeat_correlation" and rho in (0, 1) else 0.0)
    # And the estimates are not off to one side.
    values = np.array([run.sensitivity.value for run in runs])
    assert abs(stats.ttest_1samp(values, sensitivity).statistic) <= SIGMAS


def test_counts_start_a_pooled_channel() -> None:
    """Kind by kind, wording by wording: the rates measured, on as many independent answers."""
    found = calibrate(simulated(noise.Asymmetric(0.8, 0.9)), worlds=60, kinds=("Causes", "DirectlyCauses"), repeats=2)
    counts = found.counts("kind")
    assert set(counts) == {"Causes", "DirectlyCauses"}
    for kind, ((yes, no), (wrong, right)) in counts.items():
        row = found.by("kind").loc[kind]
        assert yes / (yes + no) == pytest.approx(row["sensitivity"])
        assert right / (wrong + right) == pytest.approx(row["specificity"])
        assert yes + no + wrong + right <= row["answers"] + 1e-9
    channel = Pooled.from_counts(counts, Correlated(correlation=0.0))
    belief = Belief.uniform(DagBatch.from_dags([Dag("ab", [("a", "b")]), Dag("ab", [("b", "a")])]), channel)
    for reliability in belief.reliabilities.values():
        assert reliability.sensitivity == pytest.approx(0.8, abs=0.07)
        assert reliability.specificity == pytest.approx(0.9, abs=0.07)
    assert all(isinstance(label, tuple) and len(label) == 2 for label in found.counts("kind", "wording"))
    with pytest.raises(InvalidParameter, match="counted by"):
        found.counts("path")


@pytest.mark.parametrize(("questions", "repeats"), [(10, 3), (10, 10), (5, 5), (30, 4)])
@pytest.mark.parametrize("share", [0.6, 0.9])
@pytest.mark.parametrize("together", [0.0, 0.3, 0.7])
def test_intervals_cover_with_few_questions_and_correlated_repeats(
    questions: int, repeats: int, share: float, together: float
) -> None:
    """Beta-binomial answers: each question has a rate of its own, and repeats go by that."""
    rng = np.random.default_rng([questions, repeats, int(10 * share), int(10 * together)])
    trials, level = 400, 0.95
    place = np.repeat(np.arange(questions), repeats)
    above = covered = 0
    for _ in range(trials):
        own = np.full(questions, share)
        if together:
            own = rng.beta(share * (1 / together - 1), (1 - share) * (1 / together - 1), questions)
        found = rate(rng.random(len(place)) < own[place], place, level)
        covered += found.low <= share <= found.high
        above += found.low > share
    allowed = 3.5 * math.sqrt(trials * level * (1 - level))
    assert covered >= trials * level - allowed
    assert above <= trials * (1 - level) / 2 + allowed  # an oracle is not made out to be better than it is


def test_intervals_of_the_slope_cover_with_few_questions() -> None:
    """Log-odds that are calibrated, with what is said three times alike: the slope is one."""
    rng = np.random.default_rng(5)
    covered = trials = 0
    while trials < 300:
        truth = rng.random(14) < 0.5
        said = np.where(truth, 0.5, -0.5) + rng.normal(size=14)
        slope = logistic(np.repeat(said, 3), np.repeat(truth, 3), np.repeat(np.arange(14), 3), 0.95)[1]
        if not math.isnan(slope.value):
            trials += 1
            covered += slope.low <= 1.0 <= slope.high
    assert covered >= 300 * 0.95 - 3.5 * math.sqrt(300 * 0.95 * 0.05)
