"""The options that say how rows become a posterior over graphs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import causalpp as cpp
from causalpp.cli.options._grouped import option
from causalpp.cli.options.columns import Table
from causalpp.cli.options.learning import Search
from causalpp.errors import InvalidParameter, UnknownVariable

if TYPE_CHECKING:
    import pandas as pd

    from causalpp.posterior import DagPosterior
    from causalpp.scores import StructurePrior

__all__ = ["FromRows", "Prior"]


@dataclass(frozen=True)
class Prior:
    """What is thought of graphs before the data."""

    edge_log_odds: float | None = option(
        "--edge-log-odds", "What each edge adds to the log-probability of a graph: negative prefers few edges."
    )
    expected_edges: float | None = option(
        "--expected-edges", "The same, said as the number of edges expected before the data."
    )

    def of(self, variables: int) -> StructurePrior | None:
        """The prior of graphs over so many variables; None where all are equally probable."""
        from causalpp.scores import StructurePrior

        if self.edge_log_odds is not None and self.expected_edges is not None:
            raise InvalidParameter("say one of --edge-log-odds and --expected-edges")
        if self.expected_edges is not None:
            return StructurePrior.sparse(self.expected_edges, variables)
        return None if self.edge_log_odds is None else StructurePrior(self.edge_log_odds)


@dataclass(frozen=True)
class FromRows(Prior):
    """Whether a run starts from a posterior given its rows, and how that is made."""

    posterior: bool = option(
        "--posterior", "With --data: start from a posterior over all graphs, not from one class.", default=False
    )
    interventions: str | None = option(
        "--interventions", "With --posterior: the column that says who was set in a row: empty, 'a', or 'a, b'."
    )
    max_parents: int | None = option(
        "--max-parents", "With --posterior: no graph in which a variable has more parents.", min=0
    )

    def check(self, table: Table | None, *others: object) -> None:
        """See that the options go together.

        Raises:
            InvalidParameter: they do not.
        """
        if self.posterior:
            if table is None or any(other is not None for other in others):
                raise InvalidParameter("--posterior goes with --data, and with no other source")
            return
        given = {
            "--interventions": self.interventions, "--max-parents": self.max_parents,
            "--edge-log-odds": self.edge_log_odds, "--expected-edges": self.expected_edges,
        }  # fmt: skip
        for name, value in given.items():
            if value is not None:
                raise InvalidParameter(f"{name} goes with --posterior")

    def split(self, table: Table) -> tuple[Table, pd.Series[str] | None]:
        """The columns of variables, and the one that says who was set.

        Raises:
            UnknownVariable: there is no such column.
        """
        if self.interventions is None:
            return table, None
        if self.interventions not in table.frame.columns:
            raise UnknownVariable(
                self.interventions, list(map(str, table.frame.columns)), what=" after --interventions"
            )
        kinds = {name: kind for name, kind in table.kinds.items() if name != self.interventions}
        frame = table.frame.drop(columns=self.interventions)
        return replace(table, frame=frame, kinds=kinds), table.frame[self.interventions]

    def made(self, table: Table, told: pd.Series[str] | None, search: Search, quiet: bool) -> DagPosterior:
        """The posterior of the columns of :meth:`split`."""
        frame = table.frame if told is None else table.frame.assign(**{str(self.interventions): told})
        return cpp.DagPosterior.from_data(
            frame,
            search.score.value,
            hyperparameters=search.hyperparameters,
            structure_prior=self.of(len(table.frame.columns)),
            knowledge=search.known() or None,
            interventions=self.interventions,
            max_parents=self.max_parents,
            kinds=table.kinds,
            missing=search.missing.value,
            progress=False if quiet else None,
        )
