"""Recorded answers: what a line means, what is asked of them, and what is wrong with a file."""

import json
import math

import pytest

from causalpp import Causes, Dag, Direction, DirectlyCauses, RecordedOracle
from causalpp.errors import FormatError, InvalidParameter, UnknownName, UnknownVariable
from causalpp.oracles import RecordedAnswer, contrasts, read_answers

_BASE = {"model": "m", "prompt": "short", "network": "cancer", "a": "x", "b": "y"}


def _line(**changes):
    return {**_BASE, **changes}


def _file(tmp_path, *lines):
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("log_p", "odds", "value"),
    [
        ([-0.2, -1.7], 1.5, True),
        ([-1.7, -0.2], -1.5, False),
        ([-0.9, -1.2, -0.7], 0.3, None),  # unsure is the most probable: no word, but log-odds
        ([-25, -3.0], -22.0, False),  # not among the words listed: as if with e^-25
        ([-25, -25.0], None, None),
        ([-25, -25.0, -0.1], None, None),
        ([-1.0, -1.0], 0.0, None),
    ],
)
def test_first_label_less_second(log_p, odds, value):
    found = RecordedAnswer.from_dict(_line(log_p=log_p))
    assert found.value is value
    assert found.log_odds == pytest.approx(odds) if odds is not None else found.log_odds is None
    assert found.captured == pytest.approx(min(1, sum(math.exp(p) for p in log_p if p > -25)))


def test_answers_by_prompt_and_repeat():
    lines = [
        _line(log_odds=1.0), _line(a="y", b="x", log_odds=-2.0), _line(prompt="long", log_odds=-3.0, truth=True),
        _line(prompt="long", log_odds=0.5), _line(model="other", log_odds=9.0), _line(network="asia", log_odds=9.0),
    ]  # fmt: skip
    oracle = RecordedOracle(lines, "m", "cancer", ("short", "long"))
    answers = oracle.ask(Causes("x", "y"), repeats=4)
    assert [(answer.wording, answer.replicate, answer.log_odds) for answer in answers] == [
        (0, 0, 1.0), (1, 0, -3.0), (0, 1, 1.0), (1, 1, 0.5),
    ]  # fmt: skip
    assert {answer.model for answer in answers} == {"m"}
    assert answers[0].nature == "language model"
    assert oracle.ask(Causes("y", "x"), repeats=2)[1].reason == "not recorded"
    assert oracle.ask(DirectlyCauses("x", "y"))[0].reason == "not recorded"
    assert oracle.answerable([Causes("x", "y"), Causes("y", "x"), DirectlyCauses("x", "y")]) == [True, False, False]
    assert oracle.pairs == ()
    assert RecordedOracle(lines, "m", "cancer", "short").pairs == (("x", "y"),)


def test_directions_have_both_ways_in_every_prompt_as_parts():
    lines = [
        _line(log_odds=3.0), _line(a="y", b="x", log_odds=1.0),
        _line(prompt="choice", log_odds=0.5), _line(prompt="choice", a="y", b="x", log_odds=0.25),
        _line(a="x", b="z", log_odds=3.0), _line(prompt="choice", a="x", b="z", log_odds=3.0),
    ]  # fmt: skip
    oracle = RecordedOracle(lines, prompts=("short", "choice"))
    assert oracle.questions == (Direction("x", "y"),)
    (answer,) = oracle.ask(Direction("x", "y"))
    assert [(part.question, part.wording, part.log_odds) for part in answer.parts] == [
        (Causes("x", "y"), 0, 3.0), (Causes("y", "x"), 0, 1.0),
        (Direction("x", "y"), 1, 0.5), (Direction("y", "x"), 1, 0.25),
    ]  # fmt: skip
    assert contrasts(answer) == {0: 2.0, 1: 0.25}
    assert (answer.log_odds, answer.value, answer.prompts) == (1.125, True, 4)
    assert oracle.ask(Direction("y", "x"))[0].log_odds == -1.125
    (silent,) = oracle.ask(Direction("x", "z"))
    assert (silent.value, silent.reason) == (None, "not recorded")
    asked = [Direction("x", "y"), Direction("z", "x"), Causes("x", "z"), Causes("z", "x")]
    assert oracle.answerable(asked) == [True, False, True, False]
    assert oracle.ask(Causes("x", "y"), repeats=2)[1].reason == "not recorded"  # a choice is about another question


def test_which_records_are_meant():
    lines = [_line(log_odds=1.0), _line(prompt="long", log_odds=1.0), _line(model="n", network="asia", log_odds=0.0)]
    with pytest.raises(InvalidParameter, match="several models, say which by model=: m, n"):
        RecordedOracle(lines)
    with pytest.raises(UnknownName, match="unknown recorded model 'gpt'; known: 'm', 'n'"):
        RecordedOracle(lines, "gpt")
    with pytest.raises(UnknownName, match="unknown recorded network 'asia'; known: 'cancer'"):
        RecordedOracle(lines, "m", "asia")
    with pytest.raises(InvalidParameter, match="several prompts, say which by prompts=: short, long"):
        RecordedOracle(lines, "m")
    with pytest.raises(UnknownName, match="recorded prompt 'shot'; did you mean 'short'"):
        RecordedOracle(lines, "m", prompts=["shot"])
    with pytest.raises(InvalidParameter, match="each prompt is named once"):
        RecordedOracle(lines, "m", prompts=["short", "short"])
    assert RecordedOracle(lines, "n").network == "asia"
    with pytest.raises(InvalidParameter, match="nothing is recorded"):
        RecordedOracle([])


def test_variables():
    with pytest.raises(UnknownVariable, match="'y' in the records about cancer"):
        RecordedOracle([_line(log_odds=1.0)], dag=Dag.from_edges([("x", "z")]))
    oracle = RecordedOracle([_line(log_odds=1.0)], dag=Dag.from_edges([("x", "y"), ("y", "z")]))
    assert oracle.ask(Causes("x", "z"))[0].reason == "not recorded"
    with pytest.raises(UnknownVariable, match="'w'"):
        oracle.ask(Causes("x", "w"))


def test_fingerprint_is_of_what_is_answered():
    one, other = [_line(log_odds=1.0)], [_line(log_odds=2.0)]
    assert RecordedOracle(one).fingerprint == RecordedOracle(one).fingerprint != RecordedOracle(other).fingerprint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"model": "m", ', "line 2, column 16: this is no JSON"),
        ("[1]", "line 2: a recorded answer is a JSON object"),
        (_line(), "line 2: there is neither 'log_p' nor a finite 'log_odds'"),
        (_line(log_odds=math.nan), "line 2: there is neither"),
        (_line(log_p=[-1.0]), "line 2: 'log_p' is a list of two or three finite numbers"),
        (_line(log_p=[-1.0, True]), "line 2: 'log_p' is a list"),
        (_line(log_p=[0.5, -1.0]), "line 2: 'log_p' are logarithms of probabilities"),
        (_line(a="y", log_odds=1), "line 2: 'a' and 'b' are two variables, and here both are 'y'"),
        (_line(a=7, log_odds=1), "line 2: 'a' is a text, and here it is '7'"),
        ({k: v for k, v in _line(log_odds=1).items() if k != "prompt"}, "line 2: 'prompt' is a text.*it is missing"),
        (_line(truth="yes", log_odds=1), "line 2: 'truth' is true, false or null"),
    ],
)
def test_damaged_lines_are_named(tmp_path, line, message):
    path = _file(tmp_path, _line(log_odds=1.0), line)
    with pytest.raises(FormatError, match=rf"answers\.jsonl: {message}"):
        read_answers(path)


def test_files(tmp_path):
    path = _file(tmp_path, _line(log_odds=1.0), "", _line(a="y", b="x", log_p=[-1.0, -2.0], text="ignored\u2028"))
    assert [answer.log_odds for answer in read_answers(path)] == [1.0, 1.0]
    assert RecordedOracle(path).pairs == RecordedOracle([path]).pairs == (("x", "y"),)
    path.write_text(json.dumps(_line(log_odds=3.0)))  # read again where it changed
    assert read_answers(str(path))[0].log_odds == 3.0
    with pytest.raises(FormatError, match=r"cannot read 'nowhere\.jsonl'"):
        read_answers("nowhere.jsonl")
