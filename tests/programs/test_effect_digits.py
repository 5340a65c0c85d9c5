"""Effects of treatments far from zero keep the digits that the means of the two worlds lack."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalpp import (
    CausalProgram,
    Dag,
    DagBatch,
    LinearGaussian,
    Shift,
    Table,
    ate,
    att,
    cate,
    cde,
    compile,
    compile_batch,
    nde,
    nie,
)

EDGES = [("z", "x"), ("z", "y"), ("x", "y"), ("x", "m"), ("m", "y")]
FAR = [(0.0, 1.0), (1e6, 1e-6), (-1e12, 1.0), (-1e12, 1e6), (1e15, 1e6)]


def linear() -> CausalProgram:
    return compile(
        Dag.from_edges(EDGES),
        mechanisms={
            "z": LinearGaussian((), [], 1 / 3, 2.0),
            "x": LinearGaussian("z", [0.7], 3.1, 1.0),
            "m": LinearGaussian("x", [0.3], 1e9 / 7, 0.2),
            "y": LinearGaussian(("z", "x", "m"), [2.0, 1 / 7, 1.1], 1e13 / 3, 1.0),
        },
    )


@pytest.mark.parametrize(("start", "step"), FAR)
def test_linear_effects_have_all_their_digits(start: float, step: float) -> None:
    program, control = linear(), start
    treated = start + step
    gap = float(Fraction(treated) - Fraction(control))
    values: dict[str, Any] = {"treated": treated, "control": control}
    direct, through = gap / 7, 1.1 * 0.3 * gap
    for found, expected in (
        (ate(program, "x", "y", **values), direct + through),
        (att(program, "x", "y", **values), direct + through),
        (cate(program, "x", "y", given={"z": 0.25, "m": start}, **values), direct + through),
        (ate(program.do(z=Shift(0.5)), "x", "y", **values), direct + through),
        (cde(program, "x", "y", fixing={"m": 1e9}, **values), direct),
        (nde(program, "x", "y", mediator="m", **values), direct),
        (nie(program, "x", "y", mediator="m", **values), through),
    ):
        assert found.value == pytest.approx(expected, rel=1e-13)
        assert found.value == pytest.approx(found.under_treated - found.under_control, rel=1e-13, abs=1e4 * (1 + gap))


@pytest.mark.parametrize(("start", "step"), FAR)
@pytest.mark.parametrize("name", ["z", "x", "y"])
def test_one_program_and_many_agree_far_from_zero(name: str, start: float, step: float) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=200)
    x = 0.6 * z + 0.5 * rng.normal(size=200)
    frame = pd.DataFrame({"z": z, "x": x, "y": 1.2 * z + 0.37 * x + 0.3 * rng.normal(size=200)})
    frame[name] = frame[name] * step + start
    control, treated = (start, start + step) if name == "x" else (0.0, 1.0)
    dag = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])
    one = ate(compile(dag, data=frame), "x", "y", treated=treated, control=control)
    many = compile_batch(DagBatch.from_dags([dag]), frame).ate("x", "y", treated=treated, control=control)
    assert one.value == pytest.approx(float(many.value[0]), rel=1e-12)


def test_slopes_that_a_discrete_treatment_changes() -> None:
    """y = 1e15 + (2 + t) x + 3 t + noise with x about 1e3, and a discrete root that is left alone."""
    dag = Dag.from_edges([("t", "y"), ("x", "y"), ("g", "x")])
    program = compile(
        dag,
        mechanisms={
            "t": Table((0, 1), (), [0.5, 0.5]),
            "g": Table((0, 1), (), [0.25, 0.75]),
            "x": LinearGaussian("g", np.zeros((2, 0)), [1e3, 2e3], [1.0, 2.0]),
            "y": LinearGaussian(("t", "x"), [[2.0], [3.0]], [1e15, 1e15 + 3], [1.0, 1.0]),
        },
    )
    assert ate(program, "t", "y", treated=1, control=0).value == pytest.approx(1750.0 + 3.0, rel=1e-13)
    seen = ate(program.condition(g=0, x=1001.0, t=1), "t", "y", treated=1, control=0)
    assert seen.value == pytest.approx(1004.0, rel=1e-13)
