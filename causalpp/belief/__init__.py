"""Belief: the posterior over candidate graphs and channel parameters after some answers."""

from typing import TypeAlias

from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.belief import Belief
from causalpp.belief.channels.abstaining import Abstaining
from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Fixed, Forecast, Learned, Source, Tallies
from causalpp.belief.channels.correlated import Correlated, Persistent
from causalpp.belief.channels.mixture import Mixture, Worlds
from causalpp.belief.channels.odds import LogOdds
from causalpp.belief.channels.pooled import Pooled
from causalpp.belief.channels.shared import SharedErrors
from causalpp.belief.evidence import Evidence
from causalpp.belief.explanation import Explanation, Reason
from causalpp.belief.huge.components import ComponentBelief
from causalpp.belief.huge.particles import Mixing, ParticleBelief
from causalpp.belief.outlook import Outlook
from causalpp.belief.reliability import Reliability

AnyBelief: TypeAlias = Belief | ComponentBelief | ParticleBelief
"""A belief over a list of graphs, over the components of a class, or over particles."""

__all__ = [
    "Abstaining",
    "Agnostic",
    "AnyBelief",
    "Belief",
    "Channel",
    "ComponentBelief",
    "Correlated",
    "Evidence",
    "Explanation",
    "Fixed",
    "Forecast",
    "Learned",
    "LogOdds",
    "Mixing",
    "Mixture",
    "NoneOfThese",
    "Outlook",
    "ParticleBelief",
    "Persistent",
    "Pooled",
    "Reason",
    "Reliability",
    "SharedErrors",
    "Source",
    "Tallies",
    "Worlds",
    "one_edge_alternatives",
]
