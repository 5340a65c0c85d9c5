"""Averaged effects keep what their intervals promise on data that a careless prior would bend."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp.effects import average

TRUTH = cpp.Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])
NUMBERS: dict[str, Any] = {"treatment": "x", "outcome": "y", "treated": 1.0, "control": 0.0}

#: Rows, correlation of z and x, standard deviation of the noise in y.
SETTINGS = {
    "unit noise": (100, 0.7, 1.0),
    "collinear": (100, 0.97, 1.0),
    "nearly deterministic": (100, 0.97, 0.03),
    "collinear, little noise": (100, 0.986, 0.1),
    "few rows": (20, 0.7, 1.0),
    "ten rows": (10, 0.986, 0.1),
    "many rows": (1000, 0.97, 0.03),
}


def belief() -> cpp.Belief:
    """The six complete graphs, the true one at .9988."""
    batch = cpp.MarkovEquivalenceClass.from_dag(TRUTH).batch()
    weights = [0.9988 if dag == TRUTH else 0.0012 / (len(batch) - 1) for dag in batch]
    return cpp.Belief.weighted(batch, weights)


def rows(n: int, correlation: float, noise: float, draw: np.random.Generator) -> pd.DataFrame:
    z = draw.normal(size=n)
    x = correlation * z + math.sqrt(1 - correlation**2) * draw.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "y": 0.5 * x + z + noise * draw.normal(size=n)})


def covered(setting: str, runs: int) -> float:
    """How often the 90 % interval holds the true effect."""
    draw, about, hits = np.random.default_rng(sorted(SETTINGS).index(setting)), belief(), 0
    for run in range(runs):
        data = rows(*SETTINGS[setting], draw)
        low, high = average(about, data=data, **NUMBERS, draws=200, seed=run).interval(0.9)
        hits += low <= 0.5 <= high
    return hits / runs


@pytest.mark.slow
@pytest.mark.parametrize("setting", SETTINGS)
def test_intervals_cover(setting: str) -> None:
    runs = 400
    assert abs(covered(setting, runs) - 0.9) <= 3 * math.sqrt(0.9 * 0.1 / runs)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_graph_known_for_certain_is_the_program(setting: str) -> None:
    """One quantity, two paths: the value to rounding, the interval within the error of its draws."""
    data = rows(*SETTINGS[setting], np.random.default_rng(1))
    sure = cpp.Belief.uniform(cpp.DagBatch.from_dags([TRUTH]))
    found = average(sure, data=data, **NUMBERS, draws=1500)
    alone = cpp.ate(cpp.compile(TRUTH, data=data), **NUMBERS, draws=1500)
    assert found.mean == pytest.approx(alone.value, rel=1e-9)
    assert found.sd == pytest.approx(alone.draws.std(), rel=0.15)
    assert found.interval(0.9) == pytest.approx(alone.interval(0.9), abs=0.2 * found.sd)
    design = np.column_stack([data.x, data.z, np.ones(len(data))])
    assert found.mean == pytest.approx(np.linalg.lstsq(design, data.y, rcond=None)[0][0])
