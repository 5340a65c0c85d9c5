"""Runs: a configuration becomes units, whoever carries them out, one store keeps them, tables come out."""

from causalpp._renamed import old_names
from causalpp.benchmarks.runs.config import Config, Part, config_names, read_config
from causalpp.benchmarks.runs.results import Run
from causalpp.benchmarks.runs.runner import rows_of, run
from causalpp.benchmarks.runs.units import Outcome, Study, Unit, get_study, register, study_names

__all__ = [
    "Config",
    "Outcome",
    "Part",
    "Run",
    "Study",
    "Unit",
    "config_names",
    "get_study",
    "read_config",
    "register",
    "rows_of",
    "run",
    "study_names",
]

__getattr__ = old_names(
    __name__,
    {
        "Row": "causalpp.benchmarks.rows:Row",
        "Task": "Study",
        "canonical": "causalpp.benchmarks.keys:canonical",
        "get_task": "get_study",
        "seed_of": "causalpp.benchmarks.keys:seed_of",
        "task_names": "study_names",
    },
)
