"""Does a fitted program fit the rows it was fitted to: configurations of parents hardly seen, and its own marginals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import Column, Columns
from causalpp.programs.mechanisms import Mechanism, Table

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.programs.program import CausalProgram

__all__ = [
    "Cells",
    "Diagnostics",
    "Marginal",
    "cells_of_tables",
    "covered",
    "diagnose",
    "family_cells",
    "thin_tables",
]

_Floats = NDArray[np.float64]

_ROWS = 5000  # simulated
_RARE = 5  # a configuration of parents with fewer rows is hardly seen
_MANY, _SHARE = 10, 0.5  # configurations, and the share of them hardly seen, that are told …
_PULL = 0.1  # … if the prior is so much of what the table says
_LEVEL = 0.01  # of all marginals together
_APART = {"discrete": 0.02, "ordinal": 0.02, "count": 0.05, "real": 0.15}  # smaller distances do no harm
_LEAST = 5  # expected in each arm; states with fewer are taken together


@dataclass(frozen=True)
class Cells:
    """How well the rows cover the configurations of a table's parents.

    Attributes:
        variable: whose table it is.
        configurations: how many its parents have.
        empty, rare: how many of them have no row, and how many fewer than five (with those that have none).
        pull: the prior's share in the table's rows, averaged over the rows of data: 0, the data alone; 1, the prior.
    """

    variable: str
    configurations: int
    empty: int
    rare: int
    pull: float

    @property
    def told(self) -> bool:
        """Whether they deserve a warning."""
        return self.configurations >= _MANY and self.rare > _SHARE * self.configurations and self.pull > _PULL


@dataclass(frozen=True)
class Marginal:
    """A variable's distribution in the data and in the program without intervention.

    Attributes:
        variable: which.
        what: what differs most: a state's share, or the mean.
        observed, expected: this number in the data and in the program.
        distance: between the distributions: half the sum of the absolute differences of shares; of numbers the
            greatest difference of the distribution functions.
        p_value: of so great a distance, if the program were right.
        told: whether it deserves a warning.  What has missing values may rightly differ, as may what is given, not
            fitted, and what comes after it.
    """

    variable: str
    what: str
    observed: float
    expected: float
    distance: float
    p_value: float
    told: bool

    @property
    def sentence(self) -> str:
        """What differs."""
        if self.what == "distribution":
            return f"the distribution of {self.variable!r} is another one, at a distance of {self.distance:.2f}"
        return f"{self.what} is {self.expected:.3g} in the program and {self.observed:.3g} in the data"


@dataclass(frozen=True)
class Diagnostics:
    """What a comparison of a fitted program with its data found.

    Attributes:
        cells: one entry for each table with parents.
        marginals: one for each observed variable: a posterior predictive check (Gelman et al., *Bayesian Data
            Analysis*, 3rd ed., section 6.3), the posterior put at its mean.
        copies: pairs of parents of one variable that say the same in every row.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> found = cpp.compile(asia.dag, data=asia.simulate(1000, seed=1)).fit.diagnostics
        >>> found.warnings
        ()
        >>> found.frame().loc[0, ["variable", "what"]].tolist()
        ['asia', 'P(asia = no)']
    """

    cells: tuple[Cells, ...]
    marginals: tuple[Marginal, ...]
    copies: tuple[tuple[str, str, str], ...]

    def frame(self) -> pd.DataFrame:
        """The marginals as a table, one row a variable."""
        import pandas as pd

        return pd.DataFrame([vars(marginal) for marginal in self.marginals])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong, a sentence each; empty if nothing is."""
        out = [
            f"columns {a!r} and {b!r} say the same in every row, so their influences on {child!r} cannot be told "
            "apart: leave one out"
            for a, b, child in self.copies
        ]
        thin = thin_tables(self.cells)
        out += [] if thin is None else [thin]
        odd = sorted((m for m in self.marginals if m.told), key=lambda m: m.p_value)
        out += [f"the fitted program does not fit the data: {m.sentence}; see fit.diagnostics" for m in odd[:3]]
        return tuple(out)


def thin_tables(cells: Iterable[Cells]) -> str | None:
    """What there is to say of tables whose parents have many configurations with hardly a row, the worst first."""
    thin = sorted((c for c in cells if c.told), key=lambda c: -c.pull)
    if not thin:
        return None
    worst = thin[0]
    others = list(dict.fromkeys(repr(c.variable) for c in thin if c.variable != worst.variable))[:3]
    also = f" (and so of {', '.join(others)})" if others else ""
    return (
        f"{worst.rare:,} of {worst.configurations:,} configurations of the parents of {worst.variable!r}{also} "
        f"have fewer than {_RARE} rows, {worst.empty:,} of them none, and the prior is {worst.pull:.0%} of "
        "what its table says: merge states, or have a parent with many values read as real, kinds={…: 'real'}"
    )


def diagnose(
    program: CausalProgram, mechanisms: Mapping[str, Mechanism], columns: Columns, given: Collection[str], seed: int
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
    return Cells(name, configurations, configurations - len(rows), configurations - int((rows >= _RARE).sum()), pull)


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
