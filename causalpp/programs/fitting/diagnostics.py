"""Does a fitted program fit the rows it was fitted to: configurations of parents hardly seen, and its own marginals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import Column, Columns
from causalpp.programs.base import BaseProgram
from causalpp.programs.mechanisms import Mechanism, Table
from causalpp.programs.report import RARE, Cells, Diagnostics, Marginal

__all__ = ["cells_of_tables", "covered", "diagnose", "family_cells"]

_Floats = NDArray[np.float64]

_ROWS = 5000  # simulated
_LEVEL = 0.01  # of all marginals together
_APART = {"discrete": 0.02, "ordinal": 0.02, "count": 0.05, "real": 0.15}  # smaller distances do no harm
_LEAST = 5  # expected in each arm; states with fewer are taken together


def diagnose(
    program: BaseProgram, mechanisms: Mapping[str, Mechanism], columns: Columns, given: Collection[str], seed: int
) -> Diagnostics:
    """Compare a fitted program with the columns it was fitted to.

    Args:
        program: at its point estimate.
        mechanisms: its mechanisms.
        columns: of the observed variables.
        given: the variables whose mechanisms were not fitted.
        seed: of the rows that are simulated.
    """
    cells = cells_of_tables(mechanisms, columns)
    drawn = program.draw(_ROWS, seed=seed)
    compared = [_marginal(c, np.asarray(drawn[name])) for name, c in columns.items() if not c.missing.all()]
    level = _LEVEL / max(1, len(compared))
    spared = {name for name, c in columns.items() if c.missing.any()}.union(
        *({name} | program.dag.descendants(name) for name in given)
    )
    marginals = tuple(
        Marginal(
            c.name, what, seen, expected, distance, p, c.name not in spared and p < level and distance > _APART[c.kind]
        )
        for c, what, seen, expected, distance, p in compared
    )
    twins = columns.copies()
    copies = tuple(
        (a, b, name) for name, mechanism in mechanisms.items() for a, b in twins if {a, b} <= set(mechanism.parents)
    )
    return Diagnostics(tuple(cells), marginals, copies)


def cells_of_tables(mechanisms: Mapping[str, Mechanism], columns: Mapping[str, Column]) -> list[Cells]:
    """How well the rows cover every table with parents."""
    out = []
    for name, mechanism in mechanisms.items():
        if isinstance(mechanism, Table) and mechanism.parents and name in columns:
            found = family_cells(name, mechanism.parents, columns)
            out += [] if found is None else [found]
    return out


def family_cells(name: str, parents: Iterable[str], columns: Mapping[str, Column], prior: float = 1.0) -> Cells | None:
    """How well the rows cover the configurations of some parents; None if one of all these has no states."""
    family = (*parents, name)
    known = [columns[v] for v in family if v in columns and columns[v].states is not None]
    if len(known) < len(family):
        return None
    above, states = known[:-1], len(known[-1].states or ())
    sizes = [len(column.states or ()) for column in above]
    values = np.stack([column.values for column in above])
    codes = np.ravel_multi_index(list(values[:, (values >= 0).all(0)]), sizes)
    return covered(name, math.prod(sizes), np.unique(codes, return_counts=True)[1], states, prior)


def covered(name: str, configurations: int, rows: NDArray[Any], states: int, prior: float = 1.0) -> Cells:
    """A table's cells from the rows of each configuration that is not empty, the number of states and the prior's
    concentration on each.
    """
    weight = states * prior
    pull = float((rows * weight / (rows + weight)).sum() / max(1, rows.sum()))
    return Cells(name, configurations, configurations - len(rows), configurations - int((rows >= RARE).sum()), pull)


def _marginal(column: Column, drawn: NDArray[Any]) -> tuple[Column, str, float, float, float, float]:
    """What differs most, in the data and in the program; the distance; and its p-value."""
    seen = column.values[~column.missing]
    if column.states is not None:
        size = len(column.states)
        rows, simulated = (np.bincount(values.astype(int), minlength=size) for values in (seen, drawn))
        shares = rows / rows.sum(), simulated / simulated.sum()
        state = int(abs(shares[0] - shares[1]).argmax()) if size > 2 else size - 1
        distance = float(abs(shares[0] - shares[1]).sum() / 2)
        what = f"P({column.name} = {column.states[state]})"
        return column, what, float(shares[0][state]), float(shares[1][state]), distance, _homogeneous(rows, simulated)
    drawn = drawn.astype(float)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return column, "distribution", float(seen.mean()), math.nan, 1.0, 0.0
    if column.kind == "count" or (seen % 1 == 0).all():
        drawn = np.round(drawn)
    distance, p = _apart(seen, drawn)
    error = math.sqrt(seen.var() / len(seen) + drawn.var() / len(drawn))
    far = abs(float(seen.mean() - drawn.mean())) > 3 * error
    what = f"the mean of {column.name}" if far else "distribution"
    return column, what, float(seen.mean()), float(drawn.mean()), distance, p


def _homogeneous(rows: NDArray[np.int64], simulated: NDArray[np.int64]) -> float:
    """The p-value of "both have the same shares", χ², with rare states taken together."""
    from scipy import stats

    table = np.stack([rows, simulated]).astype(float)
    table = table[:, table.sum(0) > 0]
    few = table.sum(0) * table.sum(1).min() / table.sum() < _LEAST
    if few.any():
        table = np.column_stack([table[:, ~few], table[:, few].sum(1)])
    if table.shape[1] < 2:
        return 1.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    return float(stats.chi2.sf(((table - expected) ** 2 / expected).sum(), table.shape[1] - 1))


def _apart(seen: _Floats, drawn: _Floats) -> tuple[float, float]:
    """The distance of Kolmogorov and Smirnov between two samples, and its p-value."""
    from scipy import stats

    grid = np.unique(np.concatenate([seen, drawn]))
    below = [np.searchsorted(np.sort(values), grid, side="right") / len(values) for values in (seen, drawn)]
    distance = float(abs(below[0] - below[1]).max())
    size = len(seen) * len(drawn) / (len(seen) + len(drawn))
    return distance, float(stats.kstwobign.sf(distance * math.sqrt(size)))
