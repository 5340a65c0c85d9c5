"""Beliefs over classes that are too large to be listed: products over components, and particles."""

from causalpp.belief.huge.components import ComponentBelief
from causalpp.belief.huge.particles import Mixing, ParticleBelief

__all__ = ["ComponentBelief", "Mixing", "ParticleBelief"]
