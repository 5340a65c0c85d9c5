"""The two scorers of CauGym: what each makes of a reply, and where they differ."""

from __future__ import annotations

import time
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from made_replies import DIFFERENCES, made_reply

from causalpp.errors import InvalidData, InvalidParameter
from causalpp.language import Reply
from causalpp.tasks import Item, Target, score
from causalpp.tasks.caugym import CauGym, PublishedCauGym
from causalpp.tasks.items.item import Scorer

RIGHT = {"ANSWER": "yes", "PROB": "3/8"}
LACKING = {"ANSWER": "insufficient", "PROB": None}
YES = '{"ANSWER": "Yes", "PROB": "0.375"}'
NO = '{"ANSWER": "No", "PROB": "0.375"}'


def _score(text: str, right: dict[str, Any] = RIGHT, scorer: Scorer = CauGym()) -> tuple[float | None, str]:  # noqa: B008
    found = score(Item("1", "?", Target(right, scorer)), text)
    return found.value, found.reason


def test_the_two_differ_where_it_is_written_and_nowhere_else_on_5000_replies() -> None:
    seen: Counter[str] = Counter()
    for number in range(5_000):
        made = made_reply(number)
        correct, why = _score(made.text, made.right)
        published, _ = _score(made.text, made.right, PublishedCauGym())
        assert correct == made.correct, (made.text, made.right, why)
        assert published == made.published, (made.text, made.right)
        assert (correct != published) == bool(made.difference), made.text
        assert (why == "") == made.correct
        seen[made.difference] += 1
    assert set(seen) == {"", *DIFFERENCES}
    assert min(seen.values()) > 50
    assert seen[""] > 2_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (YES, ""),
        (NO, "ANSWER: the other one"),
        ('{"ANSWER": "No", "PROB": "0.5"}', "ANSWER: the other one; PROB: off by 0.125"),
        ('{"PROB": 0.375}', "ANSWER: missing"),
        ('{"ANSWER": "yes"}', "PROB: missing"),
        ('{"ANSWER": "", "PROB": ""}', "ANSWER: missing; PROB: missing"),
        ('{"ANSWER": "perhaps", "PROB": 0.375}', "ANSWER: neither yes nor no nor insufficient, but 'perhaps'"),
        ('{"ANSWER": "Yes and no", "PROB": 0.375}', "contradictory: ANSWER says yes and no"),
        ('{"ANSWER": "Yes", "answer": "No", "PROB": 0.375}', "contradictory: ANSWER stands there twice"),
        ('{"ANSWER": "Yes", "PROB": 0.375, "prob": 0.4}', "contradictory: PROB stands there twice"),
        ('{"ANSWER": "Yes", "PROB": "3/8 = 0.4"}', "contradictory: PROB: '3/8 = 0.4' says several numbers"),
        ('{"ANSWER": "Yes", "PROB": "high"}', "PROB: 'high' is no number"),
        ('{"ANSWER": "Yes", "PROB": "NaN"}', "PROB: 'NaN' is no number"),
        ('{"ANSWER": "Yes", "PROB": NaN}', "PROB: 'NaN' is no number"),
        ('{"ANSWER": "Yes", "PROB": true}', "PROB: 'true' is no number"),
        ('{"ANSWER": "Yes", "PROB": "0.3 to 0.4"}', "PROB: an interval"),
        ('{"ANSWER": "Yes", "PROB": [0.375]}', "PROB: a list"),
        ('{"ANSWER": {"a": 1}, "PROB": 0.375}', "ANSWER: neither yes nor no nor insufficient"),
        ('{"ANSWER": "insufficient"}', "abstained"),
        ("It is not stated.\nLACK_CONDITION", "abstained"),
        ('{"ANSWER": "insufficient", "PROB": 0.375}', "contradictory: a number beside an abstention"),
        ('{"ANSWER": "yes", "PROB": "insufficient"}', "contradictory: PROB abstains and ANSWER does not"),
        (f"{YES}\n{NO}", "contradictory: two objects differ"),
        (f"{NO}, or alternatively {YES}", "contradictory: two objects differ"),
        (f"{YES}\nLACK_CONDITION", "contradictory: it abstains, too"),
        (f"{YES}\nAnswer: no", "contradictory: the last line says otherwise"),
        (f"{YES}\nSo the answer is no.", "contradictory: the last line says otherwise"),
        (f"{YES}\n\n**No.**", "contradictory: the last line says otherwise"),
        (f"{YES}\n\nActually, no.", "contradictory: the last line says otherwise"),
        (f"{YES}\nWait, the answer is no.", "contradictory: the last line says otherwise"),
        (f"{YES}\nAnswer: 0.4", "contradictory: the last line says otherwise"),
        (f"{YES}\n**PROB: 40%**", "contradictory: the last line says otherwise"),
        (f"{YES}\nSorry, the answer is insufficient.", "contradictory: it abstains, too"),
        (f"{YES}\nAnswer: 37.5%", ""),
        (f"{YES}\n2024", ""),
        (f"{YES}\nP(Y = 1 | do(X = 1)) = 0.4", ""),
        (f"{YES}\nActually, this is 3/8.", ""),
        (f"{YES}\nAnswer: yes", ""),
        (f"{YES}\nHence the answer is yes.", ""),
        (f"{YES}\nThis follows from no other figure.", ""),
        (f"{YES} {YES}", ""),
        (f"{YES}\n{YES.replace('0.375', '0.3751')}", ""),
        ('{"ANSWER": "Yes", "PROB": 0.37496, "prob": "0.375"}', ""),
        ('The form is {"ANSWER": "Yes/No", "PROB": "0.4"}.\n\n' + YES, ""),
        ('The form is {"ANSWER": "Yes", "PROB": "0.1234"}.\n\n' + YES, ""),
        ('{"ANSWER": "Yes", "PROB": "1e400"}', "PROB: '1e400' is no number"),
        ('{"ANSWER": "Yes", "PROB": 1e999}', "PROB: '1e999' is no number"),
        (f"First {NO}. No, the other way round: {YES}", ""),
        (f"<think>{NO}</think>{YES}", ""),
        (f"<think>{YES}", "cut off"),
        (f"{NO} Or rather {YES[:-4]}", "cut off"),
        (YES[:-4], "cut off"),
        ("", "empty"),
        ("Yes, 0.375.", "no object with ANSWER or PROB"),
        ('{"ANSWER": "Yes", "PROB": "0.3754"}', ""),
        ('{"ANSWER": "Yes", "PROB": "0.3756"}', "PROB: off by 0.0006"),
    ],
)
def test_a_score_says_which_rule_failed(text: str, reason: str) -> None:
    assert _score(text) == (float(not reason), reason)


@pytest.mark.parametrize(
    "said", ["3/8", "0.375", ".375", "37.5%", "37.5 percent", "three eighths", "\\frac{3}{8}", "3.75e-1", "P = 0.375",
             "≈ 0.3751", "3/8 = 0.375", "3.75 × 10⁻¹", "3.75*10^-1", "+ 0.375",
             "0.37\u200b5", "\\frac38", "0.375 (37.5%)", "three out of eight", "zero point three seven five"]
)  # fmt: skip
def test_numbers_are_read_in_every_form(said: str) -> None:
    for text in (f'{{"ANSWER": "Yes", "PROB": "{said}"}}', f"{{'answer': 'YES', 'prob': '{said}',}}"):
        assert _score(text) == (1.0, ""), text


@pytest.mark.parametrize(
    "said", ["-0.125", "- 0.125", "−0.125", "–0.125", "‑0.125", "— 0.125", "− 12.5 %", "minus 0.125", "negative 1/8",
             "minus one eighth", "minus 12.5 percent", "P = –0.125", "−1.25 × 10⁻¹", "-\\frac{1}{8}"]
)  # fmt: skip
def test_a_minus_is_read_in_every_form(said: str) -> None:
    assert _score(f'{{"ANSWER": "No", "PROB": "{said}"}}', {"ANSWER": "no", "PROB": "-1/8"}) == (1.0, ""), said


def test_a_raised_figure_is_an_exponent_or_a_footnote_and_no_digit() -> None:
    assert _score('{"PROB": "0.3751³"}', {"PROB": "0.3751"}) == (0.0, "PROB: '0.3751³' is no number")


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{YES}\n```", f"\\boxed{{{YES}}}", f"{{{YES}}}", YES.lower(), YES.replace('"', "'"),
        YES[:-1] + ",}", '{ANSWER: yes, PROB: 3/8}', '{"result": ' + YES + "}", YES.replace('"', '\\"'),
        "{“ANSWER”: “Yes”, “PROB”: “0.375”}", '{"PROB": 0.375, "ANSWER": true}', YES + "<|im_end|>",
        '{"steps": ["P(Y|X) = {0.4}", "…"], "ANSWER": "**Yes**", "PROB": 0.375}',
        r"\[\boxed{\{\text{...}\}}\] hence \{\"ANSWER\": \"Yes\", \"PROB\": 0.375\}",
        'Like {"ANSWER": "Yes", "PROB": "0.1234"}:\n' + YES,
        '{"ANSWER": "Yes", /* is larger */\n "PROB": 3/8 // 0.6 - 0.225, rounded\n}',
    ],
)  # fmt: skip
def test_objects_are_read_in_every_form(text: str) -> None:
    assert _score(text) == (1.0, ""), text


def test_where_only_a_number_is_asked_for_a_label_is_passed_over() -> None:
    for text in (YES, NO, '{"PROB": "3/8"}'):
        assert _score(text, {"PROB": "3/8"}) == (1.0, "")
        assert _score(text, {"ANSWER": "", "PROB": 0.375}) == (1.0, "")
    assert _score('{"ANSWER": "0.375", "PROB": 0.375}', {"PROB": "3/8"}) == (1.0, "")
    twice = '{"ANSWER": "0.375", "PROB": 0.375, "PROB": 0.4}'
    assert _score(twice, {"PROB": "3/8"}) == (0.0, "contradictory: PROB stands there twice")
    assert _score('{"ANSWER": "insufficient", "PROB": 0.375}', {"PROB": "3/8"})[0] == 0.0


def test_abstaining_is_a_class_of_its_own() -> None:
    for text in ('{"ANSWER": "insufficient"}', "LACK_CONDITION", "So:\n**Answer: Insufficient information.**",
                 '{"PROB": "LACK_CONDITION"}', f"{YES}? No, a figure is missing.\n{{'answer': 'insufficient'}}",
                 f"{YES} would need P(X).\nFinal answer: LACK_CONDITION"):  # fmt: skip
        assert _score(text, LACKING) == (1.0, "")
        assert _score(text) == (0.0, "abstained")
    for blank in (
        '"--"',
        '"not determined"',
        '"N/A (P(Z) is missing)"',
        "{}",
        "false",
        '"N/A"',
        '"unknown"',
        '"-"',
        "NaN",
        "None",
        "[]",
        '""',
        '"…"',
    ):
        assert _score(f'{{"ANSWER": "insufficient", "PROB": {blank}}}', LACKING) == (1.0, ""), blank
    assert _score('{"ANSWER": "N/A", "PROB": "insufficient"}', LACKING) == (1.0, "")
    for number in ("0", '"3/8"', "[0.3]", '"0.3 to 0.4"', '"P = 0.4, maybe"'):
        assert _score(f'{{"ANSWER": "insufficient", "PROB": {number}}}', LACKING)[0] == 0.0, number
    for said in ("Insufficient information to determine the ATE", "cannot be determined from the given information",
                 "The information is insufficient.", "unidentifiable", "Cannot determine"):  # fmt: skip
        assert _score(f'{{"ANSWER": "{said}"}}', LACKING) == (1.0, ""), said
        assert _score(f'{{"ANSWER": "{said}"}}') == (0.0, "abstained"), said
    for said in ("insufficient to determine it, but yes", "sufficient", "not insufficient", "insufficient or no"):
        assert _score(f'{{"ANSWER": "{said}"}}', LACKING)[0] == 0.0, said
    assert _score(YES, LACKING) == (0.0, "did not abstain")
    assert _score("That is not insufficient.", LACKING) == (0.0, "no object with ANSWER or PROB")


def test_an_interval_is_right_where_one_is_asked_for() -> None:
    right = {"PROB": ["3/10", "2/5"]}
    for said in ('"0.3 to 0.4"', '"[0.3, 0.4]"', "[0.3, 0.4]", '"between 30% and 40%"', '"0.3–0.4"', "(0.3, 0.4)"):
        assert _score(f'{{"PROB": {said}}}', right) == (1.0, "")
    assert _score('{"PROB": "0.3 to 0.5"}', right) == (0.0, "PROB: off by 0.1")
    assert _score('{"PROB": 0.3}', right) == (0.0, "PROB: one number")


def test_the_published_one_scores_as_the_published_program() -> None:
    published = PublishedCauGym(abstention="LACK_CONDITION")
    for text, value in [
        (NO, 1.0),  # yes or no is ignored
        (f"{YES} or {NO.replace('0.375', '0.5')}", 1.0),  # any object may match
        (f"<think>{YES}</think> Never.", 1.0),
        ('{ "PROB" :\n "0.375"}', 1.0),  # blanks are taken out
        ('{"PROB": "0.3 75"}', 1.0),
        ('{"ANSWER": "Yes", "PROB": 0.37549}', 1.0),
        ('{"ANSWER": "Yes", "PROB": 0.3755}', 0.0),
        ('{"prob": 0.375}', 0.0),  # only capitals and double quotes
        ('{"reason": "", "PROB": 0.375}', 0.0),
        ('{"PROB": "3/8"}', 0.0),
        ('{"PROB": [0.375]}', 0.0),
        ('{"ANSWER": {"PROB": 0.375}}', 0.0),
        ('{"PROB": 0.375', 0.0),
    ]:
        assert _score(text, RIGHT, published)[0] == value, text
    assert _score("I have no LACK_CONDITIONS.", LACKING, published)[0] == 1.0
    assert _score("lack_condition", LACKING, published)[0] == 0.0


def test_scorers_are_kept_with_their_settings() -> None:
    for scorer in (CauGym(), CauGym(0.01), PublishedCauGym(), PublishedCauGym(1e-3, "LACK_CONDITION")):
        item = Item("1", "?", Target(RIGHT, scorer))
        assert Item.from_dict(item.to_dict()) == item
    assert _score('{"ANSWER": "Yes", "PROB": "0.38"}', RIGHT, CauGym(0.01)) == (1.0, "")
    assert score(Item("1", "?", Target(None, CauGym())), YES).outcome == "not known"
    assert score(Item("1", "?", Target(RIGHT, CauGym())), Reply(YES)).outcome == "right"
    assert score(Item("1", "?", Target(RIGHT, CauGym())), None).outcome == "no answer"
    assert score(Item("1", "?", Target(RIGHT, CauGym())), CauGym().read(YES)).outcome == "right"


def test_bad_settings_and_targets_are_said() -> None:
    for make in (lambda: CauGym(0), lambda: CauGym(float("nan")), lambda: PublishedCauGym(abstention="")):
        with pytest.raises(InvalidParameter, match=r"tolerance|empty"):
            make()
    for right in ("yes", {"PROB": "high"}, {"ANSWER": "yes", "PROB": "1/0"}):
        with pytest.raises(InvalidData, match="cannot compare"):
            _score(YES, right)  # type: ignore[arg-type]


def test_hostile_replies_are_read_in_time_that_is_linear() -> None:
    begun = time.process_time()
    for text in ("{" * 50_000, '{"a":' * 9_000, "{'a" * 9_000, '{"ANSWER":' * 9_000, "\\{" * 30_000, YES * 3_000):
        CauGym().read(text)
        PublishedCauGym().read(text)
    assert time.process_time() - begun < 20  # it takes one; the square of the lengths would take minutes


def test_fractions_are_compared_exactly_enough() -> None:
    for number in range(1, 40):
        value = Fraction(number, 41)
        for text in (f'{{"PROB": {float(value):.4f}}}', f'{{"PROB": "{value}"}}'):
            assert _score(text, {"PROB": str(value)}) == (1.0, "")
