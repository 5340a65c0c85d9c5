"""Probabilities of causation against the enumeration of all noise, a linear program, and published numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from brute import Brute, random_scm
from scipy.optimize import linprog

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs import LinearGaussian, Response, Table
from causalpp.programs.estimands import ate, pn, pns, ps, tian_pearl_bounds

CLOSE = 1e-9
QUESTIONS = {"pn": pn, "ps": ps, "pns": pns}


def pick(seed: int) -> tuple[cpp.CausalProgram, Brute, dict[str, Any], dict[str, float], dict[str, Any]]:
    """A random program, its rows, a question, the true answers, and who had what in each row."""
    program, brute = random_scm(seed)
    rng = np.random.default_rng([seed, 78])
    x, y = (brute.order[i] for i in sorted(rng.choice(len(brute.order), 2, replace=False)))
    high, low = rng.choice(brute.cards[x], 2, replace=False).tolist()
    k = int(rng.integers(brute.cards[y]))
    fact, one, zero = brute.world({}), brute.world({x: high}), brute.world({x: low})
    named = {
        "treatment": x,
        "outcome": y,
        "treated": program.states(x)[high],
        "control": program.states(x)[low],
        "state": program.states(y)[k],
    }
    rows = {"high": fact[x] == high, "low": fact[x] == low, "y": fact[y] == k, "one": one[y] == k, "zero": zero[y] == k}
    answers = {"pns": brute.share(rows["one"] & ~rows["zero"])}
    if brute.share(rows["high"] & rows["y"]) > 0:
        answers["pn"] = brute.share(~rows["zero"], rows["high"] & rows["y"])
    if brute.share(rows["low"] & ~rows["y"]) > 0:
        answers["ps"] = brute.share(rows["one"], rows["low"] & ~rows["y"])
    return program, brute, named, answers, rows


def by_linear_program(brute: Brute, rows: dict[str, Any], which: str) -> tuple[float, float]:
    """The bounds as the extremes over all laws of (group, Y(treated), Y(control)) with the given probabilities."""
    groups = {"high": rows["high"], "low": rows["low"], "others": ~rows["high"] & ~rows["low"]}
    cells = [(g, a, b) for g in groups for a in (1, 0) for b in (1, 0)]

    def row(holds: Callable[[str, int, int], bool]) -> list[float]:
        return [float(holds(*cell)) for cell in cells]

    constraints = [(row(lambda g, a, b, n=name: g == n), brute.share(hit)) for name, hit in groups.items()]
    constraints += [
        (row(lambda g, a, b: g == "high" and a == 1), brute.share(rows["high"] & rows["y"])),
        (row(lambda g, a, b: g == "low" and b == 1), brute.share(rows["low"] & rows["y"])),
        (row(lambda g, a, b: a == 1), brute.share(rows["one"])),
        (row(lambda g, a, b: b == 1), brute.share(rows["zero"])),
    ]
    group = {"pn": "high", "ps": "low", "pns": None}[which]
    goal = np.array(row(lambda g, a, b: a == 1 and b == 0 and group in (None, g)))
    mass = {
        "pn": brute.share(rows["high"] & rows["y"]),
        "ps": brute.share(rows["low"] & ~rows["y"]),
        "pns": 1.0,
    }[which]
    left, right = np.array([c for c, _ in constraints]), np.array([v for _, v in constraints])
    ends = [linprog(sign * goal, A_eq=left, b_eq=right, bounds=(0, 1)) for sign in (1, -1)]
    assert all(end.status == 0 for end in ends)
    return ends[0].fun / mass, -ends[1].fun / mass


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_probabilities_of_causation_agree_with_the_enumeration_and_lie_within_their_bounds(block: int) -> None:
    seen = 0
    for seed in range(40 * block, 40 * block + 40):
        program, brute, named, answers, rows = pick(seed)
        for which, wanted in answers.items():
            found = QUESTIONS[which](program, **named)
            assert found.method == "exact"
            assert found.value == pytest.approx(wanted, abs=CLOSE), (seed, which)
            low, high = found.bounds
            assert low - CLOSE <= found.value <= high + CLOSE, (seed, which)
            assert (low, high) == pytest.approx(by_linear_program(brute, rows, which), abs=1e-6), (seed, which)
            if found.monotonic is not None:
                assert low - CLOSE <= found.monotonic <= high + CLOSE, (seed, which)
            if brute.share(~rows["one"] & rows["zero"]) == 0 and found.monotonic is not None:
                assert found.value == pytest.approx(found.monotonic, abs=CLOSE)
                seen += 1
    assert seen


def test_impossible_conditions_are_named() -> None:
    failed = 0
    for seed in range(60):
        program, _, named, answers, _ = pick(seed)
        for which in {"pn", "ps"} - set(answers):
            failed += 1
            with pytest.raises(errors.ImpossibleEvidence, match="there are none"):
                QUESTIONS[which](program, **named)
    assert failed


def test_two_states_add_up() -> None:
    for seed in range(60):
        program, brute, named, answers, rows = pick(seed)
        if len(answers) < 3 or brute.cards[named["treatment"]] > 2:
            continue
        both = {which: ask(program, **named).value for which, ask in QUESTIONS.items()}
        sum_ = brute.share(rows["high"] & rows["y"]) * both["pn"] + brute.share(rows["low"] & ~rows["y"]) * both["ps"]
        assert both["pns"] == pytest.approx(sum_, abs=CLOSE)
        swapped = pns(program, **{**named, "treated": named["control"], "control": named["treated"]})
        assert ate(program, **named).value == pytest.approx(both["pns"] - swapped.value, abs=CLOSE)


def test_subpopulations_and_interventions() -> None:
    for seed in range(30):
        program, brute, named, _, rows = pick(seed)
        z = next(v for v in brute.order if v not in (named["treatment"], named["outcome"]))
        level = int(brute.world({})[z][int(np.argmax(brute.weights))])
        of = brute.world({})[z] == level
        found = pns(program.condition({z: program.states(z)[level]}), **named)
        assert found.value == pytest.approx(brute.share(rows["one"] & ~rows["zero"], of), abs=CLOSE)
        assert found.bounds[0] - CLOSE <= found.value <= found.bounds[1] + CLOSE


def test_simulations_agree_and_lie_within_their_bounds() -> None:
    for seed in range(15):
        program, _, named, answers, _ = pick(seed)
        for which, wanted in answers.items():
            found = QUESTIONS[which](program, **named, samples=6000, seed=seed)
            assert "6,000 rows" in found.method
            assert found.effective_size is not None
            # three hits more, for where the share is so small that none may be seen and the standard error is zero
            assert abs(found.value - wanted) <= 4.5 * found.standard_error + 3 / found.effective_size
            assert found.bounds[0] - CLOSE <= found.value <= found.bounds[1] + CLOSE


def test_a_monotonic_table_has_the_monotonic_value() -> None:
    # Tables share (0, 1) out in the order of states, so with two states their equations are monotonic.
    asia = cpp.load_network("asia")
    for ask in QUESTIONS.values():
        found = ask(asia, "smoke", "lung")
        assert found.value == pytest.approx(found.monotonic)
    # and the same law with the noise the other way round is not: value and monotonic value part
    mirrored = Response((1, 0), ("x",), [0.3, 0.3, 0.4], [[0, 1, 1], [1, 0, 0]])
    program = cpp.compile(Dag.from_edges([("x", "y")]), mechanisms={"x": Table((0, 1), (), [0.5, 0.5]), "y": mirrored})
    found = pns(program, "x", "y")
    assert found.value == pytest.approx(0.7)
    assert found.monotonic == pytest.approx(0.4)
    assert found.bounds == pytest.approx((0.4, 0.7))
    text = repr(found)
    assert "0.7000 under the given mechanisms (exact)" in text
    assert "between 0.4000 and 0.7000 under any mechanisms" in text
    assert "0.4000 if the effect is monotonic" in text
    assert json.loads(found.to_json())["bounds"] == list(found.bounds)


def test_posterior_draws() -> None:
    program = cpp.compile(
        Dag.from_edges([("x", "y")]),
        mechanisms={
            "x": Table((0, 1), (), [0.5, 0.5]),
            "y": Table.from_concentration((0, 1), ("x",), np.array([[80.0, 20.0], [30.0, 70.0]])),
        },
    )
    found = pn(program, "x", "y", draws=100)
    low, high = found.interval()
    assert low < found.value < high
    assert "posterior draws" in repr(found)
    assert found.value == pytest.approx(1 - 0.2 / 0.7)


def test_published_bounds() -> None:
    # Tian & Pearl (2000), section 4.4: a drug's deaths among those who chose it and those assigned to it.
    chosen = {("yes", "dead"): 0.001, ("yes", "alive"): 0.499, ("no", "dead"): 0.014, ("no", "alive"): 0.486}
    found = tian_pearl_bounds(chosen, {"yes": 0.016, "no": 0.014}, state="dead")
    assert found.pn == (1.0, 1.0)
    assert found.ps == pytest.approx((0.001 / 0.486, 0.015 / 0.486))
    assert found.pns == pytest.approx((0.002, 0.016))
    assert found.monotonic["pns"] == pytest.approx(0.002)


def test_bounds_of_one_kind_of_probabilities() -> None:
    trial = tian_pearl_bounds(experimental={1: 0.7, 0: 0.4})
    assert trial.pns == pytest.approx((0.3, 0.6))
    assert trial.pn == trial.ps == (0, 1)
    assert trial.monotonic == {"pn": None, "ps": None, "pns": pytest.approx(0.3)}
    found = tian_pearl_bounds({(1, 1): 0.3, (1, 0): 0.2, (0, 1): 0.1, (0, 0): 0.4})
    assert found.pns == pytest.approx((0, 0.7))
    assert found.pn == found.ps == (0, 1)
    assert set(found.monotonic.values()) == {None}
    harmful = tian_pearl_bounds(experimental={1: 0.2, 0: 0.4})
    assert harmful.monotonic["pns"] is None


def test_bounds_from_frames_are_those_of_their_shares() -> None:
    asia = cpp.load_network("asia")
    exact = pn(asia, "bronc", "dysp")
    observed = asia.simulate(40_000, seed=1)
    assigned = asia.do(bronc={"yes": 0.5, "no": 0.5}).simulate(40_000, seed=2)
    found = tian_pearl_bounds(observed, assigned, treatment="bronc", outcome="dysp")
    # P(y), P(y | do) and P(x, y) have standard errors of at most .0025, .0035 and .0025; PN divides by .36
    assert found.pn == pytest.approx(exact.bounds, abs=4.5 * 0.006 / 0.36)
    assert found.pn[0] <= found.pn[1]
    alone = tian_pearl_bounds(experimental=assigned, treatment="bronc", outcome="dysp")
    assert alone.pns[0] <= found.pns[0] + 0.05


GOOD = {("a", 1): 0.25, ("a", 0): 0.25, ("b", 1): 0.25, ("b", 0): 0.25}
FRAME = pd.DataFrame({"x": ["a", "b", "b"], "y": [1, 0, 1]})


@pytest.mark.parametrize(
    ("ask", "kind", "text"),
    [
        (lambda: tian_pearl_bounds(), errors.InvalidParameter, "or both"),
        (lambda: tian_pearl_bounds(GOOD), errors.InvalidParameter, "which states of 'the treatment'"),
        (lambda: tian_pearl_bounds(GOOD, treated="a", control="a"), errors.InvalidParameter, "both 'a'"),
        (lambda: tian_pearl_bounds(GOOD, treated="a", control="c"), errors.UnknownState, "'c'"),
        (lambda: tian_pearl_bounds(GOOD, treated="a", state=7), errors.UnknownState, "7"),
        (lambda: tian_pearl_bounds({**GOOD, ("a", 1): 0.5}, treated="a"), errors.InvalidParameter, "sum to 1.25"),
        (lambda: tian_pearl_bounds({**GOOD, ("a", 1): -0.5}, treated="a"), errors.InvalidParameter, "probability"),
        (lambda: tian_pearl_bounds({"a": 1.0}), errors.InvalidParameter, "pairs"),
        (lambda: tian_pearl_bounds(GOOD, {"a": 0.5}, treated="a"), errors.InvalidParameter, "about 'b'"),
        (lambda: tian_pearl_bounds(GOOD, {"a": 0.5, "b": 0.1}, treated="a"), errors.InvalidParameter, "contradict"),
        (lambda: tian_pearl_bounds(GOOD, {"a": 0.5, "b": 2}, treated="a"), errors.InvalidParameter, "probability"),
        (lambda: tian_pearl_bounds(FRAME, treated="a"), errors.InvalidParameter, "say treatment="),
        (lambda: tian_pearl_bounds(FRAME, treatment="x", outcome="z"), errors.InvalidData, "no column 'z'"),
        (lambda: tian_pearl_bounds(FRAME[:0], treatment="x", outcome="y"), errors.InvalidData, "no rows"),
        (
            lambda: tian_pearl_bounds(GOOD, FRAME[:1], treatment="x", outcome="y", treated="a"),
            errors.InvalidData,
            "x = b",
        ),
        (lambda: pn(cpp.load_network("asia"), "smoke", "smoke"), errors.InvalidParameter, "are both"),
        (lambda: pns(cpp.load_network("asia"), "smoke", "dysp", state="often"), errors.UnknownState, "often"),
        (lambda: ps(cpp.load_network("asia"), "smoke", "dysp", samples=1), errors.InvalidParameter, "at least 2"),
    ],
)
def test_bad_questions(ask: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        ask()


def test_a_real_outcome_has_no_probability_of_causation() -> None:
    program = cpp.compile(
        Dag.from_edges([("x", "y")]),
        mechanisms={"x": Table((0, 1), (), [0.5, 0.5]), "y": LinearGaussian(("x",), np.zeros((2, 0)), [0.0, 1.0])},
    )
    with pytest.raises(errors.InvalidParameter, match="real number"):
        pns(program, "x", "y")


def test_what_is_too_large_is_simulated() -> None:
    rng = np.random.default_rng(1)
    names = [f"v{i}" for i in range(16)]
    edges = [(names[i], names[j]) for j in range(16) for i in sorted(rng.choice(j, min(j, 5), replace=False))]
    dag = Dag(names, edges)
    mechanisms = {}
    for v in names:
        table = rng.dirichlet(np.ones(3), size=(3,) * len(dag.parents(v)))
        mechanisms[v] = Table(("a", "b", "c"), dag.parents(v), table)
    program = cpp.compile(dag, mechanisms=mechanisms)
    both = program.worlds(one={"v0": "a"}, other={"v0": "b"})
    with pytest.raises(errors.TooLarge, match="simulate with samples="):
        both.probabilities([("one", "v15"), ("other", "v15")])
    found = pns(program, "v0", "v15", treated="a", control="b", state="a")
    assert found.standard_error > 0
    assert "100,000 rows" in found.method
