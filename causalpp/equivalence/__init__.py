"""Equivalence classes: what observation alone can say about a causal graph."""

from causalpp.equivalence.cpdag import Cpdag, Mpdag
from causalpp.equivalence.mec import MarkovEquivalenceClass

__all__ = ["Cpdag", "MarkovEquivalenceClass", "Mpdag"]
