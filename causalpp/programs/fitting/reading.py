"""What the columns of a frame are to a program: by the rule, by what was said, and by the mechanisms given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from causalpp.columns import Column, Columns, read_columns
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.programs.fitting.families.templates import COUNTS, REAL
from causalpp.programs.mechanisms import Mechanism, Poisson

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_observed"]


def read_observed(
    data: pd.DataFrame,
    observed: Iterable[str],
    given: Mapping[str, Any],
    wanted: Mapping[str, str | None],
    declared: Mapping[str, Iterable[Any]],
    said: Mapping[str, str],
    *,
    missing: bool,
) -> Columns:
    """The columns of the observed variables.

    Args:
        data: the frame.
        observed: the variables.
        given: variable → mechanism or kind of mechanism.
        wanted: variable → kind of mechanism, None for a mechanism itself.
        declared: variable → states.
        said: variable → kind of column.
        missing: whether values may be missing.

    Raises:
        InvalidData: see :func:`causalpp.columns.read_columns`; missing values that may not be.
        InvalidParameter: what was said of a column and its mechanism exclude each other.
    """
    out = []
    for name in observed:
        column = _read(data, name, given.get(name), wanted.get(name), declared.get(name), said.get(name))
        if column.missing.any() and not missing:
            raise InvalidData(
                f"column {name!r} has missing values: drop or fill those rows first, or let compile() infer them with "
                "method='gibbs', 'svi' or 'nuts', which takes them to be missing at random"
            )
        out.append(column)
    return Columns(out)


def _read(
    data: pd.DataFrame, name: str, given: Any, wanted: str | None, declared: Iterable[Any] | None, said: str | None
) -> Column:
    """One column."""

    def read(kind: str | None, states: Iterable[Any] | None = None) -> Column:
        kinds = {} if kind is None else {name: kind}
        return read_columns(data, kinds, {} if states is None else {name: states}, names=[name])[name]

    if isinstance(given, Mechanism):
        forced = "count" if isinstance(given, Poisson) else "real" if given.states is None else None
        states = given.states
    else:
        forced = "count" if wanted in COUNTS else "real" if wanted in REAL else None
        states = None if forced else declared  # type: ignore[assignment]
    if forced is not None or (isinstance(given, Mechanism) and states is not None):
        numeric = forced is not None
        if said is not None and numeric != (said in ("count", "real")):
            raise InvalidParameter(
                f"{name!r} is said to be {said}, and its mechanism is for {'numbers' if numeric else 'states'}"
            )
        return replace(read(said or forced, states), reason="its mechanism was given")
    if wanted in ("table", "logistic") and states is None and said is None:
        found = read(None)
        if found.states is not None or (found.values[~found.missing] % 1 != 0).any():
            return found
        return replace(read("discrete"), reason="its mechanism was given")
    return read(said, states)
