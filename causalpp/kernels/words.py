"""The floor: kernels that see which words a prompt has, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from causalpp.errors import InvalidData, InvalidParameter
from causalpp.kernels.gram import Gram
from causalpp.tasks import Item

__all__ = ["counts_of", "words", "words_of"]

_WORD = re.compile(r"\w+|[^\w\s]")


def words(prompts: Sequence[str | Item], n: int = 1) -> Gram:
    """The kernel of the counts of words, and of up to ``n`` words in a row: φ(x) counts how often each occurs in x.

    Whatever a model's kernel tells apart has to be held against this one, which knows no meaning.  Words are runs of
    letters and digits, and single signs; upper and lower case differ, as names of variables do.

    Args:
        prompts: texts, or items.
        n: words in a row at most; 1 is the bag of words, in which order counts for nothing.

    Raises:
        InvalidData: no prompts, or one without words.
        InvalidParameter: ``n`` below 1.

    Example:
        >>> prompts = ["A causes B.", "B causes A.", "A causes C."]
        >>> words(prompts).distances().round(3).tolist()[0]
        [0.0, 0.0, 1.414]
        >>> words(prompts, 2).distances().round(3).tolist()[0]
        [0.0, 2.449, 2.449]
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise InvalidParameter(f"n words in a row are at least 1, got {n!r}")
    found = counts_of(prompts, n)
    values = np.zeros((len(found), len(found)))
    for i, one in enumerate(found):
        for j, other in enumerate(found[: i + 1]):
            less, more = (one, other) if len(one) <= len(other) else (other, one)
            values[i, j] = values[j, i] = sum(count * more.get(gram, 0) for gram, count in less.items())
    return Gram(values, "words" if n == 1 else f"{n}-grams", about={"model": "", "n": n})


def counts_of(prompts: Sequence[str | Item], n: int = 1) -> list[Counter[tuple[str, ...]]]:
    """How often each run of up to ``n`` words occurs in each prompt.

    Raises:
        InvalidData: no prompts, or one without words.
    """
    if isinstance(prompts, str) or not len(prompts):
        raise InvalidData("there are no prompts: give a sequence of texts")
    out = []
    for k, each in enumerate(prompts):
        prompt = each.prompt if isinstance(each, Item) else each
        found = words_of(prompt) if isinstance(prompt, str) else []
        if not found:
            raise InvalidData(f"prompt {k} has no words: {str(prompt)[:60]!r}")
        out.append(Counter(tuple(found[s : s + m]) for m in range(1, n + 1) for s in range(len(found) - m + 1)))
    return out


def words_of(text: str) -> list[str]:
    """The words of a text, and its single signs, in their order."""
    return _WORD.findall(text)
