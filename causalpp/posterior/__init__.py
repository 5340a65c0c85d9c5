"""P(graph | data): a posterior over all Dags from rows."""

from causalpp.posterior.exact import Exact
from causalpp.posterior.posterior import Consensus, DagPosterior
from causalpp.posterior.sums import Sums

__all__ = ["Consensus", "DagPosterior", "Exact", "Sums"]
