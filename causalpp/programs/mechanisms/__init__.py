"""Mechanisms: how one variable comes about from its parents and its own noise."""

from causalpp.columns import check_states, state_number
from causalpp.programs.mechanisms.base import Assign, Mechanism, State, Value
from causalpp.programs.mechanisms.function import Function
from causalpp.programs.mechanisms.gaussian import LinearGaussian, NormalInverseGamma
from causalpp.programs.mechanisms.network import AdditiveNoise
from causalpp.programs.mechanisms.regressions import Gamma, Logistic, NegativeBinomial, Poisson
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
