"""Any function of parents and noise as a mechanism."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.distributions import Categorical

from causalpp.errors import ImpreciseWarning, InvalidParameter
from causalpp.programs.mechanisms.base import NORMAL, UNIFORM, Mechanism, State
from causalpp.programs.mechanisms.checks import ReadOnly, checked_parents, checked_states
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.mechanisms.points import same_number
from causalpp.programs.mechanisms.sites import computed, conditioned

__all__ = ["Function"]

_BLUNT = 25.0  # log odds of uniform noise from which on one minus it is known to fewer than five digits


@dataclass(frozen=True, eq=False)
class Function(ReadOnly, Mechanism):
    """``variable := function(*parents, noise)``, or ``function(*parents)`` if there is no noise.

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
        InvalidParameter: not a function, unknown noise, or noise that is no single number; when run: a result of
            another shape, not finite, or no number of a state; an inverse that does not depend on the value.

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
    _shares: NDArray[np.float64] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parents", checked_parents(self.parents))
        if self.states is not None:
            object.__setattr__(self, "states", checked_states("a function's variable", self.states))
        if not callable(self.function):
            raise InvalidParameter(f"a mechanism needs a function of parents and noise, got {self.function!r}")
        if self.inverse is not None and not callable(self.inverse):
            raise InvalidParameter(f"inverse= is a function of the value and the parents, got {self.inverse!r}")
        _check_noise(self.noise)

        # A finite noise is drawn as the cell of (0, 1) that a uniform number falls into.
        ends = None
        if self.noise is None:
            ends = np.ones(1)
        elif isinstance(self.noise, Categorical):
            shares = self.noise.probs.double().numpy()
            object.__setattr__(self, "_shares", shares / shares.sum())
            ends = np.cumsum(shares)
            ends[-1] = 1.0
        object.__setattr__(self, "_ends", ends)
        if self.noise is not None and ends is not None:
            object.__setattr__(self, "noise", UNIFORM)

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self._ends is not None and self.noise is not None:
            ends = torch.tensor(self._ends)
            noise = torch.bucketize(noise.contiguous(), ends, right=True).clamp(max=len(ends) - 1)
        return self._called_with(noise, parents)

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self._ends is None or self.noise is None:
            if bool(((log_odds > _BLUNT) & log_odds.isfinite()).any()):
                warnings.warn(
                    f"the noise of the mechanism of ({', '.join(self.parents) or 'no parents'}) is so near to 1 that "
                    "it has few digits left; a function of noise='normal' keeps them",
                    ImpreciseWarning,
                    stacklevel=2,
                )
            return self.assign(torch.sigmoid(log_odds).clamp(max=1 - 2.0**-53), parents)
        return self._called_with(ranks.cell_of(log_odds, torch.tensor(ranks.log_odds(self.edges()))), parents)

    def _called_with(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        """What the function makes of a noise as it takes it: the number of its cell where the noise is finite."""
        shape = ranks.common_shape(noise, *parents)
        arguments = [p.expand(shape) for p in parents]
        if self.noise is not None:
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

    @property
    def ends(self) -> NDArray[np.float64] | None:
        """Where each value of a finite noise ends in (0, 1], increasing; None if the noise is not finite."""
        return self._ends if self.noise is not None else None

    def cells(self) -> NDArray[np.float64]:
        if self._ends is None or not self.is_finite:
            return super().cells()
        return self._ends

    def edges(self) -> NDArray[np.float64]:
        return super().edges() if self._shares is None else ranks.from_shares(self._shares)

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        if self.noise is None:
            return dist.Delta(self.assign(torch.zeros(ranks.common_shape(*parents)), parents))
        if self.is_finite:
            return dist.Categorical(ranks.probabilities(self, parents).to(torch.get_default_dtype()))
        raise InvalidParameter(
            "a function of noise has no density of its own, so its variable cannot be observed: observe other "
            "variables, give inverse=, or use a mechanism with a density"
        )

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self.noise is None:
            # Where there is no noise the value either is what the parents make of it or is not.
            made = self.assign(torch.zeros(value.shape, dtype=torch.float64), parents)
            # What cancels to almost nothing in one row is as small as rounding makes it in the others.
            made = made.to(torch.float64)
            same = same_number(value, made, made.abs().amax() if made.numel() else 0.0)
            return torch.where(same, 0.0, -torch.inf).to(torch.float64)
        if self.inverse is None or self.states is not None or self._ends is not None:
            return super().log_prob(value, parents)
        density = self._density(value, parents)
        # Gradients flow to parents, and to whatever else the inverse reads, but not to a value that is just a number.
        if torch.is_grad_enabled() and self.inverse(value, *parents).requires_grad:
            return density
        return density.detach()

    def _density(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        """The change of variables: the noise's log density plus the log of the inverse's slope in the value."""
        assert self.inverse is not None  # for the type checker
        wide = value.expand(ranks.common_shape(value, *parents))  # one slope a row, also where rows share a value
        keep = torch.is_grad_enabled()
        with torch.enable_grad():
            if not wide.requires_grad:
                wide = wide.detach().clone().requires_grad_(True)
            noise = self.inverse(wide, *parents)
            slope = None
            if isinstance(noise, Tensor) and noise.shape == wide.shape and noise.requires_grad:
                (slope,) = torch.autograd.grad(noise.sum(), wide, create_graph=keep, allow_unused=True)
            if slope is None:
                raise InvalidParameter(
                    "an inverse is a differentiable function of the value and the parents, elementwise: it must "
                    f"return a tensor of shape {tuple(wide.shape)} that depends on the value"
                )
            law = self.law()
            inside = law.support.check(noise)
            none = torch.full_like(noise, -torch.inf)
            return none.masked_scatter(inside, law.log_prob(noise[inside]).to(noise.dtype)) + slope.abs().log()

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
            return torch.sigmoid(ranks.abduct(self, value, parents, fresh))
        if self.inverse is None or self._ends is not None:
            return super().abduct(value, parents, fresh)
        return self.inverse(value.expand(fresh.shape), *parents)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        if self.noise is not None and self.is_finite:
            return ranks.abduct(self, value, parents, fresh)
        return super().abduct_rank(value, parents, fresh)

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        if self.noise is not None and self.is_finite:
            return super().sample(name, parents, obs)
        seen = conditioned(name, obs)
        if seen is not None:
            pyro.factor(f"{name}.observed", self.log_prob(seen, parents))
            return seen if seen is obs else computed(name, seen)
        if self.noise is None:
            return computed(name, self.assign(torch.zeros(()), parents))
        noise: Tensor = pyro.sample(f"{name}.noise", self.law())
        return computed(name, self.assign(noise, parents))


def _check_noise(noise: Any) -> None:
    """Whether a function can read it.

    Raises:
        InvalidParameter: it cannot.
    """
    if noise is None or (isinstance(noise, str) and noise in ("normal", "uniform")):
        return
    known = isinstance(noise, (dist.torch_distribution.TorchDistributionMixin, Categorical))
    if not known:
        raise InvalidParameter(f"noise is 'normal', 'uniform', None or a distribution of Pyro, not {noise!r}")
    if noise.batch_shape or noise.event_shape:
        raise InvalidParameter(
            f"noise is one number a row, and this distribution has shape {tuple(noise.batch_shape + noise.event_shape)}"
        )
