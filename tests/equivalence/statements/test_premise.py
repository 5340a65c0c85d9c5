"""Premises: written and read back, reworded, damaged, and arbitrary text."""

from __future__ import annotations

import contextlib
import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Dag, Independent, errors
from causalpp.equivalence import Cpdag
from causalpp.equivalence.statements.independence import all_statements, determining_statements
from causalpp.equivalence.statements.premise import from_premise, parse_premise, premise
from causalpp.errors import ContradictoryStatements, UndeterminedClass
from causalpp.graphs import erdos_renyi
from causalpp.propositions import STYLES, Proposition

CHAIN = (
    "Suppose there is a closed system of 4 variables, A, B, C and D. All the statistical relations among these 4 "
    "variables are as follows: A correlates with B. A correlates with C. A correlates with D. B correlates with C. "
    "B correlates with D. C correlates with D. However, A and C are independent given B. A and C are independent "
    "given B and D. A and D are independent given B. A and D are independent given B and C. A and D are independent "
    "given C. B and D are independent given A and C. B and D are independent given C."
)
CHAIN_CPDAG = Cpdag("ABCD", undirected=[("A", "B"), ("B", "C"), ("C", "D")])

NAMES = [
    "smoking",
    "lung cancer",
    "tar",
    "cause of death",
    "rock and roll",
    "2nd stage",
    "p.value",
    "ÄGE",
    "x|y",
    "a, b",
]


def test_the_wording_of_the_data_set() -> None:
    chain = Dag("ABCD", [("A", "B"), ("B", "C"), ("C", "D")])
    assert premise(chain) == CHAIN
    assert from_premise(CHAIN) == CHAIN_CPDAG
    names, statements = parse_premise(CHAIN)
    assert names == tuple("ABCD")
    assert statements[0] == ~Independent("A", "B")
    assert statements[-1] == Independent("B", "D", "C")
    assert len(statements) == 13
    assert premise(Dag("AB")).endswith("as follows: A is independent of B.")
    assert premise(Dag("AB", [("B", "A")])).endswith("as follows: A correlates with B.")
    assert from_premise(premise(Dag("A"))) == Cpdag("A")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_three_hundred_premises_are_read_back(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(30):
        d = 1 + (number + seed) % 5 if number else 6
        names = rng.sample(NAMES, d) if number % 2 else list("FEDCBA"[:d])
        dag = erdos_renyi(names, expected_degree=min(d - 1, number % 4), seed=100 * seed + number)[0]
        text = premise(dag, style=STYLES[number % len(STYLES)])
        if number % 3 == 0:
            text = "Premise: " + text.replace(". ", ".\n  ")
        if number % 3 == 1 and not number % 2:
            text = text.upper()
        read, statements = parse_premise(text)
        assert read == tuple(names)
        assert set(statements) == {
            p for p in all_statements(dag) if isinstance(p, Independent) or len(p.variables) == 2
        }
        expected = Cpdag.from_dag(dag)
        assert from_premise(text) == from_premise(text, complete=True) == expected
        if number % 5 == 0:
            assert from_premise(premise(expected)) == expected


LIST = "Suppose there is a closed system of 3 variables, A, B and C. "


@pytest.mark.parametrize(
    "text",
    [
        LIST + "A correlates with B. B correlates with C. However, A is independent of C.",
        LIST + "a correlates with b; b and c are related; however a is independent of c",
        LIST + "A CORRELATES WITH B.B CORRELATES WITH C.BUT A IS INDEPENDENT OF C.",
        LIST + "A correlates with B B correlates with C However, A is independent of C",
        LIST + "A correlates with B and B correlates with C, but A is independent of C.",
        LIST + "\n - A correlates with B\n - B is dependent on C\n - A ⊥ C",
        LIST + "(A is not independent of B) and (B correlates with C). Also, A and C are unrelated.",
        LIST + "The following statements hold: A correlates with B. It is not the case that (B ⊥ C). A ⫫ C.",
        LIST + "A correlates with B. B and C are related. A correlates with B. A ⊥ C. C and A are unrelated.",
        "Premise:  suppose there is a closed system of three variables ,  A , B , and C .\n\n All the statistical"
        " relations\namong these three variables are as follows :\nA correlates   with B.\nB correlates with C."
        "\nHowever,\nA is independent of C.\nHypothesis: A directly causes B.",
        "Consider the variables A, B, C. A correlates with B. B correlates with C. A is independent of C.",
        "3 variables: A, B & C. Here are all the relations: A correlates with B. B correlates with C. A ⊥ C.",
        "Suppose there is a closed system of 3 variables, A, B and C All the statistical relations among these 3 "
        "variables are as follows: A correlates with B. B correlates with C. However, A is independent of C.",
        'Assume that there are 3 variables, "A", "B" and "C". "A" correlates with B. B correlates with "C". A ⊥ C',
    ],
)
def test_other_wordings(text: str) -> None:
    names, statements = parse_premise(text)
    assert names == ("A", "B", "C")
    assert set(statements) == {~Independent("A", "B"), ~Independent("B", "C"), Independent("A", "C")}
    assert from_premise(text) == Cpdag("ABC", directed=[("A", "B"), ("C", "B")])


def test_run_on_lists_of_given_variables() -> None:
    text = "4 variables: A, B, C and D. A and C are independent given B and D and B and C are related given A, D"
    assert parse_premise(text)[1] == [Independent("A", "C", {"B", "D"}), ~Independent("B", "C", {"A", "D"})]


def test_names_of_several_words() -> None:
    names, statements = parse_premise(
        "Suppose there is a closed system of 3 variables, rock and roll, lung cancer and p.value. "
        "Rock and Roll correlates with P.VALUE. Lung\ncancer and p.value are independent given rock  and roll."
    )
    assert names == ("rock and roll", "lung cancer", "p.value")
    assert statements == [
        ~Independent("rock and roll", "p.value"),
        Independent("lung cancer", "p.value", "rock and roll"),
    ]


def damaged(old: str, new: str = "") -> str:
    assert old in CHAIN
    return CHAIN.replace(old, new, 1)


#: Premise, and what must come of it: an error's message with its place in the text, or the statements left.
DAMAGED: list[tuple[str, str, str | None]] = [
    # variables
    (damaged("A, B, C and D", "A, B and C"), "given as 4, but the list has 3: A, B, C", "4 variables"),
    (damaged("of 4 variables", "of 5 variables"), "given as 5, but the list has 4", "5 variables"),
    (damaged("of 4 variables", "of two variables"), "given as two|given as 2", "two variables"),
    (damaged("these 4", "these 3"), "4 variables are named, and here 3", "3 \nvariables"),
    (damaged("A, B, C and D", "A, B, B and D"), "'B' is named twice", "B and D. All"),
    (damaged("A, B, C and D", "A, , C and D"), "no name", ", C and D"),
    (damaged("A, B, C and D", ""), "names of the variables are missing", None),
    (damaged("A, B, C and D", "A, B, X and D"), "unknown variable 'C'", "A correlates with C"),
    (damaged("Suppose there is a closed system of 4 variables, A, B, C and D. "), "not named", "All the"),
    (CHAIN[20:], "the variables are not named", "losed"),
    ("", "the variables are not named", None),
    ("Premise:", "the variables are not named", "Premise"),
    # statements
    (damaged("A correlates with B.", "A correlate with B."), "cannot read 'A correlate with B'", "A correlate with"),
    (damaged("A correlates with B.", "A correlates with Bb."), "unknown variable 'Bb'", "A correlates with Bb"),
    (damaged("A correlates with B.", "A correlates with E."), "unknown variable 'E'", "A correlates with E"),
    (damaged("A correlates with B.", "A correlates with."), "cannot read", "A correlates with."),
    (damaged("A correlates with B.", "A correlates with A."), "two different variables", "A correlates with A"),
    (damaged("A correlates with B.", "A causes B."), "neither an independence nor", "A causes B"),
    (damaged("A correlates with B.", "Does A correlate with B?"), "a question where a statement", "Does A"),
    (damaged("A correlates with B.", "Or so they say."), "expected a statement such as", "Or so"),
    (damaged("A correlates with B.", "(A correlates with B."), "bracket", "(A correlates"),
    (damaged("given B and C.", "given B and F."), "unknown variable 'F'", "A and D are independent given B and F"),
    (
        damaged("given B and C.", "given B and A."),
        "'A' cannot also be in given",
        "A and D are independent given B and A",
    ),
    (damaged("given B and D. A", "given. A"), "cannot read", "A and C are independent given."),
    (damaged("are independent given C.", "are given C."), "cannot read", "A and D are given C"),
    (damaged("A and C are independent", "A and are independent"), "cannot read|unknown", "However, A and are"),
    # cut in the middle
    (CHAIN[:-3], "cannot read", "B and D are independent given."),
    (CHAIN[: CHAIN.index("independent given B and D")], "cannot read", "A and C are \n"),
    (CHAIN[: CHAIN.index("D. All") - 2], "given as 4|no name", None),
    (CHAIN[:40], "given as 4|variables are not named|missing", None),
]


@pytest.mark.parametrize(("text", "message", "place"), DAMAGED)
def test_damaged_premises_are_refused_with_the_place(text: str, message: str, place: str | None) -> None:
    for call in (parse_premise, from_premise):
        with pytest.raises(errors.FormatError, match=message) as caught:
            call("\n" + text)
        assert caught.value.line is not None
        assert caught.value.column is not None
        if place:
            here = ("\n" + text).split("\n")[caught.value.line - 1][caught.value.column - 1 :]
            assert here.startswith(place.split("\n")[0].rstrip(" .")[:40])


def test_damage_that_leaves_the_meaning() -> None:
    for text in (
        damaged("A correlates with B. ", "A correlates with B. A correlates with B. "),
        damaged("given B and C. A", "given B and C A"),
        damaged("However, "),
        damaged("All the statistical relations among these 4 variables are as follows: "),
        CHAIN.replace(".", " .").replace(" ", "  "),
        damaged("B and D are independent given A and C. "),  # follows from what is left
        damaged("A correlates with D. "),
    ):
        assert from_premise(text) == CHAIN_CPDAG


def test_damage_that_changes_the_meaning() -> None:
    text = damaged("B and D are independent given A and C.", "B is independent of D.")
    with pytest.raises(ContradictoryStatements) as caught:
        from_premise(text)
    assert set(caught.value.conflict) == {Independent("B", "D"), ~Independent("B", "D")}
    with pytest.raises(ContradictoryStatements, match="none can be spared"):
        from_premise(damaged("B correlates with C.", "B is independent of C."))
    with pytest.raises(UndeterminedClass) as found:
        from_premise(CHAIN[: CHAIN.index(" B correlates with D")])
    assert ("A", "D") in found.value.open


def test_what_is_not_listed() -> None:
    dag = Dag("ABC", [("A", "B"), ("B", "C")])
    text = premise(dag)
    with pytest.raises(UndeterminedClass):
        from_premise("3 variables: A, B and C. A ⊥ C | B.")
    assert from_premise("3 variables: A, B and C. A ⊥ C | B.", complete=True) == Cpdag.from_dag(dag)
    assert from_premise(text) == from_premise(text, complete=True) == Cpdag.from_dag(dag)
    edges = Dag("ABC", [("A", "B"), ("B", "C"), ("A", "C")])
    assert from_premise(premise(edges)) == Cpdag.from_dag(edges)
    with pytest.raises(UndeterminedClass):
        from_premise(premise(edges), complete=False)
    # A list that determines the class without being complete: only the strict reading refuses it.
    chain = Dag("ABCD", [("A", "B"), ("B", "C"), ("C", "D")])
    sentences = [p.sentence() + "." for p in determining_statements(chain)]
    text = "Consider 4 variables: A, B, C and D. " + " ".join(sentences)
    assert from_premise(text) == from_premise(text, complete=False) == CHAIN_CPDAG
    with pytest.raises(ContradictoryStatements, match="does not deny"):
        from_premise(text, complete=True)


def test_bad_arguments() -> None:
    with pytest.raises(errors.InvalidParameter, match="style"):
        premise(Dag("AB"), style="shouting")
    with pytest.raises(errors.TooLarge, match="10"):
        premise(Dag([f"v{k}" for k in range(11)]))
    with pytest.raises(errors.InvalidGraph, match="latent"):
        premise(Dag.from_edges([("u", "x")], latent="u"))
    with pytest.raises(errors.FormatError, match="is text"):
        parse_premise(None)  # type: ignore[arg-type]
    with pytest.raises(errors.FormatError, match="longer"):
        parse_premise("x" * 600_000)


MORE = 'A B C given and , . ; ? ( ) " \n : independent correlates of ⊥ | However, ¬ variables 3'
WORDS = CHAIN.split()[:30] + MORE.split(" ")


@given(
    st.one_of(
        st.text(max_size=80),
        st.text(max_size=80).map(lambda text: LIST + text),
        st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join),
        st.lists(st.sampled_from(WORDS), max_size=25).map(lambda words: LIST + " ".join(words)),
        st.tuples(st.integers(0, len(CHAIN)), st.integers(0, 60)).map(lambda c: CHAIN[: c[0]] + CHAIN[c[0] + c[1] :]),
        st.tuples(st.integers(0, len(CHAIN)), st.text(max_size=5)).map(lambda c: CHAIN[: c[0]] + c[1] + CHAIN[c[0] :]),
    )
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(errors.CausalppError):
        names, statements = parse_premise(text)
        assert all(isinstance(p, Proposition) for p in statements)
        assert {name for p in statements for name in p.variables} <= set(names)
        if len(names) < 5:
            assert isinstance(from_premise(text), Cpdag)


@pytest.mark.slow
def test_hostile_text_is_refused_quickly() -> None:
    start = time.perf_counter()
    pieces = [
        "A ",
        "A, ",
        '"',
        '\\"',
        " ",
        "\n",
        "- ",
        "A and ",
        "A correlates with ",
        "given ",
        "(",
        "all the ",
        ",",
        "A.",
        "¬",
    ]
    for piece in pieces:
        many = piece * (30_000 // len(piece))
        for text in (many, LIST + many + "x", "variables " + many + "x"):
            with contextlib.suppress(errors.CausalppError):
                parse_premise(text)
    assert time.perf_counter() - start < 60  # not a speed measurement: exponential time would never end


def test_the_message_of_an_error_reads_well() -> None:
    with pytest.raises(errors.FormatError) as caught:
        parse_premise(damaged("A correlates with B.", "A corelates with B."))
    assert re.fullmatch(r"line 1, column \d+: cannot read 'A corelates with B'; expected .*", str(caught.value))
    with pytest.raises(errors.FormatError, match="did you mean 'smoking'"):
        parse_premise("2 variables: smoking and tar. Smokin correlates with tar.")
