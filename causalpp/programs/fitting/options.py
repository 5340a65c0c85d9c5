"""How to fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalpp.errors import InvalidParameter

__all__ = ["METHODS", "Options"]

METHODS = ("gibbs", "svi", "nuts")


@dataclass(frozen=True)
class Options:
    """How to fit: see :func:`causalpp.compile`."""

    method: str | None = None
    steps: int | None = None
    draws: int = 1000
    seed: int = 0
    progress: bool | None = None
    compare: bool = True

    def check(self) -> None:
        """Whether they make sense."""
        if self.method is not None and self.method not in METHODS:
            raise InvalidParameter(f"the method is one of {', '.join(METHODS)}, or left out; got {self.method!r}")
        for name, value, least in (("steps", self.steps, 20), ("draws", self.draws, 8), ("seed", self.seed, 0)):
            if value is not None and (not isinstance(value, (int, np.integer)) or value < least):
                raise InvalidParameter(f"{name} is a whole number from {least} on, got {value}")
