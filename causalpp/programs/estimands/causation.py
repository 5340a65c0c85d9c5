"""Probabilities of causation: necessity, sufficiency, and both.

Data, from experiments or not, determine them only up to bounds.  A program's mechanisms say more than data do, so
the value under the given mechanisms is told apart from the bounds, which hold under any, and from the value under
the assumption that the effect is monotonic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import ImpossibleEvidence
from causalpp.programs.estimands._bounds import CausationBounds, Masses, tian_pearl_bounds
from causalpp.programs.estimands._sides import Outcome, each_draw, exact_joint, mean_error, rows
from causalpp.programs.estimands.average import checked
from causalpp.programs.estimands.effect import Estimate
from causalpp.programs.mechanisms import State, Value
from causalpp.programs.program import CausalProgram

__all__ = ["CausationBounds", "CausationProbability", "pn", "pns", "ps", "tian_pearl_bounds"]

_NAMES = {"pn": "necessity", "ps": "sufficiency", "pns": "necessity and sufficiency"}


@dataclass(frozen=True, repr=False)
class CausationProbability(Estimate):
    """A probability of causation, with what can be said of it under weaker assumptions.

    Attributes:
        value: under the given mechanisms, whose equations data cannot check.
        standard_error: of ``value``; zero where it is exact.
        bounds: lowest and highest value under any mechanisms with this program's observational and experimental
            probabilities (Tian & Pearl 2000).
        monotonic: the value under any such mechanisms in which the treatment never prevents the outcome
            (monotonicity); None if the probabilities exclude that, or where the treatment has more values than the
            two compared and it is not determined.
        kind: ``"necessity"``, ``"sufficiency"`` or ``"necessity and sufficiency"``.
        treatment, treated, control: the variable that may be the cause, its value, and the alternative.
        outcome, state: the variable that may be the effect, and its value.
        method: ``"exact"`` or ``"simulation of N rows a side"``.
        effective_size: how many independent rows the simulated ones are worth; None if it is exact.
        draws: the value under each posterior draw of the parameters, shape ``(K,)``; None without ``draws=``.

    Example:
        >>> from causalpp import load_network
        >>> found = pns(load_network("asia"), treatment="bronc", outcome="dysp")
        >>> found.kind, round(float(found), 4), round(found.monotonic, 4)
        ('necessity and sufficiency', 0.6676, 0.6676)
    """

    bounds: tuple[float, float]
    monotonic: float | None
    kind: str
    treatment: str
    treated: Value
    control: Value
    outcome: str
    state: State | None
    method: str
    effective_size: float | None = None
    draws: NDArray[np.float64] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        error = f" ± {self.standard_error:.4f}" if self.standard_error else ""
        low, high = self.bounds
        monotonic = "no value" if self.monotonic is None else f"{self.monotonic:.4f}"
        return (
            f"Probability of {self.kind} of {self.treatment} = {self.treated} (against {self.control}) for "
            f"{self.outcome} = {self.state}: {self.value:.4f}{error} under the given mechanisms ({self.method})"
            f"{self._uncertainty()}; between {low:.4f} and {high:.4f} under any mechanisms with these observational "
            f"and experimental probabilities; {monotonic} if the effect is monotonic"
        )


def pn(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> CausationProbability:
    """The probability of necessity: P(Y(control) ≠ y | X = treated, Y = y), "it would not have happened but for".

    Args:
        program, treatment, outcome, treated, control, samples, seed, draws: see :func:`~causalpp.ate`.
        state: the outcome's state y; left out for two states of which one affirms.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter: see :func:`~causalpp.ate`; a real outcome.
        ImpossibleEvidence: what it is conditioned on has probability zero.

    Example:
        >>> from causalpp import load_network
        >>> found = pn(load_network("asia"), treatment="bronc", outcome="dysp")
        >>> round(found.value, 4), [round(bound, 4) for bound in found.bounds]
        (0.8171, [0.8171, 1.0])
    """
    return _probability("pn", program, treatment, outcome, treated, control, state, samples, seed, draws)


def ps(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> CausationProbability:
    """The probability of sufficiency: P(Y(treated) = y | X = control, Y ≠ y), "it would have made it happen".

    Args:
        program, treatment, outcome, treated, control, state, samples, seed, draws: see :func:`pn`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`pn`.

    Example:
        >>> from causalpp import load_network
        >>> round(ps(load_network("asia"), treatment="bronc", outcome="dysp").value, 4)
        0.7758
    """
    return _probability("ps", program, treatment, outcome, treated, control, state, samples, seed, draws)


def pns(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
    draws: int | None = None,
) -> CausationProbability:
    """The probability of necessity and sufficiency: P(Y(treated) = y, Y(control) ≠ y).

    Where the treatment has no other values, PNS = P(X = treated, Y = y) · PN + P(X = control, Y ≠ y) · PS.

    Args:
        program, treatment, outcome, treated, control, state, samples, seed, draws: see :func:`pn`.

    Raises:
        UnknownVariable, UnknownState, InvalidParameter, ImpossibleEvidence: see :func:`pn`.

    Example:
        >>> from causalpp import load_network
        >>> pns(load_network("asia"), treatment="bronc", outcome="dysp")
        Probability of necessity and sufficiency of bronc = yes (against no) for dysp = yes: 0.6... under the given
        mechanisms (exact); between 0.6... and 0.8... under any mechanisms with these observational and experimental
        probabilities; 0.6... if the effect is monotonic
    """
    return _probability("pns", program, treatment, outcome, treated, control, state, samples, seed, draws)


def _probability(
    which: str,
    program: CausalProgram,
    treatment: str,
    outcome: str,
    treated: Any,
    control: Any,
    state: Any,
    samples: int | None,
    seed: int,
    draws: int | None,
) -> CausationProbability:
    values = checked(program, treatment, outcome, treated, control)
    asked = _Asked(
        which, treatment, values, Outcome.of(program, outcome, state, binary=True), program.is_discrete(treatment)
    )
    found = asked.exact(program) if samples is None else None
    value, error, masses, method, size = found or asked.simulated(program, samples, seed)

    def again(drawn: CausalProgram) -> float:
        found = asked.exact(drawn) if samples is None else None
        return (found or asked.simulated(drawn, samples, seed))[0]

    return CausationProbability(
        value,
        error,
        bounds=masses.bounds(which),
        monotonic=masses.monotonic(which),
        kind=_NAMES[which],
        treatment=treatment,
        treated=values[0],
        control=values[1],
        outcome=outcome,
        state=asked.outcome.state,
        method=method,
        effective_size=size,
        draws=each_draw(program, draws, seed, again),
    )


_Found = tuple[float, float, Masses, str, float | None]


@dataclass(frozen=True)
class _Asked:
    """One of the three questions, put to programs."""

    which: str
    treatment: str
    values: tuple[Value, Value]
    outcome: Outcome
    discrete: bool  # the treatment; a real one has probability zero of being any value

    def exact(self, program: CausalProgram) -> _Found | None:
        """The answer by enumeration; None where that is out of reach."""
        x, y = self.treatment, self.outcome.variable
        if not self.discrete:
            return None
        hit = self.outcome.score
        assert hit is not None  # for the type checker
        worlds = program.worlds(factual={}, treated={x: self.values[0]}, control={x: self.values[1]})
        seen = exact_joint(worlds, [("factual", x), ("factual", y)])
        sides = [exact_joint(worlds, [(name, y)]) for name in ("treated", "control")]
        if seen is None or sides[0] is None or sides[1] is None:
            return None
        high, low = (int(program.mechanism(x).encode(x, value)) for value in self.values)
        with_y = seen @ hit
        masses = Masses(
            treated=(float(with_y[high]), float(seen[high].sum() - with_y[high])),
            control=(float(with_y[low]), float(seen[low].sum() - with_y[low])),
            under=(float(sides[0] @ hit), float(sides[1] @ hit)),
        )
        if self.which == "pns":
            both = exact_joint(worlds, [("treated", y), ("control", y)])
            return None if both is None else (float(hit @ both @ (1 - hit)), 0.0, masses, "exact", None)
        self._possible(masses)
        row, name = (high, "control") if self.which == "pn" else (low, "treated")
        triple = exact_joint(worlds, [("factual", x), ("factual", y), (name, y)])
        if triple is None:
            return None
        before = hit if self.which == "pn" else 1 - hit
        given = before @ triple[row]
        return float(given @ (1 - before) / given.sum()), 0.0, masses, "exact", None

    def simulated(self, program: CausalProgram, samples: int | None, seed: int) -> _Found:
        """The answer from rows of the factual and both other worlds on the same noise."""
        x, y = self.treatment, self.outcome.variable
        worlds = program.worlds(factual={}, treated={x: self.values[0]}, control={x: self.values[1]})
        pairs = [("factual", x), ("factual", y), ("treated", y), ("control", y)]
        (cause, *numbers), weights, _, method = rows(worlds, pairs, samples, seed)
        fact, treated, control = (self.outcome.values(column) > 0.5 for column in numbers)
        high, low = (cause == program.mechanism(x).encode(x, value) for value in self.values)
        share: Callable[[NDArray[np.bool_]], float] = lambda which: float(weights @ which)  # noqa: E731
        masses = Masses(
            treated=(share(high & fact), share(high & ~fact)),
            control=(share(low & fact), share(low & ~fact)),
            under=(share(treated), share(control)),
        )
        if self.which == "pns":
            among, hits = np.ones(len(fact), dtype=bool), treated & ~control
        else:
            self._possible(masses)
            among, hits = (high & fact, ~control) if self.which == "pn" else (low & ~fact, treated)
        within = weights[among] / weights[among].sum()
        value, error = mean_error(hits[among].astype(float), within) if len(within) > 1 else (math.nan, math.nan)
        return value, error, masses, method, float(1 / (within @ within))

    def _possible(self, masses: Masses) -> None:
        assert masses.treated is not None  # for the type checker
        assert masses.control is not None
        mass = masses.treated[0] if self.which == "pn" else masses.control[1]
        if not mass > 0:
            value, sign = (self.values[0], "=") if self.which == "pn" else (self.values[1], "≠")
            raise ImpossibleEvidence(
                f"the probability of {_NAMES[self.which]} is about units with {self.treatment} = {value} and "
                f"{self.outcome.variable} {sign} {self.outcome.state}, and there are none"
            )
