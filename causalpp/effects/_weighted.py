"""Weighted graphs, in whatever form they come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from causalpp.equivalence import MarkovEquivalenceClass
from causalpp.errors import InvalidParameter
from causalpp.graphs import Dag, DagBatch

__all__ = ["Graphs", "Posterior", "distinct", "weighted"]

_LISTED = 10_000  # members of a class; of a larger one so many are drawn
_Floats = NDArray[np.float64]


@runtime_checkable
class Posterior(Protocol):
    """What has probabilities of graphs: every belief has."""

    @property
    def candidates(self) -> DagBatch:
        """The N graphs."""

    @property
    def probabilities(self) -> Tensor:
        """Of each, shape ``(N,)``; they need not sum to one."""


Graphs: TypeAlias = Posterior | MarkovEquivalenceClass | DagBatch | Dag | Iterable[Dag | tuple[Dag, float]]
"""A belief, a class, a batch or graphs (all equally likely), or pairs of a graph and its weight."""


def weighted(graphs: Graphs, seed: int) -> tuple[DagBatch, _Floats, str, bool]:
    """The graphs, the probability of each, shape ``(N,)``, what that is called, and whether they are draws.

    Raises:
        InvalidParameter: neither of these; no graphs; weights that are negative, not finite, or all zero.
        InvalidGraph: graphs over different variables.
    """
    if isinstance(graphs, Posterior) and isinstance(graphs.candidates, DagBatch):
        p = np.asarray(graphs.probabilities.detach().cpu().numpy(), dtype=np.float64)
        return graphs.candidates, p, "posterior", not getattr(graphs, "listed", True)
    name, drawn = "weight", False
    if isinstance(graphs, MarkovEquivalenceClass):
        name, drawn = "class", graphs.size > _LISTED
        graphs = graphs.batch(_LISTED, sample=True, seed=seed)
    if isinstance(graphs, DagBatch):
        batch, weights = graphs, np.ones(len(graphs))
    else:
        given = list(graphs) if isinstance(graphs, Iterable) and not isinstance(graphs, Dag) else [graphs]
        pairs = [(one, 1.0) if isinstance(one, Dag) else one for one in given]
        if not all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Dag) for pair in pairs):
            raise InvalidParameter("give a belief, a class, a batch, graphs, or pairs of a graph and its weight")
        batch = DagBatch.from_dags([dag for dag, _ in pairs], None if pairs else ())
        try:
            weights = np.array([weight for _, weight in pairs], dtype=np.float64)
        except (TypeError, ValueError):
            weights = np.array([np.nan])
    if not len(batch):
        raise InvalidParameter("there are no graphs to average over")
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.sum() > 0:
        raise InvalidParameter("the weights of graphs are numbers from 0 on, not all of them 0")
    return batch, weights / weights.sum(), name, drawn


def distinct(graphs: DagBatch) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of each distinct graph, shape ``(M,)``, and which of these each graph is, ``(N,)``."""
    flat = np.packbits(graphs.adjacency.flatten(1).cpu().numpy(), axis=1)
    _, first, which = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    return first, which.ravel()
