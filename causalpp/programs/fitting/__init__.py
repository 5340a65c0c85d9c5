"""Fitting programs: posteriors in closed form, by Laplace's approximation, Gibbs sampling, SVI and NUTS."""

from causalpp.programs.fitting.diagnostics import cells_of_tables
from causalpp.programs.models.rows import model
from causalpp.programs.report import Fit, thin_tables

__all__ = ["Fit", "cells_of_tables", "model", "thin_tables"]
