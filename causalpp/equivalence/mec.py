"""The Markov equivalence class: every graph that observation alone cannot tell apart."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from causalpp.equivalence._chordal import all_orientations, orientations
from causalpp.equivalence.cpdag import Cpdag, Matrix, close_under_meek, components
from causalpp.errors import InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.propositions import Proposition

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["MarkovEquivalenceClass"]

_LIMIT = 100_000


@dataclass(frozen=True)
class MarkovEquivalenceClass:
    """The set of all Dags with the same independencies: same skeleton, same unshielded colliders.

    Attributes:
        cpdag: the graph that stands for the class.
        learned: how the class was obtained from data (method, rows, test, …), empty otherwise.

    Example:
        >>> mec = MarkovEquivalenceClass.from_dag(Dag.from_edges([("smoke", "tar"), ("tar", "cancer")]))
        >>> mec.size, [repr(dag) for dag in mec.members(limit=1)]
        (3, ["Dag('tar → smoke, cancer → tar')"])
        >>> from causalpp import Causes
        >>> mec.entails(Causes("smoke", "cancer")), mec.probability(Causes("smoke", "cancer"))
        (False, 0.333...)
    """

    cpdag: Cpdag
    learned: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def from_dag(cls, dag: Dag) -> MarkovEquivalenceClass:
        """The class of a Dag without latent variables."""
        return cls(Cpdag.from_dag(dag))

    @classmethod
    def from_data(cls, frame: pd.DataFrame, method: str = "pc", *, alpha: float = 0.01) -> MarkovEquivalenceClass:
        """The class learned from a data frame; see :func:`causalpp.equivalence.discovery.learn`.

        Args:
            frame: one column a variable, one row an observation; all columns discrete or all continuous.
            method: ``"pc"`` (independence tests, needs faithfulness) or ``"ges"`` (score-based search).
            alpha: significance level of PC's tests.

        Raises:
            InvalidData: the frame cannot be used, or what was learned has no acyclic member.
        """
        from causalpp.equivalence.discovery import learn

        cpdag, how = learn(frame, method, alpha=alpha)
        return cls(cpdag, how)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The variables."""
        return self.cpdag.nodes

    def __repr__(self) -> str:
        return f"MarkovEquivalenceClass({self.size:,} graphs: {repr(self.cpdag)[7:-2]!r})"

    def _repr_html_(self) -> str:
        return self.cpdag._repr_html_()

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the CPDAG; see :meth:`Cpdag.plot`."""
        return self.cpdag.plot(ax, **options)

    @cached_property
    def size(self) -> int:
        """The exact number of members (Wienöbst, Bannach & Liśkiewicz, JMLR 24, 2023), without listing them."""
        return math.prod(_count(self._local(rows)) for rows in self.cpdag.chain_components)

    def _local(self, rows: Sequence[int]) -> Matrix:
        """The undirected edges within one chain component."""
        part = self.cpdag.matrix[np.ix_(rows, rows)]
        return part & part.T

    # --- members --------------------------------------------------------------------------------------

    def members(self, limit: int | None = None) -> Iterator[Dag]:
        """The members one by one, at most ``limit`` of them; the order is fixed."""
        return (Dag.from_adjacency(matrix, self.nodes) for matrix in itertools.islice(self._matrices(), limit))

    def _matrices(self) -> Iterator[Matrix]:
        """The members' adjacency, the first component varying slowest; nothing is listed ahead of need."""
        parts = self.cpdag.chain_components

        def directed(matrix: Matrix, number: int) -> Iterator[Matrix]:
            if number == len(parts):
                yield matrix
                return
            block = np.ix_(parts[number], parts[number])
            for local in orientations(self._local(parts[number])):
                matrix[block] = local
                yield from directed(matrix, number + 1)

        return directed(self.cpdag.matrix.copy(), 0)

    def batch(self, limit: int = _LIMIT, *, sample: bool = False, seed: int = 0) -> DagBatch:
        """All members as one batch.

        Args:
            limit: the largest class to list.
            sample: for a larger class, draw ``limit`` members uniformly instead of refusing.
            seed: of that draw.

        Raises:
            TooLarge: the class has more than ``limit`` members and ``sample`` is False.
        """
        if self.size > limit:
            if sample:
                return self.sample(limit, seed=seed)
            raise TooLarge(
                f"the class has {self.size:,} members, more than the limit of {limit:,}: "
                "raise limit=, or pass sample=True for a uniform sample"
            )
        stack = np.repeat(self.cpdag.matrix[None], self.size, axis=0)
        repeat = self.size
        for rows in self.cpdag.chain_components:  # the product over components, the first one varying slowest
            local = all_orientations(self._local(rows))
            repeat //= len(local)
            number = np.arange(self.size) // repeat % len(local)
            stack[np.ix_(np.arange(self.size), np.array(rows), np.array(rows))] &= local[number]
        return DagBatch._trusted(self.nodes, torch.from_numpy(stack))

    def sample(self, n: int, seed: int = 0) -> DagBatch:
        """``n`` members drawn uniformly and independently; the same seed gives the same members on any machine.

        A root of each chain component is drawn by the exact number of members that have it, and so on in
        what is left undirected (He, Jia & Yu, JMLR 16, 2015).
        """
        if n < 0:
            raise InvalidParameter(f"a sample of {n} graphs")
        draw = random.Random(seed)
        known: dict[bytes, _Sampler] = {}
        stack = np.repeat(self.cpdag.matrix[None], n, axis=0)
        for rows in self.cpdag.chain_components:
            sampler = _Sampler.of(self._local(rows), known)
            place = np.array(rows)
            for k in range(n):
                stack[k][np.ix_(place, place)] &= sampler.draw(draw)
        return DagBatch._trusted(self.nodes, torch.from_numpy(stack))

    # --- what the class says --------------------------------------------------------------------------

    def probability(self, proposition: Proposition) -> float:
        """The share of members in which a proposition holds.

        Raises:
            TooLarge: the class has more than 100,000 members.
            UnknownVariable: the proposition names a variable the class does not have.
        """
        return int(proposition.holds(self._all).sum()) / self.size

    def entails(self, proposition: Proposition) -> bool:
        """Whether a proposition holds in every member."""
        return bool(proposition.holds(self._all).all())

    def excludes(self, proposition: Proposition) -> bool:
        """Whether a proposition holds in no member."""
        return not bool(proposition.holds(self._all).any())

    @cached_property
    def _all(self) -> DagBatch:
        return self.batch()


def _count(undirected: Matrix) -> int:
    """The number of members of one chain component, by cliquepicking."""
    import cliquepicking

    return int(cliquepicking.mec_size([(int(i), int(j)) for i, j in np.argwhere(undirected)]))


class _Sampler:
    """Uniform orientations of one connected undirected chordal graph, from exact counts."""

    _FEW = 20_000  # orientations that are simply listed

    def __init__(self, undirected: Matrix, known: dict[bytes, _Sampler]) -> None:
        self.known = known
        self.total = _count(undirected)
        self.listed = all_orientations(undirected) if self.total <= self._FEW else None
        # For each possible root: how many orientations have it or an earlier one, what it directs, what it leaves.
        self.roots: list[tuple[int, Matrix, list[tuple[tuple[int, ...], _Sampler]]]] = []
        self.undirected = undirected

    @classmethod
    def of(cls, undirected: Matrix, known: dict[bytes, _Sampler]) -> _Sampler:
        """The sampler of this very graph, made once: what one root leaves, another often leaves too."""
        key = undirected.tobytes()  # d² bytes, so the length tells d
        if key not in known:
            known[key] = cls(undirected, known)
        return known[key]

    def draw(self, ticket: random.Random) -> Matrix:
        if self.listed is not None:
            listed: Matrix = self.listed[ticket.randrange(self.total)]
            return listed
        if not self.roots:
            self._prepare()
        number = ticket.randrange(self.total)
        _, directed, parts = next(entry for entry in self.roots if number < entry[0])
        out = directed.copy()
        for rows, sampler in parts:
            out[np.ix_(rows, rows)] &= sampler.draw(ticket)
        return out

    def _prepare(self) -> None:
        bound = 0
        for root in range(len(self.undirected)):
            matrix = self.undirected.copy()
            matrix[:, root] = False
            matrix = close_under_meek(matrix)
            left = matrix & matrix.T
            parts = [(rows, _Sampler.of(left[np.ix_(rows, rows)], self.known)) for rows in components(left)]
            bound += math.prod(sampler.total for _, sampler in parts)
            self.roots.append((bound, matrix, parts))
