"""Reading a label: a yes or a no only where all that the reply says is known to agree with it.

A misread answer is worse than an unread one: an abstention costs a question, a "no" read as a "yes" is evidence
for the wrong graph.  There is no end of ways to take an answer back, so they are not looked for.  What is read is a
label, or a label with an explanation from a short list: words such as "definitely", or what was asked, said again in a
known way.  Everything else is unreadable.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from causalpp.language.backend import Reply
from causalpp.language.reading.forms import boxed_label, conceded, disowned, finished, unboxed, without_emoji
from causalpp.language.reading.values import without_thoughts

__all__ = ["LABELS", "TOO_LONG", "Agreement", "Reading", "bare", "log_odds", "plain", "read_label", "readable"]

#: What a model is asked to choose from.
LABELS = ("yes", "no", "unsure")

_LONGEST = 20_000  # characters; a longer reply answers something else
_LONGEST_UNICODE = 3_000  # to normalise hostile text takes time quadratic in its length
_LONGEST_WORDS = 1_000  # of a label and its explanation
_LAST_LINE = 200
_WORD = 100  # characters of a reply of one word
_FLOOR = 0.05  # probability of the labels under which their odds tell nothing
_FINISHED = {"refusal": "refused", "filtered": "filtered"}

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
TOO_LONG: Reading = (None, "unreadable: too long")
_BOTH: Reading = (None, "unreadable: it says both")


@dataclass(frozen=True)
class Agreement:
    """What an explanation may say beside a label: these phrases are known to agree with it, and all others are not.

    Attributes:
        negated: whether the question was put as "is it false that …?", so that "yes" means that it is false: a short
            explanation might then be about either.
        short: whether "it is" and "there are" can only be about the answer, as of an elementary statement.
        does: whether "it does" can only be about the answer.
    """

    negated: bool = False
    short: bool = True
    does: bool = True

    def restatements(self, true: bool) -> Collection[str]:  # noqa: ARG002
        """The ways to say in a sentence that what was asked is true, or that it is not, as :func:`bare` has them."""
        return ()

    def said_again(self, text: str) -> bool | None:
        """The label that a text comes to which says nothing but what was asked, or that it is not so; else None."""
        for true in (True, False):
            if text.strip(" \n.!,;:-") and _in_parts(text, _restated(self, true)):
                return true is not self.negated
        return None

    def holds(self, label: bool, explanation: str, *, framed: bool = False) -> bool:
        """Whether all parts of an explanation are known to agree; in a frame ("the answer is …") only restatements."""
        return _in_parts(explanation, _agreeing(self, label, framed))


def read_label(
    reply: Reply | str,
    labels: Sequence[str] = LABELS,
    *,
    strict: bool = False,
    agreement: Agreement = Agreement(),  # it is frozen
) -> Reading:
    r"""What a reply says: True for yes, False for no, None for neither, and in that case why.

    Read are: a label alone, in any case, with or without markdown; JSON such as ``{"answer": "no"}``; "Answer:
    no", "The answer is no", a box of LaTeX; a label with an explanation that is known to agree with it ("Yes,
    definitely."), or with the concession that no study proves it; a sentence that says again what was asked, or that
    it is not so, and nothing else; free text whose last line is "Answer: yes", if the other label is not in it.

    Args:
        reply: the reply, or its text.
        labels: what could be chosen from; a label that is not among them is not read.
        strict: read nothing but a last line "Answer: yes" or a box, as the end of a chain of thought.
        agreement: which explanations are known to agree.

    Returns:
        The reading, and the reason if there is none: ``"unsure"`` where the reply says so, ``"empty"``, ``"refused"``,
        ``"filtered"``, ``"cut off"``, why there is no reply, or ``"unreadable"``, with what is wrong after a colon
        where that is known.

    Example:
        >>> read_label("**No.**"), read_label("Answer: yes"), read_label('{"answer": "unsure"}')
        ((False, None), (True, None), (None, 'unsure'))
        >>> read_label("Yes and no."), read_label("No doubt about it: it does.")
        ((None, 'unreadable: it says both'), (None, 'unreadable: the explanation is not known to agree'))
        >>> read_label("The tar is in between.\nAnswer: no", strict=True)
        (False, None)
        >>> read_label(Reply("No", finish="refusal"))
        (None, 'refused')
    """
    if isinstance(reply, Reply):
        if reply.failed or reply.finish in _FINISHED:
            return None, reply.reason or _FINISHED[reply.finish]
        # "No" may be the beginning of anything, unless there was room for one word only
        if reply.finish == "length" and (strict or _one_word(reply.text) not in labels[:2]):
            return None, "cut off"
        reply = reply.text
    text = reply.strip()
    if not text:
        return None, "empty"
    value, reason = _read_last_line(text) if strict else _read_text(text, agreement)
    if value is not None and ("yes" if value else "no") not in labels:
        return None, "unreadable: not one of the labels"
    return value, reason


def log_odds(reply: Reply, value: bool | None, *, exact: bool = False) -> float | None:
    """The log-odds of yes against no in a reply, if it has both or a bound for the smaller one.

    A label that is not among the reported words has at most the probability that is left; that bound is used, so
    that the log-odds are no larger than what is known.  There are none where the labels have next to no probability,
    which then tells nothing, and where a reply is not read in which one of the two labels stands: that it begins with
    "no" says little where it goes on with "idea".  They may differ in sign from what is read: a word that is drawn is
    one spelling, and its label has several.

    Args:
        reply: the reply.
        value: as what it is read.
        exact: of a model in this process, which scores every spelling of every label: its log-odds hold however little
            falls on the labels and whatever was drawn.

    Example:
        >>> log_odds(Reply("Yes", {"yes": -0.1, "no": -2.5}), True)
        2.4
    """
    found = reply.log_probabilities
    if found is None or reply.finish not in ("stop", "length"):
        return None
    logs = [found.get(label, -math.inf) for label in LABELS[:2]]
    if exact and min(logs) > -math.inf:
        return logs[0] - logs[1]
    said = len(reply.text) > _LONGEST or bool(_said(bare(plain(without_thoughts(reply.text)))))
    if value is None and said:
        return None
    yes, no = map(math.exp, logs)
    captured = reply.captured if reply.captured is not None else yes + no
    if not yes + no > 0 or not captured >= _FLOOR:
        return None
    left = max(1.0 - captured, 1e-6)
    if not (yes and no) and left >= yes + no:
        return None
    odds = math.log(yes or left) - math.log(no or left)
    return None if not said and value is not None and value != (odds > 0) else odds  # a sentence says which it is


def _one_word(text: str) -> str:
    """A reply of one word as that word, without the marks around it; what is longer is none."""
    text = text.strip()
    return re.sub(r"\W", "", text).casefold() if len(text) <= _WORD else ""


def _read_last_line(text: str) -> Reading:
    before, _, last = text.rpartition("\n")
    if before and disowned(before):
        return None, "unreadable: the last line is named as what is wrong"
    label = _closing(plain(last), text) if len(last) <= _LAST_LINE else None  # a part of a line says anything
    if label is None:
        return None, "unreadable: no last line of the form 'Answer: yes'"
    return _labelled(label)


def _closing(line: str, text: str) -> str | None:
    """The label of a last line that says nothing but the answer; of the text, where that ends in a box."""
    found = _STRICT.fullmatch(line)
    if found is not None:
        return found["label"]
    boxed = boxed_label(text)
    return None if boxed is None or plain(boxed) not in LABELS else plain(boxed)


def _read_text(text: str, agreement: Agreement) -> Reading:
    plain = readable(text)
    if plain is None:
        return TOO_LONG
    if plain.startswith(("{", "[", '"')):
        read = _read_json(plain, agreement)
        if read is not None:
            return read
    before, _, last = plain.rpartition("\n")
    closing = _closing(last, plain) if before and len(last) <= _LAST_LINE and finished(before) else None
    plain = unboxed(plain)
    if (
        closing and not agreement.negated
    ):  # of a negated question one cannot tell what the text before the answer was about
        return _labelled(closing) if len(_said(bare(plain))) < 2 else _BOTH
    return _read_words(plain, agreement)


def readable(text: str) -> str | None:
    """What a reply says, without thoughts and out of its block of code, as :func:`plain` has it; None if too long."""
    text = without_thoughts(text)
    if len(text) > _LONGEST:
        return None
    text = text.translate(_QUOTES)
    if len(text) > _LONGEST_UNICODE and not text.isascii():
        return None
    text = _unfenced(plain(text).strip())
    return text if len(text) <= _LONGEST else None  # one character can stand for many


def plain(text: str) -> str:
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


def bare(text: str) -> str:
    """Words without markdown and quotation marks, with single spaces; from text that is plain."""
    lines = (_LINE_START.sub("", " ".join(line.split())) for line in text.split("\n"))
    return "\n".join(line for line in (" ".join(_MARKS.sub("", line).split()) for line in lines) if line)


def _labelled(label: str) -> Reading:
    if label == "unsure":
        return None, "unsure"
    return label in _YES, None


# ---------------------------------------------------------------- explanations


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
def _restated(agreement: Agreement, true: bool) -> frozenset[str]:
    return frozenset(agreement.restatements(true))


@lru_cache(maxsize=4096)
def _agreeing(agreement: Agreement, label: bool, framed: bool) -> frozenset[str]:
    known = {*agreement.restatements(label is not agreement.negated), *(_YES if label else _NO)}
    if not agreement.negated and not framed:
        known |= _CERTAIN[label]
        known |= _SHORT[label] if agreement.short else set()
        known |= _DOES[label] if agreement.short and agreement.does else set()
    return frozenset(known)


# ---------------------------------------------------------------------- JSON


class _Twice(ValueError):
    """A key that stands in an object twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _Twice
    return values


def _read_json(text: str, agreement: Agreement) -> Reading | None:
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
        if len(other) > _LONGEST_WORDS or not agreement.holds(label, bare(plain(other))):
            return None, "unreadable: the explanation is not known to agree"
    return label, None


def _read_string(text: str, agreement: Agreement) -> Reading:
    return _read_words(plain(text), agreement) if len(text) <= _LONGEST_UNICODE else TOO_LONG


# --------------------------------------------------------------------- words


def _read_words(plain: str, agreement: Agreement) -> Reading:
    text = bare(plain)
    said = _said(text)
    if "~~" not in text and ".." not in text and len(text) <= _LONGEST_WORDS:
        value, reason = _read_sentence(text, agreement)
        if value is not None or reason is not None:
            return value, reason
    return _BOTH if len(said) == 2 else _unread(text, said)


def _read_sentence(text: str, agreement: Agreement) -> Reading:
    """The reading of a label with an explanation, or of what was asked, said again; None twice for anything else."""
    text, signs = without_emoji(text)
    label, rest, framed = _declared(text)
    if label == "unsure" and not rest.strip(" .!") and not signs:
        return None, "unsure"
    if label in _YES + _NO:
        value = label in _YES
        rest = rest if agreement.negated else conceded(rest, value)
        if signs <= {value} and not _said(rest) & {"no" if value else "yes"}:
            return (value, None) if agreement.holds(value, rest, framed=framed) else (None, None)
    elif label is None and not _said(text):
        again = agreement.said_again(text)
        if again is not None and signs <= {again}:
            return again, None
    return None, None


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
