"""A posterior to look at: the consensus of its graphs, a table and a picture."""

from causalpp.posterior.shown.consensus import Consensus
from causalpp.posterior.shown.drawing import posterior_figure
from causalpp.posterior.shown.table import posterior_table

__all__ = ["Consensus", "posterior_figure", "posterior_table"]
