"""What an answer was made of, prompt by prompt, and replies as a verdict shows them."""

from __future__ import annotations

from collections.abc import Sequence

from causalpp.oracles import Answer

__all__ = ["in_a_line", "parts_of", "said", "word_of"]

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
