"""What ``import causalpp`` costs beyond torch and Pyro, and help beside ``import torch``; a fresh process each time."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

CODE = """
import torch, pyro, time
start = time.perf_counter()
import {package}
print(time.perf_counter() - start)
"""


@pytest.mark.parametrize("package", ["causalpp", "pandas"])
def test_import(benchmark: Any, package: str) -> None:
    """pandas stands beside it as a measure of the machine; ``extra_info`` holds the seconds inside the process."""
    benchmark.group = "import, fresh process (seconds within it: see extra_info)"
    seconds: list[float] = []

    def once() -> None:
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(package=package)], capture_output=True, text=True, check=True
        )
        seconds.append(float(done.stdout))

    benchmark.pedantic(once, rounds=5, warmup_rounds=1)
    benchmark.extra_info["seconds_beyond_torch_and_pyro"] = min(seconds)
    print(f"\nimport {package}: {min(seconds):.3f} s beyond torch and pyro")


def test_help_beside_torch(benchmark: Any) -> None:
    """``causalpp --help`` and ``causalpp discover --help``: at most 0.15 of the time that ``import torch`` takes."""
    benchmark.group = "help, fresh process"
    torch = min(_seconds("import torch") for _ in range(3))
    lines = (["--help"], ["discover", "--help"])
    shares = [min(_seconds(f"from causalpp.cli import main; main({line})") for _ in range(3)) / torch for line in lines]
    benchmark.extra_info["share_of_import_torch"] = shares
    benchmark.pedantic(lambda: _seconds(f"from causalpp.cli import main; main({lines[1]})"), rounds=3)
    assert max(shares) <= 0.15, shares


def _seconds(code: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    return time.perf_counter() - start
