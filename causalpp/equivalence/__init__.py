"""Equivalence classes: what observation alone can say about a causal graph."""

from causalpp._renamed import old_modules
from causalpp.equivalence._by_component import even, exits
from causalpp.equivalence.convert import from_general_graph, from_pgmpy_pdag, to_general_graph, to_pgmpy_pdag
from causalpp.equivalence.drawing import draw_shares
from causalpp.equivalence.learning.discovery import learn, stability_frame
from causalpp.equivalence.learning.watch import SearchStep
from causalpp.equivalence.mec import MarkovEquivalenceClass
from causalpp.equivalence.restricted import RestrictedClass
from causalpp.equivalence.statements.entailment import Entailment, Verdict
from causalpp.equivalence.statements.independence import (
    all_statements,
    consistent_classes,
    determining_statements,
    from_independencies,
)
from causalpp.equivalence.statements.premise import from_premise, parse_premise, premise, premise_in_order
from causalpp.equivalence.summaries import (
    Intervention,
    Shares,
    ancestor_shares,
    best_interventions,
    clique_bound,
    edge_shares,
    verification_number,
    verification_set,
)
from causalpp.graphs.cpdag import Cpdag, Mpdag

__all__ = [
    "Cpdag",
    "Entailment",
    "Intervention",
    "MarkovEquivalenceClass",
    "Mpdag",
    "RestrictedClass",
    "SearchStep",
    "Shares",
    "Verdict",
    "all_statements",
    "ancestor_shares",
    "best_interventions",
    "clique_bound",
    "consistent_classes",
    "determining_statements",
    "draw_shares",
    "edge_shares",
    "even",
    "exits",
    "from_general_graph",
    "from_independencies",
    "from_pgmpy_pdag",
    "from_premise",
    "learn",
    "parse_premise",
    "premise",
    "premise_in_order",
    "stability_frame",
    "to_general_graph",
    "to_pgmpy_pdag",
    "verification_number",
    "verification_set",
]

old_modules(
    {f"{__name__}.{name}": f"{__name__}.statements.{name}" for name in ("entailment", "independence", "premise")}
)
old_modules(
    {
        f"{__name__}.discovery": f"{__name__}.learning.discovery",
        f"{__name__}.learning.counts": "causalpp.scores.counts",
        f"{__name__}.learning.independence": "causalpp.scores.independence_tests",
        f"{__name__}.learning.scores": "causalpp.scores",
        f"{__name__}.learning.table": "causalpp.scores.table",
    }
)
