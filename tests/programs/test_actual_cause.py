"""Actual causes: the textbook's examples with the textbook's answers, and a second implementation by recursion.

Answers are those of Halpern, *Actual Causality* (2016), chapters 2 and 3, and Halpern (IJCAI 2015), for the modified
definition.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from brute import Brute, random_scm

import causalpp as cpp
from causalpp import Dag, errors
from causalpp.programs import LinearGaussian, Response, Table
from causalpp.programs.estimands import actual_cause


def model(equations: Mapping[str, Any], states: Mapping[str, int] | None = None) -> cpp.CausalProgram:
    """A program of equations without noise: variable → the value of a root, or a function of its parents by name."""
    import inspect

    sizes = {v: (states or {}).get(v, 2) for v in equations}
    parents = {v: tuple(inspect.signature(e).parameters) if callable(e) else () for v, e in equations.items()}
    dag = Dag(tuple(equations), [(p, v) for v in equations for p in parents[v]])
    mechanisms = {}
    for v, e in equations.items():
        shape = tuple(sizes[p] for p in parents[v])
        out = np.array([int(e(*cell)) if callable(e) else e for cell in itertools.product(*map(range, shape))])
        mechanisms[v] = Response(tuple(range(sizes[v])), parents[v], [1.0], out.reshape(*shape, 1))
    return cpp.compile(dag, mechanisms=mechanisms)


def is_cause(program: cpp.CausalProgram, cause: dict[str, int], effect: dict[str, int]) -> bool:
    found = actual_cause(program, cause, effect)
    assert found.probability in (0, 1)
    return bool(found)


def test_forest_fire_disjunctive() -> None:
    """Lightning or a match suffices: neither alone is a cause, both together are."""
    fire = model({"L": 1, "MD": 1, "FF": lambda L, MD: L or MD})  # noqa: N803
    assert not is_cause(fire, {"L": 1}, {"FF": 1})
    assert not is_cause(fire, {"MD": 1}, {"FF": 1})
    both = actual_cause(fire, {"L": 1, "MD": 1}, {"FF": 1})
    assert both
    assert both.setting == {"L": 0, "MD": 0}
    assert both.held == {}


def test_forest_fire_conjunctive() -> None:
    """Both are needed: each is a cause, and the pair is not minimal."""
    fire = model({"L": 1, "MD": 1, "FF": lambda L, MD: L and MD})  # noqa: N803
    assert is_cause(fire, {"L": 1}, {"FF": 1})
    assert is_cause(fire, {"MD": 1}, {"FF": 1})
    both = actual_cause(fire, {"L": 1, "MD": 1}, {"FF": 1})
    assert not both
    assert "a part of it" in both.reason


def test_forest_fire_if_one_of_them_is_missing() -> None:
    fire = model({"L": 1, "MD": 0, "FF": lambda L, MD: L or MD})  # noqa: N803
    assert is_cause(fire, {"L": 1}, {"FF": 1})
    assert "MD = 1 is not the case" in actual_cause(fire, {"MD": 1}, {"FF": 1}).reason
    assert "FF = 0 is not the case" in actual_cause(fire, {"L": 1}, {"FF": 0}).reason


ROCKS = {
    "ST": 1,
    "BT": 1,
    "SH": lambda ST: ST,  # noqa: N803
    "BH": lambda BT, SH: BT and not SH,  # noqa: N803
    "BS": lambda SH, BH: SH or BH,  # noqa: N803
}


def test_rock_throwing() -> None:
    """Suzy's rock arrives first: hers is the cause, Billy's is not."""
    found = actual_cause(model(ROCKS), {"ST": 1}, {"BS": 1})
    assert found
    assert found.setting == {"ST": 0}
    assert found.held == {"BH": 0}
    assert "BH = 0 held" in found.reason
    assert is_cause(model(ROCKS), {"SH": 1}, {"BS": 1})
    billy = actual_cause(model(ROCKS), {"BT": 1}, {"BS": 1})
    assert not billy
    assert "all the same" in billy.reason
    # In the naive model, which does not tell who hits, they overdetermine it, and only both are a cause.
    naive = model({"ST": 1, "BT": 1, "BS": lambda ST, BT: ST or BT})  # noqa: N803
    assert not is_cause(naive, {"ST": 1}, {"BS": 1})
    assert is_cause(naive, {"ST": 1, "BT": 1}, {"BS": 1})


def test_voting() -> None:
    """By 11 to 0 any six votes are a cause, no fewer and no more; by 6 to 5 each vote is one."""
    votes = [f"v{i}" for i in range(5)]

    def election(for_: int) -> cpp.CausalProgram:
        dag = Dag.from_edges([(v, "w") for v in votes])
        shape = (2,) * len(votes)
        wins = (np.indices(shape).sum(0) > len(votes) / 2).astype(int)[..., None]
        mechanisms = {v: Response((0, 1), (), [1.0], [int(i < for_)]) for i, v in enumerate(votes)}
        return cpp.compile(dag, mechanisms={**mechanisms, "w": Response((0, 1), tuple(votes), [1.0], wins)})

    landslide, narrow = election(5), election(3)
    assert not is_cause(landslide, dict.fromkeys(votes[:2], 1), {"w": 1})
    assert is_cause(landslide, dict.fromkeys(votes[1:4], 1), {"w": 1})
    assert not is_cause(landslide, dict.fromkeys(votes[:4], 1), {"w": 1})
    assert is_cause(narrow, {"v0": 1}, {"w": 1})
    assert not is_cause(narrow, {"v4": 0}, {"w": 1})


def test_bogus_prevention() -> None:
    """The assassin never put poison in: the bodyguard's antidote is no cause of survival in the good model."""
    simple = model({"A": 1, "B": 1, "VS": lambda A, B: A or B})  # A: refrains; B: antidote  # noqa: N803
    assert not is_cause(simple, {"B": 1}, {"VS": 1})
    assert is_cause(simple, {"A": 1, "B": 1}, {"VS": 1})
    # with a variable for the neutralisation of poison, refraining is a cause and the antidote is not
    better = model({"A": 1, "B": 1, "PN": lambda A, B: (not A) and B, "VS": lambda A, PN: A or PN})  # noqa: N803
    assert is_cause(better, {"A": 1}, {"VS": 1})
    assert not is_cause(better, {"B": 1}, {"VS": 1})


def test_switch() -> None:
    """A train on either track arrives: flipping the switch is no cause, unless tracks are modelled."""
    plain = model({"F": 1, "T": lambda F: F, "A": lambda T: 1})  # noqa: N803
    assert not is_cause(plain, {"F": 1}, {"A": 1})
    # with both tracks as variables, holding the other at its actual value shows a dependence
    tracks = model({"F": 1, "LT": lambda F: not F, "RT": lambda F: F, "A": lambda LT, RT: LT or RT})  # noqa: N803
    found = actual_cause(tracks, {"F": 1}, {"A": 1})
    assert found
    assert found.held == {"LT": 0}


def test_ranch() -> None:
    """Five vote on a round-up (Glymour et al. 2010; Halpern 2015): a1 is a cause, a2 only together with another.

    If a1 and a2 agree, or all others agree against a1, it goes as a1 says; otherwise by majority.
    """

    def outcome(a1: int, a2: int, a3: int, a4: int, a5: int) -> int:
        if a1 == a2 or a2 == a3 == a4 == a5:
            return a1
        return int(a1 + a2 + a3 + a4 + a5 >= 3)

    ranch = model({"a1": 1, "a2": 1, "a3": 0, "a4": 0, "a5": 0, "o": outcome})
    assert is_cause(ranch, {"a1": 1}, {"o": 1})
    for single in ({"a2": 1}, {"a3": 0}, {"a4": 0}, {"a5": 0}):
        assert not is_cause(ranch, single, {"o": 1})
    assert is_cause(ranch, {"a2": 1, "a3": 0}, {"o": 1})
    assert not is_cause(ranch, {"a1": 1, "a2": 1}, {"o": 1})


def test_some_other_value_has_to_undo_the_effect() -> None:
    three = model({"X": 2, "Y": lambda X: X > 0}, {"X": 3})  # noqa: N803
    found = actual_cause(three, {"X": 2}, {"Y": 1})
    assert found
    assert found.setting == {"X": 0}


def test_effects_that_are_conjunctions() -> None:
    fire = model({"L": 1, "A": lambda L: L, "B": lambda L: 1})  # noqa: N803
    assert is_cause(fire, {"L": 1}, {"A": 1, "B": 1})
    assert not is_cause(fire, {"L": 1}, {"B": 1})


def test_evidence_that_leaves_noise_open_gives_a_probability() -> None:
    # The match is struck half the time and seldom is there lightning.
    fire = cpp.compile(
        Dag.from_edges([("L", "FF"), ("MD", "FF")]),
        mechanisms={
            "L": Table((0, 1), (), [0.9, 0.1]),
            "MD": Table((0, 1), (), [0.5, 0.5]),
            "FF": Response((0, 1), ("L", "MD"), [1.0], [[[0], [1]], [[1], [1]]]),
        },
    )
    found = actual_cause(fire, {"MD": 1}, {"FF": 1}, observations={"MD": 1})
    assert found.probability == pytest.approx(0.9)
    assert not found
    assert "probability 0.9000" in repr(found)
    assert actual_cause(fire, {"MD": 1}, {"FF": 1}, observations={"MD": 1, "L": 0})
    assert actual_cause(fire, {"MD": 1}, {"FF": 1}, noise={"MD": 0.7, "L": 0.2})
    assert actual_cause(fire.condition(MD=1, L=0), {"MD": 1}, {"FF": 1})
    assert actual_cause(fire.do(L=0), {"MD": 1}, {"FF": 1}, observations={"MD": 1})
    # of the fires that there were, with no more known
    found = actual_cause(fire, {"MD": 1}, {"FF": 1}, observations={"FF": 1})
    assert found.probability == pytest.approx(0.45 / 0.55)
    # seen to burn, then lightning is kept away in a counterfactual world: there the match is the cause, if struck
    kept = fire.counterfactual({"FF": 1}, {"L": 0})
    assert actual_cause(kept, {"MD": 1}, {"FF": 1}).probability == pytest.approx(0.5 / 0.55)


def by_recursion(brute: Brute, row: int, x: dict[str, int], y: dict[str, int]) -> bool:
    """The definition read out, for one row of noise, over all sets W."""

    def world(fixed: dict[str, int]) -> dict[str, int]:
        values: dict[str, int] = {}
        for v in brute.order:
            config = (*(values[p] for p in brute.parents[v]), brute.noise[v][row])
            values[v] = fixed[v] if v in fixed else int(brute.table[v][config])
        return values

    actual = world({})

    def dependent(names: tuple[str, ...]) -> bool:
        rest = [v for v in brute.order if v not in names]
        for size in range(len(rest) + 1):
            for held in itertools.combinations(rest, size):
                for values in itertools.product(*(range(brute.cards[v]) for v in names)):
                    after = world({**dict(zip(names, values, strict=True)), **{v: actual[v] for v in held}})
                    if any(after[v] != k for v, k in y.items()):
                        return True
        return False

    if any(actual[v] != k for v, k in {**x, **y}.items()):
        return False
    parts = [names for size in range(1, len(x)) for names in itertools.combinations(x, size)]
    return dependent(tuple(x)) and not any(dependent(names) for names in parts)


def test_random_programs_agree_with_the_definition_read_out() -> None:
    found_some = 0
    for seed in range(60):
        program, brute = random_scm(seed, most=4, cells=2000)
        rng = np.random.default_rng([seed, 79])
        row = int(rng.choice(brute.size, p=brute.weights / brute.weights.sum()))
        actual = {v: int(column[row]) for v, column in brute.world({}).items()}
        last = brute.order[-1]
        names = rng.permutation(brute.order[:-1]).tolist()
        x = {v: actual[v] for v in names[: int(rng.integers(1, 3))]}
        y = {last: actual[last]}
        # everything seen: the noise stays open as far as it made no difference
        rows = np.ones(brute.size, dtype=bool)
        for v, column in brute.world({}).items():
            rows &= column == actual[v]
        wanted = sum(brute.weights[r] * by_recursion(brute, r, x, y) for r in np.flatnonzero(rows))
        wanted /= brute.weights[rows].sum()

        def say(values: dict[str, int], program: cpp.CausalProgram = program) -> dict[str, Any]:
            return {v: program.states(v)[k] for v, k in values.items()}

        found = actual_cause(program, say(x), say(y), observations=say(actual))
        assert found.probability == pytest.approx(wanted, abs=1e-9), seed
        found_some += found.probability > 0
    assert found_some > 10


def test_results_are_plain_values() -> None:
    found = actual_cause(model(ROCKS), {"ST": 1}, {"BS": 1})
    assert json.loads(found.to_json())["held"] == {"BH": 0}
    assert "ST = 1 is an actual cause of BS = 1" in repr(found)
    assert "is not an actual cause" in repr(actual_cause(model(ROCKS), {"BT": 1}, {"BS": 1}))


@pytest.mark.parametrize(
    ("ask", "kind", "text"),
    [
        (lambda p: actual_cause(p, {}, {"BS": 1}), errors.InvalidParameter, "cause= needs"),
        (lambda p: actual_cause(p, {"ST": 1}, {}), errors.InvalidParameter, "effect= needs"),
        (lambda p: actual_cause(p, {"ST": 1}, {"ST": 1}), errors.InvalidParameter, "in the cause and in the effect"),
        (lambda p: actual_cause(p, {"S": 1}, {"BS": 1}), errors.UnknownVariable, "'S'"),
        (lambda p: actual_cause(p, {"ST": 2}, {"BS": 1}), errors.UnknownState, "2"),
        (lambda p: actual_cause(p, {"ST": 1}, {"BS": 1}, observations={"BH": 1}), errors.ImpossibleEvidence, "zero"),
        (lambda p: actual_cause(p, {"ST": 1}, {"BS": 1}, noise={"ST": 1.5}), errors.InvalidParameter, "between"),
        (lambda p: actual_cause(p, {"ST": 1}, {"BS": 1}, noise={"S": 0.5}), errors.UnknownVariable, "'S'"),
    ],
)
def test_bad_questions(ask: Callable[[cpp.CausalProgram], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        ask(model(ROCKS))


def test_real_and_large_programs_are_refused() -> None:
    real = cpp.compile(Dag(["x", "y"]), mechanisms={"x": LinearGaussian(), "y": LinearGaussian()})
    with pytest.raises(errors.InvalidParameter, match="discrete programs"):
        actual_cause(real, {"x": 1.0}, {"y": 1.0})
    alarm = cpp.load_network("alarm")
    first, second = ({v: alarm.states(v)[0]} for v in alarm.variables[:2])
    with pytest.raises(errors.TooLarge, match="combinations of noise"):
        actual_cause(alarm, first, second)
