"""What can be said can be read back: wordings, questions, formulas, odd names, JSON."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import (
    Causes,
    Changes,
    Direction,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    all_questions,
    errors,
    parse,
)
from causalpp.propositions import KINDS, STYLES, And, Not, Or, Proposition, from_dict, from_json, sentences

ODD_NAMES = [
    "A",
    "a b",
    "blood pressure",
    "cause of death",
    "and",
    "A and B",
    "causes",
    "given",
    'the "big" one',
    "back\\slash",
    'ends with \\"',
    "(x)",
    "x, y",
    "naïve Bayes",
    "因果",
    "2nd stage",
    "p.value",
    "two  blanks",
    "it is not the case that",
    "x → y",
    "x | y",
    "not",
    "line\nbreak",
    "→",
    "a~>b",
    "B.",
    "Why?",
]


def atoms(names: list[str]) -> list[Proposition]:
    a, b, c, d = names
    return [
        DirectlyCauses(a, b),
        Causes(a, b),
        IndirectlyCauses(a, b),
        HaveCommonCause(a, b),
        HaveCommonEffect(a, b),
        Changes(a, b),
        Changes(a, b, holding={c}),
        Changes(a, b, holding={c, d}),
        Independent(a, b),
        Independent(a, b, given={c}),
        Independent(a, b, given={c, d}),
        Direction(a, b),
        Direction(b, a),
    ]


@pytest.mark.parametrize("style", STYLES)
def test_sentences_and_questions_are_read_back(style: str) -> None:
    names = ["smoke", "lung cancer", "tar", "X1"]
    for p in atoms(names):
        for known in (names, None):
            assert parse(p.sentence(style), known) == p
            assert parse(p.question(style), known) == p
            assert parse((~p).sentence(style), known) == ~p
        for text in sentences(p, style):
            assert parse(text, names) == p
    p, q, r, *_ = atoms(names)
    for combined in (p & q, p | ~q, (p & q) | r, ~(p | q) & r, Not(p & q), And(p, q, r), Or(p & ~r, q & r)):
        assert parse(combined.sentence(style), names) == combined
        assert parse(combined.question(style), names) == combined


def test_wordings_of_the_same_variables_are_all_different() -> None:
    """One text never means two things, whatever the kind and style."""
    seen: dict[str, Proposition] = {}
    for p in atoms(["A", "B", "C", "D"]):
        for text in sentences(p):
            assert seen.setdefault(text.casefold(), p) == p


names_strategy = st.lists(
    st.one_of(
        st.sampled_from(ODD_NAMES),
        st.text(min_size=1, max_size=12).filter(lambda s: s.strip()),
        st.from_regex(r"[a-z]{1,5}( [a-z]{1,5}){0,2}", fullmatch=True),
    ),
    min_size=4,
    max_size=6,
    unique=True,
)


@given(names=names_strategy, style=st.sampled_from(STYLES), data=st.data())
@settings(max_examples=120, deadline=None)
def test_any_names_survive(names: list[str], style: str, data: st.DataObject) -> None:
    p = data.draw(st.sampled_from(atoms(names[:4])))
    assert parse(p.sentence(style), names) == p
    assert parse(p.question(style), names) == p
    assert parse((~p & p).sentence(style), names) == ~p & p
    assert from_json(p.to_json()) == p


@given(st.text(max_size=60), st.sampled_from([None, ["A", "B"], ["smoking", "lung cancer"]]))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read_or_refused(text: str, names: list[str] | None) -> None:
    with contextlib.suppress(errors.CausalppError):
        assert isinstance(parse(text, names), Proposition)


@given(st.lists(st.sampled_from(["A", "B", "causes", "and", "(", ")", "not", "¬", "∧", "|", '"', ",", "given", "are"])))
@settings(max_examples=300, deadline=None)
def test_shuffled_words_are_read_or_refused(words: list[str]) -> None:
    try:
        found = parse(" ".join(words), ["A", "B"])
    except errors.CausalppError:
        return
    assert parse(found.sentence(), ["A", "B"]) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A directly causes B.", DirectlyCauses("A", "B")),
        ("B directly causes A.", DirectlyCauses("B", "A")),
        ("A causes something else which causes B.", IndirectlyCauses("A", "B")),
        ("B is a cause for A, but not a direct one.", IndirectlyCauses("B", "A")),
        ("There exists at least one collider (i.e., common effect) of A and B.", HaveCommonEffect("A", "B")),
        ("There exists at least one confounder (i.e., common cause) of A and B.", HaveCommonCause("A", "B")),
        ("A directly affects B.", DirectlyCauses("A", "B")),
        ("A influences B through some mediator(s).", IndirectlyCauses("A", "B")),
        ("A and B together cause some other variable(s).", HaveCommonEffect("A", "B")),
        ("Some variable(s) cause(s) both A and B.", HaveCommonCause("A", "B")),
        ("A correlates with B.", ~Independent("A", "B")),
        ("A is independent of C.", Independent("A", "C")),
        ("A and D are independent given B.", Independent("A", "D", {"B"})),
        ("A and D are independent given B and C.", Independent("A", "D", {"B", "C"})),
        ("A and D are independent given B, C and E.", Independent("A", "D", {"B", "C", "E"})),
        ("A and D are independent given B, C, and E.", Independent("A", "D", {"B", "C", "E"})),
        ("A is not independent of B", ~Independent("A", "B")),
    ],
)
def test_corr2cause_sentences(text: str, expected: Proposition) -> None:
    assert parse(text) == parse(text, "ABCDE") == expected
    assert parse(text.upper(), "ABCDE") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  smoking   CAUSES lung  cancer ", Causes("smoking", "lung cancer")),
        ("does Smoking cause Lung Cancer ?", Causes("smoking", "lung cancer")),
        ("smoking is a cause of lung cancer", Causes("smoking", "lung cancer")),
        ("smoking->lung cancer", DirectlyCauses("smoking", "lung cancer")),
        ("smoking⊥lung cancer|tar", Independent("smoking", "lung cancer", {"tar"})),
        ("smoking _||_ lung cancer | tar, age", Independent("smoking", "lung cancer", {"tar", "age"})),
        ("do(smoking) ~> tar", Changes("smoking", "tar")),
        ("not (smoking causes tar)", ~Causes("smoking", "tar")),
        ("It is not the case that smoking causes tar.", ~Causes("smoking", "tar")),
        ("((smoking causes tar))", Causes("smoking", "tar")),
        ("Is it true that smoking causes tar?", Causes("smoking", "tar")),
        ("If we set smoking while holding tar and age fixed, does lung cancer change?",
         Changes("smoking", "lung cancer", {"tar", "age"})),
    ],
)  # fmt: skip
def test_tolerance(text: str, expected: Proposition) -> None:
    assert parse(text, ["smoking", "lung cancer", "tar", "age"]) == expected


def test_names_that_differ_in_case_only_must_be_exact() -> None:
    assert parse("a causes A", ["a", "A"]) == Causes("a", "A")
    with pytest.raises(errors.FormatError, match="could be any of"):
        parse("AB causes x", ["ab", "Ab", "x"])


def test_unquoted_names_that_can_be_read_twice_are_refused() -> None:
    names = ["A", "B", "C", "A and B", "B and C"]
    with pytest.raises(errors.FormatError, match="several ways"):
        parse("A and B and C are independent", names)
    assert parse('"A and B" and C are independent', names) == Independent("A and B", "C")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", errors.FormatError, "empty"),
        ("A hugs B", errors.FormatError, "cannot read 'A hugs B'"),
        ("A causes Z", errors.UnknownVariable, "unknown variable 'Z'"),
        ("A and B are independent given Z", errors.UnknownVariable, "'Z'"),
        ("A causes A", errors.InvalidProposition, "two different"),
        ("A and B are independent given A", errors.InvalidProposition, "cannot also"),
        ("(A causes B", errors.FormatError, "bracket"),
        ("(" * 5000 + "A causes B" + ")" * 5000, errors.FormatError, "nested"),
        ("x" * 50_000, errors.FormatError, "longer"),
    ],
)
def test_bad_statements(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        parse(text, ["A", "B", "C"])


def test_hostile_text_is_refused_quickly() -> None:
    start = time.perf_counter()
    for text in ("A and " * 2000, "A, " * 3000, '"' * 3000, "not " * 3000, "a b " * 3000 + "causes"):
        with pytest.raises(errors.CausalppError):
            parse(text, ["A", "B", "a b"])
        with pytest.raises(errors.CausalppError):
            parse(text)
    assert time.perf_counter() - start < 60  # not a speed measurement: exponential time would never end


@pytest.mark.parametrize("text", ["A causes B and C causes D", "A causes B causes C", "A and B and C are independent"])
def test_names_that_swallow_words_are_refused(text: str) -> None:
    """Without the variables, a name of several words must not contain the words that end a name."""
    with pytest.raises(errors.FormatError, match="quotation marks"):
        parse(text)


def test_unknown_style() -> None:
    for call in (Causes("A", "B").sentence, (Causes("A", "B") & Causes("B", "C")).sentence, Causes("A", "B").question):
        with pytest.raises(errors.InvalidParameter, match="unknown style"):
            call("shouting")


def test_json_round_trip_of_every_kind() -> None:
    p, q, *rest = questions = all_questions(["x", "a b", '"'], kinds=KINDS)
    for one in (*questions, p & q, ~(p | rest[0]), Not(p) & q):
        assert from_json(one.to_json()) == one
        assert from_dict(one.to_dict()) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"kind": 3}',
        '{"kind": "Hugs", "a": "x", "b": "y"}',
        '{"kind": "Causes", "a": "x"}',
        '{"kind": "Causes", "a": "x", "b": "y", "c": "z"}',
        '{"kind": "Causes", "a": "x", "b": 2}',
        '{"kind": "Not"}',
        '{"kind": "And", "of": 3}',
        '{"kind": "And", "of": []}',
        '{"kind": "Not", "of": {"kind": "Not"}}',
    ],
)
def test_bad_json(text: str) -> None:
    with pytest.raises(errors.CausalppError):
        from_json(text)


def test_all_questions() -> None:
    assert len(all_questions("ABCDE")) == 20
    assert len(all_questions("ABCDE", kinds=[HaveCommonCause])) == 10
    for one in ("HaveCommonCause", HaveCommonCause):
        assert all_questions("ABC", kinds=one) == all_questions("ABC", kinds=[HaveCommonCause])
    assert len(all_questions("ABCDE", kinds=["Independent"], conditioning=3)) == 10 * 8
    assert len(set(all_questions("ABCDE", kinds=KINDS, conditioning=2))) == len(
        all_questions("ABCDE", kinds=KINDS, conditioning=2)
    )
    assert all_questions("A") == ()
    with pytest.raises(errors.InvalidParameter, match="unknown kind"):
        all_questions("AB", kinds=["Cause"])
    with pytest.raises(errors.InvalidParameter, match="conditioning"):
        all_questions("AB", conditioning=-1)
    with pytest.raises(errors.InvalidGraph, match="twice"):
        all_questions(["A", "A"])
