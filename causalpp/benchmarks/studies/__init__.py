"""Studies: what a run measures, and the library's studies of itself."""

from causalpp.benchmarks.studies.calibration import CalibrationStudy, calibration
from causalpp.benchmarks.studies.efficiency import Efficiency, efficiency
from causalpp.benchmarks.studies.local import calibrations, comparison_of_oracles

__all__ = ["CalibrationStudy", "Efficiency", "calibration", "calibrations", "comparison_of_oracles", "efficiency"]
