"""What an optimisation ends with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from causalpp._plain import Plain, plain
from causalpp.graphs import Dag
from causalpp.oracles import Answer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["OptimizationResult"]


@dataclass(frozen=True, repr=False)
class OptimizationResult(Plain):
    """The best intervention by all that was tried and seen.

    Attributes:
        outcome, goal: what was to be smallest or largest.
        values: what to set to what; empty for leaving everything alone.
        mean, deviation: the outcome's mean there, and how uncertain it is, in units of the outcome.
        trials: a row each, in order: the set, the values, what was found (NaN where a trial failed), its standard error
            and its cost.
        answers: of an oracle, in order.
        cost: of all trials and questions.
        sets: those that were tried.
        priors: set → by which formulas, one for each thing that graphs say of it, rows told of it, or ``"flat"``.
        graphs: those that may be true, with their probabilities in the end.
    """

    outcome: str
    goal: str
    values: dict[str, float]
    mean: float
    deviation: float
    trials: pd.DataFrame = field(compare=False)
    answers: tuple[Answer, ...]
    cost: float
    sets: tuple[tuple[str, ...], ...]
    priors: dict[str, tuple[str, ...]]
    graphs: tuple[tuple[Dag, float], ...]

    def __repr__(self) -> str:
        done = ", ".join(f"{name} = {value:.3g}" for name, value in self.values.items()) or "nothing"
        asked = f" and {len(self.answers)} answers" if self.answers else ""
        return (
            f"OptimizationResult(set {done}: {self.outcome} {self.mean:.3g} ± {self.deviation:.2g}, "
            f"after {len(self.trials)} trials{asked} at a cost of {self.cost:.6g})"
        )

    def to_dict(self) -> dict[str, Any]:
        """All attributes as plain values, the trials as a list."""
        found: dict[str, Any] = {str(name): getattr(self, name) for name in self.__match_args__}
        return {
            **found,
            "trials": plain(self.trials.to_dict("records"), finite=True),
            "answers": [answer.to_dict() for answer in self.answers],
            "graphs": [(repr(dag), weight) for dag, weight in self.graphs],
        }

    def plot(self, axes: Axes | None = None) -> Axes:
        """The trials by number, coloured by set, and the best found so far."""
        from causalpp.cbo.drawing import draw_trials

        return draw_trials(self, axes)
