"""Tables told apart by series, added up by group, and drawn again group by group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData, InvalidParameter

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SERIES",
    "Floats",
    "by_group",
    "check",
    "codes",
    "column",
    "ends",
    "over",
    "parts",
    "resampled",
    "series_of",
    "told_by",
]

Floats: TypeAlias = NDArray[np.float64]

#: What tells one line of a table from another: who answers, and who is asked; never pooled.
SERIES = ("solver", "method", "oracle_nature", "oracle")

_CHUNK = 4_000_000  # weights in memory at once


def series_of(frame: pd.DataFrame) -> list[str]:
    """The columns of a table of results that tell its series apart."""
    return [name for name in SERIES if name in frame.columns]


def check(draws: int, level: float) -> None:
    if draws < 0 or not 0 < level < 1:
        raise InvalidParameter(f"draws are not negative and a level lies between 0 and 1, got {draws} and {level}")


def told_by(frame: pd.DataFrame, by: Sequence[str] | None) -> list[str]:
    columns = series_of(frame) if by is None else list(by)
    for name in columns:
        if name not in frame.columns:
            raise InvalidParameter(f"there is no column {name!r} to tell series apart by")
    return columns


def parts(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    if not columns:
        yield {}, frame
        return
    for names, part in frame.groupby(list(columns), sort=False, dropna=False):
        yield dict(zip(columns, names)), part


def column(frame: pd.DataFrame, name: str) -> Floats:
    """A column of numbers or truth values, nan for what is missing; all nan if there is none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    try:
        return np.asarray(frame[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidData(f"the column {name!r} holds something that is neither a number nor yes or no") from None


def codes(groups: Iterable[Any]) -> NDArray[np.intp]:
    """Numbers for groups, in the order of their names: the same groups are drawn alike in every series."""
    import pandas as pd

    codes: NDArray[np.intp] = pd.factorize(np.asarray([str(group) for group in groups], dtype=object), sort=True)[0]
    return codes


def by_group(table: Floats, labels: NDArray[Any]) -> Floats:
    """The rows of a table ``(n, k)`` added up by label: ``(labels, k)``."""
    import pandas as pd

    found: Floats = pd.DataFrame(table).groupby(labels, sort=True).sum().to_numpy(dtype=float)
    return found


def over(a: Floats, b: Floats) -> Floats:
    """One number by another, nan where that is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(b == 0, np.nan, np.divide(a, b))
    return found


def resampled(sums: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """Sums over groups drawn with replacement, as many as there are: ``(draws, k)``, in parts."""
    generator = np.random.default_rng(seed)
    number = len(sums)
    step = max(1, _CHUNK // number)
    for first in range(0, draws, step):
        weights = generator.multinomial(number, np.full(number, 1 / number), size=min(step, draws - first))
        yield weights.astype(float) @ sums


def ends(drawn: Floats, level: float) -> tuple[float, float]:
    """The percentiles between which a share of some draws lies, those apart that are undefined."""
    known = drawn[~np.isnan(drawn)]
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
