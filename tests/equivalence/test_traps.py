"""Where libraries that do the same go wrong, and what is right; their errors are shown where they are stable."""

from __future__ import annotations

import itertools

import cliquepicking
import networkx as nx
import numpy as np
import pytest

from causalpp import Causes, Dag, MarkovEquivalenceClass, errors
from causalpp.equivalence import Cpdag, Mpdag
from causalpp.graphs import to_causal_learn
from causalpp.graphs.cpdag import close_under_meek, completed, extension, pdag_matrix

SQUARE = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]


def both_ways(edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [*edges, *((b, a) for a, b in edges)]


def brute_force(graph: Mpdag) -> list[Dag]:
    """The members of a graph: its undirected edges every way, without cycles and new colliders."""
    joined = {frozenset(edge) for edge in graph.directed + graph.undirected}

    def colliders(edges: list[tuple[str, str]]) -> set[tuple[frozenset[str], str]]:
        return {
            (frozenset((a, b)), c)
            for (a, c), (b, e) in itertools.combinations(edges, 2)
            if c == e and frozenset((a, b)) not in joined
        }

    wanted = colliders(list(graph.directed))
    found = []
    for turned in itertools.product((False, True), repeat=len(graph.undirected)):
        edges = [*graph.directed]
        edges += [(b, a) if t else (a, b) for (a, b), t in zip(graph.undirected, turned, strict=True)]
        if nx.is_directed_acyclic_graph(nx.DiGraph(edges)) and colliders(edges) == wanted:
            found.append(Dag(graph.nodes, edges))
    return found


# --- cliquepicking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_one_clique_over_all_variables(d: int) -> None:
    """``mec_list_dags`` panics here, with an exception that ``except Exception`` lets through."""
    names = "abcde"[:d]
    mec = MarkovEquivalenceClass.from_dag(Dag(names, list(itertools.combinations(names, 2))))
    listed = set(mec.members())
    assert len(listed) == mec.size == len(mec.batch()) == int(np.prod(np.arange(1, d + 1)))
    assert listed == set(mec.batch())


def test_cliquepicking_panics_on_a_clique() -> None:
    with pytest.raises(BaseException, match="index out of bounds") as caught:
        cliquepicking.mec_list_dags(both_ways([(0, 1), (0, 2), (1, 2)]))
    assert not isinstance(caught.value, Exception)


def test_no_edges() -> None:
    for names in ("a", "abc"):
        mec = MarkovEquivalenceClass.from_dag(Dag(names))
        assert mec.size == 1
        assert list(mec.members()) == list(mec.batch()) == list(mec.sample(1)) == [Dag(names)]


def test_a_square_stands_for_no_class() -> None:
    """A cycle of four without a chord has no member; it is refused instead of counted."""
    assert int(cliquepicking.mec_size(both_ways([(0, 1), (1, 2), (2, 3), (3, 0)]))) == 8
    for kind in (Cpdag, Mpdag):
        with pytest.raises(errors.InvalidGraph, match="no acyclic member"):
            kind("abcd", undirected=SQUARE)


def test_variables_without_edges_count() -> None:
    """The number of variables is that of the names, not the largest one that has an edge."""
    mec = MarkovEquivalenceClass.from_dag(Dag("zabcd", [("a", "b")]))
    assert mec.size == 2
    assert mec.batch().adjacency.shape == (2, 5, 5)
    assert {dag.nodes for dag in mec.members()} == {tuple("zabcd")}


def test_the_sample_follows_the_seed() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag("abcdef", list(itertools.combinations("abcdef", 2))))
    assert list(mec.sample(20, seed=5)) == list(mec.sample(20, seed=5))


# --- Meek's rules, extensions -----------------------------------------------------------------------------------


def test_the_third_rule_with_background_knowledge() -> None:
    """X – Y → W, X – Z → W and X – W direct X → W only if Y and Z are apart; here they are joined."""
    knowledge = [("Y", "W"), ("Z", "W")]
    clique = Cpdag("XYZW", undirected=list(itertools.combinations("XYZW", 2)))
    graph = clique.orient(knowledge)
    assert set(graph.directed) == set(knowledge)
    assert ("X", "W") in graph.undirected
    members = brute_force(graph)
    assert {dag.has_edge("W", "X") for dag in members} == {False, True}
    mec = MarkovEquivalenceClass.from_cpdag(graph)
    assert set(mec.members()) == set(members)
    assert mec.size == len(members) == 8

    from pgmpy.base import PDAG

    theirs = PDAG(knowledge, [("X", "Y"), ("X", "Z"), ("X", "W"), ("Y", "Z")]).apply_meeks_rules()
    assert ("X", "W") in theirs.directed_edges  # which some members contradict


def test_the_third_rule_with_three_parents() -> None:
    """Each two of three parents that are apart count, not just a number of them that is odd."""
    for d in range(2, 8):
        names = ["a", "b", *(f"p{k}" for k in range(d))]
        edges = [("a", "b"), *(("a", p) for p in names[2:]), *((p, "b") for p in names[2:])]
        graph = Cpdag.from_dag(Dag(names, edges))
        assert ("a", "b") in graph.directed
        assert len(graph.undirected) == d


def test_the_fourth_rule() -> None:
    """a – d → c → b, with a joined to c, and b, d apart, gives a → b; it is never left out."""
    whole = Cpdag("abcd", undirected=[("a", "b"), ("a", "c"), ("a", "d"), ("d", "c"), ("c", "b")])
    graph = whole.orient([("d", "c")])
    assert set(graph.directed) == {("d", "c"), ("c", "b"), ("a", "b")}
    members = brute_force(graph)
    assert all(dag.has_edge("a", "b") for dag in members)
    assert set(MarkovEquivalenceClass.from_cpdag(graph).members()) == set(members)
    matrix = pdag_matrix(tuple("abcd"), [("d", "c"), ("c", "b")], [("a", "b"), ("a", "c"), ("a", "d")])
    assert np.array_equal(close_under_meek(matrix), graph.matrix)


def test_equality_does_not_depend_on_order() -> None:
    first = Cpdag("abcd", undirected=[("a", "b"), ("c", "d")])
    second = Cpdag("dcba", undirected=[("d", "c"), ("b", "a")])
    assert first == second
    assert hash(first) == hash(second)

    from pgmpy.base import PDAG

    assert PDAG([], [("a", "b"), ("c", "d")]) != PDAG([], [("c", "d"), ("b", "a")])


def test_a_square_has_no_extension() -> None:
    """``PDAG.to_dag`` answers with a Dag that has a new collider; causal-learn's ``pdag2dag`` never ends."""
    assert extension(pdag_matrix(tuple("abcd"), [], SQUARE)) is None

    from pgmpy.base import PDAG

    theirs = np.zeros((4, 4), dtype=bool)
    for a, b in PDAG([], SQUARE).to_dag().edges:
        theirs["abcd".index(a), "abcd".index(b)] = True
    assert not np.array_equal(completed(theirs), pdag_matrix(tuple("abcd"), [], SQUARE))


def test_other_graphs_without_extension_are_refused() -> None:
    with pytest.raises(errors.InvalidGraph, match="no acyclic member"):
        Mpdag("abc", directed=[("a", "b"), ("b", "c"), ("c", "a")])
    with pytest.raises(errors.InvalidGraph):  # a → b – c ← d, with a, c and b, d apart
        Mpdag("abcd", directed=[("a", "b"), ("d", "c")], undirected=[("b", "c")])


# --- names ---------------------------------------------------------------------------------------------------------


def test_classes_are_compared_by_name() -> None:
    """a → b ← c and b → a ← c are different classes, a – b – c listed in another order is the same one."""
    collider = Dag("abc", [("a", "b"), ("c", "b")])
    other = Dag("bac", [("b", "a"), ("c", "a")])
    assert Cpdag.from_dag(collider) != Cpdag.from_dag(other)
    assert MarkovEquivalenceClass.from_dag(collider) != MarkovEquivalenceClass.from_dag(other)
    assert MarkovEquivalenceClass.from_dag(Dag("abc", [("a", "b"), ("b", "c")])) == MarkovEquivalenceClass.from_dag(
        Dag("cab", [("c", "b"), ("b", "a")])
    )

    from causallearn.utils.MECCheck import mec_check

    assert mec_check(to_causal_learn(collider), to_causal_learn(other))  # by place alone, they look alike


# --- ancestors under background knowledge -----------------------------------------------------------------------------


def test_possible_ancestors_are_not_plain_reachability() -> None:
    """In every Mpdag over four variables: a path a – b – c leads nowhere if c → a is known."""
    fooled = 0
    for edges in itertools.chain.from_iterable(
        itertools.combinations(itertools.combinations("abcd", 2), size) for size in (3, 4, 5, 6)
    ):
        whole = Cpdag.from_dag(Dag("abcd", edges))
        for known in itertools.combinations(whole.undirected, 2):
            try:
                graph = whole.orient(known)
            except errors.InvalidGraph:
                continue
            members = brute_force(graph)
            mec = MarkovEquivalenceClass.from_cpdag(graph)
            there = [nx.DiGraph(dag.edges) for dag in members]
            loose = nx.DiGraph([*graph.directed, *graph.undirected, *((b, a) for a, b in graph.undirected)])
            for a, b in itertools.permutations("abcd", 2):
                paths = [a in one and b in one and nx.has_path(one, a, b) for one in there]
                assert mec.possible(Causes(a, b)) == any(paths)
                assert mec.entails(Causes(a, b)) == all(paths)
                fooled += not any(paths) and a in loose and b in loose and nx.has_path(loose, a, b)
    assert fooled > 50
