"""Equivalence classes from data: checked going in, a valid class coming out, and how it was found kept with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import read_columns
from causalpp.equivalence import _searches
from causalpp.equivalence._evidence import Table, independence_test, local_score
from causalpp.equivalence._skeleton import Rules, pc, settle
from causalpp.equivalence.cpdag import Cpdag, Matrix, Mpdag
from causalpp.errors import InvalidData, InvalidGraph, InvalidParameter, TooLarge, UnknownVariable
from causalpp.graphs import Dag, Edge, Names
from causalpp.graphs.dag import as_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "check_frame", "learn", "stability_frame"]

METHODS = ("pc", "ges", "grasp", "boss", "exact")

_MOST_EXACT = 12  # variables of the exact search: it scores d 2^(d-1) families


def learn(
    frame: pd.DataFrame,
    method: str = "pc",
    *,
    alpha: float = 0.01,
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Names] = (),
    bootstrap: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Mpdag | Cpdag, dict[str, Any]]:
    """The equivalence class that a method finds in a data frame, and how it was found.

    ``pc`` (Spirtes, Glymour & Scheines, 2000, in the order-independent form of Colombo & Maathuis, JMLR 15, 2014)
    decides by independence tests: χ² for discrete columns, Fisher's z for continuous ones, both causal-learn's,
    and likelihood-ratio tests of nested regressions for mixed ones (Tsagris et al., 2018).  It needs faithfulness,
    and fails where a variable is a function of others.

    The others search by score: BDeu for discrete columns, the Gaussian BIC for continuous ones, the degenerate
    Gaussian BIC for mixed ones (Andrews, Ramsey & Cooper, 2019).  ``ges`` is Chickering's greedy search (JMLR 3,
    2002); ``grasp`` (Lam, Andrews & Ramsey, UAI 2022) and ``boss`` (Andrews et al., NeurIPS 2023) search over
    orders of the variables; ``exact`` finds a graph of the highest score there is, for up to 12 variables.

    A repair, where the colliders that the tests (or, with knowledge, ges) see contradict each other: the skeleton
    stays, the colliders are taken one by one, strongest first, and one that reverses an edge or closes a cycle is
    dropped; then the other edges are directed with as few new colliders as a greedy choice of sinks finds.  This
    always ends with a class; ``how["repaired"]`` lists what was dropped and what was added.

    Args:
        frame: one column a variable, one row an observation; see :func:`check_frame` for what is discrete.
        method: ``"pc"``, ``"ges"``, ``"grasp"``, ``"boss"`` or ``"exact"``.
        alpha: significance level of PC's tests.
        required: edges that must be there, this way.
        forbidden: edges that must not be there; both ways, and the two are not joined.
        tiers: groups of variables in order of time: no edge leads from a later group to an earlier one.
        bootstrap: how many times to learn again from as many rows drawn with replacement.
        seed: of the resamples, and of the orders in which grasp and boss look at variables.
        progress: called after each resample with the number done and ``bootstrap``.

    Returns:
        The class, a :class:`Cpdag`, or with knowledge an :class:`Mpdag`; and a dictionary of plain values:
        ``method``, ``rows``, ``test`` (the test or score); for PC ``alpha`` and ``tests`` (for every pair that
        is not joined the separating set, its p-value, and whether a test or knowledge removed the edge), else
        ``score`` (the total); ``seed`` where it mattered; ``knowledge``, ``repaired`` and ``stability`` where
        there are such.

    Raises:
        InvalidData: see :func:`check_frame`; continuous columns that determine each other; or the edges the data
            show cannot be directed as the knowledge has it.
        InvalidGraph: the knowledge contradicts itself.
        InvalidParameter: unknown method, alpha outside (0, 1), or a negative ``bootstrap``.
        TooLarge: more than 12 variables for ``exact``.
        UnknownVariable: the knowledge names a column that is not there.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(2, 500))
        >>> frame = pd.DataFrame({"a": a, "b": b, "c": a + b + rng.normal(size=500)})
        >>> graph, how = learn(frame, "pc")
        >>> graph, how["test"], how["tests"][0]["pair"]
        (Cpdag('a → c, b → c'), 'fisherz', ['a', 'b'])
    """
    if method not in METHODS:
        raise InvalidParameter(f"unknown method {method!r}: use {', '.join(map(repr, METHODS[:-1]))} or 'exact'")
    if not 0 < alpha < 1:
        raise InvalidParameter(f"alpha is a probability between 0 and 1, got {alpha}")
    if bootstrap < 0:
        raise InvalidParameter(f"bootstrap is a number of resamples, got {bootstrap}")
    values, discrete = check_frame(frame)
    table = Table(values, discrete, tuple(map(str, frame.columns)))
    if method == "exact" and len(table.names) > _MOST_EXACT:
        raise TooLarge(
            f"the exact search takes at most {_MOST_EXACT} variables, and there are {len(table.names)}: "
            "use method='boss' or 'grasp'"
        )
    rules = _rules(table.names, list(required), list(forbidden), list(tiers))
    graph, how = _learn(table, method, alpha, rules, seed)
    if bootstrap:
        how["stability"] = _stability(table, method, alpha, rules, bootstrap, seed, progress)
    return graph, how


def _learn(table: Table, method: str, alpha: float, rules: Rules, seed: int) -> tuple[Mpdag, dict[str, Any]]:
    table.check_collinear()
    names, rows = table.names, len(table.values)
    how: dict[str, Any] = {"method": method, "rows": rows}
    repaired: dict[str, list[Any]] = {}
    if method == "pc":
        test, how["test"] = independence_test(table)
        how["alpha"] = alpha
        skeleton, colliders, removed = pc(test, alpha, rules)
        dag, repaired = settle(skeleton, colliders, rules)
        how["tests"] = [entry | {key: [names[k] for k in entry[key]] for key in ("pair", "given")} for entry in removed]
    else:
        score, how["test"] = local_score(table)
        if method == "ges":
            dag, colliders = _searches.ges(score, rules, rows)
            if rules and not _member(dag, rules, names):
                dag, repaired = settle(dag | dag.T, colliders, rules)
        elif method == "exact":
            dag = _searches.exact(rules.enforce(score, rows), rules)
        else:
            how["seed"] = seed
            search = _searches.boss if method == "boss" else _searches.grasp
            dag = search(rules.enforce(score, rows), rules, seed)
        how["score"] = float(sum(score(k, np.flatnonzero(dag[:, k]).tolist()) for k in range(len(names))))
    if any(repaired.values()):
        how["repaired"] = {what: [[names[k] for k in triple] for triple in found] for what, found in repaired.items()}
    graph: Mpdag = Cpdag.from_dag(Dag.from_adjacency(dag, names))
    if rules:
        missing = np.argwhere(rules.required & ~(dag | dag.T))
        if len(missing):
            a, b = (names[k] for k in missing[0])
            raise InvalidData(f"{method} found no graph with the required edge {a!r} → {b!r}: try another method")
        graph = graph.orient(_named(rules.forced(dag | dag.T), names))
        how["knowledge"] = {
            "required": [list(edge) for edge in _named(rules.required, names)],
            "forbidden": [list(edge) for edge in _named(rules.forbidden & ~rules.required.T, names)],
        }
    return graph, how


def _named(matrix: Matrix, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(names[i], names[j]) for i, j in np.argwhere(matrix)]


def _member(dag: Matrix, rules: Rules, names: tuple[str, ...]) -> bool:
    """Whether the class of a Dag has a member that agrees with the knowledge."""
    try:
        Cpdag.from_dag(Dag.from_adjacency(dag, names)).orient(_named(rules.forced(dag | dag.T), names))
    except InvalidGraph:
        return False
    return True


def _rules(names: tuple[str, ...], required: list[Edge], forbidden: list[Edge], tiers: list[Names]) -> Rules:
    barred = list(forbidden)
    seen: list[str] = []
    for tier in tiers:
        group = as_names(list(tier) if isinstance(tier, str) and tier not in names else tier)
        if set(group) & set(seen):
            raise InvalidGraph(f"{sorted(set(group) & set(seen))[0]!r} stands in two tiers")
        barred += [(late, early) for late in group for early in seen]
        seen += group
    index = {name: k for k, name in enumerate(names)}
    for name in (*seen, *(name for edge in (*required, *barred) for name in edge)):
        if name not in index:
            raise UnknownVariable(name, names)
    must, no = (np.zeros((len(names), len(names)), dtype=bool) for _ in range(2))
    for matrix, edges in ((must, required), (no, barred)):
        for a, b in edges:
            matrix[index[a], index[b]] = True
    for a, b in _named(must & no, names):
        raise InvalidGraph(f"the edge {a!r} → {b!r} is both required and forbidden")
    Dag.from_adjacency(must, names)  # a cycle of required edges is refused here
    return Rules(must, no | must.T)


# --- stability ------------------------------------------------------------------------------------


def _stability(
    table: Table,
    method: str,
    alpha: float,
    rules: Rules,
    bootstrap: int,
    seed: int,
    progress: Callable[[int, int], object] | None,
) -> dict[str, Any]:
    """How often each edge is found again; a column that is constant in a resample is joined to none there."""
    rng = np.random.default_rng(seed)
    d, used = len(table.names), 0
    counts = np.zeros((d, d), dtype=int)  # [i, j]: i → j;  both ways at once: in ``lines``
    lines = np.zeros((d, d), dtype=int)
    for number in range(bootstrap):
        rows = rng.integers(len(table.values), size=len(table.values))
        values = table.values[rows]
        vary = np.flatnonzero((values != values[0]).any(0))
        values = values[:, vary].copy()
        part = tuple(table.discrete[k] for k in vary)
        for k in np.flatnonzero(part):
            values[:, k] = np.unique(values[:, k], return_inverse=True)[1]  # a state may be missing here
        sub = Table(values, part, tuple(table.names[k] for k in vary))
        block = np.ix_(vary, vary)
        try:
            found = np.zeros((0, 0), dtype=bool)
            if len(vary) > 1:
                known = Rules(rules.required[block], rules.forbidden[block])
                found = _learn(sub, method, alpha, known, seed)[0].matrix
        except InvalidData:
            continue  # this resample determines nothing; "used" tells
        finally:
            if progress is not None:
                progress(number + 1, bootstrap)
        used += 1
        if len(vary) > 1:
            counts[block] += found & ~found.T
            lines[block] += found & found.T
    share = max(used, 1)
    pairs = [
        {
            "a": table.names[i],
            "b": table.names[j],
            "adjacent": float((counts[i, j] + counts[j, i] + lines[i, j]) / share),
            "a_to_b": float(counts[i, j] / share),
            "b_to_a": float(counts[j, i] / share),
            "undirected": float(lines[i, j] / share),
        }
        for i, j in combinations(range(d), 2)
    ]
    return {"resamples": bootstrap, "used": used, "seed": seed, "pairs": pairs}


def stability_frame(how: dict[str, Any]) -> pd.DataFrame:
    """The bootstrap stability of every pair as a table, the stablest edges first.

    Args:
        how: what :func:`learn` returned besides the graph, or ``mec.learned``.

    Raises:
        InvalidParameter: it was learned without ``bootstrap``.

    Example:
        >>> pairs = [{"a": "x", "b": "y", "adjacent": 1.0, "a_to_b": 0.2, "b_to_a": 0.1, "undirected": 0.7}]
        >>> stability_frame({"stability": {"pairs": pairs}}).loc[0, "undirected"].item()
        0.7
    """
    import pandas as pd

    if "stability" not in how:
        raise InvalidParameter("this class was learned without bootstrap: learn it with bootstrap=100, say")
    out = pd.DataFrame(how["stability"]["pairs"])
    return out.sort_values("adjacent", ascending=False, kind="stable", ignore_index=True)


def check_frame(
    frame: pd.DataFrame, kinds: Mapping[str, str] | None = None
) -> tuple[NDArray[np.float64], tuple[bool, ...]]:
    """The frame's values as numbers, shape ``(rows, columns)``, and which columns are discrete codes.

    What a column is, :func:`causalpp.columns.read_columns` decides; counts and real columns are continuous here.

    Args:
        frame: the data.
        kinds: column → ``"discrete"``, ``"ordinal"``, ``"count"`` or ``"real"``, where the rule is wrong.

    Raises:
        InvalidData: fewer than two columns, no rows, duplicate names, missing values, a constant column, or
            a text column with a different value in nearly every row.
    """
    if frame.shape[1] < 2:
        raise InvalidData(f"learning a graph needs at least two columns, got {frame.shape[1]}")
    if not len(frame):
        raise InvalidData("the data have no rows")
    missing = frame.isna().to_numpy()
    if missing.any():
        row, column_number = (int(k) for k in np.argwhere(missing)[0])
        raise InvalidData(
            f"column {str(frame.columns[column_number])!r} has missing values (first in row {row + 1}; "
            f"{int(missing.any(1).sum()):,} rows in all): drop or fill those rows first"
        )
    values, discrete = [], []
    for name, column in read_columns(frame, kinds).items():
        distinct, codes = np.unique(column.values, return_inverse=True)
        if len(distinct) < 2:
            raise InvalidData(f"column {name!r} is constant (always {str(frame[name].iloc[0])!r}): leave it out")
        discrete.append(column.states is not None)
        values.append((codes if discrete[-1] else column.values).astype(float))
    return np.column_stack(values), tuple(discrete)
