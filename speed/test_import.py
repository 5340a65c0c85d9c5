"""What ``import causalpp`` costs beyond ``import torch`` and ``import pyro``, in a fresh process each time."""

from __future__ import annotations

import subprocess
import sys
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
