"""What ``do`` can put in a statement's place: a value, a push, a law, a mechanism, or a function of other variables."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyro.distributions as dist
import torch
from numpy.typing import NDArray
from opt_einsum import contract
from torch import Tensor
from torch.distributions import Distribution

from causalpp.errors import InvalidParameter, TooLarge, UnknownVariable
from causalpp.programs.answering.plan import Statement
from causalpp.programs.mechanisms import Assign, Function, Mechanism, State, Table
from causalpp.programs.mechanisms.base import UNIFORM
from causalpp.programs.mechanisms.noise import ranks
from causalpp.programs.mechanisms.sites import computed, conditioned

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

    def __post_init__(self) -> None:
        if isinstance(self.by, (str, bool)) or not _is_number(self.by):
            raise InvalidParameter(f"a shift is by a finite number, got {self.by!r}")


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, ValueError):
        return False


def intervened(s: Statement, what: Any, variables: Sequence[str], taken: Collection[str] = ()) -> Statement:
    """The statement that ``do`` puts in the place of another one.

    Args:
        s: the statement as it is.
        what: a value; :class:`Shift`; a mechanism; a mapping state → probability; or a function whose arguments are
            names of variables, its own name standing for the value it would have had.
        variables: all variables, for the arguments' names.
        taken: the names of noises that a new one must not have.
    """
    # To have seen what was set says nothing.
    natural = s if s.observed is not None and not isinstance(s.mechanism, Assign) else s.natural
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
        return replace(new, mechanism=what, noise=_new_noise(s.variable, what, taken))
    if isinstance(what, Distribution) or (isinstance(what, type) and issubclass(what, Mechanism)):
        raise InvalidParameter(
            f"{s.variable!r} cannot be set to {what!r}: give a mechanism, such as LinearGaussian(), or "
            "Function(lambda noise: …, noise=…) with a distribution as its noise"
        )
    if callable(what):
        return replace(new, mechanism=_functional(s.variable, mechanism, what, variables))
    return replace(new, mechanism=Assign(mechanism.states, mechanism.encode(s.variable, what)))


def _new_noise(variable: str, mechanism: Mechanism, taken: Collection[str]) -> str:
    """The name of the noise of a stochastic intervention.

    The same law put into worlds side by side has one noise; another law, or one put where this noise was used to
    see something, has another.
    """
    law = "" if mechanism.noise in (None, UNIFORM) else f" {mechanism.noise}"
    name, number = f"{variable}\0set{law}", 1
    while name in taken:
        number += 1
        name = f"{variable}\0set {number}{law}"
    return name


def _stochastic(variable: str, mechanism: Mechanism, law: Mapping[Any, float]) -> Table:
    if mechanism.states is None:
        raise InvalidParameter(
            f"{variable!r} is a real number: give a mechanism, such as LinearGaussian(), not a table"
        )
    row = np.zeros(len(mechanism.states))
    for state, mass in law.items():
        if not _is_number(mass):
            raise InvalidParameter(
                f"the probability of {state!r} in do({variable}={{…}}) must be a number, got {mass!r}"
            )
        row[int(mechanism.encode(variable, state))] += mass
    return Table(mechanism.states, (), row)


def _functional(
    variable: str, mechanism: Mechanism, function: Callable[..., Tensor], variables: Sequence[str]
) -> Mechanism:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = None
    if parameters is None or any(
        p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters.values()
    ):
        raise InvalidParameter(
            f"the function for {variable!r} does not say which variables it reads: write it as a lambda whose "
            f"arguments are their names, such as lambda {variable}: …"
        )
    reads = tuple(parameters)
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

    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"{name}({', '.join(self.reads)}) of {self.base!r}"

    @property
    def _called(self) -> str:
        return "a variable that a function sets from its own value"

    def check_parents(self, name: str, states: Sequence[tuple[State, ...] | None]) -> None:
        self.base.check_parents(name, states[: len(self.base.parents)])

    def _made(self, natural: Tensor, parents: Sequence[Tensor]) -> list[Tensor]:
        known = dict(zip(self.parents, parents, strict=True))
        return [natural if i == self.place else known[name] for i, name in enumerate(self.reads)]

    def assign(self, noise: Tensor, parents: Sequence[Tensor]) -> Tensor:
        natural = self.base.assign(noise, parents[: len(self.base.parents)])
        return self._then.assign(noise, self._made(natural, parents))

    def assign_rank(self, log_odds: Tensor, parents: Sequence[Tensor]) -> Tensor:
        natural = self.base.assign_rank(log_odds, parents[: len(self.base.parents)])
        return self._then.assign(log_odds, self._made(natural, parents))

    def on(self, base: Mechanism) -> Mechanism:
        return _Modified(base, self.function, self.reads, self.place)

    def cells(self) -> NDArray[np.float64]:
        return self.base.cells()

    def edges(self) -> NDArray[np.float64]:
        return self.base.edges()

    def table(self, sizes: Sequence[int]) -> NDArray[np.float64]:
        if self.states is None:
            return super().table(sizes)
        states = len(self.states)
        if math.prod(sizes) * states**2 > ranks.MOST:
            raise TooLarge(
                f"the table of a function has {math.prod(sizes):,} configurations of parents and {states:,} states: "
                "too many to enumerate, simulate with samples=… instead"
            )
        before = self.base.table(sizes[: len(self.base.parents)])
        axes = {name: i for i, name in enumerate(self.parents)}
        own, out = len(axes), len(axes) + 1
        reads = [own if i == self.place else axes[name] for i, name in enumerate(self.reads)]
        grid = np.indices([states if axis == own else sizes[axis] for axis in reads])
        made = self._then.assign(torch.zeros(grid.shape[1:]), [torch.tensor(codes) for codes in grid])
        after = np.asarray(made.numpy()[..., None] == np.arange(states), dtype=float)
        axes_before = [*range(len(self.base.parents)), own]
        found: NDArray[np.float64] = contract(before, axes_before, after, [*reads, out], [*range(own), out])
        return found

    def _probabilities(self, parents: Sequence[Tensor]) -> Tensor:
        """P(state | parents), shape ``(*shape of the parents, k)``: a sum over what it would have been."""
        assert self.states is not None  # for the type checker
        shape = ranks.common_shape(*parents)
        out = torch.zeros(*shape, len(self.states), dtype=torch.float64)
        for number in range(len(self.states)):
            natural = torch.full(shape, number)
            mass = self.base.log_prob(natural, parents[: len(self.base.parents)]).exp().to(out.dtype)
            made = self._then.assign(torch.zeros(shape), self._made(natural, parents))
            out.scatter_add_(-1, made.unsqueeze(-1), mass.expand(shape).unsqueeze(-1))
        return out

    def distribution(self, parents: Sequence[Tensor]) -> dist.TorchDistribution:
        if self.states is None:
            raise InvalidParameter("a variable that a function sets from its own value has no density to observe it by")
        return dist.Categorical(self._probabilities(parents).to(torch.get_default_dtype()))

    def log_prob(self, value: Tensor, parents: Sequence[Tensor]) -> Tensor:
        if self.states is None:
            return super().log_prob(value, parents)
        found = self._probabilities(parents).log()
        shape = torch.broadcast_shapes(value.shape, found.shape[:-1])  # type: ignore[no-untyped-call]
        found = found.expand(*shape, found.shape[-1])
        return found.gather(-1, value.expand(shape).unsqueeze(-1)).squeeze(-1)

    def abduct(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return torch.sigmoid(ranks.abduct(self, value, parents, fresh))

    def abduct_rank(self, value: Tensor, parents: Sequence[Tensor], fresh: Tensor) -> Tensor:
        return ranks.abduct(self, value, parents, fresh)

    def sample(self, name: str, parents: Sequence[Tensor], obs: Tensor | None = None) -> Tensor:
        seen = conditioned(name, obs)
        if seen is not None:
            return super().sample(name, parents, seen)
        natural = self.base.sample(f"{name}.before", parents[: len(self.base.parents)])
        arguments = self._made(natural, parents)
        none = torch.zeros(ranks.common_shape(*arguments))
        return computed(name, self._then.assign(none, arguments))
