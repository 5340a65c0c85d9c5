"""Graded answers about directions: scores against closed forms, intervals that cover, and what is refused."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

import causalpp as cpp
from causalpp import Causes, Dag, Direction, Knowledge, SimulatedOracle, calibrate_directions
from causalpp.crosscheck import DirectionScores, World, check_worlds, held_out, read_prior
from causalpp.crosscheck.directions.clusters import Pairs
from causalpp.crosscheck.directions.measures import area, calibration_error, slope_of
from causalpp.crosscheck.directions.positions import foretold, share_explained
from causalpp.errors import FormatError, InvalidData, InvalidGraph, InvalidParameter, OracleError, UnknownNetwork
from causalpp.oracles import Answer, Oracle, Request, graded
from causalpp.oracles.noise import LogOdds

NETWORKS = ["asia", "cancer", "earthquake", "survey", "sachs"]


class Graded(Oracle):
    """Log-odds of every ordered pair of one world: slope · direction + positions + noise, in two wordings."""

    nature = "language model"

    def __init__(self, world: World, slope: float = 1.0, position: float = 0.0, noise: float = 1.0, seed: int = 0):
        source = np.random.default_rng([seed, len(world.dag), len(world.dag.edges)])
        place = dict(zip(world.dag.nodes, position * source.standard_normal(len(world.dag)), strict=True))
        self.name, self.failing = f"m{slope}", False
        self.said = {}
        for a, b in itertools.combinations(world.dag.nodes, 2):
            sign = np.sign(Direction(a, b).levels(world.dag))
            value = slope * sign + place[a] - place[b] + noise * source.standard_normal()
            self.said[a, b], self.said[b, a] = value / 2 + 1, -value / 2 + 1

    @property
    def fingerprint(self) -> str:
        return self.name

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"model": self.name, "prompts": "abc"}

    def _answer(self, request: Request) -> Answer:
        if self.failing:
            return Answer(request.question, None, reason="timed out")
        a, b = request.question.variables
        parts = [
            Answer(Causes(*way), self.said[way] > 0, log_odds=self.said[way], wording=w)
            for w in (0, 1)
            for way in ((a, b), (b, a))
        ]
        return graded(request, parts)


def model(**how: float) -> Callable[[World], Oracle]:
    return lambda world: Graded(world, **how)


# --- closed forms ------------------------------------------------------------------------------------------


def test_the_area_is_the_share_of_pairs_in_order_and_its_variance_is_delongs() -> None:
    source = np.random.default_rng(1)
    truth = source.random(60) < 0.4
    scores = np.round(source.standard_normal(60) + truth, 1)  # with ties
    found, influence = area(scores, truth)
    kernel = np.sign(scores[truth][:, None] - scores[~truth]) / 2 + 0.5
    assert found == pytest.approx(kernel.mean())
    assert influence.sum() == pytest.approx(0, abs=1e-12)
    of_true, of_false = kernel.mean(1), kernel.mean(0)  # DeLong's placements, with n in place of n − 1
    expected = of_true.var() / truth.sum() + of_false.var() / (~truth).sum()
    assert (influence**2).sum() == pytest.approx(expected)
    assert math.isnan(area(scores, np.ones(60, dtype=bool))[0])


def test_the_variance_of_pairs_that_share_variables_is_the_double_sum() -> None:
    source = np.random.default_rng(2)
    names = [(network, a, b) for network in "xy" for a, b in itertools.combinations("abcde", 2)]
    values = source.standard_normal(len(names))
    pairs = Pairs(*map(list, zip(*names, strict=True)), 0.95)
    products = [
        values[i] * values[j]
        for i, (network, *ends) in enumerate(names)
        for j, (other, *others) in enumerate(names)
        if network == other and set(ends) & set(others)
    ]
    double = sum(products) / (1 - len(products) / 20**2)
    alone = (values**2).sum() * 20 / 19
    variance, freedom = pairs.variance(values)
    assert variance == pytest.approx(max(alone, double))
    assert freedom == pytest.approx(9 if double > alone else 19)
    # shared errors: u(a) + u(b) for every pair; then variables are what there is of independence
    place = dict(zip("abcde", source.standard_normal(5), strict=True))
    shared = np.array([place[a] + place[b] for _, a, b in names])
    assert pairs.variance(shared)[0] > 2 * (shared**2).sum()
    # five networks, all pairs of one alike
    many = [(network, a, b) for network in "vwxyz" for a, b in itertools.combinations("abcd", 2)]
    alike = np.repeat(source.standard_normal(5), 6)
    together = Pairs(*map(list, zip(*many, strict=True)), 0.95)
    assert together.variance(alike)[0] == pytest.approx((36 * alike[::6] ** 2).sum() * 5 / 4)


def test_shares_of_nothing_and_of_all_have_the_interval_of_pairs_that_share_nothing() -> None:
    pairs = Pairs(["x"] * 6, *map(list, zip(*itertools.combinations("abcd", 2), strict=True)), 0.95)
    found = pairs.mean(np.ones(6, dtype=bool))
    assert pairs.independent == 2
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(stats.beta.ppf(0.025, 2, 1))
    assert pairs.mean(np.zeros(6, dtype=bool)).high == pytest.approx(stats.beta.ppf(0.975, 1, 2))


def test_both_orientations_of_a_pair_count_once() -> None:
    one = Pairs(["x", "x"], ["a", "c"], ["b", "d"], 0.95)
    two = Pairs(["x"] * 4, ["a", "c", "b", "d"], ["b", "d", "a", "c"], 0.95)
    values = np.array([0.3, -0.1])
    assert two.variance(np.concatenate([values, values]) / 2)[0] == pytest.approx(one.variance(values)[0])


@pytest.mark.parametrize("position", [0.0, 1.5])
def test_the_intervals_cover(position: float) -> None:
    """Accuracy of noisy directions on a random graph, with and without positions, 300 times."""
    dag = cpp.graphs.erdos_renyi(14, expected_degree=3, seed=3)[0]
    known = [(q, s) for q in cpp.all_questions(dag.nodes, ["Direction"]) if (s := np.sign(q.levels(dag)))]
    signs = np.array([s for _, s in known], dtype=float)
    first, second = ([q.variables[k] for q, _ in known] for k in (0, 1))
    pairs = Pairs(["x"] * len(known), first, second, 0.95)
    place = {name: k for k, name in enumerate(dag.nodes)}
    i, j = (np.array([place[name] for name in names]) for names in (first, second))
    expected = stats.norm.cdf(1 / math.sqrt(1 + 2 * position**2))
    source, covered, runs = np.random.default_rng(4), 0, 400
    for _ in range(runs):
        u = position * source.standard_normal(14)
        found = pairs.mean(1 + signs * (u[i] - u[j]) + source.standard_normal(len(known)) > 0)
        covered += found.low <= expected <= found.high
    assert covered / runs > 0.95 - 4.5 * math.sqrt(0.95 * 0.05 / runs)


def test_the_calibration_error_and_the_slope() -> None:
    p = np.array([0.05, 0.05, 0.55, 0.55, 0.95, 1.0])
    truth = np.array([True, False, True, True, True, True])
    assert calibration_error(p, truth) == pytest.approx((2 * 0.45 + 2 * 0.45 + 0.05) / 6)
    source = np.random.default_rng(5)
    c = source.standard_normal(4000)
    turned = np.where(source.random(4000) < 1 / (1 + np.exp(-1.3 * c)), c, -c)
    p = 1 / (1 + np.exp(-1.3 * c))
    spread = 1 / math.sqrt((c**2 * p * (1 - p)).sum())  # of the maximum-likelihood estimate
    assert abs(slope_of(turned, ["x"] * 4000) - 1.3) < 4.5 * spread


def test_positions_are_foretold_as_by_fitting_without_each_pair() -> None:
    source = np.random.default_rng(6)
    pairs = list(itertools.combinations("abcdef", 2))
    first, second = map(list, zip(*pairs, strict=True))
    contrast = source.standard_normal(15)
    rows = np.array([[(n == a) * 1.0 - (n == b) for n in "abcdef"] for a, b in pairs])
    expected = []
    for k in range(15):
        rest = np.arange(15) != k
        fitted, *_ = np.linalg.lstsq(rows[rest], contrast[rest], rcond=None)
        expected.append(float(rows[k] @ fitted))
    assert foretold(contrast, first, second) == pytest.approx(expected)
    assert np.isnan(foretold(np.ones(2), ["a", "c"], ["b", "d"])).all()  # nothing joins them
    pure = rows @ source.standard_normal(6)
    assert share_explained(pure, foretold(pure, first, second)) == pytest.approx(1)
    noise = np.mean([
        share_explained(c, foretold(c, first, second)) for c in source.standard_normal((200, 15))
    ])  # fmt: skip
    assert noise < -0.1


# --- a whole calibration -----------------------------------------------------------------------------------


def test_what_is_put_in_comes_out() -> None:
    worlds = [cpp.graphs.erdos_renyi(12, expected_degree=3, seed=seed)[0] for seed in range(6)]
    found = calibrate_directions({"a": model(slope=1.0), "b": model(slope=0.0, seed=1)}, worlds, pairs=66)
    a, b = found.of("a"), found.of("b")
    n = a.pairs
    assert n == b.pairs > 150
    right, slack = stats.norm.cdf(1.0), 4.5 * math.sqrt(0.25 / n)
    assert abs(a.accuracy.value - right) < slack
    assert abs(b.accuracy.value - 0.5) < slack
    assert abs(a.area.value - stats.norm.cdf(2 / math.sqrt(2))) < slack
    assert a.accuracy.low < right < a.accuracy.high
    assert a.calibrated.error < 0.5 * b.calibrated.error + 0.1
    # c = ±1 + noise of variance 1, divided by its root mean square: logit P(true) = 2 c · that
    size = math.sqrt(1 + len(a.frame[a.frame["level"] != 0]) / len(a.frame))
    p = stats.norm.cdf(1)
    spread = 1 / math.sqrt(n * 2 * 0.25 * p)
    assert abs(a.slope - 2 * size) < 4.5 * spread * 2
    assert a.positions.answers < a.positions.truth
    gap = found.difference("a", "b")["accuracy"]
    assert gap.value == pytest.approx(a.accuracy.value - b.accuracy.value)
    assert gap.low < right - 0.5 < gap.high
    assert gap.p_value < 1e-4
    only = gap.only_first + gap.only_second
    assert gap.mcnemar == pytest.approx(stats.binomtest(gap.only_first, only).pvalue)
    assert found.difference("b", "a")["area"].value == pytest.approx(-found.difference("a", "b")["area"].value)
    same = calibrate_directions({"a": model(), "b": model()}, worlds, pairs=20).difference("a", "b")["accuracy"]
    assert (same.value, same.p_value, same.mcnemar) == (0, 1, 1)


def test_positions_are_seen_and_so_are_shared_errors() -> None:
    worlds = [cpp.graphs.erdos_renyi(10, expected_degree=2, seed=seed)[0] for seed in range(5)]
    found = calibrate_directions({"m": model(slope=0.0, position=1.0, noise=0.1)}, worlds, pairs=45).of("m")
    assert found.positions.answers > 0.9
    assert found.positions.errors > 0.8
    assert found.accuracy.high - found.accuracy.low > 2 * 1.96 * 0.5 / math.sqrt(found.pairs)


def test_all_are_asked_the_same_pairs_and_open_edges_first() -> None:
    found = calibrate_directions(
        [SimulatedOracle(Dag([]), 0.1), SimulatedOracle(Dag([]), 0.3, seed=2)], "sachs", pairs=24
    )
    assert found.models == ("simulated", "simulated (2)")
    tables = [part[["a", "b", "level"]].to_numpy().tolist() for _, part in found.frame.groupby("model")]
    assert tables[0] == tables[1]
    score = found.of("simulated")
    assert (len(score.frame), score.count()) == (24, 16)  # two thirds have a direction, all on open edges
    graph = cpp.load_network("sachs").dag
    for row in found.frame.itertuples():
        assert row.level == Direction(row.a, row.b).levels(graph)
    assert found.frame["prompts"].eq(2).all()
    again = calibrate_directions([SimulatedOracle(Dag([]), 0.1)], "sachs", pairs=24)
    assert again.frame.equals(found.frame[found.frame["model"] == "simulated"])


def test_words_alone_count_as_one() -> None:
    found = calibrate_directions({"right": SimulatedOracle(Dag([]), 0.0)}, ["asia", "cancer"]).of("right")
    assert found.accuracy.value == found.area.value == found.words.value == 1
    assert math.isnan(found.area_causes.value)  # no log-odds
    said = calibrate_directions({"sure": SimulatedOracle(Dag([]), 0.0, 0, LogOdds())}, ["asia"]).of("sure")
    assert said.area_causes.value == 1
    assert said.sensitivity.value == said.specificity.value == 1


def test_leaks_know_nothing_of_the_graph() -> None:
    worlds = [Dag.from_edges([("aa", "b"), ("b", "ccc")]), Dag(["z", "y", "x"], [("z", "y"), ("y", "x")])]
    found = calibrate_directions(SimulatedOracle(Dag([]), 0.1), worlds)
    assert found.leaks == {"listed earlier": 1.0, "longer name": (1 + 0 + 0 + 1.5) / 6, "alphabetical": 0.5}


# --- worlds ------------------------------------------------------------------------------------------------


def test_worlds_from_files_knowledge_and_edges(tmp_path: Path) -> None:
    dag = cpp.load_network("cancer").dag
    for name in ("mine.bif", "mine.dot", "mine.json", "mine.csv", "mine.dagitty"):
        if name.endswith(".bif"):
            bif = Path(cpp.graphs.__file__).parents[2] / "data/networks/cancer.bif"
            (tmp_path / name).write_text(bif.read_text(encoding="utf-8"), encoding="utf-8")
        else:
            cpp.write_graph(dag, tmp_path / name)
        for source in (tmp_path / name, str(tmp_path / name)):
            world = World.of(source)
            assert (world.dag, world.name, world.complete, world.context) == (dag, "mine", True, "")
    known = Knowledge(required=[("a", "b"), ("b", "c")], tiers=[["a"], ["d"]])
    assert calibrate_directions(SimulatedOracle(Dag([]), 0.0), [("a", "b"), ("b", "c")]).networks == ("network 1",)
    for source in (known, [("a", "b"), ("b", "c")]):
        world = World.of(source)
        assert not world.complete
        found = calibrate_directions(SimulatedOracle(Dag([]), 0.0), [world]).frame
        assert sorted(abs(found["level"])) == [1, 1, 2]  # nothing is known of a pair that is not joined
        words = cpp.calibrate(SimulatedOracle(Dag([]), 0.0), [world], questions=20, repeats=1)
        assert (len(words.frame), words.sensitivity.value, words.specificity.value) == (6, 1, 1)
        with pytest.raises(InvalidParameter, match="give the whole graph"):
            cpp.calibrate(SimulatedOracle(Dag([]), 0.0), [world], kinds=["DirectlyCauses"])
    mpdag = cpp.graphs.Mpdag("abcd", directed=[("a", "c"), ("b", "c"), ("c", "d")])
    assert sorted(World.of(mpdag).dag.edges) == [("a", "c"), ("b", "c"), ("c", "d")]
    with pytest.raises(InvalidParameter, match="no directed edge"):
        World.of(Knowledge(forbidden=[("a", "b")]))
    with pytest.raises(InvalidParameter, match="bidirected"):
        World.of(cpp.Admg("ab", [], bidirected=[("a", "b")]))
    with pytest.raises(UnknownNetwork, match="asia"):
        World.of("asai")
    (tmp_path / "broken.dot").write_text("digraph {", encoding="utf-8")
    with pytest.raises((FormatError, InvalidGraph)):
        World.of(tmp_path / "broken.dot")


def test_a_card_goes_to_a_language_model_whole_so_that_its_prompts_choose_the_order() -> None:
    card = World.of("asia").context
    assert card == cpp.load_network("asia").card
    shown: list[str] = []

    def reply(prompt: Any) -> str:
        shown.append(prompt.user)
        return "yes"

    oracle = cpp.LanguageModelOracle(cpp.language.ScriptedBackend(reply))
    found = calibrate_directions({"yes": oracle}, ["asia"], pairs=4)
    assert found.of("yes").accuracy.value == 0.5  # it says nothing about directions
    assert found.of("yes").sensitivity.value == 1
    assert found.of("yes").specificity.value == 0
    assert all("shortness of breath" in prompt for prompt in shown)
    assert len(shown) == found.frame["prompts"].sum()


# --- carried over ------------------------------------------------------------------------------------------


def test_too_little_is_refused_and_said() -> None:
    found = calibrate_directions({"m": model()}, ["asia", "cancer"])
    with pytest.raises(InvalidData, match=r"needs 4 networks and 40 .*, here are 2 and 26: 2 networks and 14 pairs mi"):
        found.prior()
    with pytest.raises(InvalidData, match="5 networks"):
        _ = found.of("m").calibrated
    with pytest.raises(InvalidData, match="networks left out"):
        found.held_out("m")
    with pytest.raises(InvalidData, match="2 networks"):
        check_worlds(["asia", "cancer"])
    assert "not calibrated" in str(found)
    values = json.loads(found.to_json())
    assert "missing" in values["models"]["m"]["calibrated"]["refused"]
    plt.close(found.plot())


def test_priors_are_kept_and_read(tmp_path: Path) -> None:
    check_worlds(NETWORKS)
    models = {"good": model(slope=1.5), "poor": model(slope=0.0, seed=3)}
    found = calibrate_directions(models, NETWORKS)
    good, poor = (found.prior(name) for name in models)
    assert good.unrelated < poor.unrelated
    with pytest.raises(InvalidParameter, match="whose prior: good, poor"):
        found.prior()
    found.save(tmp_path / "priors.json")
    assert read_prior(tmp_path / "priors.json", "good") == good
    assert cpp.read_prior(tmp_path / "priors.json", "poor") == poor
    with pytest.raises(InvalidParameter, match="name one"):
        read_prior(tmp_path / "priors.json")
    with pytest.raises(InvalidParameter, match="none of other"):
        read_prior(tmp_path / "priors.json", "other")
    fitted = json.loads((tmp_path / "priors.json").read_text(encoding="utf-8"))["priors"][0]["fitted"]
    assert (fitted["model"], fitted["networks"], fitted["about"]["prompts"]) == ("good", NETWORKS, "abc")
    assert fitted["directed"] == found.of("good").pairs
    one = calibrate_directions(model(slope=1.5), NETWORKS)
    one.save(tmp_path / "one.json")
    assert read_prior(tmp_path / "one.json") == good
    assert cpp.belief.PotentialsPrior.from_json((tmp_path / "one.json").read_text(encoding="utf-8")) == good
    (tmp_path / "no.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(FormatError, match=r"no\.json.*--save"):
        read_prior(tmp_path / "no.json")


def test_held_out_networks_gain_by_what_the_others_teach() -> None:
    found = calibrate_directions({"good": model(slope=2.0), "poor": model(slope=0.0, seed=3)}, NETWORKS, pairs=100)
    good, poor = found.held_out("good"), found.held_out("poor")
    assert {one.network: one.members for one in good} == {"asia": 6, "sachs": 336}
    assert [one.bits > 1 for one in good] == [True, True]
    assert all(one.bits == pytest.approx(math.log2(one.probability * one.members)) for one in good + poor)
    assert all(one.right == (one.confidence == pytest.approx(one.probability)) for one in good)
    seen: list[list[Dag]] = []

    def fit(others: Sequence[tuple[Dag, Sequence[Answer]]]) -> cpp.belief.Channel:
        seen.append([dag for dag, _ in others])
        return cpp.belief.Fixed(0.1)

    told = found.told("good")
    (asia,) = held_out(told, fit, among=["asia"])
    members = list(cpp.MarkovEquivalenceClass.from_dag(told["asia"][0]).members(10))
    weights = [math.prod(0.9 if a.value == a.question.holds(dag) else 0.1 for a in told["asia"][1]) for dag in members]
    assert asia.probability == pytest.approx(weights[members.index(told["asia"][0])] / sum(weights))
    assert cpp.load_network("asia").dag not in seen[0]
    assert len(seen[0]) == 4


# --- shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_table_has_eighty_columns_and_the_figure_a_panel_a_model(count: int) -> None:
    models = {f"an-organisation/a-model-with-a-long-name-{k}": model(slope=k / 2, seed=k) for k in range(count)}
    found = calibrate_directions(models, NETWORKS, pairs=20)
    lines = str(found).splitlines()
    assert max(map(len, lines)) < 80
    assert all(any(name in line for line in lines) for name in models)
    assert sum(" − " in line for line in lines) == math.comb(count, 2)
    figure = found.plot()
    assert sum("network left out" in ax.get_title(loc="left") for ax in figure.axes) == count
    figure.draw_without_rendering()
    plt.close(figure)
    values = json.loads(found.to_json())
    assert list(values["models"]) == list(models)
    assert repr(found).startswith("DirectionCalibration(an-organisation")
    curve = found.of(next(iter(models))).curve
    assert curve["pairs"].sum() == found.of(next(iter(models))).pairs
    assert curve["probability"].between(0.5, 1).all()


def test_failures_are_counted_and_nothing_else_is_an_error() -> None:
    def failing(world: World) -> Oracle:
        oracle = Graded(world)
        oracle.failing = world.name == "cancer"
        return oracle

    found = calibrate_directions({"m": failing}, ["asia", "cancer"])
    assert found.about["m"]["failures"] == {"timed out": 10}
    assert "failed: timed out 10" in str(found)
    assert set(found.of("m").frame["network"]) == {"asia"}
    with pytest.raises(OracleError, match="m: nothing but failures came back: timed out 10"):
        calibrate_directions({"m": failing}, ["cancer"])


def test_models_that_say_nothing_are_compared_like_others() -> None:
    replies = {"yes": "yes", "unsure": "unsure", "garbage": "purple monkey dishwasher"}
    models = {name: cpp.LanguageModelOracle(cpp.language.ScriptedBackend(reply)) for name, reply in replies.items()}
    found = calibrate_directions(models, NETWORKS, pairs=14)
    assert [found.of(name).words.value for name in ("unsure", "garbage")] == [0, 0]  # silence is not right
    assert [found.of(name).accuracy.value for name in ("yes", "unsure")] == [0.5, 0.5]
    assert found.of("garbage").pairs == 0
    assert "C  garbage: 0 pairs answered" in str(found)
    assert "no pair in common: A − C, B − C" in str(found)
    assert "not calibrated (C): " in str(found)
    assert json.loads(found.to_json())["models"]["garbage"]["accuracy"]["value"] is None
    plt.close(found.plot())


def test_what_is_wrong_is_said() -> None:
    oracle = SimulatedOracle(Dag([]), 0.1)
    for worlds, how, said in (
        (["asia"], {"pairs": 0}, "at least one pair"),
        (["asia"], {"level": 1.0}, "strictly between"),
        (["asia"], {"seed": -1}, "whole number"),
        (200, {}, "random graphs"),
        ([Dag("ab")], {}, "no direction is known"),
    ):
        with pytest.raises(InvalidParameter, match=said):
            calibrate_directions(oracle, worlds, **how)
    with pytest.raises(InvalidParameter, match="no oracle"):
        calibrate_directions({}, ["asia"])
    with pytest.raises(InvalidParameter, match="'x' was not asked, but simulated"):
        calibrate_directions(oracle, ["asia"]).of("x")
    assert isinstance(calibrate_directions(oracle, ["asia"]).of("simulated"), DirectionScores)
