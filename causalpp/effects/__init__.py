"""A causal quantity averaged over weighted graphs: a posterior, a class, any graphs with weights."""

from causalpp.effects.average import AveragedEffect, average

__all__ = ["AveragedEffect", "average"]
