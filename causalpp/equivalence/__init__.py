"""Equivalence classes: what observation alone can say about a causal graph."""

from causalpp.equivalence.cpdag import Cpdag, Mpdag
from causalpp.equivalence.entailment import Entailment, Verdict
from causalpp.equivalence.independence import (
    all_statements,
    consistent_classes,
    determining_statements,
    from_independencies,
)
from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.premise import from_premise, parse_premise, premise
from causalpp.equivalence.restricted import RestrictedClass

__all__ = [
    "Cpdag",
    "Entailment",
    "MarkovEquivalenceClass",
    "Mpdag",
    "RestrictedClass",
    "Verdict",
    "all_statements",
    "consistent_classes",
    "determining_statements",
    "from_independencies",
    "from_premise",
    "parse_premise",
    "premise",
]
