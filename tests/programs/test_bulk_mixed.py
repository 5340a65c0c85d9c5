"""Candidate graphs on columns of several kinds, and on counts: each is the program that compile() makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import Dag, DagBatch, errors
from causalpp.programs.bulk import MixedBatch, Normals, compile_batch
from causalpp.programs.mechanisms import LinearGaussian, Logistic, Poisson, Table

DAGS = [
    Dag(["g", "dose", "ill", "visits"], [("g", "dose"), ("dose", "ill"), ("ill", "visits"), ("g", "visits")]),
    Dag(["g", "dose", "ill", "visits"], [("g", "dose"), ("ill", "dose"), ("dose", "visits")]),
    Dag(["g", "dose", "ill", "visits"], [("dose", "visits"), ("visits", "ill")]),
]


def frame(n: int = 400) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    g = draw.choice(["a", "b", "c"], size=n)
    dose = draw.normal(50 + 5.0 * (g == "b"), 10)
    ill = draw.random(n) < 1 / (1 + np.exp(-(dose - 50) / 10))
    return pd.DataFrame({"g": g, "dose": dose, "ill": ill, "visits": draw.poisson(1.0 + ill)})


@pytest.fixture(scope="module")
def batch() -> MixedBatch:
    found = compile_batch(DagBatch.from_dags(DAGS), frame())
    assert isinstance(found, MixedBatch)
    return found


def test_every_mechanism_is_that_of_the_program(batch: MixedBatch) -> None:
    seen = set()
    for number, dag in enumerate(DAGS):
        alone, mine = cpp.compile(dag, data=frame()), batch.program(number)
        for name in dag.nodes:
            first, second = alone.mechanism(name), mine.mechanism(name)
            assert type(first) is type(second)
            assert first.parents == second.parents
            seen.add(type(first))
            if isinstance(first, Table):
                np.testing.assert_allclose(first.probabilities, second.probabilities)
                continue
            for key, value in first.parameters.items():
                np.testing.assert_allclose(second.parameters[key], value, rtol=1e-9, atol=1e-12)
    assert seen == {Table, LinearGaussian, Logistic, Poisson}
    assert len(batch.mechanisms) == len(batch.fits) < 3 * 4


def test_effects_are_those_of_the_programs(batch: MixedBatch) -> None:
    options: dict[str, Any] = {"treated": 60.0, "control": 40.0, "samples": 2000, "seed": 3}
    found = batch.ate("dose", "visits", **options)
    for number, dag in enumerate(DAGS):
        alone = cpp.ate(cpp.compile(dag, data=frame()), "dose", "visits", **options)
        assert found.value[number].item() == pytest.approx(alone.value, rel=1e-9, abs=1e-12)
        assert found.standard_error[number].item() == pytest.approx(alone.standard_error, rel=1e-9, abs=1e-12)
    drawn = batch.ate("dose", "visits", **options, parameter_draws=3)
    assert drawn.value.shape == drawn.standard_error.shape == (3, 3)
    assert len(set(drawn.value[:, 0].tolist())) == 3


def test_distributions(batch: MixedBatch) -> None:
    found = batch.interventional(["g", "dose", "ill"], {"visits": 2}, samples=4000)
    shares = frame().g.value_counts(normalize=True).sort_index()
    assert found["g"].numpy() == pytest.approx(np.broadcast_to(shares, (3, 3)), abs=0.04)
    assert isinstance(found["dose"], Normals)
    exact = batch.interventional("dose")
    assert exact.mean[2].item() == pytest.approx(frame().dose.mean())  # a root there: in closed form
    assert exact.variance[2].item() == pytest.approx(frame().dose.var(), rel=0.01)
    assert found["ill"].shape == (3, 2)
    draws = batch.sample(500, {"dose": 45.0}, seed=1)
    assert draws.shape == (3, 500, 4)
    assert (draws[:, :, 1] == 45.0).all()
    assert set(draws[0, :, 0].tolist()) == {0.0, 1.0, 2.0}


def test_counts_alone_and_kinds() -> None:
    rows = frame()[["dose", "visits"]]
    dags = DagBatch.from_dags([Dag(["dose", "visits"], [("dose", "visits")])])
    assert isinstance(compile_batch(dags, rows), MixedBatch)
    real = compile_batch(dags, rows, kinds={"visits": "real"})
    assert isinstance(real, cpp.programs.GaussianBatch)
    alone = cpp.compile(dags[0], data=rows, kinds={"visits": "real"})
    slope = cpp.ate(alone, "dose", "visits", treated=1.0, control=0.0).value
    assert real.ate("dose", "visits").value.item() == pytest.approx(slope, rel=1e-9)


def test_what_cannot_be_asked(batch: MixedBatch) -> None:
    with pytest.raises(errors.UnknownVariable):
        batch.interventional("w")
    with pytest.raises(errors.UnknownVariable):
        batch.sample(3, {"w": 1})
    with pytest.raises(errors.InvalidParameter, match="no marginal likelihood"):
        batch.log_marginal_likelihood()
    with pytest.raises(errors.InvalidParameter, match="needs an outcome"):
        batch.interventional([])
    with pytest.raises(errors.TooLarge, match="16 GiB"):
        batch.sample(10**10)
    none = compile_batch(DagBatch.from_dags(DAGS)[:0], frame())
    assert none.ate("dose", "visits").value.shape == (0,)
    assert none.sample(5).shape == (0, 5, 4)


def test_averages_of_mixed_columns_are_those_of_the_programs() -> None:
    from causalpp.effects import average

    belief = cpp.Belief.uniform(DagBatch.from_dags(DAGS))
    options: dict[str, Any] = {"treated": 60.0, "control": 40.0, "samples": 500}
    found = average(belief, data=frame(), treatment="dose", outcome="visits", draws=2, **options)
    for dag, _, value in found.by_graph:
        alone = cpp.ate(cpp.compile(dag, data=frame()), "dose", "visits", **options)
        assert value == pytest.approx(alone.value, rel=1e-9, abs=1e-12)
