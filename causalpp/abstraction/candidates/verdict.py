"""What is believed of the programs that a network may implement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalpp._plain import Plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["NONE", "ProgramPosterior"]

NONE = "none of these"


@dataclass(frozen=True, repr=False)
class ProgramPosterior(Plain):
    """The posterior over programs that a network may implement; made by :func:`causalpp.abstraction.which_program`.

    Attributes:
        probabilities: of each candidate, and of none of them.
        accuracies: the interchange accuracy of each candidate on pairs whose label it says changes, as many for each;
            None where no interchange changes the label.
        steps: the interchanges in order: the sites, by the first candidate's variables; the number of the pair; the
            state that was asked about; what the outcome became; and the posterior after it.
        choice: how interchanges were chosen.
        confidence: at which asking stopped.
        errors: the expected rate at which the network departs from the program that it implements, if it does.
    """

    probabilities: Mapping[str, float]
    accuracies: Mapping[str, float | None]
    steps: tuple[Mapping[str, Any], ...]
    choice: str
    confidence: float
    errors: float

    @property
    def best(self) -> str:
        """The most probable candidate, or ``"none of these"``."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def sure(self) -> bool:
        """Whether it is as probable as was asked for."""
        return self.probabilities[self.best] >= self.confidence

    @property
    def interchanges(self) -> int:
        """How many were carried out to tell the candidates apart."""
        return len(self.steps)

    @property
    def frame(self) -> pd.DataFrame:
        """The steps, one a row."""
        import pandas as pd

        return pd.DataFrame(list(self.steps))

    def __repr__(self) -> str:
        width = max(map(len, self.probabilities))
        lines = [f"ProgramPosterior: {self.best}, after {self.interchanges} interchanges chosen by {self.choice}"]
        for name, probability in sorted(self.probabilities.items(), key=lambda pair: -pair[1]):
            accuracy = self.accuracies.get(name)
            lines.append(
                f"  {name:{width}}  {probability:.3f}" + (f"  accuracy {accuracy:.3f}" if accuracy is not None else "")
            )
        return "\n".join(lines)

    def plot(self) -> Figure:
        """The posterior after each interchange, and the interchange accuracy of each candidate."""
        from causalpp.abstraction.candidates.drawing import posterior_figure

        return posterior_figure(self)
