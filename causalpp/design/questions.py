"""Questions that know their true answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from torch import Tensor

from causalpp.belief import ListedBelief
from causalpp.errors import InvalidParameter
from causalpp.propositions import Proposition

__all__ = ["Questions", "true_answers"]


class Questions(Sequence[Proposition]):
    """Questions with their true answers in every hypothesis of a belief, worked out once for many rounds.

    Args:
        questions: Q of them.
        truth: their true answers, booleans of shape ``(M, Q)``, candidates first; those of the candidates may do.

    Raises:
        InvalidParameter: a truth table that has not a column for each question.
    """

    def __init__(self, questions: Sequence[Proposition], truth: Tensor) -> None:
        if truth.ndim != 2 or truth.shape[1] != len(questions):
            raise InvalidParameter(f"{len(questions)} questions, but a truth table of shape {tuple(truth.shape)}")
        self.listed, self.truth = tuple(questions), truth

    def __len__(self) -> int:
        return len(self.listed)

    def __iter__(self) -> Iterator[Proposition]:
        return iter(self.listed)

    @overload
    def __getitem__(self, number: int) -> Proposition: ...
    @overload
    def __getitem__(self, number: slice) -> Questions: ...
    def __getitem__(self, number: int | slice) -> Proposition | Questions:
        return (
            Questions(self.listed[number], self.truth[:, number]) if isinstance(number, slice) else self.listed[number]
        )


def true_answers(belief: ListedBelief, questions: Sequence[Proposition]) -> Tensor:
    """The true answers in the hypotheses of a belief, candidates first, booleans of shape ``(M, Q)``."""
    return questions.truth if isinstance(questions, Questions) else belief.record.truth(questions)
