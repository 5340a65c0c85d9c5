"""Commands on mutated files: they do their work, or end in one line and status 1; no internal error, no hang."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from mutants import mutants
from test_files import BIF, DAGITTY, DOT, EDGES, GRAPH_JSON, ITEMS, KNOWLEDGE, PREMISE, STATEMENTS, TABLES, hurry

from causalpp.cli import main

DISCOVER = ["discover", "--max-questions", "1", "--error", "0"]

#: What is run: base texts, the file's name, and the command, with FILE for the file.
COMMANDS: dict[str, tuple[list[str], str, list[str]]] = {
    "a class from data": (TABLES, "d.csv", ["mec", "--data", "FILE"]),
    "a class by score": (TABLES, "d.csv", ["mec", "--data", "FILE", "--method", "ges"]),
    "a class from a graph": (GRAPH_JSON, "g.json", ["mec", "--graph", "FILE", "--summary", "--members", "3"]),
    "a class from DOT": (DOT, "g.dot", ["mec", "--graph", "FILE", "--json"]),
    "a class from edges": (EDGES, "g.csv", ["mec", "--graph", "FILE"]),
    "a class from a premise": (PREMISE, "p.txt", ["mec", "--premise", "FILE"]),
    "a class from statements": (STATEMENTS, "s.txt", ["mec", "--statements", "FILE"]),
    "a run on dagitty": (DAGITTY, "g.dagitty", [*DISCOVER, "--graph", "FILE"]),
    "a run on BIF": ([BIF], "g.bif", [*DISCOVER, "--graph", "FILE"]),
    "an effect": ([BIF], "g.bif", ["effect", "--graph", "FILE", "--treatment", "A", "--outcome", "C", "--state", "0"]),
    "a formula": ([BIF], "g.bif", ["effect", "--graph", "FILE", "--treatment", "A", "--outcome", "C", "--identify"]),
    "rows": ([BIF], "g.bif", ["simulate", "--graph", "FILE", "-n", "3", "--do", "A=yes"]),
    "an audit": (ITEMS[:1], "i.jsonl", ["audit", "FILE"]),
    "knowledge": (KNOWLEDGE, "k.txt", ["mec", "--data", "DATA", "--knowledge", "FILE"]),
}


def sweep(kind: str, folder: Path, count: int, seed: int, capsys: pytest.CaptureFixture[str]) -> Counter[int]:
    texts, name, command = COMMANDS[kind]
    path, data = folder / name, folder / "data.csv"
    data.write_text("a,b,c\n" + "".join(f"{k % 7},{k % 5},{k * k % 11}\n" for k in range(60)))
    arguments = [{"FILE": str(path), "DATA": str(data)}.get(part, part) for part in command]
    ended: Counter[int] = Counter()
    for number, given in mutants(texts, count, seed):
        path.write_bytes(given.encode("utf-8", "surrogatepass"))
        with pytest.raises(SystemExit) as stopped, hurry(30.0):
            main(arguments)
        code, (out, err) = int(stopped.value.code or 0), capsys.readouterr()
        assert code in (0, 1), (err, number, given[:2000])
        said = [line for line in err.splitlines() if line.startswith("causalpp: ")]  # beside notes on how data are read
        found = kind == "an audit" and out.strip() != ""  # it has failed items to tell of
        assert len(said) == int(code == 1 and not found), (err, given[:2000])
        ended[code] += 1
    return ended


@pytest.mark.parametrize("kind", COMMANDS)
def test_some(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(kind, tmp_path, 6, 1, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMANDS)
def test_many(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = sweep(kind, tmp_path, 50, 2, capsys)
    assert ended[1] > 0
