"""Intervention sets against their definitions over all subsets, against published tables, and against models."""

from __future__ import annotations

from itertools import chain, combinations, product

import networkx as nx
import numpy as np
import pytest

from causalpp import Admg, Dag
from causalpp.cbo import intervention_sets
from causalpp.errors import InvalidParameter, TooLarge, UnknownVariable


def subsets(names):
    return chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))


def random_graph(rng, n):
    """A Dag over n observed variables with some latent common causes of two or three of them."""
    names = [f"v{k}" for k in rng.permutation(n)]
    edges = [(a, b) for a, b in combinations(names, 2) if rng.random() < rng.choice([0.3, 0.6])]
    latent = []
    for k in range(rng.integers(0, n)):
        latent.append(f"u{k}")
        edges += [(f"u{k}", str(name)) for name in rng.choice(names, size=min(n, rng.integers(2, 4)), replace=False)]
    return Dag([*names, *latent], edges, latent=latent), names


# --- a second implementation, on networkx and sets, of the definitions ------------------------------------------------


def is_minimal(dag, outcome, chosen):
    cut = nx.DiGraph([e for e in dag.edges if e[1] not in chosen])
    cut.add_nodes_from(dag.nodes)
    return all(name in nx.ancestors(cut, outcome) for name in chosen)


def border_of(dag, outcome, chosen):
    """IB(G with what points at chosen removed, outcome), latent causes as variables of their own."""
    cut = nx.DiGraph([e for e in dag.edges if e[1] not in chosen])
    cut.add_nodes_from(dag.nodes)
    ancestral = cut.subgraph(nx.ancestors(cut, outcome) | {outcome})
    observed = set(ancestral) - dag.latent
    shared = nx.Graph()
    shared.add_nodes_from(observed)
    for hidden in set(ancestral) & dag.latent:
        touched = [name for name in ancestral.successors(hidden) if name in observed]
        shared.add_edges_from(combinations(touched, 2))
    territory, size = {outcome}, 0
    while len(territory) > size:
        size = len(territory)
        territory |= set().union(*(nx.node_connected_component(shared, v) for v in territory))
        territory |= set().union(*(nx.descendants(ancestral, v) for v in territory)) & observed
    return {p for v in territory for p in ancestral.predecessors(v)} - dag.latent - territory


@pytest.mark.parametrize("part", range(4))
def test_sets_equal_the_definition_over_all_subsets(part):
    rng = np.random.default_rng(part)
    for _ in range(500):
        dag, names = random_graph(rng, int(rng.integers(1, 7)))
        outcome = str(rng.choice(names))
        found = intervention_sets(dag, outcome=outcome)
        others = [name for name in dag.nodes if name in names and name != outcome]
        minimal = [chosen for chosen in subsets(others) if is_minimal(dag, outcome, chosen)]
        assert set(found.minimal) == set(minimal)
        assert len(found.minimal) == len(minimal)
        best = [chosen for chosen in minimal if border_of(dag, outcome, chosen) == set(chosen)]
        assert list(found.possibly_optimal) == sorted(best, key=lambda c: (len(c), [dag.nodes.index(v) for v in c]))
        for chosen in subsets(others):
            said = found.why(chosen)
            assert ("can be best" in said) == (chosen in best)
            assert ("no way" in said) == (chosen not in minimal)


# --- models -----------------------------------------------------------------------------------------------------------


def best_means(dag, names, outcome, rng, models):
    """For every subset of the others, the best mean of the outcome over its settings, in random binary models."""
    tables = {v: rng.beta(0.5, 0.5, size=(models, *(2,) * len(dag.parents(v)))) for v in dag.nodes}
    others = [name for name in names if name != outcome]

    def mean(setting):
        letters = {v: k for k, v in enumerate(dag.nodes)}
        factors = []
        for v in dag.nodes:
            if v in setting:
                one = np.zeros((models, 2))
                one[:, setting[v]] = 1
                factors += [one, [40, letters[v]]]
            else:
                p = tables[v]
                axes = [40, *(letters[q] for q in dag.parents(v)), letters[v]]
                factors += [np.stack([1 - p, p], axis=-1), axes]
        return np.einsum(*factors, [40, letters[outcome]], optimize="greedy")[:, 1]

    return {
        chosen: np.max([mean(dict(zip(chosen, values))) for values in product((0, 1), repeat=len(chosen))], axis=0)
        for chosen in subsets(others)
    }


def test_no_set_beats_the_best_possibly_optimal_one():
    rng = np.random.default_rng(7)
    for _ in range(200):
        dag, names = random_graph(rng, int(rng.integers(2, 6)))
        outcome = names[-1]
        fixed = [name for name in names[:-1] if rng.random() < 0.2]
        found = intervention_sets(dag, outcome=outcome, fixed=fixed)
        means = best_means(dag, names, outcome, rng, 200)
        by_set = {frozenset(chosen): value for chosen, value in means.items() if not set(chosen) & set(fixed)}
        best = np.max([by_set[frozenset(chosen)] for chosen in found], axis=0)
        assert (np.max(list(by_set.values()), axis=0) <= best + 1e-9).all()


def test_every_possibly_optimal_set_is_alone_best_in_some_model():
    rng = np.random.default_rng(3)
    dag = Dag.from_edges([("Z", "X"), ("X", "Y"), ("U", "X"), ("U", "Y")], latent=["U"])
    found = intervention_sets(dag, outcome="Y")
    means = best_means(dag, ["Z", "X", "Y"], "Y", rng, 20_000)
    for chosen in found:
        rest = np.max([means[other] for other in found if other != chosen], axis=0)
        assert (means[chosen] > rest + 1e-6).any(), chosen


# --- published graphs -------------------------------------------------------------------------------------------------


def test_published_tables():
    toy = intervention_sets(Dag.from_edges([("X", "Z"), ("Z", "Y")]), outcome="Y")
    assert toy.minimal == ((), ("X",), ("Z",))
    assert toy.possibly_optimal == (("Z",),)
    # Aspirin, statin and PSA: age, BMI and cancer cannot be set; PSA is the outcome
    psa = Dag.from_edges(
        [("age", "bmi"), ("age", "aspirin"), ("bmi", "aspirin"), ("age", "statin"), ("bmi", "statin"),
         ("age", "cancer"), ("bmi", "cancer"), ("aspirin", "cancer"), ("statin", "cancer"),
         ("age", "psa"), ("bmi", "psa"), ("aspirin", "psa"), ("statin", "psa"), ("cancer", "psa")]
    )  # fmt: skip
    found = intervention_sets(psa, outcome="psa", fixed=["age", "bmi", "cancer"])
    assert found.minimal == ((), ("aspirin",), ("statin",), ("aspirin", "statin"))
    # age and BMI drive aspirin, statin and PSA alike, so that leaving a drug to what they decide can be best
    assert found.possibly_optimal == found.minimal
    # Z shares latent causes with X and with the outcome
    bandit = Admg(("S", "X", "Z", "Y"), (("S", "X"), ("X", "Y"), ("Z", "Y")), (("Z", "X"), ("Z", "Y")))
    assert set(intervention_sets(bandit, outcome="Y").minimal) == {
        (), ("S",), ("X",), ("Z",), ("S", "Z"), ("X", "Z"),
    }  # fmt: skip


def test_an_admg_and_its_dag_have_the_same_sets():
    rng = np.random.default_rng(11)
    for _ in range(100):
        dag, names = random_graph(rng, 5)
        a, b = (intervention_sets(g, outcome=names[-1]) for g in (dag, dag.latent_projection()))
        assert (a.minimal, a.possibly_optimal) == (b.minimal, b.possibly_optimal)


def test_what_cannot_be_asked_is_refused_in_one_sentence():
    dag = Dag.from_edges([("a", "b"), ("b", "y"), ("u", "y")], latent=["u"])
    with pytest.raises(UnknownVariable):
        intervention_sets(dag, outcome="z")
    with pytest.raises(UnknownVariable):
        intervention_sets(dag, outcome="y", fixed="c")
    with pytest.raises(InvalidParameter, match="latent"):
        intervention_sets(dag, outcome="u")
    with pytest.raises(InvalidParameter, match="leave it out"):
        intervention_sets(dag, outcome="y", fixed="y")
    with pytest.raises(InvalidParameter, match="cannot be set"):
        intervention_sets(dag, outcome="y").why("u")
    wide = Dag.from_edges([(f"x{k}", "y") for k in range(12)])
    with pytest.raises(TooLarge, match="limit="):
        intervention_sets(wide, outcome="y", limit=1000)
    assert len(intervention_sets(wide, outcome="y").minimal) == 2**12
    assert "alone" in intervention_sets(Dag(["y", "x"], []), outcome="y").why(())
    assert intervention_sets(dag, outcome="y").to_json().startswith("{")


def test_the_complete_graph_has_its_published_sets():
    """Aglietti et al. 2020, beside which observing only stands as the empty set."""
    edges = [("F", "A"), ("U1", "A"), ("U1", "Y"), ("U2", "B"), ("U2", "Y"), ("B", "C"), ("C", "D"), ("C", "E"),
             ("A", "E"), ("D", "Y"), ("E", "Y")]  # fmt: skip
    graph = Dag.from_edges(edges, latent=["U1", "U2"])
    found = intervention_sets(graph, outcome="Y", fixed=["A", "C", "F"])
    sets = {frozenset(names) for names in found.minimal}
    assert sets == {frozenset(word) for word in ("", "B", "D", "E", "BD", "BE", "DE")}
    assert {frozenset(names) for names in found} == {frozenset(word) for word in ("", "B", "D", "E", "BD", "DE")}
    assert found.why(["B", "E"]).startswith("{B, E} is never better than {D, E}")
