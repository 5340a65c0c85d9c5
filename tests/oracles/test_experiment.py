"""Experiments: the stated error rates are met, effects are found, and what cannot be tested is said."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from causalpp import (
    CausalProgram,
    Causes,
    Changes,
    Dag,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    check_experiments,
    compile,
    load_network,
)
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.oracles import contrasts
from causalpp.oracles._tests import Outcome, difference, rows_needed, smallest
from causalpp.oracles.experiment.oracle import ExperimentOracle, log_odds
from causalpp.programs import Table
from causalpp.programs.mechanisms import LinearGaussian

SIGMAS = 4.5
ASIA = load_network("asia")


def at_most(count: int, trials: int, rate: float) -> bool:
    return count <= trials * rate + SIGMAS * math.sqrt(trials * rate * (1 - rate))


def table(states: int, *parents: str, rows: object) -> Table:
    return Table(tuple(f"s{i}" for i in range(states)), parents, np.array(rows))


def confounded() -> CausalProgram:
    """x and y have a common cause and neither causes the other; y has three states."""
    dag = Dag.from_edges([("u", "x"), ("u", "y")])
    half = [0.5, 0.5]
    mechanisms = {
        "u": table(2, rows=half),
        "x": table(2, "u", rows=[[0.9, 0.1], [0.1, 0.9]]),
        "y": table(3, "u", rows=[[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]]),
    }
    return compile(dag, mechanisms=mechanisms)


@pytest.mark.parametrize("alpha", [0.05, pytest.param(0.2, marks=pytest.mark.slow)])
def test_effects_that_are_not_there_are_reported_at_the_level(alpha: float) -> None:
    oracle = ExperimentOracle(confounded(), alpha, samples=60, seed=1)
    trials = 300
    answers = oracle.ask(Causes("x", "y"), repeats=trials)
    found = sum(answer.value is True for answer in answers)
    assert at_most(found, trials, alpha)
    assert found > trials * alpha / 4  # and the test uses its level up
    held = oracle.ask(Changes("x", "y", holding="u"), repeats=trials)
    assert at_most(sum(answer.value is True for answer in held), trials, alpha)


def test_samples_are_fresh_and_seeded() -> None:
    def texts(seed: int) -> list[str | None]:
        return [a.text for a in ExperimentOracle(ASIA, samples=100, seed=seed).ask(Causes("smoke", "bronc"), 5)]

    assert texts(1) == texts(1) != texts(2)
    assert len(set(texts(1))) >= 3
    one = ExperimentOracle(ASIA, samples=100, seed=1)
    one.ask(Causes("asia", "tub"))
    assert [a.text for a in one.ask(Causes("smoke", "bronc"), 5)] == texts(1)  # whatever else was asked


def test_asia() -> None:
    oracle = ExperimentOracle(ASIA, samples=4000, seed=2)
    asked = [
        Causes("smoke", "dysp"),
        Causes("dysp", "smoke"),
        Changes("smoke", "lung"),
        DirectlyCauses("smoke", "dysp"),
        DirectlyCauses("bronc", "dysp"),
        Changes("smoke", "dysp", holding={"bronc", "either"}),
        ~Causes("bronc", "xray"),
    ]
    assert [answer.value for answer in oracle.ask(asked)] == [question.holds(ASIA.dag) for question in asked]


def test_an_effect_at_one_setting_of_the_others_is_found() -> None:
    """y is x and z together: with z off, x changes nothing."""
    dag = Dag.from_edges([("x", "y"), ("z", "y")])
    half = [0.5, 0.5]
    rows = [[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]
    mechanisms = {"x": table(2, rows=half), "z": table(2, rows=half), "y": table(2, "x", "z", rows=rows)}
    oracle = ExperimentOracle(compile(dag, mechanisms=mechanisms), samples=50)
    answer = oracle.ask(DirectlyCauses("x", "y"))[0]
    assert answer.value is True
    assert "2 settings" in (answer.text or "")


def test_numbers() -> None:
    """Real variables are moved between two values; effects along two paths that cancel are seen by holding one."""
    dag = Dag.from_edges([("s", "x"), ("x", "m"), ("m", "y"), ("x", "y")])
    mechanisms = {
        "s": table(2, rows=[0.5, 0.5]),
        "x": LinearGaussian(("s",), np.zeros((2, 0)), [0.0, 1.0], [1.0, 1.0]),
        "m": LinearGaussian(("x",), [0.8], 0.0, 1.0),
        "y": LinearGaussian(("m", "x"), [0.5, -0.4], 0.0, 1.0),
    }
    oracle = ExperimentOracle(compile(dag, mechanisms=mechanisms), alpha=1e-4, samples=600, seed=1)
    found = {
        Causes("s", "x"): True,
        Causes("x", "s"): False,
        Causes("x", "m"): True,
        Causes("x", "y"): False,
        DirectlyCauses("x", "y"): True,
        DirectlyCauses("s", "y"): False,
    }
    answers = oracle.ask(list(found))
    assert [answer.value for answer in answers] == list(found.values())
    assert (answers[0].text or "").endswith("Kolmogorov–Smirnov test")


def test_what_no_experiment_can_say() -> None:
    dag = Dag.from_edges([("u", "x"), ("u", "y")], latent={"u"})
    program = compile(dag, mechanisms={s.variable: s.mechanism for s in confounded().statements})
    oracle = ExperimentOracle(program)
    (answer,) = oracle.ask(HaveCommonCause("x", "y"))
    assert answer.value is None
    assert "intervention" in (answer.reason or "")
    for name in ("u", "z"):
        with pytest.raises(UnknownVariable):
            oracle.ask(Causes(name, "y"))


def test_log_odds() -> None:
    answers = ExperimentOracle(ASIA, samples=300, seed=3).ask([Causes("smoke", "bronc"), ~Causes("smoke", "bronc")])
    assert answers[0].log_odds > 5
    assert answers[1].log_odds < -5
    # A Bayes factor is a ratio of densities: under no effect (p uniform) its mean is one, and P(p < alpha | effect)
    # is the power that was asked for.
    alpha, power = 0.05, 0.8
    p = (np.arange(200_000) + 0.5) / 200_000
    factor = np.exp([log_odds(value, alpha, power) for value in p[::10]])
    shape = math.log(power) / math.log(alpha)
    assert stats.beta(shape, 1).cdf(alpha) == pytest.approx(power)
    assert factor == pytest.approx(stats.beta(shape, 1).pdf(p[::10]))
    assert log_odds(0.0, alpha, power) < math.inf


@pytest.mark.parametrize("groups", [2, 3])
@pytest.mark.parametrize("kind", ["numbers", "states", "rare states", "yes and no"])
def test_each_test_keeps_its_level(kind: str, groups: int) -> None:
    rng = np.random.default_rng(7)
    draw = {
        "numbers": lambda n: pd.Series(rng.normal(size=n)),
        "states": lambda n: pd.Series(rng.choice(list("abc"), size=n)).astype("category"),
        "rare states": lambda n: pd.Series(rng.choice(list("abcd"), size=n, p=[0.94, 0.02, 0.02, 0.02])),
        "yes and no": lambda n: pd.Series(rng.random(n) < 0.3),
    }[kind]
    trials = 300
    p = np.array([difference([draw(40 + 10 * g) for g in range(groups)], rng).p for _ in range(trials)])
    assert ((p >= 0) & (p <= 1)).all()
    for alpha in (0.05, 0.2, 0.5):
        assert at_most(int((p <= alpha).sum()), trials, alpha)


def test_numbers_differ_in_more_than_their_mean() -> None:
    rng = np.random.default_rng(1)
    found = difference([pd.Series(rng.normal(size=500)), pd.Series(3 * rng.normal(size=500))], rng)
    assert found.p < 1e-6
    assert found.name == "Kolmogorov–Smirnov test"


def test_a_constant_outcome() -> None:
    found = difference([pd.Series(["a"] * 5), pd.Series(["a"] * 9)], np.random.default_rng(0))
    assert found.p == 1


# --- frames -------------------------------------------------------------------------------------------


def cells(n: int, seed: int, **do: float) -> pd.DataFrame:
    """A continuous chain pkc → raf → mek, and akt apart."""
    rng = np.random.default_rng(seed)
    pkc = np.full(n, do["pkc"]) if "pkc" in do else rng.normal(size=n)
    raf = np.full(n, do["raf"]) if "raf" in do else pkc + rng.normal(size=n)
    return pd.DataFrame({"pkc": pkc, "raf": raf, "mek": raf + rng.normal(size=n), "akt": rng.normal(size=n)})


EXPERIMENTS = {
    None: cells(400, 0),
    "pkc": cells(300, 1, pkc=3.0),
    "raf": {"low": cells(200, 2, raf=-2.0), "high": cells(250, 3, raf=2.0)},
}


def test_frames_by_target() -> None:
    oracle = ExperimentOracle(EXPERIMENTS, alpha=0.01)
    asked = [Causes("pkc", "mek"), Causes("raf", "mek"), Causes("raf", "pkc"), Changes("pkc", "akt")]
    answers = oracle.ask(asked, repeats=2)
    assert [answer.value for answer in answers] == [True, True, True, True, False, False, False, False]
    assert answers[0].text == answers[1].text  # the rows are what they are
    reasons = [answer.reason for answer in oracle.ask([Causes("akt", "mek"), DirectlyCauses("pkc", "raf")])]
    assert reasons == ["no experiment set akt", "nothing was held fixed in these experiments"]
    assert "1,150 rows" in repr(oracle)
    with pytest.raises(UnknownVariable, match="'mek'"):
        oracle.ask(Causes("pkc", "mec"))


def test_one_level_needs_another() -> None:
    oracle = ExperimentOracle({"pkc": EXPERIMENTS["pkc"]})
    (answer,) = oracle.ask(Causes("pkc", "mek"))
    assert "fewer than two levels" in (answer.reason or "")


def randomised(n: int, seed: int) -> pd.DataFrame:
    """x drawn by a coin; P(y | x) is 0.2 or 0.7, and z is not touched."""
    rng = np.random.default_rng(seed)
    x = rng.integers(2, size=n)
    return pd.DataFrame({"x": x, "y": rng.random(n) < np.where(x, 0.7, 0.2), "z": rng.integers(3, size=n)})


def test_a_randomised_experiment_is_split_by_what_was_set() -> None:
    frame = randomised(600, 1)
    seen = randomised(400, 2)
    for frames in ({"x": frame}, {"x": frame, None: seen}, {"x": frame.astype({"x": "category"})}):
        answers = ExperimentOracle(frames, alpha=0.01).ask([Causes("x", "y"), Causes("x", "z")])
        assert [answer.value for answer in answers] == [True, False]
    by_hand = {"x": {level: frame[frame["x"] == level] for level in (0, 1)}}
    texts = [ExperimentOracle(frames).ask(Causes("x", "y"))[0].text for frames in ({"x": frame}, by_hand)]
    assert texts[0] == texts[1]


def test_a_randomised_number_has_to_be_split() -> None:
    with pytest.raises(InvalidData, match="'raf' takes 400 different numbers in its frame: give a frame for each"):
        ExperimentOracle({"raf": cells(400, 3), None: cells(400, 4)})
    changed = ExperimentOracle({"raf": {"changed": cells(400, 3)}, None: cells(400, 4)})
    assert changed.ask(Causes("raf", "mek"))[0].value is False


def test_the_order_of_the_experiments_does_not_matter() -> None:
    levels = EXPERIMENTS["raf"]
    turned = {
        "raf": dict(reversed(levels.items())),  # type: ignore[union-attr]
        "pkc": EXPERIMENTS["pkc"],
        None: EXPERIMENTS[None],
    }
    one, other = ExperimentOracle(EXPERIMENTS), ExperimentOracle(turned)
    assert one.fingerprint == other.fingerprint
    asked = [Causes("raf", "mek"), Causes("pkc", "akt")]
    assert one.ask(asked) == other.ask(asked)


def test_fingerprints_hold_the_data_and_the_test() -> None:
    made = [
        ExperimentOracle(EXPERIMENTS),
        ExperimentOracle(EXPERIMENTS, 0.01),
        ExperimentOracle({**EXPERIMENTS, None: cells(400, 9)}),
        ExperimentOracle(ASIA),
        ExperimentOracle(ASIA, samples=501),
        ExperimentOracle(ASIA, seed=1),
        ExperimentOracle(ASIA.do(smoke="yes")),
    ]
    assert len({oracle.fingerprint for oracle in made}) == len(made)
    again = {key: value.copy() if isinstance(value, pd.DataFrame) else value for key, value in EXPERIMENTS.items()}
    assert ExperimentOracle(again).fingerprint == made[0].fingerprint
    assert {oracle.nature for oracle in made} == {"experiment"}


def test_bad_arguments() -> None:
    for options in ({"alpha": 0.0}, {"alpha": 0.9}, {"samples": 1}, {"settings": 0}, {"power": 1.0}, {"seed": -1}):
        with pytest.raises(InvalidParameter):
            ExperimentOracle(ASIA, **options)  # type: ignore[arg-type]
    for source in ("asia", None, EXPERIMENTS[None]):
        with pytest.raises(InvalidParameter, match="load_network"):
            ExperimentOracle(source)  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="seed"):
        ExperimentOracle(ASIA, seed="x")  # type: ignore[arg-type]
    for frames in ({}, {"pkc": [1, 2]}, {None: EXPERIMENTS["pkc"].iloc[:0]}):
        with pytest.raises(InvalidData):
            ExperimentOracle(frames)
    with pytest.raises(UnknownVariable, match="target"):
        ExperimentOracle({"pcc": EXPERIMENTS["pkc"]})


FAR = {
    "whole": [[1, 2, 3, 4, 5], [101, 102, 103, 104, 105]],
    "few different": [[1, 2, 1, 2, 1], [101, 102, 101, 102, 102]],
    "fractions": [[0.1, 0.2, 0.3, 0.4, 0.5], [100.1, 100.2, 100.3, 100.4, 100.5]],
    "floats that are whole": [[1.0, 1.0, 2.0, 3.0, 3.0], [99.0, 99.0, 98.0, 98.0, 97.0]],
    "dates": [[pd.Timestamp(year, 1, day) for day in range(1, 6)] for year in (2020, 2021)],
    "durations": [[pd.Timedelta(seconds=s + k) for k in range(5)] for s in (0, 100)],
}


@pytest.mark.parametrize("rows", FAR.values(), ids=FAR)
def test_few_measurements_far_apart_are_different(rows: list[list[Any]]) -> None:
    """Fully apart: two of the 252 ways to split ten rows in halves, as an exact rank test has it."""
    arms = {str(k): pd.DataFrame({"x": float(k), "y": values}) for k, values in enumerate(rows)}
    oracle = ExperimentOracle({"x": arms})
    assert oracle.p_value(Causes("x", "y")) == pytest.approx(2 / 252)
    answer = oracle.ask(Causes("x", "y"))[0]
    assert answer.value is True
    assert answer.log_odds is not None
    assert answer.log_odds > 1
    check = check_experiments(Dag.from_edges([("x", "y")]), {"x": arms})
    assert check.tests["p"].tolist() == pytest.approx([2 / 252])
    assert not check_experiments(Dag(["x", "y"]), {"x": arms}).passed


@pytest.mark.parametrize("seed", range(4))
def test_small_groups_are_compared_by_all_their_permutations(seed: int) -> None:
    """The statistic is SciPy's, and the p-value that of every split, listed here by its permutations."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 7, 9).astype(float)
    values[0] += 0.5
    groups = [values[:4], values[4:6], values[6:]] if seed % 2 else [values[:4], values[4:]]
    sizes = np.cumsum([0, *map(len, groups)])

    def statistic(row: np.ndarray) -> float:
        parts = [row[a:b] for a, b in itertools.pairwise(sizes)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(stats.anderson_ksamp(parts, variant="midrank").statistic)

    own = np.repeat(range(len(groups)), np.diff(sizes))
    chosen = [np.array(p) for p in {tuple(own[list(order)].tolist()) for order in orders(9)}]
    found = [statistic(np.concatenate([values[owner == k] for k in range(len(groups))])) for owner in chosen]
    expected = np.mean(np.array(found) >= statistic(values) - 1e-9)
    assert difference([pd.Series(group) for group in groups], rng).p == pytest.approx(expected)


def orders(n: int) -> Iterator[tuple[int, ...]]:
    """Enough permutations to give every split of nine rows into the groups above."""
    for first in itertools.combinations(range(n), 4):
        rest = [i for i in range(n) if i not in first]
        for second in itertools.combinations(rest, 2):
            last = [i for i in rest if i not in second]
            where = np.empty(n, dtype=int)
            where[[*first, *second, *last]] = np.arange(n)
            yield tuple(where)


@pytest.mark.parametrize("rows", [4, 12, 60])
def test_counts_with_ties_keep_the_level(rows: int) -> None:
    rng = np.random.default_rng(rows)
    trials = 120
    p = [difference([pd.Series(rng.poisson(3, rows)) for _ in range(2)], rng).p for _ in range(trials)]
    for level in (0.05, 0.2):
        assert at_most(int((np.array(p) < level).sum()), trials, level)
    far = difference([pd.Series(rng.poisson(2, 60)), pd.Series(rng.poisson(6, 60))], rng)
    assert far.p < 1e-6
    near = difference([pd.Series(rng.poisson(3, 400)), pd.Series(rng.poisson(4, 400))], rng)
    assert near.p < 1e-3


def test_what_is_unordered_stays_so() -> None:
    rng = np.random.default_rng(0)
    words = [pd.Series(["a"] * 10), pd.Series(["b"] * 10)]
    assert difference(words, rng).name == "Fisher's exact test"
    site = pd.CategoricalDtype([1, 2, 3])
    assert "χ²" in difference([pd.Series([1, 2, 3] * 20, dtype=site)] * 2, rng).name
    ordered = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    two = [pd.Series(["low"] * 4 + ["mid"], dtype=ordered), pd.Series(["high"] * 5, dtype=ordered)]
    assert "Anderson" in difference(two, rng).name
    assert difference(two, rng).p == pytest.approx(2 / 252)


@pytest.mark.parametrize("arms", [(2, 2), (3, 3), (1, 9), (2, 5), (2, 2, 2), (1, 1, 1), (4, 4), (5, 5)])
@pytest.mark.parametrize("kind", ["numbers", "truth values"])
def test_the_smallest_attainable_p_value(arms: tuple[int, ...], kind: str) -> None:
    """Groups as far apart as they can be have it; two values cannot keep three groups apart."""
    values = {"numbers": lambda k, n: [100.0 * k + i for i in range(n)], "truth values": lambda k, n: [bool(k)] * n}
    found = difference([pd.Series(values[kind](k, n)) for k, n in enumerate(arms)], np.random.default_rng(0))
    ways = math.factorial(sum(arms)) / math.prod(map(math.factorial, arms))
    alike = math.prod(math.factorial(arms.count(size)) for size in {*arms})
    least = min(1.0, max(alike, 2 if kind == "numbers" else 1) / ways)
    assert found.least == pytest.approx(least)
    if len(arms) == 2:
        assert found.p == pytest.approx(least)
    assert found.p >= least * (1 - 1e-9)
    assert smallest([found] * 3).least == pytest.approx(1 - (1 - least) ** 3)


@pytest.mark.parametrize("rows", [2, 3, 4, 7, 8, 30])
def test_a_test_without_power_does_not_speak_against_an_effect(rows: int) -> None:
    alike = pd.DataFrame({"x": 0.0, "y": np.arange(rows) + 0.5})
    arms = {"x": {"low": alike, "high": alike.assign(x=1.0)}}
    oracle = ExperimentOracle(arms)
    (answer,), (denied,) = oracle.ask(Causes("x", "y")), oracle.ask(~Causes("x", "y"))
    if rows < 8:
        assert (answer.value, answer.log_odds, denied.value) == (None, None, None)
        assert "16 rows a level" in (answer.reason or "")
        assert f"{rows}, {rows} rows are too few" in (answer.reason or "")
    else:
        assert (answer.value, denied.value) == (False, True)
        assert answer.log_odds == pytest.approx({8: -1.52, 30: -2.60}[rows], abs=0.01)
    assert (oracle.p_value(Causes("x", "y")) is None) == (rows <= 3)
    check = check_experiments(Dag(["x", "y"]), arms)
    assert check.passed is (None if rows <= 3 else True)
    assert check.untested == ((("x", "y"),) if rows <= 3 else ())
    assert ("not tested, for want of rows or levels: y under do(x)" in str(check)) == (rows <= 3)


def test_rows_needed_are_those_of_the_test() -> None:
    """One standard deviation, 16 rows an arm: found four times in five, as a t test would."""
    rng = np.random.default_rng(3)
    noncentral = math.sqrt(8)
    t = stats.nct(30, noncentral)
    limit = stats.t(30).isf(0.025)
    assert t.sf(limit) + t.cdf(-limit) == pytest.approx(Outcome(0.5, "", (16, 16)).power(0.05), abs=0.04)
    assert rows_needed(0.05, 0.8) == 16
    found = [
        difference([pd.Series(rng.normal(size=16)), pd.Series(rng.normal(size=16) + 1)], rng).p < 0.05
        for _ in range(60)
    ]
    assert abs(np.mean(found) - 0.78) < SIGMAS * math.sqrt(0.78 * 0.22 / 60)


def test_a_direction_takes_both_experiments_and_is_answered_as_the_proposition_it_is() -> None:
    for pair in (("smoke", "bronc"), ("bronc", "smoke"), ("smoke", "asia")):
        (direction,) = ExperimentOracle(ASIA, samples=200, seed=1).ask(Direction(*pair))
        both = ExperimentOracle(ASIA, samples=200, seed=1).ask([Causes(*pair), Causes(*pair[::-1])])
        assert direction.parts == tuple(both)
        assert (direction.value, direction.log_odds, direction.text) == (both[0].value, both[0].log_odds, both[0].text)
        # where neither causes the other, "no" is no evidence for the other direction
        assert contrasts(direction)[0] == pytest.approx(
            min(both[0].log_odds, 50) - min(both[1].log_odds, 50)  # type: ignore[type-var]
        )
    (denied,) = ExperimentOracle(ASIA, samples=200, seed=1).ask(~Direction("smoke", "bronc"))
    assert denied.value is False
    assert not denied.parts
