"""Programs: a causal graph compiled to Pyro, and ``do`` as a visible change of the program."""

from causalpp.programs import examples
from causalpp.programs.bulk import BatchEffects, GaussianBatch, ProgramBatch, TableBatch, compile_batch
from causalpp.programs.compiler import compile
from causalpp.programs.estimands import Effect, ate
from causalpp.programs.identification import (
    AdjustedEffect,
    Estimand,
    Instrument,
    Joint,
    adjusted_effect,
    adjustment_sets,
    backdoor_sets,
    frontdoor_sets,
    identify,
    instruments,
    is_adjustment_set,
    optimal_adjustment_set,
)
from causalpp.programs.interventions import Shift
from causalpp.programs.mechanisms import (
    Assign,
    Function,
    LinearGaussian,
    Mechanism,
    Response,
    State,
    Table,
)
from causalpp.programs.networks import Card, VariableCard, from_bif, load_network, network_names, to_bif
from causalpp.programs.program import CausalProgram, Statement
from causalpp.programs.worlds import Worlds

__all__ = [
    "AdjustedEffect",
    "Assign",
    "BatchEffects",
    "Card",
    "CausalProgram",
    "Effect",
    "Estimand",
    "Function",
    "GaussianBatch",
    "Instrument",
    "Joint",
    "LinearGaussian",
    "Mechanism",
    "ProgramBatch",
    "Response",
    "Shift",
    "State",
    "Statement",
    "Table",
    "TableBatch",
    "VariableCard",
    "Worlds",
    "adjusted_effect",
    "adjustment_sets",
    "ate",
    "backdoor_sets",
    "compile",
    "compile_batch",
    "examples",
    "from_bif",
    "frontdoor_sets",
    "identify",
    "instruments",
    "is_adjustment_set",
    "load_network",
    "network_names",
    "optimal_adjustment_set",
    "to_bif",
]
