"""Help and completion are there at once: nothing that takes a second is loaded for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import causalpp as cpp
from causalpp.cli import main

COMMANDS = (
    "demo",
    "discover",
    "calibrate",
    "mec",
    "posterior",
    "effect",
    "simulate",
    "audit",
    "generate",
    "record",
    "bench",
    "journal",
    "abstraction",
)
CODE = """
import contextlib, io, json, os, sys
import causalpp
loaded = {"import": sorted(sys.modules)}
from causalpp.cli import main
shell = {"_CAUSALPP_COMPLETE": "complete_bash", "COMP_WORDS": "causalpp discover --method g", "COMP_CWORD": "3"}
for line, environment in [
    ([], {}), (["--help"], {}), (["discover", "--help"], {}), (["bench", "run", "--help"], {}),
    (["abstraction", "which", "--help"], {}), ([], shell),
]:
    os.environ |= environment
    with contextlib.redirect_stdout(said := io.StringIO()), contextlib.suppress(SystemExit):
        main(line)
    loaded[str((line, environment))] = sorted(sys.modules)
print(json.dumps([loaded, said.getvalue()]))
"""


def test_nothing_heavy_is_loaded_for_help_and_completion() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(cpp.__file__).parent.parent)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=environment, check=True)
    loaded, completed = json.loads(done.stdout)
    heavy = {"torch", "pyro", "numpy", "pandas", "scipy", "networkx", "matplotlib", "pgmpy", "causallearn"}
    for what, modules in loaded.items():
        assert not heavy & set(modules), what
    assert not {"rich", "typer"} & set(loaded["import"])
    assert completed.split() == ["ges", "grasp"]


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        assert not ended.value.code
        return capsys.readouterr().out

    for command in COMMANDS:
        assert f"  {command} " in said()
        assert "--help" in said(command, "--help")
    for command in ("demo", "discover", "mec", "effect", "simulate"):
        assert "--json" in said(command, "--help")
