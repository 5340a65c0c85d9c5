"""Classes against brute force: the graphs with the same d-separations, listed one by one."""

from __future__ import annotations

import itertools
import pickle
from collections import defaultdict

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from causalpp import Causes, Dag, DagBatch, MarkovEquivalenceClass, all_questions, errors
from causalpp._bits import masks_of
from causalpp.equivalence import Cpdag, Mpdag, _sampling
from causalpp.equivalence.chordal import orientations
from causalpp.propositions import KINDS


def every_dag(names: str) -> list[Dag]:
    pairs = list(itertools.combinations(names, 2))
    found = []
    for choice in itertools.product((0, 1, 2), repeat=len(pairs)):
        edges = [(a, b) if c == 1 else (b, a) for (a, b), c in zip(pairs, choice, strict=True) if c]
        if nx.is_directed_acyclic_graph(nx.DiGraph(edges)):
            found.append(Dag(names, edges))
    return found


def separations(dag: Dag) -> frozenset[tuple[str, str, tuple[str, ...]]]:
    """All d-separations of a graph, by networkx."""
    graph = nx.DiGraph(dag.edges)
    graph.add_nodes_from(dag.nodes)
    return frozenset(
        (a, b, given)
        for a, b in itertools.combinations(dag.nodes, 2)
        for size in range(len(dag.nodes) - 1)
        for given in itertools.combinations([n for n in dag.nodes if n not in (a, b)], size)
        if nx.is_d_separator(graph, {a}, {b}, set(given))
    )


@pytest.mark.slow
@pytest.mark.parametrize(("d", "classes"), [(2, 2), (3, 11), (4, 185)])
def test_classes_of_all_small_graphs(d: int, classes: int) -> None:
    """Every labelled Dag: its class is exactly the graphs with its d-separations."""
    groups: dict[object, list[Dag]] = defaultdict(list)
    for dag in every_dag("ABCD"[:d]):
        groups[separations(dag)].append(dag)
    assert len(groups) == classes
    questions = all_questions("ABCD"[:d], kinds=KINDS)
    for members in groups.values():
        mecs = {MarkovEquivalenceClass.from_dag(dag).cpdag for dag in members}
        assert len(mecs) == 1
        mec = MarkovEquivalenceClass.from_dag(members[0])
        assert mec.size == len(members)
        assert set(mec.members()) == set(members) == set(mec.batch())
        assert list(mec.members()) == list(mec.batch())
        for a, b in mec.cpdag.directed:
            assert all(dag.has_edge(a, b) for dag in members)
        for a, b in mec.cpdag.undirected:
            assert len({dag.has_edge(a, b) for dag in members}) == 2
        for q in questions[:: 1 if d < 4 else 7]:
            share = np.mean([q.holds(dag) for dag in members])
            assert mec.probability(q) == pytest.approx(share)
            assert mec.entails(q) == (share == 1)
            assert mec.excludes(q) == (share == 0)


def chain_of_cliques() -> Dag:
    """Two cliques of four that share a variable, and a separate triangle: 4·… members with a product."""
    names = "abcdefg"
    edges = [(x, y) for clique in ("abcd", "defg") for x, y in itertools.combinations(clique, 2)]
    return Dag([*names, "x", "y", "z"], [*edges, ("x", "y"), ("y", "z"), ("x", "z")])


@pytest.mark.parametrize("few", [2_000, 3])
def test_sampling_is_uniform_and_reproducible(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the list of a component's orientations, and by drawing roots."""
    monkeypatch.setattr(_sampling, "_LISTED", few)
    mec = MarkovEquivalenceClass.from_dag(chain_of_cliques())
    members = {dag: k for k, dag in enumerate(mec.members())}
    assert mec.size == len(members) > 500
    assert stats.chisquare(counted(mec.sample(20 * mec.size, seed=1), members)).pvalue > 1e-4
    assert list(mec.sample(5, seed=7)) == list(mec.sample(5, seed=7))
    assert list(mec.sample(5, seed=7)) != list(mec.sample(5, seed=8))


def counted(drawn: DagBatch, members: dict[Dag, int]) -> np.ndarray:
    """How often each member was drawn."""
    seen = np.zeros(len(members))
    distinct, counts = drawn.unique()
    for dag, count in zip(distinct, counts.tolist(), strict=True):
        seen[members[dag]] = count
    return seen


@pytest.mark.parametrize("few", [2_000, 30])
@pytest.mark.parametrize("rare", [1_000, 1])
def test_sampling_under_knowledge_is_uniform(few: int, rare: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a list, by drawing and rejecting, and from a list after drawing was given up."""
    mec = MarkovEquivalenceClass.from_dag(chain_of_cliques())
    known = mec.with_knowledge(required=[("a", "b"), ("c", "d")])
    members = {dag: k for k, dag in enumerate(known.members())}
    assert 100 < known.size == len(members) < mec.size
    monkeypatch.setattr(_sampling, "_LISTED", few)
    monkeypatch.setattr(_sampling, "_RARE", rare)
    monkeypatch.setattr(_sampling, "_PATIENCE", 0)
    assert stats.chisquare(counted(known.sample(20 * known.size, seed=2), members)).pvalue > 1e-4
    assert list(known.sample(5, seed=7)) == list(known.sample(5, seed=7))


def test_sampling_under_knowledge_that_hardly_any_member_obeys() -> None:
    """Drawing is given up: a class of moderate size is gone through, a larger one refused."""
    line = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "f"), ("f", "g")]
    nine, twelve = (
        MarkovEquivalenceClass.from_dag(Dag(names, list(itertools.combinations(names, 2))))
        for names in ("abcdefghi", "abcdefghijkl")
    )
    known = nine.with_knowledge(required=line)
    members = {dag: k for k, dag in enumerate(known.members())}
    assert known.size == len(members) == nine.size // 5_040
    assert stats.chisquare(counted(known.sample(20 * known.size), members)).pvalue > 1e-4
    with pytest.raises(errors.TooLarge, match=r"479,001,600 orientations, of which fewer than one in 1,000"):
        twelve.with_knowledge(required=line).sample(200)
    drawn = twelve.with_knowledge(required=line[:3]).sample(40)  # one in 24 obeys; they are too many to count
    assert len(set(drawn)) == 40
    assert all(dag.has_edge(a, b) for dag in drawn for a, b in line[:3])
    assert len(twelve.with_knowledge(required=line).sample(0)) == 0


def test_numbers_and_orientations_are_one_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number below the count is another orientation, down to single edges."""
    monkeypatch.setattr(_sampling, "_LISTED", 0)
    rng = np.random.default_rng(4)
    for d in (2, 3, 4, 5, 6, 7) * 5:
        # Each variable next to a clique of earlier ones: everything stays undirected.
        near = np.zeros((d, d), dtype=bool)
        for v in range(1, d):
            clique: list[int] = []
            for u in rng.permutation(v):
                if near[u, clique].all() and (not clique or rng.random() < 0.7):
                    clique.append(int(u))
            near[v, clique] = near[clique, v] = True
        numbered = _sampling.Numbered.of(masks_of(near), {})
        stack = np.repeat(near[None], numbered.total, axis=0)
        numbered.write(stack, np.arange(numbered.total), np.arange(d), list(range(numbered.total)))
        assert {one.tobytes() for one in stack} == {one.tobytes() for one in orientations(near)}
        assert len({one.tobytes() for one in stack}) == numbered.total == _sampling.free_count(near)


def test_a_class_too_large_to_list() -> None:
    names = [f"v{i}" for i in range(12)]
    mec = MarkovEquivalenceClass.from_dag(Dag(names, list(itertools.combinations(names, 2))))
    assert mec.size == 479_001_600
    with pytest.raises(errors.TooLarge, match="479,001,600"):
        mec.batch()
    with pytest.raises(errors.TooLarge, match="sample"):
        mec.probability(Causes("v0", "v1"))
    assert mec.possible(Causes("v0", "v1"))
    assert not mec.entails(Causes("v0", "v1"))
    assert mec.entails(Causes("v0", "v1") | Causes("v1", "v0"))
    assert pickle.loads(pickle.dumps(mec)).entails(Causes("v0", "v1") | Causes("v1", "v0"))
    assert len(mec.batch(50, sample=True, seed=3)) == 50
    assert len(list(mec.members(limit=3))) == 3


def test_constructor_refuses_graphs_of_no_class() -> None:
    four_cycle = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]
    with pytest.raises(errors.InvalidGraph, match="no acyclic member"):
        Cpdag("abcd", undirected=four_cycle)
    with pytest.raises(errors.InvalidGraph, match="not those"):
        Cpdag("ab", directed=[("a", "b")])
    with pytest.raises(errors.InvalidGraph, match="no acyclic"):
        Cpdag("abc", directed=[("a", "b"), ("b", "c"), ("c", "a")])
    with pytest.raises(errors.InvalidGraph, match="twice"):
        Cpdag("ab", directed=[("a", "b")], undirected=[("a", "b")])
    with pytest.raises(errors.UnknownVariable):
        Cpdag("ab", directed=[("a", "z")])
    with pytest.raises(errors.InvalidGraph, match="latent"):
        MarkovEquivalenceClass.from_dag(Dag.from_edges([("u", "x")], latent="u"))
    fine = Cpdag("abc", undirected=[("a", "b"), ("c", "b")])
    assert fine == Cpdag.from_dag(Dag("cba", [("a", "b"), ("b", "c")]))
    assert "a – b" in repr(fine)
    assert fine._repr_html_().startswith("<svg")


def test_empty_and_edgeless_classes() -> None:
    assert MarkovEquivalenceClass.from_dag(Dag("abc")).size == 1
    assert list(MarkovEquivalenceClass.from_dag(Dag("abc")).batch()) == [Dag("abc")]
    assert len(MarkovEquivalenceClass.from_dag(Dag("abc")).sample(0)) == 0


def classes(d: int) -> dict[Cpdag, list[Dag]]:
    groups: dict[Cpdag, list[Dag]] = defaultdict(list)
    for dag in every_dag("ABCD"[:d]):
        groups[Cpdag.from_dag(dag)].append(dag)
    return groups


@pytest.mark.slow
def test_background_knowledge_leaves_the_members_that_agree() -> None:
    rng = np.random.default_rng(0)
    refused = 0
    for cpdag, members in classes(4).items():
        mec = MarkovEquivalenceClass.from_cpdag(cpdag)
        for _ in range(3):
            edges = [edge[:: rng.choice([-1, 1])] for edge in cpdag.undirected if rng.random() < 0.5]
            left = {dag for dag in members if all(dag.has_edge(a, b) for a, b in edges)}
            if not left:
                refused += 1
                with pytest.raises(errors.InvalidGraph, match="contradict"):
                    mec.with_knowledge(required=edges)
                continue
            for known in (mec.with_knowledge(required=edges), mec.with_knowledge(forbidden=[(b, a) for a, b in edges])):
                assert known.size == len(left)
                assert set(known.members()) == set(known.batch()) == left
                assert set(known.sample(60, seed=1)) <= left
                assert Mpdag(known.nodes, known.cpdag.directed, known.cpdag.undirected) == known.cpdag
                for a, b in known.cpdag.undirected:
                    assert len({dag.has_edge(a, b) for dag in left}) == 2
    assert refused > 20


def test_tiers() -> None:
    rng = np.random.default_rng(1)
    for cpdag, members in classes(4).items():
        time = dict(zip("ABCD", rng.integers(0, 3, 4).tolist(), strict=True))
        tiers = [[v for v in "ABCD" if time[v] == t] for t in range(3)]
        left = {dag for dag in members if all(time[a] <= time[b] for a, b in dag.edges)}
        mec = MarkovEquivalenceClass.from_cpdag(cpdag)
        if left:
            assert set(mec.with_knowledge(tiers=tiers).members()) == left
        else:
            with pytest.raises(errors.InvalidGraph):
                mec.with_knowledge(tiers=tiers)


def test_interventional_classes() -> None:
    """Same class, and the mutilated graphs are equivalent too (Hauser & Bühlmann 2012, theorem 10)."""
    rng = np.random.default_rng(2)
    groups = classes(4)
    signature = {dag: {} for members in groups.values() for dag in members}
    for members in groups.values():
        for dag in members[::3]:
            targets = [
                set(rng.choice(list("ABCD"), size=int(rng.integers(1, 3)), replace=False).tolist()) for _ in range(2)
            ]
            for other in members:
                for target in targets:
                    key = frozenset(target)
                    if key not in signature[other]:
                        signature[other][key] = Cpdag.from_dag(other.do(target))
            alike = {
                o for o in members if all(signature[o][frozenset(t)] == signature[dag][frozenset(t)] for t in targets)
            }
            mec = MarkovEquivalenceClass.from_dag(dag, interventions=targets)
            assert set(mec.members()) == alike, (dag, targets)
            assert mec.size == len(alike)


def test_misuse_of_knowledge() -> None:
    mec = MarkovEquivalenceClass.from_dag(
        Dag.from_edges([("a", "b"), ("c", "b"), ("b", "d"), ("d", "e")], nodes="abcdef")
    )
    with pytest.raises(errors.UnknownVariable):
        mec.with_knowledge(required=[("a", "z")])
    with pytest.raises(errors.UnknownVariable):
        mec.with_knowledge(tiers=[["a"], ["z"]])
    with pytest.raises(errors.InvalidGraph, match="known"):
        mec.with_knowledge(required=[("b", "a")])
    with pytest.raises(errors.InvalidGraph, match="not joined"):
        mec.with_knowledge(required=[("a", "c")])
    with pytest.raises(errors.InvalidGraph, match="two tiers"):
        mec.with_knowledge(tiers=[["a"], ["a", "b"]])
    with pytest.raises(errors.InvalidGraph, match="left undirected"):
        Mpdag("abc", directed=[("a", "b")], undirected=[("b", "c")])
    assert mec.with_knowledge(forbidden=[("a", "c")]) == mec


def test_all_orientations_agree_with_the_lazy_ones() -> None:
    rng = np.random.default_rng(3)
    for seed in range(30):
        names = [f"v{i}" for i in range(7)]
        dag = Dag(names, [(names[i], names[j]) for i in range(7) for j in range(i) if rng.random() < 0.6])
        mec = MarkovEquivalenceClass.from_dag(dag)
        edges = [e for e in dag.edges if rng.random() < 0.2 * (seed % 2)]
        mec = MarkovEquivalenceClass.from_cpdag(mec.cpdag.orient(edges))
        listed = list(mec.batch())
        assert listed == list(mec.members())
        assert len(set(listed)) == len(listed) == mec.size
        assert all(Cpdag.from_dag(member) == Cpdag.from_dag(dag) for member in listed)
        assert all(member.has_edge(a, b) for member in listed for a, b in edges)
