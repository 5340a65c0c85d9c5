"""Do competing hypotheses look alike to a model, and what follows?"""

from causalpp.benchmarks.studies.obstruction.pairs import TextPair, pairs_of
from causalpp.benchmarks.studies.obstruction.study import (
    OBSTRUCTION,
    QUICK,
    ObstructionSettings,
    ObstructionStudy,
    obstruction_study,
)

__all__ = [
    "OBSTRUCTION",
    "QUICK",
    "ObstructionSettings",
    "ObstructionStudy",
    "TextPair",
    "obstruction_study",
    "pairs_of",
]
