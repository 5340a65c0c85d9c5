"""Studies: what a run measures, and the library's studies of itself."""

from causalpp._renamed import old_names
from causalpp.benchmarks.studies.claims import Claim, axiom_study, local_study
from causalpp.benchmarks.studies.confidence import ConfidenceStudy, confidence_study
from causalpp.benchmarks.studies.corr2cause import TrainingStudy, training_study
from causalpp.benchmarks.studies.data import DATA, DataStudy, data_study
from causalpp.benchmarks.studies.discover import DISCOVER
from causalpp.benchmarks.studies.efficiency import Efficiency, efficiency
from causalpp.benchmarks.studies.local import LOCAL, calibrations, comparison_of_oracles
from causalpp.benchmarks.studies.obstruction import OBSTRUCTION, ObstructionStudy, obstruction_study
from causalpp.benchmarks.studies.real import RealModels, real_models
from causalpp.benchmarks.studies.recipes import RecipeStudy, recipe_study
from causalpp.benchmarks.studies.signalling import SignallingStudy, signalling_study
from causalpp.benchmarks.studies.solve import SOLVE

__all__ = [
    "DATA",
    "DISCOVER",
    "LOCAL",
    "OBSTRUCTION",
    "SOLVE",
    "Claim",
    "ConfidenceStudy",
    "DataStudy",
    "Efficiency",
    "ObstructionStudy",
    "RealModels",
    "RecipeStudy",
    "SignallingStudy",
    "TrainingStudy",
    "axiom_study",
    "calibrations",
    "comparison_of_oracles",
    "confidence_study",
    "data_study",
    "efficiency",
    "local_study",
    "obstruction_study",
    "real_models",
    "recipe_study",
    "signalling_study",
    "training_study",
]

__getattr__ = old_names(
    __name__,
    {"CalibrationStudy": "ConfidenceStudy", "calibration": "confidence_study"},
)
