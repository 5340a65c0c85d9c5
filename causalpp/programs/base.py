"""What a program holds, its statements with what was set and observed in them, and the numbers that follow."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp.errors import ImpreciseWarning, InvalidParameter, UnknownVariable
from causalpp.graphs import Dag
from causalpp.graphs.dag import Names, as_names
from causalpp.programs.answering import answers, exact, sampling
from causalpp.programs.answering.plan import Plan, Statement, plan
from causalpp.programs.cards import Card
from causalpp.programs.checks import whole
from causalpp.programs.mechanisms import Assign, Mechanism, State, Value
from causalpp.programs.report import Fit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BaseProgram"]

_SMALL = 1_000_000  # cells of a joint distribution that is cheap to list
_FEW = 100  # effective draws below which a weighted sample deserves a warning


@dataclass(frozen=True, eq=False, repr=False)
class BaseProgram:
    """What a :class:`causalpp.CausalProgram` holds and answers; the fields are described there."""

    statements: tuple[Statement, ...]
    latent: frozenset[str] = frozenset()
    card: Card | None = None
    order: tuple[str, ...] = ()
    past: tuple[tuple[Statement, ...], ...] = ()
    fit: Fit | None = None

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
        """The states of a variable, in the order of their numbers.

        Raises:
            UnknownVariable: no such variable.
            InvalidParameter: it is a real number and has none.
        """
        found = self.mechanism(variable).states
        if found is None:
            raise InvalidParameter(f"{variable!r} is a real number and has no states")
        return found

    def is_discrete(self, variable: str) -> bool:
        """Whether the variable has states; otherwise it is a real number."""
        return self.mechanism(variable).states is not None

    def table(self, variable: str) -> NDArray[np.float64]:
        """P(variable | parents), an axis for each parent in the order of the mechanism, then one for the variable."""
        mechanism = self.mechanism(variable)
        return mechanism.table(tuple(len(self.states(p)) for p in mechanism.parents))

    @property
    def observations(self) -> dict[str, Value]:
        """What was observed in this world: variable → value; the first one of a variable that was set later."""
        seen = {}
        for s in self.statements:
            where = (*s.naturals, s)[0]
            if where.observed is not None:
                seen[s.variable] = where.mechanism.decode(where.observed)
        return seen

    @property
    def description(self) -> str:
        """What the variables mean, in plain English, without a word about the graph; names alone if unknown."""
        if self.card is not None:
            return self.card.description
        return "Variables: " + ", ".join(self.variables) + "."

    def __repr__(self) -> str:
        names = ", ".join(s.variable for s in self.statements[:12]) + (", …" if len(self.statements) > 12 else "")
        parts = [f"{len(self.statements)} variables: {names}"]
        for past in self.past:
            seen = replace(self, statements=past, past=()).observations
            parts += ["after seeing " + ", ".join(f"{v}={value}" for v, value in seen.items())] if seen else []
        set_ = [
            f"{s.variable}={s.mechanism.value if isinstance(s.mechanism, Assign) else '…'}"
            for s in self.statements
            if s.changed
        ]
        parts += ["do " + ", ".join(set_)] if set_ else []
        given = ", ".join(f"{v}={value}" for v, value in self.observations.items())
        parts += [f"given {given}"] if given else []
        return f"{type(self).__name__}({'; '.join(parts)})"

    # --- numbers --------------------------------------------------------------------------------------

    def _plan(self, variables: Iterable[str]) -> tuple[Plan, list[int]]:
        names = list(variables)
        for name in names:
            self.mechanism(name)
        here = len(self.past)
        made = plan((*self.past, self.statements), [(here, name) for name in names])
        return made, [made.where[here, name] for name in names]

    def probabilities(self, variables: Names) -> NDArray[np.float64]:
        """The exact joint distribution of some discrete variables, one axis each, given what was observed.

        Computed by contracting the tables; only the ancestors of what is asked and observed take part.

        Raises:
            UnknownVariable: no such variable.
            ImpossibleEvidence: what was observed has probability zero.
            InvalidParameter: a variable is a real number, or depends on one: simulate instead.
            TooLarge: the joint distribution would have more than 100 million cells; 20,000 configurations where
                real variables were observed.
        """
        names = as_names(variables)
        return answers.joint(
            *self._plan(names), f"{', '.join(names)} or their causes are real numbers: ask for mean(), or simulate()"
        )

    def distribution(self, variable: str, samples: int | None = None, seed: int = 0) -> dict[State, float]:
        """The distribution of one discrete variable: state → probability, given what was observed.

        Args:
            variable: a discrete variable.
            samples: estimate it from so many draws instead of exactly; needed if it depends on real variables.
            seed: of the draws.
        """
        states = self.states(variable)
        if samples is None:
            return dict(zip(states, self.probabilities(variable).tolist(), strict=True))
        numbers, weights, _ = self._weighted([variable], samples, seed)
        shares = np.bincount(numbers[0].numpy(), weights, minlength=len(states))
        return dict(zip(states, (shares / shares.sum()).tolist(), strict=True))

    def moments(self, variables: Names) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The exact means ``(k,)`` and covariances ``(k, k)`` of real variables, given what was observed.

        Where discrete variables take part the law is a mixture of normal ones, and these are the mixture's.

        Raises:
            InvalidParameter: some variable is not linear-Gaussian, or a discrete one has a real cause.
            ImpossibleEvidence: what was observed is excluded by the equations.
            TooLarge: more than 20,000 configurations of discrete variables take part.
        """
        names = as_names(variables)
        return answers.moments(
            *self._plan(names),
            f"{', '.join(names)} or what they depend on are not linear-Gaussian: "
            "ask for mean(…, samples=…), or simulate()",
        )

    def mean(self, variable: str, samples: int | None = None, seed: int = 0) -> float:
        """The mean of a variable that is a number, given what was observed: exact unless ``samples`` are drawn.

        Raises:
            InvalidParameter: its states are no numbers, or it cannot be computed exactly.
        """
        score = self.scores(variable)
        if samples is not None:
            numbers, weights, _ = self._weighted([variable], samples, seed)
            values = numbers[0].numpy() if score is None else score[numbers[0].numpy()]
            return sampling.weighted_mean(weights, values)
        if score is None:
            return float(self.moments(variable)[0][0])
        return float(self.probabilities(variable) @ score)

    def scores(self, variable: str) -> NDArray[np.float64] | None:
        """The states of a variable as numbers; None for a real variable, which is its own number.

        Raises:
            InvalidParameter: its states are no numbers.
        """
        states = self.mechanism(variable).states
        if states is None:
            return None
        if not all(isinstance(state, (int, float)) for state in states):
            raise InvalidParameter(f"the states of {variable!r} are no numbers: {', '.join(map(str, states))}")
        return np.array([float(state) for state in states])

    @property
    def log_likelihood(self) -> float:
        """Log P(what was observed), a density where real variables were; exact programs only."""
        return answers.log_likelihood(self._plan([])[0])

    def effective_size(self, n: int, seed: int = 0) -> float:
        """How many independent draws ``n`` weighted ones are worth, given what was observed (Kong 1992)."""
        whole("the number of rows", n, 1)
        return answers.drawn(*self._plan(self.variables), self.variables, n, seed)[2]

    def _weighted(self, variables: Iterable[str], n: int, seed: int) -> tuple[list[Tensor], NDArray[np.float64], float]:
        """``n`` draws of some variables, their weights (which sum to one), and the effective number of draws."""
        whole("the number of rows", n, 1)
        values, weights, size = answers.drawn(*self._plan(variables), self.variables, n, seed)
        if size < 0.99 * min(_FEW, n):
            warnings.warn(
                f"{n:,} draws are worth {size:.0f} independent ones, because what was observed is rare: draw more",
                ImpreciseWarning,
                stacklevel=3,
            )
        return values, weights, size

    def frame(self, numbers: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
        """Columns of numbers, as :meth:`draw` gives them, as a frame of states and real numbers."""
        import pandas as pd

        columns: dict[str, Any] = dict(numbers)
        for name, column in numbers.items():
            states = self.mechanism(name).states
            if states is not None:
                columns[name] = pd.Categorical.from_codes(column, dtype=pd.CategoricalDtype(list(states)))
        return pd.DataFrame(columns)

    def draw(self, n: int, seed: int = 0) -> dict[str, NDArray[Any]]:
        """``n`` draws of every variable, latent ones included, shape ``(n,)`` each: numbers of states, or real."""
        whole("the number of rows", n, 0)
        whole("a seed", seed, 0)
        made, wanted = self._plan(self.variables)
        if not made.observed:
            values, _, _ = answers.drawn(made, wanted, self.variables, n, seed)
            return {v: column.numpy() for v, column in zip(self.variables, values, strict=True)}
        order = np.random.default_rng([seed, 1])
        cells = math.prod(len(s.mechanism.states or ()) or _SMALL for s in self.statements)
        if exact.is_discrete(made) and cells <= _SMALL and len(self.variables) <= 25:
            law = exact.joint(made, wanted)[0]
            rows = order.choice(law.size, size=n, p=law.ravel())
            return dict(zip(self.variables, np.unravel_index(rows, law.shape), strict=True))
        values, weights, _ = self._weighted(self.variables, max(10 * n, 10_000), seed)
        rows = order.choice(len(weights), size=n, p=weights)
        return {v: column.numpy()[rows] for v, column in zip(self.variables, values, strict=True)}
