"""Which of two variables causes the other: graded answers of several models, held against the truth."""

from causalpp.crosscheck.directions.asking import calibrate_directions, check_worlds
from causalpp.crosscheck.directions.carried import HeldOut, held_out, read_prior
from causalpp.crosscheck.directions.clusters import Difference
from causalpp.crosscheck.directions.result import DirectionCalibration
from causalpp.crosscheck.directions.scores import DirectionScores

__all__ = [
    "Difference",
    "DirectionCalibration",
    "DirectionScores",
    "HeldOut",
    "calibrate_directions",
    "check_worlds",
    "held_out",
    "read_prior",
]
