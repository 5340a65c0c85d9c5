"""Studies: what a run measures, and the library's studies of itself."""

from causalpp.benchmarks.studies.calibration import CalibrationStudy, calibration
from causalpp.benchmarks.studies.discover import DISCOVER
from causalpp.benchmarks.studies.efficiency import Efficiency, efficiency
from causalpp.benchmarks.studies.local import LOCAL, calibrations, comparison_of_oracles
from causalpp.benchmarks.studies.solve import SOLVE

__all__ = [
    "DISCOVER",
    "LOCAL",
    "SOLVE",
    "CalibrationStudy",
    "Efficiency",
    "calibration",
    "calibrations",
    "comparison_of_oracles",
    "efficiency",
]
