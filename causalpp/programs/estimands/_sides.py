"""What the estimands share: means in worlds, exact or simulated."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import state_number
from causalpp.errors import ImpossibleEvidence, ImpreciseWarning, InvalidParameter, TooLarge
from causalpp.programs.answering import exact, mixture, sampling
from causalpp.programs.answering.plan import Statement
from causalpp.programs.contrast import Contrast
from causalpp.programs.mechanisms import Assign, State
from causalpp.programs.program import CausalProgram
from causalpp.programs.worlds import Worlds

__all__ = ["Outcome", "Sides", "each_draw", "exact_joint", "mean_error", "rows", "sides"]

T = TypeVar("T")
_ROWS = 100_000  # simulated where the exact computation is out of reach and no number of rows was given
_FEW = 100  # effective rows below which a simulation deserves a warning


@dataclass(frozen=True)
class Outcome:
    """The variable looked at, and what is averaged.

    Attributes:
        variable: its name.
        score: what each state counts; None for a real variable, which counts as itself.
        state: the state whose probability is asked for; None if it is the mean.
    """

    variable: str
    score: NDArray[np.float64] | None
    state: State | None

    @classmethod
    def of(cls, program: CausalProgram, contrast: Contrast) -> Outcome:
        """The outcome of a contrast in which nothing is left open."""
        variable, state = contrast.outcome, contrast.state
        states = program.mechanism(variable).states
        if states is None:
            return cls(variable, None, None)
        if state is None:
            return cls(variable, np.array([float(s) for s in states]), None)
        return cls(variable, np.eye(len(states))[state_number(variable, states, state)], state)

    def values(self, numbers: NDArray[Any]) -> NDArray[np.float64]:
        """What drawn values count, shape ``(n,)``."""
        return np.asarray(numbers, dtype=float) if self.score is None else self.score[numbers]


@dataclass(frozen=True)
class Sides:
    """The two means of an effect, their difference, its standard error, and where they come from.

    Means far from zero may have fewer digits than their difference, so that is a number of its own.
    """

    means: tuple[float, float]
    value: float
    error: float
    method: str
    size: float | None


def _attempt(compute: Callable[[], T]) -> T | None:
    """What can be computed; None where there are too many cells, or noise that is not finite."""
    try:
        return compute()
    except ImpossibleEvidence:
        raise
    except (TooLarge, InvalidParameter):
        return None


def exact_joint(worlds: Worlds, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64] | None:
    """The joint distribution of discrete variables of some worlds; None if it is out of reach."""
    made, wanted = worlds._plan(pairs)
    if exact.is_discrete(made):
        return _attempt(lambda: exact.joint(made, wanted)[0])
    return _attempt(lambda: mixture.mixture(made, wanted).joint) if mixture.is_mixture(made) else None


def _exact_mean(worlds: Worlds, world: str, outcome: Outcome) -> float | None:
    if outcome.score is not None:
        law = exact_joint(worlds, [(world, outcome.variable)])
        return None if law is None else float(law @ outcome.score)
    made, wanted = worlds._plan([(world, outcome.variable)])
    if not mixture.is_mixture(made):
        return None
    return _attempt(lambda: float(mixture.mixture(made, wanted).moments[0][0]))


def _exact_sides(worlds: Worlds, names: tuple[str, str], outcome: Outcome) -> Sides | None:
    """The mean outcome in two worlds, exactly; None if it is out of reach."""
    if outcome.score is None:
        made, wanted = worlds._plan([(name, outcome.variable) for name in names])
        # Discrete nodes that differ between the worlds would have to be listed jointly.
        read = [
            n.statement.noise_name for n in made.nodes if n.mechanism.states and not isinstance(n.mechanism, Assign)
        ]
        if mixture.is_mixture(made) and len(set(read)) == len(read):
            both = _attempt(lambda: mixture.mixture(made, wanted, [(wanted[0], wanted[1])]))
            if both is not None:
                means = both.moments[0]
                return Sides((float(means[0]), float(means[1])), float(both.differences[0]), 0.0, "exact", None)
    first, second = (_exact_mean(worlds, name, outcome) for name in names)
    return None if first is None or second is None else Sides((first, second), first - second, 0.0, "exact", None)


def rows(
    worlds: Worlds, pairs: Sequence[tuple[str, str]], samples: int | None, seed: int
) -> tuple[list[NDArray[Any]], NDArray[np.float64], float | None, str]:
    """Draws of some variables of some worlds, their weights, how many they are worth, and the method in words."""
    n = _ROWS if samples is None else samples
    if not isinstance(n, (int, np.integer)) or n < 2:
        raise InvalidParameter(f"a simulation needs at least 2 rows, got {samples}")
    drawn, weights, size = worlds.draw(n, seed, pairs)
    method = f"simulation of {n:,} rows a side"
    if size < 0.999 * n:
        method += f", worth {size:,.0f}"
    if size < min(_FEW, n):
        warnings.warn(
            f"{n:,} rows are worth {size:.0f} independent ones, because what was observed is rare: raise samples=",
            ImpreciseWarning,
            stacklevel=2,
        )
    return [drawn[pair] for pair in pairs], weights, size, method


def mean_error(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """The weighted mean and its standard error, that of a ratio of means where the weights differ."""
    mean = sampling.weighted_mean(weights, values)
    n = len(values)
    return mean, math.sqrt(float((weights**2) @ (values - mean) ** 2) * n / (n - 1))


def sides(worlds: Worlds, names: tuple[str, str], outcome: Outcome, samples: int | None, seed: int) -> Sides:
    """The mean outcome in two worlds: exact unless ``samples`` are asked for or it is out of reach."""
    if samples is None:
        found = _exact_sides(worlds, names, outcome)
        if found is not None:
            return found
    drawn, weights, size, method = rows(worlds, [(name, outcome.variable) for name in names], samples, seed)
    values = [outcome.values(column) for column in drawn]
    value, error = mean_error(values[0] - values[1], weights)
    means = [sampling.weighted_mean(weights, column) for column in values]
    return Sides((means[0], means[1]), value, error, method, size)


def each_draw(
    program: CausalProgram, draws: int | None, seed: int, quantity: Callable[[CausalProgram], float]
) -> NDArray[np.float64] | None:
    """A quantity under each posterior draw of the parameters, shape ``(draws,)``; None without any.

    Raises:
        InvalidParameter: a number of draws below 1, or parameters that are all known.
    """
    if draws is None:
        return None
    if not isinstance(draws, (int, np.integer)) or draws < 1:
        raise InvalidParameter(f"draws is a number of posterior draws from 1 on, got {draws}")
    found: list[float] = []
    for drawn in program.posterior_draws(int(draws), seed):
        pairs = [pair for old, new in zip(_worlds(program), _worlds(drawn), strict=True) for pair in zip(old, new)]
        if not found and all(old.mechanism is new.mechanism for old, new in pairs):
            raise InvalidParameter("no mechanism has a posterior, so there is nothing to draw: fit the program to data")
        found.append(quantity(drawn))
    return np.array(found)


def _worlds(program: CausalProgram) -> tuple[tuple[Statement, ...], ...]:
    return (*program.past, program.statements)
