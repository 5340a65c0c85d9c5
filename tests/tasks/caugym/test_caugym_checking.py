"""The checker of items finds what is right right, and every planted fault."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from causalpp.errors import InvalidData
from causalpp.tasks import Target, caugym
from causalpp.tasks.caugym.checking.expressions import evaluate, terms
from causalpp.tasks.caugym.checking.measures import quantity, responses
from causalpp.tasks.caugym.checking.worlds import Worlds, number

ITEMS = list(caugym.generate(14, seed=9))
OTHERS = list(caugym.generate(7, sets=caugym.SETS[1:], seed=9, twins=False))


def test_generated_items_are_right():
    for item in [*ITEMS, *OTHERS]:
        caugym.check_item(item)


@pytest.mark.slow
def test_many_generated_items_are_right():
    for item in caugym.generate(14, sets=caugym.SETS, seed=10, twins=False):
        caugym.check_item(item)


def test_what_is_left_open_has_two_programs():
    for item in OTHERS:
        if item.set == "insufficient":
            tables = caugym.second_program(item)
            worlds = [Worlds.of(item.program), Worlds(Worlds.of(item.program).parents, tables)]
            values = [quantity(w, item.quantity, item.bound, item.contrast) for w in worlds]
            assert values[0] != values[1]
            for figure in item.figures:
                sides = [[(n, frozenset(), v) for n, v in figure[side].items()] for side in ("variables", "given")]
                assert {w.probability(*sides) for w in worlds} == {number(figure["value"])}
        elif item.quantity in ("ATE", "PN"):
            with pytest.raises(InvalidData, match="no second program"):
                caugym.second_program(item)


def _listed(program, contrast, x_told, x_mediated):
    """E[Y(x_told, M(x_mediated))], by listing every response function of every node."""
    nodes, tables = program["nodes"], program["tables"]
    total = Fraction(0)
    functions = [list(product((0, 1), repeat=len(tables[node]["p"]))) for node in nodes]
    for chosen in product(*functions):
        mass = Fraction(1)
        for node, function in zip(nodes, chosen, strict=True):
            for p, value in zip(tables[node]["p"], function, strict=True):
                mass *= Fraction(p) if value else 1 - Fraction(p)
        mediated = _run(program, chosen, {contrast["treatment"]: x_mediated})
        held = {node: mediated[node] for node in contrast["mediators"]}
        total += mass * _run(program, chosen, {**held, contrast["treatment"]: x_told})[contrast["outcome"]]
    return total


def _run(program, chosen, held):
    values = {}
    for node, function in zip(program["nodes"], chosen, strict=True):
        place = int("".join(str(values[above]) for above in program["tables"][node]["parents"]) or "0", 2)
        values[node] = held.get(node, function[place])
    return values


def test_quantities_are_those_of_all_response_functions():
    program = {
        "nodes": ["X", "M", "Y"],
        "edges": [["X", "M"], ["X", "Y"], ["M", "Y"]],
        "tables": {
            "X": {"parents": [], "p": ["0.3"]},
            "M": {"parents": ["X"], "p": ["0.2", "0.9"]},
            "Y": {"parents": ["X", "M"], "p": ["0.15", "0.35", "0.6", "0.85"]},
        },
    }
    worlds = Worlds.of(program)
    contrast = {"treatment": "X", "outcome": "Y", "mediators": ["M"], "fixed": {}}
    assert quantity(worlds, "NDE", "", contrast) == _listed(program, contrast, 1, 0) - _listed(program, contrast, 0, 0)
    assert quantity(worlds, "NIE", "", contrast) == _listed(program, contrast, 0, 1) - _listed(program, contrast, 0, 0)
    assert quantity(worlds, "ATE", "", contrast) == _listed(program, contrast, 1, 1) - _listed(program, contrast, 0, 0)
    assert quantity(worlds, "CDE", "", {**contrast, "fixed": {"M": 1}}) == Fraction("0.85") - Fraction("0.35")


def test_bounds_are_reached_by_models_and_passed_by_none():
    cells = {(1, 1): Fraction(3, 10), (1, 0): Fraction(2, 10), (0, 1): Fraction(1, 10), (0, 0): Fraction(4, 10)}
    under = {1: Fraction(11, 20), 0: Fraction(2, 10)}
    for group, key in ((1, (1, 0, 1)), (0, (0, 0, 1))):
        low, high = (responses(cells, under, group, greatest=most) for most in (False, True))
        assert all(mass >= 0 for model in (low, high) for mass in model.values())
        share = Fraction(1, 1000)
        for model, sign in ((low, -1), (high, 1)):  # moving mass so that the margins stay makes some cell negative
            moved = {**model}
            for y0, y1 in product((0, 1), repeat=2):
                moved[group, y0, y1] += share * sign * (1 if (y0, y1) in ((0, 1), (1, 0)) else -1)
            assert moved[key] != model[key]
            assert min(moved.values()) < 0


def _turned(prompt):
    """The first edge the other way round."""
    return re.sub(
        r"Whether (an? \w+) (.*?) has a direct effect on whether (the \w+) (.*?)\.",
        r"Whether \1 \4 has a direct effect on whether \3 \2.",
        prompt,
        count=1,
    )


def _wrong(item):
    """Items with one thing wrong each, and what it is."""
    value, steps, program = item.target.value, list(item.derivation), item.program
    node = program["nodes"][0]
    table = program["tables"][node]
    yield "answer", replace(item, target=Target({**value, "ANSWER": {"yes": "no", "no": "yes"}[value["ANSWER"]]}, None))
    yield "value", replace(item, target=Target({**value, "PROB": str(item.value + Fraction(1, 10**6))}, None))
    yield "open", replace(item, target=Target({"ANSWER": "insufficient", "PROB": None}, None), derivation=())
    yield "step", replace(item, derivation=[{**steps[0], "value": "1/7"}, *steps[1:]])
    yield "left out", replace(item, derivation=steps[1:])
    yield "not stated", replace(item, figures=item.figures[1:])
    yield "figure", replace(item, figures=[{**item.figures[0], "value": "0.123"}, *item.figures[1:]])
    yield "above one", replace(item, prompt=item.prompt.replace(item.figures[0]["value"], "1.2", 1))
    yield "another number", replace(item, prompt=item.prompt.replace("\n\n", " It is 0.5.\n\n", 1))
    yield "another bound", replace(item, bound="" if item.bound else "lower")
    yield "another set", replace(item, set="insufficient")
    yield "another name", replace(item, prompt=item.prompt.replace(f"({item.quantity})", "(XYZ)"))
    if item.bound in ("lower", "upper"):
        yield "its text asks for", replace(item, prompt=item.prompt.replace(f"the {item.bound} bound", "the bound"))
    yield "an edge", replace(item, prompt=_turned(item.prompt))
    yield (
        "a missing cell",
        replace(item, program={**program, "tables": {**program["tables"], node: {**table, "p": table["p"][1:]}}}),
    )
    yield (
        "no table",
        replace(item, program={**program, "tables": {n: t for n, t in program["tables"].items() if n != node}}),
    )
    yield (
        "a cycle",
        replace(
            item,
            program={**program, "tables": {**program["tables"], node: {"parents": [node], "p": ["0.5", "0.5"]}}},
        ),
    )
    yield "no threshold", replace(item, contrast={k: v for k, v in item.contrast.items() if k != "threshold"})
    yield (
        "the other way",
        replace(
            item,
            contrast={**item.contrast, "treatment": item.contrast["outcome"], "outcome": item.contrast["treatment"]},
        ),
    )


def _complaint(item):
    try:
        caugym.check_item(item)
    except InvalidData as error:
        return str(error)
    return "nothing"


@pytest.mark.parametrize("k", range(len(caugym.QUANTITIES)))
def test_planted_faults_are_found(k):
    item = ITEMS[2 * k]
    for what, wrong in _wrong(item):
        assert _complaint(wrong).startswith(f"the item '{item.id}'"), what


def test_programs_that_show_what_is_open_are_looked_at():
    item = next(item for item in OTHERS if item.set == "insufficient" and item.quantity == "PN")
    first, second = item.about["witnesses"]
    other = next(other for other in OTHERS if other.set == "insufficient" and other.quantity == "ATE")
    for wrong in (
        [first, first],
        [first, {**second, "value": "1/7"}],
        [first, {**other.about["witnesses"][0]}],
        [first, {**second, "program": {**second["program"], "tables": {}}}],
    ):
        with pytest.raises(InvalidData):
            caugym.check_item(replace(item, about={**item.about, "witnesses": wrong}))


def test_where_monotonicity_is_assumed_nobody_is_harmed():
    turned_round = 0
    for item in caugym.generate(9, quantities=["PN"], sets=["plain", "insufficient"], sizes=3, seed=3, twins=False):
        if item.bound != "monotone":
            continue
        assert _complaint(item) == "nothing"
        wrong = {f"{form}{value}": f"{form}{1 - value}" for form in ("", "would", "make") for value in (0, 1)}
        y = item.contrast["outcome"]  # with the values of the outcome exchanged, in words, figures and tables
        tables = {n: dict(table) for n, table in item.program["tables"].items()}
        tables[y]["p"] = [str(1 - Fraction(p)) for p in tables[y]["p"]]
        if any(y in table["parents"] for table in tables.values()):
            continue
        figures = [{**f, "variables": {y: 1 - f["variables"][y]}} if y in f["variables"] else f for f in item.figures]
        names = {**item.names, y: {form: item.names[y][wrong[form]] for form in wrong}}
        turned = replace(item, program={**item.program, "tables": tables}, figures=figures, names=names)
        assert "monotonicity is assumed" in _complaint(turned)
        turned_round += 1
    assert turned_round


def test_a_step_that_holds_by_accident_is_found():
    item = next(item for item in ITEMS if item.quantity == "ATE" and len(item.derivation) > 4)
    steps = list(item.derivation)
    place, step = next((k, step) for k, step in enumerate(steps) if step["how"] != "stated")
    lucky = {**step, "how": f"{Fraction(step['value']).numerator} / {Fraction(step['value']).denominator}"}
    with pytest.raises(InvalidData, match="does not hold in every program"):
        caugym.check_item(replace(item, derivation=[*steps[:place], lucky, *steps[place + 1 :]]))


def test_what_is_not_defined_is_said():
    worlds = Worlds({"X": (), "Y": ("X",)}, {"X": [Fraction(0)], "Y": [Fraction(1, 4), Fraction(3, 4)]})
    contrast = {"treatment": "X", "outcome": "Y"}
    for which, bound in (("ETT", ""), ("PN", "lower"), ("PN", "monotone")):
        with pytest.raises(InvalidData, match="has probability 0"):
            quantity(worlds, which, bound, contrast)
    with pytest.raises(InvalidData, match="has probability 0"):
        worlds.probability(*terms("P(Y=1|X=1)"))


@pytest.mark.parametrize("text", ["1 +", "(1", "1 / 0", "P(Y)=", "1 2", "max()", "2 ** 3", ""])
def test_what_is_no_expression_is_said(text):
    with pytest.raises(InvalidData):
        evaluate(text, lambda name: Fraction(1))
