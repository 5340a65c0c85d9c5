"""Mutated configurations: each is read, or refused in one line; nothing else happens.

``causalpp bench`` prints that line; the full sweep of 1,500 is marked slow.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mutants import mutants

from causalpp._files import data_path
from causalpp.benchmarks import Config, read_config
from causalpp.cli import main
from causalpp.errors import CausalppError, FormatError

YAML = """\
name: small
about: A try.
seed: 3
parts:
  - task: discover
    name: runs
    variables: [4, 5]
    runs: 2
    noise: [0.1, {family: Persistent, noise: 0.2}]
  - task: solve
    items:
      sizes: [3]
      rows: 20
    solvers:
      - always-no
      - {solver: always-yes, label: optimist}
"""
TOML = 'name = "t"\n[[parts]]\ntask = "discover"\nvariables = [4]\nnoise = [{family = "Persistent", noise = 0.2}]\n'
JSON = json.dumps(
    {"name": "j", "seed": 1, "parts": [{"task": "solve", "items": "corr2cause-small", "solvers": ["symbolic"]}]},
    indent=1,
)
SHIPPED = [path.read_text(encoding="utf-8") for path in sorted((data_path() / "benchmarks" / "configs").glob("*.yaml"))]
BASES = [(YAML, ".yaml"), (TOML, ".toml"), (JSON, ".json"), *((text, ".yaml") for text in SHIPPED)]


def _given(values: Any) -> Any:
    """The settings that stand in a file: None is the default of those that may be left out."""
    if isinstance(values, dict):
        return {key: _given(value) for key, value in values.items() if value is not None}
    return [_given(value) for value in values] if isinstance(values, list) else values


def sweep(folder: Path, count: int, seed: int) -> tuple[int, int]:
    """How many were read, and how many refused."""
    read = refused = 0
    for base, text in mutants([text for text, _ in BASES], count, seed):
        path = folder / f"c{BASES[base][1]}"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            found = read_config(path)
            again = Config.from_dict(_given(found.to_dict()))
            assert again.to_dict() == found.to_dict()
            assert (found.count or 0) >= 0
            read += 1
        except CausalppError as error:
            assert "\n" not in str(error), text  # noqa: PT017
            refused += 1
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error}, for {text!r}") from error
    return read, refused


def test_some(tmp_path: Path) -> None:
    read, refused = sweep(tmp_path, 150, 1)
    assert min(read, refused) > 10  # or the mutations are too weak, or too strong, to tell anything


@pytest.mark.slow
def test_fifteen_hundred(tmp_path: Path) -> None:
    read, refused = sweep(tmp_path, 1500, 2)
    assert min(read, refused) > 100


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "c.yaml",
            "name: x\nparts:\n  - task: solve\n    ? [a]\n    : b\n",
            r"line 4, column 7: a key is a single word",
        ),
        (
            "c.yaml",
            "name: x\nparts:\n  - ? {a: 1}\n    : b\n",
            r"line 3, column 7: a key is a single word, not a mapping",
        ),
        ("c.yaml", "name: x\nabout: a\x07b\nparts: []\n", r"line 2, column 9: .*'\\x07' cannot stand in it"),
        ("c.yaml", "name: x\nabout: 2024-02-31\n", r"line 2, column 8: .*'2024-02-31' cannot be read"),
        ("c.yaml", "name: x\nseed: " + "9" * 5000, r"line 2, column 7: .* cannot be read"),
        ("c.yaml", "name: x\nseed: !!int no\n", r"line 2, column 7: .*'no' cannot be read"),
        ("c.yaml", "name: x\nparts:\n- 1: 2\n", r"line 3: parts\[0\]: the key 'study' is missing"),
        ("c.yaml", 'name: "x\\e"\nparts: []\n', r"can be the name of a folder, got 'x\\x1b'|at least one part"),
        (
            "c.json",
            '{"name": "x", "about": "a\x07b"}',
            r"line 1, column 26: this is no JSON: Invalid control character",
        ),
        ("c.json", "[" * 100_000, r"nested too deeply"),
        ("c.json", '{"name": "x", "seed": ' + "9" * 5000 + "}", r"value that cannot be read"),
        ("c.toml", "a = " + "[" * 100_000, r"nested too deeply"),
        ("c.toml", 'name = "a\x07b"', r"no TOML: .*line 1, column 10"),
        ("c.json", '{"name": "..", "parts": [{"task": "discover", "variables": [4]}]}', r"name of a folder"),
    ],
)
def test_what_once_was_an_internal_error(
    name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=said):
        read_config(path)
    with pytest.raises(SystemExit) as ended:
        main(["bench", str(path)])
    err = capsys.readouterr().err
    assert ended.value.code == 1
    assert err.count("\n") == 1
    assert "internal error" not in err
