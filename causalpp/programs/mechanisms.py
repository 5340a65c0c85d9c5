"""Mechanisms: how one variable comes about from its parents and its own noise."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, UnknownState

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Assign", "Mechanism", "State", "Table", "check_states", "state_number"]

#: A value a variable can take: text, a truth value or a number.
State = str | bool | int | float

_ROUNDING = 1e-3  # published tables carry rounding of this size in a row's sum


def check_states(variable: str, states: Iterable[Any]) -> tuple[State, ...]:
    """The states of a variable as plain Python values, if there is at least one and they are distinct.

    Raises:
        InvalidParameter: no states, or one named twice.
    """
    plain = tuple(state.item() if isinstance(state, np.generic) else state for state in states)
    if not plain:
        raise InvalidParameter(f"{variable!r} has no states")
    if len(set(map(str, plain))) < len(plain):
        raise InvalidParameter(f"{variable!r} has a state twice: {', '.join(map(str, plain))}")
    return plain


def state_number(variable: str, states: Sequence[State], value: Any) -> int:
    """The number of a state, given as itself or as its text.

    Raises:
        UnknownState: the variable has no such state.
    """
    for number, state in enumerate(states):
        if type(state) is type(value) and state == value:
            return number
    by_text = [str(state) for state in states]
    if isinstance(value, float) and value.is_integer() and str(value) not in by_text:
        value = int(value)
    if str(value) in by_text:
        return by_text.index(str(value))
    raise UnknownState(value, by_text, what=f" of {variable!r}")


class Mechanism(ABC):
    """The right-hand side of a statement "variable := mechanism(parents, noise)".

    Attributes:
        states: the values the variable can take; inside programs they are numbered 0, 1, ….
        parents: the variables read, in the order in which the methods take them.
    """

    states: tuple[State, ...]
    parents: tuple[str, ...]

    @abstractmethod
    def sample(self, name: str, parents: Sequence[Tensor]) -> Tensor:
        """A Pyro statement: the state's number, given the parents' numbers."""

    @abstractmethod
    def draw(self, noise: NDArray[np.float64], parents: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """The states' numbers, shape ``(n,)``, from uniform noise and parents of that shape."""

    @abstractmethod
    def factor(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """P(variable | parents) as an array whose last axis is the variable, and the parents of its other axes."""


@dataclass(frozen=True, eq=False)
class Table(Mechanism):
    """A conditional probability table.

    Attributes:
        states: the variable's states.
        parents: the parents, in the order of the table's axes.
        probabilities: shape ``(card(parent 1), …, card(parent k), card(variable))``; rows sum to one.

    Raises:
        InvalidParameter: wrong number of axes or states, negative or missing numbers, or a row that does not
            sum to one (to 0.001: published tables are rounded; they are normalised here).

    Example:
        >>> lung = Table(("yes", "no"), ("smoke",), np.array([[0.1, 0.9], [0.01, 0.99]]))
        >>> lung.draw(np.array([0.05, 0.05]), [np.array([0, 1])])
        array([0, 1])
    """

    states: tuple[State, ...]
    parents: tuple[str, ...]
    probabilities: NDArray[np.float64]

    def __post_init__(self) -> None:
        check_states("a table's variable", self.states)
        if len(set(self.parents)) < len(self.parents):
            raise InvalidParameter(f"a table has a parent twice: {', '.join(self.parents)}")
        table = np.array(self.probabilities, dtype=float)
        if table.ndim != len(self.parents) + 1 or table.shape[-1] != len(self.states):
            raise InvalidParameter(
                f"a table with {len(self.parents)} parents and {len(self.states)} states needs shape "
                f"({', '.join(['…'] * len(self.parents) + [str(len(self.states))])}), got {table.shape}"
            )
        if not np.isfinite(table).all() or (table < 0).any():
            raise InvalidParameter("a table holds probabilities: finite numbers that are not negative")
        sums = table.sum(-1, keepdims=True)
        if (abs(sums - 1) > _ROUNDING).any():
            worst = np.unravel_index(int(abs(sums - 1).argmax()), sums.shape)[:-1]
            raise InvalidParameter(
                f"row {tuple(map(int, worst))} of the table sums to {float(sums[worst].item()):.4g}, not to one"
            )
        table /= sums
        table.flags.writeable = False
        object.__setattr__(self, "probabilities", table)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.probabilities.flags.writeable = False

    def sample(self, name: str, parents: Sequence[Tensor]) -> Tensor:
        import pyro
        import pyro.distributions as dist
        from pyro.ops.indexing import Vindex

        rows = Vindex(self._tensor)[(*parents, slice(None))] if parents else self._tensor
        value: Tensor = pyro.sample(name, dist.Categorical(rows))
        return value

    @cached_property
    def _tensor(self) -> Tensor:
        import torch

        return torch.tensor(self.probabilities, dtype=torch.get_default_dtype())

    @cached_property
    def _cumulative(self) -> NDArray[np.float64]:
        return np.cumsum(self.probabilities, axis=-1)[..., :-1]

    def draw(self, noise: NDArray[np.float64], parents: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        return np.asarray((noise[:, None] >= self._cumulative[tuple(parents)]).sum(-1), dtype=np.int64)

    def factor(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        return self.probabilities, self.parents


@dataclass(frozen=True)
class Assign(Mechanism):
    """What ``do`` puts in a mechanism's place: the variable is set to one state, whatever its parents were."""

    states: tuple[State, ...]
    number: int

    @property
    def parents(self) -> tuple[str, ...]:  # type: ignore[override]  # a constant reads nothing
        return ()

    @property
    def value(self) -> State:
        """The state assigned."""
        return self.states[self.number]

    def sample(self, name: str, parents: Sequence[Tensor]) -> Tensor:  # noqa: ARG002  # a constant reads nothing
        import pyro
        import torch

        value: Tensor = pyro.deterministic(name, torch.tensor(self.number))
        return value

    def draw(
        self,
        noise: NDArray[np.float64],
        parents: Sequence[NDArray[np.int64]],  # noqa: ARG002
    ) -> NDArray[np.int64]:
        return np.full(len(noise), self.number, dtype=np.int64)

    def factor(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        return np.eye(len(self.states))[self.number], ()
