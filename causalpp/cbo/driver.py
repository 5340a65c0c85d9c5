"""The driver: a few lines around a :class:`~causalpp.cbo.Session`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from causalpp._plain import check_seed
from causalpp._progress import Progress
from causalpp.belief import Belief
from causalpp.cbo.problem import Cost
from causalpp.cbo.result import OptimizationResult
from causalpp.cbo.session import Session, Trial
from causalpp.cbo.systems import System, as_system
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag
from causalpp.oracles import Oracle
from causalpp.posterior import DagPosterior
from causalpp.programs import CausalProgram

__all__ = ["optimize"]


def optimize(
    system: CausalProgram | System | Callable[[dict[str, float]], object],
    *,
    outcome: str,
    interventions: Mapping[str, tuple[float, float]],
    trials: int = 40,
    dag: Dag | Sequence[tuple[Dag, float]] | DagPosterior | Belief | None = None,
    oracle: Oracle | None = None,
    budget: float | None = None,
    data: pd.DataFrame | None = None,
    observations: int = 100,
    costs: float | Mapping[str, Cost] = 1.0,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> OptimizationResult:
    """Find the intervention under which an outcome is best, by trials, using the causal graph.

    Causal Bayesian optimisation (Aglietti et al. 2020): only sets that the graph does not rule out are tried, and what
    rows in which nobody interfered say of each, by the graph, is the prior of its Gaussian process.

    Args:
        system: what is tried: a program (a trial is the mean of 100 simulated units), a function of the values that are
            set, or a :class:`~causalpp.cbo.System`.
        outcome: what is to be best; ``goal="max"`` if large is good.
        interventions: variable → (low, high).
        trials: how many at most.
        dag: the graph, by default the program's own; or those that may be true, see :class:`~causalpp.cbo.Session`.
        oracle: who may be asked about the graph, at ``question_cost=`` a question (by default .1).
        budget: an end by cost: nothing is begun when so much was spent.
        data: rows in which nobody interfered; by default ``observations`` rows of the system, which are not counted as
            trials; None and no rows for a flat prior.
        costs: of setting a variable: a number for all, or for each a number or a function of its value.
        seed: of everything random; the same seed gives the same trials.
        path: a file that is written after every trial; a run that was interrupted goes on from it.
        options: further arguments of :class:`~causalpp.cbo.Session`.

    Raises:
        InvalidParameter: no graph, and what :class:`~causalpp.cbo.Session` raises.

    Example:
        >>> from causalpp.cbo.worlds import toy
        >>> world = toy()
        >>> found = optimize(world.program, outcome="Y", interventions=world.interventions, trials=6, observations=60)
        >>> list(found.values), found.mean < -1.5
        (['Z'], True)
    """
    world = as_system(system)
    graph = dag if dag is not None else getattr(world, "dag", None)
    if graph is None:
        raise InvalidParameter("a system that is no program does not know its graph: say dag=")
    if isinstance(trials, bool) or not isinstance(trials, int) or trials < 1:
        raise InvalidParameter(f"trials= is a whole number from 1 on, got {trials!r}")
    if budget is not None and not budget > 0:
        raise InvalidParameter(f"budget= is a cost above zero, got {budget!r}")
    start = check_seed(seed)
    if data is None and observations and not (hasattr(world, "observations") and world.observations is None):
        data = world.observe(observations, start * 7919 + 1)
    if oracle is not None:
        options.setdefault("question_cost", 0.1)
    elif options.get("question_cost") is not None:
        raise InvalidParameter("question_cost= is for an oracle: say oracle=, or leave it out")
    session = Session(graph, outcome, interventions, data=data, costs=costs, seed=start, path=path, **options)
    with Progress("trials", trials, wanted=progress) as bar:
        bar.reach(len(session.told))
        while len(session.told) < trials and (budget is None or session.spent < budget):
            step = session.ask()
            if isinstance(step, Trial):
                session.tell(step, world.trial(step.values, outcome, start * 7919 + 1 + step.number))
            elif oracle is not None:
                session.tell(step, oracle.ask(step.proposition)[0])
            bar.reach(len(session.told))
    return session.result()
