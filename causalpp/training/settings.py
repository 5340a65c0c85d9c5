"""How a training is run: what all recipes have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypedDict

from causalpp.errors import InvalidParameter

__all__ = ["Options", "Settings"]


class Options(TypedDict, total=False):
    """The fields of :class:`Settings`, as every recipe takes them by name."""

    steps: int
    batch_size: int
    learning_rate: float
    warmup: float
    max_length: int
    lora: int
    save_every: int
    log_every: int
    seed: int


@dataclass(frozen=True)
class Settings:
    """What every recipe can be told.

    Attributes:
        steps: of the optimiser (AdamW; the learning rate falls linearly to zero).
        batch_size: examples of a step; of replies, where a recipe has them written.
        learning_rate: at its highest.
        warmup: the share of the steps in which the learning rate rises.
        max_length: tokens of a prompt with its reply, at most those that the model can read; of longer prompts the
            beginning is cut, with a warning.
        lora: the rank of low-rank adapters, which are trained in place of the weights and added to them at the end; 0
            trains the weights themselves.
        save_every: steps between two states that are saved, from which an interrupted training goes on; a multiple of
            ``log_every``.
        log_every: steps between two points of the curve, of which the last step is always one.
        seed: of the order of examples, the replies drawn, the adapters.

    Raises:
        InvalidParameter: a number that makes no sense.
    """

    steps: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup: float = 0.05
    max_length: int = 512
    lora: int = 0
    save_every: int = 50
    log_every: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "max_length", "save_every", "log_every"):
            value = getattr(self, name)
            if not (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
                raise InvalidParameter(f"{name} is a whole number from 1 on, got {value!r}")
        for name in ("lora", "seed"):
            value = getattr(self, name)
            if not (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
                raise InvalidParameter(f"{name} is a whole number from 0 on, got {value!r}")
        if not (self.learning_rate > 0 and math.isfinite(self.learning_rate)):
            raise InvalidParameter(f"a learning rate is greater than zero, got {self.learning_rate!r}")
        if not 0 <= self.warmup < 1:
            raise InvalidParameter(f"warmup is a share of the steps, below 1, got {self.warmup!r}")
        if self.save_every % self.log_every:  # so that no state is saved whose loss nobody has looked at
            raise InvalidParameter(f"save_every is a multiple of log_every, got {self.save_every} and {self.log_every}")

    def changed(self, options: Options) -> Self:
        """These settings but for what is said otherwise.

        Raises:
            InvalidParameter: there is no such setting, or a number makes no sense.
        """
        known = [each.name for each in fields(self)]
        for name in options:
            if name not in known:
                raise InvalidParameter(f"there is no setting {name!r}; the settings are {', '.join(known)}")
        return replace(self, **options)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values."""
        return {each.name: getattr(self, each.name) for each in fields(self)}
