"""Reading replies: what must be read, what must never be misread, and that nothing makes the parser fail."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp import Causes, Independent
from causalpp.oracles import read_reply
from causalpp.propositions.wording import STYLES, sentences

MEANT = {"yes": True, "no": False, "-": None}
Q = Causes("smoking", "cancer")


class Hard(NamedTuple):
    """A reply, what it means, whether it has to be read, and whether the question was put the other way round."""

    duty: str
    meant: bool | None
    text: str
    negated: bool

    def read(self, *, strict: bool = False, known: bool = True) -> tuple[bool | None, str | None]:
        return read_reply(self.text, strict=strict, question=Q if known else None, negated=self.negated)


def hard_replies() -> list[Hard]:
    lines = (Path(__file__).parent / "hard_replies.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 2) for line in lines if not line.startswith("#\t")]
    return [
        Hard(duty.removeprefix("negated-"), MEANT[meant], text.replace("\\n", "\n"), duty.startswith("negated-"))
        for duty, meant, text in rows
    ]


HARD = hard_replies()


def test_there_are_enough_of_every_kind() -> None:
    assert len(HARD) >= 600
    assert len({(hard.text, hard.negated) for hard in HARD}) == len(HARD)
    for meant in (True, False, None):
        assert sum(hard.meant is meant for hard in HARD) >= 70
    assert sum(hard.negated for hard in HARD) >= 40


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_no_hard_reply_is_misread(strict: bool, known: bool) -> None:
    wrong = []
    for hard in HARD:
        if strict and "\nAnswer:" in hard.text:  # only that line counts there
            continue
        value, reason = hard.read(strict=strict, known=known)
        if value is not None and value is not hard.meant:
            wrong.append((hard, value))
        assert (value is None) == (reason is not None)
    assert not wrong


def test_plain_replies_are_read() -> None:
    due = [hard for hard in HARD if hard.duty == "must"]
    assert not [hard for hard in due if hard.read()[0] is not hard.meant]
    assert sum(not hard.negated for hard in due) >= 150
    assert sum(hard.negated for hard in due) >= 28


def test_a_contrary_explanation_makes_any_label_unreadable() -> None:
    labels = {True: ("Yes", "Answer: yes", "The answer is yes"), False: ("No", "Answer: no", "The answer is no")}
    statements = {True: sentences(Q), False: tuple((~Q).sentence(style) for style in STYLES)}
    for negated in (False, True):
        for value, begins in labels.items():
            for begin in begins:
                for said in (True, False):
                    readings = {
                        read_reply(f"{begin}. {statement}.", question=Q, negated=negated)[0]
                        for statement in statements[said]
                    }
                    assert readings == {value if said is (value is not negated) else None}


def test_short_confirmations_are_read_only_where_they_cannot_be_about_something_else() -> None:
    independent = Independent("a", "b")  # "does … tell nothing about …?"
    for question, text, value in (
        (Q, "Yes, it does.", True),
        (independent, "Yes, it does.", None),
        (independent, "No, it does not.", None),
        (independent, "Yes, they are.", True),
        (independent, "No, a and b are dependent.", False),
        (independent, "No, a and b are independent.", None),
        (~Q, "Yes, it does.", None),
        (~Q, "Yes, definitely.", True),
        (~Q, "Yes, smoking does not cause cancer.", True),
        (~Q, "No, smoking causes cancer.", False),
        (~Q, "No, smoking does not cause cancer.", None),
        (Q | independent, "Yes, it does.", None),
        (Causes("a", "A"), "Yes, A causes a.", None),
        (None, "Yes, smoking causes cancer.", None),
    ):
        assert read_reply(text, question=question)[0] is value, (question, text)


@pytest.mark.parametrize(
    "text",
    [
        "yes" + " " * 19_000 + "x",
        "yes" + " " * 10_000_000 + "x",
        "yes." * 5_000,
        "answer" + " " * 19_000 + ": yes x",
        "```" + "\n" * 19_000 + "x",
        "so, " * 5_000,
        "a" + "\u0301\u0316" * 1_400,
        "*" * 10_000_000,
        "[" * 19_999,
        '{"answer": "yes", "reason": "' + "yes. " * 3_900 + '"}',
        "<think>" * 1_000_000,
        "x" + " " * 10_000_000 + "Answer: yes",
    ],
)
def test_long_replies_are_left_unread(text: str) -> None:
    for strict in (False, True):
        assert read_reply(text, strict=strict, question=Q)[0] is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("Unsure.", "unsure"),
        ("I don't know.", "unsure"),
        ('{"answer": "unsure"}', "unsure"),
        ("It cannot be determined.", "unsure"),
        ("Yes and no.", "unreadable: it says both"),
        ("bananas", "unreadable"),
        ('{"answer": "ye', "unreadable: broken JSON"),
        ("well, " * 2_000_000, "unreadable: too long"),
        ("yes " * 6_000, "unreadable: too long"),
    ],
)
def test_reasons(text: str, reason: str) -> None:
    assert read_reply(text) == (None, reason)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Smoking leads to tar.\nAnswer: yes", True),
        ("Answer: yes at first sight, but\n**Answer: no**\n", False),
        ("…\n**Answer:** no.", False),
        ("x\nFinal answer: `Yes`", True),
        ("x\nAnswer: YES\n\n", True),
        ("Answer: no\nAnswer: yes", True),
        ("Answer: unsure", None),
        ("Yes", None),
        ("Answer: yes\nI hope that helps.", None),
        ("Answer: yes or no", None),
        ("Answer: yes, probably", None),
        ("Answer: not sure", None),
        ("The answer: yes", None),
        ("Answer: yes/no", None),
        ("Answer: X", None),
        ("<think>\nAnswer: yes", True),
        ("It would be wrong to write\nAnswer: yes", None),
        ("A careless reader ends with\nAnswer: no\n", None),
        ("The wrong reply is:\n**Answer:** yes", None),
        ("It is wrong to say that it does not.\nAnswer: yes", True),
        ("- it would be an error to stop here\nAnswer: yes", True),
        ("I will not say" + " " * 1_990 + "Answer: yes", None),
        (" " * 1_990 + "Answer: yes", True),
        ("x\n" + " " * 1_990 + "Answer: yes", None),
        ("well, " * 2_000_000 + "\nAnswer: no", False),
    ],
)
def test_after_a_chain_of_thought_only_the_last_line_counts(text: str, value: bool | None) -> None:
    assert read_reply(text, strict=True)[0] is value


def test_a_label_that_was_not_offered_is_not_read() -> None:
    assert read_reply("no", ["yes", "unsure"]) == (None, "unreadable: not one of the labels")


PIECES = [
    *(
        "yes",
        "no",
        "Yes",
        "No",
        "unsure",
        "not",
        "answer",
        "Answer:",
        "The answer is",
        "is",
        "the",
        "I",
        "say",
        "would",
    ),
    *("{", "}", '"', "'", ":", ",", ".", "!", "?", "\n", " ", "  ", "```", "json", "**", "_", "[", "]", "(", ")", "~~"),
    *('{"answer":', '"yes"', '"no"', "<think>", "</think>", "\u200b", "\ud800", "\x00", "É", "…", "—", "’"),
    *(
        "𝐧𝐨",
        "ＮＯ",
        "smoking",
        "causes",
        "does",
        "never",
        "doubt",
        "but",
        "if",
        "maybe",
        "because",
        "1",
        "null",
        "true",
    ),
    "[" * 50,
]


def compose(draw: random.Random) -> str:
    if draw.random() < 0.2:
        return "".join(chr(draw.choice((draw.randrange(0x250), draw.randrange(0x11_0000)))) for _ in range(12))
    return draw.choice(("", " ")).join(draw.choices(PIECES, k=draw.randrange(1, 12)))


@pytest.mark.slow
def test_a_hundred_thousand_strings() -> None:
    draw = random.Random(5)
    read = {True: 0, False: 0, None: 0}
    for _ in range(100_000):
        text = compose(draw)
        strict = draw.random() < 0.2
        value, reason = read_reply(text, strict=strict)
        read[value] += 1
        assert (value is None) == isinstance(reason, str)
        folded = text.casefold()
        if value is True and not strict and "</think>" not in folded:
            assert "no" not in folded.replace("not", " ").split()
        if value is not None:
            assert ("y" if value else "n") in folded or "𝐧" in folded or "ｎ" in folded
    assert min(read.values()) > 100


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_what_begins_with_no_is_never_a_yes(rest: str) -> None:
    for mark in (" ", ", ", ". ", "\n", "! "):
        assert read_reply(f"No{mark}{rest}")[0] is not True or "</think>" in rest.casefold()
        assert read_reply(f"Yes{mark}{rest}")[0] is not False or "</think>" in rest.casefold()


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=200), st.booleans())
def test_any_text_has_a_reading(text: str, strict: bool) -> None:
    value, reason = read_reply(text, strict=strict)
    assert (value is None) == (reason is not None)
