"""The probability of the answers in many graphs at once, for steps that are taken thousands of times.

A channel sees of a question only what was answered to it.  So most questions are interchangeable with others (those
with the same tallies, as a rule), and the likelihood of a graph depends only on how many of each sort are true in it:
few numbers, where there are many graphs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from causalpp.belief.channels.base import Channel
from causalpp.belief.huge._batches import Frame, PackedBatch
from causalpp.belief.huge._reversals import Walkers
from causalpp.belief.record import Record, signals_of
from causalpp.propositions import Causes, Direction, DirectlyCauses, Proposition

__all__ = ["Target", "Truths"]

_TABLE = 1 << 20  # numbers of true questions for which the likelihood is kept in a table


class Truths:
    """The true answers to some questions in every walker; those about paths and edges are read off its sets.

    Args:
        questions: Q of them.
        frame: where the walkers stand.
    """

    def __init__(self, questions: Sequence[Proposition], frame: Frame) -> None:
        self.questions, self.frame = list(questions), frame
        self.known: list[tuple[int, bool]] = []  # the same in all members
        self.rest: list[int] = []
        read: dict[tuple[bool, bool], list[tuple[int, int, Tensor]]] = {}
        for column, question in enumerate(self.questions):
            if type(question) not in (Causes, Direction, DirectlyCauses):
                self.rest.append(column)
                continue
            paths = type(question) is not DirectlyCauses
            a, b = (frame.index[name] for name in question.variables)
            if frame.inside(a, b):
                row, member = (a, b) if paths else (b, a)
                found = frame.place[row], frame.bits[frame.place[member]]
                read.setdefault((paths, False), []).append((column, *found))
            elif paths and a in frame.place:
                read.setdefault((True, True), []).append((column, frame.place[a], frame.way_out(a, b)))
            else:
                relation = frame.shared.reach if paths else frame.shared.adjacency
                self.known.append((column, bool(relation[a, b])))
        self.read = [
            (*kind, torch.tensor([c for c, _, _ in some]), torch.tensor([r for _, r, _ in some]),
             torch.stack([mask for _, _, mask in some]))
            for kind, some in read.items()
        ]  # fmt: skip

    def of(self, walkers: Walkers) -> Tensor:
        """Booleans of shape ``(N, Q)``."""
        out = torch.zeros((len(walkers), len(self.questions)), dtype=torch.bool, device=walkers.tail.device)
        for paths, onward, columns, row, mask in self.read:
            sets = walkers.below if paths else walkers.parents
            here = torch.zeros((len(walkers), len(columns)), dtype=torch.bool, device=out.device)
            for word in range(mask.shape[1]):
                some = mask[:, word].nonzero().flatten()
                if not len(some):
                    continue
                own = self.frame.bits[row[some], word] if onward else sets.new_zeros(1)
                here[:, some] |= ((sets[:, row[some], word] | own) & mask[some, word]) != 0
            out[:, columns] = here
        for column, value in self.known:
            out[:, column] = value
        if self.rest:
            batch = PackedBatch(self.frame, walkers)
            for k in self.rest:
                out[:, k] = self.questions[k].holds(batch)
        return out


class Target:
    """The log of P(answers | graph) of every walker, −∞ where a condition fails.

    Args:
        channel: the noise model.
        record: the answers.
        frame: where the walkers stand.
        conditions: statements that hold in every member.
    """

    def __init__(
        self,
        channel: Channel,
        record: Record,
        frame: Frame,
        conditions: Sequence[Proposition] = (),
    ) -> None:
        self.channel, self.tallies, self.frame = channel, record.tallies, frame
        self.numbers = list(record.numbers)
        self.truths = Truths([*record.numbers, *conditions], frame)
        self.asked = len(record.numbers)
        pattern = channel.interchangeable(record.tallies)
        counts = torch.bincount(pattern)
        radix = torch.cumprod(torch.cat([torch.ones(1), counts + 1.0]).double(), 0)
        self.cells = float(radix[-1])
        self.radix = radix[:-1].to(pattern.device)[pattern]
        self.known = torch.full((int(self.cells),), torch.nan, dtype=torch.float64) if self.cells <= _TABLE else None
        self.pattern = torch.nn.functional.one_hot(pattern, len(counts)).double()

    def __call__(self, walkers: Walkers) -> Tensor:
        """Shape ``(N,)``."""
        truth = self.truths.of(walkers)
        rows, conditions = truth[:, : self.asked], truth[:, self.asked :]
        out = self._of_signals(walkers) if self.channel.reads_levels else self._of(rows)
        return out if not conditions.shape[1] else out.masked_fill(~conditions.all(1), -torch.inf)

    def _of(self, rows: Tensor) -> Tensor:
        if self.known is None:
            keys, which = torch.unique(rows.double() @ self.pattern, dim=0, return_inverse=True)
            return self._computed(rows, which, len(keys))[which]
        keys = (rows.double() @ self.radix).long()
        self.known = self.known.to(keys.device)
        missing = self.known[keys].isnan().nonzero().flatten()
        if len(missing):
            new, which = torch.unique(keys[missing], return_inverse=True)
            self.known[new] = self._computed(rows[missing], which, len(new))
        return self.known[keys]

    def _of_signals(self, walkers: Walkers) -> Tensor:
        """For a channel that reads more of a question than its truth."""
        signals = signals_of(self.numbers, PackedBatch(self.frame, walkers))
        distinct, which = torch.unique(signals, dim=0, return_inverse=True)
        return self.channel.log_likelihood(self.channel.init(distinct, self.tallies))[which]

    def _computed(self, rows: Tensor, which: Tensor, count: int) -> Tensor:
        """The log likelihood of one row of each of so many groups."""
        example = torch.zeros(count, dtype=torch.int64, device=rows.device)
        example[which] = torch.arange(len(rows), device=rows.device)
        return self.channel.log_likelihood(self.channel.init(rows[example], self.tallies))
