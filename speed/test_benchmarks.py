"""Making and solving benchmark items; ``extra_info`` holds items a second."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from causalpp.benchmarks.solvers.symbolic import Symbolic, class_of
from causalpp.tasks import audit, generate


@pytest.mark.parametrize("variables", [6, 24])
def test_generate(benchmark: Any, variables: int) -> None:
    benchmark.group = f"items of {variables} variables"
    benchmark.extra_info["items"] = 120
    generate([variables], 12, seed=9)  # the classes of 6 variables are listed once in a process
    benchmark.pedantic(lambda: generate([variables], 120, seed=0), rounds=3)


@pytest.mark.parametrize("variables", [6, 24])
def test_symbolic(benchmark: Any, variables: int) -> None:
    """Reading every premise anew."""
    benchmark.group = f"items of {variables} variables"
    made = generate([variables], 120, seed=0)
    blind = [dataclasses.replace(item, label=None, certificate={}) for item in made]
    benchmark.extra_info["items"] = len(blind)
    answers = benchmark.pedantic(
        lambda: [Symbolic().solve(item).answer for item in blind], setup=class_of.cache_clear, rounds=3
    )
    benchmark.extra_info["items_per_second"] = len(blind) / benchmark.stats.stats.min
    assert answers == [item.label for item in made]


@pytest.mark.parametrize("variables", [6, 24])
def test_audit(benchmark: Any, variables: int) -> None:
    benchmark.group = f"items of {variables} variables"
    made = list(generate([variables], 120, seed=0))
    benchmark.extra_info["items"] = len(made)
    assert benchmark.pedantic(lambda: audit(made), rounds=3).clean
