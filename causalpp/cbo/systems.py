"""What is optimised: something that can be watched, and in which variables can be set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from causalpp.errors import InvalidData, InvalidParameter
from causalpp.graphs import Dag
from causalpp.programs import CausalProgram

__all__ = ["CallableSystem", "Measured", "ProgramSystem", "System", "as_system"]


@dataclass(frozen=True)
class Measured:
    """What a trial found.

    Attributes:
        value: the mean of the outcome under the intervention.
        error: its standard error; 0 if it is exact.
    """

    value: float
    error: float


@runtime_checkable
class System(Protocol):
    """What :func:`~causalpp.optimize` asks of the world: rows in which nobody interferes, and trials."""

    def observe(self, rows: int, seed: int) -> pd.DataFrame:
        """Rows as they come, a column for every observed variable."""

    def trial(self, values: Mapping[str, float], outcome: str, seed: int) -> Measured:
        """The outcome where these variables are set; with no values, where nothing is."""


@dataclass(frozen=True)
class ProgramSystem:
    """A causal program as the world.

    Args:
        program: what is true.
        rows: how many units a trial takes; their mean is what it tells.
    """

    program: CausalProgram
    rows: int = 100

    def __post_init__(self) -> None:
        if self.rows < 2:
            raise InvalidParameter(f"a trial takes at least two units, got rows={self.rows}")

    @property
    def dag(self) -> Dag:
        return self.program.dag

    def observe(self, rows: int, seed: int) -> pd.DataFrame:
        frame = self.program.simulate(rows, seed=seed)
        return frame[[name for name in frame if name not in self.program.dag.latent]]

    def trial(self, values: Mapping[str, float], outcome: str, seed: int) -> Measured:
        drawn = self.program.simulate(self.rows, do=dict(values), seed=seed)[outcome].to_numpy(float)
        return Measured(float(drawn.mean()), float(drawn.std(ddof=1) / np.sqrt(len(drawn))))

    def mean(self, values: Mapping[str, float], outcome: str, rows: int = 200_000) -> float:
        """The true mean of the outcome under an intervention, by simulation.

        The seed is fixed, so that two interventions are compared on the same units.
        """
        return float(self.program.simulate(rows, do=dict(values), seed=2**31 - 1)[outcome].mean())


@dataclass(frozen=True)
class CallableSystem:
    """A function as the world: it takes the values that are set and gives the outcome.

    Args:
        function: values by name → a number, or a pair of a number and its standard error; None or NaN if it failed.
        observations: rows that were observed before; ``observe`` has no others.
    """

    function: Callable[[dict[str, float]], object]
    observations: pd.DataFrame | None = None

    def observe(self, rows: int, seed: int) -> pd.DataFrame:  # noqa: ARG002
        raise InvalidData("this system is a function: it has trials only; hand what was observed over as data=")

    def trial(self, values: Mapping[str, float], outcome: str, seed: int) -> Measured:  # noqa: ARG002
        found = self.function(dict(values))
        if found is None:
            return Measured(np.nan, np.nan)  # it failed
        pair = found if isinstance(found, tuple) else (found, 0.0)
        try:
            value, error = (float(part) for part in pair)
        except (TypeError, ValueError):
            raise InvalidData(f"a trial gives a number, or a number and its standard error, got {found!r}") from None
        return Measured(value, error)


def as_system(given: object) -> System:
    """A system, a program or a function as a system.

    Raises:
        InvalidParameter: none of these.
    """
    if isinstance(given, CausalProgram):
        return ProgramSystem(given)
    if isinstance(given, System):
        return given
    if callable(given):
        return CallableSystem(given)
    raise InvalidParameter(f"a system is a program, a function of the values that are set, or a System, got {given!r}")
