"""Belief: the posterior over candidate graphs and channel parameters after some answers."""

from causalpp.belief.agnostic import Agnostic
from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.belief import Belief
from causalpp.belief.channels import Channel, Fixed, Forecast, Learned, Tallies
from causalpp.belief.correlated import Correlated, Persistent
from causalpp.belief.evidence import Evidence
from causalpp.belief.explanation import Explanation, Reason
from causalpp.belief.mixture import Mixture
from causalpp.belief.odds import LogOdds
from causalpp.belief.reliability import Reliability

__all__ = [
    "Agnostic",
    "Belief",
    "Channel",
    "Correlated",
    "Evidence",
    "Explanation",
    "Fixed",
    "Forecast",
    "Learned",
    "LogOdds",
    "Mixture",
    "NoneOfThese",
    "Persistent",
    "Reason",
    "Reliability",
    "Tallies",
    "one_edge_alternatives",
]
