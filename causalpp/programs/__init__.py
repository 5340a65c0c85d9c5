"""Programs: a causal graph compiled to Pyro, and ``do`` as a visible change of the program."""

from causalpp.programs.compiler import compile
from causalpp.programs.estimands import Effect, ate
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
    "Assign",
    "Card",
    "CausalProgram",
    "Effect",
    "Function",
    "LinearGaussian",
    "Mechanism",
    "Response",
    "Shift",
    "State",
    "Statement",
    "Table",
    "VariableCard",
    "Worlds",
    "ate",
    "compile",
    "from_bif",
    "load_network",
    "network_names",
    "to_bif",
]
