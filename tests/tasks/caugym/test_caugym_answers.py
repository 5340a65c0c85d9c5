"""Answers against an enumeration of the noise, against the estimands of programs, and against explicit models."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from exogenous import Exogenous, causation, response_model

import causalpp as cpp
from causalpp import mechanisms
from causalpp.tasks import caugym


@pytest.fixture(scope="module")
def items():
    return caugym.generate(420, twins=False, seed=11).items


def test_every_answer_is_that_of_an_enumeration_over_the_noise(items):
    for item in items:
        assert float(item.value) == pytest.approx(Exogenous(item).answer(), abs=1e-9), item.id
        threshold = Fraction(item.contrast["threshold"])
        above = item.value > threshold if item.contrast["asked"] == "above" else item.value < threshold
        assert item.target.value["ANSWER"] == ("yes" if above else "no")


def test_and_exactly(items):
    for item in [item for item in items if item.size <= 4][:70]:
        assert item.value == Exogenous(item, Fraction).answer(), item.id


@pytest.mark.slow
@pytest.mark.parametrize("name", caugym.SETS)
def test_every_answer_of_300_items_of_each_quantity_and_set(name):
    """And where the text leaves it open: two programs with the stated figures have different answers."""
    made = caugym.generate(7 * 300, sets=[name], twins=False, seed=0)
    assert len(made) == 2100
    for item in made:
        if item.value is not None:
            assert float(item.value) == pytest.approx(Exogenous(item).answer(), abs=1e-9), item.id
            continue
        one, other = (replace(item, program=witness["program"]) for witness in item.about["witnesses"])
        assert abs(Exogenous(one).answer() - Exogenous(other).answer()) > 1e-3
        assert one.program["edges"] == other.program["edges"] == item.program["edges"]
        for figure in item.figures:
            assert _in_table(one, figure) == _in_table(other, figure) == _printed(figure)
    assert {item.target.value["ANSWER"] for item in made} == (
        {"insufficient"} if name == "insufficient" else {"yes", "no"}
    )


def _in_table(item, figure):
    """A figure about one variable given its parents, as a table has it."""
    ((node, value),) = figure["variables"].items()
    table = item.program["tables"][node]
    assert set(table["parents"]) == set(figure["given"])
    p = Fraction(table["p"][int("".join(str(figure["given"][p]) for p in table["parents"]) or "0", 2)])
    return p if value else 1 - p


def _printed(figure):
    return Fraction(figure["value"].rstrip("%")) / (100 if figure["value"].endswith("%") else 1)


def test_every_answer_is_that_of_the_estimands(items):
    for item in items[:105]:
        assert float(item.value) == pytest.approx(by_program(item), abs=1e-9), item.id


def by_program(item):
    tables = {
        node: mechanisms.Table((0, 1), table["parents"], _rows(table["p"]).reshape(*[2] * len(table["parents"]), 2))
        for node, table in item.program["tables"].items()
    }
    dag = cpp.Dag(item.program["nodes"], [tuple(edge) for edge in item.program["edges"]])
    program = cpp.compile(dag, mechanisms=tables)
    contrast = cpp.Contrast(item.contrast["treatment"], item.contrast["outcome"], treated=1, control=0, state=1)
    mediators = item.contrast["mediators"]
    match item.quantity:
        case "ATE":
            return cpp.ate(program, contrast).value
        case "CDE":
            return cpp.cde(program, contrast, fixing=item.contrast["fixed"]).value
        case "ETT":
            return cpp.att(program, contrast).value
        case "NDE":
            return cpp.nde(program, contrast, mediator=mediators).value
        case "NIE":
            return cpp.nie(program, contrast, mediator=mediators).value
    found = cpp.pn(program, contrast) if item.quantity == "PN" else cpp.ps(program, contrast)
    return found.monotonic if item.bound == "monotone" else found.bounds[item.bound == "upper"]


def _rows(p):
    ones = np.array([float(some) for some in p])
    return np.stack([1 - ones, ones], -1)


def test_figures_are_probabilities_of_the_program(items):
    for item in [item for item in items if item.size <= 4][:60]:
        program = Exogenous(item)
        for figure in item.figures:
            assert _printed(figure) == program.chance(figure["variables"], figure["given"])


def test_a_bound_is_reached_and_no_model_is_beyond():
    """Models with the probabilities of an item: one at each bound, and random ones between them."""
    items = caugym.generate(60, quantities=["PN", "PS"], sizes=[2, 3, 4], twins=False, seed=2)
    random = np.random.default_rng(0)
    for item in items:
        cells, one, zero = _probabilities(item)
        assert causation(item.quantity, item.bound, cells, one, zero) == item.value
        if item.quantity == "PS":
            cells = {(1 - a, 1 - b): p for (a, b), p in cells.items()}
            one, zero = 1 - zero, 1 - one
        ends = [response_model(bound, cells, one, zero) for bound in ("lower", "upper")]
        for share in random.random(5):
            mixed = {kind: Fraction(share) * p + (1 - Fraction(share)) * ends[1][kind] for kind, p in ends[0].items()}
            found = mixed[1, "helped"] / cells[1, 1]
            if item.bound == "lower":
                assert found >= item.value
            if item.bound == "upper":
                assert found <= item.value


def _probabilities(item):
    """P(X, Y), P(Y = 1 | do(X = 1)) and P(Y = 1 | do(X = 0)), exactly, by cutting the treatment loose."""
    program = Exogenous(item)
    x, y = program.x, program.y
    cells = {(a, b): program.chance({x: a, y: b}, {}) for a in (0, 1) for b in (0, 1)}
    program.tables[x] = ((), [Fraction(1, 2)])
    program.levels[x], program.lengths[x] = [Fraction(0), Fraction(1, 2)], [Fraction(1, 2)] * 2
    return cells, *(program.chance({y: 1}, {x: value}) for value in (1, 0))


def test_monotone_items_have_a_program_in_which_the_treatment_never_prevents_the_outcome():
    """With one noise value a variable, Y under X = 0 is never above Y under X = 1."""
    monotone = [i for i in caugym.generate(60, quantities=["PN", "PS"], twins=False, seed=4) if i.bound == "monotone"]
    assert len(monotone) == 20
    for item in monotone:
        program = Exogenous(item)
        noise, _ = program._noise()
        zero, one = (np.asarray(program.world(noise, {program.x: value})[program.y]) for value in (0, 1))
        assert (zero <= one).all()
        assert 0 < item.value < 1
