"""The Bayesian information criterion as a score: of discrete, of real, and of mixed columns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from causalpp._bits import bits
from causalpp.errors import InvalidData
from causalpp.scores.dirichlet import check_weight, counted, discrete_counts
from causalpp.scores.gaussian import Normal, T, Volumes
from causalpp.scores.local import Interventions, Rows
from causalpp.scores.table import Data, Floats

__all__ = ["BIC"]

_RIDGE = 1e-8  # on indicators of states, which may determine each other
_NOTHING = 1e-12  # variance of a standardised column that is rounding


class BIC(Normal):
    """The largest log-likelihood, less half the number of parameters times the logarithm of the number of rows.

    Schwarz, Annals of Statistics 6, 1978: higher is better, so it is −½ of what is often called BIC.  Discrete
    columns have tables, real ones are normal together, and of mixed ones a discrete column is the vector of its
    indicators, normal with the rest (the degenerate Gaussian score: Andrews, Ramsey & Cooper, 2019).  Parents that are
    constant, or determine each other, explain as much as some of them; a real column that its parents determine has an
    infinite likelihood, for which a very large one stands.

    Args:
        data, interventions: see :class:`LocalScore`.
        penalty_discount: what the penalty is multiplied by, greater than zero: more than 1 prefers fewer edges.

    Raises:
        InvalidParameter: the discount is not greater than zero.
        InvalidData: numbers among the columns, and a variable that was not set in so few rows that parents determine it
            there.

    Example:
        >>> import pandas as pd
        >>> score = BIC(pd.DataFrame({"a": [0, 0, 1, 1] * 5, "b": [0, 1, 1, 1] * 5}))
        >>> wanted = 5 * math.log(1 / 4) + 15 * math.log(3 / 4) - math.log(20) / 2
        >>> bool(np.isclose(score.local("b"), wanted)), score.name
        (True, 'BIC')
    """

    _by_volume = False

    def __init__(
        self, data: Data, penalty_discount: float = 1.0, *, interventions: Interventions | None = None
    ) -> None:
        self.penalty_discount = check_weight(penalty_discount, "penalty_discount")
        super().__init__(data, interventions=interventions)
        for v, part in self._free.items() if self.table.kind != "discrete" else ():
            width = self.table.joint.shape[1]
            if 0 < part.rows <= width:
                raise InvalidData(
                    f"{self.names[v]!r} was not set in {part.rows:,} of {self.rows:,} rows, which are too few for the "
                    f"BIC of {width:,} columns (k states count as k − 1): take 'bge', or 'cg' for both kinds of columns"
                )

    def _prepare(self, rows: Rows | None) -> None:
        self._know(None)
        table = self.table
        self.name = "degenerate Gaussian BIC" if table.kind == "mixed" else "BIC"
        if table.kind == "discrete":
            self._counts = discrete_counts(table, rows, self.name)
            return
        values = table.joint if rows is None else table.joint[rows]
        rest = values - (values.mean(0) if len(values) else 0.0)
        ridge = _RIDGE * np.eye(values.shape[1]) if table.kind == "mixed" else 0.0
        matrix = rest.T @ rest / max(1, len(values)) + ridge
        self._volumes = Volumes(matrix, table.places, _NOTHING)
        if table.kind == "continuous":
            n, spread = self.rows, self.table.log_spread
            self._charge: float = self.penalty_discount * math.log(max(1, n)) / 2
            self._know(matrix)
            self._apart: list[float] = (-n / 2 * math.log(2 * math.pi * math.e) - n * spread).tolist()

    def _of_rest(self, target: int, size: int, log_volume: T, log_rest: T) -> T:  # noqa: ARG002
        return self._apart[target] - self._charge * (size + 2) - self.rows / 2 * log_rest

    def _values(self, sets: Sequence[int]) -> Sequence[float] | Floats:
        rows, half = self.rows, self.penalty_discount * math.log(self.rows) / 2
        if self.table.kind == "discrete":
            return [
                float((found * np.log(found / rows)).sum()) - half * (cells - 1)
                for found, cells in counted(self._counts, sets)
            ]
        log_volume, width = self._volumes(sets)
        units = np.array([self.table.log_spread[bits(mask)].sum() for mask in sets])
        fit = -rows / 2 * (width * math.log(2 * math.pi * math.e) + log_volume) - rows * units
        return np.asarray(fit - half * width * (width + 3) / 2)
