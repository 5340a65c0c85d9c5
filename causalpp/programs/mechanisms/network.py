"""Additive noise: a small neural network of the parents, plus normal noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms.base import NORMAL
from causalpp.programs.mechanisms.checks import checked_parents
from causalpp.programs.mechanisms.laws import Law
from causalpp.programs.mechanisms.noise.ranks import common_shape
from causalpp.programs.mechanisms.parametric import Parametric, numeric
from causalpp.programs.mechanisms.printing import number, numbers

__all__ = ["AdditiveNoise"]


@dataclass(frozen=True, eq=False, init=False)
class AdditiveNoise(Parametric):
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
        self._begin(parents, sizes, law)
        given = dict(zip(self._names, (hidden, hidden_bias, output, output_bias, scale), strict=True))
        units = np.size(output_bias) and len(np.atleast_1d(np.asarray(output, dtype=object)))
        shapes = {"hidden": (units, self._columns), "hidden_bias": (units,), "output": (units,)}
        for name, values in given.items():
            value, shape = numeric(name, values), shapes.get(name, ())
            if value.shape != shape:
                raise InvalidParameter(f"{name} needs shape {shape}, got {value.shape}")
            self._store(**{name: value})
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

    def _mean(self, parents: Sequence[Tensor]) -> Tensor:
        t = self._tensors
        kind = t["hidden"].dtype
        columns: list[Tensor] = []
        for parent, size in zip(parents, self.sizes, strict=False):
            columns += [(parent == state).to(kind) for state in range(1, size)]
        columns += [parent.to(kind) for parent in parents[len(self.sizes) :]]
        before = t["hidden_bias"]
        if columns:
            shape = common_shape(*columns)
            inputs = torch.stack([column.expand(shape) for column in columns], dim=-1)
            before = inputs @ t["hidden"].T + before
        return (torch.tanh(before) * t["output"]).sum(-1) + t["output_bias"]

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        kind = torch.get_default_dtype()
        return dist.Normal(self._mean(parents).to(kind), self._tensors["scale"].to(kind))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
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
