"""``causalpp generate`` from outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causalpp.cli import main
from causalpp.tasks import Benchmark, check_certificate, complete_set


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main(["generate", *arguments])
    said = capsys.readouterr()
    return int(done.value.code or 0), said.out, said.err


def test_items_card_and_more(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "items.jsonl"
    options = ["--sizes", "4,7", "--rows", "24", "--seed", "2", "--perturb", "names", "--questions", "1", "--json"]
    code, out, err = run(capsys, "--out", str(file), *options)
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["items"] == 48
    assert {Path(name).name for name in told["files"]} == {path.name for path in tmp_path.iterdir()}
    made = Benchmark.load(file)
    assert made.counts() == told["counts"]
    for item in made:
        check_certificate(item)
    card = (tmp_path / "items.md").read_text(encoding="utf-8")
    assert "causalpp generate --out items.jsonl --sizes 4,7 --rows 24 --perturb names --questions 1 --seed 2" in card
    assert str(tmp_path) not in card
    questions = (tmp_path / "items-questions.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(isinstance(json.loads(line)["answer"], bool) for line in questions)


def test_the_complete_set(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "all"
    code, out, _ = run(
        capsys, "--out", str(file), "--format", "parquet", "--complete", "--sizes", "2-3", "--semantics", "published"
    )
    assert code == 0
    assert "102 items about 7 classes" in out
    found = Benchmark.load(tmp_path / "all.parquet").items
    assert [item.text for item in found] == [item.text for n in (2, 3) for item in complete_set(n)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sizes", "4-"], "--sizes is a list such as"),
        (["--sizes", "6-4"], "--sizes is a list such as"),
        (["--sizes", "60"], "2 to 50 variables"),
        (["--sizes", "7", "--complete"], "at most 6 variables"),
        (["--splits", "1"], "three shares"),
        (["--splits", "0.5,0.1,0.1"], "add up to 0.7"),
        (["--relation", "aunt"], "unknown relation 'aunt'"),
        (["--format", "parquet"], "is not the name of a .parquet file"),
        (["--positive", "2"], "positive is a share"),
    ],
)
def test_bad_options(capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], message: str) -> None:
    code, out, err = run(capsys, "--out", str(tmp_path / "items.jsonl"), *options)
    assert code == 1
    assert message in err
    assert out == ""
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "--out", str(tmp_path / "no" / "items.jsonl"))
    assert code == 1
    assert "there is no folder" in err
