"""Nothing that comes from outside commands the terminal, and every way to end is a line and a status."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table
from rich.text import Text

from causalpp import Causes, Dag, SimulatedOracle, noise, write_graph
from causalpp._terminal import one_line, visible, visible_json
from causalpp.cli import main
from causalpp.cli.terminal import Terminal
from causalpp.oracles import Answer, Journal

ODD = "a\x1b[31m\x07\x9b2J\u202eb"  # colour, bell, a C1 command, an override
ACTED_ON = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
COMMAND = [sys.executable, "-c", "from causalpp.cli import main; main()"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Call the command line in this process; status, standard output, standard error: all of it harmless."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert not ACTED_ON.search(captured.out)
        assert not ACTED_ON.search(captured.err)
        return int(ended.value.code or 0), captured.out, captured.err

    return call


# --- the one place --------------------------------------------------------------------------------------


def test_every_character_is_shown_or_spelt_out() -> None:
    for code in range(0x110000):
        shown = visible(chr(code))
        assert not ACTED_ON.search(shown)
        assert shown == chr(code) or shown == (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
    assert visible("smoke → läsion, ‏עברית, 👩‍🔬\n\t") == "smoke → läsion, ‏עברית, 👩‍🔬\n\t"


def test_json_stays_json_of_the_same_values() -> None:
    value = {ODD: ["".join(map(chr, range(0x300))), "\u2028\u202e"]}
    text = visible_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value
    assert not ACTED_ON.search(text)


def test_one_line() -> None:
    assert one_line(" a\r\n\tb  c\x1bd\x85e ") == "a b c\\x1bd\\x85e"


def test_the_console_spells_out_texts_tables_and_ready_made_pieces() -> None:
    file = io.StringIO()
    console = Terminal(file=file, width=60, force_terminal=True, color_system="standard")
    table = Table(title=ODD)
    table.add_column(ODD)
    table.add_row(Text(ODD, style="green"))
    console.print(ODD, ":smile: [red]no markup[/red]", style="bold")
    console.print(table, Text(ODD))
    console.rule(Text(ODD))
    text = file.getvalue()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "\x1b[" in text  # the console's own colours are left
    assert not ACTED_ON.search(plain)
    assert plain.count("a\\x1b[31m") == plain.count("\\x9b2J\\u202eb") == 6  # rich itself drops the bell in some
    assert ":smile: [red]no markup[/red]" in plain
    box = [line for line in plain.splitlines() if line[:1] in "┏┃┡│└"]
    assert len({len(line) for line in box}) == 1  # laid out with the width that it is shown in


# --- every command that shows what came from outside -----------------------------------------------------


def test_commands_that_show_names(run, tmp_path: Path) -> None:
    graph = tmp_path / "graph.json"
    write_graph(Dag.from_edges([(ODD, "y"), ("y", "z")]), graph)
    shown = "a\\x1b[31m"
    assert shown in run("mec", "--graph", graph)[1]
    code, out, _ = run("mec", "--graph", graph, "--json")
    assert code == 0
    assert ODD in json.loads(out)["nodes"]
    code, out, err = run("discover", "--graph", graph, "--error", 0, "--max-questions", 3)
    assert (code, err) == (0, "")
    assert shown in " ".join(out.split())
    assert run("discover", "--graph", graph, "--error", 0, "--max-questions", 3, "--json")[0] == 0
    assert run("effect", "--graph", graph, "--identify", "--treatment", ODD, "--outcome", "z")[0] in (0, 1, 2)
    data = tmp_path / "data.csv"
    data.write_text("\x1b[2Ja,b\n" + "0.1,1\n0.2,0\n1.3,1\n" * 20, encoding="utf-8")
    assert "\\x1b[2Ja" in run("mec", "--data", data)[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ("mec", "--network", ODD),
        ("mec", "--graph", ODD),
        ("mec", "--premise", ODD),
        ("mec", "--network", "asia", "--ask", ODD),
        ("discover", "--network", "asia", "--ask", f"{ODD} causes smoke"),
        ("discover", "--network", "asia", "--truth", ODD),
        ("discover", "--network", "asia", "--kind", ODD),
        ("effect", "--network", "asia", "--treatment", ODD, "--outcome", "dysp"),
        ("simulate", "--network", "asia", "--do", ODD),
        ("simulate", "--network", "asia", "--do", f"smoke={ODD}"),
        ("bench", ODD),
        ("bench", "report", ODD),
        ("audit", ODD),
        ("journal", "list", ODD),
        ("generate", "--out", f"/{ODD}/x.jsonl"),
        (ODD,),
        ("mec", f"--{ODD}"),
        ("mec", "--method", ODD),
    ],
)
def test_errors_that_repeat_what_was_said(run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("causalpp: ")
    assert "internal error" not in err


def test_commands_that_show_replies(run, tmp_path: Path) -> None:
    path = tmp_path / "answers.journal"
    with Journal(path) as journal:
        journal.register("model:1", {"kind": ODD, "model": ODD})
        journal.put(Answer(Causes(ODD, "y"), None, oracle="model:1", text=ODD, reason=f"failed: {ODD}", model=ODD))
        journal.put(Answer(Causes("x", ODD), True, oracle="model:1", text=ODD, model=ODD))
    for arguments in (("list",), ("list", "--failures"), ("list", "--json"), ("cost",), ("cost", "--json")):
        code, out, err = run("journal", arguments[0], path, *arguments[1:])
        assert (code, err) == (0, "")
        assert "x1b[31m" in out or "u001b[31m" in out
    assert json.loads(run("journal", "list", path, "--json")[1])["shown"][0]["text"] == ODD


def test_a_person_is_asked_about_odd_names(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = tmp_path / "graph.json"
    write_graph(Dag.from_edges([(ODD, "y")]), graph)
    keys = iter("y" * 50)
    monkeypatch.setattr("builtins.input", lambda prompt="": next(keys))
    assert run("discover", "--graph", graph, "--oracle", "human", "--max-questions", 1)[0] == 0


# --- how commands end ------------------------------------------------------------------------------------


def ended(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True, timeout=60, **options)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_cannot_be_written() -> None:
    read, write = os.pipe()
    os.close(read)
    with Path("/dev/full").open("w") as full:
        for arguments, target in ((["simulate", "--network", "asia", "-n", "10"], write), (["--version"], write),
                                  (["mec", "--network", "asia"], full)):  # fmt: skip
            done = ended(*arguments, stdout=target)
            assert done.returncode == 1
            said = r"causalpp: cannot write the output: no space left.*\n" if target is full else ""
            assert re.fullmatch(said, done.stderr)
    os.close(write)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("after", [0.2, 1.0, 2.0, 3.0, 4.0, 5.0])
def test_an_interrupt_at_any_second(after: float, tmp_path: Path) -> None:
    command = [*COMMAND, "demo", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert (process.returncode, err) in ((130, "causalpp: interrupted\n"), (0, ""), (-signal.SIGINT, ""))


INTO_ANOTHER_ERROR = """
import os, signal, time
from causalpp import cli

def run(arguments):
    try:
        if {interrupted}:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
    except KeyboardInterrupt:
        pass
    raise ValueError("a box without corners")

cli._run = run
cli.main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("interrupted", "code", "line"), [(True, 130, "interrupted"), (False, 70, "internal error, ValueError")]
)
def test_an_interrupt_that_compiled_code_turns_into_another_error(interrupted: bool, code: int, line: str) -> None:
    program = INTO_ANOTHER_ERROR.format(interrupted=interrupted)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == code
    assert done.stderr.startswith(f"causalpp: {line}")
    assert done.stderr.count("\n") == 1


def test_a_simulated_oracle_with_odd_names_answers() -> None:
    assert SimulatedOracle(Dag.from_edges([(ODD, "y")]), noise.Symmetric(0.0)).ask(Causes(ODD, "y"))[0].value
