"""Causal Bayesian optimisation: which variables to set, and to what, so that an outcome is best.

:func:`intervention_sets` says which sets of variables are worth setting at all, from the graph alone.
"""

from causalpp.cbo.sets import InterventionSets, intervention_sets

__all__ = ["InterventionSets", "intervention_sets"]
