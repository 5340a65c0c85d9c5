"""Reading a reply: a yes or a no only where nothing speaks against it.

A misread answer is worse than an unread one: an abstention costs a question, a "no" read as a "yes" is evidence
for the wrong graph.  So only the labels themselves count.  A statement such as "it is not true that …" is not
read, since what it answers depends on how the question was put, and a reply that says both, takes something back or
makes conditions is not read either.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

__all__ = ["LABELS", "read_reply"]

#: What a model is asked to choose from.
LABELS = ("yes", "no", "unsure")

_LONGEST = 20_000  # characters; a longer reply answers something else
_TAIL = 2_000

_YES = "yes|yep|yeah|yup"
_NO = "no|nope|nah"
_LABEL = re.compile(rf"\b(?:(?P<yes>{_YES})|(?P<no>{_NO})|unsure)\b")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "\u00a0": " "})
_MARKS = re.compile(r"[*_`#>\"]|^[ \t]*[-+] |(?<!\w)'|'(?!\w)", re.MULTILINE)
_FENCE = re.compile(r"```[a-z]*\s*\n?(.*?)\n?\s*```", re.DOTALL)

#: A word that turns a sentence round.
_NEGATION = re.compile(
    r"\b(?:not|no|nope|nah|never|neither|nor|none|nothing|nobody|nowhere|without|cannot|cant|dont|doesnt|isnt|wont|"
    r"false|untrue|incorrect|wrong|mistaken|impossible|unlikely|hardly|barely|scarcely|deny|denies|denied|refute[sd]?|"
    r"lacks?|absent|fails?|doubts?|opposite|contrary|independent|unrelated|zero|prevents?|stops?|excludes?|rejects?|"
    r"disputes?|worry|mind|problem|rules? out|nonsense|silly)\b|n't\b"
)
#: Words that take an answer back, make it conditional or put it in somebody else's mouth.
_HEDGE = re.compile(
    r"\b(?:but|however|although|though|yet|still|except|unless|if|when|whenever|whether|provided|assuming|suppose|"
    r"supposing|depend(?:s|ing)?|otherwise|instead|rather|actually|wait|sorry|correction|scratch|kidding|joking|joke|"
    r"hypothetically|sarcasm|nevertheless|nonetheless|while|whereas|only|partly|partially|sometimes|occasionally|"
    r"maybe|perhaps|possibly|probably|might|may|could|would|should|seems?|appears?|likely|unclear|uncertain|"
    r"ambiguous|unsure|undetermined|indeterminate|unknown|guess|guessing|arguably|almost|nearly|somewhat|kind of|"
    r"sort of|or|versus|vs|either|both|neither|some|many|most|people|you|user|said|told|instructions?|ignore|"
    r"indirectly|reconsider(?:ing|ed)?|change my|changed my|second thought|hmm+|just|pretend(?:ing)?|question|"
    r"lying|lie|right|sure|dreams?|whatever|formerly|before|previously|initially|first|used to|conversely|"
    r"wrongly)\b|\?|~~|<"
)
#: Words by which an answer that was named is denied.
_DENIAL = re.compile(r"\b(?:false|untrue|incorrect|wrong|mistaken|mistake|opposite|contrary|lie|nonsense|silly|joke)\b")
_UNSURE = re.compile(
    r"\b(?:unsure|uncertain|undetermined|indeterminate|not sure|not certain|not clear|unclear|maybe|perhaps|"
    r"no idea|no way to know|depends|inconclusive|insufficient|not enough|unknown|hard to say|unable to|"
    r"(?:do not|don't|cannot|can't|can not|could not|couldn't) (?:know|tell|say|determine|decide|be determined|"
    r"be sure|answer|be known|be said)|not possible to|impossible to)\b"
)
_SAID = re.compile(
    r"(?:^|(?<=[.!\n]))\s*(?:(?:so|therefore|thus|hence|overall|in conclusion|in short|in summary)\s*,?\s*)?"
    rf"(?:(?:(?:the|my)\s+)?(?:final\s+)?(?:answer|conclusion|verdict)\s*(?::|=|\bis\b\s*:?)|i(?: would|'d)? say:?)"
    rf"\s*(?P<label>{_YES}|{_NO})\s*(?=[.!,;]|\n|$)"
)
_LEADING = re.compile(rf"\s*\(?\s*(?P<label>{_YES}|{_NO})\s*\)?\s*(?P<end>$|[.!,;:\n]|-+\s)(?P<rest>.*)", re.DOTALL)
_ALONE = re.compile(rf"[\s(\[]*(?P<label>{_YES}|{_NO})[\s)\]]*[\s.!]*")
_STRICT = re.compile(
    r"[\s*_`#>\"']*(?:final\s+)?answer[\s*_`\"']*:[\s*_`\"']*(?P<label>yes|no|unsure)[\s*_`\"']*[.!]?[\s*_`\"']*"
)

Reading = tuple[bool | None, str | None]


def read_reply(text: str, labels: Sequence[str] = LABELS, *, strict: bool = False) -> Reading:
    r"""What a reply says: True for yes, False for no, None for neither, and in that case why.

    Read are: a label alone, in any case, with or without markdown; JSON such as ``{"answer": "no"}``; "Answer:
    no", "The answer is no"; a label with an explanation that neither takes it back nor contradicts it.

    Args:
        text: the reply.
        labels: what could be chosen from; a label that is not among them is not read.
        strict: read nothing but a last line "Answer: yes", as the end of a chain of thought.

    Returns:
        The reading, and the reason if there is none: ``"unsure"`` where the reply says so, ``"empty"``, or
        ``"unreadable"``, with what is wrong after a colon where that is known.

    Example:
        >>> read_reply("**No.**"), read_reply("Answer: yes"), read_reply('{"answer": "unsure"}')
        ((False, None), (True, None), (None, 'unsure'))
        >>> read_reply("Yes and no."), read_reply("No doubt about it: it does.")
        ((None, 'unreadable: it says both'), (None, 'unreadable'))
        >>> read_reply("The tar is in between.\nAnswer: no", strict=True)
        (False, None)
    """
    if not text.strip():
        return None, "empty"
    value, reason = _read_last_line(text) if strict else _read_text(text)
    if value is not None and ("yes" if value else "no") not in labels:
        return None, "unreadable: not one of the labels"
    return value, reason


def _read_last_line(text: str) -> Reading:
    last = _plain(text.rstrip()[-_TAIL:]).strip().splitlines()
    found = _STRICT.fullmatch(last[-1]) if last else None
    if found is None:
        return None, "unreadable: no last line of the form 'Answer: yes'"
    return _labelled(found["label"])


def _read_text(text: str) -> Reading:
    if len(text) > _LONGEST:
        return None, "unreadable: too long"
    plain = _plain(text)
    _, thought, after = plain.rpartition("</think>")
    if thought:
        plain = after
    fenced = _FENCE.fullmatch(plain.strip())
    if fenced:
        plain = fenced[1]
    if plain.lstrip().startswith(("{", "[", '"')):
        read = _read_json(plain.strip())
        if read is not None:
            return read
    return _read_words(plain)


def _plain(text: str) -> str:
    """In one case and one kind of quotation marks, without invisible characters."""
    text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_QUOTES).casefold()
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cf", "Cc", "Cs"))


def _labelled(label: str) -> Reading:
    if label == "unsure":
        return None, "unsure"
    return label in _YES.split("|"), None


# ---------------------------------------------------------------------- JSON


class _Twice(ValueError):
    """A key that stands in an object twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise _Twice
    return values


def _read_json(text: str) -> Reading | None:
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
        return _read_words(value)
    if not isinstance(value, dict):
        return None, "unreadable"
    answer = value.get("answer", next(iter(value.values())) if len(value) == 1 else None)
    if not isinstance(answer, str):
        return None, "unreadable"
    read = _read_words(answer)
    others = [_read_words(other)[0] for name, other in value.items() if isinstance(other, str) and name != "answer"]
    if len(value) > 1 and read[0] is not None and (not read[0]) in others:
        return None, "unreadable: it says both"
    return read


# --------------------------------------------------------------------- words


def _read_words(text: str) -> Reading:
    struck = "~~" in text
    text = _MARKS.sub("", text).strip()
    alone = _ALONE.fullmatch(text)
    if alone and not struck:
        return _labelled(alone["label"])
    said = {"yes" if m["yes"] else "no" for m in _LABEL.finditer(text) if m["yes"] or m["no"]}
    label, rest = _declared(text)
    if struck or label is None:
        return _neither(text, said)
    wanted = _labelled(label)[0]
    if ("no" if wanted else "yes") in said:
        return None, "unreadable: it says both"
    if _HEDGE.search(rest):
        return None, "unsure" if _UNSURE.search(rest) else "unreadable: it has conditions"
    for number, sentence in enumerate(part for part in re.split(r"[.!;\n]+", rest) if re.search(r"\w", part)):
        negations = len(_NEGATION.findall(sentence))
        allowed = (0,) if wanted else (0, 1) if number else (1,)
        if negations not in allowed:
            return None, "unreadable: the explanation does not agree"
    return wanted, None


def _declared(text: str) -> tuple[str | None, str]:
    """The label that a reply begins with or names as its answer, and the rest of the reply."""
    leading = _LEADING.fullmatch(text)
    if leading:
        return leading["label"], leading["rest"]
    named = list(_SAID.finditer(text))
    if len({m["label"] for m in named}) != 1:
        return None, ""
    argument = _SAID.sub(" ", text)
    if any(pattern.search(argument) for pattern in (_HEDGE, _LABEL, _DENIAL)):
        return None, ""
    return named[0]["label"], ""


def _neither(text: str, said: set[str]) -> Reading:
    if len(said) == 2:
        return None, "unreadable: it says both"
    if _UNSURE.search(text):
        return None, "unsure"
    return None, "unreadable"
