"""The sets of CauGym: what each changes, what stays, and that a figure which is left out is really needed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

import causalpp as cpp
from causalpp.errors import InvalidParameter
from causalpp.programs import is_adjustment_set
from causalpp.tasks import caugym
from causalpp.tasks.caugym.rewordings import REWORDINGS

ROWS = 63


def made(name: str, **settings: Any) -> dict[tuple[str, int, bool], caugym.CauGymItem]:
    """Items by what tells them apart within a set."""
    items = caugym.generate(ROWS, sets=[name], seed=11, **settings)
    return {(item.quantity, item.about["number"], item.anonymous): item for item in items}


@pytest.fixture(scope="module")
def sets() -> dict[str, dict[tuple[str, int, bool], caugym.CauGymItem]]:
    return {name: made(name) for name in caugym.SETS}


def compiled(program: Mapping[str, Any]) -> cpp.CausalProgram:
    tables = {}
    for node, table in program["tables"].items():
        ones = np.array([float(p) for p in table["p"]]).reshape((2,) * len(table["parents"]))
        tables[node] = cpp.Table((0, 1), table["parents"], np.stack([1 - ones, ones], -1))
    return cpp.compile(cpp.Dag(program["nodes"], [tuple(e) for e in program["edges"]]), mechanisms=tables)


def quantity(item: caugym.CauGymItem, program: Mapping[str, Any], contrast: Mapping[str, Any]) -> float:
    """The quantity by the estimands of programs."""
    run = compiled(program)
    asked = cpp.Contrast(contrast["treatment"], contrast["outcome"], treated=1, control=0, state=1)
    if item.quantity == "CDE":
        return float(cpp.cde(run, asked, fixing=contrast["fixed"]))
    if item.quantity in ("NDE", "NIE"):
        return float((cpp.nde if item.quantity == "NDE" else cpp.nie)(run, asked, mediator=contrast["mediators"]))
    if item.quantity in ("PN", "PS"):
        found = (cpp.pn if item.quantity == "PN" else cpp.ps)(run, asked)
        value = found.monotonic if item.bound == "monotone" else found.bounds[item.bound == "upper"]
        assert value is not None
        return value
    return float((cpp.ate if item.quantity == "ATE" else cpp.att)(run, asked))


def cell(item: caugym.CauGymItem, figure: Mapping[str, Any], program: Mapping[str, Any]) -> Fraction:
    """What a program says to a figure about one variable given its parents."""
    ((node, value),) = figure["variables"].items()
    table = program["tables"][node]
    assert set(figure["given"]) == set(table["parents"])
    place = int("0" + "".join(str(figure["given"][parent]) for parent in table["parents"]), 2)
    one = Fraction(table["p"][place])
    return one if value else 1 - one


def printed(figure: Mapping[str, Any]) -> Fraction:
    text = figure["value"]
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


@pytest.mark.parametrize("name", ["rephrased", "omitted", "redundant"])
def test_program_question_and_answer_stay(sets: Any, name: str) -> None:
    for key, item in sets[name].items():
        plain = sets["plain"][key]
        assert item.program == plain.program
        assert (item.contrast, item.target, item.derivation) == (plain.contrast, plain.target, plain.derivation)
        assert item.prompt != plain.prompt
        assert item.group == plain.group


@pytest.mark.parametrize("name", caugym.SETS)
def test_what_is_stated_is_true_of_the_program_and_stands_in_the_text(sets: Any, name: str) -> None:
    for item in sets[name].values():
        text = item.prompt
        for figure in item.figures:
            assert printed(figure) == cell(item, figure, item.program)
        stated = Counter(figure["value"] for figure in item.figures)
        there = Counter(re.findall(r"(?<![\w.])\d+(?:\.\d+)?%|(?<![\w.])0\.\d+", text))
        assert all(there[value] >= count for value, count in stated.items())


def test_every_wording_asks_for_every_quantity() -> None:
    items = caugym.generate(7 * 3 * 24, sets=["rephrased"], seed=2, twins=False).items
    openings = {item.prompt.split()[0] for item in items}
    assert len(openings) == len(REWORDINGS) >= 4
    found = {(item.prompt.split()[0], item.quantity, item.bound) for item in items}
    assert len(found) == len(REWORDINGS) * (5 + 2 * 3)


def test_the_instruction_is_left_out_and_nothing_else(sets: Any) -> None:
    named = re.compile(r"\b(?:ATE|CDE|ETT|NDE|NIE|PN|PS|effect of|effect \(|necessity|sufficiency|bound|Tian|monoton)")
    for key, item in sets["omitted"].items():
        before, after = (text.split("\n\n") for text in (sets["plain"][key].prompt, item.prompt))
        assert before[:3] == after[:3]
        assert named.search(before[3])
        assert not named.search(after[3])


def seen(item: caugym.CauGymItem) -> float:
    """What comes out where the seen is taken for the set, from the joint probabilities of a compiled program."""
    run, x, y = compiled(item.program), item.contrast["treatment"], item.contrast["outcome"]
    others = item.contrast["fixed"] if item.quantity == "CDE" else {}
    names = [x, y, *others] if item.quantity not in ("NDE", "NIE") else [x, y, *item.contrast["mediators"]]
    p = run.probabilities(names)
    if item.quantity in ("ATE", "ETT", "CDE"):
        p = p[(slice(None), slice(None), *others.values())]
        return float(p[1, 1] / p[1].sum() - p[0, 1] / p[0].sum())
    if item.quantity in ("NDE", "NIE"):
        y_given = p[:, 1] / p.sum(1)
        m_given = p.sum(1) / p.sum(tuple(range(1, p.ndim))).reshape((2,) + (1,) * (p.ndim - 2))
        if item.quantity == "NDE":
            return float(((y_given[1] - y_given[0]) * m_given[0]).sum())
        return float((y_given[0] * (m_given[1] - m_given[0])).sum())
    under = p[:, 1] / p.sum(1)
    masses = cpp.tian_pearl_bounds(
        observational={(a, b): float(p[a, b]) for a, b in product((0, 1), repeat=2)},
        experimental={a: float(under[a]) for a in (0, 1)},
        treated=1, control=0, state=1,
    )  # fmt: skip
    return float(getattr(masses, item.quantity.lower())[item.bound == "upper"])


def test_without_adjustment_the_answer_is_another_one(sets: Any) -> None:
    for item in sets["deconfounding"].values():
        if item.bound != "monotone":  # of which there is no value where it is contradicted
            assert abs(seen(item) - float(item.value)) > 0.005, item.id
        dag = compiled(item.program).dag
        x, y = item.contrast["treatment"], item.contrast["outcome"]
        assert dag.ancestors(x) & dag.ancestors(y)
        assert not is_adjustment_set(dag, x, y, [])


def test_what_is_added_is_not_needed(sets: Any) -> None:
    for key, item in sets["redundant"].items():
        plain = sets["plain"][key]
        assert [f for f in item.figures if f in plain.figures] == list(plain.figures)
        before, after = (text.prompt.split("\n\n") for text in (plain, item))
        assert (before[:2], before[3]) == (after[:2], after[3])
        left = set(after[2].split(". ")) - set(before[2].split(". "))
        added = item.about["added_figures"] + item.about["added_sentences"]
        assert len(left) in (added, added + 1)  # one more where the last sentence of a text lost its stop
        assert len(item.figures) == len(plain.figures) + item.about["added_figures"]
        assert item.about["added_figures"] or "another world" in item.prompt


def test_two_programs_agree_with_what_is_stated_and_answer_differently(sets: Any) -> None:
    for item in sets["insufficient"].values():
        assert item.target.value == {"ANSWER": "insufficient", "PROB": None}
        first, second = item.about["witnesses"]
        assert first["program"] == item.program
        assert abs(Fraction(first["value"]) - Fraction(second["value"])) >= Fraction(1, 100)
        for witness in (first, second):
            program = witness["program"]
            assert program["edges"] == item.program["edges"]
            assert all(printed(figure) == cell(item, figure, program) for figure in item.figures)
            if not item.anonymous:
                assert quantity(item, program, item.contrast) == pytest.approx(float(Fraction(witness["value"])))
            if item.bound == "monotone":
                assert rising(program, item.contrast)
        assert item.blind().about.keys().isdisjoint({"missing", "witnesses"})


def rising(program: Mapping[str, Any], contrast: Mapping[str, Any]) -> bool:
    """Whether treatment and mediators raise every mediator, and the outcome."""
    affected = {contrast["treatment"], *contrast["mediators"]}
    for node in (*contrast["mediators"], contrast["outcome"]):
        table = program["tables"][node]
        p = np.array([float(v) for v in table["p"]]).reshape((2,) * len(table["parents"]))
        for axis, parent in enumerate(table["parents"]):
            if parent in affected and (np.diff(p, axis=axis) < 0).any():
                return False
    return True


def test_just_one_figure_is_missing(sets: Any) -> None:
    same = 0
    for key, item in sets["insufficient"].items():
        plain = sets["plain"][key]
        if item.program == plain.program:  # where no figure of a problem is needed, another one is drawn
            same += 1
            assert len(item.figures) == len(plain.figures) - 1
            assert all(figure in plain.figures for figure in item.figures)
            assert item.about["missing"] in {step["what"] for step in plain.derivation}
    assert same > len(sets["insufficient"]) / 2


@pytest.mark.parametrize(("settings", "says"), [
    ({"sets": ["deconfounding"], "sizes": 2}, "'deconfounding' needs 3 variables"),
    ({"sets": ["deconfounding"], "sizes": 3, "quantities": ["NDE"]}, "needs 4 variables"),
    ({"sets": ["plain"], "sizes": 2}, "needs 3 variables"),
])  # fmt: skip
def test_too_few_variables_for_what_is_asked(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        caugym.generate(7, **settings)
