"""Columns as numbers, with what is missing, and the statistics that tests and scores are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData
from causalpp.scores.counts import Counts

__all__ = ["Floats", "Table"]

Floats = NDArray[np.float64]

_COLLINEAR = 1e-10  # share of a column's variance that the other columns leave, below which it is their function


@dataclass(frozen=True)
class Table:
    """Columns as numbers, NaN where missing, and which of them are codes ``0, 1, …`` of a discrete variable."""

    values: Floats
    discrete: tuple[bool, ...]
    names: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``"discrete"``, ``"continuous"`` or ``"mixed"``."""
        return "mixed" if len(set(self.discrete)) > 1 else "discrete" if self.discrete[0] else "continuous"

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """What is missing, shape ``(rows, columns)``."""
        return np.isnan(self.values)

    @cached_property
    def complete(self) -> Table:
        """The rows in which nothing is missing; states that are not seen there are gone."""
        gaps = self.missing.any(1)
        return self if not gaps.any() else self.take(np.flatnonzero(~gaps))

    def take(self, rows: NDArray[np.intp]) -> Table:
        """Some rows, or some rows several times; states that are not seen there are gone."""
        values = self.values[rows]
        for k in np.flatnonzero(self.discrete):
            seen = ~np.isnan(values[:, k])
            values[seen, k] = np.unique(values[seen, k], return_inverse=True)[1]
        return Table(values, self.discrete, self.names)

    def columns(self, kept: NDArray[np.intp]) -> Table:
        """Some columns."""
        return Table(
            self.values[:, kept].copy(), tuple(self.discrete[k] for k in kept), tuple(self.names[k] for k in kept)
        )

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        """The discrete columns' codes, shape ``(columns, rows)``, −1 where missing; other columns are all zeros."""
        out = np.zeros(self.values.T.shape, dtype=np.int64)
        for k in np.flatnonzero(self.discrete):
            out[k] = np.where(self.missing[:, k], -1, self.values[:, k]).astype(np.int64)
        return out

    @cached_property
    def states(self) -> NDArray[np.int64]:
        """How many states each column has, 1 for continuous ones."""
        return np.asarray(self.codes.max(1) + 1)

    @cached_property
    def counts(self) -> Counts:
        """How often joint states of discrete columns occur."""
        return Counts(self.codes, self.states.tolist())

    @cached_property
    def blocks(self) -> list[Floats]:
        """Each column centred and scaled to variance 1; a discrete one as indicators of all its states but one.

        NaN where missing.
        """
        out = []
        for k, discrete in enumerate(self.discrete):
            column, gone = self.values[:, k], self.missing[:, k]
            block = column[:, None]
            if discrete:
                block = (column[:, None] == np.unique(column[~gone])[1:]).astype(float)
                block[gone] = np.nan
            block = block - np.nanmean(block, 0)
            spread = np.nanstd(block, 0)
            out.append(block / np.where(spread > 0, spread, 1.0))
        return out

    @cached_property
    def places(self) -> list[list[int]]:
        """The columns of :attr:`joint` that each variable has."""
        ends = np.cumsum([0, *(block.shape[1] for block in self.blocks)])
        return [list(range(ends[k], ends[k + 1])) for k in range(len(self.blocks))]

    @cached_property
    def joint(self) -> Floats:
        """All blocks side by side, shape ``(rows, width)``."""
        return np.hstack(self.blocks)

    @cached_property
    def covariance(self) -> Floats:
        """The covariance of :attr:`joint`, in a table in which nothing is missing."""
        return np.asarray(self.joint.T @ self.joint / len(self.values))

    def design(self, columns: Sequence[int], rows: NDArray[np.intp] | None = None) -> Floats:
        """A constant and the blocks of some columns, side by side."""
        parts = [self.blocks[c] if rows is None else self.blocks[c][rows] for c in columns]
        length = len(self.values) if rows is None else len(rows)
        return np.hstack([np.ones((length, 1)), *parts])

    def rows(self, columns: Sequence[int]) -> NDArray[np.intp] | None:
        """The rows in which none of some columns is missing; None for all rows."""
        gaps = self.missing[:, list(columns)].any(1)
        return np.flatnonzero(~gaps) if gaps.any() else None

    def check_collinear(self) -> None:
        """Refuse continuous columns that are linear functions of each other, in the rows without missing values.

        Where values are missing and such rows are few, nothing is said.

        Raises:
            InvalidData: naming the first column that those before it determine.
        """
        if self.complete is not self:
            if len(self.complete.values) > len(self.names) + 1:
                self.complete.check_collinear()
            return
        continuous = [k for k, discrete in enumerate(self.discrete) if not discrete]
        if not continuous:
            return
        stack = np.hstack([self.blocks[k] for k in continuous])
        rows, width = stack.shape
        left = np.zeros(width)
        left[: min(rows, width)] = np.diagonal(np.linalg.qr(stack, mode="r")) ** 2 / rows
        for place, k in enumerate(continuous[1:], start=1):
            if left[place] < _COLLINEAR:
                raise InvalidData(
                    f"column {self.names[k]!r} is a copy or a linear function of the columns before it "
                    f"in these {rows:,} rows: leave it out, or bring more rows than columns"
                )
