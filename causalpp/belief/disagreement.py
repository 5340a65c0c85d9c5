"""Whether data and an oracle speak of the same graph, where a belief starts from what data say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

__all__ = ["Disagreement", "EdgeMoved"]

_SHOWN = 5  # edges
_NOTICED = 0.05  # a probability that is moved by less is not worth a line
_CLEAR = 1.0  # of the logarithm: what speaks by less for one side speaks for neither


class EdgeMoved(NamedTuple):
    """One edge, and how probable it is by the data, by the answers alone, and by both."""

    cause: str
    effect: str
    data: float
    answers: float
    both: float

    def __str__(self) -> str:
        return (
            f"{self.cause} → {self.effect} ({self.data:.2f} by the data, {self.answers:.2f} by the answers, "
            f"{self.both:.2f} by both)"
        )


@dataclass(frozen=True)
class Disagreement:
    """How well answers fit with what data say.

    Attributes:
        bayes_factor: P(answers | the graph is as the data say) / P(answers | it is any, all equally probable), as a
            natural logarithm: below zero where the answers are about another graph than the data.
        edges: those whose probability the answers moved most, with what the answers alone say of them.
    """

    bayes_factor: float
    edges: tuple[EdgeMoved, ...]

    @classmethod
    def between(
        cls, nodes: Sequence[str], bayes_factor: float, data: Tensor, answers: Tensor, both: Tensor
    ) -> Disagreement:
        """From the probabilities of all edges by the data, by the answers alone, and by both, each ``(d, d)``."""
        moved = (both - data).abs().flatten()
        found = []
        for place in moved.argsort(descending=True, stable=True)[:_SHOWN].tolist():
            if float(moved[place]) >= _NOTICED:
                i, j = divmod(place, len(nodes))
                found.append(EdgeMoved(nodes[i], nodes[j], *(float(one[i, j]) for one in (data, answers, both))))
        return cls(bayes_factor, tuple(found))

    def __str__(self) -> str:
        number = f"log Bayes factor {self.bayes_factor:+.2f}"
        if abs(self.bayes_factor) < _CLEAR:
            said = f"whether data and answers speak of the same graph is open ({number})"
        else:
            said = f"data and answers {'agree' if self.bayes_factor > 0 else 'disagree'} ({number})"
        return f"{said}; moved most: {'; '.join(map(str, self.edges))}" if self.edges else said

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"bayes_factor": self.bayes_factor, "edges": [edge._asdict() for edge in self.edges]}
