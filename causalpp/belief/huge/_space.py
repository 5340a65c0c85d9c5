"""What particles walk through, each with its law before any answer: the members of a class, or all Dags given data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from causalpp.belief.huge._batches import Frame, PackedBatch, Shared
from causalpp.belief.huge._reversals import Walkers, below, climbed, reversed_once
from causalpp.equivalence import MarkovEquivalenceClass, Mpdag
from causalpp.equivalence.restricted import RestrictedClass
from causalpp.errors import TooLarge
from causalpp.posterior import DagPosterior, Exact, Sums
from causalpp.propositions import Proposition

__all__ = ["AnyDag", "Members", "Space"]


class Space(Protocol):
    """Graphs, with their probabilities before any answer.

    Attributes:
        frame: where the walkers stand.
        size: how many graphs there are; None where that is not known.
        conditions: statements that hold in every graph, and that steps may leave.
    """

    frame: Frame
    size: int | None
    conditions: Sequence[Proposition]

    def drawn(self, count: int, seed: int) -> Walkers:
        """Graphs drawn by their probabilities."""

    def log_prior(self, walkers: Walkers) -> Tensor | None:
        """The logarithm of the probability of each graph, shape ``(N,)``; None where it is not known."""

    def decide(self, statement: Proposition) -> bool | None:
        """Whether a statement is true in all graphs, or (False) in none; None if they differ, or are too many."""

    def steps(self, walkers: Walkers) -> int:
        """How many proposals make a block."""

    def propose(self, now: Walkers, number: int, length: int, draw: torch.Generator) -> tuple[Walkers, Tensor]:
        """Another graph for each, and the log of q(back) P(there) / (q(there) P(here)), answers apart.

        Args:
            now: the graphs.
            number: of the step.
            length: of a step that is made of several.
            draw: for all that is drawn.
        """

    @property
    def confidence(self) -> float:
        """The probability of the most probable graph; 0 where it is not known."""

    @property
    def named(self) -> str:
        """What it is, in words."""


class Members:
    """The members of one class, all equally probable."""

    def __init__(self, mec: MarkovEquivalenceClass) -> None:
        self.mec, self.frame = mec, _frame(mec)
        narrow = isinstance(mec, RestrictedClass)
        self.conditions: Sequence[Proposition] = mec.conditions if isinstance(mec, RestrictedClass) else ()
        self.size = None if narrow else mec.size

    def drawn(self, count: int, seed: int) -> Walkers:
        """Members drawn uniformly, as far as they differ."""
        mec, rows, home = self.mec, self.frame.rows, self.frame.shared.home
        here = mec.cpdag.matrix[np.ix_(rows.numpy(), rows.numpy())]
        if len(rows) < len(mec.nodes):
            here &= (home[rows, None] == home[None, rows]).numpy()
            mec = MarkovEquivalenceClass(Mpdag.trusted(tuple(mec.nodes[row] for row in rows.tolist()), here))
        known = bool((here & ~here.T).any())  # every covered edge that is open may be reversed, and no other
        free = torch.from_numpy(here & here.T) if known else None
        return Walkers.of(mec.sample(count, seed=seed).adjacency, free)

    def log_prior(self, walkers: Walkers) -> Tensor | None:
        """The same for all."""
        return None if self.size is None else torch.full((len(walkers),), -math.log(self.size), dtype=torch.float64)

    def decide(self, statement: Proposition) -> bool | None:
        """See :class:`Space`."""
        try:
            return {"entailed": True, "excluded": False}.get(self.mec.decide(statement).kind)
        except TooLarge:
            return None

    def steps(self, walkers: Walkers) -> int:
        """A third as many as there are variables."""
        return -(-walkers.tail.shape[1] // 3)

    def propose(self, now: Walkers, number: int, length: int, draw: torch.Generator) -> tuple[Walkers, Tensor]:
        """Reverse one covered edge, or take one variable up or down by several reversals."""
        return climbed(now, length, draw) if number % 2 else reversed_once(now, draw)

    @property
    def confidence(self) -> float:
        """One in so many as there are."""
        return 1 / self.size if self.size else 0.0

    @property
    def named(self) -> str:
        """Its size."""
        return "a narrowed class" if self.size is None else f"a class of {self.size:,}"


class AnyDag:
    """All Dags over some variables, as probable as data make them.

    A step draws a pair of variables, and whether it is joined, and how, anew from what the data say of it given all
    other edges: this is reversible with respect to the data's posterior, and what is left to weigh is the answers.
    """

    size: int | None = None
    conditions: Sequence[Proposition] = ()

    def __init__(self, posterior: DagPosterior) -> None:
        self.posterior = posterior
        d = len(posterior.nodes)
        self.frame = Frame(Shared.nothing(posterior.nodes), torch.arange(d))

    @property
    def even(self) -> DagPosterior:
        """All graphs that have a probability, all equally probable."""
        flat = Sums(np.where(self._weights.numpy() > -np.inf, 0.0, -np.inf))
        return DagPosterior(self.posterior.nodes, Exact(self.posterior.nodes, flat, flat.log_total))

    @cached_property
    def _weights(self) -> Tensor:
        """The logarithm of the weight of each family, ``(d, 2^d)``."""
        assert isinstance(self.posterior.inference, Exact)  # for the type checker: particles start from no other
        return torch.from_numpy(self.posterior.inference.sums.weights)

    def drawn(self, count: int, seed: int) -> Walkers:
        """Independent draws from the posterior."""
        return Walkers.standing(self.posterior.sample(count, seed).adjacency)

    def log_prior(self, walkers: Walkers) -> Tensor | None:
        """What the data say of each."""
        return torch.from_numpy(self.posterior.inference.log_probability(PackedBatch(self.frame, walkers)))

    def decide(self, statement: Proposition) -> bool | None:
        """Nothing is certain from data."""
        del statement
        return None

    def steps(self, walkers: Walkers) -> int:
        """A third as many as there are pairs."""
        d = walkers.parents.shape[1]
        return -(-d * (d - 1) // 6)

    def propose(self, now: Walkers, number: int, length: int, draw: torch.Generator) -> tuple[Walkers, Tensor]:
        """Draw one pair's edge anew, given all others."""
        del number, length
        n, d = now.parents.shape[:2]
        at = torch.arange(n)
        u = torch.randint(d, (n,), generator=draw)
        v = (u + torch.randint(1, d, (n,), generator=draw)) % d
        parents, lower = now.parents[:, :, 0].long(), now.below[:, :, 0].long()
        bit_u, bit_v = 1 << u, 1 << v
        of_u, of_v = parents[at, u] & ~bit_v, parents[at, v] & ~bit_u
        weights = self._weights
        alone = weights[u, of_u], weights[v, of_v]
        log = torch.stack(
            [
                alone[0] + alone[1],
                (alone[0] + weights[v, of_v | bit_u]).masked_fill(_leads(parents, lower, v, u), -torch.inf),
                (weights[u, of_u | bit_v] + alone[1]).masked_fill(_leads(parents, lower, u, v), -torch.inf),
            ],
            1,
        )
        ends = torch.softmax(log, 1).cumsum(1)
        drawn = torch.rand((n, 1), generator=draw, dtype=torch.float64) * ends[:, -1:]
        state = (ends <= drawn).sum(1).clamp(max=2)
        parents[at, u] = of_u | bit_v * (state == 2)
        parents[at, v] = of_v | bit_u * (state == 1)
        packed = parents.to(now.parents.dtype)[:, :, None]
        return Walkers(packed, below(packed, now.bits), now.tail, None, now.bits), torch.zeros(n, dtype=torch.float64)

    @cached_property
    def confidence(self) -> float:
        """What the data say of the graph they make most probable."""
        return self.posterior.top(1)[0][1]

    @property
    def named(self) -> str:
        """What the data leave open."""
        return f"all Dags over {len(self.posterior.nodes)} variables given data"


def _leads(parents: Tensor, lower: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """In which graphs a path other than the edge leads from one variable to another, booleans of shape ``(N,)``."""
    child = (parents >> start[:, None] & 1).bool()
    child[torch.arange(len(child)), end] = False
    return (child & (lower >> end[:, None] & 1).bool()).any(1)


def _frame(mec: MarkovEquivalenceClass) -> Frame:
    """The variables with an open edge, where the paths between these follow from the class; else all of them."""
    shared = None if isinstance(mec, RestrictedClass) else Shared.of(mec)
    rows = sorted(row for rows in mec.cpdag.chain_components for row in rows)
    if shared is None or not rows:
        return Frame(Shared.nothing(mec.nodes), torch.arange(len(mec.nodes)))
    return Frame(shared, torch.tensor(rows))
