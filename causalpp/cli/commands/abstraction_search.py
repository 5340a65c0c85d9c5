"""``causalpp abstraction search`` and ``sweep``: where does a network keep the variables of a program?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causalpp.cli import options
from causalpp.cli.commands.abstraction import Of, site_of, tell
from causalpp.cli.options import option
from causalpp.cli.show import check_figure_path
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.abstraction import Budget

__all__ = ["search", "sweep"]


@dataclass(frozen=True)
class _Budget:
    """How long a search takes."""

    starts: int = option("--starts", "Rotations to begin with, of which the best is taken.", 3, min=1)
    steps: int = option("--steps", "Of the optimiser, at most.", 1000, min=1)
    learn: int = option("--learn", "Pairs to learn from.", 10_000, min=1)

    def budget(self) -> Budget:
        """As the search takes it."""
        from causalpp.abstraction import Budget

        return Budget(seeds=self.starts, steps=self.steps, pairs=self.learn)


@options.grouped
def search(
    of: Of,
    budget: _Budget,
    variable: Annotated[list[str], typer.Option("--variable", help="What to look for (repeatable).")],
    where: Annotated[str | None, typer.Option("--where", help="A module to rotate, such as layers.1.")] = None,
    dimensions: Annotated[int, typer.Option("--dimensions", min=1, help="Directions of each variable.")] = 1,
    localist: Annotated[bool, typer.Option("--localist", help="Among units of all modules, without rotation.")] = False,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Look for the directions, or units, of a network that keep variables of a program."""
    check_figure_path(plot)
    from causalpp import abstraction as room

    if (where is None) != localist:
        raise InvalidParameter("say --where to look for directions of a module, or --localist for units of any")
    found: Any
    if localist:
        sites = None
        found = room.localist(**of.to_search(), variables=variable, sites=sites, budget=budget.budget(), seed=of.seed)
    else:
        found = room.search(
            **of.to_search(), site=site_of(where or ""), dimensions=dimensions, variables=variable,
            budget=budget.budget(), seed=of.seed,
        )  # fmt: skip
    tell(found, plot, json)


@options.grouped
def sweep(
    of: Of,
    budget: _Budget,
    variable: Annotated[list[str], typer.Option("--variable", help="What to look for (repeatable).")],
    where: Annotated[list[str], typer.Option("--where", help="A module, or MODULE@POSITION (repeatable).")],
    size: Annotated[list[int] | None, typer.Option("--size", min=1, help="Directions (repeatable).")] = None,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """The search at many sites and sizes: where in the network the variables are kept."""
    check_figure_path(plot)
    from causalpp import abstraction as room

    found = room.sweep(
        **of.to_search(), sites=[site_of(one) for one in where], sizes=size or [1, 2, 4, 8], variables=variable,
        budget=budget.budget(), seed=of.seed,
    )  # fmt: skip
    tell(found, plot, json)
