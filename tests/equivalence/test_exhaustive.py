"""All small graphs, and larger random ones, against enumerations and solvers that share no code with the library."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from causalpp import (
    Causes,
    Changes,
    Dag,
    DagBatch,
    HaveCommonCause,
    HaveCommonEffect,
    MarkovEquivalenceClass,
    Proposition,
    all_questions,
    errors,
)
from causalpp.equivalence import Cpdag, Entailment, _sampling
from causalpp.equivalence.summaries import (
    Intervention,
    ancestor_shares,
    best_interventions,
    clique_bound,
    edge_shares,
    verification_number,
    verification_set,
)
from causalpp.graphs import all_dags, erdos_renyi
from causalpp.graphs.cpdag import completed, extension
from causalpp.propositions import KINDS, truth_table

Bools = NDArray[np.bool_]


def groups_of(adjacency: Bools) -> Iterator[NDArray[np.int64]]:
    """The rows of all graphs with one skeleton and one set of unshielded colliders."""
    d = adjacency.shape[1]
    joined = adjacency | adjacency.transpose(0, 2, 1)
    pairs = list(itertools.combinations(range(d), 2))
    bits = [np.ones(len(adjacency), dtype=bool), *(joined[:, a, b] for a, b in pairs)]
    bits += [
        adjacency[:, a, c] & adjacency[:, b, c] & ~joined[:, a, b]
        for a, b in pairs
        for c in range(d)
        if c not in (a, b)
    ]
    _, group, count = np.unique(np.packbits(np.array(bits), axis=0).T, axis=0, return_inverse=True, return_counts=True)
    yield from np.split(np.argsort(group.ravel(), kind="stable"), np.cumsum(count)[:-1])


def union_of(members: Bools) -> Bools:
    """The CPDAG of graphs that are one class: i → j where some member has it, so both ways where members differ."""
    return np.asarray(members.any(0))


@pytest.mark.parametrize(("d", "classes"), [(2, 2), (3, 11), (4, 185), (5, 8_782)])
def test_cpdags_of_every_small_graph(d: int, classes: int) -> None:
    batch = all_dags(d)
    adjacency = batch.adjacency.numpy()
    expected = np.empty_like(adjacency)
    groups = list(groups_of(adjacency))
    for rows in groups:
        expected[rows] = union_of(adjacency[rows])
    assert len(groups) == classes == len(np.unique(expected, axis=0))
    for k in range(len(batch)):
        assert np.array_equal(completed(adjacency[k]), expected[k])


def test_cpdags_of_larger_graphs() -> None:
    """Completing a member of what was completed changes nothing."""
    for d, degree in ((9, 2.0), (9, 5.0), (20, 3.0), (20, 9.0), (40, 4.0)):
        for one in erdos_renyi(d, expected_degree=degree, n=60, seed=d).adjacency.numpy():
            graph = completed(one)
            member = extension(graph)
            assert member is not None
            assert np.array_equal(completed(member), graph)


def classes_of_five() -> Iterator[tuple[DagBatch, MarkovEquivalenceClass]]:
    """All 8,782 classes of five variables, each with its members as found by brute force."""
    batch = all_dags(5)
    for rows in groups_of(batch.adjacency.numpy()):
        yield batch[rows], MarkovEquivalenceClass.from_dag(batch[int(rows[0])])


def keys(adjacency: Bools) -> set[bytes]:
    return {matrix.tobytes() for matrix in adjacency}


@pytest.mark.slow
def test_sizes_and_members_of_every_class_of_five_variables() -> None:
    for number, (members, mec) in enumerate(classes_of_five()):
        listed = mec.batch().adjacency.numpy()
        assert mec.size == len(listed) == len(members)
        assert keys(listed) == keys(members.adjacency.numpy())
        if number % 10 == 0:
            assert list(mec.members()) == list(mec.batch())


@pytest.mark.slow
def test_verdicts_on_every_statement_in_every_class_of_five_variables() -> None:
    """Every class up to the names of its variables, every elementary proposition."""
    orders = [list(order) for order in itertools.permutations(range(5))]
    questions = all_questions([f"X{i}" for i in range(1, 6)], kinds=KINDS, conditioning=3)
    seen: set[bytes] = set()
    for members, mec in classes_of_five():
        renamed = [mec.cpdag.matrix[np.ix_(order, order)].tobytes() for order in orders]
        if min(renamed) in seen:
            continue
        seen.add(min(renamed))
        truth = truth_table(questions, members)
        entailment = Entailment(mec.cpdag)
        for question, every, some in zip(questions, truth.all(0).tolist(), truth.any(0).tolist(), strict=True):
            kind = entailment.decide(question).kind
            assert kind == ("entailed" if every else "open" if some else "excluded"), (mec, question)
    assert len(seen) == 142


def test_interventional_classes_of_five_variables() -> None:
    """Same class, and equivalent once the edges into each target are cut (Hauser & Bühlmann 2012, theorem 10)."""
    batch = all_dags(5)
    everyone = batch.adjacency.numpy()
    groups = list(groups_of(everyone))
    group_of = {int(k): number for number, rows in enumerate(groups) for k in rows}
    rng = random.Random(5)
    narrowed = 0
    for one in rng.sample(range(len(batch)), 150):
        members = groups[group_of[one]]
        for count in (1, 2, 3):
            targets = [rng.sample(range(5), rng.randint(1, 3)) for _ in range(count)]
            alike = set(members.tolist())
            for target in targets:
                cut = everyone[members]
                cut[:, :, target] = False
                alike &= next(same for part in groups_of(cut) if one in (same := set(members[part].tolist())))
            names = [{batch.nodes[x] for x in target} for target in targets]
            mec = MarkovEquivalenceClass.from_dag(batch[one], interventions=names)
            assert {row.tobytes() for row in mec.batch().adjacency.numpy()} == {everyone[k].tobytes() for k in alike}
            assert mec.size == len(alike)
            narrowed += 1 < len(alike) < len(members)
    assert narrowed > 20


# --- summaries ------------------------------------------------------------------------------------------


def small_classes() -> Iterator[tuple[DagBatch, Bools]]:
    for d in (1, 2, 3, 4):
        batch = all_dags(d)
        for rows in groups_of(batch.adjacency.numpy()):
            yield batch[rows], batch.adjacency.numpy()[rows]


def alike(members: Bools, one: int, targets: tuple[int, ...]) -> Bools:
    """The members that interventions on single targets cannot tell from one of them."""
    at = [members[:, list(targets), :], members[:, :, list(targets)]]
    same: Bools = np.all([(part == part[one]).all((1, 2)) for part in at], axis=0)
    return same


def test_interventions_on_every_small_class() -> None:
    for batch, members in small_classes():
        mec = MarkovEquivalenceClass.from_dag(batch[0])
        varies = members.any(0) & ~members.all(0)
        found = best_interventions(mec)
        assert {one.target for one in found} == set(mec.nodes)
        assert [(-one.worst, -one.average) for one in found] == sorted((-one.worst, -one.average) for one in found)
        for one in found:
            x = mec.nodes.index(one.target)
            oriented = []
            for k in range(len(members)):
                left = members[alike(members, k, (x,))]
                oriented.append(int((varies & ~(left.any(0) & ~left.all(0))).sum()) // 2)
            assert one.exact
            assert one.worst == min(oriented)
            assert one.average == pytest.approx(np.mean(oriented))


def test_verification_of_every_small_graph() -> None:
    for batch, members in small_classes():
        d = members.shape[1]
        mec = MarkovEquivalenceClass.from_dag(batch[0])
        undirected = nx.Graph(list(mec.cpdag.undirected))
        bound = sum(
            max(len(clique) for clique in nx.find_cliques(undirected.subgraph(part))) // 2
            for part in nx.connected_components(undirected)
        )
        assert clique_bound(mec) == bound
        for k, dag in enumerate(batch):
            fewest = next(
                size
                for size in range(d + 1)
                if any(alike(members, k, some).sum() == 1 for some in itertools.combinations(range(d), size))
            )
            chosen = verification_set(dag)
            assert verification_number(dag) == len(chosen) == fewest >= bound
            assert alike(members, k, tuple(dag.nodes.index(name) for name in chosen)).sum() == 1


def test_shares_of_every_small_class() -> None:
    for batch, members in small_classes():
        mec = MarkovEquivalenceClass.from_dag(batch[0])
        edges, ancestors = edge_shares(mec), ancestor_shares(mec)
        assert edges.exact
        assert edges.members == len(members)
        assert not edges.standard_errors.any()
        assert np.allclose(edges.values, members.mean(0))
        reach = members.astype(np.int64)
        for _ in range(members.shape[1]):
            reach = reach + reach @ members.astype(np.int64)
        assert np.allclose(ancestors.values, (reach > 0).mean(0))
        for a, b in itertools.permutations(mec.nodes, 2):
            assert ancestors[a, b] == pytest.approx(mec.probability(Causes(a, b)))


def test_summaries_of_a_large_class() -> None:
    names = [f"v{i}" for i in range(10)]
    mec = MarkovEquivalenceClass.from_dag(Dag(names, list(itertools.combinations(names, 2))))
    shares = ancestor_shares(mec, sample=4_000, seed=3)
    off = ~np.eye(10, dtype=bool)
    assert not shares.exact
    assert shares.members == 4_000
    errors_ = shares.standard_errors.numpy()[off]
    assert errors_.max() == pytest.approx(0.5 / 4_000**0.5, rel=0.01)
    assert (np.abs(shares.values.numpy()[off] - 0.5) < 5 * errors_).all()
    assert "0.0079" in repr(shares)
    assert torch.equal(shares.values, ancestor_shares(mec, sample=4_000, seed=3).values)
    # An intervention shows what precedes the target; what lies on either side is ordered with the target alone.
    best = best_interventions(mec, sample=500)
    assert {one.worst >= 9 and not one.exact for one in best} == {True}
    ranks = [k * (9 - k) + 9 for k in range(10)]
    assert all(one.average == pytest.approx(np.mean(ranks), abs=1) for one in best)
    assert clique_bound(mec) == 5 == verification_number(mec.sample(1)[0])


def test_misuse_of_summaries() -> None:
    mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("a", "c")]))
    hidden = Dag.from_edges([("u", "x")], latent="u")
    with pytest.raises(errors.UnknownVariable):
        edge_shares(mec)["a", "z"]
    with pytest.raises(errors.InvalidParameter, match="sample of 0"):
        edge_shares(mec, sample=0)
    with pytest.raises(errors.InvalidGraph, match="latent"):
        verification_number(hidden)
    with pytest.raises(errors.InvalidParameter, match="whole classes"):
        clique_bound(mec.given(Causes("a", "c")))
    with pytest.raises(errors.InvalidParameter, match="whole classes"):
        clique_bound(mec.with_knowledge(required=[("a", "b")]))
    assert best_interventions(mec.given(Causes("b", "a") & Causes("a", "c")))[0] == Intervention("a", 0, 0.0)
    assert edge_shares(mec.given(Causes("b", "a")))["b", "a"] == 1


# --- sampling ---------------------------------------------------------------------------------------------


def test_sampling_of_ten_thousand_members_is_uniform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sampling, "_LISTED", 30)  # most of it by exact counts of roots, not from a list
    cliques = ("abcde", "defgh", "hij", "ik", "xy")
    edges = {pair for clique in cliques for pair in itertools.combinations(clique, 2)}
    mec = MarkovEquivalenceClass.from_dag(Dag("abcdefghijkxy", edges))
    assert 5_000 < mec.size < 12_000
    everyone = mec.batch()
    place = {row.tobytes(): k for k, row in enumerate(everyone.adjacency.numpy())}
    drawn = mec.sample(10 * mec.size, seed=0)
    seen = np.bincount([place[row.tobytes()] for row in drawn.adjacency.numpy()], minlength=mec.size)
    assert len(place) == mec.size
    assert stats.chisquare(seen).pvalue > 1e-4
    assert torch.equal(mec.sample(50, seed=4).adjacency, mec.sample(50, seed=4).adjacency)
    again = MarkovEquivalenceClass.from_cpdag(Cpdag.from_dag(everyone[7]))
    assert torch.equal(again.sample(50, seed=4).adjacency, mec.sample(50, seed=4).adjacency)


# --- a solver that shares no code ---------------------------------------------------------------------------

MEMBERS = """
1 { dir(X,Y); dir(Y,X) } 1 :- edge(X,Y).
adj(X,Y) :- edge(X,Y).
adj(Y,X) :- edge(X,Y).
reach(X,Y) :- dir(X,Y).
reach(X,Z) :- reach(X,Y), dir(Y,Z).
:- reach(X,X).
collider(X,Z,Y) :- dir(X,Z), dir(Y,Z), X < Y, not adj(X,Y).
:- collider(X,Z,Y), not wanted(X,Z,Y).
:- wanted(X,Z,Y), not collider(X,Z,Y).
"""
COMMON_CAUSE = """
up(K,T) :- ask(T,O), dir(K,T), K != O.
up(K,T) :- ask(T,O), dir(K,M), up(M,T), K != O.
holds :- up(K,A), up(K,B), ask(A,B), A < B.
"""
COMMON_EFFECT = COMMON_CAUSE.replace("dir(K,T)", "dir(T,K)").replace("dir(K,M)", "dir(M,K)")
CHANGES = """
down(Y) :- start(X), dir(X,Y), not held(Y).
down(Y) :- down(X), dir(X,Y), not held(Y).
holds :- goal(Y), down(Y).
"""


def solvable(*programs: str) -> bool:
    import clingo

    control: Any = clingo.Control(["--warn=none"])
    control.add("base", [], "\n".join(programs))
    control.ground([("base", [])])
    return bool(control.solve().satisfiable)


def as_facts(dag: Dag) -> str:
    number = {name: k for k, name in enumerate(dag.nodes)}
    edges = [(number[a], number[b]) for a, b in dag.edges]
    joined = {frozenset(edge) for edge in edges}
    lines = [f"edge({a},{b})." for a, b in edges]
    for (a, c), (b, e) in itertools.combinations(edges, 2):
        if c == e and frozenset((a, b)) not in joined:
            lines.append(f"wanted({min(a, b)},{c},{max(a, b)}).")
    return "\n".join(lines)


def as_question(question: Proposition, nodes: tuple[str, ...]) -> str:
    number = {name: k for k, name in enumerate(nodes)}
    if isinstance(question, Changes):
        held = "".join(f"held({number[name]})." for name in question.holding)
        return f"{CHANGES}start({number[question.do]}). goal({number[question.outcome]}). {held}"
    assert isinstance(question, HaveCommonCause | HaveCommonEffect)
    a, b = number[question.a], number[question.b]
    rules = COMMON_CAUSE if isinstance(question, HaveCommonCause) else COMMON_EFFECT
    return f"{rules}ask({a},{b}). ask({b},{a})."


@pytest.mark.peer
@pytest.mark.slow
def test_verdicts_against_answer_set_programming() -> None:
    pytest.importorskip("clingo", reason="clingo gives a second opinion here: make peers installs it")
    rng = random.Random(0)
    kinds = set()
    for k in range(20):
        d = rng.randint(7, 12)
        names = [f"v{i}" for i in range(d)]
        order = rng.sample(names, d)
        density = rng.choice([0.2, 0.35, 0.6])
        dag = Dag(names, [pair for pair in itertools.combinations(order, 2) if rng.random() < density])
        # Trees of cliques keep much undirected.
        if k % 2:
            near = [(order[j], order[i]) for i in range(d) for j in range(max(0, i - rng.randint(1, 3)), i)]
            dag = Dag(names, near)
        entailment = Entailment(Cpdag.from_dag(dag))
        facts = as_facts(dag)
        for kind in (0, 1, 2):
            a, b, *rest = rng.sample(names, 5)
            question: Proposition = [
                HaveCommonCause(a, b),
                HaveCommonEffect(a, b),
                Changes(a, b, holding=rest[: rng.randint(1, 3)]),
            ][kind]
            asked = as_question(question, dag.nodes)
            can_hold = solvable(MEMBERS, facts, asked, ":- not holds.")
            can_fail = solvable(MEMBERS, facts, asked, ":- holds.")
            verdict = entailment.decide(question)
            kinds.add((kind, verdict.kind))
            assert verdict.kind == ("open" if can_hold and can_fail else "entailed" if can_hold else "excluded")
    assert len(kinds) >= 7, kinds
