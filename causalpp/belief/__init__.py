"""Belief: the posterior over candidate graphs and channel parameters after some answers."""

from causalpp.belief.belief import Belief
from causalpp.belief.channels import Channel, Fixed, Learned
from causalpp.belief.reliability import Reliability

__all__ = ["Belief", "Channel", "Fixed", "Learned", "Reliability"]
