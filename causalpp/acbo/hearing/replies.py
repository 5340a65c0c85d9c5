"""What an answer was made of, prompt by prompt, and replies as a verdict shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from causalpp.oracles import Answer

__all__ = ["heard", "in_a_line", "parts_of", "said", "told", "word_of"]

_SHOWN = 160  # characters of a reply


def parts_of(answer: Answer) -> Sequence[Answer]:
    """The answers to the prompts it took."""
    return (*answer.parts, *answer.beside) or (answer,)


def said(answer: Answer) -> bool:
    """Whether any prompt found yes or no: a graded answer may be undecided where all its parts are answered."""
    return answer.value is not None or any(part.value is not None for part in answer.parts)


def word_of(answer: Answer) -> bool:
    """The word itself: what was asked the other way round is not turned back."""
    return bool(answer.value) is not answer.negated


def in_a_line(text: str) -> str:
    """A reply in one line, without what would move a cursor, and not too long."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    line = " ".join(line.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def told(answer: Answer) -> str:
    """A question as it was put, and the reply to it."""
    asked = answer.question.question() if not answer.negated else f"Is it false that {answer.question.sentence()}?"
    reply = in_a_line(answer.text) if answer.text else ("yes" if word_of(answer) else "no")
    return f"{asked!r} – {reply!r}"


def heard(answers: Sequence[Answer]) -> str:
    """What a language model said, for a verdict on it: how often which word, and two of the replies as they came.

    Args:
        answers: all of a run; those of others than language models say nothing by their words.

    Example:
        >>> from causalpp import Causes
        >>> pairs = [("a", "b"), ("b", "a"), ("c", "a")]
        >>> print(heard([Answer(Causes(*pair), True, text="Yes.", nature="language model") for pair in pairs]))
        ; it said yes to 3 of 3 prompts, such as 'Does a cause b?' – 'Yes.' and 'Does b cause a?' – 'Yes.'
    """
    parts = [part for answer in answers if answer.nature == "language model" for part in parts_of(answer)]
    replies = [part for part in parts if part.text]
    if not replies:
        return ""
    words = Counter("neither" if part.value is None else "yes" if word_of(part) else "no" for part in parts)
    count = ", ".join(f"{word} to {often}" for word, often in words.most_common())
    other = next((one for one in replies if one.text != replies[0].text), replies[min(1, len(replies) - 1)])
    shown = " and ".join(dict.fromkeys([told(replies[0]), told(other)]))
    return f"; it said {count} of {len(parts)} prompts, such as {shown}"
