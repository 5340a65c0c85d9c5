"""The edges that are more probable than a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causalpp.errors import InvalidParameter
from causalpp.posterior.sums import Floats

__all__ = ["Consensus"]


@dataclass(frozen=True)
class Consensus:
    """The edges that are more probable than a threshold.

    Attributes:
        nodes: the variables.
        threshold: of the probability.
        directed: edges ``(cause, effect)`` with their probabilities.
        undirected: pairs that are joined with at least that probability, in neither direction, likewise.
    """

    nodes: tuple[str, ...]
    threshold: float
    directed: dict[tuple[str, str], float]
    undirected: dict[tuple[str, str], float]

    def __str__(self) -> str:
        shown = [f"{a} → {b}" for a, b in self.directed] + [f"{a} – {b}" for a, b in self.undirected]
        return ", ".join(shown) or "no edges"

    @classmethod
    def of(cls, nodes: Sequence[str], p: Floats, threshold: float, alike: float) -> Consensus:
        """The consensus of edges with these probabilities, shape ``(d, d)``.

        Args:
            nodes: the variables.
            p: row cause, column effect.
            threshold: of the probability.
            alike: directions whose probabilities differ by less are as probable, and neither is said.

        Raises:
            InvalidParameter: a threshold outside [0.5, 1], below which an edge could stand both ways.
        """
        if not 0.5 <= threshold <= 1:
            raise InvalidParameter(f"a threshold lies between 0.5 and 1, got {threshold}")
        pairs = [(i, j) for i in range(len(p)) for j in range(i)]
        joined = [(i, j) for i, j in pairs if p[i, j] + p[j, i] >= threshold]
        way = [(i, j) if p[i, j] >= p[j, i] else (j, i) for i, j in joined]
        certain = {(i, j): float(p[i, j]) for i, j in way if p[i, j] >= threshold and p[i, j] - p[j, i] > alike}
        return cls(
            tuple(nodes),
            threshold,
            {(nodes[i], nodes[j]): q for (i, j), q in certain.items()},
            {(nodes[i], nodes[j]): float(p[i, j] + p[j, i]) for i, j in way if (i, j) not in certain},
        )
