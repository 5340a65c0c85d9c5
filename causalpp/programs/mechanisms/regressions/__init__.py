"""Mechanisms that read their parents through a linear predictor: logistic, Poisson, negative binomial, gamma."""

from causalpp.programs.mechanisms.regressions.gamma import Gamma
from causalpp.programs.mechanisms.regressions.linear import Linear
from causalpp.programs.mechanisms.regressions.logistic import Logistic
from causalpp.programs.mechanisms.regressions.negative_binomial import NegativeBinomial
from causalpp.programs.mechanisms.regressions.poisson import Poisson

__all__ = ["Gamma", "Linear", "Logistic", "NegativeBinomial", "Poisson"]
