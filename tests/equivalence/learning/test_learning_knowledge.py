"""Searches under background knowledge: what they find, held against every graph there is."""

from __future__ import annotations

import json
import warnings
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from causalpp import Dag, Knowledge, MarkovEquivalenceClass, errors
from causalpp._bits import masks_of
from causalpp.equivalence.learning import discovery
from causalpp.graphs import all_dags
from causalpp.graphs.cpdag import Cpdag
from causalpp.scores import local_score, read_table

METHODS = discovery.METHODS
BY_SCORE = METHODS[1:]


def chain_of_sums(n: int = 4000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    a = rng.normal(size=n)
    b = a + rng.normal(size=n)
    return pd.DataFrame({"a": a, "b": b, "c": a + b + rng.normal(size=n)})


@pytest.mark.parametrize("method", METHODS)
def test_true_tiers_keep_the_edge_within(method: str) -> None:
    """A triangle of which the last corner is known to be last: the first two stay joined."""
    mec = MarkovEquivalenceClass.from_data(chain_of_sums(), method, knowledge=Knowledge(tiers=[["a", "b"], ["c"]]))
    assert mec.cpdag.directed == (("a", "c"), ("b", "c"))
    assert mec.cpdag.undirected == (("a", "b"),)


@pytest.mark.parametrize("method", BY_SCORE)
def test_required_edges_against_the_data(method: str) -> None:
    """X → Y → Z with Z → Y required as well: a good graph joins X and Z, and the best one is found."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    y = x + rng.normal(size=500)
    frame = pd.DataFrame({"X": x, "Y": y, "Z": y + rng.normal(size=500)})
    required = [("X", "Y"), ("Z", "Y")]
    graph, how = discovery.learn(frame, method, required=required)
    assert how["score"] == pytest.approx(best_of_all(frame, Knowledge(required)), abs=1e-6)
    assert {frozenset(e) for e in (*graph.directed, *graph.undirected)} == {
        frozenset("XY"), frozenset("YZ"), frozenset("XZ")
    }  # fmt: skip


def best_of_all(frame: pd.DataFrame, known: Knowledge) -> float:
    """The highest score of all Dags that agree with the knowledge, each looked at."""
    names = tuple(frame.columns)
    score = local_score(read_table(frame))
    dags = all_dags(len(names))
    renamed = [Dag.from_adjacency(matrix, names) for matrix in dags.adjacency.numpy()]
    return max(score.total(masks_of(dag.adjacency.T)) for dag in renamed if known.allows(dag))


def draw(rng: np.random.Generator, d: int, discrete: bool, n: int) -> pd.DataFrame:
    """Rows of a random network of linear-Gaussian or discrete variables."""
    order = rng.permutation(d)
    density = rng.uniform(0.3, 0.9)
    values = np.zeros((n, d))
    for place, k in enumerate(order):
        parents = [p for p in order[:place] if rng.random() < density]
        if discrete:
            configuration = np.zeros(n, dtype=int)
            for p in parents:
                configuration = configuration * 3 + values[:, p].astype(int)
            law = rng.dirichlet(np.full(rng.integers(2, 4), 0.7), size=3 ** len(parents))
            values[:, k] = (rng.random(n)[:, None] > law[configuration].cumsum(1)[:, :-1]).sum(1)
            values[:2, k] = 0, 1
        else:
            weights = rng.choice([-1, 1], len(parents)) * rng.uniform(0.5, 2, len(parents))
            values[:, k] = values[:, parents] @ weights + rng.normal(size=n) * rng.uniform(0.5, 2)
    frame = pd.DataFrame(values, columns=[f"v{k}" for k in range(d)])
    return frame.astype(int) if discrete else frame


def random_knowledge(rng: np.random.Generator, names: list[str], kind: str) -> Knowledge:
    """Knowledge that was not made to fit the data."""
    d, pairs = len(names), list(permutations(names, 2))
    order = rng.permutation(names).tolist()
    if kind == "tiers":
        cut = int(rng.integers(1, d))
        return Knowledge(tiers=[order[:cut], order[cut:]])
    if kind == "forbidden":
        number = int(rng.integers(1, max(2, len(pairs) // 2)))
        return Knowledge(forbidden=[pairs[k] for k in rng.choice(len(pairs), size=number, replace=False)])
    if kind == "required":
        forward = [(order[i], order[j]) for i in range(d) for j in range(i + 1, d)]
        number = int(rng.integers(1, min(4, len(forward)) + 1))
        return Knowledge(required=[forward[k] for k in rng.choice(len(forward), size=number, replace=False)])
    if kind == "roots":
        return Knowledge(roots=order[: int(rng.integers(1, d))])
    if kind == "search space":
        return Knowledge(search_space=[p for p in pairs if rng.random() < 0.6])
    return random_knowledge(rng, names, "tiers") | random_knowledge(rng, names, "forbidden")


KINDS = ("tiers", "forbidden", "required", "roots", "search space", "several")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("discrete", [False, True])
def test_exact_search_is_right_under_knowledge(kind: str, discrete: bool) -> None:
    """Against every Dag of four variables."""
    for seed in range(2):
        rng = np.random.default_rng([seed, KINDS.index(kind), discrete])
        frame = draw(rng, 4, discrete, 300)
        known = random_knowledge(rng, list(frame), kind)
        graph, how = discovery.learn(frame, "exact", knowledge=known)
        assert how["score"] == pytest.approx(best_of_all(frame, known), abs=1e-6)
        assert all(known.allows(dag) for dag in MarkovEquivalenceClass.from_cpdag(graph).members())


@pytest.mark.slow
def test_no_search_by_score_is_far_from_the_best() -> None:
    """Of 60 draws of data and unrelated knowledge, none is more than 50 nats below the optimum (see speed/ for 300)."""
    far = []
    for seed in range(60):
        rng = np.random.default_rng([9, seed])
        frame = draw(rng, int(rng.integers(3, 7)), bool(rng.integers(2)), int(rng.choice([500, 2000])))
        known = random_knowledge(rng, list(frame), KINDS[seed % 6])
        best = discovery.learn(frame, "exact", knowledge=known)[1]["score"]
        for method in ("ges", "boss", "grasp"):
            graph, how = discovery.learn(frame, method, knowledge=known)
            assert how["score"] < best + 1e-6
            assert known.allows(next(MarkovEquivalenceClass.from_cpdag(graph).members()))
            far += [(seed, method)] * (best - how["score"] > 50)
    assert far == []


@pytest.mark.parametrize("method", METHODS)
def test_every_member_agrees_with_the_knowledge(method: str) -> None:
    """And every member of the class that agrees is a member: nothing is lost either."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.RepairWarning)
        for seed, kind in enumerate(KINDS):
            rng = np.random.default_rng([4, seed])
            frame = draw(rng, 5, discrete=False, n=400)
            known = random_knowledge(rng, list(frame), kind)
            graph, how = discovery.learn(frame, method, knowledge=known)
            members = set(MarkovEquivalenceClass.from_cpdag(graph).members())
            whole = MarkovEquivalenceClass.from_dag(next(iter(members))).members()
            assert members == {dag for dag in whole if known.allows(dag)}
            assert Knowledge.from_json(json.dumps(how["knowledge"])) == known


def test_knowledge_in_parts_or_as_one() -> None:
    frame = chain_of_sums(500)
    whole = Knowledge([("a", "b")], [("b", "c")], [["a", "b"], ["c"]], roots="a")
    parts = {"required": [("a", "b")], "forbidden": [("b", "c")], "tiers": ["ab", "c"], "roots": "a"}
    for method in BY_SCORE:
        one, other = discovery.learn(frame, method, knowledge=whole), discovery.learn(frame, method, **parts)
        assert one == other
        mixed = discovery.learn(frame, method, knowledge=Knowledge(required=[("a", "b")], roots="a"),
                                forbidden=[("b", "c")], tiers=["ab", "c"])  # fmt: skip
        assert mixed[0] == one[0]
    with pytest.raises(errors.InvalidGraph, match="both required and forbidden"):
        discovery.learn(frame, knowledge=whole, forbidden=[("a", "b")])
    with pytest.raises(errors.InvalidParameter, match=r"Knowledge\.read"):
        discovery.learn(frame, knowledge="knowledge.txt")  # type: ignore[arg-type]
    for said in ({"roots": "z"}, {"search_space": [("a", "z")]}):
        with pytest.raises(errors.UnknownVariable, match="'z'"):
            discovery.learn(frame, **said)


def test_pc_uses_knowledge_in_its_tests() -> None:
    """What may come before neither of two is not conditioned on; required pairs are not tested."""
    frame = chain_of_sums(300).assign(d=np.random.default_rng(1).normal(size=300))
    how = discovery.learn(frame, "pc", tiers=["ab", "cd"], required=[("a", "b")])[1]
    for entry in how["tests"]:
        early = {"a", "b"} if set(entry["pair"]) <= {"a", "b"} else set("abcd")
        assert set(entry["given"]) <= early
        assert set(entry["pair"]) != {"a", "b"}


def test_a_repair_is_a_warning_that_says_what() -> None:
    """X → Z ← Y in the data, and a tier that forbids it: the collider goes, and that is said."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 2000))
    frame = pd.DataFrame({"x": x, "y": y, "z": x + y + rng.normal(size=2000)})
    with pytest.warns(errors.RepairWarning, match="dropped x → z ← y") as caught:
        _, how = discovery.learn(frame, "pc", tiers=["z", "xy"])
    assert how["repaired"] == {"dropped": [["x", "z", "y"]], "added": []}
    assert caught[0].message.dropped == (("x", "z", "y"),)
    for method in BY_SCORE:  # these need no repair: they join x and y
        graph, how = discovery.learn(frame, method, tiers=["z", "xy"])
        assert "repaired" not in how
        assert graph.undirected == (("x", "y"),)


def test_max_conditioning() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3000))
    frame = pd.DataFrame({"a": a, "b": b, "x": a + b + rng.normal(size=3000), "y": a + b + rng.normal(size=3000)})
    for most, joined in ((0, True), (1, True), (2, False), (9, False), (None, False)):
        graph, how = discovery.learn(frame, "pc", max_conditioning=most)
        pairs = {frozenset(e) for e in (*graph.directed, *graph.undirected)}
        assert (frozenset("xy") in pairs) is joined
        assert max(len(entry["given"]) for entry in how["tests"]) <= (2 if most is None else most)
    with pytest.raises(errors.InvalidParameter, match="max_conditioning"):
        discovery.learn(frame, max_conditioning=-1)


def test_without_knowledge_nothing_is_said_of_it() -> None:
    graph, how = discovery.learn(chain_of_sums(), "ges", knowledge=Knowledge())
    assert isinstance(graph, Cpdag)
    assert "knowledge" not in how
