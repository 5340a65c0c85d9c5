"""The one rule for what a column is, applied to a frame."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns.column import KINDS, Column, Columns
from causalpp.columns.states import State, check_states, state_number
from causalpp.errors import InvalidData, InvalidParameter, UnknownState, UnknownVariable

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_columns"]

_NUMERIC = "iuf"  # kinds of dtypes that hold nothing but numbers
_FEW = 5  # so many different whole numbers are states, if they repeat
_REPEAT = 2  # … so often each, on average
_IDENTIFIER = 20  # so many different texts, and more than a fifth of the rows, are no states
_MOST_STATES = 1000
_LEAST_DISPERSION = 0.7  # of a count: variance over mean; a Poisson law has 1, a sum of rated items much less
_HIGH = 0.45  # of a count: where between 0 and the greatest the mean lies, at most
_LARGE = 30  # of a count: a greater mean makes it as good as real


def read_columns(
    frame: pd.DataFrame,
    kinds: Mapping[str, str] | None = None,
    states: Mapping[str, Iterable[Any]] | None = None,
    *,
    names: Iterable[str] | None = None,
) -> Columns:
    """The columns of a frame, each as states or as numbers.

    One rule for the whole library.  Text, categories and truth values are states; so are numbers with two
    different whole values, and with up to five if each occurs twice or more on average.  Numbers with fractions are
    real.  Other whole numbers are counts if they start at 0, have a small mean, are spread about as wide as a
    Poisson law or wider, and lie mostly below the middle of their range; ages, scores, years and all others are real.

    Args:
        frame: the data.
        kinds: column → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where the rule is wrong.
        states: column → its states in order, which makes it discrete (or ordinal, if ``kinds`` says so).
        names: which columns to read, in this order; left out, all.

    Raises:
        InvalidData: a column without a name, that is not there, is there twice, or cannot be read so: dates, text among
            numbers, infinite numbers, undeclared states, nearly as many different texts as rows, nothing but missing
            values.
        InvalidParameter: an unknown kind, or states of a column that is to hold numbers.
        UnknownVariable: ``kinds`` or ``states`` name a column that is not there.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"age": range(20, 50), "treated": [0, 1] * 15})
        >>> columns = read_columns(frame)
        >>> columns["age"].kind, columns["treated"].states
        ('real', (0, 1))
        >>> print(read_columns(frame, kinds={"age": "count"}))
        how I read your columns (30 rows)
        column   kind      values    missing  because
        age      count     20 to 49        0  you said so
        treated  discrete  0, 1            0  two different values
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InvalidData(f"data are a pandas data frame, got {type(frame).__name__}")
    there = [str(name) for name in frame.columns]
    wanted = there if names is None else [str(name) for name in names]
    for what, given in (("kinds", kinds or {}), ("states", states or {})):
        for name in given:
            if name not in there and name not in wanted:
                raise UnknownVariable(name, there, what=f" among the columns, in {what}=")
    out = []
    for name in wanted:
        if name not in there:
            raise InvalidData(f"the data have no column {name!r}; columns: {', '.join(there[:12])}")
        if there.count(name) > 1:
            raise InvalidData(f"the column name {name!r} is used more than once")
        place = there.index(name)
        label = frame.columns[place]
        if not name.strip() or (pd.api.types.is_scalar(label) and pd.isna(label)):
            raise InvalidData(f"column {place + 1} has no name")
        found = frame.iloc[:, place]
        out.append(_Reader(name, found).read((kinds or {}).get(name), (states or {}).get(name)))
    return Columns(out)


class _Reader:
    """One column on its way to numbers."""

    def __init__(self, name: str, found: pd.Series[Any]) -> None:
        self.name, self.found = name, found
        self.absent: NDArray[np.bool_] = found.isna().to_numpy(dtype=bool)
        self.present: pd.Series[Any] = found[~self.absent]

    def read(self, kind: str | None, declared: Iterable[Any] | None) -> Column:
        """The column, as it was said to be or as the rule has it."""
        if kind is not None and kind not in KINDS:
            raise InvalidParameter(f"the kind of {self.name!r} is one of {', '.join(KINDS)}; got {kind!r}")
        if declared is not None and kind in ("count", "real"):
            raise InvalidParameter(f"{self.name!r} is said to be {kind} and given states: say one of the two")
        self._refuse_dates()
        if declared is not None:
            return self._states(kind or "discrete", check_states(self.name, declared), "its states were given")
        if not len(self.present):
            raise InvalidData(
                f"column {self.name!r} has no values: leave it out, or declare its states if it is latent"
            )
        if kind in ("count", "real"):
            return self._said(kind)
        categories = self._categories()
        if categories is not None:
            ordered = bool(self.found.cat.ordered)
            usual = "ordinal" if ordered else "discrete"
            reason = "you said so" if kind else "ordered categories" if ordered else "categories"
            return self._states(kind or usual, categories, reason)
        return self._by_values(kind)

    def _said(self, kind: str) -> Column:
        values = self._numbers()
        seen = values[~self.absent]
        if kind == "count" and ((seen < 0) | (seen % 1 != 0)).any():
            raise InvalidData(f"column {self.name!r} is said to be a count and holds numbers that are not 0, 1, 2, …")
        return Column(self.name, kind, None, values, "you said so")

    def _categories(self) -> tuple[State, ...] | None:
        import pandas as pd

        if not isinstance(self.found.dtype, pd.CategoricalDtype):
            return None
        plain = (str, bool, int, float, np.generic)
        return check_states(self.name, (c if isinstance(c, plain) else str(c) for c in self.found.cat.categories))

    def _by_values(self, kind: str | None) -> Column:
        """Whatever is no category: text, truth values or numbers."""
        if self.found.dtype.kind in _NUMERIC:  # nothing but numbers: no need to look at each
            return self._by_numbers(kind)
        try:
            distinct = self.present.unique().tolist()
        except TypeError:  # lists and the like cannot be told apart
            distinct = [self.present.iloc[0]]
        if all(isinstance(value, str) for value in distinct):
            if kind == "ordinal":
                raise InvalidData(
                    f"the values of {self.name!r} are text, whose order is not known: give it, such as "
                    f"states={{{self.name!r}: {tuple(sorted(distinct))[:3]}}}, make it an ordered category, or number "
                    "its values in their order"
                )
            if kind is None and len(distinct) > _IDENTIFIER and len(distinct) > len(self.present) / 5:
                raise InvalidData(
                    f"column {self.name!r} holds text with {len(distinct):,} different values in "
                    f"{len(self.found):,} rows (such as {distinct[0]!r}): numbers or a few categories are expected"
                )
            return self._states(kind or "discrete", tuple(sorted(distinct)), "you said so" if kind else "text")
        if all(isinstance(value, (bool, np.bool_)) for value in distinct):
            return self._states(kind or "discrete", (False, True), "you said so" if kind else "truth values")
        if any(isinstance(value, str) for value in distinct):
            raise InvalidData(f"column {self.name!r} mixes text and numbers: make it all text or all numbers")
        return self._by_numbers(kind)

    def _by_numbers(self, kind: str | None) -> Column:
        values = self._numbers()
        reason = "you said so"
        if kind is None:
            kind, reason = _rule(values[~self.absent])
        if kind in ("discrete", "ordinal"):
            return self._states(kind, _plain(self.present.unique().tolist()), reason)
        return Column(self.name, kind, None, values, reason)

    def _states(self, kind: str, known: tuple[State, ...], reason: str) -> Column:
        """The column by numbers of states."""
        if len(known) > _MOST_STATES:
            raise InvalidData(
                f"column {self.name!r} has {len(known):,} different values, too many for states: cut it into a few "
                "intervals first (pandas.cut), or read it as real"
            )
        import pandas as pd

        values = np.full(len(self.found), -1, dtype=np.int64)
        codes, distinct = pd.factorize(self.present)
        number = np.empty(len(distinct), dtype=np.int64)
        for code, value in enumerate(distinct.tolist()):
            try:
                number[code] = state_number(self.name, known, value)
            except UnknownState:
                raise InvalidData(
                    f"column {self.name!r} has the value {str(value)!r}, which is not among {known}"
                ) from None
        values[~self.absent] = number[codes]
        return Column(self.name, kind, known, values, reason)

    def _numbers(self) -> NDArray[np.float64]:
        import pandas as pd

        found = self.present
        try:
            if isinstance(found.dtype, pd.CategoricalDtype):
                found = found.astype(object)
            if found.dtype.kind in _NUMERIC:
                seen = found.to_numpy(dtype=float)
            else:
                seen = np.asarray([float(value) for value in found.tolist()], dtype=float)
        except (TypeError, ValueError, OverflowError):
            example = next((v for v in found.tolist() if not _is_numeric(v)), found.iloc[0])
            raise InvalidData(
                f"column {self.name!r} is read as numbers and holds something else: {example!r}"
            ) from None
        if not np.isfinite(seen).all():
            raise InvalidData(f"column {self.name!r} has infinite values: drop those rows first")
        values = np.full(len(self.found), np.nan)
        values[~self.absent] = seen
        return values

    def _refuse_dates(self) -> None:
        import pandas as pd

        dtype = self.found.dtype
        dates = pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype)
        spans = pd.api.types.is_timedelta64_dtype(dtype)
        if dtype.kind == "O":
            first = next(iter(self.present), None)
            dates = isinstance(first, (datetime.date, pd.Period, np.datetime64))
            spans = isinstance(first, (datetime.timedelta, np.timedelta64))
        if dates or spans:
            how = ".dt.total_seconds()" if spans else " minus its first, .dt.total_seconds()"
            raise InvalidData(
                f"column {self.name!r} holds {'time spans' if spans else 'dates'}: make numbers of it first (it{how}), "
                "or leave it out"
            )
        if pd.api.types.is_complex_dtype(dtype):
            raise InvalidData(f"column {self.name!r} holds complex numbers: use their real and imaginary parts")


def _is_numeric(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _plain(distinct: Iterable[Any]) -> tuple[State, ...]:
    """Different numbers in order, whole ones as ints: what holds them makes no difference."""
    exact = {int(value) if float(value).is_integer() else float(value) for value in distinct}
    return tuple(sorted(exact))


def _rule(seen: NDArray[np.float64]) -> tuple[str, str]:
    """What numbers are, and why: the rule of :func:`read_columns`."""
    if (seen % 1 != 0).any():
        return "real", "numbers with fractions"
    import pandas as pd

    distinct = np.sort(pd.unique(seen))
    many = len(distinct)
    if many == 1:
        return "discrete", "one value only"
    if many == 2:
        return "discrete", "two different values"
    if many <= _FEW and len(seen) >= _REPEAT * many:
        return "discrete", f"{many} different whole numbers"
    low, high, mean = distinct[0], distinct[-1], float(seen.mean())
    if many == len(seen) > _IDENTIFIER and low in (0, 1) and high - low == many - 1:
        return "real", "a different whole number in every row: leave it out if it numbers the rows"
    small = mean <= min(_LARGE, _HIGH * high)
    if many > _FEW and low == 0 and small and float(seen.var()) >= _LEAST_DISPERSION * mean:
        return "count", "whole numbers from 0 on, most of them small"
    return "real", f"{many:,} different whole numbers"
