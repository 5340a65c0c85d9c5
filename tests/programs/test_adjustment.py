"""Adjustment sets, front doors and instruments against brute force; estimates by adjustment against the truth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.graphs import Admg
from causalpp.programs import Table
from causalpp.programs.identification import (
    Instrument,
    Joint,
    adjusted_effect,
    adjustment_sets,
    backdoor_sets,
    frontdoor_sets,
    identify,
    instruments,
    is_adjustment_set,
    optimal_adjustment_set,
)


def random_dag(rng: np.random.Generator, d: int, hidden: int) -> Dag:
    names = [f"V{i}" for i in range(d)]
    edges = [pair for pair in combinations(names, 2) if rng.random() < 0.45]
    latent = [str(v) for v in rng.choice(names, size=hidden, replace=False)]
    return Dag([str(v) for v in rng.permutation(names)], edges, latent=latent)


def subsets(names: list[str]) -> list[frozenset[str]]:
    return [frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size)]


def minimal(sets: list[frozenset[str]]) -> set[frozenset[str]]:
    return {s for s in sets if not any(t < s for t in sets)}


def pearl_back_door(dag: Dag, x: str, y: str, z: frozenset[str]) -> bool:
    """The criterion by its words: no descendants, and every path that begins with an edge into x is blocked."""
    cut = Dag(dag.nodes, [e for e in dag.edges if e[0] != x], latent=dag.latent)
    return not dag.descendants(x) & z and cut.d_separated(x, y, z)


def linear_adjustment(dag: Dag, x: str, y: str, z: frozenset[str], rng: np.random.Generator) -> bool:
    """Whether regression adjustment is right in a random linear model: generic, hence necessary and sufficient."""
    at = {v: place for place, v in enumerate(dag.topological_order)}
    total = total_effects(dag, rng)
    covariance = total.T @ np.diag(rng.uniform(0.5, 2, len(at))) @ total
    use = [at[v] for v in (x, *sorted(z))]
    slope = np.linalg.solve(covariance[np.ix_(use, use)], covariance[use, at[y]])[0]
    return bool(abs(slope - total[at[x], at[y]]) < 1e-9)


def total_effects(dag: Dag, rng: np.random.Generator) -> np.ndarray:
    """The total effect of each variable (row) on each (column), in topological order, of random weights."""
    at = {v: place for place, v in enumerate(dag.topological_order)}
    total = np.eye(len(at))
    for v in at:
        for p in dag.parents(v):
            total[:, at[v]] += total[:, at[p]] * rng.normal()
    return total


@pytest.mark.slow
def test_sets_against_brute_force() -> None:
    """80 random graphs: the criterion is right in linear models, and the minimal sets are all of them."""
    rng = np.random.default_rng(0)
    for _ in range(80):
        dag = random_dag(rng, 6, int(rng.integers(0, 3)))
        x, y = (str(v) for v in rng.choice(dag.observed, size=2, replace=False))
        every = subsets([v for v in dag.observed if v not in (x, y)])
        valid = [z for z in every if is_adjustment_set(dag, x, y, z)]
        for z in every:
            right = linear_adjustment(dag, x, y, z, rng)
            assert right or z not in valid
            if right and z not in valid:
                # The criterion is about every functional form; linear ones may forgive forbidden descendants.
                assert _forbidden(dag, x, y) & z
        assert set(adjustment_sets(dag, x, y)) == minimal(valid)
        assert set(backdoor_sets(dag, x, y)) == minimal([z for z in every if pearl_back_door(dag, x, y, z)])
        best = optimal_adjustment_set(dag, x, y)
        assert best is None or best in valid
        if not dag.latent and valid and y in dag.descendants(x):
            assert best is not None
            assert all(variance(dag, x, y, best, seed) <= variance(dag, x, y, z, seed) + 1e-9
                       for z in valid for seed in range(2))  # fmt: skip


def _forbidden(dag: Dag, x: str, y: str) -> frozenset[str]:
    causal = (dag.descendants(x) & (dag.ancestors(y) | {y})) - {x}
    return frozenset(causal | dag.descendants(causal))


def variance(dag: Dag, x: str, y: str, z: frozenset[str], seed: int) -> float:
    """The asymptotic variance of the regression estimate in a linear model: var(y | x, z) / var(x | z)."""
    order = list(dag.topological_order)
    total = total_effects(dag, np.random.default_rng(seed))
    covariance = total.T @ total

    def rest(name: str, given: list[str]) -> float:
        i, g = order.index(name), [order.index(n) for n in given]
        cross = covariance[i, g]
        return float(covariance[i, i] - (cross @ np.linalg.solve(covariance[np.ix_(g, g)], cross) if g else 0.0))

    return rest(y, [x, *sorted(z)]) / rest(x, sorted(z))


def test_sets_of_treatments_and_outcomes() -> None:
    rng = np.random.default_rng(1)
    some = 0
    for _ in range(80):
        dag = random_dag(rng, 7, int(rng.integers(0, 3)))
        pool = [str(v) for v in rng.permutation(dag.observed)]
        x, y, rest = pool[:2], pool[2:3], pool[3:]
        valid = [z for z in subsets(rest) if is_adjustment_set(dag, x, y, z)]
        assert set(adjustment_sets(dag, x, y)) == minimal(valid)
        some += len(valid) > 1
    assert some > 10


def test_front_doors_are_right() -> None:
    """Every front-door set gives the effect, in random programs with latents."""
    rng = np.random.default_rng(2)
    some = 0
    for _ in range(400):
        dag = random_dag(rng, 5, int(rng.integers(1, 3)))
        x, y = (str(v) for v in rng.choice(dag.observed, size=2, replace=False))
        doors = frontdoor_sets(dag, x, y)
        if not doors:
            continue
        some += 1
        tables = {
            v: Table((0, 1), dag.parents(v), rng.dirichlet((1, 1), size=(2,) * len(dag.parents(v)))) for v in dag.nodes
        }
        program = cpp.compile(dag, mechanisms=tables)
        joint = Joint.from_program(program)
        exact = np.array([program.do({x: i}).probabilities(y) for i in (0, 1)])
        for door in doors:
            m = tuple(sorted(door))
            table = joint.marginal((x, *m, y)).reshape(2, -1, 2)
            through = table.sum(2) / table.sum((1, 2))[:, None]
            back = np.einsum("xmy,x->my", table / table.sum(2, keepdims=True), table.sum((1, 2)))
            np.testing.assert_allclose(through @ back, exact, atol=1e-9)
    assert some > 5


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        (Admg(("z", "x", "y"), (("z", "x"), ("x", "y")), (("x", "y"),)), [Instrument("z", frozenset())]),
        (Admg(("z", "x", "y"), (("z", "x"), ("x", "y"), ("z", "y")), (("x", "y"),)), []),
        (
            Admg(("w", "z", "x", "y"), (("w", "z"), ("w", "y"), ("z", "x"), ("x", "y")), (("x", "y"),)),
            [Instrument("z", frozenset("w"))],
        ),
        (Admg(("x", "y", "z"), (("x", "y"), ("x", "z")), (("x", "y"),)), []),
    ],
)
def test_instruments(graph: Admg, found: list[Instrument]) -> None:
    assert list(instruments(graph, "x", "y")) == found


def test_instruments_in_linear_models() -> None:
    """cov(z, y | w) / cov(z, x | w) is the effect, in random linear models."""
    rng = np.random.default_rng(3)
    some = 0
    for _ in range(300):
        dag = random_dag(rng, 6, 2)
        x, y = (str(v) for v in rng.choice(dag.observed, size=2, replace=False))
        for instrument in instruments(dag, x, y):
            some += 1
            order = list(dag.topological_order)
            total = pd.DataFrame(np.eye(len(order)), index=order, columns=order)
            for v in order:
                for p in dag.parents(v):
                    total[v] += total[p] * rng.normal()
            covariance = total.T.to_numpy() @ total.to_numpy()
            at = {v: i for i, v in enumerate(order)}
            z, w = at[instrument.variable], [at[v] for v in sorted(instrument.given)]
            inverse = np.linalg.pinv(covariance[np.ix_(w, w)])
            partial = covariance - covariance[:, w] @ inverse @ covariance[w, :]
            assert partial[z, at[y]] / partial[z, at[x]] == pytest.approx(total.loc[x, y], abs=1e-6)
    assert some > 20


def test_too_many() -> None:
    pairs = [(f"a{i}", f"b{i}") for i in range(15)]
    edges = [("x", "y"), *pairs, *((a, "x") for a, _ in pairs), *((b, "y") for _, b in pairs)]
    with pytest.raises(errors.TooLarge, match="more than 100 minimal sets"):
        adjustment_sets(Dag.from_edges(edges), "x", "y", limit=100)
    assert optimal_adjustment_set(Dag.from_edges(edges), "x", "y") == {f"b{i}" for i in range(15)}
    assert identify(Dag.from_edges(edges), "x", "y").reason.startswith("back door with {")


# --- estimates ---------------------------------------------------------------------------------------------------

CONFOUNDED = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])
TABLES = {
    "z": Table((0, 1, 2), (), np.array([0.5, 0.3, 0.2])),
    "x": Table((0, 1), ("z",), np.array([[0.7, 0.3], [0.5, 0.5], [0.2, 0.8]])),
    "y": Table(
        (0, 1), ("x", "z"), np.array([[[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]], [[0.7, 0.3], [0.4, 0.6], [0.2, 0.8]]])
    ),
}


def test_plug_in_standard_error() -> None:
    """200 frames: the estimates scatter as the standard error says, and it is the formula's own value."""
    program = cpp.compile(CONFOUNDED, mechanisms=TABLES)
    exact = program.do(x=1).distribution("y")[1] - program.do(x=0).distribution("y")[1]
    scores = []
    for seed in range(200):
        rows = program.simulate(500, seed=seed)
        found = adjusted_effect(rows, "x", "y", "z")
        scores.append((found.value - exact) / found.standard_error)
    assert found.value == pytest.approx(identify(CONFOUNDED, "x", "y").effect(rows, 1, 0), abs=1e-12)
    assert found.value == pytest.approx(found.under_treated - found.under_control)
    # Squares of 200 standard scores: chi-square but for the bias of small strata.
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 200)
    assert 0.95 * low < np.square(scores).sum() < 1.05 * high


def test_regression_standard_error() -> None:
    rng = np.random.default_rng(5)
    scores = []
    for _ in range(200):
        z = rng.normal(size=300)
        group = rng.choice(["a", "b"], size=300)
        x = z + rng.normal(size=300)
        y = 1.5 * x + z + (group == "b") + rng.normal(size=300) * (0.5 + abs(z))
        rows = pd.DataFrame({"z": z, "g": group, "x": x, "y": y})
        found = adjusted_effect(rows, "x", "y", ["z", "g"], treated=2.0, control=0.0, method="regression")
        scores.append((found.value - 3.0) / found.standard_error)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 200)
    assert 0.95 * low < np.square(scores).sum() < 1.05 * high
    a, b = found.interval(0.9)
    assert a < found.value < b
    assert float(found) == found.value == found.to_dict()["value"]


def test_bad_estimates() -> None:
    rows = pd.DataFrame({"z": [0, 0, 1, 1], "x": [0, 1, 0, 0], "y": ["no", "yes", "no", "yes"]})
    with pytest.raises(errors.InvalidData, match="no row has x=1, z=1"):
        adjusted_effect(rows, "x", "y", "z", state="yes")
    with pytest.raises(errors.InvalidData, match="'y' is not of numbers: for an outcome say state="):
        adjusted_effect(rows.assign(y=["lo", "mid", "lo", "mid"]), "x", "y")
    with pytest.raises(errors.UnknownVariable, match="among the columns"):
        adjusted_effect(rows, "x", "y", "w", state="yes")
    with pytest.raises(errors.UnknownState):
        adjusted_effect(rows, "x", "y", "z", state="maybe")
    with pytest.raises(errors.InvalidParameter, match="different columns"):
        adjusted_effect(rows, "x", "y", "x")
    with pytest.raises(errors.InvalidParameter, match="method is"):
        adjusted_effect(rows, "x", "y", method="ols")
    with pytest.raises(errors.InvalidData, match="no rows"):
        adjusted_effect(rows[:0], "x", "y")
    with pytest.raises(errors.InvalidData, match="no single answer"):
        adjusted_effect(rows.assign(y=0, w=rows.x), "x", "y", "w", method="regression")
    with pytest.raises(errors.InvalidParameter, match="confidence level"):
        adjusted_effect(rows.assign(y=1), "x", "y").interval(95)
    with pytest.raises(errors.InvalidParameter, match="both treatment and given"):
        is_adjustment_set(CONFOUNDED, "x", "y", "x")
    with pytest.raises(errors.InvalidParameter, match="one treatment"):
        frontdoor_sets(CONFOUNDED, ["x", "z"], "y")
