"""The recorded answers that ship: whole, once each, true to the networks, and said where they come from."""

import json
from collections import Counter
from functools import cache

import pytest

from causalpp import Causes, RecordedOracle, load_network
from causalpp._files import data_path
from causalpp.oracles import read_answers, recorded_names

FOLDER = data_path() / "answers"
NAMES = recorded_names()


@cache
def _truth(network, a, b):
    return Causes(a, b).holds(load_network(network).dag)


@pytest.mark.parametrize("name", NAMES)
def test_answers(name):
    lines = read_answers(name)
    times = Counter((line.model, line.prompt, line.network, line.a, line.b) for line in lines)
    assert max(times.values()) == 1
    assert all(line.truth == _truth(line.network, line.a, line.b) for line in lines)
    assert all(line.log_odds is not None and abs(line.log_odds) < 20 for line in lines)
    alone = [(m, p, n) for m, p, n, a, b in times if (m, p, n, b, a) not in times]
    known = {("gemma", "sachs"): 29, ("smol", "sachs"): 9, ("smol", "asia"): 2, ("qwen15", "sachs"): 14}
    assert Counter((m, n) for m, _, n in alone) == {k: v for k, v in known.items() if k[0] == lines[0].model}
    assert len({line.model for line in lines}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_where_they_come_from(name):
    lines = read_answers(name)
    runs = json.loads((FOLDER / f"{name}.about.json").read_text(encoding="utf-8"))["runs"]
    assert sum(run.get("new", run["answers"]) for run in runs) == len(lines)
    for run in runs:
        assert run["model"] == lines[0].model
        assert all(run[key] for key in ("weights", "engine", "prefix_cache", "prompts", "pairs", "date"))
    assert {line.prompt for line in lines} == {prompt for run in runs for prompt in run["prompts"]}
    assert f"| `{name}` | `{lines[0].model}` |" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"| {len(lines):,} |" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_names_that_ship_are_read():
    oracle = RecordedOracle("qwen2.5-coder-1.5b", network="child", prompts=("short", "prod:plain:pos"))
    assert len(oracle.pairs) == 71
    assert oracle.model == "qwen15"
