"""What was answered, question by question, and which graphs it does not tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.belief.channels.base import Tallies
from causalpp.graphs import DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import Proposition

__all__ = ["Evidence"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """The answers so far, as tallies of distinct questions; immutable.

    Graphs in which all questions asked have the same true answers share one row: the answers cannot tell them apart,
    and what a channel computes for the R rows holds for all M graphs.

    Attributes:
        graphs: the M hypotheses.
        numbers: question → its column.
        groups: the row of each graph, shape ``(M,)``.
        rows: the true answers, booleans of shape ``(R, Q)``.
        tallies: what was answered to the Q questions; all wordings of a question are counted together.
        origin: the rows of the evidence before the last update that the rows came from, shape ``(R,)``.
    """

    graphs: DagBatch
    numbers: dict[Proposition, int]
    groups: Tensor
    rows: Tensor
    tallies: Tallies
    origin: Tensor

    @classmethod
    def none(cls, graphs: DagBatch) -> Evidence:
        """Nothing was answered yet: all graphs in one row."""
        device = graphs.device
        start = torch.zeros(len(graphs), dtype=torch.int64, device=device)
        rows = torch.zeros((1, 0), dtype=torch.bool, device=device)
        return cls(graphs, {}, start, rows, Tallies.of((), 0, device), start[:1])

    def add(self, answers: Iterable[Answer]) -> Evidence:
        """With more answers.

        Raises:
            UnknownVariable: an answer is about a variable the graphs do not have.
        """
        given = list(answers)
        numbers, groups, rows = dict(self.numbers), self.groups, self.rows
        origin = torch.arange(len(rows), device=rows.device)
        for question in dict.fromkeys(answer.question for answer in given):
            if question not in numbers:
                truth = question.holds(self.graphs)
                numbers[question] = len(numbers)
                key = groups * 2 + truth
                there = torch.zeros(2 * len(rows), dtype=torch.bool, device=rows.device)
                there[key] = True
                groups = (torch.cumsum(there, 0) - 1)[key]
                kept = there.nonzero().flatten()
                parent = kept // 2
                rows = torch.cat([rows[parent], (kept % 2 == 1)[:, None]], dim=1)
                origin = origin[parent]
        tallies = self.tallies.plus([(numbers[answer.question], answer) for answer in given], len(numbers))
        return Evidence(self.graphs, numbers, groups, rows, tallies, origin)

    def padded(self, tallies: Tallies) -> Tallies:
        """Earlier tallies with a zero for each question asked since."""
        return tallies.plus((), self.rows.shape[1])

    def columns(self, questions: Iterable[Proposition]) -> Tensor:
        """The column of each question, −1 for those that were not asked; shape ``(P,)``."""
        found = [self.numbers.get(question, -1) for question in questions]
        return torch.tensor(found, dtype=torch.int64, device=self.rows.device)

    def said(self, questions: Iterable[Proposition]) -> tuple[Tensor, Tensor]:
        """How often each question was answered yes, and no; two tensors of shape ``(P,)``."""
        where = self.columns(questions)
        nothing = torch.zeros(1, dtype=torch.int64, device=self.rows.device)
        return torch.cat([self.tallies.yes, nothing])[where], torch.cat([self.tallies.no, nothing])[where]
