"""Who scores replies to CauGym: correctly, and as the published program does, its faults included.

A reply ends in an object ``{"ANSWER": …, "PROB": …}``.  The published program (of arXiv 2602.06337) scores
it in ways that this page calls faults, as each lets a reply pass that does not answer what was asked:

==========  =====================================================  ===============================================
            published                                              correct
==========  =====================================================  ===============================================
objects     any object of the reply may be the right one           the last one counts
thoughts    are searched for objects like the rest                 are no part of the reply
fields      PROB alone is compared, yes or no is ignored           both are compared
abstaining  the word somewhere in the reply                        the answer itself, a class of its own
notation    keys in capitals and double quotes, ANSWER or PROB     keys in any case and quotes, nested, in code
            first; decimals                                        fences; fractions, percentages, words, intervals
==========  =====================================================  ===============================================

On all other replies they agree: a number fits both if it is off by less than the same tolerance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from causalpp.errors import InvalidParameter
from causalpp.language.reading import (
    LooseObject,
    LooseValue,
    cut_off,
    loose_objects,
    read_amount,
    read_label,
    without_thoughts,
)
from causalpp.tasks.items.item import SCORERS, Score, Scorer

__all__ = ["INSUFFICIENT", "CauGym", "PublishedCauGym"]

#: The answer that what is stated does not determine what is asked.
INSUFFICIENT = "insufficient"

_FIELDS = ("ANSWER", "PROB")
_DONE = "determine|identif(?:y|ie)|compute|calculate|answere?|decide|derive"
#: Ways to write it, in lower case and without punctuation, also with what it is insufficient for.
_ABSTENTIONS = re.compile(
    r"(?:lacks? (?:of )?conditions?|undetermined|indeterminate|(?:not |un|non )identifiable|not identified"
    r"|(?:the |this |that )?(?:given |stated |provided )?(?:information|data|figures?|text) (?:is|are) "
    r"(?:insufficient|not (?:sufficient|enough))"
    r"|(?:insufficient|not (?:enough|sufficient))(?: (?:information|info|data|conditions|figures))?"
    rf"|(?:it )?(?:cannot|can not|can't) (?:be )?(?:{_DONE})d?)"
    r"(?: (?:to|from|with|given|based on) (?!.*\b(?:but|however|although|though|so|yes|no|if|unless)\b).*)?"
)
_EXAMPLE = "0.1234"  # the number in the object that prompts show, here and in the published sets
#: What goes before a last line that takes back what was said.
_RATHER = re.compile(
    r"^[\s*_]*(?:(?:actually|wait|sorry|correction|oops|hmm|no wait|on (?:second thought|reflection)|rather)"
    r"[,:.!… -]+)+",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"[\s*_#>\"']*(?P<name>(?:(?:so|thus|hence|therefore),? )?(?:the )?(?:final )?(?:answer|prob)(?: is)?"
    r"[\s*_`\"':=]+)?"
    r"(?P<number>[-+\u2212]?[\d.].*)",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(
    r"(?:.*[.!?:] )?(?:(?:so|therefore|thus|hence),? )?(?:(?:the|my) )?(?:final )?answer(?: is)? ?:? ?(?P<said>[^:]+)"
)
_ROUNDED = 5e-4  # numbers that differ by less say the same, one of them rounded
_NOTE = re.compile(
    r"(?:ANSWER|PROB): (?!a list|an object)\D*$"
)  # what is wrong with a value that is neither an answer nor has a figure
_OF_A_LABEL = re.compile(r"(?:contradictory: )?ANSWER\b")
_BEGINNING = re.compile(r'\{"(?:ANSWER|PROB)":')
_NOTHING = re.compile(r"(?:[\s`*_.,;$>#\[\]()\\{}-]|\b(?:json|or|and|alternatively|boxed|text)\b)*", re.IGNORECASE)


@dataclass(frozen=True)
class CauGym(Scorer):
    r"""Replies to CauGym: the last object with ANSWER or PROB counts, and both of its fields.

    Read are objects in code fences, boxes of LaTeX and other objects, with keys in any case, any quotation marks or
    none, and a comma too many; thoughts are left out.  ANSWER is yes, no, or that what is stated does not suffice, for
    which a last line with nothing else stands, too.  PROB is a number as
    :func:`~causalpp.language.reading.read_amount` reads it; an interval is none, unless an interval is asked for.

    A reply that contradicts itself is wrong, also where half of it is right: two objects side by side that differ, a
    field that stands twice, a number beside an abstention, a last line that takes the object back.  An object that
    comes after words replaces those before it: who corrects a mistake does not contradict himself.

    Attributes:
        tolerance: how far PROB may be off, at most; a number that is just as far off does not fit.

    Raises:
        InvalidParameter: a tolerance that is not positive.

    Example:
        >>> scorer, right = CauGym(), {"ANSWER": "yes", "PROB": "3/8"}
        >>> [scorer.compare(scorer.read(text), right).reason for text in (
        ...     '{"ANSWER": "Yes", "PROB": "0.375"}', "{'answer': 'no', 'prob': '37.5%'}", '{"ANSWER": "yes"}',
        ...     '{"ANSWER": "insufficient"}', '{"ANSWER": "yes", "PROB": "0.3 to 0.4"}')]
        ['', 'ANSWER: the other one', 'PROB: missing', 'abstained', 'PROB: an interval']
        >>> scorer.unread('So {"ANSWER": "yes", "PR'), scorer.unread("<think>Well, or"), scorer.unread("Yes, 0.375.")
        ('cut off', 'cut off', 'no object with ANSWER or PROB')
    """

    name: ClassVar[str] = "caugym"
    tolerance: float = 5e-4

    def __post_init__(self) -> None:
        _check(self.tolerance)

    def read(self, text: str) -> dict[str, Any] | None:
        """What a reply says.

        Returns:
            ANSWER: yes, no or insufficient, None if it is missing; PROB: a number, the two ends of an interval, or
            None; and under "problem" what is wrong with it, if anything is.  None if there is no answer at all.
        """
        said = without_thoughts(text)
        objects = loose_objects(said, _FIELDS)
        last = objects[-1] if objects else None
        if cut_off(said, _FIELDS, last.end if last else 0):
            return None
        line = _RATHER.sub("", said.strip().rpartition("\n")[2])
        if last is None:
            return _abstention() if _abstains(line) else None
        read = _fields(last)
        after = said[last.end :]
        if _abstains(line) and after.strip() and not _NOTHING.fullmatch(after):
            beside = after.rstrip().rpartition("\n")[0]
            if read.get("ANSWER") == INSUFFICIENT or not _NOTHING.fullmatch(beside):
                return _abstention()
            return {**read, "problem": "contradictory: it abstains, too"}
        if after.strip() and _takes_back(line, read):
            return {**read, "problem": "contradictory: the last line says otherwise"}
        if len(objects) > 1 and _NOTHING.fullmatch(said[objects[-2].end : last.begin]):
            other = _fields(objects[-2])
            shown = _EXAMPLE in objects[-2].values("PROB") or "problem" in other  # of the form, and no answer
            if not shown and not all(_agree(other[name], read[name]) for name in _FIELDS):
                return {**read, "problem": "contradictory: two objects differ"}
        return read

    def unread(self, text: str) -> str:
        said = without_thoughts(text)
        ends = [found.end for found in loose_objects(said, _FIELDS)]
        if cut_off(said, _FIELDS, max(ends, default=0)) or (text.strip() and not said):
            return "cut off"
        return "no object with ANSWER or PROB" if said else "empty"

    def write(self, value: Any) -> str:
        return _written(value)

    def compare(self, said: Any, right: Any) -> Score:
        return _compared(said, right, self.tolerance)


@dataclass(frozen=True)
class PublishedCauGym(Scorer):
    """Replies to CauGym, scored as the published program scores them: to compare with published figures.

    Blanks are taken out of the reply; then every ``{"ANSWER": …}`` or ``{"PROB": …}`` up to the next closing brace is
    read as JSON, in thoughts as well, and the reply is right if the PROB of any of them is.  Where the right answer is
    to abstain, the reply is right if it has the word in it.

    Attributes:
        tolerance: how far PROB may be off, at most.
        abstention: the word; the published sets have "LACK_CONDITION".

    Raises:
        InvalidParameter: a tolerance that is not positive, or no word.

    Example:
        >>> scorer, right = PublishedCauGym(), {"ANSWER": "yes", "PROB": "3/8"}
        >>> text = 'Is it {"ANSWER": "No", "PROB": "0.375"}? Rather {"ANSWER": "Yes", "PROB": "0.5"}.'
        >>> scorer.read(text)["PROB"], scorer.compare(scorer.read(text), right).value
        ([0.375, 0.5], 1.0)
        >>> scorer.compare(scorer.read("The figures are not insufficient."), {"ANSWER": "insufficient"}).value
        1.0
    """

    name: ClassVar[str] = "caugym-published"
    tolerance: float = 5e-4
    abstention: str = INSUFFICIENT

    def __post_init__(self) -> None:
        _check(self.tolerance)
        if not self.abstention:
            raise InvalidParameter("the word for abstaining is empty: every reply would have it")

    def read(self, text: str) -> dict[str, Any] | None:
        """The numbers of a reply, in order, and whether the word for abstaining is in it; None if there is neither."""
        numbers = [number for found in _plain_objects(re.sub(r"\s+", "", text)) for number in _published(found)]
        abstains = self.abstention in text
        return {"PROB": numbers, "abstains": abstains} if numbers or abstains else None

    def unread(self, text: str) -> str:
        return "no JSON object with a number under PROB" if text.strip() else "empty"

    def write(self, value: Any) -> str:
        return self.abstention if value.get("ANSWER") == INSUFFICIENT else _written(value)

    def compare(self, said: Any, right: Any) -> Score:
        if not isinstance(said, Mapping):
            return Score(0.0, said, "neither ANSWER nor PROB")
        wanted = _target(right)
        if wanted.get("ANSWER") == INSUFFICIENT:
            fits = bool(said.get("abstains"))
            return Score(float(fits), said, "" if fits else f"{self.abstention!r} is nowhere in the reply")
        number = wanted.get("PROB")
        if not isinstance(number, Fraction):
            raise ValueError("the right answer has no number under PROB")
        numbers = list(said.get("PROB") or ())
        fits = any(_near(other, number, self.tolerance) for other in numbers)
        off = min((abs(float(other) - float(number)) for other in numbers), default=None)
        return Score(float(fits), said, "" if fits else "PROB: no number" if off is None else f"PROB: off by {off:.3g}")


for _kind in (CauGym, PublishedCauGym):
    SCORERS.add(_kind.name, _kind)


# --- what a reply says ----------------------------------------------------------------------------------


def _written(value: Mapping[str, Any]) -> str:
    """A reply in the form that prompts ask for: the number to four decimal places."""
    answer = value.get("ANSWER")
    if answer == INSUFFICIENT:
        return json.dumps({"ANSWER": INSUFFICIENT})
    label = {"ANSWER": answer} if answer else {}
    return json.dumps({**label, "PROB": f"{float(round(Fraction(value['PROB']), 4)):.4f}"})


def _abstention() -> dict[str, Any]:
    return {"ANSWER": INSUFFICIENT, "PROB": None}


def _fields(found: LooseObject) -> dict[str, Any]:
    """What an object says: the fields, and under "problem" what is wrong with them, if anything is."""
    out: dict[str, Any] = {"ANSWER": None, "PROB": None}
    said = {name: [value for value in found.values(name) if value not in (None, "")] for name in _FIELDS}
    for name, other in zip(_FIELDS, reversed(_FIELDS)):
        read = [_answer(value) if name == "ANSWER" else _probability(value) for value in said[name]]
        if any(isinstance(value, str) and _abstains(value) for value in said[other]):  # "N/A" says nothing more
            read = [(value, problem) for value, problem in read if value is not None or not _NOTE.match(problem)]
        problems = [problem for _, problem in read if problem]
        if any(not _agree(value, read[0][0]) for value, _ in read):
            problems = [f"contradictory: {name} stands there twice"]
        if read:
            out[name] = read[0][0]
        if problems:  # that of a number before that of a label, which may not be asked for
            out["problem"] = problems[0]
    if out["PROB"] == INSUFFICIENT:
        out |= {"PROB": None, "ANSWER": out["ANSWER"] or INSUFFICIENT}
        if out["ANSWER"] != INSUFFICIENT:
            out["problem"] = "contradictory: PROB abstains and ANSWER does not"
    elif out["ANSWER"] == INSUFFICIENT and out["PROB"] is not None:
        out["problem"] = "contradictory: a number beside an abstention"
    return out


def _agree(one: Any, other: Any) -> bool:
    """Whether two values of a field say the same, of which one may be missing and numbers may be rounded."""
    if isinstance(one, list) and isinstance(other, list):
        return all(map(_agree, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < _ROUNDED
    return one is None or other is None or one == other


def _takes_back(line: str, read: Mapping[str, Any]) -> bool:
    """Whether a last line after an object says another answer, or another number, and nothing else."""
    label = read_label(line)[0]
    if label is not None:
        return bool(read["ANSWER"] != ("yes" if label else "no"))
    found = _NUMBER.fullmatch(line)
    number = read_amount(found["number"])[0] if found else None
    if not isinstance(number, Fraction) or (abs(number) > 1 and not (found and found["name"])):
        return False  # a page, a year
    return not _agree(_plain(number), read["PROB"])


def _answer(value: LooseValue) -> tuple[str | None, str]:
    shown = f"ANSWER: neither yes nor no nor {INSUFFICIENT}"
    if not isinstance(value, str):
        return None, shown
    if _abstains(value):
        return INSUFFICIENT, ""
    if value.strip().casefold() in ("true", "false"):
        return ("yes" if value.strip().casefold() == "true" else "no"), ""
    label, why = read_label(value)
    if label is None:
        both = why is not None and "both" in why
        return None, "contradictory: ANSWER says yes and no" if both else f"{shown}, but {value[:40]!r}"
    return ("yes" if label else "no"), ""


def _probability(value: LooseValue) -> tuple[Any, str]:
    if value == [] or (isinstance(value, LooseObject) and not value.pairs):
        return None, "PROB: nothing"
    if isinstance(value, list):
        ends = [read_amount(end)[0] if isinstance(end, str) else None for end in value[:3]]
        if len(ends) == 2 and all(isinstance(end, Fraction) for end in ends):
            return [_plain(end) for end in ends], ""
        return None, "PROB: a list"
    if not isinstance(value, str):
        return None, "PROB: an object"
    if _abstains(value):
        return INSUFFICIENT, ""
    amount, why = read_amount(value)
    if amount is None:
        return None, f"contradictory: PROB: {why}" if "several" in why else f"PROB: {why}"
    return ([_plain(end) for end in amount] if isinstance(amount, tuple) else _plain(amount)), ""


def _abstains(text: str) -> bool:
    """Whether a text says that what is stated does not suffice, and nothing else."""
    if len(text) > 1_000:
        return False
    words = re.sub(r"\\(?:boxed|text\w*|math\w+)\b|[^\w\s:,.!?']|_", " ", text.casefold())
    words = " ".join(words.split()).strip(" .!,':")
    found = _ANNOUNCED.fullmatch(words)
    return bool(_ABSTENTIONS.fullmatch(found["said"].strip(" ,'") if found else words))


def _plain(amount: Any) -> float:
    return float(amount)


def _plain_objects(text: str) -> Iterator[str]:
    end = 0
    while (begin := _BEGINNING.search(text, end)) and (end := text.find("}", begin.end()) + 1):
        yield text[begin.start() : end]


def _published(found: str) -> list[float]:
    try:
        value = json.loads(found.lower()).get("prob")
        return [] if value is None else [float(str(value))]
    except (ValueError, RecursionError):
        return []


# --- comparing ------------------------------------------------------------------------------------------


def _check(tolerance: float) -> None:
    if not tolerance > 0:
        raise InvalidParameter(f"a tolerance is positive, got {tolerance}")


def _near(said: float, right: Fraction, tolerance: float) -> bool:
    return abs(float(right) - float(said)) < tolerance  # the published program's way, so that the two agree to the bit


def _target(right: Any) -> dict[str, Any]:
    """A right answer with its number as a fraction, or as two for an interval; what is missing is not asked for."""
    if not isinstance(right, Mapping):
        raise TypeError("the right answer is no mapping with ANSWER and PROB")
    answer = str(right.get("ANSWER") or "").strip().casefold()
    number = right.get("PROB")
    out: dict[str, Any] = {}
    if answer:
        out["ANSWER"] = INSUFFICIENT if _abstains(answer) else answer
    try:
        if isinstance(number, (list, tuple)):
            out["PROB"] = tuple(Fraction(str(end)) for end in number)
        elif number not in (None, "") and out.get("ANSWER") != INSUFFICIENT:
            out["PROB"] = Fraction(str(number))
    except ZeroDivisionError:
        raise ValueError(f"{number!r} is divided by zero") from None
    return out


def _compared(said: Any, right: Any, tolerance: float) -> Score:
    if not isinstance(said, Mapping):
        return Score(0.0, said, "neither ANSWER nor PROB")
    wanted, given = _target(right), dict(said)
    problem = str(given.get("problem") or "")
    if problem and ("ANSWER" in wanted or not _OF_A_LABEL.match(problem)):
        return Score(0.0, given, problem)
    abstains = given.get("ANSWER") == INSUFFICIENT
    if wanted.get("ANSWER") == INSUFFICIENT or abstains:
        fits = abstains and wanted.get("ANSWER") == INSUFFICIENT
        return Score(float(fits), given, "" if fits else "abstained" if abstains else "did not abstain")
    wrong = []
    if "ANSWER" in wanted and given.get("ANSWER") != wanted["ANSWER"]:
        wrong.append("ANSWER: missing" if given.get("ANSWER") is None else "ANSWER: the other one")
    if "PROB" in wanted:
        wrong += _off(given.get("PROB"), wanted["PROB"], tolerance)
    return Score(float(not wrong), given, "; ".join(wrong))


def _off(said: Any, right: Any, tolerance: float) -> list[str]:
    """What is wrong with a number, or with an interval where one is asked for."""
    if said is None:
        return ["PROB: missing"]
    if isinstance(right, tuple) != isinstance(said, (list, tuple)):
        return ["PROB: one number" if isinstance(right, tuple) else "PROB: an interval"]
    pairs = list(zip(said, right)) if isinstance(right, tuple) else [(said, right)]
    if all(_near(some, other, tolerance) for some, other in pairs):
        return []
    return [f"PROB: off by {max(abs(float(some) - float(other)) for some, other in pairs):.3g}"]
