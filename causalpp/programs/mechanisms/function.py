"""Any function of parents and noise as a mechanism."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Categorical

from causalpp.errors import InvalidParameter
from causalpp.programs.mechanisms import _cells
from causalpp.programs.mechanisms.base import NORMAL, UNIFORM, Mechanism, State, check_states, parent_names

__all__ = ["Function"]


@dataclass(frozen=True, eq=False)
class Function(Mechanism):
    """variable := function(*parents, noise), or function(*parents) if there is no noise.

    Attributes:
        function: takes one tensor a parent (numbers of states, or real numbers) and, last, the noise, all of one
            shape, and returns a tensor of that shape: numbers of states, or real numbers.  It must work
            elementwise.
        parents: the variables it reads, in the order of its arguments.
        states: the states of the result; None for a real number.
        noise: ``"normal"``, ``"uniform"``, None, or a Pyro distribution over single numbers; with a ``Categorical``
            or none, a function of discrete variables is computed exactly.
        inverse: ``inverse(value, *parents)`` gives back the noise, where that is possible: with it the variable can
            be observed.

    Raises:
        InvalidParameter: not a function, or unknown noise; when run: a result of another shape, not finite, or
            no number of a state.

    Example:
        >>> growth = Function(lambda size, noise: size * torch.exp(0.1 * noise), ("size",))
        >>> growth.assign(torch.tensor([0.0, 1.0]), [torch.tensor([2.0, 2.0])])
        tensor([2.0000, 2.2103])
    """

    function: Callable[..., Tensor]
    parents: tuple[str, ...] = ()
    states: tuple[State, ...] | None = None
    noise: str | dist.Distribution | None = NORMAL
    inverse: Callable[..., Tensor] | None = None
    _ends: NDArray[np.float64] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", parent_names(self.parents))
        if self.states is not None:
            object.__setattr__(self, "states", check_states("a function's variable", self.states))
        if not callable(self.function):
            raise InvalidParameter(f"a mechanism needs a function of parents and noise, got {self.function!r}")
        if isinstance(self.noise, str) and self.noise not in ("normal", "uniform"):
            raise InvalidParameter(f"noise is 'normal', 'uniform', None or a distribution, not {self.noise!r}")

        # A finite noise is drawn as the cell of (0, 1) that a uniform number falls into.
        ends = None
        if self.noise is None:
            ends = np.ones(1)
        elif isinstance(self.noise, Categorical) and self.noise.batch_shape == ():
            ends = self.noise.probs.double().cumsum(-1).numpy()
            ends[-1] = 1.0
        object.__setattr__(self, "_ends", ends)
        if self.noise is not None and ends is not None:
            object.__setattr__(self, "noise", UNIFORM)

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        shape = _cells.common_shape(noise, *parents)
        arguments = [p.expand(shape) for p in parents]
        if self.noise is not None:
            if self._ends is not None:
                ends = torch.tensor(self._ends)
                noise = torch.bucketize(noise.contiguous(), ends, right=True).clamp(max=len(ends) - 1)
            arguments.append(noise.expand(shape))
        value: Any = self.function(*arguments)
        what = f"the mechanism of ({', '.join(self.parents) or 'no parents'})"
        if not isinstance(value, Tensor) or value.shape != shape:
            got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
            raise InvalidParameter(f"{what} must return a tensor of shape {tuple(shape)}, got {got}")
        if self.states is None:
            if not torch.isfinite(value).all():
                raise InvalidParameter(f"{what} returned numbers that are not finite")
            return value.to(torch.float64 if noise.dtype == torch.int64 else noise.dtype)
        numbers = value.to(torch.int64)
        if (numbers != value).any() or (numbers < 0).any() or (numbers >= len(self.states)).any():
            raise InvalidParameter(f"{what} must return numbers of states, 0 to {len(self.states) - 1}")
        return numbers

    @property
    def is_finite(self) -> bool:
        """Whether it is a function of finitely many values of noise into states."""
        return self._ends is not None and self.states is not None

    def cells(self) -> NDArray[np.float64]:
        if self._ends is None or not self.is_finite:
            return super().cells()
        return self._ends

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        if self.noise is None:
            return dist.Delta(self.assign(torch.zeros(_cells.common_shape(*parents)), parents))
        if self.is_finite:
            return dist.Categorical(_cells.probabilities(self, parents).to(torch.get_default_dtype()))
        raise InvalidParameter(
            "a function of noise has no density of its own, so its variable cannot be observed: observe other "
            "variables, give inverse=, or use a mechanism with a density"
        )

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self.noise is None:
            # Where there is no noise the value either is what the parents make of it or is not.
            made = self.assign(torch.zeros(value.shape, dtype=torch.float64), parents)
            same = torch.isclose(made.to(torch.float64), value.to(torch.float64))
            return torch.where(same, 0.0, -torch.inf).to(torch.float64)
        if self.inverse is None or self.states is not None:
            return super().log_prob(value, parents)
        value = value.detach().clone().requires_grad_(True)
        noise = self.inverse(value, *parents)
        (slope,) = torch.autograd.grad(noise.sum(), value)
        out: Tensor = self.law().log_prob(noise.detach()) + slope.abs().log()
        return out.detach()

    def law(self) -> dist.TorchDistribution:
        """The law of the noise as a distribution."""
        if self.noise == "normal":
            return dist.Normal(torch.tensor(0.0), torch.tensor(1.0))
        if self.noise == UNIFORM:
            return dist.Uniform(torch.tensor(0.0), torch.tensor(1.0))
        return self.noise

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        if self.noise is None:
            return fresh
        if self.is_finite:
            return _cells.abduct(self, value, parents, fresh)
        if self.inverse is None:
            return super().abduct(value, parents, fresh)
        return self.inverse(value.expand(fresh.shape), *parents)

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        import pyro

        if self.noise is None and obs is None:
            out: Tensor = pyro.deterministic(name, self.assign(torch.zeros(()), parents))
            return out
        if self.noise is not None and self.is_finite:
            return super().sample(name, parents, obs)
        if obs is not None:
            pyro.factor(f"{name}.observed", self.log_prob(obs, parents))
            return obs
        noise: Tensor = pyro.sample(f"{name}.noise", self.law())
        value: Tensor = pyro.deterministic(name, self.assign(noise, parents))
        return value
