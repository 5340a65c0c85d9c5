"""From rows to a posterior: the scores, what is known beforehand, and sums or chains."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.errors import IncompleteDataWarning, InvalidData, InvalidParameter, UnknownVariable
from causalpp.graphs import Knowledge
from causalpp.posterior.before import Before, prior_weight
from causalpp.posterior.candidates import Choice
from causalpp.posterior.exact import Exact
from causalpp.posterior.sampled import Sampled
from causalpp.posterior.sums import Floats, Sums
from causalpp.scores import (
    Data,
    LocalScore,
    Objective,
    Table,
    family_scores,
    local_score,
    read_table,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["by_chains", "check_seconds", "doubt", "exact_sums", "named", "scored", "seconds_of"]

_PILOT = 24  # states of each chain by which candidates are judged
_PILOTS = 4  # times that candidates are exchanged, at most
_LEFT_OUT = 0.01  # edges a variable in families that are not looked at, of which nothing is said
_WORTH = 0.1  # by how much a cause is to be likelier than a candidate for which it is taken


def exact_sums(
    score: LocalScore,
    before: Before,
    processes: int,
    bar: Progress,
) -> Exact:
    """All Dags summed over."""
    prior = before.families(score.names)
    scores = family_scores(
        score, before.max_parents, processes=processes, progress=lambda done, total: bar.reach(done, total, "scores")
    )

    def watch(what: str, done: int, total: int) -> None:
        bar.reach(done, total, what)

    sums = Sums(np.where(prior > -np.inf, scores + prior, -np.inf), watch)
    inference = Exact(score.names, sums, Sums(prior).log_total)
    inference.sums.onwards  # noqa: B018 – what takes time is done while the bar is there
    return inference


def by_chains(
    objective: Objective, knowledge: Knowledge | None, max_parents: int | None, seconds: float, seed: int, bar: Progress
) -> tuple[Sampled, dict[str, Any]]:
    """Chains, with candidates that short chains have found; and what is to be said of them."""
    names = objective.score.names
    required, forbidden = (knowledge or Knowledge()).matrices(names)
    choice = Choice(objective, required, forbidden, max_parents)

    def chains(joined: Floats | None = None) -> Sampled:
        families = choice.families(lambda done, total: bar.reach(done, total, "scores"))
        return Sampled.begin(names, families, required, seed, joined)

    found = chains()
    learned: dict[str, Any] = {"candidates": choice.candidates.shape[1]}
    until = time.monotonic() + seconds
    if not choice.complete:
        if choice.improve(found.families.alone, _WORTH):
            found = chains()
        for pilot in range(_PILOTS + 1):
            bar.reach(pilot, _PILOTS + 1, "candidates")
            short = found.go_on(until - time.monotonic(), most=_PILOT)
            if len(short.graphs) < _PILOT:  # the time is up, or somebody has ended it
                return short, learned
            if pilot == _PILOTS or not choice.improve(short.edges, _WORTH):
                break
            found = chains()
        found = chains(short.edges)
    found = found.go_on(until - time.monotonic(), seconds_of(bar, seconds))
    if not choice.complete and len(found.graphs):
        half = found.graphs[len(found.graphs) // 2 :]
        some = half[:: max(1, len(half) // _PILOT)].reshape(-1, len(names), len(names))
        learned["left_out"] = round(float(choice.missed(some).sum()), 4)
    return found, learned


def doubt(learned: Mapping[str, Any], d: int) -> str | None:
    """What is to be said of the families that chains over d variables do not look at; None if they hold little."""
    left_out = learned.get("left_out", 0.0)
    if left_out <= _LEFT_OUT * d:
        return None
    return (
        f"the families that are looked at leave out {left_out:.2f} edges, by an estimate: each variable has "
        f"{learned['candidates']} candidate parents and one other at most; a sparse StructurePrior, max_parents, or "
        "knowledge that leaves each variable at most twelve others as parents lets fewer be left out"
    )


def seconds_of(bar: Progress, seconds: float) -> Callable[[float, str], None]:
    """A bar of the seconds that chains take."""
    return lambda since, what: bar.reach(round(since), max(1, round(seconds)), what)


def check_seconds(seconds: float, seed: int = 0) -> None:
    """Whether chains have time.

    Raises:
        InvalidParameter: they have not, or the seed is no whole number from 0 on.
    """
    check_seed(seed)
    if not seconds > 0:
        raise InvalidParameter(f"chains need some seconds, got {seconds!r}")


def scored(
    frame: pd.DataFrame,
    score: str | LocalScore,
    interventions: Any,
    kinds: Mapping[str, str] | None,
    hyperparameters: Mapping[str, float] | None,
    missing: str = "complete",
    seed: int = 0,
    before: Before | None = None,
) -> tuple[LocalScore, Table, int]:
    """The score, the table it is of, and how many rows it uses."""
    if isinstance(score, LocalScore):
        for name, given in (
            ("hyperparameters", hyperparameters),
            ("interventions", interventions is not None),
            ("kinds", kinds),
        ):
            if given:
                raise InvalidParameter(f"a score that was made before has its {name}: give them there")
        lacking = [name for name in score.names if name not in list(map(str, frame.columns))]
        if lacking or len(frame) != len(score.table.values):
            what = f"has a column {lacking[0]!r}" if lacking else f"is of {len(score.table.values):,} rows"
            raise InvalidData(f"the score {what}, and the frame has not: make it from the same data")
        return score, score.table, len(score.table.values)
    data: Data
    data, interventions = named(frame, interventions)
    table = read_table(data, kinds)
    if not hyperparameters and (score == "bdeu" or (score == "auto" and table.kind == "discrete")):
        hyperparameters = {"equivalent_sample_size": prior_weight(table, interventions, before)}
    if missing == "impute" and table.missing.any():
        table.check_collinear()
        name = "bge" if score == "auto" and table.kind == "continuous" else score
        chosen = local_score(
            table, name, interventions=interventions, hyperparameters=hyperparameters, missing=missing, seed=seed
        )
        gone = int(table.missing.sum())
        warnings.warn(
            f"{gone:,} of {table.missing.size:,} values are missing: the score is a mean over draws of them",
            IncompleteDataWarning,
            stacklevel=3,
        )
        return chosen, table, len(table.values)
    table.check_complete()
    complete = table.complete
    complete.check_collinear()
    if complete is not table:
        if interventions is not None:
            kept = np.flatnonzero(~table.missing.any(1))
            told = list(interventions)
            if len(told) != len(table.values):
                raise InvalidData(f"there are {len(table.values):,} rows, and interventions for {len(told):,}")
            interventions = [told[row] for row in kept]
        warnings.warn(
            f"values are missing: the score used the complete rows, {len(complete.values):,} of {len(table.values):,}",
            IncompleteDataWarning,
            stacklevel=3,
        )
    name = "bge" if score == "auto" and table.kind == "continuous" else score
    chosen = local_score(complete, name, interventions=interventions, hyperparameters=hyperparameters)
    return chosen, table, len(complete.values)


def named(frame: pd.DataFrame, interventions: Any) -> tuple[pd.DataFrame, Any]:
    """The columns of variables, and who was set in each row, where a column says that.

    Raises:
        UnknownVariable: there is no such column.
        InvalidParameter: what is said is no list.
    """
    if interventions is not None and not isinstance(interventions, Iterable):
        raise InvalidParameter(
            f"interventions are a list: for each row a name, several, or None; got {interventions!r}"
        )
    if not isinstance(interventions, str):
        return frame, interventions
    if interventions not in frame.columns:
        raise UnknownVariable(interventions, list(map(str, frame.columns)), what=", which says who was set")
    data = frame.drop(columns=interventions)
    return data, [_named(value, data) for value in frame[interventions]]


def _named(cell: Any, frame: pd.DataFrame) -> str | tuple[str, ...] | None:
    """Who was set, as a cell says it: nobody, a variable, or several with commas or semicolons between them."""
    if cell is None or cell != cell:
        return None
    if not isinstance(cell, str) or cell in frame.columns:
        return cell  # type: ignore[no-any-return]
    return tuple(name for part in cell.replace(";", ",").split(",") if (name := part.strip())) or None
