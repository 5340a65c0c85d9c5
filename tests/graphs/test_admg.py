from itertools import combinations

import numpy as np
import pytest

from causalpp import Dag
from causalpp.graphs import Admg
from causalpp.graphs.random import all_dags

from . import brute


def check(dag):
    admg = dag.latent_projection()
    arrows, arcs = brute.projection(dag.nodes, set(dag.edges), set(dag.latent))
    assert admg.nodes == dag.observed
    assert set(admg.directed) == arrows, dag
    assert set(map(frozenset, admg.bidirected)) == arcs, dag
    assert len(admg.bidirected) == len(arcs)
    place = admg.nodes.index
    assert all(place(a) < place(b) for a, b in admg.bidirected)
    assert list(admg.directed) == sorted(admg.directed, key=lambda e: (place(e[0]), place(e[1])))


def test_projection_is_its_definition_on_every_graph_of_four_variables():
    for dag in all_dags(["a", "b", "c", "d"]):
        for size in range(5):
            for latent in list(combinations(dag.nodes, size))[:2]:
                check(Dag(dag.nodes, dag.edges, latent=latent))


@pytest.mark.parametrize("seed", range(80))
def test_projection_is_its_definition_on_random_graphs(seed):
    generator = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(int(generator.integers(5, 8)))]
    edges = brute.random_edges(names, 0.4, generator)
    check(Dag(names, edges, latent=[name for name in names if generator.random() < 0.45]))


def test_projection_keeps_separations_among_observed_variables():
    # Two observed variables that no observed set separates are joined, by → or ↔ or an inducing path; the easy
    # direction: joined in the projection means never separated.
    generator = np.random.default_rng(0)
    for _ in range(60):
        names = [f"v{i}" for i in range(6)]
        dag = Dag(names, brute.random_edges(names, 0.4, generator), latent=names[:2])
        admg = dag.latent_projection()
        for a, b in {*admg.directed, *admg.bidirected}:
            others = [name for name in dag.observed if name not in (a, b)]
            for size in range(len(others) + 1):
                assert not any(dag.d_separated(a, b, known) for known in combinations(others, size))


def test_known_projections():
    front_door = Dag.from_edges(
        [("smoke", "tar"), ("tar", "cancer"), ("U", "smoke"), ("U", "cancer")], latent={"U"}
    ).latent_projection()
    assert front_door == Admg(("smoke", "tar", "cancer"), (("smoke", "tar"), ("tar", "cancer")), (("smoke", "cancer"),))
    assert repr(front_door) == "Admg('smoke → tar, tar → cancer, smoke ↔ cancer')"
    mediator = Dag.from_edges([("x", "M"), ("M", "y"), ("M", "z")], latent="M").latent_projection()
    assert (mediator.directed, mediator.bidirected) == ((("x", "y"), ("x", "z")), (("y", "z"),))


def test_projection_without_latent_or_without_observed_variables():
    dag = Dag.from_edges([("a", "b"), ("b", "c")], nodes=["a", "b", "c", "d"])
    assert dag.latent_projection() == Admg(dag.nodes, dag.edges, ())
    assert Dag(["u", "v"], [("u", "v")], latent=["u", "v"]).latent_projection() == Admg((), (), ())


def test_an_admg_is_a_value():
    one = Admg(("a", "b"), (("a", "b"),), (("a", "b"),))
    assert one == Admg(("a", "b"), (("a", "b"),), (("a", "b"),))
    assert len({one, Admg(("a", "b"), (("a", "b"),), (("a", "b"),))}) == 1
    assert one != Admg(("a", "b"), (("a", "b"),), ())
