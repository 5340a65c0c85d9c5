"""Reading a reply: a yes or a no only where all that the reply says is known to agree with it.

A misread answer is worse than an unread one: an abstention costs a question, a "no" read as a "yes" is evidence
for the wrong graph.  There is no end of ways to take an answer back, so they are not looked for.  What is read is a
label, or a label with an explanation from a short list: words such as "definitely", or the proposition itself, said
in one of our wordings.  Everything else is unreadable.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from causalpp.errors import InvalidParameter
from causalpp.propositions import And, Independent, Not, Or, Proposition
from causalpp.propositions.wording import STYLES, sentences

__all__ = ["LABELS", "read_reply"]

#: What a model is asked to choose from.
LABELS = ("yes", "no", "unsure")

_LONGEST = 20_000  # characters; a longer reply answers something else
_LONGEST_UNICODE = 3_000  # to normalise hostile text takes time quadratic in its length
_LONGEST_WORDS = 1_000  # of a label and its explanation
_LAST_LINE = 200

_YES = ("yes", "yep", "yeah", "yup")
_NO = ("no", "nope", "nah")
_EITHER = "|".join(_YES + _NO)
_LABEL = re.compile(rf"\b(?:(?P<yes>{'|'.join(_YES)})|(?P<no>{'|'.join(_NO)}))\b")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})
_MARKS = re.compile(r"[*`\"]|(?<!\w)['_]|['_](?!\w)")
_LINE_START = re.compile(r"^(?:[>#]+ ?|[-+] )+")
_STRICT = re.compile(
    r"[\s*_`#>\"']*(?:final\s+)?answer[\s*_`\"']*:[\s*_`\"']*(?P<label>yes|no|unsure)[\s*_`\"']*[.!]?[\s*_`\"']*"
)
_FRAME = re.compile(
    r"(?:(?:so|therefore|thus|hence|overall|in conclusion|in short|in summary),? )?"
    r"(?:(?:(?:the|my) )?(?:final )?(?:answer|conclusion|verdict)(?: ?[:=] ?| is: ?| is )|i(?: would|'d) say(?:: ?| ))"
)
_HEAD = re.compile(rf"(?P<label>{_EITHER}|unsure)(?=$|[\s.!,;:-])(?P<rest>.*)", re.DOTALL)
_STOP = re.compile(r"[.!,;:\n]+")

#: What may follow a label whichever question was put, as it cannot be about anything but the answer.
_CERTAIN = {
    True: frozenset({"definitely", "certainly", "absolutely", "indeed", "of course"}),
    False: frozenset({"definitely not", "certainly not", "absolutely not", "of course not", "not at all"}),
}
#: What may follow it if the question is about an elementary statement and is put as it stands.
_SHORT = {
    True: frozenset({"correct", "true", "it is", "they do", "they are", "there is", "there are"})
    | {f"{it} is {so}" for it in ("that", "this", "it") for so in ("correct", "true")}
    | {f"{it}'s {so}" for it in ("that", "it") for so in ("correct", "true")},
    False: frozenset({"it is not", "it isn't", "they do not", "they don't", "they are not", "they aren't"})
    | {"there is not", "there isn't", "there is none", "there are none"},
}
#: Not for independence, which is also asked as "does … tell nothing about …?".
_DOES = {
    True: frozenset({"it does", "it does so", "it would", "it will"}),
    False: frozenset({"it does not", "it doesn't", "it would not", "it wouldn't", "it will not", "it won't"}),
}
#: Fields of a JSON object that may stand beside the answer.
_REASONS = frozenset({"reason", "reasoning", "explanation", "justification", "rationale"})

# These two only tell why nothing was read.
_CONDITIONS = re.compile(
    r"\b(?:but|however|although|though|still|except|unless|if|when|whenever|whether|provided|assuming|suppose|"
    r"depend(?:s|ing)?|otherwise|only|partly|partially|sometimes|occasionally|maybe|perhaps|possibly|probably|might|"
    r"may|could|would|should|seems?|appears?|likely)\b|\?"
)
_UNSURE = re.compile(
    r"\b(?:unsure|uncertain|undetermined|indeterminate|not sure|not certain|not clear|unclear|maybe|perhaps|"
    r"no idea|no way to know|depends|inconclusive|insufficient|not enough|unknown|hard to say|unable to|"
    r"(?:do not|don't|cannot|can't|can not|could not|couldn't) (?:know|tell|say|determine|decide|be determined|"
    r"be sure|answer|be known|be said)|not possible to|impossible to)\b"
)

Reading = tuple[bool | None, str | None]
_TOO_LONG: Reading = (None, "unreadable: too long")
_BOTH: Reading = (None, "unreadable: it says both")


def read_reply(
    text: str,
    labels: Sequence[str] = LABELS,
    *,
    strict: bool = False,
    question: Proposition | None = None,
    negated: bool = False,
) -> Reading:
    r"""What a reply says: True for yes, False for no, None for neither, and in that case why.

    Read are: a label alone, in any case, with or without markdown; JSON such as ``{"answer": "no"}``; "Answer:
    no", "The answer is no"; a label with an explanation that is known to agree with it ("Yes, definitely.", or the
    proposition as we say it); free text whose last line is "Answer: yes", if the other label is not in it.

    Args:
        text: the reply.
        labels: what could be chosen from; a label that is not among them is not read.
        strict: read nothing but a last line "Answer: yes", as the end of a chain of thought.
        question: the proposition asked about, its variables named as in the prompt; without it no explanation that
            names variables is read.
        negated: whether it was put as "is it false that …?".  The reading is then still that of the label, so that
            "yes" means that it is false.

    Returns:
        The reading, and the reason if there is none: ``"unsure"`` where the reply says so, ``"empty"``, or
        ``"unreadable"``, with what is wrong after a colon where that is known.

    Example:
        >>> read_reply("**No.**"), read_reply("Answer: yes"), read_reply('{"answer": "unsure"}')
        ((False, None), (True, None), (None, 'unsure'))
        >>> read_reply("Yes and no."), read_reply("No doubt about it: it does.")
        ((None, 'unreadable: it says both'), (None, 'unreadable: the explanation is not known to agree'))
        >>> read_reply("The tar is in between.\nAnswer: no", strict=True)
        (False, None)
        >>> from causalpp import Causes
        >>> reply, question = "No, smoking does not cause cancer.", Causes("smoking", "cancer")
        >>> read_reply(reply, question=question)
        (False, None)
        >>> read_reply(reply, question=question, negated=True)
        (None, 'unreadable: the explanation is not known to agree')
    """
    text = text.strip()
    if not text:
        return None, "empty"
    value, reason = _read_last_line(text) if strict else _read_text(text, _Agreement(question, negated))
    if value is not None and ("yes" if value else "no") not in labels:
        return None, "unreadable: not one of the labels"
    return value, reason


def _read_last_line(text: str) -> Reading:
    last = text.rpartition("\n")[2]
    found = _STRICT.fullmatch(_plain(last)) if len(last) <= _LAST_LINE else None  # a part of a line says anything
    if found is None:
        return None, "unreadable: no last line of the form 'Answer: yes'"
    return _labelled(found["label"])


def _read_text(text: str, agreement: _Agreement) -> Reading:
    text = text.rpartition("</think>")[2].strip()
    if len(text) > _LONGEST:
        return _TOO_LONG
    text = text.translate(_QUOTES)
    if len(text) > _LONGEST_UNICODE and not text.isascii():
        return _TOO_LONG
    plain = _unfenced(_plain(text).strip())
    if len(plain) > _LONGEST:  # one character can stand for many
        return _TOO_LONG
    if plain.startswith(("{", "[", '"')):
        read = _read_json(plain, agreement)
        if read is not None:
            return read
    before, _, last = plain.rpartition("\n")
    closing = _STRICT.fullmatch(last) if before and len(last) <= _LAST_LINE else None
    if (
        closing and not agreement.negated
    ):  # of a negated question one cannot tell what the text before the answer was about
        return _labelled(closing["label"]) if len(_said(_bare(plain))) < 2 else _BOTH
    return _read_words(plain, agreement)


def _plain(text: str) -> str:
    """In one case and one kind of quotation marks, without invisible characters."""
    text = text.translate(_QUOTES)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    return "".join(c for c in text.casefold() if c in "\n\t" or unicodedata.category(c) not in ("Cf", "Cc", "Cs"))


def _unfenced(text: str) -> str:
    """What stands in a fenced block of code, if the reply is one."""
    first, _, rest = text.partition("\n")
    if len(text) < 6 or not text.endswith("```") or not text.startswith("```"):
        return text
    inner = rest[:-3] if re.fullmatch(r"```[a-z]*\s*", first) else text[3:-3]
    return inner.strip()


def _bare(text: str) -> str:
    """Words without markdown and quotation marks, with single spaces; from text that is plain."""
    lines = (_LINE_START.sub("", " ".join(line.split())) for line in text.split("\n"))
    return "\n".join(line for line in (" ".join(_MARKS.sub("", line).split()) for line in lines) if line)


def _labelled(label: str) -> Reading:
    if label == "unsure":
        return None, "unsure"
    return label in _YES, None


# ---------------------------------------------------------------- explanations


class _Agreement:
    """What an explanation may say beside each label, for one question in one polarity."""

    def __init__(self, question: Proposition | None, negated: bool) -> None:
        self.question = question
        self.negated = negated

    def holds(self, label: bool, explanation: str, *, framed: bool = False) -> bool:
        """Whether all parts of an explanation are known to agree; in a frame ("the answer is …") only restatements."""
        return _in_parts(explanation, _agreeing(self.question, self.negated, label, framed))


def _in_parts(text: str, known: frozenset[str], parts: int = 3) -> bool:
    """Whether a text is one known phrase after the other, with stops in between."""
    text = text.strip(" \n.!,;:-")
    if not text or text in known:
        return True
    return parts > 1 and any(
        text[: stop.start()].strip() in known and _in_parts(text[stop.end() :], known, parts - 1)
        for stop in islice(_STOP.finditer(text), 12)
    )


@lru_cache(maxsize=4096)
def _agreeing(question: Proposition | None, negated: bool, label: bool, framed: bool) -> frozenset[str]:
    known = set(_restatements(question, label is not negated))
    known.update(_YES if label else _NO)
    if not negated and not framed:
        known |= _CERTAIN[label]
        if not isinstance(question, (Not, And, Or)):
            known |= _SHORT[label]
            if not isinstance(question, Independent):
                known |= _DOES[label]
    return frozenset(known)


def _restatements(question: Proposition | None, true: bool) -> set[str]:
    """The ways to say that a proposition is true, or that it is not, as they come out of :func:`_bare`."""
    if question is None:
        return set()
    names = [_bare(_plain(name)) for name in question.variables]
    if len(set(names)) < len(names) or sum(map(len, names)) > _LONGEST_WORDS // 2:
        return set()  # names that look alike here: who causes whom could not be told
    try:
        said = {_bare(_plain(text)) for text in sentences(question)}
        denied = {_bare(_plain(Not(question).sentence(style))) for style in STYLES}
        if isinstance(question, Not):
            denied = {_bare(_plain(text)) for text in sentences(question.of)}
    except InvalidParameter:
        return set()
    right, wrong = (said, denied) if true else (denied, said)
    right = right | {text.replace(f"{verb} not", f"{verb}n't") for text in right for verb in ("does", "is")}
    framed = {f"it is true that {text}" for text in right} | {f"it is false that {text}" for text in wrong}
    return right | framed | {f"it is not true that {text}" for text in wrong}


# ---------------------------------------------------------------------- JSON


class _Twice(ValueError):
    """A key that stands in an object twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _Twice
    return values


def _read_json(text: str, agreement: _Agreement) -> Reading | None:
    """The reading of a reply in JSON; None if it is something else."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _Twice:
        return None, "unreadable: it says more than one thing"
    except (ValueError, RecursionError):
        return (None, "unreadable: broken JSON") if text[0] == "{" else None
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return _read_string(value, agreement)
    if not isinstance(value, dict) or not isinstance(value.get("answer"), str):
        return None, "unreadable: no answer in the JSON"
    label, reason = _read_string(value.pop("answer"), agreement)
    if label is None or not value:
        return label, reason
    for name, other in value.items():
        if name not in _REASONS or not isinstance(other, str):
            return None, "unreadable: more in the JSON than an answer"
        if len(other) > _LONGEST_WORDS or not agreement.holds(label, _bare(_plain(other))):
            return None, "unreadable: the explanation is not known to agree"
    return label, None


def _read_string(text: str, agreement: _Agreement) -> Reading:
    return _read_words(_plain(text), agreement) if len(text) <= _LONGEST_UNICODE else _TOO_LONG


# --------------------------------------------------------------------- words


def _read_words(plain: str, agreement: _Agreement) -> Reading:
    text = _bare(plain)
    said = _said(text)
    if len(said) == 2:
        return _BOTH
    if "~~" not in text and ".." not in text and len(text) <= _LONGEST_WORDS:
        label, rest, framed = _declared(text)
        if label == "unsure" and not rest.strip(" .!"):
            return None, "unsure"
        if label in _YES + _NO:
            value = label in _YES
            if agreement.holds(value, rest, framed=framed):
                return value, None
    return _unread(text, said)


def _said(text: str) -> set[str]:
    """Which of the two labels are in a text, wherever."""
    return {"yes" if found["yes"] else "no" for found in _LABEL.finditer(text)}


def _declared(text: str) -> tuple[str | None, str, bool]:
    """The label that a reply begins with, what comes after it, and whether words such as "the answer is" led to it."""
    if text[:1] + text[-1:] in ("()", "[]"):
        text = text[1:-1].strip()
    frame = _FRAME.match(text)
    head = _HEAD.fullmatch(text[frame.end() :] if frame else text)
    return (head["label"], head["rest"], frame is not None) if head else (None, "", False)


def _unread(text: str, said: set[str]) -> Reading:
    if _UNSURE.search(text):
        return None, "unsure"
    if said and _CONDITIONS.search(text):
        return None, "unreadable: it has conditions"
    return None, "unreadable: the explanation is not known to agree" if said else "unreadable"
