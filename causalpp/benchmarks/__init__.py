"""Benchmarks: every solver and oracle measured the same way, in runs that resume and reports that compare."""

from __future__ import annotations

import warnings
from typing import Any

from causalpp.benchmarks.runs import (
    Config,
    Outcome,
    Part,
    Run,
    Task,
    Unit,
    config_names,
    get_task,
    read_config,
    run,
    seed_of,
    task_names,
)
from causalpp.benchmarks.solvers import Solver, Verdict, make_solver, solver_names
from causalpp.benchmarks.studies import (
    CalibrationStudy,
    Efficiency,
    calibration,
    calibrations,
    comparison_of_oracles,
    efficiency,
)

__all__ = [
    "CalibrationStudy",
    "Config",
    "Efficiency",
    "Outcome",
    "Part",
    "Run",
    "Solver",
    "Task",
    "Unit",
    "Verdict",
    "calibration",
    "calibrations",
    "comparison_of_oracles",
    "config_names",
    "efficiency",
    "get_task",
    "make_solver",
    "read_config",
    "run",
    "seed_of",
    "solver_names",
    "task_names",
]


def __getattr__(name: str) -> Any:
    """What moved to ``causalpp.tasks`` is found here for one release more."""
    from causalpp import tasks

    if name not in tasks.__all__:
        raise AttributeError(f"module 'causalpp.benchmarks' has no attribute {name!r}")
    warnings.warn(
        f"causalpp.benchmarks.{name} is now causalpp.tasks.{name}; the old name goes with the next release",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(tasks, name)
