"""What compile() takes: mechanisms, kinds, priors and frames, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs.mechanisms import AdditiveNoise, Gamma, LinearGaussian, Logistic, Poisson, Table


def frame(n: int = 400, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    group = draw.integers(2, size=n)
    age = draw.normal(50 + 5 * group, 10)
    ill = draw.random(n) < 1 / (1 + np.exp(-(age - 50) / 10))
    return pd.DataFrame({"group": np.array(["a", "b"])[group], "age": age, "ill": ill, "visits": draw.poisson(2 + ill)})


DAG = Dag.from_edges([("group", "age"), ("age", "ill"), ("ill", "visits"), ("age", "visits"), ("group", "visits")])


def test_columns_decide_the_mechanisms() -> None:
    program = cpp.compile(DAG, data=frame())
    kinds = {v: type(program.mechanism(v)) for v in DAG.nodes}
    assert kinds == {"group": Table, "age": LinearGaussian, "ill": Logistic, "visits": Poisson}
    assert program.states("ill") == (False, True)
    assert program.mechanism("visits").parents[-1] == "age"  # real parents come last
    assert program.fit is not None
    assert program.fit.converged
    assert program.fit.method == "conjugate, laplace"
    assert program.do(age=60).fit is program.fit
    assert "400 rows" in str(program.fit)


def test_kinds_and_known_mechanisms_beside_data() -> None:
    known = Table(("a", "b"), (), [0.1, 0.9])
    program = cpp.compile(DAG, data=frame(), mechanisms={"group": known, "visits": Poisson, "age": "network"})
    assert program.mechanism("group") is known
    assert isinstance(program.mechanism("visits"), Poisson)
    assert not program.is_discrete("visits")
    assert isinstance(program.mechanism("age"), AdditiveNoise)
    assert set(program.simulate(3)) == set(DAG.nodes)


def test_declared_states_make_a_column_discrete() -> None:
    data = pd.DataFrame({"x": [0.5, 1.5, 0.5, 0.5]})
    assert cpp.compile(Dag(["x"]), data=data, states={"x": [0.5, 1.5, 2.5]}).states("x") == (0.5, 1.5, 2.5)
    assert not cpp.compile(Dag(["x"]), data=pd.DataFrame({"x": [0.5, 1.5, 0.7, 0.5]})).is_discrete("x")
    assert not cpp.compile(Dag(["x"]), data=pd.DataFrame({"x": range(60)})).is_discrete("x")


def test_priors_without_data() -> None:
    coin = Table.from_concentration((0, 1), (), [30.0, 10.0])
    program = cpp.compile(Dag.from_edges([("x", "y"), ("x", "z"), ("z", "w")]), priors={"x": coin, "w": Gamma},
                          states={"y": ("no", "yes")})  # fmt: skip
    assert program.fit is None
    assert not program.is_discrete("z")
    assert isinstance(program.mechanism("w"), Gamma)
    shares = [p.distribution("x")[1] for p in program.posterior_draws(2000, seed=1)]
    assert np.mean(shares) == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 41 / 2000))
    assert np.var(shares) == pytest.approx(0.25 * 0.75 / 41, rel=0.2)
    assert len(program.drawn(2).simulate(5)) == 5


def test_draws_are_reproducible_and_shared_between_worlds() -> None:
    program = cpp.compile(Dag.from_edges([("x", "y")]), data=pd.DataFrame({"x": [0, 1] * 4, "y": [0, 1, 1, 1] * 2}))
    first, again, other = program.drawn(1), program.drawn(1), program.drawn(2)
    assert first.distribution("y") == again.distribution("y") != other.distribution("y")
    assert next(iter(program.posterior_draws(1, seed=1))).distribution("y") == first.distribution("y")
    after = program.counterfactual(observations={"x": 0, "y": 0}, do={"x": 1}).drawn(3)
    by_hand = program.drawn(3).counterfactual(observations={"x": 0, "y": 0}, do={"x": 1})
    assert after.distribution("y") == pytest.approx(by_hand.distribution("y"))
    known = cpp.load_network("asia")
    assert known.drawn(1).distribution("dysp") == known.distribution("dysp")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"data": frame().drop(columns="age")}, errors.InvalidData, "no column 'age'"),
        ({"data": frame()[:0]}, errors.InvalidData, "no rows"),
        ({"data": frame().assign(age=3.5)}, errors.InvalidData, "'age' is constant"),
        ({"data": frame().assign(age=np.where(frame().age > 50, np.nan, frame().age))}, errors.InvalidData, "missing"),
        ({"data": frame().assign(age=np.inf)}, errors.InvalidData, "infinite"),
        ({"data": frame().assign(age=np.nan), "method": "svi"}, errors.InvalidData, "no values"),
        ({"data": frame(), "states": {"group": ["a", "c"]}}, errors.InvalidData, "'b', which is not among"),
        ({"data": frame(6)}, errors.InvalidData, "too few for the regression of 'age'"),
        ({"data": frame(), "mechanisms": {"age": "table"}}, errors.InvalidData, "cut it"),
        ({"data": frame(), "mechanisms": {"ill": "linear", "visits": "table"}}, errors.InvalidParameter, "logistic"),
        ({"data": frame(), "mechanisms": {"age": "linaer"}}, errors.InvalidParameter, "one of table, linear"),
        ({"data": frame(), "mechanisms": {"group": "linear"}}, errors.InvalidData, "read as numbers"),
        ({"data": frame(), "mechanisms": {"age": Poisson}}, errors.InvalidData, "count"),
        ({"data": frame().assign(age=-1.5), "mechanisms": {"age": "gamma"}}, errors.InvalidData, "greater than zero"),
        ({"data": frame(), "mechanisms": {"agee": "linear"}}, errors.UnknownVariable, "'age'"),
        ({"data": frame(), "states": {"agee": [1]}}, errors.UnknownVariable, "'age'"),
        ({"data": frame(), "mechanisms": {"group": Table(("a", "c"), (), [0.5, 0.5])}}, errors.InvalidData, "'b'"),
        ({"data": frame(), "mechanisms": {"age": LinearGaussian()}}, errors.InvalidParameter, "reads"),
        ({"data": frame(), "mechanisms": {"age": LinearGaussian("group", [1.0])}}, errors.InvalidParameter, "discrete"),
        ({"data": frame(), "priors": {"group": Table(("a", "b"), (), [0.5, 0.5])}}, errors.InvalidParameter, "no law"),
        ({"data": frame(), "priors": {"age": "linear"}, "mechanisms": {"age": "network"}}, errors.InvalidParameter,
         "say it once"),
        ({"data": frame(), "prior": 0}, errors.InvalidParameter, "concentration"),
        ({"data": frame(), "method": "em"}, errors.InvalidParameter, "gibbs, svi, nuts"),
        ({"data": frame(), "steps": 0}, errors.InvalidParameter, "steps"),
        ({"data": frame(), "seed": -1}, errors.InvalidParameter, "seed"),
        ({}, errors.InvalidParameter, "either"),
    ],
)  # fmt: skip
def test_misuse(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cpp.compile(DAG, **options)


def test_parents_that_determine_one_another() -> None:
    draw = np.random.default_rng(0)
    data = pd.DataFrame({"x": draw.normal(size=50), "y": draw.normal(size=50)}).assign(z=lambda f: 2 * f.x - 1)
    with pytest.raises(errors.InvalidData, match="determine one another"):
        cpp.compile(Dag.from_edges([("x", "y"), ("z", "y")]), data=data)


def test_latent_variables_have_to_be_declared() -> None:
    dag = Dag.from_edges([("u", "x"), ("u", "y")], latent="u")
    data = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    with pytest.raises(errors.InvalidParameter, match=r"'u' is latent, .* declare its states"):
        cpp.compile(dag, data=data)
    with pytest.raises(errors.InvalidParameter, match="Gibbs sampling is for programs of tables"):
        cpp.compile(dag, data=data, mechanisms={"u": LinearGaussian()}, method="gibbs")
