"""Graphs: one :class:`Dag`, a :class:`DagBatch` of many, random ones, and every common way to read and write them."""

from causalpp.graphs import formats
from causalpp.graphs.admg import Admg
from causalpp.graphs.batch import DagBatch
from causalpp.graphs.cpdag import Cpdag, Mpdag
from causalpp.graphs.dag import Dag, Edge, Names
from causalpp.graphs.distance import GraphDistance
from causalpp.graphs.formats import *  # noqa: F403
from causalpp.graphs.knowledge import Knowledge
from causalpp.graphs.random import all_dags, complete, erdos_renyi, random_tree, scale_free

__all__ = [
    "Admg",
    "Cpdag",
    "Dag",
    "DagBatch",
    "Edge",
    "GraphDistance",
    "Knowledge",
    "Mpdag",
    "Names",
    "all_dags",
    "complete",
    "erdos_renyi",
    "random_tree",
    "scale_free",
]
__all__ += formats.__all__
