"""Candidate graphs in bulk: every graph of a batch fitted to one frame, and set to work, at once.

What graphs have in common is done once: a variable with the same parents is fitted once, and under the noise that all
candidates share, a variable with the same ancestors' subgraph is drawn once.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp.columns import Columns, read_columns
from causalpp.errors import ImpreciseWarning, InvalidData, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag, DagBatch
from causalpp.programs.bulk._base import BatchEffects, Normals, ProgramBatch
from causalpp.programs.bulk._fits import Fits, unique_fits
from causalpp.programs.bulk._gaussian import GaussianBatch, fit_gaussians
from causalpp.programs.bulk._mixed import MixedBatch, fit_mixed
from causalpp.programs.bulk._tables import TableBatch, fit_tables
from causalpp.programs.checks import whole
from causalpp.programs.fitting.diagnostics import covered, family_cells
from causalpp.programs.fitting.fit import Options, fitted
from causalpp.programs.mechanisms import Mechanism, Table
from causalpp.programs.report import Cells, Fit, thin_tables

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["BatchEffects", "GaussianBatch", "MixedBatch", "Normals", "ProgramBatch", "TableBatch", "compile_batch"]

_CHUNK_BYTES = 1 << 28


def compile_batch(
    dags: DagBatch,
    data: pd.DataFrame,
    *,
    states: Mapping[str, Iterable[Any]] | None = None,
    kinds: Mapping[str, str] | None = None,
    prior: float = 1.0,
    chunk_bytes: int = _CHUNK_BYTES,
    check: bool = True,
) -> ProgramBatch:
    """Every candidate graph as a program fitted to the data, all at once.

    What each column is, :func:`causalpp.columns.read_columns` decides, as for :func:`~causalpp.programs.compile`.
    All discrete: tables.  All real: linear-Gaussian mechanisms.  Counts, or columns of several kinds: whatever
    :func:`~causalpp.programs.compile` takes for them.  All are fitted as it fits one graph, with the same prior and to
    the same numbers.

    Args:
        dags: N graphs over d observed variables; results are on their device.
        data: a frame with a column for every variable; others are ignored.
        states: variable → its states in order, where the data do not show them all.
        kinds: variable → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where the rule of
            :func:`causalpp.columns.read_columns` would have it otherwise.
        prior: the Dirichlet prior's concentration on each state of each row of the tables, greater than zero, as in
            :func:`~causalpp.programs.compile`.  Regressions have the flat prior and do not use it.
        chunk_bytes: about how much memory one step of sampling, or of exact computing, may take; the results
            do not depend on it.
        check: whether to warn where the rows hardly cover the tables of some graphs; see
            :func:`~causalpp.programs.compile`.

    Returns:
        A :class:`TableBatch` or a :class:`GaussianBatch`, whose graphs are computed all at once, or a
        :class:`MixedBatch`, whose graphs share their local fits and are asked one by one.

    Raises:
        InvalidParameter: latent variables; data that are no frame; a prior or ``chunk_bytes`` out of range.
        InvalidData: a column is missing, has missing values or undeclared states.
        UnknownVariable: ``states`` names a variable the graphs do not have.
        TooLarge: tables too large.

    Warns:
        ImpreciseWarning: most configurations of a table's parents have hardly a row, so that the prior speaks; one
            warning, of the worst table.

    Example:
        >>> import pandas as pd
        >>> from causalpp.graphs.random import all_dags
        >>> frame = pd.DataFrame({"a": [0, 0, 0, 1, 1, 1], "b": [0, 0, 1, 1, 1, 0]})
        >>> batch = compile_batch(all_dags(["a", "b"]), frame)
        >>> batch
        TableBatch(3 graphs over 2 variables, 4 local fits)
        >>> batch.ate("a", "b").value.round(decimals=6).tolist()
        [0.0, 0.2, 0.0]
    """
    import pandas as pd

    if not isinstance(dags, DagBatch):
        raise InvalidParameter(f"compile_batch() needs a DagBatch, got {type(dags).__name__}: DagBatch.from_dags([…])")
    if dags.latent:
        raise InvalidParameter(
            f"candidates are fitted to observed variables only, and {sorted(dags.latent)} are latent: "
            "compile() each graph by itself"
        )
    if not isinstance(data, pd.DataFrame):
        raise InvalidParameter(
            f"compile_batch() needs a data frame, got {type(data).__name__}: "
            "pandas.DataFrame(array, columns=dags.nodes)"
        )
    if isinstance(prior, bool) or not isinstance(prior, (int, float, np.integer, np.floating)):
        raise InvalidParameter(f"prior is a number, got {prior!r}")
    if not 0 <= prior < math.inf:
        raise InvalidParameter(f"the prior's concentration must not be negative, got {prior}")
    declared = dict(states or {})
    for name in declared:
        if name not in dags.nodes:
            raise UnknownVariable(name, dags.nodes, what=" among the states")
    chunk_bytes = whole("chunk_bytes", chunk_bytes, 1)
    if not len(data):
        raise InvalidData("the data have no rows")
    columns = read_columns(data, kinds, declared, names=dags.nodes)
    for name, column in columns.items():
        if column.missing.any():
            raise InvalidData(f"column {name!r} has missing values: drop or fill those rows first")
    continuous = [name for name, column in columns.items() if column.states is None]
    fits = unique_fits(np.asarray(dags.adjacency.cpu().numpy(), dtype=bool))
    if not continuous:
        tables = fit_tables(dags, fits, columns, prior, chunk_bytes)
        if check:
            _warn(dags, fits, _of_tables(tables))
        return tables
    if any(column.kind != "real" for column in columns.values()):
        if not prior > 0:
            raise InvalidParameter(f"the prior's concentration must be greater than zero, got {prior}")

        def fit(family: Dag) -> tuple[Mapping[str, Mechanism], Fit | None]:
            said = {name: columns[name].kind for name in family.nodes}
            known = {name: columns[name].states or () for name in family.nodes if columns[name].states is not None}
            return fitted(family, data, {}, known, prior, Options(compare=False), said)

        mixed = fit_mixed(dags, fits, columns, fit, chunk_bytes)
        if check:
            _warn(dags, fits, _of_mixed(mixed, columns, prior))
        return mixed
    return fit_gaussians(dags, fits, columns, chunk_bytes)


def _of_tables(batch: TableBatch) -> list[Cells | None]:
    """How well the rows cover each local fit's table; None without parents."""
    out: list[Cells | None] = []
    ends = np.append(batch.offset, len(batch.counts))[1:]
    for v, many, begin, end in zip(batch.fits.variable, batch.fits.many, batch.offset, ends, strict=True):
        name = batch.dags.nodes[v]
        states = len(batch.states[name])
        rows = batch.counts[begin:end].reshape(-1, states).sum(1)
        out.append(covered(name, len(rows), rows[rows > 0], states, batch.prior) if many else None)
    return out


def _of_mixed(batch: MixedBatch, columns: Columns, prior: float) -> list[Cells | None]:
    out: list[Cells | None] = []
    for v, law in zip(batch.fits.variable, batch.mechanisms, strict=True):
        table = isinstance(law, Table) and law.parents
        out.append(family_cells(batch.dags.nodes[v], law.parents, columns, prior) if table else None)
    return out


def _warn(dags: DagBatch, fits: Fits, cells: Sequence[Cells | None]) -> None:
    """One warning for the whole batch, if the rows hardly cover some of its tables; there are F cells."""
    found = thin_tables(cell for cell in cells if cell is not None)
    if found is not None:
        told = [cell is not None and cell.told for cell in cells]
        many = int(np.array(told)[fits.of].any(1).sum())
        where = f"in {many:,} of {len(dags):,} graphs a table is thin" if len(dags) > 1 else "a table is thin"
        warnings.warn(f"{where}: {found}", ImpreciseWarning, stacklevel=3)
