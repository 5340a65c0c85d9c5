"""How much a search may look at, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from causalpp._plain import Plain
from causalpp.errors import InvalidParameter

__all__ = ["Budget"]


@dataclass(frozen=True)
class Budget(Plain):
    """How much a search may look at, and how long it takes.

    Attributes:
        seeds: runs from different rotations, of which the best on held-out pairs is taken.
        pairs: to learn from.
        held_out: pairs by which the best moment of a run, and the best run, are chosen.
        further: pairs that neither saw, for the figures that are told.
        steps: of the optimiser, at most.
        batch: pairs in a step; at least half of them change the label.
        rate: of learning, at first; it falls to a twentieth.
        looks: how often it is looked at the held-out pairs.
        patience: looks without a better result after which a search ends.
        penalty: of the boundless form, for the share of directions that are used.

    Raises:
        InvalidParameter: a number that is no whole one from 1 on, a rate that is not above 0, a penalty below 0.
    """

    seeds: int = 5
    pairs: int = 20_000
    held_out: int = 2_000
    further: int = 4_000
    steps: int = 1000
    batch: int = 256
    rate: float = 0.01
    looks: int = 20
    patience: int = 6
    penalty: float = 0.05

    def __post_init__(self) -> None:
        for name in ("seeds", "pairs", "held_out", "further", "steps", "batch", "looks", "patience"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InvalidParameter(f"{name}= is a whole number from 1 on, got {value!r}")
        if not self.rate > 0 or not self.penalty >= 0:
            raise InvalidParameter(f"rate= is above 0 and penalty= not below, got {self.rate!r} and {self.penalty!r}")
