"""A column as numbers, and the columns of a frame with the table that says how each was read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalpp.columns.states import State, as_number, state_number
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable

__all__ = ["KINDS", "Column", "ColumnTable", "Columns", "ReadAs"]

#: What a column can be: unordered states, ordered ones, whole numbers from 0 on, or any numbers.
KINDS = ("discrete", "ordinal", "count", "real")


@dataclass(frozen=True, eq=False)
class Column:
    """A variable's values, row by row.

    Attributes:
        name: the column's.
        kind: ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``.
        states: the states of a discrete or ordinal column, in order; None for numbers.
        values: shape ``(n,)``: numbers of states, ``int64`` with −1 where missing; or numbers, ``float64`` with NaN
            where missing.
        reason: why it was read so, in a few words.

    Example:
        >>> import pandas as pd
        >>> from causalpp.columns import read_columns
        >>> column = read_columns(pd.DataFrame({"x": [True, False, True]}))["x"]
        >>> column.kind, column.states, column.values.tolist(), column.code("True")
        ('discrete', (False, True), [1, 0, 1], 1)
    """

    name: str
    kind: str
    states: tuple[State, ...] | None
    values: NDArray[Any]
    reason: str = ""

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows are missing, shape ``(n,)``."""
        return np.asarray(self.values < 0 if self.states is not None else np.isnan(self.values))

    def code(self, value: Any) -> int:
        """The number of the state that a value means: see :func:`~causalpp.columns.state_number`.

        Raises:
            InvalidParameter: the column holds numbers, not states.
            UnknownState: it has no such state.
        """
        if self.states is None:
            raise InvalidParameter(f"{self.name!r} holds numbers, not states: {self.reason}")
        return state_number(self.name, self.states, value)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The values as the numbers they are, NaN where missing, shape ``(n,)``: also of states that are numbers.

        Raises:
            InvalidData: a state is no number.
        """
        if self.states is None:
            return np.asarray(self.values, dtype=float)
        known = [as_number(state) if not isinstance(state, str) else None for state in self.states]
        if None in known:
            raise InvalidData(f"the states of {self.name!r} are no numbers: {', '.join(map(str, self.states[:6]))}")
        return np.asarray(np.array([*known, np.nan], dtype=float)[self.values])

    def take(self, rows: ArrayLike) -> Column:
        """The column in some rows only, given by a mask or by their numbers; kind and states stay."""
        return replace(self, values=self.values[np.asarray(rows)])

    @property
    def summary(self) -> str:
        """Its states, or the range of its numbers."""
        if self.states is not None:
            shown = [str(state) for state in self.states[:6]]
            more = f", … ({len(self.states)} in all)" if len(self.states) > 6 else ""
            return ", ".join(text if len(text) <= 16 else text[:15] + "…" for text in shown) + more
        seen = self.values[~self.missing]
        return f"{seen.min():.6g} to {seen.max():.6g}" if len(seen) else "none"


class Columns(Mapping[str, Column]):
    """The columns of a frame by name, in the frame's order; printed, the table of how each was read.

    Example:
        >>> import pandas as pd
        >>> from causalpp.columns import read_columns
        >>> print(read_columns(pd.DataFrame({"site": ["a", "b", "a"], "dose": [0.5, 1.5, None]})))
        how I read your columns (3 rows)
        column  kind      values      missing  because
        site    discrete  a, b              0  text
        dose    real      0.5 to 1.5        1  numbers with fractions
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self._columns = {column.name: column for column in columns}

    def __getitem__(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            raise UnknownVariable(name, self._columns, what=" among the columns") from None

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"Columns({', '.join(f'{name}: {column.kind}' for name, column in self.items())})"

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return next((len(column.values) for column in self.values()), 0)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows have a missing value in any column, shape ``(n,)``."""
        return np.asarray(np.any([column.missing for column in self.values()], axis=0))

    def take(self, rows: ArrayLike) -> Columns:
        """The columns in some rows only, given by a mask or by their numbers; kinds and states stay."""
        return Columns(column.take(rows) for column in self.values())

    @property
    def table(self) -> ColumnTable:
        """How each was read, without the data."""
        return ColumnTable(
            self.rows,
            tuple(ReadAs(c.name, c.kind, c.states, c.summary, int(c.missing.sum()), c.reason) for c in self.values()),
        )

    def __str__(self) -> str:
        return str(self.table)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Column → ``kind``, ``states``, ``missing`` (how many) and ``because``, as plain values."""
        return self.table.to_dict()

    def copies(self) -> list[tuple[str, str]]:
        """Columns that say the same: states one to one, or equal numbers; each with the first it is a copy of.

        Missing values count as a value of their own; columns with one value only are no copies.

        Example:
            >>> import pandas as pd
            >>> from causalpp.columns import read_columns
            >>> frame = pd.DataFrame({"sex": ["f", "m", "f", "m"], "male": [0, 1, 0, 1], "y": [0, 1, 1, 0]})
            >>> read_columns(frame).copies()
            [('sex', 'male')]
        """
        import pandas as pd

        out: list[tuple[str, str]] = []
        known: dict[bytes, str] = {}
        for name, column in self.items():
            values = column.values
            if not len(values) or not ((values != values[0]) & ~(column.missing & column.missing[0])).any():
                continue
            if column.states is not None:  # numbered in the order in which they come, names do not matter
                key = b"states" + pd.factorize(values)[0].tobytes()
            else:
                key = np.ascontiguousarray(values + 0.0).tobytes()  # -0 and 0 are the same
            if key in known:
                out.append((known[key], name))
            else:
                known[key] = name
        return out


@dataclass(frozen=True)
class ReadAs:
    """How one column was read: its name, kind, states, a summary of its values, how many are missing, and why."""

    name: str
    kind: str
    states: tuple[State, ...] | None
    summary: str
    missing: int
    reason: str


@dataclass(frozen=True)
class ColumnTable:
    """How the columns of a frame were read; printed, a table.

    Attributes:
        rows: how many the frame has.
        columns: one entry a column.
    """

    rows: int
    columns: tuple[ReadAs, ...]

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Column → ``kind``, ``states``, ``missing`` (how many) and ``because``, as plain values."""
        return {
            c.name: {
                "kind": c.kind,
                "states": None if c.states is None else list(c.states),
                "missing": c.missing,
                "because": c.reason,
            }
            for c in self.columns
        }

    def __str__(self) -> str:
        head = ("column", "kind", "values", "missing", "because")
        body = [(c.name, c.kind, c.summary, f"{c.missing:,}", c.reason) for c in self.columns]
        width = [max(len(row[k]) for row in (head, *body)) for k in range(4)]
        lines = [f"how I read your columns ({self.rows:,} rows)"]
        for name, kind, values, missing, reason in (head, *body):
            row = f"{name:<{width[0]}}  {kind:<{width[1]}}  {values:<{width[2]}}  {missing:>{width[3]}}  {reason}"
            lines.append(row.rstrip())
        return "\n".join(lines)
