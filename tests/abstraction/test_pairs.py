"""Pairs: counterfactual labels against programs run by hand, with shared noise where there is some."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalpp import Dag, Function, LinearGaussian, Table, compile
from causalpp.abstraction import pairs
from causalpp.errors import InvalidParameter, UnknownState, UnknownVariable

DIE = Table(tuple(range(4)), (), np.full(4, 0.25))


def sums():
    """s = x + y, t = s + z mod 3, o = s · t mod 4: s acts on o in two ways."""
    return compile(
        Dag.from_edges([("x", "s"), ("y", "s"), ("s", "t"), ("z", "t"), ("s", "o"), ("t", "o")]),
        mechanisms={
            "x": DIE,
            "y": DIE,
            "z": DIE,
            "s": Function(lambda x, y: x + y, ("x", "y"), tuple(range(7)), noise=None),
            "t": Function(lambda s, z: (s + z) % 3, ("s", "z"), (0, 1, 2), noise=None),
            "o": Function(lambda s, t: (s * t) % 4, ("s", "t"), (0, 1, 2, 3), noise=None),
        },
    )


def columns(frame):
    return (frame[name].astype(int).to_numpy() for name in ("x", "y", "z"))


def test_one_source():
    found = pairs(sums(), "s", 500, seed=3)
    x, y, z = columns(found.base)
    other, one, _ = columns(found.sources["s"])
    s, new = x + y, other + one
    assert (found.before == s * ((s + z) % 3) % 4).all()
    assert (found.after == new * ((new + z) % 3) % 4).all()
    assert (found.values["s"] == np.stack([s, new], 1)).all()
    assert (found.changes == (found.before != found.after)).all()


def test_several_sources_one_for_each_variable():
    found = pairs(sums(), ("s", "t"), 500, seed=4)
    a, b, _ = columns(found.sources["s"])
    c, d, e = columns(found.sources["t"])
    s, t = a + b, (c + d + e) % 3  # t does not follow s: it is set as well
    assert (found.after == s * t % 4).all()
    assert (found.apart["t"] == (c + d) * t % 4).all()
    again = pairs(sums(), ("s", "t"), base=found.base, sources=found.sources)
    assert (again.after == found.after).all()


def test_an_input_can_be_interchanged():
    found = pairs(sums(), "x", 300, seed=5)
    _, y, z = columns(found.base)
    new = next(columns(found.sources["x"])) + y
    assert (found.after == new * ((new + z) % 3) % 4).all()


def test_noise_is_shared_between_the_worlds_and_not_with_the_source():
    # o = s xor noise: whether the label changes depends on s alone if and only if the noise is shared.
    coin, rare = Table((0, 1), (), [0.5, 0.5]), Table((0, 1), ("x",), [[0.7, 0.3], [0.3, 0.7]])
    program = compile(
        Dag.from_edges([("x", "s"), ("s", "o")]),
        mechanisms={"x": coin, "s": rare, "o": Table((0, 1), ("s",), [[0.6, 0.4], [0.4, 0.6]])},
    )
    found = pairs(program, "s", 4000, seed=0)
    kept = found.values["s"][:, 0] == found.values["s"][:, 1]
    assert not found.changes[kept].any()
    # The states share (0, 1) in their order: of the others the label changes where the noise is within .4 and .6.
    share = found.changes[~kept].mean()
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / (~kept).sum())
    # s in base and source agree in (.7 ² + .3 ²) / 2 + .7 · .3 = one half of the pairs, not more often.
    assert abs(kept.mean() - 0.5) < 4 * np.sqrt(0.25 / 4000)


def test_rows_of_ones_own_with_columns_that_go_to_the_network():
    rows = pd.DataFrame({"x": [0, 1], "y": [3, 2], "z": [1, 1], "image": [17, 18]})
    found = pairs(sums(), "s", 200, seed=1, inputs=rows)
    assert set(found.base["image"]) == {17, 18}
    assert (found.base["image"] - 17 == found.base["x"]).all()
    made = pairs(sums(), "s", 7, inputs=lambda n, draw: rows.iloc[draw.integers(2, size=n)])
    assert len(made) == 7


def test_a_share_of_pairs_that_change_the_label():
    found = pairs(sums(), "s", 400, seed=2, changing=0.9)
    assert found.changes.sum() == 360
    x, y, z = columns(found.base)
    s = x + y
    assert (found.before == s * ((s + z) % 3) % 4).all()
    some = found.take(found.changes)
    assert len(some) == 360
    assert some.changes.all()
    assert json.loads(json.dumps(some.to_dict()))["variables"] == ["s"]


def test_a_real_variable_can_be_interchanged_and_is_no_label():
    program = compile(
        Dag.from_edges([("x", "s"), ("s", "o")]),
        mechanisms={
            "x": LinearGaussian(),
            "s": Function(lambda x: 2 * x, ("x",), noise=None),
            "o": Function(lambda s: (s > 0).long(), ("s",), (0, 1), noise=None),
        },
    )
    found = pairs(program, "s", 200)
    assert (found.after == (found.sources["s"]["x"] > 0)).all()
    with pytest.raises(InvalidParameter, match="'s' is a real number and has no states, which labels need"):
        pairs(program, "x", 10, outcome="s")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"variables": "q"}, UnknownVariable, "unknown variable 'q'"),
        ({"variables": "o"}, InvalidParameter, "'o' is the outcome"),
        ({"variables": ()}, InvalidParameter, "needs a variable"),
        ({"n": 0}, InvalidParameter, "from 1 on"),
        ({"seed": -1}, InvalidParameter, "seed"),
        ({"changing": 1.5}, InvalidParameter, "in \\[0, 1\\]"),
        ({"outcome": "p"}, UnknownVariable, "unknown variable 'p'"),
        ({"inputs": pd.DataFrame({"x": [1], "y": [1]})}, UnknownVariable, "'z' among the columns of the inputs"),
        ({"inputs": pd.DataFrame({"x": [9], "y": [1], "z": [0]})}, UnknownState, "9"),
        ({"inputs": pd.DataFrame({"x": [], "y": [], "z": []})}, InvalidParameter, "no rows"),
        ({"inputs": [1]}, InvalidParameter, "a data frame"),
        ({"inputs": lambda n, _: pd.DataFrame({"x": [0] * (n + 1)})}, InvalidParameter, "asked for 1,000 rows"),
        ({"base": pd.DataFrame({"x": [1]})}, InvalidParameter, "together"),
    ],
)
def test_bad_input(options, error, message):
    with pytest.raises(error, match=message):
        pairs(sums(), **{"variables": "s", **options})


def test_pairs_that_never_come():
    rows = pd.DataFrame({"x": [0, 0], "y": [0, 0], "z": [0, 1]})
    with pytest.raises(InvalidParameter, match="changes the label 'o' in 0 of"):
        pairs(sums(), "s", 10, inputs=rows, changing=0.5)


def test_several_last_variables_need_a_name():
    program = compile(Dag(["a", "b"]), mechanisms={"a": DIE, "b": DIE})
    with pytest.raises(InvalidParameter, match="several variables have no effects \\(a, b\\)"):
        pairs(program, "a")
    with pytest.raises(InvalidParameter, match="a program is made by"):
        pairs("a program", "x")
