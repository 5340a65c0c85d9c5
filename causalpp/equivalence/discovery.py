"""Equivalence classes from data, through causal-learn: checked going in, checked coming out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.equivalence.cpdag import Cpdag, Matrix, extension
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.graphs import Dag

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_frame", "learn"]

_MOST_STATES = 20  # a whole-number column with more values than this is taken as continuous


def learn(frame: pd.DataFrame, method: str = "pc", *, alpha: float = 0.01) -> tuple[Cpdag, dict[str, Any]]:
    """The CPDAG that a method finds in a data frame, and how it was found.

    ``pc`` (Spirtes, Glymour & Scheines, 2000) decides by independence tests: χ² for discrete columns,
    Fisher's z for continuous ones.  ``ges`` (Chickering, JMLR 3, 2002) searches by score: BDeu or BIC.  PC
    needs faithfulness, and fails where a variable is a function of others; GES does not.

    Where PC's rules disagree about an edge, the stronger collider is kept (causal-learn's
    ``uc_priority=4``); what then still has no acyclic member is refused.

    Raises:
        InvalidData: see :func:`check_frame`; or the graph found has no acyclic member.
        InvalidParameter: unknown method, or alpha outside (0, 1).
    """
    if method not in ("pc", "ges"):
        raise InvalidParameter(f"unknown method {method!r}: use 'pc' or 'ges'")
    if not 0 < alpha < 1:
        raise InvalidParameter(f"alpha is a probability between 0 and 1, got {alpha}")
    values, discrete = check_frame(frame)
    matrix, test = _pc(values, discrete, alpha) if method == "pc" else _ges(values, discrete)
    names = tuple(map(str, frame.columns))
    found = extension(matrix)
    if found is None:
        raise InvalidData(
            f"what {method.upper()} found in these {len(frame):,} rows has no acyclic member: "
            "its tests contradict each other; try more rows, another alpha or method='ges'"
        )
    how = {"method": method, "rows": len(frame), "test": test} | ({"alpha": alpha} if method == "pc" else {})
    return Cpdag.from_dag(Dag.from_adjacency(found, names)), how


def check_frame(frame: pd.DataFrame) -> tuple[NDArray[np.float64], bool]:
    """The frame's values as numbers, shape ``(rows, columns)``, and whether they are discrete codes.

    Text, booleans, categories and whole numbers with few values are discrete; other numbers are continuous.

    Raises:
        InvalidData: fewer than two columns, no rows, duplicate names, missing values, a constant column, a
            text column with a different value in nearly every row, or discrete and continuous mixed.
    """
    import pandas as pd

    if frame.shape[1] < 2:
        raise InvalidData(f"learning a graph needs at least two columns, got {frame.shape[1]}")
    if not len(frame):
        raise InvalidData("the data have no rows")
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidData(f"the column name {twice[0]!r} is used more than once")
    missing = frame.isna().to_numpy()
    if missing.any():
        row, column_number = (int(k) for k in np.argwhere(missing)[0])
        raise InvalidData(
            f"column {names[column_number]!r} has missing values (first in row {row + 1}; "
            f"{int(missing.any(1).sum()):,} rows in all): drop or fill those rows first"
        )
    columns, kinds = [], []
    for name, (_, column) in zip(names, frame.items(), strict=True):
        distinct = column.nunique()
        if distinct < 2:
            raise InvalidData(f"column {name!r} is constant (always {str(column.iloc[0])!r}): leave it out")
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if numeric and not np.isfinite(column.to_numpy(dtype=float)).all():
            raise InvalidData(f"column {name!r} has infinite values")
        discrete = not numeric or (distinct <= _MOST_STATES and bool((column % 1 == 0).all()))
        if not numeric and distinct > _MOST_STATES and distinct > len(frame) / 5:
            raise InvalidData(
                f"column {name!r} holds text with {distinct:,} different values in {len(frame):,} rows "
                f"(such as {column.iloc[0]!r}): numbers or a few categories are expected"
            )
        codes = pd.factorize(column, sort=True)[0] if discrete else column.to_numpy(dtype=float)
        columns.append(np.asarray(codes, dtype=float))
        kinds.append(discrete)
    if len(set(kinds)) > 1:
        discrete_one, continuous_one = names[kinds.index(True)], names[kinds.index(False)]
        raise InvalidData(
            f"{discrete_one!r} is discrete and {continuous_one!r} continuous: "
            "make all columns discrete (pandas.cut) or all continuous"
        )
    return np.column_stack(columns), kinds[0]


def _pc(values: NDArray[np.float64], discrete: bool, alpha: float) -> tuple[Matrix, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without notebook widgets its progress bar complains when imported
        from causallearn.search.ConstraintBased.PC import pc

    test = "chisq" if discrete else "fisherz"
    try:
        found = pc(values, alpha, test, uc_rule=0, uc_priority=4, show_progress=False)
    except (np.linalg.LinAlgError, ValueError) as error:
        raise InvalidData(
            f"PC's tests failed on these data ({error}): is a column a copy or a sum of others?"
        ) from None
    return _from_causal_learn(found.G.graph), test


def _ges(values: NDArray[np.float64], discrete: bool) -> tuple[Matrix, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from causallearn.search.ScoreBased.GES import ges

    score = "BDeu" if discrete else "BIC"
    try:
        found = ges(values, f"local_score_{score}")
    except (np.linalg.LinAlgError, ValueError) as error:
        raise InvalidData(
            f"GES's scores failed on these data ({error}): is a column a copy or a sum of others?"
        ) from None
    return _from_causal_learn(found["G"].graph), score


def _from_causal_learn(graph: NDArray[np.int64]) -> Matrix:
    """causal-learn's end marks as one boolean matrix; there ``graph[j, i] = 1`` is an arrowhead at j on i – j.

    A pair with two arrowheads (two conflicting colliders) is left undirected.
    """
    joined = (graph != 0) & (graph.T != 0)
    head_at_row = joined & (graph == 1)
    tail_at_row = joined & ~head_at_row
    both_heads = head_at_row & head_at_row.T
    # i → j iff there is a head at j; with no head, or two, the edge is undirected
    return np.asarray((head_at_row.T & ~both_heads) | (tail_at_row & tail_at_row.T) | both_heads, dtype=bool)
