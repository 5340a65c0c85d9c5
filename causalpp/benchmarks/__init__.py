"""Benchmarks: every solver and oracle measured the same way, in runs that resume and reports that compare."""

from __future__ import annotations

from causalpp import tasks
from causalpp._renamed import old_modules, old_names
from causalpp.benchmarks.keys import seed_of
from causalpp.benchmarks.runs import (
    Config,
    Outcome,
    Part,
    Run,
    Study,
    Unit,
    config_names,
    get_study,
    read_config,
    run,
    study_names,
)
from causalpp.benchmarks.solvers import Solution, Solver, make_solver, solver_names
from causalpp.benchmarks.studies import (
    Claim,
    ConfidenceStudy,
    DataStudy,
    Efficiency,
    ObstructionStudy,
    RealModels,
    RecipeStudy,
    SignallingStudy,
    TrainingStudy,
    axiom_study,
    calibrations,
    comparison_of_oracles,
    confidence_study,
    data_study,
    efficiency,
    local_study,
    obstruction_study,
    real_models,
    recipe_study,
    signalling_study,
    training_study,
)

__all__ = [
    "Claim",
    "ConfidenceStudy",
    "Config",
    "DataStudy",
    "Efficiency",
    "ObstructionStudy",
    "Outcome",
    "Part",
    "RealModels",
    "RecipeStudy",
    "Run",
    "SignallingStudy",
    "Solution",
    "Solver",
    "Study",
    "TrainingStudy",
    "Unit",
    "axiom_study",
    "calibrations",
    "comparison_of_oracles",
    "confidence_study",
    "config_names",
    "data_study",
    "efficiency",
    "get_study",
    "local_study",
    "make_solver",
    "obstruction_study",
    "read_config",
    "real_models",
    "recipe_study",
    "run",
    "seed_of",
    "signalling_study",
    "solver_names",
    "study_names",
    "training_study",
]

old_modules(
    {
        "causalpp.benchmarks.noises": "causalpp.benchmarks.solvers.asked",
        "causalpp.benchmarks.studies.calibration": "causalpp.benchmarks.studies.confidence causalpp.benchmarks.studies",
    }
)
_OLD = {
    "CalibrationStudy": "ConfidenceStudy",
    "Task": "Study",
    "Verdict": "Solution",
    "calibration": "confidence_study",
    "get_task": "get_study",
    "task_names": "study_names",
}
__getattr__ = old_names(
    __name__,
    {**_OLD, **{name: f"causalpp.tasks:{name}" for name in tasks.__all__}, "Item": "causalpp.tasks:Corr2CauseItem"},
)
