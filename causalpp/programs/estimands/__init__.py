"""Causal quantities of a program: exact where it can be computed, by simulation with a standard error otherwise.

Every question is about the unit, or the population of units, that the program describes.  What was observed in the
program before (``condition``, ``counterfactual``) was observed in the world as it is, so it says which units are
meant; effects are then computed for these units, on their noise.
"""

from causalpp.programs.estimands.actual import ActualCause, actual_cause
from causalpp.programs.estimands.average import ate, att, cate, cde
from causalpp.programs.estimands.causation import CausationBounds, CausationProbability, pn, pns, ps, tian_pearl_bounds
from causalpp.programs.estimands.effect import Effect
from causalpp.programs.estimands.mediation import nde, nie, path_specific

__all__ = [
    "ActualCause",
    "CausationBounds",
    "CausationProbability",
    "Effect",
    "actual_cause",
    "ate",
    "att",
    "cate",
    "cde",
    "nde",
    "nie",
    "path_specific",
    "pn",
    "pns",
    "ps",
    "tian_pearl_bounds",
]
