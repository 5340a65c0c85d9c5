"""How far one graph is from another: in edges, and in the effects that it gets wrong.

Reference: Tsamardinos, Brown & Aliferis, *Machine Learning* 65 (2006), for the structural Hamming distance; Peters &
Bühlmann, *Structural intervention distance for evaluating causal graphs*, Neural Computation 27 (2015); Henckel,
Würtzen & Weichwald, *Adjustment identification distance*, UAI 2024, whose package ``gadjid`` counts them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalpp.errors import InvalidGraph
from causalpp.graphs._names import refuse_selected
from causalpp.graphs.cpdag import Mpdag
from causalpp.graphs.dag import Dag

__all__ = ["GraphDistance", "distance"]


@dataclass(frozen=True, repr=False)
class GraphDistance:
    """How far a graph is from the truth.  All are counts, 0 for equal graphs; only ``shd`` is symmetric.

    Attributes:
        shd: structural Hamming distance: pairs of variables that are joined otherwise, reversed edges counting once.
        sid: structural intervention distance: ordered pairs (i, j) for which adjusting for the graph's parents of i
            gives a wrong P(j | do(i)) in the truth; None where a graph is a class, for which it is not defined.
        parent: adjustment identification distance with the parents of i as adjustment set; the same for Dags.
        ancestor: with the ancestors of i, where j is a descendant of it; elsewhere P(j | do(i)) is said to be P(j).
        oset: likewise with the optimal adjustment set.
        pairs: how many ordered pairs of variables there are, the most that all but ``shd`` can be.

    Example:
        >>> from causalpp import Dag
        >>> truth = Dag.from_edges([("a", "b"), ("b", "c")])
        >>> found = Dag(truth.nodes, [("b", "a"), ("b", "c")]).distance(truth)
        >>> found
        GraphDistance(shd=1, sid=3, parent=3, ancestor=3, oset=3, pairs=6)
        >>> found.share("sid")
        0.5
    """

    shd: int
    sid: int | None
    parent: int
    ancestor: int
    oset: int
    pairs: int

    def share(self, name: str) -> float | None:
        """One of the distances as a share of all pairs (unordered ones for ``shd``); None if it is not defined."""
        count = getattr(self, name)
        of = self.pairs / 2 if name == "shd" else self.pairs
        return None if count is None else count / of if of else 0.0

    def to_dict(self) -> dict[str, int | None]:
        """The distances as plain values."""
        return asdict(self)

    def to_json(self) -> str:
        """The distances as JSON."""
        return json.dumps(self.to_dict())

    def __repr__(self) -> str:
        return f"GraphDistance({', '.join(f'{name}={value}' for name, value in self.to_dict().items())})"


def distance(guess: Dag | Mpdag, truth: Dag | Mpdag) -> GraphDistance:
    """How far a graph is from the truth; each a Dag or the Cpdag of a class.

    Raises:
        InvalidGraph: they have different variables, latent or selected ones, or one is the graph of a class narrowed by
            background knowledge, for which the distances are not defined.

    Example:
        >>> from causalpp import Cpdag, Dag
        >>> chain = Dag.from_edges([("a", "b"), ("b", "c")])
        >>> distance(Cpdag.from_dag(chain), chain)
        GraphDistance(shd=2, sid=None, parent=6, ancestor=6, oset=6, pairs=6)
    """
    if set(guess.nodes) != set(truth.nodes):
        differ = sorted(set(guess.nodes) ^ set(truth.nodes))
        raise InvalidGraph(f"a distance is between graphs over the same variables; only one has {differ[0]!r}")
    count = len(truth.nodes)
    pairs = count * (count - 1)
    here, there = _matrix(guess, truth.nodes), _matrix(truth, truth.nodes)
    if count < 2:
        return GraphDistance(0, 0, 0, 0, 0, pairs)
    import gadjid

    way = {"edge_direction": "from row to column"}
    classes = 2 in here or 2 in there or not (isinstance(guess, Dag) and isinstance(truth, Dag))
    return GraphDistance(
        shd=int(gadjid.shd(there, here)[1]),
        sid=None if classes else int(gadjid.sid(there, here, **way)[1]),
        parent=int(gadjid.parent_aid(there, here, **way)[1]),
        ancestor=int(gadjid.ancestor_aid(there, here, **way)[1]),
        oset=int(gadjid.oset_aid(there, here, **way)[1]),
        pairs=pairs,
    )


def _matrix(graph: Any, nodes: tuple[str, ...]) -> NDArray[np.int8]:
    """The matrix that gadjid takes: 1 where the row causes the column, 2 at both places of an undirected edge."""
    order = [graph.nodes.index(name) for name in nodes]
    if isinstance(graph, Dag):
        if graph.latent:
            raise InvalidGraph(
                f"distances are between graphs over observed variables; {sorted(graph.latent)} are latent"
            )
        refuse_selected(graph.selected, "effects in such data are not compared")
        return graph.adjacency[np.ix_(order, order)].astype(np.int8)
    assert isinstance(graph, Mpdag)  # as the signature says
    if not np.array_equal(graph.matrix, graph._class):
        raise InvalidGraph("distances are for Dags and Cpdags, not for a class narrowed by background knowledge")
    matrix = graph.matrix[np.ix_(order, order)]
    return np.where(matrix & matrix.T, 2, matrix).astype(np.int8)
