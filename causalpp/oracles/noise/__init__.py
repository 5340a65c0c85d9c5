"""Noise families: how a simulated oracle goes wrong.

Every draw is seeded by the oracle's seed, the question and which asking of it this is, so an answer does not
depend on what else was asked before it.  Families are built from one another: wherever one takes a noise, it
takes any of them, and a plain number stands for :class:`Symmetric`.
"""

from causalpp.oracles.noise.base import Law, Noise, Situation
from causalpp.oracles.noise.distance import path_length
from causalpp.oracles.noise.families import Adversarial, Asymmetric, Correlated, Persistent, Symmetric
from causalpp.oracles.noise.logodds import LogOdds
from causalpp.oracles.noise.mixtures import (
    Abstaining,
    ByDistance,
    ByKind,
    BySize,
    SharedAcrossModels,
    SharedWithinCall,
    YesBias,
)
from causalpp.oracles.noise.positions import PositionNoise

__all__ = [
    "Abstaining",
    "Adversarial",
    "Asymmetric",
    "ByDistance",
    "ByKind",
    "BySize",
    "Correlated",
    "Law",
    "LogOdds",
    "Noise",
    "Persistent",
    "PositionNoise",
    "SharedAcrossModels",
    "SharedWithinCall",
    "Situation",
    "Symmetric",
    "YesBias",
    "path_length",
]
