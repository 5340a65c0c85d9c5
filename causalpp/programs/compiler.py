"""From a graph to a program: mechanisms that are given, or fitted to data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidData, InvalidParameter, TooLarge
from causalpp.graphs import Dag
from causalpp.programs.mechanisms import Mechanism, State, Table, check_states
from causalpp.programs.program import CausalProgram, check_complete

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.programs.networks import Card

__all__ = ["compile"]

_MOST_STATES = 50
_MOST_CELLS = 10_000_000


def compile(  # noqa: A001  # the verb of the design; as cpp.compile it shadows nothing
    dag: Dag,
    *,
    mechanisms: Mapping[str, Mechanism] | None = None,
    data: pd.DataFrame | None = None,
    states: Mapping[str, Iterable[Any]] | None = None,
    prior: float = 1.0,
    card: Card | None = None,
) -> CausalProgram:
    """A graph as a program that runs: a Pyro model with one statement a variable.

    Args:
        dag: the graph.
        mechanisms: a mechanism for every variable, or
        data: a frame with a discrete column for every variable, to which tables are fitted: the posterior mean
            under a symmetric Dirichlet prior.
        states: variable → its states in order, where the data do not show them all.
        prior: the Dirichlet prior's concentration on each state of each row, greater than zero.
        card: what the variables mean.

    Raises:
        InvalidParameter: neither or both of ``mechanisms`` and ``data``; mechanisms that do not fit the graph.
        InvalidData: a column is missing, continuous, or has missing values or undeclared states.
        TooLarge: a table of more than ten million cells.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"x": [0, 0, 1, 1], "y": ["no", "no", "yes", "no"]})
        >>> program = compile(Dag.from_edges([("x", "y")]), data=frame)
        >>> program.do(x=1).distribution("y")
        {'no': 0.5, 'yes': 0.5}
    """
    if (mechanisms is None) == (data is None):
        raise InvalidParameter("compile() needs either mechanisms= or data=")
    if mechanisms is None:
        assert data is not None  # for the type checker
        mechanisms = _fit(dag, data, states or {}, prior)
    return CausalProgram(check_complete(dag, mechanisms), dag.latent, card, dag.nodes)


def _fit(dag: Dag, data: pd.DataFrame, states: Mapping[str, Iterable[Any]], prior: float) -> dict[str, Mechanism]:
    if not prior > 0 or not np.isfinite(prior):
        raise InvalidParameter(f"the prior's concentration must be greater than zero, got {prior}")
    if dag.latent:
        raise InvalidParameter(f"tables can be fitted to observed variables only, and {sorted(dag.latent)} are latent")
    if not len(data):
        raise InvalidData("the data have no rows")
    coded = {name: _coded(name, data, states.get(name)) for name in dag.nodes}
    out: dict[str, Mechanism] = {}
    for name in dag.nodes:
        parents = dag.parents(name)
        shape = tuple(len(coded[v][0]) for v in (*parents, name))
        if np.prod(shape, dtype=float) > _MOST_CELLS:
            raise TooLarge(
                f"the table of {name!r} with {len(parents)} parents would have {np.prod(shape, dtype=float):.2g} cells"
            )
        cells = np.ravel_multi_index([coded[v][1] for v in (*parents, name)], shape)
        counts = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape) + prior
        out[name] = Table(coded[name][0], parents, counts / counts.sum(-1, keepdims=True))
    return out


def _coded(
    name: str, data: pd.DataFrame, declared: Iterable[Any] | None
) -> tuple[tuple[State, ...], NDArray[np.int64]]:
    """A column's states and their numbers, row by row."""
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
