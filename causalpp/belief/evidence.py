"""What was answered, question by question, and which graphs it does not tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from causalpp.belief.channels import Tallies
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
        return cls(graphs, {}, start, rows, _empty(0, device), start[:1])

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
        return Evidence(self.graphs, numbers, groups, rows, self._tallied(given, numbers), origin)

    def padded(self, tallies: Tallies) -> Tallies:
        """Earlier tallies with a zero for each question asked since."""
        more = _empty(self.rows.shape[1] - len(tallies.yes), self.rows.device)
        return Tallies(*(torch.cat(pair) for pair in zip(tallies, more, strict=True)))

    def _tallied(self, given: list[Answer], numbers: dict[Proposition, int]) -> Tallies:
        device = self.rows.device
        more = _empty(len(numbers) - len(self.numbers), device)
        out = Tallies(*(torch.cat(pair) for pair in zip(self.tallies, more, strict=True)))
        if given:
            where = torch.tensor([numbers[answer.question] for answer in given], device=device)
            for field, value in ((out.yes, True), (out.no, False), (out.silent, None)):
                said = torch.tensor([int(answer.value is value) for answer in given], device=device)
                field.index_add_(0, where, said)
            known = [(numbers[a.question], a.log_odds) for a in given if a.log_odds is not None and a.value is not None]
            for column, odds in known:
                out.odds[column] += odds
                out.with_odds[column] += 1
        return out

    def said(self, questions: Iterable[Proposition]) -> tuple[Tensor, Tensor]:
        """How often each question was answered yes, and no; two tensors of shape ``(Q,)``."""
        columns = [self.numbers.get(question, -1) for question in questions]
        where = torch.tensor(columns, dtype=torch.int64, device=self.rows.device)
        nothing = torch.zeros(1, dtype=torch.int64, device=self.rows.device)
        return torch.cat([self.tallies.yes, nothing])[where], torch.cat([self.tallies.no, nothing])[where]


def _empty(count: int, device: torch.device) -> Tallies:
    whole = [torch.zeros(count, dtype=torch.int64, device=device) for _ in range(4)]
    odds = torch.zeros(count, dtype=torch.float64, device=device)
    return Tallies(whole[0], whole[1], whole[2], odds, whole[3])
