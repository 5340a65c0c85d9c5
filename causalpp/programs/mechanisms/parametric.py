"""Mechanisms that are a few arrays of numbers, known, fitted, or with a law of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import Mechanism, State
from causalpp.programs.mechanisms.checks import ReadOnly, checked_parents
from causalpp.programs.mechanisms.laws import Law

__all__ = ["Parametric", "numeric"]


def numeric(name: str, given: Any) -> NDArray[np.float64]:
    """An array of finite numbers.

    Raises:
        InvalidParameter: it is none.
    """
    try:
        value = np.array(given, dtype=float)
    except (TypeError, ValueError):
        raise InvalidParameter(f"{name} must be numbers, and as many in every row, got {given!r}") from None
    if not np.isfinite(value).all():
        raise InvalidParameter(f"{name} must be finite numbers")
    return value


class Parametric(ReadOnly, Mechanism):
    """A mechanism with arrays of parameters, whose discrete parents come before the real ones.

    Attributes:
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.
    """

    sizes: tuple[int, ...]
    law: Law | None
    _names: ClassVar[tuple[str, ...]]

    def _begin(self, parents: str | Iterable[str], sizes: Iterable[int], law: Law | None) -> None:
        """Check and store what is no number."""
        sizes = tuple(int(size) for size in sizes)
        self._store(parents=checked_parents(parents), sizes=sizes, law=law)
        if len(sizes) > len(self.parents) or any(size < 1 for size in sizes):
            raise InvalidParameter(
                f"sizes are the numbers of states of the discrete parents, which come first; got {sizes} for "
                f"{len(self.parents)} parents"
            )

    def _store(self, **values: Any) -> None:
        """Set attributes; arrays become read-only."""
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def discrete(self) -> tuple[str, ...]:
        """The parents that are discrete."""
        return self.parents[: len(self.sizes)]

    @property
    def _columns(self) -> int:
        """How many regressors the parents are: a state but the first of a discrete one, or a real one."""
        return sum(size - 1 for size in self.sizes) + len(self.parents) - len(self.sizes)

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:
        sizes = tuple(len(known) for known in states if known is not None)
        if sizes != self.sizes or any(known is None for known in states[: len(sizes)]):
            raise InvalidParameter(
                f"the mechanism of {name!r} is for discrete parents of sizes {self.sizes}, which come first; its "
                f"parents {list(self.parents)} have the states {list(states)}"
            )

    @cached_property
    def _tensors(self) -> dict[str, Tensor]:
        return {name: torch.tensor(getattr(self, name), dtype=torch.float64) for name in self._names}

    @property
    def parameters(self) -> dict[str, Tensor]:
        return dict(self._tensors)

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> Self:
        """The mechanism with other numbers; gradients flow from them to what is computed by Pyro."""
        tensors = {name: parameters[name] for name in self._names}
        new = self._with({name: value.detach().cpu().numpy() for name, value in tensors.items()})
        new.__dict__["_tensors"] = tensors
        return new

    def _with(self, numbers: Mapping[str, NDArray[np.float64]]) -> Self:
        changes: dict[str, Any] = {**numbers, "law": None}
        return replace(self, **changes)  # type: ignore[type-var]

    def drawn(self, draw: np.random.Generator) -> Self:
        if self.law is None:
            return self
        return self.with_parameters({name: torch.as_tensor(value) for name, value in self.law.draw(draw).items()})
