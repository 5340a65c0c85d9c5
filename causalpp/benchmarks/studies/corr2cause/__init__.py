"""Corr2Cause learned in four ways, held against controls, other names and words, and more variables."""

from causalpp.benchmarks.studies.corr2cause.learners import CONTROLS, LEARNERS, Budget
from causalpp.benchmarks.studies.corr2cause.study import TrainingStudy, training_study
from causalpp.benchmarks.studies.corr2cause.tables import blocks

__all__ = ["CONTROLS", "LEARNERS", "Budget", "TrainingStudy", "blocks", "training_study"]
