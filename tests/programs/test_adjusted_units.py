"""Adjusted effects by regression: their intervals cover in small data, and units do not matter."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from causalpp import errors
from causalpp.programs.identification import adjusted_effect


def frame(n: int, draw: np.random.Generator) -> pd.DataFrame:
    z = draw.normal(size=n)
    x = z + draw.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "y": 0.5 * x + z + draw.normal(size=n)})


@pytest.mark.parametrize("n", [10, 20])
def test_intervals_cover_in_small_data(n: int) -> None:
    draw, runs, hits = np.random.default_rng(n), 400, 0
    for _ in range(runs):
        low, high = adjusted_effect(frame(n, draw), "x", "y", "z", method="regression").interval(0.95)
        hits += low <= 0.5 <= high
    assert abs(hits / runs - 0.95) < 3.3 * math.sqrt(0.95 * 0.05 / runs)


def test_errors_are_those_of_leaving_out_one_row_at_a_time() -> None:
    """HC3 is the jackknife's variance about the estimate, but for a factor of (n − 1) / n."""
    rows = frame(30, np.random.default_rng(1))
    found = adjusted_effect(rows, "x", "y", "z", method="regression")
    design = np.column_stack([np.ones(30), rows.x, rows.z])
    whole = np.linalg.lstsq(design, rows.y, rcond=None)[0][1]
    keep = ~np.eye(30, dtype=bool)
    without = np.array([np.linalg.lstsq(design[k], rows.y[k], rcond=None)[0][1] for k in keep])
    assert found.value == pytest.approx(whole)
    assert found.standard_error == pytest.approx(math.sqrt(((without - whole) ** 2).sum()))
    assert found.freedom == 27


@pytest.mark.parametrize("scale", [1e-6, 60.0, 1e6])
@pytest.mark.parametrize("shift", [0.0, 51.5, 1.7e9])
def test_units_do_not_matter(scale: float, shift: float) -> None:
    if scale < 1 and shift > 1e3:
        scale = 1e-2  # of 1.7e9 more digits are not stored
    rows = frame(200, np.random.default_rng(2))
    usual = adjusted_effect(rows, "x", "y", "z", method="regression")
    for name in "zxy":
        other = rows.assign(**{name: shift + scale * rows[name]})
        found = adjusted_effect(other, "x", "y", "z", method="regression")
        unit = {"z": 1.0, "x": 1 / scale, "y": scale}[name]
        close = pytest.approx(unit, rel=1e-10 + 4 * 2.3e-16 * shift / scale)
        assert found.value / usual.value == close
        assert found.standard_error / usual.standard_error == close


def test_what_has_no_single_answer() -> None:
    rows = frame(50, np.random.default_rng(3))
    for bad, text in (
        (rows.assign(w=1.7e9 + 60 * rows.x), "collinear"),
        (rows.assign(w=0.1), "'w' is constant"),
        (rows.assign(w=rows.z)[:4], "4 rows are too few for 4 coefficients"),
    ):
        with pytest.raises(errors.InvalidData, match=text):
            adjusted_effect(bad, "x", "y", ["z", "w"], method="regression")


def test_an_effect_that_hangs_on_one_row_has_no_standard_error() -> None:
    rows = pd.DataFrame({"x": [0, 0, 0, 0, 1], "y": [1.0, 2.0, 3.0, 4.0, 9.0]})
    found = adjusted_effect(rows, "x", "y", method="regression")
    assert found.value == pytest.approx(6.5)
    assert found.interval() == (-math.inf, math.inf)
    assert '"standard_error": null' in found.to_json()
