"""Calibration that carries over: against an implementation that reads the records itself, and closed forms."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

import causalpp as cpp
from causalpp.crosscheck.directions.answers import rows
from causalpp.crosscheck.directions.measures import slope_of
from causalpp.oracles import Answer, Oracle, RecordedOracle, Request, graded, read_answers
from causalpp.propositions import Causes, Direction

MODELS = {"qwen15": "qwen2.5-coder-1.5b", "qwen05": "qwen2.5-coder-0.5b", "gemma": "gemma3-270m"}
PROMPTS = ("short", "prod:plain:pos")


def _read(model):
    """Network → contrasts ``(prompts, pairs)``, signs, distances and whether the class leaves the edge open."""
    folder = Path(cpp.__file__).parents[1] / "data/answers"
    said = {}
    for line in (folder / f"{MODELS[model]}.jsonl").read_text().splitlines():
        one = json.loads(line)
        if one["prompt"] in PROMPTS:
            odds = one["log_p"][0] - one["log_p"][1] if "log_p" in one else one["log_odds"]
            said[one["network"], one["prompt"], one["a"], one["b"]] = odds
    found = {}
    for network in dict.fromkeys(key[0] for key in said):
        dag = cpp.load_network(network).dag
        free = {frozenset(edge) for edge in cpp.MarkovEquivalenceClass.from_dag(dag).cpdag.undirected}
        pairs = [
            (a, b) for a in dag.nodes for b in dag.nodes
            if a < b and all((network, p, *way) in said for p in PROMPTS for way in ((a, b), (b, a)))
        ]  # fmt: skip
        raw = np.array([[said[network, p, a, b] - said[network, p, b, a] for a, b in pairs] for p in PROMPTS])
        sign = np.array([(b in dag.descendants(a)) * 1 - (a in dag.descendants(b)) for a, b in pairs])
        edge = np.array([(a, b) in dag.edges or (b, a) in dag.edges for a, b in pairs])
        found[network] = raw, sign, edge, np.array([frozenset(pair) in free for pair in pairs])
    return found


def _slope(groups):
    """Where the derivative of the mean losses and the ridge is zero; 0 where that is below 0."""

    def rise(k):
        return sum(np.mean(-x / (1 + np.exp(k * x))) for x in groups if len(x)) + 0.04 * (k - 1)

    return brentq(rise, 0, 50) if rise(0) < 0 else 0.0


def _carried(told):
    """What leaving out one network after the other gives: slopes, ECE, Brier, bits, and bits on open edges."""
    slopes, said, short = {}, [], []
    for out in told:
        others = [name for name in told if name != out]
        scale = np.exp(np.mean([np.log(np.sqrt((told[name][0] ** 2).mean(1))) for name in others], 0))
        oriented = {name: (raw / scale[:, None]).mean(0) * sign for name, (raw, sign, *_) in told.items()}
        slopes[out] = _slope([oriented[name][told[name][1] != 0] for name in others])
        _, sign, _, open_ = told[out]
        said += list(1 / (1 + np.exp(-slopes[out] * oriented[out][sign != 0])))
        k = _slope([oriented[name][told[name][2]] for name in others])
        short += list(1 / (1 + np.exp(-k * oriented[out][open_])))
    p = np.array(said + [1 - one for one in said])
    truth = np.repeat([1.0, 0.0], len(said))
    edges = np.linspace(0, 1, 11)
    error = 0.0
    for low, high in itertools.pairwise(edges):
        here = (p >= low - 1e-12) & ((p < high - 1e-12) | (high == 1))
        error += abs((p[here] - truth[here]).sum()) / len(p)
    return (
        slopes,
        error,
        ((p - truth) ** 2).mean(),
        np.log2(2 * np.array(said)).mean(),
        np.log2(2 * np.array(short)).mean(),
    )


@pytest.fixture(scope="module")
def shipped():
    found = {}
    for model, file in MODELS.items():
        lines = read_answers(file)
        oracles = {}
        for network in _read(model):
            here = [line for line in lines if line.network == network]
            oracles[network] = RecordedOracle(here, prompts=PROMPTS, dag=cpp.load_network(network).dag)
        told = cpp.calibrate_directions({model: lambda world, own=oracles: own[world.name]}, list(oracles), pairs=9999)
        found[model] = told.of(model).calibrated
    return found


@pytest.mark.parametrize("model", MODELS)
def test_the_calibration_of_the_answers_that_ship(shipped, model):
    slopes, error, brier, bits, open_ = _carried(_read(model))
    found = shipped[model]
    assert found.slopes == pytest.approx(slopes, abs=1e-3)
    assert (found.error, found.brier) == pytest.approx((error, brier), abs=1e-4)
    assert (found.bits, found.bits_open) == pytest.approx((bits, open_), abs=1e-3)


def test_what_a_model_knows_carries_over(shipped):
    assert shipped["qwen15"].error <= 0.06
    assert shipped["qwen15"].brier < 0.13
    assert shipped["qwen15"].bits_open > 0.05
    for model in ("qwen05", "gemma"):  # no signal: next to nothing is lost
        assert shipped[model].bits > -0.15
        assert shipped[model].bits_open > -0.05


def test_the_slope_of_networks_that_count_alike():
    rng = np.random.default_rng(0)
    groups = [rng.normal(mean, 1, size) for mean, size in ((1.0, 300), (0.2, 7), (-0.5, 40))]
    names = [name for name, group in zip("xyz", groups) for _ in group]
    expected = _slope(groups)
    assert slope_of(np.concatenate(groups), names) == pytest.approx(expected, abs=1e-4)
    many = np.concatenate([np.repeat(group, times) for group, times in zip(groups, (1, 9, 2))])
    more = [name for name, group, times in zip("xyz", groups, (1, 9, 2)) for _ in range(len(group) * times)]
    assert slope_of(many, more) == pytest.approx(expected, abs=1e-4)
    # all of four networks right at c = 1: 4 σ(−s) = .04 (s − 1)
    s = slope_of(np.ones(8), list("wwxxyyzz"))
    assert 4 / (1 + math.exp(s)) == pytest.approx(0.04 * (s - 1), abs=1e-4)
    # so small that only the end of the range would be reached without the bound being one
    tiny = slope_of(np.full(4, 1e-3), list("wxyz"))
    assert tiny == pytest.approx(_slope([np.full(1, 1e-3)] * 4), abs=1e-4)
    assert slope_of(-np.ones(3), list("xyz")) == 0.0  # the answers are not turned round
    assert slope_of(np.zeros(3), list("xyz")) == 0.0
    assert slope_of(np.zeros(0), []) == 0.0


class _Said(Oracle):
    """Two wordings, the second ten times as loud; about one network next to nothing is said."""

    nature = "language model"
    fingerprint = "said"

    def __init__(self, world, loud):
        rng = np.random.default_rng(len(world.dag))
        self.said = {}
        for a, b in [(a, b) for a in world.dag.nodes for b in world.dag.nodes if a < b]:
            sign = np.sign(Direction(a, b).levels(world.dag))
            self.said[a, b] = loud.get(world.name, 1.0) * (sign + rng.normal(size=2)) * [1, 10]

    def _answer(self, request):
        a, b = request.question.variables
        values = self.said[a, b] if a < b else -self.said[b, a]
        parts = [
            Answer(Causes(*way), sign * value > 0, log_odds=sign * value / 2, wording=w)
            for w, value in enumerate(values)
            for way, sign in (((a, b), 1), ((b, a), -1))
        ]
        return graded(request, parts)


def test_wordings_have_one_scale_for_all_networks():
    names = ["asia", "cancer", "earthquake", "survey", "sachs"]
    found = cpp.calibrate_directions({"m": lambda world: _Said(world, {"sachs": 0.01})}, names).of("m")
    raw = {
        name: np.array([[said[0], said[1]] for said in part["by_wording"]])
        for name, part in found.frame.groupby("network", sort=False)
    }
    sizes = np.array([np.sqrt((values**2).mean(0)) for values in raw.values()])
    usual = np.exp(np.log(sizes).mean(0))
    assert [found.scales[0], found.scales[1]] == pytest.approx(usual)
    for name, part in found.frame.groupby("network", sort=False):
        assert part["contrast"].tolist() == pytest.approx((raw[name] / usual).mean(1))
    p = dict(zip(found.frame.loc[found.frame["level"] != 0, "network"], found.calibrated.probability))
    assert abs(p["sachs"] - 0.5) < 0.1  # what is said of it is next to nothing, and stays that
    prior = cpp.calibrate_directions({"m": lambda world: _Said(world, {"sachs": 0.01})}, names).prior("m")
    assert prior.scales == pytest.approx(usual)  # as the channel has them


def test_a_wording_that_contradicts_the_others_is_left_out():
    rng = np.random.default_rng(1)
    place = {name: 2 * rng.normal() for name in "abcdefgh"}
    answers = []
    for a, b in [(a, b) for a in place for b in place if a < b]:
        parts = [
            Answer(Causes(*way), True, log_odds=way_sign * turned * (place[a] - place[b]) + rng.normal() / 9, wording=w)
            for w, turned in enumerate((1, 1, 1, -1))
            for way, way_sign in (((a, b), 1), ((b, a), -1))
        ]
        answers.append(graded(Request(Direction(a, b)), parts))
    assert all(set(row["by_wording"]) == {0, 1, 2} for row in rows(answers))
