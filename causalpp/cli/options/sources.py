"""The options that say what class a command is about, and the class that they give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import causalpp as cpp
from causalpp._files import about, read_text
from causalpp.cli.options._grouped import option
from causalpp.cli.options._single import Graph, Network
from causalpp.cli.options.columns import Table
from causalpp.cli.options.learning import Search
from causalpp.errors import InvalidParameter

if TYPE_CHECKING:
    from causalpp.equivalence import MarkovEquivalenceClass
    from causalpp.graphs import Dag

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """Where a class comes from: data to learn it from, a graph, a network, a premise or statements."""

    data: Path | None = option("--data", "CSV file with a header row: learn the class from it.")
    graph: Graph = None
    network: Network = None
    premise: Path | None = option("--premise", "Text file: a premise in English, in the manner of Corr2Cause.")
    statements: Path | None = option("--statements", "Text file: one statement of independence or dependence a line.")
    complete: bool = option(
        "--complete", "With --statements: everything not listed is the opposite, dependence.", default=False
    )

    def found(self, table: Table | None, search: Search) -> tuple[MarkovEquivalenceClass, Dag | None]:
        """The class, narrowed by what is known, and the graph it is the class of where that is known."""
        given = (table, self.graph, self.network, self.premise, self.statements)
        if sum(source is not None for source in given) != 1:
            raise InvalidParameter("say one of --data, --graph, --network, --premise and --statements")
        if table is not None:
            return search.learned(table), None
        found, dag = self._given()
        return search.narrowed(found), dag

    def _given(self) -> tuple[MarkovEquivalenceClass, Dag | None]:
        """The class that something other than data gives."""
        from causalpp.cli.inputs import graph_of, read_statements

        if self.statements is not None:
            names, said = read_statements(self.statements)
            return cpp.MarkovEquivalenceClass.from_independencies(names, said, complete=self.complete), None
        if self.premise is not None:
            text = read_text(self.premise)
            with about(self.premise):
                return cpp.MarkovEquivalenceClass.from_premise(text), None
        if self.graph is not None:
            from causalpp.graphs import Mpdag

            if isinstance(known := cpp.read_graph(self.graph), Mpdag):
                return cpp.MarkovEquivalenceClass.from_cpdag(known), None
        dag = graph_of(self.graph, self.network)
        return cpp.MarkovEquivalenceClass.from_dag(dag), dag
