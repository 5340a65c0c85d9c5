"""Equivalence classes from data: checked going in, a valid class coming out, and how it was found kept with it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.equivalence._knowledge import gathered
from causalpp.equivalence.learning.rules import Rules
from causalpp.equivalence.learning.search import by_score, by_tests
from causalpp.equivalence.learning.watch import SearchStep, Watch, shown
from causalpp.errors import (
    IncompleteDataWarning,
    InvalidData,
    InvalidParameter,
    RepairWarning,
    StoppedWarning,
    TooLarge,
)
from causalpp.graphs import Dag, Edge, Knowledge, Names
from causalpp.graphs.cpdag import Cpdag, Matrix, Mpdag
from causalpp.scores import StructurePrior, Table, check_missing, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "learn", "stability_frame"]

METHODS = ("pc", "ges", "grasp", "boss", "exact")

_WORTH_SHOWING = 1.0  # seconds after which a bar appears
_MOST_EXACT = 12  # variables of the exact search: it scores d 2^(d-1) families


def learn(
    frame: pd.DataFrame,
    method: str = "pc",
    *,
    alpha: float = 0.01,
    knowledge: Knowledge | None = None,
    required: Iterable[Edge] = (),
    forbidden: Iterable[Edge] = (),
    tiers: Iterable[Names] = (),
    roots: Names = (),
    search_space: Iterable[Edge] | None = None,
    kinds: Mapping[str, str] | None = None,
    max_conditioning: int | None = None,
    score: str = "auto",
    hyperparameters: Mapping[str, float] | None = None,
    missing: str = "complete",
    structure_prior: StructurePrior | None = None,
    max_seconds: float | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], object] | bool | None = None,
    on_step: Callable[[SearchStep], object] | None = None,
) -> tuple[Mpdag | Cpdag, dict[str, Any]]:
    """The equivalence class that a method finds in a data frame, and how it was found.

    ``pc`` (Spirtes, Glymour & Scheines, 2000, in the order-independent form of Colombo & Maathuis, JMLR 15, 2014)
    decides by independence tests: χ² for discrete columns, Fisher's z for continuous ones,
    and likelihood-ratio tests of nested regressions for mixed ones (Tsagris et al., 2018).  It needs faithfulness,
    and fails where a variable is a function of others.

    The others search by score: BDeu for discrete columns, the Gaussian BIC for continuous ones, the degenerate
    Gaussian BIC for mixed ones (Andrews, Ramsey & Cooper, 2019), or what ``score`` says.
    ``ges`` is Chickering's greedy search (JMLR 3, 2002); ``grasp`` (Lam, Andrews & Ramsey, UAI 2022) and ``boss``
    (Andrews et al., NeurIPS 2023) search over orders of the variables; ``exact`` finds a graph of the highest score
    there is, for up to 12 variables.

    All search under the knowledge: a graph that it rules out is never looked at.  The scores' searches are greedy
    and can miss the best graph, more easily so where the knowledge is against the data; ``exact`` cannot.

    Missing values: a test uses the rows in which none of its own columns is missing (test-wise deletion; right
    if values are missing at random with respect to these columns).  A score compares families with each other, which
    only means something on the same rows: it uses the rows in which nothing is missing at all.

    A repair, where the colliders that pc's tests see contradict each other or the knowledge: the skeleton
    stays, the colliders are taken one by one, strongest first, and one that reverses an edge or closes a cycle is
    dropped; then the other edges are directed with as few new colliders as a greedy choice of sinks finds.  Edges
    that the knowledge directs in a cycle are taken out before, those with the least evidence first.  This
    always ends with a class; a warning says what was dropped and what was added, and so does ``how["repaired"]``.

    Args:
        frame: one column a variable, one row an observation; which are discrete,
            :func:`causalpp.columns.read_columns` decides.
        method: ``"pc"``, ``"ges"``, ``"grasp"``, ``"boss"`` or ``"exact"``.
        alpha: significance level of PC's tests.
        knowledge: what is known of the edges; joined with what the next five say.
        required: edges that must be there, this way.
        forbidden: edges that must not be there; both ways, and the two are not joined.
        tiers: groups of variables in order of time: no edge leads from a later group to an earlier one.
        roots: variables that nothing causes.
        search_space: the only edges there may be, each way by itself.
        kinds: what a column is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.
        max_conditioning: how many variables a test of PC may condition on, at most.
        score: of the searches by score: ``"bdeu"``, ``"bge"``, ``"bic"`` or ``"cg"``; see
            :func:`causalpp.scores.local_score`.
        hyperparameters: of the score, see there.
        missing: of the searches by score: ``"complete"``, or ``"impute"``, which draws missing values given those that
            are there; see :func:`causalpp.scores.local_score`.
        structure_prior: of the graphs before the data, for the searches by score; left out, none is preferred.
        max_seconds: after so long the search ends with what it has.
        bootstrap: how many times to learn again from as many rows drawn with replacement.
        seed: of the resamples, and of the orders in which the searches look at variables.
        progress: called with what is done and what there is to do, as far as is known: of the search, or with
            ``bootstrap`` of the resamples.  By default a bar is shown on a terminal; False for none.
        on_step: called with a :class:`SearchStep` during the search, the first time with an estimate of how long it
            takes; returning False ends the search with what it has.  Ctrl-C does the same.

    Returns:
        The class, a :class:`Cpdag`, or with knowledge an :class:`Mpdag`; and a dictionary of plain values:
        ``method``, ``rows``, ``test`` (the test or score); for PC ``alpha`` and ``tests`` (for every pair that
        is not joined the separating set, its p-value, and whether a test or knowledge removed the edge), else
        ``score`` (the total, with what the prior adds: ``edge_log_odds``); ``seed`` where it mattered; ``rows_used``
        (fewest and most), ``knowledge``,
        ``repaired``, ``stopped`` (why) and ``stability`` where there are such.

    Raises:
        InvalidData: see :func:`causalpp.scores.read_table`; continuous columns that determine each other; too few
            rows without missing values.
        InvalidGraph: the knowledge contradicts itself.
        InvalidParameter: unknown method, alpha outside (0, 1), a limit, number or seed below zero, or what is only for
            scores, with ``pc``.
        TooLarge: more than 12 variables for ``exact``.
        UnknownVariable: the knowledge names a column that is not there.

    Warns:
        IncompleteDataWarning: values are missing; says how many rows were used.
        RepairWarning: what the tests, or tests and knowledge, say contradicts itself.
        StoppedWarning: the search was stopped.

    Example:
        >>> import numpy as np, pandas as pd
        >>> rng = np.random.default_rng(0)
        >>> a, b = rng.normal(size=(2, 500))
        >>> frame = pd.DataFrame({"a": a, "b": b, "c": a + b + rng.normal(size=500)})
        >>> graph, how = learn(frame, "pc")
        >>> graph, how["test"], how["tests"][0]["pair"]
        (Cpdag('a → c, b → c'), 'fisherz', ['a', 'b'])
    """
    started = time.monotonic()
    if method not in METHODS:
        raise InvalidParameter(f"unknown method {method!r}: use {', '.join(map(repr, METHODS[:-1]))} or 'exact'")
    if not 0 < alpha < 1:
        raise InvalidParameter(f"alpha is a probability between 0 and 1, got {alpha}")
    if bootstrap < 0:
        raise InvalidParameter(f"bootstrap is a number of resamples, got {bootstrap}")
    if max_conditioning is not None and max_conditioning < 0:
        raise InvalidParameter(f"max_conditioning is a number of variables, got {max_conditioning}")
    if max_seconds is not None and not max_seconds > 0:
        raise InvalidParameter(f"max_seconds is a time in seconds, got {max_seconds}")
    check_missing(missing)
    seed = check_seed(seed)
    if method == "pc" and (score != "auto" or hyperparameters or missing != "complete" or structure_prior):
        raise InvalidParameter(
            "pc decides by tests, on what rows they can use, and takes no score and no prior of graphs: use 'ges', "
            "'grasp', 'boss' or 'exact'"
        )
    table = read_table(frame, kinds)
    if method == "exact" and len(table.names) > _MOST_EXACT:
        raise TooLarge(
            f"the exact search takes at most {_MOST_EXACT} variables, and there are {len(table.names)}: "
            "use method='boss' or 'grasp'"
        )
    known = gathered(table.names, knowledge, forbidden, tiers, roots, search_space, required)
    rules = Rules.of(known, table.names)
    listener = progress if callable(progress) else None
    wanted = listener is None and on_step is None and progress is not False and not bootstrap
    with Progress(method, None, wanted, after=_WORTH_SHOWING) as bar:
        watch = Watch(
            method,
            on_step or (shown(bar) if wanted else None),
            None if bootstrap else listener,
            max_seconds,
            started=started,
        )
        search = _Search(method, alpha, seed, max_conditioning, structure_prior, score, hyperparameters, missing)
        graph, how = search(table, rules, watch)
    if known:
        how["knowledge"] = known.to_dict()
    _warn(how)
    if bootstrap and "stopped" not in how:
        how["stability"] = _stability(search, table, rules, bootstrap, listener, watch)
        if "stopped" in how["stability"]:
            _warn({"stopped": how["stability"]["stopped"]}, "bootstrap")
    return graph, how


@dataclass(frozen=True)
class _Search:
    """A method with all that it is told, to be used on a table, or on many."""

    method: str
    alpha: float
    seed: int
    max_conditioning: int | None
    prior: StructurePrior | None
    score: str
    hyperparameters: Mapping[str, float] | None
    missing: str

    def __call__(self, table: Table, rules: Rules, watch: Watch) -> tuple[Mpdag, dict[str, Any]]:
        names = table.names
        if self.method == "pc":
            dag, found = by_tests(table, self.alpha, rules, self.max_conditioning, watch)
        else:
            dag, found = by_score(
                table, self.method, rules, self.seed, watch, self.prior, self.score, self.hyperparameters, self.missing
            )
        graph: Mpdag = Cpdag.from_dag(Dag.from_adjacency(dag, names))
        if rules:
            graph = graph.orient(_named(rules.forced(dag | dag.T), names))
        return graph, {"method": self.method, "rows": len(table.values)} | found


def _warn(how: Mapping[str, Any], what: str = "search") -> None:
    """Say aloud what somebody who only looks at the graph would miss."""
    if "rows_used" in how:
        fewest, most = how["rows_used"]
        each = "each test used the rows it could" if how["method"] == "pc" else "the score used the complete ones"
        number = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
        message = f"values are missing: {each}, {number} of {how['rows']:,}"
        warnings.warn(message, IncompleteDataWarning, stacklevel=4)
    if "repaired" in how:
        warnings.warn(RepairWarning(**how["repaired"]), stacklevel=4)
    if "stopped" in how:
        message = f"the {what} was stopped {how['stopped']}: this is the best that was found until then"
        warnings.warn(message, StoppedWarning, stacklevel=4)


def _named(matrix: Matrix, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(names[i], names[j]) for i, j in np.argwhere(matrix)]


# --- stability ------------------------------------------------------------------------------------


def _stability(
    search: _Search,
    table: Table,
    rules: Rules,
    bootstrap: int,
    progress: Callable[[int, int], object] | None,
    watch: Watch,
) -> dict[str, Any]:
    """How often each edge is found again; a column that is constant in a resample is joined to none there."""
    rng = np.random.default_rng(search.seed)
    d, used = len(table.names), 0
    out: dict[str, Any] = {"resamples": bootstrap, "seed": search.seed}
    counts = np.zeros((d, d), dtype=int)  # [i, j]: i → j;  both ways at once: in ``lines``
    lines = np.zeros((d, d), dtype=int)
    try:
        for number in range(bootstrap):
            sub = table.take(rng.integers(len(table.values), size=len(table.values)))
            highest, lowest = (np.where(sub.missing, -np.inf, sign * sub.values).max(0) for sign in (1, -1))
            vary = np.flatnonzero(highest > -lowest)
            block = np.ix_(vary, vary)
            found: Matrix | None = np.zeros((len(vary), len(vary)), dtype=bool)
            if len(vary) > 1:
                known = Rules(rules.required[block], rules.forbidden[block])
                again = Watch(search.method, max_seconds=watch.max_seconds, started=watch.started)
                try:
                    graph, how = search(sub.columns(vary), known, again)
                except InvalidData:
                    found = None  # this resample determines nothing; "used" tells
                else:
                    if "stopped" in how:
                        out["stopped"] = how["stopped"]
                        break
                    found = graph.matrix
            if found is not None:
                used += 1
                counts[block] += found & ~found.T
                lines[block] += found & found.T
            if progress is not None:
                progress(number + 1, bootstrap)
    except KeyboardInterrupt:
        out["stopped"] = "by an interrupt"
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
    return out | {"used": used, "pairs": pairs}


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
