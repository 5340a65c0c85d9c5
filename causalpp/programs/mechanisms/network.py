"""Additive noise: a small neural network of the parents, plus normal noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import NORMAL, Mechanism, State
from causalpp.programs.mechanisms.checks import ReadOnly, checked_parents
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise import cells as _cells
from causalpp.programs.mechanisms.printing import number, numbers

if TYPE_CHECKING:
    import pyro.distributions as dist

__all__ = ["AdditiveNoise"]


@dataclass(frozen=True, eq=False, init=False)
class AdditiveNoise(ReadOnly, Mechanism):
    """variable := network(parents) + scale · noise, with standard normal noise (Hoyer et al., NeurIPS 2009).

    The network has one hidden layer of tanh units: output · tanh(hidden @ inputs + hidden_bias) + output_bias.
    Its inputs are, for each discrete parent, an indicator of each state but the first, then the real parents.

    Attributes:
        parents: the discrete parents first, then the real ones.
        hidden: weights of the hidden layer, shape ``(h, p)``.
        hidden_bias: shape ``(h,)``.
        output: weights of the output, shape ``(h,)``.
        output_bias: a number.
        scale: the standard deviation of the noise, greater than zero.
        sizes: how many states each discrete parent has.
        law: the law of the parameters where they are not known.

    Raises:
        InvalidParameter: shapes that do not fit, numbers that are not finite, a scale that is not positive.

    Example:
        >>> response = AdditiveNoise(("dose",), [[2.0]], [-1.0], [3.0], 0.5, scale=0.1)
        >>> response.assign(torch.tensor([0.0, 1.0]), [torch.tensor(0.5)])
        tensor([0.5000, 0.6000])
    """

    parents: tuple[str, ...]
    hidden: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    output: NDArray[np.float64]
    output_bias: NDArray[np.float64]
    scale: NDArray[np.float64]
    sizes: tuple[int, ...]
    law: Law | None = field(repr=False)
    states = None
    noise = NORMAL

    def __init__(
        self,
        parents: str | Iterable[str],
        hidden: ArrayLike,
        hidden_bias: ArrayLike,
        output: ArrayLike,
        output_bias: ArrayLike = 0.0,
        scale: ArrayLike = 1.0,
        sizes: Iterable[int] = (),
        law: Law | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "parents", checked_parents(parents))
        put(self, "sizes", tuple(int(size) for size in sizes))
        put(self, "law", law)
        if len(self.sizes) > len(self.parents) or any(size < 1 for size in self.sizes):
            raise InvalidParameter(
                f"there are {len(self.sizes)} sizes of discrete parents, {self.sizes}, and {len(self.parents)} parents"
            )
        given = dict(zip(self._names, (hidden, hidden_bias, output, output_bias, scale), strict=True))
        units = np.size(output_bias) and len(np.atleast_1d(np.asarray(output, dtype=object)))
        shapes = {"hidden": (units, self._inputs), "hidden_bias": (units,), "output": (units,)}
        for name, values in given.items():
            try:
                value = np.array(values, dtype=float)
            except (TypeError, ValueError):
                raise InvalidParameter(f"{name} must be numbers, and as many in every row") from None
            shape = shapes.get(name, ())
            if value.shape != shape:
                raise InvalidParameter(f"{name} needs shape {shape}, got {value.shape}")
            if not np.isfinite(value).all():
                raise InvalidParameter(f"{name} must be finite numbers")
            value.flags.writeable = False
            put(self, name, value)
        if not self.scale > 0:
            raise InvalidParameter(f"the scale of additive noise is greater than zero, got {self.scale}")

    @classmethod
    def random(
        cls,
        parents: str | Iterable[str],
        *,
        sizes: Iterable[int] = (),
        units: int = 8,
        scale: float = 0.5,
        seed: int = 0,
    ) -> AdditiveNoise:
        """A network with random weights: a smooth nonlinear function, for simulations.

        >>> AdditiveNoise.random(("a", "b"), units=3).hidden.shape
        (3, 2)
        """
        names, sizes = checked_parents(parents), tuple(sizes)
        if units < 1:
            raise InvalidParameter(f"a network needs at least one hidden unit, got {units}")
        draw = np.random.default_rng(seed)
        width = sum(size - 1 for size in sizes) + len(names) - len(sizes)
        hidden = draw.normal(scale=1.5, size=(units, width))
        return cls(names, hidden, draw.normal(size=units), draw.normal(size=units), 0.0, scale, sizes)

    _names = ("hidden", "hidden_bias", "output", "output_bias", "scale")

    @property
    def discrete(self) -> tuple[str, ...]:
        """The parents that are discrete."""
        return self.parents[: len(self.sizes)]

    @property
    def _inputs(self) -> int:
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

    def _mean(self, parents: Sequence[Tensor]) -> Tensor:
        t = self._tensors
        kind = t["hidden"].dtype
        columns: list[Tensor] = []
        for parent, size in zip(parents, self.sizes, strict=False):
            columns += [(parent == state).to(kind) for state in range(1, size)]
        columns += [parent.to(kind) for parent in parents[len(self.sizes) :]]
        before = t["hidden_bias"]
        if columns:
            shape = _cells.common_shape(*columns)
            inputs = torch.stack([column.expand(shape) for column in columns], dim=-1)
            before = inputs @ t["hidden"].T + before
        return (torch.tanh(before) * t["output"]).sum(-1) + t["output_bias"]

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        import pyro.distributions as dist

        kind = torch.get_default_dtype()
        return dist.Normal(self._mean(parents).to(kind), self._tensors["scale"].to(kind))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        import pyro.distributions as dist

        out: Tensor = dist.Normal(self._mean(parents), self._tensors["scale"]).log_prob(value)
        return out

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return (self._mean(parents) + self._tensors["scale"] * noise).to(noise.dtype)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return ((value - self._mean(parents)) / self._tensors["scale"]).expand(fresh.shape)

    def code(self, parents: Sequence[str]) -> list[str]:
        columns = []
        for name, size in zip(parents, self.sizes, strict=False):
            columns += [f"({name} == {state})" for state in range(1, size)]
        columns += list(parents[len(self.sizes) :])
        before = f"torch.tensor({numbers(self.hidden_bias)})"
        if columns:
            inputs = f"torch.stack(torch.broadcast_tensors({', '.join(columns)}), dim=-1).float()"
            before = f"{inputs} @ torch.tensor({numbers(self.hidden)}).T + {before}"
        bias = number(float(self.output_bias))
        mean = f"torch.tanh({before}) @ torch.tensor({numbers(self.output)}) + {bias}"
        return ["dist.Normal", mean, number(float(self.scale))]

    @property
    def parameters(self) -> dict[str, Tensor]:
        return dict(self._tensors)

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> AdditiveNoise:
        """The mechanism with other numbers; gradients flow from them to what is computed by Pyro."""
        tensors = {name: parameters[name] for name in self._names}
        plain: dict[str, Any] = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        new = replace(self, **plain, law=None)
        new.__dict__["_tensors"] = tensors
        return new

    def drawn(self, draw: np.random.Generator) -> AdditiveNoise:
        if self.law is None:
            return self
        return self.with_parameters({name: torch.as_tensor(value) for name, value in self.law.draw(draw).items()})
