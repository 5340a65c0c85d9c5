"""Fitting programs: posteriors in closed form, by Laplace's approximation, Gibbs sampling, SVI and NUTS."""

from causalpp.programs.fitting.joint.model import model
from causalpp.programs.fitting.report import Fit

__all__ = ["Fit", "model"]
