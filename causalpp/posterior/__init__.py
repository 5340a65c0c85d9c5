"""P(graph | data): a posterior over all Dags from rows."""

from causalpp.posterior.posterior import Consensus, DagPosterior

__all__ = ["Consensus", "DagPosterior"]
