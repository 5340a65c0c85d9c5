"""Word problems are read from their text alone, and decided as they were meant."""

import random
import re
from fractions import Fraction

import pytest

from causalpp.benchmarks.solvers import make_solver
from causalpp.errors import FormatError
from causalpp.programs import ate, att, cde, nde, nie, pn, ps
from causalpp.tasks import caugym, score

ITEMS = list(caugym.generate(63, seed=5))


def test_what_is_read_is_what_was_meant():
    for item in ITEMS:
        told = caugym.read(item.prompt)
        known = {name: node for node in item.names for name in (node, item.names[node]["make1"].removeprefix("to "))}
        assert {known[node] for node in told.nodes} == set(item.program["nodes"])
        assert {(known[a], known[b]) for a, b in told.edges} == {tuple(edge) for edge in item.program["edges"]}
        figures = [
            {
                "variables": {known[node]: value for node, value in figure.variables},
                "given": {known[node]: value for node, value in figure.given},
                "value": figure.value,
            }
            for figure in told.figures
        ]
        assert figures == list(item.figures)
        assert (told.quantity, told.bound, told.asked) == (item.quantity, item.bound, item.contrast["asked"])
        assert (known[told.treatment], known[told.outcome]) == (item.contrast["treatment"], item.contrast["outcome"])
        assert {known[node]: value for node, value in told.fixed.items()} == item.contrast["fixed"]
        assert told.threshold == Fraction(item.contrast["threshold"])


def test_the_order_of_sentences_and_blanks_do_not_matter():
    source = random.Random(5)
    for item in caugym.generate(7, sets=caugym.SETS, sizes=[3, 4, 5], seed=5):
        sentences = re.split(r"(?<=[.?])\s+(?=[A-Z0-9])", item.prompt)
        source.shuffle(sentences)
        text = re.sub(" ", lambda _: source.choice((" ", "  ", "\n", "\t", " \r\n")), " ".join(sentences))
        decision = caugym.decide(caugym.read(f"\n {text}\n\n"))
        assert (decision.answer, decision.value) == (item.target.value["ANSWER"], item.value), item.id


@pytest.mark.parametrize(
    "opening",
    [
        "In it, a young patient either smokes or does not smoke, and either coughs or does not cough.",
        "In it, a patient either eats egg and ham or does not eat egg and ham, and either coughs or does not cough.",
    ],
)
def test_how_variables_are_introduced_is_said(opening):
    with pytest.raises(FormatError, match="in one word whom it is about, and without commas and 'and'"):
        caugym.read(f"{opening} Is the ATE greater than 0, and what is it?")


def test_the_ceiling_is_right_of_the_text_alone():
    solver = make_solver("symbolic")
    for item in ITEMS:
        decision = caugym.decide(caugym.read(item.prompt))
        assert (decision.answer, decision.value) == (item.target.value["ANSWER"], item.value), item.id
        assert solver.solve(item.blind()).answer == decision.reply


@pytest.mark.slow
def test_the_ceiling_is_right_on_all_sets_and_abstains_where_it_has_to():
    solver = make_solver("symbolic")
    for item in caugym.generate(70, sets=caugym.SETS, seed=31, twins=False):
        solution = solver.solve(item.blind())
        assert score(item, solution.answer).outcome == "right", item.id
        assert (solution.about["verdict"] == "open") == (item.set == "insufficient")


@pytest.mark.parametrize("quantity", caugym.QUANTITIES)
def test_a_model_that_agrees_is_a_program_with_the_same_answer(quantity):
    for item in [item for item in ITEMS if item.quantity == quantity][:6]:
        told = caugym.read(item.prompt)
        (program,) = caugym.decide(told).programs()
        asked = {"treatment": told.treatment, "outcome": told.outcome, "treated": 1, "control": 0, "state": 1}
        if quantity in ("PN", "PS"):
            found = {"PN": pn, "PS": ps}[quantity](program, **asked)
            value = {"lower": found.bounds[0], "upper": found.bounds[1], "monotone": found.monotonic}[told.bound]
        else:
            if quantity == "CDE":
                asked["fixing"] = told.fixed
            elif quantity in ("NDE", "NIE"):
                asked["mediator"] = told.mediators
            value = {"ATE": ate, "CDE": cde, "ETT": att, "NDE": nde, "NIE": nie}[quantity](program, **asked).value
        assert value == pytest.approx(float(item.value), abs=1e-9), item.id
