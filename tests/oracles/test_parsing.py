"""Reading replies: what must be read, what must never be misread, and that nothing makes the parser fail."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalpp.oracles.language import read_reply

MEANT = {"yes": True, "no": False, "-": None}


def hard_replies() -> list[tuple[str, bool | None, str]]:
    lines = (Path(__file__).parent / "hard_replies.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 2) for line in lines]
    return [(duty, MEANT[meant], text.replace("\\n", "\n")) for duty, meant, text in rows]


HARD = hard_replies()


def test_there_are_enough_of_every_kind() -> None:
    assert len(HARD) >= 250
    assert len({text for _, _, text in HARD}) == len(HARD)
    for meant in (True, False, None):
        assert sum(value is meant for _, value, _ in HARD) >= 70


@pytest.mark.parametrize("strict", [False, True])
def test_no_hard_reply_is_misread(strict: bool) -> None:
    wrong = []
    for _, meant, text in HARD:
        if strict and text.count("Answer:") > 1:  # only the last one counts there
            continue
        value, reason = read_reply(text, strict=strict)
        if value is not None and value is not meant:
            wrong.append((text, value))
        assert (value is None) == (reason is not None)
    assert not wrong


def test_plain_replies_are_read() -> None:
    unread = [text for duty, meant, text in HARD if duty == "must" and read_reply(text)[0] is not meant]
    assert not unread
    assert sum(duty == "must" for duty, _, _ in HARD) >= 60


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
