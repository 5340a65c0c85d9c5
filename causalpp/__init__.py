"""Ask a language model small causal questions; let a probabilistic program make the decision."""

from causalpp import errors
from causalpp.acbo import Result, discover
from causalpp.belief import Belief
from causalpp.equivalence import Cpdag, MarkovEquivalenceClass
from causalpp.graphs import Dag, DagBatch, read_graph, write_graph
from causalpp.oracles import Answer, SimulatedOracle, noise
from causalpp.programs import (
    CausalProgram,
    Effect,
    Function,
    LinearGaussian,
    Response,
    Shift,
    Table,
    ate,
    compile,
    load_network,
)
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
    "Answer",
    "Belief",
    "CausalProgram",
    "Causes",
    "Changes",
    "Cpdag",
    "Dag",
    "DagBatch",
    "DirectlyCauses",
    "Effect",
    "Function",
    "HaveCommonCause",
    "HaveCommonEffect",
    "Independent",
    "IndirectlyCauses",
    "LinearGaussian",
    "MarkovEquivalenceClass",
    "Proposition",
    "Response",
    "Result",
    "Shift",
    "SimulatedOracle",
    "Table",
    "all_questions",
    "ate",
    "compile",
    "discover",
    "errors",
    "load_network",
    "noise",
    "parse",
    "read_graph",
    "write_graph",
]
