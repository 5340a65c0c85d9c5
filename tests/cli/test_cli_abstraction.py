"""``causalpp abstraction``: what it prints, and what it refuses in one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from causalpp.cli import main

OWN = """
from causalpp.abstraction import tasks

def one():
    task = tasks.addition()
    return task.aligned(task.by_hand())

def several():
    task = tasks.addition()
    network = task.by_hand()
    return {name: task.aligned(network, program=name) for name in task.programs}

def neither():
    return 3
"""


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = 0
    try:
        main(["abstraction", *words])
    except SystemExit as ended:
        code = int(ended.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "adding_up.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "adding_up", raising=False)
    return "adding_up"


def test_accuracy_of_a_network_written_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "accuracy", "--task", "addition", "--pairs", "200")
    assert (code, err) == (0, "")
    assert "100.0 %" in out
    code, out, _ = run(capsys, "accuracy", "--task", "addition", "--pairs", "200", "--json")
    found = json.loads(out)["interchanges"]
    assert [each["variables"] for each in found] == [["first"]]
    assert found[0]["changing"]["share"] == 1
    assert found[0]["control"][0]["share"] < 0.5


def test_which_program_and_its_picture(tmp_path: Path, own: str, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "which.png"
    code, out, err = run(capsys, "which", "--task", f"{own}:several", "--plot", str(figure))
    assert (code, err) == (0, "")
    assert out.startswith("ProgramPosterior: addition")
    assert figure.stat().st_size > 10_000
    code, out, _ = run(capsys, "which", "--task", "addition", "--network", "random", "--at", "first=layers.1", "--json")
    assert (code, json.loads(out)["probabilities"]["addition"] < 0.5) == (0, True)


def test_circuits(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "circuits", "--number", "2", "--size", "3", "--json")
    summary = json.loads(out)["summary"]
    assert code == 0
    assert [row["choice"] for row in summary] == ["information", "random"]
    assert [row["right"] for row in summary] == [2, 2]


@pytest.mark.slow
def test_searches_find_what_a_network_keeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ("--variable", "first", "--starts", "2", "--steps", "200", "--learn", "2000", "--json")
    code, out, err = run(capsys, "search", "--task", "addition", "--where", "layers.0[0:8]", *short)
    assert (code, err) == (0, "")
    assert json.loads(out)["interchanges"]
    code, out, err = run(capsys, "search", "--task", "addition", "--localist", *short)
    assert (code, err) == (0, "")
    figure = tmp_path / "sweep.png"
    words = ("--where", "layers.0", "--where", "layers.1", "--size", "1", "--plot", str(figure))
    code, out, err = run(capsys, "sweep", "--task", "addition", *words, *short)
    assert (code, err) == (0, "")
    assert figure.stat().st_size > 10_000


def test_what_is_refused_in_one_line(own: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (("accuracy", "--task", "sums"), "sums"),
        (("accuracy", "--task", "pointer"), "by hand"),
        (("accuracy", "--task", "nowhere:task"), "nowhere"),
        (("accuracy", "--task", f"{own}:neither"), "int"),
        (("accuracy", "--task", f"{own}:nothing"), "no task"),
        (("accuracy", "--task", "addition", "--network", "random"), "--at"),
        (("accuracy", "--task", "addition", "--at", "first=layers.9"), "layers.9"),
        (("accuracy", "--task", "addition", "--at", "first=layers.1[3]"), "MODULE"),
        (("accuracy", "--task", "addition", "--at", "last=layers.1"), "last"),
        (("search", "--task", "addition", "--variable", "first"), "--where"),
        (("search", "--task", "addition", "--variable", "third", "--where", "layers.0"), "third"),
        (("which", "--task", f"{own}:one"), "one alignment"),
        (("which", "--task", "addition", "--doubt", "2"), "doubt"),
        (("which", "--task", "addition", "--plot", "a.txt"), "a.txt"),
    ):
        code, out, err = run(capsys, *words)
        assert code != 0, words
        assert out == ""
        assert said in err, words
        assert len(err.strip().splitlines()) == 1, err
