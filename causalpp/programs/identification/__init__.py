"""Identification: an effect as a formula in what is observed, or the reason why there is none."""

from causalpp.programs.identification.adjusted import AdjustedEffect, adjusted_effect
from causalpp.programs.identification.adjustment import (
    Instrument,
    adjustment_sets,
    backdoor_sets,
    frontdoor_sets,
    instruments,
    is_adjustment_set,
    optimal_adjustment_set,
)
from causalpp.programs.identification.estimand import Estimand, EstimandTable
from causalpp.programs.identification.expression import Expression, Fraction, One, Probability, Product, Sum
from causalpp.programs.identification.identifier import identify
from causalpp.programs.identification.joint import Joint

__all__ = [
    "AdjustedEffect",
    "Estimand",
    "EstimandTable",
    "Expression",
    "Fraction",
    "Instrument",
    "Joint",
    "One",
    "Probability",
    "Product",
    "Sum",
    "adjusted_effect",
    "adjustment_sets",
    "backdoor_sets",
    "frontdoor_sets",
    "identify",
    "instruments",
    "is_adjustment_set",
    "optimal_adjustment_set",
]
