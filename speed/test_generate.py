"""How fast benchmark items are generated and certificates checked.

Of Corr2Cause, 18 sizes of 1,000 items take ten minutes at most; of CauGym, 10,000 items of any set take a minute.
"""

from __future__ import annotations

from typing import Any

import pytest

from causalpp.equivalence import from_premise
from causalpp.tasks import caugym, check_certificate, generate

ITEMS = 120


@pytest.mark.parametrize("n", [7, 12, 24])
def test_generate(benchmark: Any, n: int) -> None:
    benchmark.extra_info["items"] = ITEMS
    made = benchmark.pedantic(lambda: generate(n, rows=ITEMS, seed=1), rounds=2)
    assert len(made) == ITEMS


@pytest.mark.parametrize("name", caugym.SETS)
def test_generate_caugym(benchmark: Any, name: str) -> None:
    made = benchmark.pedantic(lambda: caugym.generate(ITEMS, sets=[name], seed=1), rounds=2)
    benchmark.extra_info["items"] = len(made)
    assert len(made) == 2 * ITEMS


def test_check_certificates(benchmark: Any) -> None:
    made = generate(24, rows=ITEMS, seed=1)
    benchmark.extra_info["items"] = ITEMS
    benchmark(lambda: [check_certificate(item) for item in made])


def test_read_premises(benchmark: Any) -> None:
    texts = {item.premise for item in generate(24, rows=ITEMS, seed=1)}
    benchmark.extra_info["items"] = len(texts)
    benchmark(lambda: [from_premise(text) for text in texts])
