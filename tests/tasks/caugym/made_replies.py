"""Replies to CauGym, made in many forms, of which is known what they say and what two scorers have to make of them.

What the published program makes of a reply follows here from what was put into it: which plain objects it has, with
which numbers, and whether the word for abstaining is somewhere.  Nothing is parsed.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

#: Why the two scorers may differ: what the published program gets wrong, as docs/caugym.md lists it.
DIFFERENCES = ("any object", "thoughts", "yes or no", "a word", "notation")


@dataclass(frozen=True)
class Made:
    """A reply.

    Attributes:
        text: what was said.
        right: the target's value.
        correct: whether it is right.
        published: whether the published program takes it for right.
        difference: why the two differ; "" if they may not.
    """

    text: str
    right: dict[str, Any]
    correct: bool
    published: bool
    difference: str = ""


def made_reply(number: int) -> Made:
    """A reply, the same for the same number."""
    rng = random.Random(number)
    right: dict[str, Any]
    if rng.random() < 0.2:
        return _of_an_abstention(rng)
    value = Fraction(rng.randrange(-999, 1000), 1000)
    right = {"PROB": str(value)}
    if rng.random() < 0.75:
        right["ANSWER"] = rng.choice(["yes", "no"])
    form = rng.choice(_FORMS)
    return form(rng, right, value)


def _object(rng: random.Random, answer: str | None, number: Fraction) -> str:
    """A plain object: what both scorers read."""
    digits = f"{float(number):.4f}" if rng.random() < 0.7 else str(float(number))
    fields: dict[str, Any] = (
        {} if answer is None else {"ANSWER": rng.choice([answer.capitalize(), answer.upper(), answer])}
    )
    fields["PROB"] = digits if rng.random() < 0.7 else float(number)
    said = json.dumps(fields, indent=rng.choice([None, None, 1]))
    return rng.choice(["{}", "```json\n{}\n```", "The answer is {}.", "**{}**"]).replace("{}", said)


def _far(rng: random.Random, number: Fraction) -> Fraction:
    return number + rng.choice([-1, 1]) * Fraction(rng.randrange(6, 3000), 10_000)


def _near(rng: random.Random, number: Fraction) -> Fraction:
    return number + rng.choice([-1, 1, 0]) * Fraction(rng.randrange(0, 4), 10_000)


def _other(answer: str | None) -> str | None:
    return None if answer is None else {"yes": "no", "no": "yes"}[answer]


def _plain(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    answer, fits = right.get("ANSWER"), rng.random() < 0.5
    lead = rng.choice(
        ["", "P(Y = 1 | do(X = 1)) is 0.31, so\n\n", "Not insufficient at all. ", "<think>Well, 0.2.</think>\n"]
    )
    number = _near(rng, value) if fits else _far(rng, value)
    return Made(lead + _object(rng, answer, number), right, fits, fits)


def _wrong_label(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    answer, fits = right.get("ANSWER"), rng.random() < 0.7
    if answer is None:
        return _plain(rng, right, value)
    said = rng.choice([_other(answer), None])
    text = _object(rng, said, _near(rng, value) if fits else _far(rng, value))
    return Made(text, right, False, fits, "yes or no" * fits)


def _corrected(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """Two objects with words in between: the last counts."""
    answer, fits = right.get("ANSWER"), rng.random() < 0.5
    numbers = [_far(rng, value), _near(rng, value)]
    numbers = numbers if fits else numbers[::-1]
    between = rng.choice(
        ["\nWait, that is the wrong way round.\n", " is a first guess; better: ", "\n\nOn reflection:\n"]
    )
    text = _object(rng, answer, numbers[0]) + between + _object(rng, answer, numbers[1])
    return Made(text, right, fits, True, "any object" * (not fits))


def _two_faced(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """Two objects side by side that differ: the reply contradicts itself."""
    answer = right.get("ANSWER")
    pair = [json.dumps({"ANSWER": answer, "PROB": float(n)}) for n in (_far(rng, value), _near(rng, value))]
    rng.shuffle(pair)
    return Made(rng.choice([" ", "\n", " or ", ", "]).join(pair), right, False, True, "any object")


def _thought(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """The right object stands in the thoughts, and another, or none, in the reply."""
    answer = right.get("ANSWER")
    thought = f"<think>Is it {_object(rng, answer, _near(rng, value))}?"
    said = rng.choice(["", "</think> I cannot say.", "</think>" + _object(rng, answer, _far(rng, value))])
    return Made(thought + said, right, False, True, "thoughts")


def _noted(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """Right answers in a notation that the published program does not read."""
    answer, number = right.get("ANSWER"), _near(rng, value)
    label = {} if answer is None else {"answer": answer}
    fraction = f"{number.numerator}/{number.denominator}"
    percent = f"{float(number * 100):.2f}%"
    text = rng.choice(
        [
            str({**label, "prob": float(number)}),
            json.dumps({**label, "prob": fraction}),
            json.dumps({"PROB": fraction, **label}),
            json.dumps({"PROB": percent, **label}),
            json.dumps({"reason": "sums", **label, "PROB": float(number)}),
            json.dumps({"result": {**label, "Prob": percent}}, indent=2),
            "{" + "".join(f"{k}: {v}, " for k, v in label.items()) + f"prob: {float(number)},}}",
            json.dumps({"PROB": float(number), **label})[:-1] + ",}",
            json.dumps({**label, "PROB": f"{fraction} = {float(number):.4f}"}),
        ]
    )
    return Made(text, right, True, False, "notation")


def _unread(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """Nothing that either could compare."""
    answer = right.get("ANSWER") or "yes"
    said = f"{float(value):.4f}"
    text = rng.choice(
        [
            "", "I do not know.", f"{answer}, {said}", f'{{"ANSWER": "{answer}", "PROB": "{said}',
            f'{{"ANSWER": "{answer}"}}', f'{{"ANSWER": "{answer}", "PROB": "NaN"}}', '{"PROB": null}', "insufficient",
            f'{{"ANSWER": "{answer}", "PROB": "{said} or {float(_far(rng, value)):.4f}"}}',
            f'{{"ANSWER": "{answer}", "PROB": "{float(value - 1):.4f} to {float(value + 1):.4f}"}}',
            f'{{"ANSWER": "{answer}", "PROB": [{said}, {float(value + 1):.4f}]}}',
            f'{{"EFFECT": "{said}"}}', "LACK_CONDITION", '{"ANSWER": "insufficient"}',
        ]
    )  # fmt: skip
    return Made(text, right, False, False)


def _taken_back(rng: random.Random, right: dict[str, Any], value: Fraction) -> Made:
    """A right object, and a last line that says otherwise."""
    answer = right.get("ANSWER")
    back = "insufficient" if answer is None else rng.choice(["insufficient", f"Answer: {_other(answer)}"])
    return Made(f"{json.dumps({'ANSWER': answer, 'PROB': float(value)})}\n{back}", right, False, True, "any object")


_FORMS = (_plain, _plain, _plain, _wrong_label, _corrected, _two_faced, _thought, _noted, _unread, _taken_back)


def _of_an_abstention(rng: random.Random) -> Made:
    right = {"ANSWER": "insufficient", "PROB": None}
    abstains = [
        '{"ANSWER": "insufficient"}', '{"ANSWER": "insufficient", "PROB": null}', "insufficient",
        "P(X = 1) is missing.\nAnswer: insufficient", "It is never stated.\n\n**insufficient**",
    ]  # fmt: skip
    number = f'{{"ANSWER": "{rng.choice(["Yes", "No"])}", "PROB": "{rng.random():.4f}"}}'
    cases = [
        *(Made(text, right, True, True) for text in abstains),
        *(Made(text, right, False, False) for text in (number, "Yes.", "", f"So {number}", "I cannot say.")),
        Made(f"The figures are not insufficient. {number}", right, False, True, "a word"),
        Made(f"Is this insufficient? P(Y = 1) is stated, so {number}", right, False, True, "a word"),
        Made("One look is insufficient for this.", right, False, True, "a word"),
        Made(f"<think>insufficient?</think>{number}", right, False, True, "a word"),
        Made('{"ANSWER": "insufficient", "PROB": "0.2000"}', right, False, True, "a word"),
        Made(f"{number}\ninsufficient", right, False, True, "a word"),
        Made('{"ANSWER": "LACK_CONDITION"}', right, True, False, "notation"),
        Made('{"answer": "Insufficient"}', right, True, False, "notation"),
        Made("What is stated does not suffice.\nAnswer: not enough information", right, True, False, "notation"),
    ]
    return rng.choice(cases)
