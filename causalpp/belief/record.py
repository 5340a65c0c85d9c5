"""What was answered, question by question, and which hypotheses it does not tell apart."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeAlias, cast

import torch
from torch import Tensor

from causalpp._renamed import old_attribute
from causalpp.belief.table import TruthTable
from causalpp.graphs import DagBatch
from causalpp.oracles import Answer
from causalpp.propositions import Direction, Proposition, truth_table

__all__ = [
    "NEW_QUESTION", "Label", "Record", "Source", "Tallies", "counts_of", "levels_of", "rise_of", "signals_of",
    "true_of",
]  # fmt: skip

Label: TypeAlias = Hashable
"""The name of a group of answers: a kind of question, a wording, an oracle, or a tuple of such."""

_LEVELS = 7  # of a graded question, from −3 to 3; see :meth:`causalpp.propositions.Proposition.levels`

NEW_QUESTION = cast(Proposition, object())
"""Stands for a question that has not been asked, whatever it is about."""


class Source(NamedTuple):
    """Where an answer comes from, as far as a channel may care; what is None is taken from the last answer.

    Attributes:
        wording: the number of the wording.
        negated: whether the question is put the other way round.
        oracle: the fingerprint of who answers.
        call: the call that it belongs to; None for a call of its own.
    """

    wording: int | None = None
    negated: bool | None = None
    oracle: str | None = None
    call: str | None = None

    def answer(self, question: Proposition, tallies: Tallies, value: bool | None = None) -> Answer:
        """An answer that might come next from here."""
        last = tallies.answers[-1][1] if tallies.answers else Answer(question, None)
        bare = Answer(question, value, oracle=last.oracle, wording=last.wording, negated=last.negated)
        return replace(bare, **{name: given for name, given in self._asdict().items() if given is not None})


class Tallies(NamedTuple):
    """What was answered to each of Q distinct questions, every tensor of shape ``(Q,)``.

    Attributes:
        yes: how often yes.
        no: how often no.
        silent: how often nothing.
        odds: the sum of the log-odds of the answers that have them.
        with_odds: how many have them.
        answers: every answer in the order they came, with the number of its question, for channels that ask who
            answered, to what wording and in which call.
    """

    yes: Tensor
    no: Tensor
    silent: Tensor
    odds: Tensor
    with_odds: Tensor
    answers: tuple[tuple[int, Answer], ...] = ()

    @classmethod
    def of(cls, answers: Sequence[tuple[int, Answer]], questions: int, device: torch.device | None = None) -> Tallies:
        """The tallies of some answers, each with the number of its question, to so many questions."""
        nothing = torch.zeros(0, dtype=torch.int64, device=device)
        return cls(nothing, nothing, nothing, nothing.double(), nothing).plus(answers, questions)

    def plus(self, answers: Sequence[tuple[int, Answer]], questions: int) -> Tallies:
        """With more answers, and zeros for questions that are new."""
        new = questions - len(self.yes)
        counted = [torch.nn.functional.pad(old, (0, new)) if new else old.clone() for old in self[:5]]
        yes, no, silent, odds, with_odds = counted
        for number, answer in answers:
            (silent if answer.value is None else yes if answer.value else no)[number] += 1
            if answer.log_odds is not None and answer.value is not None:
                odds[number] += answer.log_odds
                with_odds[number] += 1
        return Tallies(yes, no, silent, odds, with_odds, (*self.answers, *answers))


@dataclass(frozen=True, eq=False)
class Record:
    """The answers so far, as tallies of distinct questions; immutable.

    Hypotheses in which all questions asked have the same true answers share one row: the answers cannot tell them
    apart, and what a channel computes for the R rows holds for all M hypotheses.  For a channel that reads levels, what
    is to be the same is more: the level of every question and the rise from its first variable to its second.

    Attributes:
        hypotheses: the M of them, as a rule graphs.
        numbers: question → its column.
        groups: the row of each hypothesis, shape ``(M,)``.
        levels: the true answers as whole numbers, ``int8`` of shape ``(R, Q)``, above 0 where the answer is yes; other
            numbers than 0 and 1 where rises are kept.
        tallies: what was answered to the Q questions; all wordings of a question are counted together.
        origin: the rows of the record before the last update that the rows came from, shape ``(R,)``.
        rises: ``int16`` of shape ``(R, Q)``; None for a channel that reads no levels.
    """

    hypotheses: DagBatch | TruthTable
    numbers: dict[Proposition, int]
    groups: Tensor
    levels: Tensor
    tallies: Tallies
    origin: Tensor
    rises: Tensor | None = None

    graphs = old_attribute("hypotheses")

    @classmethod
    def none(cls, hypotheses: DagBatch | TruthTable, *, graded: bool = False) -> Record:
        """Nothing was answered yet: all hypotheses in one row; ``graded`` for a channel that reads levels."""
        device = hypotheses.device
        start = torch.zeros(len(hypotheses), dtype=torch.int64, device=device)
        levels = torch.zeros((1, 0), dtype=torch.int8, device=device)
        rises = levels.to(torch.int16) if graded else None
        return cls(hypotheses, {}, start, levels, Tallies.of((), 0, device), start[:1], rises)

    @cached_property
    def rows(self) -> Tensor:
        """Whether the true answers are yes, booleans of shape ``(R, Q)``."""
        return self.levels.view(torch.bool) if self.rises is None else self.levels > 0

    @cached_property
    def signals(self) -> Tensor:
        """What a channel that reads levels is given, ``(R, Q, 2)``: levels, and rises over half the variables."""
        assert self.rises is not None
        return torch.stack([self.levels.double(), self.rises / _half(self.hypotheses)], -1)

    def add(self, answers: Iterable[Answer]) -> Record:
        """With more answers.

        Raises:
            UnknownVariable: an answer is about a variable the graphs do not have.
            InvalidProposition: an answer to a question that the table does not have.
        """
        given = list(answers)
        numbers, groups, levels, rises = dict(self.numbers), self.groups, self.levels, self.rises
        origin = torch.arange(len(levels), device=levels.device)
        for question in dict.fromkeys(answer.question for answer in given):
            if question not in numbers:
                numbers[question] = len(numbers)
                if rises is None:
                    groups, parent, new = _split(groups, true_of(question, self.hypotheses), len(levels))
                else:
                    level, rise = levels_of(question, self.hypotheses), rise_of(question, self.hypotheses)
                    low, many = int(rise.min()), int(rise.max() - rise.min()) + 1
                    code = (level + _LEVELS // 2) * many + rise - low
                    found, groups = torch.unique(groups * (many * _LEVELS) + code, return_inverse=True)
                    parent, code = found // (many * _LEVELS), found % (many * _LEVELS)
                    new = code // many - _LEVELS // 2
                    rises = torch.cat([rises[parent], (code % many + low)[:, None].to(torch.int16)], dim=1)
                levels = torch.cat([levels[parent], new[:, None].to(torch.int8)], dim=1)
                origin = origin[parent]
        tallies = self.tallies.plus([(numbers[answer.question], answer) for answer in given], len(numbers))
        return Record(self.hypotheses, numbers, groups, levels, tallies, origin, rises)

    def truth(self, questions: Sequence[Proposition]) -> Tensor:
        """The true answers to some questions in every hypothesis, booleans of shape ``(M, P)``."""
        if isinstance(self.hypotheses, DagBatch):
            return truth_table(questions, self.hypotheses)
        columns = [self.hypotheses.truth(question) for question in questions]
        return torch.stack(columns, 1) if columns else self.hypotheses.cells[:, :0]

    @property
    def counts(self) -> Tensor:
        """Four counts a row: yes and no where the question is true, then where it is false, ``(R, 4)``."""
        return counts_of(self.rows, self.tallies)

    def columns(self, questions: Iterable[Proposition]) -> Tensor:
        """The column of each question, −1 for those that were not asked; shape ``(P,)``."""
        found = [self.numbers.get(question, -1) for question in questions]
        return torch.tensor(found, dtype=torch.int64, device=self.levels.device)

    def said(self, questions: Iterable[Proposition]) -> tuple[Tensor, Tensor]:
        """How often each question was answered yes, and no; two tensors of shape ``(P,)``."""
        where = self.columns(questions)
        nothing = torch.zeros(1, dtype=torch.int64, device=self.levels.device)
        return torch.cat([self.tallies.yes, nothing])[where], torch.cat([self.tallies.no, nothing])[where]

    def states(self, questions: Iterable[Proposition]) -> tuple[Tensor, Tensor, Tensor]:
        """The S distinct pairs of how often yes and how often no, ``(S,)`` each, and the pair of each question."""
        said, state = torch.unique(torch.stack(self.said(questions)), dim=1, return_inverse=True)
        return said[0], said[1], state


def true_of(question: Proposition, hypotheses: DagBatch | TruthTable) -> Tensor:
    """In which hypotheses a question is true, booleans of shape ``(M,)``."""
    return hypotheses.truth(question) if isinstance(hypotheses, TruthTable) else question.holds(hypotheses)


def levels_of(question: Proposition, hypotheses: DagBatch | TruthTable) -> Tensor:
    """The level of a question in every hypothesis, whole numbers of shape ``(M,)``; in a table 1 for true, 0 else."""
    found = hypotheses.truth(question) if isinstance(hypotheses, TruthTable) else question.levels(hypotheses)
    return found.long()


def rise_of(question: Proposition, hypotheses: DagBatch | TruthTable) -> Tensor:
    """By how much the second variable of a direction stands higher than the first, ``(M,)``; 0 for other questions.

    A variable is the higher the more ancestors it has, and the fewer descendants; see :attr:`DagBatch.heights`.
    """
    if not isinstance(question, Direction) or isinstance(hypotheses, TruthTable):
        return torch.zeros(len(hypotheses), dtype=torch.int64, device=hypotheses.device)
    a, b = (hypotheses.position(name) for name in question.variables)
    return (hypotheses.heights[:, b] - hypotheses.heights[:, a]).long()


def signals_of(questions: Sequence[Proposition], hypotheses: DagBatch | TruthTable) -> Tensor:
    """What a channel that reads levels is given of some questions, for each of M hypotheses: ``(M, Q, 2)``."""
    if not questions or isinstance(hypotheses, TruthTable) or not all(type(q) is Direction for q in questions):
        each = [torch.stack([levels_of(q, hypotheses), rise_of(q, hypotheses)], -1) for q in questions]
        found = torch.stack(each, 1) if each else torch.zeros((len(hypotheses), 0, 2), device=hypotheses.device)
    else:  # all pairs at once
        a, b = torch.tensor([[hypotheses.position(name) for name in q.variables] for q in questions]).T
        one = hypotheses.adjacency
        two = (one.to(torch.float32) @ one.to(torch.float32)) > 0
        steps = torch.where(one, 1, torch.where(two, 2, torch.where(hypotheses.reach, _LEVELS // 2, 0)))
        rises = hypotheses.heights[:, b] - hypotheses.heights[:, a]
        found = torch.stack([steps[:, a, b] - steps[:, b, a], rises.to(steps.dtype)], -1)
    return found.double() / torch.tensor([1.0, _half(hypotheses)], dtype=torch.float64, device=hypotheses.device)


def _half(hypotheses: DagBatch | TruthTable) -> float:
    """Half the number of variables, by which rises are divided."""
    return len(hypotheses.nodes) / 2 if isinstance(hypotheses, DagBatch) else 1.0


def _split(groups: Tensor, truth: Tensor, rows: int) -> tuple[Tensor, Tensor, Tensor]:
    """Rows told apart by one more truth: the new row of each hypothesis, the old one of each new row, and its truth."""
    key = groups * 2 + truth
    there = torch.zeros(2 * rows, dtype=torch.bool, device=groups.device)
    there[key] = True
    kept = there.nonzero().flatten()
    return (torch.cumsum(there, 0) - 1)[key], kept // 2, kept % 2


def counts_of(rows: Tensor, tallies: Tallies) -> Tensor:
    """Four counts a row: yes and no where the proposition is true, then where it is false, ``(R, 4)``."""
    said = torch.stack([tallies.yes, tallies.no], dim=1).to(torch.float64)
    there = rows.to(torch.float64) @ said
    return torch.cat([there, said.sum(0) - there], dim=1)
