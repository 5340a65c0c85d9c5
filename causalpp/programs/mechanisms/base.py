"""What every mechanism is: how one variable comes about from its parents and its own noise."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpp.columns import State, state_number
from causalpp.errors import ImpossibleEvidence, InvalidParameter
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.mechanisms.sites import computed, conditioned

__all__ = ["NORMAL", "UNIFORM", "Assign", "Mechanism", "Ranked", "Shares", "State", "Value"]

#: A value of any variable: a state, or a number.
Value = State

#: The laws of noise that built-in mechanisms use: uniform on (0, 1), and standard normal.
UNIFORM, NORMAL = "uniform", "normal"


class Mechanism(ABC):
    """The right-hand side of a statement "variable := mechanism(parents, noise)".

    It is known in two ways.  As an equation, :meth:`assign` turns parents and explicit noise into a value:
    counterfactuals need that.  As a law, :meth:`distribution` is P(variable | parents): Pyro and everything
    that conditions need that.  The two agree: the law is what the noise makes of the equation.

    Inside programs a state is its number, 0, 1, …, in an integer tensor; a real number is itself.

    Attributes:
        states: the values the variable can take; None if it is a real number.
        parents: the variables read, in the order in which the methods take them.
        noise: the law of the noise: ``"uniform"`` on (0, 1), ``"normal"`` (standard), None for no noise, or a
            Pyro distribution.
    """

    states: tuple[State, ...] | None
    parents: tuple[str, ...]
    noise: str | dist.Distribution | None = UNIFORM

    @property
    def _called(self) -> str:
        """What messages call it."""
        return type(self).__name__

    @abstractmethod
    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        """P(variable | parents): a distribution whose batch shape is that of the parents."""

    @abstractmethod
    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        """The value, shape ``(n,)``, from noise ``(n,)`` and parents that broadcast with it."""

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:  # noqa: ARG002
        """A draw of the noise from its law given what came of it, shape ``(n,)``.

        Args:
            value: what was observed.
            parents: the parents' values.
            fresh: uniform numbers, shape ``(n,)``, with which to draw where several noises fit.
        """
        raise InvalidParameter(
            f"{self._called} cannot tell its noise from its value, so the variable cannot be observed in a "
            "counterfactual; give it an inverse, or finitely many values of noise"
        )

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        """The value from uniform noise given as its log odds, so that both of its tails have digits."""
        return self.assign(torch.sigmoid(log_odds), parents)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        """As :meth:`abduct`, for uniform noise: the log odds of the noise drawn."""
        return ranks.from_uniform(self.abduct(value, parents, fresh))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        """Log P(value | parents)."""
        out: Tensor = self.distribution(parents).log_prob(value)
        return out

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        """A Pyro statement."""
        value: Tensor = pyro.sample(name, self.distribution(parents), obs=obs)
        return value

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:
        """P(variable | parents) as an array ``(*sizes, k)``, for discrete parents with so many states.

        Raises:
            InvalidParameter: the variable or a parent is a real number, or the noise is not finite.
        """
        return ranks.table(self, sizes)

    def cells(self) -> NDArray[np.float64]:
        """The noise cut into cells in each of which the value is a function of the parents: their ends in (0, 1].

        For discrete mechanisms with uniform noise: increasing, the last one is 1, shape ``(m,)``.
        """
        raise self._not_exact()

    def _not_exact(self) -> InvalidParameter:
        return InvalidParameter(f"{self._called} is not exact: ask for a simulation with samples=…")

    def edges(self) -> NDArray[np.float64]:
        """The ends of :meth:`cells` but the last: what lies below each, and what lies above, shape ``(2, m − 1)``."""
        return ranks.edges_of(self.cells())

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:  # noqa: B027
        """Whether it can read parents with these states (None: a real number).

        Raises:
            InvalidParameter: it cannot; the message says why.
        """

    def for_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> Mechanism:
        """The mechanism itself, or as it is for parents with these states, if that was left open.

        Raises:
            InvalidParameter: see :meth:`check_parents`.
        """
        self.check_parents(name, states)
        return self

    def code(self, parents: Sequence[str]) -> list[str] | None:  # noqa: ARG002
        """P(variable | parents) as Python: the name of a call and its arguments; None to print the table.

        Args:
            parents: the names of the parents in the text.
        """
        if self.states is not None:
            return None
        raise InvalidParameter(f"{self._called} cannot be printed as source")

    # --- parameters -----------------------------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The numbers in it by name, such as ``{"probabilities": …}``."""
        return {}

    def with_parameters(self, parameters: Mapping[str, Tensor]) -> Mechanism:
        """The same mechanism with other numbers."""
        if parameters:
            raise InvalidParameter(f"{self._called} has no parameters, got {', '.join(parameters)}")
        return self

    def drawn(self, draw: np.random.Generator) -> Mechanism:  # noqa: ARG002
        """The mechanism with parameters drawn from their posterior; itself where they are known."""
        return self

    #: The mechanism that this one changes, if it is an intervention that builds on one.
    base: Mechanism | None = None

    def on(self, base: Mechanism) -> Mechanism:  # noqa: ARG002
        """The same change of another mechanism; for mechanisms with a :attr:`base`."""
        return self

    def shifted(self, by: float) -> Mechanism:
        """The mechanism whose value is this one's plus a number: an intervention that pushes instead of setting.

        Raises:
            InvalidParameter: states that are no numbers cannot be shifted.
        """
        return _Shifted(self, by)

    # --- values ---------------------------------------------------------------------------------------

    def encode(self, variable: str, value: Any) -> int | float:
        """A value as programs compute with it: the number of the state, or the real number itself.

        Raises:
            UnknownState: the variable has no such state.
            InvalidParameter: not a finite number.
        """
        if self.states is not None:
            return state_number(variable, self.states, value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, str) or not math.isfinite(number):
            raise InvalidParameter(f"{variable!r} is a real number, so it cannot be {value!r}")
        return number

    def decode(self, number: float) -> Value:
        """The inverse of :meth:`encode`."""
        return float(number) if self.states is None else self.states[int(number)]


class Ranked(Mechanism):
    """A mechanism with uniform noise that tells it from the value by its log odds, so that both tails have digits."""

    noise = UNIFORM

    @abstractmethod
    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        """The log odds of the noise drawn; see :meth:`abduct`."""

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return torch.sigmoid(self.abduct_rank(value, parents, fresh))


class Shares(Ranked):
    """A discrete mechanism: under given parents, states in their order share (0, 1) out among themselves."""

    states: tuple[State, ...]

    @abstractmethod
    def edges(self) -> NDArray[np.float64]:
        """The ends of all shares: what lies below each, and what lies above, shape ``(2, m)``."""

    def cells(self) -> NDArray[np.float64]:
        inner = self.edges()[0]
        return np.unique(np.concatenate([inner[(inner > 0) & (inner < 1)], [1.0]]))


class Assign(Mechanism):
    """What ``do`` puts in a mechanism's place: the variable is set to one value, whatever its parents were.

    Attributes:
        states: the variable's states, or None.
        number: the value as programs compute with it.
    """

    noise = None
    parents = ()

    def __init__(self, states: tuple[State, ...] | None, number: float) -> None:
        self.states = states
        self.number = number

    def __repr__(self) -> str:
        return f"Assign({self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Assign) and (self.states, self.number) == (other.states, other.number)

    def __hash__(self) -> int:
        return hash((self.states, self.number))

    @property
    def value(self) -> Value:
        """The value assigned."""
        return self.decode(self.number)

    def _tensor(self) -> Tensor:
        return torch.tensor(self.number, dtype=torch.int64 if self.states is not None else torch.get_default_dtype())

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:  # noqa: ARG002
        return dist.Delta(self._tensor())

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:  # noqa: ARG002
        seen, value = conditioned(name), self._tensor()
        if seen is not None and bool((seen != value).any()):
            raise ImpossibleEvidence(
                f"{name!r} is set to {self.value!r} and cannot be {self.decode(float(seen.flatten()[0]))!r}"
            )
        return computed(name, value if seen is None else seen)

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:  # noqa: ARG002
        kind = torch.int64 if self.states is not None else torch.float64
        return torch.full(noise.shape, self.number, dtype=kind)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:  # noqa: ARG002
        return fresh

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:  # noqa: ARG002
        if self.states is None:
            return super().table(())
        return np.asarray(np.eye(len(self.states))[int(self.number)])

    def cells(self) -> NDArray[np.float64]:
        return np.ones(1)

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:  # noqa: ARG002
        return ranks.from_uniform(fresh)

    def shifted(self, by: float) -> Mechanism:
        return super().shifted(by) if self.states is not None else Assign(None, self.number + by)


class _Shifted(Mechanism):
    """A mechanism with a number added to a real value."""

    base: Mechanism

    def __init__(self, base: Mechanism, by: float) -> None:
        if base.states is not None:
            raise InvalidParameter("only variables that are numbers can be shifted")
        self.base = base
        self.by = float(by)
        self.states, self.parents, self.noise = None, base.parents, base.noise

    def __repr__(self) -> str:
        return f"{self.base!r} + {self.by:g}"

    @property
    def _called(self) -> str:
        return "a variable that was shifted"

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        shift = dist.transforms.AffineTransform(torch.tensor(self.by), torch.tensor(1.0))
        return dist.TransformedDistribution(self.base.distribution(parents), [shift])

    def on(self, base: Mechanism) -> Mechanism:
        return base.shifted(self.by)

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return self.base.assign(noise, parents) + self.by

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return self.base.log_prob(value - self.by, parents)

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        seen = conditioned(name, obs)
        before = self.base.sample(f"{name}.before", parents, None if seen is None else seen - self.by)
        return computed(name, before + self.by if seen is None else seen)

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:
        self.base.check_parents(name, states)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return self.base.abduct(value - self.by, parents, fresh)

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        return self.base.assign_rank(log_odds, parents) + self.by

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return self.base.abduct_rank(value - self.by, parents, fresh)
