"""Data selected on a variable, and variables that are adjusted for in any case: what this leaves of adjustment."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import Any

import numpy as np
import pytest

from causalpp import Dag
from causalpp.equivalence import Cpdag
from causalpp.errors import CausalppError, InvalidGraph, InvalidParameter
from causalpp.graphs import Admg, DagBatch, from_dagitty
from causalpp.programs import (
    adjustment_sets,
    backdoor_sets,
    compile,
    frontdoor_sets,
    identify,
    instruments,
    is_adjustment_set,
    optimal_adjustment_set,
)

NAMES = ["x", "y", "a", "b", "s"]


class Model:
    """Binary equations v = f(parents, noise) with all noise listed, so that every world has its exact weight."""

    def __init__(self, dag: Dag, rng: np.random.Generator) -> None:
        self.dag = dag
        noise = np.array(list(product(range(5), repeat=len(dag.nodes))))
        self.noise = {name: noise[:, i] for i, name in enumerate(dag.nodes)}
        weights = [rng.dirichlet(np.full(5, 3.0)) for _ in dag.nodes]
        self.weight = np.prod([w[noise[:, i]] for i, w in enumerate(weights)], axis=0)
        # noise 0 and 1 give 0 and 1 whatever the parents are, so that everything is possible
        self.rules = {v: rng.integers(0, 2, (5, *[2] * len(dag.parents(v)))) for v in dag.nodes}

    def world(self, **do: int) -> dict[str, np.ndarray[Any, Any]]:
        out: dict[str, np.ndarray[Any, Any]] = {}
        for v in self.dag.topological_order:
            u = self.noise[v]
            rule = self.rules[v][(u, *(out[p] for p in self.dag.parents(v)))]
            value = np.where(u < 2, u, rule)
            out[v] = np.full_like(value, do[v]) if v in do else value
        return out

    def under_treatment(self, x: int, given: dict[str, int]) -> float:
        """P(y = 1 under do(x) | what is given in the world as it is)."""
        now, then = self.world(), self.world(x=x)
        mask = np.all([now[v] == value for v, value in given.items()] or [np.ones(len(self.weight), bool)], axis=0)
        return float((self.weight * mask * then["y"]).sum() / (self.weight * mask).sum())

    def adjusted(self, x: int, z: tuple[str, ...], given: dict[str, int]) -> float:
        """Σ_z P(y = 1 | x, z, given) P(z | given)."""
        now = self.world()
        mask = np.all([now[v] == value for v, value in given.items()] or [np.ones(len(self.weight), bool)], axis=0)
        total, found = (self.weight * mask).sum(), 0.0
        for values in product((0, 1), repeat=len(z)):
            cell = mask & np.all([now[v] == value for v, value in zip(z, values)] or [mask], axis=0)
            treated = cell & (now["x"] == x)
            p = (self.weight * treated * now["y"]).sum() / (self.weight * treated).sum()
            found += float(p * (self.weight * cell).sum() / total)
        return found


def random_dag(rng: np.random.Generator) -> Dag:
    order = list(rng.permutation(NAMES))
    edges = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if rng.random() < 0.45]
    return Dag(NAMES, edges)


def subsets(names: list[str]) -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(names, k) for k in range(len(names) + 1)))


def agrees(dag: Dag, z: tuple[str, ...], given: dict[str, int], rng: np.random.Generator) -> bool:
    """Whether adjusting for z gives the effect among those selected, in six random models."""
    for _ in range(6):
        model = Model(dag, rng)
        for x in (0, 1):
            if abs(model.adjusted(x, z, given) - model.under_treatment(x, given)) > 1e-9:
                return False
    return True


@pytest.mark.parametrize("seed", range(7))
def test_under_selection_a_set_is_one_if_it_gives_the_effect_among_those_selected(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(6):
        dag = random_dag(rng)
        marked = Dag(dag.nodes, dag.edges, selected="s")
        sets = []
        for z in subsets(["a", "b"]):
            right = agrees(dag, z, {"s": 1}, rng)
            assert is_adjustment_set(marked, "x", "y", z) == right, (dag, z)
            if right:
                sets.append(frozenset(z))
        minimal = {z for z in sets if not any(other < z for other in sets)}
        assert set(adjustment_sets(marked, "x", "y")) == minimal, dag


@pytest.mark.parametrize("seed", range(4))
def test_an_adjusted_variable_is_part_of_every_set(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    for _ in range(6):
        dag = random_dag(rng)
        marked = Dag(dag.nodes, dag.edges, adjusted="s")
        sets = []
        for z in subsets(["a", "b"]):
            right = agrees(dag, (*z, "s"), {}, rng)
            assert is_adjustment_set(marked, "x", "y", z) == right, (dag, z)
            assert is_adjustment_set(dag, "x", "y", (*z, "s")) == right
            if right:
                sets.append(frozenset({*z, "s"}))
        minimal = {z for z in sets if not any(other < z for other in sets)}
        assert set(adjustment_sets(marked, "x", "y")) == minimal, dag


def test_selection_in_a_dagitty_text() -> None:
    plain = "dag { a -> c ; Z -> a ; Z -> c ; a -> S ; c -> S"
    assert is_adjustment_set(from_dagitty(plain + " }"), "a", "c", ["Z"])
    for mark in ("selected", "s", "adjusted", "a"):
        graph = from_dagitty(plain + f" ; S [{mark}] }}")
        assert not is_adjustment_set(graph, "a", "c", ["Z"])
        assert adjustment_sets(graph, "a", "c") == ()
    mixed = from_dagitty("dag { x -> y; x <-> S; S <-> y; S [selected] }")
    assert isinstance(mixed, Admg)
    assert mixed.selected == {"S"}
    assert not is_adjustment_set(mixed, "x", "y")
    assert is_adjustment_set(from_dagitty("dag { x -> y; x <-> S; S <-> y }"), "x", "y")


def test_a_biasing_path_that_selection_opens_is_blocked_elsewhere() -> None:
    edges = [("x", "y"), ("u", "x"), ("u", "S"), ("v", "S"), ("v", "y")]
    dag = Dag(["x", "y", "u", "v", "S"], edges, selected="S")
    assert not is_adjustment_set(dag, "x", "y")
    assert adjustment_sets(dag, "x", "y") == (frozenset({"u"}), frozenset({"v"}))
    assert backdoor_sets(dag, "x", "y") == (frozenset({"u"}), frozenset({"v"}))
    assert optimal_adjustment_set(dag, "x", "y") is None


def test_selected_variables_are_conditioned_on() -> None:
    dag = Dag(["a", "b", "S"], [("a", "S"), ("b", "S")], selected="S")
    assert not dag.d_separated("a", "b")
    assert Dag(["a", "b", "S"], [("a", "S"), ("b", "S")], adjusted="S").d_separated("a", "b")
    with pytest.raises(InvalidGraph, match="the data are selected on 'S', and nothing is independent of what"):
        dag.d_separated("a", "S")


def test_what_does_not_reckon_with_selection_refuses_it_by_name() -> None:
    import pandas as pd

    dag = Dag(["x", "y", "S"], [("x", "y"), ("y", "S")], selected="S")
    frame = pd.DataFrame({name: [0, 1, 0, 1] for name in dag.nodes})
    refusals: list[Any] = [
        lambda: identify(dag, "x", "y"),
        lambda: instruments(dag, "x", "y"),
        lambda: frontdoor_sets(dag, "x", "y"),
        lambda: compile(dag, data=frame),
        lambda: DagBatch.from_dags([dag]),
        lambda: Cpdag.from_dag(dag),
    ]
    for ask in refusals:
        with pytest.raises(InvalidGraph, match="the data are selected on 'S', and "):
            ask()
    for mark in ("selected", "adjusted"):
        graph = Dag(dag.nodes, dag.edges, **{mark: "x"})
        with pytest.raises(InvalidParameter, match=f"'x' is marked as {mark}, so it cannot be the treatment"):
            is_adjustment_set(graph, "x", "y")


def test_marks_stay_with_the_graph() -> None:
    dag = Dag("abcd", [("a", "b")], selected="c", adjusted="d", exposure="a", outcome="b")
    assert dag.roles == {"selected": {"c"}, "adjusted": {"d"}, "exposure": {"a"}, "outcome": {"b"}}
    assert dag.do("b").roles == dag.roles
    assert dag.subgraph(["a", "c"]).roles == {"selected": {"c"}, "exposure": {"a"}}
    assert dag.rename({"c": "e"}).selected == {"e"}
    assert dag.latent_projection().roles == dag.roles
    assert repr(dag) == "Dag('a → b, c, d', selected={'c'}, adjusted={'d'}, exposure={'a'}, outcome={'b'})"
    assert dag != Dag("abcd", [("a", "b")], adjusted="d")
    assert dag == Dag("abcd", [("a", "b")], selected="c", adjusted="d")  # what is asked is no part of the graph
    with pytest.raises(CausalppError, match="unknown variable 'z' as selected"):
        Dag("ab", selected="z")
