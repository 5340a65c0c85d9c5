"""Rows of tables that say nothing: harmless while their parents' states cannot occur, refused as soon as they can."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, TooLarge
from causalpp.programs.answering import exact
from causalpp.programs.answering.plan import Plan, Statement, plan
from causalpp.programs.mechanisms import Assign, Mechanism, Table

__all__ = ["check_defined", "check_defined_across"]


def check_defined(statements: Sequence[Statement]) -> None:
    """Refuse a program that can reach an undefined row, whatever is observed.

    Raises:
        InvalidParameter: the parents of such a row have positive probability; names them, and where the row stands.
    """
    tables = [(s.variable, table) for t in statements for s in (*t.naturals, t) if (table := _undefined(s.mechanism))]
    if not tables:
        return
    bare = tuple(replace(s, observed=None, natural=None) for s in statements)
    support = _supports(bare)
    for variable, table in tables:
        rows = {
            row: where
            for row, where in table.undefined.items()
            if all(support[p][k] for p, k in zip(table.parents, row, strict=True))
        }
        if rows:
            made = plan((bare,), [(0, p) for p in table.parents])
            _refuse(variable, table, rows, _joint(made, [made.where[0, p] for p in table.parents]), bare)


def check_defined_across(
    variable: str, mechanism: Mechanism, statements: Sequence[Statement], law: Callable[[], NDArray[np.float64]]
) -> None:
    """Refuse a variable that reads its parents in several worlds and may so reach an undefined row.

    Args:
        variable, mechanism: of a world.
        statements: of that world.
        law: gives the joint distribution of the parents it reads.
    """
    table = _undefined(mechanism)
    if table:
        _refuse(variable, table, table.undefined, law(), statements)


def _undefined(mechanism: Mechanism) -> Table | None:
    while mechanism.base is not None:
        mechanism = mechanism.base
    return mechanism if isinstance(mechanism, Table) and mechanism.undefined else None


def _joint(made: Plan, wanted: Sequence[int]) -> NDArray[np.float64] | None:
    """The law of some parents; None where it cannot be computed, and they may have any states."""
    if not exact.is_discrete(made):
        return None
    try:
        return exact.joint(made, wanted)[0]
    except TooLarge:
        return None


def _supports(statements: Sequence[Statement]) -> dict[str, NDArray[np.bool_]]:
    """Variable → which of its states may occur, each parent for itself: at least those that do."""
    out: dict[str, NDArray[np.bool_]] = {}
    for s in statements:
        mechanism, states = s.mechanism, s.mechanism.states
        if states is None:
            out[s.variable] = np.zeros(0, dtype=bool)
        elif isinstance(mechanism, Assign):
            out[s.variable] = np.asarray(np.arange(len(states)) == int(mechanism.number))
        elif isinstance(mechanism, Table):
            reached = mechanism.probabilities[np.ix_(*(out[p] for p in mechanism.parents))]
            out[s.variable] = np.asarray((reached > 0).reshape(-1, len(states)).any(axis=0))
        else:
            out[s.variable] = np.ones(len(states), dtype=bool)
    return out


def _refuse(
    variable: str,
    table: Table,
    rows: Mapping[tuple[int, ...], str],
    law: NDArray[np.float64] | None,
    statements: Sequence[Statement],
) -> None:
    known = {s.variable: s.mechanism.states or () for s in statements}
    for row, where in rows.items():
        mass = None if law is None else float(law[row])
        if mass == 0:
            continue
        given = ", ".join(f"{p}={known[p][k]}" for p, k in zip(table.parents, row, strict=True))
        at = f" ({where})" if where else ""
        often = "may occur here" if mass is None else f"has probability {mass:.3g} here"
        raise InvalidParameter(
            f"the law of {variable!r} given {given or 'nothing'} is not defined{at}, and "
            f"{given or 'that'} {often}: give that row of the table, or do not make it possible"
        )
