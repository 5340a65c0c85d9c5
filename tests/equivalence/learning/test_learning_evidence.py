"""Learning from columns with values missing; and stopping."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from causalpp import Dag, Knowledge, MarkovEquivalenceClass, errors
from causalpp.crosscheck import check_data
from causalpp.equivalence import SearchStep
from causalpp.equivalence.learning import discovery
from causalpp.graphs.cpdag import Cpdag

METHODS = discovery.METHODS


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


def test_pc_with_missing_values_says_how_many_rows() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3000))
    c = a + b + rng.normal(size=3000)
    frame = with_gaps(pd.DataFrame({"a": a, "b": b, "c": c, "d": c + rng.normal(size=3000)}), rng, 0.2)
    with pytest.warns(errors.IncompleteDataWarning, match="each test used the rows it could"):
        graph, how = discovery.learn(frame, "pc", alpha=0.001)
    assert graph == Cpdag.from_dag(Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d")]))
    assert how["rows"] == 3000
    assert how["rows_used"][0] < how["rows_used"][1] < 3000
    for entry in how["tests"]:
        assert entry["rows"] == len(frame[entry["pair"] + entry["given"]].dropna())


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("kinds", ["rrrr", "dddd", "rdrd"])
def test_scores_use_complete_rows(method: str, kinds: str) -> None:
    rng = np.random.default_rng(5)
    frame = with_gaps(columns(rng, 500, kinds), rng, 0.1)
    said = {f"v{k}": "real" if kind == "r" else "discrete" for k, kind in enumerate(kinds)}
    with pytest.warns(errors.IncompleteDataWarning, match=f"the complete ones, {len(frame.dropna())} of 500"):
        graph, how = discovery.learn(frame, method, kinds=said)
    other, complete = discovery.learn(frame.dropna(), method, kinds=said)
    assert graph == other
    assert how["score"] == complete["score"]
    assert how["rows_used"] == [len(frame.dropna())] * 2


def test_too_few_complete_rows() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)), columns=list("abc"))
    frame.loc[:100, "a"] = np.nan
    frame.loc[98:, "b"] = np.nan
    with pytest.raises(errors.InvalidData, match=r"only 0 of 200 rows have no missing value.*method='pc'"):
        discovery.learn(frame, "ges")
    with pytest.raises(errors.InvalidData, match="'a' and 'b' have no row in which neither is missing"):
        discovery.learn(frame, "pc")
    with pytest.warns(errors.IncompleteDataWarning):
        discovery.learn(frame[["a", "c"]], "pc")


def test_bootstrap_with_missing_values() -> None:
    rng = np.random.default_rng(1)
    frame = with_gaps(columns(rng, 200, "rrr"), rng)
    with pytest.warns(errors.IncompleteDataWarning):
        how = discovery.learn(frame, "pc", bootstrap=5)[1]
    assert how["stability"]["used"] == 5


def test_check_data_with_missing_values() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=2000)
    b = a + rng.normal(size=2000)
    frame = with_gaps(pd.DataFrame({"a": a, "b": b, "c": b + rng.normal(size=2000)}), rng)
    chain = Dag.from_edges([("a", "b"), ("b", "c")])
    coded = (frame > 0).astype(float).where(frame.notna())
    for data in (frame, coded.map({0.0: "low", 1.0: "high"}.get)):
        assert check_data(chain, data).passed or data is not frame  # of thresholds, the chain is no longer Markov
        assert not check_data(Dag("abc", [("a", "b")]), data).passed


# --- progress and stopping ------------------------------------------------------------------------


def network(n: int, d: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    values = np.zeros((n, d))
    for k in range(d):
        parents = [p for p in range(max(0, k - 5), k) if rng.random() < 0.4]
        values[:, k] = values[:, parents].sum(1) + rng.normal(size=n)
    return pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.filterwarnings("ignore::causalpp.errors.RepairWarning")
def test_every_search_says_how_far_it_is(method: str) -> None:
    steps: list[SearchStep] = []
    seen: list[tuple[int, int]] = []
    frame = network(300, 8)
    watched = discovery.learn(frame, method, on_step=steps.append, progress=lambda *s: seen.append(s))
    assert steps[0].seconds >= 0
    assert steps[0].estimate > 0
    assert all(step.method == method and 0 <= step.done <= step.total for step in steps)
    assert len(seen) == len(steps) > 0
    assert watched == discovery.learn(frame, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", ["callback", "interrupt", "time"])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.filterwarnings("ignore::causalpp.errors.RepairWarning")
def test_a_search_can_be_stopped_with_what_there_is(method: str, way: str, known: bool) -> None:
    frame = network(300, 9)
    knowledge = Knowledge(required=[("v7", "v1")], roots=["v3"]) if known else None

    def stop(step: SearchStep) -> bool:
        if way == "interrupt":
            raise KeyboardInterrupt
        return False

    options = {"max_seconds": 1e-9} if way == "time" else {"on_step": stop}
    with pytest.warns(errors.StoppedWarning, match="the best that was found until then"):
        mec = MarkovEquivalenceClass.from_data(frame, method, knowledge=knowledge, **options)
    assert mec.learned["stopped"]
    assert knowledge is None or knowledge.allows(next(mec.members()))


def test_stopped_late_it_has_most_of_it() -> None:
    """What was found when it was stopped is kept: half of the edges, not none."""
    frame = network(2000, 12)
    whole = discovery.learn(frame, "ges")[1]["score"]

    def stop(step: SearchStep) -> bool:
        return step.edges < 6

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.StoppedWarning)
        import causalpp.equivalence.learning.watch as watch

        old, watch._EVERY = watch._EVERY, 0.0
        try:
            graph, how = discovery.learn(frame, "ges", on_step=stop)
        finally:
            watch._EVERY = old
    assert len(graph.directed) + len(graph.undirected) >= 6
    assert how["score"] < whole


def test_a_bootstrap_can_be_stopped() -> None:
    done = []

    def stop(k: int, total: int) -> None:
        done.append(k)
        if k == 3:
            raise KeyboardInterrupt

    with pytest.warns(errors.StoppedWarning, match="bootstrap"):
        how = discovery.learn(network(200, 5), "ges", bootstrap=50, progress=stop)[1]
    assert how["stability"]["used"] == 3
    assert how["stability"]["stopped"]
    with pytest.raises(errors.InvalidParameter, match="max_seconds"):
        discovery.learn(network(50, 3), max_seconds=0)


def test_an_estimate_before_the_search_is_no_evidence() -> None:
    """The tests that are timed for whoever looks on do not count among those that decided."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(200, 4)).cumsum(1)
    values[:, 3] = rng.normal(size=200)
    frame = pd.DataFrame(values > 0, columns=list("abcd")).astype(object).mask(rng.random((200, 4)) < 0.1)
    with pytest.warns(errors.IncompleteDataWarning):
        alone, watched = (discovery.learn(frame, "pc", progress=looks)[1] for looks in (False, lambda *_: None))
    assert alone == watched
    assert alone["rows_used"][0] > len(frame.dropna())
