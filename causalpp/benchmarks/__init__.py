"""Benchmarks: every solver and oracle measured the same way, in runs that resume and reports that compare."""

from __future__ import annotations

from causalpp import tasks
from causalpp._renamed import old_names
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

__getattr__ = old_names(__name__, {name: f"causalpp.tasks:{name}" for name in tasks.__all__})
