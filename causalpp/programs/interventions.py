"""What ``do`` can put in a statement's place: a value, a push, a law, a mechanism, or a function of other variables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.programs._plan import Statement
from causalpp.programs.mechanisms import Assign, Function, Mechanism, Table, _cells

if TYPE_CHECKING:
    import pyro.distributions as dist

__all__ = ["Shift", "intervened"]


@dataclass(frozen=True)
class Shift:
    """An intervention that adds a number to what the variable would have been.

    >>> from causalpp import Dag, LinearGaussian, compile
    >>> dag = Dag.from_edges([("x", "y")])
    >>> program = compile(dag, mechanisms={"x": LinearGaussian(), "y": LinearGaussian("x", [2.0])})
    >>> program.do(x=Shift(1.5)).mean("y")
    3.0
    """

    by: float


def intervened(s: Statement, what: Any, variables: Sequence[str]) -> Statement:
    """The statement that ``do`` puts in the place of another one.

    Args:
        s: the statement as it is.
        what: a value; :class:`Shift`; a mechanism; a mapping state → probability; or a function whose arguments are
            names of variables, its own name standing for the value it would have had.
        variables: all variables, for the arguments' names.
    """
    natural = s if s.observed is not None else s.natural
    new = replace(s, observed=None, natural=natural, changed=True)
    mechanism = s.mechanism
    if isinstance(what, Shift):
        return replace(new, mechanism=mechanism.shifted(what.by))
    if isinstance(what, Mapping):
        what = _stochastic(s.variable, mechanism, what)
    if isinstance(what, Mechanism):
        if what.states != mechanism.states:
            raise InvalidParameter(
                f"the new mechanism of {s.variable!r} has the states {what.states}, the variable {mechanism.states}"
            )
        return replace(new, mechanism=what, noise=f"{s.variable}\0set")
    if callable(what):
        return replace(new, mechanism=_functional(s.variable, mechanism, what, variables))
    return replace(new, mechanism=Assign(mechanism.states, mechanism.encode(s.variable, what)))


def _stochastic(variable: str, mechanism: Mechanism, law: Mapping[Any, float]) -> Table:
    if mechanism.states is None:
        raise InvalidParameter(
            f"{variable!r} is a real number: give a mechanism, such as LinearGaussian(), not a table"
        )
    row = np.zeros(len(mechanism.states))
    for state, mass in law.items():
        row[int(mechanism.encode(variable, state))] += mass
    return Table(mechanism.states, (), row)


def _functional(
    variable: str, mechanism: Mechanism, function: Callable[..., Tensor], variables: Sequence[str]
) -> Mechanism:
    reads = tuple(inspect.signature(function).parameters)
    for name in reads:
        if name not in variables:
            raise UnknownVariable(name, variables, what=f" among the arguments of the function for {variable!r}")
    if variable in reads:
        return _Modified(mechanism, function, reads, reads.index(variable))
    return Function(function, reads, mechanism.states, noise=None)


class _Modified(Mechanism):
    """A function of what a variable would have been, and of other variables."""

    def __init__(self, base: Mechanism, function: Callable[..., Tensor], reads: tuple[str, ...], place: int) -> None:
        self.base: Mechanism = base
        self.function, self.reads, self.place = function, reads, place
        others = tuple(name for i, name in enumerate(reads) if i != place)
        self.states, self.noise = base.states, base.noise
        self.parents = tuple(dict.fromkeys((*base.parents, *others)))
        self._then = Function(function, reads, base.states, noise=None)

    def _made(self, natural: Tensor, parents: Sequence[Tensor]) -> list[Tensor]:
        known = dict(zip(self.parents, parents, strict=True))
        return [natural if i == self.place else known[name] for i, name in enumerate(self.reads)]

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        natural = self.base.assign(noise, parents[: len(self.base.parents)])
        return self._then.assign(noise, self._made(natural, parents))

    def on(self, base: Mechanism) -> Mechanism:
        return _Modified(base, self.function, self.reads, self.place)

    def cells(self) -> NDArray[np.float64]:
        return self.base.cells()

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        import pyro.distributions as dist
        import torch

        if self.states is None:
            raise InvalidParameter("a variable that a function sets from its own value has no density to observe it by")
        return dist.Categorical(_cells.probabilities(self, parents).to(torch.get_default_dtype()))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self.states is None:
            return super().log_prob(value, parents)
        return _cells.probabilities(self, parents).log().gather(-1, value.unsqueeze(-1)).squeeze(-1)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return _cells.abduct(self, value, parents, fresh)

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        import pyro
        import torch

        if obs is not None:
            return super().sample(name, parents, obs)
        natural = self.base.sample(f"{name}.natural", parents[: len(self.base.parents)])
        arguments = self._made(natural, parents)
        none = torch.zeros(_cells.common_shape(*arguments))
        value: Tensor = pyro.deterministic(name, self._then.assign(none, arguments))
        return value
