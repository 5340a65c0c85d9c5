"""Causal Bayesian optimisation: which variables to set, and to what, so that an outcome is best.

:func:`intervention_sets` says which sets of variables are worth setting at all, from the graph alone; :func:`optimize`
tries them out, :class:`Session` likewise for whoever makes the trials elsewhere.
"""

from causalpp.cbo.doeffect import DoEffect, do_effect
from causalpp.cbo.driver import optimize
from causalpp.cbo.result import OptimizationResult
from causalpp.cbo.session import Session, Trial
from causalpp.cbo.sets import InterventionSets, intervention_sets
from causalpp.cbo.systems import CallableSystem, Measured, ProgramSystem, System
from causalpp.cbo.worlds import WORLDS, World, random_world

__all__ = [
    "WORLDS",
    "CallableSystem",
    "DoEffect",
    "InterventionSets",
    "Measured",
    "OptimizationResult",
    "ProgramSystem",
    "Session",
    "System",
    "Trial",
    "World",
    "do_effect",
    "intervention_sets",
    "optimize",
    "random_world",
]
