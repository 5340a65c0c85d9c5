"""The causal program: statements in topological order, with two faces, a Pyro model and its source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.dag import Names, as_names
from causalpp.programs.mechanisms import Assign, Mechanism, State, state_number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from torch import Tensor

    from causalpp.programs.networks import Card

__all__ = ["CausalProgram", "Statement"]

_MOST_CELLS, _MOST_AXES = 100_000_000, 60  # of one array


@dataclass(frozen=True)
class Statement:
    """One line of a program: ``variable := mechanism(parents, noise)``."""

    variable: str
    mechanism: Mechanism


@dataclass(frozen=True, eq=False, repr=False)
class CausalProgram:
    """A causal graph with a mechanism for every variable.  It is a Pyro model: call it inside any handler.

    Made by :func:`causalpp.compile` or :func:`causalpp.load_network`.  Inside Pyro the values are the numbers
    of the states (0, 1, …); everywhere else they are the states themselves.

    Attributes:
        statements: the mechanisms, causes before effects.
        latent: the variables that are not observed.
        card: where a shipped network comes from and what its variables mean; None otherwise.

    Example:
        >>> from causalpp import load_network
        >>> asia = load_network("asia")
        >>> asia
        CausalProgram(8 variables: asia, smoke, tub, lung, bronc, either, xray, dysp)
        >>> asia.distribution("dysp")["yes"], asia.do(smoke="yes").distribution("dysp")["yes"]
        (0.4359..., 0.5528...)
        >>> asia.do(smoke="yes").simulate(3, seed=1)[["smoke", "lung", "dysp"]]
          smoke lung dysp
        0   yes   no   no
        1   yes   no  yes
        2   yes   no   no
    """

    statements: tuple[Statement, ...]
    latent: frozenset[str] = frozenset()
    card: Card | None = field(default=None)
    #: The order in which frames and graphs list the variables.
    order: tuple[str, ...] = ()

    @cached_property
    def _mechanisms(self) -> dict[str, Mechanism]:
        return {s.variable: s.mechanism for s in self.statements}

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables in the order of the graph the program was made from."""
        return self.order or tuple(s.variable for s in self.statements)

    @cached_property
    def dag(self) -> Dag:
        """The graph the program runs on; after ``do``, the mutilated one."""
        edges = [(parent, s.variable) for s in self.statements for parent in s.mechanism.parents]
        return Dag(self.variables, edges, latent=self.latent)

    def mechanism(self, variable: str) -> Mechanism:
        """The mechanism of a variable.

        Raises:
            UnknownVariable: the program has no such variable.
        """
        if variable not in self._mechanisms:
            raise UnknownVariable(variable, self.variables)
        return self._mechanisms[variable]

    def states(self, variable: str) -> tuple[State, ...]:
        """The states of a variable, in the order of their numbers."""
        return self.mechanism(variable).states

    @property
    def description(self) -> str:
        """What the variables mean, in plain English, without a word about the graph; names alone if unknown."""
        if self.card is not None:
            return self.card.description
        return "Variables: " + ", ".join(self.variables) + "."

    def __repr__(self) -> str:
        names = ", ".join(s.variable for s in self.statements[:12]) + (", …" if len(self.statements) > 12 else "")
        done = [f"{s.variable}={s.mechanism.value}" for s in self.statements if isinstance(s.mechanism, Assign)]
        return f"CausalProgram({len(self.statements)} variables: {names}{'; do ' + ', '.join(done) if done else ''})"

    def _repr_html_(self) -> str:
        return self.dag.svg()

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the graph; see :meth:`causalpp.Dag.plot`."""
        return self.dag.plot(ax, **options)

    # --- as a Pyro model ------------------------------------------------------------------------------

    def __call__(self) -> dict[str, Tensor]:
        """Run the statements as Pyro sample sites, one a variable, and return the states' numbers.

        >>> import pyro
        >>> from causalpp import load_network
        >>> trace = pyro.poutine.trace(load_network("cancer")).get_trace()
        >>> sorted(trace.stochastic_nodes)
        ['Cancer', 'Dyspnoea', 'Pollution', 'Smoker', 'Xray']
        """
        values: dict[str, Tensor] = {}
        for s in self.statements:
            values[s.variable] = s.mechanism.sample(s.variable, [values[p] for p in s.mechanism.parents])
        return values

    def source(self) -> str:
        """The program as Python that runs on its own; ``do`` changes one line of it."""
        from causalpp.programs.source import source

        return source(self)

    # --- transforms -----------------------------------------------------------------------------------

    def do(self, values: Mapping[str, Any] | None = None, **more: Any) -> CausalProgram:
        """A new program in which variables are set: their statements become assignments, nothing else changes.

        Args:
            values: variable → state, for names that are not Python identifiers.
            more: the same as keywords.

        Raises:
            UnknownVariable: no such variable.
            UnknownState: no such state.
            InvalidParameter: nothing to set, or one variable set twice in the same call.

        Example:
            >>> from causalpp import load_network
            >>> cancer = load_network("cancer")
            >>> cancer.do(Smoker=True).do({"Pollution": "low"})
            CausalProgram(5 variables: Pollution, Smoker, Cancer, Xray, Dyspnoea; do Pollution=low, Smoker=True)
        """
        both = set(values or ()) & set(more)
        if both:
            raise InvalidParameter(f"{sorted(both)[0]!r} is set twice in one do()")
        wanted = {**(values or {}), **more}
        if not wanted:
            raise InvalidParameter("do() needs a variable and its state, such as do(smoke='yes')")
        numbers = {name: state_number(name, self.states(name), value) for name, value in wanted.items()}
        changed = tuple(
            replace(s, mechanism=Assign(s.mechanism.states, numbers[s.variable])) if s.variable in numbers else s
            for s in self.statements
        )
        return replace(self, statements=changed)

    # --- numbers --------------------------------------------------------------------------------------

    def simulate(self, n: int, do: Mapping[str, Any] | None = None, seed: int = 0) -> pd.DataFrame:
        """``n`` rows drawn from the program, as categorical columns; latent variables are left out.

        Each variable has its own stream of noise, so runs with the same seed and different ``do`` differ only
        downstream of what was set.

        Args:
            n: number of rows.
            do: variable → state, set before simulating.
            seed: of the noise; the same seed gives the same rows on any machine.

        Raises:
            InvalidParameter: ``n`` is negative.
            UnknownVariable, UnknownState: see :meth:`do`.
        """
        import pandas as pd

        program = self.do(do) if do else self
        numbers = program.draw(n, seed)
        return pd.DataFrame(
            {
                name: pd.Categorical.from_codes(numbers[name], dtype=pd.CategoricalDtype(list(self.states(name))))
                for name in self.variables
                if name not in self.latent
            }
        )

    def draw(self, n: int, seed: int = 0) -> dict[str, NDArray[np.int64]]:
        """``n`` draws of every variable, latent ones included, as numbers of states, shape ``(n,)`` each."""
        if not isinstance(n, (int, np.integer)) or n < 0:
            raise InvalidParameter(f"cannot simulate {n} rows")
        if seed < 0:
            raise InvalidParameter(f"a seed is a whole number from 0 on, got {seed}")
        streams = np.random.SeedSequence(seed).spawn(len(self.variables))
        noise = dict(zip(self.variables, streams, strict=True))
        values: dict[str, NDArray[np.int64]] = {}
        for s in self.statements:
            u = np.random.default_rng(noise[s.variable]).random(n)
            values[s.variable] = s.mechanism.draw(u, [values[p] for p in s.mechanism.parents])
        return values

    def probabilities(self, variables: Names) -> NDArray[np.float64]:
        """The exact joint distribution of some variables, one axis each, by contracting the tables.

        Only the ancestors of what is asked take part.

        Raises:
            UnknownVariable: no such variable.
            TooLarge: the joint distribution would have more than 100 million cells.
        """
        from opt_einsum import contract

        wanted = as_names(variables)
        cells = math.prod(len(self.states(name)) for name in wanted)
        if cells > _MOST_CELLS or len(wanted) > _MOST_AXES:
            raise TooLarge(
                f"the joint distribution of {len(wanted)} variables would have {cells:,} cells: ask about fewer"
            )
        needed = self.dag.ancestors(wanted) | set(wanted)
        axis = {name: i for i, name in enumerate(self.variables)}
        operands: list[Any] = []
        for s in self.statements:
            if s.variable in needed:
                table, parents = s.mechanism.factor()
                operands += [table, [axis[p] for p in parents] + [axis[s.variable]]]
        return np.asarray(contract(*operands, [axis[name] for name in wanted]))

    def distribution(self, variable: str) -> dict[State, float]:
        """The exact marginal distribution of one variable: state → probability."""
        return dict(zip(self.states(variable), self.probabilities(variable).tolist(), strict=True))


def check_complete(dag: Dag, mechanisms: Mapping[str, Mechanism]) -> tuple[Statement, ...]:
    """The statements of a program, causes first, if mechanisms and graph speak of the same thing.

    Raises:
        UnknownVariable: a mechanism for a variable the graph does not have.
        InvalidParameter: a variable without mechanism; parents or table sizes that do not fit.
    """
    for name in mechanisms:
        if name not in dag:
            raise UnknownVariable(name, dag.nodes, what=" among the mechanisms")
    for name in dag.nodes:
        if name not in mechanisms:
            raise InvalidParameter(f"{name!r} has no mechanism")
        mechanism = mechanisms[name]
        if set(mechanism.parents) != set(dag.parents(name)):
            raise InvalidParameter(
                f"the mechanism of {name!r} reads {list(mechanism.parents)}, its parents are {list(dag.parents(name))}"
            )
        sizes = _sizes(mechanism.parents, mechanisms)
        if mechanism.factor()[0].shape[:-1] != sizes:
            raise InvalidParameter(
                f"the table of {name!r} has shape {mechanism.factor()[0].shape}, its parents {sizes}"
            )
    return tuple(Statement(name, mechanisms[name]) for name in dag.topological_order)


def _sizes(names: Sequence[str], mechanisms: Mapping[str, Mechanism]) -> tuple[int, ...]:
    return tuple(len(mechanisms[name].states) for name in names)
