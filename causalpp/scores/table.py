"""Columns as numbers, with what is missing, and the statistics that tests and scores are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import Columns, read_columns
from causalpp.errors import InvalidData
from causalpp.scores.counts import Counts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Data", "Floats", "Table", "read_table"]

Floats = NDArray[np.float64]

_MOST = 1e150  # greater numbers have no square
COLLINEAR = 1e-10  # share of a column's variance that the other columns leave, below which it is their function


@dataclass(frozen=True)
class Table:
    """Columns as numbers, NaN where missing, and which of them are codes ``0, 1, …`` of a discrete variable.

    Attributes:
        values: shape ``(rows, columns)``.
        discrete: of each column, whether it holds codes.
        names: of the columns.
        sizes: how many states each column has, seen or not, 1 for continuous ones; left out, those that are seen.
    """

    values: Floats
    discrete: tuple[bool, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...] = ()

    @classmethod
    def of(cls, data: Data) -> Table:
        """Columns, or those of a frame, as a table; a table stays what it is.

        Raises:
            InvalidData: there are none.
        """
        if isinstance(data, Table):
            return data
        columns = data if isinstance(data, Columns) else read_columns(data)
        if not columns:
            raise InvalidData("the data have no columns")
        values = [np.where(c.missing, np.nan, c.values) for c in columns.values()]
        for name, column in zip(columns, values, strict=True):
            seen = column[~np.isnan(column)]
            if len(seen) and (np.abs(seen).max() > _MOST or 0 < np.ptp(seen) < 1 / _MOST):
                raise InvalidData(f"column {name!r} has numbers beyond 1e±150, whose squares are none: change its unit")
        return cls(
            np.column_stack(values),
            tuple(c.states is not None for c in columns.values()),
            tuple(columns),
            tuple(1 if c.states is None else len(c.states) for c in columns.values()),
        )

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
        """The rows in which nothing is missing."""
        gaps = self.missing.any(1)
        return self if not gaps.any() else self.take(np.flatnonzero(~gaps))

    def take(self, rows: NDArray[np.intp]) -> Table:
        """Some rows, or some rows several times."""
        return replace(self, values=self.values[rows], sizes=tuple(self.states.tolist()))

    def columns(self, kept: Sequence[int] | NDArray[np.intp]) -> Table:
        """Some columns."""
        return Table(
            self.values[:, kept].copy(),
            tuple(self.discrete[k] for k in kept),
            tuple(self.names[k] for k in kept),
            tuple(self.states[kept].tolist()),
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
        return np.asarray(self.sizes or self.codes.max(1) + 1)

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
            block = block - np.nanmean(block, 0)  # a mean far from zero is off by some of its digits
            spread = np.nanstd(block, 0)
            out.append(block / np.where(spread > 0, spread, 1.0))
        return out

    @cached_property
    def log_spread(self) -> Floats:
        """The logarithm of the standard deviation that :attr:`blocks` divide a continuous column by; 0 for others."""
        spread = np.array([0.0 if discrete else np.nanstd(x) for x, discrete in zip(self.values.T, self.discrete)])
        return np.asarray(np.log(np.where(spread > 0, spread, 1.0)))

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

    def check_complete(self, instead: str = "") -> None:
        """Whether the rows in which nothing is missing are enough for a score.

        Args:
            instead: what could be done about it, besides leaving columns out and filling values in.

        Raises:
            InvalidData: they are no more than the columns, or a column is constant in them.
        """
        complete = self.complete
        if complete is self:
            return
        rows = len(complete.values)
        constant = [n for n, column in zip(self.names, complete.values.T) if rows < 2 or column.min() == column.max()]
        if rows <= len(self.names) or constant:
            why = f", and {constant[0]!r} is constant in them" if constant and rows > len(self.names) else ""
            raise InvalidData(
                f"only {rows:,} of {len(self.values):,} rows have no missing value{why}: a score needs complete rows. "
                f"{instead}Leave columns out, or fill values in"
            )

    def check_collinear(self) -> None:
        """Refuse continuous columns that are linear functions of each other, in the rows without missing values.

        Where values are missing and such rows are few, nothing is said.

        Raises:
            InvalidData: naming the first column that those before it determine; no more rows than columns.
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
        if rows <= width:
            raise InvalidData(
                f"{rows:,} rows are too few for {width:,} real columns, each of which others then determine: bring "
                "more rows than columns, or leave columns out"
            )
        left = np.zeros(width)
        left[: min(rows, width)] = np.diagonal(np.linalg.qr(stack, mode="r")) ** 2 / rows
        for place, k in enumerate(continuous[1:], start=1):
            if left[place] < COLLINEAR:
                raise InvalidData(
                    f"column {self.names[k]!r} is a copy or a linear function of the columns before it "
                    f"in these {rows:,} rows: leave it out"
                )


#: What a score or a test takes: columns, a frame of which they are read, or a table that was made before.
Data: TypeAlias = Union[Table, Columns, "pd.DataFrame"]


def read_table(
    frame: pd.DataFrame, kinds: Mapping[str, str] | None = None, names: Sequence[str] | None = None
) -> Table:
    """The columns of a frame that something can be learned from.

    What a column is, :func:`causalpp.columns.read_columns` decides; counts and real columns are continuous here.

    Args:
        frame: the data; what is missing is NaN in the numbers.
        kinds: column → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where the rule is wrong.
        names: which columns; left out, all.

    Raises:
        InvalidData: fewer than two columns or rows, duplicate names, a constant column, one without any value,
            one that is a copy of another, or a text column with a different value in nearly every row.
        UnknownVariable: ``kinds`` name a column that is not there.
    """
    import pandas as pd

    if isinstance(frame, pd.DataFrame) and not len(frame):
        raise InvalidData("the data have no rows")
    columns = read_columns(frame, kinds, names=names)
    if len(frame) == 1:
        raise InvalidData("the data have one row, which says nothing of what depends on what")
    if len(columns) < 2:
        raise InvalidData(f"learning a graph needs at least two columns, got {len(columns)}")
    for name, column in columns.items():
        distinct = np.unique(column.values[~column.missing])
        if len(distinct) < 2:
            always = [str(column.states[k] if column.states else k) for k in distinct]
            what = f"constant (always {always[0]!r})" if always else "without any value"
            raise InvalidData(f"column {name!r} is {what}: leave it out")
    for first, again in columns.copies():
        if columns[first].states is not None:  # of numbers, functions of one another are refused as well, elsewhere
            raise InvalidData(
                f"column {again!r} says the same as column {first!r} in each of these {len(frame):,} rows: leave it out"
            )
    return Table.of(columns)
