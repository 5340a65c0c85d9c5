"""All the checks of a result that what is at hand allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from causalpp.acbo import Result
from causalpp.crosscheck.check import Check, Verification, check_level
from causalpp.crosscheck.data import check_data, check_experiments
from causalpp.crosscheck.heldout import check_answers
from causalpp.crosscheck.simulation import check_simulation
from causalpp.oracles import Oracle

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["verify"]


def verify(
    result: Result,
    *,
    data: pd.DataFrame | None = None,
    experiments: Mapping[str | None, Any] | None = None,
    oracle: Oracle | None = None,
    questions: int = 20,
    level: float = 0.05,
    seed: int = 0,
    kinds: Mapping[str, str] | None = None,
) -> Verification:
    """Check a result against everything at hand.

    Against simulation (:func:`check_simulation`), unless the graph has latent variables, and against its answers
    (:func:`check_answers`: fresh ones if there is an oracle to ask, its own otherwise); against data
    (:func:`check_data`) and interventions (:func:`check_experiments`) where given.  All checks together fail a right
    result at ``level`` at most: each has its share of it.

    Args:
        result: the run.
        data: rows without intervention, with a column for every variable.
        experiments: target → rows seen while it was set; see :func:`check_experiments`.  They are compared with
            ``data`` where they have no rows of their own without intervention.
        oracle: to ask fresh questions.
        questions: how many.
        level: the rate at which a right result fails any check.
        seed: of everything random.
        kinds: what a column of ``data`` is, where the rule is wrong; see :func:`causalpp.columns.read_columns`.

    Raises:
        InvalidData, InvalidParameter, UnknownVariable, OracleError: see the checks.

    Example:
        >>> import causalpp as cpp
        >>> asia = cpp.load_network("asia")
        >>> mec = cpp.MarkovEquivalenceClass.from_dag(asia.dag)
        >>> result = cpp.discover(mec, cpp.SimulatedOracle(asia.dag, cpp.noise.Symmetric(0.1), seed=1), seed=1)
        >>> checks = verify(result, data=asia.simulate(3000, seed=1))
        >>> [check.against for check in checks], checks.passed
        (['simulation', 'held-out answers', 'data'], True)
    """
    check_level(level)
    simulated = not result.graph.latent  # what they do is not in the data: see check_simulation(program=…)
    many = simulated + (oracle is not None or result.start is not None) + (data is not None) + (experiments is not None)
    share = level / max(1, many)
    # Effects of fitted mechanisms may be too weak to be seen; whether they are in the data is not asked here.
    checks: list[Check] = [check_simulation(result, level=share, seed=seed)] if simulated else []
    if oracle is not None or result.start is not None:
        checks.append(check_answers(result, oracle, questions=questions, level=share, seed=seed))
    if data is not None:
        checks.append(check_data(result, data, kinds=kinds, level=share, seed=seed))
    if experiments is not None:
        flat = isinstance(experiments, Mapping) and not any(isinstance(rows, Mapping) for rows in experiments.values())
        if data is not None and flat:
            experiments = {None: data, **experiments}
        checks.append(check_experiments(result, experiments, level=share, seed=seed))
    return Verification(tuple(checks))
