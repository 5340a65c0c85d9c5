"""Classes from data: right on data that determine them, and a clear refusal of data that do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalpp import Dag, MarkovEquivalenceClass, errors
from causalpp.equivalence import discovery


def linear_data(dag: Dag, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for name in dag.topological_order:
        columns[name] = rng.normal(size=n) + sum(columns[p] * rng.choice([-1, 1]) for p in dag.parents(name))
    return pd.DataFrame({name: columns[name] for name in dag.nodes})


DAG = Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e"), ("f", "a")], nodes="fabcde")


@pytest.mark.parametrize("method", ["pc", "ges"])
def test_continuous_data(method: str) -> None:
    frame = linear_data(DAG, 5000, seed=0)
    mec = MarkovEquivalenceClass.from_data(frame, method, alpha=0.001)
    assert mec == MarkovEquivalenceClass.from_dag(DAG)
    assert mec.learned["method"] == method
    assert mec.learned["rows"] == 5000


@pytest.mark.parametrize("method", ["pc", "ges"])
def test_discrete_data_of_any_type(method: str) -> None:
    rng = np.random.default_rng(1)
    n = 5000
    a, b = rng.random(n) < 0.5, rng.random(n) < 0.4
    c = rng.random(n) < np.where(a, 0.75, 0.3) - np.where(b, 0.25, 0.0)
    d = rng.random(n) < np.where(c, 0.8, 0.2)
    frame = pd.DataFrame({"a": np.where(a, "yes", "no"), "b": b, "c": c.astype(int), "d": pd.Categorical(d)})
    mec = MarkovEquivalenceClass.from_data(frame, method)
    assert mec == MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d")]))


GOOD = pd.DataFrame({"x": [0.1, 1.2, 2.3, 0.4] * 5, "y": [1.5, 0.2, 0.9, 3.3] * 5})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (GOOD[["x"]], "at least two columns"),
        (GOOD[:0], "no rows"),
        (GOOD.assign(y=1.0), "'y' is constant"),
        (GOOD.assign(y=[np.nan] + [1.0, 2.0] * 9 + [3.5]), "'y' has missing"),
        (GOOD.assign(y=[np.inf] + [1.5, 2.0] * 9 + [3.5]), "'y' has infinite"),
        (GOOD.set_axis(["x", "x"], axis=1), "'x' is used more than once"),
        (GOOD.assign(y=[0, 1] * 10).assign(x=np.linspace(0, 1, 20)), "discrete and 'x' continuous"),
        (pd.DataFrame({"x": range(100), "y": [f"id {i}" for i in range(100)]}), "text with 100 different"),
    ],
)
def test_bad_frames(frame: pd.DataFrame, message: str) -> None:
    for method in ("pc", "ges"):
        with pytest.raises(errors.InvalidData, match=message):
            MarkovEquivalenceClass.from_data(frame, method)


def test_columns_that_copy_each_other() -> None:
    frame = linear_data(DAG, 200, seed=0)
    frame["copy"] = frame["a"]
    for method in ("pc", "ges"):
        try:
            MarkovEquivalenceClass.from_data(frame, method)
        except errors.InvalidData as error:
            assert "copy" in str(error) or "contradict" in str(error)  # noqa: PT017


def test_bad_options() -> None:
    with pytest.raises(errors.InvalidParameter, match="unknown method"):
        MarkovEquivalenceClass.from_data(GOOD, "magic")
    with pytest.raises(errors.InvalidParameter, match="alpha"):
        MarkovEquivalenceClass.from_data(GOOD, alpha=1.5)


def test_every_end_mark_of_causal_learn() -> None:
    """i → j is graph[j, i] = 1, graph[i, j] = -1; two tails or two heads leave the pair undirected."""
    graph = np.zeros((6, 6), dtype=int)
    graph[1, 0], graph[0, 1] = 1, -1
    graph[2, 3] = graph[3, 2] = -1
    graph[4, 5] = graph[5, 4] = 1
    matrix = discovery._from_causal_learn(graph)
    assert sorted(map(tuple, np.argwhere(matrix))) == [(0, 1), (2, 3), (3, 2), (4, 5), (5, 4)]


@pytest.mark.parametrize("seed", range(20))
def test_noise_never_hangs_and_is_a_class_or_refused(seed: int) -> None:
    """Few rows of dense graphs make the tests contradict each other."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(8)]
    dag = Dag(names, [(names[i], names[j]) for i in range(8) for j in range(i + 1, 8) if rng.random() < 0.5])
    frame = linear_data(dag, 40, seed)
    try:
        mec = MarkovEquivalenceClass.from_data(frame, alpha=0.1)
    except errors.InvalidData as error:
        assert "no acyclic member" in str(error)  # noqa: PT017
    else:
        assert MarkovEquivalenceClass.from_dag(next(mec.members())) == mec
