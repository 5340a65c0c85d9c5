"""What every score of a variable given its parents has in common: names, masks, memory, rows that do not count."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from causalpp._bits import bits, mask_of
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.scores.table import Data, Floats, Table

__all__ = ["EquivalentScore", "LocalScore"]

Rows = NDArray[np.intp]
#: For each row who was set in it: a name, several, or None.
Interventions = Iterable[str | Iterable[str] | None]


def who_was_set(interventions: Interventions, names: Sequence[str], rows: int) -> NDArray[np.bool_]:
    """Which columns were set in each row, shape ``(rows, columns)``; see :class:`LocalScore`.

    Raises:
        InvalidData: not as many interventions as rows.
        InvalidParameter: what is no list.
        UnknownVariable: an intervention on what is no column.
    """
    import pandas as pd

    if isinstance(interventions, str) or not isinstance(interventions, Iterable):
        raise InvalidParameter(
            f"interventions are a list: for each row a name, several, or None; got {interventions!r}"
        )
    listed = [  # where nobody was set, a pandas column has NaN or NA
        tuple(one) if isinstance(one, Iterable) and not isinstance(one, str) else () if pd.isna(one) else (one,)
        for one in interventions
    ]
    if len(listed) != rows:
        raise InvalidData(f"there are {rows:,} rows, and interventions say who was set in {len(listed):,}")
    place, hit = {name: k for k, name in enumerate(names)}, np.zeros((rows, len(names)), dtype=bool)
    for row, several in enumerate(listed):
        for name in several:
            if name not in place:
                raise UnknownVariable(name, names, what=" among those that were set")
            hit[row, place[name]] = True
    return hit


class LocalScore(ABC):
    """How well a variable is explained by others: higher is better, and a graph's score is the sum over its variables.

    It is the logarithm of a likelihood (integrated over parameters, or maximised and penalised) and nothing else: what
    is thought of graphs before the data is a :class:`~causalpp.scores.StructurePrior`, and apart.

    Variables are named, or numbered in the order of the columns; sets of numbered ones are masks, bit k for column k.
    Every family is scored once.

    Args:
        data: columns, or a frame of which they are read; nothing may be missing.
        interventions: for each row who was set in it: a name, several, or None.  Such a row does not enter the score of
            the variable that was set, only those of others (perfect interventions: Cooper & Yoo, UAI 1999).

    Raises:
        InvalidData: a missing value, no columns, or such as the score is not for; not as many interventions as rows.
        UnknownVariable: an intervention on what is no column.
    """

    name = ""
    rows: int

    def __init__(self, data: Data, *, interventions: Interventions | None = None) -> None:
        self.table = Table.of(data)
        self.names, self.d = self.table.names, len(self.table.names)
        if self.table.missing.any():
            gone = self.names[int(self.table.missing.any(0).argmax())]
            raise InvalidData(f"column {gone!r} has missing values: a score needs complete rows, so drop or fill those")
        self._place = {name: k for k, name in enumerate(self.names)}
        self._free: dict[int, LocalScore] = {}
        self._among(None)
        for v, rows in self._set_apart(interventions):
            part = copy.copy(self)
            part._free = {}
            part._among(rows)
            self._free[v] = part

    def _among(self, rows: Rows | None) -> None:
        """Begin anew with some rows, or all."""
        self.rows = len(self.table.values) if rows is None else len(rows)
        self._known: list[dict[int, float]] = [{} for _ in range(self.d)]
        self._gains: list[dict[int, Floats]] = [{} for _ in range(self.d)]
        self._prepare(rows)

    def _set_apart(self, interventions: Interventions | None) -> Iterator[tuple[int, Rows]]:
        """The variables that were set, and the rows in which each was not."""
        if interventions is not None:
            hit = who_was_set(interventions, self.names, self.rows)
            for v in np.flatnonzero(hit.any(0)).tolist():
                yield v, np.flatnonzero(~hit[:, v])

    @abstractmethod
    def _prepare(self, rows: Rows | None) -> None:
        """Whatever the scores of all families need, of some rows or all."""

    @abstractmethod
    def _families(self, target: int, parents: Sequence[int]) -> Floats:
        """The scores of a column given each of several masks, of the rows that were prepared."""

    @property
    def set_somewhere(self) -> tuple[int, ...]:
        """The columns that were set in some row."""
        return tuple(self._free)

    def part(self, target: int) -> LocalScore:
        """The score of a column: of the rows in which it was not set."""
        return self._free.get(target, self)

    # --- by name --------------------------------------------------------------------------------------

    def place(self, name: str) -> int:
        """The number of a variable.

        Raises:
            UnknownVariable: there is none of this name.
        """
        if name not in self._place:
            raise UnknownVariable(name, self.names)
        return self._place[name]

    def local(self, variable: str, parents: str | Iterable[str] = ()) -> float:
        """The score of a variable given its parents.

        Raises:
            UnknownVariable: a name that is no column.
            InvalidParameter: the variable is among its own parents.
        """
        target = self.place(variable)
        mask = mask_of(self.place(name) for name in ([parents] if isinstance(parents, str) else parents))
        if mask >> target & 1:
            raise InvalidParameter(f"{variable!r} is no parent of itself")
        return self.of(target, mask)

    # --- by number ------------------------------------------------------------------------------------

    def local_many(self, targets: Iterable[int], parents: Iterable[int]) -> Floats:
        """The scores of F families: column numbers, and as many masks of parents; shape ``(F,)``."""
        wanted = [(int(v), int(mask)) for v, mask in zip(targets, parents, strict=True)]
        missing: dict[int, list[int]] = {}
        for v, mask in dict.fromkeys(wanted):
            if mask not in self._known[v]:
                missing.setdefault(v, []).append(mask)
        for v, masks in missing.items():
            self._known[v].update(zip(masks, self._scored(v, masks).tolist(), strict=True))
        return np.array([self._known[v][mask] for v, mask in wanted], dtype=float)

    def of(self, target: int, parents: int) -> float:
        """The score of a column given a mask of others."""
        known = self._known[target]
        if parents not in known:
            part = self.part(target)
            known[parents] = part._family(target, parents) if part.rows else 0.0
        return known[parents]

    def gains(self, target: int, parents: int) -> Floats:
        """How much the score of a column rises with each further parent, shape ``(d,)``; −inf for those it has."""
        known = self._gains[target]
        if parents not in known:
            part = self.part(target)
            others = bits(parents | 1 << target)
            if part.rows:
                known[parents] = part._gains_of(target, parents, others)
            else:
                known[parents] = np.zeros(self.d)
                known[parents][others] = -np.inf
        return known[parents]

    def _family(self, target: int, parents: int) -> float:
        """The score of a column given one mask, of the rows that were prepared."""
        return float(self._families(target, [parents])[0])

    def _gains_of(self, target: int, parents: int, others: Sequence[int]) -> Floats:
        """What each further parent adds, of the rows that were prepared; −inf for the others, which are none."""
        new = [k for k in range(self.d) if k not in others]
        out = np.full(self.d, -np.inf)
        scores = self._families(target, [parents, *(parents | 1 << k for k in new)])
        out[new] = scores[1:] - scores[0]
        return out

    def total(self, parents: Sequence[int]) -> float:
        """The score of a graph, given as each column's mask of parents.

        Raises:
            InvalidParameter: more or fewer masks than columns.
        """
        if len(parents) != self.d:
            raise InvalidParameter(f"a graph of {self.d} columns has as many masks of parents, got {len(parents)}")
        return sum(self.of(v, mask) for v, mask in enumerate(parents))

    def _scored(self, target: int, parents: Sequence[int]) -> Floats:
        part = self.part(target)
        return part._families(target, parents) if part.rows else np.zeros(len(parents))


class EquivalentScore(LocalScore):
    """A score that gives the members of a Markov equivalence class the same value.

    A local score does so iff it is the value of the family less the value of the parents, for some function of sets
    of columns (Geiger & Heckerman, Annals of Statistics 30, 2002): the likelihood of these columns in a model
    without any independence.  So the function is what a subclass computes, and every set is looked at once.
    """

    def _among(self, rows: Rows | None) -> None:
        self._sets: dict[int, float] = {0: 0.0}
        super()._among(rows)

    @abstractmethod
    def _values(self, sets: Sequence[int]) -> Iterable[float]:
        """The logarithm of the likelihood of each set of columns, given as masks."""

    def values(self, sets: Sequence[int]) -> Floats:
        """The logarithm of the likelihood of each set of columns, given as masks; nothing is remembered."""
        return np.fromiter(self._values(sets), dtype=float, count=len(sets))

    def _families(self, target: int, parents: Sequence[int]) -> Floats:
        family = [mask | 1 << target for mask in parents]
        for sets in (family, parents):
            missing = [mask for mask in dict.fromkeys(sets) if mask not in self._sets]
            if missing:
                self._sets.update(zip(missing, map(float, self._values(missing)), strict=True))
        return np.array([self._sets[f] - self._sets[p] for f, p in zip(family, parents)], dtype=float)


def common(sets: Sequence[int]) -> tuple[int, list[list[int]]]:
    """What sets of columns have in common, as a mask, and what each has besides, listed; never all of one."""
    shared = sets[0]
    for mask in sets:
        shared &= mask
    if shared in sets:
        shared &= shared - 1
    return shared, [bits(mask & ~shared) for mask in sets]
