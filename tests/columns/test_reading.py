"""What a column is: the rule on kinds of columns that people have, and how it is overridden."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from causalpp.columns import read_columns
from causalpp.errors import InvalidData, InvalidParameter, UnknownState, UnknownVariable

draw = np.random.default_rng(7)


def kind(values, **how):
    frame = pd.DataFrame({"x": values})
    return read_columns(frame, **how)["x"].kind


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1, 0], "discrete"),
        ([0.0, 1.0, 1.0, None], "discrete"),
        ([True, False, None], "discrete"),
        (["yes", "no", "yes"], "discrete"),
        (draw.integers(1, 6, 30), "discrete"),  # a scale of five
        (draw.integers(0, 3, 6), "discrete"),
        (draw.integers(17, 45, 1000), "real"),  # ages
        (draw.integers(1990, 2024, 300), "real"),  # years
        (draw.integers(0, 11, 30), "real"),  # ten values in thirty rows: no table
        (draw.integers(0, 11, 3000), "real"),  # nor in three thousand: a score
        (draw.integers(1, 13, 500), "real"),  # months, or codes: then that must be said
        (draw.poisson(3, 1000), "count"),
        (draw.poisson(1, 1000), "count"),
        (draw.negative_binomial(1, 0.25, 432), "count"),
        (draw.normal(size=50), "real"),
        (np.round(draw.normal(0, 10, 500)), "real"),
        (np.arange(5), "real"),  # five values in five rows
        (draw.choice([0.5, 1.0], 50), "real"),  # doses
        (draw.integers(10_000, 99_999, 200), "real"),
        ([Decimal("1.5"), Decimal("2.5")], "real"),
        (pd.array([1, 0, None], dtype="Int64"), "discrete"),
        (pd.array([1.5, 0.25, None], dtype="Float64"), "real"),
        (pd.array([True, None, False], dtype="boolean"), "discrete"),
        (pd.array(["a", None, "b"], dtype="string"), "discrete"),
        (pd.Categorical(["lo", "hi", "lo"], ["lo", "mid", "hi"], ordered=True), "ordinal"),
        (pd.Categorical([3, 1, 2]), "discrete"),
        (pd.cut([1, 5, 9], [0, 3, 6, 10]), "ordinal"),
    ],
)
def test_the_rule(values, expected):
    assert kind(values) == expected


@pytest.mark.parametrize("seed", range(20))
def test_counts_are_counts_and_scores_are_not(seed):
    source = np.random.default_rng(seed)
    assert kind(source.poisson(2, 400)) == "count"
    assert kind(source.binomial(20, 0.5, 400)) == "real"
    assert kind(source.integers(17, 45, 400)) == "real"


def test_what_holds_a_number_makes_no_difference():
    plain = read_columns(pd.DataFrame({"x": [0, 1, 2, 0, 1, 2]}))["x"]
    for values in ([0.0, 1.0, 2.0] * 2, pd.array([0, 1, 2] * 2, dtype="Int64"), [Decimal(0), 1, 2.0] * 2):
        other = read_columns(pd.DataFrame({"x": values}))["x"]
        assert other.states == plain.states == (0, 1, 2)
        assert [type(state) for state in other.states] == [int] * 3
        assert (other.values == plain.values).all()


@pytest.mark.parametrize("value", [1, 1.0, True, "1", "1.0", "True", "true", np.int8(1), np.bool_(True)])
@pytest.mark.parametrize("values", [[0, 1], [0.0, 1.0], [False, True], pd.array([False, True], dtype="boolean")])
def test_equal_numbers_are_equal_states(values, value):
    assert read_columns(pd.DataFrame({"x": values}))["x"].code(value) == 1


def test_a_value_that_is_none_or_several_of_the_states_is_refused():
    column = read_columns(pd.DataFrame({"x": ["a", "b"]}))["x"]
    with pytest.raises(UnknownState, match="'a', 'b'"):
        column.code(1)
    text = read_columns(pd.DataFrame({"x": ["1", "1.0", "2"]}))["x"]
    assert (text.code("1.0"), text.code(1), text.code(2.0)) == (1, 0, 2)
    with pytest.raises(UnknownState):
        text.code("1.00")
    with pytest.raises(InvalidParameter, match="holds numbers"):
        read_columns(pd.DataFrame({"x": [0.5, 1.5]}))["x"].code(1)


def test_missing_values_are_kept_apart():
    frame = pd.DataFrame({"a": ["u", None, "v"], "b": [0.5, np.nan, 2.5], "c": pd.array([True, None, None], "boolean")})
    columns = read_columns(frame)
    assert columns["a"].values.tolist() == [0, -1, 1]
    assert columns["a"].missing.tolist() == columns["b"].missing.tolist() == [False, True, False]
    assert columns["c"].states == (False, True)
    assert columns.missing.tolist() == [False, True, True]
    assert columns.take(~columns.missing)["b"].values.tolist() == [0.5]
    assert columns["c"].numbers[0] == 1.0
    assert np.isnan(columns["c"].numbers[1])


def test_what_is_said_goes():
    frame = pd.DataFrame({"site": [1, 2, 3, 4, 5, 6, 7, 8], "score": [3, 1, 2, 1, 2, 3, 1, 1], "age": [0, 1] * 4})
    columns = read_columns(frame, {"site": "discrete", "score": "ordinal", "age": "real"})
    assert columns["site"].states == tuple(range(1, 9))
    assert columns["score"].kind == "ordinal"
    assert columns["age"].states is None
    assert {column.reason for column in columns.values()} == {"you said so"}
    declared = read_columns(frame, {"score": "ordinal"}, {"score": ("3", "2", "1")})["score"]
    assert declared.values.tolist()[:3] == [0, 2, 1]


@pytest.mark.parametrize(
    ("values", "how", "error"),
    [
        ([1, 2, 3], {"kinds": {"x": "continuous"}}, "one of discrete, ordinal, count, real"),
        ([1, 2, 3], {"kinds": {"x": "real"}, "states": {"x": (1, 2, 3)}}, "say one of the two"),
        ([1, -2, 3], {"kinds": {"x": "count"}}, "not 0, 1, 2"),
        (["lo", "hi"], {"kinds": {"x": "ordinal"}}, "order is not known"),
        (["lo", "hi"], {"kinds": {"x": "real"}}, "'lo'"),
        (["lo", 3], {}, "mixes text and numbers"),
        ([1.5, np.inf], {}, "infinite"),
        ([None, None], {}, "no values"),
        ([1, 2], {"states": {"x": (1, 3)}}, "'2', which is not among"),
        (pd.to_datetime(["2020-01-01", "2020-01-02"]), {}, "holds dates"),
        ([datetime.date(2020, 1, 1)], {}, "holds dates"),
        (pd.to_timedelta([1, 2], "s"), {}, "time spans"),
        ([1j, 2j], {}, "complex"),
        ([[1], [2]], {}, "something else"),
        ([f"person {k}" for k in range(30)], {}, "30 different values"),
        (np.arange(2000) + 0.0, {"kinds": {"x": "discrete"}}, "too many for states"),
    ],
)
def test_what_cannot_be_read_is_said(values, how, error):
    with pytest.raises((InvalidData, InvalidParameter), match=error):
        kind(values, **how)


def test_names():
    frame = pd.DataFrame([[0, 1, 2], [1, 0, 2]], columns=["a", "b", "b"])
    assert list(read_columns(frame, names=["a"])) == ["a"]
    with pytest.raises(InvalidData, match="more than once"):
        read_columns(frame)
    with pytest.raises(InvalidData, match="no column 'c'"):
        read_columns(frame, names=["c"])
    with pytest.raises(UnknownVariable):
        read_columns(frame, {"c": "real"}, names=["a"])


def test_the_table_explains_itself():
    frame = pd.DataFrame({"age": [20, 31, 45, 52, 38, 27], "hurt": ["yes", "no", None, "no", "yes", "no"]})
    assert str(read_columns(frame, {"age": "count"})).splitlines() == [
        "how I read your columns (6 rows)",
        "column  kind      values    missing  because",
        "age     count     20 to 52        0  you said so",
        "hurt    discrete  no, yes         1  text",
    ]


def test_copies_are_told_by_what_they_say() -> None:
    """States one to one, numbers by their values; what holds them, or the sign of a zero, makes no difference."""
    half = np.array([0.0, 0.5, -1.0, np.nan, 0.0])
    frame = pd.DataFrame(
        {
            "a": ["u", "v", None, "u", "v"],
            "b": [2, 1, None, 2, 1],
            "c": ["u", "v", "u", "u", "v"],
            "real": half,
            "again": pd.array(np.where(half == 0, -0.0, half), dtype="Float64"),
            "near": half + 1e-12,
            "one": [0.5, 0.5, 0.5, 0.5, 0.5],
            "same": [0.5, 0.5, 0.5, 0.5, 0.5],
        }
    )
    assert read_columns(frame).copies() == [("a", "b"), ("real", "again")]
    assert read_columns(frame[:0], dict.fromkeys(("near", "one"), "real"), names=[]).copies() == []
