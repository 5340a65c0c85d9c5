"""``causalpp journal``: what it prints, what it changes, and one line for everything that is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from causalpp import Answer, Causes
from causalpp.cli import main
from causalpp.oracles.journal import Journal

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["journal", *map(str, arguments)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "answers.journal"
    with Journal(path) as made:
        made.register("lm:1", {"kind": "language model", "model": "small"})
        made.put_many(
            Answer(Causes("smoke", f"d{k}"), k % 2 == 0, 0, "lm:1", math.inf, model="small", tokens_in=100, cost=0.5)
            for k in range(30)
        )
        made.put(Answer(Causes("smoke", "dust"), None, 0, "lm:1", reason="refused", model="small"))
        made.put(Answer(Causes("smoke", "fire"), None, 1, "lm:2", reason="timed out"))
    return path


def test_list(run: Run, path: Path) -> None:
    code, out, err = run("list", path)
    assert (code, err) == (0, "")
    assert "31 answers, the last 20 shown" in out
    assert "Does smoke cause d29?" in out
    assert "Does smoke cause d0?" not in out
    assert "refused" in out
    assert "Does smoke cause d0?" in run("list", path, "--limit", 0)[1]
    out = run("list", path, "--failures")[1]
    assert "timed out" in out
    assert "1 without answer" in out
    values = json.loads(run("list", path, "--json", "--oracle", "lm:1")[1], parse_constant=pytest.fail)
    assert values["answers"] == 31
    assert values["oracles"] == {"lm:1": {"kind": "language model", "model": "small"}}
    assert len(values["shown"]) == 20
    assert run("list", path, "--oracle", "else")[1].strip() == "0 answers"


def test_cost(run: Run, path: Path) -> None:
    code, out, err = run("cost", path)
    assert (code, err) == (0, "")
    assert "31 answers, 3,000 tokens, cost 15" in out
    bill = json.loads(run("cost", path, "--json")[1])
    assert [(row["oracle"], row["model"], row["failures"]) for row in bill] == [("lm:1", "small", 0), ("lm:2", None, 1)]
    Journal(path.with_name("empty")).close()
    assert "0 answers" in run("cost", path.with_name("empty"))[1]


def test_export_merge_and_prune(run: Run, path: Path, tmp_path: Path) -> None:
    code, out, err = run("export", path, tmp_path / "out.jsonl")
    assert (code, err) == (0, "")
    assert "31 answers" in out
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 31
    new = tmp_path / "new.journal"
    assert json.loads(run("merge", new, path, "--json")[1]) == {"added": 31, "answers": 31}
    assert run("merge", new, path)[1].strip() == "0 answers added, now 31"
    assert run("prune", new, "--reason", "refused")[1].strip() == "1 removed, 30 answers left"
    assert json.loads(run("prune", new, "--failures", "--json")[1]) == {"removed": 1, "answers": 30}
    assert run("prune", new, "--before", "2001-01-01")[1].startswith("0 removed")


def test_help(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for command in ("list", "cost", "export", "merge", "prune"):
        assert command in out
        assert run(command, "--help")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["list", "missing"], "there is no journal"),
        (["cost", "missing"], "there is no journal"),
        (["list", "text"], "not a journal"),
        (["export", "answers.journal", "out.csv"], "must end in .jsonl or .parquet"),
        (["export", "answers.journal", "nowhere/out.jsonl"], "no folder"),
        (["merge", "answers.journal", "answers.journal"], "into itself"),
        (["merge", "answers.journal", "missing"], "there is no journal"),
        (["prune", "answers.journal"], "say what to remove"),
        (["prune", "answers.journal", "--before", "yesterday"], "written like"),
        (["prune", "missing", "--failures"], "there is no journal"),
        (["list", "answers.journal", "--limit", "-1"], "--limit"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_one_line_for_what_is_wrong(
    run: Run, path: Path, arguments: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    Path("text").write_text("dear diary, " * 100)
    code, out, err = run(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert complaint in err
    assert len(err.splitlines()) == 1
    assert not Path("missing").exists()
