"""P(graph | data): a posterior over all Dags from rows."""

from causalpp.posterior.exact import Exact
from causalpp.posterior.kept import Rows
from causalpp.posterior.posterior import DagPosterior
from causalpp.posterior.shown import Consensus
from causalpp.posterior.sums import Sums

__all__ = ["Consensus", "DagPosterior", "Exact", "Rows", "Sums"]
