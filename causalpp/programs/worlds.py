"""Several worlds at once: programs that share their noise and differ in what was set or observed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidParameter, UnknownVariable
from causalpp.programs.answering import answers
from causalpp.programs.answering.plan import Plan, plan
from causalpp.programs.answering.undefined import check_defined_across
from causalpp.programs.base import BaseProgram
from causalpp.programs.checks import whole
from causalpp.programs.models.run import named_past, run_worlds

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor
    from typing_extensions import TypeVar

    P = TypeVar("P", bound=BaseProgram, default=BaseProgram, covariant=True)
else:
    from typing import TypeVar

    P = TypeVar("P")

__all__ = ["Worlds"]


@dataclass(frozen=True, eq=False)
class Worlds(Generic[P]):
    """Named worlds that share their noise; made by :meth:`causalpp.CausalProgram.worlds`.

    A variable of a world is a pair ``(world, variable)``.

    Attributes:
        programs: name → the program of that world.
        reads: (world, variable, parent) → an earlier world: there that variable reads that parent, instead of in
            its own world.  So nested counterfactuals are said, see the example.

    Example:
        >>> from causalpp import load_network
        >>> both = load_network("asia").worlds(factual={}, treated={"smoke": "yes"})
        >>> both.simulate(3, seed=4)[[("factual", "smoke"), ("factual", "lung"), ("treated", "lung")]]
          factual      treated
            smoke lung    lung
        0     yes   no      no
        1      no   no      no
        2      no   no      no

        Dyspnoea had a smoker had the lungs (either) of a nonsmoker:

        >>> from dataclasses import replace
        >>> pair = load_network("asia").worlds(abstains={"smoke": "no"}, smokes={"smoke": "yes"})
        >>> nested = replace(pair, reads={("smokes", "dysp", "either"): "abstains"})
        >>> float(nested.probabilities([("smokes", "dysp")])[0]), float(pair.probabilities([("smokes", "dysp")])[0])
        (0.5260..., 0.5528...)
    """

    programs: Mapping[str, P]
    reads: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.programs:
            raise InvalidParameter("worlds() needs at least one world, such as worlds(factual={}, treated={'x': 1})")
        for name, program in self.programs.items():
            if name.startswith("past "):
                raise InvalidParameter(f"names that start with 'past ' are taken: call the world {name!r} otherwise")
            if program.past != self._first.past:
                raise InvalidParameter(
                    f"the worlds {next(iter(self.programs))!r} and {name!r} do not share a past: make them by worlds() "
                    "of one program"
                )
            if set(program.variables) != set(self._first.variables):
                raise InvalidParameter(
                    f"the worlds {next(iter(self.programs))!r} and {name!r} have different variables"
                )
        place = {name: i for i, name in enumerate(self.programs)}
        for (world, variable, parent), source in self.reads.items():
            if parent not in self[world].mechanism(variable).parents:
                raise UnknownVariable(parent, self[world].mechanism(variable).parents, what=f" read by {variable!r}")
            self[source].mechanism(parent)
            if place[source] > place[world]:
                raise InvalidParameter(f"the world {world!r} reads from {source!r}, which has to be listed before it")
        for world, variable in dict.fromkeys((w, v) for w, v, _ in self.reads):
            mechanism = self[world].mechanism(variable)
            where = [(self.reads.get((world, variable, p), world), p) for p in mechanism.parents]
            check_defined_across(variable, mechanism, self[world].statements, lambda: self.probabilities(where))  # noqa: B023

    @property
    def _first(self) -> P:
        return next(iter(self.programs.values()))

    def __getitem__(self, name: str) -> P:
        if name not in self.programs:
            raise UnknownVariable(name, self.programs, what=" among the worlds")
        return self.programs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.programs)

    def __len__(self) -> int:
        return len(self.programs)

    def __repr__(self) -> str:
        return f"Worlds({', '.join(self.programs)})"

    def __call__(self) -> dict[str, dict[str, Tensor]]:
        """Run all worlds on one noise inside Pyro; sites are called ``"world/variable"`` and ``"variable.noise"``."""
        past = named_past(self._first.past)
        found = run_worlds(
            {**past, **{name: program.statements for name, program in self.programs.items()}},
            self._reads({name: i + len(past) for i, name in enumerate(self.programs)}),
        )
        return {name: found[name] for name in self.programs}

    def _plan(self, variables: Iterable[tuple[str, str]]) -> tuple[Plan, list[int]]:
        pairs = list(variables)
        past = self._first.past
        place = {name: i + len(past) for i, name in enumerate(self.programs)}
        for pair in pairs:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise InvalidParameter(f"a variable of a world is a pair (world, variable), got {pair!r}")
            self[pair[0]].mechanism(pair[1])
        wanted = [(place[world], variable) for world, variable in pairs]
        made = plan((*past, *(program.statements for program in self.programs.values())), wanted, self._reads(place))
        return made, [made.where[pair] for pair in wanted]

    def _reads(self, place: Mapping[str, int]) -> dict[tuple[int, str, str], int]:
        return {(place[w], variable, parent): place[source] for (w, variable, parent), source in self.reads.items()}

    def probabilities(self, variables: Iterable[tuple[str, str]]) -> NDArray[np.float64]:
        """The exact joint distribution of discrete variables of several worlds, one axis each.

        Raises:
            UnknownVariable: no such world or variable.
            InvalidParameter: real variables take part.
            ImpossibleEvidence, TooLarge: see :meth:`causalpp.CausalProgram.probabilities`.
        """
        return answers.joint(*self._plan(variables), "real variables take part: ask for moments(), or simulate()")

    def moments(self, variables: Iterable[tuple[str, str]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The exact means and covariances of linear-Gaussian variables of several worlds."""
        return answers.moments(*self._plan(variables), "not everything here is linear-Gaussian: simulate()")

    def draw(
        self, n: int, seed: int = 0, variables: Iterable[tuple[str, str]] | None = None
    ) -> tuple[dict[tuple[str, str], NDArray[Any]], NDArray[np.float64], float]:
        """``n`` draws on shared noise, their weights ``(n,)`` that sum to one, and their effective number.

        Args:
            n: how many.
            seed: of the noise.
            variables: pairs (world, variable); all if left out.

        Raises:
            InvalidParameter: ``n`` or ``seed`` is no whole number from 0 on.
        """
        whole("the number of rows", n, 0)
        whole("a seed", seed, 0)
        pairs = [(w, v) for w, p in self.programs.items() for v in p.variables] if variables is None else [*variables]
        made, wanted = self._plan(pairs)
        values, weights, size = answers.drawn(made, wanted, self._first.variables, n, seed)
        return {pair: column.numpy() for pair, column in zip(pairs, values, strict=True)}, weights, size

    def simulate(self, n: int, seed: int = 0) -> pd.DataFrame:
        """``n`` rows, a column for every observed variable of every world, under a header (world, variable).

        If something was observed, rows are resampled from ten times as many weighted draws.

        Raises:
            InvalidParameter: ``n`` or ``seed`` is no whole number from 0 on.
        """
        import pandas as pd

        whole("the number of rows", n, 0)
        whole("a seed", seed, 0)
        shown = [(w, v) for w, p in self.programs.items() for v in p.variables if v not in p.latent]
        made, _ = self._plan(shown)
        if made.observed:
            values, weights, _ = self.draw(max(10 * n, 10_000), seed, shown)
            rows = np.random.default_rng([seed, 1]).choice(len(weights), size=n, p=weights)
            values = {pair: column[rows] for pair, column in values.items()}
        else:
            values, _, _ = self.draw(n, seed, shown)
        frames = {
            world: program.frame({v: column for (w, v), column in values.items() if w == world})
            for world, program in self.programs.items()
        }
        return pd.concat(frames, axis=1)
