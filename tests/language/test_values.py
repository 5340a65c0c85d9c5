"""Numbers, JSON objects and thoughts in replies."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalpp.language import Reply
from causalpp.language.reading import last_object, log_odds, read_label, read_number, without_thoughts


@given(st.floats(-1e6, 1e6, allow_nan=False), st.text(alphabet="abc ,.:\n", max_size=20))
def test_the_last_number_of_a_text(value: float, words: str) -> None:
    assert read_number(f"12 of {words} is {value!r}") == (value, None)
    assert read_number(f"<think>9</think>{words} {value!r}") == (value, None)
    assert read_number(words + json.dumps({"N": 1, "Prob": value}) + " 3 words", key="PROB") == (value, None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/4", 0.25), ("25 %", 0.25), ("−0.5", -0.5), ("1,234.5 of them", 1234.5), (".5", 0.5), ("3e-2.", 0.03),
        ("1/0 or 2", 2.0), ("7 1/0", 7.0), ("1e999", None), ("none", None), ("", None), ("<think>1", None),
        (r"$\frac{1}{4}$", 0.25), (r"\boxed{-\dfrac{3}{8}}", -0.375), (r"25\%", 0.25), ("12 per cent", 0.12),
        ("1.2 × 10^-3", 0.0012), (r"3 \times 10^{-4}", 0.0003), ("10^−2.", 0.01), ("2*10^5", 2e5), ("3 * 10", 10.0),
        ("0.3 for X1", 0.3), ("v1.5: 2", 2.0), ("between 3-5", 5.0), ("P(X)-0.5", 0.5), ("x = -0.5", -0.5),
        ("1,234,567.", 1234567.0), ("0,25", None), ("1,2,3", None), ("12,34", None), ("1.5.2", None), ("[0,1]", None),
        ("0.2 <think> or 0.3", None), ("1 1/2", 1.5), ("-2 3/4.", -2.75), ("It is 1 000.", 1000.0),
        ("12 345.6", 12345.6),
        ("1\u202f000\u202f000", 1e6), ("½", 0.5), ("2½ of them", 2.5),
        ("0.5 1/2", 0.5), ("3 4/3", 4 / 3), ("1 0000", None),
        ("007", None), ("0.07", 0.07), ("in 2 of 100", 100.0), ("step 1 100 %", 1.0), ("1/2 100", 100.0),
    ],
)  # fmt: skip
def test_what_numbers_look_like(text: str, value: float | None) -> None:
    found, why = read_number(text)
    assert found == value
    assert (why is None) == (value is not None)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers() | st.text(max_size=3), max_size=3), max_size=4))
def test_the_last_object_with_a_key(objects: list[dict[str, object]]) -> None:
    text = " then ".join(map(json.dumps, objects))
    having = [value for value in objects if "b" in value]
    assert last_object(text, "b")[0] == (having[-1] if having else None)
    assert last_object(json.dumps({"outer": objects}), "b")[0] is None  # those inside others are parts of them


def test_what_is_not_searched() -> None:
    assert last_object("{" * 200_000, "b")[0] is None  # at once
    assert "200,001 characters" in str(last_object(" " * 200_001, "b")[1])


def test_thoughts_are_left_out() -> None:
    assert without_thoughts("<think>yes</think> no ") == "no"
    assert without_thoughts("<think>yes</think> no <think>or") == ""  # cut off before its last word
    assert read_label("<think>It is no.</think> Yes.") == (True, None)
    assert read_label("<think>Yes")[0] is None


@pytest.mark.parametrize(
    ("reply", "reading"),
    [
        (Reply("yes", finish="refusal"), (None, "refused")),
        (Reply("", finish="filtered"), (None, "filtered")),
        (Reply("yes", finish="length"), (True, None)),
        (Reply("yes, but", finish="length"), (None, "cut off")),
        (Reply("", reason="timed out"), (None, "timed out")),
    ],
)
def test_how_a_reply_ended(reply: Reply, reading: tuple[bool | None, str | None]) -> None:
    assert read_label(reply) == reading
    assert read_label(reply, strict=True)[0] is None


def test_log_odds_of_a_reply() -> None:
    assert log_odds(Reply("yes"), True) is None
    seen = Reply("yes", {"yes": -0.1, "no": -3.0})
    assert log_odds(seen, True) == pytest.approx(2.9)
    assert log_odds(seen, False) == pytest.approx(2.9)  # a word is one spelling, and its label has several
    assert log_odds(seen, False, exact=True) == pytest.approx(2.9)
    assert log_odds(Reply("yes", {"yes": -4.0, "no": -9.0}, 0.02), True) is None  # next to nothing fell on the labels
