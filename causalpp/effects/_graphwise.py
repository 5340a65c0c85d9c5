"""One causal quantity in each of many graphs fitted to the same data: in bulk where that is exact, else one by one."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalpp.columns import read_columns
from causalpp.errors import ImpreciseWarning, InvalidParameter, TooLarge
from causalpp.graphs import Dag, DagBatch
from causalpp.programs import CausalProgram, LinearGaussian, Table, ate, att, cde, compile, compile_batch, nde, nie
from causalpp.programs.bulk import GaussianBatch, ProgramBatch, TableBatch
from causalpp.programs.fitting import cells_of_tables, thin_tables
from causalpp.propositions import Causes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Compared", "Found", "compare", "every_graph"]

_ONE_BY_ONE = 1000  # graphs
_CELLS = 1 << 27  # draws × graphs
_EFFECTS = (ate, att, cde, nde, nie)  # no path from treatment to outcome, no effect
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """What is compared, said in full.

    Attributes:
        kind, detail: the quantity in words, and of whom, past or through what.
        treatment, outcome: the variables.
        treated, control, state: the values compared, and the outcome's state (None: its mean).
        discrete: variable → its states, for the discrete ones.
        kinds: variable → what its column is.
        law: ``"tables"`` or ``"linear"`` where all mechanisms are, else ``"mixed"``.
    """

    kind: str
    detail: str
    treatment: str
    outcome: str
    treated: Any
    control: Any
    state: Any
    discrete: Mapping[str, tuple[Any, ...]]
    kinds: Mapping[str, str]
    law: str


@dataclass(frozen=True)
class Found:
    """The quantity in each of G graphs: at the posterior means, ``(G,)``, and under draws, ``(K, G)``."""

    values: _Floats
    draws: _Floats


def compare(
    estimand: Callable[..., Any],
    dag: Dag,
    data: pd.DataFrame,
    treatment: str,
    outcome: str,
    treated: Any,
    control: Any,
    state: Any,
    options: Mapping[str, Any],
    seed: int,
    kinds: Mapping[str, str] | None = None,
) -> Compared:
    """What the estimand compares where something was left out, found by asking it of one graph.

    Warns:
        ImpreciseWarning: the rows hardly cover that graph's tables.
    """
    program = compile(dag, data=data, kinds=kinds, seed=seed, check=False)
    laws = {name: program.mechanism(name) for name in dag.nodes}
    found = thin_tables(cells_of_tables(laws, read_columns(data, kinds, names=dag.nodes)))
    if found is not None:
        warnings.warn(f"in the most probable graph, {found}", ImpreciseWarning, stacklevel=3)
    kept = {"treated": treated, "control": control, "state": state}
    effect = estimand(program, treatment, outcome, seed=seed, **kept, **options)
    discrete = {name: tuple(program.states(name)) for name in dag.nodes if program.is_discrete(name)}
    said = {key: getattr(effect, key, kept[key]) for key in kept}
    kind = str(getattr(effect, "kind", None) or getattr(estimand, "__name__", "quantity"))
    return Compared(
        kind[:1].upper() + kind[1:],
        str(getattr(effect, "detail", "")),
        treatment,
        outcome,
        said["treated"],
        said["control"],
        said["state"],
        discrete,
        _kinds(program),
        _law(program),
    )


def _law(program: CausalProgram) -> str:
    laws = frozenset(type(program.mechanism(name)) for name in program.dag.nodes)
    return {frozenset([Table]): "tables", frozenset([LinearGaussian]): "linear"}.get(laws, "mixed")


def _kinds(program: CausalProgram) -> dict[str, str]:
    """What the columns were read as, so that every graph reads them alike."""
    table = None if program.fit is None else program.fit.columns
    return {} if table is None else {column.name: column.kind for column in table.columns}


def every_graph(
    estimand: Callable[..., Any],
    given: Compared,
    graphs: DagBatch,
    data: pd.DataFrame,
    draws: int,
    seed: int,
    options: Mapping[str, Any],
) -> Found:
    """The quantity in every graph."""
    if len(graphs) * draws > _CELLS:
        raise TooLarge(
            f"{draws:,} draws in each of {len(graphs):,} graphs: pass fewer draws=, or a larger negligible= share"
        )
    try:
        found = _in_bulk(estimand, given, graphs, data, draws, seed, options)
    except TooLarge:  # the ancestors' joint states, all graphs together; one graph alone may be small enough
        found = None
    if found is None:
        found = _one_by_one(estimand, given, graphs, data, draws, seed, options)
    if estimand in _EFFECTS:
        idle = ~Causes(given.treatment, given.outcome).holds(graphs).cpu().numpy()
        found.values[idle] = 0.0
        found.draws[:, idle] = 0.0
    return found


# --- in bulk ------------------------------------------------------------------------------------------


def _in_bulk(
    estimand: Callable[..., Any],
    given: Compared,
    graphs: DagBatch,
    data: pd.DataFrame,
    draws: int,
    seed: int,
    options: Mapping[str, Any],
) -> Found | None:
    """The quantity in all graphs at once, or None where it does not go."""
    if given.law == "mixed" or estimand not in (_EFFECTS if given.law == "linear" else (ate, cde)):
        return None
    if set(options) - ({"fixing"} if estimand is cde else {"mediator"} if estimand in (nde, nie) else set()):
        return None
    batch = compile_batch(graphs, data, states=given.discrete, kinds=given.kinds, check=False)

    def ask(fitted: ProgramBatch) -> _Floats:
        if isinstance(fitted, GaussianBatch):
            return _linear(estimand, fitted, given, options)
        assert isinstance(fitted, TableBatch)
        return _contrast(fitted, given, options.get("fixing", {}))

    return Found(ask(batch), np.stack([ask(drawn) for drawn in batch.draws(draws, seed=seed)]))


def _contrast(batch: TableBatch, given: Compared, fixing: Mapping[str, Any]) -> _Floats:
    """E[outcome | do(treated, fixing)] − E[outcome | do(control, fixing)] in every graph, exact."""
    states = given.discrete[given.outcome]
    if given.state is None:
        score = np.array([float(state) for state in states])
    else:
        score = np.array([float(state == given.state) for state in states])
    sides = [
        batch.interventional(given.outcome, {**fixing, given.treatment: value}).cpu().numpy() @ score
        for value in (given.treated, given.control)
    ]
    return np.asarray(sides[0] - sides[1])


def _linear(estimand: Callable[..., Any], batch: GaussianBatch, given: Compared, options: Mapping[str, Any]) -> _Floats:
    """Effects in linear programs: on the treated as on everybody; past mediators as with them held."""

    def gap(held: Iterable[str] = ()) -> _Floats:
        slope = batch.total_effect(given.treatment, given.outcome, list(held)).cpu().numpy()
        return np.asarray(slope * (float(given.treated) - float(given.control)))

    if estimand in (ate, att):
        return gap()
    if estimand is cde:
        return gap(options["fixing"])
    mediators = options["mediator"]
    direct = gap([mediators] if isinstance(mediators, str) else mediators)
    return direct if estimand is nde else gap() - direct


# --- one by one ---------------------------------------------------------------------------------------


def _one_by_one(
    estimand: Callable[..., Any],
    given: Compared,
    graphs: DagBatch,
    data: pd.DataFrame,
    draws: int,
    seed: int,
    options: Mapping[str, Any],
) -> Found:
    if len(graphs) > _ONE_BY_ONE:
        raise TooLarge(
            f"this quantity is computed graph by graph, and {len(graphs):,} graphs carry the posterior: ask more "
            f"questions first, or pass negligible= so that at most {_ONE_BY_ONE:,} are left"
        )
    values, drawn = [], []
    compared = {"treated": given.treated, "control": given.control, "state": given.state}
    for number, dag in enumerate(graphs):
        program: CausalProgram = compile(
            dag, data=data, kinds=given.kinds, states=given.discrete, seed=seed, check=False
        )
        effect = estimand(program, given.treatment, given.outcome, seed=seed, draws=draws, **compared, **options)
        found = getattr(effect, "draws", None)
        if found is None or np.shape(found) != (draws,):
            raise InvalidParameter(
                f"the estimand returned {type(effect).__name__} without {draws} posterior draws in .draws: return an "
                f"Effect, as causalpp.ate does (graph {number + 1} of {len(graphs)})"
            )
        values.append(float(effect))
        drawn.append(found)
    return Found(np.array(values), np.stack(drawn, axis=1))
