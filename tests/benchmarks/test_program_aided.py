"""Program-aided: what a model writes is read strictly, compiled and computed, and what it leaves open is found out."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from causalpp.benchmarks.solvers.asked import Model
from causalpp.benchmarks.solvers.programmed import ProgramAided, read_program
from causalpp.errors import CausalppError, FormatError, TooLarge
from causalpp.tasks import Item, Number, Target, score

CONFOUNDED = {
    "Z": {"parents": [], "p": {"": "0.4"}},
    "X": {"parents": ["Z"], "p": {"0": 0.2, "1": "70%"}},
    "Y": {"parents": ["X", "Z"], "p": {"00": 0.1, "01": 0.3, "10": "0.12 / (1 - 0.7)", "11": 0.8}},
}
MEDIATED = {
    "X": {"parents": [], "p": {"": 0.5}},
    "M": {"parents": ["X"], "p": {"0": 0.25, "1": 0.75}},
    "Y": {"parents": ["X", "M"], "p": {"00": 0.1, "01": 0.3, "10": 0.5, "11": 0.9}},
}


def said(variables: Any, **ask: Any) -> str:
    ask = {"treatment": "X", "outcome": "Y", "yes_if": "above 0", **ask}
    return "The graph is as told.\n```json\n" + json.dumps({"variables": variables, "ask": ask}) + "\n```"


Z = Fraction(4, 10)
#: P(X = 1, Z = z), P(Y = 1 | x, z) and P(Z = z) of CONFOUNDED, and what sums over Z give, in exact fractions.
XZ = {1: Fraction(28, 100), 0: Fraction(12, 100)}
Y = {(1, 1): Fraction(8, 10), (1, 0): Fraction(4, 10), (0, 1): Fraction(3, 10), (0, 0): Fraction(1, 10)}
PZ = {1: Z, 0: 1 - Z}
ATE = sum(PZ[z] * (Y[1, z] - Y[0, z]) for z in (0, 1))
ETT = sum(XZ[z] * (Y[1, z] - Y[0, z]) for z in (0, 1)) / sum(XZ.values())
CELL = {(x, y): sum((XZ[z] if x else PZ[z] - XZ[z]) * (Y[x, z] if y else 1 - Y[x, z]) for z in (0, 1))
        for x in (0, 1) for y in (0, 1)}  # fmt: skip
UNDER0 = sum(PZ[z] * Y[0, z] for z in (0, 1))
OUTCOME = CELL[1, 1] + CELL[0, 1]


@pytest.mark.parametrize(
    ("variables", "ask", "right"),
    [
        (CONFOUNDED, {"quantity": "ATE"}, ATE),
        (CONFOUNDED, {"quantity": "ATE", "treated": 0}, -ATE),
        (CONFOUNDED, {"quantity": "ATE", "state": 0}, -ATE),
        (CONFOUNDED, {"quantity": "ETT"}, ETT),
        (CONFOUNDED, {"quantity": "PN", "value": "lower"}, max(Fraction(0), (OUTCOME - UNDER0) / CELL[1, 1])),
        (CONFOUNDED, {"quantity": "PN", "value": "upper"}, min(Fraction(1), (1 - UNDER0 - CELL[0, 0]) / CELL[1, 1])),
        (CONFOUNDED, {"quantity": "PN", "value": "monotone"}, (OUTCOME - UNDER0) / CELL[1, 1]),
        (CONFOUNDED, {"quantity": "PS", "value": "monotone"}, (UNDER0 + ATE - OUTCOME) / CELL[0, 0]),
        (CONFOUNDED, {"quantity": "CDE", "fixed": {"Z": 1}}, Fraction(1, 2)),
        (MEDIATED, {"quantity": "CDE", "fixed": {"M": 0}}, Fraction(4, 10)),
        (MEDIATED, {"quantity": "NDE", "mediators": ["M"]}, Fraction(3, 4) * Fraction(4, 10) + Fraction(6, 10) / 4),
        (MEDIATED, {"quantity": "NIE", "mediators": ["M"]}, Fraction(1, 10)),
    ],
)
def test_the_quantity_is_computed_from_what_is_written(variables: Any, ask: Any, right: Fraction) -> None:
    found = read_program(said(variables, **ask)).answer()
    assert found["PROB"] == pytest.approx(float(right), abs=1e-9)
    assert found["ANSWER"] == ("yes" if right > 0 else "no")


@pytest.mark.parametrize(("rule", "answer"), [("above 0.3", "yes"), ("below 0.3", "no"), ("at most 0.38", "yes")])
def test_what_counts_as_yes_is_said(rule: str, answer: str) -> None:
    assert read_program(said(CONFOUNDED, quantity="ATE", yes_if=rule)).answer()["ANSWER"] == answer


def test_cells_that_are_left_open_matter_or_do_not() -> None:
    treated = {**CONFOUNDED, "X": {"parents": ["Z"], "p": {"0": 0.2, "1": None}}}
    assert read_program(said(treated, quantity="ATE")).answer()["PROB"] == pytest.approx(float(ATE))
    assert read_program(said(treated, quantity="ETT")).answer() == {"ANSWER": "insufficient"}
    unsaid = {**CONFOUNDED, "Z": {"parents": [], "p": {}}}
    assert read_program(said(unsaid, quantity="ATE")).answer() == {"ANSWER": "insufficient"}


def changed(**ways: Any) -> str:
    """A program in which something is not as it should be."""
    whole = json.loads(said(CONFOUNDED, quantity="ATE").split("```json\n")[1].removesuffix("\n```"))
    for path, value in ways.items():
        *steps, last = path.split("__")
        place = whole
        for step in steps:
            place = place[step]
        place[last] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("It is 0.3.", "no JSON object"),
        ('{"ANSWER": "yes", "PROB": 0.3}', "has no 'variables'"),
        (changed(variables__Z__p={"": 1.2}), "P(Z = 1) is 1.2, which is no probability"),
        (changed(variables__Z__p={"": "__import__('os')"}), "cannot be computed"),
        (changed(variables__Z__p={"": "1/0"}), "cannot be computed"),
        (changed(variables__Z__p={"": True}), "cannot be computed"),
        (changed(variables__Z__p={"": "9**9**9"}), "cannot be computed"),
        (changed(variables__Z__p={"": "1e-999999999"}), "cannot be computed"),
        (changed(variables__Z__p={"": "(" * 150 + "1" + ")" * 150}), "cannot be computed"),
        (changed(variables__X__p={"00": 0.5}), "has '00', and 1 parents"),
        (changed(variables__X__parents=["W"]), "'W', which is no variable"),
        (changed(variables__X__parents=["Z", "Z"]), "lists one twice"),
        (changed(variables__Z__parents=["Y"], variables__Z__p={}), "cycle"),
        (changed(ask__quantity="ATT"), "the quantity is one of"),
        (changed(ask__quantity="PN"), "has no 'value'"),
        (changed(ask__quantity="NDE", ask__mediators=["W"]), "'W', which is no variable"),
        (changed(ask__treatment="W"), "the treatment 'W' is no variable"),
        (changed(ask__outcome="X"), "both 'X'"),
        (changed(ask__yes_if="positive"), "'yes_if' is such as"),
        (changed(ask__treated=2), "'treated' is 0 or 1"),
        (changed(more={}), "unknown 'more'"),
        (changed().replace('"Y": {"parents"', '"Z": {"parents"'), "'Z' stands twice"),
        (changed(variables__X__p={"0": 0, "1": 0}, ask__quantity="ETT"), "X = 1"),
    ],
)  # fmt: skip
def test_a_slip_is_no_answer_and_is_named(text: str, says: str) -> None:
    with pytest.raises(CausalppError) as error:
        read_program(text).answer()
    assert says in str(error.value)


def test_what_is_too_large_is_not_computed() -> None:
    many = {f"V{k}": {"parents": [], "p": {"": 0.5}} for k in range(13)}
    with pytest.raises(TooLarge, match="1 to 12"):
        read_program(json.dumps({"variables": many, "ask": {}}))


def test_the_last_object_counts_and_thoughts_do_not() -> None:
    first, last = said(MEDIATED, quantity="NIE", mediators=["M"]), said(CONFOUNDED, quantity="ATE")
    assert read_program(first + "\nNo, rather:\n" + last).ask["quantity"] == "ATE"
    with pytest.raises(FormatError, match="no JSON object"):
        read_program(f"<think>{first}</think> I give up.")


def test_the_solver_puts_the_form_and_computes(scripted: Any) -> None:
    item = Item("1", "What is the effect?", Target(float(ATE), Number(5e-4, key="PROB")))
    replies = iter(
        [said(CONFOUNDED, quantity="ATE"), "0.38", said({**CONFOUNDED, "Z": {"parents": [], "p": {}}}, quantity="ATE")]
    )
    backend = scripted(lambda _: next(replies))
    solver = ProgramAided(Model("m"))
    solution = solver.solve(item.blind())
    assert score(item, solution.answer).outcome == "right"
    assert backend.prompts[0].user.startswith(item.prompt)
    assert '"quantity"' in backend.prompts[0].user
    assert solver.estimate(item).tokens_in * 4 > len(backend.prompts[0].user)  # type: ignore[union-attr]
    assert solver.solve(item.blind()).reason == "there is no JSON object in the reply"
    assert solver.solve(item.blind()).reason == "insufficient"
