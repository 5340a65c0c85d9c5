"""The forms in which a model is asked for the direction of a pair, beside the words of both directions.

By choice: which of "a causes b" and "b causes a" is more likely, by one letter; the second prompt of a pair exchanges
the letters, so that a liking for a letter drops out of the difference.  By likelihood: how probable the model finds one
sentence and the other, both made of the same words; a model that only continues texts can be asked no question, and
this it does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from causalpp.errors import InvalidParameter
from causalpp.language import Backend, Reply
from causalpp.language.reading.labels import bare, plain, readable
from causalpp.oracles.answer import Request
from causalpp.oracles.prompts import FORMS
from causalpp.propositions import Causes, Direction

__all__ = ["as_yes_or_no", "checked_forms", "form_of", "parts_of"]

_NEITHER = "neither"
_LETTER = re.compile(r"[(\[{\"']*([abc])[)\]}\"']*(?:\s*[.:)-]\s*(.*))?", re.DOTALL)
_FRAME = re.compile(r"(?:(?:the |my )?(?:final )?(?:answer|choice)(?: is)? ?:? ?)?")
_LAST = re.compile(r"[\s*_`#>\"']*(?:final\s+)?answer[\s*_`\"']*:[\s*_`\"'(]*([abc])[\s*_`\"').]*")
_JSON = re.compile(r"\{\s*\"answer\"\s*:\s*\"([abc])\"\s*\}")


def checked_forms(forms: Sequence[str], backend: Backend, mode: str) -> tuple[str, ...]:
    """The forms as a tuple, in the order of :data:`~causalpp.oracles.prompts.FORMS`.

    Raises:
        InvalidParameter: none, one that is not known or that stands there twice, or one that the backend cannot be
            asked in.
    """
    known = [forms] if isinstance(forms, str) else list(forms)
    if not known or len(set(known)) < len(known) or not set(known) <= set(FORMS):
        raise InvalidParameter(
            f"the direction of a pair is asked for in one or several of {', '.join(map(repr, FORMS))}, each once, not "
            f"{forms!r}"
        )
    if "likelihood" in known and not backend.scores:
        raise InvalidParameter(
            f"{backend!r} does not say how probable a given sentence is: leave the form 'likelihood' out, or use a "
            "model in this process (LanguageModelOracle.transformers)"
        )
    if "likelihood" in known and mode != "answer":
        raise InvalidParameter("the form 'likelihood' asks for no words, so that no thoughts can come first: leave it "
                               "out, or use mode='answer'")  # fmt: skip
    return tuple(form for form in FORMS if form in known)


def form_of(request: Request, wordings: Sequence[str]) -> tuple[str, str]:
    """The form and the style of a request: wordings are numbered form by form.

    >>> [form_of(Request(Direction("a", "b"), wording=number), ["plain", "intervention"]) for number in (1, 2)]
    [('words', 'intervention'), ('choice', 'plain')]
    """
    form, style = divmod(request.wording, len(wordings))
    return FORMS[form], wordings[style]


def parts_of(
    question: Direction, number: int, forms: Sequence[str], ways: Sequence[tuple[int, bool]], wordings: int
) -> list[Request]:
    """What is put to a model for one asking of a direction: two prompts for each wording and form, one by likelihood.

    Args:
        question: the pair.
        number: how often it was asked before.
        forms: some of :data:`~causalpp.oracles.prompts.FORMS`.
        ways: the wordings and polarities of words.
        wordings: how many wordings there are.
    """
    a, b = question.a, question.b
    requests: list[Request] = []
    if "words" in forms:
        requests += [Request(Causes(*pair), number, *way) for way in ways for pair in ((a, b), (b, a))]
    if "choice" in forms:
        numbers = range(wordings, 2 * wordings)
        requests += [Request(Direction(*pair), number, k) for k in numbers for pair in ((a, b), (b, a))]
    if "likelihood" in forms:  # one prompt has both sentences
        requests += [Request(Direction(*sorted((a, b))), number, k) for k in range(2 * wordings, 3 * wordings)]
    return requests


def as_yes_or_no(reply: Reply, labels: Sequence[str], said: Sequence[str], *, strict: bool = False) -> Reply:
    """A reply in which the choice of the first statement is "yes", of the second "no" and of neither "unsure".

    Args:
        reply: as it came.
        labels: what could be chosen, in that order, as far as there is one.
        said: the two statements, which may stand beside a letter.
        strict: read nothing but a last line "Answer: A", as the end of a chain of thought.

    Example:
        >>> as_yes_or_no(Reply("B: tar causes smoke"), "abc", ["smoke causes tar", "tar causes smoke"]).text
        'no'
        >>> as_yes_or_no(Reply("A or B"), "abc", ["smoke causes tar", "tar causes smoke"]).text
        '?'
    """
    words = ("yes", "no", "unsure")[: len(labels)]
    chosen = _chosen(reply, labels, said, strict)
    text = reply.text if not reply.text.strip() else "?" if chosen is None else words[chosen]
    logs = reply.log_probabilities
    if logs is not None:
        logs = {word: logs[label] for word, label in zip(words, labels, strict=True) if label in logs}
    return replace(reply, text=f"Answer: {text}" if strict and chosen is not None else text, log_probabilities=logs)


def _chosen(reply: Reply, labels: Sequence[str], said: Sequence[str], strict: bool) -> int | None:
    """The number of what a reply chooses; None if that is not clear."""
    if reply.text in labels:
        return labels.index(reply.text)
    text = readable(reply.text)
    if not text:
        return None
    if strict:
        last = _LAST.fullmatch(text.rpartition("\n")[2])
        return None if last is None else "abc".index(last[1])
    if (json := _JSON.fullmatch(text)) is not None:
        return "abc".index(json[1])
    text = bare(text).strip()
    frame = _FRAME.match(text)
    found = _LETTER.fullmatch(text[frame.end() :] if frame else text)
    if found is None:
        return None
    number, rest = "abc".index(found[1]), (found[2] or "").strip(" .!\n")
    right = [*(bare(plain(statement)) for statement in said), "neither of the two"][number]
    cut = reply.finish == "length" and right.startswith(rest)
    return number if not rest or rest == right or (number == 2 and rest == _NEITHER) or cut else None
