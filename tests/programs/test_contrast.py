"""A contrast: said whole or by its words, resolved once, and refused where it is said twice or not at all."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import causalpp as cpp
from causalpp.errors import CausalppError, FormatError, InvalidParameter, UnknownState, UnknownVariable
from causalpp.programs import backdoor_sets, frontdoor_sets, is_adjustment_set
from causalpp.programs.estimands import Effect

ASIA = cpp.load_network("asia")
DOSE = cpp.compile(
    cpp.Dag.from_edges([("dose", "mood"), ("dose", "sleep"), ("sleep", "mood")]),
    mechanisms={
        "dose": cpp.LinearGaussian(),
        "sleep": cpp.LinearGaussian("dose", [0.5]),
        "mood": cpp.LinearGaussian(("dose", "sleep"), [1.0, 2.0]),
    },
)
ROWS = ASIA.simulate(400, seed=1)

#: Every estimand with what else it takes.
ESTIMANDS: dict[Any, dict[str, Any]] = {
    cpp.ate: {},
    cpp.cate: {"given": {"tub": "no"}},
    cpp.att: {},
    cpp.cde: {"fixing": {"bronc": "no"}},
    cpp.nde: {"mediator": "bronc"},
    cpp.nie: {"mediator": "bronc"},
    cpp.path_specific: {"paths": [("smoke", "bronc", "dysp")]},
    cpp.pn: {},
    cpp.ps: {},
    cpp.pns: {},
}


def test_every_estimand_takes_a_contrast_or_its_words() -> None:
    words = {"treated": "no", "control": "yes", "state": "no"}
    for said in ({}, words, {"treated": "no"}, {"state": "no"}):
        contrast = cpp.Contrast("smoke", "dysp", **said)
        for estimand, options in ESTIMANDS.items():
            whole = estimand(ASIA, contrast, **options)
            assert whole == estimand(ASIA, "smoke", "dysp", **said, **options)
            assert whole == estimand(program=ASIA, treatment="smoke", outcome="dysp", **said, **options)
            assert whole == estimand(ASIA, contrast=contrast, treated=None, **options)
            assert whole.contrast == contrast.on(ASIA) == whole.contrast.on(ASIA)  # found once, found for good
    assert cpp.ate(DOSE, cpp.Contrast("dose", "mood", treated=3, control=1)).value == pytest.approx(4.0)


def test_data_and_graphs_take_a_contrast_or_its_words() -> None:
    words = {"treated": "no", "control": "yes", "state": "no"}
    contrast = cpp.Contrast("smoke", "dysp", **words)
    assert cpp.tian_pearl_bounds(ROWS, contrast=contrast) == cpp.tian_pearl_bounds(
        ROWS, treatment="smoke", outcome="dysp", **words
    )
    assert cpp.adjusted_effect(ROWS, contrast, adjustment="bronc") == cpp.adjusted_effect(
        ROWS, "smoke", "dysp", "bronc", **words
    )
    for criterion in (
        cpp.identify, cpp.adjustment_sets, backdoor_sets, frontdoor_sets, cpp.instruments, cpp.optimal_adjustment_set,
        is_adjustment_set,
    ):  # fmt: skip
        assert criterion(ASIA.dag, contrast) == criterion(ASIA.dag, "smoke", "dysp")
        with pytest.raises(InvalidParameter, match="not both: outcome='dysp'"):
            criterion(ASIA.dag, contrast, "dysp")
        with pytest.raises(InvalidParameter, match="the outcome is empty"):
            criterion(ASIA.dag, "smoke")
    estimand = cpp.identify(ASIA.dag, contrast)
    for source in (ROWS, ASIA):
        assert estimand.effect(source, contrast) == estimand.effect(source, "no", "yes", "no")
        assert estimand.effect(source, cpp.Contrast("smoke", "dysp")) == estimand.effect(source, "yes", "no", "yes")
    with pytest.raises(InvalidParameter, match=r"is not about P\(dysp \| do\(smoke\)\)"):
        estimand.effect(ASIA, cpp.Contrast("smoke", "lung"))
    with pytest.raises(InvalidParameter, match="not both: state='no'"):
        cpp.adjusted_effect(ROWS, contrast, state="no")
    trial = {"yes": 0.3, "no": 0.2}
    assert cpp.tian_pearl_bounds(None, trial, cpp.Contrast("t", "y")) == cpp.tian_pearl_bounds(None, trial)


def test_help_shows_every_keyword() -> None:
    for estimand, options in ESTIMANDS.items():
        names = list(inspect.signature(estimand).parameters)
        assert names[:3] == ["program", "contrast", "outcome"]
        assert {*names[3:]} >= {"treatment", "treated", "control", "state", "samples", "seed", "draws", *options}
        bound = inspect.signature(estimand).bind(ASIA, "smoke", "dysp", **options)
        assert set(bound.arguments) == {"program", "contrast", "outcome", *options}
        with pytest.raises(TypeError, match="sample"):
            estimand(ASIA, "smoke", "dysp", sample=3, **options)


@given(
    st.dictionaries(st.sampled_from(["treatment", "outcome", "treated", "control", "state"]), st.just("yes")),
    st.booleans(),
)
def test_a_contrast_is_said_in_one_form(words: dict[str, str], whole: bool) -> None:
    """With a contrast no word may be said besides; without one, both variables have to be, and be two."""
    if whole and words:
        with pytest.raises(InvalidParameter, match=r"say Contrast\('smoke', 'dysp'\) or its words, not both: "):
            cpp.ate(ASIA, cpp.Contrast("smoke", "dysp"), **words)
    elif whole:
        assert isinstance(cpp.ate(ASIA, cpp.Contrast("smoke", "dysp")), Effect)
    elif {"treatment", "outcome"} <= set(words):
        with pytest.raises(InvalidParameter, match="both 'yes'"):
            cpp.ate(ASIA, **words)
    else:
        with pytest.raises(InvalidParameter, match=r"(treatment|outcome)= is missing"):
            cpp.ate(ASIA, **words)


@given(
    st.sampled_from(list(ESTIMANDS.items())),
    st.sampled_from(["treatment", "outcome", "treated", "control", "state"]),
    st.text(min_size=1),
)
def test_an_unknown_name_or_state_is_named(what: Any, word: str, wrong: str) -> None:
    estimand, options = what
    contrast = cpp.Contrast(**{"treatment": "smoke", "outcome": "dysp"} | {word: f"no such {wrong}"})
    expected = UnknownVariable if word in ("treatment", "outcome") else UnknownState
    with pytest.raises(expected, match="no such"):
        estimand(ASIA, contrast, **options)


def test_what_makes_no_contrast_is_refused() -> None:
    def bad(message: str, *args: Any, **words: Any) -> None:
        with pytest.raises(InvalidParameter, match=message):
            cpp.ate(*args, **words)

    bad("said twice: 'smoke' and 'tub'", ASIA, "smoke", "dysp", treatment="tub")
    bad("name of a variable, got 3", ASIA, 3, "dysp")
    bad("treated and control are both 'yes'", ASIA, "smoke", "dysp", treated="yes", control="yes")
    bad("'dose' is a real number: say both", DOSE, cpp.Contrast("dose", "mood", treated=1))
    bad("leave out state=", DOSE, cpp.Contrast("dose", "mood", treated=1, control=0, state=1))
    with pytest.raises(InvalidParameter, match=r"has no states$"):
        cpp.pn(DOSE, cpp.Contrast("dose", "mood", treated=1, control=0))


@given(
    st.text(min_size=1),
    st.one_of(st.none(), st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()),
)
def test_json_gives_it_back(name: str, value: Any) -> None:
    contrast = cpp.Contrast(name, name + "'", treated=value, state=value)
    assert cpp.Contrast.from_json(contrast.to_json()) == contrast
    assert eval(repr(contrast), {"Contrast": cpp.Contrast}) == contrast


def test_a_call_that_fits_no_estimand_is_refused_under_its_name() -> None:
    ask: Any  # wrong calls on purpose
    for ask in (cpp.ate, cpp.pn, cpp.path_specific):
        with pytest.raises(TypeError, match=rf"^{ask.__name__}\(\) got an unexpected keyword argument 'sampels'"):
            ask(ASIA, "smoke", "dysp", sampels=10)
        with pytest.raises(TypeError, match=rf"^{ask.__name__}\(\) too many positional arguments"):
            ask(ASIA, "smoke", "dysp", "yes")
        with pytest.raises(InvalidParameter, match=rf"^{ask.__name__}\(\) asks a program, got Dag: compile\(\)"):
            ask(ASIA.dag, "smoke", "dysp")
    ask = cpp.nde
    with pytest.raises(TypeError, match=r"^nde\(\) missing a required argument: 'mediator'"):
        ask(ASIA, "smoke", "dysp")


def test_what_is_left_open_is_not_printed() -> None:
    assert str(cpp.Contrast("smoke", "dysp")) == "smoke on dysp"


def test_json_that_is_no_contrast_is_refused() -> None:
    assert json.loads(cpp.Contrast("x", "y", treated=np.int64(2)).to_json())["treated"] == 2
    for text in ("", "[]", "3", '{"treatment": "x"}', '{"treatment": "x", "outcome": "x"}', '{"what": 1}'):
        with pytest.raises(FormatError, match="not a contrast"):
            cpp.Contrast.from_json(text)


def test_the_frame_s_states_are_meant() -> None:
    """What is left out follows from the states that the data have."""
    frame = pd.DataFrame({"t": [0, 1, 0, 1, 1, 0], "y": ["yes", "yes", "no", "no", "yes", "no"]})
    assert cpp.tian_pearl_bounds(frame, contrast=cpp.Contrast("t", "y")) == cpp.tian_pearl_bounds(
        frame, contrast=cpp.Contrast("t", "y", treated=1, control=0, state="yes")
    )
    with pytest.raises(CausalppError, match="no column 'z'"):
        cpp.tian_pearl_bounds(frame, contrast=cpp.Contrast("t", "z"))
