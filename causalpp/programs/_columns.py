"""The columns of a frame as programs compute with them: numbers of states, or real numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData
from causalpp.programs.mechanisms import State, check_states

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Column", "coded", "column"]

_MOST_STATES = 50


@dataclass(frozen=True, eq=False)
class Column:
    """A variable's values, row by row.

    Attributes:
        states: the states; None if it is real.
        values: shape ``(n,)``: numbers of states with −1 where missing, or real numbers with NaN where missing.
    """

    states: tuple[State, ...] | None
    values: NDArray[Any]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which rows are missing, shape ``(n,)``."""
        return np.asarray(self.values < 0 if self.states is not None else np.isnan(self.values))


def column(
    name: str, data: pd.DataFrame, declared: Iterable[Any] | None = None, *, real: bool = False, missing: bool = False
) -> Column:
    """A column as numbers.

    Text, categories, truth values and whole numbers (up to 50 different ones) are states, other numbers real.

    Args:
        name: the column's.
        data: the frame.
        declared: the states, which makes it discrete.
        real: take it for real numbers whatever they look like.
        missing: whether values may be missing.

    Raises:
        InvalidData: no such column or several; missing values that may not be, undeclared states, text that should
            be numbers, infinite numbers, or nothing but missing values.
    """
    import pandas as pd

    if name not in data.columns:
        raise InvalidData(f"the data have no column {name!r}; columns: {', '.join(map(str, data.columns[:12]))}")
    if (data.columns == name).sum() > 1:
        raise InvalidData(f"the column name {name!r} is used more than once")
    found = data[name]
    absent = found.isna().to_numpy()
    if absent.any() and not missing:
        raise InvalidData(
            f"column {name!r} has missing values: drop or fill those rows first, or let compile() infer them with "
            "method='gibbs', 'svi' or 'nuts', which takes them to be missing at random"
        )
    if absent.all() and declared is None:
        raise InvalidData(f"column {name!r} has no values: make the variable latent, and declare its states")
    if real or (declared is None and _is_real(found)):
        return Column(None, _numbers(name, found))
    if not absent.any():
        return Column(*coded(name, data, declared))
    present = data.loc[~absent, [name]]
    if declared is None and pd.api.types.is_float_dtype(found.dtype):
        present = present.astype(np.int64)  # whole numbers that pandas made floats of, to hold the missing ones
    states, codes = coded(name, present, declared)
    values = np.full(len(data), -1, dtype=np.int64)
    values[~absent] = codes
    return Column(states, values)


def _is_real(found: pd.Series[Any]) -> bool:
    """Whether a column of numbers is one of real numbers: not whole, or too many different ones for states."""
    import pandas as pd

    numeric = pd.api.types.is_numeric_dtype(found.dtype) and not pd.api.types.is_bool_dtype(found.dtype)
    if not numeric or isinstance(found.dtype, pd.CategoricalDtype):
        return False
    values = found.dropna()
    numbers = values.to_numpy(dtype=float)
    whole = bool((np.isfinite(numbers) & (np.floor(numbers) == numbers)).all())
    return not whole or int(values.nunique()) > _MOST_STATES


def _numbers(name: str, found: pd.Series[Any]) -> NDArray[np.float64]:
    try:
        values = found.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise InvalidData(
            f"column {name!r} is modelled as a number and holds something else: {found.iloc[0]!r}"
        ) from None
    if np.isinf(values).any():
        raise InvalidData(f"column {name!r} has infinite values: drop those rows first")
    return np.asarray(values)


def coded(name: str, data: pd.DataFrame, declared: Iterable[Any] | None) -> tuple[tuple[State, ...], NDArray[np.int64]]:
    """A discrete column's states and their numbers, row by row.

    Raises:
        InvalidData: no such column or several, missing values, a mixture of text and numbers, more than 50 values,
            or one that was not declared.
    """
    import pandas as pd

    if name not in data.columns:
        raise InvalidData(f"the data have no column {name!r}; columns: {', '.join(map(str, data.columns[:12]))}")
    if (data.columns == name).sum() > 1:
        raise InvalidData(f"the column name {name!r} is used more than once")
    column = data[name]
    if column.isna().any():
        raise InvalidData(f"column {name!r} has missing values: drop or fill those rows first")
    if declared is None and isinstance(column.dtype, pd.CategoricalDtype):
        declared = column.cat.categories
    elif declared is None:
        found = column.unique().tolist()
        same = all(isinstance(value, str) for value in found) or all(
            isinstance(value, (bool, int, float)) for value in found
        )
        if not same:
            raise InvalidData(f"column {name!r} mixes text and numbers: make it all text or all numbers")
        declared = sorted(found)
    known = check_states(name, declared)
    if len(known) > _MOST_STATES:
        raise InvalidData(
            f"column {name!r} has {len(known):,} different values: tables need discrete columns, "
            "cut it into a few intervals first (pandas.cut)"
        )
    numbers = pd.Index(known, dtype=object).get_indexer(pd.Index(column, dtype=object))
    if (numbers < 0).any():
        raise InvalidData(
            f"column {name!r} has the value {str(column[numbers < 0].iloc[0])!r}, which is not among {known}"
        )
    return known, numbers.astype(np.int64)
