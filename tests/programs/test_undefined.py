"""Rows of a table that are not defined: harmless while their parents cannot occur, refused as soon as they can."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import causalpp as cpp
from causalpp.errors import InvalidParameter
from causalpp.graphs import read_bif
from causalpp.programs import Table, from_bif, to_bif

TEXT = """network n { }
variable sun { type discrete [ 2 ] { no, yes }; }
variable rain { type discrete [ 2 ] { dry, wet }; }
variable wind { type discrete [ 2 ] { calm, gale }; }
variable slip { type discrete [ 2 ] { no, yes }; }
probability ( sun ) { table 1.0, 0.0; }
probability ( wind ) { table 0.3, 0.7; }
probability ( rain | sun, wind ) {
  (no, calm) 0.4, 0.6;
  (no, gale) 0.1, 0.9;
  (yes, calm) 0.5, 0.5;
  (yes, gale) NaN, NaN;
}
probability ( slip | rain ) { (dry) 0.9, 0.1; (wet) 0.2, 0.8; }
"""


def test_what_cannot_occur_changes_nothing() -> None:
    program, other = from_bif(TEXT), from_bif(TEXT.replace("NaN, NaN", "0.25, 0.75"))
    names = ("sun", "wind", "rain", "slip")
    assert np.array_equal(program.probabilities(names), other.probabilities(names))
    assert program.simulate(50, seed=1).equals(other.simulate(50, seed=1))
    asked = {"wind": "calm"}
    for a, b in [
        (program.do(rain="wet"), other.do(rain="wet")),
        (program.condition(slip="yes"), other.condition(slip="yes")),
        (program.do(sun="yes", wind="calm"), other.do(sun="yes", wind="calm")),
        (program.counterfactual({"slip": "yes"}, asked), other.counterfactual({"slip": "yes"}, asked)),
    ]:
        assert a.distribution("slip") == b.distribution("slip")
        assert a.distribution("rain") == b.distribution("rain")


def test_what_makes_it_possible_is_refused_with_its_place() -> None:
    program = from_bif(TEXT)
    message = r"the law of 'rain' given sun=yes, wind=gale is not defined \(line 12\), and .* has probability 0.7 here"
    with pytest.raises(InvalidParameter, match=message):
        program.do(sun="yes")
    with pytest.raises(InvalidParameter, match=message):
        from_bif(TEXT.replace("1.0, 0.0", "0.0, 1.0"))
    for act in (
        lambda: program.do(sun={"no": 0.5, "yes": 0.5}),
        lambda: program.do(sun=lambda wind: wind),
        lambda: program.counterfactual({"slip": "yes"}, {"sun": "yes"}),
        lambda: program.worlds(a={}, b={"sun": "yes"}),
        lambda: program.condition(rain="wet").do(rain="dry", sun="yes"),
        lambda: program.do(rain=lambda rain: 1 - rain).do(sun="yes"),
        lambda: cpp.ate(program, "sun", "slip"),
        lambda: pickle.loads(pickle.dumps(program)).do(sun="yes"),
    ):
        with pytest.raises(InvalidParameter, match="the law of 'rain' given sun=yes, wind=gale is not defined"):
            act()


def test_a_nested_world_that_would_need_it_is_refused() -> None:
    # Each parent can have its state in a world of its own; only a reading across worlds brings the two together.
    pair = from_bif(TEXT).worlds(bright={"sun": "yes", "wind": "calm"}, rough={"wind": "gale"})
    with pytest.raises(InvalidParameter, match="given sun=yes, wind=gale is not defined"):
        replace(pair, reads={("rough", "rain", "sun"): "bright"})
    assert replace(pair, reads={("rough", "slip", "rain"): "bright"}).probabilities([("rough", "slip")]).shape == (2,)


def test_a_joint_impossibility_of_possible_states() -> None:
    # b copies a, so that (x, y) cannot occur, though each can.
    text = """network n { } variable a { type discrete [ 2 ] { x, y }; } variable b { type discrete [ 2 ] { x, y }; }
        variable c { type discrete [ 2 ] { n, y }; } probability ( a ) { table 0.5, 0.5; }
        probability ( b | a ) { (x) 1.0, 0.0; (y) 0.0, 1.0; }
        probability ( c | a, b ) { (x, x) 0.1, 0.9; (x, y) NaN, NaN; (y, x) NaN, NaN; (y, y) 0.7, 0.3; }"""
    program = from_bif(text)
    assert program.distribution("c") == {"n": pytest.approx(0.4), "y": pytest.approx(0.6)}
    with pytest.raises(InvalidParameter, match=r"given a=x, b=y is not defined \(line 4\).* probability 0.5"):
        program.do(b="y")


def test_written_and_read_back() -> None:
    assert np.array_equal(
        read_bif(to_bif(from_bif(TEXT))).tables["rain"], read_bif(TEXT).tables["rain"], equal_nan=True
    )
    table = Table(("n", "y"), ("a",), [[0.5, 0.5], [0.1, 0.9]], undefined={(0,): ""})
    with pytest.raises(InvalidParameter, match=r"given a=n is not defined, and a=n has probability 0\.3 here"):
        cpp.compile(cpp.Dag.from_edges([("a", "b")]), mechanisms={"a": Table(("n", "y"), (), [0.3, 0.7]), "b": table})


def test_a_graph_alone_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "n.bif").write_text(TEXT.replace("1.0, 0.0", "0.0, 1.0"))
    assert cpp.read_graph(tmp_path / "n.bif").parents("rain") == ("sun", "wind")
