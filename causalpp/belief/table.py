"""A truth table: which questions are true of which candidates, whatever these are."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from causalpp.errors import InvalidParameter, InvalidProposition
from causalpp.propositions import And, Not, Or

__all__ = ["TruthTable"]


@dataclass(frozen=True, eq=False)
class TruthTable:
    """N candidates by Q questions.

    Attributes:
        cells: which question is true of which candidate, booleans of shape ``(N, Q)``.
        candidates: their names.
        columns: question → its column.
    """

    cells: Tensor
    candidates: tuple[Any, ...]
    columns: dict[Hashable, int]

    @classmethod
    def of(
        cls, table: ArrayLike | Tensor, candidates: Iterable[Any] | None, questions: Iterable[Hashable] | None
    ) -> TruthTable:
        """The table with names, by default numbers from 0 on.

        Raises:
            InvalidParameter: a table that does not hold true and false alone, or not one name a row and a column.
        """
        try:
            cells = table if isinstance(table, Tensor) else torch.tensor(np.asarray(table))
            valid = cells.ndim == 2 and len(cells) > 0 and bool(((cells == 0) | (cells == 1)).all())
        except (TypeError, ValueError):  # texts, None, rows of different lengths
            valid = False
        if not valid:
            raise InvalidParameter(
                "a truth table has one row a candidate, one column a question, and true or false in every cell, "
                f"not {' '.join(repr(table).split()):.100}"
            )
        rows = tuple(range(len(cells)) if candidates is None else candidates)
        names = list(range(cells.shape[1]) if questions is None else questions)
        if not all(isinstance(name, Hashable) for name in names):
            raise InvalidParameter("questions are texts, propositions or what else can be the key of a dict")
        columns = {name: number for number, name in enumerate(names)}
        if (len(rows), len(names)) != tuple(cells.shape) or len(columns) < len(names):
            raise InvalidParameter(
                f"a table of {len(cells)} × {cells.shape[1]} needs as many candidates and different questions, "
                f"got {len(rows)} and {len(columns)}"
            )
        return cls(cells.bool(), rows, columns)

    def __len__(self) -> int:
        return len(self.candidates)

    def __getitem__(self, number: int) -> Any:
        return self.candidates[number]

    @property
    def device(self) -> torch.device:
        """Where the cells are."""
        return self.cells.device

    @property
    def questions(self) -> Sequence[Any]:
        """In the order of their columns."""
        return tuple(self.columns)

    def truth(self, question: Hashable) -> Tensor:
        """Of which candidates a question is true, booleans of shape ``(N,)``; also of statements joined of questions.

        Raises:
            InvalidProposition: a question that has no column.
        """
        if question in self.columns:
            return self.cells[:, self.columns[question]]
        if isinstance(question, Not):
            return ~self.truth(question.of)
        if isinstance(question, (And, Or)):
            parts = torch.stack([self.truth(part) for part in question.of])
            return parts.all(0) if isinstance(question, And) else parts.any(0)
        raise InvalidProposition(f"the table has no column for {question!r}: it has {list(self.columns)[:8]!r} …")
