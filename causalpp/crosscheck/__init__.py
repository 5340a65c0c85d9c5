"""Cross-checks: how reliable an oracle is, and whether a result holds against simulation, answers and data."""

from causalpp.crosscheck.asking import calibrate
from causalpp.crosscheck.calibration import Calibration
from causalpp.crosscheck.check import Check, Verification
from causalpp.crosscheck.data import DataCheck, ExperimentCheck, check_data, check_experiments
from causalpp.crosscheck.directions import (
    Difference,
    DirectionCalibration,
    DirectionScores,
    HeldOut,
    calibrate_directions,
    check_worlds,
    held_out,
    read_prior,
)
from causalpp.crosscheck.estimates import Estimate, Rate
from causalpp.crosscheck.heldout import AnswerCheck, check_answers
from causalpp.crosscheck.simulation import SimulationCheck, check_simulation
from causalpp.crosscheck.verification import verify
from causalpp.crosscheck.worlds import World

__all__ = [
    "AnswerCheck",
    "Calibration",
    "Check",
    "DataCheck",
    "Difference",
    "DirectionCalibration",
    "DirectionScores",
    "Estimate",
    "ExperimentCheck",
    "HeldOut",
    "Rate",
    "SimulationCheck",
    "Verification",
    "World",
    "calibrate",
    "calibrate_directions",
    "check_answers",
    "check_data",
    "check_experiments",
    "check_simulation",
    "check_worlds",
    "held_out",
    "read_prior",
    "verify",
]
