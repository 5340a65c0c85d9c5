"""Real models from recorded answers: what is measured, against direct computations and models whose worth is known."""

import json
import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from causalpp import Causes, MarkovEquivalenceClass, load_network
from causalpp.benchmarks.studies.real import blocks, errors_together, real_models
from causalpp.cli import main
from causalpp.errors import InvalidData, UnknownName
from causalpp.oracles.recorded import drawn_pairs

FIVE = ("cancer", "earthquake", "survey", "asia", "insurance")


def _lines(networks, signal, seed=0, model="made", most=40, prompts=("short",)):
    """Answers of a model that knows so much of the order, and has one number a variable and noise besides."""
    rng = np.random.default_rng(seed)
    for network in networks:
        dag = load_network(network).dag
        height = {name: rng.normal() for name in dag.nodes}
        for a, b in (way for pair in drawn_pairs(dag, most) for way in (pair, pair[::-1])):
            knows = signal * (Causes(a, b).holds(dag) - Causes(b, a).holds(dag))
            for prompt in prompts:
                odds = 1 + knows + 0.3 * (height[b] - height[a]) + 0.3 * rng.normal()
                truth = Causes(a, b).holds(dag)
                yield {
                    "model": model, "prompt": prompt, "network": network, "a": a, "b": b, "truth": truth,
                    "log_p": [-1.0, -1.0 - odds] if odds > 0 else [-1.0 + odds, -1.0],
                }  # fmt: skip


def _file(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A model that knows, and one that does not, on networks of which two have more than one member."""
    folder = tmp_path_factory.mktemp("real")
    lines = [*_lines(FIVE, 1.0, model="knows"), *_lines(FIVE, 0.0, seed=5, model="guesses")]
    path = _file(folder / "made.jsonl", lines)
    return {row.model: row for row in real_models(path, methods=("potentials",)).rows}


def test_a_model_that_knows_and_one_that_does_not(found):
    knows, guesses = found["knows"], found["guesses"]
    for row in (knows, guesses):
        assert row.networks == FIVE
        assert row.alone == ("cancer", "earthquake", "survey")
        assert {one.network: one.members for one in row.loops} == {"asia": 6, "insurance": 41}
        for one in row.loops:
            assert one.prompts <= 4 * len(load_network(one.network).dag.nodes)
            assert one.bits == pytest.approx(math.log2(one.probability * one.members))
            assert not one.claimed or one.right
        assert row.posterior.edges == sum(_open(one.network) for one in row.loops)
    assert knows.scores.accuracy.value > 0.9
    assert knows.gain("potentials") > 0.5 > guesses.gain("potentials")
    assert sum(one.bits for one in knows.held_out) / 2 > 0.5
    assert all(one.bits > -1 for one in guesses.loops)
    assert not any(one.claimed for one in guesses.loops)
    assert knows.contrast > 0.5 > abs(guesses.contrast)


def _open(network):
    return len(MarkovEquivalenceClass.from_dag(load_network(network).dag).cpdag.undirected)


def test_tables_and_json(found):
    rows = tuple(found.values())
    told = json.dumps([row.to_dict() for row in rows], allow_nan=False)
    assert all(name in told for name in ("errors_together", "held_out", "leaks", "brier", "loops"))
    shown = str(blocks(rows))
    for head in ("Words and log-odds", "Directions", "What the answers are made of", "Calibration", "What loops claim"):
        assert head in shown
    assert "A class of one member, in which there is nothing to gain: cancer, earthquake, survey." in shown


def test_errors_together_is_what_listing_all_pairs_of_questions_gives():
    rng = np.random.default_rng(1)
    names = "abcde"
    frame = pd.DataFrame(
        [
            {"network": "n", "a": a, "b": b, "level": int(rng.integers(-1, 2)), "log_odds": x, "log_odds_back": y}
            for (a, b), x, y in zip([p for p in permutations(names, 2) if p[0] < p[1]], *rng.normal(size=(2, 10)))
        ]
    )
    asked = [(r.a, r.b, r.level > 0, r.log_odds) for r in frame.itertuples()]
    asked += [(r.b, r.a, r.level < 0, r.log_odds_back) for r in frame.itertuples()]
    means = {side: np.mean([odds for *_, truth, odds in asked if truth == side]) for side in (True, False)}
    errors = np.array([odds - means[truth] for *_, truth, odds in asked])
    errors /= np.sqrt(np.mean(errors**2))
    sums = {"source": [], "target": [], "chain": [], "reverse": []}
    for i, (a, b, *_) in enumerate(asked):
        for j, (c, d, *_) in enumerate(asked[:i]):
            kind = (
                "reverse" if (a, b) == (d, c) else "source" if a == c else "target" if b == d
                else "chain" if b == c or a == d else None
            )  # fmt: skip
            if kind:
                sums[kind].append(errors[i] * errors[j])
    found = errors_together(frame)
    for kind, products in sums.items():
        assert found[kind].pairs == len(products)
        assert found[kind].correlation == pytest.approx(np.mean(products))


def test_errors_of_one_source_go_together_and_chance_does_not():
    rng = np.random.default_rng(0)
    names = [f"v{k}" for k in range(14)]
    own = {name: rng.normal() for name in names}
    pairs = [(a, b) for k, a in enumerate(names) for b in names[k + 1 :]]

    def frame(share):
        def said(a):
            return share * own[a] + math.sqrt(1 - share**2) * rng.normal()

        rows = [
            {"network": "n", "a": a, "b": b, "level": 0, "log_odds": said(a), "log_odds_back": said(b)}
            for a, b in pairs
        ]
        return pd.DataFrame(rows)

    shared = errors_together(frame(0.8))["source"]
    assert shared.correlation > 0.3
    assert shared.z > 10
    assert abs(errors_together(frame(0.0))["source"].z) < 4
    assert abs(shared.chance) < 0.03


def test_records_that_cannot_be_used(tmp_path):
    lines = list(_lines(("cancer",), 1.0))
    lines[0]["truth"] = not lines[0]["truth"]
    with pytest.raises(InvalidData, match="they are about another graph"):
        real_models(_file(tmp_path / "a.jsonl", lines))
    for line in lines:
        line["network"] = "nowhere"
    with pytest.raises(InvalidData, match="'nowhere', whose graph nobody knows"):
        real_models(_file(tmp_path / "a.jsonl", lines))
    with pytest.raises(UnknownName, match="recorded model 'gpt'"):
        real_models(models=["gpt"])
    with pytest.raises(UnknownName, match="method 'magic'"):
        real_models(methods=["magic"])


def test_one_network_alone(tmp_path):
    lines = list(_lines(("asia",), 1.0))
    (row,) = real_models(_file(tmp_path / "one.jsonl", lines), methods=("potentials",)).rows
    assert row.held_out is None
    assert [one.network for one in row.loops] == ["asia"]
    assert "Too little to fit to" in str(blocks([row]))
    one_way = [line for line in lines if line["a"] < line["b"]]
    with pytest.raises(InvalidData, match="recorded both ways for at least 3 pairs"):
        real_models(_file(tmp_path / "one.jsonl", one_way))


@pytest.mark.slow
def test_the_command_takes_records_of_more_networks(tmp_path, capsys):
    path = _file(
        tmp_path / "more.jsonl",
        _lines(("insurance", "alarm"), 0.8, model="qwen15", prompts=("short", "prod:plain:pos")),
    )
    out, page = tmp_path / "real.json", tmp_path / "real.html"
    with pytest.raises(SystemExit) as ended:
        main(["bench", "real", "--answers", str(path), "--out", str(out), "--page", str(page)])
    assert not ended.value.code
    assert "Potentials" in capsys.readouterr().out
    rows = json.loads(out.read_text())["rows"]
    assert {row["model"] for row in rows} == {"qwen15"}
    assert set(rows[0]["networks"]) == {
        "asia",
        "cancer",
        "child",
        "earthquake",
        "sachs",
        "survey",
        "insurance",
        "alarm",
    }
    loops = [one for one in rows[0]["loops"] if one["method"] == "potentials"]
    assert {one["network"] for one in loops} == {"asia", "child", "sachs", "insurance", "alarm"}
    assert sum(one["claimed"] and not one["right"] for one in loops) == 0
    assert "<table" in page.read_text()
