"""Cross-checks: how reliable an oracle is, measured on questions whose answers are known."""

from causalpp.crosscheck.calibration import Calibration, calibrate
from causalpp.crosscheck.estimates import Estimate, Rate
from causalpp.crosscheck.worlds import World

__all__ = ["Calibration", "Estimate", "Rate", "World", "calibrate"]
