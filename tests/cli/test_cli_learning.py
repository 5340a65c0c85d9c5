"""Knowledge, limits and repairs on the command line: read, used, and said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalpp.cli import main


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Call the command line in this process; status, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    a = rng.normal(size=2000)
    b = a + rng.normal(size=2000)
    path = tmp_path / "sums.csv"
    pd.DataFrame({"a": a, "b": b, "c": a + b + rng.normal(size=2000)}).to_csv(path, index=False)
    return path


def edges(text: str) -> tuple[set, set]:
    found = json.loads(text)
    return {tuple(e) for e in found["directed"]}, {frozenset(e) for e in found["undirected"]}


@pytest.mark.parametrize("method", ["pc", "ges", "boss"])
def test_knowledge_from_options_or_a_file(run, sums: Path, tmp_path: Path, method: str) -> None:
    ours, tetrad, as_json = tmp_path / "known.txt", tmp_path / "tetrad.txt", tmp_path / "known.json"
    ours.write_text("tier: a, b\ntier: c\nrequired: a -> b\n")
    tetrad.write_text("/knowledge\naddtemporal\n1 a b\n2 c\n\nrequiredirect\na b\n")
    as_json.write_text('{"tiers": [["a", "b"], ["c"]], "required": [["a", "b"]]}')
    options = ("mec", "--data", sums, "--method", method, "--json")
    said = [
        ("--tier", "a, b", "--tier", "c", "--required", "a -> b"),
        ("--knowledge", ours),
        ("--knowledge", tetrad),
        ("--knowledge", as_json),
        ("--roots", "a", "--forbidden", "c -> b"),
        ("--search-space", "a -> b, a -> c", "--search-space", "b -> c"),
    ]
    for more in said:
        code, out, err = run(*options, *more)
        assert (code, err) == (0, ""), more
        assert edges(out) == ({("a", "b"), ("a", "c"), ("b", "c")}, set())
    space = tmp_path / "space.txt"
    space.write_text("# edges\na -> b, a -> c\n\nb -> c\n")
    assert edges(run(*options, "--search-space", space)[1])[0] == {("a", "b"), ("a", "c"), ("b", "c")}
    known = json.loads(run(*options, "--roots", "a", "--knowledge", ours)[1])["learned"]["knowledge"]
    assert known["roots"] == ["a"]
    assert known["tiers"] == [["a", "b"], ["c"]]


def test_knowledge_narrows_a_class_that_is_given(run) -> None:
    whole = edges(run("mec", "--network", "asia", "--json")[1])
    assert frozenset(("smoke", "bronc")) in whole[1]
    known = edges(run("mec", "--network", "asia", "--roots", "smoke", "--json")[1])
    assert ("smoke", "bronc") in known[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--required", "a -- b"), "--required 'a -- b': a required edge has a direction"),
        (("--required", "a -> z"), "unknown variable 'z'"),
        (("--roots", "a -> b"), "--roots 'a -> b': expected names"),
        (("--required", "a -> b", "--forbidden", "a -> b"), "both required and forbidden"),
        (("--tier", "a", "--tier", "a, b"), "'a' stands in two tiers"),
        (("--knowledge", "nowhere.txt"), "cannot read 'nowhere.txt'"),
        (("--search-space", "nowhere"), "expected an edge"),
        (("--max-seconds", "0"), "max_seconds is a time"),
    ],
)
def test_one_line_for_what_is_wrong(run, sums: Path, options: tuple[str, ...], message: str) -> None:
    code, out, err = run("mec", "--data", sums, *options)
    assert (code, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_limits_go_with_data(run, sums: Path) -> None:
    code, _, err = run("mec", "--network", "asia", "--max-conditioning", 1)
    assert code == 1
    assert "--max-conditioning goes with --data" in err
    code, out, _ = run("mec", "--data", sums, "--max-conditioning", 0)
    assert code == 0
    code, out, _ = run("mec", "--data", sums, "--method", "ges", "--max-seconds", 1e-9)
    assert code == 0
    assert "the best that was found until then" in " ".join(out.split())


def test_a_repair_and_missing_values_are_printed(run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2000))
    frame = pd.DataFrame({"x": x, "y": y, "z": x + y + rng.normal(size=2000)})
    frame.loc[:99, "x"] = np.nan
    path = tmp_path / "rows.csv"
    frame.to_csv(path, index=False)
    code, out, err = run("mec", "--data", path, "--tier", "z", "--tier", "x, y")
    said = " ".join(out.split())
    assert (code, err) == (0, "")
    assert "repaired dropped x → z ← y" in said
    assert "missing values 1,900 to 2,000 of 2,000 rows" in said
