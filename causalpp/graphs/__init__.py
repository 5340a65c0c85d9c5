"""Graphs: one :class:`Dag`, a :class:`DagBatch` of many."""

from causalpp.graphs.admg import Admg
from causalpp.graphs.batch import DagBatch
from causalpp.graphs.dag import Dag, Edge, Names

__all__ = ["Admg", "Dag", "DagBatch", "Edge", "Names"]
