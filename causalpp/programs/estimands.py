"""Causal quantities of a program: exact where it can be computed, by simulation with a standard error otherwise."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms import State, state_number
from causalpp.programs.program import CausalProgram

__all__ = ["Effect", "ate"]

#: Pairs of states in which the first affirms and the second denies.
_AFFIRM = {
    "yes": "no",
    "true": "false",
    "1": "0",
    "present": "absent",
    "positive": "negative",
    "on": "off",
    "high": "low",
}


@dataclass(frozen=True)
class Effect:
    """The average effect of setting one variable on another.

    Attributes:
        value: the effect: a difference of probabilities, or of means where the outcome is a number.
        standard_error: of ``value``; zero where it is exact.
        treatment, treated, control: the variable set, and the two states compared.
        outcome, state: the variable looked at, and the state whose probability is compared (None: its mean is).
        under_treated, under_control: the two sides of the difference.
        method: ``"exact"`` or ``"simulation of N rows"``.
    """

    value: float
    standard_error: float
    treatment: str
    treated: State
    control: State
    outcome: str
    state: State | None
    under_treated: float
    under_control: float
    method: str

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        what = f"P({self.outcome} = {self.state})" if self.state is not None else f"mean of {self.outcome}"
        error = f" ± {self.standard_error:.4f}" if self.standard_error else ""
        return (
            f"Effect of {self.treatment} ({self.treated} against {self.control}) on {what}: {self.value:+.4f}{error} "
            f"= {self.under_treated:.4f} − {self.under_control:.4f} ({self.method})"
        )

    def to_dict(self) -> dict[str, Any]:
        """All attributes as plain values."""
        return asdict(self)

    def to_json(self) -> str:
        """All attributes as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)


def ate(
    program: CausalProgram,
    treatment: str,
    outcome: str,
    *,
    treated: Any = None,
    control: Any = None,
    state: Any = None,
    samples: int | None = None,
    seed: int = 0,
) -> Effect:
    """The average treatment effect: E[outcome | do(treated)] − E[outcome | do(control)].

    Args:
        program: the program; its own ``do`` and latent variables take part.
        treatment: the variable set.
        outcome: the variable looked at.
        treated, control: the states compared; left out for a variable with two states of which one
            affirms (yes/no, true/false, 1/0, present/absent, positive/negative, on/off, high/low).
        state: the outcome's state whose probability is compared; left out likewise, and for numbers, of
            which the means are compared.
        samples: simulate so many rows a side instead of computing exactly; both sides share their noise.
        seed: of the simulation.

    Raises:
        UnknownVariable, UnknownState: a name or state the program does not have.
        InvalidParameter: treatment and outcome are the same, or the states to compare are not evident.

    Example:
        >>> from causalpp import load_network
        >>> ate(load_network("asia"), treatment="smoke", outcome="dysp")
        Effect of smoke (yes against no) on P(dysp = yes): +0.2337 = 0.5528 − 0.3191 (exact)
    """
    if treatment == outcome:
        raise InvalidParameter(f"treatment and outcome are both {treatment!r}")
    states = program.states(treatment)
    high, low = _contrast(treatment, states, treated, control)
    outcomes = program.states(outcome)
    numeric = state is None and all(isinstance(s, (int, float)) for s in outcomes)
    if numeric:
        score, shown = np.array([float(s) for s in outcomes]), None
    else:
        number = _affirmed(outcome, outcomes, "state") if state is None else state_number(outcome, outcomes, state)
        score, shown = np.eye(len(outcomes))[number], outcomes[number]
    sides = [program.do({treatment: states[number]}) for number in (high, low)]
    if samples is None:
        means = [float(side.probabilities(outcome) @ score) for side in sides]
        error, method = 0.0, "exact"
    else:
        if samples < 2:
            raise InvalidParameter(f"a simulation needs at least 2 rows, got {samples}")
        values = [score[side.draw(samples, seed)[outcome]] for side in sides]
        means = [float(v.mean()) for v in values]
        error = float((values[0] - values[1]).std(ddof=1)) / math.sqrt(samples)
        method = f"simulation of {samples:,} rows a side"
    return Effect(
        means[0] - means[1], error, treatment, states[high], states[low], outcome, shown, means[0], means[1], method
    )


def _contrast(variable: str, states: tuple[State, ...], treated: Any, control: Any) -> tuple[int, int]:
    if treated is None and control is None:
        high = _affirmed(variable, states, "treated= and control")
        return high, 1 - high
    if (treated is None or control is None) and len(states) != 2:
        raise InvalidParameter(f"{variable!r} has {len(states)} states: say both treated= and control=")
    high = 1 - state_number(variable, states, control) if treated is None else state_number(variable, states, treated)
    low = 1 - high if control is None else state_number(variable, states, control)
    if high == low:
        raise InvalidParameter(f"treated and control are both {states[high]!r}")
    return high, low


def _affirmed(variable: str, states: tuple[State, ...], argument: str) -> int:
    """The number of the affirming state of a variable with two."""
    words = [str(s).casefold() for s in states]
    if len(words) == 2:
        for number, word in enumerate(words):
            if _AFFIRM.get(word) == words[1 - number]:
                return number
    shown = ", ".join(map(repr, states))
    raise InvalidParameter(f"which states of {variable!r} are meant? say {argument}= out of {shown}")
