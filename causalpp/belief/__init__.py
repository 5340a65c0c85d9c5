"""Belief: the posterior over candidate graphs and channel parameters after some answers."""

from causalpp._renamed import old_modules, old_names
from causalpp.belief.alternatives import NoneOfThese, one_edge_alternatives
from causalpp.belief.belief import Belief
from causalpp.belief.channels import (
    Abstaining,
    Agnostic,
    Channel,
    Coming,
    Correlated,
    CountChannel,
    Fixed,
    Heard,
    Learned,
    LogOdds,
    Mixture,
    Persistent,
    Pooled,
    Potentials,
    PotentialsPrior,
    Predictive,
    Profile,
    SharedErrors,
    Worlds,
    is_graded,
)
from causalpp.belief.disagreement import Disagreement, EdgeMoved
from causalpp.belief.explanation import Explanation, Reason
from causalpp.belief.huge import ComponentBelief, Mixing, ParticleBelief
from causalpp.belief.listed import ListedBelief
from causalpp.belief.protocol import AnyBelief, BeliefLike
from causalpp.belief.record import NEW_QUESTION, Record, Source, Tallies
from causalpp.belief.reliability import Reliability
from causalpp.belief.table import TruthTable

__all__ = [
    "NEW_QUESTION",
    "Abstaining",
    "Agnostic",
    "AnyBelief",
    "Belief",
    "BeliefLike",
    "Channel",
    "Coming",
    "ComponentBelief",
    "Correlated",
    "CountChannel",
    "Disagreement",
    "EdgeMoved",
    "Explanation",
    "Fixed",
    "Heard",
    "Learned",
    "ListedBelief",
    "LogOdds",
    "Mixing",
    "Mixture",
    "NoneOfThese",
    "ParticleBelief",
    "Persistent",
    "Pooled",
    "Potentials",
    "PotentialsPrior",
    "Predictive",
    "Profile",
    "Reason",
    "Record",
    "Reliability",
    "SharedErrors",
    "Source",
    "Tallies",
    "TruthTable",
    "Worlds",
    "is_graded",
    "one_edge_alternatives",
]

_CHANNELS_AND_HUGE = "abstaining agnostic components correlated evidence mixture odds outlook particles pooled shared"
old_modules({f"{__name__}.{name}": __name__ for name in _CHANNELS_AND_HUGE.split()})
old_modules({f"{__name__}.groups": f"{__name__}.channels.groups"})
__getattr__ = old_names(__name__, {"Evidence": "Record", "Forecast": "Predictive", "Outlook": "Predictive"})
