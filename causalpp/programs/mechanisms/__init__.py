"""Mechanisms: how one variable comes about from its parents and its own noise."""

from causalpp.programs.mechanisms.base import Assign, Mechanism, State, Value, check_states, state_number
from causalpp.programs.mechanisms.function import Function
from causalpp.programs.mechanisms.gaussian import LinearGaussian, NormalInverseGamma
from causalpp.programs.mechanisms.network import AdditiveNoise
from causalpp.programs.mechanisms.regressions.linear import Gamma, Logistic, Poisson
from causalpp.programs.mechanisms.regressions.negative_binomial import NegativeBinomial
from causalpp.programs.mechanisms.table import Response, Table

__all__ = [
    "AdditiveNoise",
    "Assign",
    "Function",
    "Gamma",
    "LinearGaussian",
    "Logistic",
    "Mechanism",
    "NegativeBinomial",
    "NormalInverseGamma",
    "Poisson",
    "Response",
    "State",
    "Table",
    "Value",
    "check_states",
    "state_number",
]
