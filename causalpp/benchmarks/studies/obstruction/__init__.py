"""Do competing hypotheses look alike to a model, and what follows?"""

from causalpp.benchmarks.studies.obstruction.study import (
    OBSTRUCTION,
    QUICK,
    ObstructionSettings,
    ObstructionStudy,
    obstruction_study,
)

__all__ = ["OBSTRUCTION", "QUICK", "ObstructionSettings", "ObstructionStudy", "obstruction_study"]
