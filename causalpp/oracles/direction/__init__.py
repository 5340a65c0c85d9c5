"""Graded answers to "does a cause b, b cause a, or neither?": their parts, and what these say together."""

from causalpp.oracles.direction.consistency import Consistency, consistency, contrasts_by_wording, measured
from causalpp.oracles.direction.grading import contrasts, graded
from causalpp.oracles.direction.negation import Negation, negation

__all__ = [
    "Consistency",
    "Negation",
    "consistency",
    "contrasts",
    "contrasts_by_wording",
    "graded",
    "measured",
    "negation",
]
