"""Groups of answers: those to one kind of question, to one wording, or from one oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from causalpp.belief.record import Label, Tallies
from causalpp.oracles import Answer

__all__ = ["FACETS", "failed_silence", "label_of", "split", "together"]

FACETS: dict[str, Callable[[Answer], Any]] = {
    "kind": lambda answer: type(answer.question).__name__,
    "wording": lambda answer: answer.wording,
    "negated": lambda answer: answer.negated,
    "oracle": lambda answer: answer.oracle,
}
"""What answers can be grouped by."""


def label_of(answer: Answer, by: tuple[str, ...]) -> Label:
    """The group of an answer: one name, or a tuple where it is grouped by several facets.

    >>> from causalpp import Answer, Causes
    >>> label_of(Answer(Causes("a", "b"), True, wording=2), ("kind", "wording"))
    ('Causes', 2)
    """
    found = tuple(FACETS[facet](answer) for facet in by)
    return found[0] if len(found) == 1 else found


def split(tallies: Tallies, by: tuple[str, ...]) -> dict[Label, Tallies]:
    """The tallies of every group that has answered, in the order of their first answers; all over the Q questions."""
    parts: dict[Label, list[tuple[int, Answer]]] = {}
    for number, answer in tallies.answers:
        if answer.value is not None:
            parts.setdefault(label_of(answer, by), []).append((number, answer))
    questions, device = len(tallies.yes), tallies.yes.device
    return {label: Tallies.of(part, questions, device) for label, part in parts.items()}


def failed_silence(tallies: Tallies) -> Tensor:
    """How often each question met with silence because something failed; ``(Q,)``."""
    lost = torch.zeros_like(tallies.silent)
    for number, answer in tallies.answers:
        if answer.failed:
            lost[number] += 1
    return lost


def together(columns: Sequence[Tensor]) -> Tensor:
    """Numbers from 0 on, the same where all the columns are: ``(Q,)`` each → ``(Q,)``.

    >>> together([torch.tensor([4, 4, 7]), torch.tensor([1.5, 1.5, 1.5])]).tolist()
    [0, 0, 1]
    """
    rows = torch.stack([column.to(torch.float64) for column in columns], dim=1)
    where: Tensor = torch.unique(rows, dim=0, return_inverse=True)[1]
    return where
