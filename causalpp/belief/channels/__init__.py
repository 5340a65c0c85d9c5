"""Channels: the noise models of oracles, each with what it learns of them."""

from causalpp._renamed import old_names
from causalpp.belief.channels.abstaining import Abstaining
from causalpp.belief.channels.agnostic import Agnostic
from causalpp.belief.channels.base import Channel, Heard, Predictive, Profile
from causalpp.belief.channels.coming import Coming, World
from causalpp.belief.channels.correlated import Correlated, Persistent
from causalpp.belief.channels.counts import CountChannel, Fixed, Learned
from causalpp.belief.channels.directions import is_graded
from causalpp.belief.channels.mixture import Mixture, Worlds
from causalpp.belief.channels.odds import LogOdds
from causalpp.belief.channels.pooled import Pooled
from causalpp.belief.channels.potentials import Potentials
from causalpp.belief.channels.potentials_prior import PotentialsPrior
from causalpp.belief.channels.shared import SharedErrors

__all__ = [
    "Abstaining",
    "Agnostic",
    "Channel",
    "Coming",
    "Correlated",
    "CountChannel",
    "Fixed",
    "Heard",
    "Learned",
    "LogOdds",
    "Mixture",
    "Persistent",
    "Pooled",
    "Potentials",
    "PotentialsPrior",
    "Predictive",
    "Profile",
    "SharedErrors",
    "World",
    "Worlds",
    "is_graded",
]

__getattr__ = old_names(
    __name__,
    {
        "Forecast": "Predictive",
        "Label": "causalpp.belief.record:Label",
        "Source": "causalpp.belief:Source",
        "Tallies": "causalpp.belief:Tallies",
        "beta_from_counts": "causalpp.belief.channels.counts:beta_from_counts",
    },
)
