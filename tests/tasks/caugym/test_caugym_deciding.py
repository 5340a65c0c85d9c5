"""What figures of any kind determine, and what they leave open."""

from fractions import Fraction

import pytest

from causalpp.errors import CyclicGraph, FormatError, ImpossibleEvidence, InvalidData, TooLarge, UnknownVariable
from causalpp.tasks.caugym import Told, decide
from causalpp.tasks.caugym.models import Figure
from causalpp.tasks.caugym.solving.chances import chance
from causalpp.tasks.caugym.solving.measuring import measure


def _told(edges, figures, quantity="ATE", **more):
    """A problem about X and Y; figures as in ``{"Y=1|X=0": "0.3"}``."""
    edges = [tuple(edge.split(">")) for edge in edges.split()]
    sides = [(key.partition("|")[::2], value) for key, value in figures.items()]
    pairs = [[tuple((t[0], int(t[2])) for t in side.split(",") if t) for side in both] for both, _ in sides]
    made = tuple(Figure(event, given, value) for (event, given), (_, value) in zip(pairs, sides, strict=True))
    nodes = tuple(dict.fromkeys(node for edge in edges for node in edge))
    return Told(nodes, tuple(edges), made, quantity, "X", "Y", **more)


CONFOUNDED = "Z>X Z>Y X>Y"
TABLE = {"Y=1|Z=0,X=0": "0.1", "Y=1|Z=0,X=1": "0.5", "Y=1|Z=1,X=0": "0.3", "Y=1|Z=1,X=1": "0.9"}


def test_a_total_and_one_part_give_the_other_part():
    told = _told("X>Y", {"X=1": "0.25", "Y=1": "0.4", "Y=1|X=1": "0.7"})
    assert decide(told).value == Fraction("0.7") - Fraction("0.3")


def test_what_is_seen_is_not_what_is_set():
    decision = decide(_told(CONFOUNDED, {"Y=1|X=1": "0.7", "Y=1|X=0": "0.2", "X=1": "0.5"}))
    assert decision.answer == "insufficient"
    assert decision.values[0] != decision.values[1]
    for model, value in zip(decision.models, decision.values, strict=True):
        assert measure(decision.told, model) == value
        parents = decision.told.parents
        for figure in decision.told.figures:
            whole = chance(parents, model, dict(figure.given))
            assert abs(chance(parents, model, dict((*figure.given, *figure.variables))) / whole - figure.exact) < 1e-8


def test_a_common_cause_is_adjusted_for():
    assert decide(_told(CONFOUNDED, {**TABLE, "Z=1": "0.25"})).value == Fraction(3, 4) * Fraction("0.4") + Fraction(
        "0.15"
    )


def test_the_share_of_a_common_cause_follows_from_others():
    # P(Z = 1) = 0.25 follows from P(X = 1) = 0.2 + 0.25 · 0.4.
    told = _told(CONFOUNDED, {**TABLE, "X=1|Z=0": "0.2", "X=1|Z=1": "0.6", "X=1": "0.3"})
    assert decide(told).value == Fraction("0.45")


def test_a_joint_probability_is_one_more_equation():
    told = _told("X>Y", {"X=1,Y=1": "0.2", "X=1": "0.5", "Y=1|X=0": "0.1"})
    assert decide(told).value == Fraction("0.3")


def test_the_front_door_is_found():
    """A common cause of which nothing is said, and a mediator (Pearl 1995)."""
    figures = {"X=1": "0.5", "M=1|X=0": "0.2", "M=1|X=1": "0.8"}
    figures |= {"Y=1|X=0,M=0": "0.2", "Y=1|X=0,M=1": "0.5", "Y=1|X=1,M=0": "0.3", "Y=1|X=1,M=1": "0.6"}
    decision = decide(_told("U>X U>Y X>M M>Y", figures))
    through = {m: (Fraction(figures[f"Y=1|X=0,M={m}"]) + Fraction(figures[f"Y=1|X=1,M={m}"])) / 2 for m in (0, 1)}
    assert float(decision.value) == pytest.approx(float(Fraction("0.6") * (through[1] - through[0])), abs=1e-6)


def test_a_figure_that_follows_from_others_may_be_rounded():
    exact = Fraction(3, 4) * Fraction("0.5") + Fraction(1, 4) * Fraction("0.9")
    figures = {**TABLE, "Z=1": "0.25", "X=1|Z=0": "0.5", "X=1|Z=1": "0.5"}
    assert float(exact) == 0.6
    share = Fraction(3, 4) * Fraction("0.1") + Fraction(1, 4) * Fraction("0.3")  # 0.15, said to one digit
    assert share == Fraction("0.15")
    assert decide(_told(CONFOUNDED, {**figures, "Y=1|X=0": "0.2"})).value == Fraction("0.45")
    with pytest.raises(InvalidData, match=r"by the others it is 0\.15"):
        decide(_told(CONFOUNDED, {**figures, "Y=1|X=0": "0.21"}))


def test_the_order_of_rounded_figures_does_not_matter():
    """0.17 of 0.89 is 0.1910: a total says more precisely than this quotient what the missing cell is."""
    figures = {"Y=1": "0.8900", "X=0|Y=1": "0.1910", "X=1": "0.8", "X=0,Y=1": "0.17", "Y=1|X=0": "0.85"}
    turned = [dict(list(figures.items())[k:] + list(figures.items())[:k]) for k in range(len(figures))]
    for some in [*turned, *(dict(reversed(each.items())) for each in turned)]:
        assert decide(_told("X>Y", some)).value == Fraction("0.9") - Fraction("0.85")
    exact = {"X=1": "1/3", "Y=1": "0.4333", "X=1,Y=1": "1/5", "Y=1|X=0": "7/20"}  # a fraction before a decimal
    for some in (exact, dict(reversed(exact.items()))):
        assert decide(_told("X>Y", some)).value == Fraction(3, 5) - Fraction(7, 20)


def test_monotonicity_holds_in_every_group():
    """On average the treatment helps, and where Z = 1 it harms."""
    figures = {"Z=1": "0.5", "X=1|Z=0": "0.4", "X=1|Z=1": "0.6", "Y=1|Z=0,X=0": "0.1", "Y=1|Z=0,X=1": "0.9"}
    figures |= {"Y=1|Z=1,X=0": "0.4"}
    for quantity in ("PN", "PS"):
        with pytest.raises(InvalidData, match="never prevents Y: where Z = 1, it does"):
            decide(_told(CONFOUNDED, {**figures, "Y=1|Z=1,X=1": "0.2"}, quantity, bound="monotone"))
        assert 0 < decide(_told(CONFOUNDED, {**figures, "Y=1|Z=1,X=1": "0.4"}, quantity, bound="monotone")).value < 1
    # Where nobody has Z = 1, nobody is harmed there.
    nobody = {**figures, "Z=1": "0", "Y=1|Z=1,X=1": "0.2"}
    with pytest.raises(ImpossibleEvidence):  # what is said of them is not defined
        decide(_told(CONFOUNDED, nobody, "PN", bound="monotone"))
    here = {key: value for key, value in nobody.items() if "|Z=1" not in key}
    assert decide(_told(CONFOUNDED, here, "PN", bound="monotone")).value == Fraction(8, 9)


def test_a_bound_may_be_determined_where_probabilities_are_not():
    figures = {"Y=1|X=1": "0.3", "Y=1|X=0": "0.6"}  # nobody needs the treatment in every model: 0, whatever P(X) is
    assert decide(_told("X>Y", figures, "PN", bound="lower")).value == 0
    assert decide(_told("X>Y", figures, "PS", bound="lower")).value == 0
    assert decide(_told("X>Y", {"Y=1|X=1": "0.6"}, "PN", bound="lower")).answer == "insufficient"


def test_monotonicity_leaves_little_room_and_does_not_decide():
    told = _told("X>M M>Y X>Y", {"Y=1|X=0,M=0": "0.97", "Y=1|X=0,M=1": "0.975", "X=1": "0.5"}, "PN", bound="monotone")
    decision = decide(told)
    assert decision.answer == "insufficient"
    assert all(0 <= value <= 1 for value in decision.values)
    told = _told("X>Y", {"Y=1|X=0": "0.9", "Y=1|X=1": "0.95"}, "PN", bound="monotone")
    assert decide(told).value == Fraction(5, 95)


def test_an_effect_past_a_mediator_may_depend_on_more_than_probabilities():
    edges = "X>W W>M W>Y M>Y X>Y"
    decision = decide(_told(edges, {}, "NDE", mediators=("M",)))
    assert decision.answer == "insufficient"
    assert "more than probabilities" in decision.why


def test_contradictions_are_said():
    for figures in (
        {"Y=1|X=1": "0.3", "Y=0|X=1": "0.3"},
        {"Y=1|X=1": "0.3", "Y=1|X=0": "0.2", "Y=1": "0.9"},
        {"Y=1|X=1": "0.3", "Y=1|X=0": "0.3", "Y=1": "0.9"},
        {"X=1": "0.5", "X=1,Y=1": "0.6", "Y=1|X=0": "0.1"},
    ):
        with pytest.raises(InvalidData, match="contradict each other"):
            decide(_told("X>Y", figures))
    with pytest.raises(InvalidData, match="contradict each other"):  # no P(X | Z) has these totals
        decide(_told(CONFOUNDED, {**TABLE, "X=1": "0.5", "Y=1|X=1": "0.95"}))
    with pytest.raises(InvalidData, match="never prevents"):
        decide(_told("X>Y", {"X=1": "0.5", "Y=1|X=1": "0.3", "Y=1|X=0": "0.6"}, "PN", bound="monotone"))


def test_what_is_not_defined_is_said():
    with pytest.raises(ImpossibleEvidence, match="there are none"):
        decide(_told("X>Y", {"X=1": "0", "Y=1": "0.6"}, "ETT"))
    for quantity in ("ATE", "ETT"):
        with pytest.raises(ImpossibleEvidence, match="what it is given has probability 0"):
            decide(_told("X>Y", {"X=1": "0", "Y=1|X=1": "0.3", "Y=1|X=0": "0.6"}, quantity))
    with pytest.raises(ImpossibleEvidence, match="there are none"):
        decide(_told("X>Y", {"X=1": "0.5", "Y=1|X=1": "0", "Y=1|X=0": "0"}, "PN", bound="lower"))
    with pytest.raises(ImpossibleEvidence, match="has probability 0"):
        decide(_told("Z>X X>Y", {"Y=1|X=1": "0", "Y=1|X=0": "0", "X=1|Y=1": "0.4"}))


def test_what_is_no_problem_is_said():
    with pytest.raises(UnknownVariable, match="unknown variable 'W'"):
        _told("X>Y", {"W=1": "0.5"})
    with pytest.raises(CyclicGraph):
        _told("X>Y Y>X", {})
    for wrong in ({"Y=1": "1.5"}, {"Y=1": "-0.1"}, {"Y=1|Y=0": "0.5"}):
        with pytest.raises(InvalidData):
            _told("X>Y", wrong)
    for wrong in (
        {"quantity": "LATE"},
        {"bound": "lower"},
        {"quantity": "PN"},
        {"quantity": "CDE"},
        {"fixed": {"X": 1}},
    ):
        with pytest.raises(FormatError):
            _told("X>Y", {}, **wrong)
    with pytest.raises(TooLarge):
        decide(_told("X>Y " + " ".join(f"{node}>Y" for node in "abcdefghijk"), {}))
