"""What generalised linear mechanisms share: the linear predictor of discrete and real parents.

All read the linear predictor η = intercept + Σ over discrete parents (coefficient of their state) + Σ over real
parents (coefficient · parent), where the first state of each discrete parent counts zero (dummy coding).  The noise
is uniform and goes through the inverse of the distribution function, so the equation is monotone in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import Ranked, State
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.parametric import Parametric, numeric
from causalpp.programs.mechanisms.printing import number, numbers

__all__ = ["Linear"]


def _why(name: str, sizes: tuple[int, ...]) -> str:
    """What a number of coefficients follows from."""
    if name != "coefficients":
        return ""
    return f": one for each state but the first of discrete parents (sizes={sizes}), and one for each real parent"


class Linear(Parametric, Ranked):
    """What generalised linear mechanisms share: the linear predictor and its parameters."""

    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    _names: ClassVar[tuple[str, ...]] = ("coefficients", "intercept")

    def _set(
        self,
        parents: str | Iterable[str],
        sizes: Iterable[int],
        law: Law | None,
        width: tuple[int, ...],
        **numbers: ArrayLike,
    ) -> None:
        """Check and store the parents and the parameters; the predictor has ``width`` components."""
        self._begin(parents, sizes, law)
        shapes = {"coefficients": (*width, self._columns), "intercept": width}
        for name, given in numbers.items():
            value, shape = numeric(name, given), shapes.get(name, ())
            if value.ndim == 0 or (width == (1,) and value.shape == shape[1:]):
                value = np.broadcast_to(value, shape).copy()
            if value.shape != shape and not (name == "coefficients" and self._open(value, width)):
                raise InvalidParameter(f"{name} need shape {shape}, got {value.shape}{_why(name, self.sizes)}")
            self._store(**{name: value})

    def _open(self, value: NDArray[np.float64], width: tuple[int, ...]) -> bool:
        """Whether coefficients may fit once the parents' states are known, since sizes were left out."""
        return (
            not self.sizes
            and value.shape[:-1] in (width, () if width == (1,) else width)
            and value.shape[-1] > len(self.parents)
        )

    def for_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> Self:
        sizes = tuple(len(known) for known in states if known is not None)
        if sizes and not self.sizes and None not in states[: len(sizes)]:
            try:
                return replace(self, sizes=sizes)  # type: ignore[type-var]
            except InvalidParameter as error:
                parts = ", ".join(
                    f"{parent!r} has {len(known)} states, each but the first with its own"
                    for parent, known in zip(self.parents, states, strict=True)
                    if known is not None
                )
                raise InvalidParameter(f"the mechanism of {name!r}: {error} ({parts})") from None
        self.check_parents(name, states)
        if self.coefficients.shape[-1] != self._columns:
            raise InvalidParameter(
                f"the mechanism of {name!r} has {self.coefficients.shape[-1]} coefficients, and its parents "
                f"{list(self.parents)} are real numbers, each with one"
            )
        return self

    def _terms(self) -> list[slice]:
        """Which coefficients belong to each parent."""
        out, start = [], 0
        if self.coefficients.shape[-1] != self._columns:
            raise InvalidParameter(
                f"the number of states of {', '.join(map(repr, self.parents))} is not known before a program is "
                "compiled: say sizes="
            )
        for width in (*(size - 1 for size in self.sizes), *[1] * (len(self.parents) - len(self.sizes))):
            out.append(slice(start, start + width))
            start += width
        return out

    def _predictor(self, parents: Sequence[Tensor]) -> Tensor:
        """η, of the parents' common shape and then the predictor's own."""
        slopes, eta = self._tensors["coefficients"], self._tensors["intercept"]
        own = eta.ndim
        for place, (parent, columns) in enumerate(zip(parents, self._terms(), strict=True)):
            part = slopes[..., columns]
            if place < len(self.sizes):
                table = torch.nn.functional.pad(part, (1, 0)).movedim(-1, 0)
                eta = eta + table[parent.to(torch.int64)]
            else:
                eta = eta + part[..., 0] * parent[(...,) + (None,) * own]
        return eta

    def _equation(self, names: Sequence[str], component: tuple[int, ...]) -> str:
        """One component of η as Python text."""
        terms = [number(float(self.intercept[component]))]
        for place, (name, columns) in enumerate(zip(names, self._terms(), strict=True)):
            part = self.coefficients[component][columns]
            if place < len(self.sizes):
                terms.append(f"torch.tensor({numbers(np.concatenate([[0.0], part]))})[{name}]")
            else:
                terms.append(f"{number(float(part[0]))} * {name}")
        return " + ".join(terms).replace("+ -", "- ")
