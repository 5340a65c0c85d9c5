"""Formulas against exact truth: programs with latents are compiled, and what they do is compared with the formula."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from itertools import combinations, permutations, product

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.graphs import Admg
from causalpp.programs import CausalProgram, Table
from causalpp.programs.identification import (
    Estimand,
    Expression,
    Fraction,
    Joint,
    One,
    Probability,
    Product,
    Sum,
    adjusted_effect,
    identify,
)
from causalpp.programs.identification.mixed import as_dag, as_mixed

TRAP = Admg(("V0", "V1", "V2", "V3"), (("V0", "V3"), ("V1", "V2"), ("V2", "V3")), (("V0", "V1"), ("V1", "V3")))
NAPKIN = Admg(("W", "R", "X", "Y"), (("W", "R"), ("R", "X"), ("X", "Y")), (("W", "X"), ("W", "Y")))
FRONT = Admg(("x", "m", "y"), (("x", "m"), ("m", "y")), (("x", "y"),))
BOW = Admg(("x", "y"), (("x", "y"),), (("x", "y"),))


def all_admgs(names: str) -> Iterator[Admg]:
    pairs = list(combinations(names, 2))
    for edges in product((False, True), repeat=2 * len(pairs)):
        chosen = [pair for pair, on in zip(pairs * 2, edges, strict=True) if on]
        number = sum(edges[: len(pairs)])
        yield Admg(tuple(names), tuple(chosen[:number]), tuple(chosen[number:]))


def random_program(dag: Dag, rng: np.random.Generator) -> CausalProgram:
    """Tables drawn at random and bounded away from zero; observed variables binary, latent ones of 2 or 3 states."""
    sizes = {name: int(rng.integers(2, 4)) if name in dag.latent else 2 for name in dag.nodes}
    tables = {}
    for name in dag.nodes:
        shape = tuple(sizes[p] for p in dag.parents(name))
        rows = rng.dirichlet(np.ones(sizes[name]), size=shape) + 0.1
        tables[name] = Table(tuple(range(sizes[name])), dag.parents(name), rows / rows.sum(-1, keepdims=True))
    return cpp.compile(dag, mechanisms=tables)


def truth(program: CausalProgram, estimand: Estimand) -> np.ndarray:
    """P(outcome | do(treatment), given) at all values: axes treatment, given, outcome."""
    x, y, z = estimand.treatment, estimand.outcome, estimand.given
    table = np.empty((2,) * len(x + z + y))
    for values in product((0, 1), repeat=len(x)):
        joint = program.do(dict(zip(x, values, strict=True))).probabilities(z + y)
        table[values] = joint / joint.sum(axis=tuple(range(len(z), len(z + y))), keepdims=True)
    return table


def check(program: CausalProgram, estimand: Estimand) -> None:
    table = estimand.table(Joint.from_program(program))
    assert table.variables == estimand.treatment + estimand.given + estimand.outcome
    np.testing.assert_allclose(table.probabilities, truth(program, estimand), atol=1e-9, rtol=0, err_msg=str(estimand))


def attempt(graph: Dag | Admg, *query: object, **options: object) -> Estimand | errors.NotIdentified:
    try:
        return identify(graph, *query, **options)
    except errors.NotIdentified as error:
        return error


# --- the named graphs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["simplest", "id"])
def test_trap_keeps_the_treatment_in_the_formula(method: str) -> None:
    estimand = identify(TRAP, "V2", "V3", method=method)
    assert "V2" in estimand.expression.free
    for seed in range(5):
        check(random_program(as_dag(TRAP), np.random.default_rng(seed)), estimand)


def test_napkin() -> None:
    estimand = identify(NAPKIN, "X", "Y")
    assert str(estimand.expression) == ("[Σ_{W} P(W) P(X | W, R) P(Y | W, R, X)] / [Σ_{W} P(W) P(X | W, R)]")
    assert estimand.arbitrary == ("R",)
    for seed in range(5):
        check(random_program(as_dag(NAPKIN), np.random.default_rng(seed)), estimand)


def test_front_door_reads_as_in_the_book() -> None:
    dag = Dag.from_edges([("smoke", "tar"), ("tar", "cancer"), ("U", "smoke"), ("U", "cancer")], latent={"U"})
    estimand = identify(dag, "smoke", "cancer")
    assert str(estimand.expression) == "Σ_{tar} P(tar | smoke) Σ_{smoke'} P(cancer | smoke', tar) P(smoke')"
    assert estimand.expression.latex() == (
        r"\sum_{\mathrm{tar}} P(\mathrm{tar} \mid \mathrm{smoke}) \sum_{\mathrm{smoke}'} "
        r"P(\mathrm{cancer} \mid \mathrm{smoke}', \mathrm{tar}) P(\mathrm{smoke}')"
    )
    assert estimand._repr_latex_().startswith(r"$P(\mathrm{cancer} \mid \mathrm{do}(\mathrm{smoke})) = ")


@pytest.mark.parametrize(
    ("edges", "query", "reason"),
    [
        ("ab", ("b", "a"), "no directed path from {b} to {a}"),
        ("ab bc", ("a", "c"), "no open back-door path"),
        ("zx zy xy", ("x", "y"), "back door with {z}"),
        ("zx zy xy", ("x", "y", "z"), "no open back-door path; to see {z} is to set it"),
        ("xm my", ("x", "y", "m"), "no open back-door path; to see {m} is to set it"),
    ],
)
def test_reasons(edges: str, query: tuple[str, ...], reason: str) -> None:
    found = identify(Dag.from_edges([tuple(e) for e in edges.split()]), *query)
    assert found.reason == reason


# --- all graphs of three, many of four to six ---------------------------------------------------------------------


@pytest.mark.slow
def test_every_graph_of_three_variables() -> None:
    """All 64 patterns of → and ↔ over a fixed order, all disjoint treatment, outcome and given sets."""
    rng = np.random.default_rng(0)
    identified = 0
    for graph in all_admgs("abc"):
        program = random_program(as_dag(graph), rng)
        for x, y in permutations("abc", 2):
            third = next(v for v in "abc" if v not in (x, y))
            for query in [(x, y), (x, y, third), (x, (y, third)), ((x, third), y)]:
                answers = [attempt(graph, *query, method=method) for method in ("simplest", "id")]
                assert isinstance(answers[0], Estimand) == isinstance(answers[1], Estimand)
                for answer in answers:
                    if isinstance(answer, Estimand):
                        identified += 1
                        check(program, answer)
    assert identified > 1000


@pytest.mark.parametrize("names", ["abc", "abcd"])
def test_joint_effects_of_one_variable_against_tian(names: str) -> None:
    """P(everything else | do(x)) is identified iff no path of ↔ joins x to a child of it (Tian & Pearl 2002)."""
    graphs = list(all_admgs(names))
    for graph in graphs[:: 1 if len(names) == 3 else 37]:
        mixed = as_mixed(graph)
        for x in names:
            joined = any(x in mixed.parents[v] for v in mixed.component(x))
            answer = attempt(graph, x, [v for v in names if v != x])
            assert isinstance(answer, errors.NotIdentified) == joined


def random_query(rng: np.random.Generator) -> tuple[Dag, tuple[tuple[str, ...], ...]]:
    observed = [f"V{i}" for i in range(rng.integers(4, 7))]
    hidden = [f"U{i}" for i in range(rng.integers(1, 5))]
    order = [str(name) for name in rng.permutation(observed)]
    edges = [pair for pair in combinations(order, 2) if rng.random() < 0.45]
    for name in hidden:
        edges += [(name, str(v)) for v in rng.choice(observed, size=2 if rng.random() < 0.8 else 3, replace=False)]
    if rng.random() < 0.2:  # a latent variable with a cause
        child = next(v for u, v in edges if u == hidden[0])
        above = [v for v in order[: order.index(child)] if (hidden[0], v) not in edges]
        edges += [(above[0], hidden[0])] if above and not _reaches(edges, hidden[0], above[0]) else []
    dag = Dag(observed + hidden, edges, latent=hidden)
    pool = [str(name) for name in rng.permutation(observed)]
    a, b = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    x, y, rest = pool[:a], pool[a : a + b], pool[a + b :]
    z = rest[: int(rng.integers(1, 3))] if rest and rng.random() < 0.4 else []
    return dag, (tuple(x), tuple(y), tuple(z))


def _reaches(edges: list[tuple[str, str]], a: str, b: str) -> bool:
    return any(u == a and (v == b or _reaches(edges, v, b)) for u, v in edges)


@pytest.mark.slow
def test_random_graphs_of_four_to_six_variables() -> None:
    rng = np.random.default_rng(1)
    counts = {"identified": 0, "arbitrary": 0, "given": 0, "not": 0}
    for _ in range(500):
        dag, query = random_query(rng)
        program = random_program(dag, rng)
        answers = [attempt(dag, *query, method=method) for method in ("simplest", "id")]
        assert isinstance(answers[0], Estimand) == isinstance(answers[1], Estimand)
        for answer in answers:
            if isinstance(answer, Estimand):
                check(program, answer)
                counts["identified"] += 1
                counts["arbitrary"] += bool(answer.arbitrary)
                counts["given"] += bool(answer.given)
            else:
                counts["not"] += 1
    assert counts.pop("arbitrary") > 0
    assert min(counts.values()) > 200, counts


# --- not identified --------------------------------------------------------------------------------------------


def model(graph: Admg, states: int) -> tuple[int, object, object]:
    """A binary model of the graph with uniform latents, as functions of its parameters.

    Returns how many parameters, parameters → observed joint, (parameters, do) → joint after do.
    """
    names, letter = graph.nodes, {name: chr(97 + i) for i, name in enumerate(graph.nodes)}
    shapes, specs = [], []
    for name in names:
        above = [a for a, b in graph.directed if b == name]
        hidden = [65 + i for i, pair in enumerate(graph.bidirected) if name in pair]
        shapes.append((2,) * len(above) + (states,) * len(hidden))
        specs.append("".join(letter[a] for a in above) + "".join(map(chr, hidden)) + letter[name])
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    formula = ",".join(specs) + "->" + "".join(letter[name] for name in names)

    def joint(theta: torch.Tensor, cut: tuple[str, ...] = ()) -> torch.Tensor:
        factors = []
        for name, shape, end in zip(names, shapes, ends, strict=True):
            p = torch.sigmoid(theta[end - int(np.prod(shape)) : end]).reshape(shape)
            table = torch.stack([1 - p, p], -1)
            factors.append(torch.ones_like(table) if name in cut else table)
        return torch.einsum(formula, *factors) / states ** len(graph.bidirected)

    return int(ends[-1]), joint, shapes


def two_models(graph: Admg, x: str, y: str, seed: int) -> tuple[float, float]:
    """Two parameter vectors with the same observed joint: how far the joints and the effects differ.

    From a random model, a step along which the observed joint does not change to first order but the effect
    does, then Newton steps back to where the joint is the same.
    """
    size, joint, _ = model(graph, 3)
    torch.manual_seed(seed)
    first = torch.randn(size, dtype=torch.float64)

    def effect(theta: torch.Tensor) -> torch.Tensor:
        table = joint(theta, (x,))
        others = tuple(i for i, name in enumerate(graph.nodes) if name not in (x, y))
        return table.sum(others).flatten() if others else table.flatten()

    slope = torch.func.jacrev(lambda t: joint(t).flatten())(first)
    pull = torch.func.jacrev(effect)(first)
    flat = torch.eye(size, dtype=torch.float64) - torch.linalg.pinv(slope, rtol=1e-10) @ slope
    direction = flat @ pull[int(torch.linalg.norm(pull @ flat, dim=1).argmax())]
    if torch.linalg.norm(direction) < 1e-9:
        return 0.0, 0.0
    second = first + 0.5 * direction / torch.linalg.norm(direction)
    for _ in range(30):
        gap = (joint(second) - joint(first)).flatten()
        second = second - torch.linalg.pinv(torch.func.jacrev(lambda t: joint(t).flatten())(second), rtol=1e-8) @ gap
    same = float(abs(joint(second) - joint(first)).max())
    return same, float(abs(effect(second) - effect(first)).max())


def test_unidentified_effects_are_exhibited_by_two_models() -> None:
    """Every unidentified pair in every graph of three variables, sampled: same observed joint, another effect."""
    cases = [
        (graph, x, y)
        for graph in all_admgs("abc")
        for x, y in permutations("abc", 2)
        if isinstance(attempt(graph, x, y), errors.NotIdentified)
    ]
    assert len(cases) > 30
    for number, (graph, x, y) in enumerate(cases[::3]):
        found = False
        for seed in range(5):
            same, differ = two_models(graph, x, y, 10 * number + seed)
            found = found or (same < 1e-12 and differ > 1e-4)
            if found:
                break
        assert found, (graph, x, y)


def test_identified_effects_are_not() -> None:
    """The same search finds nothing where there is a formula."""
    for graph in [TRAP, NAPKIN, FRONT]:
        x, y = {TRAP: ("V2", "V3"), NAPKIN: ("X", "Y"), FRONT: ("x", "y")}[graph]
        _, differ = two_models(graph, x, y, 0)
        assert differ < 1e-6


def test_hedge() -> None:
    with pytest.raises(errors.NotIdentified, match=r"c-forests \{x, y\} and \{y\} form a hedge") as caught:
        identify(BOW, "x", "y")
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.hedge == (("x", "y"), ("y",))
    assert (error.treatment, error.outcome, error.given) == (("x",), ("y",), ())


# --- sources, positivity, bad input --------------------------------------------------------------------------------


def test_sources_agree() -> None:
    program = random_program(as_dag(FRONT), np.random.default_rng(3))
    estimand = identify(program.dag, "x", "y")
    exact = estimand.evaluate(program, do={"x": 1})
    assert exact == pytest.approx(program.do(x=1).distribution("y"), abs=1e-12)
    assert estimand.evaluate(Joint.from_program(program), do={"x": 1}) == pytest.approx(exact, abs=1e-12)
    rows = program.simulate(40_000, seed=1)
    # Each cell's share is off by at most .5/√n per standard deviation, and the formula is nowhere steep.
    assert estimand.evaluate(rows, do={"x": 1}) == pytest.approx(exact, abs=0.05)
    effect = estimand.effect(program, 1, 0)
    assert effect == pytest.approx(exact[1] - program.do(x=0).distribution("y")[1], abs=1e-12)
    assert estimand.effect(program, {"x": 1}, {"x": 0}, state=0) == pytest.approx(-effect)


def test_several_outcomes_and_given() -> None:
    dag = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y"), ("x", "w"), ("y", "w")])
    program = random_program(dag, np.random.default_rng(4))
    found = identify(dag, "x", ["y", "w"]).evaluate(program, do={"x": 0})
    exact = program.do(x=0).probabilities(["y", "w"])
    assert found == pytest.approx({(i, j): exact[i, j] for i in (0, 1) for j in (0, 1)}, abs=1e-12)
    found = identify(dag, "x", "y", "w").evaluate(program, do={"x": 0}, given={"w": 1})
    assert list(found.values()) == pytest.approx(list(exact[:, 1] / exact[:, 1].sum()), abs=1e-12)


def test_positivity() -> None:
    dag = Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")])
    rows = pd.DataFrame({"z": [0, 0, 1, 1], "x": [0, 1, 0, 0], "y": [0, 1, 0, 1]})
    estimand = identify(dag, "x", "y")
    with pytest.raises(errors.InvalidData, match=r"P\(y \| z, x\) is undefined at z=1, x=1, which no row shows"):
        estimand.evaluate(rows, do={"x": 1})
    assert estimand.evaluate(rows, do={"x": 0}) == {0: 0.75, 1: 0.25}
    rows["z"] = pd.Categorical([0, 0, 0, 0], categories=[0, 1])
    with pytest.warns(UserWarning, match="z=1, x=1, which no row shows; it has weight zero"):
        assert estimand.evaluate(rows, do={"x": 1}) == {0: 0.0, 1: 1.0}


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        (("tar", "u"), errors.InvalidParameter, "'u' is latent"),
        (("u", "y"), errors.InvalidParameter, "'u' is latent"),
        (("x", "Y"), errors.UnknownVariable, "unknown variable 'Y' as outcome; did you mean 'y'"),
        (("x", "x"), errors.InvalidParameter, "both treatment and outcome"),
        (("x", "y", "x"), errors.InvalidParameter, "both treatment and given"),
        (((), "y"), errors.InvalidParameter, "the treatment is empty"),
        (("x", ()), errors.InvalidParameter, "the outcome is empty"),
    ],
)
def test_bad_queries(query: tuple[str, ...], error: type[Exception], message: str) -> None:
    dag = Dag.from_edges([("x", "tar"), ("tar", "y"), ("u", "x"), ("u", "y")], latent={"u"})
    with pytest.raises(error, match=message):
        identify(dag, *query)


def test_bad_graph_and_evaluation() -> None:
    with pytest.raises(errors.InvalidParameter, match="a Dag or an Admg"):
        identify([("x", "y")], "x", "y")  # type: ignore[arg-type]
    with pytest.raises(errors.InvalidParameter, match="method is"):
        identify(FRONT, "x", "y", method="ID")
    with pytest.raises(errors.CyclicGraph):
        identify(Admg(("x", "y"), (("x", "y"), ("y", "x")), ()), "x", "y")
    estimand = identify(FRONT, "x", "y")
    rows = pd.DataFrame({"x": [0, 1] * 8, "m": [0, 0, 1, 1] * 4, "y": ([0] * 4 + [1] * 4) * 2})
    with pytest.raises(errors.InvalidParameter, match="do= needs a state for 'x'"):
        estimand.evaluate(rows, do={})
    with pytest.raises(errors.UnknownVariable, match="'m' in do="):
        estimand.evaluate(rows, do={"m": 1})
    with pytest.raises(errors.UnknownState):
        estimand.evaluate(rows, do={"x": 2})
    with pytest.raises(errors.UnknownVariable, match="unknown variable 'm'"):
        estimand.evaluate(rows.drop(columns="m"), do={"x": 1})
    with pytest.raises(errors.InvalidData, match="missing values"):
        estimand.evaluate(rows.assign(m=[None] + [1.0] * 15), do={"x": 1})
    with pytest.raises(errors.InvalidParameter, match="not on a dict"):
        estimand.evaluate({}, do={"x": 1})
    with pytest.raises(errors.InvalidParameter, match="say state="):
        estimand.effect(rows.assign(y=rows.y.map({0: "no", 1: "yes"})), 1, 0)
    with pytest.raises(errors.InvalidParameter, match="sum to one"):
        Joint(("x",), {"x": (0, 1)}, np.array([0.5, 0.6]))


def test_columns_are_read_as_everywhere() -> None:
    """Seven whole numbers are a count or real, as for every fit; said to be states, they are summed over by hand."""
    draw = np.random.default_rng(5)
    z = np.concatenate([np.arange(7).repeat(2), draw.poisson(2, 386).clip(0, 6)])
    x = np.concatenate([[0, 1] * 7, draw.random(386) < 0.2 + 0.1 * z[14:]]).astype(int)
    rows = pd.DataFrame({"z": z, "x": x, "y": (draw.random(400) < 0.1 * z + 0.2 * x).astype(int)})
    estimand = identify(Dag.from_edges([("z", "x"), ("z", "y"), ("x", "y")]), "x", "y")
    advice = r"'z' is read as numbers \(.*pandas.cut.*kinds=\{'z': 'discrete'\}.*method='regression'"
    for ask in (
        lambda: estimand.evaluate(rows, {"x": 1}),
        lambda: estimand.table(rows),
        lambda: adjusted_effect(rows, "x", "y", "z"),
    ):
        with pytest.raises(errors.InvalidData, match=advice):
            ask()
    by_hand = [sum(rows[(rows.x == k) & (rows.z == v)].y.mean() * (z == v).mean() for v in range(7)) for k in (0, 1)]
    said = {"z": "discrete"}
    assert estimand.evaluate(rows, {"x": 1}, kinds=said)[1] == pytest.approx(by_hand[1])
    assert estimand.table(rows, kinds=said).probabilities[:, 1] == pytest.approx(by_hand)
    assert estimand.effect(rows, 1, 0, kinds=said) == pytest.approx(by_hand[1] - by_hand[0])
    assert adjusted_effect(rows, "x", "y", "z", kinds=said).value == pytest.approx(by_hand[1] - by_hand[0])
    with pytest.raises(errors.UnknownVariable, match="in kinds="):
        estimand.evaluate(rows, {"x": 1}, kinds={"w": "discrete"})
    with pytest.raises(errors.InvalidParameter, match="kinds= says what the columns of a frame are"):
        estimand.evaluate(Joint(("x",), {"x": (0, 1)}, np.array([0.5, 0.5])), {"x": 1}, kinds=said)


# --- the language -----------------------------------------------------------------------------------------------

NAMES = "abcd"


def formulas() -> st.SearchStrategy[Expression]:
    subset = st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=3).map(tuple)

    def probability(names: tuple[str, ...], cut: int) -> Probability:
        cut = 1 + cut % len(names)
        return Probability(names[:cut], names[cut:])

    leaf = st.builds(probability, subset, st.integers(0, 5))
    return st.recursive(
        leaf | st.just(One()),
        lambda inner: (
            st.builds(Sum, subset, inner)
            | st.lists(inner, min_size=2, max_size=3).map(lambda f: Product(tuple(f)))
            | st.builds(Fraction, inner, inner)
        ),
        max_leaves=8,
    )


JOINT = Joint(
    tuple(NAMES),
    dict.fromkeys(NAMES, (0, 1)),
    np.random.default_rng(0).dirichlet(np.ones(16)).reshape((2,) * 4),
)


def value(formula: Expression) -> np.ndarray:
    """At all values of all four names."""
    free = Estimand(tuple(NAMES), (), (), formula, "")
    return free.table(JOINT).probabilities


@settings(max_examples=200)
@given(formulas())
def test_json_round_trip_and_simplification(formula: Expression) -> None:
    assert Expression.from_json(formula.to_json()) == formula
    assert json.loads(formula.to_json()) == formula.to_dict()
    simple = formula.simplify()
    assert simple.free <= formula.free
    np.testing.assert_allclose(value(simple), value(formula), rtol=1e-9)


@settings(max_examples=200)
@given(formulas())
def test_printing_keeps_bound_names_apart(formula: Expression) -> None:
    """Read from left to right, no sum binds a name that already means something in its scope."""

    def walk(text: str, used: frozenset[str]) -> None:
        depth, start = 0, 0
        for place, char in enumerate(text):
            if text.startswith("Σ_{", place) and depth == 0:
                end = text.index("}", place)
                bound = text[place + 3 : end].split(", ")
                assert not used & set(bound)
                assert len(set(bound)) == len(bound)
                check_names(text[start:place], used)
                walk(text[end + 1 :], used | set(bound))
                return
            if char in "([":
                if depth == 0:
                    check_names(text[start:place], used)
                    start = place + 1
                depth += 1
            elif char in ")]":
                depth -= 1
                if depth == 0:
                    walk(text[start:place], used)
                    start = place + 1
        check_names(text[start:], used)

    def check_names(text: str, used: frozenset[str]) -> None:
        words = {word for word in text.replace("|", " ").replace(",", " ").split() if word[0] in NAMES}
        assert words <= used

    walk(str(formula), formula.free)
    latex = formula.latex()
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left(") == latex.count(r"\right)")


def test_estimand_round_trip() -> None:
    for graph, query in [(FRONT, ("x", "y")), (NAPKIN, ("X", "Y")), (TRAP, ("V2", "V3", "V0"))]:
        estimand = identify(graph, *query)
        assert Estimand.from_json(estimand.to_json()) == estimand
        assert pickle.loads(pickle.dumps(estimand)) == estimand


@pytest.mark.parametrize(
    "text",
    ['{"kind": "one"', "[]", '{"kind": "two"}', '{"kind": "sum", "over": "x", "body": {"kind": "one"}}',
     '{"kind": "product", "factors": 3}', '{"kind": "probability", "variables": ["x", "x"], "given": []}',
     '{"kind": "probability", "variables": ["x"], "given": ["x"]}', '{"kind": "fraction"}'],
)  # fmt: skip
def test_bad_json(text: str) -> None:
    with pytest.raises(errors.FormatError):
        Expression.from_json(text)
    with pytest.raises(errors.FormatError):
        Estimand.from_json(text)
