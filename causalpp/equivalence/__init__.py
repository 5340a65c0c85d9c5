"""Equivalence classes: what observation alone can say about a causal graph."""

from causalpp.equivalence.cpdag import Cpdag, Mpdag
from causalpp.equivalence.entailment import Entailment, Verdict
from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.restricted import RestrictedClass

__all__ = ["Cpdag", "Entailment", "MarkovEquivalenceClass", "Mpdag", "RestrictedClass", "Verdict"]
