"""Causal abstraction: is this network an implementation of that causal program?

A compiled program is the high-level model.  An :class:`Alignment` says which site of a network keeps which of its
variables; an interchange intervention puts what the site has for one input into the run on another, and the program
says what the label has to be then (Geiger et al. 2021, "Causal abstractions of neural networks").
"""

from causalpp.abstraction import tasks
from causalpp.abstraction.alignment import Alignment
from causalpp.abstraction.candidates import ProgramPosterior, Recovery, recovery, which_program
from causalpp.abstraction.groups import Group, Where, where
from causalpp.abstraction.hooks import read, written
from causalpp.abstraction.inducing import Trained, train
from causalpp.abstraction.interchange import Faithfulness, Interchange, Share
from causalpp.abstraction.networks import random_weights
from causalpp.abstraction.pairs import Pairs, pairs
from causalpp.abstraction.prompts import prompted
from causalpp.abstraction.searching import Budget, Found, Localist, Sweep, localist, search, sweep
from causalpp.abstraction.sites import Place, Rotated, Site

__all__ = [
    "Alignment",
    "Budget",
    "Faithfulness",
    "Found",
    "Group",
    "Interchange",
    "Localist",
    "Pairs",
    "Place",
    "ProgramPosterior",
    "Recovery",
    "Rotated",
    "Share",
    "Site",
    "Sweep",
    "Trained",
    "Where",
    "localist",
    "pairs",
    "prompted",
    "random_weights",
    "read",
    "recovery",
    "search",
    "sweep",
    "tasks",
    "train",
    "where",
    "which_program",
    "written",
]
