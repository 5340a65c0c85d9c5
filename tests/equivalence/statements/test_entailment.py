"""Entailment against enumeration: every verdict, certificate and restricted class."""

from __future__ import annotations

import itertools
import random
import re
import time
from collections.abc import Sequence
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
import torch

from causalpp import (
    Causes,
    Changes,
    Dag,
    DagBatch,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    MarkovEquivalenceClass,
    Proposition,
    all_questions,
    errors,
)
from causalpp.equivalence import Cpdag, Mpdag
from causalpp.equivalence.statements.encoding import Encoding
from causalpp.equivalence.statements.entailment import Entailment, Verdict
from causalpp.propositions import KINDS, Not, truth_table


def every_class(d: int) -> list[MarkovEquivalenceClass]:
    """The class of each labelled Dag on d variables, each once."""
    names = "ABCDE"[:d]
    found: dict[Cpdag, MarkovEquivalenceClass] = {}
    for order in itertools.permutations(names):
        pairs = list(itertools.combinations(order, 2))
        for choice in itertools.product((False, True), repeat=len(pairs)):
            mec = MarkovEquivalenceClass.from_dag(Dag(names, itertools.compress(pairs, choice)))
            found[mec.cpdag] = mec
    return list(found.values())


def random_dag(d: int, density: float, rng: random.Random) -> Dag:
    names = [f"v{i}" for i in range(d)]
    order = rng.sample(names, d)
    return Dag(names, [pair for pair in itertools.combinations(order, 2) if rng.random() < density])


def random_formula(questions: Sequence[Proposition], rng: random.Random, depth: int = 3) -> Proposition:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(questions)
    left, right = (random_formula(questions, rng, depth - 1) for _ in range(2))
    return rng.choice([~left, left & right, left | right])


def check(entailment: Entailment, members: DagBatch, questions: Sequence[Proposition]) -> list[Verdict]:
    """Every verdict against the members listed; certificates are members, and the statement does what it should."""
    truth = truth_table(questions, members)
    every, some = truth.all(0).tolist(), truth.any(0).tolist()
    number: dict[int, int | None] = {}
    verdicts = []
    for k, question in enumerate(questions):
        verdict = entailment.decide(question)
        verdicts.append(verdict)
        assert verdict.kind == ("entailed" if every[k] else "open" if some[k] else "excluded"), question
        for dag, wanted, there in ((verdict.holds_in, True, some[k]), (verdict.fails_in, False, not every[k])):
            assert (dag is not None) == there
            if dag is not None:
                if id(dag) not in number:
                    number[id(dag)] = members.index(dag)
                place = number[id(dag)]
                assert place is not None, "the certificate is not a member"
                assert bool(truth[place, k]) == wanted
        check_reason(verdict, members, truth[:, k])
    return verdicts


def check_reason(verdict: Verdict, members: DagBatch, truth: torch.Tensor) -> None:
    """The reasons of the commonest forms, read back and compared with the members."""

    def has(arrows: str) -> torch.Tensor:
        """Which members have all arrows of a text such as "a → b → c and d → e"."""
        out = torch.ones(len(members), dtype=torch.bool)
        for chain in re.findall(r"\w+(?: → \w+)+", arrows):
            for a, b in itertools.pairwise(chain.split(" → ")):
                out &= members.adjacency[:, members.position(a), members.position(b)]
        return out

    text = verdict.reason
    assert text
    if found := re.fullmatch(r"([^;]*) (?:is|are) directed in every member", text):
        assert has(found[1].split("would begin")[-1].split(", and ")[-1]).all(), text
    if found := re.fullmatch(
        r"it could (?:fail|hold) only with (.*), and no member has (?:it|both|them together)", text
    ):
        assert not has(found[1]).any(), text
    if found := re.fullmatch(r"it holds exactly with (.*), which .*", text):
        want = truth if not isinstance(verdict.proposition, Not) else ~truth
        assert torch.equal(torch.stack([has(part) for part in re.split(", | or ", found[1])]).any(0), want), text
    if found := re.fullmatch(r"(\w+) → (\w+) ← (\w+) would be a new collider, and .*", text):
        a, c, b = found.groups()
        assert not (has(f"{a} → {c}") & has(f"{b} → {c}")).any(), text
        assert (has(f"{c} → {a}") | has(f"{c} → {b}")).all(), text


@pytest.mark.parametrize(("d", "classes"), [(2, 2), (3, 11), pytest.param(4, 185, marks=pytest.mark.slow)])
def test_every_statement_in_every_small_class(d: int, classes: int) -> None:
    mecs = every_class(d)
    assert len(mecs) == classes
    questions = all_questions("ABCD"[:d], kinds=KINDS, conditioning=2)
    for mec in mecs:
        verdicts = check(Entailment(mec.cpdag), mec.batch(), questions)
        for verdict in verdicts[::9]:  # and read literally, graph by graph
            assert verdict.holds_in is None or verdict.proposition.holds(verdict.holds_in)
            assert verdict.fails_in is None or not verdict.proposition.holds(verdict.fails_in)


def restrictions(mec: MarkovEquivalenceClass, rng: random.Random, count: int) -> list[Mpdag]:
    """What some edges of a random member, taken as known, leave of a class."""
    out: dict[Mpdag, None] = {}
    for _ in range(count):
        member = mec.batch()[rng.randrange(mec.size)]
        free = [e for e in member.edges if {e, e[::-1]} & set(mec.cpdag.undirected)]
        if free:
            out[mec.cpdag.orient(rng.sample(free, rng.randint(1, min(2, len(free)))))] = None
    return [graph for graph in out if graph.undirected]


def those_with(members: DagBatch, edges: Sequence[tuple[str, str]]) -> DagBatch:
    keep = torch.ones(len(members), dtype=torch.bool)
    for a, b in edges:
        keep &= members.adjacency[:, members.position(a), members.position(b)]
    return members[keep]


@pytest.mark.parametrize(
    ("d", "sample", "each", "step"), [(4, 185, 3, 1), pytest.param(5, 200, 2, 5, marks=pytest.mark.slow)]
)
def test_background_knowledge(d: int, sample: int, each: int, step: int) -> None:
    """Here plain reachability is wrong: a possibly directed path need not be possible as a whole."""
    rng = random.Random(4)
    if d == 4:
        mecs = every_class(4)
    else:
        mecs = [
            MarkovEquivalenceClass.from_dag(
                Dag("ABCDE", [p for p in itertools.combinations(o, 2) if rng.random() < 0.7])
            )
            for o in (rng.sample("ABCDE", 5) for _ in range(sample))
        ]
    questions = all_questions("ABCDE"[:d], kinds=KINDS, conditioning=2)
    checked = 0
    for mec in mecs:
        for graph in restrictions(mec, rng, each):
            check(Entailment(graph), those_with(mec.batch(), graph.directed), questions[rng.randrange(step) :: step])
            checked += 1
    assert checked > 100


def test_a_possible_path_that_no_member_has() -> None:
    """x – a – y with y → x known: each step is possible, both are not (Perković, Kalisch & Maathuis, UAI 2017)."""
    graph = Cpdag("xay", undirected=[("x", "a"), ("a", "y"), ("x", "y")]).orient([("y", "x")])
    assert set(graph.undirected) == {("x", "a"), ("a", "y")}
    verdict = Entailment(graph).decide(Causes("x", "y"))
    assert verdict.kind == "excluded"
    assert verdict.reason == "y → x is directed in every member"


def test_boolean_combinations() -> None:
    rng = random.Random(5)
    kinds: set[str] = set()
    mecs = [mec for mec in every_class(4) if mec.size > 1]
    questions = all_questions("ABCD", kinds=KINDS, conditioning=1)
    for mec in rng.sample(mecs, 60):
        for graph in (mec.cpdag, *restrictions(mec, rng, 1)):
            formulas = [random_formula(questions, rng) for _ in range(12)]
            kinds |= {v.kind for v in check(Entailment(graph), those_with(mec.batch(), graph.directed), formulas)}
    assert kinds == {"entailed", "excluded", "open"}
    p = Causes("A", "B")
    for mec in mecs[:3]:
        both = [Entailment(mec.cpdag).decide(q).kind for q in (p | ~p, p & ~p)]
        assert both == ["entailed", "excluded"]


def test_restricted_classes() -> None:
    """Members, verdicts and contradictions, with statements given, against the filtered list."""
    rng = random.Random(6)
    questions = all_questions("ABCD", kinds=KINDS, conditioning=1)
    refused = 0
    for mec in rng.sample([mec for mec in every_class(4) if mec.size > 2], 50):
        given = [random_formula(questions, rng, 1) for _ in range(rng.randint(1, 3))]
        keep = truth_table(given, mec.batch()).all(1)
        members = mec.batch()[keep]
        if not len(members):
            refused += 1
            with pytest.raises(errors.InvalidProposition, match="no member of the class satisfies"):
                Entailment(mec.cpdag, given=given)
            continue
        entailment = Entailment(mec.cpdag, given=given)
        listed = list(entailment.members())
        assert len(listed) == len(members)
        assert set(listed) == set(members)
        check(entailment, members, questions[rng.randrange(3) :: 3])
        assert set(entailment.members()) == set(members), "listing leaves nothing behind"
    assert refused > 3


def test_members_are_lazy_and_independent_of_each_other() -> None:
    names = [f"v{i}" for i in range(12)]
    entailment = Entailment(Cpdag("xyz", undirected=[("x", "y"), ("y", "z")]))
    one, two = entailment.members(), entailment.members()
    pairs = [(next(one), next(two)) for _ in range(3)]
    assert {a for a, _ in pairs} == {b for _, b in pairs} == set(entailment.members())
    assert not list(one)
    large = Entailment(Cpdag(names, undirected=itertools.combinations(names, 2)), given=[Causes("v3", "v0")])
    some = list(large.members(limit=20))
    assert len(set(some)) == 20
    assert all(dag.has_edge("v3", "v0") for dag in some)
    started = large.members()
    next(started)
    del started
    assert large.witness(DirectlyCauses("v1", "v2")) is not None
    assert list(Entailment(Cpdag("ab")).members()) == [Dag("ab")]
    assert list(Entailment(Cpdag(())).members()) == [Dag("")]
    assert len(list(entailment.members(0))) == 0


def test_larger_random_classes() -> None:
    rng = random.Random(7)
    done = 0
    while done < 12:
        dag = random_dag(rng.randint(7, 12), rng.choice([0.25, 0.4, 0.8]), rng)
        mec = MarkovEquivalenceClass.from_dag(dag)
        if not 6 <= mec.size <= 5_000:
            continue
        done += 1
        plain = all_questions(dag.nodes, kinds=KINDS, conditioning=0)
        held = [
            kind(*sample[:2], sample[2 : rng.randint(3, 6)])
            for kind in (Changes, Changes, Independent)
            for sample in (rng.sample(dag.nodes, 6) for _ in range(12))
        ]
        questions = rng.sample(plain, 70) + held
        questions += [random_formula(questions, rng) for _ in range(10)]
        check(Entailment(mec.cpdag), mec.batch(), questions)
        for graph in restrictions(mec, rng, 1):
            check(Entailment(graph), those_with(mec.batch(), graph.directed), questions[::3])


def chordal_dag(n: int, width: int, seed: int) -> Dag:
    """Each variable joined to a clique of earlier ones: no unshielded collider, so one chain component."""
    rng = np.random.default_rng(seed)
    names = [f"v{i}" for i in range(n)]
    cliques: list[list[int]] = [[0]]
    edges = []
    for v in range(1, n):
        clique = cliques[rng.integers(len(cliques))]
        size = min(len(clique), int(rng.integers(1, width + 1)))
        chosen = rng.choice(clique, size=size, replace=False).tolist()
        edges += [(names[u], names[v]) for u in chosen]
        cliques.append([*chosen, v])
    return Dag(names, edges)


def test_a_chordal_graph_of_a_hundred_variables() -> None:
    dag = chordal_dag(100, 6, seed=0)
    cpdag = Cpdag.from_dag(dag)
    assert not cpdag.directed
    start = time.perf_counter()
    entailment = Entailment(cpdag)
    verdicts = [entailment.decide(q) for q in all_questions(dag.nodes)]
    assert time.perf_counter() - start < 15  # a third of this on an idle machine
    # In an undirected component every variable can be the first cause, and none must be a cause of another.
    assert {v.kind for v in verdicts} == {"open"}
    for verdict in verdicts[::990]:
        assert verdict.holds_in is not None
        assert verdict.fails_in is not None
        assert verdict.proposition.holds(verdict.holds_in)
        assert not verdict.proposition.holds(verdict.fails_in)
        assert Cpdag.from_dag(verdict.holds_in) == Cpdag.from_dag(verdict.fails_in) == cpdag
    restricted = Entailment(cpdag, given=[Causes("v7", "v90"), ~Causes("v7", "v80")])
    assert restricted.decide(Causes("v90", "v7")).kind == "excluded"
    for kind in (HaveCommonCause, HaveCommonEffect, IndirectlyCauses):
        for dag_found, wanted in zip(_certificates(restricted.decide(kind("v3", "v80"))), (True, False), strict=True):
            assert dag_found is None or kind("v3", "v80").holds(dag_found) == wanted


def _certificates(verdict: Verdict) -> tuple[Dag | None, Dag | None]:
    return verdict.holds_in, verdict.fails_in


def test_reasons() -> None:
    asia = Dag.from_edges(
        [
            ("asia", "tub"),
            ("smoke", "lung"),
            ("smoke", "bronc"),
            ("tub", "either"),
            ("lung", "either"),
            ("either", "xray"),
            ("either", "dysp"),
            ("bronc", "dysp"),
        ]
    )
    code = Entailment(Cpdag.from_dag(asia))

    def why(proposition: Proposition) -> str:
        return code.decide(proposition).reason

    assert why(Causes("tub", "dysp")) == "tub → either → dysp is directed in every member"
    assert why(~Causes("tub", "dysp")) == why(Causes("tub", "dysp"))
    assert why(DirectlyCauses("asia", "dysp")) == "asia and dysp are not adjacent"
    assert why(DirectlyCauses("either", "tub")) == "tub → either is directed in every member"
    assert why(DirectlyCauses("smoke", "lung")).startswith("smoke – lung is undirected")
    assert why(Causes("dysp", "asia")) == "every path from dysp to asia has an edge that is directed against it"
    assert why(Causes("asia", "xray")) == "it holds exactly with asia → tub, which some members have and others lack"
    assert why(Changes("asia", "xray", {"either"})) == "no path that avoids either joins asia and xray"
    assert why(Changes("tub", "lung", {"smoke"})) == (
        "every path from tub to lung that avoids smoke has an edge that is directed against it"
    )
    assert (
        why(Changes("asia", "tub", {"either"}))
        == "it holds exactly with asia → tub, which some members have and others lack"
    )
    assert why(Causes("smoke", "dysp")) == (
        "lung → smoke ← bronc would be a new collider, and each of smoke → lung and smoke → bronc "
        "directs a path from smoke to dysp"
    )
    assert "open given dysp" in why(Independent("tub", "bronc", "dysp"))
    assert why(HaveCommonEffect("tub", "lung")) == "lung → either and tub → either are directed in every member"
    assert "no variable can be a cause of" in why(HaveCommonCause("asia", "smoke"))
    assert "both" in why(~(DirectlyCauses("lung", "smoke") & DirectlyCauses("bronc", "smoke")))
    assert why(IndirectlyCauses("smoke", "lung")) == (
        "smoke and lung are adjacent, and no longer path from smoke to lung can be directed throughout"
    )
    either_way = Entailment(Mpdag("abcd", directed=[("a", "c"), ("b", "d")], undirected=[("a", "b")]))
    assert either_way.decide(HaveCommonCause("c", "d")).reason == (
        "a is a common cause with a → b, and b is one with b → a"
    )
    both = Causes("tub", "dysp") & Causes("lung", "xray")
    assert (
        why(both) == "tub → either → dysp is directed in every member; lung → either → xray is directed in every member"
    )
    known = Entailment(code.graph, given=[DirectlyCauses("lung", "smoke")]).decide(Causes("bronc", "smoke"))
    assert known.kind == "excluded"
    assert known.reason == (
        "it could hold only with bronc → smoke, and no member has it, given that (lung directly causes smoke)"
    )


def test_contradictions_name_the_smallest_set() -> None:
    fork = Cpdag("abcd", undirected=[("a", "b"), ("b", "c")])
    idle = Causes("b", "c") | Causes("c", "b")
    with pytest.raises(errors.InvalidProposition) as caught:
        Entailment(fork, given=[idle, Causes("a", "b"), Causes("c", "b")])
    assert str(caught.value) == "no member of the class satisfies all of (a causes b) and (c causes b)"
    with pytest.raises(errors.InvalidProposition, match=r"satisfies \(a causes d\)"):
        Entailment(fork, given=[Causes("a", "d")])
    assert Entailment(fork, given=Causes("a", "c")).decide(DirectlyCauses("b", "c")).kind == "entailed"  # type: ignore[arg-type]
    with pytest.raises(errors.UnknownVariable, match="'z'"):
        Entailment(fork).decide(Causes("a", "z"))
    with pytest.raises(errors.UnknownVariable):
        Entailment(fork).decide(Changes("a", "b", {"z"}))
    with pytest.raises(errors.InvalidProposition, match="takes propositions"):
        Entailment(fork, given=["a causes b"])  # type: ignore[list-item]
    with pytest.raises(errors.InvalidProposition, match="SimpleNamespace"):
        Encoding(fork).translate(SimpleNamespace())  # type: ignore[arg-type]


def test_the_encoding_is_exact_on_paths_in_dags_that_share_no_code() -> None:
    """networkx says which members have the paths; nothing of the batches is used."""
    rng = random.Random(8)
    for _ in range(8):
        mec = MarkovEquivalenceClass.from_dag(random_dag(6, 0.6, rng))
        if mec.size > 200:
            continue
        graphs = [nx.DiGraph(dag.edges) for dag in mec.members()]
        for graph in graphs:
            graph.add_nodes_from(mec.nodes)
        entailment = Entailment(mec.cpdag)
        for x, y, z in rng.sample(list(itertools.permutations(mec.nodes, 3)), 30):
            truth = [nx.has_path(g.subgraph(set(mec.nodes) - {z}), x, y) for g in graphs]
            kind = "entailed" if all(truth) else "open" if any(truth) else "excluded"
            assert entailment.decide(Changes(x, y, {z})).kind == kind
