"""Checks of a graph against data: the independencies it implies, and what changes under interventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from causalpp.acbo import Result
from causalpp.crosscheck.check import Check, check_level, holm
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles import ExperimentOracle
from causalpp.propositions import Causes
from causalpp.scores import independence_test, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DataCheck", "ExperimentCheck", "check_data", "check_experiments"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DataCheck(Check):
    """The independencies that a graph implies, tested on data.

    Attributes:
        tests: one row for each pair that no edge joins: ``a``, ``b``, ``given``, ``p`` and ``corrected``.
        edges: one row for each edge: ``a``, ``b``, ``given`` and ``p`` of "the effect does not depend on this cause
            given its other causes"; a large one says that the data do not show the edge, not that it is absent.
        test: the test used.
        rows: of the data.
    """

    against: ClassVar[str] = "data"
    tests: pd.DataFrame
    edges: pd.DataFrame
    test: str
    rows: int

    @property
    def sentences(self) -> tuple[str, ...]:
        if not len(self.tests):
            return ("the graph implies no independence that could be tested",)
        broken = self.tests[self.tests["corrected"] < self.level].sort_values("p")
        kept, many = len(self.tests) - len(broken), len(self.tests)
        out = [f"{kept} of {many} independencies that the graph implies hold in {self.rows:,} rows ({self.test})"]
        for row in broken.head(3).to_dict("records"):
            given = f" given {', '.join(row['given'])}" if row["given"] else ""
            out.append(f"{row['a']} and {row['b']} should be independent{given} and are not (p = {row['p']:.2g})")
        faint = int((self.edges["p"] >= self.level).sum())
        if faint:
            out.append(f"{faint} of {len(self.edges)} edges do not show in these rows")
        return tuple(out)

    def _details(self) -> dict[str, Any]:
        return {"test": self.test, "tests": _records(self.tests), "edges": _records(self.edges)}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ExperimentCheck(Check):
    """What changes under interventions, compared with the descendants that a graph has.

    Attributes:
        tests: one row for each target and other variable: ``target``, ``variable``, ``descendant``, ``p`` of "it does
            not change", and for those that are no descendants ``corrected``.
        untested: targets and variables without a test: one level only, or so few rows that no p-value could be below
            the level.
    """

    against: ClassVar[str] = "interventions"
    tests: pd.DataFrame
    untested: tuple[tuple[str, str], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        below = self.tests["descendant"].astype(bool)
        broken = self.tests[~below & (self.tests["corrected"] < self.level)].sort_values("p")
        unseen = self.tests[below & (self.tests["p"] >= self.level)]
        still, should = int((~below).sum()), int(below.sum())
        out = [
            f"{still - len(broken)} of {still} variables that should not change under an intervention do not",
            f"{should - len(unseen)} of {should} that should change do",
        ]
        for row in broken.head(3).to_dict("records"):
            what = f"{row['variable']} changes under do({row['target']}), of which it is no descendant"
            out.append(f"{what} (p = {row['p']:.2g})")
        out += [
            f"{row['variable']} is not seen to change under do({row['target']}) (p = {row['p']:.2g})"
            for row in unseen.head(3).to_dict("records")
        ]
        if self.untested:
            target, name = self.untested[0]
            more = f" and {len(self.untested) - 1:,} more" if len(self.untested) > 1 else ""
            out.append(f"not tested, for want of rows or levels: {name} under do({target}){more}")
        return tuple(out)

    def _details(self) -> dict[str, Any]:
        return {"tests": _records(self.tests), "untested": [list(pair) for pair in self.untested]}


def check_data(
    claim: Result | Dag,
    data: pd.DataFrame,
    *,
    kinds: Mapping[str, str] | None = None,
    level: float = 0.05,
    seed: int = 0,
) -> DataCheck:
    """Do the data have the independencies that the graph implies?

    For every pair that no edge joins, one conditional independence is tested: given the parents of the later of the
    two, which is what the Markov condition says (with latent variables: given the observed ancestors, where that
    separates).  The p-values are corrected for being many (Holm), so that a right graph fails at ``level``
    at most, as far as the tests keep theirs: χ² for discrete columns, by random tables where cells are few; Fisher's z
    for real columns, which takes them to be normal; likelihood-ratio tests of regressions for mixed ones.

    Where values are missing, each test uses the rows in which none of its own is.

    A graph of the right equivalence class passes whichever way its edges point: data without intervention cannot
    tell.  A graph with needless edges passes too; look at ``edges``.

    Args:
        claim: a result, whose most probable graph is meant, or a graph.
        data: a frame with a column for every variable that is observed.
        kinds: what a column is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.
        level: the rate at which a right graph fails.
        seed: of the random tables.

    Raises:
        InvalidData: a column is missing or cannot be used.
        InvalidParameter: a claim that is no graph; a level outside (0, 1).

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> rows = asia.simulate(5000, seed=1)[["smoke", "lung", "bronc", "dysp"]]
        >>> right = cpp.Dag.from_edges([("smoke", "lung"), ("smoke", "bronc"), ("lung", "dysp"), ("bronc", "dysp")])
        >>> wrong = cpp.Dag("smoke lung bronc dysp".split(), [("smoke", "lung"), ("lung", "dysp")])
        >>> check_data(right, rows).passed, check_data(wrong, rows).passed
        (True, False)
    """
    import pandas as pd

    graph = graph_of(claim)
    check_level(level)
    names = [name for name in graph.nodes if name not in graph.latent]
    table = read_table(data, kinds, names)
    table.check_collinear()
    test = independence_test(table, seed=seed)
    rows = [(*asked, test.of(*asked).p_value) for asked in _implied(graph, names)]
    tests = pd.DataFrame(rows, columns=["a", "b", "given", "p"])
    tests["corrected"] = holm(tests["p"].to_numpy(dtype=float))
    joined = []
    for a, b in graph.edges:
        if a in names and b in names:
            given = tuple(v for v in names if v in graph.parents(b) and v != a)
            joined.append((a, b, given, test.of(a, b, given).p_value))
    edges = pd.DataFrame(joined, columns=["a", "b", "given", "p"])
    p = float(tests["corrected"].min()) if len(tests) else None
    return DataCheck(
        level=level,
        p_value=p,
        tests=tests,
        edges=edges,
        test={"fisherz": "Fisher's z", "regression": "regressions", "chisq": "χ²"}[test.name],
        rows=len(data),
    )


def _implied(graph: Dag, names: list[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """One independence for each pair that can be separated: the earlier variable, the later one, what is given."""
    order = {name: k for k, name in enumerate(graph.topological_order)}
    out = []
    for pair in combinations(names, 2):
        a, b = sorted(pair, key=lambda name: order[name])
        if a in graph.parents(b):
            continue
        above = graph.ancestors(a) | graph.ancestors(b) if graph.latent else set(graph.parents(b))
        given = tuple(v for v in names if v in above and v not in (a, b))
        if graph.d_separated(a, b, given):
            out.append((a, b, given))
    return out


def check_experiments(
    claim: Result | Dag,
    experiments: Mapping[str | None, Any],
    *,
    level: float = 0.05,
    seed: int = 0,
) -> ExperimentCheck:
    """Do interventions change only what comes after their targets in the graph?

    For every target X and every other variable Y the hypothesis "Y does not change under do(X)" is tested.  Where the
    graph has no directed path from X to Y it must not be rejected; those tests are corrected for being many (Holm),
    so that a right graph fails at ``level`` at most.  Descendants that do not change are listed and not held
    against the graph: their effects may be too small for so few rows.  Where the rows are so few that no p-value could
    be below ``level``, nothing is tested, and the check says so.

    Args:
        claim: a result, whose most probable graph is meant, or a graph.
        experiments: target → the rows seen while it was set, one frame or one for each level, and None → rows without
            intervention; as for :class:`~causalpp.ExperimentOracle`.
        level: the rate at which a right graph fails.
        seed: of tests that draw random tables.

    Raises:
        InvalidData: frames that cannot be used.
        UnknownVariable: a target that is no variable of the graph.
        InvalidParameter: a claim that is no graph; a level outside (0, 1).

    Example:
        >>> import causalpp as cpp
        >>> chain = cpp.Dag.from_edges([("a", "b"), ("b", "c")])
        >>> line = cpp.compile(chain, mechanisms={
        ...     "a": cpp.LinearGaussian(), "b": cpp.LinearGaussian("a", [1.0]), "c": cpp.LinearGaussian("b", [1.0])})
        >>> frames = {"b": {v: line.do(b=v).simulate(300, seed=v) for v in (0, 2)}, None: line.simulate(300, seed=9)}
        >>> check_experiments(chain, frames).passed
        True
        >>> check_experiments(cpp.Dag.from_edges([("b", "a"), ("c", "b")]), frames).passed
        False
    """
    import pandas as pd

    graph = graph_of(claim)
    check_level(level)
    oracle = ExperimentOracle(experiments, min(level, 0.5), seed=seed)
    rows, untested = [], []
    for target in experiments:
        if target is None:
            continue
        below = graph.descendants(target)
        for name in graph.nodes:
            if name != target and name in oracle.variables:
                p = oracle.p_value(Causes(target, name))
                if p is None:
                    untested.append((str(target), name))
                else:
                    rows.append((target, name, name in below, p))
    tests = pd.DataFrame(rows, columns=["target", "variable", "descendant", "p"])
    still = ~tests["descendant"].astype(bool)
    tests["corrected"] = np.nan
    if still.any():
        tests.loc[still, "corrected"] = holm(tests.loc[still, "p"].to_numpy(dtype=float))
    p_value = float(tests["corrected"].min()) if still.any() else None
    return ExperimentCheck(level=level, p_value=p_value, tests=tests, untested=tuple(untested))


def graph_of(claim: Result | Dag) -> Dag:
    """The graph that is claimed.

    Raises:
        InvalidParameter: neither a result nor a graph.
    """
    found = claim.graph if isinstance(claim, Result) else claim
    if not isinstance(found, Dag):
        raise InvalidParameter(f"a check is of a result or of a Dag, not of {claim!r:.80}")
    return found


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(k): list(v) if isinstance(v, tuple) else v for k, v in row.items()} for row in rows]
