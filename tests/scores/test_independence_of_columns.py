"""Counts and tests of independence against slow and obvious ones, with values missing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from causalpp import errors, scores
from causalpp.scores import Table, independence_test, independence_tests, read_table
from causalpp.scores.counts import Counts


def columns(rng: np.random.Generator, n: int, kinds: str) -> pd.DataFrame:
    """Dependent columns: ``r`` for real ones, ``d`` for ones of two or three states."""
    base = rng.normal(size=n)
    out = {}
    for k, kind in enumerate(kinds):
        noisy = base + rng.normal(size=n)
        out[f"v{k}"] = noisy if kind == "r" else np.digitize(noisy, [-0.5, 0.7][: 1 + k % 2])
    return pd.DataFrame(out)


def with_gaps(frame: pd.DataFrame, rng: np.random.Generator, share: float = 0.15) -> pd.DataFrame:
    return frame.astype(float).mask(rng.random(frame.shape) < share)


def test_mixed_test_is_calibrated() -> None:
    """Under independence given z its p-values are uniform, for every kind of pair and of condition."""
    shares = {kind: [] for kind in ("numbers", "one of each", "states", "states given states")}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=200)
        x, y = z + rng.normal(size=200), z + rng.normal(size=200)
        u, v, w = (np.digitize(z + rng.logistic(size=200), [-0.7, 0.7]) for _ in range(3))
        u, v = ((rng.random(200) < 1 / (1 + np.exp(-z))).astype(int) for _ in range(2))
        s, t = ((rng.random(200) < 0.3 + 0.2 * w).astype(int) for _ in range(2))
        values = np.column_stack([z, x, y, u, v, w, s, t]).astype(float)
        test = independence_test(Table(values, (False,) * 3 + (True,) * 5, tuple("zxyuvwst")))
        for kind, p in zip(shares, (test(1, 2, (0,)), test(1, 3, (0,)), test(3, 4, (0,)), test(6, 7, (5,)))):
            shares[kind].append(p)
    for kind, found in shares.items():
        assert kstest(found, "uniform").pvalue > 0.001, kind
        assert np.mean(np.array(found) < 0.05) < 0.10


def test_logistic_agrees_with_statsmodels() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    y = np.digitize(x @ [1.0, -0.5] + rng.logistic(size=300), [-1, 1])
    design = np.hstack([np.ones((300, 1)), x])
    reference = statsmodels.MNLogit(y, design).fit(disp=False).llf
    assert independence_tests._logistic(design, y) == pytest.approx(reference, abs=1e-3)


@pytest.mark.parametrize("fast", [True, False])
def test_counts_are_counts(fast: bool) -> None:
    """By bits or by numbers, with values missing: as a dictionary counts them."""
    rng = np.random.default_rng(0)
    states = [2, 3, 2, 4, 3]
    codes = np.array([rng.integers(-1, s, size=131) for s in states])
    found = Counts(codes, states)
    found._fast = fast and hasattr(np, "bitwise_count")
    for given in ((), (0,), (3, 1), (0, 1, 2)):
        listed = found.joint(given, 4)
        by_hand = {}
        for row in codes.T:
            picked = row[[*given, 4]]
            if (picked >= 0).all():
                key = tuple(picked)
                by_hand[key] = by_hand.get(key, 0) + 1
        assert sorted(listed[listed > 0]) == sorted(by_hand.values())
        shape = [states[k] for k in given]
        if found._fast or len(listed) == np.prod([1, *shape]):
            for key, number in by_hand.items():
                place = int(np.ravel_multi_index(key[:-1], shape)) if given else 0
                assert listed[place, key[-1]] == number


@pytest.mark.parametrize("kinds", ["rrrr", "dddd"])
def test_tests_are_causal_learns(kinds: str) -> None:
    from causallearn.utils.cit import CIT

    frame = columns(np.random.default_rng(2), 200, kinds)
    table = read_table(frame)
    test = independence_test(table)
    theirs = CIT(table.values, test.name)
    for x, y in itertools.combinations(range(4), 2):
        rest = [k for k in range(4) if k not in (x, y)]
        for given in ([], rest[:1], rest):
            assert test(x, y, given) == pytest.approx(float(theirs(x, y, tuple(given) or None)), abs=1e-9)


@pytest.mark.parametrize("kinds", ["rrrr", "dddd", "rdrd"])
def test_test_wise_deletion(kinds: str) -> None:
    """A test on columns with gaps is the test on the rows in which none of its columns has one."""
    rng = np.random.default_rng(3)
    frame = with_gaps(columns(rng, 400, kinds), rng)
    test = independence_test(read_table(frame.rename(columns=str)))
    for x, y, *given in ((0, 1), (0, 2, 1), (1, 3, 0, 2), (0, 3, 1), (1, 3, 2)):
        listed = [x, y, *given]
        alone = frame.iloc[:, listed].dropna()
        kinds_ = {name: ("real" if kinds[k] == "r" else "discrete") for k, name in zip(listed, alone.columns)}
        whole = read_table(alone, kinds_)
        expected = independence_test(whole) if len(set(kinds)) == 1 else type(test)(whole)
        assert test(x, y, given) == pytest.approx(expected(0, 1, list(range(2, len(listed)))), abs=1e-8)
        assert test.rows[min(x, y), max(x, y), tuple(sorted(given))] == len(alone)


def test_tables_with_rare_states_keep_the_level() -> None:
    """1 % states in strata: the χ² law would be far off, random tables are exact."""
    draw = np.random.default_rng(0)
    runs, rejected = 200, 0
    for run in range(runs):
        z = (draw.random(300) < 0.1).astype(int)
        x, y = (draw.random((2, 300)) < 0.02 + 0.3 * z).astype(int)
        table = Table(np.column_stack([x, y, z]).astype(float), (True,) * 3, tuple("xyz"))
        rejected += independence_test(table, seed=run).of("x", "y", "z").p_value < 0.05
    assert rejected <= runs * 0.05 + 3.3 * math.sqrt(runs * 0.05 * 0.95) + 1
    values = np.column_stack([z, z, np.zeros(300)])
    test = independence_test(Table(values, (True,) * 3, tuple("abc")), seed=0)
    assert test.of("a", "b").p_value < 1e-3
    assert test.of("a", "c").p_value == 1


def test_by_name() -> None:
    rng = np.random.default_rng(0)
    frame = with_gaps(columns(rng, 300, "rrr"), rng)
    answer = scores.independence(frame, "v0", "v2", ["v1"])
    table = read_table(frame)
    assert answer == scores.Independence(independence_test(table)(0, 2, [1]), "fisherz", len(frame.dropna()))
    assert answer == scores.independence(frame, "v2", "v0", "v1")
    with pytest.raises(errors.UnknownVariable):
        scores.independence(frame, "v0", "w")
    with pytest.raises(errors.InvalidParameter, match="'v0' is named twice"):
        scores.independence(frame, "v0", "v1", ["v0"])


def test_rows_too_few_to_tell() -> None:
    """As an answer nothing speaks against independence; a search takes no edge away for that."""
    rng = np.random.default_rng(0)
    frame = columns(rng, 4, "rrr")
    assert scores.independence(frame, "v0", "v1", "v2") == scores.Independence(1.0, "fisherz", 4)
    assert independence_test(frame)(0, 1, [2]) == 0
    never = columns(rng, 40, "rrd").assign(v2=list("xyz") + ["x"] * 37)
    never.loc[:19, "v0"], never.loc[20:, "v1"] = math.nan, math.nan
    assert scores.independence(never, "v0", "v1") == scores.Independence(1.0, "regression", 0)
    assert scores.independence(never[["v0", "v1"]], "v0", "v1") == scores.Independence(1.0, "fisherz", 0)
    set_ = columns(rng, 60, "rrr")
    set_.loc[:29, "v1"], set_.loc[30:, "v2"] = 2.5, math.nan  # where v2 is there, v1 is constant
    assert scores.independence(set_, "v1", "v2").p_value == pytest.approx(1, abs=1e-6)
    double = set_.assign(v3=2 * set_["v0"])
    assert scores.independence(double, "v1", "v3", "v0").p_value == 1
    with pytest.raises(errors.InvalidData, match="no columns"):
        scores.independence(frame[[]], "v0", "v1")
