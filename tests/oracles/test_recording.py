"""Recording: what is put, what is written, going on where it stopped, and what cannot be recorded."""

import json
import math

import pytest

from causalpp import Causes, Dag, RecordedOracle, load_network
from causalpp.errors import FormatError, InvalidParameter, OracleError, UnknownName
from causalpp.language import Asker, Reply, ScriptedBackend
from causalpp.oracles import read_answers, record
from causalpp.oracles.recorded import drawn_pairs

CANCER = load_network("cancer")


def _said(prompt):
    """Log-odds that are the length of the prompt, and differ from one prompt to the other."""
    odds = len(prompt.user) / 100
    logs = {label: -k * odds - 1 for k, label in enumerate(prompt.labels)}
    return Reply("Yes", log_probabilities=logs)


def _asker(said=_said):
    return Asker(ScriptedBackend(said))


def test_both_directions_of_every_pair_in_every_prompt(tmp_path):
    out = tmp_path / "a.jsonl"
    asker = _asker()
    found = record(asker, "m", {"cancer": CANCER}, out, prompts=("short", "neg"))
    lines = read_answers(out)
    assert found.answers == found.new == len(lines) == 2 * 20
    assert {(line.a, line.b) for line in lines} == {
        (a, b) for a in CANCER.dag.nodes for b in CANCER.dag.nodes if a != b
    }
    assert all(line.truth == Causes(line.a, line.b).holds(CANCER.dag) for line in lines)
    assert found.repeated == 0
    assert found.pairs == {"cancer": (10, 10)}
    short = "Does air pollution cause smoking? Answer yes or no."
    assert found.prompts["short"] == {"labels": ["yes", "no"], "system": None, "first": short, "about": "cancer"}
    oracle = RecordedOracle(out, prompts=("short", "neg"), dag=CANCER.dag)
    answer = oracle.ask(Causes("Pollution", "Smoker"))[0]
    assert answer.log_odds == pytest.approx(len(short) / 100)
    assert len(oracle.pairs) == 10


def test_goes_on_where_it_was_stopped(tmp_path):
    out = tmp_path / "a.jsonl"
    whole = record(_asker(), "m", {"cancer": CANCER}, out, prompts=["short"])
    lines = out.read_text().splitlines()
    out.write_text("\n".join(lines[:5]) + "\n" + lines[5][:30])  # stopped in the middle of a line
    asker = _asker()
    again = record(asker, "m", {"cancer": CANCER}, out, prompts=["short"])
    assert (whole.answers, again.answers, again.new) == (20, 20, 15)
    assert out.read_text().splitlines() == lines
    assert record(_asker(), "m", {"cancer": CANCER}, out, prompts=["short"]).repeated is None
    assert record(_asker(), "other", {"cancer": CANCER}, out, prompts=["short"]).answers == 40


def test_what_is_not_listed_is_far(tmp_path):
    out = tmp_path / "a.jsonl"
    rare = _asker(lambda prompt: Reply("Yes", log_probabilities={"yes": -0.5, "no": -math.inf}))
    record(rare, "m", {"cancer": CANCER}, out, prompts=["short"])
    assert json.loads(out.read_text().splitlines()[0])["log_p"] == [-0.5, -25.0]


def test_answers_that_move_with_what_was_asked_before_are_told(tmp_path):
    calls = []

    def moody(prompt):
        calls.append(prompt)
        return Reply("Yes", log_probabilities={"yes": -0.5, "no": -1 - 0.01 * len(calls)})

    found = record(_asker(moody), "m", {"cancer": CANCER}, tmp_path / "a.jsonl", prompts=["short"])
    assert found.repeated == pytest.approx(0.11)  # the first of six, and the last of the six put in the opposite order


def test_what_cannot_be_recorded(tmp_path):
    out = tmp_path / "a.jsonl"
    with pytest.raises(UnknownName, match="unknown prompt 'shorter'"):
        record(_asker(), "m", {"cancer": CANCER}, out, prompts=["shorter"])
    with pytest.raises(InvalidParameter, match="a network and a prompt"):
        record(_asker(), "m", {}, out)
    with pytest.raises(OracleError, match="no probabilities"):
        record(_asker(lambda prompt: Reply("Yes")), "m", {"cancer": CANCER}, out)
    out.write_text('{"something": "else"}\n')
    with pytest.raises(FormatError, match="line 1: 'model' is a text"):
        record(_asker(), "m", {"cancer": CANCER}, out)


def test_edges_come_first_then_both_kinds_of_pairs():
    dag = Dag.from_edges([(str(k), str(k + 1)) for k in range(5)] + [("x", "y")])  # a chain of six, and an edge apart
    found = drawn_pairs(dag, 12, seed=3)
    assert found == [pair for pair in drawn_pairs(dag) if pair in found]
    joined = {frozenset(edge) for edge in dag.edges}
    rest = [pair for pair in found if frozenset(pair) not in joined]
    assert len(found) == 12
    assert len(rest) == 6
    assert sum(any(Causes(*two).holds(dag) for two in (pair, pair[::-1])) for pair in rest) == 3
    assert len(drawn_pairs(dag, 3)) == 3
    assert drawn_pairs(dag, 99) == drawn_pairs(dag)
