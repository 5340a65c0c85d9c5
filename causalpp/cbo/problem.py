"""What is to be optimised, checked: outcome, graph, variables that can be set, bounds, costs, rows seen before."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from causalpp.cbo.sets import intervention_sets
from causalpp.errors import InvalidData, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag

__all__ = ["Cost", "Problem"]

#: A number, or a function of the value that is set.
Cost = float | Callable[[float], float]


@dataclass(frozen=True)
class Problem:
    """What is to be optimised.

    Attributes:
        graphs: those that may be true, over the same variables, with latent ones marked.
        outcome: what is to be best.
        interventions: variable → (low, high), for those that can be set.
        goal: ``"min"`` or ``"max"``.
        costs: what setting a variable costs, for each or for all; a trial costs the sum, and ``base`` besides.
        base: what any trial costs.
        data: rows in which nobody interfered, or None.

    Raises:
        UnknownVariable: a name that the graph does not have.
        InvalidParameter: bounds that are empty or not finite, costs that are not finite or not above zero, a latent
            variable among those that can be set, an outcome that nothing can move.
        InvalidData: rows without a column for an observed variable, or with values that are no numbers.
    """

    graphs: tuple[Dag, ...]
    outcome: str
    interventions: Mapping[str, tuple[float, float]]
    goal: str = "min"
    costs: float | Mapping[str, Cost] = 1.0
    base: float = 0.0
    data: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        for dag in self.graphs:
            if not isinstance(dag, Dag):
                raise InvalidParameter(f"a graph is a Dag, with latent= for what nobody sees, got {dag!r}")
            if set(dag.observed) != set(self.dag.observed):
                raise InvalidParameter("the graphs that may be true have the same observed variables")
        for name in (self.outcome, *self.interventions, *(self.costs if isinstance(self.costs, Mapping) else ())):
            if name not in self.dag:
                raise UnknownVariable(name, self.dag.nodes)
        if self.goal not in ("min", "max"):
            raise InvalidParameter(f"goal= is 'min' or 'max', got {self.goal!r}")
        if not self.interventions:
            raise InvalidParameter("interventions= names the variables that can be set, each with its bounds")
        object.__setattr__(self, "interventions", {name: self._bounds(name) for name in self.interventions})
        if not (math.isfinite(self.base) and self.base >= 0):
            raise InvalidParameter(f"what any trial costs is a finite number from 0 on, got {self.base!r}")
        self._check_data()
        reached = frozenset().union(*(dag.ancestors(self.outcome) for dag in self.graphs))
        if not reached & set(self.interventions):
            raise InvalidParameter(
                f"nothing that can be set has a directed path to {self.outcome!r}: no intervention can move it"
            )
        for name, (low, high) in self.interventions.items():
            self._price(name, (low + high) / 2)

    def _bounds(self, name: str) -> tuple[float, float]:
        if name not in self.dag.observed or name == self.outcome:
            what = "the outcome" if name == self.outcome else "latent"
            raise InvalidParameter(f"{name!r} is {what}: nobody sets it")
        try:
            low, high = (float(end) for end in self.interventions[name])
        except (TypeError, ValueError):
            given = self.interventions[name]
            raise InvalidParameter(f"the bounds of {name!r} are two numbers, got {given!r}") from None
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InvalidParameter(f"the bounds of {name!r} are empty or not finite: ({low:g}, {high:g})")
        return low, high

    def _check_data(self) -> None:
        if self.data is None:
            return
        missing = [name for name in self.dag.observed if name not in self.data]
        if missing:
            raise InvalidData(f"the rows have no column {missing[0]!r}; mark it latent= if nobody sees it")
        for name in self.dag.observed:
            column = pd.to_numeric(self.data[name], errors="coerce").to_numpy(float)
            if not np.isfinite(column).all():
                raise InvalidData(f"the column {name!r} holds values that are missing or no numbers")
        if len(self.data) < 10:
            raise InvalidData(f"{len(self.data)} rows are too few for regressions: give 10 or more, or none")

    @property
    def dag(self) -> Dag:
        """The first graph."""
        return self.graphs[0]

    def sets(self) -> tuple[tuple[str, ...], ...]:
        """The sets worth setting under any of the graphs, where what is observed and cannot be set is as it is."""
        fixed = [name for name in self.dag.observed if name not in self.interventions and name != self.outcome]
        found = (intervention_sets(dag, outcome=self.outcome, fixed=fixed) for dag in self.graphs)
        sets = {tuple(sorted(names, key=self.dag.nodes.index)) for one in found for names in one}
        return tuple(sorted(sets, key=lambda names: (len(names), [self.dag.nodes.index(name) for name in names])))

    def cost(self, values: Mapping[str, float]) -> float:
        """What a trial costs.

        Raises:
            InvalidParameter: a cost that is not finite or below zero, or nothing at all.
        """
        total = self.base + sum(self._price(name, value) for name, value in values.items())
        return total if total > 0 else self._free()

    def prices(self, name: str) -> list[float]:
        """What setting a variable costs at five values from low to high: what tells one function from another."""
        low, high = self.interventions.get(name, (0.0, 0.0))
        return [self._price(name, low + (high - low) * k / 4) for k in range(5)]

    def _price(self, name: str, value: float) -> float:
        price: Any = self.costs.get(name, 1.0) if isinstance(self.costs, Mapping) else self.costs
        try:
            found = float(price(value) if callable(price) else price)
        except (TypeError, ValueError) as error:
            raise InvalidParameter(f"setting {name!r} to {value:g} has no price: {error}") from None
        if not (math.isfinite(found) and found > 0):
            raise InvalidParameter(f"setting {name!r} to {value:g} costs {found}: costs are finite and above zero")
        return found

    def _free(self) -> float:
        """Leaving everything alone costs as much as the cheapest that can be set: it takes a trial all the same."""
        return min(self._price(name, sum(ends) / 2) for name, ends in self.interventions.items())
