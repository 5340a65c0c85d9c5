"""How a fit went: whether it converged, how the program compares with the data, and what to do where it does not."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import ColumnTable
from causalpp.errors import ImpreciseWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RARE", "Cells", "Diagnostics", "Fit", "Marginal", "thin_tables"]

RARE = 5  #: A configuration of parents with fewer rows is hardly seen.
_MANY, _SHARE = 10, 0.5  # configurations, and the share of them hardly seen, that are told …
_PULL = 0.1  # … if the prior is so much of what the table says


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
        f"have fewer than {RARE} rows, {worst.empty:,} of them none, and the prior is {worst.pull:.0%} of "
        "what its table says: merge states, or have a parent with many values read as real, kinds={…: 'real'}"
    )


@dataclass(frozen=True)
class Fit:
    """How the parameters of a program were fitted.

    Attributes:
        method: ``"conjugate"``, ``"laplace"``, ``"gibbs"``, ``"svi"`` or ``"nuts"``.
        rows: how many rows of data there were.
        steps: how many steps, or sweeps of each chain, were made.
        converged: whether the diagnostics below are good, and nothing was interrupted.
        advice: what to do if it has not converged; empty if it has.
        losses: the loss at each step, shape ``(steps,)``; for chains minus the log likelihood (``"gibbs"``) or the
            potential (``"nuts"``), averaged over them.
        r_hat: quantity → split R-hat of the chains, one if they agree.
        effective: quantity → effective number of draws.
        unestablished: what the diagnostics do not tell even where they are good; empty where nothing is latent.
        columns: how the columns of the data were read, and why: print it.
        diagnostics: how the fitted program compares with the data; None without data, or with ``check=False``.
    """

    method: str
    rows: int
    steps: int = 0
    converged: bool = True
    advice: str = ""
    losses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    r_hat: Mapping[str, float] = field(default_factory=dict)
    effective: Mapping[str, float] = field(default_factory=dict)
    unestablished: str = ""
    columns: ColumnTable | None = field(default=None, repr=False)
    diagnostics: Diagnostics | None = field(default=None, repr=False)

    def __str__(self) -> str:
        state = "converged" if self.converged else f"not converged: {self.advice}"
        parts = [f"{self.method} on {self.rows:,} rows"]
        parts += [f"{self.steps:,} steps"] if self.steps else []
        parts += [f"R-hat up to {max(self.r_hat.values()):.3f}"] if self.r_hat else []
        parts += [f"at least {min(self.effective.values()):,.0f} effective draws"] if self.effective else []
        open_ = f"; not established: {self.unestablished}" if self.converged and self.unestablished else ""
        return ", ".join(parts) + f"; {state}{open_}"

    def warn(self) -> Fit:
        """The fit itself, after a warning if it has not converged, and one for each thing its diagnostics find."""
        if not self.converged:
            warnings.warn(f"the fit has not converged: {self.advice}", ImpreciseWarning, stacklevel=4)
        for found in self.diagnostics.warnings if self.diagnostics is not None else ():
            warnings.warn(found, ImpreciseWarning, stacklevel=4)
        return self
