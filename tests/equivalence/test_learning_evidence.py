"""What columns say: counts, scores and tests against slow and obvious ones, with values missing; and stopping."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest

from causalpp import Dag, Knowledge, MarkovEquivalenceClass, errors
from causalpp.crosscheck import check_data
from causalpp.equivalence import SearchStep
from causalpp.equivalence.learning import discovery
from causalpp.graphs.cpdag import Cpdag
from causalpp.scores import counts
from causalpp.scores.independence import independence_test
from causalpp.scores.local import local_score
from causalpp.scores.table import Table

METHODS = discovery.METHODS


def columns(rng: np.random.Generator, n: int, kinds: str) -> pd.DataFrame:
    """Dependent columns: ``r`` for real ones, ``d`` for ones of two or three states."""
    base = rng.normal(size=n)
    out = {}
    for k, kind in enumerate(kinds):
        noisy = base + rng.normal(size=n)
        out[f"v{k}"] = noisy if kind == "r" else np.digitize(noisy, [-0.5, 0.7][: 1 + k % 2])
    return pd.DataFrame(out)


def table_of(frame: pd.DataFrame) -> Table:
    return Table(*discovery.check_frame(frame), tuple(frame.columns))


def with_gaps(frame: pd.DataFrame, rng: np.random.Generator, share: float = 0.15) -> pd.DataFrame:
    return frame.astype(float).mask(rng.random(frame.shape) < share)


@pytest.mark.parametrize("fast", [True, False])
def test_counts_are_counts(fast: bool) -> None:
    """By bits or by numbers, with values missing: as a dictionary counts them."""
    rng = np.random.default_rng(0)
    states = [2, 3, 2, 4, 3]
    codes = np.array([rng.integers(-1, s, size=131) for s in states])
    found = counts.Counts(codes, states)
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


@pytest.mark.parametrize("kinds", ["rrrrr", "ddddd", "rdrdr"])
def test_gains_are_differences_of_scores(kinds: str) -> None:
    score = local_score(table_of(columns(np.random.default_rng(1), 300, kinds)))
    for target, parents in ((0, 0), (1, 0b101), (4, 0b1010), (2, 0b11001)):
        gains = score.gains(target, parents)
        for k in range(5):
            if k == target or parents >> k & 1:
                assert gains[k] == -np.inf
            else:
                slow = score.of(target, parents | 1 << k) - score.of(target, parents)
                assert gains[k] == pytest.approx(slow, abs=1e-7)


@pytest.mark.parametrize("kinds", ["rrrr", "dddd"])
def test_tests_are_causal_learns(kinds: str) -> None:
    from causallearn.utils.cit import CIT

    frame = columns(np.random.default_rng(2), 200, kinds)
    table = table_of(frame)
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
    test = independence_test(table_of(frame.rename(columns=str)))
    for x, y, *given in ((0, 1), (0, 2, 1), (1, 3, 0, 2), (0, 3, 1), (1, 3, 2)):
        listed = [x, y, *given]
        alone = frame.iloc[:, listed].dropna()
        kinds_ = {name: ("real" if kinds[k] == "r" else "discrete") for k, name in zip(listed, alone.columns)}
        values, discrete = discovery.check_frame(alone, kinds_)
        whole = Table(values, discrete, tuple(alone.columns))
        expected = independence_test(whole) if len(set(kinds)) == 1 else type(test)(whole)
        assert test(x, y, given) == pytest.approx(expected(0, 1, list(range(2, len(listed)))), abs=1e-8)
        assert test.rows[min(x, y), max(x, y), tuple(sorted(given))] == len(alone)


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
