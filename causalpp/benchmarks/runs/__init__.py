"""Runs: a configuration becomes units, whoever carries them out, one store keeps them, tables come out."""

from causalpp.benchmarks.runs.config import Config, Part, config_names, read_config
from causalpp.benchmarks.runs.results import Run
from causalpp.benchmarks.runs.runner import run
from causalpp.benchmarks.runs.units import Outcome, Row, Task, Unit, canonical, get_task, seed_of, task_names

__all__ = [
    "Config",
    "Outcome",
    "Part",
    "Row",
    "Run",
    "Task",
    "Unit",
    "canonical",
    "config_names",
    "get_task",
    "read_config",
    "run",
    "seed_of",
    "task_names",
]
