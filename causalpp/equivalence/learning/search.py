"""One search from beginning to end: the estimate before it, what is left of it when it is stopped, what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from causalpp.equivalence.learning.exact import exact
from causalpp.equivalence.learning.greedy import ges
from causalpp.equivalence.learning.orders import Best, Families, boss, grasp, matrix_of
from causalpp.equivalence.learning.rules import Rules
from causalpp.equivalence.learning.skeleton import Evidence, Judged, judged, pc, settle, without_cycles
from causalpp.equivalence.learning.watch import Stopped, Watch
from causalpp.errors import InvalidData, InvalidParameter
from causalpp.graphs.cpdag import Matrix
from causalpp.scores import IndependenceTest, Objective, StructurePrior, Table, independence_test, local_score

__all__ = ["by_score", "by_tests"]

#: Columns of gains that a search asks for, for each variable, on simulated data of 10 to 60 variables.
_CALLS = {"ges": 8.0, "boss": 20.0, "grasp": 40.0}

Found = tuple[Matrix, dict[str, Any]]


def by_tests(table: Table, alpha: float, rules: Rules, max_conditioning: int | None, watch: Watch) -> Found:
    """A Dag that PC finds, and how."""
    gaps = bool(table.missing.any())
    if gaps:
        _check_pairs(table)
    table.check_collinear()
    test, d = independence_test(table), len(table.names)
    evidence = Evidence(~np.eye(d, dtype=bool))
    how: dict[str, Any] = {"test": test.name, "alpha": alpha}
    if max_conditioning is not None:
        how["max_conditioning"] = max_conditioning

    def search() -> None:
        _announce(
            watch,
            lambda: _seconds_of_tests(independence_test(table), alpha, d),
            "tests given 0 others",
            d * (d - 1) // 2,
        )
        pc(test, alpha, rules, max_conditioning, watch, evidence)
        found.append(judged(evidence, test, rules, watch))

    found: list[Judged] = []
    _until_stopped(search, how)
    skeleton, colliders, removed = found[0] if found else judged(evidence, test, rules, quick=True)
    skeleton, colliders, gone = without_cycles(skeleton, colliders, evidence, rules)
    for pair in gone:
        p, given = evidence.asked.get(pair, (None, ()))
        removed.append({"pair": pair, "given": given, "p": p, "by": "repair"})
    dag, repaired = settle(skeleton, colliders, rules)
    if gone:
        repaired["removed"] = gone
    names = table.names
    how["tests"] = [entry | {key: [names[k] for k in entry[key]] for key in ("pair", "given")} for entry in removed]
    if gaps:
        for said, entry in zip(how["tests"], removed, strict=True):
            said["rows"] = test.rows.get((*entry["pair"], tuple(sorted(entry["given"]))), 0)
        how["rows_used"] = [min(test.rows.values()), max(test.rows.values())]
    if any(repaired.values()):
        how["repaired"] = {what: [[names[k] for k in one] for one in some] for what, some in repaired.items()}
    return dag, how


def _check_pairs(table: Table) -> None:
    """Refuse two columns that are never seen together: nothing could tell whether they are joined."""
    seen = (~table.missing).astype(np.float32)
    for a, b in np.argwhere(np.triu(seen.T @ seen < 1)):
        raise InvalidData(
            f"columns {table.names[a]!r} and {table.names[b]!r} have no row in which neither is missing: leave one out"
        )


def by_score(
    table: Table,
    method: str,
    rules: Rules,
    seed: int,
    watch: Watch,
    prior: StructurePrior | None = None,
    score: str = "auto",
    hyperparameters: Mapping[str, float] | None = None,
    missing: str = "complete",
) -> Found:
    """A Dag that a search by score finds, and how."""
    if prior is not None and isinstance(prior, StructurePrior) and not prior.equivalent:
        raise InvalidParameter(
            "odds of single edges tell members of a class apart, and what is learned here is a class: use "
            "causalpp.DagPosterior, or a prior that treats all edges alike"
        )
    whole = table
    if missing == "complete":
        table = table.complete
        whole.check_complete("Use method='pc', whose tests take what rows they can. ")
    table.check_collinear()
    local = local_score(table, score, hyperparameters=hyperparameters, missing=missing, seed=seed)
    objective = Objective(local, prior)
    how: dict[str, Any] = {"test": local.name}
    best = Best(watch, objective, rules)

    def search() -> None:
        _announce(watch, lambda: _seconds_of_scores(objective, method, rules), "first families scored", objective.d)
        if method == "ges":
            ges(objective, rules, watch, best, seed)
        elif method == "exact":
            exact(objective, rules, watch, best)
        else:
            (boss if method == "boss" else grasp)(objective, rules, watch, best, seed)

    _until_stopped(search, how)
    if "stopped" in how and method == "exact":  # nothing is known of it before its end: what a greedy order gives
        best.offer(*Families(objective, rules).graph(rules.start()))
    if method in ("grasp", "boss") or (method == "ges" and rules):
        how["seed"] = seed
    how["score"] = best.total
    if objective.prior.edge_log_odds:
        how["edge_log_odds"] = objective.prior.edge_log_odds
    if missing != "complete" and table.missing.any():
        how |= {"missing": missing, "seed": seed}
    if table is not whole:
        how["rows_used"] = [len(table.values)] * 2
    return matrix_of(best.parents), how


def _until_stopped(search: Callable[[], None], how: dict[str, Any]) -> None:
    """Run a search to its end, or until somebody stops it; what it has found stays."""
    try:
        search()
    except Stopped as stop:
        how["stopped"] = str(stop)
    except KeyboardInterrupt:
        how["stopped"] = "by an interrupt"


# --- estimates ------------------------------------------------------------------------------------


def _announce(watch: Watch, seconds: Callable[[], float], phase: str, total: int) -> None:
    """Say how long it will take, if anybody listens."""
    if watch.on_step is not None or watch.progress is not None:
        watch.estimate = seconds()
        watch(phase, 0, total, always=True)


def _seconds_of_tests(test: IndependenceTest, alpha: float, d: int) -> float:
    """A guess from a few tests: every pair alone, and the pairs that are dependent given one more and given two.

    How many those are is guessed from the share of the few that is dependent.
    """
    pairs = list(combinations(range(d), 2))
    few = [pairs[k] for k in np.linspace(0, len(pairs) - 1, num=min(30, len(pairs)), dtype=int)]
    test(few[-1][0], few[-1][1], ())  # what all tests need is computed with the first
    begin = time.perf_counter()
    dependent = [(a, b) for a, b in few if test(a, b, ()) <= alpha]
    alone, few = (time.perf_counter() - begin) / len(few), few[-4:]
    near = len(dependent) / min(30, len(pairs)) * (d - 1)
    begin = time.perf_counter()
    for a, b in dependent[:4] or few:
        test(a, b, [k for k in range(min(d, 4)) if k not in (a, b)][:2])
    given = (time.perf_counter() - begin) / len(dependent[:4] or few)
    return len(pairs) * alone + d * near / 2 * max(near - 1, 0) * (2 + near / 8) * given


def _seconds_of_scores(score: Objective, method: str, rules: Rules) -> float:
    """A guess from a few families, and from how many of them searches on simulated data needed."""
    d = score.d
    few = range(min(d, 3))
    score.gains(d - 1, 0)  # what all families need is computed with the first
    begin = time.perf_counter()
    if method == "exact":
        for v in range(d):
            score.of(v, rules.allowed[v])
        each = (time.perf_counter() - begin) / d
        return each * sum(1 << m.bit_count() - n.bit_count() for m, n in zip(rules.allowed, rules.needed))
    for v in few:
        score.gains(v, 0)
        score.gains(v, sum(1 << k for k in few if k != v))
    each = (time.perf_counter() - begin) / (2 * len(few))
    return each * _CALLS[method] * d + 2e-5 * d**3
