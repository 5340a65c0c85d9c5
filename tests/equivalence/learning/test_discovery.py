"""Classes from data: right on data that determine them, and a clear refusal of data that do not."""

from __future__ import annotations

import contextlib
import io
import json
import random
import warnings
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from causalpp import Dag, Knowledge, MarkovEquivalenceClass, errors
from causalpp._bits import masks_of
from causalpp.equivalence.learning import discovery, skeleton
from causalpp.equivalence.learning.orders import Best, boss
from causalpp.equivalence.learning.rules import Rules
from causalpp.equivalence.learning.watch import Watch
from causalpp.graphs import all_dags
from causalpp.graphs.cpdag import Cpdag
from causalpp.scores import Objective, local_score, read_table


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


GOOD = pd.DataFrame({"x": [0.1, 1.2, 2.3, 0.4] * 5, "y": [1.5, 0.2, 0.9, 3.3] * 5})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (GOOD[["x"]], "at least two columns"),
        (GOOD[:0], "no rows"),
        (GOOD.assign(y=1.0), "'y' is constant"),
        (GOOD.assign(y=np.nan), "'y' has no values"),
        (GOOD.assign(y=[np.nan] * 19 + [3.5]), "'y' is constant"),
        (GOOD.assign(y=[np.inf] + [1.5, 2.0] * 9 + [3.5]), "'y' has infinite"),
        (GOOD.set_axis(["x", "x"], axis=1), "'x' is used more than once"),
        (pd.DataFrame({"x": range(100), "y": [f"id {i}" for i in range(100)]}), "text with 100 different"),
    ],
)
def test_bad_frames(frame: pd.DataFrame, message: str) -> None:
    for method in ("pc", "ges"):
        with pytest.raises(errors.InvalidData, match=message):
            MarkovEquivalenceClass.from_data(frame, method)


def test_bad_options() -> None:
    with pytest.raises(errors.InvalidParameter, match="unknown method"):
        MarkovEquivalenceClass.from_data(GOOD, "magic")
    with pytest.raises(errors.InvalidParameter, match="alpha"):
        MarkovEquivalenceClass.from_data(GOOD, alpha=1.5)


METHODS = discovery.METHODS
BY_SCORE = METHODS[1:]
COLLIDER = Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d")])


def discrete_data(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    a, b = rng.random(n) < 0.5, rng.random(n) < 0.4
    c = rng.random(n) < np.where(a, 0.75, 0.3) - np.where(b, 0.25, 0.0)
    d = rng.random(n) < np.where(c, 0.8, 0.2)
    return pd.DataFrame({"a": np.where(a, "yes", "no"), "b": b, "c": c.astype(int), "d": pd.Categorical(d)})


def mixed_data(n: int, seed: int) -> pd.DataFrame:
    """A discrete and a continuous cause of a continuous variable, and two discrete effects of it in turn."""
    rng = np.random.default_rng(seed)
    a, b = rng.choice(["low", "mid", "high"], size=n), rng.normal(size=n)
    c = np.select([a == "low", a == "mid"], [0.0, 1.0], 2.0) + b + rng.normal(size=n)
    d = rng.random(n) < 1 / (1 + np.exp(1.0 - c))
    e = rng.random(n) < np.where(d, 0.8, 0.3)
    return pd.DataFrame({"a": a, "b": b, "c": c, "d": d, "e": e})


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_continuous_data(method: str) -> None:
    graph, how = discovery.learn(linear_data(DAG, 4000, seed=0), method, alpha=0.001)
    assert graph == Cpdag.from_dag(DAG)
    assert how["test"] == ("fisherz" if method == "pc" else "BIC")
    json.dumps(how)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_discrete_data(method: str) -> None:
    graph, how = discovery.learn(discrete_data(5000, 1), method)
    assert graph == Cpdag.from_dag(COLLIDER)
    assert how["test"] == ("chisq" if method == "pc" else "BDeu")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_every_method_on_mixed_data(method: str, seed: int) -> None:
    truth = Dag.from_edges([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e")])
    graph, how = discovery.learn(mixed_data(2000, seed), method, alpha=0.001)
    assert graph == Cpdag.from_dag(truth)
    assert how["test"] == ("regression" if method == "pc" else "degenerate Gaussian BIC")
    json.dumps(how)


@pytest.mark.parametrize("seed", range(6))
def test_ges_agrees_with_causal_learn(seed: int) -> None:
    from causallearn.search.ScoreBased.GES import ges

    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(6)]
    dag = Dag(names, [(names[i], names[j]) for i in range(6) for j in range(i + 1, 6) if rng.random() < 0.4])
    frame = linear_data(dag, 300, seed)
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = ges(frame.to_numpy(), "local_score_BIC")["G"].graph
    graph, _ = discovery.learn(frame, "ges")
    assert np.array_equal(graph.matrix, (theirs == -1) & ((theirs.T == 1) | (theirs.T == -1)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("known", [False, True])
def test_exact_is_the_best_of_all_graphs(seed: int, known: bool) -> None:
    rng = np.random.default_rng(seed)
    names = tuple("wxyz")
    dag = Dag(names, [(names[i], names[j]) for i in range(4) for j in range(i + 1, 4) if rng.random() < 0.6])
    frame = linear_data(dag, 60, seed)[list(names)]
    score = local_score(read_table(frame))
    best = max(
        score.total(masks_of(matrix.T))
        for matrix in all_dags(4).adjacency.numpy()
        if not known or (matrix[3, 0] and not matrix[1, 2] and not matrix[2, 1])
    )
    knowledge = {"required": [("z", "w")], "forbidden": [("x", "y"), ("y", "x")]} if known else {}
    graph, how = discovery.learn(frame, "exact", **knowledge)
    assert how["score"] == pytest.approx(best)
    others = [discovery.learn(frame, method, **knowledge)[1]["score"] for method in ("ges", "grasp", "boss")]
    assert max(others) < best + 1e-6
    assert not known or graph.directed.count(("z", "w")) == 1


def test_exact_has_a_limit() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 13)))
    with pytest.raises(errors.TooLarge, match="at most 12 variables"):
        discovery.learn(frame, "exact")


# --- knowledge ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_knowledge_orients_the_class(method: str) -> None:
    frame = linear_data(DAG, 3000, seed=0)
    graph, how = discovery.learn(frame, method, alpha=0.001, required=[("f", "a")], tiers=["fab", "cde"])
    assert graph == Cpdag.from_dag(DAG).orient([("f", "a")])
    assert how["knowledge"]["required"] == [["f", "a"]]
    assert "repaired" not in how


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_knowledge_against_the_data_is_kept(method: str, seed: int) -> None:
    """Whatever the data say, required edges are there and forbidden ones are not."""
    frame = linear_data(DAG, 200, seed)
    required, forbidden = [("e", "b"), ("d", "c")], [("a", "c"), ("c", "a"), ("d", "e")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.RepairWarning)  # pc, whose tests the knowledge contradicts
        graph, _ = discovery.learn(frame, method, required=required, forbidden=forbidden)
    for dag in MarkovEquivalenceClass.from_cpdag(graph).members(limit=20):
        assert set(required) <= set(dag.edges)
        assert not set(forbidden) & set(dag.edges)


@pytest.mark.parametrize(
    ("knowledge", "error", "message"),
    [
        ({"required": [("a", "b"), ("b", "a")]}, errors.InvalidGraph, "cycle"),
        ({"required": [("a", "b")], "forbidden": [("a", "b")]}, errors.InvalidGraph, "both required and forbidden"),
        ({"required": [("c", "a")], "tiers": ["a", "bcd"]}, errors.InvalidGraph, "both required and forbidden"),
        ({"tiers": ["ab", "bc"]}, errors.InvalidGraph, "two tiers"),
        ({"forbidden": [("a", "nobody")]}, errors.UnknownVariable, "nobody"),
        ({"tiers": [["a", "nobody"]]}, errors.UnknownVariable, "nobody"),
    ],
)
def test_knowledge_that_contradicts_itself(knowledge: dict, error: type[Exception], message: str) -> None:
    for method in METHODS:
        with pytest.raises(error, match=message):
            discovery.learn(discrete_data(100, 0), method, **knowledge)


def partial(frame: pd.DataFrame, a: str, b: str) -> float:
    """The partial correlation of two columns given all others."""
    precision = np.linalg.inv(np.corrcoef(frame.to_numpy().T))
    i, j = (list(frame).index(name) for name in (a, b))
    return -precision[i, j] / np.sqrt(precision[i, i] * precision[j, j])


def test_knowledge_in_a_cycle_of_found_edges() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=5000)
    b = a + rng.normal(size=5000)
    frame = pd.DataFrame({"a": a, "b": b, "c": a + 0.3 * b + rng.normal(size=5000)})
    circle = [("b", "a"), ("c", "b"), ("a", "c")]
    strength = {pair: abs(partial(frame, *pair)) for pair in ("ab", "bc", "ac")}
    weakest = min(strength, key=strength.__getitem__)
    assert weakest == "bc"
    with pytest.warns(errors.RepairWarning, match="in a cycle: b – c") as caught:
        graph, how = discovery.learn(frame, "pc", forbidden=circle)
    assert caught[0].message.removed == (("b", "c"),)
    assert how["repaired"]["removed"] == [["b", "c"]]
    assert [(entry["pair"], entry["by"]) for entry in how["tests"]] == [(["b", "c"], "repair")]
    assert graph.directed == (("a", "b"), ("c", "a"))
    with pytest.warns(errors.RepairWarning, match="in a cycle: a – c"):  # a required edge stays, however weak
        graph, _ = discovery.learn(frame, "pc", forbidden=circle, required=[("a", "b"), ("b", "c")])
    assert graph.directed == (("a", "b"), ("b", "c"))
    for method in ("exact", "boss", "grasp"):
        graph, _ = discovery.learn(frame, method, forbidden=circle)
        assert not set(circle) & set(graph.directed)


class _Lifted(Objective):
    """Scores that are higher by a number for each column, which no graph gains by."""

    lift = 0.0

    def of(self, target: int, parents: int) -> float:
        return super().of(target, parents) + self.lift * (target + 1)


@pytest.mark.parametrize("seed", [20, 27])
def test_orders_that_are_equally_good_are_so_whatever_is_rounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(150, 6))
    weights = np.triu(rng.normal(size=(6, 6)) * (rng.random((6, 6)) < 0.5), 1)
    for k in range(6):
        values[:, k] += values @ weights[:, k]
    table = read_table(
        pd.DataFrame({f"v{k}": v if k % 2 else np.digitize(v, [-0.5, 0.7]) for k, v in enumerate(values.T)})
    )
    found = []
    for lift in (0.0, 1000 / 3, -12345.678):
        objective, rules, watch = _Lifted(local_score(table)), Rules.none(6), Watch()
        objective.lift = lift
        best = Best(watch, objective, rules)
        boss(objective, rules, watch, best, seed=0)
        found.append(best.parents)
    assert found[0] == found[1] == found[2]


# --- stability, and what decided ------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_bootstrap(method: str) -> None:
    frame, seen = discrete_data(400, 0), []
    options = {"bootstrap": 8, "seed": 5}
    _, how = discovery.learn(frame, method, progress=lambda done, all_: seen.append((done, all_)), **options)
    assert seen == [(k, 8) for k in range(1, 9)]
    assert discovery.learn(frame, method, **options)[1] == how
    assert json.loads(json.dumps(how["stability"])) == how["stability"]
    assert how["stability"]["used"] == 8
    table = discovery.stability_frame(how)
    assert len(table) == 6
    assert (table["adjacent"] - table[["a_to_b", "b_to_a", "undirected"]].sum(axis=1)).abs().max() < 1e-12
    shares = {(row["a"], row["b"]): row["adjacent"] for row in table.to_dict("records")}
    assert shares["c", "d"] == shares["a", "c"] == table.loc[0, "adjacent"] == 1
    assert shares["a", "d"] < 0.5


def test_bootstrap_with_a_rare_state() -> None:
    frame = discrete_data(40, 0).assign(b=[True] + [False] * 39)
    how = discovery.learn(frame, "pc", bootstrap=12)[1]
    assert how["stability"]["used"] == 12
    with pytest.raises(errors.InvalidParameter, match="without bootstrap"):
        discovery.stability_frame(discovery.learn(frame)[1])
    with pytest.raises(errors.InvalidParameter, match="number of resamples"):
        discovery.learn(frame, bootstrap=-1)


def test_what_removed_each_edge() -> None:
    frame = linear_data(DAG, 3000, seed=0)
    graph, how = discovery.learn(frame, "pc", forbidden=[("d", "e"), ("e", "d")])
    assert {frozenset(entry["pair"]) for entry in how["tests"]} == {
        frozenset(pair)
        for pair in combinations(graph.nodes, 2)
        if frozenset(pair) not in set(map(frozenset, DAG.edges))
    } | {frozenset("de")}
    assert [entry["pair"] for entry in how["tests"] if entry["by"] == "knowledge"] == [["d", "e"]]
    covariance = frame.corr()
    for entry in how["tests"]:
        names = entry["pair"] + entry["given"]
        inverse = np.linalg.inv(covariance.loc[names, names])
        z = np.arctanh(-inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])) * np.sqrt(3000 - len(names) - 1)
        assert entry["p"] == pytest.approx(2 * norm.sf(abs(z)), abs=1e-9)
        assert (entry["p"] > 0.01) == (entry["by"] == "test")


def test_the_callers_random_numbers_are_left_alone() -> None:
    frame = linear_data(DAG, 200, seed=0)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.Random(1).random(), np.random.RandomState(1).random()
    for method in METHODS:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        first = discovery.learn(frame, method, seed=3)
        assert (random.random(), np.random.random()) == expected  # noqa: NPY002
        random.seed(99)
        assert discovery.learn(frame, method, seed=3) == first


@pytest.mark.filterwarnings("ignore::causalpp.errors.RepairWarning")
def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    for method in METHODS:
        for frame in (linear_data(DAG, 100, 0), discrete_data(100, 0), mixed_data(100, 0)):
            discovery.learn(frame, method)
    assert capfd.readouterr() == ("", "")


# --- traps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_two_columns(method: str) -> None:
    frame = discrete_data(300, 0)
    assert discovery.learn(frame[["c", "d"]], method)[0].undirected == (("c", "d"),)
    assert discovery.learn(frame[["a", "b"]], method)[0].undirected == ()


@pytest.mark.parametrize("method", METHODS)
def test_functions_of_other_columns_are_named(method: str) -> None:
    frame = linear_data(DAG, 200, seed=0)
    with pytest.raises(errors.InvalidData, match="'copy' is a copy or a linear function"):
        discovery.learn(frame.assign(copy=2 * frame["a"] - frame["b"] + 3), method)
    with pytest.raises(errors.InvalidData, match="more rows than columns"):
        discovery.learn(frame[:5], method)


@pytest.mark.parametrize("method", METHODS)
def test_a_copied_discrete_column_is_refused_as_a_copied_real_one_is(method: str) -> None:
    frame = mixed_data(200, seed=0)
    with pytest.raises(errors.InvalidData, match="'again' says the same as column 'a'"):
        discovery.learn(frame.assign(again=frame["a"]), method)


def test_settle_on_a_square_without_colliders() -> None:
    """Four edges in a ring have no extension without a collider: one is added, and said to be."""
    ring = np.zeros((4, 4), dtype=bool)
    for i in range(4):
        ring[i, (i + 1) % 4] = ring[(i + 1) % 4, i] = True
    none = Rules.none(4)
    dag, repaired = skeleton.settle(ring, [], none)
    assert np.array_equal(dag | dag.T, ring)
    assert len(repaired["added"]) == 1
    # Both colliders of a path of four want the middle edge: the stronger one gets it.
    path = np.zeros((4, 4), dtype=bool)
    path[[0, 1, 1, 2, 2, 3], [1, 0, 2, 1, 3, 2]] = True
    dag, repaired = skeleton.settle(path, [(0.1, (0, 1, 2)), (0.01, (1, 2, 3))], none)
    assert repaired == {"dropped": [(0, 1, 2)], "added": []}
    assert dag[1, 2]
    assert dag[3, 2]


def test_contradictory_samples_are_repaired() -> None:
    """Few rows of dense graphs make the tests contradict each other; the result is a class all the same."""
    repairs = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        names = [f"v{i}" for i in range(8)]
        dag = Dag(names, [(names[i], names[j]) for i in range(8) for j in range(i + 1, 8) if rng.random() < 0.5])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            graph, how = discovery.learn(linear_data(dag, 40, seed), alpha=0.1)
        said = [w.message for w in caught if isinstance(w.message, errors.RepairWarning)]
        assert [{"dropped": list(map(list, s.dropped)), "added": list(map(list, s.added))} for s in said] == (
            [how["repaired"]] if "repaired" in how else []
        )
        assert all("→" in str(s) for s in said)
        assert Cpdag.from_dag(next(MarkovEquivalenceClass.from_cpdag(graph).members())) == graph
        removed = {frozenset(entry["pair"]) for entry in how["tests"]}
        joined = {frozenset(edge) for edge in graph.directed + graph.undirected}
        assert removed | joined == set(map(frozenset, combinations(names, 2)))
        assert not removed & joined
        repairs += "repaired" in how
        json.dumps(how)
    assert repairs > 20


@pytest.mark.parametrize("tiers", [False, True])
def test_pc_with_perfect_tests(tiers: bool) -> None:
    """Told every d-separation, PC finds the class of every Dag on 4 variables, and of random larger ones."""
    rng = np.random.default_rng(0)
    names = tuple(f"v{i}" for i in range(8))
    larger = [
        Dag(names, [(a, b) for a, b in combinations(rng.permutation(names).tolist(), 2) if rng.random() < 0.35])
        for _ in range(10)
    ]
    for dag in [*(all_dags(4)[k] for k in range(0, 543, 4)), *larger]:
        known = Cpdag.from_dag(dag)
        order = dag.topological_order
        groups = [order[: len(order) // 2], order[len(order) // 2 :]] if tiers else []
        rules = Rules.of(Knowledge(tiers=groups), dag.nodes)

        def test(x: int, y: int, given: tuple[int, ...], dag: Dag = dag) -> float:
            return float(dag.d_separated(dag.nodes[x], dag.nodes[y], [dag.nodes[k] for k in given]))

        joined, colliders, _ = skeleton.judged(skeleton.pc(test, 0.5, rules), test, rules)
        found, repaired = skeleton.settle(joined, colliders, rules)
        assert Cpdag.from_dag(Dag.from_adjacency(found, dag.nodes)) == known
        assert repaired == {"dropped": [], "added": []} or tiers
        assert not (found & rules.forbidden).any()
