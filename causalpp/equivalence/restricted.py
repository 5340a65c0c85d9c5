"""A class narrowed by statements that edges alone cannot express, such as "X is not a cause of Y"."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.statements.entailment import Entailment
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.propositions import And, Proposition

__all__ = ["RestrictedClass"]

_TRIED = 1_000_000  # members of the whole class that are gone through, or drawn, at most


@dataclass(frozen=True)
class RestrictedClass(MarkovEquivalenceClass):
    """The members of a class in which some statements hold; made by :meth:`MarkovEquivalenceClass.given`.

    What it entails is decided exactly at any size.  Counting is #P-hard: up to a million members of the whole class
    are gone through one by one, and beyond that :meth:`estimate_size` draws.

    Attributes:
        conditions: the statements that hold in every member.

    Example:
        >>> from causalpp import Causes
        >>> chain = MarkovEquivalenceClass.from_dag(Dag.from_edges([("a", "b"), ("b", "c"), ("c", "d")]))
        >>> narrowed = chain.given(Causes("a", "c"), False)
        >>> narrowed.size, narrowed.entails(Causes("a", "d")), narrowed.excludes(Causes("a", "d"))
        (3, False, True)
    """

    conditions: tuple[Proposition, ...] = ()

    def __repr__(self) -> str:
        said = " and ".join(f"({condition.sentence()})" for condition in self.conditions)
        return f"RestrictedClass({self._whole!r}, given {said})"

    def given(self, proposition: Proposition, value: bool = True) -> RestrictedClass:
        return RestrictedClass(self.cpdag, self.learned, (*self.conditions, proposition if value else ~proposition))

    def __post_init__(self) -> None:
        _ = self._entailment  # statements that exclude each other are refused here

    @cached_property
    def _whole(self) -> MarkovEquivalenceClass:
        return MarkovEquivalenceClass(self.cpdag, self.learned)

    @cached_property
    def _entailment(self) -> Entailment:
        return Entailment(self.cpdag, given=self.conditions)

    @cached_property
    def size(self) -> int:
        """The exact number of members.

        Raises:
            TooLarge: the whole class has more than a million members; see :meth:`estimate_size`.
        """
        if self._whole.size > _TRIED:
            raise TooLarge(
                f"the whole class has {self._whole.size:,} members, too many to go through: "
                "estimate_size() draws, and decide() and members() need no count"
            )
        return len(self._fitting)

    @cached_property
    def _fitting(self) -> DagBatch:
        whole = self._whole.batch(_TRIED)
        return whole[And(*self.conditions).holds(whole)]

    def estimate_size(self, n: int = 10_000, seed: int = 0) -> tuple[float, float]:
        """An estimate of the number of members, and its standard error, from ``n`` uniform draws of the whole class."""
        if n < 2:
            raise InvalidParameter(f"an estimate needs at least 2 draws, got {n}")
        share = float(And(*self.conditions).holds(self._whole.sample(n, seed)).double().mean())
        return self._whole.size * share, self._whole.size * math.sqrt(share * (1 - share) / (n - 1))

    def members(self, limit: int | None = None) -> Iterator[Dag]:
        """The members one by one, at most ``limit`` of them; found by the solver, so no count is needed."""
        return self._entailment.members(limit)

    def batch(self, limit: int = 100_000, *, sample: bool = False, seed: int = 0) -> DagBatch:
        """All members as one batch; see :meth:`MarkovEquivalenceClass.batch`.

        Raises:
            TooLarge: more than ``limit`` members, and ``sample`` is False.
        """
        if self._whole.size <= _TRIED:
            found = self._fitting
        else:
            found = DagBatch.from_dags(itertools.islice(self.members(), limit + 1), nodes=self.nodes)
        if len(found) <= limit:
            return found
        if sample:
            return self.sample(limit, seed)
        raise TooLarge(
            f"more than the limit of {limit:,} members: raise limit=, or pass sample=True for a uniform sample"
        )

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` members drawn uniformly and independently.

        From a class too large to go through, members of the whole class are drawn until ``n`` fit.

        Raises:
            TooLarge: fewer than ``n`` of a million draws fit.
        """
        if n < 0:
            raise InvalidParameter(f"a sample of {n} graphs")
        if self._whole.size <= _TRIED:
            number = torch.randint(len(self._fitting), (n,), generator=torch.Generator().manual_seed(seed))
            return self._fitting[number]
        parts: list[Any] = []
        found = tried = 0
        while found < n:
            if tried >= _TRIED:
                raise TooLarge(f"only {found:,} of {tried:,} uniform draws satisfy the statements")
            drawn = self._whole.sample(max(1_000, n), seed=seed + tried)
            tried += len(drawn)
            parts.append(drawn[And(*self.conditions).holds(drawn)].adjacency)
            found += len(parts[-1])
        rows = torch.cat(parts)[:n] if parts else self._whole.sample(0).adjacency
        return DagBatch.trusted(self.nodes, rows)

    def probability(self, proposition: Proposition) -> float:
        """The share of members in which a proposition holds, exactly.

        Raises:
            TooLarge: the whole class has more than a million members.
        """
        count = self.size
        return int(proposition.holds(self._fitting).sum()) / count

    def __getstate__(self) -> dict[str, Any]:
        return {"cpdag": self.cpdag, "learned": self.learned, "conditions": self.conditions}
