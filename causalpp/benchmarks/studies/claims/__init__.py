"""Counter-claims: that axioms learned on chains carry further, and that local questions do better than global ones."""

from causalpp.benchmarks.studies.claims.answers import Claim
from causalpp.benchmarks.studies.claims.axiom import axiom_study
from causalpp.benchmarks.studies.claims.local import local_study

__all__ = ["Claim", "axiom_study", "local_study"]
