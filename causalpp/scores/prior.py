"""What is thought of graphs before the data: apart from the scores, which carry none of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causalpp.errors import InvalidParameter
from causalpp.scores.local import LocalScore
from causalpp.scores.table import Floats

__all__ = ["Objective", "StructurePrior"]


@dataclass(frozen=True)
class StructurePrior:
    """P(graph) ∝ exp(edge_log_odds · number of edges), over all Dags; as it stands, all are equally probable.

    Members of an equivalence class have as many edges, so that it prefers none of them.

    Attributes:
        edge_log_odds: what each edge adds to the logarithm of a graph's probability: 0 prefers nothing, a negative
            number sparse graphs.

    Raises:
        InvalidParameter: it is no finite number.

    Example:
        >>> StructurePrior(-2.0).of(0b101), StructurePrior().of(0b101)
        (-4.0, 0.0)
    """

    edge_log_odds: float = 0.0

    def __post_init__(self) -> None:
        odds = self.edge_log_odds
        if not isinstance(odds, (int, float, np.number)) or not math.isfinite(odds):
            raise InvalidParameter(f"edge_log_odds must be a finite number, got {odds!r}")

    def of(self, parents: int) -> float:
        """The share of a variable with a mask of parents."""
        return self.edge_log_odds * parents.bit_count()

    def table(self, names: Sequence[str]) -> Floats:
        """The share of each of d variables with every mask of parents, shape ``(d, 2^d)``."""
        d = len(names)
        return np.tile(self.edge_log_odds * np.bitwise_count(np.arange(1 << d)), (d, 1))

    def to_dict(self) -> dict[str, float]:
        """The prior as plain values."""
        return {"edge_log_odds": float(self.edge_log_odds)}


class Objective:
    """What a search by score makes as large as it can: a score, and a prior of graphs."""

    def __init__(self, score: LocalScore, prior: StructurePrior | None = None) -> None:
        self.score, self.prior, self.d = score, prior or StructurePrior(), score.d
        if not isinstance(self.prior, StructurePrior):
            raise InvalidParameter(f"a structure prior is a StructurePrior, got {prior!r}")

    def of(self, target: int, parents: int) -> float:
        """Of a column given a mask of others."""
        return self.score.of(target, parents) + self.prior.of(parents)

    def many(self, target: int, parents: Sequence[int]) -> Floats:
        """Of a column given each of several masks."""
        scores = self.score.local_many([target] * len(parents), parents)
        return np.asarray(scores + [self.prior.of(mask) for mask in parents])

    def gains(self, target: int, parents: int) -> Floats:
        """How much it rises with each further parent, shape ``(d,)``; −inf for those a column has."""
        return self.score.gains(target, parents) + self.prior.edge_log_odds

    def total(self, parents: Sequence[int]) -> float:
        """Of a graph, given as each column's mask of parents."""
        return sum(self.of(v, mask) for v, mask in enumerate(parents))
