"""Ask a language model small causal questions; let a probabilistic program make the decision."""

from causalpp import errors
from causalpp.graphs import Dag, DagBatch
from causalpp.propositions import (
    Causes,
    Changes,
    DirectlyCauses,
    HaveCommonCause,
    HaveCommonEffect,
    Independent,
    IndirectlyCauses,
    Proposition,
    all_questions,
    parse,
)

__all__ = [
    "Causes",
    "Changes",
    "Dag",
    "DagBatch",
    "DirectlyCauses",
    "HaveCommonCause",
    "HaveCommonEffect",
    "Independent",
    "IndirectlyCauses",
    "Proposition",
    "all_questions",
    "errors",
    "parse",
]
